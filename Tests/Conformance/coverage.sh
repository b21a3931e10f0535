#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Which rules of the behavioural specification, R1 to R197, does a test name in its title? Prints what covers each rule
# and fails when one is neither in a test's title nor in exceptions.md, or in both.
#
#     Tests/Conformance/coverage.sh [-v]      -v: every rule with its tests

set -eu
cd "$(dirname "$0")"
verbose=${1:-}

# Titles name rules in brackets: "Hooks run in order (R81, R82)", "(R67 to R80)".
find .. -name '*.swift' -exec grep -HnoE '"[^"]*\(R[0-9][^()]*\)' {} + | sort | awk -v verbose="$verbose" '
    function note(rule, place) { tests[rule]++; places[rule] = places[rule] "\n        " place }
    FILENAME == "exceptions.md" {
        if (match($0, /^\| *R[0-9]+( to R[0-9]+)? *\|/)) {
            rules = substr($0, RSTART, RLENGTH); gsub(/[|R ]/, "", rules); split(rules, range, "to")
            last = (range[2] == "") ? range[1] : range[2]
            reason = substr($0, RSTART + RLENGTH); gsub(/^ +| *\| *$/, "", reason)
            for (rule = range[1] + 0; rule <= last + 0; rule++) { exception[rule] = reason }
        }
        next
    }
    {
        match($0, /^[^:]*:[0-9]*/); place = substr($0, 4, RLENGTH - 3)
        while (match($0, /\(R[0-9][^()]*\)/)) {
            text = substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH)
            count = split(text, parts, /, *| and /)
            for (i = 1; i <= count; i++) {
                if (match(parts[i], /^R[0-9]+ to R[0-9]+/)) {
                    split(substr(parts[i], RSTART, RLENGTH), range, " to ")
                    for (rule = substr(range[1], 2) + 0; rule <= substr(range[2], 2) + 0; rule++) { note(rule, place) }
                } else if (match(parts[i], /^R[0-9]+/)) {
                    note(substr(parts[i], 2, RLENGTH - 1) + 0, place)
                }
            }
        }
    }
    END {
        for (rule = 1; rule <= 197; rule++) {
            if (tests[rule] && exception[rule] != "") { wrong = wrong " R" rule " is an exception and has tests\n" }
            if (tests[rule]) {
                covered++
                if (verbose) { printf "R%d: %d%s\n", rule, tests[rule], places[rule] }
            } else if (exception[rule] != "") {
                excepted++
                if (verbose) { printf "R%d: none, %s\n", rule, exception[rule] }
            } else {
                missing = missing " R" rule
            }
        }
        for (rule in tests) { if (rule + 0 < 1 || rule + 0 > 197) { wrong = wrong " there is no R" rule places[rule] "\n" } }
        printf "rules: %d named by tests, %d exceptions with a reason, %d in neither\n",
            covered, excepted, 197 - covered - excepted
        if (missing != "") { print "in neither a test nor exceptions.md:" missing }
        if (wrong != "") { printf "%s", wrong }
        exit missing != "" || wrong != ""
    }' exceptions.md -
