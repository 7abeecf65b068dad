"""The daemon as its service manager and its users see it: start, reload, stop, and noticing what others write."""
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from harness import BUILD, PATIENCE_S, Daemon, Site, deadlined, deadlinectl, next_full_minute, wait_until


@pytest.fixture
def people(site):
    site.add_person("desk", "desk@example.org")
    site.add_person("school", "school@example.org", language="zh", zone="Asia/Shanghai")
    return site


@pytest.fixture(scope="module")
def coming_minute(tmp_path_factory):
    """A daemon with a task of the next full minute. Made by the first test and looked at by the last, so that the
    minute passes while the others run."""
    site = Site(tmp_path_factory.mktemp("minute"))
    site.write_config()
    site.add_person("desk", "desk@example.org")
    site.daemon_settings["scan_interval"] = "30m"
    site.write_config()
    daemon = Daemon(site)
    minute = next_full_minute()
    site.ctl("add", "Call Heihe", "--when", minute.strftime("%Y-%m-%dT%H:%M"), "--people", "desk")
    yield site, daemon, minute
    daemon.close()


def test_a_task_of_the_next_minute_is_not_sent_early(coming_minute):
    site, _, minute = coming_minute
    mails = site.mails()
    assert mails == [] or time.time() >= minute.timestamp()


def test_it_tells_the_service_manager_what_it_does(site, start):
    daemon = start(site)
    assert any(line.startswith("STATUS=") for line in daemon.notifications)
    assert daemon.stop() == 0
    wait_until(lambda: daemon.is_notified("STOPPING=1"), lambda: daemon.notifications)


def test_a_damaged_database_ends_it_before_it_is_ready(people):
    """The damage is where the first pass looks and the start itself does not."""
    people.add_due_task("lost", "desk")
    [(root, size)] = people.sql("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema"
                                " WHERE name = 'part'")
    with open(people.database, "r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    daemon = Daemon(people, wait=False)
    try:
        assert daemon.process.wait(PATIENCE_S) == 65, daemon.log()
        assert "malformed" in daemon.log() and not daemon.is_notified("READY=1")
    finally:
        daemon.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_to_end_it_exit_0(site, start, number):
    daemon = start(site)
    assert daemon.stop(number) == 0


def test_the_watchdog_is_fed(site, start):
    daemon = start(site, environment={"WATCHDOG_USEC": "600000"})
    wait_until(lambda: daemon.notifications.count("WATCHDOG=1") >= 3, lambda: daemon.notifications)


@pytest.fixture
def deaf_manager():
    """A service manager that reads nothing: its socket, full, and the environment with its name."""
    name = f"deadlined-test-deaf-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filler:
        manager.bind("\0" + name)
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.sendto(b"full", "\0" + name)
        manager.setblocking(False)
        yield manager, {"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": "600000"}


def heard(manager):
    """What it reads now, without what filled it."""
    datagrams = []
    with contextlib.suppress(BlockingIOError):
        while True:
            datagrams.append(manager.recv(4096).decode())
    return [text for text in datagrams if text != "full"]


def test_a_service_manager_that_does_not_read_holds_nothing_up(people, start, deaf_manager):
    manager, environment = deaf_manager
    daemon = start(people, environment=environment, wait=False)
    for n in range(1, 4):
        wait_until(lambda: "is ready" in daemon.log(), daemon.log)
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda n=n: daemon.log().count("is in place") == n, daemon.log)
    people.add_due_task("unheard", "desk")
    wait_until(lambda: people.mails_about("Title of unheard"), daemon.log)
    assert daemon.log().count("it does not read what it is sent") == 1
    told = []
    wait_until(lambda: told.extend(heard(manager)) or {"READY=1", "WATCHDOG=1"} <= set(told), lambda: told)
    assert "RELOADING=1" not in told  # that is over
    assert daemon.stop() == 0


def test_a_service_manager_that_does_not_read_does_not_keep_it_from_ending(people, start, deaf_manager):
    daemon = start(people, environment=deaf_manager[1], wait=False)
    wait_until(lambda: "is ready" in daemon.log(), daemon.log)
    assert daemon.stop() == 0


def test_a_reader_of_the_log_that_stands_still_holds_nothing_up(people):
    end, log = os.pipe()
    os.set_blocking(log, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(log, b"x" * 4096)
    os.set_blocking(log, True)
    people.add_due_task("unread", "desk")
    process = subprocess.Popen([BUILD / "deadlined", "-c", people.config], stdin=subprocess.DEVNULL, stderr=log)
    try:
        wait_until(lambda: people.mails_about("Title of unread"), "the mail")
        people.write_config("[daemon]\nzone = Nowhere/Land\n")
        process.send_signal(signal.SIGHUP)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(log)
        os.close(end)


def test_a_second_daemon_on_the_same_database_names_the_first(site, start):
    first = start(site)
    second = deadlined("-c", site.config)
    assert second.returncode == 75
    assert str(first.pid) in second.stderr and len(second.stderr.splitlines()) <= 2, second.stderr
    assert first.process.poll() is None


def test_a_killed_daemon_leaves_nothing_that_keeps_the_next_from_starting(people, start):
    first = start(people)
    first.process.kill()
    first.process.wait()
    second = start(people)
    people.add_due_task("after", "desk")
    wait_until(lambda: people.mails_about("Title of after"), second.log)


def test_status_knows_the_running_daemon(site, start):
    daemon = start(site)
    status = site.status()
    assert (status["running"], status["pid"]) == (True, daemon.pid)
    daemon.stop()
    assert site.status()["running"] is False


def watched_by(pid):
    """What the epoll descriptors of a process watch, as the targets of its links."""
    folder, targets = Path(f"/proc/{pid}"), set()
    for info in (folder / "fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            for fd in re.findall(r"^tfd: +(\d+)", info.read_text(encoding="ascii"), re.M):
                targets.add(os.readlink(folder / "fd" / fd))
    return targets


def test_commits_of_others_are_watched_for_again_after_each(people, start):
    """Nothing is heard from the first write of somebody to the look at the database; from then on all is."""
    daemon = start(people)
    people.add_due_task("first", "desk")
    wait_until(lambda: people.mails_about("Title of first"), daemon.log)
    wait_until(lambda: "anon_inode:inotify" in watched_by(daemon.pid), daemon.log)


def test_a_task_added_by_plain_sql_is_delivered_within_a_second(people, start):
    """The quickest of some, because a machine that is busy makes one late and never sooner."""
    daemon = start(people)
    seconds = []
    for n in range(1, 6):
        begun = time.monotonic()
        people.add_due_task(f"sql-{n}", "desk", "school")
        wait_until(lambda n=n: len(people.mails_about(f"Title of sql-{n}")) == 2, daemon.log)
        seconds.append(time.monotonic() - begun)
    assert min(seconds) < 1, seconds
    assert {mail["To"].addresses[0].addr_spec for mail in people.mails()} == {"desk@example.org", "school@example.org"}
    wait_until(lambda: people.status()["sent"] == 10, daemon.log)
    assert [(row["state"], row["attempts"]) for row in people.queue()] == [("sent", 1)] * 10


def test_a_task_added_before_the_start_is_delivered(people, start):
    people.add_due_task("before", "desk")
    daemon = start(people)
    wait_until(lambda: people.mails_about("Title of before"), daemon.log)


def test_the_queue_says_why_a_message_is_sent(people, start):
    daemon = start(people)
    people.add_due_task("why", "desk")
    wait_until(lambda: people.queue(state="sent"), daemon.log)
    [message] = people.queue()
    assert (message["person"], message["channel"]) == ("desk", "email")
    [reminder] = message["reminders"]
    assert reminder["task"] == "why" and "0m before start" in reminder["step"] and reminder["occurrence"]
    [mail] = people.mails()
    assert message["message_id"].strip("<>") == mail["Message-ID"].strip("<>")
    assert people.queue(state="sent") == people.ctl_json("queue", "--state", "sent")
    assert people.ctl_json("queue", "--state", "dead") == []


@pytest.mark.parametrize("act", ["done", "cancel", "sql", "move", "leave"])
def test_what_is_settled_is_quiet(people, start, act):
    """The messages of two tasks wait, because their relay refuses connections; one task ends, its message is cancelled."""
    people.channels["email"] = {"type": "smtp", "url": "smtp://127.0.0.1:1", "from": "office@example.org", "tls": "off"}
    people.write_config()
    daemon = start(people)
    people.add_due_task("ends", "desk")
    people.add_due_task("stays", "desk")
    # The second is not tried when the first has shown, before it came, that the relay is down.
    wait_until(lambda: sorted(row["attempts"] for row in people.queue(state="pending")) in ([0, 1], [1, 1]), daemon.log)
    match act:
        case "done" | "cancel":
            people.ctl(act, "ends")
        case "sql":
            people.sql("UPDATE task SET status = 'done' WHERE uid = 'ends'")
        case "move":
            people.ctl("edit", "ends", "--when", "2031-06-10")
        case "leave":
            people.sql("DELETE FROM part WHERE task = (SELECT id FROM task WHERE uid = 'ends')")
    [cancelled] = wait_until(lambda: people.queue(state="cancelled"), daemon.log)
    [pending] = wait_until(lambda: people.queue(state="pending"), daemon.log)  # but for the moment of an attempt
    assert cancelled["reminders"][0]["task"] == "ends" and pending["reminders"][0]["task"] == "stays"
    wait_until(lambda: (people.status()["cancelled"], people.status()["pending"]) == (1, 1), people.status)
    assert people.status()["oldest_unsent_s"] >= 0


def test_a_title_cannot_add_a_header_a_line_or_a_recipient(people, start):
    daemon = start(people)
    people.add_due_task("evil", "desk", title="Visit\r\nBcc: everybody@example.org\r\n\r\nText\u2028\u202e {{name}} =?utf-8?q?x?=")
    [mail] = wait_until(people.mails, daemon.log)
    assert mail["Bcc"] is None and "\n" not in mail["Subject"] and len(mail["To"].addresses) == 1
    assert "\nBcc:" not in mail.get_content()


def test_a_reload_takes_the_new_configuration(people, start):
    daemon = start(people)
    people.maildir = people.folder / "other-mail"
    people.channels["email"]["path"] = people.maildir
    people.write_config()
    daemon.reload()
    people.add_due_task("moved", "desk")
    wait_until(lambda: people.mails_about("Title of moved"), daemon.log)


def test_a_step_that_reaches_nobody_is_told_and_sent_when_its_channel_is_there(people, start):
    people.add_person("op", "op@example.org")
    people.sql("DELETE FROM address WHERE person = 'desk'")
    people.sql("INSERT INTO address VALUES ('desk', 'chat', 'desk@example.org')")
    people.daemon_settings["operator"] = "op"
    del people.policies["default"]["channels"]  # all there are
    people.channels["chat"] = {"type": "maildir", "path": people.folder / "chat"}
    people.write_config()
    whole = people.config_text()
    del people.channels["chat"]
    people.write_config()
    check = deadlined("-c", people.config, "--check")
    assert check.returncode == 0 and "people have an address on 'chat', and there is no [channel chat]" in check.stderr
    daemon = start(people)
    people.add_due_task("late", "desk")
    people.add_due_task("later", "desk")
    wait_until(lambda: people.mails(), daemon.log)
    [notice] = people.mails()  # one for both
    words = " ".join(notice.get_content().split())
    assert notice["To"].addresses[0].username == "op" and "did not reach Desk desk (desk)" in words, words
    [words] = [words for words in people.status()["warnings"] if "reached nobody" in words]
    assert words.startswith("2 steps of the last week") and people.status()["unreached"] == 2
    people.write_config(whole)
    daemon.reload()
    wait_until(lambda: len(people.queue(channel="chat", state="sent")) > 0, daemon.log)
    assert people.status()["unreached"] == 0 and len(people.mails()) == 1


def test_a_policy_that_is_not_there_any_more_is_told_once(people, start):
    people.add_person("op", "op@example.org")
    people.daemon_settings["operator"] = "op"
    people.write_config()
    for uid in ("visit", "fair"):
        people.add_due_task(uid, "desk", policy="gone")
    check = deadlined("-c", people.config, "--check")
    assert check.returncode == 0 and "open tasks have the policy 'gone', and there is no [policy gone]" in check.stderr
    daemon = start(people)
    wait_until(lambda: len(people.mails()) == 3, daemon.log)
    [notice] = [mail for mail in people.mails() if mail["To"].addresses[0].username == "op"]
    assert "has the policy 'gone', as others may have" in " ".join(notice.get_content().split())


def test_whoever_asks_for_the_end_again_and_again_gets_a_good_one(people, start):
    daemon = start(people)
    while daemon.process.poll() is None:
        daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.returncode == 0


def test_a_reload_that_comes_during_the_start_is_taken_after_it(people, start):
    lock = people.database.with_name(people.database.name + ".lock")
    daemon = start(people, wait=False)
    wait_until(lock.exists, daemon.log)  # before that it may not have begun to run

    def hang_up():
        """Once at least, even when the start was over before."""
        is_ready = daemon.is_notified("READY=1")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.process.poll() is None, daemon.log()
        return is_ready

    wait_until(hang_up, daemon.log)
    wait_until(lambda: daemon.is_notified("RELOADING=1"), daemon.log)
    assert daemon.stop() == 0


def test_a_start_waits_for_whoever_holds_the_database(people, start):
    holder = sqlite3.connect(people.database, isolation_level=None, timeout=PATIENCE_S)
    holder.execute("BEGIN EXCLUSIVE")
    daemon = start(people, wait=False)
    with pytest.raises(subprocess.TimeoutExpired):
        daemon.process.wait(2)
    assert not daemon.is_notified("READY=1"), daemon.log()
    holder.execute("COMMIT")
    holder.close()
    wait_until(lambda: daemon.is_notified("READY=1"), daemon.log)
    assert daemon.stop() == 0


def test_state_dir_is_made_for_the_daily_copies(people, start):
    people.daemon_settings["state_dir"] = people.folder / "kept"
    people.write_config()
    daemon = start(people)
    wait_until(lambda: people.status()["backup"], daemon.log)
    assert list((people.folder / "kept" / "backup").iterdir())
    assert (people.folder / "kept").stat().st_mode & 0o777 == 0o700


def test_a_missing_folder_of_the_database_ends_the_start_with_the_cure(people):
    people.daemon_settings["database"] = people.folder / "gone" / "deadlined.db"
    people.write_config()
    result = deadlined("-c", people.config)
    assert result.returncode == 74
    assert f"database: the folder {people.folder}/gone is missing: make it with install -d -m 0700" in result.stderr


def test_a_reload_with_any_error_keeps_the_old_configuration(people, start):
    daemon = start(people)
    good = people.config_text()
    people.write_config(good.replace(str(people.maildir), str(people.folder / "other-mail")).replace("60s", "60"))
    daemon.reload()
    assert daemon.log_contains(rf"{people.config}:\d+: "), daemon.log()
    people.add_due_task("kept", "desk")
    wait_until(lambda: people.mails_about("Title of kept"), daemon.log)
    assert not (people.folder / "other-mail").exists()

    people.write_config(good)
    daemon.reload()
    people.add_due_task("mended", "desk")
    wait_until(lambda: people.mails_about("Title of mended"), daemon.log)


def test_a_reload_repeats_nothing(people, start):
    daemon = start(people)
    people.add_due_task("once", "desk")
    wait_until(lambda: people.queue(state="sent"), daemon.log)
    daemon.reload()
    daemon.reload()
    people.add_due_task("then", "desk")
    wait_until(lambda: people.mails_about("Title of then"), daemon.log)
    assert len(people.mails_about("Title of once")) == 1


def test_a_new_policy_holds_for_old_tasks_after_a_reload(people, start):
    people.policies["quiet"] = {"remind": "1h before start", "channels": "email"}
    people.write_config()
    daemon = start(people)
    people.add_due_task("policy", "desk", policy="quiet")
    wait_until(lambda: people.sql("SELECT count(*) FROM task WHERE next_due_utc IS NULL") == [(0,)], daemon.log)
    next_due = people.sql("SELECT next_due_utc FROM task")
    people.policies["quiet"]["overdue"] = "2h after end"
    people.write_config()
    daemon.reload()
    wait_until(lambda: people.sql("SELECT next_due_utc FROM task") not in (next_due, [(None,)]), daemon.log)


def test_another_writer_does_not_stop_it(people, start):
    """While somebody holds the database, nothing is lost; when it is free again, the message leaves."""
    daemon = start(people)
    blocker = sqlite3.connect(people.database, isolation_level=None, timeout=PATIENCE_S)
    people.add_due_task("busy", "desk")
    blocker.execute("BEGIN IMMEDIATE")
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.is_notified("RELOADING=1"), daemon.log)
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_until(lambda: people.mails_about("Title of busy"), daemon.log)
    assert daemon.process.poll() is None


def test_an_idle_daemon_sleeps(site, start):
    """No timer that spins: processor time does not grow by more than a few ticks while others come and go."""
    daemon = start(site)
    wait_until(lambda: daemon.log_contains("daily copy"), daemon.log)  # the last of what a start has to do
    before = daemon.processor_s()
    for _ in range(10):
        site.status()
    assert daemon.processor_s() - before < 0.105


def test_a_step_of_the_clock_inside_a_pass_is_followed_at_once(people, start):
    step = people.folder / "step"
    daemon = start(people, environment={"LD_PRELOAD": str(BUILD / "step_clock.so"), "CLOCK_STEP": str(step)})
    step.touch()
    people.add_due_task("before", "desk")
    wait_until(lambda: re.search(r"the clock was set\n(.*\n)*.*the clock was set back by 10[78]\d\d s", daemon.log()), daemon.log)
    assert "the wake-up timer cannot be set" not in daemon.log()


def test_no_core_dump_holds_the_secrets(site, start):
    """Whatever the shell allows from which it is started."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    hard = resource.RLIM_INFINITY if os.geteuid() == 0 else before[1]
    site.channels["pipe"] = {"type": "pipe", "command": "/bin/grep core /proc/self/limits"}
    site.write_config()
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        limits = Path(f"/proc/{start(site).pid}/limits").read_text(encoding="ascii")
        printed = site.ctl("test", "pipe", "--to", "a")  # a program that deadlinectl starts has its limits
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    limit = min(hard, 1) if hard != resource.RLIM_INFINITY else 1  # a pipe heeds 1 as well, which holds no file
    forbidden = rf"Max core file size +{limit} +{limit} "
    assert re.search(forbidden, limits) and re.search(forbidden, printed)


def test_a_test_message_shows_the_answer(site, start):
    printed = site.ctl("test", "email", "--to", "desk@example.org")
    assert printed.strip()
    [mail] = site.mails()
    assert mail["To"].addresses[0].addr_spec == "desk@example.org" and "test" in mail["Subject"].lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_test_message_of_root_is_written_with_the_rights_of_the_daemon(site):
    """In the daemon's own folder any name may lead anywhere: to a folder that only root writes to, or to a file's reader."""
    account, elsewhere = 61234, site.folder / "elsewhere"
    site.folder.chmod(0o700)  # like systemd's /var/lib/private
    site.maildir = site.database.parent / "mail"
    site.channels["email"]["path"] = site.maildir
    site.write_config()
    elsewhere.mkdir(mode=0o755)
    os.chown(site.database.parent, account, account)
    site.ctl("test", "email", "--to", "desk@example.org")
    assert {path.stat().st_uid for path in [site.maildir, *site.maildir.rglob("*")]} == {account}

    shutil.rmtree(site.maildir)
    (site.database.parent / "way").symlink_to(elsewhere)  # in a folder above the Maildir a link is followed
    site.channels["email"]["path"] = site.database.parent / "way" / "mail"
    site.write_config()
    refused = deadlinectl("-c", site.config, "test", "email", "--to", "desk@example.org")
    assert refused.returncode == 69 and "Permission denied" in refused.stdout
    assert not any(elsewhere.iterdir())


def test_a_test_message_to_a_channel_that_is_not_there(site):
    site.ctl("test", "emial", "--to", "desk@example.org", status=65)
    site.ctl("test", "email", "--to", "no address", status=65)


def test_the_database_can_be_moved_only_by_a_restart(people, start):
    daemon = start(people)
    people.write_config(people.config_text().replace("deadlined.sqlite", "elsewhere.sqlite"))
    daemon.reload()
    assert daemon.log_contains("database"), daemon.log()
    assert not (people.folder / "state" / "elsewhere.sqlite").exists()


def test_catching_up_after_a_long_sleep_is_one_message(people, start):
    """Three steps were missed: the reader gets them, but not one by one, and not those that are too old to be of use."""
    people.policies["default"]["remind"] = "10m 5m 0m before start"
    people.write_config()
    people.add_due_task("slept", "desk")
    daemon = start(people)
    wait_until(lambda: people.queue(state="sent"), daemon.log)
    wait_until(lambda: people.status()["pending"] == 0, daemon.log)
    assert len(people.mails()) == 1
    assert len(people.sql("SELECT * FROM reminder")) == 3


def test_the_task_of_the_next_minute_came_at_its_time(coming_minute):
    site, daemon, minute = coming_minute
    wait_until(site.mails, daemon.log, timeout=80 + PATIENCE_S)
    [mail] = site.mails_about("Call Heihe")
    sent = site.sql("SELECT started_utc FROM attempt")[0][0]
    assert 0 <= sent - minute.timestamp() <= 10, "on time, and not at the next scan"
    assert mail["To"].addresses[0].addr_spec == "desk@example.org"
    daemon.stop()


def test_a_task_that_sql_has_spoilt_is_told_and_goes_on_when_corrected(people, start):
    people.add_person("op", "op@example.org")
    people.daemon_settings["operator"] = "op"
    people.write_config()
    daemon = start(people)
    for uid, date, zone, rule in (("zone", "2031-06-15", "Asia/Nowhere", ""), ("date", "2026-13-45", "UTC", ""),
                                  ("rule", "2031-06-15", "UTC", "FREQ=SECONDLY")):
        people.sql(f"INSERT INTO task (uid, title, start_local, end_local, zone, rrule) VALUES ('{uid}', 'x', '{date}',"
                   f" '{date}', '{zone}', '{rule}')")
        wait_until(lambda uid=uid: people.sql(f"SELECT 1 FROM ledger WHERE action = 'problem' AND task = '{uid}'"),
                   daemon.log)
    wait_until(lambda: people.mails(), daemon.log)
    [notice] = people.mails()  # one for all of them
    assert "cannot be planned" in " ".join(notice.get_content().split()) and "Asia/Nowhere" in notice.get_content()
    status = people.status()
    [words] = [words for words in status["warnings"] if "planned" in words]
    assert words.startswith("3 open tasks cannot be planned, the first: zone: ") and "Asia/Nowhere" in words
    assert status["unplanned"] == 3 and status["level"] == "warning"
    people.ctl("edit", "zone", "--zone", "UTC")
    people.ctl("edit", "rule", "--rrule", "")
    people.sql("UPDATE task SET start_local = '2031-06-15', end_local = '2031-06-15' WHERE uid = 'date'")
    wait_until(lambda: people.status()["unplanned"] == 0, daemon.log)
