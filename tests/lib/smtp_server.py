#!/usr/bin/env python3
"""A mail server that does what it is told, for tests: standard library only.

    with SmtpServer(tls="starttls", cert=CERT, key=KEY, users={"u": "p"}) as server:
        server.recipient("grey@example.org", rcpt=["451 4.7.1 greylisted", "250 ok"])
        server.recipient("lost@example.org", dot="drop")
        ... let the daemon send to 127.0.0.1:server.port ...
        server.wait(lambda s: len(s.accepted) == 1)

Every stage takes a plan: one action, or a list of which the last repeats. An action is a reply ("250 ok", several lines
separated by "\n"), or one of
    "drop"         close the connection
    "silent"       never answer (until release() or the end of the server)
    "wait:N:REPLY" answer after N seconds
    "raw:TEXT"     send TEXT as it is (Python escapes are understood)
    "REPLY; drop"  answer, then close
    "accept:ACTION" only for dot: the message is taken whatever ACTION makes the client believe
Stages for the whole server (keyword arguments of SmtpServer or .plan()): greeting, ehlo, helo, starttls, auth, mail, rcpt,
data, dot, rset, noop, quit. By recipient (.recipient()): rcpt, data, dot. "text" instead of "dot" acts when the first bytes of the
message arrive, before its end.

By hand: smtp_server.py --port 2525 [--tls starttls|smtps --cert C --key K] [--user NAME:PASSWORD] [--plan STAGE=ACTION]
prints every dialogue and every mail.
"""
import argparse
import base64
import codecs
import json
import re
import socket
import ssl
import sys
import threading
import time

STAGES = ("greeting", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "text", "dot", "rset", "noop", "quit")


class Plan:
    """The actions of one stage, one after the other; the last one repeats."""

    def __init__(self, actions):
        self.actions = [actions] if isinstance(actions, str) else list(actions)
        self.used = 0

    def next(self):
        action = self.actions[min(self.used, len(self.actions) - 1)]
        self.used += 1
        return action


class Mail:
    """A message that was handed over whole, whatever the server answered."""

    def __init__(self, sender, recipients, data, reply, session):
        self.sender, self.recipients, self.data, self.reply = sender, recipients, data, reply
        self.session = session
        self.at = time.monotonic()

    @property
    def is_accepted(self):
        return self.reply.startswith("2")

    def header(self, name):
        head = self.data.split(b"\r\n\r\n", 1)[0].decode("utf-8", "replace")
        match = re.search(r"(?im)^%s:[ \t]*((?:.*\r?\n(?:[ \t].*\r?\n)*)|.*$)" % re.escape(name), head + "\r\n")
        return re.sub(r"\r?\n[ \t]+", " ", match.group(1)).strip() if match else None


class Closed(Exception):
    """The connection ends here."""


class Session(threading.Thread):
    def __init__(self, server, sock, number):
        super().__init__(daemon=True)
        self.server, self.sock, self.number = server, sock, number
        self.buffer = b""
        self.is_tls = False
        self.user = None
        self.log = []  # ("C" or "S", line) in order
        self.sender, self.recipients = None, []
        self.hello = None

    # ---- bytes ----

    def send(self, data):
        for line in data.decode("utf-8", "backslashreplace").splitlines():
            self.note("S", line)
        try:
            self.sock.sendall(data)
        except OSError:
            raise Closed from None

    def reply(self, text):
        lines = text.split("\n")
        code = lines[0][:3]
        rest = [lines[0][4:]] + lines[1:]
        out = "".join("%s%s%s\r\n" % (code, "-" if i < len(rest) - 1 else " ", line) for i, line in enumerate(rest))
        self.send(out.encode())

    def receive(self):
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Closed
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.receive()
        line, self.buffer = self.buffer.split(b"\n", 1)
        text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        if not line.endswith(b"\r"):
            self.server.complain(self, "line without CR: %r" % text)
        self.note("C", text)
        return text

    def note(self, who, line):
        self.log.append((who, line))
        self.server.noted(self, who, line)

    # ---- actions ----

    def act(self, action):
        """Carries an action out; returns the reply that was given, "" when there was none."""
        drops = action.endswith("; drop")
        action = action.removesuffix("; drop")
        if action.startswith("wait:"):
            _, seconds, action = action.split(":", 2)
            self.server.released.wait(float(seconds))
        if action == "drop":
            raise Closed
        if action == "silent":
            self.server.released.wait()
            raise Closed
        if action.startswith("raw:"):
            self.send(codecs.decode(action[4:], "unicode_escape").encode("latin-1"))
            action = ""
        elif action:
            self.reply(action)
        if drops:
            raise Closed
        return action

    def decide(self, stage, default):
        """The action for a stage: of the recipient if it has one, else of the server, else the default."""
        for recipient in self.recipients:
            plan = self.server.by_recipient.get(recipient.lower(), {}).get(stage)
            if plan:
                return plan.next()
        plan = self.server.plans.get(stage)
        return plan.next() if plan else default

    # ---- commands ----

    def run(self):
        try:
            if self.server.tls == "smtps":
                self.start_tls()
            self.act(self.decide("greeting", "220 test.example.org ESMTP"))
            while True:
                self.command(self.line())
        except Closed:
            pass
        finally:
            self.server.ended(self)
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.sock.close()

    def start_tls(self):
        try:
            self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.note("S", "(TLS failed: %s)" % error)
            raise Closed from None
        self.is_tls = True
        self.note("S", "(%s)" % self.sock.version())

    def command(self, line):
        verb, _, rest = line.partition(" ")
        method = getattr(self, "do_" + verb.lower(), None)
        if method is None or not verb.isalpha():
            self.reply("500 5.5.2 unknown command")
            return
        method(rest)

    def do_ehlo(self, name):
        self.hello = name
        self.sender, self.recipients = None, []
        lines = ["test.example.org"] + [e for e in self.server.extensions if e]
        if self.server.tls == "starttls" and not self.is_tls:
            lines.append("STARTTLS")
        if self.server.users and (self.is_tls or self.server.auth_in_clear):
            lines.append("AUTH " + self.server.mechanisms)
        if self.server.lower_case:
            lines = [line.lower() for line in lines]
        self.act(self.decide("ehlo", "250 " + "\n".join(lines)))

    def do_helo(self, name):
        self.hello = name
        self.act(self.decide("helo", "250 test.example.org"))

    def do_starttls(self, _):
        if self.server.tls != "starttls" or self.is_tls:
            self.reply("503 5.5.1 not now")
            return
        if self.act(self.decide("starttls", "220 2.0.0 go ahead")).startswith("220"):
            self.buffer = b""
            self.start_tls()
            self.hello = None

    def do_auth(self, rest):
        mechanism, _, initial = rest.partition(" ")
        action = self.decide("auth", "")
        if action:
            self.act(action)
            return
        try:
            user, password = self.credentials(mechanism.upper(), initial)
        except (ValueError, UnicodeDecodeError):
            self.reply("501 5.5.2 cannot decode")
            return
        if user in self.server.users and self.server.users[user] == password:
            self.user = user
            self.reply("235 2.7.0 welcome")
        else:
            self.reply("535 5.7.8 bad credentials")

    def credentials(self, mechanism, initial):
        def ask(prompt):
            self.reply("334 " + base64.b64encode(prompt).decode())
            return self.line()

        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(initial or ask(b"")).decode().split("\0")
            return user, password
        if mechanism == "LOGIN":
            user = base64.b64decode(initial or ask(b"Username:")).decode()
            return user, base64.b64decode(ask(b"Password:")).decode()
        raise ValueError(mechanism)

    @staticmethod
    def path(rest, keyword):
        match = re.fullmatch(r"%s:<([^<>\s]*)>((?: \S+)*)" % keyword, rest, re.I)
        return (match.group(1), match.group(2).split()) if match else (None, [])

    def do_mail(self, rest):
        sender, parameters = self.path(rest, "FROM")
        if sender is None:
            self.reply("501 5.5.4 syntax: MAIL FROM:<address>")
        elif self.server.users and self.user is None:
            self.reply("530 5.7.0 authentication required")
        elif self.sender is not None:
            self.reply("503 5.5.1 nested MAIL")
        elif self.bad_parameters(parameters, ("SIZE", "BODY", "RET", "ENVID", "SMTPUTF8")):
            self.reply("555 5.5.4 unknown parameter")
        elif self.act(self.decide("mail", "250 2.1.0 ok")).startswith("2"):
            self.sender = sender

    def do_rcpt(self, rest):
        recipient, parameters = self.path(rest, "TO")
        if recipient is None:
            self.reply("501 5.1.3 syntax: RCPT TO:<address>")
            return
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
            return
        if self.bad_parameters(parameters, ("NOTIFY", "ORCPT")):
            self.reply("555 5.5.4 unknown parameter")
            return
        plan = self.server.by_recipient.get(recipient.lower(), {}).get("rcpt") or self.server.plans.get("rcpt")
        if self.act(plan.next() if plan else "250 2.1.5 ok").startswith("2"):
            self.recipients.append(recipient)

    def bad_parameters(self, parameters, known):
        offered = {e.split()[0].upper() for e in self.server.extensions if e}
        needs = {"SIZE": "SIZE", "BODY": "8BITMIME", "RET": "DSN", "ENVID": "DSN", "NOTIFY": "DSN", "ORCPT": "DSN",
                 "SMTPUTF8": "SMTPUTF8"}
        names = [p.split("=")[0].upper() for p in parameters]
        return any(n not in known or needs[n] not in offered for n in names)

    def do_data(self, _):
        if self.sender is None or not self.recipients:
            self.reply("554 5.5.1 no valid recipients" if not self.server.data_always else "354 go ahead")
            if not self.server.data_always:
                return
            self.read_text()
            self.sender, self.recipients = None, []
            self.reply("554 5.5.1 no valid recipients")
            return
        if self.act(self.decide("data", "354 end with a dot")).startswith("354"):
            self.take_mail()

    def take_mail(self):
        early = self.decide("text", None)
        if early is not None:
            if not self.buffer:
                self.receive()
            self.act(early)
        mail = Mail(self.sender, list(self.recipients), self.read_text(), "", self)
        self.server.received(mail)
        action = self.decide("dot", "250 2.0.0 Ok: queued as %06X" % self.server.next_id())
        if action.startswith("accept:"):  # taken, but the client never hears of it
            mail.reply = "250 (not said)"
            self.server.changed()
            action = action[len("accept:"):]
        else:
            mail.reply = re.sub(r"^(wait:[0-9.]+:|raw:)", "", action)
        self.sender, self.recipients = None, []
        self.act(action)
        self.server.changed()

    def read_text(self):
        while not (self.buffer.startswith(b".\r\n") or b"\r\n.\r\n" in self.buffer):
            self.receive()
        if self.buffer.startswith(b".\r\n"):
            text, self.buffer = b"", self.buffer[3:]
        else:
            end = self.buffer.index(b"\r\n.\r\n")
            text, self.buffer = self.buffer[:end + 2], self.buffer[end + 5:]
        if re.search(rb"(?<!\r)\n|\r(?!\n)", text):
            self.server.complain(self, "bare CR or LF in the message")
        if any(len(line) > 998 for line in text.split(b"\r\n")):
            self.server.complain(self, "line over 998 octets in the message")
        self.note("C", "(%d bytes of text)" % len(text))
        return re.sub(rb"(?m)^\.", b"", text)

    def do_rset(self, _):
        self.sender, self.recipients = None, []
        self.act(self.decide("rset", "250 2.0.0 ok"))

    def do_noop(self, _):
        self.act(self.decide("noop", "250 2.0.0 ok"))

    def do_quit(self, _):
        self.act(self.decide("quit", "221 2.0.0 bye"))
        raise Closed


class SmtpServer:
    """Listens on 127.0.0.1 from the constructor on; threads do the rest. See the module's text for plans."""

    def __init__(self, port=0, tls=None, cert=None, key=None, users=None, mechanisms="PLAIN LOGIN", auth_in_clear=False,
                 pipelining=True, size=10240000, dsn=True, eight_bit=True, enhanced=True, extra=(), lower_case=False,
                 data_always=False, watch=None, **plans):
        self.tls, self.users, self.mechanisms = tls, users or {}, mechanisms
        self.auth_in_clear, self.lower_case, self.data_always = auth_in_clear, lower_case, data_always
        self.extensions = [pipelining and "PIPELINING", size and "SIZE %d" % size, dsn and "DSN",
                           eight_bit and "8BITMIME", enhanced and "ENHANCEDSTATUSCODES", *extra]
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert, key)
        self.plans, self.by_recipient = {}, {}
        self.plan(**plans)
        self.watch = watch
        self.condition = threading.Condition()
        self.released = threading.Event()
        self.mails, self.sessions, self.complaints = [], [], []
        self.n_open = 0
        self.most_open = 0
        self.queue_id = 0
        self.socket = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    # ---- what tests say ----

    def plan(self, **stages):
        """Replaces the plans of stages for the whole server; None removes one."""
        for stage, actions in stages.items():
            if stage not in STAGES:
                raise ValueError("unknown stage %r, known: %s" % (stage, ", ".join(STAGES)))
            self.plans[stage] = Plan(actions) if actions is not None else None

    def recipient(self, address, **stages):
        """Plans for one recipient: rcpt, data, text, dot."""
        for stage in stages:
            if stage not in ("rcpt", "data", "text", "dot"):
                raise ValueError("stage %r is not a recipient's" % stage)
        self.by_recipient[address.lower()] = {s: Plan(a) for s, a in stages.items() if a is not None}

    def release(self):
        """Ends every "silent" and "wait"."""
        self.released.set()

    # ---- what tests ask ----

    @property
    def accepted(self):
        """The mails that the server took responsibility for, said so or not."""
        return [mail for mail in self.mails if mail.is_accepted]

    @property
    def log(self):
        """All dialogues as text, connection by connection."""
        return "\n".join("%d %s: %s" % (s.number, who, line) for s in self.sessions for who, line in s.log)

    def commands(self, number=None):
        """What clients said, in order: of one connection (from 1), or of all."""
        return [line for s in self.sessions if number in (None, s.number) for who, line in s.log if who == "C"]

    def wait(self, condition, timeout=45.0):
        """Waits until condition(self) is true; fails with the log otherwise."""
        with self.condition:
            if not self.condition.wait_for(lambda: condition(self), timeout):
                raise AssertionError("not reached in %.0f s; the dialogues were:\n%s" % (timeout, self.log))

    # ---- inside ----

    def listen(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 40 ms a message
            with self.condition:
                session = Session(self, sock, len(self.sessions) + 1)
                self.sessions.append(session)
                self.n_open += 1
                self.most_open = max(self.most_open, self.n_open)
                self.condition.notify_all()
            session.start()

    def changed(self):
        with self.condition:
            self.condition.notify_all()

    def noted(self, session, who, line):
        if self.watch:
            self.watch("%d %s: %s" % (session.number, who, line))
        self.changed()

    def received(self, mail):
        with self.condition:
            self.mails.append(mail)
            self.condition.notify_all()

    def complain(self, session, what):
        with self.condition:
            self.complaints.append("connection %d: %s" % (session.number, what))

    def ended(self, session):
        with self.condition:
            self.n_open -= 1
            self.condition.notify_all()

    def next_id(self):
        with self.condition:
            self.queue_id += 1
            return self.queue_id

    def close(self):
        self.release()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(5)
        for session in self.sessions:
            try:
                session.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            session.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    parser = argparse.ArgumentParser(description="a scripted mail server on 127.0.0.1")
    parser.add_argument("--port", type=int, default=2525)
    parser.add_argument("--tls", choices=("starttls", "smtps"))
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--no-pipelining", action="store_true")
    parser.add_argument("--plan", action="append", default=[], metavar="STAGE=ACTION", help="may be repeated: one after the other")
    parser.add_argument("--recipient", action="append", default=[], metavar="ADDRESS=JSON", help='like a@b={"rcpt": ["451 later", "250 ok"]}')
    options = parser.parse_args()
    plans = {}
    for item in options.plan:
        stage, _, action = item.partition("=")
        plans.setdefault(stage, []).append(action)
    server = SmtpServer(port=options.port, tls=options.tls, cert=options.cert, key=options.key,
                        users=dict(user.split(":", 1) for user in options.user), pipelining=not options.no_pipelining,
                        watch=lambda line: print(line, flush=True), **plans)
    for item in options.recipient:
        address, _, stages = item.partition("=")
        server.recipient(address, **json.loads(stages))
    print("listening on 127.0.0.1:%d" % server.port, flush=True)
    seen = 0
    try:
        while True:
            server.wait(lambda s: len(s.mails) > seen, timeout=threading.TIMEOUT_MAX)
            sys.stdout.write(server.mails[seen].data.decode("utf-8", "replace"))
            sys.stdout.flush()
            seen += 1
    except KeyboardInterrupt:
        server.close()


if __name__ == "__main__":
    main()
