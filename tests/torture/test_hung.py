"""A mail server that falls silent, at every stage of the dialogue at once, each on a channel of its own."""
import contextlib
import signal
import sqlite3
import time

import pytest

from support import Watched, add_crowd, identities, look, short_or_long, use_channels
from harness import Authority, wait_until
from smtp_server import SmtpServer

# The stage at which the server says nothing more, and when the daemon gives up, in seconds.
STAGES = {"greeting": 330, "ehlo": 330, "starttls": 330, "auth": 330, "mail": 300, "rcpt": 300, "data": 120, "dot": 600,
          "quit": None}
GRACE_S = 30  # what the daemon leaves transfers to finish when it is told to stop


@pytest.fixture
def hung(site, tmp_path):
    """{stage: server}, each the server of the channel of that name."""
    authority = Authority(tmp_path)
    cert, key = authority.issue()
    channels, servers = {}, {}
    for stage in STAGES:
        tls = "starttls" if stage in ("starttls", "auth") else None
        options = {"tls": tls, "cert": cert, "key": key, "users": {"office": "pw"}} if tls else {}
        servers[stage] = SmtpServer(pipelining=False, **options, **{stage: "silent"})
        channels[f"mail-{stage}"] = {
            "type": "smtp", "url": f"smtp://localhost:{servers[stage].port}", "from": "office@example.org",
            "hostname": "client.example.org", "connections": 2,
            **({"tls": "required", "ca_file": authority.ca_file, "username": "office", "password": site.secret("pw", "pw")}
               if tls else {"tls": "off"})}
    use_channels(site, channels)
    yield servers
    for server in servers.values():
        server.close()


def is_hung(server, stage):
    if stage == "greeting":
        return server.sessions
    if stage in ("dot", "quit"):
        return server.mails
    return any(line.upper().startswith({"auth": "AUTH", "data": "DATA"}.get(stage, stage.upper()))
               for line in server.commands())


def test_a_server_that_falls_silent_stops_nobody_else(site, hung, peer, measured):
    use_channels(site, {**site.channels, **peer.channels(0, 1)})
    daemon = Watched(site, tick_ms=10)
    site.add_due_task("hung", *add_crowd(site, 1))
    begun = time.monotonic()
    for stage, server in hung.items():
        server.wait(lambda server, stage=stage: is_hung(server, stage))
    since = len(daemon.ticks)
    for n in range(20):
        site.add_due_task(f"quick-{n}", "p0")
        wait_until(lambda: len(identities(site, "channel = 'hook0' AND state = 'sent'")) == n + 2, daemon.log)
    wait_until(lambda: len(identities(site, "channel = 'mail-quit' AND state = 'sent'")) == 21, daemon.log)
    assert look(site, "SELECT count(*) FROM message WHERE state = 'sent' AND channel NOT IN ('hook0', 'mail-quit')") == [(0,)]
    if short_or_long(False, True):
        watch_deadlines(site, daemon, begun, measured)
    gap = daemon.largest_gap_ms(since)
    stopping = time.monotonic()
    stop_while_others_write(site, daemon)
    assert look(site, "SELECT count(*) FROM message WHERE state = 'sending'") == [(0,)]  # or it looks like a death
    measured("servers silent at every stage", f"21 webhooks and 21 mails past them; largest gap between ticks {gap:.0f} ms; "
             f"SIGTERM ends it in {time.monotonic() - stopping:.1f} s")
    assert gap <= 250


def stop_while_others_write(site, daemon):
    """Somebody else writes for a second when what hangs is given up."""
    daemon.process.send_signal(signal.SIGTERM)
    with contextlib.closing(sqlite3.connect(site.database, timeout=5, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: daemon.log_contains("they are given up"), daemon.log, GRACE_S + 10)
        given_up = time.monotonic()
        wait_until(lambda: time.monotonic() - given_up > 1 or daemon.process.poll() is not None, daemon.log)
    assert daemon.stop(timeout=30) == 0


def watch_deadlines(site, daemon, begun, measured):
    """Waits until every stage's first attempt has been given up, and takes the time."""
    ended = {}

    def note_ended():
        rows = look(site, "SELECT channel FROM message m JOIN attempt a ON a.message = m.id AND a.number = 1"
                    " WHERE m.id IN (SELECT min(id) FROM message GROUP BY channel) AND a.outcome IS NOT NULL")
        for (channel,) in rows:
            ended.setdefault(channel.removeprefix("mail-"), time.monotonic() - begun)
        return ended.keys() >= STAGES.keys()

    wait_until(note_ended, lambda: f"{ended}\n{daemon.log()}", 660)
    given_up = {stage: ended[stage] for stage, deadline_s in STAGES.items() if deadline_s is not None}
    measured("given up after", ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in given_up.items()))
    for stage, seconds in given_up.items():
        assert abs(seconds - STAGES[stage]) < 10, (stage, seconds)
