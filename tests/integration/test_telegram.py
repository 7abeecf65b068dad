"""The whole daemon against a Bot API server that refuses what the real one refuses."""
import signal
import time
from urllib.parse import quote

import pytest
from telegram_server import TEXT_MAX, Reply, TelegramServer, utf16_length

from harness import deadlinectl, secret_forms, wait_until

TOKEN = "987654321:AAF-integration_Test_token0123456789xy"


@pytest.fixture
def bot():
    with TelegramServer(tokens={TOKEN}) as server:
        yield server


def use(site, server, token=TOKEN, **settings):
    """A site whose only channel is telegram."""
    site.channels = {"telegram": {"type": "http", "preset": "telegram", "token": site.secret("token", token),
                                  "base_url": server.url, **settings}}
    site.policies["default"]["channels"] = "telegram"
    site.write_config()


def states(site):
    return {row["person"]: row["state"] for row in site.queue()}


def test_a_title_is_shown_as_it_was_written(site, bot, start):
    """Nothing in a title is markup, and nothing in it makes the server refuse the message."""
    title = '<b>&amp; "Q&A" </i> <script> Визит 学校 🎓'
    use(site, bot)
    site.add_people("telegram", {"desk": "5"})
    site.add_due_task("markup", "desk", title=title, note="a < b & c > d")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [message] = bot.messages
    assert title in message["text"] and "a < b & c > d" in message["text"]
    assert "&lt;b&gt;&amp;amp; " in message["markup"] and message["parse_mode"] == "HTML"
    assert message["link_preview_options"] == {"is_disabled": True}


def test_chats_are_addressed_as_the_api_wants_it(site, bot, start):
    use(site, bot)
    site.add_people("telegram", {"person": "5000000000", "group": "-1001234567890", "public": "@city_office"})
    site.add_due_task("chats", "person", "group", "public")
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 3, daemon.log)
    chats = [message["chat_id"] for message in bot.messages]
    assert sorted(chats, key=str) == [-1001234567890, 5000000000, "@city_office"]


def test_reminders_of_one_task_reply_to_the_first(site, bot, start):
    """Also when that was sent before the daemon was killed; and they come when somebody has deleted it, or the group has moved."""
    use(site, bot, rate_each="50/s")
    site.add_people("telegram", {"desk": "-5", "boss": "7"})
    site.add_due_task("visit", "desk")
    site.add_due_task("other", "boss")
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    daemon.stop(signal.SIGKILL)
    daemon = start(site)
    number = next(i for i, message in enumerate(bot.messages, 1) if message["chat_id"] == -5)

    def move(day, to=-5):
        site.ctl("edit", "visit", "--when", f"2031-07-{day}")
        wait_until(lambda: f"{day}, 2031" in bot.messages[-1]["text"], daemon.log)
        assert bot.messages[-1]["chat_id"] == to
        return bot.messages[-1]["replies_to"]
    assert [message["replies_to"] for message in bot.messages] == [None, None]
    assert move(20) == number and move(21) == number
    bot.deleted.add(number)
    assert move(22) is None
    bot.chats["-5"] = "upgraded"
    assert move(23, to=-1000000000005) is None
    moved = len(bot.messages)
    assert move(24, to=-1000000000005) == moved


def test_one_chat_gets_a_message_a_second_and_others_do_not_wait(site, bot, start):
    """Four people are reached by one group, and its limit is the chat's."""
    use(site, bot)
    people = {"a": "-100200", "b": "-100200", "c": "-100200", "d": "-100200", "other": "5"}
    site.add_people("telegram", people)
    site.add_due_task("limits", *people)
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 5, daemon.log)
    chats = [message["chat_id"] for message in bot.messages]
    assert chats.count(-100200) == 4 and chats.index(5) < 2 and len(bot.requests) == 5
    begun = [at for (at,) in site.sql("SELECT started_utc FROM attempt JOIN message ON id = message WHERE person <> 'other'")]
    assert max(begun) - min(begun) >= 2, "three seconds at least, of which the clock of seconds may show two"


@pytest.mark.parametrize("piece", ["<b>&amp; 🎓 ", "слово ", "x" * 4000, "🎓"], ids=["markup", "words", "no blank", "pairs"])
def test_a_long_text_is_cut_and_still_accepted(site, bot, start, piece):
    use(site, bot)
    site.add_people("telegram", {"desk": "5"})
    site.add_due_task("long", "desk", title="Kept & whole", note=piece * (4000 // len(piece)))
    daemon = start(site)
    wait_until(lambda: site.tried(), daemon.log)
    assert states(site) == {"desk": "sent"}, site.queue()
    [message] = bot.messages
    assert "Kept & whole" in message["text"].splitlines()[0]
    assert message["text"].endswith("…")
    assert TEXT_MAX - 20 <= utf16_length(message["text"]) <= TEXT_MAX


def test_who_cannot_be_reached_does_not_hold_up_the_others(site, bot, start):
    """Blocked, gone, unknown: dead at once and without another call, and everybody else gets theirs. A group that became
    another one is followed there, and its new address kept."""
    gone = {"1": "blocked", "2": "deactivated", "3": "kicked", "4": "unknown", "-5": "upgraded"}
    bot.chats.update(gone)
    use(site, bot)
    site.add_people("telegram", {f"p{chat.strip('-')}": chat for chat in [*gone, "6", "7", "8"]})
    site.add_due_task("some", *[f"p{n}" for n in range(1, 9)])
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == 8 and states(site)["p5"] == "sent", daemon.log)
    assert states(site) == {f"p{n}": "dead" if n <= 4 else "sent" for n in range(1, 9)}
    assert len(bot.requests) == 9
    [group] = [person for person in site.ctl_json("people") if person["id"] == "p5"]
    assert group["addresses"] == {"telegram": "-1000000000005"}
    assert site.sql("SELECT through, person FROM ledger WHERE action = 'address'") == [("telegram", "p5")]
    words = {row["person"]: row["last_reply"] for row in site.queue()}
    assert "403" in words["p1"] and "blocked by the user" in words["p1"]
    assert "400" in words["p4"] and "chat not found" in words["p4"]
    assert {row["reason"] for row in site.queue(state="dead")} == {"refused for good"}


def test_a_message_that_is_refused_for_its_text_is_dead_alone(site, bot, start):
    words = "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 1"
    bot.script(Reply(400, {}, {"ok": False, "error_code": 400, "description": words}))
    use(site, bot, connections="1")
    site.add_people("telegram", {"a": "1", "b": "2"})
    site.add_due_task("text", "a", "b")
    daemon = start(site)
    wait_until(lambda: len(site.tried()) == 2, daemon.log)
    assert sorted(states(site).values()) == ["dead", "sent"] and len(bot.requests) == 2
    [dead] = site.queue(state="dead")
    assert "can't parse entities" in dead["last_reply"]


def test_it_waits_as_long_as_the_server_asks(site, bot, start):
    """Not a moment less than the second asked for, and an attempt that was turned away does not count."""
    bot.limit(times=2, retry_after=1)
    use(site, bot)
    site.add_people("telegram", {"desk": "5"})
    site.add_due_task("busy", "desk")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    arrived = [request.at for request in bot.requests]
    pauses = [later - earlier for earlier, later in zip(arrived, arrived[1:], strict=False)]
    assert len(pauses) == 2 and min(pauses) >= 0.99 and max(pauses) < 20, pauses
    [row] = site.queue()
    assert row["attempts"] == 1 and len(bot.messages) == 1


def test_a_long_wait_keeps_the_whole_channel_quiet(site, bot, start):
    bot.limit(times=1, retry_after=41)
    use(site, bot)
    site.add_people("telegram", {"a": "1", "b": "2"})
    daemon = start(site)
    before = int(time.time())
    site.add_due_task("first", "a")
    [row] = wait_until(lambda: site.tried(), daemon.log)
    [(not_before,)] = site.sql("SELECT not_before FROM message")
    assert before + 41 <= not_before <= time.time() + 43
    assert (row["state"], row["attempts"]) == ("pending", 0) and "retry after 41" in row["last_reply"]
    # The pass that writes a message would claim it, too.
    site.add_due_task("second", "b")
    [second] = wait_until(lambda: site.queue(person="b"), daemon.log)
    assert (second["state"], second["attempts"]) == ("pending", 0) and len(bot.requests) == 1


def test_a_wrong_token_is_not_the_messages_fault(site, bot, start):
    use(site, bot, token="987654321:AAF-an_old_token-that_was_revoked_0123")
    site.add_people("telegram", {"a": "1", "b": "2"})
    daemon = start(site)
    site.add_due_task("first", "a")
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == "pending" and "401" in row["last_reply"] and "settings" in row["last_reply"]
    site.add_due_task("second", "b")
    wait_until(lambda: site.queue(person="b"), daemon.log)
    assert states(site) == {"a": "pending", "b": "pending"} and len(bot.requests) == 1
    assert daemon.stop() == 0
    use(site, bot)
    site.retry_now()
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    assert len(bot.messages) == 2


# A reply, further settings, state, uncertain (1: it may have arrived, so the next try comes late), words.
NO_ANSWERS = {
    "no JSON": (Reply(200, {}, "I am no bot"), {}, "pending", 1, "HTTP 200"),
    "no UTF-8": (Reply(200, {}, b'{"ok":true,"result":"\xff\xfe"}'), {}, "pending", 1, "HTTP 200"),
    "no verdict": (Reply(200, {}, {"result": {}}), {}, "pending", 1, "HTTP 200"),
    "cut": (Reply(200, {}, {"ok": True, "result": {"message_id": 7}}, cut=20), {}, "pending", 1, "HTTP 200"),
    "ten megabytes": (Reply(200, huge=10 * 1024 * 1024), {}, "pending", 1, "HTTP 200"),
    "dripping": (Reply(200, {}, {"ok": True, "result": {}}, drip=1.5), {"timeout": "5s"}, "pending", 1, "HTTP 200"),
    "silence": (Reply(hang=True), {"timeout": "3s"}, "pending", 1, "reply was lost"),
    "hung up": (Reply(drop=True), {}, "pending", 1, "reply was lost"),
    "reset": (Reply(reset=True), {}, "pending", 1, "reply was lost"),
    "no HTTP": (Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), {}, "pending", 1, "reply was lost"),
    "ok is false": (Reply(200, {}, {"ok": False, "description": "odd"}), {}, "pending", 0, "odd"),
    "500": (Reply(500, {}, {"ok": False, "error_code": 500, "description": "Internal Server Error: restart"}), {},
            "pending", 0, "restart"),
    "502 as HTML": (Reply(502, {"Content-Type": "text/html"}, "<html><h1>Bad Gateway</h1></html>"), {}, "pending", 0, "HTTP 502"),
    "301": (Reply(301, {"Location": "http://127.0.0.1:1/"}), {}, "pending", 0, "redirect"),
    "413": (Reply(413, {}, "too large"), {}, "dead", 0, "too large"),
}


@pytest.mark.parametrize("fault", NO_ANSWERS)
def test_what_becomes_of_a_message(site, bot, start, fault):
    reply, settings, state, uncertain, words = NO_ANSWERS[fault]
    bot.script(reply)
    use(site, bot, **settings)
    site.add_people("telegram", {"desk": "5"})
    site.add_due_task("fault", "desk")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert (row["state"], row["attempts"]) == (state, 1) and words in row["last_reply"], row
    [(pause, doubts)] = site.sql("SELECT m.not_before - a.started_utc, m.uncertain FROM message m JOIN attempt a ON a.message = m.id")
    assert doubts == uncertain
    if state == "pending":
        assert pause > 1200 if uncertain else 20 < pause < 1200, pause
    assert len(bot.requests) == 1, "not once more behind our back"


def test_the_token_is_told_nowhere(site, bot, start):
    """Whatever goes wrong, and even when the server repeats it."""
    path = f"/bot{TOKEN}/sendMessage"
    key = TOKEN.split(":")[1]
    words = f"Not Found: {path}, {quote(path)}, key {key}"
    bot.script(Reply(404, {}, {"ok": False, "error_code": 404, "description": words}))
    use(site, bot)
    site.add_people("telegram", {"desk": "5"})
    daemon = start(site)
    site.add_due_task("echo", "desk")
    wait_until(lambda: site.tried(), daemon.log)
    told = [daemon.told()]
    assert daemon.stop() == 0
    site.retry_now()
    bot.script(Reply(drop=True))
    daemon = start(site)
    wait_until(lambda: site.sql("SELECT 1 FROM message WHERE state = 'pending' AND uncertain = 1"), daemon.log)
    told.append(daemon.told())
    for address in ("5", "1"):
        bot.chats["1"] = "blocked"
        result = deadlinectl("-c", site.config, "test", "telegram", "--to", address)
        told.append((result.stdout + result.stderr).encode())
    bot.close()
    result = deadlinectl("-c", site.config, "test", "telegram", "--to", "5")
    told.append((result.stdout + result.stderr).encode())
    everything = b"\n".join(told)
    assert b"Not Found: /bot" in everything and b"reply was lost" in everything, "the errors themselves are told"
    for secret in [*secret_forms(TOKEN), *secret_forms(key)]:
        assert secret not in everything


def test_a_test_message_shows_the_verdict(site, bot):
    bot.chats["1"] = "blocked"
    use(site, bot)
    good = deadlinectl("-c", site.config, "test", "telegram", "--to", "5")
    assert good.returncode == 0 and "accepted" in good.stdout and "test" in bot.messages[0]["text"]
    bad = deadlinectl("-c", site.config, "test", "telegram", "--to", "1")
    assert bad.returncode == 69 and "blocked by the user" in bad.stdout + bad.stderr


CERTIFICATES = {
    "own authority": ({}, True, "sent"),
    "unknown authority": ({}, False, "pending"),
    "another name": ({"names": "DNS:elsewhere.example.org"}, True, "pending"),
    "expired": ({"days": -1}, True, "pending"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_only_a_server_that_proves_its_name_gets_the_message(site, start, authority, case):
    certificate, has_ca_file, state = CERTIFICATES[case]
    cert, key = authority.issue(**certificate)
    with TelegramServer(certificate=cert, key=key) as server:
        use(site, server, **({"ca_file": authority.ca_file} if has_ca_file else {}))
        site.add_people("telegram", {"desk": "5"})
        site.add_due_task("tls", "desk")
        daemon = start(site)
        [row] = wait_until(lambda: site.tried(), daemon.log)
        assert (row["state"], row["attempts"]) == (state, 1), row
        assert site.sql("SELECT uncertain FROM message") == [(0,)]
        assert len(server.requests) == (state == "sent")
        assert state == "sent" or "certificate" in row["last_reply"].lower(), row
