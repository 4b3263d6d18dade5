#!/bin/bash
# SPDX-License-Identifier: MIT
#
# How scripts/check reads what tests say, and scripts/bench what was measured:
# small texts, and what they come to.
# Prints TAP.

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

cat >"$tmp/skips" <<'END'
# Not a pattern.
^s known: a  # the reason
? ^s: (x|y)  # at times
^s: # SKIP c$  # a pattern with a SKIP
^t: .*
END

# What the TEXT comes to, as that of the suite "s".
reads()		# WHAT TEXT WANTED [STATUS]
{
	is "$1" "$(printf %b "$2" | scripts/tap -v suite=s -v status="${4-0}" \
		-v skips="$tmp/skips" - | paste -sd'|')" "$3"
}

reads 'a plan before' '1..2\nok 1 a\nok 2 b\n' \
	'sum 2 0 0'
reads 'a plan after' 'ok 1 - a\nok 2 - b\n1..2\n' \
	'sum 2 0 0'
reads 'one after the other' 'TAP version 13\n1..1\n# RUN a\nok 1 a\n1..1\nok 1 b\nok 1 c\n1..1\n' \
	'sum 3 0 0'
reads 'a program within a test' 'ok 1 - a\n1..2\nok 1 x\nok 2 y\nok 2 - b\n1..2\n' \
	'sum 4 0 0'
reads 'with as many tests as the other has so far' 'ok 1 - a\n1..1\nok 1 x\nok 1 - y\n1..1\nok 2 - b\n1..2\n' \
	'sum 4 0 0'
reads 'a plan that is not kept' '1..5\nok 1 a\n' \
	'fail planned 5 tests, and ended after 1: ok 1 a|sum 1 1 0'
reads 'a crash after a plan' '1..3\nok 1 a\nnot ok s: exit status 139\n' \
	'fail planned 3 tests, and ended after 1: ok 1 a|fail not ok s: exit status 139|sum 1 2 0' 1
reads 'a plan and nothing' '1..2\n' \
	'fail planned 2 tests, and ended after 0|fail no test ran (exit status 139)|sum 0 2 0' 139
reads 'the next program begins too early' '# shmring: p\n1..2\nok 1 a\n# shmring: q\n1..1\nok 1 b\n' \
	'fail p: planned 2 tests, and ended after 1: ok 1 a|sum 2 1 0'
reads 'more than was planned' '1..1\nok 1 a\nok 2 b\n' \
	'fail test 2 comes after 0|sum 2 1 0'
reads 'one is left out' '1..3\nok 1 a\nok 3 c\n' \
	'fail planned 3 tests, and ended after 1: ok 1 a|fail test 3 comes after 0|sum 2 2 0'
reads 'no plan' 'ok 1 - a\nok 2 - b\n' \
	'fail no plan after 2 tests|sum 2 1 0'
reads 'a plan of more' 'ok 1 - a\nok 2 - b\n1..3\n' \
	'fail planned 3 tests, and ended after 0|fail no plan after 2 tests|sum 2 2 0'
reads 'no number' 'ok - a\n' \
	'fail a test without a number: - a|sum 0 1 0'
reads 'nothing' '' \
	'fail no test ran (exit status 0)|sum 0 1 0'
reads 'a status that no test explains' '1..1\nok 1 a\n' \
	'fail exit status 66, no test said why|sum 1 1 0' 66
reads 'as many as failed' '1..2\nnot ok 1 a\nnot ok 2 b\n' \
	'fail not ok 1 a|fail not ok 2 b|sum 0 2 0' 2
reads 'and a kernel that complained' '1..2\nnot ok 1 a\nok 2 b\n' \
	'fail not ok 1 a|fail exit status 125, no test said why|sum 1 2 0' 125
reads 'no plan at all, by the list or not' '1..0 # SKIP x\n' \
	'fail skipped, and not in '"$tmp"'/skips: everything # SKIP x|sum 0 1 0'
reads 'a plan of nothing' '1..0\n' \
	'fail planned no test|sum 0 1 0'
reads 'a skip that has a reason' '# suite: known\n1..2\nok 1 a # SKIP no b\nok 2 c\n' \
	'skip 2|sum 1 0 1'
reads "cmocka's skips" '1..2\nnot ok 1 - x # SKIP\nnot ok 2 # SKIP y\n' \
	"skip 3|fail skipped, and not in $tmp/skips: # SKIP y|sum 0 1 1"
reads 'a pattern is all that is before the reason' \
	'1..2\nnot ok 1 - # SKIP c\nnot ok 2 # SKIP d\n' \
	"skip 4|fail skipped, and not in $tmp/skips: # SKIP d|sum 0 1 1"
reads 'a skip that has none' '1..2\nok 1 z # SKIP no b\nok 2 c\n' \
	"fail skipped, and not in $tmp/skips: z # SKIP no b|sum 1 1 0"
reads 'how long it took' '# shmring: p\n1..1\nok 1 a\n# shmring: p took 7 s\n' \
	'took p 7|sum 1 0 0'

# What "make bench" says of limits.
verdict()	# LINES
{
	printf %b "$1" | scripts/bench-verdict | paste -sd'|'
	return "${PIPESTATUS[1]}"
}

is 'limits that are kept' "$(verdict 'a: 3 ms, 1.5 x the time (limit: at most 12)\nb: 0.97 x (limit: at least 0.97)\nc\n' && echo yes)" \
	$'kept:   a: 3 ms, 1.5 x the time (limit: at most 12)|kept:   b: 0.97 x (limit: at least 0.97)|2 of 2 limits kept\nyes'
is 'one that is not' "$(verdict 'a: 7.00 x (limit: at most 5)\nb: 1.0 x (limit: at least 0.97)\n' || echo no)" \
	$'MISSED: a: 7.00 x (limit: at most 5)|kept:   b: 1.0 x (limit: at least 0.97)|1 of 2 limits kept\nno'
is 'none at all, or none that is understood' "$(verdict 'x: nan x (limit: at least 0.97)\n' || echo no)" \
	$'0 of 0 limits kept\nno'
done_testing
