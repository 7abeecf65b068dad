"""Relays that refuse, hang up and dawdle: Postfix's smtp-sink with the options that make it do so."""
import pytest

from harness import SmtpSink, wait_until


@pytest.fixture
def sink(folder):
    """sink(OPTION...) starts a sink of its own folder until the end of the test."""
    sinks = []

    def start_sink(*options):
        sinks.append(SmtpSink(f"{folder}/{len(sinks)}", *options))
        return sinks[-1]

    yield start_sink
    for one in sinks:
        one.stop()


def use(site, relay, **settings):
    site.channels["email"] = relay.channel(**settings)
    site.write_config()


def tried(site):
    """The messages of which the first attempt is over."""
    return [row for row in site.queue() if row["attempts"] >= 1 and row["state"] != "sending" and row["last_reply"]]


# Options of smtp-sink, state of the message, how the reply begins (None: our own words), uncertain.
FAULTS = {
    "greeting refused for good": (["-f", "CONNECT", "-B", "554 5.3.2 no service here"], "pending", "554", 0),
    "greeting refused for now": (["-r", "CONNECT"], "pending", "450", 0),
    "greeting 421": (["-Q", "CONNECT"], "pending", "421", 0),
    "greeting cut": (["-q", "CONNECT"], "pending", None, 0),
    "hello cut": (["-q", "EHLO"], "pending", None, 0),
    "sender refused for now": (["-r", "MAIL"], "pending", "450", 0),
    "sender 421": (["-Q", "MAIL"], "pending", "421", 0),
    "sender cut": (["-q", "MAIL"], "pending", None, 0),
    "recipient refused for good": (["-f", "RCPT", "-B", "550 5.1.1 no such user"], "dead", "550", 0),
    "recipient refused for now": (["-r", "RCPT"], "pending", "450", 0),
    "recipient cut": (["-q", "RCPT"], "pending", None, 0),
    "data refused for now": (["-r", "DATA"], "pending", "450", 0),
    "data cut": (["-q", "DATA"], "pending", None, 0),
    "dot refused for good": (["-f", ".", "-B", "554 5.6.0 not this one"], "dead", "554", 0),
    "dot refused for now": (["-r", "."], "pending", "450", 0),
    "dot 421": (["-Q", "."], "pending", "421", 0),
    "dot cut": (["-q", "."], "pending", None, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_becomes_of_a_message(site, sink, start, fault):
    options, state, reply, uncertain = FAULTS[fault]
    use(site, sink(*options))
    site.add_person("desk", "desk@example.org")
    site.add_due_task("fault", "desk")
    daemon = start(site)
    [row] = wait_until(lambda: tried(site), daemon.log)
    assert (row["state"], row["attempts"]) == (state, 1), row
    assert row["last_reply"].startswith(reply or ""), row
    assert site.sql("SELECT uncertain FROM message") == [(uncertain,)]
    if state == "pending":
        [(pause,)] = site.sql("SELECT m.not_before - a.started_utc FROM message m JOIN attempt a ON a.message = m.id")
        assert pause > 10, "before the next attempt"


@pytest.mark.parametrize("options", [["-e"], ["-p"], ["-8"], ["-N", "-E"]], ids=["no ESMTP", "no pipelining", "no 8BITMIME", "no DSN"])
def test_relays_that_offer_less_are_served(site, sink, start, options):
    relay = sink(*options)
    use(site, relay)
    site.add_person("desk", "desk@example.org", language="ru")
    site.add_due_task("modest", "desk", title="Визит школьников")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = relay.mails()
    assert mail["X-Rcpt-Args"].split()[0] == "<desk@example.org>" and mail["X-Mail-Args"].startswith("<office@example.org>")
    assert "Визит школьников" in mail["Subject"] + mail.get_content()
    offers_dsn = "-N" not in options and "-e" not in options
    assert ("NOTIFY=" in mail["X-Rcpt-Args"]) == ("ENVID=" in mail["X-Mail-Args"]) == offers_dsn


def test_an_answer_that_was_lost_leads_to_the_same_message_again(site, sink, start):
    """The one case in which a reader may get two: both have one Message-ID, so that his mail program can tell."""
    first, second = sink("-q", "."), sink()
    use(site, first)
    site.add_person("desk", "desk@example.org")
    site.add_due_task("lost", "desk")
    daemon = start(site)
    [row] = wait_until(lambda: tried(site), daemon.log)
    assert row["state"] == "pending" and daemon.stop() == 0
    use(site, second)
    site.sql("UPDATE message SET not_before = 0")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = second.mails()
    assert mail["Message-ID"].strip("<>") == row["message_id"].strip("<>")


def test_a_daemon_killed_while_it_sends_sends_again(site, sink, start):
    slow, second = sink("-w", "300"), sink()
    use(site, slow)
    site.add_person("desk", "desk@example.org")
    site.add_due_task("killed", "desk")
    daemon = start(site)
    [row] = wait_until(lambda: site.queue(state="sending"), daemon.log)
    daemon.process.kill()
    daemon.process.wait()
    use(site, second)
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = second.mails()
    assert mail["Message-ID"].strip("<>") == row["message_id"].strip("<>")
    assert site.sql("SELECT crashes, attempts FROM message") == [(1, 2)]


def test_a_slow_relay_does_not_hold_up_another_channel(site, sink, start):
    use(site, sink("-w", "300"))
    site.channels["local"] = {"type": "maildir", "path": site.maildir}
    site.policies["local"] = {"remind": "0m before start", "channels": "local"}
    site.write_config()
    site.import_text("people.csv", "id,name,language,zone,email,local\ndesk,Desk,en,Asia/Sakhalin,d@example.org,d@example.org\n")
    site.add_due_task("slow", "desk")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sending"), daemon.log)
    site.add_due_task("quick", "desk", policy="local")
    wait_until(lambda: site.mails_about("Title of quick"), daemon.log)
    assert site.queue(state="sending") and site.status()["sending"] == 1


def test_a_relay_that_comes_back_gets_what_waited(site, sink, start):
    """Nobody listens at first: the messages wait, and leave when somebody does."""
    site.channels["email"] = {"type": "smtp", "url": "smtp://127.0.0.1:1", "from": "office@example.org", "tls": "off"}
    site.write_config()
    for person in ("a", "b", "c"):
        site.add_person(person, f"{person}@example.org")
    site.add_due_task("waits", "a", "b", "c")
    daemon = start(site)
    wait_until(lambda: site.status()["pending"] == 3 and tried(site), daemon.log)
    assert daemon.stop() == 0
    relay = sink()
    use(site, relay)
    site.sql("UPDATE message SET not_before = 0")
    daemon = start(site)
    wait_until(lambda: site.status()["sent"] == 3, daemon.log)
    assert sorted(mail["X-Rcpt-Args"].split()[0] for mail in relay.mails()) == [f"<{person}@example.org>" for person in "abc"]


def test_a_thousand_messages_leave_once_each(site, sink, start):
    relay = sink()
    use(site, relay, connections="4")
    people = "".join(f"p{n},Person {n},en,Asia/Sakhalin,p{n}@example.org\n" for n in range(1000))
    site.import_text("people.csv", "id,name,language,zone,email\n" + people)
    daemon = start(site)
    site.add_due_task("all", *[f"p{n}" for n in range(1000)])
    wait_until(lambda: site.status()["sent"] == 1000, daemon.log, timeout=180)
    mails = relay.mails()
    assert len({mail["X-Rcpt-Args"] for mail in mails}) == len(mails) == 1000
    assert len({mail["Message-ID"] for mail in mails}) == 1000
