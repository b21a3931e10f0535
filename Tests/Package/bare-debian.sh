#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bare-debian.sh PACKAGE DIRECTORY: installs the Debian package into a bare Debian 12 that has what the package depends
# on and no Swift, runs the programs there, upgrades, removes and purges it; purging leaves what was there before.
# Works below DIRECTORY only; needs root.
set -eu
. "$(dirname "$0")/root.sh"

package=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
root=$work/bare

step() {
    echo "bare Debian: $*"
}

fail() {
    echo "bare Debian: FAILED: $*" >&2
    exit 1
}

# A network, processes and mounts of its own for each command; they are gone with it.
inside() {
    unshare --mount --net --pid --fork --kill-child sh -ec '
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        ip link set lo up
        root=$1
        shift
        exec chroot "$root" /usr/bin/env -i \
            PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
    ' inside "$root" "$@"
}

# What there is, with the contents of what a package may change; without dpkg's own books and users, which stay.
listing() {
    (cd "$root" && find . -xdev \
        \( -path ./proc -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o \
        -printf '%y %m %p\n' | grep -v -E ' \./etc/(passwd|group|shadow|gshadow)-?$' | sort)
    (cd "$root" && find etc -xdev -type f ! -name 'passwd*' ! -name 'group*' ! -name '*shadow*' -exec md5sum {} + |
        sort -k 2)
}

trap 'rm -rf "$root" "$work/before" "$work/after"' EXIT
trap 'exit 1' INT TERM HUP
debian_root "$root" "$work" "$(dependencies "$package"),nftables"
cp "$package" "$root/neti.deb"
listing >"$work/before"

step "installs"
inside dpkg -i /neti.deb >"$work/dpkg.log" 2>&1 || fail "dpkg -i: $(cat "$work/dpkg.log")"
! inside sh -c 'command -v swift' || fail "Swift is there"
inside getent passwd neti >/dev/null || fail "no user neti"
inside getent group neti >/dev/null || fail "no group neti"
[ -L "$root/etc/systemd/system/multi-user.target.wants/neti.service" ] || fail "the service isn't enabled"
for file in /etc/neti/neti.toml /etc/neti/ipf.conf; do
    inside dpkg-query -W -f '${Conffiles}' neti | grep -q " $file " || fail "$file is no conffile"
done

for page in man8/neti-daemon.8 man8/neti-ctl.8 man8/neti-ctl-hook-list.8 man5/neti.toml.5 man5/ipf.conf.5; do
    [ -s "$root/usr/share/man/$page.gz" ] || fail "$page is missing"
done

step "programs run"
version=$(dpkg-deb -f "$package" Version)
for program in neti-daemon neti-ctl; do
    ! inside ldd "/usr/sbin/$program" | grep 'not found' || fail "$program lacks libraries"
    ! readelf -d "$root/usr/sbin/$program" | grep -E 'RPATH|RUNPATH' ||
        fail "$program looks for libraries in odd places"
    inside bash -n "/usr/share/bash-completion/completions/$program" || fail "bash can't read the completions"
done
[ "$(inside neti-daemon --version)" = "$version" ] || fail "the version isn't $version"
for file in /etc/neti/neti.toml /usr/share/doc/neti/examples/neti.toml; do
    inside neti-daemon --check-config "$file" || fail "$file is refused"
done
inside sh -ec '
    mkdir -p /run/neti
    neti-daemon & daemon=$!
    for try in $(seq 100); do
        ! neti-ctl status >/run/status 2>&1 || break
        sleep 0.1
    done
    cat /run/status
    [ "$(stat -c %G /run/neti/neti.sock)" = neti ]
    kill $daemon
    wait $daemon
    rm -r /run/status /run/neti
' >"$work/run.log" 2>&1 || fail "the daemon: $(cat "$work/run.log")"
grep -q '^configuration *//*etc/neti/neti.toml' "$work/run.log" || fail "the status: $(cat "$work/run.log")"

step "an upgrade keeps what an administrator changed"
echo '# mine' >>"$root/etc/neti/neti.toml"
inside dpkg -i /neti.deb >"$work/dpkg.log" 2>&1 || fail "dpkg -i: $(cat "$work/dpkg.log")"
grep -q '^# mine' "$root/etc/neti/neti.toml" || fail "the configuration was overwritten"

step "removing keeps the configuration, and opens what is closed"
inside sh -ec '
    mkdir -p /run/neti
    printf "%s\n" "[[instance]]" "name = \"global\"" "on-exit = \"closed\"" "[[instance.hook]]" "name = \"filter\"" \
        "module = \"ipf\"" "events = [\"PHYSICAL_IN\"]" "rules = \"/etc/neti/ipf.conf\"" >/run/neti/neti.toml
    neti-daemon --config /run/neti/neti.toml & daemon=$!
    for try in $(seq 100); do
        ! nft list table ip neti | grep -q PHYSICAL_IN || break
        sleep 0.1
    done
    kill -9 $daemon
    # Until it is gone for good the rules are its own.
    wait $daemon || true
    nft list table ip neti | grep -q PHYSICAL_IN
    nft add table ip mine
    dpkg -r neti
    rm -r /run/neti
    [ "$(nft list tables)" = "table ip mine" ]
' >"$work/dpkg.log" 2>&1 || fail "dpkg -r: $(cat "$work/dpkg.log")"
[ ! -e "$root/usr/sbin/neti-daemon" ] || fail "the daemon is still there"
grep -q '^# mine' "$root/etc/neti/neti.toml" || fail "the configuration is gone"

step "purging leaves nothing"
inside dpkg -i /neti.deb >"$work/dpkg.log" 2>&1 || fail "dpkg -i: $(cat "$work/dpkg.log")"
mkdir -p "$root/var/lib/neti"
echo state >"$root/var/lib/neti/kstats"
inside dpkg -P neti >"$work/dpkg.log" 2>&1 || fail "dpkg -P: $(cat "$work/dpkg.log")"
listing >"$work/after"
diff "$work/before" "$work/after" || fail "these differ from before"
