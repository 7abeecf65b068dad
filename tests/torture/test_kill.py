"""kill -9 at random moments, with hundreds of messages under way by mail and by webhook."""
import time
from collections import Counter

import pytest

from support import (SEED, Watched, add_crowd, check_promise, dice, identities, look, make_database, short_or_long, unsent,
                     use_channels)
from harness import wait_until

IN_FLIGHT = 500
KILLS = 100
KILLING_S = 60  # so long the second crash of a message puts it off; after a third it would be sent alone, and held back here
ROUNDS = short_or_long(1, 20)  # each with a database of its own
PEOPLE = 80  # of each kill's reminders, some wait for a connection and are put off with the others


def add_urgent_task(site, uid, people):
    """Urgent, so that each of its reminders is a message of its own."""
    site.add_due_task(uid, *people)
    site.sql("UPDATE task SET priority = 'urgent' WHERE uid = ?", uid)


def n_fresh(site):
    """How many can be held next on the channel that has the fewest; the answer to a repeat is not held back. Mail uses up
    more of them than a webhook, because more of it is under way at each kill."""
    counts = dict(look(site, "SELECT channel, count(*) FROM message WHERE state = 'pending' AND crashes = 0 GROUP BY 1"))
    return min(counts.get(channel, 0) for channel in site.channels)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_kills_lose_nothing_and_repeat_only_what_was_under_way(site, peer, measured, turn):
    chance = dice(f"kill {turn}")
    use_channels(site, peer.channels(6, 6))
    make_database(site)
    people = add_crowd(site, PEOPLE)
    add_urgent_task(site, "task-0", people)
    n_tasks, flights, was_in_flight, begun = 1, [], Counter(), time.monotonic()
    while len(flights) < KILLS and time.monotonic() - begun < KILLING_S:
        peer.do("hold")
        if n_fresh(site) < PEOPLE:
            add_urgent_task(site, f"task-{n_tasks}", people)
            n_tasks += 1
        daemon = Watched(site)
        wait_until(lambda: peer.do("count")["held"] >= IN_FLIGHT + 40, lambda: f"{peer.do('count')}\n{daemon.log()}", 90)
        add_urgent_task(site, f"task-{n_tasks}", people)
        n_tasks += 1
        peer.do("trickle", ms=chance.choice([0, 1, 5]))
        time.sleep(chance.random() * 0.1)  # the random moment
        daemon.kill()
        in_flight = identities(site, "state = 'sending'")
        daemon.close()
        flights.append(len(in_flight))
        was_in_flight.update(in_flight.keys())
        peer.do("repeats", ids=list(in_flight))
    killing_s = time.monotonic() - begun

    peer.do("answer")
    daemon = Watched(site)
    site.retry_now()
    wait_until(lambda: unsent(site) == 0, daemon.log, 300)
    assert daemon.stop() == 0
    daemon.close()
    rows, taken = identities(site), peer.taken()
    extra = check_promise(taken, rows)
    measured("kills", f"{len(flights)} in {killing_s:.0f} s, {min(flights)} to {max(flights)} messages in flight (seed {SEED})")
    measured("after them", f"{len(rows)} messages, none lost, {extra} extra copies of {sum(flights)} in flight")
    assert len(rows) == n_tasks * PEOPLE * len(site.channels) and {row[0] for row in rows.values()} == {"sent"}
    assert {identity: row[2] for identity, row in rows.items() if row[2]} == was_in_flight, "the crashes it counted"
    many = {identity: (n, rows[identity]) for identity, n in taken.items() if n > 1 + was_in_flight[identity]}
    assert not many, f"{len(many)} too often without a crash, like {list(many.items())[:3]}"
    assert peer.do("count")["confused"] == 0, "the same identity for two recipients"
    few = [n for n in flights if n < IN_FLIGHT]
    assert len(few) <= 1 + len(flights) // 10, f"the moment came late too often: {few}"
    assert len(flights) >= 10 and 0 < extra <= sum(flights)
