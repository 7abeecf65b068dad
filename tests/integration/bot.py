#!/usr/bin/env python3
"""Bot servers for tests that people can answer to: Telegram and MAX, with real long polling.

    with TelegramBot() as bot:
        bot.writes(5, "/start abc")                  # somebody writes
        bot.presses(5, message_id=1, data="d 7 x")   # or presses a button under a message that was sent
        bot.blocks(5)                                # or wants no more
        bot.wait_poll()                              # until somebody listens
        assert bot.answers == [("1", "Done.")]       # what a button was answered with

An update is kept until the caller asks for what is behind it. What else goes wrong is scripted as in http_server, or said:
`limit()`, `webhook = True`, `expired.add(id)` for an answer that comes too late, `chats[...]` as in telegram_server.
By hand: bot.py --port 8080. Standard library only; listens on loopback only.
"""
import json
import re
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from http_server import HttpServer, Reply, serve  # noqa: E402  (in the folder just named)
from telegram_server import Refusal, TelegramServer, parse_html, utf16_length  # noqa: E402


class Updates:
    """Updates in the order in which they came, numbered, and those who wait for them."""

    def __init__(self, first=1000):
        self.changed = threading.Condition()
        self.kept = []       # (number, kind, update)
        self.next = first
        self.polls = 0       # how many calls have begun
        self.waiting = None  # the call that is held, as its number
        self.is_over = False

    def add(self, kind, update):
        with self.changed:
            number = self.next
            self.next += 1
            self.kept.append((number, kind, update))
            self.changed.notify_all()
            return number

    def end(self):
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def poll(self, find, timeout):
        """What find() finds, once it finds something; None when another call took the place of this one."""
        with self.changed:
            self.polls += 1
            me = self.waiting = self.polls
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.is_over or self.waiting != me or find(), timeout)
            if self.waiting != me:
                return None
            self.waiting = None
            return find()

    def wait_poll(self, timeout=45):
        """Until a call is held."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.waiting is not None, timeout), "nobody asks for updates"


class TelegramBot(TelegramServer):
    """Sends, edits, answers and tells; an inline keyboard is checked as the real server does it."""

    def __init__(self, **options):
        self.updates = Updates()
        self.answers = []    # (id of the button's update, text)
        self.expired = set()
        self.webhook = False
        self.polled = []     # the parameters of every getUpdates
        self._allowed = None
        super().__init__(**options)

    def close(self):
        self.updates.end()
        super().close()

    # ---- what people do

    def writes(self, user, text, chat=None):
        return self.updates.add("message", {"message": {"message_id": 1, "date": int(time.time()), "from": self.user(user),
                                                        "chat": self.chat(chat or user), "text": text}})

    def presses(self, user, message_id, data, chat=None):
        """Returns the id by which it is answered."""
        number = str(self.updates.next)
        message = {"message_id": message_id, "date": int(time.time()), "chat": self.chat(chat or user), "text": "x"}
        self.updates.add("callback_query", {"callback_query": {"id": number, "from": self.user(user), "message": message,
                                                               "chat_instance": "1", "data": data}})
        return number

    def blocks(self, user, status="kicked"):
        self.chats[str(user)] = "blocked" if status == "kicked" else "ok"
        return self.updates.add("my_chat_member", {"my_chat_member": {
            "chat": self.chat(user), "from": self.user(user), "date": int(time.time()),
            "old_chat_member": {"status": "member" if status == "kicked" else "kicked"}, "new_chat_member": {"status": status}}})

    def unblocks(self, user):
        return self.blocks(user, "member")

    def wait_poll(self, timeout=45):
        self.updates.wait_poll(timeout)

    @staticmethod
    def user(number):
        return {"id": number, "is_bot": False, "first_name": f"User {number}", "language_code": "ru"}

    @staticmethod
    def chat(number):
        return {"id": number, "type": "private" if number > 0 else "supergroup"}

    # ---- what the bot does

    def call(self, request):
        method = re.fullmatch(r"/bot[^/]*/([A-Za-z]+)(?:\?.*)?", request.path)
        name = method[1].lower() if method else ""
        calls = {"editmessagetext": self.edit_message, "answercallbackquery": self.answer_button, "getupdates": self.get_updates}
        if name not in calls:
            return super().call(request)
        self.check_token(request)
        return calls[name](self.parameters(request) if request.method == "POST" else
                           dict(parse_qsl(urlsplit(request.path).query)))

    def check_token(self, request):
        """As getMe, which asks for nothing else."""
        super().call(type(request)(request.method, re.sub(r"/[A-Za-z]+(\?.*)?$", "/getMe", request.path), {}, b"", 0))

    def send_message(self, parameters):
        self.check_keyboard(parameters)
        return super().send_message(parameters)

    @staticmethod
    def check_keyboard(parameters):
        rows = parameters.get("reply_markup", {}).get("inline_keyboard", [])
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise Refusal(400, "Bad Request: object expected as reply markup")
        for button in (button for row in rows for button in row):
            if not isinstance(button.get("text"), str) or not button["text"].strip():
                raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
            if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")

    def edit_message(self, parameters):
        chat_id, number = self.check_chat(parameters.get("chat_id")), parameters.get("message_id")
        if not isinstance(number, int) or not 1 <= number <= len(self.messages):
            raise Refusal(400, "Bad Request: message to edit not found")
        self.check_keyboard(parameters)
        message = self.messages[number - 1]
        if message["chat_id"] != chat_id:
            raise Refusal(400, "Bad Request: message to edit not found")
        text = self.check_text(parameters)
        if text == message["text"] and parameters.get("reply_markup") == message.get("reply_markup"):
            raise Refusal(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly"
                               " the same as a current content and reply markup of the message")
        message.pop("reply_markup", None)
        message.update({**parameters, "text": text, "markup": parameters["text"]})
        return {"message_id": number, "date": int(time.time()), "chat": self.chat(chat_id), "text": text}

    def answer_button(self, parameters):
        number, text = parameters.get("callback_query_id"), parameters.get("text", "")
        if not isinstance(number, str) or number in self.expired:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if utf16_length(text) > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        self.answers.append((number, text))
        return True

    def get_updates(self, parameters):
        self.polled.append(parameters)
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the"
                               " webhook first")
        offset, limit = int(parameters.get("offset", 0)), min(int(parameters.get("limit", 100)), 100)
        if "allowed_updates" in parameters:
            self._allowed = json.loads(parameters["allowed_updates"])
        with self.updates.changed:
            self.updates.kept = [row for row in self.updates.kept if row[0] >= offset]

        def find():
            return [{"update_id": number, **update} for number, kind, update in self.updates.kept
                    if not self._allowed or kind in self._allowed][:limit]
        found = self.updates.poll(find, min(int(parameters.get("timeout", 0)), 50))
        if found is None:
            raise Refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is"
                               " running")
        return found


class MaxBot(HttpServer):
    """The bot API of MAX: messages, answers and updates."""

    def __init__(self, token=None, **options):
        self.token = token       # None = any
        self.updates = Updates(first=1)
        self.messages = []       # each with the query, "text" as a reader sees it and "mid"
        self.answers = []
        self.stopped = set()     # users who have stopped the bot
        self.polled = []
        super().__init__(**options)

    def close(self):
        self.updates.end()
        super().close()

    # ---- what people do

    def add(self, kind, **update):
        return self.updates.add(kind, {"update_type": kind, "timestamp": int(time.time() * 1000), **update})

    @staticmethod
    def recipient(user, chat):
        if chat is None:
            return {"chat_id": 100000 + user, "chat_type": "dialog", "user_id": 1}
        return {"chat_id": chat, "chat_type": "chat", "user_id": None}

    def writes(self, user, text, chat=None):
        return self.add("message_created", message={"sender": {"user_id": user, "name": "x"}, "recipient": self.recipient(user, chat),
                                                    "timestamp": 1, "body": {"mid": "mid.theirs", "seq": 1, "text": text}})

    def presses(self, user, message_id, data, chat=None):
        number = f"cb.{self.updates.next}"
        self.add("message_callback", callback={"timestamp": 1, "callback_id": number, "payload": data, "user": {"user_id": user}},
                 message={"recipient": self.recipient(user, chat), "body": {"mid": message_id, "seq": 2, "text": "x"}})
        return number

    def starts(self, user, word=None):
        self.stopped.discard(user)
        return self.add("bot_started", chat_id=100000 + user, user={"user_id": user}, payload=word, user_locale="ru")

    def blocks(self, user):
        self.stopped.add(user)
        return self.add("bot_stopped", chat_id=100000 + user, user={"user_id": user})

    def wait_poll(self, timeout=45):
        self.updates.wait_poll(timeout)

    # ---- what the bot does

    def decide(self, request):
        path, query = urlsplit(request.path).path, dict(parse_qsl(urlsplit(request.path).query))
        calls = {("POST", "/messages"): self.send_message, ("PUT", "/messages"): self.edit_message,
                 ("POST", "/answers"): self.answer_button, ("GET", "/updates"): self.get_updates}
        if self.token is not None and request.headers.get("authorization") != self.token:
            return self.refuse(401, "verify.token", "Invalid access_token")
        if (request.method, path) not in calls:
            return self.refuse(404, "not.found", "no such method")
        body = request.json() if request.method != "GET" else None
        return calls[request.method, path](query, body)

    @staticmethod
    def refuse(status, code, words):
        return Reply(status, {}, {"code": code, "message": words})

    def check_body(self, body):
        """The text as a reader sees it, or a refusal."""
        text = parse_html(body.get("text", "")) if body.get("format") == "html" else body.get("text", "")
        for attachment in body.get("attachments") or []:
            for button in (button for row in attachment["payload"]["buttons"] for button in row):
                if button["type"] != "callback" or not button["text"] or len(button["payload"]) > 1024:
                    return self.refuse(400, "proto.payload", "bad button")
        if utf16_length(body.get("text", "")) > 4000:
            return self.refuse(400, "proto.payload", "text: size must be between 0 and 4000")
        return text

    def send_message(self, query, body):
        text = self.check_body(body)
        if isinstance(text, Reply):
            return text
        if ("user_id" in query) == ("chat_id" in query):
            return self.refuse(400, "proto.payload", "user_id or chat_id")
        if int(query.get("user_id", 0)) in self.stopped:
            return self.refuse(403, "chat.denied", "user stopped the bot")
        link = body.get("link")
        if link is not None and (link.get("type") != "reply" or link.get("mid") not in {m["mid"] for m in self.messages}):
            return self.refuse(404, "message.not.found", "no such message")
        mid = f"mid.{len(self.messages) + 1}"
        self.messages.append({**query, **body, "text": text, "mid": mid})
        return Reply(200, {}, {"message": {"body": {"mid": mid, "seq": 1, "text": text}, "timestamp": 1}})

    def edit_message(self, query, body):
        text = self.check_body(body)
        if isinstance(text, Reply):
            return text
        for message in self.messages:
            if message["mid"] == query.get("message_id"):
                message.update({**body, "text": text, "mid": message["mid"]})
                return Reply(200, {}, {"success": True})
        return self.refuse(404, "message.not.found", "no such message")

    def answer_button(self, query, body):
        if not query.get("callback_id", "").startswith("cb."):
            return Reply(200, {}, {"success": False, "message": "no such callback"})
        self.answers.append((query["callback_id"], body.get("notification")))
        return Reply(200, {}, {"success": True})

    def get_updates(self, query, _):
        self.polled.append(query)
        kinds = query["types"].split(",") if "types" in query else None
        marker, limit = query.get("marker"), min(int(query.get("limit", 100)), 1000)

        def find():
            rows = [row for row in self.updates.kept if kinds is None or row[1] in kinds]
            return rows[-1:] if marker is None else [row for row in rows if row[0] > int(marker)][:limit]
        rows = self.updates.poll(find, min(int(query.get("timeout", 30)), 90))
        if rows is None:
            return self.refuse(409, "conflict", "another request waits")
        last = rows[-1][0] if rows else int(marker) if marker is not None else None
        return Reply(200, {}, {"updates": [row[2] for row in rows], "marker": last})


if __name__ == "__main__":
    serve(TelegramBot, __doc__.splitlines()[0])
