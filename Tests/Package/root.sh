# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the tests of the Debian package: makes root trees of Debian 12, as root.

suite=bookworm
mirror=${NETI_TEST_MIRROR:-http://deb.debian.org/debian}

# dependencies PACKAGE: the packages without which PACKAGE can't be installed, the first of each choice, with commas.
dependencies() {
    dpkg-deb -f "$1" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g'
}

# debian_root DIRECTORY CACHE PACKAGES: a fresh tree in DIRECTORY, Debian's smallest with PACKAGES on top and nothing
# else. What was fetched stays in CACHE for the next time.
debian_root() {
    archive=$2/$suite-$(printf '%s' "$3" | md5sum | cut -c 1-12).tar
    if [ ! -e "$archive" ]; then
        mkdir -p "$2/tmp"
        TMPDIR=$2/tmp mmdebstrap --quiet --variant=minbase --include="$3" "$suite" "$archive.new" --format=tar "$mirror"
        mv "$archive.new" "$archive"
    fi
    rm -rf "$1"
    mkdir -p "$1"
    tar -x -f "$archive" -C "$1"
}
