#!/usr/bin/env python3
"""Lets the daemon run out of memory at its n-th allocation, for one n after the other, until a run passes untouched.

    run.py                  every distinct place (stack) that allocates, its first time; then, evenly over the whole run,
                            BURST allocations in a row
    run.py --short S        as much of that, drawn from the seed, as fits into S seconds
    run.py --at N [--burst] one case, with the log of the daemon and the stack that failed; --burst: a whole burst

One case: the real daemon, with fail.c preloaded, has four messages to hand over, to a mail server (STARTTLS and a
password), a receiver of webhooks (a token) and a Maildir. Whoever it is whose allocation fails, our own code, SQLite,
libcurl, libevent, jansson, ICU, libical or the C library, the daemon may
    die             loudly: SIGABRT with a word about memory, as our own allocations are meant to
    refuse to start with words and an exit status after which a service manager tries again
    go on           and hand over what it can, at once or in the next pass
    crash in a library that cannot be told what to do without memory (GnuTLS under LDAP, libical): a crash like any other
and must not: die in another way, hang, leave a damaged database, tell a secret, or leave a message behind that nobody
works on any more. Then the daemon starts again with memory enough, and every message has to arrive: all four, unmaimed,
none more than once too often, the copies with one and the same Message-ID.

BUILD names the build folder, OOM_COUNT_FILE gets "PASSED FAILED", RESULTS_DIR the result, DEADLINED_TEST_SEED repeats a
draw. The short form does not wait for the pass that repeats one which could not be recorded.
"""
import argparse
import collections
import dataclasses
import difflib
import email
import email.policy
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))  # the harness

from harness import (BUILD, ENVIRONMENT, SAKHALIN, Authority, Site, read_maildir,  # noqa: E402  (its folder comes first)
                     stay_within_an_hour, wait_for_a_clock)
from http_server import HttpServer, Reply  # noqa: E402  (the harness adds their folder)
from smtp_server import SmtpServer  # noqa: E402

FAIL = BUILD / "oom" / "fail.so"
PASSWORD, TOKEN = "planted-Passw0rd-41c7", "planted-T0ken-9ab3"
MESSAGES = 4  # that every run has to hand over
PATIENCE_S = 60.0  # with what hangs; a pass that could not be recorded is repeated after seconds
EXIT_S = 60.0
BURST = 20
SETTLED_S = 0.1  # nothing to do for so long: a pass is over
CRASHING = ("libgnutls", "libtasn1", "libp11-kit", "libical", "libldap", "libsasl2", "libgcrypt")
MAY_RESTART = {70, 71, 74, 75}  # exit statuses that do not keep systemd from starting it again


@dataclasses.dataclass
class Outcome:
    at: int
    times: int
    kind: str  # "untouched", "died", "refused", "crashed", "went on", "stopped early"; or "fell", which must not be
    faults: list
    where: str  # the stack of the failed allocation
    log: str
    seconds: float


class Case:
    """A site with its servers, used again and again."""

    def __init__(self, folder, authority, is_short=False, texts=None, prefix=()):
        folder.mkdir()
        self.prefix, self.is_short = prefix, is_short
        cert, key = authority.issue()
        self.mail = SmtpServer(tls="starttls", cert=cert, key=key, users={"office": PASSWORD})
        self.hook = HttpServer(default=Reply(204)).__enter__()
        self.site = Site(folder)
        self.site.channels = {
            "mail": {"type": "smtp", "url": f"smtp://localhost:{self.mail.port}", "from": "office@example.org",
                     "tls": "required", "ca_file": authority.ca_file, "username": "office",
                     "password": self.site.secret("password", PASSWORD)},
            "hook": {"type": "http", "preset": "webhook", "url": self.hook.url,
                     "token": self.site.secret("token", TOKEN)},
            "box": {"type": "maildir", "path": self.site.maildir},
        }
        self.site.policies["default"]["channels"] = " ".join(self.site.channels)
        self.site.write_config()
        self.site.import_text("people.csv", "id,name,language,zone,mail,hook,box\n"
                              "anna,Anna,en,Asia/Sakhalin,anna@example.org,room-a,anna@example.org\n"
                              "ivan,Иван,ru,Asia/Sakhalin,ivan@example.org,,\n")
        self.site.add_due_task("task", "anna", "ivan", title="Визит в школу № 5")
        self.fresh = self.site.folder / "fresh.sqlite"
        shutil.copyfile(self.site.database, self.fresh)
        self.report, self.log_file = self.site.folder / "report", self.site.folder / "log"
        self.texts = texts  # of the messages of a run that nothing disturbed
        self.n_requests_before = 0

    def reset(self):
        state = self.site.database.parent
        for path in state.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copyfile(self.fresh, self.site.database)
        now = datetime.now(SAKHALIN)
        start = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=10)
        noon = start.strftime("%Y-%m-%dT12:00")
        self.site.sql("UPDATE task SET start_local = ?, end_local = ?, planned_until = ?, next_due_utc = NULL",
                      noon, noon, int(time.time()) - 10800)
        # One to two hours ago, at any minute of the hour: what fell due just now would be told in other words.
        self.site.policies["default"]["remind"] = f"{(start - now) // timedelta(hours=1) + 2}h before start"
        self.site.write_config()
        shutil.rmtree(self.site.maildir, ignore_errors=True)
        self.report.unlink(missing_ok=True)
        self.mail.mails.clear()
        self.mail.sessions.clear()
        self.n_requests_before = len(self.hook.requests)

    # ---- looking ----

    def requests(self):
        return self.hook.requests[self.n_requests_before:]

    def boxed(self):
        return sum(len(list(folder.iterdir())) for folder in self.site.maildir.glob("**/new"))

    def n_taken(self):
        return len(self.mail.accepted) + len(self.requests()) + self.boxed()

    def taken(self):
        """(identity, what is to be read) of every copy; how late it comes is another matter."""
        strict = email.policy.default
        mails = [email.message_from_bytes(mail.data, policy=strict) for mail in self.mail.accepted]
        mails += read_maildir(self.site.maildir) if self.site.maildir.exists() else []
        copies = [(mail["Message-ID"].strip("<>").split("@")[0],
                   f"{mail['To']} {mail['Subject']}\n{mail.get_body().get_content()}") for mail in mails]
        for request in self.requests():
            body = request.json()
            copies.append((request.headers["idempotency-key"], f"{body['to']} {body['subject']}\n{body['text']}"))
        late = re.compile(r"(?m)^.*(later than it should|позже, чем должно).*$")
        return [(identity, late.sub("", text)) for identity, text in copies]

    def look(self, statement):
        """A query that leaves the files alone; None while it cannot be answered."""
        try:
            connection = sqlite3.connect(f"file:{self.site.database}?mode=ro", uri=True, timeout=1)
        except sqlite3.Error:
            return None
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.Error:
            return None
        finally:
            connection.close()

    def is_busy(self):
        """Whether the daemon still has, or ought to have, something in hand."""
        rows = self.look("SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM message WHERE state = 'sending' OR"
                         f" (state = 'pending' AND not_before <= {int(time.time())}))")
        return rows is None or rows[0][0] < MESSAGES or rows[0][1] > 0

    def log(self):
        return self.log_file.read_text(errors="replace")

    # ---- running ----

    def start(self, environment):
        with open(self.log_file, "ab") as log:
            return subprocess.Popen([*self.prefix, BUILD / "deadlined", "-c", self.site.config], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, env={**ENVIRONMENT, **environment})

    def finish(self, process):
        """Waits until there is nothing to do, and ends it; its exit status, and what was wrong."""
        faults, end = [], time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < end:
            if self.n_taken() >= MESSAGES or not self.is_busy() or (self.is_short and "trying again" in self.log()):
                break
            time.sleep(0.004)
        else:
            if process.poll() is None:
                faults.append(f"messages are due or in flight, and nothing has happened for {PATIENCE_S:g} s")
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            faults.append(f"still there {EXIT_S:g} s after SIGTERM")
        return process.returncode, faults

    @staticmethod
    def judge_end(status, log, libraries):
        """The kind of an end, after an allocation for those libraries, innermost first; None for one that must not be."""
        if status == 0:
            return "went on"
        if status == -signal.SIGTERM:
            return "stopped early"  # before it listened to signals
        if status == -signal.SIGABRT and ("out of memory" in log or "NEWFAILED" in log):  # the latter are libical's words
            return "died"
        if status in (-signal.SIGABRT, -signal.SIGSEGV) and libraries[:1] and libraries[0].startswith(CRASHING):
            return "crashed"
        return "refused" if status in MAY_RESTART and log.strip() else None

    def recover(self):
        """A second life with memory enough, unless the first has done it all."""
        if self.look("SELECT count(*) FROM message WHERE state = 'sent'") == [(MESSAGES,)]:
            return []
        if self.look("SELECT 1 FROM sqlite_master WHERE name = 'message'"):
            self.site.sql("UPDATE message SET not_before = 0 WHERE state = 'pending'")
        process = self.start({})
        end = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < end and self.is_busy():
            time.sleep(0.004)
        if process.poll() is None:
            process.terminate()
            process.wait(EXIT_S)
        return [] if process.returncode == 0 else [f"the next start ended with {process.returncode}"]

    def check(self):
        """The promise, after all is over."""
        faults = []
        if self.look("PRAGMA integrity_check") != [("ok",)] or self.look("PRAGMA foreign_key_check") != []:
            faults.append("the database is damaged")
        rows = self.look("SELECT channel, person, state, attempts, crashes, uncertain, reason FROM message") or []
        if len(rows) != MESSAGES or any(row[2] != "sent" for row in rows):
            faults.append(f"messages: {rows}")
        copies = self.taken()
        taken = collections.Counter(identity for identity, _ in copies)
        if len(taken) != MESSAGES or max(taken.values()) > 2:
            faults.append(f"taken: {dict(taken)}")
        texts = {text for _, text in copies}
        if self.texts is None:
            self.texts = texts
        if texts != self.texts:
            before, after = ("\n".join(sorted(some)).splitlines() for some in (self.texts, texts))
            lines = difflib.unified_diff(before, after, n=0, lineterm="")
            faults.append("maimed: " + " | ".join(line for line in lines if not line.startswith(("---", "+++", "@@"))))
        log = self.log()
        if PASSWORD in log or TOKEN in log:
            faults.append("a secret is in the log")
        return faults

    def run(self, at, times=1):
        began = time.monotonic()
        self.reset()
        self.log_file.write_bytes(b"")
        status, faults = self.finish(self.start(
            {"LD_PRELOAD": str(FAIL), "OOM_AT": str(at), "OOM_TIMES": str(times), "OOM_REPORT": str(self.report)}))
        report = self.report.read_text(errors="replace") if self.report.exists() else ""
        kind = self.judge_end(status, self.log(), [library for library, _ in frames_of(report)])
        if kind is None:
            faults.append(f"ended with {status}")
        if "failed" not in report:
            kind = "untouched"
        faults += self.recover()
        faults += self.check()
        return Outcome(at, times, kind or "fell", faults, report, self.log(), time.monotonic() - began)

    def survey(self):
        """One run in which nothing fails: the number of allocations, and the first of each place; and their texts."""
        self.reset()
        self.log_file.write_bytes(b"")
        status, faults = self.finish(self.start(
            {"LD_PRELOAD": str(FAIL), "OOM_PLACES": "1", "OOM_REPORT": str(self.report)}))
        faults += self.check()
        assert status == 0 and not faults, (status, faults, self.log())
        lines = [line.split() for line in self.report.read_text().splitlines()]
        places = [int(words[1]) for words in lines if words[0] == "place"]
        return next(int(words[1]) for words in lines if words[0] == "total"), places

    def close(self):
        self.mail.close()
        self.hook.__exit__(None, None, None)


def frames_of(report):
    """(library, function or offset) of the failed allocation's stack, without the C library's."""
    frames = re.findall(r"(?m)^\S*/([^/(]+)\((.*?)\)\[", report)
    return [frame for frame in frames if not frame[0].startswith(("fail.so", "libc.so", "ld-linux"))]


def own_function(offset):
    result = subprocess.run(["addr2line", "-fse", BUILD / "deadlined", offset], capture_output=True, text=True)
    return result.stdout.splitlines()[0] if result.returncode == 0 else offset


def place_of(report):
    return " < ".join(own_function(inside[1:]) if library == "deadlined" else f"{library.split('.')[0]}:{inside}"
                      for library, inside in frames_of(report)[:12])


def tell(outcome):
    print(f"FAIL allocation {outcome.at}, {outcome.times} in a row: {'; '.join(outcome.faults)}\n     {place_of(outcome.where)}\n"
          + "".join(f"     | {line}\n" for line in outcome.log.splitlines()[-12:]), flush=True)


def draw(total, places, seed, is_short):
    """[(which allocation, how many in a row)]: everything worth trying, beyond the last one too."""
    cases = [(at, 1) for at in places] + [(at, BURST) for at in range(1, total + BURST, 7)]
    if is_short:
        random.Random(seed).shuffle(cases)
    return cases


def work(queue, results, new_case, number, until):
    """One process with a site of its own."""
    case = new_case(f"worker-{number}")
    while time.monotonic() < until:
        at = queue.get()
        if at is None:
            break
        results.put(case.run(*at))
    results.put(None)
    case.close()


def run_all(numbers, new_case, seconds):
    """Yields the outcomes as they come."""
    queue, results = multiprocessing.SimpleQueue(), multiprocessing.Queue()
    jobs = os.cpu_count()
    until = time.monotonic() + seconds
    workers = [multiprocessing.Process(target=work, args=(queue, results, new_case, i, until)) for i in range(jobs)]
    feeder = multiprocessing.Process(target=lambda: [queue.put(at) for at in [*numbers, *[None] * jobs]])
    for process in [*workers, feeder]:
        process.start()
    while jobs:
        outcome = results.get()
        if outcome is None:
            jobs -= 1
        else:
            yield outcome
    feeder.terminate()
    for process in [*workers, feeder]:
        process.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", type=float, metavar="SECONDS")
    parser.add_argument("--at", type=int)
    parser.add_argument("--burst", action="store_true")
    options = parser.parse_args()
    seed = os.environ.get("DEADLINED_TEST_SEED") or str(random.SystemRandom().randrange(1 << 32))
    folder = Path(tempfile.mkdtemp(prefix="deadlined-oom-"))
    wait_for_a_clock()
    if options.short is not None:
        stay_within_an_hour(span_s=options.short + PATIENCE_S)  # the texts, which are compared, have dates in them
    began = time.monotonic()
    kinds, n_failed = collections.Counter(), 0
    try:
        (folder / "authority").mkdir()
        authority = Authority(folder / "authority")
        # Fixed addresses, so that a place is the same stack each time.
        first = Case(folder / "survey", authority, prefix=("setarch", "-R"))
        total, places = first.survey()
        if options.at is not None:
            outcome = first.run(options.at, BURST if options.burst else 1)
            print(f"{outcome.kind}, {outcome.seconds:.2f} s, {outcome.faults}\n{place_of(outcome.where)}\n{outcome.log}")
            return 1 if outcome.faults else 0
        first.close()
        print(f"{total} allocations in {len(places)} places, SEED={seed}", flush=True)

        def new_case(name):
            return Case(folder / name, authority, options.short is not None, first.texts)

        for outcome in run_all(draw(total, places, seed, options.short is not None), new_case, options.short or 1e9):
            kinds[outcome.kind] += 1
            if outcome.faults:
                n_failed += 1
                tell(outcome)
    finally:
        shutil.rmtree(folder)
    n = sum(kinds.values())
    print(f"oom: allocations failed in {n} lives, in {time.monotonic() - began:.0f} s: "
          + ", ".join(f"{kinds[kind]} {kind}" for kind in sorted(kinds)) + f"; {n_failed} broke the promise")
    is_good = n > 0 and n_failed == 0
    if "OOM_COUNT_FILE" in os.environ:  # one test, however many allocations the time was enough for
        Path(os.environ["OOM_COUNT_FILE"]).write_text("1 0\n" if is_good else "0 1\n", encoding="ascii")
    if "RESULTS_DIR" in os.environ:
        result = f"oom\tany allocation fails\t{'ok' if is_good else 'FAIL'}\n"
        Path(os.environ["RESULTS_DIR"], "oom.tsv").write_text(result, encoding="ascii")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
