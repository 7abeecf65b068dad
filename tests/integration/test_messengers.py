"""Messengers: a scripted Bot API server that refuses what the real one refuses, and a webhook that fails in every way."""
import sys
import time

import pytest

from harness import LIB, ROOT, deadlinectl, wait_until

sys.path.insert(0, str(LIB))
from http_server import HttpServer, Reply  # noqa: E402  (they live with the other helpers of the tests)
from telegram_server import TelegramServer  # noqa: E402

TOKEN = "4711:never-shown-to-anybody_x"
SECRET = "hook-token-that-nobody-sees"


@pytest.fixture
def telegram(site):
    with TelegramServer() as server:
        site.channels = {"telegram": {"type": "http", "preset": "telegram", "base_url": server.url,
                                      "token": site.secret("telegram-token", TOKEN)}}
        site.policies["default"]["channels"] = "telegram"
        site.write_config()
        yield server


@pytest.fixture
def hook(site):
    with HttpServer() as server:
        site.channels = {"hook": {"type": "http", "preset": "webhook", "url": server.url + "/reminders",
                                  "token": site.secret("hook-token", SECRET)}}
        site.policies["default"]["channels"] = "hook"
        site.write_config()
        yield server


def remind(site, start, channel, address, **options):
    """A daemon with one due task for one person on a channel."""
    site.add_person("desk", address, channel=channel, language=options.pop("language", "en"))
    site.add_due_task("task", "desk", **options)
    return start(site)


def tried(site, attempts=1):
    return [row for row in site.queue() if row["state"] != "sending" and row["last_reply"] and row["attempts"] >= attempts]


def not_told(site, daemon, secret):
    told = daemon.log() + site.ctl("queue", "--json") + site.ctl("status") + str(site.sql("SELECT * FROM attempt"))
    return secret not in told


def test_a_reminder_reaches_a_chat_as_text(site, telegram, start):
    daemon = remind(site, start, "telegram", "100000001", language="ru", title="Визит <b>школы</b> & друзей")
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [message] = telegram.messages
    assert str(message["chat_id"]) == "100000001"
    assert "Визит <b>школы</b> & друзей" in message["text"], "tags of a title are shown, not obeyed"
    assert not_told(site, daemon, TOKEN)


def test_a_long_text_is_cut_and_still_accepted(site, telegram, start):
    site.add_person("desk", "100000001", channel="telegram")
    uid = site.ctl("add", "т" * 250, "--when", "2031-06", "--people", "desk", "--note", "<&я😀" * 500).strip()
    minute = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 11 * 3600))
    site.ctl("edit", uid, "--when", minute)
    site.sql("UPDATE task SET planned_until = ?, next_due_utc = NULL", int(time.time()) - 3600)
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    assert len(telegram.messages) == 1


# State of the chat, state of the message afterwards, code of the answer.
CHATS = [("blocked", "dead", "403"), ("deactivated", "dead", "403"), ("kicked", "dead", "403"), ("unknown", "dead", "400"),
         ("upgraded", "dead", "400")]


@pytest.mark.parametrize("chat,state,code", CHATS)
def test_what_the_bot_api_refuses_for_good_is_not_repeated(site, telegram, start, chat, state, code):
    telegram.chats["100000001"] = chat
    daemon = remind(site, start, "telegram", "100000001")
    [row] = wait_until(lambda: tried(site), daemon.log)
    assert row["state"] == state and code in row["last_reply"], row
    assert len(telegram.requests) == 1


def test_the_wait_that_the_bot_api_asks_for_is_kept_and_costs_no_attempt(site, telegram, start):
    telegram.limit(times=1, retry_after=2)
    daemon = remind(site, start, "telegram", "100000001")
    wait_until(lambda: len(telegram.requests) == 1, daemon.log)
    refused = time.monotonic()
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    assert time.monotonic() - refused >= 1 and len(telegram.messages) == 1
    assert site.queue()[0]["attempts"] == 1


def test_a_wrong_token_stops_the_channel_and_not_the_message(site, telegram, start):
    telegram.script(Reply(401, body={"ok": False, "error_code": 401, "description": "Unauthorized"}))
    daemon = remind(site, start, "telegram", "100000001")
    [row] = wait_until(lambda: tried(site), daemon.log)
    assert row["state"] == "pending" and not_told(site, daemon, TOKEN)


def test_a_test_message_to_a_chat(site, telegram):
    assert site.ctl("test", "telegram", "--to", "100000001").strip()
    assert len(telegram.messages) == 1
    telegram.chats["100000002"] = "blocked"
    result = deadlinectl("-c", site.config, "test", "telegram", "--to", "100000002")
    assert result.returncode != 0 and "bot was blocked" in result.stdout + result.stderr
    assert TOKEN not in result.stdout + result.stderr


def test_a_webhook_gets_json_with_a_key_that_stays_the_same(site, hook, start):
    hook.script(Reply(503), Reply(200))
    daemon = remind(site, start, "hook", "room-5", title='Quotes " and \\ and 中文')
    wait_until(lambda: tried(site), daemon.log)
    assert site.queue()[0]["state"] == "pending" and daemon.stop() == 0
    site.sql("UPDATE message SET not_before = 0")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    first, second = hook.requests
    assert first.method == "POST" and first.path == "/reminders"
    assert first.headers["authorization"] == f"Bearer {SECRET}" and not_told(site, daemon, SECRET)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == first.json()["id"] == second.json()["id"]
    assert first.json()["to"] == "room-5" and 'Quotes " and \\ and 中文' in first.json()["text"] + first.json()["subject"]
    assert first.json()["task"] == "task"


# What the receiver does, state of the message, uncertain (it may have been accepted).
FAULTS = {
    "500": (Reply(500, body="<html>sorry</html>"), "pending", 0),
    "502": (Reply(502), "pending", 0),
    "204": (Reply(204), "sent", 0),
    "301": (Reply(301, headers={"Location": "http://127.0.0.1:1/"}), None, 0),
    "401": (Reply(401), "pending", 0),
    "413": (Reply(413), "dead", 0),
    "no answer": (Reply(drop=True), "pending", 1),
    "reset": (Reply(reset=True), "pending", 1),
    "nonsense": (Reply(raw=b"NONSENSE\r\n\r\n"), "pending", 1),
    "cut answer": (Reply(200, body="x" * 1000, cut=10), None, None),
    "huge answer": (Reply(200, huge=10 * 1024 * 1024), "sent", 0),
    "bad UTF-8": (Reply(500, body=b"\xff\xfe\x00\x1b[31m"), "pending", 0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_becomes_of_a_message(site, hook, start, fault):
    reply, state, uncertain = FAULTS[fault]
    hook.script(reply)
    daemon = remind(site, start, "hook", "room-5")
    wait_until(lambda: [row for row in site.queue() if row["attempts"] >= 1 and row["state"] != "sending"], daemon.log)
    [row] = site.queue()
    assert state is None or row["state"] == state, row
    assert uncertain is None or site.sql("SELECT uncertain FROM message") == [(uncertain,)]
    assert len(hook.requests) == 1, "a redirect is not followed, and a failure not repeated at once"
    assert daemon.process.poll() is None and "\x1b" not in daemon.log()


@pytest.mark.parametrize("headers,body", [({"Retry-After": "3600"}, b""), ({}, b""), ({"Retry-After": "99999999999999999999"}, b""),
                                          ({"Retry-After": "-5"}, b""), ({"Retry-After": "soon"}, b"")])
def test_too_many_requests_is_a_pause(site, hook, start, headers, body):
    hook.script(Reply(429, headers=headers, body=body))
    daemon = remind(site, start, "hook", "room-5")
    wait_until(lambda: hook.requests and site.status()["sending"] == 0, daemon.log)
    [row] = site.queue(state="pending")
    wait = site.sql("SELECT not_before FROM message")[0][0] - time.time()
    assert 0 < wait <= 86400 + 5 and (headers.get("Retry-After") != "3600" or 3500 < wait <= 3700), wait
    assert row["attempts"] == (0 if headers.get("Retry-After") == "3600" else 1), "waiting as asked is no failed attempt"


def test_a_receiver_that_never_answers_is_given_up_and_does_not_keep_the_daemon_from_ending(site, hook, start):
    """With a preset of the office's own, a copy of the shipped one with less patience."""
    shipped = (ROOT / "config" / "messengers" / "webhook.ini").read_text(encoding="utf-8")
    assert "timeout = 30s" in shipped
    (site.folder / "own.ini").write_text(shipped.replace("timeout = 30s", "timeout = 2s"), encoding="utf-8")
    site.channels["hook"]["preset"] = "./own.ini"
    site.write_config()
    hook.script(Reply(hang=True))
    daemon = remind(site, start, "hook", "room-5")
    wait_until(lambda: hook.requests, daemon.log)
    assert site.status()["sending"] == 1
    assert daemon.stop() == 0
    assert [row["state"] for row in site.queue()] == ["pending"]
    assert site.sql("SELECT uncertain FROM message") == [(1,)], "it may have been accepted"


def test_an_unknown_certificate_is_not_trusted(site, hook, mail_box, start):
    """The submission port over TLS stands for any server whose authority is unknown here."""
    site.channels["hook"]["url"] = f"https://localhost:{mail_box.smtps}/"
    site.write_config()
    daemon = remind(site, start, "hook", "room-5")
    [row] = wait_until(lambda: tried(site), daemon.log)
    assert row["state"] == "pending" and "certificate" in row["last_reply"].lower()
