"""Mail through a real Postfix with TLS and AUTH, read back from a real Dovecot as a mail program would read it."""
import re

import pytest

from harness import deadlinectl, wait_until


@pytest.fixture
def relay(site, mail_box):
    """A site whose channel email is the submission port of the mail box."""
    site.channels["email"] = {
        "type": "smtp", "url": f"smtp://localhost:{mail_box.submission}", "from": "Office <office@deadlined.test>",
        "hostname": "client.deadlined.test", "username": "alice", "password": site.secret("password", "alice-pw"),
        "tls": "required", "ca_file": mail_box.ca_file,
    }
    site.write_config()
    return site


def deliver(site, start, uid, person="bob", **options):
    """Starts a daemon with a due task for NAME@deadlined.test."""
    site.write_config()
    site.add_person(person, f"{person}@deadlined.test", **options)
    site.add_due_task(uid, person)
    return start(site)


def read(mail_box, user, text):
    return [mail for mail in mail_box.read(user) if text in mail["Subject"] or text in mail.get_content()]


def test_a_reminder_arrives_by_submission_with_starttls_and_auth(relay, mail_box, start):
    daemon = deliver(relay, start, "submission", language="ru")
    wait_until(lambda: relay.queue(state="sent"), daemon.log)
    [mail] = wait_until(lambda: read(mail_box, "bob", "submission"), daemon.log)
    [row] = relay.queue()
    assert mail["Message-ID"].strip("<>") == row["message_id"].strip("<>")
    assert row["attempts"] == 1 and row["last_reply"].startswith("250")
    assert mail["From"].addresses[0].addr_spec == "office@deadlined.test"
    assert mail["To"].addresses[0].addr_spec == "bob@deadlined.test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Return-Path"].strip("<>")
    received = mail["Received"]
    assert "TLS" in str(mail.get_all("Received")) or "ESMTPSA" in str(mail.get_all("Received")), received
    assert mail.get_body(("plain",)).get_content_charset() == "utf-8"


def test_a_reminder_arrives_over_tls_from_the_start(relay, mail_box, start):
    relay.channels["email"]["url"] = f"smtps://localhost:{mail_box.smtps}"
    daemon = deliver(relay, start, "implicit-tls", "carol")
    wait_until(lambda: read(mail_box, "carol", "implicit-tls"), daemon.log)


def test_a_mail_server_sees_the_parts_of_a_mail(relay, mail_box, start):
    """Dovecot's parser, which serves them one by one to mail programs."""
    daemon = deliver(relay, start, "the-parts", language="zh")
    wait_until(lambda: read(mail_box, "bob", "the-parts"), daemon.log)
    at = next(n for n, mail in enumerate(mail_box.read("bob")) if "the-parts" in mail.get_content())
    structure = mail_box.structures("bob")[at].decode().lower()
    texts = re.findall(r'\("text" "(\w+)" \("charset" "utf-8"', structure)
    assert texts == ["plain", "html", "calendar"]
    assert re.search(r'"calendar" \("charset" "utf-8" "method" "publish" "component" "vevent"\)', structure)
    assert re.search(r'\) "alternative" \("boundary" "[^"]+"\)( nil)+\)\("application" "ics"', structure)
    assert re.search(r'\("attachment" \("filename" "deadline.ics"\)\)', structure)
    assert structure.count('"mixed"') == 1 and not re.search(r'"(?!base64|quoted-printable|7bit)\w*8?bit"', structure)


def test_a_relay_without_tls_or_auth(relay, mail_box, start):
    relay.channels["email"] = {"type": "smtp", "url": f"smtp://127.0.0.1:{mail_box.smtp}",
                               "from": "office@deadlined.test", "tls": "off"}
    daemon = deliver(relay, start, "plain-relay")
    wait_until(lambda: read(mail_box, "bob", "plain-relay"), daemon.log)


def test_many_messages_share_connections_and_arrive_once(relay, mail_box, start):
    relay.channels["email"]["connections"] = "2"
    relay.write_config()
    relay.add_person("alice", "alice@deadlined.test")
    for n in range(50):
        relay.add_due_task(f"many-{n:02}.", "alice")
    daemon = start(relay)
    wait_until(lambda: relay.status()["sent"] >= 1 and relay.status()["pending"] + relay.status()["sending"] == 0, daemon.log)
    sent = {row["message_id"].strip("<>") for row in relay.queue(state="sent")}

    def arrived():
        return [mail["Message-ID"].strip("<>") for mail in mail_box.read("alice") if mail["Message-ID"].strip("<>") in sent]

    wait_until(lambda: len(arrived()) >= len(sent), daemon.log)
    assert sorted(arrived()) == sorted(sent)
    text = "".join(mail["Subject"] + mail.get_content() for mail in mail_box.read("alice"))
    assert all(f"many-{n:02}." in text for n in range(50))


# Recipient, state afterwards, what the server said.
ANSWERS = [
    ("grey", "pending", "450"), ("busy", "pending", "451"), ("quota", "pending", "452"), ("shut", "pending", "421"),
    # 5.7.x says something of the sender and not of this recipient: it is worth another try once that is mended.
    ("reject", "dead", "550"), ("policy", "pending", "554"),
]


@pytest.mark.parametrize("name,state,code", ANSWERS)
def test_the_servers_answer_decides(relay, start, name, state, code):
    daemon = deliver(relay, start, f"answer-{name}", name)
    [row] = wait_until(lambda: [row for row in relay.queue() if row["attempts"] == 1 and row["state"] != "sending"], daemon.log)
    assert row["state"] == state and row["last_reply"].startswith(code), row
    assert relay.status()[state] == 1


def test_one_refused_recipient_does_not_hold_up_the_others(relay, mail_box, start):
    relay.write_config()
    for person in ("reject", "bob", "grey"):
        relay.add_person(person, f"{person}@deadlined.test")
    relay.add_due_task("together", "reject", "bob", "grey")
    daemon = start(relay)
    wait_until(lambda: read(mail_box, "bob", "together"), daemon.log)
    wait_until(lambda: (relay.status()["sent"], relay.status()["dead"], relay.status()["pending"]) == (1, 1, 1), daemon.log)


def test_a_wrong_password_waits_for_the_operator_and_is_told_nowhere(relay, start):
    relay.channels["email"]["password"] = relay.secret("password", "no-such-password")
    daemon = deliver(relay, start, "wrong-password")
    [row] = wait_until(lambda: [row for row in relay.queue(state="pending") if row["last_reply"]], daemon.log)
    assert "535" in row["last_reply"] or "535" in daemon.log()
    told = daemon.log() + relay.ctl("queue", "--json") + str(relay.sql("SELECT * FROM attempt"))
    assert "no-such-password" not in told and "bm8tc3VjaC1wYXNzd29yZ" not in told


def test_a_certificate_of_an_unknown_authority_is_not_trusted(relay, mail_box, start):
    del relay.channels["email"]["ca_file"]
    daemon = deliver(relay, start, "unknown-ca")
    [row] = wait_until(lambda: [row for row in relay.queue(state="pending") if row["last_reply"]], daemon.log)
    assert "certificate" in row["last_reply"].lower() or "ssl" in row["last_reply"].lower(), row
    assert not read(mail_box, "bob", "unknown-ca")


def test_a_certificate_of_another_name_is_not_trusted(relay, mail_box, start):
    relay.channels["email"]["url"] = f"smtp://another-name.localhost:{mail_box.submission}"
    daemon = deliver(relay, start, "another-name")
    wait_until(lambda: [row for row in relay.queue(state="pending") if row["last_reply"]], daemon.log)
    assert not read(mail_box, "bob", "another-name")


def test_a_bounce_comes_back_to_the_envelope_sender(relay, start, mail_box):
    relay.channels["email"]["from"] = "carol@deadlined.test"
    daemon = deliver(relay, start, "bouncing", "bounce")
    wait_until(lambda: relay.queue(state="sent"), daemon.log)
    [row] = relay.queue()
    [report] = wait_until(lambda: [mail for mail in mail_box.read("carol")
                                   if mail.get_content_type() == "multipart/report"
                                   and row["message_id"].strip("<>") in mail.as_string()],
                          "the delivery status notification")
    # What was asked for by ENVID, ORCPT and RET.
    key = row["message_id"].strip("<>").split("@")[0]
    assert f"Original-Envelope-Id: {key}" in report.as_string()
    assert "Original-Recipient: rfc822;bounce@deadlined.test" in report.as_string()
    assert "text/rfc822-headers" in [part.get_content_type() for part in report.iter_parts()]


def test_a_bounce_by_verp_names_the_message_in_its_recipient(relay, start, mail_box):
    relay.channels["email"] |= {"from": "carol@deadlined.test", "verp": "yes"}
    daemon = deliver(relay, start, "verped", "bounce")
    wait_until(lambda: relay.queue(state="sent"), daemon.log)
    [row] = relay.queue()
    key = row["message_id"].strip("<>").split("@")[0]
    sender = f"carol+{key}@deadlined.test"
    wait_until(lambda: [mail for mail in mail_box.read("carol") if mail.get_content_type() == "multipart/report"
                        and sender in mail.as_string()], "the delivery status notification")


def test_a_test_message_goes_through_the_live_channel(relay, mail_box):
    assert "250" in relay.ctl("test", "email", "--to", "bob@deadlined.test")
    assert any("test" in mail["Subject"].lower() for mail in mail_box.read("bob"))


def test_a_refused_test_message_is_a_failure(relay):
    result = deadlinectl("-c", relay.config, "test", "email", "--to", "reject@deadlined.test")
    assert result.returncode in (65, 69) and "550" in result.stdout + result.stderr
