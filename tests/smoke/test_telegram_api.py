"""The daemon against telegram-test-api, which shares no line and no author with our own bot server: reminded, enrolled by a
link, pressed, answered, edited. SMOKE_MODULES is where npm has put it."""
import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / folder) for folder in ("integration", "lib")]
from conftest import folder, site, start  # noqa: E402,F401  (fixtures)
from harness import wait_until  # noqa: E402

TOKEN = "123456:smoke"


class Emulator:
    """The emulator, and one person who talks to the bot through it."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.process = subprocess.Popen(
            ["node", Path(__file__).with_name("telegram.js"), self.url.rpartition(":")[2]], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "NODE_PATH": os.environ["SMOKE_MODULES"]})
        assert self.process.stdout.readline() == b"ready\n"

    def close(self):
        self.process.communicate(timeout=20)

    def post(self, method, **fields):
        request = urllib.request.Request(f"{self.url}/{method}", json.dumps(fields).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)["result"]

    def person(self):
        return {"from": {"id": 5, "first_name": "Anna", "is_bot": False}, "chat": {"id": 5, "type": "private", "first_name": "Anna"}}

    def writes(self, text):
        self.post("sendMessage", botToken=TOKEN, date=1, text=text, **self.person())

    def presses(self, data):
        self.post("sendCallback", botToken=TOKEN, date=1, data=data, message=self.person(), **{"from": self.person()["from"]})

    def messages(self):
        """What the bot has sent, as it stands now."""
        rows = sorted(self.post("getUpdatesHistory", token=TOKEN), key=lambda row: row["updateId"])
        return [row["message"] for row in rows if "chat_id" in row.get("message", {})]


@pytest.fixture
def emulator():
    emulator = Emulator()
    yield emulator
    emulator.close()


def data_of(message, verb):
    rows = message["reply_markup"]["inline_keyboard"]
    return next(button["callback_data"] for row in rows for button in row if button["callback_data"].startswith(verb + " "))


def test_a_person_comes_is_reminded_and_answers(site, emulator, start):  # noqa: F811
    site.channels["telegram"] = {"type": "http", "preset": "telegram", "token": site.secret("token", TOKEN), "bot": "office_bot",
                                 "base_url": emulator.url, "updates": "yes"}
    site.policies["default"]["channels"] = "telegram"
    site.write_config()
    site.add_person("anna", "anna@example.org")
    daemon = start(site)
    link = site.ctl("people", "invite", "anna", "--channel", "telegram").split()[0]
    emulator.writes("/start " + link.partition("?start=")[2])
    wait_until(lambda: len(emulator.messages()) == 1, daemon.log)
    site.add_due_task("visit", "anna", title='Visit of the "A & B" delegation <Harbin>')
    wait_until(lambda: len(emulator.messages()) == 2, daemon.log)
    reminder = emulator.messages()[1]
    assert "&lt;Harbin&gt;" in reminder["text"] and reminder["parse_mode"] == "HTML"
    emulator.presses(data_of(reminder, "d"))
    wait_until(lambda: site.sql("SELECT status FROM task") == [("done",)], daemon.log)
    wait_until(lambda: emulator.messages()[1]["text"].startswith("<b>Done: Visit"), daemon.log)
    emulator.writes("/today")
    wait_until(lambda: len(emulator.messages()) == 3, daemon.log)
