#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs `swift test` with the options given, and when it fails says once more, at the end, what failed and why: the line is
# thousands of lines above otherwise, and in what a CI keeps of its output often no more.
#
#     Tests/run.sh --no-parallel --filter SomeTests

set -eu
log=$(mktemp)
trap 'rm -f "$log" "$log.status"' EXIT
trap 'exit 130' INT

{ status=0; ${SWIFT:-swift} test "$@" 2>&1 || status=$?; echo $status > "$log.status"; } | tee "$log"
status=$(cat "$log.status")
if [ "$status" -ne 0 ]; then
    printf '\nWhat failed (swift test ended with %s):\n' "$status"
    # An issue, with the lines that explain it; what a sanitizer or a crash says.
    awk '
        /^✘ Suite/ { isIssue = 0; next }
        /^✘/ { print; isIssue = 1; follow = 0; next }
        /^↳/ { if (isIssue) print; next }
        { isIssue = 0 }
        /WARNING: ThreadSanitizer|Fatal error|\*\*\* Program crashed/ { follow = 40 }
        /^[◇✔]/ { follow = 0 }
        follow-- > 0
    ' "$log" | head -n 200
fi
exit "$status"
