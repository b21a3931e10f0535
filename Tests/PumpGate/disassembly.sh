#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fails if the machine code of the packet path calls what it must not: reference counting, exclusivity checks,
# allocation, locks. Also fails if a part of the path is not found, so that a renamed function can't escape.
#
# Usage: disassembly.sh PROGRAM [PATTERN...]     PATTERN: extended regular expression on mangled names
set -eu

program=$1
shift
forbidden='swift_retain|swift_release|swift_bridgeObject|swift_beginAccess|swift_endAccess|swift_alloc|swift_slowAlloc'
forbidden="$forbidden|swift_initStackObject|swift_projectBox|swift_dynamicCast|<malloc|<calloc|<realloc|pthread_mutex"

listing=$(mktemp)
trap 'rm -f "$listing"' EXIT
objdump -d --no-show-raw-insn "$program" >"$listing"

status=0
for pattern in "$@"; do
    found=$(awk -v pattern="$pattern" '
        /^[0-9a-f]+ <.*>:$/ {
            name = $2; gsub(/[<>:]/, "", name)
            # Witnesses, accessors and destroyers of the types themselves are not run for packets.
            inside = (name ~ pattern && name !~ /(w[a-zA-Z][a-zA-Z]|Mn|Ma|Mr|WOh|WOe|WOb|WOs|WOc|WOi[0-9]*_|fD|fd|Wl|Oh|Or)$/)
            if (inside) print "FUNCTION " name
        }
        /^$/ { inside = 0 }
        inside && /call|jmp/ { print name ": " $0 }
    ' "$listing")
    functions=$(printf '%s\n' "$found" | grep -c '^FUNCTION' || true)
    if [ "$functions" -eq 0 ]; then
        echo "$program: no function matches '$pattern': the packet path has moved, mend this list"
        status=1
        continue
    fi
    if printf '%s\n' "$found" | grep -E "$forbidden"; then
        echo "$program: the above is forbidden on the packet path ('$pattern')"
        status=1
    else
        echo "$program: $functions functions of '$pattern' are clean"
    fi
done
exit $status
