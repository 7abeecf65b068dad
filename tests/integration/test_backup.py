"""Copies of the database while the daemon works, damage, and the way back."""
import sqlite3
import subprocess

import pytest

from harness import BUILD, ENVIRONMENT, PATIENCE_S, Daemon, deadlinectl, stay_within_an_hour, wait_until


@pytest.fixture
def office(site):
    """People, and a daemon's configuration that looks often."""
    site.daemon_settings["scan_interval"] = "1s"
    site.write_config()
    site.add_person("desk", "desk@example.org")
    site.add_person("school", "school@example.org", language="zh", zone="Asia/Shanghai")
    return site


def dailies(site):
    folder = site.folder / "state" / "backup"
    return sorted(folder.iterdir()) if folder.exists() else []


def has_daily(site):
    return [path for path in dailies(site) if path.suffix == ".db"]


def read(path, statement):
    """A query on a file that nobody has open."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def spoil(site, table="task"):
    """Overwrites the root page of a table of a database that is not open."""
    [(root, size)] = site.sql(f"SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema"
                              f" WHERE name = '{table}'")
    with open(site.database, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)


def lose_database(site):
    for path in site.database.parent.glob(f"{site.database.name}*"):
        path.unlink()


def state_files(site):
    return {path.name for path in site.database.parent.iterdir() if path.is_file()}


# ---- copies

def test_first_start_makes_a_daily_copy_that_is_checked_and_private(office, start):
    stay_within_an_hour()
    daemon = start(office)
    [copy] = wait_until(lambda: daemon.log_contains("daily copy") and dailies(office), lambda: daemon.log())
    assert copy.name.startswith("deadlined-") and copy.suffix == ".db"
    assert copy.stat().st_mode & 0o777 == 0o600 and copy.parent.stat().st_mode & 0o777 == 0o700
    assert read(copy, "PRAGMA integrity_check") == [("ok",)]
    assert read(copy, "SELECT count(*) FROM person") == [(2,)]
    wait_until(lambda: office.sql("SELECT value FROM meta WHERE key = 'backup_utc'"), "the copy is noted")
    assert daemon.stop() == 0

    # The same day needs no second one.
    made = copy.stat().st_mtime_ns
    daemon = start(office)
    office.add_due_task("again", "desk")
    wait_until(lambda: office.mails_about("again"), lambda: daemon.log())
    assert daemon.stop() == 0
    assert not daemon.log_contains("daily copy") and copy.stat().st_mtime_ns == made


def test_old_daily_copies_go_and_other_files_stay(office, start):
    folder = office.folder / "state" / "backup"
    folder.mkdir()
    names = [f"deadlined-2025-01-{day:02d}.db" for day in range(1, 11)] + ["deadlined-2025-01-10.db.Ab3xYz", "notes.txt"]
    for name in names:
        (folder / name).write_text("x")
    daemon = start(office)
    wait_until(lambda: daemon.log_contains("daily copy"), lambda: daemon.log())
    left = [path.name for path in dailies(office)]
    assert len(left) == 8 and left[:6] == [f"deadlined-2025-01-{day:02d}.db" for day in range(5, 11)]
    assert left[-1] == "notes.txt"


def test_a_daily_copy_that_fails_is_told_to_the_operator_once(office, start):
    office.daemon_settings["operator"] = "desk"
    (office.folder / "state" / "backup").write_text("no folder")
    office.write_config()
    daemon = start(office)
    wait_until(lambda: office.mails_about("daily copy of the database could not be made"), lambda: daemon.log())
    office.add_due_task("later", "school")
    wait_until(lambda: office.mails_about("later"), lambda: daemon.log())
    assert len(office.mails_about("daily copy of the database could not be made")) == 1


def test_no_copies_when_none_are_wanted(office, start):
    office.daemon_settings["backup_keep"] = "0"
    office.write_config()
    daemon = start(office)
    office.add_due_task("one", "desk")
    wait_until(lambda: office.mails_about("one"), lambda: daemon.log())
    assert daemon.stop() == 0
    assert dailies(office) == []


def test_backup_while_messages_leave_is_one_moment_of_the_database(office, start):
    """Each copy is sound in itself: what it calls sent has an attempt, and the counts agree with the rows."""
    office.limits["messages_per_hour_per_person"] = "10000"
    office.write_config()
    daemon = start(office)
    for number in range(300):
        office.add_due_task(f"task-{number}", "desk")
    for number in range(5):
        copy = office.folder / f"copy-{number}.db"
        output = office.ctl("backup", copy)
        assert "checked" in output
        assert read(copy, "SELECT count(*) FROM message WHERE state = 'sent' AND id NOT IN"
                          " (SELECT message FROM attempt WHERE outcome = 'accepted')") == [(0,)]
        assert read(copy, "SELECT (SELECT sum(n) FROM tally) - (SELECT count(*) FROM message)") == [(0,)]
        assert read(copy, "PRAGMA integrity_check") == [("ok",)]
    wait_until(lambda: office.status()["sent"] == 300, lambda: office.status(), timeout=180)
    assert daemon.process.poll() is None


def test_backup_never_overwrites_without_being_told(office):
    copy = office.folder / "copy.db"
    office.ctl("backup", copy)
    before = copy.read_bytes()
    assert office.ctl("backup", copy, status=73) == ""
    assert copy.read_bytes() == before
    office.ctl("backup", copy, "--force")
    link = office.folder / "link.db"
    link.symlink_to(copy)
    office.ctl("backup", link, "--force", status=73)
    assert link.is_symlink()
    for ending in ("", "-wal", "-shm", "-journal"):
        office.ctl("backup", f"{office.database}{ending}", "--force", status=73)
    assert office.ctl("people", "--json")


def test_a_full_disk_leaves_no_torn_copy(office):
    """A limit on the size of files stands in for the disk."""
    copy = office.folder / "copy.db"
    result = subprocess.run(["sh", "-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh", BUILD / "deadlinectl", "-c",
                             office.config, "backup", copy], capture_output=True, text=True, env=ENVIRONMENT, timeout=120)
    assert result.returncode == 74, result.stderr
    assert "copy.db" in result.stderr
    assert sorted(path.name for path in office.folder.glob("copy*")) == []


# ---- damage, and the way back

def test_damage_met_while_running_ends_it_and_no_file_is_touched(office, start):
    office.daemon_settings["backup_keep"] = "0"
    office.write_config()
    daemon = start(office)
    office.add_due_task("before", "desk")
    wait_until(lambda: office.mails_about("before"), lambda: daemon.log())
    office.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    [(root, size)] = office.sql("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema"
                                " WHERE name = 'part'")
    # Another process writes over the file, as a dying disk would; opening it here keeps no lock of the daemon from it.
    with open(office.database, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    office.sql("INSERT INTO meta VALUES ('wake', 'up')")
    connection = sqlite3.connect(office.database, timeout=PATIENCE_S)
    with connection:
        connection.execute("INSERT INTO task (uid, title, start_local, end_local, zone, planned_until)"
                           " VALUES ('x', 'X', '2025-01-01', '2025-01-01', 'UTC', 0)")
    connection.close()
    assert daemon.process.wait(PATIENCE_S) == 65, daemon.log()
    assert daemon.log_contains("recover")
    assert not any("corrupt" in name for name in state_files(office))

    # It does not come back by itself either.
    again = Daemon(office, wait=False)
    assert again.process.wait(PATIENCE_S) == 65
    again.close()


def test_recover_goes_back_to_the_daily_copy_and_names_what_is_lost(office, start):
    daemon = start(office)
    office.add_due_task("early", "desk")
    wait_until(lambda: office.mails_about("early"), lambda: daemon.log())
    wait_until(lambda: has_daily(office), lambda: daemon.log())
    assert daemon.stop() == 0
    kept = office.folder / "kept.db"
    office.ctl("backup", kept)
    daemon = start(office)
    office.add_due_task("late", "desk")
    wait_until(lambda: office.mails_about("late"), lambda: daemon.log())
    office.ctl("add", "Call Heihe", "--when", "2030-05-05", "--uid", "heihe", "--people", "desk")
    refused = deadlinectl("-c", office.config, "recover", kept)
    assert refused.returncode == 75 and str(daemon.pid) in refused.stderr
    wait_until(lambda: office.status()["sending"] == 0, "nothing in flight")
    assert daemon.stop() == 0

    sound = deadlinectl("-c", office.config, "recover", kept)
    assert sound.returncode == 65 and "--force" in sound.stderr

    spoil(office, "part")
    damaged = office.database.read_bytes()
    output = office.ctl("recover", kept)
    sent, changed = output.split("Changed since then")
    assert "late" in sent and "early" not in sent
    assert "heihe" in changed and "late" in changed
    assert changed.index("Do what is lost again") < changed.index("Then start it: systemctl start deadlined")
    [aside] = [path for path in office.database.parent.iterdir() if ".corrupt-" in path.name and path.name.endswith("Z")]
    assert aside.read_bytes() == damaged
    assert read(office.database, "PRAGMA integrity_check") == [("ok",)]
    assert office.sql("SELECT uid FROM task") == [("early",)]
    assert office.sql("SELECT count(*) FROM ledger WHERE action = 'recover'") == [(1,)]

    daemon = start(office)
    office.add_due_task("after", "desk")
    [mail] = wait_until(lambda: office.mails_about("after"), lambda: daemon.log())
    identities = [mail["Message-ID"] for mail in office.mails()]
    assert len(set(identities)) == len(identities)
    assert daemon.stop() == 0


@pytest.mark.parametrize("is_readable", [True, False])
def test_recover_leaves_no_sequence_behind_what_calendars_have_seen(office, is_readable):
    for uid in ("moved", "quiet"):
        office.ctl("add", uid, "--when", "2030-05-05", "--uid", uid, "--people", "desk")
    office.ctl("backup", office.folder / "kept.db")
    for day in range(6, 9):
        office.ctl("edit", "moved", "--when", f"2030-05-0{day}")
    assert office.sql("SELECT max(sequence) FROM task") == [(3,)]
    if not is_readable:
        spoil(office)
    output = office.ctl("recover", office.folder / "kept.db", "--force")
    assert "Do what is lost again" in output
    assert office.sql("SELECT min(sequence) FROM task") == [(4,) if is_readable else (1000,)]


def test_recover_takes_the_latest_copy_that_is_good(office, start):
    daemon = start(office)
    [copy] = wait_until(lambda: daemon.log_contains("daily copy") and has_daily(office), lambda: daemon.log())
    assert daemon.stop() == 0
    good = copy.with_name("deadlined-2025-03-01.db")
    copy.rename(good)
    (good.parent / "deadlined-2025-03-02.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    office.database.unlink()
    for arguments in (["add", "X", "--when", "2030-01-01"], ["import", office.folder / "person-desk.csv"]):
        office.ctl(*arguments, status=65)
    assert not office.database.exists()
    daemon = Daemon(office, wait=False)
    assert daemon.process.wait(PATIENCE_S) == 65 and daemon.log_contains("deadlinectl recover"), daemon.log()
    daemon.close()
    assert not office.database.exists()

    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 0, result.stderr
    assert "deadlined-2025-03-02.db is of no use" in result.stderr and str(good) in result.stdout
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school"}
    assert good.exists()


def test_recover_takes_a_copy_of_another_database_only_by_name(office):
    """A trial with a database of its own and the same state_dir leaves its copies in the same folder."""
    folder = office.folder / "state" / "backup"
    folder.mkdir()
    office.ctl("backup", folder / "deadlined-2025-03-01.db")
    text = office.config.read_text()
    kept = office.database.read_bytes()
    office.config.write_text(text.replace(str(office.database), str(office.database.with_name("trial.db"))))
    assert office.config.read_text() != text
    office.config.write_text(office.config.read_text().replace("[daemon]\n", f"[daemon]\nbackup_dir = {office.folder}\n"))
    office.ctl("add", "Trial", "--when", "2030-05-05", "--uid", "trial")
    office.ctl("backup", folder / "deadlined-2025-03-02.db")
    office.config.write_text(text)
    assert office.database.read_bytes() == kept

    spoil(office, "part")
    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 0, result.stderr
    assert "deadlined-2025-03-02.db is left out" in result.stderr and "trial.db" in result.stderr
    assert "deadlined-2025-03-01.db" in result.stdout and "another database" not in result.stdout
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school"}

    lose_database(office)
    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 0, result.stderr
    assert "deadlined-2025-03-02.db is left out" in result.stderr and "trial.db" in result.stderr
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school"}
    lose_database(office)
    output = office.ctl("recover", folder / "deadlined-2025-03-01.db")
    assert f"it is of the database {office.database} (instance" in output
    for path in office.database.parent.glob("*.corrupt-*"):
        path.unlink()  # those of the same second
    output = office.ctl("recover", folder / "deadlined-2025-03-02.db", "--force")
    assert "that copy is of another database" in output and "trial.db" in output


def test_recover_does_not_choose_between_two_databases_that_had_the_same_path(office):
    folder = office.folder / "state" / "backup"
    folder.mkdir()
    office.ctl("backup", folder / "deadlined-2025-03-01.db")
    lose_database(office)
    (folder / "deadlined-2025-03-01.db").rename(office.folder / "older.db")
    office.ctl("add", "Second", "--when", "2030-05-05", "--uid", "second")
    office.ctl("backup", folder / "deadlined-2025-03-02.db")
    (office.folder / "older.db").rename(folder / "deadlined-2025-03-01.db")
    lose_database(office)
    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 66 and "more than one database" in result.stderr, result.stderr
    assert result.stderr.count(f"is of {office.database} (instance") == 2
    assert not office.database.exists()


def test_the_copies_of_another_database_are_none_of_a_new_one(office):
    """Two configurations share a state_dir; the second has no database yet."""
    folder = office.folder / "state" / "backup"
    folder.mkdir()
    office.ctl("backup", folder / "deadlined-2025-03-01.db")
    text = office.config.read_text()
    second = office.database.with_name("second.db")
    office.config.write_text(text.replace(str(office.database), str(second)))
    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 66 and "deadlined-2025-03-01.db is left out" in result.stderr, result.stderr
    assert str(office.database) in result.stderr and not second.exists()
    office.ctl("add", "Second", "--when", "2030-05-05", "--uid", "second")
    assert office.ctl_json("people") == []
    second.unlink()
    assert "that copy is of another database" in office.ctl("recover", folder / "deadlined-2025-03-01.db")


def test_files_that_are_not_there_are_told_by_the_exit_status(office):
    assert deadlinectl("-c", office.config, "recover", "/no/such.db", "--force").returncode == 66
    assert deadlinectl("-c", office.config, "backup", "/no/such/folder/x.db").returncode == 73
    office.database.unlink()
    assert deadlinectl("-c", office.config, "backup", office.folder / "x.db").returncode == 74


def test_recover_without_any_copy_changes_nothing(office):
    spoil(office)
    before = office.database.read_bytes()
    result = deadlinectl("-c", office.config, "recover")
    assert result.returncode == 66 and "recover FILE" in result.stderr
    assert office.database.read_bytes() == before
    assert not any("corrupt" in name for name in state_files(office))


def test_recover_does_not_take_a_busy_database_for_a_damaged_one(office):
    assert deadlinectl("-c", office.config, "backup", office.folder / "copy.db").returncode == 0
    held = sqlite3.connect(office.database, isolation_level=None)
    held.execute("PRAGMA locking_mode = EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    result = deadlinectl("-c", office.config, "recover", office.folder / "copy.db")
    held.close()
    assert result.returncode == 75 and "locked" in result.stderr, result.stderr
    assert not any("corrupt" in name for name in state_files(office))


def test_an_emptied_database_is_not_taken_for_a_new_one(office, start):
    daemon = start(office)
    wait_until(lambda: has_daily(office), lambda: daemon.log())
    assert daemon.stop() == 0
    office.database.write_bytes(b"")
    daemon = Daemon(office, wait=False)
    assert daemon.process.wait(PATIENCE_S) == 65, daemon.log()
    daemon.close()
    asked = deadlinectl("-c", office.config, "list")
    assert asked.returncode == 65 and "deadlinectl recover" in asked.stderr, asked.stderr
    office.ctl("recover")
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school"}


# ---- forgetting

PLANTED = ("zoya-planted", "Zoya Plantedova", "zoya@planted.example.org")


def plant(site):
    site.import_text("zoya.csv", f"id,name,language,zone,email\n{PLANTED[0]},{PLANTED[1]},ru,Asia/Sakhalin,{PLANTED[2]}\n")


def bytes_left(site):
    """Which planted words are in any file beside the database, daily copies aside."""
    left = set()
    for path in site.database.parent.iterdir():
        if path.is_file():
            data = path.read_bytes().lower()
            left |= {(path.name, word) for word in PLANTED if word.lower().encode() in data}
    return left


def test_forget_while_the_daemon_runs_leaves_no_byte_and_the_history(office, start):
    plant(office)
    daemon = start(office)
    office.add_due_task("shared", PLANTED[0], "desk")
    wait_until(lambda: office.status()["sent"] == 2, lambda: daemon.log())
    assert {name for name, _ in bytes_left(office)} >= {office.database.name}
    extract = office.folder / "extract.txt"
    office.ctl("forget", PLANTED[0], "--extract", extract)
    assert bytes_left(office) == set()
    text = extract.read_text()
    assert extract.stat().st_mode & 0o777 == 0o600
    assert "zoya-planted, now forgotten-1" in text and "addresses: 1" in text and "overwritten" in text
    assert PLANTED[1] not in text and PLANTED[2] not in text and "7 days" in text
    assert "forgotten-1" in office.ctl("why", "shared")

    # The daemon goes on with the file that was written anew.
    office.add_due_task("later", "desk")
    wait_until(lambda: office.mails_about("later"), lambda: daemon.log())
    assert daemon.process.poll() is None
    assert daemon.stop() == 0
    assert bytes_left(office) == set()
    office.ctl("forget", "forgotten-1")


def test_forget_refuses_while_nobody_else_answers(office):
    plant(office)
    office.add_due_task("alone", PLANTED[0])
    extract = office.folder / "extract.txt"
    result = deadlinectl("-c", office.config, "forget", PLANTED[0], "--extract", extract)
    assert result.returncode == 65 and "alone" in result.stderr and "hand it over" in result.stderr
    assert not extract.exists()
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school", PLANTED[0]}
    assert "person: zoya-planted, now forgotten-1" in office.ctl("forget", PLANTED[0], "--force")
    assert bytes_left(office) == set()
    assert office.ctl("forget", PLANTED[0], status=65) == ""


def test_forget_names_the_absences_that_nobody_covers_then(office):
    office.ctl("deputy", "desk", "school", "--from", "2030-01-10", "--to", "2030-01-20")
    office.ctl("deputy", "desk", "school", "--from", "2020-01-10", "--to", "2020-01-20")
    refused = deadlinectl("-c", office.config, "forget", "school")
    assert refused.returncode == 65 and "in 1 absence;" in refused.stderr, refused.stderr
    assert "desk from 2030-01-10 to 2030-01-20" in refused.stderr and "2020" not in refused.stderr
    forced = deadlinectl("-c", office.config, "forget", "school", "--force")
    assert forced.returncode == 0 and "desk from 2030-01-10 to 2030-01-20" in forced.stderr, forced.stderr


def test_forget_refuses_the_operator_and_an_extract_that_is_there(office):
    office.daemon_settings["operator"] = "desk"
    office.write_config()
    office.ctl("forget", "desk", status=65)
    extract = office.folder / "extract.txt"
    extract.write_text("mine")
    office.ctl("forget", "school", "--extract", extract, status=73)
    assert extract.read_text() == "mine"
    assert {row["id"] for row in office.ctl_json("people")} == {"desk", "school"}
