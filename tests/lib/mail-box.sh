#!/bin/bash
# mail-box.sh start|stop|env DIR
#
# A private Postfix and Dovecot on high loopback ports, with everything they own under DIR (at most 60 characters, for
# the sake of Unix sockets). The machine's own /etc/postfix, /etc/dovecot and queues are not touched, and no mail leaves
# loopback. Needs root and the packages postfix, dovecot-imapd, dovecot-lmtpd and openssl. Ports are MAILBOX_BASE (2500)
# and:
#   +25 SMTP with STARTTLS, AUTH not required    +87 submission: STARTTLS and AUTH required
#   +65 SMTP over TLS, AUTH required             +43 IMAP with STARTTLS    +93 IMAP over TLS
# Accounts are alice, bob and carol, with the passwords alice-pw, bob-pw and carol-pw. The certificate names localhost,
# mail.deadlined.test and 127.0.0.1 and is signed by DIR/tls/ca.pem.
#
# Mail to NAME@deadlined.test ends in DIR/maildir/NAME/new, except for these names, which answer RCPT with:
#   grey 450   busy 451   quota 452   reject 550   policy 554   shut 421 and closes
# and bounce, which is accepted first and then comes back to the envelope sender as a delivery status notification.
set -u

command=${1-}
dir=$(realpath -m "${2:?usage: mail-box.sh start|stop|env DIR}")
base=${MAILBOX_BASE:-2500}
port_smtp=$((base + 25)) port_submission=$((base + 87)) port_smtps=$((base + 65))
port_imap=$((base + 43)) port_imaps=$((base + 93)) port_auth=$((base + 12)) port_lmtp=$((base + 24))

die() {
    echo "mail-box: $*" >&2
    exit 1
}

is_alive() {
    [ -s "$1" ] && kill -0 "$(tr -d ' \n' <"$1")" 2>/dev/null
}

stop() {
    local pid_file
    for pid_file in "$dir/postfix/queue/pid/master.pid" "$dir/dovecot/run/master.pid"; do
        is_alive "$pid_file" || continue
        kill -TERM "$(tr -d ' \n' <"$pid_file")"
        for _ in $(seq 600); do
            is_alive "$pid_file" || break
            sleep 0.1
        done
        is_alive "$pid_file" && die "process of $pid_file does not end"
    done
    return 0
}

print_env() {
    echo "SMTP_PORT=$port_smtp SUBMISSION_PORT=$port_submission SMTPS_PORT=$port_smtps IMAP_PORT=$port_imap" \
        "IMAPS_PORT=$port_imaps CA=$dir/tls/ca.pem MAILDIR=$dir/maildir LOG=$dir/log/postfix.log"
}

make_certificates() {
    mkdir -p "$dir/tls" && cd "$dir/tls" || return 1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=deadlined test CA" \
        -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=mail.deadlined.test" \
            -keyout server.key -out server.csr &&
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out server.pem \
            -extfile <(echo "subjectAltName=DNS:localhost,DNS:mail.deadlined.test,IP:127.0.0.1"
                echo "extendedKeyUsage=serverAuth"
                echo "basicConstraints=CA:FALSE") &&
        chmod 644 ca.pem server.pem && cd "$OLDPWD" || return 1
}

configure_postfix() {
    local etc=$dir/postfix/etc
    mkdir -p "$etc" "$dir"/postfix/{queue,data} && chown postfix "$dir/postfix/data" || return 1
    cat >"$etc/main.cf" <<MAIN
compatibility_level = 3.6
queue_directory = $dir/postfix/queue
data_directory = $dir/postfix/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = $dir
maillog_file = $dir/log/postfix.log
myhostname = mail.deadlined.test
mydomain = deadlined.test
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = error:5.1.2 only deadlined.test here
relay_transport = error:5.1.2 only deadlined.test here
virtual_mailbox_domains = deadlined.test
virtual_mailbox_maps = static:any
# Through Dovecot, because Postfix's own virtual(8) cannot make a folder per name.
virtual_transport = lmtp:inet:127.0.0.1:$port_lmtp
lmtp_host_lookup = native
transport_maps = regexp:$etc/transport
recipient_delimiter = +
smtpd_relay_restrictions =
smtpd_recipient_restrictions = check_recipient_access regexp:$etc/recipients, reject_unauth_destination
smtpd_tls_cert_file = $dir/tls/server.pem
smtpd_tls_key_file = $dir/tls/server.key
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_session_cache_database =
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:$port_auth
# Tests provoke errors and open many connections on purpose.
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
message_size_limit = 1048576
enable_long_queue_ids = yes
biff = no
MAIN
    cat >"$etc/recipients" <<'RECIPIENTS'
/^grey@/   450 4.7.1 greylisted, try again later
/^busy@/   451 4.3.0 temporary local problem
/^quota@/  452 4.2.2 mailbox full
/^reject@/ 550 5.1.1 no such user
/^policy@/ 554 5.7.1 rejected by policy
/^shut@/   421 4.3.2 shutting down
RECIPIENTS
    echo '/^bounce@/ no-such-user:' >"$etc/transport"
    cat >"$etc/master.cf" <<MASTER
127.0.0.1:$port_smtp inet n - n - - smtpd
127.0.0.1:$port_submission inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:$port_smtps inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
no-such-user unix - n n - - pipe flags=q user=nobody argv=/bin/sh -c {exit 67}
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
MASTER
}

configure_dovecot() {
    local uid gid user
    uid=$(id -u mail) gid=$(id -g mail)
    mkdir -p "$dir"/dovecot/{run,state} "$dir/maildir" && chown "$uid:$gid" "$dir/maildir" || return 1
    for user in alice bob carol; do echo "$user:{PLAIN}$user-pw"; done >"$dir/dovecot/passwd"
    cat >"$dir/dovecot/dovecot.conf" <<CONF
base_dir = $dir/dovecot/run
state_dir = $dir/dovecot/state
instance_name = deadlined-test-$base
protocols = imap lmtp
listen = 127.0.0.1
log_path = $dir/log/dovecot.log
ssl = yes
ssl_cert = <$dir/tls/server.pem
ssl_key = <$dir/tls/server.key
auth_mechanisms = plain login
auth_failure_delay = 0
disable_plaintext_auth = no
mail_location = maildir:$dir/maildir/%n
recipient_delimiter = +
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n $dir/dovecot/passwd
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$dir/maildir/%n allow_all_users=yes
}
service imap-login {
  inet_listener imap {
    port = $port_imap
  }
  inet_listener imaps {
    port = $port_imaps
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port_lmtp
  }
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = $port_auth
  }
}
service stats {
  chroot =
}
protocol lmtp {
  auth_username_format = %Ln
  postmaster_address = postmaster@deadlined.test
}
namespace inbox {
  inbox = yes
}
CONF
}

wait_for_ports() {
    local port
    for port in $port_smtp $port_submission $port_smtps $port_imap $port_imaps $port_lmtp; do
        for _ in $(seq 600); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
            sleep 0.1
        done
        return 1
    done
}

start() {
    local tool
    for tool in postfix dovecot openssl; do
        command -v $tool >/dev/null || die "$tool is missing"
    done
    [ ${#dir} -le 60 ] || die "$dir is too long for Unix sockets"
    mkdir -p "$dir/log" || die "cannot make $dir"
    make_certificates >"$dir/log/openssl.log" 2>&1 || die "no certificates: $(cat "$dir/log/openssl.log")"
    configure_postfix || die "cannot configure Postfix under $dir"
    configure_dovecot || die "cannot configure Dovecot under $dir"
    chmod 755 "$dir" "$dir"/{log,tls,postfix,postfix/*,dovecot,dovecot/*}
    chmod 644 "$dir/dovecot/passwd" "$dir/dovecot/dovecot.conf"
    # Redirected, or whoever reads our output would wait for the servers to end.
    dovecot -c "$dir/dovecot/dovecot.conf" >"$dir/log/start.log" 2>&1 ||
        die "Dovecot does not start: $(tail -n 5 "$dir"/log/*)"
    trap stop EXIT
    postfix -c "$dir/postfix/etc" start >>"$dir/log/start.log" 2>&1 ||
        die "Postfix does not start: $(tail -n 5 "$dir"/log/*)"
    wait_for_ports || die "ports did not open: $(tail -n 5 "$dir"/log/*)"
    trap - EXIT
    print_env
}

case $command in
start) start ;;
stop) stop ;;
env) print_env ;;
*) echo "usage: mail-box.sh start|stop|env DIR" >&2; exit 64 ;;
esac
