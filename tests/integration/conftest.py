"""Fixtures of the integration tests, and the count that tests/lib/check.sh adds up."""
import os
import shutil
import tempfile

import pytest

from harness import BUILD, Authority, Daemon, MailBox, Site, as_root, wait_for_a_clock


def pytest_sessionstart():
    for program in ("deadlined", "deadlinectl"):
        if not os.access(BUILD / program, os.X_OK):
            pytest.exit(f"{BUILD / program} is not built: run make first", returncode=1)
    wait_for_a_clock()


def pytest_terminal_summary(terminalreporter):
    if "PYTEST_COUNT_FILE" in os.environ:
        stats = terminalreporter.stats
        failed = len(stats.get("failed", [])) + len(stats.get("error", []))
        with open(os.environ["PYTEST_COUNT_FILE"], "w", encoding="ascii") as file:
            file.write(f"{len(stats.get('passed', []))} {failed}\n")


@pytest.fixture
def folder():
    """A folder of its own for each test, with a path short enough for sockets."""
    path = tempfile.mkdtemp(prefix="deadlined-")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def site(folder):
    """An installation with a Maildir channel and one policy, not yet started."""
    site = Site(folder)
    site.write_config()
    return site


@pytest.fixture
def start():
    """start(site) runs a daemon until the end of the test."""
    daemons = []

    def start_daemon(site, **options):
        daemons.append(Daemon(site, **options))
        return daemons[-1]

    yield start_daemon
    for daemon in daemons:
        daemon.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def mail_box():
    """A real mail server for the whole run."""
    if as_root() is None:
        pytest.fail("a mail server needs root or sudo without a password")
    box = MailBox(tempfile.mkdtemp(prefix="mail-"))
    yield box
    box.stop()
