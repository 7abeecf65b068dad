"""Rows in which nothing is sent: what many tasks cost to have, to start with, to bring in, and to think through."""
import os
import re
import socket
import statistics
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import peers
from common import BUILD, Row, alternate, demand, kill, say, spawn, timed
from harness import ENVIRONMENT, wait_until
from office import Office, many_tasks

SMALL = 1000  # tasks of the database that the large one is compared with
SCANS = 5


class Offices:
    """The large and the small office, made when first asked for."""

    made = {}

    @classmethod
    def of(cls, n, pending=0):
        key = f"tasks-{n}-{pending}"
        if key not in cls.made:
            say(f"making {n} tasks" + (f" and {pending} messages that wait" if pending else ""))
            cls.made[key] = many_tasks(key, n, pending)
            cls.made[key].daemon_settings["scan_interval"] = "1s"
            cls.made[key].write_config()
        return cls.made[key]


# ---- one scan -------------------------------------------------------------------------------------------------------

def calm_passes(folder):
    """The profiles of the last passes, when these came a second apart, so that none of them had anything to go on with. The
    very last one may still be written."""
    dumps = sorted(folder.glob("callgrind.out.*"), key=lambda path: int(path.suffix[1:]))[-SCANS - 2:]
    times = [dump.stat().st_mtime for dump in dumps]
    is_calm = len(dumps) == SCANS + 2 and all(b - a > 0.8 for a, b in zip(times, times[1:]))
    return dumps[1:-1] if is_calm else None


def scan_instructions(office):
    """Of one pass with nothing due: the daemon runs under callgrind, which writes what a pass took when the next begins."""
    for old in office.folder.glob("callgrind.out*"):
        old.unlink()
    command = ["valgrind", "--quiet", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=app_tick",
               "--dump-before=app_tick", f"--callgrind-out-file={office.folder}/callgrind.out", BUILD / "deadlined", "-c",
               office.config]
    log_file = office.folder / "callgrind.log"
    with open(log_file, "wb") as log:
        process = spawn(*command, stdout=log, stderr=log, env=ENVIRONMENT)
    try:
        dumps = wait_until(lambda: calm_passes(office.folder) or process.poll() is not None,
                           lambda: f"{SCANS} calm passes\n{log_file.read_text()}", 300)
        demand(process.poll() is None, log_file.read_text())
        texts = [dump.read_text() for dump in dumps]
    finally:
        process.terminate()
        process.wait()
    return statistics.median(int(re.search(r"^(?:summary|totals): (\d+)", text, re.M).group(1)) for text in texts)


def scan_rows(options):
    row = Row("scan", f"one scan with nothing due, at {options.tasks} open tasks", f"the same at {SMALL}", "relative",
              "instructions", 1.2, 1.02)
    large, small = (Offices.of(n, options.pending) for n in (options.tasks, SMALL))
    row.add(scan_instructions(large), scan_instructions(small))
    row.notes.append(f"callgrind, median of {SCANS} scans; {options.pending} messages wait for another day in both")
    yield row


# ---- start ----------------------------------------------------------------------------------------------------------

def ready_ms(office):
    """From the start of the process to its READY=1."""
    name = f"\0deadlined-bench-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(office.folder / "ready.log", "wb") as log:
        notify.bind(name)
        notify.settimeout(120)
        start = time.perf_counter()
        process = spawn(BUILD / "deadlined", "-c", office.config, stdout=log, stderr=log,
                        env={**ENVIRONMENT, "NOTIFY_SOCKET": "@" + name[1:]})
        try:
            while b"READY=1" not in notify.recv(4096).splitlines():
                demand(process.poll() is None, (office.folder / "ready.log").read_text())
            milliseconds = 1000 * (time.perf_counter() - start)
        finally:
            process.terminate()
            process.wait(60)
    demand(process.returncode == 0, (office.folder / "ready.log").read_text())
    return milliseconds


def ready_rows(options):
    office = Offices.of(options.tasks, options.pending)
    row = Row("ready", f"start to READY with {options.tasks} tasks and {options.pending} messages that wait",
              "sqlite3 opening the same file and reading one row", "over", "ms", 300, 50)
    statement = "SELECT uid FROM task LIMIT 1"

    def theirs():
        seconds, result = timed(["sqlite3", office.database, statement])
        demand(result.stdout == "t000001\n", result.stdout)
        return 1000 * seconds

    ready_ms(office)  # the first start after an edit has more to do
    for pair in alternate(options.runs, lambda: ready_ms(office), theirs):
        row.add(*pair)
    row.notes.append("the file is in the page cache for both")
    yield row


# ---- memory ---------------------------------------------------------------------------------------------------------

def sleeps(pid):
    """Times that the threads of a process went to sleep of their own will."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status.read_text(), re.M).group(1))
               for status in Path(f"/proc/{pid}/task").glob("*/status"))


def private_kb(pid):
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"^Private_Dirty:\s*(\d+)", rollup, re.M).group(1))


def private_mb(office):
    """Memory that is the daemon's alone and was written to, once it stays the same from scan to scan."""
    seen = []  # by the number of times that it went to sleep, since the thread that looks through the file has ended

    def is_settled(pid):
        times = sleeps(pid)
        if len(os.listdir(f"/proc/{pid}/task")) > 1:
            seen.clear()
        elif not seen or times != seen[-1][0]:
            seen.append((times, private_kb(pid)))
        return len(seen) > SCANS and len({kb for _, kb in seen[-SCANS:]}) == 1

    with office.daemon("memory") as daemon:
        wait_until(lambda: is_settled(daemon.pid), lambda: f"memory that stays the same: {seen[-20:]}", 60)
        demand(office.count("SELECT count(*) FROM message WHERE state <> 'pending'") == 0, "something was sent")
    return seen[-1][1] / 1024


def memory_rows(options):
    row = Row("memory", f"private memory at {options.tasks} tasks", f"at {SMALL}", "relative", "MB", 1.5, 1.1)
    for pair in alternate(options.runs, lambda: private_mb(Offices.of(options.tasks, options.pending)),
                          lambda: private_mb(Offices.of(SMALL, options.pending))):
        row.add(*pair)
    row.notes.append(f"Private_Dirty of smaps_rollup, the same over {SCANS} scans")
    yield row
    yield Row("memory-mb", f"private memory at {options.tasks} tasks", "-", "most", "MB", 16, 8, list(row.ours))


# ---- idle -----------------------------------------------------------------------------------------------------------

def idle_figures(pid):
    """Times that a process went to sleep and so woke up, its processor time, and bytes that it wrote to files."""
    io = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
    run_ns = sum(int(stat.read_text().split()[0]) for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sleeps(pid), run_ns / 1e6, int(re.search(r"^write_bytes: (\d+)", io, re.M).group(1))


class Idle:
    """A daemon and remind that have nothing to do, while the other rows are measured: what is counted does not depend on
    how busy the machine is."""

    START_S = 75  # until the audit that follows a start is over, too
    WATCHDOG_USEC = 180 * 1000000  # as in systemd/deadlined.service

    def __init__(self, options):
        self.stack, self.seconds, self.done = ExitStack(), options.idle_s, threading.Event()
        self.start = self.end = None
        office = many_tasks("idle", SMALL)
        self.remind = peers.remind_waiting()
        self.stack.callback(kill, self.remind)
        self.daemon = self.stack.enter_context(office.daemon(WATCHDOG_USEC=str(self.WATCHDOG_USEC)))
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        if self.done.wait(self.START_S):
            return
        self.start = [idle_figures(process.pid) for process in (self.daemon.process, self.remind)]
        if not self.done.wait(self.seconds):
            self.end = [idle_figures(process.pid) for process in (self.daemon.process, self.remind)]

    def wait(self):
        """What daemon and remind did in ten minutes."""
        self.thread.join()
        demand(self.end is not None, "an idle process has ended")
        return [[(b - a) * 600 / self.seconds for a, b in zip(start, end)] for start, end in zip(self.start, self.end)]

    def stop(self):
        self.done.set()
        self.thread.join()
        self.stack.close()


def idle_rows(options):
    ours, theirs = options.idle.wait()
    words = f"idle for ten minutes with work far ahead ({options.idle_s} s measured), scan_interval = 60s: "
    for i, (name, what, unit, must, aim) in enumerate((
            ("idle-wakes", "wake-ups", "times", 20, 10), ("idle-cpu", "processor time", "ms", None, None),
            ("idle-bytes", "bytes written to files", "bytes", 0, 0))):
        yield Row(name, words + what, "remind -z", "most", unit, must, aim, [ours[i]], [theirs[i]])


# ---- import ---------------------------------------------------------------------------------------------------------

IMPORT_VIEW = """
PRAGMA synchronous = FULL;
CREATE TEMP VIEW csv AS SELECT uid, title, start_local AS "when", zone, place, policy, '' AS people, note FROM task;
CREATE TEMP TRIGGER csv_row INSTEAD OF INSERT ON csv BEGIN
  INSERT INTO task (uid, title, start_local, end_local, precision, zone, place, policy, note)
  VALUES (new.uid, new.title, new."when", new."when", 'day', new.zone, new.place, new.policy, new.note);
  INSERT INTO part (task, person) VALUES (last_insert_rowid(), new.people);
END;
.mode csv
.import --skip 1 {file} csv
"""
IMPORT_COLUMNS = "uid, title, place, note, start_local, end_local, precision, zone, policy, status"


def write_csv(path, n, people):
    """A plan of n rows in the order of time, as offices keep it; a million of them stay below what import takes."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("uid,title,when,zone,place,policy,people,note\n")
        for i in range(n):
            day = time.strftime("%Y-%m-%d", time.gmtime(3900000000 + i * 86400 // 300))
            file.write(f"t{i:07d},Visit {i},{day},UTC,Hall {i % 50},default,p{i % people + 1:06d},\n")


def import_office(name, people):
    office = Office(name)
    office.found()
    office.add_people(people)
    return office


def same_tasks(ours, theirs):
    """Whether both databases hold the same, whoever wrote it."""
    with ours.connect() as connection:
        connection.execute("ATTACH ? AS other", [str(theirs.database)])
        for columns, table in ((IMPORT_COLUMNS, "task"), ("uid, person, role", "part JOIN {}task ON task.id = part.task")):
            here, there = (f"SELECT {columns} FROM {schema}{table.format(schema)}" for schema in ("main.", "other."))
            left = connection.execute(f"SELECT count(*) FROM ({here} EXCEPT {there})").fetchone()[0]
            demand(left == 0, f"{left} rows of {table} differ")
        return connection.execute("SELECT count(*), count(DISTINCT uid) FROM task").fetchone()


def import_rows(options):
    n, people = options.tasks, min(1000, options.tasks)
    row = Row("import", f"import of {n} CSV rows, checked",
              "sqlite3 .import of the same file into the same schema, its indexes and triggers", "ratio", "rows/s",
              0.3, 0.7)
    file = None

    def ours():
        office = import_office("import-ours", people)
        seconds, _ = timed([BUILD / "deadlinectl", "-c", office.config, "import", file])
        ours.office = office
        return n / seconds

    def theirs():
        office = import_office("import-theirs", people)
        seconds, result = peers.sqlite3_shell(office.database, IMPORT_VIEW.format(file=file))
        demand(result.stderr == "", result.stderr[:500])
        theirs.office = office
        return n / seconds

    file = import_office("import-file", 1).folder / "plan.csv"
    write_csv(file, n, people)
    for pair in alternate(options.runs, ours, theirs):
        row.add(*pair)
        demand(same_tasks(ours.office, theirs.office) == (n, n), "tasks are missing")
        say(f"import: {pair[0]:.0f} and {pair[1]:.0f} rows/s")
    yield row


# ---- rehearsal ------------------------------------------------------------------------------------------------------

def rehearse_rows(options):
    """Each task has two people, and each of them hears of it twice before and once after."""
    n, people = min(10000, options.tasks), 200
    office = Office("rehearse")
    office.policies = {"default": {"remind": "7d 1d before start at 09:00", "overdue": "1d after end at 09:00",
                                   "channels": "email"}}
    office.write_config()
    office.found()
    office.add_people(people)
    office.add_tasks(n, "2025-02-01", people)
    office.run_script([
        ("UPDATE task SET start_local = date('2025-01-20', (id % 320) || ' days'),"
         " end_local = date('2025-01-20', (id % 320) || ' days'), precision = 'day'", []),
        ("INSERT INTO part (task, person) SELECT id, printf('p%06d', (id + 99) % ? + 1) FROM task", [people]),
    ])
    row = Row("rehearse", f"rehearsal of a year for {n} tasks and {people} people", "-", "most", "s", 60, 10)
    for _ in range(options.runs):
        seconds, result = timed([BUILD / "deadlined", "-c", office.config, "--rehearse", "2025-01-01..2025-12-31"])
        row.add(seconds)
        messages = int(re.search(r"^(\d+) messages", result.stdout, re.M).group(1))
        demand(messages == 6 * n, f"{messages} messages rehearsed instead of {6 * n}")
    row.notes.append(f"{6 * n} messages")
    yield row


# ---- size -----------------------------------------------------------------------------------------------------------

def size_row(mail):
    burst = mail.burst
    if burst.size_each is None:
        mail.check_ids(50)
    row = Row("size", f"database size per delivered reminder, all indexes, {burst.n} of them", "-", "most", "bytes",
              600, 300, [burst.size_each])
    tables = burst.office.sql("SELECT name, sum(pgsize) FROM dbstat WHERE name GLOB 'message*' OR name GLOB 'reminder*'"
                              " OR name GLOB 'attempt*' OR name GLOB 'brake*' GROUP BY name ORDER BY 2 DESC")
    row.notes.append(", ".join(f"{name} {size / burst.n:.0f}" for name, size in tables))
    return row


ROWS = {"scan": scan_rows, "ready": ready_rows, "memory": memory_rows, "idle": idle_rows, "import": import_rows,
        "rehearse": rehearse_rows}
