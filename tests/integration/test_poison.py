"""A message that makes the daemon crash: found, put aside, told of; the rest goes on. The crash is real: the receiver sends
the signal of an abort as soon as it has read the message."""
import os
import signal

from http_server import HttpServer, Reply

from harness import wait_until

PEOPLE = 8
POISON = "p3"


class Assassin(HttpServer):
    """Ends the daemon with a signal whenever the message to one person comes."""

    def __init__(self, number):
        super().__init__(default=Reply(204))
        self.number = number
        self.daemon = None
        self.strikes = 0

    def decide(self, request):
        if request.json()["person"] != POISON or self.daemon is None:
            return self.default
        self.strikes += 1
        os.kill(self.daemon.pid, self.number)
        return Reply(hang=True)

    def people(self):
        return [request.json()["person"] for request in self.requests]


def set_up(site, server):
    site.channels = {"hook": {"type": "http", "preset": "webhook", "url": server.url}}
    site.policies["default"]["channels"] = "hook"
    site.write_config()
    site.add_people("hook", {f"p{i}": f"room-{i}" for i in range(PEOPLE)})
    for i in range(PEOPLE):
        site.add_due_task(f"task-{i}", f"p{i}")


def run_until_it_stays(site, start, server, lives):
    for life in range(lives):
        server.daemon = start(site, wait=False)
        daemon = server.daemon
        wait_until(lambda: daemon.process.poll() is not None
                   or len(site.queue(state="sent")) + len(site.queue(state="held")) == PEOPLE, daemon.log)
        if daemon.process.poll() is None:
            return daemon, life
        assert daemon.process.returncode == -server.number, daemon.log()
    raise AssertionError(f"still dying after {lives} lives\n{daemon.log()}")


def test_the_message_that_crashes_the_daemon_is_held_and_the_others_arrive(site, start):
    with Assassin(signal.SIGABRT) as server:
        set_up(site, server)
        daemon, deaths = run_until_it_stays(site, start, server, 4)
        assert deaths == server.strikes == 2
        [held] = site.queue(state="held")
        assert held["person"] == POISON and "quarantined" in held["reason"]
        assert len(site.queue(state="sent")) == PEOPLE - 1
        # Each of the others once, or again when it was in flight as the daemon died.
        assert set(server.people()) == {f"p{i}" for i in range(PEOPLE)}
        assert daemon.log_contains(f"message {held['id']} is held back")

        server.daemon = None
        site.ctl("release", str(held["id"]))
        wait_until(lambda: len(site.queue(state="sent")) == PEOPLE, daemon.log)
        site.ctl("release", str(held["id"]), status=65)
        site.ctl("release", "--person", POISON, "--channel", "nope", status=65)


def test_a_held_message_can_be_given_up(site, start):
    with Assassin(signal.SIGSEGV) as server:
        set_up(site, server)
        daemon, _ = run_until_it_stays(site, start, server, 4)
        [held] = site.queue(state="held")
        site.ctl("release", "--drop", str(held["id"]))
        [row] = [row for row in site.queue() if row["id"] == held["id"]]
        assert (row["state"], row["reason"]) == ("cancelled", "dropped by the operator")
        assert daemon.process.poll() is None


def test_killed_from_outside_no_message_is_to_blame(site, start):
    with Assassin(signal.SIGKILL) as server:
        set_up(site, server)
        for _ in range(2):
            server.daemon = start(site, wait=False)
            server.daemon.process.wait(10)
        assert site.queue(state="held") == []
        assert site.sql("SELECT count(*) FROM message WHERE suspect = 1") == [(0,)]
        server.daemon = None
        daemon = start(site)
        site.retry_now()
        wait_until(lambda: len(site.queue(state="sent")) == PEOPLE, daemon.log)
