"""Time through deadlinectl: repeats and single dates, acknowledging, snoozing, silencing, deputies, hours of people."""
import sqlite3
from datetime import date, datetime, timedelta, timezone

import pytest

from harness import ROOT, deadlined, deadlinectl

YEAR = date.today().year + 1
MONDAY = next(day for day in (date(YEAR, 1, n) for n in range(1, 8)) if day.weekday() == 0)


def week(n):
    """The n-th Monday of next year, from 0."""
    return str(MONDAY + timedelta(weeks=n))


PEOPLE = """id,name,zone,email,calendar,quiet,work,digest,ceiling
anna,Anna,Asia/Sakhalin,anna@example.org,russia,22:00-08:00,Mon-Fri 10:00-18:00,daily 09:00,5
boris,Boris,Asia/Shanghai,boris@example.org,china,,,,
vera,Vera,Europe/Moscow,vera@example.org,,,,,0
"""


@pytest.fixture
def office(site):
    """Three people and a weekly task of next year."""
    site.daemon_settings["calendars"] = ROOT / "config" / "calendars"
    site.write_config()
    csv = site.folder / "people.csv"
    csv.write_text(PEOPLE, encoding="utf-8")
    site.ctl("import", csv)
    site.ctl("add", "Weekly report", "--uid", "weekly", "--when", f"каждый понедельник в {YEAR} году",
             "--people", "responsible:anna supervisor:boris")
    return site


def sql(site, query, *values):
    with sqlite3.connect(site.database) as connection:
        return connection.execute(query, values).fetchall()


def ledger(site, action):
    """Task, person and detail of the rows; each has its author, way and instant."""
    rows = sql(site, "SELECT task, person, detail, who, through, at_utc FROM ledger WHERE action = ?", action)
    assert all(who and through == "deadlinectl" and at for *_, who, through, at in rows)
    return [row[:3] for row in rows]


def add_waiting(site, occurrence, step, person="anna", due=4000000000):
    """A reminder in a message that waits."""
    sql(site, "INSERT INTO message (person, channel, kind, state, due_utc, not_before, domain)"
              " VALUES (?, 'email', 'single', 'pending', ?, ?, 'example.org')", person, due, due)
    sql(site, "INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)"
              " SELECT id, ?, ?, ?, 'email', ?, (SELECT max(id) FROM message) FROM task WHERE uid = 'weekly'",
        occurrence, step, person, due)


def waiting(site):
    return {row[0] for row in sql(site, "SELECT step FROM reminder JOIN message m ON m.id = message"
                                        " WHERE dropped IS NULL AND m.state = 'pending'")}


def fails(site, *arguments):
    result = deadlinectl("-c", site.config, *arguments)
    assert result.returncode in (64, 65), result
    return result.stderr


# ---- tasks and people ----------------------------------------------------------------------------------------------------


def test_a_task_with_repeats_roles_and_priority_is_shown(office):
    office.ctl("edit", "weekly", "--priority", "urgent")
    task = office.ctl_json("show", "weekly")[0]
    assert task["start"] == week(0) and task["priority"] == "urgent" and "FREQ=WEEKLY" in task["rrule"]
    assert task["people"] == ["anna", "boris"]
    assert task["roles"] == {"anna": ["responsible"], "boris": ["supervisor"]}
    assert office.ctl_json("list")[0]["roles"] == task["roles"]
    text = office.ctl("show", "weekly")
    assert "anna (Anna), responsible" in text and "urgent" in text


def test_people_change_by_roles_or_by_ids(office):
    office.ctl("edit", "weekly", "--people", "vera")
    assert office.ctl_json("show", "weekly")[0]["roles"] == {
        "anna": ["responsible"], "boris": ["supervisor"], "vera": ["participant"]}
    office.ctl("edit", "weekly", "--people", "watcher:vera anna")
    assert office.ctl_json("show", "weekly")[0]["roles"] == {"anna": ["participant"], "vera": ["watcher"]}
    office.ctl("edit", "weekly", "--people", "")
    assert office.ctl_json("show", "weekly")[0]["roles"] == {}
    assert "did you mean 'supervisor'" in fails(office, "edit", "weekly", "--people", "supervsor:anna")


def test_hours_of_people_are_listed(office):
    anna, boris, _ = office.ctl_json("people")
    assert [anna[key] for key in ("calendar", "quiet", "work", "digest", "ceiling")] == [
        "russia", "22:00-08:00", "Mon-Fri 10:00-18:00", "daily 09:00", 5]
    assert (boris["calendar"], boris["quiet"], boris["ceiling"]) == ("china", "", 0)
    assert "22:00-08:00" in office.ctl("people")


@pytest.mark.parametrize("arguments,words", [
    (["--rrule", "FREQ=SOMETIMES"], "FREQ"),
    (["--when", f"{YEAR}-01-10", "--rrule", f"FREQ=WEEKLY;UNTIL={YEAR - 1}1201"], "ends before the first date"),
    (["--rrule", "FREQ=DAILY", "--when", "каждый вторник"], "repeats by itself"),
    (["--priority", "high"], "normal or urgent"),
    (["--when", "2031-06-15"], "--occurrence"),
    (["--following"], "--occurrence"),
])
def test_wrong_edits_are_refused(office, arguments, words):
    assert words in fails(office, "edit", "weekly", *arguments)
    assert "BYDAY=MO" in office.ctl_json("show", "weekly")[0]["rrule"]


def test_a_rule_is_taken_beside_a_date_and_away(office):
    office.ctl("add", "Report", "--uid", "r", "--when", f"{YEAR}-01-15", "--rrule", "FREQ=MONTHLY;COUNT=3")
    assert office.ctl_json("show", "r")[0]["rrule"] == "FREQ=MONTHLY;COUNT=3"
    office.ctl("edit", "r", "--rrule", "")
    assert office.ctl_json("show", "r")[0]["rrule"] is None


# ---- single dates ---------------------------------------------------------------------------------------------------------


def test_one_date_is_done_cancelled_or_moved(office):
    for n in range(4):
        add_waiting(office, week(n), f"step {n}")
    moved = str(date.fromisoformat(week(2)) + timedelta(days=1))
    office.ctl("done", "weekly", "--occurrence", week(0))
    office.ctl("cancel", "weekly", "--occurrence", week(1))
    assert f"moved to {moved}" in office.ctl("edit", "weekly", "--occurrence", week(2), "--when", moved)
    assert waiting(office) == {"step 3"}
    assert ledger(office, "move") == [("weekly", None, f"{week(2)} to {moved}")]
    assert office.ctl_json("show", "weekly")[0]["status"] == "open"
    # it is known by its new date, too
    office.ctl("done", "weekly", "--occurrence", moved)
    assert sql(office, "SELECT date, status FROM occurrence ORDER BY date") == [
        (week(0), "done"), (week(1), "cancelled"), (week(2), "done")]


def test_a_date_and_all_that_follow_end(office):
    for n in range(4):
        add_waiting(office, week(n), f"step {n}")
    office.ctl("cancel", "weekly", "--occurrence", week(2), "--following")
    assert waiting(office) == {"step 0", "step 1"}
    last = str(date.fromisoformat(week(2)) - timedelta(days=1)).replace("-", "")
    assert office.ctl_json("show", "weekly")[0]["rrule"].endswith(f"UNTIL={last}")
    assert ledger(office, "cancel") == [("weekly", None, f"{week(2)} and all that follow")]
    assert "no occurrence" in fails(office, "done", "weekly", "--occurrence", week(3))
    # from the first date on is the whole task
    office.ctl("done", "weekly", "--occurrence", week(0), "--following")
    assert office.ctl_json("show", "weekly")[0]["status"] == "done"


def test_a_new_task_carries_on_with_all_that_follow(office):
    add_waiting(office, week(4), "later")
    tuesday = str(date.fromisoformat(week(3)) + timedelta(days=1))
    assert "how it goes on" in fails(office, "edit", "weekly", "--occurrence", week(3), "--following", "--when", tuesday)
    assert waiting(office) == {"later"}
    told = office.ctl("edit", "weekly", "--occurrence", week(3), "--following", "--when", "каждый вторник")
    assert f"weekly-{tuesday} carries on" in told and not waiting(office)
    new = office.ctl_json("show", f"weekly-{tuesday}")[0]
    assert new["start"] == tuesday and "BYDAY=TU" in new["rrule"]
    assert new["roles"] == {"anna": ["responsible"], "boris": ["supervisor"]}
    assert "no occurrence" in fails(office, "done", "weekly", "--occurrence", week(3))


@pytest.mark.parametrize("arguments,words", [
    (["done", "weekly", "--following"], "--occurrence"),
    (["done", "weekly", "other", "--occurrence", "2031-01-01"], "one task"),
    (["done", "single", "--occurrence", f"{YEAR}-06-15"], "does not repeat"),
    (["ack", "weekly", "--occurrence", "never"], "not understood"),
    (["edit", "weekly", "--occurrence", week(0)], "--when"),
    (["edit", "weekly", "--occurrence", week(0), "--title", "T"], "--title"),
    (["edit", "weekly", "--occurrence", week(0), "--when", "каждый вторник"], "not understood"),
    (["edit", "weekly", "--occurrence", week(0), "--when", week(1)], "another date"),
])
def test_wrong_words_about_single_dates_are_refused(office, arguments, words):
    office.ctl("add", "Single", "--uid", "single", "--when", f"{YEAR}-06-15")
    assert words in fails(office, *arguments)
    assert not sql(office, "SELECT * FROM occurrence")


def test_a_series_is_listed_under_its_next_open_date(office):
    office.ctl("add", "Between", "--uid", "between", "--when", str(date.fromisoformat(week(0)) + timedelta(days=1)), "--people", "anna")
    today = datetime.now(timezone.utc).date()
    start = today - timedelta(days=70)
    office.ctl("add", "Ended", "--uid", "ended", "--when", str(start), "--rrule", "FREQ=WEEKLY;COUNT=3", "--people", "anna")
    office.ctl("add", "Long", "--uid", "long", "--when", str(start), "--rrule", "FREQ=DAILY", "--zone", "UTC", "--people", "anna")

    def listed():
        return [line.split()[:2] for line in office.ctl("list").splitlines()[1:]]

    assert listed() == [["ended", f"{start + timedelta(days=14)},"], ["long", f"{today},"], ["weekly", f"{week(0)},"],
                        ["between", str(date.fromisoformat(week(0)) + timedelta(days=1))]]
    office.ctl("done", "weekly", "--occurrence", week(0))
    assert [row[0] for row in listed()] == ["ended", "long", "between", "weekly"]
    assert f"{week(1)}, repeats (day)" in office.ctl("show", "weekly")
    shown = {task["uid"]: task for task in office.ctl_json("list")}
    assert shown["weekly"]["start"].startswith(week(0)) and shown["weekly"]["occurrence"]["start"].startswith(week(1))
    assert shown["between"]["occurrence"] is None


# ---- acknowledging, snoozing, silencing -----------------------------------------------------------------------------------


def test_an_acknowledged_date_is_not_escalated(office):
    for step in ("remind 1d before end", "overdue 1d after end", "escalate 2wd after end"):
        add_waiting(office, week(0), step)
    add_waiting(office, week(1), "overdue next")
    assert week(0) in office.ctl("ack", "weekly")
    assert waiting(office) == {"remind 1d before end", "overdue next"}
    assert "before" in office.ctl("ack", "weekly", "--occurrence", week(0))
    assert ledger(office, "ack") == [("weekly", None, week(0))]


def test_a_moved_date_is_acknowledged_where_it_is_now(office):
    moved = str(date.fromisoformat(week(0)) + timedelta(days=1))
    office.ctl("edit", "weekly", "--occurrence", week(0), "--when", moved)
    for day in (week(0), moved):
        office.ctl("ack", "weekly", "--occurrence", day)
        assert sql(office, "SELECT occurrence FROM acknowledgement") == [(moved,)]


def test_a_snooze_replaces_what_came_before_it(office):
    now = datetime.now(timezone.utc).timestamp()
    add_waiting(office, week(0), "soon", due=int(now) + 60)
    add_waiting(office, week(0), "soon for another", "boris", due=int(now) + 60)
    office.ctl("snooze", "weekly", "anna", "--until", "2h")
    steps = waiting(office)
    assert "soon" not in steps and "soon for another" in steps
    (due,) = sql(office, "SELECT due_utc FROM reminder WHERE step LIKE 'snoozed %' AND dropped IS NULL")
    assert abs(due[0] - now - 7200) < 60
    office.ctl("snooze", "weekly", "anna", "--until", "tomorrow")
    office.ctl("snooze", "weekly", "anna", "--until", "3d")
    office.ctl("snooze", "weekly", "anna", "--until", "завтра")  # the same instant again
    (due,) = sql(office, "SELECT due_utc FROM reminder WHERE step LIKE 'snoozed %' AND dropped IS NULL")
    local = datetime.fromtimestamp(due[0], timezone(timedelta(hours=11)))
    assert (local.hour, local.minute) == (10, 0) and local.weekday() < 5  # when Anna's work begins
    assert [row[:2] for row in ledger(office, "snooze")] == [("weekly", "anna")] * 4


def test_a_snooze_is_of_the_date_that_the_person_was_reminded_of(office):
    assert office.ctl("snooze", "weekly", "anna", "--until", "2h").startswith(f"weekly of {week(0)} snoozed for anna until")
    add_waiting(office, week(1), "told", due=int(datetime.now(timezone.utc).timestamp()))
    sql(office, "UPDATE message SET state = 'sent' WHERE id = (SELECT message FROM reminder WHERE step = 'told')")
    assert office.ctl("snooze", "weekly", "anna", "--until", "3h").startswith(f"weekly of {week(1)} snoozed for anna until")
    assert office.ctl("snooze", "weekly", "boris", "--until", "3h").startswith(f"weekly of {week(0)} snoozed")


def test_a_snooze_until_a_day_means_its_morning_there(office):
    assert f"until {week(0)}T10:00:00+11:00" in office.ctl("snooze", "weekly", "anna", "--until", week(0))
    assert f"until {week(0)}T09:00:00+08:00" in office.ctl("snooze", "weekly", "boris", "--until", week(0))
    assert f"until {week(0)}T15:30:00+08:00" in office.ctl("snooze", "weekly", "boris", "--until", f"{week(0)} 15:30")


@pytest.mark.parametrize("arguments,words", [
    (["weekly", "anna"], "--until"),
    (["weekly", "nobody", "--until", "2h"], "nobody"),
    (["weekly", "vera", "--until", "2h"], "takes no part"),
    (["weekli", "anna", "--until", "2h"], "did you mean 'weekly'"),
    (["weekly", "anna", "--until", "2020-01-01"], "over already"),
    (["weekly", "anna", "--until", "2020"], "more than a day"),
    (["weekly", "anna", "--until", "someday"], "not understood"),
    (["weekly", "anna", "--until", "900w"], "--until"),
])
def test_wrong_snoozes_are_refused(office, arguments, words):
    assert words in fails(office, "snooze", *arguments)
    assert not sql(office, "SELECT * FROM reminder")


def test_the_end_of_a_silence_is_said_where_it_is_meant(office):
    until = ["--until", f"{week(0)} 15:30", "--reason", "x"]
    assert office.ctl("silence", "--person", "boris", *until) == f"silenced until {week(0)} 15:30 +08:00\n"


def test_a_silence_has_author_reason_and_end(office):
    soon = int(datetime.now(timezone.utc).timestamp()) + 60
    add_waiting(office, week(0), "to anna", due=soon)
    add_waiting(office, week(0), "to boris", "boris", due=soon)
    office.ctl("silence", "weekly", "--person", "anna", "--until", "3d", "--reason", "отпуск")
    assert waiting(office) == {"to boris"}
    office.ctl("silence", "weekly", "--until", week(0), "--reason", "postponed")
    assert not waiting(office)
    assert ledger(office, "silence") == [("weekly", "anna", "отпуск"), ("weekly", None, "postponed")]
    (author,) = set(sql(office, "SELECT author FROM silence"))
    assert author[0]
    for arguments, words in (
            (["--until", "3d", "--reason", "x"], "UID"), (["weekly", "--reason", "x"], "--until"),
            (["weekly", "--until", "3d"], "--reason"), (["weekly", "--until", "3d", "--reason", ""], "--reason"),
            (["--person", "ana", "--until", "3d", "--reason", "x"], "did you mean 'anna'")):
        assert words in fails(office, "silence", *arguments)


# ---- deputies ---------------------------------------------------------------------------------------------------------------


def test_deputies_are_set_listed_and_changed(office):
    office.ctl("deputy", "anna", "boris", "--from", f"{YEAR}-07-01", "--to", f"{YEAR}-07-31")
    office.ctl("deputy", "anna", "boris", "--from", f"{YEAR}-07-01", "--to", f"14 июля {YEAR}")
    office.ctl("deputy", "anna", "vera", "--from", f"{YEAR}-07-15", "--to", f"{YEAR}-07-31")
    assert office.ctl_json("deputy") == [
        {"person": "anna", "deputy": "boris", "from": f"{YEAR}-07-01", "to": f"{YEAR}-07-14"},
        {"person": "anna", "deputy": "vera", "from": f"{YEAR}-07-15", "to": f"{YEAR}-07-31"}]
    assert "vera" in office.ctl("deputy")
    assert len(ledger(office, "deputy")) == 3


@pytest.mark.parametrize("arguments,words", [
    (["anna", "anna", "--from", "2031-07-01", "--to", "2031-07-02"], "themselves"),
    (["anna", "boris", "--from", "2031-07-02", "--to", "2031-07-01"], "after"),
    (["anna", "boris", "--from", "2031-06-20", "--to", "2031-07-01"], "already"),
    (["anna", "boris", "--from", "2031-07", "--to", "2031-08-01"], "single day"),
    (["anna", "bors", "--from", "2031-07-01", "--to", "2031-07-02"], "did you mean 'boris'"),
    (["anna", "boris", "--from", "2031-07-01"], "--to"),
    (["anna"], "PERSON DEPUTY"),
])
def test_wrong_deputies_are_refused(office, arguments, words):
    office.ctl("deputy", "anna", "vera", "--from", "2031-06-25", "--to", "2031-06-30")
    assert words in fails(office, "deputy", *arguments)
    assert len(office.ctl_json("deputy")) == 1


# ---- calendars that end ------------------------------------------------------------------------------------------------------


def test_a_calendar_without_this_year_is_warned_of(office):
    calendars = office.folder / "calendars"
    calendars.mkdir()
    for name, year in (("russia", 2020), ("china", date.today().year)):
        years = "".join(f"[year {n}]\noff = 01-01 New Year\n" for n in {year, year + 1})
        (calendars / f"{name}.ini").write_text(f"[calendar]\nweekend = Sat Sun\nzones = UTC\n{years}".replace(
            "zones = UTC", f"zones = {'Asia/Shanghai' if name == 'china' else 'Europe/Moscow'}"))
    office.daemon_settings["calendars"] = calendars
    office.write_config()
    warnings = office.ctl_json("status")[0]["warnings"]
    assert warnings and all("russia" in warning and str(date.today().year)[:3] in warning for warning in warnings)
    assert warnings[0] in office.ctl("status")
    result = deadlined("-c", office.config, "--check")
    assert result.returncode == 0 and not result.stdout and f"warning: {warnings[0]}" in result.stderr


def test_a_calendar_nobody_has_is_not_warned_of(office):
    sql(office, "UPDATE person SET calendar = ''")
    assert office.ctl_json("status")[0]["warnings"] == []


def test_one_date_is_opened_again_and_keeps_where_it_was_moved(office):
    moved = str(MONDAY + timedelta(weeks=2, days=1))
    office.ctl("edit", "weekly", "--occurrence", week(2), "--when", moved)
    office.ctl("cancel", "weekly", "--occurrence", week(2))
    office.ctl("done", "weekly", "--occurrence", week(3))
    assert office.ctl("reopen", "weekly", "--occurrence", week(2)) == f"weekly ({moved}) is open again\n"
    office.ctl("reopen", "weekly", "--occurrence", week(3))
    assert sql(office, "SELECT date, status, moved_key FROM occurrence ORDER BY date") == [
        (week(2), "open", moved), (week(3), "open", None)]
    assert sql(office, "SELECT action, detail FROM ledger WHERE action = 'reopen' ORDER BY id") == [
        ("reopen", f"{week(2)} to {moved}"), ("reopen", week(3))]
    assert sql(office, "SELECT count(*) FROM cancellation") == [(0,)]
    assert deadlinectl("-c", office.config, "reopen", "weekly", "--occurrence", week(4)).stderr.endswith("is open already\n")
    assert sql(office, "SELECT count(*) FROM occurrence") == [(2,)]


def test_one_date_of_a_task_that_is_closed_as_a_whole_is_not_opened(office):
    office.ctl("done", "weekly")
    result = deadlinectl("-c", office.config, "reopen", "weekly", "--occurrence", week(2))
    assert result.returncode == 65 and "leave --occurrence out" in result.stderr
