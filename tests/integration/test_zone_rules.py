"""New rules of a zone, as an update of tzdata brings them, between two lives of the daemon."""
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import harness
from harness import SAKHALIN, as_root, run, wait_until

ZONE = "Asia/Sakhalin"
AHEAD_S = 5


@pytest.fixture
def new_rules(folder, monkeypatch):
    """new_rules(offset_s): daemons started from now on have a tzdata in which the zone has that offset, for ever."""
    if as_root() is None:
        pytest.fail("a tzdata of its own needs root or sudo without a password")

    def put(offset_s):
        bin_folder, zones = Path(folder) / "bin", Path(folder) / "zones"
        bin_folder.mkdir()
        source = Path(folder) / "rules"
        source.write_text(f"Zone {ZONE} {offset_s // 3600}:{offset_s // 60 % 60:02}:{offset_s % 60:02} - NEW\n", encoding="ascii")
        result = run("/usr/sbin/zic", "-d", zones, source)
        assert result.returncode == 0, result.stderr
        program = bin_folder / "deadlined"
        program.write_text("#!/bin/sh\n"
                           f"exec {' '.join(as_root())} unshare -m sh -c '"
                           f'mount --bind {zones / ZONE} "$(readlink -f /usr/share/zoneinfo/{ZONE})" && exec "$0" "$@"\' '
                           f'{harness.BUILD / "deadlined"} "$@"\n', encoding="ascii")
        program.chmod(0o755)
        (bin_folder / "deadlinectl").symlink_to(harness.BUILD / "deadlinectl")
        monkeypatch.setattr(harness, "BUILD", bin_folder)

    return put


def local(uid, site):
    [(start,)] = site.sql("SELECT start_local FROM task WHERE uid = ?", uid)
    return datetime.fromisoformat(start)


def offset_for(moment):
    """The offset with which that local time comes in a few seconds; and its instant."""
    instant = int(time.time()) + AHEAD_S
    return int((moment.replace(tzinfo=timezone.utc) - datetime.fromtimestamp(instant, timezone.utc)).total_seconds()), instant


def planned_until(site, uid):
    return site.sql("SELECT planned_until FROM task WHERE uid = ?", uid)[0][0]


def test_a_step_that_comes_again_by_the_new_rules_is_not_said_again(site, start, new_rules):
    site.daemon_settings["scan_interval"] = "1s"
    site.write_config()
    site.add_person("desk", "desk@example.org")
    site.add_due_task("told", "desk")
    daemon = start(site)
    wait_until(lambda: site.mails_about("told"), daemon.log)
    assert daemon.stop() == 0

    offset_s, instant = offset_for(local("told", site))
    new_rules(offset_s)
    daemon = start(site)
    site.sql("UPDATE task SET next_due_utc = NULL WHERE uid = 'told'")  # as every edit does: it is planned by the new rules
    wait_until(lambda: planned_until(site, "told") >= instant, daemon.log, timeout=30)
    assert len(site.mails_about("told")) == 1
    assert daemon.stop() == 0


def test_a_step_that_comes_sooner_by_the_new_rules_is_said_then(site, start, new_rules):
    site.daemon_settings["scan_interval"] = "1s"
    site.write_config()
    site.add_person("desk", "desk@example.org")
    later = (datetime.now(SAKHALIN) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    site.ctl("add", "Title of sooner", "--uid", "sooner", "--when", later, "--people", "desk")
    daemon = start(site)
    wait_until(lambda: site.sql("SELECT next_due_utc FROM task WHERE uid = 'sooner'") != [(None,)], daemon.log)
    assert daemon.stop() == 0

    offset_s, instant = offset_for(local("sooner", site))
    new_rules(offset_s)
    daemon = start(site)
    wait_until(lambda: site.mails_about("sooner"), daemon.log, timeout=30)
    assert time.time() >= instant
    assert daemon.stop() == 0
