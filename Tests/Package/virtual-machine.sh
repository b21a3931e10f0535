#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# virtual-machine.sh PACKAGE DIRECTORY: boots Debian 12 with Debian's own kernel and the package installed, in QEMU
# without hardware virtualisation; there the checks of guest/checks run, and the machine is switched off.
# Works below DIRECTORY only; needs root. The whole takes less than five minutes, or fails; NETI_VM_SECONDS gives it
# more on a machine that does other things meanwhile.
set -eu
here=$(dirname "$(realpath "$0")")
. "$here/root.sh"

package=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
root=$work/machine
start=$(date +%s)

fail() {
    echo "virtual machine: FAILED: $*" >&2
    [ ! -e "$work/console" ] || { echo "its console:"; tail -n 60 "$work/console"; } >&2
    exit 1
}

trap 'rm -rf "$root" "$work/initrd"' EXIT
trap 'exit 1' INT TERM HUP
rm -f "$work/console" "$work/results"

# The kernel that Debian installs on such machines, as its package has it.
newest_kernel() {
    apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: *//p' | head -n 1
}

kernel=$(newest_kernel)
if [ -z "$kernel" ] || [ ! -e "$work/${kernel#linux-image-}/vmlinuz" ]; then
    # Old lists name packages that are no longer there.
    apt-get update -qq
    kernel=$(newest_kernel)
fi
version=${kernel#linux-image-}
if [ ! -e "$work/$version/vmlinuz" ]; then
    rm -rf "$work/$version"
    mkdir -p "$work/$version/new"
    (cd "$work/$version" && apt-get download -qq -o APT::Sandbox::User=root "$kernel" &&
        dpkg-deb --fsys-tarfile ./*.deb | tar -x -C new --wildcards './boot/vmlinuz*' './lib/modules/*/modules.*' \
            './lib/modules/*/kernel/net' './lib/modules/*/kernel/lib' './lib/modules/*/kernel/crypto' \
            './lib/modules/*/kernel/drivers/net/veth.ko')
    rm "$work/$version"/*.deb
    mv "$work/$version/new/lib" "$work/$version/lib"
    mv "$work/$version"/new/boot/vmlinuz* "$work/$version/vmlinuz"
    rm -r "$work/$version/new"
fi

debian_root "$root" "$work" \
    "$(dependencies "$package"),systemd-sysv,udev,kmod,procps,iproute2,iputils-ping,nftables,socat"
rm -rf "$root"/usr/share/doc "$root"/usr/share/locale "$root"/usr/share/man "$root"/var/cache/apt "$root"/var/lib/apt
cp -r "$work/$version/lib/modules" "$root/usr/lib/"
chroot "$root" depmod "$version"
cp "$package" "$root/neti.deb"
chroot "$root" dpkg -i /neti.deb >"$work/dpkg.log" 2>&1 || fail "dpkg -i: $(cat "$work/dpkg.log")"
rm "$root/neti.deb"
install -m 644 "$here"/guest/neti.toml "$here"/guest/guest.conf "$here"/guest/far.conf "$root/etc/neti/"
install -D -m 644 "$here/guest/stopped.conf" "$root/etc/systemd/system/neti.service.d/stopped.conf"
install -m 644 "$here/guest/checks.service" "$root/etc/systemd/system/checks.service"
install -m 755 "$here/guest/checks" "$root/checks"
chroot "$root" systemctl --quiet enable checks.service
(cd "$root" && find . -xdev -print0 | cpio --quiet --null -o -H newc | gzip -1) >"$work/initrd"

status=0
timeout "$((${NETI_VM_SECONDS:-295} - $(date +%s) + start))" \
    qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 2G -nic none \
    -vga none -display none -monitor none -no-reboot -serial "file:$work/console" -serial "file:$work/results" \
    -kernel "$work/$version/vmlinuz" -initrd "$work/initrd" \
    -append 'console=ttyS0 rdinit=/sbin/init panic=-1 quiet systemd.mask=serial-getty@ttyS0.service' \
    </dev/null || status=$?

sed -i 's/\r$//' "$work/results"
cat "$work/results"
[ "$status" = 0 ] || fail "QEMU ended with status $status"
! grep '^FAILED' "$work/results" >/dev/null || fail "see above"
grep -q "^ok $(sed -n 's/^check "\([^"]*\)".*/\1/p' "$here/guest/checks" | tail -n 1)" "$work/results" ||
    fail "the checks broke off"
grep -q '^stopped: success exited 0$' "$work/results" || fail "the service didn't end as it should"
[ "$(grep '^stopped: ' "$work/results" | grep -c -v ': success exited 0$')" = 0 ] || fail "the service went badly"
[ "$(tail -n 1 "$work/results")" = "stopped: success exited 0" ] || fail "the shutdown wasn't orderly"
echo "virtual machine: all well in $(($(date +%s) - start)) s"
