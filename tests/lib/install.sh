#!/bin/bash
# install.sh BUILD DESTDIR PREFIX SYSCONFDIR   puts programs, manual, data and the systemd unit where they belong.
# Never touches a configuration that is already there.
set -eu
[ $# = 4 ] || { echo "usage: install.sh BUILD DESTDIR PREFIX SYSCONFDIR" >&2; exit 64; }
build=$1 root=$2 prefix=$3 etc=$4/deadlined

for program in deadlined deadlinectl; do
    install -D -m 755 "$build/$program" "$root$prefix/bin/$program"
done

for page in man/*.[158]; do
    [ -e "$page" ] || continue
    install -D -m 644 "$page" "$root$prefix/share/man/man${page##*.}/${page##*/}"
done

for folder in templates messengers calendars examples; do
    [ -d "config/$folder" ] || continue
    while IFS= read -r file; do
        install -D -m 644 "$file" "$root$prefix/share/deadlined/${file#config/}"
    done < <(find "config/$folder" -type f ! -name '*.sh' ! -name demo.ini)  # both are make demo's
done

# Secrets are read by systemd (as root) and handed to the daemon; nobody else needs to look in.
install -d -m 755 "$root$etc"
install -d -m 700 "$root$etc/secrets"
[ -e "$root$etc/deadlined.ini" ] || install -m 644 config/deadlined.ini "$root$etc/deadlined.ini"

# A unit has absolute paths only, and they follow PREFIX and SYSCONFDIR.
unit=$root$prefix/lib/systemd/system/deadlined.service
install -D -m 644 systemd/deadlined.service "$unit"
sed -i -e "s|/usr/bin/deadlined|$prefix/bin/deadlined|g" -e "s|/etc/deadlined|$etc|g" "$unit"
install -D -m 644 systemd/sysusers.d/deadlined.conf "$root$prefix/lib/sysusers.d/deadlined.conf"
install -D -m 644 systemd/tmpfiles.d/deadlined.conf "$root$prefix/lib/tmpfiles.d/deadlined.conf"
sed -i -e "s|/etc/deadlined|$etc|g" "$root$prefix/lib/tmpfiles.d/deadlined.conf"
