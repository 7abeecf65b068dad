"""A mail server that is down for three days. The days are virtual: libfaketime gives the daemon a clock that this test sets
forward, minutes at a time, once the daemon has done all that its time demands."""
import time
from collections import Counter

from support import Watched, add_crowd, check_promise, identities, look, short_or_long, unsent, use_channels
from harness import kept_port, wait_until
from smtp_server import SmtpServer

LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"  # the loader knows what $LIB is
DAYS = 3
RATE_PER_HOUR = 60
PEOPLE = short_or_long(150, 600)


class VirtualClock:
    """The clock of one daemon: so many seconds ahead of the machine's."""

    def __init__(self, site):
        self.site, self.file, self.ahead_s = site, site.folder / "clock", 0
        self.file.write_text("+0\n", encoding="ascii")
        self.environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1"}

    def pass_by(self, seconds, daemon):
        """Sets the clock forward and waits until the daemon has worked at that time: a line of the ledger, which somebody
        adds, makes it look, and it stamps the line with its time."""
        self.ahead_s += seconds
        now = int(time.time()) + self.ahead_s
        new = self.file.with_suffix(".new")
        new.write_text(f"+{self.ahead_s}\n", encoding="ascii")
        new.rename(self.file)
        wait_until(lambda: self.has_worked_since(now), daemon.log)
        wait_until(lambda: look(self.site, "SELECT 1 FROM message WHERE state = 'sending'") == [], daemon.log)

    def has_worked_since(self, now):
        """A line that is added in the middle of a pass is stamped with that pass's time, which may be the one before."""
        lines = look(self.site, "SELECT at_utc FROM ledger WHERE action = ? ORDER BY id DESC LIMIT 1", f"tick {self.ahead_s}")
        at = lines[0][0] if lines else 0
        if at is not None and at < now:
            self.site.sql("INSERT INTO ledger (action) VALUES (?)", f"tick {self.ahead_s}")
        return at is not None and at >= now


def most_in_an_hour(instants):
    return max(sum(at <= other < at + 3600 for other in instants) for at in instants)


def test_three_days_without_the_mail_server(site, measured):
    with kept_port() as port:
        outlive(site, port, measured)


def outlive(site, port, measured):
    use_channels(site, {"mail0": {"type": "smtp", "url": f"smtp://127.0.0.1:{port}", "from": "office@example.org", "tls": "off",
                                  "hostname": "client.example.org", "rate": f"{RATE_PER_HOUR}/h"}})
    clock = VirtualClock(site)
    daemon = Watched(site, environment=clock.environment)
    site.add_due_task("outage", *add_crowd(site, PEOPLE))
    wait_until(lambda: unsent(site) == PEOPLE, daemon.log)
    while clock.ahead_s < DAYS * 86400:
        clock.pass_by(short_or_long(1200, 300), daemon)
    attempts = [at for (at,) in look(site, "SELECT started_utc FROM attempt ORDER BY 1")]
    assert unsent(site) == PEOPLE and daemon.process.poll() is None
    assert DAYS * 24 <= len(attempts) <= DAYS * 60, "asked now and then, by one message at a time"

    with SmtpServer(port=port) as server:
        began_s = clock.ahead_s
        while unsent(site):
            clock.pass_by(60, daemon)
            assert clock.ahead_s - began_s < (PEOPLE / RATE_PER_HOUR + 6) * 3600, daemon.log()
        accepted = [at for (at,) in look(site, "SELECT started_utc FROM attempt WHERE outcome = 'accepted'")]
        taken = Counter(mail.header("Message-ID").strip("<>").split("@")[0] for mail in server.mails)
    rows = identities(site)
    measured("a mail server down for three days", f"{len(attempts)} attempts; {PEOPLE} mails then left in "
             f"{(clock.ahead_s - began_s) / 3600:.1f} h, at most {most_in_an_hour(accepted)} an hour (rate {RATE_PER_HOUR}/h)")
    assert {row[0] for row in rows.values()} == {"sent"} and len(rows) == PEOPLE
    assert check_promise(taken, rows) == 0
    assert most_in_an_hour(accepted) <= RATE_PER_HOUR * 1.1 + 1
    assert daemon.stop() == 0
