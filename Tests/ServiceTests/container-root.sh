#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# container-root.sh PACKAGE DIRECTORY: makes DIRECTORY/root, a Debian 12 with systemd and what the Debian package
# PACKAGE depends on, unless it is there from the last time. Needs root.
set -eu
. "$(dirname "$0")/../Package/root.sh"

mkdir -p "$2"
packages=$(dependencies "$1"),systemd-sysv,dbus,iproute2,iputils-ping,nftables,procps
[ "$(cat "$2/packages" 2>/dev/null)" = "$packages" ] && exit 0
rm -f "$2/packages"
debian_root "$2/root" "$2" "$packages"
# Nobody asks questions on the console, and the network is the tests'.
ln -sf /dev/null "$2/root/etc/systemd/system/console-getty.service"
echo "$packages" >"$2/packages"
