#!/bin/bash
# deps.sh build|check|lint|fuzz|analyze|bench|smoke   installs the Debian packages that building, testing, static checking,
# fuzzing, running under valgrind and ThreadSanitizer, measuring beside other programs, or trying the daemon against what
# npm brings needs.
# When all of them are there it does nothing, so it also works offline. Needs root or sudo only to install.
set -u

build_packages=(make gcc libc6-dev pkg-config libevent-dev libcurl4-openssl-dev libsqlite3-dev libinih-dev libical-dev
    libicu-dev libjansson-dev libidn2-dev libssl-dev ca-certificates tzdata)
check_packages=(libcmocka-dev python3 python3-dateutil python3-icalendar python3-pytest sqlite3 openssl procps postfix dovecot-imapd dovecot-lmtpd
    systemd systemd-container dbus spin strace faketime patch apprise mutt s-nail)
lint_packages=(clang clang-format clang-tidy cppcheck shellcheck mandoc systemd python3)
fuzz_packages=(clang libclang-rt-14-dev)
analyze_packages=(valgrind libc6-dbg)
bench_packages=(python3 postfix wrk prometheus-alertmanager remind sqlite3 gnuplot-nox valgrind libc6-dbg)

case ${1-} in
build) wanted=("${build_packages[@]}") ;;
check) wanted=("${build_packages[@]}" "${check_packages[@]}") ;;
lint) wanted=("${build_packages[@]}" "${check_packages[@]}" "${lint_packages[@]}") ;;
fuzz) wanted=("${build_packages[@]}" "${fuzz_packages[@]}") ;;
analyze) wanted=("${build_packages[@]}" "${check_packages[@]}" "${analyze_packages[@]}") ;;
bench) wanted=("${build_packages[@]}" "${bench_packages[@]}") ;;
smoke)
    wanted=("${build_packages[@]}" "${check_packages[@]}")
    command -v npm >/dev/null || wanted+=(nodejs npm)
    ;;
*) echo "usage: deps.sh build|check|lint|fuzz|analyze|bench|smoke" >&2; exit 64 ;;
esac

missing_of() {
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
    printf '%s\n' "$@" | grep -vxF -e "$installed" | sort -u
}

die() {
    echo "deps.sh: $*" >&2
    exit 1
}

# Debian starts a server as soon as it is installed. The tests start their own, so keep these (and, where no systemd
# runs, as in a container, everything) from being started now, and later at boot.
policy=/usr/sbin/policy-rc.d
keep_servers_down() {
    [ -e $policy ] && return
    "${as_root[@]}" tee $policy >/dev/null <<'POLICY' || die "cannot write $policy"
#!/bin/sh
case $1 in postfix* | dovecot* | prometheus-alertmanager*) exit 101 ;; esac
[ -d /run/systemd/system ] || exit 101
POLICY
    "${as_root[@]}" chmod 755 $policy
    trap '"${as_root[@]}" rm -f $policy' EXIT
}

disable_at_boot() {
    command -v systemctl >/dev/null || return 0
    case " ${missing[*]} " in *" postfix "*) "${as_root[@]}" systemctl --quiet disable postfix ;; esac
    case " ${missing[*]} " in *" dovecot-"*) "${as_root[@]}" systemctl --quiet disable dovecot ;; esac
    case " ${missing[*]} " in
    *" prometheus-alertmanager "*) "${as_root[@]}" systemctl --quiet disable prometheus-alertmanager ;;
    esac
} 2>/dev/null

command -v dpkg-query >/dev/null || die "this is no Debian: install by hand what provides ${wanted[*]}"
mapfile -t missing < <(missing_of "${wanted[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing packages: ${missing[*]}; run as root, or install sudo"
    as_root=(sudo)
fi

echo "installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=5)
keep_servers_down
"${apt[@]}" update || die "apt-get update failed (see above); missing packages: ${missing[*]}"
case " ${missing[*]} " in
*" postfix "*)
    # Set before the package is unpacked: no /etc/postfix/main.cf is written, and without one it never starts.
    echo 'postfix postfix/main_mailer_type select No configuration' | "${as_root[@]}" debconf-set-selections ||
        die "cannot tell debconf to leave Postfix unconfigured"
    ;;
esac
# --no-remove: a machine that already has another mail server keeps it.
"${apt[@]}" install -y --no-install-recommends --no-remove "${missing[@]}" ||
    die "apt-get could not install ${missing[*]} (see above)"
disable_at_boot
mapfile -t missing < <(missing_of "${wanted[@]}")
[ ${#missing[@]} = 0 ] || die "still missing after apt-get: ${missing[*]}"
