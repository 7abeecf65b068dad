"""What all rows share: where things are, the machine in words, one measure and its peer, medians."""
import atexit
import mmap
import os
import platform
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import harness  # noqa: E402  (the built programs, a site, a running daemon)

HERE = Path(__file__).resolve().parent
ROOT, BUILD = harness.ROOT, harness.BUILD
TOOLS = BUILD / "bench"
# The largest gaps of the loop, in milliseconds, by the row in which they were seen.
loop_gaps = {}


class Wrong(Exception):
    """What arrived is not what was sent: the figure means nothing."""


def demand(condition, words):
    if not condition:
        raise Wrong(words)


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def share(path, words):
    """A file of numbers that another process writes and we read while it runs."""
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), 8 * words, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def numbers(memory, words):
    return struct.unpack(f"{words}Q", memory[:8 * words])


def timed(command, timeout=3600, check=True, **options):
    """Seconds that a program takes, and what it said."""
    start = time.perf_counter()
    result = harness.run(*command, timeout=timeout, **options)
    seconds = time.perf_counter() - start
    demand(not check or result.returncode == 0,
           f"{command[0]} ended with {result.returncode}: {result.stdout[-500:]}{result.stderr[-500:]}")
    return seconds, result


# ---- a row of the table ---------------------------------------------------------------------------------------------

@dataclass
class Row:
    """One measure beside its peer. kind says what the verdict compares with must and aim:
    ratio    ours / peer, more is better          most    ours, less is better
    relative ours / peer, less is better          over    ours - peer, less is better"""
    name: str
    measure: str
    peer: str
    kind: str
    unit: str
    must: float | None
    aim: float | None
    ours: list = field(default_factory=list)
    peers: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)

    def add(self, ours, peer=None):
        self.ours.append(ours)
        if peer is not None:
            self.peers.append(peer)

    def value(self):
        ours = statistics.median(self.ours)
        if self.kind == "most":
            return ours
        peer = statistics.median(self.peers)
        return ours - peer if self.kind == "over" else ours / peer

    def verdict(self):
        value, is_more = self.value(), self.kind == "ratio"
        if self.must is None:
            return "-"
        for word, bound in (("aim", self.aim), ("must", self.must)):
            if value >= bound if is_more else value <= bound:
                return word
        return "short"

    def data(self):
        return {"measure": self.measure, "peer": self.peer, "kind": self.kind, "unit": self.unit,
                "must": self.must, "aim": self.aim, "runs": len(self.ours), "ours": self.ours, "peers": self.peers,
                "ours_median": statistics.median(self.ours),
                "peer_median": statistics.median(self.peers) if self.peers else None,
                "value": self.value(), "verdict": self.verdict(), "notes": self.notes, **self.figures}


def alternate(runs, ours, peer):
    """Runs both in turn, each first as often as the other, and hands over each pair of results."""
    for index in range(runs):
        first = ours() if index % 2 == 0 else None
        other = peer()
        yield (first if first is not None else ours()), other


# ---- the machine ----------------------------------------------------------------------------------------------------

def file_system(folder):
    """The kind of file system that holds folder."""
    return harness.run("stat", "-f", "-c", "%T", folder).stdout.strip().replace("ext2/ext3", "ext4")


def package_version(package):
    result = harness.run("dpkg-query", "-W", "-f", "${Version}", package)
    return result.stdout.strip() if result.returncode == 0 else "not installed"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    packages = ("postfix", "wrk", "prometheus-alertmanager", "remind", "sqlite3", "libcurl4", "libevent-core-2.1-7",
                "libsqlite3-0", "valgrind")
    commit = harness.run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").stdout.strip()
    changed = harness.run("git", "-C", ROOT, "status", "--porcelain", "--", "daemon", "config").stdout.strip()
    return {"cpu": cpu.group(1).strip() if cpu else platform.machine(), "cores": os.cpu_count(),
            "memory_gb": round(int(memory.group(1)) / 1e6, 1), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
            "load_at_start": os.getloadavg()[0],
            "deadlined": harness.deadlined("--version").stdout.strip() + f" ({commit}{'+' if changed else ''})",
            "versions": {package: package_version(package) for package in packages}}


def scratch(name):
    """An empty folder on the file system of the build, for a database as durable as the disk is."""
    folder = TOOLS / "run" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def ticks_of(pid):
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def spawn(*command, **options):
    """Starts a program that is killed at our end, whatever that is, if it still runs then."""
    options.setdefault("stdout", subprocess.DEVNULL)
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **options)
    atexit.register(kill, process)
    return process
