"""A daemon that was off for a month and finds a very long queue, or very many tasks that fell due meanwhile."""
import re
import sqlite3
import time
from pathlib import Path

from support import Watched, add_crowd, look, make_database, short_or_long, use_channels
from harness import PATIENCE_S, stay_within_an_hour, wait_until

ROWS = short_or_long(100_000, 1_000_000)
PEOPLE = 500
MONTH_S = 30 * 86400
READY_S = 10
MEMORY_KB = 64 * 1024
RATE_PER_S = 100
BRAKE = 400

# Tasks t1 .. tN, each with one person and one instant of the past month; the later the number, the older.
TASKS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO task (id, uid, title, start_local, end_local, precision, zone, policy, planned_until, next_due_utc)
SELECT i, 't' || i, 'Task ' || i, at, at, 'minute', 'UTC', 'default', :planned, :next
  FROM (SELECT i, strftime('%Y-%m-%dT%H:%M', :now - 60 - i * :month / :rows, 'unixepoch') AS at FROM n)"""
PARTS = "INSERT INTO part (task, person) SELECT id, 'p' || (id % :people) FROM task"
# A message of its own for each, as a server that was down for a month leaves them.
MESSAGES = """
INSERT INTO message (id, person, channel, kind, state, due_utc, not_before, domain, epoch)
SELECT id, 'p' || (id % :people), 'hook0', 'single', 'pending', :now - 60 - id * :month / :rows,
       :now - 60 - id * :month / :rows, 'example.org', 1 << 28 FROM task"""
REMINDERS = """
INSERT INTO reminder (task, occurrence, step, person, channel, due_utc, message)
SELECT id, '', '0m before start', person, channel, due_utc, id FROM message"""


def fill(site, statements, **more):
    """As an administrator's script would, but without waiting for the disk."""
    values = {"rows": ROWS, "people": PEOPLE, "now": int(time.time()), "month": MONTH_S, **more}
    connection = sqlite3.connect(site.database, timeout=PATIENCE_S)
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        for statement in statements:
            connection.execute(statement, {name: values[name] for name in re.findall(r":(\w+)", statement) if name in values})
        connection.execute("UPDATE ledger SET at_utc = ?", (values["now"],))  # a month ago the daemon had noticed
        connection.execute("DELETE FROM meta WHERE key = 'looked_utc'")  # that of the daemon which made the database
        connection.execute("UPDATE task SET planned_until = :planned, next_due_utc = :next",
                           {"planned": values["planned"], "next": values["next"]})
    connection.close()


def start_timed(site):
    begun = time.monotonic()
    daemon = Watched(site, tick_ms=10, wait=False)
    daemon.wait_ready()
    return daemon, time.monotonic() - begun


def most_memory_kb(daemon):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text())[1])


def counts(site):
    return dict(look(site, "SELECT state, n FROM tally WHERE n > 0"))


def most_in_a_second(site):
    [(most,)] = look(site, "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM attempt GROUP BY started_utc)")
    return most


def test_a_queue_of_a_month(site, peer, measured):
    stay_within_an_hour(span_s=120)
    use_channels(site, peer.channels(0, 1, 4))
    site.channels["hook0"]["rate"] = f"{RATE_PER_S}/s"
    site.limits["messages_per_hour"] = str(BRAKE)
    site.write_config()
    make_database(site)
    add_crowd(site, PEOPLE)
    now = int(time.time())
    fill(site, [TASKS, PARTS, MESSAGES, REMINDERS], planned=now, next=1 << 40)
    daemon, ready_s = start_timed(site)
    wait_until(lambda: daemon.log_contains("The brake on .* is on"), daemon.log, 60)
    wait_until(lambda: counts(site).get("stale", 0) > ROWS * 0.76 and counts(site).get("sending", 0) == 0, lambda: counts(site),
               short_or_long(180, 900))
    first = [due for (due,) in look(site, "SELECT m.due_utc FROM attempt a JOIN message m ON m.id = a.message"
                                    " ORDER BY a.started_utc, a.message LIMIT 100")]
    oldest_s, newest_s = now - min(first), now - max(first)
    memory, gap, tally = most_memory_kb(daemon), daemon.largest_gap_ms(), counts(site)
    measured("a queue of a month", f"{ROWS} messages: READY after {ready_s:.1f} s, {memory // 1024} MB at most, largest gap "
             f"between ticks {gap:.0f} ms, at most {most_in_a_second(site)} in a second (rate {RATE_PER_S}/s); {tally}")
    measured("the first 100 of them", f"were {newest_s / 3600:.1f} to {oldest_s / 3600:.1f} hours old")
    assert ready_s < READY_S and memory < MEMORY_KB and gap <= 250
    assert tally["sent"] == BRAKE and peer.do("count")["taken"] == BRAKE
    assert most_in_a_second(site) <= 2 * RATE_PER_S
    assert daemon.log_contains(r"\d+ messages became too late to be of use")
    assert oldest_s < 86400, "the newest deadlines first"


def test_a_plan_of_a_month(site, peer, measured):
    """Nobody was told of what fell due in that month: each reader gets one message of what is still of use."""
    site.policies["default"] = {"overdue": "1m after end"}  # of use until the task is done
    use_channels(site, peer.channels(0, 1, 4))
    make_database(site)
    add_crowd(site, PEOPLE)
    fill(site, [TASKS, PARTS], planned=int(time.time()) - MONTH_S - 3600, next=None)
    daemon, ready_s = start_timed(site)
    begun = time.monotonic()
    wait_until(lambda: look(site, "SELECT 1 FROM task WHERE next_due_utc IS NULL LIMIT 1") == [], lambda: counts(site),
               short_or_long(360, 3000))
    planned_s = time.monotonic() - begun
    wait_until(lambda: counts(site).keys() == {"sent", "stale"}, lambda: counts(site),
               short_or_long(180, 900))
    memory, gap, tally = most_memory_kb(daemon), daemon.largest_gap_ms(), counts(site)
    measured("a plan of a month", f"{ROWS} tasks: READY after {ready_s:.1f} s, planned in {planned_s:.0f} s, "
             f"{memory // 1024} MB at most, largest gap between ticks {gap:.0f} ms; {tally}")
    [(said,)] = look(site, "SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message WHERE m.state = 'sent'")
    [(stale,)] = look(site, "SELECT count(*) FROM reminder r JOIN message m ON m.id = r.message WHERE m.state = 'stale'")
    late = tally["sent"] - PEOPLE  # what fell due in the last minutes is no catching up, and a message of its own
    assert 0 <= late <= 10 + ROWS / MONTH_S * 240, tally
    assert said + stale == ROWS and stale == tally["stale"] and abs(stale - ROWS * 23 / 30) < ROWS / 100
    assert ready_s < READY_S and memory < MEMORY_KB and gap <= 250
