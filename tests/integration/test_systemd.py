"""The installed unit under a real systemd, which tests/lib/systemd-box.sh boots as PID 1 of a throw-away container.

Each test is a shell script that runs in a box of its own, as root, after `make install` and a configuration of a Maildir
in the state folder. `fact NAME VALUE` reports back; the assertions are made here.
"""
import json

import pytest

from harness import BUILD, LIB, ROOT, as_root, run

PROLOGUE = r"""#!/bin/bash
set -eu
cd "$1"
tests/lib/install.sh "$2" "" /usr /etc
cat >/etc/deadlined/deadlined.ini <<'INI'
[daemon]
database = /var/lib/deadlined/deadlined.sqlite
zone = Asia/Sakhalin
language = en
templates = /usr/share/deadlined/templates
messengers = /usr/share/deadlined/messengers
state_dir = /var/lib/deadlined

[channel email]
type = maildir
path = /var/lib/deadlined/mail

[policy default]
remind = 0m before start
channels = email
INI
# In a chroot the kernel refuses user namespaces to everybody; there that one line of the unit is left out.
if ! systemd-run --quiet --wait -p PrivateUsers=yes true 2>/dev/null; then
    mkdir -p /etc/systemd/system/deadlined.service.d
    printf '[Service]\nPrivateUsers=no\n' >/etc/systemd/system/deadlined.service.d/chroot.conf
fi
systemctl daemon-reload

fact() { printf 'FACT %s=%s\n' "$1" "$2"; }
shown() { systemctl show -P "$1" deadlined; }
# until_true WHAT COMMAND...: polls; on failure the journal says what happened.
until_true() {
    local what=$1 end=$((SECONDS + 60))
    shift
    while [ $SECONDS -lt $end ]; do
        ! "$@" || return 0
        sleep 0.05
    done
    echo "never: $what"
    systemctl status --no-pager -l deadlined
    journalctl -u deadlined --no-pager -n 50 -o cat
    exit 1
}
is_active() { [ "$(shown ActiveState)" = active ]; }
# is_new PID: another process than that one is there and ready. The process first: while the old one is being cleared away
# the unit may still be active, and then it has none.
is_new() {
    local now
    now=$(shown MainPID)
    [ "$now" != 0 ] && [ "$now" != "$1" ] && is_active
}
# sql STATEMENT: beside a daemon that may be writing.
sql() { sqlite3 -cmd '.timeout 60000' /var/lib/deadlined/deadlined.sqlite "$1"; }
due_now() { sql "UPDATE task SET planned_from = NULL, planned_until = $(date +%s) - 3600, next_due_utc = NULL"; }
journal_has() { journalctl -u deadlined --no-pager -o cat | grep -qE "$1"; }
start() {
    systemctl start deadlined || { journalctl -u deadlined --no-pager -n 50 -o cat; exit 1; }
}
setting() {
    mkdir -p /etc/systemd/system/deadlined.service.d
    printf '[Service]\n' >/etc/systemd/system/deadlined.service.d/test.conf
    printf '%s\n' "$@" >>/etc/systemd/system/deadlined.service.d/test.conf
    systemctl daemon-reload
}
"""


@pytest.fixture(scope="module")
def box():
    """box(script) runs a script in a box and returns its facts."""
    root = as_root()
    if root is None:
        pytest.fail("a systemd of its own needs root or sudo without a password")

    def run_in_box(script, folder):
        path = folder / "script"
        path.write_text(PROLOGUE + script, encoding="utf-8")
        result = run(*root, LIB / "systemd-box.sh", f"--bind={ROOT}", f"--bind={BUILD}", path, ROOT, BUILD, timeout=450)
        if result.returncode in (125, 126):
            pytest.fail("systemd does not boot here: " + result.stderr.strip())
        assert result.returncode == 0, result.stdout + result.stderr
        facts = [line[5:].split("=", 1) for line in result.stdout.splitlines() if line.startswith("FACT ")]
        return dict(facts)

    return run_in_box


def test_the_unit_starts_when_it_is_ready_and_stops_cleanly(box, tmp_path):
    facts = box(r"""
start
fact active "$(shown ActiveState)"
fact status "$(shown StatusText)"
fact type "$(shown Type)"
systemctl stop deadlined
fact after "$(shown ActiveState)/$(shown Result)/$(shown ExecMainStatus)"
""", tmp_path)
    assert facts["active"] == "active" and facts["type"] == "notify" and facts["status"]
    assert facts["after"] == "inactive/success/0"


def test_it_runs_under_a_dynamic_user_and_keeps_its_state_folder(box, tmp_path):
    facts = box(r"""
start
pid=$(shown MainPID)
fact uid "$(awk '/^Uid:/ {print $2}' /proc/$pid/status)"
fact privileges "$(awk '/^(NoNewPrivs|CapBnd|Seccomp):/ {printf "%s%s ", $1, $2}' /proc/$pid/status)"
fact state "$(readlink /var/lib/deadlined) $(stat -L -c %a /var/lib/deadlined)"
fact files "$(stat -c %a /var/lib/deadlined/deadlined.sqlite)"
printf 'id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n' >/run/people.csv
deadlinectl import /run/people.csv
systemctl restart deadlined
fact kept "$(deadlinectl people --json)"
# As root through deadlinectl, and the daemon can still write afterwards.
minute=$(TZ=Asia/Sakhalin date +%Y-%m-%dT%H:%M)
deadlinectl add 'From root' --uid root --when "$minute" --people desk
due_now
until_true 'a mail in the state folder' sh -c 'find -L /var/lib/deadlined/mail -path "*/new/*" -type f | grep -q .'
""", tmp_path)
    assert 61184 <= int(facts["uid"]) <= 65519, "the range of dynamic users"
    assert sorted(facts["privileges"].split()) == ["CapBnd:0000000000000000", "NoNewPrivs:1", "Seccomp:2"]
    assert facts["state"] == "private/deadlined 700" and facts["files"] == "600"
    assert json.loads(facts["kept"])["id"] == "desk"


def test_a_test_message_of_root_does_not_lock_the_daemon_out(box, tmp_path):
    facts = box(r"""
printf 'id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n' >/run/people.csv
start
deadlinectl import /run/people.csv
deadlinectl test email --to desk@example.org
fact tests "$(find -L /var/lib/deadlined/mail -path '*/new/*' -type f | wc -l)"
minute=$(TZ=Asia/Sakhalin date +%Y-%m-%dT%H:%M)
deadlinectl add 'After the test' --uid after --when "$minute" --people desk
due_now
until_true 'the reminder' sh -c '[ "$(find -L /var/lib/deadlined/mail -path "*/new/*" -type f | wc -l)" = 2 ]'
fact owners "$(find -L /var/lib/deadlined/mail -printf '%U\n' | sort -u | wc -l)"
""", tmp_path)
    assert facts == {"tests": "1", "owners": "1"}


def test_a_static_account_takes_over_the_state(box, tmp_path):
    facts = box(r"""
start
deadlinectl add Kept --when 2031-06 --uid kept
systemctl stop deadlined
systemd-sysusers
start
fact same "$(id -u deadlined)=$(awk '/^Uid:/ {print $2}' /proc/$(shown MainPID)/status)"
fact kept "$(deadlinectl show kept --json)"
deadlinectl done kept
""", tmp_path)
    account, running = facts["same"].split("=")
    assert account == running and json.loads(facts["kept"])["title"] == "Kept"


def test_reload_ends_active_and_keeps_what_works(box, tmp_path):
    facts = box(r"""
start
pid=$(shown MainPID)
systemctl reload deadlined
until_true 'the end of the reload' is_active
sed -i 's/^remind.*/remind = 30 before start/' /etc/deadlined/deadlined.ini
systemctl reload deadlined || true
until_true 'the error in the journal' journal_has '/etc/deadlined/deadlined.ini:[0-9]+: '
until_true 'the end of the refused reload' is_active
fact same "$([ "$pid" = "$(shown MainPID)" ] && echo yes)"
""", tmp_path)
    assert facts == {"same": "yes"}


def test_a_hanging_daemon_is_restarted_by_the_watchdog(box, tmp_path):
    facts = box(r"""
setting WatchdogSec=4s TimeoutAbortSec=1s RestartSec=100ms
start
pid=$(shown MainPID)
kill -STOP "$pid"
until_true 'a new process' is_new "$pid"
fact restarts "$(shown NRestarts)"
until_true 'the reason in the journal' journal_has 'Watchdog timeout'
""", tmp_path)
    assert int(facts["restarts"]) >= 1


def test_a_working_daemon_is_not_restarted_by_the_watchdog(box, tmp_path):
    facts = box(r"""
setting WatchdogSec=8s
start
pid=$(shown MainPID)
# For longer than that: the time-stamp of the last ping, which comes twice as often, moves on.
for i in 1 2 3; do
    last=$(shown WatchdogTimestampMonotonic)
    is_fed() { [ "$(shown WatchdogTimestampMonotonic)" -gt "$last" ]; }
    until_true 'a ping' is_fed
done
fact same "$([ "$pid" = "$(shown MainPID)" ] && echo yes)"
""", tmp_path)
    assert facts == {"same": "yes"}


def test_a_killed_daemon_comes_back_and_sends_what_was_due(box, tmp_path):
    facts = box(r"""
setting RestartSec=100ms
printf 'id,name,language,zone,email\ndesk,Desk,en,Asia/Sakhalin,desk@example.org\n' >/run/people.csv
start
deadlinectl import /run/people.csv
pid=$(shown MainPID)
kill -9 "$pid"
minute=$(TZ=Asia/Sakhalin date +%Y-%m-%dT%H:%M)
deadlinectl add 'While it was down' --uid down --when "$minute" --people desk
due_now
until_true 'a new process' is_new "$pid"
until_true 'the mail' sh -c 'find -L /var/lib/deadlined/mail -path "*/new/*" -type f | grep -q .'
fact restarts "$(shown NRestarts)"
fact mails "$(find -L /var/lib/deadlined/mail -path '*/new/*' -type f | wc -l)"
""", tmp_path)
    assert facts == {"restarts": "1", "mails": "1"}


def test_secrets_come_as_credentials(box, tmp_path):
    """The folder is closed to the daemon; what it gets is systemd's copy, which nobody else can read."""
    facts = box(r"""
cat >>/etc/deadlined/deadlined.ini <<'INI'

[channel relay]
type = smtp
url = smtp://127.0.0.1:25
from = office@example.org
tls = required
username = office
password = credential:relay
INI
systemctl start --no-block deadlined
until_true 'the missing secret in the journal' journal_has 'relay'
until_true 'the end of the start' sh -c '[ "$(systemctl show -P ActiveState deadlined)" = failed ]'
fact without "$(shown ExecMainStatus) $(shown NRestarts)"
echo correct-horse >/etc/deadlined/secrets/relay
chmod 600 /etc/deadlined/secrets/relay
start
fact with "$(shown ActiveState)"
pid=$(shown MainPID)
fact copy "$(ls /run/credentials/deadlined.service) $(stat -c %a /run/credentials/deadlined.service/secrets_relay)"
fact told "$(journalctl --no-pager | grep -c correct-horse || true)$(tr '\0' ' ' </proc/$pid/cmdline | grep -c correct-horse || true)"
""", tmp_path)
    assert facts["without"] == "78 0", "a wrong configuration is not tried again and again"
    assert facts["with"] == "active" and facts["copy"] == "secrets_relay 400" and facts["told"] == "00"


def test_the_sandbox_lets_it_speak_smtp(box, tmp_path):
    """A test of the system call filter and the address families: connecting, and being refused, as in real life."""
    facts = box(r"""
cat >>/etc/deadlined/deadlined.ini <<'INI'

[channel relay]
type = smtp
url = smtp://localhost:1
from = office@example.org
tls = off

[policy relay]
remind = 0m before start
channels = relay
INI
printf 'id,name,language,zone,relay\ndesk,Desk,zh,Asia/Shanghai,desk@example.org\n' >/run/people.csv
start
deadlinectl import /run/people.csv
minute=$(TZ=Asia/Sakhalin date +%Y-%m-%dT%H:%M)
deadlinectl add 'Refused' --uid refused --when "$minute" --people desk --policy relay
due_now
was_tried() { deadlinectl queue --json | grep -q '"attempts": *1'; }
until_true 'an attempt' was_tried
fact state "$(sql 'SELECT state FROM message')"
fact active "$(shown ActiveState)/$(shown NRestarts)"
fact audit "$(journalctl -u deadlined --no-pager -o cat | grep -E 'SECCOMP|not permitted' || true)"
""", tmp_path)
    assert facts == {"state": "pending", "active": "active/0", "audit": ""}


def test_a_program_runs_in_the_sandbox_once_the_unit_names_it(box, tmp_path):
    facts = box(r"""
cat >/usr/local/bin/pager <<'SH'
#!/bin/sh
cat >/var/lib/deadlined/paged || exit 75
touch /etc/paged /usr/local/bin/paged 2>/dev/null
id -u >>/var/lib/deadlined/paged
/usr/bin/env true >>/var/lib/deadlined/paged 2>&1
exit 0
SH
chmod 755 /usr/local/bin/pager
cat >>/etc/deadlined/deadlined.ini <<'INI'

[channel pager]
type = pipe
command = /usr/local/bin/pager

[policy pager]
remind = 0m before start
channels = pager
INI
deadlined --check >/dev/null
fact started "$(systemctl start deadlined 2>/dev/null && echo yes || echo no)"
until_true 'the reason in the journal' journal_has 'ExecPaths= must name it'
setting 'ExecPaths=/usr/local/bin/pager /usr/bin/dash /usr/bin/cat /usr/bin/id'
systemctl reset-failed deadlined
printf 'id,name,language,zone,pager\ndesk,Desk,en,Asia/Shanghai,desk\n' >/run/people.csv
start
deadlinectl import /run/people.csv
minute=$(TZ=Asia/Sakhalin date +%Y-%m-%dT%H:%M)
deadlinectl add 'Paged' --uid paged --when "$minute" --people desk --policy pager
due_now
was_sent() { deadlinectl queue --json | grep -q '"state": *"sent"'; }
until_true 'the message was sent' was_sent
fact title "$(head -n 1 /var/lib/deadlined/paged)"
fact user "$(grep -cxE "6[1-5][0-9]{3}" /var/lib/deadlined/paged)"
fact env "$(grep -c 'env' /var/lib/deadlined/paged)"
fact outside "$(ls /etc/paged /usr/local/bin/paged 2>/dev/null | wc -l)"
""", tmp_path)
    assert facts == {"started": "no", "title": "Paged", "user": "1", "env": "1", "outside": "0"}


def test_a_fresh_installation_can_be_started_after_editing_nothing(box, tmp_path):
    """What is shipped passes its own check, as installed."""
    facts = box(r"""
rm /etc/deadlined/deadlined.ini
tests/lib/install.sh "$2" "" /usr /etc
deadlined --check && fact check good
echo '# mine' >>/etc/deadlined/deadlined.ini
tests/lib/install.sh "$2" "" /usr /etc
tail -n 1 /etc/deadlined/deadlined.ini | grep -q mine && fact kept yes
fact secrets "$(stat -c '%a %U' /etc/deadlined/secrets)"
""", tmp_path)
    assert facts == {"check": "good", "kept": "yes", "secrets": "700 root"}


def test_another_prefix_is_followed_everywhere(tmp_path):
    result = run(LIB / "install.sh", BUILD, tmp_path, "/opt/office", "/opt/office/etc", cwd=ROOT)
    assert result.returncode == 0, result.stderr
    unit = (tmp_path / "opt/office/lib/systemd/system/deadlined.service").read_text()
    assert "ExecStart=/opt/office/bin/deadlined\n" in unit and "secrets:/opt/office/etc/deadlined/secrets\n" in unit
    assert "/usr/bin/deadlined" not in unit and "=/etc/deadlined" not in unit
    assert (tmp_path / "opt/office/bin/deadlined").exists()
    assert (tmp_path / "opt/office/etc/deadlined/secrets").stat().st_mode & 0o777 == 0o700


def test_what_was_installed_goes_and_nothing_else(tmp_path):
    mine = ["etc/deadlined/deadlined.ini", "etc/deadlined/secrets/smtp-password", "usr/share/deadlined/templates/fr/own.mustache"]
    assert run(LIB / "install.sh", BUILD, tmp_path, "/usr", "/etc", cwd=ROOT).returncode == 0
    for name in mine[1:]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    assert (tmp_path / "usr/share/deadlined/examples/reminder.json").exists()
    assert not (tmp_path / "usr/share/deadlined/examples/demo.ini").exists(), "it has names that only make demo fills in"
    result = run(LIB / "uninstall.sh", tmp_path, "/usr", "/etc", cwd=ROOT)
    assert result.returncode == 0, result.stderr
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == mine
    assert not (tmp_path / "usr/share/deadlined/messengers").exists()
