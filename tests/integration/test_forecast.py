"""A configuration that would send too much in its first day is refused, at the start and at a reload."""
import time

import pytest

from harness import BUILD, deadlined, stay_within_an_hour, wait_until


@pytest.fixture
def office(site):
    """Somebody to write to, five messages an hour to each, and a database."""
    site.limits["messages_per_hour_per_person"] = "5"
    site.write_config()
    site.add_person("anna", "anna@example.org")
    stay_within_an_hour()
    return site


def refused(site, *words):
    result = deadlined("-c", site.config, *words)
    assert result.returncode == 78, result.stderr
    return result.stderr


def line_of(site, text):
    return site.config_text().split(text)[0].count("\n") + 1


@pytest.mark.parametrize("in_s", [0, 5 * 3600, 23 * 3600], ids=["at once", "in five hours", "in 23 hours"])
def test_too_much_in_the_first_day_is_refused_at_the_start(office, in_s):
    office.add_flood(9, "anna", in_s=in_s)
    words = refused(office)
    line = line_of(office, "messages_per_hour_per_person")
    for part in (f"{office.config}:{line}: too many messages", "person anna: 9 ", "messages_per_hour_per_person is 5",
                 "9 by '0m before start' of [policy default]", "--accept-volume", "raise the limit"):
        assert part in words, words
    assert office.status()["pending"] == 0 and office.queue() == [] and office.mails() == []


@pytest.mark.parametrize("n, in_s", [(5, 0), (9, 25 * 3600)], ids=["within the limit", "later than a day"])
def test_what_the_limits_allow_starts(office, start, n, in_s):
    office.add_flood(n, "anna", in_s=in_s)
    start(office)


def test_every_scope_has_its_forecast(office):
    office.limits.update(messages_per_hour="7", messages_per_hour_per_channel="6")
    office.write_config()
    office.add_flood(9, "anna")
    words = refused(office)
    for part in ("all messages: 9 ", "channel email: 9 ", "person anna: 9 "):
        assert part in words, words


def test_what_was_sent_already_is_no_cause(office, start):
    daemon = start(office)
    office.add_flood(3, "anna")
    wait_until(lambda: len(office.queue(state="sent")) == 3, daemon.log)
    daemon.stop()
    sent_s = int(time.time())
    wait_until(lambda: int(time.time()) > sent_s, "the next second")
    office.add_flood(9, "anna", name="u")
    office.limits["messages_per_hour_per_person"] = "4"
    office.write_config()
    words = refused(office)
    assert "most: 9 by '0m before start'" in words, words


def test_accepted_volume_starts_and_stays_accepted(office, start, monkeypatch):
    office.add_flood(9, "anna")
    refused(office)
    monkeypatch.setattr("harness.BUILD", accepting(office))
    daemon = start(office)
    assert daemon.log_contains("accepted: too many messages in the next 24 hours: person anna: 9 ")
    wait_until(lambda: office.ctl_json("brake"), daemon.log)
    daemon.stop()
    monkeypatch.undo()
    start(office)  # the same configuration, without the option


def accepting(site):
    """A folder of programs of which deadlined always has the option."""
    folder = site.folder / "bin"
    folder.mkdir()
    (folder / "deadlinectl").symlink_to(BUILD / "deadlinectl")
    (folder / "deadlined").write_text(f'#!/bin/sh\nexec "{BUILD}/deadlined" --accept-volume "$@"\n', encoding="ascii")
    (folder / "deadlined").chmod(0o755)
    return folder


def test_a_restart_after_standstill_is_not_refused(office, start):
    start(office).stop()
    office.add_flood(9, "anna")  # as if they had fallen due meanwhile
    daemon = start(office)
    wait_until(lambda: daemon.log_contains("messages_per_hour_per_person = 5 is reached"), daemon.log)


def test_a_reload_that_would_send_too_much_leaves_the_old_configuration(office, start):
    office.add_flood(9, "anna", in_s=7200)
    office.policies["default"]["remind"] = "30d before start"
    office.write_config()
    daemon = start(office)
    office.policies["default"]["remind"] = "1h before start"
    office.write_config()
    daemon.reload()
    assert daemon.log_contains("reload refused, the old configuration stays")
    assert daemon.log_contains("9 by '1h before start' of .policy default.")
    assert any(line.startswith("STATUS=reload refused") and "too many messages" in line
               for line in daemon.notifications), daemon.notifications
    assert office.sql("SELECT count(*) FROM task WHERE next_due_utc < 253402300799") == [(0,)]
    office.limits["messages_per_hour_per_person"] = "9"
    office.write_config()
    daemon.reload()
    assert daemon.log_contains("configuration .* is in place")
    wait_until(lambda: office.sql("SELECT count(*) FROM task WHERE next_due_utc < 253402300799") == [(9,)], daemon.log)


def test_what_a_brake_holds_back_does_not_keep_the_daemon_from_starting(office, start):
    """The operator corrects the policy after a trip, and has not yet decided about what waits."""
    daemon = start(office)
    office.add_flood(20, "anna")
    wait_until(lambda: daemon.log_contains("messages_per_hour_per_person = 5 is reached"), daemon.log)
    daemon.stop()
    office.policies["default"]["remind"] = "1d before start"
    office.write_config()
    start(office)
    assert len(office.queue(state="pending")) == 15


def test_the_forecast_leaves_no_trace(office, start):
    office.add_flood(3, "anna")
    office.policies["default"]["remind"] = "30d before start"
    office.write_config()
    daemon = start(office)
    assert office.queue() == [] and office.mails() == []
    assert "counted" not in daemon.log() and "rehearsed" not in daemon.log()


def test_a_large_plan_is_looked_at_in_bounded_time(office, start):
    office.limits["messages_per_hour_per_person"] = "100000"
    office.write_config()
    office.add_flood(100000, "anna", in_s=86400 * 30)
    daemon = start(office)
    assert daemon.processor_s() < 12, daemon.log()
