"""The first channel that works: a bot that refuses, is down or comes back, and mail behind it."""
import time

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
