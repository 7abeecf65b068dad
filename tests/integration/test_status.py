"""deadlinectl status as monitoring sees it: its exit status, and the reason for it."""
import json
import os
import re
import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from http_server import HttpServer, Reply
from smtp_server import SmtpServer

from harness import BUILD, PATIENCE_S, deadlinectl, run, stay_within_an_hour, wait_until

HOUR, DAY = 3600, 86400


@pytest.fixture
def serve():
    """serve(Class, ...) starts a scripted server until the end of the test."""
    servers = []

    def start_server(kind, **options):
        servers.append(kind(**options))
        return servers[-1]

    yield start_server
    for server in servers:
        server.close()


@pytest.fixture
def desk(site):
    """A site with one person, and a scan every second, so that the first audit comes soon."""
    site.daemon_settings["scan_interval"] = "1s"
    site.write_config()
    site.add_person("desk", "desk@example.org")
    return site


@pytest.fixture
def settled(desk, start):
    """A daemon of which there is nothing to say."""
    stay_within_an_hour()
    daemon = start(desk)
    desk.add_due_task("first", "desk")
    wait_until(lambda: desk.queue(state="sent"), daemon.log)
    wait_until(lambda: desk.status()["audit"]["at"] and desk.status()["backup"], daemon.log)
    return daemon


@pytest.fixture
def healthy(settled):
    """The site of such a daemon."""
    return settled.site


def judge(site, status, **lists):
    """The exit status, and for each list of the object one sentence with these words; other sentences are wrong."""
    found = json.loads(site.ctl("status", "--json", status=status))
    for name in ("criticals", "warnings"):
        wanted = lists.get(name, [])
        assert len(found[name]) == len(wanted), found[name]
        for words, sentence in zip(wanted, found[name]):
            assert words in sentence
    assert found["level"] == ("ok", "warning", "critical")[status]
    text = ageless(site.ctl("status", status=status))
    assert all(ageless(sentence) in text for name in ("criticals", "warnings") for sentence in found[name])
    return found


def ageless(text):
    """Without the ages, which grow from one look to the next."""
    return re.sub(r"\d+ (s|min|h|d)\b", r"_ \1", text)


def test_all_is_well(healthy):
    found = judge(healthy, 0)
    [channel] = found["channels"]
    assert channel["name"] == "email" and channel["last_sent"] and channel["failing_since"] is None
    assert found["running"] and found["started"] and found["disk_free"] > 0 and found["clock_trusted"]
    assert found["brakes"] == [] and found["suspended"] == 0 and found["audit"]["findings"] == []


def test_a_daemon_that_does_not_run_is_critical(desk):
    judge(desk, 2, criticals=["deadlined is not running"])


def test_no_database_is_critical(site):
    result = deadlinectl("-c", site.config, "status", "--json")
    assert result.returncode == 2 and "start deadlined first" in result.stderr
    found = json.loads(result.stdout)
    assert found["level"] == "critical" and "the database cannot be read" in found["criticals"]
    assert "critical" in deadlinectl("-c", site.config, "status").stdout


def test_a_damaged_database_is_critical(healthy):
    healthy.database.write_bytes(b"This is no database. " * 1000)
    result = deadlinectl("-c", healthy.config, "status", "--json")
    assert result.returncode == 2 and "the database cannot be read" in json.loads(result.stdout)["criticals"]


def test_who_may_not_read_the_database_is_told_that_nothing_can_be_told(healthy):
    """Root needs to be kept out of it, too."""
    healthy.database.chmod(0)
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    result = run(*bound, BUILD / "deadlinectl", "-c", healthy.config, "status")
    healthy.database.chmod(0o600)
    assert result.returncode == 73 and not result.stdout, result.stdout
    assert "cannot be told" in result.stderr and str(healthy.database) in result.stderr and "not running" not in result.stderr


def test_other_failures_keep_their_exit_status(site):
    assert deadlinectl("-c", site.config, "status", "--nonsense").returncode == 64
    site.write_config("[daemon]\nzone = Nowhere/Land\n")
    assert deadlinectl("-c", site.config, "status").returncode == 78


def ago(seconds):
    return int(time.time()) - seconds


def add_message(site, state, due_ago, channel="email"):
    site.sql("INSERT INTO message (person, channel, kind, state, reason, due_utc, not_before, domain)"
             " VALUES ('desk', ?, 'test', ?, 'x', ?, ?, 'x')", channel, state, ago(due_ago), ago(-DAY))


def add_dead(site, ago_s, reply):
    add_message(site, "dead", ago_s + HOUR)
    site.sql("UPDATE message SET attempts = 1, last_reply = ? WHERE id = (SELECT max(id) FROM message)", reply)
    site.sql("INSERT INTO attempt (message, number, started_utc, outcome, code, reply)"
             " SELECT max(id), 1, ?, 'permanent', 552, ? FROM message", ago(ago_s), reply)


def been_up(site, seconds):
    """The daemon has been running for so long, and the last audit is from now."""
    site.sql("UPDATE meta SET value = ? WHERE key = 'audit'", f"{ago(0)} {ago(seconds)}")


# what an hour or a month would bring, by plain SQL
WARNINGS = {
    "held": (lambda site: add_message(site, "held", 5), "1 message is held"),
    "suspended": (lambda site: site.sql("INSERT INTO suspension (person, channel, refusals, reason) VALUES ('desk', 'chat', 3, 'no such mailbox')"),
                  "1 address is suspended"),
    "dead": (lambda site: (add_dead(site, 2 * DAY, "an old one"), add_dead(site, 2 * HOUR, "552 5.3.4 too large"),
                           add_dead(site, HOUR, "554 spam")),
             "2 messages died in the last day: the first to desk on channel email: 552 5.3.4 too large"),
    "brake": (lambda site: site.sql("INSERT OR REPLACE INTO brake VALUES ('all', '', 0, 5, 5, ?)", ago(HOUR)),
              "the brake holds all messages since 1 h"),
    "strange channel": (lambda site: add_message(site, "pending", -DAY, "gone"), "messages wait for channel gone"),
    "failing": (lambda site: (site.sql("UPDATE channel SET failed_utc = ?, failure = '451 4.3.0 words'", ago(5)),
                              site.sql("INSERT INTO meta VALUES ('failing email', ?)", str(ago(2 * HOUR)))),
                "channel email has failed for 2 h 0 min: 451 4.3.0 words"),
    "late": (lambda site: (add_message(site, "pending", 2 * HOUR), been_up(site, 3 * HOUR)),
             "the oldest unsent message was due 2 h"),
    "old copy": (lambda site: (site.sql("UPDATE meta SET value = ? WHERE key = 'backup_utc'", str(ago(3 * DAY))),
                               been_up(site, 3 * HOUR)), "the last daily copy of the database is 3 d"),
    "certificate": (lambda site: site.sql("UPDATE channel SET certificate_until_utc = ?", ago(-10 * DAY)),
                    "the certificate of the server of channel email ends at"),
    "certificate ended": (lambda site: site.sql("UPDATE channel SET certificate_until_utc = ?", ago(10)),
                          "the certificate of the server of channel email ended at"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_warnings(healthy, case):
    spoil, words = WARNINGS[case]
    spoil(healthy)
    judge(healthy, 1, warnings=[words])


CRITICALS = {
    "stuck": (lambda site: (add_message(site, "pending", 5 * HOUR), been_up(site, 6 * HOUR),
                            site.sql("UPDATE channel SET sent_utc = ?", ago(5 * HOUR))), "nothing was sent for hours"),
    "audit": (lambda site: site.sql("UPDATE meta SET value = value || ? WHERE key = 'audit'",
                                    f"\nmessages {ago(5)} message 7 is wrong"), "the audit found: message 7 is wrong"),
    "no audit": (lambda site: site.sql("UPDATE meta SET value = ? WHERE key = 'audit'", f"{ago(3 * HOUR)} {ago(9 * HOUR)}"),
                 "has not looked through its work for 3 h"),
    "clock": (lambda site: site.sql("UPDATE meta SET value = ? WHERE key = 'seen_utc'", str(ago(-2 * DAY))),
              "the clock is not trusted"),
}


def test_a_clock_that_nothing_has_set_since_the_start_of_the_machine_is_named_until_it_is_set(desk, start):
    is_set = desk.folder / "set"
    unset = {"LD_PRELOAD": str(BUILD / "unset_clock.so"), "CLOCK_SET": str(is_set), "UP_S": "60"}
    daemon = start(desk, environment=unset)
    desk.add_due_task("late", "desk")
    wait_until(lambda: "nothing has set the clock since the machine was started" in daemon.log(), daemon.log)
    found = deadlinectl("-c", desk.config, "status", env=unset)
    assert found.returncode == 2 and "so nothing is sent: synchronise it, or wait 10 min" in found.stdout, found.stdout
    assert desk.queue() == []
    is_set.touch()
    wait_until(lambda: desk.queue(state="sent"), daemon.log)
    assert daemon.log().count("the clock is believed now") == 1
    assert "nothing has set" not in deadlinectl("-c", desk.config, "status", env=unset).stdout


def test_a_suspended_address_is_shown_with_its_person_and_why(healthy):
    since = ago(HOUR)
    healthy.sql("INSERT INTO suspension VALUES ('desk', 'email', 3, '550 no such mailbox\x1b[1m', ?)", since)
    [row] = healthy.status()["suspended_addresses"]
    assert (row["person"], row["channel"]) == ("desk", "email") and row["since"] is not None
    assert row["reason"].startswith("550 no such mailbox") and healthy.status()["suspended"] == 1
    [line] = [line for line in healthy.ctl("status", status=1).splitlines() if line.startswith("  suspended")]
    assert "desk on email since " in line and "550 no such mailbox" in line and "\x1b" not in line


@pytest.mark.parametrize("case", CRITICALS)
def test_criticals(healthy, case):
    spoil, words = CRITICALS[case]
    spoil(healthy)
    judge(healthy, 2, criticals=[words])


def test_due_work_that_the_daemon_does_not_begin_is_a_warning(settled):
    with closing(sqlite3.connect(settled.site.database, isolation_level=None, timeout=PATIENCE_S)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # or it might be stopped while it has the lock
        settled.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: "(stopped)" in Path(f"/proc/{settled.pid}/status").read_text(encoding="ascii"), settled.log)
        connection.execute("UPDATE task SET next_due_utc = ?", [ago(600)])
        connection.execute("COMMIT")
    judge(settled.site, 1, warnings=["ago, and deadlined, which runs, has not begun it"])
    settled.process.send_signal(signal.SIGCONT)
    wait_until(lambda: not settled.site.status()["warnings"], settled.log)


@pytest.mark.parametrize("case", ["late", "stuck"])
def test_a_daemon_that_was_just_started_may_catch_up(healthy, case):
    {**WARNINGS, **CRITICALS}[case][0](healthy)
    been_up(healthy, 60)
    judge(healthy, 0)


def test_what_a_brake_holds_is_a_warning(healthy):
    CRITICALS["stuck"][0](healthy)
    WARNINGS["brake"][0](healthy)
    judge(healthy, 1, warnings=["the oldest unsent message was due 5 h", "the brake holds all messages"])


# ---- a reload that was refused -----------------------------------------------------------------------------------------

def refuse_a_reload(daemon):
    """Returns the place of the mistake and its words, as the log has them."""
    site = daemon.site
    site.policies["default"]["remind"] = "1d befor start"
    site.write_config()
    daemon.reload()
    return re.search(rf"^({re.escape(str(site.config))}:\d+: .*befor.*)$", daemon.log(), re.MULTILINE).group(1)


def mend(site):
    site.policies["default"]["remind"] = "0m before start"
    site.write_config()


def test_a_refused_reload_is_a_warning_until_one_succeeds(settled):
    site = settled.site
    mistake = refuse_a_reload(settled)
    [warning] = judge(site, 1, warnings=[f"and the old configuration is in force: {mistake}"])["warnings"]
    assert re.match(r"the reload 0 min \d+ s ago was refused", warning)
    mend(site)
    assert site.status()["warnings"] == [ANY], "the file alone is not in force"
    settled.reload()
    judge(site, 0)


def test_a_refused_reload_is_a_warning_until_the_daemon_starts_anew(settled, start):
    refuse_a_reload(settled)
    assert settled.stop() == 0
    judge(settled.site, 2, criticals=["not running"], warnings=["was refused"])
    mend(settled.site)
    start(settled.site)
    judge(settled.site, 0)


@contextmanager
def locked(daemon):
    """Another program holds the database, and the daemon has work and cannot record it."""
    with closing(sqlite3.connect(daemon.site.database, isolation_level=None, timeout=PATIENCE_S)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        daemon.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: "(stopped)" in Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii"), daemon.log)
        connection.execute("UPDATE task SET next_due_utc = ?", [ago(600)])
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        daemon.process.send_signal(signal.SIGCONT)
        wait_until(lambda: daemon.notifications[-1].startswith("STATUS=nothing can be recorded"), daemon.log)
        yield


def test_a_daemon_that_can_record_nothing_for_a_minute_is_critical(settled):
    site = settled.site
    lock = site.database.with_name(site.database.name + ".lock")
    with locked(settled):
        assert site.status()["criticals"] == []
        text = lock.read_bytes()
        since = re.search(rb"(\d{10}) [a-z]+ing .*: database is locked$", text)[1]
        assert ago(PATIENCE_S) <= int(since) <= ago(0)
        lock.write_bytes(text.replace(since, b"%d" % ago(75)))
        [words] = json.loads(site.ctl("status", "--json", status=2))["criticals"]
        assert re.fullmatch(r"nothing can be recorded for 1 min 1\d s, so nothing is sent: .*: database is locked", words)
    wait_until(lambda: b"locked" not in lock.read_bytes(), settled.log)
    assert site.status()["criticals"] == []


def test_systemd_is_told_of_a_refused_reload_until_one_succeeds(settled):
    """After any trouble the status is told anew, as it is every minute."""
    refused = f"STATUS=reload refused, the old configuration stays: {refuse_a_reload(settled)}"
    assert settled.is_notified(refused)
    with locked(settled):
        trouble = len(settled.notifications)
    told = wait_until(lambda: [line for line in settled.notifications[trouble:]
                               if line.startswith("STATUS=") and "nothing can be recorded" not in line], settled.log)
    assert told[0] == refused
    mend(settled.site)
    since = len(settled.notifications)
    settled.reload()
    assert any(re.match(r"STATUS=\d+ sent", line) for line in settled.notifications[since:])


def test_a_refusal_that_cannot_be_kept_is_logged_and_the_work_goes_on(settled):
    with closing(sqlite3.connect(settled.site.database, isolation_level=None, timeout=PATIENCE_S)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        refuse_a_reload(settled)
        assert settled.log_contains("how the last reload ended could not be kept for deadlinectl status: ")
    settled.site.add_due_task("later", "desk")
    wait_until(lambda: settled.site.mails_about("Title of later"), settled.log)


# ---- channels ----------------------------------------------------------------------------------------------------------

def test_the_last_error_of_a_channel_is_shown(desk, serve, start):
    server = serve(SmtpServer, greeting="421 4.3.2 not now")
    desk.channels["email"] = {"type": "smtp", "url": f"smtp://127.0.0.1:{server.port}", "from": "office@example.org", "tls": "off"}
    desk.write_config()
    desk.add_due_task("t", "desk")
    daemon = start(desk)
    wait_until(lambda: desk.status()["channels"][0]["failure"], daemon.log)
    [channel] = desk.status()["channels"]
    assert "not now" in channel["failure"] and channel["failing_since"] and channel["last_sent"] is None
    assert "not now" in desk.ctl("status")
    assert daemon.stop() == 0
    assert desk.status()["channels"][0] == channel, "it outlives the process"


def test_a_pause_that_a_server_asked_for_outlives_the_process(desk, serve, start):
    hook = serve(HttpServer, default=Reply(429, {"Retry-After": "7200"}))
    desk.channels = {"hook": {"type": "http", "preset": "webhook", "url": hook.url + "/hook", "connections": "1"}}
    desk.policies["default"]["channels"] = "hook"
    desk.write_config()
    desk.add_people("hook", {"desk": "room"})
    desk.add_due_task("first", "desk")
    daemon = start(desk)
    wait_until(lambda: desk.status()["channels"][0]["paused_until"], daemon.log)
    until = datetime.fromisoformat(desk.status()["channels"][0]["paused_until"])
    assert timedelta(minutes=118) < until - datetime.now(until.tzinfo) < timedelta(minutes=122)
    assert desk.status()["channels"][0]["failing_since"] is None
    assert daemon.stop() == 0
    desk.retry_now()
    desk.add_due_task("second", "desk")
    daemon = start(desk)
    wait_until(lambda: len(desk.queue(state="pending")) == 2, daemon.log)
    at = wait_until(lambda: desk.status()["audit"]["at"], daemon.log)
    wait_until(lambda: desk.status()["audit"]["at"] >= at, daemon.log)
    assert len(hook.requests) == 1 and "asked for a pause until" in desk.ctl("status")


def use_tls(site, serve, authority, kind, days):
    """A channel to a server with a certificate for so many days."""
    cert, key = authority.issue(days=days)
    settings = {"ca_file": authority.ca_file}
    if kind == "https":
        server = serve(HttpServer, default=Reply(204), certificate=cert, key=key)
        settings.update(type="http", preset="webhook", url=f"https://localhost:{server.port}/hook")
    else:
        server = serve(SmtpServer, tls=kind, cert=cert, key=key)
        scheme = "smtps" if kind == "smtps" else "smtp"
        settings.update({"type": "smtp", "url": f"{scheme}://localhost:{server.port}", "tls": "required",
                         "from": "office@example.org"})
    site.channels = {"email": settings}
    site.daemon_settings["operator"] = "desk"
    site.write_config()


@pytest.mark.parametrize("kind", ["starttls", "smtps", "https"])
def test_the_end_of_a_certificate_is_told_in_time(desk, serve, authority, start, kind):
    use_tls(desk, serve, authority, kind, days=10)
    desk.add_due_task("t", "desk")
    daemon = start(desk)
    wait_until(lambda: desk.queue(state="sent"), daemon.log)
    [channel] = desk.status()["channels"]
    until = datetime.fromisoformat(channel["certificate_until"])
    assert abs(until - datetime.now(until.tzinfo) - timedelta(days=10)) < timedelta(minutes=10)
    assert daemon.stop() == 0
    first, daemon = daemon, start(desk)
    # Its first audit knows of it, if that of the first was before the message was sent.
    wait_until(lambda: "The certificate of the server of channel email ends at" in first.log() + daemon.log(), daemon.log)
    wait_until(lambda: desk.queue(state="sent", kind="notice"), daemon.log)
    judge(desk, 1, warnings=["the certificate of the server of channel email ends at"])


@pytest.mark.parametrize("kind", ["starttls", "smtps", "https"])
def test_one_that_lasts_is_not_told_of(desk, serve, authority, start, kind):
    use_tls(desk, serve, authority, kind, days=20)
    desk.add_due_task("t", "desk")
    daemon = start(desk)
    wait_until(lambda: desk.queue(state="sent") and desk.status()["audit"]["at"], daemon.log)
    assert desk.status()["channels"][0]["certificate_until"] and "certificate" not in daemon.log()
    wait_until(lambda: desk.status()["backup"], daemon.log)
    judge(desk, 0)
