"""A mail server that does what it is told: what Postfix and smtp-sink never say, but some server does."""
import base64
import sys

import pytest

from harness import LIB, wait_until

sys.path.insert(0, str(LIB))
from smtp_server import SmtpServer  # noqa: E402  (it lives with the other helpers of the tests)

PASSWORD = "never-shown-to-anybody"


@pytest.fixture
def serve(site):
    """serve(OPTIONS) starts a scripted server and makes it the site's relay."""
    servers = []

    def start_server(channel=None, **options):
        server = SmtpServer(**options)
        servers.append(server)
        site.channels["email"] = {"type": "smtp", "url": f"smtp://127.0.0.1:{server.port}", "from": "office@example.org",
                                  "tls": "off", **(channel or {})}
        site.write_config()
        return server

    yield start_server
    for server in servers:
        server.close()


def remind(site, start, *people):
    for person in people or ("desk",):
        site.add_person(person, f"{person}@example.org")
    site.add_due_task("task", *(people or ("desk",)))
    return start(site)


def settled(site):
    """The only message, once its first attempt is over."""
    return [row for row in site.queue() if row["attempts"] >= 1 and row["state"] != "sending"]


# Plans of the server, state of the message, words of the reply.
REPLIES = {
    "several lines": ({"dot": "250-first\n250-second\n250 last"}, "sent", ["250"]),
    "a line of 2000 bytes": ({"rcpt": "550 5.1.1 " + "x" * 2000}, "dead", ["550"]),
    "8-bit text": ({"rcpt": "550 5.1.1 нет такого"}, "dead", ["550"]),
    "control characters": ({"rcpt": "550 5.1.1 a\x1b[31mb\x07c"}, "dead", ["550"]),
    "no text": ({"rcpt": "550"}, "dead", ["550"]),
    "nonsense": ({"rcpt": "raw:what?\\r\\n"}, "pending", []),
    "lower-case keywords": ({"lower_case": True}, "sent", ["250"]),
    "hello refused": ({"ehlo": "502 5.5.1 what is that"}, "sent", ["250"]),
    "too large": ({"size": 100}, "dead", []),
    "no such place": ({"rcpt": "553 5.1.3 bad address"}, "dead", ["553"]),
    "mailbox full": ({"rcpt": "552 5.2.2 mailbox full"}, "pending", ["552"]),
    "drop in the text": ({"text": "drop"}, "pending", []),
    "dot after a while": ({"dot": "wait:2:250 ok"}, "sent", ["250"]),
    "quit never answered": ({"quit": "silent"}, "sent", ["250"]),
}


@pytest.mark.parametrize("name", REPLIES)
def test_what_becomes_of_a_message(site, serve, start, name):
    options, state, words = REPLIES[name]
    serve(**options)
    daemon = remind(site, start)
    [row] = wait_until(lambda: settled(site), daemon.log)
    assert row["state"] == state, row
    assert all(word in row["last_reply"] for word in words), row
    assert not [letter for letter in row["last_reply"] + daemon.log() if letter < " " and letter != "\n"]
    assert daemon.stop() == 0


def test_one_message_one_recipient_and_many_messages_one_connection(site, serve, start):
    server = serve(channel={"connections": "1"})
    people = [f"p{n}" for n in range(10)]
    daemon = remind(site, start, *people)
    wait_until(lambda: site.status()["sent"] == 10, daemon.log)
    assert sorted(mail.recipients for mail in server.accepted) == sorted([f"{person}@example.org"] for person in people)
    assert server.most_open == 1 and not server.complaints
    assert all(mail.header("Message-ID") for mail in server.accepted)


def test_a_greylisted_message_is_accepted_the_second_time(site, serve, start):
    server = serve()
    server.recipient("desk@example.org", rcpt=["451 4.7.1 greylisted", "250 ok"])
    daemon = remind(site, start)
    [row] = wait_until(lambda: settled(site), daemon.log)
    [(wait,)] = site.sql("SELECT m.not_before - a.started_utc FROM message m JOIN attempt a ON a.message = m.id")
    assert row["state"] == "pending" and wait >= 240, "servers that greylist expect five minutes"
    site.sql("UPDATE message SET not_before = 0")
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    assert [mail.header("Message-ID").strip("<>") for mail in server.accepted] == [row["message_id"].strip("<>")]
    assert site.queue()[0]["attempts"] == 2


def test_an_acceptance_that_got_lost_is_told_apart_from_a_refusal(site, serve, start):
    server = serve(dot=["accept:drop", "250 ok"])
    daemon = remind(site, start)
    wait_until(lambda: settled(site), daemon.log)
    assert site.sql("SELECT state, uncertain FROM message") == [("pending", 1)]
    assert site.sql("SELECT outcome FROM attempt") == [("unknown",)]
    assert len(server.mails) == 1


def test_without_starttls_nothing_is_sent_that_needs_it(site, serve, start):
    server = serve(channel={"tls": "required", "username": "office", "password": site.secret("password", PASSWORD)},
                   auth_in_clear=True, users={"office": PASSWORD})
    daemon = remind(site, start)
    [row] = wait_until(lambda: settled(site), daemon.log)
    assert row["state"] == "pending" and server.mails == []
    said = " ".join(server.commands())
    assert "MAIL" not in said and PASSWORD not in said
    for encoded in (PASSWORD, f"\0office\0{PASSWORD}"):
        assert base64.b64encode(encoded.encode()).decode() not in said


def test_a_server_that_never_greets_does_not_keep_the_daemon_from_ending(site, serve, start):
    server = serve(greeting="silent")
    daemon = remind(site, start)
    server.wait(lambda one: one.sessions)
    assert site.status()["sending"] == 1
    daemon.process.terminate()
    wait_until(lambda: daemon.is_notified("STOPPING=1"), daemon.log)
    server.release()
    assert daemon.stop(timeout=50) == 0
    assert site.queue()[0]["state"] in ("pending", "sent"), "never left as if it were still on its way"
