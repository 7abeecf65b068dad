"""deadlinectl import: CSV as offices really have it, all or nothing, and no flood."""
import pytest

from harness import ROOT, deadlinectl, wait_until

PEOPLE = "id,name,language,zone,email\ndesk,Протокольный отдел,ru,Asia/Sakhalin,desk@example.org\nschool,黑河第五学校,zh,Asia/Shanghai,school@example.org\n"
TASKS = '''uid,title,when,zone,place,policy,people,note
visit,Приезд учеников,апрель-май 2031,Asia/Sakhalin,Южно-Сахалинск,default,desk school,
fair,"Ярмарка, 34-я ""Харбинская""",июнь 2031,Asia/Shanghai,Харбин,default,desk,"Две
строки"
'''


def everything(site):
    """All rows of the facts, to compare before and after."""
    return [site.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("task", "person", "address", "part", "message")]


def import_both(site, people=PEOPLE, tasks=TASKS):
    site.import_text("people.csv", people)
    site.import_text("tasks.csv", tasks)


def test_tasks_and_people_arrive_whole(site):
    import_both(site)
    assert sorted(person["id"] for person in site.ctl_json("people")) == ["desk", "school"]
    [visit] = site.ctl_json("show", "visit")
    assert (visit["title"], visit["place"], visit["zone"]) == ("Приезд учеников", "Южно-Сахалинск", "Asia/Sakhalin")
    assert (visit["start"][:10], visit["end"][:10]) == ("2031-04-01", "2031-05-31")
    [fair] = site.ctl_json("show", "fair")
    assert (fair["title"], fair["note"]) == ('Ярмарка, 34-я "Харбинская"', "Две\nстроки")


def test_files_are_told_apart_by_their_header_and_may_come_together(site):
    (site.folder / "a.csv").write_text(TASKS)
    (site.folder / "b.csv").write_text(PEOPLE)
    site.ctl("import", site.folder / "b.csv", site.folder / "a.csv")
    assert len(site.ctl_json("list")) == 2


@pytest.mark.parametrize("convert", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.rstrip("\n"),
], ids=["BOM", "CRLF", "no final newline"])
def test_variants_of_the_same_file_give_the_same_rows(site, convert):
    plain = TASKS.replace('"Две\nстроки"', "Одна")
    import_both(site, convert(PEOPLE), convert(plain))
    [fair] = site.ctl_json("show", "fair")
    assert (fair["title"], fair["note"]) == ('Ярмарка, 34-я "Харбинская"', "Одна")


def test_semicolons_separate_as_well(site):
    site.import_text("people.csv", PEOPLE.replace(",", ";"))
    site.import_text("tasks.csv", "uid;title;when;zone;place;policy;people;note\nx;A, b;2031-06;UTC;;default;desk;\"c;d\"\n")
    [task] = site.ctl_json("show", "x")
    assert (task["title"], task["note"]) == ("A, b", "c;d")


def test_importing_again_changes_nothing(site):
    import_both(site)
    before = everything(site)
    import_both(site)
    assert everything(site) == before


def test_importing_a_changed_file_updates_by_uid_and_id(site):
    import_both(site)
    import_both(site, PEOPLE.replace("desk@example.org", "office@example.org"),
                TASKS.replace("июнь 2031", "июль 2031").replace("default,desk school", "default,school"))
    [fair] = site.ctl_json("show", "fair")
    assert fair["start"].startswith("2031-07-01") and len(site.ctl_json("list")) == 2
    assert site.sql("SELECT person FROM part JOIN task ON task.id = task WHERE uid = 'visit'") == [("school",)]
    assert site.sql("SELECT address FROM address WHERE person = 'desk'") == [("office@example.org",)]


def test_a_task_that_was_done_is_not_opened_again(site):
    import_both(site)
    site.ctl("done", "visit")
    import_both(site)
    assert site.ctl_json("show", "visit")[0]["status"] == "done"


def test_every_bad_row_is_named_and_nothing_is_imported(site):
    import_both(site)
    before = everything(site)
    path = site.folder / "bad.csv"
    path.write_text("""uid,title,when,zone,place,policy,people,note
good,Good,2031-06,Asia/Sakhalin,,default,desk,
no-date,Title,сорок второе мартобря,Asia/Sakhalin,,default,desk,
no-zone,Title,2031-06,Asia/Nowhere,,default,desk,
no-policy,Title,2031-06,Asia/Sakhalin,,nothing,desk,
no-person,Title,2031-06,Asia/Sakhalin,,default,desk stranger,
no-title,,2031-06,Asia/Sakhalin,,default,desk,
,No uid,2031-06,Asia/Sakhalin,,default,desk,
short,Title,2031-06
good,Twice,2031-06,Asia/Sakhalin,,default,desk,
""")
    result = deadlinectl("-c", site.config, "import", path)
    assert result.returncode == 65
    lines = result.stderr.splitlines()
    for number, column in ((3, "when"), (4, "zone"), (5, "policy"), (6, "people"), (7, "title"), (8, "uid"), (10, "uid")):
        assert any(line.startswith(f"{path}:{number}: {column}: ") for line in lines), f"{number} {column}\n{result.stderr}"
    assert any(line.startswith(f"{path}:9: ") for line in lines), result.stderr
    assert not any(line.startswith(f"{path}:2: ") for line in lines), result.stderr
    assert everything(site) == before


def test_one_bad_file_keeps_the_good_one_out(site):
    (site.folder / "people.csv").write_text(PEOPLE)
    (site.folder / "tasks.csv").write_text(TASKS.replace("июнь 2031", "когда-нибудь"))
    site.ctl("import", site.folder / "people.csv", site.folder / "tasks.csv", status=65)
    site.ctl("add", "Alone", "--when", "2031-06")
    assert site.ctl_json("people") == [] and len(site.ctl_json("list")) == 1


PEOPLE_ERRORS = [
    ("desk,Desk,ru,Asia/Nowhere,desk@example.org", "zone"),
    ("desk,Desk,klingon,Asia/Sakhalin,desk@example.org", "language"),
    ("desk,Desk,ru,Asia/Sakhalin,no address", "email"),
    ("desk,Desk,ru,Asia/Sakhalin,desk@example.org\rBcc: x@example.org", "email"),
    ('desk,"Desk\nBcc: x@example.org",ru,Asia/Sakhalin,desk@example.org', "name"),
    (",Desk,ru,Asia/Sakhalin,desk@example.org", "id"),
    ("a desk,Desk,ru,Asia/Sakhalin,desk@example.org", "id"),
]


@pytest.mark.parametrize("row,column", PEOPLE_ERRORS, ids=[column + " " + row[:20] for row, column in PEOPLE_ERRORS])
def test_a_bad_person_is_named(site, row, column):
    path = site.folder / "people.csv"
    path.write_bytes(f"id,name,language,zone,email\n{row}\n".encode())
    result = deadlinectl("-c", site.config, "import", path)
    assert result.returncode == 65 and result.stderr.startswith(f"{path}:2: {column}: "), result.stderr


@pytest.mark.parametrize("text", [
    b"", b"\n", b"uid,title\nx,y\n", b"id,name,language,zone,pigeon\n", b"uid,title,when,zone,place,policy,people,note,note\n",
    b"uid,title,when,zone,place,policy,people,note\nx,\xff,2031-06,UTC,,default,,\n",
    b'uid,title,when,zone,place,policy,people,note\nx,"open,2031-06,UTC,,default,,\n',
    b'uid,title,when,zone,place,policy,people,note\nx,"a"b,2031-06,UTC,,default,,\n',
    b"uid,title,when,zone,place,policy,people,note\nx,a\x00b,2031-06,UTC,,default,,\n",
], ids=["empty", "blank", "columns missing", "unknown channel", "column twice", "bad UTF-8", "open quote", "text after quote",
        "zero byte"])
def test_a_file_that_makes_no_sense_is_refused(site, text):
    path = site.folder / "file.csv"
    path.write_bytes(text)
    result = deadlinectl("-c", site.config, "import", path)
    assert result.returncode == 65 and result.stderr.startswith(f"{path}:"), result.stderr


def test_a_missing_file_is_named(site):
    result = deadlinectl("-c", site.config, "import", site.folder / "missing.csv")
    assert result.returncode in (65, 66, 74) and "missing.csv" in result.stderr


def test_the_shipped_plan_can_be_imported(site):
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": site.secret("token", "1:not-a-real-token")}
    site.policies = {name: {"remind": "30d before start at 09:00", "channels": "email"} for name in ("default", "visit", "fair")}
    site.write_config()
    examples = ROOT / "config" / "examples"
    site.ctl("import", examples / "people-2025.csv", examples / "plan-2025.csv")
    assert len(site.ctl_json("list")) == 4 and len(site.ctl_json("people")) == 6


def test_steps_of_the_past_are_not_sent(site, start):
    """A plan of last year with a dozen steps, all of them over: silence. The task that is due now proves it was read."""
    site.policies["default"]["remind"] = ["60d 30d 14d 7d 3d 1d before start at 09:00", "0m before start"]
    site.policies["default"]["overdue"] = "1d 3d 7d after end"
    site.write_config()
    import_both(site, PEOPLE, TASKS.replace("2031", "2024"))
    daemon = start(site)
    site.add_due_task("now", "desk")
    wait_until(lambda: site.mails_about("Title of now"), daemon.log)
    wait_until(lambda: site.sql("SELECT count(*) FROM task WHERE next_due_utc IS NULL") == [(0,)], "all tasks planned")
    assert len(site.mails()) == 1
    assert site.status()["pending"] == 0


@pytest.mark.parametrize("people", [PEOPLE.replace(",email\n", ",telegraph\n"), PEOPLE.replace("id,name", "id,surname"), "\n"],
                         ids=["unknown column", "no kind", "empty"])
def test_a_refused_sheet_of_people_makes_no_errors_of_the_tasks(site, people):
    (site.folder / "people.csv").write_text(people)
    (site.folder / "tasks.csv").write_text(TASKS)
    result = deadlinectl("-c", site.config, "import", site.folder / "people.csv", site.folder / "tasks.csv")
    assert result.returncode == 65 and "people.csv:" in result.stderr
    assert "tasks.csv" not in result.stderr and "there is no" not in result.stderr


def test_a_refused_sheet_of_tasks_hides_no_unknown_person(site):
    (site.folder / "wrong.csv").write_text(TASKS.replace("place", "palace"))
    (site.folder / "tasks.csv").write_text(TASKS)
    result = deadlinectl("-c", site.config, "import", site.folder / "wrong.csv", site.folder / "tasks.csv")
    assert result.returncode == 65 and "tasks.csv:2: people: there is no 'desk'" in result.stderr


@pytest.mark.parametrize("letter", ["t", "ы", "议", "🎉"])
def test_a_title_has_up_to_500_characters_in_any_script(site, letter):
    site.import_text("tasks.csv", f"uid,title,when\nlong,{letter * 500},2031-06\n")
    assert site.ctl_json("show", "long")[0]["title"] == letter * 500
    (site.folder / "tasks.csv").write_text(f"uid,title,when\nlonger,{letter * 501},2031-06\n")
    result = deadlinectl("-c", site.config, "import", site.folder / "tasks.csv")
    assert result.returncode == 65 and "501 characters long: give at most 500" in result.stderr


UNHEARD = """uid,title,when,zone,people
past,Past,June 2001,Asia/Sakhalin,desk
ended,Ended,every Monday of 2001,Asia/Sakhalin,desk
lonely,Lonely,2031-06,Asia/Sakhalin,
coming,Coming,every Monday of 2031,Asia/Sakhalin,desk
on,On,2001..2031,Asia/Sakhalin,desk
running,Running,every Monday in 2001..2031,Asia/Sakhalin,desk
"""


def told_by_import(site, name, text):
    (site.folder / name).write_text(text)
    result = deadlinectl("-c", site.config, "import", site.folder / name)
    assert result.returncode == 0, result.stderr
    return result.stderr.replace(str(site.folder) + "/", "")


def test_tasks_that_nobody_will_hear_of_are_counted_and_the_first_is_named(site):
    site.import_text("people.csv", PEOPLE)
    assert told_by_import(site, "tasks.csv", UNHEARD) == (
        "deadlinectl: 2 of the tasks lie in the past as a whole: nobody is reminded of them beforehand"
        " (first: tasks.csv:2 past, 2001-06-01..2001-06-30)\n"
        "deadlinectl: 1 of the tasks has no people: nobody is reminded of it (first: tasks.csv:4 lonely)\n")
    assert told_by_import(site, "tasks.csv", UNHEARD) == ""
    assert "2 of the tasks have no people" in told_by_import(
        site, "more.csv", "uid,title,when\nm,More,2031-07\nn,Next,2031-08\n")


def test_a_row_whose_uid_was_changed_is_told_as_a_second_task(site):
    site.import_text("people.csv", PEOPLE)
    head = "uid,title,when,people\n"
    assert told_by_import(site, "plan.csv", head + "vis,Visit,2031-06-14,desk\nrep,Report,2031-06-15,desk\n") == ""
    assert told_by_import(site, "plan.csv", head + "rep,Report,2031-06-15,desk\nrep2,Report,2031-06-15,desk\n"
                          "repX,Visit,2031-06-14,desk\nvis2,Visit,2031-06-13,desk\n") == (
        "deadlinectl: 1 of the tasks was added with the title and date of an open one under another uid"
        " (first: plan.csv:4 repX, as vis)\n")


def test_tasks_that_repeat_only_within_the_year_are_counted(site):
    site.import_text("people.csv", PEOPLE)
    rows = ("uid,title,when,people\nnamed,Named,every Monday of 2031,desk\nyear,Year,every Monday,desk\n"
            "ever,Ever,every year on 15 June,desk\nweek,Week,weekly,desk\n")
    assert told_by_import(site, "year.csv", rows) == (
        "deadlinectl: 2 of the tasks repeat only within this year, as their phrases name none (first: year.csv:3 year)\n")
    assert told_by_import(site, "year.csv", rows) == ""


def test_changed_tasks_that_are_closed_are_counted(site):
    site.import_text("people.csv", PEOPLE)
    told_by_import(site, "tasks.csv", UNHEARD)
    site.ctl("done", "past")
    site.ctl("cancel", "lonely")
    assert told_by_import(site, "tasks.csv", UNHEARD) == ""
    said = told_by_import(site, "tasks.csv", UNHEARD.replace(",Past,", ",Other,").replace(",Lonely,", ",Another,"))
    assert said.startswith("deadlinectl: 2 of the tasks are done or cancelled and stay so")
    assert said.endswith("(first: tasks.csv:2 past)\n") and said.count("\n") == 1
