"""Templates of the administrator: one file in the folder beside the configuration takes the place of a shipped one."""
import re
import shutil

import pytest

from harness import ROOT, deadlined, wait_until

SHIPPED = ROOT / "config" / "templates"


def write(site, name, text):
    path = site.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def check(site):
    return deadlined("--check", "-c", site.config)
def sent(site, start, language="en", note=""):
    """The mail about a task that is due."""
    site.add_person("anna", "anna@example.org", language=language)
    site.add_due_task("due", "anna", note=note)
    daemon = start(site)
    [mail] = wait_until(site.mails, daemon.log)
    return mail, daemon


def test_one_file_takes_the_place_of_the_shipped_one(site, start):
    write(site, "en/footer.mustache", "Our own footer, task {{uid}}.\n")
    assert check(site).returncode == 0
    mail, _ = sent(site, start)
    text = mail.get_body(("plain",)).get_content()
    assert "Our own footer, task due." in text and "In the plan" not in text
    assert "let whoever keeps the plan know" in text  # the other parts are the shipped ones


def test_a_language_more_takes_files_only(site, start):
    folder = site.folder / "templates" / "ja"
    shutil.copytree(SHIPPED / "en", folder)
    (folder / "reminder.text.mustache").write_text("{{title}}：{{your_period}}\n", encoding="utf-8")
    assert check(site).returncode == 0
    mail, _ = sent(site, start, language="ja")
    text = mail.get_body(("plain",)).get_content()
    assert re.fullmatch(r"Title of due：\d{4}年\d+月\d+日\w曜日 \d+:\d\d\s*", text)


@pytest.mark.parametrize("name, text, line, words", [
    ("en/reminder.text.mustache", "{{title}}\n  {{#place}}\n", 2, "column 3: 'place' is opened here and never closed"),
    ("en/reminder.text.mustache", "{{titel}}\n", 1, "unknown name 'titel', did you mean 'title'?"),
    ("ru/reminder.html.mustache", "{{<laoyut}}{{/laoyut}}\n", 1, "no partial 'laoyut'"),
    ("ru/digest.subject.mustache", "\n{{#items_count}}{{#one}}дело{{/one}}{{#few}}дела{{/few}}{{/items_count}}.", 2,
     "no form of the noun for numbers like 5: say {{#many}}...{{/many}} too"),
    ("en/reminder.text.mustache", "{{#place}}{{title}}{{/place}}", None, "nothing but blanks"),
    ("layout.mustache", "{{>layout}}", None, "used within itself"),
    ("fr/reminder.text.mustache", "{{title}}", None, "has no usable reminder.subject.mustache"),
    ("xx/reminder.text.mustache", "{{title}}", None, "'xx' is no language that ICU knows"),
])
def test_check_names_what_is_wrong(site, name, text, line, words):
    path = write(site, name, text)
    result = check(site)
    assert result.returncode == 78
    place = f"{path}:{line}: " if line else str(site.folder if name.startswith(("fr", "xx")) else "")
    assert any(row.startswith(place) and words in row for row in result.stdout.splitlines()), result.stdout


def test_a_bad_file_at_a_reload_leaves_the_old_texts(site, start):
    footer = write(site, "en/footer.mustache", "First footer.\n")
    _, daemon = sent(site, start)
    footer.write_text("{{#never closed", encoding="utf-8")
    daemon.reload()
    assert daemon.log_contains("reload refused") and daemon.log_contains(f"{footer}:1: column 1")
    site.add_due_task("second", "anna")
    wait_until(lambda: len(site.mails()) == 2, daemon.log)
    assert all("First footer." in mail.get_body(("plain",)).get_content() for mail in site.mails())


def test_a_template_that_fails_costs_no_reminder(site, start):
    """It is good with the samples, but not with a note this long."""
    write(site, "en/reminder.subject.mustache", "{{title}} {{note}}{{note}}{{note}}{{note}}\n")
    assert check(site).returncode == 0
    mail, daemon = sent(site, start, note="n" * 1000)
    assert mail["Subject"] == "Title of due"
    assert "Title of due" in mail.get_body(("plain",)).get_content().splitlines()
    wait_until(lambda: daemon.log_contains("the built-in text is sent: en/reminder: subject: "), daemon.log)


def test_the_operator_is_told_of_a_template_that_fails(site, start):
    write(site, "en/reminder.subject.mustache", "{{title}} {{note}}{{note}}{{note}}{{note}}\n")
    site.daemon_settings["operator"] = "boss"
    site.write_config()
    site.add_person("boss", "boss@example.org")
    for uid in ("one", "two"):
        site.add_due_task(uid, "boss", note="n" * 1000)
    daemon = start(site)
    wait_until(lambda: len(site.mails()) == 3, daemon.log)
    [told] = site.mails_about("a template failed")
    assert "en/reminder: subject: the text is longer than 2048 bytes" in told.get_body(("plain",)).get_content()


def test_check_warns_of_people_whose_language_is_gone(site):
    shutil.copytree(SHIPPED / "en", site.folder / "templates" / "ja")
    site.add_person("anna", "anna@example.org", language="ja")
    site.add_person("boris", "boris@example.org", language="ru")
    assert "warning" not in check(site).stderr
    shutil.rmtree(site.folder / "templates")
    result = check(site)
    assert result.returncode == 0
    assert "warning: people have the language 'ja', and there are no templates for it: they are written to in 'en'" \
        in result.stderr and "'ru'" not in result.stderr


def test_check_warns_of_a_language_that_is_no_tag(site):
    site.add_person("anna", "anna@example.org", language="ru")
    site.sql("UPDATE person SET language = 'ru--RU'")
    result = check(site)
    assert result.returncode == 0
    assert "warning: people have the language 'ru--RU', and there are no templates for it: they are written to in 'ru'" \
        in result.stderr


def test_check_warns_of_a_template_that_nothing_uses(site):
    write(site, "en/foter.mustache", "Our office")
    result = check(site)
    assert result.returncode == 0 and not result.stdout
    assert f"warning: {site.folder}/templates/en/foter.mustache is used by nothing: " in result.stderr
    assert "did you mean footer.mustache?" in result.stderr


def test_check_names_a_language_in_other_letters_once(site):
    (site.folder / "templates" / "EN").mkdir(parents=True)
    result = check(site)
    assert result.returncode == 78 and len(result.stdout.splitlines()) == 1 and "did you mean en?" in result.stdout


@pytest.mark.parametrize("limit, is_warned", [("4096 utf16", False), ("300 bytes", True)])
def test_check_warns_of_texts_that_are_longer_than_a_messenger_takes(site, limit, is_warned):
    presets = site.folder / "messengers"
    presets.mkdir()
    text = (ROOT / "config" / "messengers" / "telegram.ini").read_text(encoding="utf-8")
    assert "/text = 4096 utf16\n" in text
    (presets / "small.ini").write_text(text.replace("/text = 4096 utf16\n", f"/text = {limit}\n"), encoding="utf-8")
    site.daemon_settings["messengers"] = presets
    site.channels["small"] = {"type": "http", "preset": "small", "token": site.secret("token", "4711:x")}
    site.write_config()
    result = check(site)
    assert result.returncode == 0 and not result.stdout
    warning = r"warning: \[channel small\] takes 300 bytes of a text, and (ru|de)/\w+ makes \d{3,4} of a task with much to say"
    assert bool(re.search(warning, result.stderr)) == is_warned, result.stderr
