"""Servers that refuse one of many, throttle for a second or for hours, close down, or are not who they should be; and
name servers that are dead."""
import contextlib
import socket
import threading
import time

import pytest

from support import Watched, add_crowd, dice, identities, look, short_or_long, use_channels
from harness import Authority, run, wait_until
from http_server import HttpServer, Reply
from smtp_server import SmtpServer


def mail_to(port, **settings):
    return {"type": "smtp", "url": f"smtp://localhost:{port}", "from": "office@example.org", "tls": "off",
            "hostname": "client.example.org", **settings}


def hook_to(port, **settings):
    return {"type": "http", "preset": "webhook", "url": f"http://localhost:{port}/", **settings}


def states(site):
    return dict(look(site, "SELECT state, count(*) FROM message GROUP BY state"))


def test_some_refused_recipients_among_many(site, measured):
    """Each mail has one recipient, so a refusal is that recipient's alone; also when a pipelined DATA is answered."""
    n, chance = short_or_long(300, 5000), dice("refused")
    refused = {f"p{i}" for i in chance.sample(range(n), n // 20)}
    with SmtpServer(data_always=True) as server:
        for person in refused:
            server.recipient(f"{person}@example.org", rcpt="550 5.1.1 no such user")
        use_channels(site, {"mail0": mail_to(server.port)})
        daemon = Watched(site)
        site.add_due_task("many", *add_crowd(site, n))
        wait_until(lambda: states(site) == {"sent": n - len(refused), "dead": len(refused)}, lambda: states(site), 300)
        assert {person for (person,) in look(site, "SELECT person FROM message WHERE state = 'dead'")} == refused
        arrived = [recipient.split("@")[0] for mail in server.mails for recipient in mail.recipients]
        assert sorted(arrived) == sorted({f"p{i}" for i in range(n)} - refused)
        measured("refused recipients", f"{len(refused)} of {n} dead, {len(arrived)} sent once each over "
                 f"{len(server.sessions)} connections")
        assert daemon.stop() == 0


# ---- throttled ------------------------------------------------------------------------------------------------------

WAITS = {"1s": 1, "41s": 41, "3h": 10800}


def test_429_is_obeyed_and_outlives_the_process(site, measured):
    """The wait is in the database, for the message and for all behind it; other channels go on; the attempt is not
    counted."""
    servers = {name: HttpServer(default=Reply(204)) for name in WAITS}
    other = HttpServer(default=Reply(204))
    for name, server in servers.items():
        server.script(Reply(429, {"Retry-After": str(WAITS[name])}, "slow down"))
    try:
        channels = {f"hook{name}": hook_to(server.port, connections=1) for name, server in servers.items()}
        use_channels(site, {**channels, "hook-other": hook_to(other.port)})
        daemon = Watched(site)
        site.add_due_task("throttled", *add_crowd(site, 3))
        other.wait(3)
        wait_until(lambda: len(look(site, "SELECT 1 FROM attempt WHERE outcome = 'throttled'")) == 3, daemon.log)
        for name, wait_s in WAITS.items():
            [(pause, attempts)] = look(site, "SELECT max(m.not_before - a.started_utc), min(m.attempts) FROM message m JOIN attempt"
                                       " a ON a.message = m.id WHERE m.channel = ? AND a.outcome = 'throttled'", f"hook{name}")
            assert wait_s - 1 <= pause <= wait_s + 20 and (attempts == 0 or name == "1s"), (name, pause)
        requests = servers["1s"].wait(4)
        second = requests[1].at - requests[0].at
        daemon.kill()

        daemon = Watched(site)
        site.add_due_task("after", "p0")
        other.wait(4)
        servers["1s"].wait(5)
        assert [len(servers[name].requests) for name in ("41s", "3h")] == [1, 1], "who asks early is an offender"
        if short_or_long(False, True):
            servers["41s"].wait(5, timeout=60)
        measured("429", f"with 1 s: next request after {second:.1f} s; with 41 s and 3 h: kept over kill -9 and restart, "
                 "no request")
        assert 1 <= second < 20
    finally:
        for server in (*servers.values(), other):
            server.close()


def test_421_pauses_that_channel_alone(site, peer, measured):
    with SmtpServer(greeting="421 4.3.2 closing down; drop") as server:
        use_channels(site, {"mail-421": mail_to(server.port), **peer.channels(1, 1)})
        daemon = Watched(site)
        site.add_due_task("closing", *add_crowd(site, 50))
        wait_until(lambda: len(identities(site, "state = 'sent'")) == 100, daemon.log)
        rows = identities(site, "channel = 'mail-421'")
        tried = [row for row in rows.values() if row[1] > 0]
        measured("421 in the greeting", f"{len(server.sessions)} connections for {len(rows)} waiting mails; 100 others went out")
        assert len(rows) == 50 and {row[0] for row in rows.values()} <= {"pending", "sending"}
        assert len(server.sessions) <= 8 and len(tried) <= 8


# ---- names ----------------------------------------------------------------------------------------------------------

class NameServer:
    """On an address of loopback of its own, port 53: never answers, or answers that there is no such name."""

    def __init__(self, address, is_answering):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.is_answering, self.queries = is_answering, 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            self.queries += 1
            if self.is_answering:
                self.socket.sendto(query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12:], client)

    def close(self):
        with contextlib.suppress(OSError):  # it is not connected, but this ends recvfrom()
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.mark.parametrize("kind", ["no answer", "no such name"])
def test_dead_name_servers_are_temporary_and_block_nobody(site, peer, measured, kind):
    """In a mount namespace of its own the daemon has a resolv.conf that leads to our name server."""
    address = f"127.53.{1 if kind == 'no answer' else 2}.1"
    names = NameServer(address, kind == "no such name")
    resolver = site.folder / "resolv.conf"
    resolver.write_text(f"nameserver {address}\noptions timeout:1 attempts:1\n", encoding="ascii")
    use_channels(site, {**peer.channels(0, 1), "mail-name": mail_to(25, url="smtp://mail.office.test:25"),
                        "hook-name": hook_to(80, url="https://hook.office.test/")})
    try:
        daemon = Watched(site, tick_ms=10, prefix=[
            "unshare", "-m", "sh", "-c", 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"', resolver])
        site.add_due_task("names", *add_crowd(site, 10))
        wait_until(lambda: names.queries >= 2 and len(identities(site, "channel = 'hook0' AND state = 'sent'")) == 10, daemon.log)
        for n in range(10):
            site.add_due_task(f"quick-{n}", "p0")
            wait_until(lambda: len(identities(site, "channel = 'hook0' AND state = 'sent'")) == n + 11, daemon.log)
        wait_until(lambda: len(look(site, "SELECT DISTINCT m.channel FROM attempt a JOIN message m ON m.id = a.message"
                                    " WHERE m.channel LIKE '%-name' AND a.outcome = 'temporary'")) == 2, daemon.log, 120)
        gap = daemon.largest_gap_ms()
        rows = identities(site, "channel LIKE '%-name'")
        stopping = time.monotonic()
        assert daemon.stop(timeout=60) == 0
        measured(f"names: {kind}", f"20 webhooks past them; largest gap between ticks {gap:.0f} ms; "
                 f"SIGTERM ends it in {time.monotonic() - stopping:.1f} s")
        assert len(rows) == 40 and {row[0] for row in rows.values()} <= {"pending", "sending"} and gap <= 250
        assert {row[3] for row in rows.values()} == {0}, "nothing was sent, so nothing is uncertain"
    finally:
        names.close()


# ---- certificates ---------------------------------------------------------------------------------------------------

def make_certificates(folder):
    """{what is wrong: (certificate, key)}, and a good one; the authority that they should lead to."""
    authority = Authority(folder)
    (folder / "self").mkdir()
    stranger = Authority(folder / "self", name="localhost")
    made = {"good": authority.issue(), "expired": authority.issue(days=-1),
            "wrong name": authority.issue(names="DNS:elsewhere.example.org"),
            "self-signed": (stranger.ca_file, stranger.folder / "ca.key")}
    later = folder / "later"
    later.mkdir()
    made["not yet valid"] = issue_for_later(authority, later)
    return authority, made


def issue_for_later(authority, folder):
    """The clock of openssl alone is ten days ahead."""
    cert, key = folder / "server.pem", folder / "server.key"
    extensions = folder / "server.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    for command in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
                     "/CN=server", "-out", folder / "server.csr"],
                    ["x509", "-req", "-in", folder / "server.csr", "-CA", authority.ca_file, "-CAkey",
                     authority.folder / "ca.key", "-CAcreateserial", "-days", "10", "-extfile", extensions, "-out", cert]):
        result = run("faketime", "+10 days", "openssl", *command)
        assert result.returncode == 0, result.stderr
    return cert, key


def test_a_certificate_that_is_wrong_lets_nothing_through(site, tmp_path, measured):
    """Every fault with STARTTLS, with TLS from the start, and with https, side by side: only the good ones get anything,
    and no server hears a word of mail in the clear."""
    authority, certificates = make_certificates(tmp_path)
    servers, channels = {}, {}
    for what, (cert, key) in certificates.items():
        word = what.replace(" ", "-")
        for way in ("starttls", "smtps"):
            server = servers[what, way] = SmtpServer(tls=way, cert=cert, key=key)
            scheme = "smtps" if way == "smtps" else "smtp"
            channels[f"mail-{way}-{word}"] = mail_to(0, url=f"{scheme}://localhost:{server.port}", tls="required",
                                                     ca_file=authority.ca_file)
        server = servers[what, "https"] = HttpServer(certificate=cert, key=key)
        channels[f"hook-{word}"] = hook_to(0, url=f"https://localhost:{server.port}/", ca_file=authority.ca_file)
    use_channels(site, channels)
    try:
        daemon = Watched(site)
        site.add_due_task("certificates", *add_crowd(site, 3))
        good = [name for name in channels if name.endswith("-good")]
        wait_until(lambda: states(site).get("sent") == 9, daemon.log)
        bad = {name for name in channels if name not in good}
        wait_until(lambda: {name for (name,) in look(
            site, "SELECT m.channel FROM message m JOIN attempt a ON a.message = m.id WHERE a.outcome = 'temporary'")} == bad,
            daemon.log)
        rows = look(site, "SELECT channel, state, last_reply, uncertain FROM message WHERE channel NOT LIKE '%-good'")
        assert {state for _, state, _, _ in rows} == {"pending"} and {doubt for *_, doubt in rows} == {0}
        assert daemon.stop() == 0
        for (what, way), server in servers.items():
            if way == "https":
                assert len(server.requests) == (3 if what == "good" else 0), (what, way)
                continue
            in_clear = [line for session in server.sessions if not session.is_tls for line in server.commands(session.number)]
            assert not [line for line in in_clear if line.upper().startswith(("MAIL", "RCPT", "DATA", "AUTH"))], (what, way)
            assert len(server.mails) == (3 if what == "good" else 0), (what, way)
        replies = {channel: reply for channel, _, reply, _ in rows if reply}
        assert len(replies) == len(bad), replies
        assert all("certificate" in reply.lower() or "SSL" in reply for reply in replies.values()), replies
        measured("certificates", f"{len(bad)} wrong ones: nothing sent, all temporary; 3 good ones: all sent")
    finally:
        for server in servers.values():
            server.close()
