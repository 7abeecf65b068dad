"""The brakes of a running daemon: what stops, who is told, and what the operator does about it."""
import re
import signal
from datetime import datetime, timedelta

import pytest

from harness import deadlined, deadlinectl, json_lines, stay_within_an_hour, wait_until

LIMITS = {"all": "messages_per_hour", "channel": "messages_per_hour_per_channel",
          "person": "messages_per_hour_per_person"}
NAMES = {"all": [], "channel": ["email"], "person": ["anna"]}


@pytest.fixture
def flooded(site, start):
    """flooded(scope, limit, n): a daemon whose brake of that scope has tripped under n messages to anna."""
    def make(scope="person", limit=5, n=20):
        site.daemon_settings["operator"] = "olga"
        site.limits[LIMITS[scope]] = str(limit)
        site.write_config()
        for person in ("anna", "chen", "olga"):
            site.add_person(person, f"{person}@example.org")
        stay_within_an_hour()
        daemon = start(site)
        site.add_flood(n, "anna")
        wait_until(lambda: sent(site, "anna") == limit and sent(site, "olga") == 1, daemon.log)
        return daemon
    return make


def sent(site, person):
    return len(site.queue(state="sent", person=person))


def brake(site, scope):
    name = "".join(NAMES[scope])
    return next(row for row in site.ctl_json("brake") if row["scope"] == scope and row["name"] == name)


@pytest.mark.parametrize("scope", LIMITS)
def test_a_tripped_brake_holds_over_a_restart_until_it_is_resumed(site, start, flooded, scope):
    daemon = flooded(scope)
    assert daemon.log_contains(f"{LIMITS[scope]} = 5 is reached, and 15 more wait")
    row = brake(site, scope)
    assert row["stopped_since"] and (row["limit"], row["sent"], row["waiting"]) == (5, 5, 15)
    daemon.stop(signal.SIGKILL)
    daemon = start(site)
    site.add_due_task("other", "anna")
    wait_until(lambda: brake(site, scope)["waiting"] == 16, daemon.log)
    assert sent(site, "anna") == 5
    # A trip has an instant of its own, in seconds.
    wait_until(lambda: datetime.now().timestamp() > datetime.fromisoformat(row["stopped_since"]).timestamp() + 1, row)
    assert "goes on" in site.ctl("brake", "resume", scope, *NAMES[scope])
    wait_until(lambda: sent(site, "anna") == 10 and sent(site, "olga") == 2, daemon.log)
    assert brake(site, scope)["waiting"] == 11
    mails = [mail for mail in site.mails() if "olga" in mail["To"]]
    assert len(mails) == 2 and all("deadlinectl brake resume " + " ".join([scope, *NAMES[scope]]) in
                                   " ".join(mail.get_content().split()) for mail in mails)


def test_the_brake_on_a_person_holds_nobody_else(site, flooded):
    daemon = flooded("person", n=500)
    site.add_flood(3, "chen", "c")
    wait_until(lambda: sent(site, "chen") == 3, daemon.log)
    assert sent(site, "anna") == 5


def test_a_rehearsal_is_not_cut_off_and_says_what_would_trip(site, flooded):
    flooded("person").stop()
    site.add_flood(9, "chen", "c")
    plan = deadlinectl("-c", site.config, "plan", "--json")
    assert plan.returncode == 0
    assert len([row for row in json_lines(plan.stdout) if row["state"] == "planned" and row["step"] != "notice"]) == 24
    assert "the brake on person anna is on since" in plan.stderr
    assert re.search("the brake would trip on person anna at .*: 15 messages in an hour, limit 5", plan.stderr)
    assert re.search("the brake would trip on person chen at .*: 9 messages in an hour, limit 5", plan.stderr)
    days = datetime.now().strftime("%Y-%m-%d..") + (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%d")
    rehearsal = deadlined("-c", site.config, "--rehearse", days)
    assert rehearsal.returncode == 0 and "would trip on person chen" in rehearsal.stderr
    assert brake(site, "person")["waiting"] == 15 and len(site.queue(state="pending")) == 15


def test_a_daemon_that_is_stopped_by_its_brake_sleeps(site, flooded):
    daemon = flooded("all", n=2000)
    wait_until(lambda: brake(site, "all")["waiting"] == 1995 and daemon.log_contains("daily copy"), daemon.log)
    before, sweeps = daemon.processor_s(), []
    wait_until(lambda: sweeps.append(1) or len(sweeps) > 100, "two seconds")
    assert daemon.processor_s() - before < 0.205


def test_a_purge_counts_first_and_then_cancels_what_waits(site, flooded):
    daemon = flooded("person")
    assert "15 messages would be cancelled" in site.ctl("brake", "purge")
    assert len(site.queue(state="pending")) == 15
    assert "person anna: 15 messages cancelled" in site.ctl("brake", "purge", "person", "anna", "--yes")
    cancelled = site.queue(state="cancelled")
    assert len(cancelled) == 15 and all(row["reason"].startswith("purged by the operator (") for row in cancelled)
    assert site.sql("SELECT person, detail FROM ledger WHERE action = 'purge' AND through = 'deadlinectl'"
                    " AND at_utc IS NOT NULL") == [("anna", "person anna: 15 messages")]
    assert brake(site, "person")["stopped_since"]
    site.ctl("brake", "resume")
    site.add_due_task("later", "anna")
    wait_until(lambda: sent(site, "anna") == 6, daemon.log)
    assert site.ctl("brake", "resume") == "No brake is on.\n"


def test_a_purge_of_thousands_lets_the_daemon_work(site, flooded):
    daemon = flooded("person", n=3000)
    wait_until(lambda: brake(site, "person")["waiting"] == 2995, daemon.log)
    assert "2995 messages cancelled" in site.ctl("brake", "purge", "--yes")
    assert brake(site, "person")["waiting"] == 0


@pytest.mark.parametrize("words, status, complaint", [
    (["stop"], 64, "none of show, resume and purge"),
    (["resume", "everybody"], 64, "none of all, channel NAME and person ID"),
    (["resume", "person"], 64, "person ID"),
    (["purge", "all", "anna"], 64, "brake purge all"),
    (["show", "all"], 64, "takes no scope"),
    (["resume", "--yes"], 64, "--yes"),
    (["purge", "--json"], 64, "--json"),
    (["resume", "channel", "emali"], 65, "did you mean 'email'"),
    (["purge", "person", "nobody"], 65, "no person 'nobody'"),
])
def test_wrong_words_change_nothing(site, words, status, complaint):
    site.add_person("anna", "anna@example.org")
    assert complaint in run_ctl(site, status, "brake", *words)


def run_ctl(site, status, *words):
    result = deadlinectl("-c", site.config, *words)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stderr


def test_a_brake_that_is_not_on_is_said_to_be_off(site):
    site.add_person("anna", "anna@example.org")
    assert site.ctl("brake", "resume", "person", "anna") == "That brake is not on.\n"
    assert site.ctl("brake", "purge", "--yes") == "No brake is on.\n"
    shown = site.ctl("brake")
    assert "SCOPE" in shown and "all" in shown and "email" in shown
