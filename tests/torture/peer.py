#!/usr/bin/env python3
"""A mail server and a webhook receiver for very many connections, in a process of its own: it writes down every Message-ID
and idempotency key that it takes over, and answers when it is told.

Commands come as lines of JSON on standard input, each is answered by one on standard output:
    {"do": "answer"}            answers everything at once, from now on
    {"do": "hold"}              answers nothing more, but for the identities it was told are repeats
    {"do": "trickle", "ms": M}  answers a held message, picked at random, every M milliseconds
    {"do": "repeats", "ids": [...]}  those of these that came before are answered at once, whatever else is held
    {"do": "count"}             {"held": ..., "taken": ..., "open": ..., "confused": identities of more than one recipient}
    {"do": "taken"}             every identity with the number of times it was taken over
Identities are Message-IDs without their domain. A message counts as taken over before its client hears of it: by chance
(--seed) when its last byte arrived, or when the answer is written.
"""
import argparse
import asyncio
import json
import random
import re
import sys
from collections import Counter
from functools import partial

# Of each kind: to one port, connections that were torn off by the ten thousand use up the client's ports for a minute.
PORTS = 6
MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*<([^@>]+)@")
RECIPIENT = re.compile(rb"(?i)^rcpt to:<([^>]*)>")
KEY = re.compile(rb"(?im)^idempotency-key:\s*(\S+)")
LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")


class Book:
    """What was taken over, and what waits for an answer."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.taken = Counter()
        self.recipients = {}
        self.n_confused = 0
        self.repeats = set()
        self.held = []  # (session, identity, was it taken over already)
        self.is_holding = False
        self.n_open = 0
        self.trickle = None

    def arrived(self, session, identity, recipient):
        self.n_confused += self.recipients.setdefault(identity, recipient) != recipient
        is_taken = self.random.random() < 0.5
        if is_taken:
            self.taken[identity] += 1
        if self.is_holding and identity not in self.repeats:
            self.held.append((session, identity, is_taken))
        else:
            self.answer(session, identity, is_taken)

    def answer(self, session, identity, is_taken):
        if session.transport.is_closing():
            return
        if not is_taken:
            self.taken[identity] += 1
        session.accept()

    def gone(self, session):
        self.held = [entry for entry in self.held if entry[0] is not session]

    def release_one(self):
        if self.held:
            self.answer(*self.held.pop(self.random.randrange(len(self.held))))

    def release_all(self):
        held, self.held = self.held, []
        for entry in held:
            self.answer(*entry)

    async def trickling(self, pause_s):
        while True:
            self.release_one()
            await asyncio.sleep(pause_s)


class Session(asyncio.Protocol):
    def __init__(self, book):
        self.book = book
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport
        self.book.n_open += 1
        self.greet()

    def connection_lost(self, _):
        self.book.n_open -= 1
        self.book.gone(self)

    def greet(self):
        pass

    def data_received(self, data):
        self.buffer += data
        while self.step():
            pass


class Mail(Session):
    """One SMTP connection; is_text: between DATA and the dot; is_asked: from there to the answer, and what comes behind the text
    waits for it."""
    is_text = is_asked = False
    recipient = b""

    def greet(self):
        self.transport.write(b"220 peer.example.org ESMTP\r\n")

    def step(self):
        if self.is_asked:
            return False
        if self.is_text:
            end = self.buffer.find(b"\r\n.\r\n")
            if end < 0:
                return False
            text, self.buffer, self.is_text = self.buffer[:end + 2], self.buffer[end + 5:], False
            self.is_asked = True
            self.book.arrived(self, MESSAGE_ID.search(text).group(1).decode(), self.recipient)
            return True
        line, newline, rest = self.buffer.partition(b"\r\n")
        if not newline:
            return False
        self.buffer = rest
        verb = line[:4].upper()
        if verb == b"EHLO":
            self.transport.write(b"250-peer.example.org\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"DATA":
            self.is_text = True
            self.transport.write(b"354 go ahead\r\n")
        elif verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            if verb == b"RCPT":
                self.recipient = RECIPIENT.match(line).group(1)
            self.transport.write(b"250 ok\r\n")
        return True

    def accept(self):
        self.transport.write(b"250 2.0.0 taken\r\n")
        self.is_asked = False
        self.data_received(b"")


class Hook(Session):
    """One HTTP connection; requests with a Content-Length, as libcurl makes them."""

    def step(self):
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        length = int(LENGTH.search(head).group(1))
        if len(rest) < length:
            return False
        body, self.buffer = rest[:length], rest[length:]
        request = json.loads(body)
        self.book.arrived(self, KEY.search(head).group(1).decode(), (request["channel"], request["to"]))
        return True

    def accept(self):
        self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


class Commands:
    def __init__(self, book):
        self.book = book

    def act(self, command):
        book = self.book
        match command["do"]:
            case "answer":
                book.is_holding = False
                book.release_all()
            case "hold":
                book.is_holding = True
            case "trickle":
                book.trickle = asyncio.ensure_future(book.trickling(command["ms"] / 1000))
            case "repeats":
                book.repeats.update(id for id in command["ids"] if id in book.recipients)
            case "taken":
                return book.taken
        if book.trickle is not None and command["do"] in ("answer", "hold"):
            book.trickle.cancel()
            book.trickle = None
        return {"held": len(book.held), "taken": sum(book.taken.values()), "open": book.n_open,
                "confused": book.n_confused}


async def serve(seed):
    loop = asyncio.get_running_loop()
    book = Book(seed)
    commands = Commands(book)
    servers = {"mail": [], "hook": []}
    for session, name in ((Mail, "mail"), (Hook, "hook")):
        for _ in range(PORTS):
            servers[name].append(await loop.create_server(partial(session, book), "127.0.0.1", 0, backlog=1024))
    ports = {name: [server.sockets[0].getsockname()[1] for server in some] for name, some in servers.items()}
    print(json.dumps(ports), flush=True)
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(commands.act(json.loads(line))), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="1")
    asyncio.run(serve(parser.parse_args().seed))
