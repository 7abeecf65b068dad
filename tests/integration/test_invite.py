"""Invitations to a messenger on which people can answer, as deadlinectl prints them."""
import hashlib
import re
import sqlite3

import pytest

from harness import deadlinectl

LINK = r"https://t\.me/city_bot\?start=([A-Za-z0-9_-]{22})"


@pytest.fixture
def office(site):
    token = site.secret("token", "123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI")
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": token, "bot": "city_bot",
                                 "updates": "yes"}
    site.channels["quiet"] = {"type": "http", "preset": "telegram", "token": token, "bot": "city_bot"}
    site.write_config()
    site.add_person("anna", "anna@example.org")
    return site


def rows(site, query):
    with sqlite3.connect(site.database) as connection:
        return connection.execute(query).fetchall()


def invite(site, *arguments):
    lines = site.ctl("people", "invite", "anna", *arguments).splitlines()
    assert re.fullmatch("For anna alone, once, until .*", lines[1])
    return re.fullmatch(LINK, lines[0]).group(1)


def test_invitation_is_kept_as_a_hash_and_until_the_next_one(office):
    word = invite(office)
    [(kept, person, channel)] = rows(office, "SELECT hash, person, channel FROM invite")
    assert (kept, person, channel) == (hashlib.sha256(word.encode()).hexdigest(), "anna", "telegram")
    assert word.encode() not in office.database.read_bytes()
    other = invite(office, "--channel", "telegram", "--for", "2d")
    assert other != word
    assert [row[0] for row in rows(office, "SELECT hash FROM invite")] == [hashlib.sha256(other.encode()).hexdigest()]
    ledger = rows(office, "SELECT person, detail, through FROM ledger WHERE action = 'invite'")
    assert ledger == [("anna", "telegram", "deadlinectl")] * 2


@pytest.mark.parametrize("arguments, status, words", [
    (("invite", "nobody"), 65, "there is no 'nobody'"),
    (("invite", "anna", "--channel", "quiet"), 78, "set updates = yes"),
    (("invite", "anna", "--channel", "email"), 78, "nobody hears what is answered on 'email'"),
    (("invite", "anna", "--channel", "telegraph"), 65, "there is no channel 'telegraph'"),
    (("invite", "anna", "--for", "soon"), 64, "--for"),
    (("invite", "anna", "--for", "5s"), 64, "--for"),
    (("invite", "anna", "--json"), 64, "--json goes with the list"),
    (("invite",), 64, "people invite ID"),
    (("anna",), 64, "people invite ID"),
    (("--for", "2d"), 64, "go with people invite ID"),
])
def test_what_cannot_be_is_said_and_changes_nothing(office, arguments, status, words):
    result = deadlinectl("-c", office.config, "people", *arguments)
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert rows(office, "SELECT * FROM invite") == []


def test_who_left_is_not_invited(office):
    office.sql("UPDATE person SET active = 0")
    result = deadlinectl("-c", office.config, "people", "invite", "anna")
    assert result.returncode == 65 and "is not active" in result.stderr


def test_without_the_name_of_the_bot_there_is_no_link(office):
    del office.channels["telegram"]["bot"]
    office.write_config()
    result = deadlinectl("-c", office.config, "people", "invite", "anna")
    assert result.returncode == 78 and "bot" in result.stderr
    assert rows(office, "SELECT * FROM invite") == []


def test_several_channels_ask_for_one(office):
    office.channels["quiet"]["updates"] = "yes"
    office.write_config()
    result = deadlinectl("-c", office.config, "people", "invite", "anna")
    assert result.returncode == 64 and "--channel NAME" in result.stderr


def test_people_alone_lists_them(office):
    assert "anna@example.org" in office.ctl("people")
