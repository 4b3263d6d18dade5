#!/bin/bash
# SPDX-License-Identifier: MIT
#
# libFuzzer on the library, each target for so many seconds, from the corpus of
# this folder on. What it found is printed, and is to be kept in the corpus once
# it is mended. Prints TAP.
#
# usage: tests/fuzz/library.sh [SECONDS]		(after make fuzzers; default: 30)

here=$(dirname "$0")
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"

seconds=${1:-30}
if [[ ! $seconds =~ ^[1-9][0-9]{0,5}$ ]]; then
	echo "library.sh: wants a number of seconds, not '$seconds'" >&2
	exit 2
fi

# The target $1, with inputs of at most $2 bytes.
# shellcheck disable=SC2317
fuzz()
{
	local log=$tmp/$1.log status=0

	mkdir "$tmp/$1"
	"build/fuzz/user/fuzz-$1" -max_len="$2" -timeout=30 \
		-max_total_time="$seconds" -print_final_stats=1 \
		-artifact_prefix="$tmp/" "$tmp/$1" "$here/corpus/library/$1" \
		>"$log" 2>&1 || status=$?
	grep -aE 'Loaded 1 PC tables|INITED|DONE|executed_units|per_sec|new_units' \
		"$log" | sed 's/^/# /'
	[ "$status" -ne 0 ] || return 0
	tail -n 60 "$log" | sed 's/^/# /'
	grep -aE -m1 ': not so: |ERROR: |runtime error: ' "$log" >"$tmp/why"
	return 1
}

ok "a ring whose other side is hostile: $seconds s" fuzz ring 300
ok "addresses and options: $seconds s" fuzz address 400
done_testing
