"""What the integration tests drive: the built programs, a private mail server, a scripted SMTP server.

Nothing here waits for a fixed time: wait_until() polls a condition and fails with words when it stays false.
"""
import base64
import contextlib
import ctypes
import email
import email.message
import email.policy
import imaplib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
LIB = ROOT / "tests" / "lib"
sys.path.insert(0, str(LIB))  # the scripted servers
SAKHALIN = ZoneInfo("Asia/Sakhalin")
# For what hangs, on a machine however busy; but before the scan of a minute, which would hide that nobody was woken up.
PATIENCE_S = 45
TIME_ERROR = 5  # <sys/timex.h>: nobody has set it
CLOCK_GRACE_S = 600

# The tests decide about language and zone, not the machine they run on.
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def wait_until(condition, what, timeout=PATIENCE_S):
    """Returns the first true value of condition(); fails when there is none in time."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            words = str(what() if callable(what) else what)
            raise AssertionError(f"not within {timeout:g} s: {words[-2000:]}")
        time.sleep(0.02)


def run(*command, timeout=120, env=None, **options):
    """Runs a program to its end; output as text, or as bytes with text=False."""
    options.setdefault("text", True)
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=timeout,
                          env={**ENVIRONMENT, **(env or {})}, **options)


def deadlined(*arguments, **options):
    return run(BUILD / "deadlined", *arguments, **options)


def deadlinectl(*arguments, **options):
    return run(BUILD / "deadlinectl", *arguments, **options)


@contextlib.contextmanager
def kept_port():
    """A port on which nobody listens and which nobody else is given; whoever is told of it may listen there, as servers do,
    with SO_REUSEADDR."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def secret_forms(secret, user=""):
    """A secret in the ways in which a server might repeat it, as bytes: none of them may be told."""
    quoted = json.dumps(secret)[1:-1]
    words = [secret, quoted, json.dumps(secret, ensure_ascii=False)[1:-1], quoted.replace("/", "\\/"), quote(secret), quote(secret, safe="")]
    coded = [base64.b64encode(text.encode()) for text in (secret, f"\0{user}\0{secret}", f"{user}:{secret}")]
    return [*(word.encode() for word in words), *coded]


def as_root():
    """The words to put before a command that needs root; None when there is no way."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and run("sudo", "-n", "true").returncode == 0:
        return ["sudo", "-n"]
    return None


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def section(header, settings):
    """An INI section; a list as value repeats the key."""
    lines = [f"[{header}]"]
    for key, value in settings.items():
        for one in value if isinstance(value, list) else [value]:
            lines.append(f"{key} = {one}")
    return "\n".join(lines) + "\n\n"


class Mail(email.message.EmailMessage):
    """A mail whose content is its text, whatever else it carries."""

    def get_content(self, *args, **kw):
        if self.is_multipart():
            return self.get_body(("plain",)).get_content(*args, **kw)
        return super().get_content(*args, **kw)

    @property
    def html(self):
        body = self.get_body(("html",))
        return body.get_content() if body is not None else None


MAIL_POLICY = email.policy.default.clone(message_factory=Mail)


def parse_mail(data):
    """Strictly: a defect raises."""
    mail = email.message_from_bytes(data, policy=MAIL_POLICY.clone(raise_on_defect=True))
    for part in mail.walk():
        for name, value in part.items():
            assert not value.defects, f"header {name}: {value.defects}"
    return mail


def read_maildir(folder):
    """Every message under a folder of Maildirs, parsed strictly, with the line ends of the wire."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.parent.name in ("new", "cur"))
    return [parse_mail(path.read_bytes().replace(b"\n", b"\r\n")) for path in files]


class Site:
    """A folder with a configuration, a database and a Maildir, as an installation has them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = self.folder / "deadlined.ini"
        self.database = self.folder / "state" / "deadlined.sqlite"
        self.maildir = self.folder / "mail"
        (self.folder / "state").mkdir(mode=0o700)
        self.daemon_settings = {
            "database": self.database, "zone": "Asia/Sakhalin", "language": "en", "scan_interval": "60s",
            "templates": ROOT / "config" / "templates", "messengers": ROOT / "config" / "messengers",
            "state_dir": self.folder / "state",
        }
        self.limits = {"messages_per_hour": "100000", "messages_per_hour_per_person": "100000"}
        self.channels = {"email": {"type": "maildir", "path": self.maildir}}
        self.policies = {"default": {"remind": "0m before start", "channels": "email"}}

    def config_text(self):
        text = section("daemon", self.daemon_settings) + section("limits", self.limits)
        for name, settings in self.channels.items():
            text += section(f"channel {name}", settings)
        for name, settings in self.policies.items():
            text += section(f"policy {name}", settings)
        return text

    def write_config(self, text=None):
        self.config.write_text(self.config_text() if text is None else text, encoding="utf-8")

    def secret(self, name, value, mode=0o600):
        """A file with a secret; returns how the configuration refers to it."""
        path = self.folder / name
        path.write_text(value + "\n", encoding="utf-8")
        path.chmod(mode)
        return f"file:{path}"

    def ctl(self, *arguments, status=0, **options):
        """deadlinectl with this configuration; its output. The exit status must be as given (None: any); that of status
        says how the daemon is, so there 0 stands for 0 to 2."""
        result = deadlinectl("-c", self.config, *arguments, **options)
        allowed = (0, 1, 2) if status == 0 and "status" in arguments[:1] else (status,)
        assert status is None or result.returncode in allowed, \
            f"deadlinectl {arguments}: exit {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def ctl_json(self, *arguments):
        return json_lines(self.ctl(*arguments, "--json"))

    def status(self):
        return self.ctl_json("status")[0]

    def queue(self, **wanted):
        """The messages of the queue whose fields are as wanted."""
        return [row for row in self.ctl_json("queue") if all(row[key] == value for key, value in wanted.items())]

    def sql(self, statement, *parameters):
        """What an administrator does with plain sqlite3."""
        connection = sqlite3.connect(self.database, timeout=PATIENCE_S)
        try:
            with connection:
                return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def import_text(self, name, text, status=0):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.ctl("import", path, status=status)

    def add_person(self, person, address, channel="email", language="en", zone="Asia/Sakhalin"):
        self.import_text(f"person-{person}.csv",
                         f"id,name,language,zone,{channel}\n{person},Desk {person},{language},{zone},{address}\n")

    def add_people(self, channel, addresses, language="en"):
        """One import for all: addresses maps the id of a person to the address on the channel."""
        rows = "".join(f"{person},Desk {person},{language},Asia/Sakhalin,{address}\n"
                       for person, address in addresses.items())
        self.import_text(f"people-{channel}.csv", f"id,name,language,zone,{channel}\n{rows}")

    def add_due_task(self, uid, *people, title=None, policy="default", note="", in_days=0):
        """By plain SQL, a task that began this minute and was last planned an hour ago: its step is due now. in_days: it
        begins that much later, as its policy must remind of it sooner."""
        minute = (datetime.now(SAKHALIN) + timedelta(days=in_days)).strftime("%Y-%m-%dT%H:%M")
        connection = sqlite3.connect(self.database, timeout=PATIENCE_S)
        try:
            with connection:
                cursor = connection.execute(
                    "INSERT INTO task (uid, title, note, start_local, end_local, precision, zone, policy, planned_until)"
                    " VALUES (?, ?, ?, ?, ?, 'minute', 'Asia/Sakhalin', ?, ?)",
                    (uid, title or f"Title of {uid}", note, minute, minute, policy, int(time.time()) - 3600))
                connection.executemany("INSERT INTO part (task, person) VALUES (?, ?)",
                                       [(cursor.lastrowid, person) for person in people])
        finally:
            connection.close()

    def add_flood(self, n, person, name="t", in_s=0):
        """By plain SQL and in one transaction, so that the daemon sees all or nothing: so many tasks of a person that begin
        in as many seconds and were last planned an hour ago."""
        start = (datetime.now(SAKHALIN) + timedelta(seconds=in_s)).strftime("%Y-%m-%dT%H:%M")
        connection = sqlite3.connect(self.database, timeout=PATIENCE_S)
        try:
            with connection:
                connection.execute("BEGIN")  # Python begins none before a statement that starts with WITH
                connection.execute(
                    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?1)"
                    " INSERT INTO task (uid, title, start_local, end_local, precision, zone, planned_until)"
                    " SELECT ?2 || i, 'Title of ' || i, ?3, ?3, 'minute', 'Asia/Sakhalin', ?4 FROM c",
                    (n, name, start, int(time.time()) - 3600))
                connection.execute("INSERT INTO part (task, person) SELECT id, ?1 FROM task WHERE uid GLOB ?2 || '[0-9]*'",
                                   (person, name))
        finally:
            connection.close()

    def tried(self):
        """The messages of which an attempt is over."""
        return [row for row in self.queue() if row["state"] != "sending" and row["last_reply"]]

    def retry_now(self):
        """Takes the pauses between attempts away; a channel that is paused as a whole stays so until a restart."""
        self.sql("UPDATE message SET not_before = 0 WHERE state = 'pending'")

    def mails(self):
        return read_maildir(self.maildir)

    def mails_about(self, text):
        return [mail for mail in self.mails() if text in mail["Subject"] or text in mail.get_content()]


def wait_for_a_clock():
    """Of a machine that has just been started and whose clock nobody has set a daemon believes no time for ten minutes."""
    def is_believed():
        is_set = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != TIME_ERROR
        return is_set or time.clock_gettime(time.CLOCK_BOOTTIME) > CLOCK_GRACE_S

    wait_until(is_believed, "a clock", CLOCK_GRACE_S + PATIENCE_S)


def stay_within_an_hour(span_s=60):
    """Returns when so much is left of the hour, or the next one has begun: the brakes count by the hour, and with an hour
    ends the day, in any zone of these tests."""
    wait_until(lambda: time.time() % 3600 < 3600 - span_s, "the next hour", span_s + PATIENCE_S)


class Daemon:
    """A running deadlined, as its service manager sees it."""

    def __init__(self, site, environment=None, wait=True):
        self.site = site
        self.notifications = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # Abstract, because a path under a deep folder may be too long for a socket.
        name = f"deadlined-test-{os.getpid()}-{id(self)}"
        self.socket.bind("\0" + name)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        self.log_file = site.folder / f"daemon-{time.monotonic_ns()}.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "deadlined", "-c", site.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**ENVIRONMENT, "NOTIFY_SOCKET": "@" + name, **(environment or {})})
        if wait:
            wait_until(lambda: self.is_notified("READY=1") or self.process.poll() is not None,
                       lambda: f"READY=1\n{self.log()}")
            assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.log()}"

    def _listen(self):
        while True:
            datagram = self.socket.recv(4096)
            if not datagram:
                return
            self.notifications.extend(datagram.decode().splitlines())

    def is_notified(self, line, since=0):
        return line in self.notifications[since:]

    @property
    def pid(self):
        return self.process.pid

    def processor_s(self):
        """The time it has spent on a processor, however busy the machine is with others."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="backslashreplace")

    def log_contains(self, pattern):
        return re.search(pattern, self.log()) is not None

    def told(self):
        """Everything this daemon and its site show to anybody, as bytes: no secret may be in it."""
        site = self.site
        proc = [Path(f"/proc/{self.pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
        files = [path.read_bytes() for path in site.database.parent.iterdir() if path.is_file()]
        texts = [self.log(), *self.notifications, site.ctl("queue"), site.ctl("queue", "--json"), site.ctl("status"),
                 site.ctl("status", "--json"), site.ctl("people", "--json")]
        return b"\n".join([*proc, *files, *(text.encode() for text in texts)])

    def reload(self):
        """SIGHUP, and waits for the end of the reload, be it good or bad."""
        since = len(self.notifications)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.is_notified("READY=1", since), lambda: f"READY=1 after SIGHUP\n{self.log()}")
        assert self.is_notified("RELOADING=1", since)

    def stop(self, number=signal.SIGTERM, timeout=25):
        """Ends the daemon, before the grace of its transfers is over; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"still there {timeout} s after {number!r}\n{self.log()}") from None
        return self.process.returncode

    def close(self):
        """For the end of a test: whatever state it is in. The log goes where pytest shows it on a failure."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.socket.shutdown(socket.SHUT_RD)
        self.listener.join()
        self.socket.close()
        print(f"--- log of deadlined {self.pid}, exit {self.process.returncode}\n{self.log()[-5000:]}", file=sys.stderr)


class Authority:
    """A certificate authority of the tests' own."""

    def __init__(self, folder, name="deadlined test CA"):
        self.folder = Path(folder)
        self.ca_file = self.folder / "ca.pem"
        self._openssl("req", "-x509", *self._new_key("ca"), "-days", "30", "-subj", f"/CN={name}",
                      "-out", self.ca_file, "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, names="DNS:localhost,IP:127.0.0.1", days=30):
        """The files of a certificate and its key; with negative days it has expired."""
        serial = secrets.randbits(63)  # in a file, two that are issued at once would fight for it
        name = f"server-{serial}"
        file = self.folder / name
        extensions = file.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n", encoding="ascii")
        self._openssl("req", *self._new_key(name), "-subj", "/CN=server", "-out", file.with_suffix(".csr"))
        self._openssl("x509", "-req", "-in", file.with_suffix(".csr"), "-CA", self.ca_file,
                      "-CAkey", self.folder / "ca.key", "-set_serial", str(serial), "-days", days,
                      "-extfile", extensions, "-out", file.with_suffix(".pem"))
        return file.with_suffix(".pem"), file.with_suffix(".key")

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / f"{name}.key")

    @staticmethod
    def _openssl(*arguments):
        result = run("openssl", *arguments)
        assert result.returncode == 0, result.stderr


class MailBox:
    """The private Postfix and Dovecot of tests/lib/mail-box.sh."""

    PORTS = (12, 24, 25, 43, 65, 87, 93)

    def __init__(self, folder):
        self.folder = folder
        base = next(base for base in range(20000 + os.getpid() % 100 * 100, 60000, 100) if self._is_free(base))
        self.command = [*as_root(), "env", f"MAILBOX_BASE={base}", LIB / "mail-box.sh"]
        result = run(*self.command, "start", folder)
        if result.returncode != 0:
            run(*as_root(), "rm", "-rf", folder)
            raise AssertionError(result.stdout + result.stderr)
        settings = dict(word.split("=", 1) for word in result.stdout.split())
        self.smtp, self.submission, self.smtps, self.imap = (
            int(settings[key]) for key in ("SMTP_PORT", "SUBMISSION_PORT", "SMTPS_PORT", "IMAP_PORT"))
        self.ca_file = settings["CA"]

    @classmethod
    def _is_free(cls, base):
        for port in cls.PORTS:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", base + port)) == 0:
                    return False
        return True

    def stop(self):
        result = run(*self.command, "stop", self.folder)
        assert result.returncode == 0, result.stdout + result.stderr
        run(*as_root(), "rm", "-rf", self.folder)

    def read(self, user):
        """Every message in the inbox of alice, bob or carol, fetched as a mail program would: IMAP with STARTTLS."""
        return [email.message_from_bytes(data, policy=MAIL_POLICY) for data in self._fetch(user, "(BODY.PEEK[])")]

    def structures(self, user):
        """What the server makes of every message: its parts, as IMAP's BODYSTRUCTURE tells them."""
        return [data if isinstance(data, bytes) else b"".join(data) for data in self._fetch(user, "(BODYSTRUCTURE)", whole=True)]

    def _fetch(self, user, what, whole=False):
        client = imaplib.IMAP4("localhost", self.imap, timeout=PATIENCE_S)
        try:
            client.starttls(ssl.create_default_context(cafile=self.ca_file))
            client.login(user, f"{user}-pw")
            client.select("INBOX", readonly=True)
            numbers = client.search(None, "ALL")[1][0].split()
            answers = [client.fetch(number, what)[1][0] for number in numbers]
        finally:
            client.logout()
        return [answer if whole else answer[1] for answer in answers]


class SmtpSink:
    """Postfix's smtp-sink: takes every mail, or fails as its options (smtp-sink(1)) say. mails(): what it was sent."""

    def __init__(self, folder, *options):
        # It writes as nobody, wherever a test's folder is.
        self.folder = Path(folder)
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.folder.parent.chmod(0o755)
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        with kept_port() as self.port:
            self.process = subprocess.Popen(
                ["/usr/sbin/smtp-sink", *user, *options, "-d", f"{self.folder}/%s.", f"127.0.0.1:{self.port}", "100"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            wait_until(self._listens, "smtp-sink listening")

    def _listens(self):
        """Asked of the kernel: a connection would count for the sink."""
        local = f"0100007F:{self.port:04X}"
        return any(line.split()[1] == local and line.split()[3] == "0A" for line in open("/proc/net/tcp"))

    def channel(self, **settings):
        return {"type": "smtp", "url": f"smtp://127.0.0.1:{self.port}", "from": "office@example.org", "tls": "off", **settings}

    def mails(self):
        """Every mail that reached its final dot, with the envelope in X-Mail-Args and X-Rcpt-Args."""
        return [email.message_from_bytes(path.read_bytes(), policy=MAIL_POLICY) for path in self.folder.iterdir()]

    def stop(self):
        self.process.kill()
        self.process.wait()


def next_full_minute(zone=SAKHALIN):
    """The first full minute that is far enough away to write a task of it down before."""
    return (datetime.now(zone) + timedelta(seconds=80)).replace(second=0, microsecond=0)
