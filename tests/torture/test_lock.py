"""Another process that holds the database for long, while results come in: the loop turns, nothing is lost."""
import sqlite3
import time

from support import Watched, add_crowd, all_sent, check_promise, identities, short_or_long, unsent, use_channels
from harness import PATIENCE_S, wait_until

HOLD_S = short_or_long(20, 300)
TICK_MS = 10
GAP_MS = 250


def test_a_locked_database_does_not_stop_the_loop(site, peer, measured):
    channels = peer.channels(2, 2, connections=20)
    for name in ("hook0", "hook1"):
        channels[name]["timeout"] = "10m"  # longer than the lock is held
    use_channels(site, channels)
    peer.do("hold")
    daemon = Watched(site, tick_ms=TICK_MS)
    people = add_crowd(site, 50)
    site.add_due_task("locked", *people)
    wait_until(lambda: peer.do("count")["held"] == 80, daemon.log)
    in_flight = identities(site, "state = 'sending'")

    blocker = sqlite3.connect(site.database, isolation_level=None, timeout=PATIENCE_S)
    blocker.execute("BEGIN EXCLUSIVE")
    since, begun = len(daemon.ticks), time.monotonic()
    peer.do("trickle", ms=HOLD_S * 1000 / 120)  # all results come in while nothing can be recorded
    wait_until(lambda: daemon.has_ticked_for(HOLD_S, since), daemon.log, HOLD_S + PATIENCE_S)
    wait_until(lambda: peer.do("count")["held"] == 0, daemon.log)
    assert peer.taken().keys() == in_flight.keys(), "nothing is sent unrecorded"
    blocker.execute("ROLLBACK")
    blocker.close()
    held_s = time.monotonic() - begun
    peer.do("answer")
    wait_until(lambda: all_sent(site, 200), daemon.log)
    gap = daemon.largest_gap_ms(since)
    measured("largest gap between ticks of the loop", f"{gap:.0f} ms in {held_s:.0f} s under BEGIN EXCLUSIVE")
    assert check_promise(peer.taken(), identities(site)) == 0 and unsent(site) == 0
    assert 1 <= daemon.log().count("nothing can be recorded") <= 2 + held_s // 60
    assert gap <= GAP_MS
