"""People answer on the messenger where they are reminded: the whole daemon against bot servers that poll like the real ones."""
import re

import pytest
from bot import MaxBot, TelegramBot

from harness import wait_until

TOKEN = "987654321:AAF-integration_Test_token0123456789xy"


@pytest.fixture
def bot():
    with TelegramBot(tokens={TOKEN}) as server:
        yield server


@pytest.fixture
def max_bot():
    with MaxBot(token="max-token") as server:
        yield server


def use_telegram(site, server, **settings):
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": site.secret("token", TOKEN), "bot": "office_bot",
                                 "base_url": server.url, "updates": "yes", "rate_each": "50/s", **settings}
    site.policies["default"]["channels"] = "telegram"
    site.write_config()


def use_max(site, server):
    site.channels["max"] = {"type": "http", "preset": "max", "token": site.secret("max", "max-token"), "bot": "office_bot",
                            "base_url": server.url, "updates": "yes"}
    site.policies["default"]["channels"] = "max"
    site.write_config()


def add_people(site, channel, language="en", **addresses):
    site.add_people(channel, addresses, language=language)


def invite(site, person, channel="telegram"):
    """The word of the link."""
    link = site.ctl("people", "invite", person, "--channel", channel).strip().splitlines()[0]
    assert re.fullmatch(r"https://\S+\?start=[A-Za-z0-9_-]{16,64}", link), link
    return link.partition("?start=")[2]


def buttons(message):
    """Label -> data of an inline keyboard, Telegram's or MAX's."""
    if "reply_markup" in message:
        return {b["text"]: b["callback_data"] for row in message["reply_markup"]["inline_keyboard"] for b in row}
    return {b["text"]: b["payload"] for part in message.get("attachments") or [] for row in part["payload"]["buttons"] for b in row}


def address(site, person, channel="telegram"):
    rows = site.sql("SELECT address FROM address WHERE person = ? AND channel = ?", person, channel)
    return rows[0][0] if rows else None


def status(site, uid):
    return site.sql("SELECT status FROM task WHERE uid = ?", uid)[0][0]


def ledger(site, action):
    return site.sql("SELECT who, through FROM ledger WHERE action = ?", action)


def remind(site, start, bot, uid="visit", **task):
    """A due task of Anna, whose reminder has arrived; the daemon, and the message."""
    add_people(site, "telegram", anna="5", boris="6")
    daemon = start(site)
    bot.wait_poll()
    site.add_due_task(uid, "anna", "boris", **task)
    wait_until(lambda: len(bot.messages) == 2, daemon.log)
    return daemon, next(number for number, row in enumerate(bot.messages, 1) if row["chat_id"] == 5)


def test_a_person_comes_by_the_link_once(site, bot, start):
    use_telegram(site, bot)
    site.add_person("anna", "anna@example.org", language="ru")
    daemon = start(site)
    word = invite(site, "anna")
    assert word not in str(site.sql("SELECT * FROM invite"))
    bot.writes(6, "/start nobody-knows-this-word")
    bot.writes(5, f"/start {word}")
    wait_until(lambda: address(site, "anna") == "5", daemon.log)
    wait_until(lambda: bot.messages, daemon.log)
    [welcome] = bot.messages
    assert welcome["chat_id"] == 5 and "Desk anna" in welcome["text"] and re.search("[а-я]{5}", welcome["text"])
    assert ledger(site, "enrol") == [("anna", "telegram")]
    bot.writes(6, f"/start {word}")
    bot.writes(5, "/help")
    wait_until(lambda: len(bot.messages) == 2, daemon.log)
    assert {row["chat_id"] for row in bot.messages} == {5} and address(site, "anna") == "5"
    assert word not in daemon.log()


def test_done_is_pressed_and_everybody_sees_it(site, bot, start):
    use_telegram(site, bot)
    daemon, number = remind(site, start, bot, title="Visit of the delegation")
    keys = buttons(bot.messages[number - 1])
    assert list(keys)[0] == "Done" and all(len(data.encode()) <= 64 for data in keys.values())
    press = bot.presses(5, number, keys["Done"])
    wait_until(lambda: [text for key, text in bot.answers if key == press], daemon.log)
    assert "done" in bot.answers[0][1].lower()
    assert status(site, "visit") == "done" and ledger(site, "done") == [("anna", "telegram")]
    wait_until(lambda: all(row["text"].startswith("Done: Visit of the delegation") for row in bot.messages), daemon.log)
    assert not any(buttons(row) for row in bot.messages)
    bot.presses(5, number, keys["Done"])
    wait_until(lambda: len(bot.answers) == 2, daemon.log)
    assert ledger(site, "done") == [("anna", "telegram")]


def test_presses_without_end_keep_nobody_waiting(site, bot, start):
    use_telegram(site, bot, connections=1)
    daemon, number = remind(site, start, bot)
    keys = buttons(bot.messages[number - 1])
    presses = [bot.presses(5, number, keys["Done"]) for _ in range(300)]
    site.add_due_task("second", "boris", title="Second")
    wait_until(lambda: any("Second" in row["text"] for row in bot.messages), daemon.log)
    wait_until(lambda: len(bot.answers) >= 300, daemon.log)
    assert [key for key, _ in bot.answers] == presses and ledger(site, "done") == [("anna", "telegram")]


def test_a_stranger_learns_nothing_and_does_nothing(site, bot, start):
    use_telegram(site, bot)
    daemon, number = remind(site, start, bot)
    done = buttons(bot.messages[number - 1])["Done"]
    alone = bot.presses(7, number, done)
    others = bot.presses(7, number, done, chat=5)  # the chat of somebody else
    group = bot.presses(7, number, done, chat=-100)  # a group that nobody here knows
    bot.writes(7, "/today")
    gone = bot.presses(5, number, "d 999 2025-06-15")
    wait_until(lambda: len(bot.answers) == 4, daemon.log)
    words = dict(bot.answers)
    assert words == {alone: "", others: "Only people of the plan can press this.", group: "", gone: words[gone]}
    assert status(site, "visit") == "open" and len(bot.messages) == 2


def test_the_task_is_moved_elsewhere_and_the_message_follows(site, bot, start):
    use_telegram(site, bot)
    daemon, number = remind(site, start, bot, title="Visit")
    site.ctl("edit", "visit", "--when", "2031-07-20")
    wait_until(lambda: "20, 2031" in bot.messages[number - 1]["text"], daemon.log)
    assert "2031-07-20" in buttons(bot.messages[number - 1])["Done"]
    site.ctl("cancel", "visit")
    wait_until(lambda: "Cancelled" in bot.messages[number - 1]["text"], daemon.log)
    assert not buttons(bot.messages[number - 1])


def test_the_task_is_deleted_and_the_message_says_so(site, bot, start):
    use_telegram(site, bot)
    daemon, number = remind(site, start, bot, title="Visit")
    site.sql("DELETE FROM task WHERE uid = 'visit'")
    wait_until(lambda: all(row["text"].startswith("Not in the plan any more: Visit") for row in bot.messages), daemon.log)
    assert not any(buttons(row) for row in bot.messages)


def test_the_date_of_a_window_is_set_in_three_messages(site, bot, start):
    use_telegram(site, bot)
    add_people(site, "telegram", language="ru", anna="5")
    site.ctl("add", "Приём делегации", "--uid", "visit", "--when", "2031-06", "--people", "anna")
    daemon = start(site)
    bot.writes(5, "/task visit")
    wait_until(lambda: bot.messages, daemon.log)
    keys = buttons(bot.messages[0])
    ask = next(data for data in keys.values() if data.startswith("s "))
    bot.presses(5, 1, ask)
    wait_until(lambda: len(bot.messages) == 2 and bot.answers, daemon.log)
    bot.writes(5, "в четверг после дождичка")
    wait_until(lambda: len(bot.messages) == 3, daemon.log)
    assert not buttons(bot.messages[2])
    bot.writes(5, "15 июня")
    wait_until(lambda: len(bot.messages) == 4, daemon.log)
    assert "15 июня 2031" in bot.messages[3]["text"]
    yes = next(data for data in buttons(bot.messages[3]).values() if data.startswith("y "))
    assert site.sql("SELECT precision FROM task") == [("month",)]
    bot.presses(5, 4, yes)
    wait_until(lambda: site.sql("SELECT start_local FROM task") == [("2031-06-15",)], daemon.log)
    assert ("anna", "telegram") in ledger(site, "move")


@pytest.mark.parametrize("language, words", [("en", "/today"), ("ru", "план"), ("zh", "今"), ("de", "heute")])
def test_commands_are_answered_in_the_persons_language(site, bot, start, language, words):
    use_telegram(site, bot)
    add_people(site, "telegram", language=language, anna="5")
    daemon = start(site)
    for command in ("/help", "/today", "/week@Office_bot", "/task nothing"):
        bot.writes(5, command)
    wait_until(lambda: len(bot.messages) == 4, daemon.log)
    assert words in " ".join(row["text"] for row in bot.messages).lower()
    site.ctl("add", "Fair in Harbin", "--uid", "fair", "--when", "2031-06-15", "--people", "anna")
    bot.writes(5, "/task fair")
    wait_until(lambda: len(bot.messages) == 5, daemon.log)
    assert "Fair in Harbin" in bot.messages[4]["text"] and buttons(bot.messages[4])


def test_killed_at_any_time_it_hears_everything_once(site, bot, start):
    use_telegram(site, bot)
    daemon, number = remind(site, start, bot)
    done = buttons(bot.messages[number - 1])["Done"]
    bot.presses(5, number, done)
    daemon.process.kill()
    daemon.process.wait()
    bot.presses(6, 1 if number == 2 else 2, done)
    daemon = start(site)
    wait_until(lambda: status(site, "visit") == "done", daemon.log)
    bot.wait_poll()
    wait_until(lambda: not bot.updates.kept, daemon.log)
    assert len(ledger(site, "done")) == 1
    daemon.stop()
    before = len(bot.polled)
    daemon = start(site)
    wait_until(lambda: len(bot.polled) > before, daemon.log)
    assert bot.polled[-1]["offset"] == str(bot.updates.next)


def test_another_program_listens_and_the_operator_hears_of_it(site, bot, start):
    site.daemon_settings["operator"] = "chief"
    use_telegram(site, bot)
    site.add_person("chief", "chief@example.org")
    bot.webhook = True
    daemon = start(site)
    wait_until(lambda: site.mails_about("another program"), daemon.log)
    wait_until(lambda: len(bot.polled) >= 2, daemon.log)
    assert len(site.mails_about("another program")) == 1
    assert not any("heard" in words for words in site.status()["warnings"])  # that takes minutes
    site.sql("INSERT INTO meta VALUES ('unheard telegram', (strftime('%s') - 400) || ' HTTP 409: webhook')")
    [words] = [words for words in site.status()["warnings"] if "heard" in words]
    assert re.fullmatch(r"what people write on channel telegram has not been heard for 6 min 4\d s: HTTP 409: webhook", words)
    [known] = [row for row in site.status()["channels"] if row["name"] == "telegram"]
    assert known["unheard_since"] and known["unheard_reason"] == "HTTP 409: webhook"
    assert "not heard for 6 min" in site.ctl("status", status=1)
    bot.webhook = False
    bot.wait_poll()
    bot.writes(7, "hello")  # which ends the call that is held
    wait_until(lambda: not any("heard" in words for words in site.status()["warnings"]), daemon.log)


def test_who_blocks_the_bot_is_reached_elsewhere(site, bot, start):
    site.daemon_settings["operator"] = "chief"
    use_telegram(site, bot)
    site.policies["default"]["channels"] = "first that works: telegram, email"
    site.write_config()
    site.import_text("people.csv", "id,name,language,zone,telegram,email\nanna,Anna,en,Asia/Sakhalin,5,anna@example.org\n"
                                   "chief,Chief,en,Asia/Sakhalin,,chief@example.org\n")
    daemon = start(site)
    bot.wait_poll()
    bot.blocks(5)
    wait_until(lambda: site.sql("SELECT reason FROM suspension WHERE reason IS NOT NULL"), daemon.log)
    site.add_due_task("visit", "anna", title="Visit")
    wait_until(lambda: [mail for mail in site.mails_about("Visit") if "anna@example.org" in mail["To"]], daemon.log)
    assert not bot.messages
    wait_until(lambda: [mail for mail in site.mails() if "chief@example.org" in mail["To"]], daemon.log)
    assert "anna" in site.ctl("status")
    bot.unblocks(5)
    wait_until(lambda: not site.sql("SELECT reason FROM suspension WHERE reason IS NOT NULL"), daemon.log)
    site.add_due_task("second", "anna", title="Second")
    wait_until(lambda: bot.messages, daemon.log)


def test_who_blocks_the_only_bot_is_named_and_reached_once_back(site, bot, start):
    site.daemon_settings["operator"] = "chief"
    use_telegram(site, bot)
    add_people(site, "telegram", anna="5", chief="6")
    daemon = start(site)
    bot.wait_poll()
    bot.blocks(5)
    wait_until(lambda: site.sql("SELECT reason FROM suspension WHERE reason IS NOT NULL"), daemon.log)
    site.add_due_task("visit", "anna", title="Visit")
    wait_until(lambda: [row for row in bot.messages if "did not reach" in row["text"]], daemon.log)
    [notice] = [row["text"] for row in bot.messages if "did not reach" in row["text"]]
    assert "whose address on telegram is suspended" in notice and "no address" not in notice and "Import" not in notice
    assert "not sent: address suspended" in site.ctl("why", "visit")
    [words] = [words for words in site.status()["warnings"] if "reached nobody" in words]
    assert "visit to anna, address suspended" in words
    bot.unblocks(5)
    wait_until(lambda: [row for row in bot.messages if row["text"].startswith("Visit")], daemon.log)
    assert site.status()["unreached"] == 0


def test_a_group_that_became_another_is_followed(site, bot, start):
    use_telegram(site, bot)
    add_people(site, "telegram", anna="-5")
    bot.chats["-5"] = "upgraded"
    site.add_due_task("visit", "anna")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    assert address(site, "anna") != "-5" and len(bot.messages) == 1


def test_max_is_spoken_to_by_the_same_code(site, max_bot, start):
    use_max(site, max_bot)
    site.add_person("anna", "anna@example.org", language="ru")
    daemon = start(site)
    max_bot.wait_poll()
    max_bot.starts(5, invite(site, "anna", "max"))
    wait_until(lambda: address(site, "anna", "max") == "5", daemon.log)
    wait_until(lambda: max_bot.messages, daemon.log)
    site.add_due_task("visit", "anna", title="Визит")
    wait_until(lambda: len(max_bot.messages) == 2, daemon.log)
    done = next(data for data in buttons(max_bot.messages[1]).values() if data.startswith("d "))
    press = max_bot.presses(5, "mid.2", done)
    wait_until(lambda: max_bot.answers, daemon.log)
    assert max_bot.answers[0][0] == press and status(site, "visit") == "done"
    wait_until(lambda: max_bot.messages[1]["text"].startswith("Выполнено: Визит"), daemon.log)
    assert not buttons(max_bot.messages[1])
    max_bot.blocks(5)
    wait_until(lambda: site.sql("SELECT 1 FROM suspension WHERE channel = 'max' AND reason IS NOT NULL"), daemon.log)


def test_another_bot_under_the_same_name_is_heard_from_its_beginning(site, bot, start):
    use_telegram(site, bot)
    add_people(site, "telegram", anna="5")
    daemon = start(site)
    bot.writes(5, "/help")
    wait_until(lambda: bot.messages, daemon.log)
    bot.wait_poll()
    assert daemon.stop() == 0
    other_token = TOKEN.replace("987654321:", "123456789:")
    with TelegramBot(tokens={other_token}) as other:
        use_telegram(site, other)
        site.channels["telegram"]["token"] = site.secret("other", other_token)
        site.write_config()
        other.writes(5, "/help")  # its number is the one that the first bot had heard
        daemon = start(site)
        wait_until(lambda: other.messages, daemon.log)
        other.wait_poll()
        assert "offset" not in other.polled[0] and "offset" in other.polled[-1]
        assert not any(secret in str(site.sql("SELECT * FROM channel")) for secret in (TOKEN, other_token))
        daemon.stop()
        daemon = start(site)
        other.wait_poll()
        assert all("offset" in row for row in other.polled[1:]) and len(other.messages) == 1


def test_without_updates_nobody_is_asked_and_no_button_is_shown(site, bot, start):
    use_telegram(site, bot, updates="no")
    add_people(site, "telegram", anna="5")
    site.add_due_task("visit", "anna")
    daemon = start(site)
    wait_until(lambda: bot.messages, daemon.log)
    assert not bot.polled and not buttons(bot.messages[0])
