"""A machine that sleeps for days and wakes up: the wall clock has moved on, the daemon's timers have not. libfaketime gives
one daemon such a clock; the kernel tells nothing of its jump, so this is the slowest way to notice one."""
import time
from datetime import datetime, timedelta

from harness import SAKHALIN, wait_until

LIBRARY = "/usr/$LIB/faketime/libfaketime.so.1"  # the loader knows what $LIB is
SCAN_S = 3


def wait_until_idle(daemon):
    """Until it has not been awake for most of a second: our own look into the database wakes it a few times."""
    seen = {"switches": None, "since": 0.0}

    def is_idle():
        status = open(f"/proc/{daemon.pid}/status", encoding="ascii").read()
        switches = [line for line in status.splitlines() if "ctxt_switches" in line]
        if switches != seen["switches"]:
            seen.update(switches=switches, since=time.monotonic())
        return time.monotonic() - seen["since"] > 0.8

    wait_until(is_idle, daemon.log)


def test_what_fell_due_in_a_sleep_is_noticed_within_a_scan_and_told_once(site, start):
    clock = site.folder / "clock"
    clock.write_text("+0\n", encoding="ascii")
    site.daemon_settings["scan_interval"] = f"{SCAN_S}s"
    site.policies["default"]["remind"] = "2d 1d 0m before start"
    site.write_config()
    site.add_person("desk", "desk@example.org")
    begins = (datetime.now(SAKHALIN) + timedelta(days=2, hours=12)).strftime("%Y-%m-%dT%H:%M")
    site.ctl("add", "Three steps", "--when", begins, "--people", "desk")
    daemon = start(site, environment={"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"})
    wait_until(lambda: site.sql("SELECT next_due_utc FROM task")[0][0], daemon.log)
    assert site.mails() == []
    wait_until_idle(daemon)

    woken = time.monotonic()
    clock.with_suffix(".new").write_text("+3d\n", encoding="ascii")
    clock.with_suffix(".new").rename(clock)
    wait_until(site.mails, daemon.log)
    assert time.monotonic() - woken < SCAN_S + 20, "by a scan, on a machine however busy"
    wait_until(lambda: site.status()["sent"] == 1 and site.status()["pending"] == 0, daemon.log)
    assert len(site.mails()) == 1, "of three steps that were missed the latest one speaks"
    assert daemon.stop() == 0
