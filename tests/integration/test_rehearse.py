"""deadlined --rehearse: a year on a virtual clock by the live code, the same every time, and nothing is changed."""
import hashlib
import os
from datetime import datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import pytest

from harness import Site, deadlined

PEOPLE = """id,name,language,zone,email
protocol,Протокольный отдел,ru,Asia/Sakhalin,protocol@example.org
school,黑河市第五学校,zh,Asia/Shanghai,school@example.org
secretariat,Секретариат,ru,Europe/Moscow,secretariat@example.org
press,Press desk,en,Asia/Sakhalin,press@example.org
"""
TASKS = """uid,title,when,zone,place,policy,people,note
visit,Приезд школьников из Хэйхэ,апрель-май 2025,Asia/Sakhalin,Южно-Сахалинск,visit,protocol school,
fair,34-я Харбинская ярмарка,июнь 2025,Asia/Shanghai,Харбин,visit,protocol press secretariat,
mayors,Встреча мэров пяти городов,июль 2025,Asia/Shanghai,Чжухай,visit,protocol school press,
"""
ZONES = {"protocol": "Asia/Sakhalin", "school": "Asia/Shanghai", "secretariat": "Europe/Moscow", "press": "Asia/Sakhalin"}
# Steps: three before the start, two after the end, for 2 + 3 + 3 people.
STEPS, PARTS = 5, 8


@pytest.fixture
def plan(folder):
    site = Site(folder)
    site.policies["visit"] = {"remind": "30d 7d 1d before start at 09:00", "overdue": "1d 7d after end at 10:00",
                              "channels": "email"}
    site.write_config()
    site.import_text("people.csv", PEOPLE)
    site.import_text("tasks.csv", TASKS)
    return site


def rehearse(site, *more, period="2025-01-01..2025-12-31"):
    result = deadlined("-c", site.config, "--rehearse", period, *more)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def rows(printed, task):
    """The lines of the table that are about a task, whose uid stands last."""
    return [line for line in printed.splitlines() if line.split()[-1] == task]


def fingerprint(site):
    """Of every file in the folder but the mails, and what SQLite keeps beside a database that is only read."""
    files = [path for path in sorted(site.folder.rglob("*")) if path.is_file() and site.maildir not in path.parents
             and not path.name.endswith("-shm") and not (path.name.endswith("-wal") and path.stat().st_size == 0)]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_calendar_without_the_year_is_named_once(plan):
    """The operator is told again each month, and the months of a rehearsal are seconds."""
    (plan.folder / "calendars").mkdir()
    (plan.folder / "calendars" / "old.ini").write_text("[calendar]\nweekend = Sat Sun\n[year 2020]\noff = 01-01 New Year\n")
    plan.daemon_settings |= {"calendars": plan.folder / "calendars", "operator": "press"}
    plan.write_config()
    plan.sql("UPDATE person SET calendar = 'old'")
    result = deadlined("-c", plan.config, "--rehearse", "2025-01-01..2025-12-31")
    assert result.stderr.count("calendar 'old' knows nothing but weekends of 2025") == 1
    assert sum(" notice" in line for line in result.stdout.splitlines()) > 2


def test_every_message_of_the_year_is_printed(plan):
    printed = rehearse(plan)
    assert len(rows(printed, "visit")) == STEPS * 2 and len(rows(printed, "fair")) == len(rows(printed, "mayors")) == STEPS * 3
    first = rows(printed, "visit")[0]
    for text in ("2025-03-02 09:00", "Asia/Sakhalin", "protocol", "email", "ru", "30d before start at 09:00"):
        assert text in first


def test_twice_gives_the_same_output(plan):
    assert rehearse(plan) == rehearse(plan)


def test_nothing_is_changed_and_nothing_delivered(plan):
    before = fingerprint(plan)
    rehearse(plan)
    assert fingerprint(plan) == before
    assert not plan.maildir.exists() or plan.mails() == []


def test_delivering_fills_the_maildir_and_leaves_the_database(plan):
    before = fingerprint(plan)
    rehearse(plan, "--deliver")
    assert fingerprint(plan) == before
    mails = plan.mails()
    assert len(mails) == STEPS * PARTS
    identities = [mail["Message-ID"] for mail in mails]
    assert all(identities) and len(set(identities)) == len(identities)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_root_delivers_belongs_to_the_owner_of_the_database(plan):
    """With that account's rights alone: in its folder a name may lead anywhere."""
    plan.folder.chmod(0o700)
    for path in plan.database.parent, plan.database:
        os.chown(path, 61234, 61234)
    plan.channels["email"]["path"] = plan.maildir = plan.database.parent / "mail"
    plan.write_config()
    rehearse(plan, "--deliver")
    assert len(plan.mails()) == STEPS * PARTS
    assert {path.stat().st_uid for path in [plan.maildir, *plan.maildir.rglob("*")]} == {61234}


def test_mails_leave_at_the_local_time_of_their_reader(plan):
    rehearse(plan, "--deliver")
    seen = set()
    for mail in plan.mails():
        person = mail["To"].addresses[0].username
        local = parsedate_to_datetime(mail["Date"]).astimezone(ZoneInfo(ZONES[person]))
        assert (local.hour, local.minute) in ((9, 0), (10, 0)), f"{person} {local} {mail['Subject']}"
        seen.add((person, local.strftime("%m-%d %H:%M")))
    # 30 days before 1 April, 7 days before 1 June, the day after 31 July.
    assert {("school", "03-02 09:00"), ("secretariat", "05-25 09:00"), ("press", "08-01 10:00")} <= seen
    assert not {moment for _, moment in seen if moment < "03-02"}


def test_the_end_of_a_period_is_that_of_its_zone(plan):
    """The Harbin fair ends with 30 June in Harbin; for the secretariat in Moscow the day after is 1 July there."""
    rehearse(plan, "--deliver")
    fair = [mail for mail in plan.mails() if mail["To"].addresses[0].username == "secretariat"]
    moments = sorted(parsedate_to_datetime(mail["Date"]).astimezone(ZoneInfo("Europe/Moscow")) for mail in fair)
    assert [moment.strftime("%m-%d %H:%M") for moment in moments] == \
        ["05-02 09:00", "05-25 09:00", "05-31 09:00", "07-01 10:00", "07-07 10:00"]


def test_mails_are_well_formed_and_in_the_language_of_their_reader(plan):
    rehearse(plan, "--deliver")
    texts = {}
    for mail in plan.mails():
        person = mail["To"].addresses[0].username
        assert len(mail["To"].addresses) == 1 and mail["To"].addresses[0].domain == "example.org"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["MIME-Version"] == "1.0" and mail.get_body(("plain",)).get_content_charset() == "utf-8"
        assert len(mail.get_all("Date")) == len(mail.get_all("From")) == len(mail.get_all("Message-ID")) == 1
        assert mail["Subject"] and "{{" not in mail["Subject"] and "{{" not in mail.get_content()
        texts.setdefault(person, []).append(mail["Subject"] + mail.get_content())
    assert all("срок" in text.lower() or "дн" in text for text in texts["protocol"])
    # In the templates' own words, which the title (Russian throughout this plan) cannot provide.
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts["school"])
    assert all(any(word in text.lower() for word in ("day", "today", "tomorrow")) for text in texts["press"])


def test_reminders_of_one_task_make_one_thread(plan):
    rehearse(plan, "--deliver")
    mails = [mail for mail in plan.mails() if mail["To"].addresses[0].username == "secretariat"]
    mails.sort(key=lambda mail: parsedate_to_datetime(mail["Date"]))
    first = mails[0]["Message-ID"].strip()
    assert mails[0]["References"] is None
    assert all(first in mail["References"] and mail["In-Reply-To"].strip() == first for mail in mails[1:])


def test_a_second_delivery_makes_as_many_messages_with_ids_of_their_own(plan):
    """Every opening of the database has an epoch of its own in its Message-IDs: a reader never takes a rehearsed message
    for the real one of the same number."""
    rehearse(plan, "--deliver")
    first = {mail["Message-ID"] for mail in plan.mails()}
    rehearse(plan, "--deliver")
    both = {mail["Message-ID"] for mail in plan.mails()}
    assert first and first < both and len(both) == 2 * len(first)


def test_only_the_period_asked_for_is_rehearsed(plan):
    rehearse(plan, "--deliver", period="2025-06-30..2025-07-01")
    days = {parsedate_to_datetime(mail["Date"]).astimezone(ZoneInfo("Asia/Sakhalin")).date() for mail in plan.mails()}
    assert days <= {datetime(2025, 6, 30).date(), datetime(2025, 7, 1).date(), datetime(2025, 7, 2).date()} and days


def test_channels_that_reach_the_network_get_nothing(plan):
    """--deliver hands over to local channels only: a connection to this port would fail the rehearsal."""
    plan.channels["relay"] = {"type": "smtp", "url": "smtp://127.0.0.1:1", "from": "office@example.org", "tls": "off"}
    plan.policies["visit"]["channels"] = "email relay"
    plan.write_config()
    plan.import_text("people.csv", PEOPLE.replace("zone,email", "zone,relay"))
    rehearse(plan, "--deliver")


def test_it_may_run_beside_the_daemon(plan, start):
    daemon = start(plan)
    assert len(rows(rehearse(plan), "fair")) == STEPS * 3
    assert daemon.stop() == 0


def test_rehearsing_a_year_is_quick(plan):
    """A thousand tasks for a year take seconds, or nobody would ask."""
    tasks = "".join(f"t{n},Task {n},2025-{n % 12 + 1:02}-{n % 28 + 1:02},Asia/Sakhalin,,visit,protocol,\n" for n in range(1000))
    plan.import_text("many.csv", TASKS.split("\n", maxsplit=1)[0] + "\n" + tasks)
    result = deadlined("-c", plan.config, "--rehearse", "2025-01-01..2025-12-31", timeout=90)
    assert result.returncode == 0 and rows(result.stdout, "t999")
