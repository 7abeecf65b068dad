"""Channels that start a program: Debian's apprise as an administrator would use it, and programs that fail in every way."""
import os
import re
import stat

import pytest
from http_server import HttpServer, Reply

from harness import deadlined, deadlinectl, run, wait_until

APPRISE = "/usr/bin/apprise"


def program(site, text, name="program"):
    path = site.folder / name
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return path


def use(site, command, **settings):
    """A site whose only channel starts the command."""
    site.channels = {"pipe": {"type": "pipe", "command": command, **settings}}
    site.policies["default"]["channels"] = "pipe"
    site.write_config()
    site.add_people("pipe", {"a": "room-a", "b": "-b; reboot"})


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_the_text_is_on_standard_input_and_nothing_is_a_shell(site, start):
    out = site.folder / "out"
    out.mkdir()
    path = program(site, f"""
cat >{out}/input.$DEADLINED_PERSON
printf '%s\\n' "$@" >{out}/arguments.$DEADLINED_PERSON
env | sort >{out}/environment.$DEADLINED_PERSON
pwd >{out}/folder
ls -l /proc/self/fd >{out}/files
cat /proc/self/stat >{out}/stat
""")
    use(site, f'{path} --title={{{{subject}}}} "two words" -- {{{{to_address}}}}')
    title = '$(touch /tmp/x) `id` "q" \'s\' * ; | & Визит'
    site.add_due_task("fair", "a", "b", title=title, note="first\nsecond")
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    assert (out / "arguments.b").read_text(encoding="utf-8") == f"--title={title}\ntwo words\n--\n-b; reboot\n"
    text = (out / "input.a").read_text(encoding="utf-8")
    assert text.startswith(f"{title}\n\n") and "first\nsecond\n" in text
    environment = (out / "environment.a").read_text(encoding="utf-8").splitlines()
    assert {"DEADLINED_TO=room-a", "DEADLINED_TASK=fair", "DEADLINED_LANGUAGE=en", "LC_ALL=C.UTF-8"} <= set(environment)
    assert not [line for line in environment if line.startswith("NOTIFY_SOCKET")]
    assert (out / "folder").read_text() == "/\n"
    assert len((out / "files").read_text().splitlines()) <= 5, "the database and the sockets are not the program's business"
    fields = (out / "stat").read_text().rsplit(")", 1)[1].split()
    assert fields[3] != str(os.getsid(daemon.pid)), "a session of its own"


# What the program does, state of the message, uncertain, words.
ENDS = {
    "accepted": ("exit 0", "sent", 0, None),
    "temporary": ("echo busy >&2; exit 75", "pending", 0, "exit status 75: busy"),
    "failed": ("echo one; echo two >&2; exit 1", "pending", 0, "exit status 1: one two"),
    "bad message": ("exit 65", "dead", 0, "exit status 65"),
    "no such reader": ("exit 67", "dead", 0, "exit status 67"),
    "usage": ("exit 64", "pending", 0, "settings"),
    "not found": ("no-such-program", "pending", 0, "settings"),
    "killed": ("kill -9 $$", "pending", 1, "signal 9"),
    "does not read": ("exec <&-; exit 0", "sent", 0, None),
    "talks": ("yes | head -c 10000000; exit 75", "pending", 0, "exit status 75: y y"),
    "no UTF-8": (r"printf '\377\033[31m\000x'; exit 75", "pending", 0, "exit status 75"),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_becomes_of_a_message(site, start, end):
    text, state, uncertain, words = ENDS[end]
    use(site, program(site, text + "\n"))
    site.add_due_task("task", "a")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == state and (words is None or words in row["last_reply"]), row
    assert row["last_reply"].isprintable() and len(row["last_reply"]) < 600
    assert site.sql("SELECT uncertain FROM message") == [(uncertain,)]


def test_a_program_that_does_not_end_is_killed_with_all_it_started(site, start):
    pids = site.folder / "pids"
    use(site, program(site, f"sleep 1000 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; echo waiting; wait\n"), timeout="6s")
    site.add_due_task("task", "a")
    daemon = start(site)
    wait_until(pids.exists, daemon.log)
    running = [int(pid) for pid in pids.read_text(encoding="ascii").split()]
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == "pending" and "did not end in time" in row["last_reply"] and "waiting" in row["last_reply"]
    assert site.sql("SELECT uncertain FROM message") == [(1,)], "it may have been sent"
    wait_until(lambda: not any(is_running(pid) for pid in running), f"{running}")


def test_a_slow_program_holds_up_nobody_and_ends_with_the_daemon(site, start):
    pids = site.folder / "pids"
    use(site, program(site, f"[ $DEADLINED_PERSON = a ] || exit 0\necho $$ >{pids}.new; mv {pids}.new {pids}; sleep 1000\n"),
        processes="2", timeout="8s")
    site.add_due_task("task", "a", "b")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent", person="b"), daemon.log)
    wait_until(pids.exists, daemon.log)
    assert site.queue(person="a")[0]["state"] == "sending"
    assert daemon.stop() == 0
    assert not is_running(int(pids.read_text(encoding="ascii")))
    assert site.queue(person="a")[0]["state"] == "pending"


@pytest.mark.parametrize("command,words", [
    ("true", "whole path"), ("/nonexistent/x", "No such file"), ("/bin/echo {{subject}}", "--title={{subject}}"),
    ("/bin/echo x{{nobody}}", "unknown name"), ('/bin/echo "x', "not closed")])
def test_a_command_that_cannot_work_is_refused(site, command, words):
    site.channels["pipe"] = {"type": "pipe", "command": command}
    site.write_config()
    result = deadlined("-c", site.config, "--check")
    assert result.returncode == 78 and words in result.stdout + result.stderr


def test_what_vanishes_later_costs_nothing(site, start):
    path = program(site, "exit 0\n")
    use(site, path)
    daemon = start(site)
    path.rename(site.folder / "elsewhere")
    site.add_due_task("task", "a")
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == "pending" and "No such file" in row["last_reply"]
    (site.folder / "elsewhere").rename(path)
    assert daemon.stop() == 0
    site.retry_now()
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)


def test_apprise_brings_its_services(site, start):
    """Its own JSON service stands for the hundred others; the addresses are secrets, in a file that only the daemon reads."""
    assert os.access(APPRISE, os.X_OK), "tests/lib/deps.sh check installs it"
    secrets = site.folder / "secrets"
    secrets.mkdir(mode=0o700)
    with HttpServer() as server:
        config = secrets / "apprise"
        config.write_text(f"room=json://user:Secret0123456789@127.0.0.1:{server.port}/rooms/5\n", encoding="utf-8")
        config.chmod(stat.S_IRUSR)
        use(site, f"{APPRISE} --config credential:apprise --title={{{{subject}}}} --tag=room",
            input="{{text}}", timeout="120s")
        site.add_due_task("fair", "a", title='Fair "A & B" Визит', note="first <b>\nsecond")
        daemon = start(site)
        wait_until(lambda: site.queue(state="sent"), daemon.log, timeout=120)
        [request] = server.requests
        assert request.path == "/rooms/5" and request.headers["authorization"].startswith("Basic ")
        assert 'Fair "A & B" Визит' in request.json()["title"] and "first <b>\nsecond" in request.json()["message"]
        assert b"Secret0123456789" not in daemon.told()

        server.default = Reply(500)
        result = deadlinectl("-c", site.config, "test", "pipe", "--to", "a")
        assert result.returncode == 69 and "verdict:  temporary" in result.stdout, result.stdout
        assert run(APPRISE, "--version").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("moved", [False, True], ids=["no-database", "file-of-root"])
def test_a_test_message_of_root_runs_the_program_as_the_owner_of_the_database(site, moved):
    """What root may is gone for good. A file of root's in a folder of the account may have been moved there by it."""
    os.chown(site.database.parent, 61234, 61235)
    if moved:
        site.database.touch()
    use(site, "/usr/bin/id")
    assert "uid=61234 gid=61235 groups=61235" in site.ctl("test", "pipe", "--to", "a")
    use(site, "/bin/grep -E ^Cap(Inh|Prm|Eff|Amb) /proc/self/status")
    printed = site.ctl("test", "pipe", "--to", "a")
    assert re.findall(r"Cap\w+:\s*(\w+)", printed) == ["0" * 16] * 4, printed
