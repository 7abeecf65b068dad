"""The whole daemon against a scripted SMTP server: TLS and AUTH that fail, answers at every stage, connections that
end, many messages at once, and the two ways in which a daemon ends. What Postfix's own tools can act out is in
test_mail_faults.py, single odd replies are in test_mail_scripted.py."""
import re
import signal

import pytest
from smtp_server import SmtpServer

from harness import BUILD, Authority, parse_mail, run, secret_forms, stay_within_an_hour, wait_until

PASSWORD = "Relay-pass:wörd-0123456789"
USERS = {"office": PASSWORD}


@pytest.fixture
def serve():
    """serve(...) starts a scripted server until the end of the test."""
    servers = []

    def start_server(**options):
        servers.append(SmtpServer(**options))
        return servers[-1]

    yield start_server
    for server in servers:
        server.close()


def use(site, server, **settings):
    site.channels["email"] = {"type": "smtp", "url": f"smtp://127.0.0.1:{server.port}", "from": "office@example.org",
                              "hostname": "client.example.org", "tls": "off", **settings}
    site.write_config()


def use_tls(site, server, authority, **settings):
    use(site, server, tls="required", ca_file=authority.ca_file, username="office",
        password=site.secret("password", PASSWORD), connections="1", **settings)


def add_people(site, n):
    people = [f"p{i:03}" for i in range(n)]
    site.add_people("email", {person: f"{person}@example.org" for person in people})
    return people


def remind(site, n=1, uid="task", **options):
    """A task that is due now, for n people."""
    people = add_people(site, n)
    site.add_due_task(uid, *people, **options)
    return people


def message_ids(mails):
    return [mail.header("Message-ID").strip("<>") for mail in mails]


def verbs(server, number=None):
    return [line.split(":")[0].split(" ")[0].upper() for line in server.commands(number)]


# ---- TLS and AUTH ---------------------------------------------------------------------------------------------------

# How the server begins, settings of the channel, words of the reply. Never may the message or the password leave.
CLOSED_DOORS = {
    "no STARTTLS": ({"tls": None, "auth_in_clear": True}, {}, "STARTTLS"),
    "STARTTLS refused": ({"starttls": "454 4.7.0 TLS not available"}, {}, "454"),
    "garbage instead of TLS": ({"starttls": "raw:220 go ahead\\r\\nthis is no TLS record, not at all\\r\\n"}, {}, ""),
    "words slipped in before TLS": ({"starttls": "raw:220 go\\r\\n250-evil\\r\\n250 AUTH PLAIN\\r\\n235 ok\\r\\n250 ok\\r\\n"}, {}, ""),
    "closed instead of TLS": ({"starttls": "220 go ahead; drop"}, {}, ""),
    "keywords in lower case": ({"lower_case": True}, {}, ""),
    "no AUTH": ({"users": None}, {}, "AUTH"),
    "no AUTH that we use": ({"mechanisms": "CRAM-MD5 NTLM GSSAPI"}, {}, "AUTH"),
    "AUTH refused": ({"auth": "535 5.7.8 bad credentials"}, {}, "535 5.7.8"),
    "AUTH not now": ({"auth": "454 4.7.0 try later"}, {}, "454 4.7.0"),
    "AUTH cut": ({"auth": "drop"}, {}, ""),
    "unknown authority": ({}, {"ca_file": None}, "certificate"),
    "another name": ({"names": "DNS:elsewhere.example.org"}, {}, ""),
    "expired": ({"days": -1}, {}, "expired"),
}


@pytest.mark.parametrize("door", CLOSED_DOORS)
def test_nothing_leaves_unless_the_server_proves_itself_and_lets_us_in(site, serve, authority, start, door):
    options, settings, words = CLOSED_DOORS[door]
    options = {"tls": "starttls", "users": USERS, **options}
    cert, key = authority.issue(**{name: options.pop(name) for name in ("names", "days") if name in options})
    server = serve(cert=cert, key=key, **options)
    use_tls(site, server, authority)
    if "ca_file" in settings:
        del site.channels["email"]["ca_file"]
        site.write_config()
    remind(site, 3)
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == ("pending", 1) and words in row["last_reply"], row
    assert [row["attempts"] for row in site.queue() if not row["last_reply"]] == [0, 0], "the others wait for the server"
    assert not {"MAIL", "RCPT", "DATA"} & set(verbs(server)) and server.mails == []
    told = daemon.told()
    said = "\n".join(line for session in server.sessions if not session.is_tls for line in server.commands(session.number))
    for secret in secret_forms(PASSWORD, "office"):
        assert secret not in told and secret.decode() not in said


@pytest.mark.parametrize("echo", [*secret_forms(PASSWORD, "office"), b"x" * 460 + PASSWORD.encode()])
def test_a_password_that_the_server_repeats_is_told_nowhere(site, serve, authority, start, echo):
    cert, key = authority.issue()
    server = serve(cert=cert, key=key, tls="starttls", users={"office": "another"})
    server.plan(auth="535 5.7.8 not with " + echo.decode())
    use_tls(site, server, authority)
    remind(site)
    daemon = start(site)
    wait_until(lambda: site.tried(), daemon.log)
    told = daemon.told()
    assert b"535 5.7.8 not with" in told
    for secret in [*secret_forms(PASSWORD, "office"), PASSWORD[:8].encode()]:
        assert secret not in told


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN PLAIN"])
@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_a_server_that_does_gets_the_message(site, serve, authority, start, tls, mechanisms):
    cert, key = authority.issue()
    server = serve(tls=tls, cert=cert, key=key, users=USERS, mechanisms=mechanisms)
    use_tls(site, server, authority)
    site.channels["email"]["url"] = f"{'smtps' if tls == 'smtps' else 'smtp'}://localhost:{server.port}"
    site.write_config()
    remind(site)
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = server.accepted
    assert (mail.session.is_tls, mail.session.user, mail.session.hello) == (True, "office", "client.example.org")
    assert mail.sender == "office@example.org" and server.complaints == []


def test_a_ca_file_replaces_the_authorities_of_the_system(site, serve, authority, tmp_path):
    """In a mount namespace whose system trusts the server's authority, and a channel that trusts another one."""
    in_namespace = ["unshare", "-m", "sh", "-c"]
    if run(*in_namespace, "mount -t tmpfs tmpfs /etc/ssl/certs").returncode != 0:
        pytest.fail("no mount namespace to be had: run as root or with sudo")
    cert, key = authority.issue()
    server = serve(tls="starttls", cert=cert, key=key, users=USERS)
    trust = ('mount -t tmpfs tmpfs /etc/ssl/certs && cp "$1" /etc/ssl/certs/ca-certificates.crt &&'
             ' cp "$1" "/etc/ssl/certs/$(openssl x509 -hash -noout -in "$1").0" && shift && exec "$@"')
    test = ["test", authority.ca_file, BUILD / "deadlinectl", "-c", site.config, "test", "email", "--to", "a@example.org"]
    use_tls(site, server, authority)
    del site.channels["email"]["ca_file"]
    site.write_config()
    assert run(*in_namespace, trust, *test).returncode == 0, "the system's authorities count when no others are given"
    use_tls(site, server, Authority(tmp_path, name="another CA"))
    result = run(*in_namespace, trust, *test)
    assert result.returncode == 69 and "certificate" in result.stdout, result.stdout + result.stderr
    assert len(server.mails) == 1


# ---- answers at every stage -----------------------------------------------------------------------------------------

# Plans of the server, state of the message, whether the others go on at once, words.
ANSWERS = {
    "MAIL later": ({"mail": "451 4.3.0 try later"}, "pending", True, "451"),
    "MAIL no space": ({"mail": "452 4.3.1 mail system full"}, "pending", False, "452"),
    "MAIL never": ({"mail": "550 5.7.1 sender not allowed"}, "pending", False, "550"),
    "MAIL too large": ({"mail": "552 5.3.4 too large"}, "dead", True, "552"),
    "MAIL needs AUTH": ({"mail": "530 5.7.0 authentication required"}, "pending", False, "530"),
    "RCPT later": ({"rcpt": "450 4.2.1 mailbox busy"}, "pending", True, "450"),
    "RCPT no relaying": ({"rcpt": "554 5.7.1 relay access denied"}, "pending", False, "554"),
    "RCPT refuses the sender": ({"rcpt": "550 5.1.0 <office@example.org>: Sender address rejected: User unknown"}, "pending", False, "550"),
    "RCPT lets in only friends": ({"rcpt": "550 5.7.1 <p002@example.org>: Recipient address rejected: Access denied"}, "pending", True, "550"),
    "RCPT unknown": ({"rcpt": "550 no such user"}, "dead", True, "550"),
    "RCPT 421": ({"rcpt": "421 4.3.2 shutting down; drop"}, "pending", False, "421"),
    "DATA later": ({"data": "451 4.3.0 try later"}, "pending", True, "451"),
    "DATA never": ({"data": "554 no"}, "pending", False, "554"),
    "dot later": ({"dot": "451 4.3.0 try later"}, "pending", True, "451"),
    "dot over quota": ({"dot": "452 4.2.2 over quota"}, "pending", True, "452"),
    "dot too large": ({"dot": "552 message too large"}, "dead", True, "552"),
    "dot spam": ({"dot": "550 5.7.1 looks like spam"}, "pending", False, "550"),
    "dot never": ({"dot": "554 5.6.0 no such content"}, "dead", True, "554"),
}


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "step by step"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_becomes_of_a_message_and_of_those_behind_it(site, serve, start, answer, pipelining):
    plans, state, goes_on, words = ANSWERS[answer]
    server = serve(pipelining=pipelining, **{stage: [action, "354 go" if stage == "data" else "250 2.0.0 ok"]
                                             for stage, action in plans.items()})
    use(site, server, connections="1")
    remind(site, 3)
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == (3 if goes_on else 1), daemon.log)
    *others, first = site.queue()  # the latest one leaves first
    assert (first["state"], first["attempts"]) == (state, 1) and first["last_reply"].startswith(words), first
    assert {row["state"] for row in others} == {"sent" if goes_on else "pending"}, others
    assert site.sql("SELECT sum(uncertain) FROM message") == [(0,)]
    assert len(server.accepted) == (2 if goes_on else 0) and server.complaints == []
    assert len(server.sessions) == 1, "a refusal is no reason for another connection"


def test_replies_of_any_bytes_are_told_as_text(site, serve, start):
    """A greeting and capabilities in Latin-1 over several lines, and a refusal that is no UTF-8."""
    server = serve(greeting="raw:220-Gr\\xfc\\xdfe\\r\\n220 \\xe4\\r\\n", ehlo="raw:250-r\\xe9seau\\r\\n250-PIPELINING\\r\\n250 SIZE 10000000\\r\\n",
                   rcpt=["raw:550-5.1.1 bo\\xeete inconnue \\x1b[2J\\r\\n550 5.1.1 \\xff\\xfe\\x00fin\\r\\n", "250 ok"],
                   dot="raw:250-queued\\r\\n250 as \\xe9" + "y" * 2000 + "\\r\\n")
    use(site, server, connections="1")
    remind(site, 2)
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == 2, daemon.log)
    sent, dead = site.queue()  # the latest one leaves first
    assert (dead["state"], sent["state"]) == ("dead", "sent")
    assert dead["last_reply"].startswith("550") and "inconnue" in dead["last_reply"]
    assert dead["last_reply"].isprintable() and sent["last_reply"].isprintable()
    assert "\x1b" not in site.ctl("queue") + daemon.log()
    assert "SIZE=" in server.commands()[1], "what was offered between strange bytes is used"


def test_one_refused_recipient_among_many(site, serve, start):
    """The pipelined DATA behind the refusal is answered with 354 by some servers: nobody gets an empty mail for it."""
    server = serve(data_always=True)
    server.recipient("p007@example.org", rcpt="550 5.1.1 no such user")
    use(site, server, connections="2")
    remind(site, 20)
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == 20, daemon.log)
    assert {row["person"]: row["state"] for row in site.queue()} == {
        f"p{i:03}": "dead" if i == 7 else "sent" for i in range(20)}
    assert sorted(mail.recipients for mail in server.mails) == [[f"p{i:03}@example.org"] for i in range(20) if i != 7]
    assert len(server.sessions) <= 2
    assert server.commands().count("(0 bytes of text)") == 1, "no word of it to a server that has no recipient for it"


# ---- what arrives ---------------------------------------------------------------------------------------------------

NOTES = {
    "dots": "first\n.\n..\n.hidden\n. .\n...\n.",
    "long lines": "слово " * 300 + "end\n" + "x" * 1100 + "\n" + "." * 500 + "\n" + "文" * 400,
    "looks encoded": "=20=0D=0A=\nFrom the start\n--\n\n=?UTF-8?Q?=41?= &amp; \\n",
}


@pytest.mark.parametrize("eight_bit", [True, False], ids=["8BITMIME", "7 bit"])
@pytest.mark.parametrize("note", NOTES)
def test_a_text_arrives_as_it_was_written(site, serve, start, note, eight_bit):
    server = serve(eight_bit=eight_bit)
    use(site, server)
    remind(site, note=NOTES[note])
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = server.accepted
    text = parse_mail(mail.data).get_content().replace("\r\n", "\n")
    assert NOTES[note] in text
    assert server.complaints == [] and (eight_bit or mail.data.isascii())


# ---- connections ----------------------------------------------------------------------------------------------------

def test_many_messages_share_few_connections(site, serve, start):
    """A connection carries a hundred messages, then a fresh one is made: also when the server never answers QUIT."""
    server = serve(quit="silent")
    use(site, server, connections="2")
    remind(site, 230)
    daemon = start(site)
    wait_until(lambda: site.status()["sent"] == 230, daemon.log, timeout=90)
    assert sorted(mail.recipients for mail in server.mails) == [[f"p{i:03}@example.org"] for i in range(230)]
    assert len(set(message_ids(server.mails))) == 230 and server.complaints == []
    counts = [verbs(server, session.number).count("MAIL") for session in server.sessions]
    assert 3 <= len(counts) <= 12 and max(counts) <= 100, counts
    # An answer that takes seconds, because the machine stands still, ends its connection sooner.
    took_long = any(after.at - mail.at > 1 for mail, after in zip(server.mails, server.mails[1:], strict=False))
    assert took_long or (len(counts) <= 5 and max(counts) == 100), counts
    assert daemon.stop() == 0


@pytest.mark.parametrize("pipelining", [True, False])
def test_commands_are_sent_ahead_only_to_servers_that_offer_it(site, serve, start, pipelining):
    server = serve(pipelining=pipelining, dsn=False, mail="silent")
    use(site, server)
    remind(site)
    daemon = start(site)
    server.wait(lambda server: "MAIL" in verbs(server))
    ahead = b"RCPT TO:<p000@example.org>\r\nDATA\r\n"
    assert server.sessions[0].buffer == (ahead if pipelining else b"")
    assert site.status()["sending"] == 1
    server.plan(mail=None)
    server.release()
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == "pending" and server.mails == []


def test_a_reload_while_it_stops_is_not_begun(site, serve, start):
    server = serve(mail="silent")
    use(site, server)
    remind(site)
    daemon = start(site)
    server.wait(lambda server: "MAIL" in verbs(server))
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.is_notified("STOPPING=1"), daemon.log)
    told = len(daemon.notifications)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: re.search("not read again|is in place", daemon.log()), daemon.log)
    server.plan(mail=None)
    server.release()
    assert daemon.process.wait(25) == 0
    assert "is in place" not in daemon.log() and not daemon.is_notified("READY=1", told)


# What the server does to a connection that waits for the next message, or when that comes.
ENDINGS = {
    "421 while idle": lambda server: server.sessions[0].reply("421 4.4.2 idle too long"),
    "closed while idle": lambda server: server.sessions[0].sock.shutdown(2),
    "421 to MAIL": lambda server: server.plan(mail=["421 4.4.2 idle too long; drop", "250 ok"]),
    "closed at MAIL": lambda server: server.plan(mail=["drop", "250 ok"]),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_connection_that_has_grown_old_costs_nothing(site, serve, start, ending):
    server = serve()
    use(site, server)
    people = add_people(site, 2)
    daemon = start(site)
    site.add_due_task("first", people[0])
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    ENDINGS[ending](server)
    site.add_due_task("second", people[1])
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    assert [row["attempts"] for row in site.queue()] == [1, 1]
    assert len(server.sessions) == 2 and len(server.mails) == 2


def test_a_reply_too_many_is_not_taken_for_the_next_one(site, serve, start):
    """The server answers one dot twice: the second answer must not count for the next message, which it refuses."""
    server = serve(dot=["raw:250 2.0.0 ok\\r\\n250 2.0.0 ok\\r\\n250 2.1.0 ok\\r\\n", "554 5.6.0 not this one"])
    use(site, server, connections="1")
    remind(site, 2)
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == 2, daemon.log)
    assert [row["state"] for row in site.queue()] == ["dead", "sent"] and len(server.sessions) == 2


@pytest.mark.parametrize("was_taken", [True, False], ids=["taken", "lost"])
def test_after_a_lost_answer_the_same_message_comes_again(site, serve, start, was_taken):
    """Once too often at worst, and never with another Message-ID: that is how a mail program tells a copy."""
    server = serve(dot=["accept:drop" if was_taken else "drop", "250 2.0.0 ok"])
    use(site, server)
    remind(site)
    daemon = start(site)
    wait_until(lambda: site.tried(), daemon.log)
    [(state, pause, uncertain)] = site.sql("SELECT m.state, m.not_before - a.started_utc, m.uncertain FROM message m JOIN attempt a"
                                           " ON a.message = m.id")
    assert (state, uncertain) == ("pending", 1) and pause > 1200
    assert daemon.stop() == 0
    site.retry_now()
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [row] = site.queue()
    assert len(server.accepted) == (2 if was_taken else 1)
    assert set(message_ids(server.mails)) == {row["message_id"].strip("<>")}
    first, second = server.mails
    assert first.header("Subject") == second.header("Subject")


# ---- the end of the daemon ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "step by step"])
def test_what_is_under_way_is_finished_and_nothing_else_is_begun(site, serve, start, pipelining):
    """Under way are those whose text waits for its answer, and where the server offers it those whose commands may have been
    sent behind such a text."""
    server = serve(pipelining=pipelining, dot="wait:600:250 2.0.0 ok")
    use(site, server, connections="5")
    remind(site, 20)
    daemon = start(site)
    server.wait(lambda server: len(server.mails) == 5)
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: daemon.is_notified("STOPPING=1"), daemon.log)
    server.release()
    assert daemon.stop() == 0
    n_sent = site.status()["sent"]
    assert n_sent in (range(5, 11) if pipelining else [5])
    assert site.status()["pending"] == 20 - n_sent and site.status()["sending"] == 0
    assert sorted(message_ids(server.accepted)) == sorted(row["message_id"].strip("<>") for row in site.queue(state="sent"))
    assert len(server.mails) == n_sent and {row["attempts"] for row in site.queue(state="pending")} == {0}


def test_a_killed_daemon_loses_nothing_and_repeats_only_what_was_under_way(site, serve, start):
    """Eight messages are under way: four of them the server has taken without being able to say so, four it has not. More
    wait for a connection to become free, some of them with their commands behind the text of one that is taken."""
    server = serve()
    use(site, server, connections="8")
    remind(site, 12, "first")
    daemon = start(site)
    wait_until(lambda: site.status()["sent"] == 12, daemon.log)
    people = [f"p{i:03}" for i in range(28)]
    taken, half = people[-4:], people[-8:-4]
    for person in taken:
        server.recipient(f"{person}@example.org", dot="accept:silent")
    for person in half:
        server.recipient(f"{person}@example.org", data="silent")
    remind(site, 28, "second")
    server.wait(lambda server: verbs(server).count("DATA") >= 20 and len(server.accepted) == 16)
    wait_until(lambda: len(site.queue(state="sending")) > 16, daemon.log)
    daemon.process.kill()
    daemon.process.wait()
    in_hand = {row["id"]: row["person"] for row in site.queue(state="sending")}
    assert {*in_hand.values()} > {*taken, *half} and len(in_hand) > 16
    ids = {row["id"]: row["message_id"].strip("<>") for row in site.queue()}
    assert len(server.accepted) == 16
    server.by_recipient.clear()

    daemon = start(site)
    wait_until(lambda: site.status()["sent"] == 40, daemon.log)
    arrived = sorted(message_ids(server.accepted))
    assert arrived == sorted([*ids.values(), *(ids[id] for id, person in in_hand.items() if person in taken)])
    assert {row["id"]: row["message_id"].strip("<>") for row in site.queue()} == ids
    assert daemon.log_contains(f"{len(in_hand)} message{'s were' if len(in_hand) > 1 else ' was'} in flight")
    crashes = site.sql("SELECT id, crashes, attempts FROM message")
    assert crashes == [(id, 1, 2) if id in in_hand else (id, 0, 1) for id, _, _ in crashes]


def test_what_waits_for_a_connection_is_looked_at_anew_when_somebody_changes_something(site, serve, start):
    """One connection, and the server falls silent on it. The message behind it has not left when its task is done; another
    change leaves it where it is: no brake counts it again."""
    stay_within_an_hour()
    server = serve()
    use(site, server, connections="1")
    people = remind(site, 1, "first")
    daemon = start(site)
    wait_until(lambda: site.status()["sent"] == 1, daemon.log)
    server.recipient(f"{people[0]}@example.org", data="silent")
    site.add_due_task("second", *people)
    site.add_due_task("third", *people)
    wait_until(lambda: len(site.queue(state="sending")) == 2, daemon.log)
    counted = "SELECT count FROM brake WHERE scope = 'all'"
    before = site.sql(counted)
    site.add_due_task("another", *people)
    wait_until(lambda: len(site.queue(state="sending")) == 3, daemon.log)
    assert site.sql(counted) == [(before[0][0] + 1,)]
    for uid in ("another", "second", "third"):
        site.ctl("done", uid)
    wait_until(lambda: len(site.queue(state="cancelled")) == 2, daemon.log)
    assert len(site.queue(state="sending")) == 1
    assert verbs(server).count("MAIL") == 2
