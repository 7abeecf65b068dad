"""A policy that speaks every minute to thousands: the forecast refuses it, and who insists is stopped by the brake."""
from support import Watched, add_crowd, check_promise, dice, identities, make_database, short_or_long, use_channels
from harness import deadlined, stay_within_an_hour, wait_until

PEOPLE = short_or_long(1000, 5000)
LIMIT = short_or_long(400, 1000)
KILLS = short_or_long(3, 10)  # each costs what is in flight, up to 50


def waiting(site):
    [brake] = [row for row in site.ctl_json("brake") if row["scope"] == "all"]
    return brake["waiting"] if brake["stopped_since"] else 0


def test_a_mistaken_policy_sends_no_more_than_its_limit(site, peer, measured):
    stay_within_an_hour(span_s=120)
    chance = dice("policy")
    site.policies["default"] = {"remind": "1d before start"}
    use_channels(site, peer.channels(0, 1))
    make_database(site)
    people = add_crowd(site, PEOPLE)
    site.add_due_task("meeting", *people)
    daemon = Watched(site)
    site.policies["default"].update(remind="3m 2m 1m 0m before start", overdue="1m 2m 3m 4m 5m 6m 7m 8m 9m after end")
    site.limits["messages_per_hour"] = str(LIMIT)
    site.write_config()
    daemon.reload()
    assert daemon.log_contains("too many messages") and daemon.log_contains("the old configuration stays"), daemon.log()
    assert daemon.stop() == 0
    refused = deadlined("-c", site.config)
    assert refused.returncode == 78 and "--accept-volume" in refused.stderr, refused.stderr
    assert identities(site) == {} and peer.do("count")["taken"] == 0

    peer.do("hold")
    site.add_due_task("another", *people)
    daemon = Watched(site, "--accept-volume")
    for _ in range(KILLS):
        wait_until(lambda: peer.do("count")["held"] > 0, daemon.log)
        wanted = peer.do("trickle", ms=1)["taken"] + chance.randrange(2, 30)
        wait_until(lambda n=wanted: peer.do("count")["taken"] >= n, daemon.log)
        daemon.kill()
        peer.do("repeats", ids=list(identities(site, "state = 'sending'")))
        peer.do("hold")
        daemon = Watched(site)
    peer.do("answer")
    site.retry_now()
    wait_until(lambda: waiting(site) >= PEOPLE - LIMIT, daemon.log, 180)
    wait_until(lambda: identities(site, "state = 'sending'") == {}, daemon.log)
    taken, tried = peer.taken(), identities(site, "attempts > 0")
    check_promise(taken, identities(site))
    assert sum(taken.values()) <= LIMIT and len(tried) <= LIMIT

    assert site.ctl("brake", "purge", "--yes")
    cancelled = identities(site, "state = 'cancelled'")
    assert len(cancelled) >= PEOPLE - LIMIT and daemon.process.poll() is None
    assert peer.taken() == taken, "what was cancelled is not sent"
    measured("a mistaken policy", f"refused at reload and start; accepted all the same, for {PEOPLE} people: {sum(taken.values())} "
             f"requests over {KILLS} kills (limit {LIMIT}), {len(cancelled)} cancelled by brake purge")
