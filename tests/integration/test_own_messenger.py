"""A messenger that nobody shipped, added by an administrator with an INI file alone; and one that hands out tokens first."""
import base64
import json
import re
import time
from urllib.parse import parse_qs

import pytest
from http_server import HttpServer, Reply

from harness import ROOT, deadlined, deadlinectl, wait_until

TOKEN = "office-Token_0123456789abcdef"

OAUTH = """[settings]
base_url = url required
client   = text required
secret   = secret required

[value basic]
make = base64
data = {{client}}:{{secret}}

[token]
url            = {{base_url}}/oauth2/token
body           = form
value          = /access_token
lifetime_field = /expires_in
refresh        = 401

[token headers]
Authorization = Basic {{basic}}

[token form]
grant_type = client_credentials
scope      = messages.write

[token success]
status = 200

[token error]
text = /error
text = /error_description

[request]
url  = {{base_url}}/messages
body = json

[headers]
Authorization = Bearer {{access_token}}

[json]
/to   = {{to_address}}
/text = {{text}}

[success]
status = 201
"""


class OAuthServer(HttpServer):
    """Hands out tokens t1, t2 ... and takes messages with the last one only."""

    def __init__(self):
        self.handed_out = 0
        self.lifetime = 3600
        self.token_replies = []
        super().__init__()

    def is_token(self, request):
        return request.path == "/oauth2/token"

    def insist(self, request):
        if not self.is_token(request):
            return None
        if self.token_replies:
            return self.token_replies.pop(0)
        self.handed_out += 1
        return Reply(200, {}, {"access_token": f"granted-token-{self.handed_out}", "expires_in": self.lifetime})

    def decide(self, request):
        is_good = request.headers.get("authorization") == f"Bearer granted-token-{self.handed_out}"
        return Reply(201) if is_good else Reply(401, {}, {"error": "invalid_token"})

    def asked(self):
        return [request for request in self.requests if self.is_token(request)]

    def messages(self):
        return [request for request in self.requests if not self.is_token(request)]


def own(site, name, text, **settings):
    """A site whose only channel is "office", by a preset of its own beside the configuration."""
    (site.folder / name).write_text(text, encoding="utf-8")
    site.channels = {"office": {"type": "http", "preset": f"./{name}", **settings}}
    site.policies["default"]["channels"] = "office"
    site.write_config()


def from_manual():
    """The example of deadlined-messengers(5), word for word."""
    manual = (ROOT / "man" / "deadlined-messengers.5").read_text(encoding="utf-8")
    examples = manual[manual.index(".Sh EXAMPLES"):]
    text = re.search(r"\.Bd -literal.*?\n(.*?)\.Ed", examples, re.DOTALL)[1]
    return text.replace("\\e", "\\").replace("\\(dq", '"')


def test_the_messenger_of_the_manual_works_as_it_stands_there(site, start):
    with HttpServer(default=Reply(200, {}, {"done": True, "message": 7})) as server:
        text = from_manual()
        assert "https://chat.office.example/" in text
        own(site, "chat.ini", text.replace("https://chat.office.example", server.url), token=site.secret("token", TOKEN))
        result = deadlined("-c", site.config, "--check")
        assert result.returncode == 0, result.stdout + result.stderr
        site.add_people("office", {"desk": "#plans & co", "gone": "#gone"})
        site.add_due_task("fair", "desk", title="*Fair* [x](y) @all")
        daemon = start(site)
        wait_until(lambda: site.queue(state="sent"), daemon.log)
        [request] = server.requests
        assert (request.method, request.path) == ("POST", "/api/rooms/plans%20%26%20co/messages")
        assert request.headers["authorization"] == f"Bearer {TOKEN}" and TOKEN.encode() not in daemon.told()
        assert request.json().keys() == {"text"}
        assert request.json()["text"].startswith("**\\*Fair\\* \\[x\\](y) @\u200ball**\n\n")

        server.script(Reply(200, {}, {"done": False, "why": "no such room"}))
        site.add_due_task("gone", "gone")
        daemon.reload()
        [row] = wait_until(lambda: site.queue(state="dead"), daemon.log)
        assert "no such room" in row["last_reply"] and row["person"] == "gone"
        assert deadlinectl("-c", site.config, "test", "office", "--to", "plans").returncode == 65


@pytest.mark.parametrize("line,change,words", [
    ("body = json", "body = jsn", "jsn"),
    ("/text = markdown:**{{subject}}**", "/text = markdown:**{{subjct}}**", "did you mean {{subject}}"),
    ("test   = /done equals true", "test   = done equals true", "JSON Pointer"),
    ('rule = /why equals "no such room" "not a member" -> recipient-dead', 'rule = /why equals no -> recipient-dead', "double quotes"),
    ("room = text after #", "room = room after #", "phone or email"),
    ("/text = 5000 codepoints as sent", "/text = 5000 letters", "codepoints"),
])
def test_what_is_wrong_in_it_is_named_with_its_line(site, line, change, words):
    text = from_manual()
    number = text[:text.index(line)].count("\n") + 1
    own(site, "chat.ini", text.replace(line, change), token=site.secret("token", TOKEN))
    result = deadlined("-c", site.config, "--check")
    assert result.returncode == 78
    told = [row for row in (result.stdout + result.stderr).splitlines() if "chat.ini:" in row]
    assert told and f"chat.ini:{number}: " in told[0] and words in told[0], told


@pytest.fixture
def oauth(site):
    with OAuthServer() as server:
        own(site, "oauth.ini", OAUTH, base_url=server.url, client="deadlined", secret=site.secret("secret", TOKEN),
            connections="4")
        site.add_people("office", {f"p{i}": f"room-{i}" for i in range(6)})
        yield server


def test_one_token_serves_all_messages_until_the_service_refuses_it(site, oauth, start):
    site.add_due_task("first", *(f"p{i}" for i in range(6)))
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 6, daemon.log)
    [asked] = oauth.asked()
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(f"deadlined:{TOKEN}".encode()).decode()
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["messages.write"]}
    assert {request.headers["authorization"] for request in oauth.messages()} == {"Bearer granted-token-1"}

    oauth.handed_out = 10  # as if somebody had revoked it
    site.add_due_task("second", "p0")
    wait_until(lambda: len(site.queue(state="sent")) == 7, daemon.log)
    assert len(oauth.asked()) == 2
    assert [row["attempts"] for row in site.queue()] == [1] * 7, "a new token is no failed attempt"
    told = daemon.told()
    assert TOKEN.encode() not in told and b"granted-token" not in told


def test_a_token_that_has_run_out_is_not_used(site, oauth, start):
    oauth.lifetime = 0
    site.add_due_task("first", "p0")
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 1, daemon.log)
    before = time.time()
    wait_until(lambda: time.time() >= before + 1.1, "a second")
    site.add_due_task("second", "p1")
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    first, second = (request.headers["authorization"] for request in oauth.messages())
    assert first != second
    assert [row["attempts"] for row in site.queue()] == [1, 1]


# What the step answers, and words of the reply that is kept.
REFUSALS = {
    "wrong secret": (Reply(401, {}, {"error": "invalid_client", "error_description": "wrong"}), "invalid_client: wrong"),
    "bad request": (Reply(400, {}, {"error": "invalid_scope"}), "invalid_scope"),
    "down": (Reply(503), "503"),
    "gone": (Reply(drop=True), "no access token"),
    "no token": (Reply(200, {}, {"token": "x"}), "the answer holds none"),
    "no JSON": (Reply(200, {}, "<html>"), "the answer holds none"),
    "a line break": (Reply(200, {}, {"access_token": "a\r\nX: y"}), "the answer holds none"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_without_a_token_nothing_is_sent_and_nothing_is_lost(site, oauth, start, refusal):
    reply, words = REFUSALS[refusal]
    oauth.token_replies = [reply]
    site.add_due_task("first", "p0", "p1")
    daemon = start(site)
    rows = wait_until(lambda: len(site.tried()) == 2 and site.tried(), daemon.log)
    assert [row["state"] for row in rows] == ["pending"] * 2 and words in rows[0]["last_reply"], rows
    assert oauth.messages() == [] and site.sql("SELECT DISTINCT uncertain FROM message") == [(0,)]
    assert daemon.stop() == 0
    site.retry_now()
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)


def test_a_token_that_is_refused_twice_is_no_reason_to_ask_for_ever(site, oauth, start):
    oauth.script(Reply(401, {}, {"error": "invalid_token"}), Reply(401, {}, {"error": "invalid_token"}))
    site.add_due_task("first", "p0")
    daemon = start(site)
    [row] = wait_until(lambda: site.tried(), daemon.log)
    assert row["state"] == "pending" and "settings" in row["last_reply"]
    assert len(oauth.messages()) == 2 and len(oauth.asked()) == 2


def test_the_daemon_ends_while_it_waits_for_a_token(site, oauth, start):
    oauth.token_replies = [Reply(hang=True)]
    site.channels["office"]["timeout"] = "2s"
    site.write_config()
    site.add_due_task("first", "p0")
    daemon = start(site)
    wait_until(oauth.asked, daemon.log)
    assert daemon.stop() == 0
    assert oauth.messages() == [] and json.loads(site.ctl("queue", "--json"))["state"] == "pending"
