"""Looking ahead with plan, back with why, and into policies: what they say is what the daemon does and did."""
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from harness import ROOT, SAKHALIN, Site, deadlined, deadlinectl, stay_within_an_hour, wait_until

PEOPLE = """id,name,language,zone,email
protocol,Протокольный отдел,ru,Asia/Sakhalin,protocol@example.org
school,黑河市第五学校,zh,Asia/Shanghai,school@example.org
press,Press desk,en,Europe/Moscow,press@example.org
"""
TASKS = """uid,title,when,zone,place,policy,people,note
visit,Приезд школьников из Хэйхэ,апрель-май 2025,Asia/Sakhalin,Южно-Сахалинск,visit,protocol school,
forum,Деловой форум,2025-06-18,Asia/Sakhalin,Южно-Сахалинск,visit,protocol press,
"""
KEYS = {"at", "task", "occurrence", "step", "person", "channel", "language", "state", "reason"}
YEAR = ("--from", "2025-01-01", "--to", "2025-12-31")


@pytest.fixture
def office(folder):
    site = Site(folder)
    site.daemon_settings["calendars"] = ROOT / "config" / "calendars"
    site.policies["visit"] = {"remind": ["30d 7d before start at 09:00", "3d before start in digest", "1d before start at 23:00"],
                              "overdue": "1d after end at 10:00", "channels": "email"}
    site.write_config()
    site.import_text("people.csv", PEOPLE)
    site.import_text("tasks.csv", TASKS)
    site.sql("UPDATE person SET quiet = '22:00-08:00' WHERE id = 'protocol'")
    return site


def fingerprint(site):
    """Of the database and what has not been moved into it yet."""
    files = [site.database, site.database.with_name(site.database.name + "-wal")]
    return [hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest() for path in files]


def leaving(rows):
    return [row for row in rows if row["state"] in ("planned", "held")]


def step_of(rows, step, **wanted):
    return [row for row in rows if row["step"] == step and all(row[key] == value for key, value in wanted.items())]


# ---- plan -----------------------------------------------------------------------------------------------------------

def test_a_line_says_everything_in_the_time_of_its_recipient(office):
    rows = office.ctl_json("plan", *YEAR)
    assert rows and all(set(row) == KEYS for row in rows)
    assert step_of(rows, "30d before start at 09:00", task="visit", person="school") == [
        {"at": "2025-03-02T09:00:00+08:00", "task": "visit", "occurrence": "2025-04-01/2025-05-31",
         "step": "30d before start at 09:00", "person": "school", "channel": "email", "language": "zh",
         "state": "planned", "reason": ""}]
    assert step_of(rows, "overdue 1d after end at 10:00", person="press")[0]["at"] == "2025-06-19T10:00:00+03:00"


def test_what_is_held_leaves_when_quiet_hours_end(office):
    rows = office.ctl_json("plan", *YEAR, "--task", "forum")
    planned, held = step_of(rows, "1d before start at 23:00")
    assert (held["person"], held["state"], held["reason"]) == ("protocol", "held", "quiet hours")
    assert held["at"] == "2025-06-18T08:00:00+11:00"
    assert (planned["person"], planned["state"]) == ("press", "planned")
    assert "held until then: quiet hours" in office.ctl("plan", *YEAR)


def test_what_is_dropped_says_why(office):
    rows = step_of(office.ctl_json("plan", *YEAR), "3d before start")
    assert len(rows) == 4 and {(row["state"], row["reason"]) for row in rows} == {("dropped", "only in the digest")}


def test_a_deputy_hears_in_place_of_the_absent(office):
    office.sql("INSERT INTO deputy VALUES ('protocol', 'press', '2025-06-01', '2025-06-30')")
    rows = office.ctl_json("plan", *YEAR, "--task", "forum")
    assert {row["person"] for row in rows if row["at"] > "2025-06-02"} == {"press"}
    assert "stands in for protocol" in office.ctl("plan", *YEAR)


def test_plan_rehearsal_and_the_mails_agree(office):
    rows = leaving(office.ctl_json("plan", *YEAR))
    result = deadlined("-c", office.config, "--rehearse", "2025-01-01..2025-12-31", "--deliver")
    assert result.returncode == 0, result.stderr
    for row in rows:
        words = [*row["at"][:16].split("T"), row["person"], row["channel"], row["language"], *row["step"].split(), row["task"]]
        lines = [line.split() for line in result.stdout.splitlines()]
        assert words in [line[:2] + line[3:] for line in lines], row  # the zone stands between
    mails = [(mail["To"].addresses[0].username, parsedate_to_datetime(mail["Date"]).timestamp()) for mail in office.mails()]
    assert sorted(mails) == sorted((row["person"], datetime.fromisoformat(row["at"]).timestamp()) for row in rows)


def test_the_filters_only_choose_lines(office):
    rows = office.ctl_json("plan", *YEAR)
    for option, key, value in (("--person", "person", "protocol"), ("--task", "task", "forum")):
        assert office.ctl_json("plan", *YEAR, option, value) == [row for row in rows if row[key] == value]
    days = office.ctl_json("plan", "--from", "2025-06-11", "--to", "2025-06-17")
    assert {row["at"][:10] for row in days} == {"2025-06-11", "2025-06-15"}, "by the days of the office, in Sakhalin"


def test_nothing_is_changed(office):
    office.ctl("plan")  # whoever looks at it first, sqlite makes its files beside it
    before = fingerprint(office)
    for arguments in (("plan", *YEAR), ("plan",), ("why", "visit"), ("policy", "visit", "--for", "forum")):
        office.ctl(*arguments)
    assert fingerprint(office) == before
    assert not office.maildir.exists() or office.mails() == []


def test_the_next_thirty_days_are_shown_if_nothing_is_asked_for(office):
    today = datetime.now(SAKHALIN).date()
    for uid, days in (("near", 20), ("far", 50)):
        office.ctl("add", uid, "--uid", uid, "--when", (today + timedelta(days)).isoformat(), "--people", "school",
                   "--policy", "visit")
    assert {row["task"] for row in office.ctl_json("plan")} == {"near", "far"}
    assert {row["step"] for row in office.ctl_json("plan", "--task", "far")} == {"30d before start at 09:00"}
    assert office.ctl("plan", "--to", (today + timedelta(1)).isoformat()) == "Nothing will be sent.\n"


def test_what_was_sent_today_is_not_planned_again(office, start):
    stay_within_an_hour()
    office.add_due_task("now", "press", "school")
    daemon = start(office)
    wait_until(lambda: len(office.queue(state="sent")) == 2, daemon.log)
    assert office.ctl_json("plan", "--task", "now") == []
    office.sql("UPDATE message SET state = 'pending', not_before = not_before + 86400 WHERE person = 'press'")
    assert [(row["person"], row["state"]) for row in office.ctl_json("plan", "--task", "now")] == [("press", "planned")]


@pytest.mark.parametrize("arguments,status,words", [
    (("--from", "tomorrow"), 64, "2025-04-01"),
    (("--from", "2025-04-01T10:00"), 64, "2025-04-01"),
    (("--from", "2025-04-02", "--to", "2025-04-01"), 64, "--to lies before --from"),
    (("--task", "foru"), 65, "did you mean 'forum'?"),
    (("--person", "pres"), 65, "did you mean 'press'?"),
])
def test_a_wrong_question_is_no_empty_answer(office, arguments, status, words):
    result = deadlinectl("-c", office.config, "plan", *arguments)
    assert result.returncode == status and words in result.stderr and result.stdout == ""


# ---- why ------------------------------------------------------------------------------------------------------------

def kinds(rows, kind):
    return [row for row in rows if row["kind"] == kind]


def test_the_story_of_a_task(office, start):
    office.sql("UPDATE address SET address = 'press@example.org' WHERE person = 'press'")
    office.add_due_task("now", "press", "school")
    daemon = start(office)
    wait_until(lambda: len(office.queue(state="sent")) == 2, daemon.log)
    office.ctl("done", "now")
    rows = office.ctl_json("why", "now")
    assert {row["person"] for row in kinds(rows, "step")} == {"press", "school"}
    changes = {row["action"]: row for row in kinds(rows, "change")}
    assert changes["add"]["through"] == "sql" and changes["done"]["through"] == "deadlinectl" and changes["done"]["who"]
    told = kinds(rows, "reminder")
    assert [row["state"] for row in told] == ["sent", "sent"]
    assert all(row["attempts"][0]["outcome"] == "accepted" and row["attempts"][0]["reply"] for row in told)
    assert kinds(rows, "next") == []
    text = office.ctl("why", "now")
    for words in ("Steps of the policy default", "added the task", "to press by email: sent; attempt 1 at", "accepted",
                  "marked it as done", "nothing within a year: the task is done"):
        assert words in text, text


def test_the_story_of_one_person(office, start):
    office.add_due_task("now", "press", "school")
    daemon = start(office)
    wait_until(lambda: len(office.queue(state="sent")) == 2, daemon.log)
    rows = office.ctl_json("why", "now", "press")
    assert {row["person"] for row in kinds(rows, "step") + kinds(rows, "reminder")} == {"press"}
    assert "school" not in office.ctl("why", "now", "press")


def test_a_reminder_that_was_missed_says_so_beside_its_hold(office, start):
    office.add_due_task("now", "press")
    daemon = start(office)
    wait_until(lambda: len(office.queue(state="sent")) == 1, daemon.log)
    missed = "in a message of what was missed while the daemon was off"
    assert missed not in office.ctl("why", "now")
    assert [row["message_kind"] for row in kinds(office.ctl_json("why", "now"), "reminder")] == ["single"]
    office.sql("UPDATE message SET kind = 'catch_up'")
    office.sql("UPDATE reminder SET held = 'quiet hours'")
    assert f"sent, {missed}, held (quiet hours)" in office.ctl("why", "now")
    assert [row["message_kind"] for row in kinds(office.ctl_json("why", "now"), "reminder")] == ["catch_up"]


def test_why_somebody_was_not_told(office):
    office.add_due_task("now", "press")
    office.sql("DELETE FROM address WHERE person = 'press'")
    office.sql("INSERT INTO silence (person, until_utc, reason, author) VALUES ('school', 4000000000, 'holidays', 'olga')")
    office.sql("INSERT INTO part (task, person) SELECT id, 'school' FROM task WHERE uid = 'now'")
    rows = office.ctl_json("why", "now")
    assert [row["detail"] for row in kinds(rows, "change") if row["action"] == "silence"] == ["holidays"]
    assert "olga silenced it for school: holidays" in office.ctl("why", "now")


def test_what_comes_next(office):
    day = (datetime.now(SAKHALIN).date() + timedelta(20)).isoformat()
    office.ctl("add", "Soon", "--uid", "soon", "--when", day, "--people", "protocol", "--policy", "visit")
    rows = kinds(office.ctl_json("why", "soon"), "next")
    assert [row["step"] for row in rows] == ["7d before start at 09:00", "3d before start", "1d before start at 23:00",
                                             "overdue 1d after end at 10:00"]
    assert [row["state"] for row in rows] == ["planned", "dropped", "held", "planned"]
    plan = office.ctl_json("plan", "--to", (datetime.now(SAKHALIN).date() + timedelta(40)).isoformat(), "--task", "soon")
    assert [row["at"] for row in plan] == [row["at"] for row in rows]
    text = office.ctl("why", "soon")
    assert "7d before start at 09:00 to protocol by email: planned" in text and "held, quiet hours" in text


def test_what_comes_next_to_somebody_without_an_address_names_no_channel(office):
    day = (datetime.now(SAKHALIN).date() + timedelta(20)).isoformat()
    office.sql("DELETE FROM address WHERE person = 'press'")
    office.ctl("add", "Soon", "--uid", "soon", "--when", day, "--people", "press", "--policy", "visit")
    assert "7d before start at 09:00 to press: dropped, no address" in office.ctl("why", "soon")


def test_the_deputy_is_in_the_story_of_the_absent(office):
    day = datetime.now(SAKHALIN).date() + timedelta(20)
    office.sql("INSERT INTO deputy VALUES ('protocol', 'press', '2025-01-01', '2099-12-31')")
    office.ctl("add", "Soon", "--uid", "soon", "--when", day.isoformat(), "--people", "protocol", "--policy", "visit")
    rows = kinds(office.ctl_json("why", "soon", "protocol"), "next")
    assert rows and {(row["person"], row["deputy_for"]) for row in rows} == {("press", "protocol")}
    assert "to press by email, who stands in for protocol" in office.ctl("why", "soon", "protocol")


def test_names_that_nobody_has(office):
    assert office.ctl("why", "forun", status=65) == ""
    assert office.ctl("why", "forum", "nobody", status=65) == ""
    office.ctl("why", status=64)


# ---- policy ---------------------------------------------------------------------------------------------------------

def test_policies_are_listed(office):
    assert {(row["policy"], row["steps"]) for row in office.ctl_json("policy")} == {("default", 1), ("visit", 5)}
    assert "default" in office.ctl("policy")


def test_a_policy_in_words(office):
    text = office.ctl("policy", "visit")
    for words in ("reminds 30 days before the start at 09:00", "says that it is overdue 1 day after the end at 10:00",
                  "only in the digest", "responsible, participant"):
        assert words in text
    steps = {row["step"]: row for row in office.ctl_json("policy", "visit")}
    assert len(steps) == 5 and steps["3d before start"]["only_in_digest"] is True
    assert steps["7d before start at 09:00"]["channels"] == ["email"]


def test_the_instants_of_a_policy_for_a_task(office):
    rows = office.ctl_json("policy", "visit", "--for", "forum")
    assert {row["person"] for row in rows} == {"protocol", "press"}
    at = {row["step"]: row["at"] for row in rows if row["person"] == "press"}
    assert at["7d before start at 09:00"] == "2025-06-11T09:00:00+03:00"
    assert at["overdue 1d after end at 10:00"] == "2025-06-19T10:00:00+03:00"
    assert json.dumps(rows).count("overdue") == 2


def test_a_policy_that_is_not_there(office):
    assert office.ctl("policy", "visi", status=65) == ""
    assert office.ctl("policy", "visit", "--for", "nothing", status=65) == ""
    office.ctl("policy", "--for", "forum", status=64)


# ---- an upgrade that the daemon has not made yet ---------------------------------------------------------------------

def test_plan_and_why_read_a_database_of_an_older_version(folder):
    site = Site(folder)
    site.write_config()
    with closing(sqlite3.connect(site.database)) as old:
        old.executescript((ROOT / "tests" / "unit" / "store" / "schema-1.sql").read_text(encoding="utf-8"))
    [(uid, )] = site.sql("SELECT uid FROM task ORDER BY id LIMIT 1")
    before = fingerprint(site)
    assert site.ctl("list", status=65) == ""
    site.ctl("plan")
    assert "What happened" in site.ctl("why", uid)
    assert fingerprint(site) == before
