"""The five minutes of the README, word for word, with the shipped configuration in a folder of its own."""
import re
from datetime import date, timedelta

import pytest

from harness import BUILD, ROOT, Site, run

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    """The indented lines between the two headlines that need no root: what writes the files, and what reads them."""
    part = README[README.index("Write down who is to be reminded"):README.index("Then give it your mail server")]
    return "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))


@pytest.fixture
def fresh(folder):
    site = Site(folder)
    text = (ROOT / "config" / "deadlined.ini").read_text(encoding="utf-8")
    for key in ("templates", "messengers", "calendars"):
        text = text.replace(f";{key} = /usr/share/deadlined/", f"{key} = {ROOT}/config/")
    text = text.replace(";state_dir = /var/lib/deadlined", f"state_dir = {site.folder}/state")
    text = text.replace("/var/lib/deadlined/deadlined.db", str(site.database))
    site.write_config(text.replace("/var/lib/deadlined/maildir", str(site.maildir)))
    return site


def test_the_five_minutes_work_as_written(fresh):
    script = re.sub(r"^(deadlinectl|deadlined)\b", rf"{BUILD}/\1 -c deadlined.ini", commands(), flags=re.MULTILINE)
    result = run("sh", "-euc", script, cwd=fresh.folder)
    assert result.returncode == 0, result.stderr
    assert all(re.fullmatch(r"\d{4}-\d\d \.\.\. \d+ messages so far", line) for line in result.stderr.splitlines())
    assert "people: 2 added" in result.stdout and "tasks: 2 added" in result.stdout
    assert "office" in result.stdout and "school" in result.stdout
    assert not fresh.maildir.exists() or not list(fresh.maildir.rglob("*.*"))


def write_files(site):
    script = commands()
    run("sh", "-euc", script[:script.index("\ndeadlinectl import")], cwd=site.folder, check=True)


def test_both_tasks_remind_both_people(fresh):
    write_files(fresh)
    fresh.ctl("import", fresh.folder / "people.csv", fresh.folder / "plan.csv")
    rows = fresh.ctl_json("plan", "--to", str(date.today() + timedelta(days=120)))
    assert {row["task"] for row in rows} == {"fair", "report"}
    assert {row["person"] for row in rows} == {"office", "school"}


def test_its_way_to_add_a_task_works(fresh):
    write_files(fresh)
    fresh.ctl("import", fresh.folder / "people.csv")
    [line] = re.findall(r"`deadlinectl (add [^`]*)`", README)
    result = run("sh", "-euc", f"{BUILD}/deadlinectl -c deadlined.ini {line}", cwd=fresh.folder)
    assert result.returncode == 0 and "nobody takes part" not in result.stderr
