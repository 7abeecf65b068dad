#!/bin/bash
# systemd-box.sh [--bind=DIR] [--timeout=SECONDS] SCRIPT [ARGUMENT...]
#
# Boots a real systemd as PID 1 of a throw-away container, runs SCRIPT in it as root and powers it off. The container's
# root is an overlay over this machine's: everything installed is in it, nothing written in it stays. It has a private
# network with only loopback. --bind makes a folder visible at its own path, read-only (needed when it lies on another
# file system than /). Needs root, the packages systemd-container and dbus, and takes about a second.
#
# Exit status: SCRIPT's; 124 it took too long; 125 the box could not be made; 126 it did not boot.
set -u

usage() {
    echo "usage: systemd-box.sh [--bind=DIR] [--timeout=SECONDS] SCRIPT [ARGUMENT...]" >&2
    exit 125
}

limit=360
binds=()
while :; do
    case ${1-} in
    --bind=*) binds+=("--bind-ro=${1#*=}") ;;
    --timeout=*) limit=${1#*=} ;;
    -*) usage ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || usage
script=$(readlink -f "$1")
shift
[ -f "$script" ] || { echo "systemd-box: no script $script" >&2; exit 125; }
command -v systemd-nspawn >/dev/null || { echo "systemd-box: needs the package systemd-container" >&2; exit 125; }

base=$(mktemp -d /var/tmp/systemd-box.XXXXXX) || exit 125
root=$base/root
name=box-$$
log=$base.log
nspawn_pid=
leader=
own_cgroups=

# SIGTERM to nspawn is an orderly power-off of the box.
cleanup() {
    if [ -n "$nspawn_pid" ] && kill -TERM "$nspawn_pid" 2>/dev/null; then
        for _ in $(seq 100); do
            kill -0 "$nspawn_pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$nspawn_pid" 2>/dev/null
        wait "$nspawn_pid" 2>/dev/null
    fi
    [ -z "$own_cgroups" ] || umount /sys/fs/cgroup
    umount "$root" 2>/dev/null || umount -l "$root" 2>/dev/null
    umount "$base" 2>/dev/null || umount -l "$base" 2>/dev/null
    rmdir "$base" "/run/systemd/nspawn/propagate/$name" 2>/dev/null
    rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# systemd-nspawn refuses to boot from / itself, hence the overlay.
make_root() {
    mount -t tmpfs -o size=2g,mode=755 tmpfs "$base" && mkdir "$base"/{upper,work,root} &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root" || return 1
    # An empty machine-id would mean "first boot", which enables every unit there is.
    systemd-id128 new >"$root/etc/machine-id"
    rm -rf "$root/var/log/journal"
    mkdir -p "$root/var/log/journal"
    # This machine's own services and timers are not wanted in the box.
    rm -rf "$root"/etc/systemd/system/{multi-user,timers,sysinit,getty,sockets,network-online}.target.wants
    local unit
    for unit in apt-daily.timer apt-daily-upgrade.timer man-db.timer systemd-timesyncd.service getty.target; do
        ln -sfn /dev/null "$root/etc/systemd/system/$unit"
    done
    install -m 755 "$script" "$root/run-in-box"
}

# The leader, PID 1 of the box, is nspawn's child that executes systemd (in a chroot seen with a longer path).
find_leader() {
    local child children
    for _ in $(seq 1200); do
        kill -0 "$nspawn_pid" 2>/dev/null || return 1
        read -ra children <"/proc/$nspawn_pid/task/$nspawn_pid/children"
        for child in "${children[@]}"; do
            case $(readlink "/proc/$child/exe") in */usr/lib/systemd/systemd) leader=$child ;; esac
        done
        [ -z "$leader" ] || [ ! -S "/proc/$leader/root/run/systemd/private" ] || return 0
        sleep 0.05
    done
    return 1
}

in_box() {
    nsenter -t "$leader" -m -u -i -n -p -C -r -w -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/ LANG=C.UTF-8 TERM=dumb "$@"
}

# In a chroot nobody has mounted the control groups that systemd-nspawn needs.
if [ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" = sysfs ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup || { echo "systemd-box: no control groups" >&2; exit 125; }
    own_cgroups=yes
fi
make_root || { echo "systemd-box: cannot mount an overlay over /" >&2; exit 125; }

# Pure cgroup v2 is what Debian 12 runs. BPF is for IPAddressDeny=; without the clock right nothing in the box can set
# this machine's clock.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
systemd-nspawn -q -D "$root" -M "$name" --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
    --private-network --capability=CAP_BPF,CAP_PERFMON,CAP_NET_ADMIN --system-call-filter="bpf perf_event_open" \
    --drop-capability=CAP_SYS_TIME --console=pipe "${binds[@]}" --boot </dev/null >"$log" 2>&1 &
nspawn_pid=$!
find_leader || { echo "systemd-box: systemd did not come up:" >&2; cat "$log" >&2; exit 126; }

state=$(in_box timeout 120 systemctl is-system-running --wait 2>&1)
case $state in
running | degraded) ;;
*)
    echo "systemd-box: did not boot ($state)" >&2
    in_box journalctl -b --no-pager -n 40 >&2
    exit 126
    ;;
esac

# As a unit of the box and not by nsenter: what nsenter starts keeps this machine's capabilities.
in_box systemd-run --wait --pipe --quiet --collect --unit=run-in-box -p Type=exec -p KillMode=control-group \
    -E HOME=/ -E LANG=C.UTF-8 -E TERM=dumb -E SYSTEMD_PAGER=cat -E SYSTEMD_COLORS=0 --working-directory=/ \
    -- timeout -k 5 "$limit" /run-in-box "$@" </dev/null
