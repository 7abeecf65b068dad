"""Every shipped preset against a scripted server: the request it makes, and what it makes of every documented answer.

The facts about a service stand in messengers/PRESET.toml:

    [channel]         the keys of the section; "secret:WORDS" becomes a file with these words, {url} is the server
    token             the path that hands out a token, and what it answers
    check             a function of CHECKS that looks at signatures
    [[message]]       what a message to the address "to", in "language" (en), must be: method, path, headers, and json, form or text
    [[reply]]         an answer, and what it "is": accepted, temporary, throttled (with "wait" if it says so), unknown, or dead for the
                      message, the recipient or the channel ("channel" is kept until somebody corrects the settings);
                      with "call" = edit, answer or updates it is the answer to that, with "moved_to" it tells an address
    [thread]          what the second message about a task has beside the rest, in json or form, where the first was answered
                      with the first [[reply]]; and the answer when the first message is "gone"

In what is expected {subject} and {text} stand for what a reader of plain text gets (a second channel tells), "html:" and so
on say in which way the service would decode it, and {re:...} is a regular expression. Numbers and true are compared as such.
"""
import base64
import hashlib
import hmac
import html
import json
import re
import subprocess
import tomllib
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from http_server import HttpServer, Reply

from harness import BUILD, ROOT, deadlined, deadlinectl, secret_forms, stay_within_an_hour, wait_until

FACTS = Path(__file__).parent / "messengers"
PRESETS = sorted(path.stem for path in (ROOT / "config" / "messengers").glob("*.ini"))
SECRETS = {"token": "tok:En-0123456789_abcdefghijklmnop", "key": "SECkey/0123456789+abcdef=="}

TITLE = '<b>&amp; "Q" *x* _y_ [z](w) @all @here（@all），@here +@all `c` \\ ~s~ | # Визит 学校 🎓'
NOTE = "a < b & c > d\n# no heading\n- no list\n1. no number\n<at user_id=\"all\">you</at> https://example.org/a_b*c?d=1&e=2"
DAYS = 2
RAW = """[settings]
url = url required
[request]
url = {{url}}
body = json
[json]
/person = {{person}}
/subject = {{subject}}
/text = {{text}}
/task = {{task_uid}}
[success]
status = 200
"""


def facts(preset):
    return tomllib.loads((FACTS / f"{preset}.toml").read_text(encoding="utf-8"))


THREADED = [preset for preset in PRESETS if (FACTS / f"{preset}.toml").exists() and "thread" in facts(preset)]

class Service(HttpServer):
    """Answers with success whatever is not scripted; /raw takes the messages of the second channel, and a token is handed out
    where the facts say."""

    def __init__(self, fact):
        self.success = reply_of(fact["reply"][0])
        self.token = fact.get("token")
        super().__init__()

    def is_token(self, request):
        return self.token is not None and request.path == self.token["path"]

    def insist(self, request):
        if request.path == "/raw":
            return Reply(200)
        return reply_of(self.token) if self.is_token(request) else None

    def decide(self, request):
        return self.success

    def sent(self):
        return [request for request in self.requests if request.path != "/raw" and not self.is_token(request)]

    def raw(self):
        return {request.json()["person"]: request.json() for request in self.requests if request.path == "/raw"}


def reply_of(fact):
    return Reply(fact.get("status", 200), fact.get("headers", {}), json.loads(fact["json"]) if "json" in fact else fact.get("body", ""))


@pytest.fixture
def use(site):
    """use(facts) makes a site whose channel "m" is the preset and whose channel "raw" tells the plain text."""
    servers = []

    def make(preset, fact):
        stay_within_an_hour()
        server = Service(fact)
        servers.append(server)
        settings = {"type": "http", "preset": preset, "rate": "1000/s", "connections": "8"}
        for key, value in fact["channel"].items():
            value = value.replace("{url}", server.url)
            secret = value.removeprefix("secret:")
            settings[key] = site.secret(key, secret) if secret != value else value
        (site.folder / "raw.ini").write_text(RAW, encoding="utf-8")
        site.channels = {"m": settings, "raw": {"type": "http", "preset": "./raw.ini", "url": server.url + "/raw", "connections": "8"}}
        # days before: at the hour itself "now" turns to "1 minute ago" between the two channels
        site.policies["default"] |= {"remind": f"{DAYS}d before start", "channels": "m raw"}
        site.write_config()
        return server

    yield make
    for server in servers:
        server.close()


# ---- comparing -------------------------------------------------------------------------------------------------------

def unmark(text):
    """What CommonMark shows of text in which every special character has a backslash."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("\u200b", "")


# How a service reads a value, and what the value must then be for this plain text.
DECODERS = {
    "string": (lambda text: text, lambda plain: plain),
    "telegram-html": (html.unescape, lambda plain: plain),
    "html": (lambda text: html.unescape(text.replace("<br>", "\n")), lambda plain: plain),
    "slack": (lambda text: text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), lambda plain: plain),
    "markdown": (unmark, lambda plain: plain),
    "card": (lambda text: unmark(text).replace("\n\n", "\n"), lambda plain: plain),
    "mentions": (lambda text: text.replace("\u200b", ""), lambda plain: plain),
    "line": (lambda text: text, lambda plain: re.sub(r"\s+", " ", plain)),
}
# What must not be left in an encoded value: it would be markup, or would call everybody.
FORBIDDEN = {"telegram-html": r"[<>\"]", "html": r"<(?!br>)|(?<!<br)>|[\"']", "slack": r"[<>]", "mentions": r"(?<![A-Za-z0-9])@\w|<\w",
             "markdown": r"(?<![A-Za-z0-9])@\w|(?<!\\)[*`\[\]]|^[#-]", "card": r"(?<![A-Za-z0-9])@\w|(?<!\\)[*`\[\]]|^[#-]",
             "line": r"[\r\n\t]|  "}
PIECE = re.compile(r"\{(subject|text|re:(?:[^{}]|\{[^{}]*\})*)\}")


def without_urls(text):
    return re.sub(r"https?://\S+", "url", text)


def check_text(wanted, got, raw, where):
    """got is what the pattern wanted says, with the subject and the text of raw, which may be cut."""
    kind, colon, template = wanted.partition(":")
    if not colon or kind not in DECODERS:
        kind, template = "string", wanted
    pattern, names, at = "", [], 0
    for piece in PIECE.finditer(template):
        pattern += re.escape(template[at:piece.start()])
        name = piece[1]
        pattern += f"({name[3:]})" if name.startswith("re:") else "(.*?)"
        names.append(name)
        at = piece.end()
    pattern += re.escape(template[at:])
    match = re.fullmatch(pattern, got, re.DOTALL)
    assert match, f"{where}: {got!r} is not {template!r}"
    decode, plain = DECODERS[kind]
    for name, value in zip(names, match.groups()):
        if name.startswith("re:"):
            continue
        if kind in FORBIDDEN:
            assert not re.search(FORBIDDEN[kind], without_urls(value), re.MULTILINE), f"{where}: {value!r} for {kind}"
        seen, whole = decode(value), plain(raw[name])
        assert seen == whole or (seen.endswith("…") and whole.startswith(plain(seen[:-1]).rstrip())), f"{where}: {seen!r}"


def check_value(wanted, got, raw, where):
    if isinstance(wanted, dict):
        assert isinstance(got, dict) and got.keys() == wanted.keys(), f"{where}: {got}"
        for key, value in wanted.items():
            check_value(value, got[key], raw, f"{where}/{key}")
    elif isinstance(wanted, list):
        assert isinstance(got, list) and len(got) == len(wanted), f"{where}: {got}"
        for i, value in enumerate(wanted):
            check_value(value, got[i], raw, f"{where}/{i}")
    elif isinstance(wanted, str):
        assert isinstance(got, str), f"{where}: {got!r}"
        check_text(wanted, got, raw, where)
    else:
        assert type(got) is type(wanted) and got == wanted, f"{where}: {got!r}"


def check_request(request, message, raw):
    assert request.method == message.get("method", "POST")
    path, _, query = message["path"].partition("?")
    seen = urlsplit(request.path)
    check_text(path, seen.path, raw, "path")
    check_value(dict(parse_qsl(query, keep_blank_values=True)), dict(parse_qsl(seen.query, keep_blank_values=True)), raw, "query")
    for name, value in message.get("headers", {}).items():
        assert name in request.headers, f"{name} is not in {request.headers}"
        check_text(value, request.headers[name], raw, name)
    kind = request.headers.get("content-type", "").split(";")[0]
    if "json" in message:
        assert kind == "application/json"
        check_value(json.loads(message["json"]), request.json(), raw, "")
    elif "form" in message:
        assert kind == "application/x-www-form-urlencoded"
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        check_value(message["form"], dict(pairs), raw, "form")
    else:
        check_text(message["text"], request.body.decode(), raw, "text")


def sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def check_dingtalk(request, key):
    query = dict(parse_qsl(urlsplit(request.path).query))
    data = f"{query['timestamp']}\n{key}"
    assert query["sign"] == base64.b64encode(sha256(key.encode(), data.encode())).decode()


def check_feishu(request, key):
    body = request.json()
    assert body["sign"] == base64.b64encode(sha256(f"{body['timestamp']}\n{key}".encode(), b"")).decode()


def check_webhook(request, key):
    """As every library of standardwebhooks.com does it."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(sha256(base64.b64decode(key), signed)).decode()


CHECKS = {"dingtalk": check_dingtalk, "feishu": check_feishu, "webhook": check_webhook}


def length(text, unit):
    return {"bytes": len(text.encode()), "utf16": len(text.encode("utf-16-le")) // 2, "codepoints": len(text)}[unit]


# ---- the tests ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_sent(site, use, start, preset):
    """To an address of each form, with everything in title and note that could be taken for markup; and a long text."""
    fact = facts(preset)
    server = use(preset, fact)
    people = {f"p{i}": message for i, message in enumerate(fact["message"])} | {"long": fact["message"][0]}
    rows = "".join(f'{person},Desk,{message.get("language", "en")},Asia/Sakhalin,"{message["to"]}",x\n'
                   for person, message in people.items())
    site.import_text("people.csv", "id,name,language,zone,m,raw\n" + rows)
    for person in people:
        note = "<&я😀*@\"\\ ." * 400 if person == "long" else NOTE
        site.add_due_task(f"task-{person}", person, title=TITLE, note=note, in_days=DAYS)
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2 * len(people), lambda: f"{site.queue()}\n{daemon.log()}")

    raw = server.raw()
    assert len(server.sent()) == len(people)
    for person in people:
        # the raw message of the same reader tells which request is theirs
        message = fact["message"][int(person[1:]) if person != "long" else 0]
        errors = []
        for request in server.sent():
            try:
                check_request(request, message, raw[person])
                break
            except AssertionError as error:
                errors.append(str(error))
        else:
            pytest.fail(f"no request for {person}:\n" + "\n".join(errors))
        if "check" in fact:
            secret = fact["channel"][fact["check_key"]].removeprefix("secret:")
            CHECKS[fact["check"]](request, secret)
        if person == "long":
            check_length(fact, request, raw[person])
    told = daemon.told()
    for value in fact["channel"].values():
        if value.startswith("secret:"):
            for form in secret_forms(value.removeprefix("secret:").replace("{url}", server.url)):
                assert form not in told


def joined(first, second):
    """Two trees as one."""
    return {**first, **{key: joined(first.get(key, {}), value) if isinstance(value, dict) else value for key, value in second.items()}}


def in_thread(message, thread):
    """What the message must be in a thread that was begun."""
    if "form" in thread:
        return {**message, "form": {**message["form"], **thread["form"]}}
    return {**message, "json": json.dumps(joined(json.loads(message["json"]), json.loads(thread["json"])))}


@pytest.mark.parametrize("preset", THREADED)
def test_what_is_sent_next_is_in_the_thread(site, use, start, preset):
    """The task is moved twice: the second message names the thread of the first, and so does the third; but it is refused, and
    goes without it."""
    fact = facts(preset)
    server, message = use(preset, fact), fact["message"][0]
    site.import_text("people.csv", f'id,name,language,zone,m,raw\ndesk,Desk,en,Asia/Sakhalin,"{message["to"]}",x\n')
    site.add_due_task("visit", "desk", title=TITLE, note=NOTE, in_days=DAYS)
    daemon = start(site)
    wanted = [message, in_thread(message, fact["thread"]), in_thread(message, fact["thread"]), message]

    def wait_sent(n):
        wait_until(lambda: len(site.queue(state="sent")) == 2 * n, lambda: f"{site.queue()}\n{daemon.log()}")

    wait_sent(1)
    site.ctl("edit", "visit", "--when", "2031-07-20")
    wait_sent(2)
    server.script(reply_of(fact["thread"]["gone"]))
    site.ctl("edit", "visit", "--when", "2031-08-20")
    wait_sent(3)
    raw = [request.json() for request in server.requests if request.path == "/raw"]
    assert len(server.sent()) == 4 and len(raw) == 3, daemon.log()
    for request, expected, plain in zip(server.sent(), wanted, raw + raw[-1:], strict=True):
        check_request(request, expected, plain)
    assert "without its thread" in daemon.log()


def check_length(fact, request, raw):
    """The limit is used up nearly to its end, and not overrun."""
    limit = fact.get("limit")
    if limit is None:
        return
    if limit["field"] == "total":
        value = request.body.decode()
    elif request.headers["content-type"].startswith("application/json"):
        value = request.json()
        for part in limit["field"].split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
    else:
        value = dict(parse_qsl(request.body.decode()))[limit["field"]]
    if limit.get("decoded"):
        value = html.unescape(re.sub(r"</?b>", "", value))
    assert limit["max"] - 30 <= length(value, limit["unit"]) <= limit["max"], length(value, limit["unit"])
    assert len(raw["text"]) > 4000 and "…" in request.body.decode("utf-8") + str(value)


# What "is" means: verdict, and whose fault it is.
MEANINGS = {"accepted": ("accepted", "message"), "temporary": ("temporary", None), "throttled": ("throttled", "channel"),
            "message": ("permanent", "message"), "recipient": ("permanent", "recipient"),
            "channel": ("temporary", "channel"), "unknown": ("unknown", "channel")}


def sent_utc(reply):
    return int(parsedate_to_datetime(reply.headers["Date"]).timestamp()) if "Date" in reply.headers else 0


def judge(preset, replies, calls):
    lines = [json.dumps({"status": reply.status, "body": reply.payload().decode(), "headers": reply.headers,
                         "retry_after": int(reply.headers.get("Retry-After", 0)), "now": sent_utc(reply),
                         **({"call": call} if call else {})})
             for reply, call in zip(replies, calls)]
    result = subprocess.run([BUILD / "preset-judge", ROOT / "config" / "messengers" / f"{preset}.ini"], text=True,
                            input="\n".join(lines) + "\n", capture_output=True, check=True, timeout=120)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("preset", PRESETS)
def test_what_an_answer_means(site, use, preset):
    fact = facts(preset)
    server = use(preset, fact)
    site.ctl("status")
    replies = [reply_of(row) for row in fact["reply"]]
    calls = [row.get("call") for row in fact["reply"]]
    for row, reply, judged in zip(fact["reply"], replies, judge(preset, replies, calls), strict=True):
        verdict, blame = MEANINGS[row["is"]]
        words = f"{row}: {judged}"
        assert judged["verdict"] == verdict and blame in (None, judged["blame"]), words
        assert judged["wait"] == row.get("wait", 0) and judged["id"] == row.get("id", ""), words
        assert judged["thread"] == (row.get("id", "") if "thread" in fact else ""), words
        assert row.get("words", "") in judged["reply"] and judged["moved_to"] == row.get("moved_to", ""), words
        if "call" in row:
            continue  # nothing that deadlinectl test could send
        server.script(reply)
        result = deadlinectl("-c", site.config, "test", "m", "--to", fact["message"][0]["to"])
        assert (result.returncode == 0) == (verdict == "accepted"), f"{row}\n{result.stdout}{result.stderr}"
        assert f"verdict:  {verdict}\n" in result.stdout and row.get("words", "") in result.stdout, result.stdout
        assert "wait" not in row or f"wait:     {row['wait']} s" in result.stdout, result.stdout
    assert {row["is"] for row in fact["reply"]} >= {"accepted", "channel"}


@pytest.mark.parametrize("preset", PRESETS)
def test_addresses_that_cannot_be_right_are_refused(site, use, preset):
    fact = facts(preset)
    server = use(preset, fact)
    for address in fact.get("bad", []):
        result = deadlinectl("-c", site.config, "test", "m", "--to", address)
        assert result.returncode == 65 and "give" in result.stderr, result.stderr
    assert server.requests == []


@pytest.mark.parametrize("preset", PRESETS)
def test_its_comment_shows_a_section_that_works(site, use, preset):
    """The example at the head of each file, with its secrets in place, passes --check."""
    use(preset, facts(preset))
    lines = (ROOT / "config" / "messengers" / f"{preset}.ini").read_text(encoding="utf-8").splitlines()
    example = [line.removeprefix(";   ") for line in lines if line.startswith(";   ")]
    assert example and example[0].startswith("[channel ")
    secrets = site.folder / "secrets"
    secrets.mkdir(mode=0o700)
    for line in example:
        if "credential:" in line:
            is_url = line.split("=")[0].strip() == "url"
            path = secrets / line.split("credential:")[1].strip()
            path.write_text("https://hooks.example.org/0123456789abcdef\n" if is_url else "MDEyMzQ1Njc4OWFiY2RlZg==\n")
            path.chmod(0o600)
    text = "\n".join(line for line in example if not line.startswith("ca_file"))
    site.policies["default"].pop("channels")
    site.channels = {}
    site.write_config(site.config_text() + text + "\n")
    result = deadlined("-c", site.config, "--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_preset_has_facts_and_a_row_in_the_manual():
    assert PRESETS == sorted(path.stem for path in FACTS.glob("*.toml"))
    manual = (ROOT / "man" / "deadlined-messengers.5").read_text(encoding="utf-8")
    assert PRESETS == sorted(re.findall(r"^\.It Sy ([a-z-]+)", manual, re.MULTILINE))
