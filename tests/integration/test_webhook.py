"""The whole daemon against a receiver of webhooks that fails in every way HTTP knows."""
import base64
import hashlib
import socket
import ssl
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from http_server import HttpServer, Reply

from harness import run, secret_forms, wait_until

TOKEN = "hook-Token_of+the/tests=0123456789"


@pytest.fixture
def hook():
    with HttpServer(default=Reply(204)) as server:
        yield server


def use(site, url, **settings):
    """A site whose only channel is hook, with people a and b."""
    site.channels = {"hook": {"type": "http", "preset": "webhook", "url": url, **settings}}
    site.policies["default"]["channels"] = "hook"
    site.write_config()
    site.add_people("hook", {"a": "room-a", "b": "room-b"})


def pause_and_doubt(site):
    """Seconds from the attempt until the only message is tried again, and how often nobody knows whether it arrived."""
    [(pause, uncertain)] = site.sql("SELECT m.not_before - max(a.started_utc), m.uncertain FROM message m JOIN attempt a"
                                    " ON a.message = m.id")
    return pause, uncertain


def restart(site, start, daemon):
    """A new daemon that tries at once: with the process ends the pause of a channel whose server failed."""
    assert daemon.stop() == 0
    site.retry_now()
    return start(site)


def test_the_request_holds_all_there_is_to_know(site, hook, start):
    use(site, f"{hook.url}/reminders?from=deadlined", token=site.secret("token", TOKEN))
    site.add_due_task("visit-5", "a", title='Визит "школы № 5" </b> 访问')
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [request] = hook.requests
    body = request.json()
    assert (request.method, request.path) == ("POST", "/reminders?from=deadlined")
    assert request.headers["content-type"].startswith("application/json")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"].startswith("deadlined/")
    assert request.headers["idempotency-key"] == body["id"]
    assert {key: body[key] for key in ("kind", "channel", "person", "to", "language", "task")} == {
        "kind": "single", "channel": "hook", "person": "a", "to": "room-a", "language": "en", "task": "visit-5"}
    assert 'Визит "школы № 5" </b> 访问' in body["subject"] and "visit-5" in body["text"]
    assert TOKEN.encode() not in daemon.told()


@pytest.mark.parametrize("echo", secret_forms('Ab/cd"ef\\gh-Токен_0123456789'))
def test_a_token_that_the_server_repeats_is_told_nowhere(site, hook, start, echo):
    token = 'Ab/cd"ef\\gh-Токен_0123456789'
    hook.default = Reply(500, {"Content-Type": "application/json"}, b'{"error": "no token ' + echo + b'"}')
    use(site, hook.url, token=site.secret("token", token))
    site.add_due_task("visit-5", "a")
    daemon = start(site)
    wait_until(lambda: site.tried(), daemon.log)
    told = daemon.told()
    assert b"no token" in told
    for secret in [*secret_forms(token), "Токен".encode()]:
        assert secret not in told


def test_an_address_that_is_a_secret_is_told_nowhere(site, hook, start):
    hook.script(Reply(404, {}, "nothing at /hooks/T0pSecret-Path_42 here"))
    use(site, site.secret("url", f"{hook.url}/hooks/T0pSecret-Path_42"))
    site.add_due_task("secret", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert hook.requests[0].path == "/hooks/T0pSecret-Path_42" and row["state"] == "pending"
    assert "404" in row["last_reply"] and b"T0pSecret" not in daemon.told()


# A reply, further settings, state, counted attempts, uncertain, words.
ANSWERS = {
    "200": (Reply(200, {}, "ok"), {}, "sent", 1, 0, "200"),
    "201": (Reply(201, {}, {"id": 9007199254740993}), {}, "sent", 1, 0, "201"),
    "204": (Reply(204), {}, "sent", 1, 0, "204"),
    "no JSON": (Reply(200, {"Content-Type": "application/json"}, "{{{"), {}, "sent", 1, 0, "200"),
    "no UTF-8": (Reply(200, {}, b"\xff\xfe\xc3("), {}, "sent", 1, 0, "200"),
    "cut behind the status": (Reply(200, {}, "x" * 1000, cut=10), {}, "sent", 1, 0, "200"),
    "ten megabytes": (Reply(200, huge=10 * 1024 * 1024), {}, "sent", 1, 0, "200"),
    "dripping": (Reply(200, {}, "slowly", drip=1.5), {"timeout": "5s"}, "sent", 1, 0, "200"),
    "301": (Reply(301, {"Location": "/elsewhere"}), {}, "pending", 1, 0, "redirect"),
    "400 without UTF-8": (Reply(400, {}, b"bad \xff\xfe\x1b[31m bytes"), {}, "dead", 1, 0, "bytes"),
    "401": (Reply(401), {}, "pending", 1, 0, "settings"),
    "404": (Reply(404, {}, "no such hook"), {}, "pending", 1, 0, "no such hook"),
    "409": (Reply(409, {}, {"error": "conflict"}), {}, "dead", 1, 0, "conflict"),
    "413": (Reply(413, {}, "too large"), {}, "dead", 1, 0, "too large"),
    "500 as HTML": (Reply(500, {"Content-Type": "text/html"}, "<html><b>oops</b></html>"), {}, "pending", 1, 0, "500"),
    "502 as HTML": (Reply(502, {"Content-Type": "text/html"}, "<!DOCTYPE html>\n" + "<p>x</p>" * 9000), {}, "pending", 1, 0, "502"),
    "504 dripping": (Reply(504, {}, "slowly", drip=1.5), {"timeout": "5s"}, "pending", 1, 0, "504"),
    "429 without a hint": (Reply(429, {}, "busy"), {}, "pending", 0, 0, "busy"),
    "hung up": (Reply(drop=True), {}, "pending", 1, 1, "reply was lost"),
    "reset": (Reply(reset=True), {}, "pending", 1, 1, "reply was lost"),
    "silence": (Reply(hang=True), {"timeout": "3s"}, "pending", 1, 1, "reply was lost"),
    "no HTTP": (Reply(raw=b"220 mail.example.org ESMTP\r\n"), {}, "pending", 1, 1, "reply was lost"),
    "cut in the status": (Reply(raw=b"HTTP/1.1 2"), {}, "pending", 1, 1, "reply was lost"),
    "cut in the head": (Reply(raw=b"HTTP/1.1 503 No\r\nRetry-"), {}, "pending", 1, 0, "503"),
}


@pytest.mark.parametrize("fault", ANSWERS)
def test_what_becomes_of_a_message(site, hook, start, fault):
    reply, settings, state, attempts, uncertain, words = ANSWERS[fault]
    hook.script(reply)
    use(site, hook.url, **settings)
    site.add_due_task("fault", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == (state, attempts) and words in row["last_reply"], row
    assert len(row["last_reply"]) < 600 and row["last_reply"].isprintable() and "<" not in row["last_reply"]
    pause, doubts = pause_and_doubt(site)
    assert doubts == uncertain
    if state == "pending":
        assert pause > 1200 if uncertain else 20 < pause < 1200, pause
    assert [request.path for request in hook.requests] == ["/"], "not once more, and not elsewhere"


# The header, the body, and the seconds that must pass before the next call.
HINTS = {
    "header": ({"Retry-After": "41"}, "", 41),
    "fraction": ({"Retry-After": "64.57"}, "", 64),
    "date": ({"Retry-After": lambda: formatdate(time.time() + 50, usegmt=True)}, "", 50),
    "huge": ({"Retry-After": "99999999999"}, "", 86400),
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("hint", HINTS)
def test_it_comes_back_when_the_server_says(site, hook, start, hint, status):
    headers, body, wait = HINTS[hint]
    before = time.time()
    hook.script(Reply(status, {name: value() if callable(value) else value for name, value in headers.items()}, body))
    use(site, hook.url)
    site.add_due_task("busy", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == ("pending", 0), row
    [(not_before, started)] = site.sql("SELECT not_before, started_utc FROM message JOIN attempt ON message = id")
    pause = not_before - (before if hint == "date" else started)
    assert wait - 1 <= pause <= wait + 20, pause


@pytest.mark.parametrize("hint", ["-5", "soon", "0", "9" * 20, "Thu, 01 Jan 1970 00:00:10 GMT"])
def test_a_hint_that_makes_no_sense_is_no_hint(site, hook, start, hint):
    """A wait of its own then: neither at once again nor in a hundred years."""
    hook.script(Reply(429, {"Retry-After": hint}))
    use(site, hook.url)
    site.add_due_task("busy", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == ("pending", 0), row
    pause, _ = pause_and_doubt(site)
    assert -1 < pause < 370, pause


def test_nobody_listens(site, start):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        use(site, f"http://127.0.0.1:{probe.getsockname()[1]}/")
        site.add_due_task("refused", "a")
        daemon = start(site)
        [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == ("pending", 1)
    pause, doubts = pause_and_doubt(site)
    assert doubts == 0 and 20 < pause < 60, "soon: the server may just be starting"


@pytest.mark.parametrize("fault", ["500", "lost", "killed"])
def test_every_attempt_has_the_same_key(site, hook, start, fault):
    hook.script({"500": Reply(500), "lost": Reply(drop=True), "killed": Reply(hang=True)}[fault])
    use(site, hook.url)
    site.add_due_task("again", "a")
    daemon = start(site)
    if fault == "killed":
        hook.wait(1)
        daemon.process.kill()
        daemon.process.wait()
        daemon = start(site)
    else:
        wait_until(lambda: site.tried(), daemon.log)
        daemon = restart(site, start, daemon)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    site.add_due_task("other", "a")
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    first, again, other = hook.requests
    keys = [request.headers["idempotency-key"] for request in hook.requests]
    assert keys[0] == keys[1] != keys[2]
    assert first.json()["id"] == again.json()["id"] and first.json()["subject"] == again.json()["subject"]
    assert other.json()["task"] == "other"


def test_a_receiver_that_never_answers_does_not_keep_the_daemon_from_ending(site, hook, start):
    hook.script(Reply(hang=True))
    use(site, hook.url, timeout="2s")
    site.add_due_task("silence", "a")
    daemon = start(site)
    hook.wait(1)
    assert daemon.stop() == 0
    assert [row["state"] for row in site.queue()] == ["pending"]
    assert pause_and_doubt(site)[1] == 1, "it may have been accepted"


@pytest.fixture
def local_name(authority):
    """A server that is called by a name which, as any that ends in .localhost, means this machine."""
    certificate, key = authority.issue("DNS:hook.localhost")
    with HttpServer(default=Reply(204), certificate=certificate, key=key) as server:
        server.name = f"https://hook.localhost:{server.port}/"
        server.certificate = certificate
        yield server


@pytest.mark.parametrize("allow", ["no", "yes"])
def test_a_name_leads_into_the_local_network_only_when_that_is_meant(site, authority, local_name, start, allow):
    use(site, local_name.name, ca_file=authority.ca_file, allow_private=allow)
    site.add_due_task("inside", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == ("sent" if allow == "yes" else "pending"), row
    assert ("allow_private = yes would allow " in row["last_reply"]) == (allow == "no"), row
    assert local_name.connections == (1 if allow == "yes" else 0) and pause_and_doubt(site)[1] == 0


def pin_of(certificate):
    """As the documentation of libcurl makes it."""
    key = run("openssl", "x509", "-in", certificate, "-pubkey", "-noout").stdout
    der = run("openssl", "pkey", "-pubin", "-outform", "DER", input=key.encode(), text=False).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


@pytest.mark.parametrize("case", ["its own", "one of two", "another"])
def test_a_pinned_key_is_the_only_one_that_is_trusted(site, authority, local_name, start, case):
    other, _ = authority.issue("DNS:hook.localhost")
    pins = {"its own": pin_of(local_name.certificate), "another": pin_of(other),
            "one of two": f"{pin_of(other)};{pin_of(local_name.certificate)}"}
    use(site, local_name.name, ca_file=authority.ca_file, allow_private="yes", pinned_key=pins[case])
    site.add_due_task("pinned", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == ("pending" if case == "another" else "sent"), row
    assert len(local_name.requests) == (0 if case == "another" else 1) and pause_and_doubt(site)[1] == 0


# How the key is named; all but "not shown" are good.
KEYS = ["path", "credential", "beside the certificate", "not shown"]


@pytest.mark.parametrize("form", KEYS)
def test_a_certificate_is_shown_where_the_server_asks_for_one(site, authority, local_name, start, form):
    context = local_name._server.socket.context
    context.load_verify_locations(authority.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = (Path(path) for path in authority.issue("DNS:deadlined.example.org"))
    credentials, both = site.folder / "secrets", site.folder / "both.pem"
    credentials.mkdir(mode=0o700)
    for path in credentials / "key", both:
        path.touch(mode=0o600)
    (credentials / "key").write_bytes(key.read_bytes())
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    mine = {"path": {"client_certificate": certificate, "client_key": key},
            "credential": {"client_certificate": certificate, "client_key": "credential:key"},
            "beside the certificate": {"client_certificate": both},
            "not shown": {}}
    use(site, local_name.name, ca_file=authority.ca_file, allow_private="yes", **mine[form])
    site.add_due_task("shown", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == ("pending" if form == "not shown" else "sent"), row
    assert len(local_name.requests) == (form != "not shown")


def test_three_lost_replies_are_enough(site, hook, start):
    """A message that may have arrived three times is given up, and says why."""
    hook.script(*[Reply(drop=True)] * 3)
    use(site, hook.url)
    site.add_due_task("lost", "a")
    daemon = start(site)
    for n in (1, 2):
        wait_until(lambda: site.sql("SELECT 1 FROM message WHERE state = 'pending' AND uncertain = ?", n), daemon.log)
        daemon = restart(site, start, daemon)
    [row] = wait_until(lambda: site.queue(state="dead"), daemon.log)
    assert "may have arrived" in row["reason"] and len(hook.requests) == 3


def test_connections_are_kept(site, hook, start):
    use(site, hook.url)
    daemon = start(site)
    for n in (1, 2, 3):
        site.add_due_task(f"task-{n}", "a")
        wait_until(lambda: len(site.queue(state="sent")) == n, daemon.log)
    assert [request.connection for request in hook.requests] == [1, 1, 1]


def test_a_connection_that_was_closed_while_idle_costs_nothing(site, hook, start):
    hook.script(Reply(200, {}, "ok", cut=2))
    use(site, hook.url)
    daemon = start(site)
    site.add_due_task("first", "a")
    wait_until(lambda: site.queue(state="sent") and hook.n_open == 0, daemon.log)
    site.add_due_task("second", "b")
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    assert [request.connection for request in hook.requests] == [1, 2]
    assert [row["attempts"] for row in site.queue()] == [1, 1]


def test_a_connection_that_is_closed_on_reuse_leaves_a_doubt(site, hook, start):
    """The server has read the request and hangs up: libcurl would send it again, but who knows what was done with it."""
    hook.script(Reply(200, {}, "ok"), Reply(drop=True))
    use(site, hook.url)
    daemon = start(site)
    site.add_due_task("first", "a")
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    site.add_due_task("second", "b")
    [row] = wait_until(lambda: [row for row in site.tried() if row["person"] == "b"], daemon.log)
    assert row["state"] == "pending" and "reply was lost" in row["last_reply"]
    assert [request.connection for request in hook.requests] == [1, 1]
    assert site.sql("SELECT uncertain FROM message WHERE person = 'b'") == [(1,)]
