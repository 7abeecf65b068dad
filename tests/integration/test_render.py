"""deadlinectl render: the published cases of the Mustache specification, and what a bad template is told."""
import json
import re
import shutil

import pytest

from harness import ROOT, deadlinectl

CASES = [pytest.param(case, id=f"{path.stem}-{number}")
         for path in sorted((ROOT / "tests" / "mustache").glob("*.json"))
         for number, case in enumerate(json.loads(path.read_text(encoding="utf-8")), 1)]


def write(path, text):
    path.write_bytes(text.encode())
    return path


def render(folder, template, data=None, *options):
    """The template as a file, with data as another."""
    words = ["render", write(folder / "template", template), *options]
    if data is not None:
        words += ["--data", write(folder / "data.json", data)]
    return deadlinectl(*words, text=False)


def test_there_are_all_of_them():
    assert len(CASES) == 184


@pytest.mark.parametrize("case", CASES)
def test_specification(tmp_path, case):
    partials = tmp_path / "partials"
    partials.mkdir()
    for name, text in case.get("partials", {}).items():
        write(partials / f"{name}.mustache", text)
    result = render(tmp_path, case["template"], json.dumps(case["data"]), "--partials", partials)
    assert (result.stdout.decode(), result.returncode) == (case["expected"], 0), case["is"]
    lacking = re.findall(r"^deadlinectl: partial '(.*)' shows nothing: .*\n", result.stderr.decode(), re.M)
    assert len(lacking) == result.stderr.count(b"\n") and not set(lacking) & set(case.get("partials", {})), case["is"]


@pytest.mark.parametrize("escape, expected", [
    ("plain", 'a<b> "c"\n* 1.'), ("html", "a&lt;b&gt; &quot;c&quot;\n* 1."), ("header", 'a<b> "c" * 1.'),
    ("json", 'a<b> \\"c\\"\\n* 1.'), ("url", "a%3Cb%3E%20%22c%22%0A%2A%201."),
    ("telegram-html", "a&lt;b&gt; &quot;c&quot;\n* 1."), ("slack", 'a&lt;b&gt; "c"\n* 1.'),
    ("telegram-markdown", 'a<b\\> "c"\n\\* 1\\.'), ("markdown", 'a&lt;b> "c"\n\\* 1.'),
    ("discord", 'a\\<b> "c"\n\\* 1.')])
def test_escape(tmp_path, escape, expected):
    result = render(tmp_path, "{{v}}", json.dumps({"v": 'a<b> "c"\n* 1.'}), "--escape", escape)
    assert (result.stdout.decode(), result.returncode) == (expected, 0)


def test_partials_stand_beside_the_template_or_above(tmp_path):
    folder = tmp_path / "en"
    folder.mkdir()
    write(folder / "name.mustache", "[{{.}}]")
    write(tmp_path / "name.mustache", "no")
    write(tmp_path / "shared.mustache", "({{.}})")
    result = render(folder, "{{>name}}{{>shared}}{{>../name}}{{>gone}}{{>gone}}", '"x"')
    assert result.stdout == b"[x](x)" and result.returncode == 0
    assert b"'../name' shows nothing: a name has no '/' in it\n" in result.stderr
    assert result.stderr.count(f"'gone' shows nothing: there is no gone.mustache in {folder}, above it or in ".encode()) == 1
    result = render(tmp_path, "{{>name}}{{>shared}}{{>reminder}}", '"x"', "--partials", folder)
    assert result.stdout == b"[x](x)"
    assert f"no reminder.mustache in {folder} or above it\n".encode() in result.stderr


def test_partials_are_looked_for_where_the_daemon_looks(site):
    """A shipped template copied into the administrator's folder, to change it, leaves its partials behind."""
    own, shipped = site.folder / "templates" / "ru", ROOT / "config" / "templates"
    own.mkdir(parents=True)
    copy = shutil.copy(shipped / "ru" / "reminder.html.mustache", own)
    arguments = ["render", copy, "--data", ROOT / "config" / "examples" / "reminder.json"]
    whole = deadlinectl("render", shipped / "ru" / "reminder.html.mustache", *arguments[2:]).stdout
    result = deadlinectl("-c", site.config, *arguments)
    assert (result.stdout, result.stderr, result.returncode) == (whole, "", 0) and whole
    assert deadlinectl("-c", site.config, "render", "reminder.html.mustache", *arguments[2:], cwd=own).stdout == whole
    write(own.parent / "layout.mustache", "of all languages")
    assert deadlinectl("-c", site.config, *arguments).stdout.strip() == "of all languages"
    write(own / "layout.mustache", "own")
    assert deadlinectl("-c", site.config, *arguments).stdout.strip() == "own"
    assert deadlinectl("-c", site.folder / "gone.ini", *arguments).returncode == 78


@pytest.mark.parametrize("name, options, expected", [
    ("a.text.mustache", [], "<a>\n"), ("a.subject.mustache", [], "<a> "), ("a.html.mustache", [], "&lt;a&gt;\n"),
    ("footer.mustache", [], "&lt;a&gt;\n"), ("a.text.mustache", ["--escape", "html"], "&lt;a&gt;\n")])
def test_the_name_says_what_values_are_made_safe_for(tmp_path, name, options, expected):
    data = write(tmp_path / "data.json", json.dumps({"v": "<a>\n"}))
    result = deadlinectl("render", write(tmp_path / name, "{{v}}"), "--data", data, *options)
    assert (result.stdout, result.returncode) == (expected, 0)


@pytest.mark.parametrize("language", ["de", "en", "ru", "zh"])
@pytest.mark.parametrize("part, expected", [
    ("text", "Гостиница: <Harbour View>\n"),
    ("html", "Гостиница: &lt;Harbour View&gt;<br>\n"), ("subject", "Встреча мэров пяти городов\n")])
def test_a_shipped_template_with_the_example(language, part, expected):
    """As the README of the templates shows it: partials of the language and of all of them are found by themselves."""
    config = ROOT / "config"
    result = deadlinectl("render", config / "templates" / language / f"reminder.{part}.mustache", "--data",
                         config / "examples" / "reminder.json")
    assert result.returncode == 0 and not result.stderr
    assert expected in result.stdout and "{{" not in result.stdout
    assert (part == "html") == result.stdout.startswith("<!DOCTYPE html>\n<html lang=\"ru\">")


@pytest.mark.parametrize("template, place, words", [
    ("a\n  {{#b}}\n", "template:2:3", "'b' is opened here and never closed"),
    ("a {{b", "template:1:3", "the tag is not closed"),
    ("{{#a}}\nю{{/b}}", "template:2:2", "'b' is closed here, but 'a' of line 1, column 1 is still open"),
    ("{{>part}}", "part.mustache:2:1", "the tag has no name"),
])
def test_bad_template_is_named_with_line_and_column(tmp_path, template, place, words):
    write(tmp_path / "part.mustache", "\n{{}}")
    result = render(tmp_path, template)
    assert result.returncode == 65
    assert f"{place}: " in result.stderr.decode() and words in result.stderr.decode()
    assert result.stdout == b""


def test_bad_data_and_files_that_are_not_there(tmp_path):
    bad = render(tmp_path, "x", '{"a": 1,\n "b": }')
    assert bad.returncode == 65 and b"data.json:2:" in bad.stderr
    no_text = deadlinectl("render", write(tmp_path / "zero", "a\0b"))
    assert no_text.returncode == 65 and "is no text" in no_text.stderr
    gone = deadlinectl("render", tmp_path / "gone")
    assert gone.returncode == 66 and "gone: cannot be read" in gone.stderr
    gone = render(tmp_path, "x", None, "--data", tmp_path / "gone.json")
    assert gone.returncode == 66 and b"gone.json: cannot be read" in gone.stderr
    wrong = render(tmp_path, "x", None, "--escape", "htlm")
    assert wrong.returncode == 64 and b"'htlm' is not one of plain, html" in wrong.stderr


def test_output_has_an_end(tmp_path):
    big = json.dumps({"l": [1] * 3000, "t": "x" * 1000})
    over = render(tmp_path, "{{#l}}{{#l}}{{t}}{{/l}}{{/l}}", big)
    assert over.returncode == 65 and b"longer than" in over.stderr and over.stdout == b""
    endless = render(tmp_path, "{{#l}}{{#l}}{{/l}}{{/l}}", big)
    assert endless.returncode == 65 and b"steps" in endless.stderr
    write(tmp_path / "self.mustache", "{{>self}}")
    itself = render(tmp_path, "{{>self}}")
    assert itself.returncode == 65 and b"used within itself" in itself.stderr
