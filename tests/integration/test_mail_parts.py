"""What a mail is made of, read by Python's parser, which knows nothing of how it was written."""
import html.parser

import pytest

from harness import wait_until


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


def test_without_html_a_mail_is_one_text(site, start):
    mail = remind(site, start, channel={"html": "no"})
    assert mail.get_content_type() == "text/plain" and not mail.is_multipart()
    assert mail.get_content().count("parts") >= 1


def test_no_line_is_longer_than_servers_take(site, start):
    remind(site, start, title="ж" * 400, note="x" * 3000 + "\n" + "文" * 900)
    [path] = (site.maildir / "new").iterdir()
    lines = path.read_bytes().split(b"\r\n")
    assert max(map(len, lines)) <= 78 and all(line.isascii() for line in lines)
