"""The first channel that works: a bot that refuses, is down or comes back, and mail behind it."""
import time
from datetime import datetime

import pytest
from telegram_server import TelegramServer

from harness import deadlined, wait_until

TOKEN = "987654321:AAF-integration_Test_token0123456789xy"
FIRST = "first that works: telegram, email, next after 1h"


@pytest.fixture
def bot():
    with TelegramServer(tokens={TOKEN}) as server:
        yield server


@pytest.fixture
def two(site, bot):
    """A site with mail and a bot, whose people have both."""
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": site.secret("token", TOKEN),
                                 "base_url": bot.url}
    site.policies["default"]["channels"] = FIRST
    site.write_config()
    site.import_text("people.csv", "id,name,language,zone,telegram,email\n"
                                   "anna,Anna,en,Asia/Sakhalin,1,anna@example.org\n"
                                   "boris,Boris,en,Asia/Sakhalin,2,boris@example.org\n")
    return site


def told(site, person):
    """"telegram=dead email=sent": the person's messages."""
    return " ".join(f"{row['channel']}={row['state']}" for row in site.queue() if row["person"] == person)


def test_who_blocked_the_bot_gets_a_mail_and_the_others_a_message(two, bot, start):
    bot.chats["1"] = "blocked"
    two.add_due_task("t", "anna", "boris")
    daemon = start(two)
    wait_until(lambda: told(two, "anna") == "telegram=dead email=sent", daemon.log)
    wait_until(lambda: told(two, "boris") == "telegram=sent", daemon.log)
    assert len(two.mails()) == 1
    lines = two.ctl("why", "t", "anna")
    assert "by telegram: given up: refused for good" in lines and "by email: sent" in lines


def test_three_refusals_suspend_that_address_alone(two, bot, start):
    bot.chats["1"] = "blocked"
    daemon = start(two)
    for n in (1, 2, 3):
        two.add_due_task(f"t{n}", "anna")
        wait_until(lambda n=n: told(two, "anna") == " ".join(["telegram=dead email=sent"] * n), daemon.log)
    two.add_due_task("t4", "anna")
    wait_until(lambda: told(two, "anna").endswith("email=sent email=sent"), daemon.log)
    [row] = two.status()["suspended_addresses"]
    assert (row["person"], row["channel"]) == ("anna", "telegram") and "blocked by the user" in row["reason"]
    assert "  suspended  anna on telegram since " in two.ctl("status", status=None)


def test_a_bot_that_is_busy_for_long_gives_way_to_mail(two, bot, start):
    bot.limit(times=9, retry_after=7200)
    two.add_due_task("t", "anna")
    daemon = start(two)
    wait_until(lambda: two.tried(), daemon.log)
    assert told(two, "anna") == "telegram=pending" and two.mails() == []
    two.sql("UPDATE message SET next_channel_utc = ?", int(time.time()))
    wait_until(lambda: told(two, "anna") == "telegram=cancelled email=sent", daemon.log)
    assert {row["reason"] for row in two.queue(state="cancelled")} == {"sent by email instead"}
    assert "not sent: sent by email instead" in two.ctl("why", "t")


def test_where_a_message_turns_to_and_when_is_shown(two, bot, start):
    bot.limit(times=99, retry_after=7200)
    two.add_due_task("t", "anna", "boris")
    two.import_text("own.csv", "id,name,channels\nboris,Boris,telegram\n")
    daemon = start(two)
    wait_until(lambda: len(two.tried()) == 2, daemon.log)
    rows = {row["person"]: row for row in two.queue()}
    assert rows["anna"]["turns_to"] == ["email"]
    [(until,)] = two.sql("SELECT next_channel_utc FROM message WHERE person = 'anna'")
    at = datetime.fromisoformat(rows["anna"]["turns_at"])
    assert at.timestamp() == until
    assert (rows["boris"]["turns_to"], rows["boris"]["turns_at"]) == ([], None)
    words = f"turns to email at {at:%Y-%m-%d %H:%M}"
    for lines in (two.ctl("queue"), two.ctl("show", "t"), two.ctl("why", "t")):
        assert lines.count("turns to ") == 1 and words in lines
    assert [row["turns_to"] for row in two.ctl_json("why", "t", "anna") if row["kind"] == "reminder"] == [["email"]]
    [shown] = two.ctl_json("show", "t")
    assert sorted(row["turns_to"] for row in shown["messages"]) == [[], ["email"]]

    assert daemon.stop() == 0
    two.sql("UPDATE message SET next_channel_utc = 0 WHERE next_channel_utc IS NOT NULL")
    assert "turns to email at once" in two.ctl("queue")
    two.sql("UPDATE brake SET tripped_utc = ? WHERE scope = 'channel' AND name = 'telegram'", int(time.time()))
    assert "turns to email once the brake lets go" in two.ctl("queue")
    assert {row["turns_at"] for row in two.queue()} == {None}
    two.sql("UPDATE brake SET tripped_utc = NULL")
    two.sql("DELETE FROM address WHERE person = 'anna' AND channel = 'email'")
    assert "turns to" not in two.ctl("queue")
    daemon = start(two)
    wait_until(lambda: two.sql("SELECT 1 FROM message WHERE next_channel_utc > 0"), daemon.log)
    assert "turns to" not in two.ctl("queue")


def test_an_own_choice_goes_before_the_policy(two, bot, start):
    two.import_text("own.csv", "id,name,channels\nanna,Anna,email\nboris,Boris,\"telegram, email\"\n")
    two.add_due_task("t", "anna", "boris")
    daemon = start(two)
    wait_until(lambda: told(two, "anna") == "email=sent", daemon.log)
    wait_until(lambda: sorted(told(two, "boris").split()) == ["email=sent", "telegram=sent"], daemon.log)
    assert [person["channels"] for person in two.ctl_json("people")] == ["email", "telegram, email"]


@pytest.mark.parametrize("channels, words", [
    ("first that works: telegram, emial", "there is no [channel emial], did you mean 'email'?"),
    ("first that works:", "name the channels"),
    ("telegram, email, next after 30m", "needs 'first that works:'"),
    ("first that works: telegram, email, next after 30", "next after:"),
])
def test_check_names_the_line_of_a_mistake(two, channels, words):
    two.policies["default"]["channels"] = channels
    two.write_config()
    line = two.config.read_text(encoding="utf-8").splitlines().index(f"channels = {channels}") + 1
    done = deadlined("--check", "-c", str(two.config))
    assert done.returncode == 78
    assert any(f":{line}: channels: " in said and words in said for said in done.stdout.splitlines()), done.stdout


def test_policy_shows_the_order(two):
    assert FIRST in two.ctl("policy")
    [row] = [row for row in two.ctl_json("policy") if row["policy"] == "default"]
    assert (row["channels"], row["first_that_works"], row["next_after_s"]) == (["telegram", "email"], True, 3600)
