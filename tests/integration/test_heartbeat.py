"""The audit of a running daemon, and the watchman who hears of it. A scan a second brings the first audit soon."""
import time

import pytest
from http_server import HttpServer, Reply

from harness import deadlined, wait_until

PATH = "/ping/7f3c2c1e-Heartbeat-Key-0123456789"


@pytest.fixture
def watchman():
    with HttpServer() as server:
        yield server


@pytest.fixture
def watched(site, watchman):
    """A site with a heartbeat, a person and a scan every second."""
    site.daemon_settings["scan_interval"] = "1s"
    site.daemon_settings["heartbeat"] = site.secret("heartbeat", watchman.url + PATH)
    site.write_config()
    site.add_person("desk", "desk@example.org")
    return site


def audited(site):
    return site.status()["audit"]["at"]


def sends(site, daemon, uid):
    site.add_due_task(uid, "desk")
    wait_until(lambda: site.mails_about(uid), daemon.log)


def test_the_watchman_hears_of_an_audit_that_passed(watched, watchman, start):
    daemon = start(watched)
    [request] = watchman.wait(1)
    assert (request.method, request.path, request.body) == ("GET", PATH, b"")
    assert request.headers["user-agent"].startswith("deadlined/")
    wait_until(lambda: "the heartbeat was heard" in daemon.log(), daemon.log)
    assert audited(watched)
    told = daemon.told()
    assert b"Heartbeat-Key" not in told and PATH.encode() not in told
    sends(watched, daemon, "task-1")
    assert len(watchman.requests) == 1, "once an hour, however often it scans"


def test_an_address_in_the_configuration_itself_is_not_told_either(watched, watchman, start):
    watchman.script(Reply(404, {}, f"nothing at {PATH}"))
    watched.daemon_settings["heartbeat"] = watchman.url + PATH
    watched.write_config()
    daemon = start(watched)
    wait_until(lambda: "the heartbeat was not heard: HTTP 404" in daemon.log(), daemon.log)
    assert b"Heartbeat-Key" not in daemon.told()


@pytest.mark.parametrize("reply", [Reply(503), Reply(301, {"Location": "/elsewhere"}), Reply(drop=True), Reply(hang=True),
                                   Reply(huge=10_000_000), Reply(raw=b"\0\1\2 no HTTP\r\n\r\n")], ids=str)
def test_reminders_do_not_wait_for_the_watchman(watched, watchman, start, reply):
    watchman.script(reply)
    daemon = start(watched)
    watchman.wait(1)
    for number in range(3):
        sends(watched, daemon, f"task-{number}")
    if not reply.hang:
        wait_until(lambda: "the heartbeat was" in daemon.log(), daemon.log)
        assert ("the heartbeat was heard" in daemon.log()) == bool(reply.huge)
    assert len(watchman.requests) == 1 and daemon.stop() == 0


def test_nobody_listens(watched, watchman, start):
    watchman.close()
    daemon = start(watched)
    wait_until(lambda: "the heartbeat was not heard" in daemon.log(), daemon.log)
    sends(watched, daemon, "task-1")
    assert daemon.log().count("the heartbeat was not heard") == 1


def test_what_the_audit_finds_silences_the_heartbeat_and_is_told(watched, watchman, start):
    watched.daemon_settings["operator"] = "desk"
    watched.write_config()
    daemon = start(watched)
    sends(watched, daemon, "task-1")
    watchman.wait(1)
    assert daemon.stop() == 0
    watched.sql("DELETE FROM attempt")
    daemon = start(watched)
    words = "message 1 counts as sent, and no server accepted it"
    wait_until(lambda: f"audit: {words}" in daemon.log(), daemon.log)
    wait_until(lambda: watched.mails_about(words), daemon.log)
    status = watched.status()
    assert status["level"] == "critical" and any(words in text for text in status["criticals"])
    assert status["audit"]["findings"][0]["kind"] == "messages"
    watched.ctl("status", status=2)
    sends(watched, daemon, "task-2")
    assert len(watchman.requests) == 1


def test_an_audit_writes_once(watched, start):
    """Nothing is written between two audits."""
    daemon = start(watched)
    wait_until(lambda: audited(watched), daemon.log)
    wait_until(lambda: watched.status()["backup"], daemon.log)
    log = watched.database.with_name(watched.database.name + "-wal")
    before, end = (log.stat().st_size, log.stat().st_mtime_ns), time.monotonic() + 3.5
    wait_until(lambda: time.monotonic() > end, "three scans")
    assert (log.stat().st_size, log.stat().st_mtime_ns) == before


@pytest.mark.parametrize("address, words", [
    ("ftp://example.org/Heartbeat-Key-0123456789", "https://"),
    ("http://example.org/Heartbeat-Key-0123456789", "plain http://"),
    ("https://user:Heartbeat-Key-0123456789@example.org/", "user names"),
    ("file:/nonexistent/heartbeat", "/nonexistent/heartbeat"),
])
def test_an_address_that_cannot_be_called_is_refused_and_not_shown(site, address, words):
    site.daemon_settings["heartbeat"] = address
    site.write_config()
    result = deadlined("-c", site.config, "--check")
    assert result.returncode == 78
    [line] = [line for line in result.stdout.splitlines() + result.stderr.splitlines() if "heartbeat: " in line]
    assert line.startswith(f"{site.config}:") and words in line and "Heartbeat-Key" not in line
