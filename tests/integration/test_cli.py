"""Both programs from the command line: help, exit statuses, phrases, and the round of a task through deadlinectl."""
import json
import re
import subprocess
from datetime import date, datetime, timedelta

import pytest

from harness import BUILD, ROOT, deadlined, deadlinectl

COMMANDS = ("add", "edit", "done", "cancel", "reopen", "list", "show", "people", "queue", "status", "when", "test", "import",
            "ack", "snooze", "silence", "deputy", "render", "plan", "policy", "why", "brake", "release", "backup", "recover", "forget")


@pytest.mark.parametrize("program", [deadlined, deadlinectl])
def test_help_and_version_need_no_configuration(program):
    result = program("--help")
    assert result.returncode == 0 and "-c" in result.stdout and not result.stderr
    result = program("--version")
    assert result.returncode == 0 and re.search(r"\d+\.\d+\.\d+", result.stdout) and not result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = deadlinectl(command, "--help")
    assert result.returncode == 0 and command in result.stdout and not result.stderr
    assert command in deadlinectl("--help").stdout
    assert not re.search(r"^  -\S+ [A-Z]+[a-z]", result.stdout, re.MULTILINE)  # a blank behind the value


@pytest.mark.parametrize("arguments", [
    ["--no-such-option"], ["surplus"], ["-c"], ["--rehearse", "2025"], ["--rehearse", "2025-12-31..2025-01-01"],
])
def test_wrong_usage_of_the_daemon_exits_64(site, arguments):
    if arguments[0] == "--rehearse":
        arguments = ["-c", site.config, *arguments]
    result = deadlined(*arguments)
    assert result.returncode == 64 and result.stderr and not result.stdout


@pytest.mark.parametrize("arguments", [
    [], ["no-such-command"], ["list", "--no-such-option"], ["show"], ["done"], ["add"], ["add", "Title"], ["import"],
    ["test", "email"], ["when"], ["queue", "--state", "flying"],
])
def test_wrong_usage_of_deadlinectl_exits_64(site, arguments):
    result = deadlinectl("-c", site.config, *arguments)
    assert result.returncode == 64, result.stderr
    assert result.stderr and not result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--check"], ["--rehearse", "2031-01-01..2031-01-31"]])
def test_what_the_daemon_cannot_print_is_an_input_output_error(site, arguments):
    site.add_person("desk", "desk@example.org")
    if arguments == ["--check"]:
        site.config.write_text("[daemon]\nnonsense = 1\n", encoding="utf-8")
    with open("/dev/full", "wb") as full:
        result = subprocess.run([BUILD / "deadlined", "-c", site.config, *arguments], stdout=full,
                                stderr=subprocess.PIPE, timeout=120, check=False)
    assert result.returncode == 74 and b"No space left" in result.stderr


def test_a_mistyped_command_is_recognised(site):
    assert "did you mean 'status'" in deadlinectl("-c", site.config, "statsu").stderr


# phrase, first day or minute, last day or minute, precision
PHRASES = [
    ("2025-06-15", "2025-06-15", "2025-06-15", "day"),
    ("2025-06-15T14:00", "2025-06-15T14:00", "2025-06-15T14:00", "minute"),
    ("2025-06-15 14:00", "2025-06-15T14:00", "2025-06-15T14:00", "minute"),
    ("2025-06", "2025-06-01", "2025-06-30", "month"),
    ("2024-02", "2024-02-01", "2024-02-29", "month"),
    ("2025-04..2025-05", "2025-04-01", "2025-05-31", "range"),
    ("2025-04-07..2025-04-11", "2025-04-07", "2025-04-11", "range"),
    ("2025-Q3", "2025-07-01", "2025-09-30", "quarter"),
    ("июнь 2025", "2025-06-01", "2025-06-30", "month"),
    ("ИЮНЬ 2025", "2025-06-01", "2025-06-30", "month"),
    ("апрель-май 2025", "2025-04-01", "2025-05-31", "range"),
    ("June 2025", "2025-06-01", "2025-06-30", "month"),
    ("2025年6月", "2025-06-01", "2025-06-30", "month"),
]


@pytest.mark.parametrize("phrase,first,last,precision", PHRASES)
def test_when_shows_how_a_phrase_is_understood(site, phrase, first, last, precision):
    answer = site.ctl_json("when", phrase)[0]
    assert answer["precision"] == precision
    assert answer["start"].startswith(first) and answer["end"].startswith(last)
    text = site.ctl("when", phrase)
    assert first.replace("T", " ") in text.replace("T", " ") and last[:10] in text and precision in text


def test_when_takes_year_and_zone(site):
    assert site.ctl_json("when", "июнь", "--year", "2031")[0]["start"].startswith("2031-06-01")
    start = datetime.fromisoformat(site.ctl_json("when", "2025-06-15T14:00", "--zone", "Asia/Shanghai")[0]["start"])
    assert start.utcoffset().total_seconds() == 8 * 3600


@pytest.mark.parametrize("phrase", ["", "2025-13", "2025-02-30", "2025-06-15T25:00", "июнь 2025 вроде", "2025-Q5",
                                    "2025-05..2025-04", "Juni 2025", "15"])
def test_when_guesses_nothing(site, phrase):
    result = deadlinectl("-c", site.config, "when", phrase)
    assert result.returncode == 65 and result.stderr and not result.stdout


def test_a_task_goes_its_round(site):
    site.add_person("desk", "desk@example.org")
    uid = site.ctl("add", "Visit", "--when", "июнь 2031", "--place", "Harbin", "--people", "desk", "--note", "Bring it",
                   "--policy", "default", "--zone", "Asia/Shanghai").strip()
    [task] = site.ctl_json("list")
    assert (task["uid"], task["title"], task["status"]) == (uid, "Visit", "open")
    assert task["start"].startswith("2031-06-01") and task["end"].startswith("2031-06-30")
    [task] = site.ctl_json("show", uid)
    assert (task["place"], task["note"], task["zone"], task["precision"]) == ("Harbin", "Bring it", "Asia/Shanghai", "month")
    assert "desk" in str(task["people"])
    for word in ("Visit", "Harbin", "Bring it", "desk"):
        assert word in site.ctl("show", uid)

    site.ctl("edit", uid, "--title", "Return visit", "--when", "2031-06-10")
    [task] = site.ctl_json("show", uid)
    assert task["title"] == "Return visit" and task["end"].startswith("2031-06-10") and task["precision"] == "day"
    assert task["place"] == "Harbin", "what an edit does not name stays"

    site.ctl("done", uid)
    assert site.ctl_json("list") == []
    assert [task["status"] for task in site.ctl_json("list", "--all")] == ["done"]


def test_cancel_closes_a_task(site):
    uid = site.ctl("add", "Forum", "--when", "2031-06", "--uid", "forum").strip()
    assert uid == "forum"
    site.ctl("cancel", uid)
    assert site.ctl_json("show", uid)[0]["status"] == "cancelled"


def test_without_a_database_there_is_nothing_to_show(site):
    result = deadlinectl("-c", site.config, "list")
    assert result.returncode == 74 and str(site.database) in result.stderr and not site.database.exists()


def test_unknown_names_are_data_errors(site):
    site.ctl("add", "Old", "--when", "2031-06")
    for arguments in (["show", "nothing"], ["done", "nothing"], ["cancel", "nothing"], ["edit", "nothing", "--title", "x"],
                      ["add", "T", "--when", "2031-06", "--people", "nobody"],
                      ["add", "T", "--when", "2031-06", "--policy", "nothing"],
                      ["add", "T", "--when", "2031-06", "--zone", "Asia/Yuzhno-Sakhalinsk"],
                      ["add", "T", "--when", "sometime"]):
        result = deadlinectl("-c", site.config, *arguments)
        assert result.returncode == 65 and result.stderr, f"{arguments}: {result}"
    assert [task["title"] for task in site.ctl_json("list", "--all")] == ["Old"], "nothing of what failed is left"


def test_adding_a_uid_twice_does_not_overwrite(site):
    site.ctl("add", "First", "--when", "2031-06", "--uid", "same")
    site.ctl("add", "Second", "--when", "2031-06", "--uid", "same", status=65)
    assert site.ctl_json("show", "same")[0]["title"] == "First"


@pytest.mark.parametrize("title", ["a\nBcc: everybody@example.org", "a\rb", "a\x07b", "", "t" * 501])
def test_titles_that_cannot_stand_in_a_header_are_refused(site, title):
    site.ctl("add", title, "--when", "2031-06", status=65)


def test_people_are_listed_with_their_addresses(site):
    site.add_person("desk", "desk@example.org", language="zh", zone="Asia/Shanghai")
    [person] = site.ctl_json("people")
    assert (person["id"], person["language"], person["zone"]) == ("desk", "zh", "Asia/Shanghai")
    assert "desk@example.org" in str(person)
    assert "desk@example.org" in site.ctl("people")


def test_status_of_a_daemon_that_does_not_run(site):
    site.ctl("add", "Title", "--when", "2031-06")
    status = site.status()
    assert status["running"] is False
    for key in ("pid", "version", "pending", "sending", "sent", "dead", "cancelled", "stale", "oldest_unsent_s", "next_wake"):
        assert key in status
    assert site.queue() == []


def test_an_unreadable_database_is_an_input_output_error(site):
    site.database.mkdir()
    assert deadlinectl("-c", site.config, "list").returncode == 74


def test_a_file_that_is_no_database_is_a_data_error(site):
    site.database.write_bytes(b"This is no database. " * 100)
    result = deadlinectl("-c", site.config, "list")
    assert result.returncode == 65 and str(site.database) in result.stderr


def errors_of(site, *arguments):
    result = deadlinectl("-c", site.config, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stderr


PAST = "every step of policy default lies in the past: nobody will be reminded"
NOBODY = "nobody takes part: nobody will be reminded"
MUTE = "nobody who takes part has an address on a channel of"
DEAF = "no step of policy default speaks to those who take part: nobody will be reminded"


@pytest.mark.parametrize("when, people, words", [
    ("2031-06-15", "desk", ""),
    ("2031-06-15", "", NOBODY),
    ("2001-06-15", "desk", PAST),
    ("every Friday of 2031", "desk", ""),
    ("every Friday of 2001", "desk", PAST),
    ("2031-06-15", "supervisor:desk", DEAF),
    ("2031-06-15", "mute", MUTE),
    ("2031-06-15", "mute desk", ""),
])
def test_add_and_edit_say_that_nobody_will_be_reminded(site, when, people, words):
    site.import_text("people.csv", "id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n"
                                   "mute,Mute,en,Asia/Sakhalin,\n")
    for arguments in (["add", "New", "--uid", "new"], ["edit", "new"]):
        said = errors_of(site, *arguments, "--when", when, "--people", people)
        assert words in said if words else said == ""
    assert errors_of(site, "edit", "new", "--title", "Other") == ""
    assert errors_of(site, "edit", "new", "--when", "2031-07", "--rrule", "", "--people", "desk") == ""


def test_a_date_that_is_past_is_named(site):
    site.import_text("people.csv", "id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n")
    day = date.today() - timedelta(days=5)
    said = errors_of(site, "add", "New", "--uid", "new", "--when", f"{day.day}.{day.month}.{day.year}", "--people", "desk")
    assert PAST + f"; new was {day}" in said and "write its year" in said
    assert "new was" not in errors_of(site, "edit", "new", "--when", "every Friday of 2001")


def test_add_and_edit_say_when_a_repeat_ends_that_names_no_year(site):
    year = date.today().year
    for arguments in (["add", "New", "--uid", "new"], ["edit", "new"]):
        said = errors_of(site, *arguments, "--when", "daily")
        assert f"repeats until {year}-12-31, as the phrase names no year" in said


@pytest.mark.parametrize("close, status", [("done", "done"), ("cancel", "cancelled")])
def test_a_closed_task_is_opened_again_by_reopen_not_by_edit(site, close, status):
    site.import_text("people.csv", "id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n")
    site.ctl("add", "New", "--uid", "new", "--when", "2031-06", "--people", "desk")
    site.ctl(close, "new")
    assert errors_of(site, "edit", "new", "--when", "2031-07") == (
        f"deadlinectl: new is {status}: nobody will be reminded of it; 'deadlinectl reopen new' opens it again\n")
    assert site.ctl_json("show", "new")[0]["status"] == status
    assert site.ctl("reopen", "new") == "new is open again\n"
    assert site.ctl_json("show", "new")[0]["status"] == "open"
    assert errors_of(site, "edit", "new", "--when", "2031-08") == ""
    assert "opened it again" in site.ctl("why", "new")
    assert errors_of(site, "reopen", "new") == "deadlinectl: new is open already\n"


def test_reopen_says_that_nobody_will_be_reminded(site):
    site.ctl("add", "New", "--uid", "new", "--when", "2031-06")
    site.ctl("done", "new")
    assert NOBODY in errors_of(site, "reopen", "new")


def test_reopen_of_an_unknown_task_names_what_was_meant(site):
    site.ctl("add", "New", "--uid", "new", "--when", "2031-06")
    result = deadlinectl("-c", site.config, "reopen", "neww")
    assert result.returncode == 65 and "new" in result.stderr


@pytest.mark.parametrize("arguments", [["list"], ["plan"], ["done", "x"]])
def test_without_a_database_the_advice_is_to_start_the_daemon(site, arguments):
    result = deadlinectl("-c", site.config, *arguments)
    assert result.returncode == 74 and "start deadlined first" in result.stderr


@pytest.mark.parametrize("arguments", [["add", "New", "--when", "2031-06"], ["list"]])
def test_without_the_folder_of_the_database_the_advice_is_to_make_it(site, arguments):
    site.daemon_settings["database"] = site.folder / "not-yet" / "deadlined.db"
    site.write_config()
    result = deadlinectl("-c", site.config, *arguments)
    assert result.returncode == 74, result.stderr
    assert f"the folder {site.folder}/not-yet is missing: make it with install -d -m 0700" in result.stderr
    assert result.stderr.endswith(", and start deadlined\n") and "start deadlined first" not in result.stderr


# What takes over a terminal, or shows other text than there is: a colour, a C1 control, a change of direction.
ODD = "\x1b[31m\u009b1m\u202e"


def test_what_the_database_says_commands_no_terminal(site):
    """By plain SQL anything gets into it, and whoever may write there must not reach the one who looks."""
    site.add_person("p1", "p1@example.org")
    site.add_due_task("t1", "p1")
    task, person, channel = f"u{ODD}", f"r{ODD}", f"c{ODD}"
    site.sql("UPDATE task SET uid = ?, zone = 'UTC', policy = ?", task, f"default{ODD}")
    site.sql("INSERT INTO person (id, name, language, zone) VALUES (?, ?, ?, ?)", person, ODD, f"en{ODD}", f"UTC{ODD}")
    site.sql("INSERT INTO part (task, person) VALUES (1, ?)", person)
    site.sql("INSERT INTO address (person, channel, address) VALUES (?, 'email', ?), (?, ?, 'x')", person, f"a{ODD}@x.org", person, channel)
    site.sql("INSERT INTO suspension VALUES (?, 'email', 3, ?, 1)", person, f"why{ODD}")
    extract = site.folder / "extract"
    looks = (["status"], ["list"], ["show", task], ["why", task], ["why", task, person], ["plan"], ["queue"], ["people"], ["deputy"])
    acts = (["ack", task], ["snooze", task, person, "--until", "1d"], ["edit", task, "--title", "x"],
            ["release", "--person", person], ["silence", task, "--person", person, "--until", "1d", "--reason", "x"],
            ["done", task], ["reopen", task], ["forget", person, "--force", "--extract", extract],
            ["add", "Title", "--uid", f"v{ODD}", "--when", date.today().isoformat()])
    expected = {"status": 2, "add": 65}  # no daemon runs; no such uid is taken
    for command in (*looks, *([*look, "--json"] for look in looks), *acts):
        result = deadlinectl("-c", site.config, *command)
        assert result.returncode == expected.get(command[0], 0), (command, result.stderr)
        written = extract.read_text(encoding="utf-8") if extract.exists() else ""
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stdout + result.stderr + written), command
        if command[-1] == "--json" and result.stdout:
            assert all(isinstance(json.loads(line), dict) for line in result.stdout.splitlines())
    assert extract.exists()
    assert ODD in site.ctl_json("list")[0]["uid"], "JSON has it whole, as escapes"


def test_help_of_import_names_every_column_of_the_manual():
    manual = (ROOT / "man" / "deadlinectl.1").read_text(encoding="utf-8").partition(".Ss Importing")[2]
    listed = deadlinectl("import", "--help").stdout
    for kind in ("Tasks", "People"):
        columns = manual.partition(f".It {kind}\n.Va ")[2].partition("\n")[0].replace(",", " ").split()
        assert len(columns) > 9 and ",".join(columns) in listed, columns
