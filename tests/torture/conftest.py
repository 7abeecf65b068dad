"""Fixtures of the torture tests. The figures they measure go to the file TORTURE_FIGURES, a line each."""
import os
import tempfile
from pathlib import Path

import pytest

from support import SEED, Peer, close_daemons
from harness import Site, wait_for_a_clock


def pytest_sessionstart():
    wait_for_a_clock()


def pytest_report_header():
    return f"DEADLINED_TEST_SEED={SEED}"


def pytest_terminal_summary(terminalreporter):
    if "PYTEST_COUNT_FILE" in os.environ:
        stats = terminalreporter.stats
        failed = len(stats.get("failed", [])) + len(stats.get("error", []))
        Path(os.environ["PYTEST_COUNT_FILE"]).write_text(f"{len(stats.get('passed', []))} {failed}\n", encoding="ascii")


@pytest.fixture
def measured(request):
    """measured("what", "42 ms") puts a line into the table that is printed at the end."""
    def note(what, figure):
        print(f"{what}: {figure}")
        if "TORTURE_FIGURES" in os.environ:
            with open(os.environ["TORTURE_FIGURES"], "a", encoding="utf-8") as file:
                file.write(f"{request.path.stem.removeprefix('test_')}: {what}: {figure}\n")

    return note


@pytest.fixture
def folder():
    """In memory: these tests end processes, not machines, and make very many commits."""
    with tempfile.TemporaryDirectory(prefix="deadlined-", dir="/dev/shm") as path:
        yield path
        close_daemons()


@pytest.fixture
def site(folder):
    return Site(folder)


@pytest.fixture
def peer(request):
    peer = Peer(f"{SEED}:{request.node.name}")
    yield peer
    peer.close()
