# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# TAP from shell tests: sourced. Each check is a line; done_testing ends them.

n=0 failures=0
# A check's own output may be redirected; its line goes where the tests' lines go.
exec 9>&1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# ok WHAT COMMAND...: passes when COMMAND does. What it leaves in $tmp/why stands in
# the line when it does not.
ok()
{
	local what=$1
	shift
	n=$((n + 1))
	if "$@" 9>&-; then
		echo "ok $n - $what" >&9
		return
	fi
	failures=$((failures + 1))
	{
		printf '# %q ' "$@"
		echo
		echo "not ok $n - $what$(sed 's/^/: /; q' "$tmp/why" 2>/dev/null)"
	} >&9
	rm -f "$tmp/why"
}

# is WHAT GOT WANTED
is()
{
	ok "$1" [ "$2" = "$3" ]
}

# like WHAT TEXT REGEX: a line of TEXT matches.
like()
{
	ok "$1" grep -qE -- "$3" <<<"$2"
}

# fails WHAT STATUS REGEX COMMAND...: it exits with STATUS, prints nothing, and
# says one line that matches.
fails()
{
	local what=$1 status=$2 regex=$3 got=0
	shift 3
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	is "$what: exit status" "$got" "$status"
	like "$what: says why" "$(cat "$tmp/err")" "$regex"
	is "$what: one line" "$(cat "$tmp/out" "$tmp/err" | wc -l)" 1
}

# until_true COMMAND...: waits for it, and gives up when the test hangs. Changes
# $!, since the pause is a read of a pipe that says nothing.
until_true()
{
	local tries
	for ((tries = 0; tries < 1500; tries++)); do
		"$@" 2>/dev/null && return
		read -rt 0.01 <> <(:)
	done
	return 1
}

# holds EXPRESSION FILE: of the JSON in FILE.
holds()
{
	jq -e "$1" "$2" >/dev/null
}

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

done_testing()
{
	echo "1..$n"
	[ "$failures" -eq 0 ]
	exit
}
