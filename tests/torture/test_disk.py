"""Crashes at every sync, writes that fail, and a disk that is full: nothing is lost, and nothing is sent unrecorded."""
import concurrent.futures
import errno
import os
import tempfile
import time

import pytest

from support import (Peer, Watched, add_crowd, all_sent, check_promise, close_daemons, dice, identities, make_database,
                     put_back, short_or_long, use_channels)
from harness import PATIENCE_S, Site, run, wait_until

PEOPLE = short_or_long(12, 60)
CALLS = {  # every n-th call of a system call: at most so many tries, and the step between them
    "fdatasync": short_or_long((40, 1), (400, 1)),
    "pwrite64": short_or_long((12, 3), (400, 1)),
}
WRITES = {"fdatasync": 6, "pwrite64": 20}  # so many are made by one thread in any run of 12 people
FAILURES = [("fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")]


def prepare(site, peer, connections=2):
    """A site with a task that is due for all, on a mail and a webhook channel."""
    use_channels(site, peer.channels(1, 1, connections))
    make_database(site)
    site.add_due_task("due", *add_crowd(site, PEOPLE))


def strace(site, call, what):
    return ["strace", "-D", "-f", "-qq", "-o", site.folder / "trace", "-e", f"trace={call}",
            "-e", f"inject={call}:{what}"]


def finish(site):
    """A daemon that nothing disturbs sends the rest."""
    daemon = Watched(site)
    site.retry_now()
    wait_until(lambda: all_sent(site, 2 * PEOPLE), daemon.log)
    status = daemon.stop()
    daemon.close()
    assert status == 0


@pytest.mark.parametrize("call", CALLS)
def test_a_crash_at_any_write_loses_nothing(folder, peer, measured, call):
    """The process dies at its n-th call, for n = 1, 2, 3 ... until a run gets to its end."""
    tries, step = CALLS[call]
    chance = dice(call)
    template = Site(f"{folder}/")
    prepare(template, peer)
    saved = template.database.read_bytes()
    crashes, extra, n = 0, 0, 1
    for n in range(1 + chance.randrange(step), tries * step, step):
        put_back(template, saved)
        before = peer.taken()
        daemon = Watched(template, prefix=strace(template, call, f"signal=KILL:when={n}"), wait=False)
        wait_until(lambda: daemon.process.poll() is not None or all_sent(template, 2 * PEOPLE), daemon.log)
        has_crashed = daemon.process.poll() is not None
        assert not has_crashed or daemon.process.returncode == -9, daemon.log()
        crashes += has_crashed
        in_flight = len(identities(template, "state = 'sending'"))
        daemon.close()
        finish(template)
        taken = peer.taken() - before
        copies = check_promise(taken, identities(template))
        assert copies <= in_flight
        extra += copies
        if not has_crashed:
            break
    measured(f"crashes at {call}", f"{crashes}, the last at call {n}; {extra} extra copies, none lost")
    assert crashes > 5


@pytest.mark.parametrize("call, error", FAILURES)
def test_writes_that_fail_are_tried_again_and_nothing_is_sent_twice(folder, measured, call, error):
    """A few calls in a row fail, at random places; the same process gets over it. Without a crash there is no copy."""
    chance = dice(f"{call} {error}")
    windows = [(first, first + chance.randrange(4)) for first in
               (chance.randrange(3, WRITES[call]) for _ in range(short_or_long(4, 100)))]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        survived = list(pool.map(lambda window: survive(folder, call, error, *window), windows))
    n_failed = sum(has_failed for has_failed, _ in survived)
    measured(f"{call} fails with {error}", f"{n_failed} times, seen by the daemon {sum(is_seen for _, is_seen in survived)} times;"
             " none lost, no copy")
    assert n_failed > len(windows) / 2, "the more results come at once, the fewer writes there are"


def survive(folder, call, error, first, last):
    """Whether there was a failure, and whether the daemon noticed it and went on."""
    site = Site(tempfile.mkdtemp(dir=folder))
    peer = Peer(f"{first}-{last}")
    prepare(site, peer)
    daemon = Watched(site, prefix=strace(site, call, f"error={error}:when={first}..{last}"), wait=False)
    try:
        wait_until(lambda: daemon.process.poll() is not None or all_sent(site, 2 * PEOPLE), daemon.log, 90)
        if daemon.process.poll() is not None:  # at the start, before anything was sent
            assert daemon.process.returncode == 74 and not daemon.is_notified("READY=1"), daemon.log()
            finish(site)
        assert check_promise(peer.taken(), identities(site)) == 0
        has_failed = "INJECTED" in (site.folder / "trace").read_text()
        return has_failed, daemon.log_contains("nothing can be recorded|deadlined: ")
    finally:
        daemon.close()
        peer.close()


@pytest.fixture
def small_disk(site):
    """The site's database is on a file system of its own, with room for the 4 MB that a write-ahead log grows to. Not root,
    or not allowed to mount: a failure, not a skip."""
    state = site.database.parent
    mounted = run("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", state)
    assert mounted.returncode == 0, mounted.stderr
    yield state
    close_daemons()
    assert run("umount", state).returncode == 0


def fill(path):
    """Writes until not one byte more fits."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


def test_a_full_disk_pauses_sending_until_it_is_free(site, small_disk, peer, measured):
    use_channels(site, peer.channels(2, 2, connections=5))
    peer.do("hold")
    daemon = Watched(site, tick_ms=10)
    people = add_crowd(site, 50)
    site.add_due_task("full", *people)
    wait_until(lambda: peer.do("count")["held"] == 20, daemon.log)
    in_flight = identities(site, "state = 'sending'")
    fill(small_disk / "filler")
    since = len(daemon.ticks)
    peer.do("trickle", ms=20)  # the results come in, but cannot be written down
    wait_until(lambda: daemon.log_contains("nothing can be recorded"), daemon.log)
    full = time.monotonic()
    wait_until(lambda: peer.do("count")["held"] == 0, daemon.log)
    pause_s = short_or_long(5, 60)
    wait_until(lambda: daemon.has_ticked_for(pause_s, since), daemon.log, pause_s + PATIENCE_S)
    taken = peer.taken()  # of what is in flight, some waits for a connection: that stays where it is
    assert taken.keys() <= in_flight.keys() and list(taken.values()) == [1] * 20
    assert site.ctl_json("queue"), "what is there can be read"
    gap = daemon.largest_gap_ms(since)

    peer.do("answer")
    os.unlink(small_disk / "filler")
    freed = time.monotonic()
    full_s = freed - full
    wait_until(lambda: all_sent(site, 200), daemon.log)
    measured("a full disk", f"no send in {pause_s} s; all 200 sent {time.monotonic() - freed:.1f} s after it was freed, "
             f"each once; largest gap between ticks {gap:.0f} ms")
    assert daemon.log_contains("recording works again") and daemon.log().count("nothing can be recorded") <= 2 + full_s // 60
    assert check_promise(peer.taken(), identities(site)) == 0
    assert daemon.stop() == 0
