"""What people answer: the presets that listen, over the wire against servers that hold the call as the real ones do.

A small program drives the one channel, so that what is seen is the channel's own work: its messages with buttons, its edits
and answers, and every kind of update with where it goes on from.
"""
import json
import queue
import subprocess
import threading

import pytest
from bot import MaxBot, Reply, TelegramBot
from harness import BUILD, PATIENCE_S, ROOT, deadlined, section

TOKEN = "987654321:AAF-integration_Test_token0123456789xy"
BUTTONS = [['Done "1"', "d 7 2026-06-15"], ["Tomorrow \\ завтра", "t 7 2026-06-15"], ["Set the date", "s 7 2026-06-15"]]


class Talk:
    """One channel, driven: say() gives a command, hear() waits for the next line that came of one."""

    def __init__(self, folder, preset, settings):
        config = folder / "talk.ini"
        config.write_text(section("channel tg", {"type": "http", "preset": preset, **settings}), encoding="utf-8")
        self.process = subprocess.Popen([BUILD / "channel-talk", config, ROOT / "config" / "messengers"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def say(self, what, **rest):
        self.process.stdin.write(json.dumps({"do": what, **rest}) + "\n")
        self.process.stdin.flush()

    def hear(self):
        return self.lines.get(timeout=PATIENCE_S)

    def send(self, what, to, subject="Fair", text="In June", **rest):
        self.say(what, to=str(to), subject=subject, text=text, **rest)
        result = self.hear()["result"]
        assert result["act"] == what
        return result

    def listen(self, bot, follows=None, after=None):
        """One call: after it is held, `follows` happens. What came, and where it goes on."""
        self.say("listen", next=after)
        if follows is not None:
            bot.wait_poll()
            follows()
        heard = self.hear()
        return heard["updates"], heard.get("next")

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE_S) == 0
        self.reader.join()
        self.process.stdout.close()
        assert self.lines.empty(), list(self.lines.queue)


@pytest.fixture
def connect(site):
    """connect(preset, bot, ...) is a Talk with that bot."""
    talks, bots = [], []

    def make(preset, bot):
        bots.append(bot)
        token = site.secret("token", TOKEN)
        talks.append(Talk(site.folder, preset, {"token": token, "base_url": bot.url, "updates": "yes", "bot": "city_bot"}))
        return talks[-1]

    yield make
    try:
        for talk in talks:
            talk.close()
    finally:
        for bot in bots:
            bot.close()


def update(kind, sender, text="", chat=None, answer_id=None, message_id=None):
    return {"kind": kind, "sender": str(sender), "chat": str(chat or sender), "text": text, "answer_id": answer_id, "message_id": message_id}


# ---- Telegram --------------------------------------------------------------------------------------------------------

@pytest.fixture
def telegram(connect):
    bot = TelegramBot(tokens={TOKEN})
    return bot, connect("telegram", bot)


def test_telegram_buttons_are_shown_changed_and_taken_away(telegram):
    bot, talk = telegram
    sent = talk.send("send", 5, buttons=BUTTONS)
    assert (sent["verdict"], sent["id"]) == ("accepted", "1"), sent
    rows = bot.messages[0]["reply_markup"]["inline_keyboard"]
    assert [[(button["text"], button["callback_data"]) for button in row] for row in rows] == [
        [tuple(BUTTONS[0]), tuple(BUTTONS[1])], [tuple(BUTTONS[2])]]

    edited = talk.send("edit", 5, text="Done <b>", remote_id="1", buttons=BUTTONS[:1])
    assert edited["verdict"] == "accepted", edited
    assert bot.messages[0]["text"].endswith("Done <b>") and len(bot.messages[0]["reply_markup"]["inline_keyboard"]) == 1
    assert talk.send("edit", 5, text="Done <b>", remote_id="1")["verdict"] == "accepted"
    assert "reply_markup" not in bot.messages[0]
    again = talk.send("edit", 5, text="Done <b>", remote_id="1")
    assert again["verdict"] == "accepted", again  # it is as it should be
    assert len(bot.messages) == 1

    plain = talk.send("send", 5)
    assert plain["verdict"] == "accepted" and "reply_markup" not in bot.messages[1]


def test_telegram_what_cannot_be_edited_or_answered(telegram):
    bot, talk = telegram
    gone = talk.send("edit", 5, remote_id="77")
    assert (gone["verdict"], gone["blame"]) == ("permanent", "message") and "not found" in gone["reply"], gone
    for act in ("edit", "answer"):
        nothing = talk.send(act, 5)
        assert (nothing["verdict"], nothing["blame"]) == ("permanent", "message"), nothing
    hostile = talk.send("edit", 5, remote_id="1, \"chat_id\": 7")
    assert (hostile["verdict"], hostile["blame"]) == ("permanent", "message"), hostile
    assert len(bot.requests) == 1
    # no message is lost for a button that the service would not take
    assert talk.send("send", 5, buttons=[["ok", "d"], ["long", "x" * 65]])["verdict"] == "accepted"
    assert bot.messages[0]["reply_markup"]["inline_keyboard"] == [[{"text": "ok", "callback_data": "d"}]]


def test_telegram_a_button_is_answered_in_time_or_too_late(telegram):
    bot, talk = telegram
    assert talk.send("answer", 5, answer_id="12", text="Done. " + "ы" * 300)["verdict"] == "accepted"
    [(number, text)] = bot.answers
    assert number == "12" and text.startswith("Done. ыы") and len(text) == 200 and text.endswith("…")
    bot.expired.add("13")
    assert talk.send("answer", 5, answer_id="13")["verdict"] == "accepted"
    assert len(bot.answers) == 1


def test_telegram_every_kind_of_update_in_one_go(telegram):
    bot, talk = telegram
    bot.writes(5, "/start abc")
    bot.writes(6, 'в группе "всем" 🎓\n', chat=-100500)
    button = bot.presses(5, 42, "d 7 2026-06-15")
    bot.blocks(5)
    bot.updates.add("message", {"message": {"message_id": 9, "from": bot.user(5), "chat": bot.chat(5), "photo": []}})
    bot.updates.add("message", {"message": {"text": "nobody's"}})
    bot.updates.add("message", {"message": "?"})
    bot.updates.add("callback_query", {"callback_query": {"id": "1", "from": bot.user(5), "inline_message_id": "x", "data": "d"}})
    bot.unblocks(5)
    heard, after = talk.listen(bot)
    assert heard == [update("text", 5, "/start abc"), update("text", 6, 'в группе "всем" 🎓\n', chat=-100500),
                     update("button", 5, "d 7 2026-06-15", answer_id=button, message_id="42"), update("gone", 5), update("back", 5)]
    assert after == "1009" and "offset" not in bot.polled[0]
    assert bot.polled[0]["allowed_updates"] == '["message","callback_query","my_chat_member"]'
    assert bot.polled[0]["timeout"] == "50"

    # what is behind goes on there, is held until there is something, and what was heard is gone
    heard, after = talk.listen(bot, lambda: bot.writes(7, "later"), after)
    assert heard == [update("text", 7, "later")] and after == "1010"
    assert bot.polled[1]["offset"] == "1009" and len(bot.updates.kept) == 1

    # and only what nobody can make sense of moves it on as well
    heard, after = talk.listen(bot, lambda: bot.updates.add("message", {"message": {}}), after)
    assert heard == [] and after == "1011"


def test_telegram_what_is_sent_never_waits_for_the_held_call(telegram):
    bot, talk = telegram
    talk.say("listen")
    bot.wait_poll()
    for i in range(3):
        assert talk.send("send", 5)["id"] == str(i + 1)
    assert talk.send("answer", 5, answer_id="1")["verdict"] == "accepted"
    assert talk.lines.empty()
    bot.writes(5, "hello")
    assert talk.hear()["updates"] == [update("text", 5, "hello")]
    talk.say("listen", next="1001")
    bot.wait_poll()
    bot.writes(5, "again")
    assert talk.hear()["updates"] == [update("text", 5, "again")]
    assert bot.connections == 2  # one for each, kept


def failure(talk, **wanted):
    heard = talk.hear()["failure"]
    assert heard["blame"] == "channel" and {key: heard[key] for key in wanted} == wanted, heard
    return heard["reply"]


def test_telegram_another_instance_is_a_conflict(telegram):
    bot, talk = telegram
    talk.say("listen")
    bot.wait_poll()
    other = threading.Thread(target=bot.updates.poll, args=(lambda: [], 0))
    other.start()
    assert "make sure that only one bot instance is running" in failure(talk, code=409, verdict="temporary")
    other.join()
    bot.webhook = True
    talk.say("listen")
    assert "webhook is active" in failure(talk, code=409)


def test_telegram_what_a_refused_call_means(telegram):
    """And after each of them the same updates are still there."""
    bot, talk = telegram
    bot.writes(5, "kept")
    bot.limit(times=1, retry_after=17)
    talk.say("listen")
    failure(talk, verdict="throttled", wait=17, code=429)
    bot.tokens = set()
    talk.say("listen")
    assert "settings must be corrected" in failure(talk, verdict="temporary", code=401)
    bot.tokens = {TOKEN}
    good = {"ok": True, "result": [{"update_id": 1, "message": {"text": "x", "from": {"id": 5}, "chat": {"id": 5}}}]}
    for reply, code, words in [
        (Reply(500, {}, "<html>"), 500, "HTTP 500"),
        (Reply(200, {}, "<html>sign in</html>"), 200, "not one this preset knows"),
        (Reply(200, {}, {"ok": True}), 200, "no list at /result"),
        (Reply(200, {}, {"ok": True, "result": {"a": 1}}), 200, "no list at /result"),
        (Reply(200, {}, {"ok": True, "result": [{"message": {}}]}), 200, "how it goes on"),
        (Reply(200, {}, {"ok": True, "result": [{"update_id": "x"}]}), 200, "how it goes on"),
        (Reply(200, {}, '{"ok": true, "result": [{"update_id": 9223372036854775807}]}'), 200, "how it goes on"),
        (Reply(200, {}, {"ok": False, "description": "no reason"}), 200, "no reason"),
        (Reply(200, {}, good, cut=40), 200, "broke off"),
        (Reply(drop=True), 0, "lost"), (Reply(reset=True), 0, "lost"), (Reply(raw=b"SSH-2.0\r\n\r\n"), 0, ""),
        (Reply(200, huge=5 * 1024 * 1024), 200, "too long"),
        (Reply(200, {}, '{"ok": true, "result": [' + " " * 5 * 1024 * 1024 + "]}"), 200, "too long"),
        (Reply(200, {}, '{"ok": true, "result": ' + "[" * 5000 + "]" * 5000 + "}"), 200, "not one this preset knows"),
        (Reply(302, {"Location": bot.url}), 302, "redirects"),
    ]:
        bot.script(reply)
        talk.say("listen")
        said = failure(talk, verdict="temporary", code=code)
        assert words in said and TOKEN not in said, (reply, said)
    assert talk.listen(bot) == ([update("text", 5, "kept")], "1001")


def test_telegram_strange_words_are_heard(telegram):
    """Nothing that somebody writes may keep the others from being heard."""
    bot, talk = telegram
    bot.script(Reply(200, {}, r'{"ok": true, "result": ['
                     r'{"update_id": 1, "message": {"text": "a\u0000b", "from": {"id": 5}, "chat": {"id": 5}}},'
                     r'{"update_id": 2, "message": {"text": "\ud83d x \udf93\ud83c", "from": {"id": 5}, "chat": {"id": 5}}},'
                     r'{"update_id": 3, "message": {"text": "\\ud83d \ud83c\udf93", "from": {"id": 5}, "chat": {"id": 5}}}]}'))
    heard, after = talk.listen(bot)
    assert [one["text"] for one in heard] == ["a", "\ufffd x \ufffd\ufffd", "\\ud83d 🎓"] and after == "4"
    bot.script(Reply(200, {}, b'{"ok": true, "result": [{"update_id": 1, "message": {"text": "\xff\xc3", "from": {"id": 5}, "chat": {"id": 5}}}]}'))
    heard, after = talk.listen(bot)
    assert [one["text"] for one in heard] == ["\ufffd\ufffd"] and after == "2"


def test_telegram_stop_ends_the_held_call(telegram):
    bot, talk = telegram
    talk.say("listen")
    bot.wait_poll()
    talk.say("stop")
    bot.writes(5, "nobody hears")
    talk.say("invite", word="w")
    assert talk.hear() == {"link": "https://t.me/city_bot?start=w"}
    assert talk.lines.empty() and len(bot.updates.kept) == 1  # close() tells whether there was more


def test_telegram_an_upgraded_group_says_where_it_is(telegram):
    bot, talk = telegram
    bot.chats["-7"] = "upgraded"
    moved = talk.send("send", -7)
    assert (moved["verdict"], moved["blame"], moved["moved_to"]) == ("permanent", "recipient", "-1000000000007")
    assert talk.send("send", 5)["moved_to"] == ""
    for strange in ("x y", "", "\n", "9" * 400, None, {}):
        bot.script(Reply(400, {}, {"ok": False, "description": "Bad Request: group chat was upgraded to a supergroup chat",
                                   "parameters": {"migrate_to_chat_id": strange}}))
        assert talk.send("send", -7)["moved_to"] == ""


def test_telegram_invitations(connect):
    talk = connect("telegram", TelegramBot())
    word = "A-b_" + "0" * 52
    talk.say("invite", word=word)
    assert talk.hear() == {"link": f"https://t.me/city_bot?start={word}"}
    for bad in ("", "a b", "a&b", word + "x"):
        talk.say("invite", word=bad)
        assert "cannot stand in a link" in talk.hear()["error"]


def test_telegram_invitations_need_the_name_of_the_bot(site):
    with TelegramBot() as bot:
        talk = Talk(site.folder, "telegram", {"token": site.secret("token", TOKEN), "base_url": bot.url})
        talk.say("invite", word="w")
        assert "needs the key 'bot'" in talk.hear()["error"]
        talk.close()


# ---- MAX -------------------------------------------------------------------------------------------------------------

@pytest.fixture
def maximum(connect):
    bot = MaxBot(token=TOKEN)
    return bot, connect("max", bot)


def test_max_buttons_are_shown_changed_and_taken_away(maximum):
    bot, talk = maximum
    sent = talk.send("send", 5, buttons=BUTTONS)
    assert (sent["verdict"], sent["id"]) == ("accepted", "mid.1"), sent
    [keyboard] = bot.messages[0]["attachments"]
    assert [[(button["text"], button["payload"]) for button in row] for row in keyboard["payload"]["buttons"]] == [
        [tuple(BUTTONS[0]), tuple(BUTTONS[1])], [tuple(BUTTONS[2])]]
    assert talk.send("edit", 5, text="Done", remote_id="mid.1", buttons=BUTTONS[:1])["verdict"] == "accepted"
    assert len(bot.messages[0]["attachments"][0]["payload"]["buttons"]) == 1 and bot.messages[0]["text"].endswith("Done")
    assert talk.send("edit", 5, text="Done", remote_id="mid.1")["verdict"] == "accepted"
    assert bot.messages[0]["attachments"] == []
    assert talk.send("send", "chat:-7")["verdict"] == "accepted" and "attachments" not in bot.messages[1]
    gone = talk.send("edit", 5, remote_id="mid.9&x=1")
    assert (gone["verdict"], gone["blame"]) == ("permanent", "message"), gone


def test_max_answers(maximum):
    bot, talk = maximum
    assert talk.send("answer", 5, answer_id="cb.1", text="Done.")["verdict"] == "accepted"
    assert bot.answers == [("cb.1", "Done.")]
    assert talk.send("answer", 5, answer_id="x")["verdict"] != "accepted"


def test_max_every_kind_of_update(maximum):
    bot, talk = maximum
    bot.writes(5, "before")  # without a marker only the last is told
    bot.starts(5, "abc")
    heard, after = talk.listen(bot)
    assert heard == [update("back", 5), update("text", 5, "/start abc")] and after == "2"
    assert "marker" not in bot.polled[0] and bot.polled[0]["timeout"] == "45"

    bot.starts(6)
    bot.writes(5, "dialog")
    bot.writes(5, "group", chat=-700)
    dialog = bot.presses(5, "mid.1", "d 7")
    group = bot.presses(5, "mid.2", "t 7", chat=-700)
    bot.blocks(5)
    bot.add("dialog_removed", chat_id=1, user={"user_id": 6})
    bot.add("bot_removed", chat_id=-700, user={"user_id": 5})
    bot.add("bot_added", chat_id=-700, user={"user_id": 5})
    bot.add("message_edited", message={})
    bot.add("message_callback", callback={"callback_id": "x", "payload": "d", "user": {"user_id": 5}}, message=None)
    heard, after = talk.listen(bot, after=after)
    assert heard == [update("back", 6), update("text", 6, "/start"), update("text", 5, "dialog"), update("text", 5, "group", "chat:-700"),
                     update("button", 5, "d 7", answer_id=dialog, message_id="mid.1"),
                     update("button", 5, "t 7", "chat:-700", group, "mid.2"), update("gone", 5), update("gone", 6),
                     update("gone", 5, chat="chat:-700"), update("back", 5, chat="chat:-700")]
    assert after == "13"
    assert talk.listen(bot, lambda: bot.writes(5, "held"), after) == ([update("text", 5, "held")], "14")


def test_max_failures_and_no_marker(maximum):
    bot, talk = maximum
    for reply, words in [(Reply(200, {}, {"updates": [{"update_type": "x"}], "marker": None}), "how it goes on at /marker"),
                         (Reply(200, {}, {"updates": [{}], "marker": "a\nb"}), "how it goes on"),
                         (Reply(200, {}, {"updates": [{}], "marker": "9" * 300}), "how it goes on"),
                         (Reply(200, {}, {"updates": None}), "no list"), (Reply(503, {}, {"code": "x", "message": "later"}), "x: later")]:
        bot.script(reply)
        talk.say("listen", next="7")
        assert words in failure(talk, verdict="temporary")
    bot.script(Reply(200, {}, {"updates": []}))
    assert talk.listen(bot, after="7") == ([], None)
    talk.say("invite", word="w")
    assert talk.hear() == {"link": "https://max.ru/city_bot?start=w"}


# ---- the section of the channel --------------------------------------------------------------------------------------

def test_a_messenger_that_cannot_listen_says_so(site):
    site.channels = {"m": {"type": "http", "preset": "webhook", "url": "https://hook.example.org/x", "updates": "yes"}}
    site.policies["default"].pop("channels")
    site.write_config()
    result = deadlined("-c", site.config, "--check")
    line = site.config.read_text().splitlines().index("updates = yes") + 1
    assert result.returncode == 78 and f"deadlined.ini:{line}: " in result.stdout + result.stderr, result
    assert "the preset webhook has no way to ask what people write" in result.stdout + result.stderr
