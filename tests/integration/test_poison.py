"""A message that makes the daemon crash: found, put aside, told of; the rest goes on. The crash is real: the receiver sends
the signal of an abort as soon as it has read the message. Likewise what somebody presses: there the daemon is made to abort
where it gives a text to the database."""
import os
import queue
import signal

from bot import TelegramBot
from http_server import HttpServer, Reply

from harness import BUILD, PATIENCE_S, wait_until

PEOPLE = 8
POISON = "p3"


class Assassin(HttpServer):
    """Ends the daemon with a signal whenever the message to one person comes."""

    def __init__(self, number):
        super().__init__(default=Reply(204))
        self.number = number
        self.victim = queue.SimpleQueue()  # the next daemon; its message may be here before anybody knows its pid
        self.is_armed = True
        self.strikes = 0

    def decide(self, request):
        if request.json()["person"] != POISON or not self.is_armed:
            return self.default
        self.strikes += 1
        os.kill(self.victim.get().pid, self.number)
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
        daemon = start(site, wait=False)
        server.victim.put(daemon)
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

        server.is_armed = False
        assert "1 message is held" in site.ctl("status", status=None)
        assert site.ctl("release", str(held["id"])) == "1 message released\n"
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
            daemon = start(site, wait=False)
            server.victim.put(daemon)
            daemon.process.wait(PATIENCE_S)
        assert site.queue(state="held") == []
        assert site.sql("SELECT count(*) FROM message WHERE suspect = 1") == [(0,)]
        server.is_armed = False
        daemon = start(site)
        site.retry_now()
        wait_until(lambda: len(site.queue(state="sent")) == PEOPLE, daemon.log)


TOKEN = "987654321:AAF-integration_Test_token0123456789xy"
SENDER, UID = "777", "marked"


def set_up_bot(site, bot):
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": site.secret("token", TOKEN), "bot": "office_bot",
                                 "base_url": bot.url, "updates": "yes", "rate_each": "50/s"}
    site.policies["default"]["channels"] = "telegram"
    site.daemon_settings["operator"] = "op"
    site.write_config()
    site.add_people("telegram", {"anna": "5", "boris": "6"}, language="en")
    site.add_person("op", "op@example.org")
    for uid in ("before", "marked", "behind"):
        site.add_due_task(uid, "anna", "boris")


def presses(site, bot, sender, verb, uid):
    [(task, occurrence)] = site.sql("SELECT DISTINCT r.task, r.occurrence FROM reminder r JOIN task t ON t.id = r.task"
                                    " WHERE t.uid = ?", uid)
    bot.presses(int(sender), 1, f"{verb} {task} {occurrence}")


def remind(site, start, bot):
    """Everybody has heard of everything, and the daemon is down."""
    daemon = start(site)
    wait_until(lambda: site.status()["sent"] >= 2 and site.status()["pending"] + site.status()["sending"] == 0, daemon.log)
    bot.wait_poll()
    assert daemon.stop() == 0


def die_twice(site, start, poison, whose):
    """One of what was pressed and written kills the daemon, and then no more."""
    with TelegramBot(tokens={TOKEN}) as bot:
        set_up_bot(site, bot)
        remind(site, start, bot)
        presses(site, bot, "5", "d", "before")
        presses(site, bot, SENDER if poison == SENDER else "5", "t", UID)
        bot.writes(5, "/help")
        presses(site, bot, "5", "d", "behind")
        for _ in range(2):
            daemon = start(site, wait=False, environment={"LD_PRELOAD": str(BUILD / "poison.so"), "POISON": poison})
            daemon.process.wait(PATIENCE_S)
            assert daemon.process.returncode == -signal.SIGABRT, daemon.log()
        daemon = start(site, environment={"LD_PRELOAD": str(BUILD / "poison.so"), "POISON": poison})
        wait_until(lambda: site.sql("SELECT count(*) FROM task WHERE status = 'done'") == [(2,)], daemon.log)
        bot.wait_poll()
        assert site.sql("SELECT count(*) FROM ledger WHERE action = 'done'") == [(2,)]
        assert site.sql("SELECT count(*) FROM ledger WHERE action = 'snooze'") == [(0,)]
        assert site.sql("SELECT who, through, person, detail FROM ledger WHERE action = 'pass over'") == [
            ("deadlined", "telegram", whose, "button")]
        assert daemon.log_contains(f"a button that {whose or 'somebody'} pressed is passed over")
        wait_until(lambda: len([row for row in bot.messages if row["chat_id"] == 5 and "/today" in row["text"]]) == 1, daemon.log)
        assert site.sql("SELECT count(*) FROM heard") == [(0,)]
        assert daemon.stop() == 0
        daemon = start(site)
        bot.wait_poll()
        assert not daemon.log_contains("passed over")
        assert site.sql("SELECT count(*) FROM notice WHERE text LIKE '%passed over%'") == [(1,)]


def test_what_somebody_pressed_crashes_the_daemon_twice_and_is_passed_over(site, start):
    die_twice(site, start, UID, "anna")


def test_what_a_stranger_pressed_likewise(site, start):
    die_twice(site, start, SENDER, None)


def test_killed_from_outside_nothing_that_was_pressed_is_to_blame(site, start):
    with TelegramBot(tokens={TOKEN}) as bot:
        set_up_bot(site, bot)
        remind(site, start, bot)
        presses(site, bot, "5", "d", UID)
        for _ in range(3):
            daemon = start(site, wait=False)
            daemon.process.kill()
            daemon.process.wait(PATIENCE_S)
        daemon = start(site)
        wait_until(lambda: site.sql("SELECT status FROM task WHERE uid = 'marked'") == [("done",)], daemon.log)
        assert site.sql("SELECT count(*) FROM ledger WHERE action = 'pass over'") == [(0,)]
