"""What the torture tests share: their seed and length, daemons under other programs, the counting peer, and the promise
itself as one comparison."""
import json
import os
import random
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))  # the harness

from harness import BUILD, ENVIRONMENT, PATIENCE_S, Daemon, wait_until  # noqa: E402  (its folder comes first)

IS_LONG = os.environ.get("TORTURE") == "long"
SEED = os.environ.get("DEADLINED_TEST_SEED") or str(random.SystemRandom().randrange(1 << 32))
SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; Python has no name for it
LISTENER_LATE_S = 0.03


def short_or_long(short, long):
    return long if IS_LONG else short


def dice(name):
    """The chance of one test: the same for the same seed, whatever else runs."""
    return random.Random(f"{SEED}:{name}")


class Bystanders:
    """A process on each processor that has nothing to do; `stalls` are the times when one of them, or who listens to the
    daemon's ticks, stood still: what a daemon did not do then is not its own doing."""

    def __init__(self):
        self.stalls = []
        self.processes = [subprocess.Popen(["nice", "-n", "-20", sys.executable, "-B", Path(__file__).with_name("bystander.py"),
                                            str(cpu)], stdout=subprocess.PIPE, text=True) for cpu in os.sched_getaffinity(0)]
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"
            threading.Thread(target=self._listen, args=(process,), daemon=True).start()

    def _listen(self, process):
        for line in process.stdout:
            self.stalls.append(tuple(float(word) for word in line.split()))

    def stood_still(self, begin, end):
        """For how many seconds between the two instants."""
        seconds = 0.0
        for first, last in sorted(self.stalls):
            first, last = max(first, begin), min(last, end)
            if first < last:
                seconds, begin = seconds + last - first, last
        return seconds

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
            process.stdout.close()


class Watched(Daemon):
    """A daemon that another program (strace, unshare) starts by execve, and whose ticks the kernel stamps.

    tick_ms makes the loop's own watchdog timer fire so often: each tick is one datagram. Such a daemon comes before all
    other work of the machine, so that what is measured is its own doing."""

    running = []  # not yet closed

    def __init__(self, site, *arguments, prefix=(), environment=None, tick_ms=None, wait=True):
        self.site = site
        self.notifications, self.ticks = [], []
        self.bystanders = Bystanders() if tick_ms else None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        name = f"deadlined-test-{os.getpid()}-{id(self)}"
        self.socket.bind("\0" + name)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self.log_file = site.folder / f"daemon-{time.monotonic_ns()}.log"
        watchdog = {"WATCHDOG_USEC": str(tick_ms * 2000)} if tick_ms else {}
        first = ("nice", "-n", "-20") if tick_ms else ()
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in (*first, *prefix, BUILD / "deadlined", "-c", site.config, *arguments)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**ENVIRONMENT, "NOTIFY_SOCKET": "@" + name, **watchdog, **(environment or {})})
        Watched.running.append(self)
        if wait:
            self.wait_ready()

    def close(self):
        Watched.running.remove(self)
        super().close()
        if self.bystanders is not None:
            self.bystanders.close()

    def _listen(self):
        while True:
            data, ancillary, _, _ = self.socket.recvmsg(4096, 64)
            if not data:
                return
            for line in data.decode().splitlines():
                self.notifications.append(line)
                if line == "WATCHDOG=1":
                    seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                    self.ticks.append(seconds + nanoseconds / 1e9)
                    self._note_lag(self.ticks[-1])

    def _note_lag(self, sent):
        """The kernel keeps few datagrams (net.unix.max_dgram_qlen): while we are late, the daemon waits for us."""
        now = time.time()
        if self.bystanders is not None and now - sent > LISTENER_LATE_S:
            self.bystanders.stalls.append((sent, now))

    def wait_ready(self, timeout=PATIENCE_S):
        wait_until(lambda: self.is_notified("READY=1") or self.process.poll() is not None,
                   lambda: f"READY=1\n{self.log()}", timeout)
        assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.log()}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def has_ticked_for(self, seconds, since):
        """Whether so much time has passed in the loop since the tick of that number."""
        ticks = self.ticks[since:]
        return len(ticks) > 0 and ticks[-1] - ticks[0] >= seconds

    def largest_gap_ms(self, since=0):
        """Between two ticks of the loop, of those from the given index on, without the time when the machine stood still."""
        ticks = self.ticks[since:]
        assert len(ticks) > 10, f"only {len(ticks)} ticks"
        return max(b - a - self.bystanders.stood_still(a, b) for a, b in zip(ticks, ticks[1:])) * 1000


def close_daemons():
    """Those that a test has left."""
    for daemon in list(Watched.running):
        daemon.close()


def make_database(site):
    daemon = Watched(site)
    assert daemon.stop() == 0
    daemon.close()


class Peer:
    """The process of peer.py."""

    def __init__(self, seed):
        self.process = subprocess.Popen([sys.executable, "-B", Path(__file__).with_name("peer.py"), "--seed", str(seed)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.mail, self.hook = ports["mail"], ports["hook"]

    def do(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def taken(self):
        return Counter(self.do("taken"))

    def settled(self):
        """How many it has taken, once nothing is under way any more of what daemons that are gone have sent."""
        last, now = None, self.do("count")
        while now != last or now["open"] != 0:
            last, now = now, self.do("count")
        return now["taken"]

    def channels(self, n_mail, n_hook, connections=50):
        """The sections of so many channels to this peer, each to a port of its own."""
        mail = {"type": "smtp", "from": "office@example.org", "tls": "off", "hostname": "client.example.org",
                "connections": connections}
        hook = {"type": "http", "preset": "webhook", "connections": connections}
        return {**{f"mail{i}": {**mail, "url": f"smtp://127.0.0.1:{self.mail[i]}"} for i in range(n_mail)},
                **{f"hook{i}": {**hook, "url": f"http://127.0.0.1:{self.hook[i]}/"} for i in range(n_hook)}}

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()


def use_channels(site, channels):
    """These channels alone, and a policy that speaks on all of them."""
    site.channels = channels
    site.policies["default"]["channels"] = " ".join(channels)
    site.limits.update(messages_per_hour="1000000", messages_per_hour_per_person="1000000")
    site.write_config()


def add_crowd(site, n):
    """People who can be reached on every channel."""
    channels = list(site.channels)
    rows = "".join(f"p{i},Desk {i},en,Asia/Sakhalin," +
                   ",".join(f"p{i}@example.org" if name.startswith("mail") else f"room-{i}" for name in channels) + "\n"
                   for i in range(n))
    site.import_text("crowd.csv", f"id,name,language,zone,{','.join(channels)}\n{rows}")
    return [f"p{i}" for i in range(n)]


def put_back(site, content):
    """The database as it was, and nothing beside it."""
    for path in site.database.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    site.database.write_bytes(content)


def look(site, statement, *parameters):
    """Reads the database and touches nothing: closing a connection that may write would tidy up after a crash."""
    connection = sqlite3.connect(f"file:{site.database}?mode=ro", uri=True, timeout=PATIENCE_S)
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


# The idempotency key; a Message-ID has @ and a domain behind it.
IDENTITY = "printf('m%lld.%08llx.%s', id, epoch, (SELECT value FROM meta WHERE key = 'instance'))"


def identities(site, where="1"):
    """{identity: (state, attempts, crashes, uncertain)}"""
    rows = look(site, f"SELECT {IDENTITY}, state, attempts, crashes, uncertain FROM message WHERE {where}")
    return {row[0]: row[1:] for row in rows}


def check_promise(taken, rows):
    """Every message was taken over at least once, and once more at most for each crash and each lost reply of its own;
    nothing was taken over that the database does not know, or without an attempt that it knows of. Returns the number of
    extra copies."""
    strangers = taken.keys() - rows.keys()
    assert not strangers, f"{len(strangers)} unknown, like {sorted(strangers)[:3]}"
    lost = [identity for identity, (state, *_) in rows.items() if state == "sent" and taken[identity] == 0]
    assert not lost, f"{len(lost)} lost, like {lost[:3]}"
    many = {identity: (taken[identity], row) for identity, row in rows.items() if taken[identity] > 1 + row[2] + row[3]}
    assert not many, f"{len(many)} too often, like {list(many.items())[:3]}"
    untold = {identity: (taken[identity], row) for identity, row in rows.items() if taken[identity] > row[1]}
    assert not untold, f"{len(untold)} without an attempt, like {list(untold.items())[:3]}"
    return sum(n - 1 for n in taken.values() if n > 1)


def unsent(site):
    [(n,)] = look(site, "SELECT count(*) FROM message WHERE state IN ('pending', 'sending')")
    return n


def all_sent(site, n):
    """Whether there are n messages and all of them are sent."""
    return look(site, "SELECT count(*), coalesce(sum(state = 'sent'), 0) FROM message") == [(n, n)]
