"""What a mail is made of, read by Python's parser, which knows nothing of how it was written."""
import html.parser
import re
from datetime import date, datetime, timedelta

import icalendar
import pytest

from harness import ROOT, SAKHALIN, deadlined, parse_mail, wait_until


def remind(site, start, uid="parts", language="en", channel=None, **task):
    """The mail of one due task."""
    site.channels["email"].update(channel or {})
    site.write_config()
    site.add_person("anna", "anna@example.org", language=language)
    site.add_due_task(uid, "anna", **task)
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = site.mails()
    return mail


@pytest.mark.parametrize("language", ["ru", "en", "zh"])
def test_text_and_html_say_the_same(site, start, language):
    title = "Отчёт <b>№ 5</b> & 报告"
    mail = remind(site, start, language=language, title=title)
    alternative = next(part for part in mail.walk() if part.get_content_type() == "multipart/alternative")
    types = [part.get_content_type() for part in alternative.iter_parts()]
    assert types[:2] == ["text/plain", "text/html"]
    assert all(part.get_content_charset() == "utf-8" for part in alternative.iter_parts())
    assert title in mail.get_content()
    assert "Отчёт &lt;b&gt;№ 5&lt;/b&gt; &amp; 报告" in mail.html
    assert f'lang="{language}' in mail.html


class Tags(html.parser.HTMLParser):
    """The elements of a document with their attributes, and what stands in its styles."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.styles = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.seen and self.seen[-1][0] == "style":
            self.styles += data


def test_nothing_in_the_html_is_fetched(site, start):
    tags = Tags(remind(site, start, note="see http://example.org/a and <img src=x>").html)
    assert not {"img", "link", "script", "iframe", "object", "form"} & {tag for tag, _ in tags.seen}
    attributes = [item for _, attrs in tags.seen for item in attrs.items()]
    assert not {"src", "href", "background", "action"} & {name for name, _ in attributes}
    styles = tags.styles + "".join(value or "" for name, value in attributes if name == "style")
    assert tags.styles and "url(" not in styles and "@import" not in styles


KEPT_HTML = sorted((ROOT / "tests" / "golden").glob("*/*.html"))


@pytest.mark.parametrize("path", KEPT_HTML, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_colour_has_another_for_the_dark(path):
    tags = Tags(path.read_text(encoding="utf-8"))
    dark = tags.styles[tags.styles.index("@media (prefers-color-scheme: dark)"):]
    known = {(name, key) for name, rules in re.findall(r"\.(\w+) \{([^}]*)\}", dark)
             for key in re.findall(r"(?<![\w-])((?:background-)?color):", rules)}
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags.seen
    coloured = [(tag, key, attrs) for tag, attrs in tags.seen
                for key in re.findall(r"(?<![\w-])((?:background-)?color):", attrs.get("style") or "")]
    assert coloured and not [(tag, key, attrs) for tag, key, attrs in coloured
                             if not {(name, key) for name in attrs.get("class", "").split()} & known]


def test_without_html_a_mail_is_one_text(site, start):
    mail = remind(site, start, channel={"html": "no"})
    assert mail.get_content_type() == "text/plain" and not mail.is_multipart()
    assert mail.get_content().count("parts") >= 1


def test_no_line_is_longer_than_servers_take(site, start):
    remind(site, start, title="ж" * 400, note="x" * 3000 + "\n" + "文" * 900)
    [path] = (site.maildir / "new").iterdir()
    lines = path.read_bytes().split(b"\n")
    assert max(map(len, lines)) <= 78 and all(line.isascii() for line in lines)


# ---- the date, for the reader's calendar --------------------------------------------------------------------------------

def calendars(mail):
    """What the last alternative says, and the file beside it; both read by icalendar."""
    mixed = mail
    assert mixed.get_content_type() == "multipart/mixed"
    alternative, file = mixed.iter_parts()
    last = list(alternative.iter_parts())[-1]
    assert last.get_content_type() == "text/calendar" and file.is_attachment()
    assert file.get_filename() == "deadline.ics"
    inline, attached = last.get_payload(decode=True), file.get_payload(decode=True)
    assert inline == attached and inline.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in inline.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(inline)
    assert not calendar.errors and last["Content-Type"].params["method"] == calendar["METHOD"]
    [event] = calendar.walk("VEVENT")
    [sender] = mail["From"].addresses
    assert not event.errors and event["ORGANIZER"] == f"mailto:{sender.addr_spec}"
    assert event["ORGANIZER"].params.get("CN", "") == sender.display_name
    return calendar, event


def test_a_calendar_reads_the_date(site, start):
    site.channels["email"] |= {"from": "Отдел: «план», связи <plan@example.org>"}
    title, note = "Отчёт; «№ 5», часть \\ 1 " + "и ещё " * 30, "один\nдва, три\n"
    mail = remind(site, start, uid="цель 5", title=title.strip(), note=note)
    calendar, event = calendars(mail)
    assert calendar["METHOD"] == "PUBLISH" and calendar["VERSION"] == "2.0"
    assert event["SUMMARY"] == title.strip() and event["DESCRIPTION"] == note
    assert event["UID"].startswith("цель 5@") and int(event["SEQUENCE"]) == 0
    minute = site.sql("SELECT start_local FROM task")[0][0]
    assert event["DTSTART"].dt == datetime.fromisoformat(minute).replace(tzinfo=SAKHALIN)
    assert "DTEND" not in event and event["TRANSP"] == "TRANSPARENT" and "STATUS" not in event


def test_a_date_that_moved_replaces_the_old_one(site, start):
    remind(site, start, uid="moving")
    new = (datetime.now(SAKHALIN) + timedelta(days=40)).strftime("%Y-%m")
    site.ctl("edit", "moving", "--when", new)
    first, moved = sorted(wait_until(lambda: len(site.mails()) == 2 and site.mails(), site.queue),
                          key=lambda mail: int(calendars(mail)[1]["SEQUENCE"]))
    (_, old), (calendar, event) = calendars(first), calendars(moved)
    assert event["UID"] == old["UID"] and int(event["SEQUENCE"]) == 1 and calendar["METHOD"] == "PUBLISH"
    begin = date.fromisoformat(new + "-01")
    assert event["DTSTART"].dt == begin and event["DTEND"].dt == (begin + timedelta(days=31)).replace(day=1)


def test_a_date_of_a_series_that_moves_to_and_fro_is_told_each_time(site, start):
    site.write_config()
    site.add_person("anna", "anna@example.org")
    site.add_due_task("weekly", "anna")
    site.sql("UPDATE task SET rrule = 'FREQ=WEEKLY'")
    daemon = start(site)
    [first] = wait_until(lambda: site.queue(state="sent"), daemon.log)
    by_rule = datetime.fromisoformat(first["reminders"][0]["occurrence"])
    dates = [by_rule + timedelta(days=days) for days in (0, 1, 2, 1, 0, 2)]
    for n, when in enumerate(dates[1:], 2):
        site.ctl("edit", "weekly", "--occurrence", f"{by_rule:%F}", "--when", f"{when:%F %H:%M}")
        wait_until(lambda: len(site.queue(state="sent")) == n, daemon.log)
    events = sorted((calendars(mail)[1] for mail in site.mails()), key=lambda event: int(event["SEQUENCE"]))
    assert [int(event["SEQUENCE"]) for event in events] == list(range(1, 7)) and len({event["UID"] for event in events}) == 1
    assert [event["DTSTART"].dt for event in events] == [when.replace(tzinfo=SAKHALIN) for when in dates]


def is_gone(first, last):
    """Whether the last mail takes what the first one put into a calendar out of it again, as RFC 5546 wants it."""
    (_, old), (calendar, event) = calendars(first), calendars(last)
    assert last["In-Reply-To"] == first["Message-ID"] and event["DTSTART"].dt == old["DTSTART"].dt
    return (calendar["METHOD"] == "CANCEL" and event["STATUS"] == "CANCELLED" and event["UID"] == old["UID"]
            and int(event["SEQUENCE"]) > int(old["SEQUENCE"]))


@pytest.mark.parametrize("language", ["ru", "en", "zh", "de"])
def test_what_is_cancelled_leaves_the_calendar(site, start, language):
    site.policies["default"]["remind"] = "1d before start"
    first = remind(site, start, uid="off", language=language, in_days=1)
    site.ctl("cancel", "off")
    mails = wait_until(lambda: len(site.mails()) == 2 and site.mails(), site.queue)
    [last] = [mail for mail in mails if mail["Message-ID"] != first["Message-ID"]]
    assert is_gone(first, last)
    words = {"ru": "Отменено", "en": "Cancelled", "zh": "已取消", "de": "Abgesagt"}
    assert last["Subject"].startswith(words[language]) and "prefers-color-scheme" in last.html
    site.ctl("cancel", "off")
    site.add_due_task("next", "anna", in_days=1)
    wait_until(lambda: site.mails_about("next"), site.queue)
    assert len(site.mails()) == 3


def test_one_cancelled_date_of_a_series_leaves_the_calendar(site, start):
    site.policies["default"]["remind"] = "1d before start"
    site.write_config()
    site.add_person("anna", "anna@example.org")
    site.add_due_task("weekly", "anna", in_days=1)
    site.sql("UPDATE task SET rrule = 'FREQ=WEEKLY'")
    daemon = start(site)
    [first] = wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = site.mails()
    site.ctl("cancel", "weekly", "--occurrence", first["reminders"][0]["occurrence"][:10])
    last = wait_until(lambda: [other for other in site.mails() if other["Message-ID"] != mail["Message-ID"]], site.queue)[0]
    assert is_gone(mail, last) and "/" in calendars(last)[1]["UID"]
    assert site.sql("SELECT status FROM task") == [("open",)]


def test_what_is_done_stays_in_the_calendar(site, start):
    site.policies["default"]["remind"] = "1d before start"
    remind(site, start, uid="kept", in_days=1)
    site.ctl("done", "kept")
    site.add_due_task("next", "anna", in_days=1)
    wait_until(lambda: site.mails_about("next"), site.queue)
    assert len(site.mails()) == 2
    assert all(calendars(mail)[0]["METHOD"] == "PUBLISH" for mail in site.mails())


def test_a_message_without_a_date_has_no_calendar(site):
    site.ctl("test", "email", "--to", "anna@example.org")
    [mail] = site.mails()
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def kept(language, kind):
    return parse_mail((ROOT / "tests" / "golden" / language / f"{kind}.eml").read_bytes())


@pytest.mark.parametrize("language", ["ru", "en", "zh", "de"])
def test_the_mails_kept_for_review_are_whole(language):
    mail = kept(language, "reminder")
    _, event = calendars(mail)
    assert event["SUMMARY"] == "Видеовстреча с Чжухаем о программе" and event["SUMMARY"] in mail.get_content()
    assert event["DTSTART"].dt == datetime(2025, 4, 15, 17, 30, tzinfo=SAKHALIN)
    assert mail["To"].addresses[0].display_name == "Анна Ким"
    assert mail["Reply-To"].addresses[0].display_name == "Протокольный отдел"
    assert mail["References"] == mail["In-Reply-To"] == "<m3.00000001.0123456789abcdef@example.org>"

    (_, late), (_, moved) = calendars(kept(language, "overdue")), calendars(kept(language, "moved"))
    assert late["UID"] == moved["UID"] and (late["SEQUENCE"], moved["SEQUENCE"]) == (0, 1)
    assert (moved["DTSTART"].dt, moved["DTEND"].dt) == (date(2025, 6, 1), date(2025, 7, 1))

    off, gone = calendars(kept(language, "closed"))
    assert off["METHOD"] == "CANCEL" and (gone["UID"], gone["SEQUENCE"]) == (late["UID"], 2)

    digest = kept(language, "digest")
    assert [part.get_content_type() for part in digest.iter_parts()] == ["text/plain", "text/html"]
    assert digest["In-Reply-To"] is None and digest["Reply-To"] is None


# ---- headers --------------------------------------------------------------------------------------------------------------

def test_headers_help_to_sort_and_to_answer(site, start):
    site.add_person("boris", "boris@example.org")
    site.channels["email"] |= {"from": "office@example.org", "list_unsubscribe": "https://example.org/stop?u=1"}
    site.write_config()
    site.add_person("anna", "anna@example.org")
    site.add_due_task("sorted", "anna", "boris")
    site.sql("UPDATE part SET role = 'responsible' WHERE person = 'boris'")
    site.sql("UPDATE task SET priority = 'urgent'")
    daemon = start(site)
    wait_until(lambda: len(site.mails()) == 2, daemon.log)
    mails = {mail["To"].addresses[0].username: mail for mail in site.mails()}
    assert mails["anna"]["Reply-To"].addresses[0].addr_spec == "boris@example.org"
    assert mails["boris"]["Reply-To"] is None
    for mail in mails.values():
        assert mail["List-Id"] == "<deadlined.example.org>"
        assert mail["List-Unsubscribe"] == "<https://example.org/stop?u=1>"
        assert mail["Importance"] == "high" and mail["X-Priority"].startswith("1")


def test_only_what_is_urgent_is_shown_as_important(site, start):
    mail = remind(site, start)
    assert not {"importance", "x-priority", "priority", "list-unsubscribe"} & {name.lower() for name in mail.keys()}


def test_check_looks_at_the_unsubscribe_address(site):
    site.channels["email"]["list_unsubscribe"] = "office@example.org"
    site.write_config()
    result = deadlined("--check", "-c", site.config)
    assert result.returncode == 78 and "list_unsubscribe: 'office@example.org' is neither" in result.stdout + result.stderr
