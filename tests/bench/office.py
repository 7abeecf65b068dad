"""An office with as many people and tasks as wanted, and a daemon that serves it, watched."""
import calendar
import os
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager

from common import TOOLS, demand, loop_gaps, numbers, scratch, share, ticks_of
from harness import Daemon, Site

FAR_MINUTE = "2090-06-15T10:00"  # no run will see it
FAR = calendar.timegm(time.strptime(FAR_MINUTE, "%Y-%m-%dT%H:%M"))
LINE = "Please bring the signed papers, two copies each, and the list of guests. "
# Paper that makes a reminder a mail of 2 KB.
NOTE = "\n".join([LINE[:72]] * 19)


class Office(Site):
    """A configuration for speed runs: generous limits, no copies of the database, everything durable as always."""

    def __init__(self, name, channel="email", **settings):
        super().__init__(scratch(name))
        self.daemon_settings |= {"zone": "UTC", "backup_keep": "0"}
        self.limits = {key: "1000000" for key in ("messages_per_hour", "messages_per_hour_per_channel",
                                                  "messages_per_hour_per_person")}
        self.channel = channel
        self.channels = {channel: settings or {"type": "maildir", "path": self.maildir}}
        self.policies = {"default": {"remind": "0m before start", "channels": channel}}
        self.write_config()

    def point_at(self, **settings):
        self.channels[self.channel] = settings
        self.write_config()

    def connect(self):
        return closing(sqlite3.connect(self.database, timeout=30, isolation_level=None))

    def run_script(self, script, parameters=()):
        with self.connect() as connection:
            connection.execute("PRAGMA synchronous = OFF")  # of what is only prepared
            connection.execute("BEGIN IMMEDIATE")
            for statement, values in script:
                connection.execute(statement, values)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.database, "rb") as file:
            os.fsync(file.fileno())  # or the daemon would write it out, in the time that is measured

    def found(self):
        """Lets the daemon make the database and accept the configuration, while nothing is in it."""
        with self.daemon():
            pass

    def add_people(self, n, address="'p' || printf('%06d', i) || '@example.org'"):
        numbers_to_n = "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) "
        self.run_script([
            (f"{numbers_to_n} INSERT INTO person (id, name, language, zone) SELECT printf('p%06d', i),"
             " printf('Desk %06d', i), 'en', 'UTC' FROM c", [n]),
            (f"{numbers_to_n} INSERT INTO address SELECT printf('p%06d', i), '{self.channel}', {address} FROM c", [n]),
        ])

    def add_tasks(self, n, start, people, planned_until=None, next_due=FAR, note=NOTE, prefix="t"):
        """n tasks, one for each person in turn, that begin at start and are looked at when next_due comes."""
        self.run_script([
            ("WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)"
             " INSERT INTO task (uid, title, note, start_local, end_local, precision, zone, planned_until)"
             f" SELECT printf('{prefix}%06d', i), 'Papers for delegation ' || i, ?, ?, ?, 'minute', 'UTC', ? FROM c",
             [n, note, start, start, planned_until]),
            ("INSERT INTO part (task, person) SELECT id, printf('p%06d', (CAST(substr(uid, 2) AS INTEGER) - 1) % ? + 1)"
             f" FROM task WHERE uid GLOB '{prefix}*'", [people]),
            ("UPDATE ledger SET at_utc = ? WHERE at_utc IS NULL", [int(time.time())]),
            (f"UPDATE task SET next_due_utc = ? WHERE uid GLOB '{prefix}*'", [next_due]),
        ])

    def size(self):
        """Bytes of the database, everything written back, free pages not counted."""
        with self.connect() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0]
                                 for name in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size

    def count(self, statement):
        return self.sql(statement)[0][0]

    def message_ids(self):
        return [row[0] for row in self.sql("SELECT printf('m%d.%08x.%s@%s', id, epoch, (SELECT value FROM meta WHERE"
                                           " key = 'instance'), domain) FROM message")]

    def keys(self):
        return [name.split("@")[0] for name in self.message_ids()]

    @contextmanager
    def daemon(self, row=None, **environment):
        """A running daemon, whose loop is watched on behalf of a row."""
        ticks_file = self.folder / "ticks"
        ticks_file.unlink(missing_ok=True)
        watched = {"LD_PRELOAD": str(TOOLS / "ticks.so"), "BENCH_TICKS": str(ticks_file)} if row is not None else {}
        daemon = Daemon(self, environment=watched | environment)
        try:
            yield daemon
            demand(daemon.process.poll() is None, f"the daemon has ended\n{daemon.log()[-2000:]}")
            demand(daemon.stop(timeout=60) == 0, f"exit {daemon.process.returncode}\n{daemon.log()[-2000:]}")
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
            daemon.process.wait()
            if row is not None:
                loop_gaps[row] = max(loop_gaps.get(row, 0), numbers(share(ticks_file, 4), 4)[1] / 1e6)


class Burst:
    """n reminders, each to a person of its own, that fall due at one second: from that instant to the commit that makes the
    last of them sent, as another connection to the database sees it. The daemon plans them in the seconds before. Other
    tasks are due far ahead."""

    def __init__(self, name, n, channel="email", address=None, others=0):
        self.n, self.name = n, name
        self.office = Office(f"office-{name}", channel)
        self.office.found()
        self.office.add_people(n, *([address] if address else []))
        if others > 0:
            self.office.add_tasks(others, FAR_MINUTE, n, planned_until=int(time.time()), note="Later.", prefix="o")
        self.template = self.office.folder / "people.sqlite"
        shutil.copy(self.office.database, self.template)
        self.size_each = self.cpu_s = None

    def renew(self, settings):
        office = self.office
        for path in office.database.parent.iterdir():
            if path.is_file():
                path.unlink()
        shutil.copy(self.template, office.database)
        for log in office.folder.glob("daemon-*.log"):
            log.unlink()
        office.point_at(**settings)
        minute = int(time.time()) // 60 * 60
        office.add_tasks(self.n, time.strftime("%Y-%m-%dT%H:%M", time.gmtime(minute)), self.n, planned_until=minute - 60)

    def wait_sent(self, connection, daemon, poll_s=0.005):
        """Returns when all are sent; fails when nothing moves for a minute."""
        statement = "SELECT n FROM tally WHERE state = 'sent'"
        sent, moved = 0, time.monotonic()
        while True:
            now_sent = connection.execute(statement).fetchone()[0]
            if now_sent >= self.n:
                return time.time()
            if now_sent != sent:
                sent, moved = now_sent, time.monotonic()
            demand(time.monotonic() - moved < 60, f"{sent} of {self.n} sent, and nothing moves\n{daemon.log()[-2000:]}")
            time.sleep(poll_s)

    def run(self, settings, sink, ids="message_ids"):
        """Seconds of one run into the sink, after which everything is checked."""
        self.renew(settings)
        office = self.office
        before = office.size()
        due = int(time.time()) + 8  # until the daemon has started, and planned them
        office.run_script([("UPDATE task SET next_due_utc = ? WHERE uid GLOB 't*'", [due])])
        with office.daemon(self.name) as daemon, office.connect() as connection:
            time.sleep(max(0.0, due - time.time() - 0.02))
            cpu = ticks_of(daemon.pid)
            planned, early = connection.execute("SELECT count(*), sum(attempts) FROM message").fetchone()
            demand(planned == self.n, f"{planned} of {self.n} are planned when their time comes")
            demand(early == 0, "messages are sent before their time")
            seconds = self.wait_sent(connection, daemon) - due
            self.cpu_s = ticks_of(daemon.pid) - cpu
        self.check()
        sink.stop_complete(getattr(office, ids)())
        self.size_each = (office.size() - before) / self.n
        return seconds

    def check(self):
        """Each reminder in a message of its own, sent at the first attempt, to a person of its own."""
        facts = self.office.sql("SELECT count(*), count(DISTINCT person), sum(state = 'sent'), sum(attempts)"
                                " FROM message")[0]
        demand(tuple(facts) == (self.n,) * 4, f"{facts} messages, people, sent, attempts instead of {self.n} each")
        accepted, reminders = self.office.sql(
            "SELECT (SELECT count(*) FROM attempt WHERE outcome = 'accepted'),"
            " (SELECT count(*) FROM reminder WHERE dropped IS NULL)")[0]
        demand(accepted == self.n and reminders == self.n, f"{accepted} accepted, {reminders} reminders, not {self.n}")
        demand(self.office.sql("PRAGMA quick_check")[0][0] == "ok", "the database is damaged")


def many_tasks(name, n, pending=0, people=1000):
    """An office with n open tasks that are planned and due far ahead; pending messages wait for the day after
    tomorrow, which is as far ahead as a message waits for its reader's hours."""
    in_two_days = int(time.time()) + 2 * 86400
    office = Office(name)
    office.found()
    office.add_people(min(people, n))
    office.add_tasks(n, FAR_MINUTE, min(people, n), planned_until=int(time.time()), note="Bring the papers.")
    if pending:
        office.run_script([
            ("WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?)"
             " INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
             " SELECT printf('p%06d', (i - 1) % ? + 1), 'email', 'single', 'pending', ?, ?, 'example.org' FROM c",
             [pending, min(people, n), in_two_days, in_two_days]),
            ("INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
             " SELECT (id - 1) % ?1 + 1, ?2, printf('%dm before start', (id - 1) / ?1), person, channel,"
             " due_utc, id FROM message", [n, FAR_MINUTE]),
        ])
    return office
