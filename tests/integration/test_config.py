"""deadlined --check: whatever is wrong in the file is named with its line, all of it at once, and nothing else is printed.

In the tables below the line that must be named carries the mark @ at its end (it is taken off before writing).
"""
import pytest

from harness import ROOT, deadlined, deadlinectl, section

MARK = "@"


def check(site, text):
    """Writes the file; returns the exit status, the lines printed and the numbers of the marked lines."""
    lines = text.split("\n")
    marked = [number for number, line in enumerate(lines, 1) if line.endswith(MARK)]
    site.write_config("\n".join(line.removesuffix(MARK) for line in lines))
    result = deadlined("-c", site.config, "--check")
    return result.returncode, (result.stdout + result.stderr).splitlines(), marked


def accept(site, text):
    """The file is good: nothing that looks like an error is printed."""
    status, printed, _ = check(site, text)
    assert status == 0 and not [line for line in printed if line.startswith(f"{site.config}:")], "\n".join(printed)


def refuse(site, text, *words):
    """The file is refused with one line, for the marked line, that contains the words."""
    status, printed, [line] = check(site, text)
    assert status == 78 and len(printed) == 1, "\n".join(printed)
    assert printed[0].startswith(f"{site.config}:{line}: "), printed[0]
    for word in words:
        assert word in printed[0], printed[0]
    return printed[0]


def with_key(site, header, line):
    """The site's configuration with one more line at the end of a section."""
    before, start, rest = site.config_text().partition(f"[{header}]\n")
    body, end, after = rest.partition("\n\n")
    assert start and end
    key = line.split("=")[0].strip()
    body = "\n".join(old for old in body.split("\n") if old.split("=")[0].strip() != key)
    return f"{before}{start}{body}\n{line}{MARK}{end}{after}"


def test_a_good_file_is_accepted(site):
    accept(site, site.config_text())


FOLDERS = {
    "database": ("database = gone/deadlined.db", "gone"),
    "state_dir": ("state_dir = gone/state", "gone"),
    "slash at the end": ("state_dir = gone/state/", "gone"),
    "backup_dir": ("backup_dir = gone/backup", "gone"),
    "state_dir that is made": ("state_dir = state/kept", None),
    "state_dir that is made, with a slash": ("state_dir = kept/", None),
    "backup_dir that is made": ("backup_dir = state/kept", None),
    "systemd's": ("database = /var/lib/deadlined/deadlined.db", None),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_missing_folder_is_a_warning_unless_it_is_made(site, case):
    setting, missing = FOLDERS[case]
    status, printed, [line] = check(site, with_key(site, "daemon", setting))
    warnings = [text for text in printed if ": warning: " in text]
    assert status == 0 and len(warnings) == (missing is not None), printed
    if missing is not None:
        key = setting.split(" = ")[0]
        assert warnings[0].startswith(f"{site.config}:{line}: warning: {key}: the folder {site.folder}/{missing} is missing: ")


@pytest.mark.parametrize("mode", [0o770, 0o1777, 0o707])
def test_a_folder_that_others_may_write_to_is_a_warning(site, mode):
    site.database.parent.chmod(mode)
    status, printed, _ = check(site, site.config_text())
    [warning] = [text for text in printed if ": warning: " in text]
    assert status == 0 and f"(mode {mode:04o})" in warning and f"the folder {site.database.parent} " in warning
    site.database.parent.chmod(0o755)
    accept(site, site.config_text())


def test_without_copies_no_folder_for_them_is_missed(site):
    site.daemon_settings["backup_keep"] = "0"
    accept(site, with_key(site, "daemon", "backup_dir = gone/backup"))


def test_the_shipped_file_is_good(site):
    """With the folders of the source tree instead of the installed ones."""
    shipped = (ROOT / "config" / "deadlined.ini").read_text(encoding="utf-8")
    for folder in ("templates", "messengers"):
        assert f";{folder} = /usr/share/deadlined/{folder}\n" in shipped
        shipped = shipped.replace(f";{folder} = /usr/share/deadlined/", f"{folder} = {ROOT}/config/")
    accept(site, shipped)


def with_every_example(shipped):
    """The shipped file as a reader edits it: every example switched on, the two mail channels that share a name changed
    over."""
    old, text = "[channel email]\ntype = maildir\npath = /var/lib/deadlined/maildir\n", shipped
    assert text.count(old) == 1
    text = text.replace(old, "").replace("# The sender written into these mails.\n;from =", ";;from =")
    return "\n".join(line[1:] if line.startswith(";") else line for line in text.splitlines()) + "\n"


def test_every_example_of_the_shipped_file_is_good(site):
    text = with_every_example((ROOT / "config" / "deadlined.ini").read_text(encoding="utf-8"))
    (site.folder / "secrets").mkdir(mode=0o700)
    for name in ("smtp-password", "telegram-token", "chat-token", "client-key", "client.pem"):
        site.secret(f"secrets/{name}", "12345:secret")
    text = text.replace("/etc/deadlined/client.pem", "secrets/client.pem")
    site.secret("secrets/heartbeat-url", "https://example.org/heartbeat")
    for folder in ("templates", "messengers", "calendars"):
        text = text.replace(f"{folder} = /usr/share/deadlined/", f"{folder} = {ROOT}/config/")
    assert "\ntype = smtp\n" in text and "\nca_file = " in text and "\n[policy meeting]\n" in text
    accept(site, text)


def test_a_missing_file_is_a_configuration_error(site):
    missing = site.folder / "missing.ini"
    for program in (deadlined, deadlinectl):
        result = program("-c", missing, "--check" if program is deadlined else "list")
        assert result.returncode == 78 and str(missing) in result.stderr + result.stdout


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_said_to_be_that_and_nothing_else(site, encoding):
    """With Windows line ends, as Notepad's "Unicode" is."""
    site.config.write_bytes(site.config_text().replace("\n", "\r\n").encode(encoding))
    for program, last in ((deadlined, "--check"), (deadlinectl, "list")):
        result = program("-c", site.config, last)
        assert result.returncode == 78
        assert result.stdout + result.stderr == f"{site.config}: the file is UTF-16: save it as UTF-8\n"


KEYS = [
    ("daemon", "scan_intervall = 60s", ["unknown key 'scan_intervall'", "did you mean 'scan_interval'"]),
    ("daemon", "colour = red", ["unknown key 'colour'"]),
    ("daemon", "scan_interval = 60", ["60s", "60m"]),
    ("daemon", "scan_interval = 1 minute", ["scan_interval", "1 minute"]),
    ("daemon", "scan_interval = 0s", ["scan_interval", "0s"]),
    ("daemon", "scan_interval = -5s", ["scan_interval", "-5s"]),
    ("daemon", "scan_interval = 99999999999999999999d", ["scan_interval"]),
    ("daemon", "zone = Asia/Yuzhno-Sakhalinsk", ["Asia/Yuzhno-Sakhalinsk"]),
    ("daemon", "zone = ", ["zone"]),
    ("daemon", "language = klingon", ["klingon"]),
    ("daemon", "templates = /nonexistent/templates", ["/nonexistent/templates"]),
    ("limits", "messages_per_hour = many", ["messages_per_hour", "many"]),
    ("limits", "messages_per_hour = -1", ["messages_per_hour", "-1"]),
    ("limits", "messages_per_hour = 10x", ["messages_per_hour", "10x"]),
    ("limits", "catch_up_max_age = 7", ["7s", "7d"]),
    ("channel email", "type = maildirs", ["maildirs", "maildir"]),
    ("channel email", "paht = /x", ["unknown key 'paht'", "did you mean 'path'"]),
    ("policy default", "remind = 30 before start", ["30"]),
    ("policy default", "remind = 30d befor start", ["befor"]),
    ("policy default", "remind = 30d before middle", ["middle"]),
    ("policy default", "remind = 30d before start at 25:00", ["25:00"]),
    ("policy default", "remind = 30d before start at 09:00 sharp", ["sharp"]),
    ("policy default", "remind = ", ["remind"]),
    ("policy default", "channels = emial", ["emial", "did you mean 'email'"]),
    ("policy default", "remnd = 1d before start", ["unknown key 'remnd'", "did you mean 'remind'"]),
]


@pytest.mark.parametrize("header,line,words", KEYS, ids=[line for _, line, _ in KEYS])
def test_a_bad_value_is_named_with_its_line(site, header, line, words):
    refuse(site, with_key(site, header, line), *words)


SMTP = {"type": "smtp", "url": "smtp://localhost:2525", "from": "office@example.org", "tls": "off"}
CHANNELS = [
    ({"url": "http://localhost"}, "url", []),
    ({"url": "smtp://local host"}, "url", []),
    ({"from": "not an address"}, "from", []),
    ({"tls": "maybe"}, "tls", ["required", "off"]),
    ({"connections": "0"}, "connections", []),
    ({"rate": "fast"}, "rate", []),
    ({"tls": "required", "ca_file": "/nonexistent/ca.pem"}, "ca_file", ["/nonexistent/ca.pem"]),
    ({"tls": "required", "username": "a", "password": "file:/nonexistent/secret"}, "password", ["/nonexistent/secret"]),
    ({"tls": "required", "username": "a", "password": "credential:nothing-there"}, "password", ["nothing-there"]),
]


@pytest.mark.parametrize("settings,key,words", CHANNELS, ids=[f"{key} {settings[key]}" for settings, key, _ in CHANNELS])
def test_a_bad_smtp_channel_is_named_with_its_line(site, settings, key, words):
    text = section("channel relay", {**SMTP, **settings, key: settings[key] + MARK})
    refuse(site, site.config_text() + text, *words)


def test_a_password_is_never_sent_over_an_open_connection(site):
    password = site.secret("secret", "correct horse")
    text = section("channel relay", {**SMTP, "username": "a", "password": password})
    status, printed, _ = check(site, site.config_text() + text)
    assert status == 78 and len(printed) == 1 and "tls" in printed[0]


def test_a_secret_in_the_clear_is_refused_and_not_repeated(site):
    text = section("channel relay", {**SMTP, "tls": "required", "username": "a", "password": "hunter2-horse" + MARK})
    line = refuse(site, site.config_text() + text, "credential:", "file:")
    assert "hunter2" not in line


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_secret_that_others_can_reach_is_refused(site, mode):
    password = site.secret("secret", "correct horse", mode)
    text = section("channel relay", {**SMTP, "tls": "required", "username": "a", "password": password + MARK})
    line = refuse(site, site.config_text() + text, str(site.folder / "secret"))
    assert "correct" not in line


def test_a_secret_of_its_owner_alone_is_accepted(site):
    password = site.secret("secret", "correct horse")
    text = section("channel relay", {**SMTP, "tls": "required", "username": "a", "password": password})
    accept(site, site.config_text() + text)


def test_a_credential_lies_in_secrets_beside_the_file_or_comes_from_the_service_manager(site):
    text = section("channel relay", {**SMTP, "tls": "required", "username": "a", "password": "credential:smtp"})
    site.write_config(site.config_text() + text)
    for folder, name in ((site.folder / "secrets", "smtp"), (site.folder / "credentials", "secrets_smtp")):
        folder.mkdir(mode=0o700)
        (folder / name).write_text("correct horse\n")
        (folder / name).chmod(0o400)
    assert deadlined("-c", site.config, "--check").returncode == 0
    (site.folder / "secrets" / "smtp").unlink()
    assert deadlined("-c", site.config, "--check").returncode == 78
    environment = {"CREDENTIALS_DIRECTORY": str(site.folder / "credentials")}
    assert deadlined("-c", site.config, "--check", env=environment).returncode == 0


@pytest.mark.parametrize("content,words", [
    (None, "there is no file"), (b"\xef\xbb\xbfcorrect horse\r\n", "byte order mark"),
    (b"correct horse\r\n", "CR LF"), (b"correct horse \n", "begins or ends with a blank")],
    ids=["missing", "byte order mark", "Windows", "blank"])
def test_a_secret_that_cannot_work_is_named_with_the_cure(site, content, words):
    path = site.folder / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    settings = {**SMTP, "tls": "required", "username": "a", "password": f"file:{path}{MARK}"}
    line = refuse(site, site.config_text() + section("channel relay", settings), words,
                  f"install -m 0600 /dev/stdin {path}")
    assert "horse" not in line


@pytest.mark.parametrize("kind", [{**SMTP, "tls": "required"}, {"type": "http", "preset": "webhook", "url": "https://h/x"}],
                         ids=["smtp", "http"])
def test_a_file_of_certificates_must_hold_some(site, authority, kind):
    empty = site.folder / "ca.pem"
    empty.write_text("none\n", encoding="ascii")
    for file, words in ((site.folder, "not a regular file"), (empty, "holds no certificate")):
        refuse(site, site.config_text() + section("channel relay", {**kind, "ca_file": f"{file}{MARK}"}), "ca_file: ",
               str(file), words)
    accept(site, site.config_text() + section("channel relay", {**kind, "ca_file": authority.ca_file}))


def test_an_unknown_preset_is_named(site):
    refuse(site, site.config_text() + section("channel chat", {"type": "http", "preset": "telegrm" + MARK}), "telegrm")


TEXTS = [
    ("unknown section", "[deamon]@\nzone = UTC", ["deamon", "did you mean [daemon]"]),
    ("section without name", "[channel]@\ntype = maildir\npath = /x", ["channel"]),
    ("bad name", "[channel a/b]@\ntype = maildir\npath = /x", ["a/b"]),
    ("repeated section", "[limits]@", ["limits"]),
    ("repeated channel", "[channel email]@", ["email"]),
    ("no type", "[channel other]@\npath = /x", ["type"]),
    ("no key", "[policy other]\nremind = 1d before start\nchannels = email\nnonsense@", ["key = value"]),
    ("open bracket", "[policy other@", []),
    ("continuation", "[policy other]\nchannels = email\nremind = 1d before start\n  2d before start@", []),
]


@pytest.mark.parametrize("text,words", [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_bad_structure_is_named_with_its_line(site, text, words):
    refuse(site, site.config_text() + text + "\n", *words)


def test_a_repeated_key_is_an_error(site):
    text = site.config_text().replace("scan_interval = 60s\n", "scan_interval = 60s\nscan_interval = 30s@\n")
    refuse(site, text, "scan_interval")


def test_a_step_may_be_repeated(site):
    site.policies["default"]["remind"] = ["30d 7d before start at 09:00", "1h before end", "2w 1mo after end at 10:00"]
    accept(site, site.config_text())


@pytest.mark.parametrize("length", [200, 4000])
def test_a_long_line_is_read_whole(site, length):
    """Debian's inih cuts at 200 bytes by itself, and what follows would become settings."""
    refuse(site, with_key(site, "daemon", "zone = Asia/" + "я" * (length // 2) + "/state_dir = x"), "zone")


def test_an_over_long_line_is_an_error(site):
    refuse(site, with_key(site, "daemon", "state_dir = /" + "x" * 5000))


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"a\x00b"])
def test_bytes_that_are_no_text_are_an_error(site, bad):
    text = site.config_text().encode() + b"# \xd1\x8f\n; " + bad + b"\n"
    site.config.write_bytes(text)
    result = deadlined("-c", site.config, "--check")
    printed = (result.stdout + result.stderr).splitlines()
    assert result.returncode == 78 and len(printed) == 1
    assert printed[0].startswith(f"{site.config}:{text.count(10)}: ")


@pytest.mark.parametrize("line", ["zone = Mars/Olympus", "language = xx", "templates = nowhere", "calendars = nowhere"])
def test_every_problem_names_the_file_as_it_was_given(site, line):
    key = line.split()[0]
    others = [other for other in site.config_text().splitlines() if not other.startswith(key)]
    site.config.write_text("\n".join(others).replace("[daemon]", f"[daemon]\n{line}", 1), encoding="utf-8")
    result = deadlined("-c", site.config.name, "--check", cwd=site.config.parent)
    assert result.returncode == 78 and f"\n{site.config.name}:2: {key}: " in "\n" + result.stdout, result.stdout


def test_every_error_is_told_at_once_in_the_order_of_lines(site):
    text = """[daemon]
database = state/x.sqlite
zone = Mars/Olympus@
scan_interval = 60@
templats = x@

[limits]
messages_per_hour = lots@

[channel email]
type = pigeon@

[polcy x]@
"""
    status, printed, marked = check(site, text)
    assert status == 78
    places = [line.split(":")[1] for line in printed]
    assert [place for place in places if place.isdigit()] == [str(number) for number in marked]


def test_relative_paths_are_those_of_the_file(site):
    site.daemon_settings["database"] = "state/here.sqlite"
    site.write_config()
    site.ctl("add", "Title", "--when", "2031-06", cwd="/")
    assert (site.folder / "state" / "here.sqlite").exists()


def test_a_daemon_with_a_bad_file_does_not_start(site):
    site.write_config(site.config_text().replace("60s", "60"))
    result = deadlined("-c", site.config)
    assert result.returncode == 78 and f"{site.config}:" in result.stderr
    assert not site.database.exists()


def test_a_check_is_no_rehearsal(site):
    result = deadlined("-c", site.config, "--check", "--rehearse", "2025-01-01..2025-01-31")
    assert result.returncode == 64 and "give one of them" in result.stderr and not result.stdout
