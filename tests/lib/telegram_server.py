#!/usr/bin/env python3
"""A Bot API server for tests that refuses what the real one refuses.

It checks the form of the token, the JSON, the chat, the text's length after its tags are taken out, and the tags
themselves, and the message that is replied to, and answers in the real server's words. What it cannot know is scripted:

    with TelegramServer() as server:
        server.chats["5"] = "blocked"           # or "unknown", "deactivated", "kicked", "upgraded"
        server.deleted.add(1)                   # by the people there
        server.limit(times=2, retry_after=3)    # the next two calls are too many
        server.script(Reply(drop=True))         # or any fault of http_server.Reply
        ...
        assert server.messages[0]["text"] == "Fair\n\nIn June"   # plain, as a reader sees it

Length is counted in UTF-16 units, which is the stricter of the two readings of "4096 characters".
"""
import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from http_server import HttpServer, Reply, serve  # noqa: E402  (beside this file, wherever that is run from)

TEXT_MAX = 4096
TAGS = {"a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "tg-emoji", "tg-time", "span",
        "pre", "code", "blockquote"}
ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TOKEN = re.compile(r"[1-9]\d*:[A-Za-z0-9_-]+")
CHATS = {
    "blocked": (403, "Forbidden: bot was blocked by the user"),
    "deactivated": (403, "Forbidden: user is deactivated"),
    "kicked": (403, "Forbidden: bot was kicked from the group chat"),
    "unknown": (400, "Bad Request: chat not found"),
}


class Refusal(Exception):
    """What the server says no with."""

    def __init__(self, code, description, **parameters):
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    def reply(self):
        body = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        headers = {}
        if "retry_after" in self.parameters:
            headers["Retry-After"] = str(self.parameters["retry_after"])
        return Reply(self.code, headers, body)


def bad_entities(words):
    return Refusal(400, f"Bad Request: can't parse entities: {words}")


def utf16_length(text):
    return len(text.encode("utf-16-le")) // 2


def decode_entity(text, i):
    """The character that the entity at text[i] == "&" means and where it ends; unknown ones are plain text."""
    named = re.compile(r"&([a-z]+);").match(text, i)
    if named and named[1] in ENTITIES:
        return ENTITIES[named[1]], named.end()
    number = re.compile(r"&#(?:x([0-9a-fA-F]{1,7})|(\d{1,8}));").match(text, i)
    if number:
        code = int(number[1], 16) if number[1] else int(number[2])
        if 0 < code < 0x10ffff and not 0xd800 <= code < 0xe000:
            return chr(code), number.end()
    return "&", i + 1


def read_tag(text, i):
    """Name, attributes, is_end and the end of the tag that starts at text[i] == "<"."""
    offset = len(text[:i].encode())
    close = text.find(">", i)
    if close < 0:
        raise bad_entities(f"Unclosed start tag at byte offset {offset}")
    inner = text[i + 1:close]
    if inner.startswith("/"):
        return inner[1:].strip().lower(), {}, True, close + 1
    form = re.fullmatch(r"([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[a-zA-Z-]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*)\s*", inner)
    name = form[1].lower() if form else inner.split()[0].lower() if inner.split() else ""
    if name not in TAGS:
        raise bad_entities(f'Unsupported start tag "{name}" at byte offset {offset}')
    if not form:
        raise bad_entities(f'Tag "{name}" has bad attributes at byte offset {offset}')
    attributes = {k.lower(): v.strip("\"'") for k, v in re.findall(r"([a-zA-Z-]+)(?:=(\"[^\"]*\"|'[^']*'|\S+))?", form[2])}
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise bad_entities(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
    return name, attributes, False, close + 1


def parse_html(text):
    """The plain text of a message in HTML mode."""
    plain, open_tags, i = [], [], 0
    while i < len(text):
        if text[i] == "&":
            character, i = decode_entity(text, i)
            plain.append(character)
        elif text[i] == "<":
            offset = len(text[:i].encode())
            name, _, is_end, i = read_tag(text, i)
            if not is_end:
                open_tags.append(name)
            elif not open_tags:
                raise bad_entities(f"Unexpected end tag at byte offset {offset}")
            elif open_tags.pop() != name:
                raise bad_entities(f'Unmatched end tag at byte offset {offset}, found "</{name}>"')
        else:
            plain.append(text[i])
            i += 1
    if open_tags:
        raise bad_entities(f"Can't find end tag corresponding to start tag \"{open_tags[-1]}\"")
    return "".join(plain)


class TelegramServer(HttpServer):
    """Knows every chat and takes every well-formed token, unless told otherwise."""

    def __init__(self, tokens=None, **options):
        self.tokens = tokens   # None = any
        self.chats = {}        # chat id as text -> a key of CHATS, "upgraded", or "ok"
        self.messages = []     # accepted, each with plain "text", "chat_id" and "replies_to", None or a number
        self.deleted = set()   # numbers of messages
        self._limited, self._retry_after = 0, 0
        super().__init__(**options)

    def limit(self, times, retry_after):
        self._limited, self._retry_after = times, retry_after

    def decide(self, request):
        try:
            return Reply(200, {}, {"ok": True, "result": self.call(request)})
        except Refusal as refusal:
            return refusal.reply()

    def call(self, request):
        form = re.fullmatch(r"/bot([^/]*)/([A-Za-z]+)(?:\?.*)?", request.path)
        if not form:
            raise Refusal(404, "Not Found")
        token, method = form[1], form[2].lower()
        if len(token) > 80 or not TOKEN.fullmatch(token) or (self.tokens is not None and token not in self.tokens):
            raise Refusal(401, "Unauthorized")
        if self._limited > 0:
            self._limited -= 1
            raise Refusal(429, f"Too Many Requests: retry after {self._retry_after}", retry_after=self._retry_after)
        if method == "getme":
            return {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "Test", "username": "TestBot"}
        if method != "sendmessage":
            raise Refusal(404, "Not Found")
        return self.send_message(self.parameters(request))

    @staticmethod
    def parameters(request):
        if request.method != "POST" or request.headers.get("content-type", "").split(";")[0] != "application/json":
            raise Refusal(400, "Bad Request: message text is empty")
        try:
            parameters = json.loads(request.body)
        except ValueError:
            parameters = None
        if not isinstance(parameters, dict):
            raise Refusal(400, "Bad Request: can't parse JSON object")
        return parameters

    def send_message(self, parameters):
        chat_id = self.check_chat(parameters.get("chat_id"))
        text, replies_to = self.check_text(parameters), self.check_reply(chat_id, parameters.get("reply_parameters"))
        self.messages.append({**parameters, "text": text, "markup": parameters["text"], "replies_to": replies_to})
        kind = "private" if isinstance(chat_id, int) and chat_id > 0 else "supergroup"
        return {"message_id": len(self.messages), "date": int(time.time()), "chat": {"id": chat_id, "type": kind},
                "text": text}

    def check_reply(self, chat_id, reply):
        """The number of the message in that chat that is replied to."""
        if reply is None:
            return None
        number = reply.get("message_id") if isinstance(reply, dict) else None
        if not isinstance(number, int) or isinstance(number, bool):
            raise Refusal(400, "Bad Request: can't parse reply parameters")
        if 1 <= number <= len(self.messages) and number not in self.deleted and self.messages[number - 1]["chat_id"] == chat_id:
            return number
        if reply.get("allow_sending_without_reply") is not True:
            raise Refusal(400, "Bad Request: message to be replied not found")
        return None

    def check_chat(self, chat_id):
        if chat_id is None or chat_id == "":
            raise Refusal(400, "Bad Request: chat_id is empty")
        if isinstance(chat_id, bool) or not isinstance(chat_id, (int, str)):
            raise Refusal(400, "Bad Request: chat not found")
        if isinstance(chat_id, str) and not re.fullmatch(r"@[A-Za-z]\w{3,31}|-?\d{1,19}", chat_id):
            raise Refusal(400, "Bad Request: chat not found")
        state = self.chats.get(str(chat_id), "ok")
        if state == "upgraded":
            raise Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat",
                          migrate_to_chat_id=-1000000000000 + int(chat_id))
        if state in CHATS:
            raise Refusal(*CHATS[state])
        return chat_id

    @staticmethod
    def check_text(parameters):
        text, mode = parameters.get("text"), parameters.get("parse_mode")
        if not isinstance(text, str):
            raise Refusal(400, "Bad Request: message text is empty")
        if mode not in (None, "", "HTML"):
            raise Refusal(400, "Bad Request: unsupported parse_mode")
        if mode == "HTML":
            text = parse_html(text)
        if not text.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        if utf16_length(text) > TEXT_MAX:
            raise Refusal(400, "Bad Request: message is too long")
        return text.strip()


if __name__ == "__main__":
    serve(TelegramServer, __doc__.splitlines()[0])
