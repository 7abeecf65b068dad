"""A database that is moved, removed or restored under the running daemon, and its lock: the daemon ends, and sends nothing of
what it alone still knows."""
import contextlib
import os
import re
import shutil
import signal
import sqlite3

import pytest

from harness import PATIENCE_S, deadlined, wait_until


@pytest.fixture
def people(site):
    site.daemon_settings["scan_interval"] = "1h"  # it is not the scan that finds it
    site.write_config()
    site.add_person("desk", "desk@example.org")
    return site


@pytest.fixture
def daemon(people, start):
    daemon = start(people)
    people.add_due_task("first", "desk")
    wait_until(lambda: people.queue(state="sent"), daemon.log)
    return daemon


def beside(people, suffix):
    return people.database.with_name(people.database.name + suffix)


def swap(path):
    """As somebody does who restores a copy of it."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    os.rename(copy, path)


def ends(daemon, path, what):
    assert daemon.process.wait(PATIENCE_S) == 74
    assert daemon.log_contains(f"error: {re.escape(str(path))} was ({what}) while deadlined worked with it, "
                               "so nothing more is sent: ")


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
@pytest.mark.parametrize("act, what", [(os.unlink, "removed"), (swap, "replaced")], ids=["removed", "replaced"])
def test_a_file_that_is_not_in_its_place_ends_it(people, daemon, suffix, act, what):
    act(beside(people, suffix))
    ends(daemon, beside(people, suffix), what)


def test_a_folder_that_is_moved_ends_it(people, daemon):
    folder = people.database.parent
    folder.rename(folder.with_name("elsewhere"))
    ends(daemon, beside(people, ".lock"), "removed")


def test_what_is_done_in_the_restored_database_is_not_sent(people, daemon):
    """Nothing of the ghost is written into the files that others have made meanwhile, and none of them is removed."""
    copy = people.folder / "copy.db"
    people.ctl("backup", copy)
    daemon.process.send_signal(signal.SIGSTOP)
    for suffix in "-wal", "-shm":
        beside(people, suffix).unlink()
    os.rename(copy, people.database)
    with contextlib.closing(sqlite3.connect(people.database)) as other:
        other.execute("PRAGMA journal_mode = WAL").fetchall()
        other.execute("SELECT * FROM task").fetchall()
        people.add_due_task("second", "desk")
        daemon.process.send_signal(signal.SIGCONT)
        ends(daemon, people.database, "replaced")
        assert beside(people, "-wal").stat().st_size > 0 and beside(people, "-shm").exists()
    assert not people.mails_about("second")
    assert people.sql("SELECT uid FROM task ORDER BY id") == [("first",), ("second",)]


def test_what_others_have_committed_into_a_new_log_is_kept(people, daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    for suffix in "-wal", "-shm":
        beside(people, suffix).unlink()
    people.sql("CREATE TABLE theirs (x)")
    daemon.process.send_signal(signal.SIGCONT)
    ends(daemon, beside(people, "-wal"), "replaced")
    assert people.sql("SELECT name FROM sqlite_schema WHERE name = 'theirs'")


def test_what_was_only_in_the_log_is_kept_when_that_is_removed(people, daemon, start):
    beside(people, "-wal").unlink()
    ends(daemon, beside(people, "-wal"), "removed")
    again = start(people)
    people.add_due_task("second", "desk")
    wait_until(lambda: people.mails_about("second"), again.log)
    assert len(people.queue(state="sent")) == 2 and len(people.mails_about("first")) == 1


def test_of_two_daemons_only_the_one_with_the_lock_goes_on(people, daemon, start):
    beside(people, ".lock").unlink()
    second = start(people)
    ends(daemon, beside(people, ".lock"), "removed|replaced")
    people.add_due_task("second", "desk")
    wait_until(lambda: people.mails_about("second"), second.log)
    assert len(people.mails_about("second")) == 1
    assert deadlined("-c", people.config).returncode == 75


def test_other_programs_that_work_on_it_do_not_end_it(people, daemon):
    for number in range(5):
        people.ctl("edit", "first", "--note", f"note {number}")
        people.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    people.sql("VACUUM")
    people.add_due_task("second", "desk")
    wait_until(lambda: people.mails_about("second"), daemon.log)
    assert daemon.stop() == 0
