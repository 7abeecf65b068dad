#!/bin/bash
# postfix.sh start|stop DIR PORT   a private Postfix on a loopback port, with everything it owns under DIR: it takes mail
# for any address into its queue, as any Postfix does, and then discards it. Needs root. Its log is DIR/log/postfix.log.
set -u

command=${1-} dir=$(realpath -m "${2:?usage: postfix.sh start|stop DIR PORT}") port=${3:?}
etc=$dir/etc

start() {
    mkdir -p "$etc" "$dir"/{queue,data,log} && chown postfix "$dir/data" && chmod 755 "$dir" "$dir"/* || return 1
    cat >"$etc/main.cf" <<MAIN
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = $dir
maillog_file = $dir/log/postfix.log
myhostname = mail.deadlined.test
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = discard
relay_transport = discard
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
default_process_limit = 100
enable_long_queue_ids = yes
biff = no
MAIN
    cat >"$etc/master.cf" <<MASTER
127.0.0.1:$port inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
MASTER
    # Redirected, or whoever reads our output would wait for the servers to end.
    postfix -c "$etc" start >"$dir/log/start.log" 2>&1 || { cat "$dir/log/start.log" >&2; return 1; }
}

case $command in
start) start ;;
stop) postfix -c "$etc" stop >"$dir/log/stop.log" 2>&1 ;;
*) echo "usage: postfix.sh start|stop DIR PORT" >&2; exit 64 ;;
esac
