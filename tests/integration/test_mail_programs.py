"""What people see who read their mail with mutt or mailx, straight from the Maildir: two parsers more, and two that show."""
import os
import pty
import subprocess
import threading
from datetime import datetime, timedelta

import icalendar
import pytest

from harness import ENVIRONMENT, PATIENCE_S, SAKHALIN, run, wait_until

LANGUAGES = ["ru", "en", "zh"]
TITLE = {"ru": "Отчёт «№ 5» о деловом форуме в Харбине и о том, что решено", "en": "Report \"5\" & what was decided; in Harbin",
         "zh": "关于哈尔滨国际经济贸易洽谈会的第五号报告"}
SENDER = {"ru": "Международный отдел", "en": "International Office", "zh": "对外合作处"}


@pytest.fixture(params=LANGUAGES)
def mailbox(site, start, request):
    """A Maildir with one reminder, with HTML and a date for calendars; returns the site and what should be seen."""
    language = request.param
    site.channels["email"]["from"] = f"{SENDER[language]} <office@example.org>"
    site.write_config()
    site.add_person("anna", "anna@example.org", language=language)
    site.add_due_task("2025-report", "anna", title=TITLE[language], note="один\nдва 三")
    daemon = start(site)
    wait_until(lambda: site.queue(state="sent"), daemon.log)
    [mail] = site.mails()
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html", "text/calendar"}
    return site, language, [line.rstrip() for line in mail.get_content().splitlines()]


def expect_headers(shown, language):
    assert f"Subject: {TITLE[language]}" in shown
    assert f"From: {SENDER[language]} <office@example.org>" in shown
    assert "To: Desk anna <anna@example.org>" in shown


def part_of(lines, wanted):
    """True when these lines stand in that order and next to each other."""
    return any(lines[at:at + len(wanted)] == wanted for at in range(len(lines)))


# ---- mutt, which wants a terminal ---------------------------------------------------------------------------------------

def mutt(site, keys):
    """Opens the Maildir, presses the keys and leaves; what they piped into the file out."""
    out, settings = site.folder / "out", site.folder / "muttrc"
    out.unlink(missing_ok=True)
    settings.write_text("set charset=utf-8 pipe_decode=yes wait_key=no quit=yes move=no mark_old=no pipe_sep=''\n"
                        f"set sort=threads sort_aux=date folder={site.folder} spoolfile={site.maildir}\nbind index,pager,attach q exit\n"
                        f"push '{keys}<exit><exit>'\n", encoding="utf-8")
    master, slave = pty.openpty()
    with subprocess.Popen(["mutt", "-n", "-F", settings, "-R", "-f", site.maildir], stdin=slave, stdout=slave, stderr=slave,
                          cwd=site.folder,
                          env={**ENVIRONMENT, "HOME": str(site.folder), "TERM": "xterm"}) as process:
        os.close(slave)
        screen = bytearray()
        reader = threading.Thread(target=drain, args=(master, screen), daemon=True)
        reader.start()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
    reader.join(5)
    os.close(master)
    assert process.returncode == 0 and out.exists(), bytes(screen).decode()
    return out.read_text(encoding="utf-8")


def drain(master, screen):
    """A terminal that nobody reads would stop the program; it is gone when the program is."""
    try:
        while data := os.read(master, 4096):
            screen.extend(data)
    except OSError:
        pass


def test_mutt_shows_a_reminder(mailbox):
    site, language, text = mailbox
    shown = mutt(site, "<pipe-message>cat >>out<enter>").splitlines()
    expect_headers(shown, language)
    assert part_of([line.rstrip() for line in shown], text), shown
    assert not any("<html" in line or "BEGIN:VCALENDAR" in line for line in shown)


def test_mutt_saves_the_date(mailbox):
    site, language, _ = mailbox
    file = mutt(site, "<view-attachments><search>deadline.ics<enter><pipe-entry>cat >>out<enter><exit>")
    [event] = icalendar.Calendar.from_ical(file).walk("VEVENT")
    assert event["SUMMARY"] == TITLE[language] and event["UID"].startswith("2025-report@")


def test_mutt_shows_the_messages_about_a_task_as_one_thread(site, start):
    site.write_config()
    site.add_person("anna", "anna@example.org")
    for uid in ("first", "other"):
        site.add_due_task(uid, "anna")
    daemon = start(site)
    wait_until(lambda: len(site.queue(state="sent")) == 2, daemon.log)
    site.ctl("edit", "first", "--when", (datetime.now(SAKHALIN) + timedelta(days=40)).strftime("%Y-%m"))
    wait_until(lambda: len(site.queue(state="sent")) == 3, lambda: site.ctl("queue"))
    shown = mutt(site, "<search>~s first<enter><tag-thread><tag-prefix><pipe-message>cat >>out<enter>").splitlines()
    assert [line for line in shown if line.startswith("Subject:")] == ["Subject: Title of first"] * 2


# ---- mailx --------------------------------------------------------------------------------------------------------------

def test_mailx_shows_a_reminder(mailbox):
    site, language, text = mailbox
    result = run("s-nail", "-:/", "-#", "-R", "-Sv15-compat", "-Sttycharset=utf-8", "-Y", "type 1", "-Y", "exit", "-f", site.maildir,
                 stdin=subprocess.DEVNULL, env={"HOME": str(site.folder)})
    assert result.returncode == 0 and result.stderr == "", result.stderr
    shown = [line.rstrip() for line in result.stdout.splitlines()]
    expect_headers(shown, language)
    assert part_of(shown, text), shown
    assert 'Content-Disposition: attachment; filename="deadline.ics"' in shown
