#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The kernel's own YAML client over include/uapi/linux/shmring.yaml, and its
# figures against those of sysfs and procfs. Prints TAP.

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/vm.sh
. tests/vm.sh

GENERIC=16	# NETLINK_GENERIC

# The client takes seconds to begin: those that can run at a time. The schema is
# checked where the header is.
client()	# OUTPUT OPTION...
{
	local out=$tmp/$1
	shift
	PYTHONUNBUFFERED=1 scripts/ynl cli --no-schema --output-json "$@" \
		>"$out" 2>&1 &
}

# A figure in the answer to do, or the sum of its two sides'.
answered()	# ATTRIBUTE
{
	jq --arg a "$1" '.[$a] // (.producer[$a] + .consumer[$a])' <<<"$answer"
}

# A column of /proc/shmring.
column()	# RING NAME
{
	awk -v ring="$1" -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$1 == ring { print $column }' /proc/shmring
}

# News of that kind, and what of it.
news()		# CMD REGEX
{
	like "events: $1 $2" "${events//'{"name": "'/$'\n{"name": "'}" \
		"^\{\"name\": \"$1\".*$2"
}

ring create ynl-a
talk ynl-a 3
client set --'do' ring-set --json '{"name": "ynl-a", "high-water": 75}'
client absent --'do' ring-get --json '{"name": "ynl-b"}'
client nothing --'do' ring-set --json '{"name": "ynl-a"}'
wait
is 'set' "$(cat "$tmp/set")" null
is 'set is seen in sysfs' "$(figure ynl-a high_water)" 75
like 'no such ring' "$(cat "$tmp/absent")" "'msg': 'no ring has this name'"
like 'nothing to set' "$(cat "$tmp/nothing")" "'msg': 'there is nothing to set"

# A listener prints its events at its end, which comes once it has printed the
# answer to do: a pipe that is full gives us the time between.
mkfifo "$tmp/pipe"
exec {pipe}<>"$tmp/pipe"
printf '%65536s' '' >&"$pipe"
client dump --dump ring-get
dumper=$!
client pipe --subscribe events --'do' ring-get --json '{"name": "ynl-a"}'
listener=$!
wait $dumper
ok 'a listener' until_true listens $GENERIC $listener
ring create ynl-c
cat /dev/shmring/ynl-c &
consumer=$!
until_true slept ynl-c 1
kill -KILL $consumer
wait $consumer 2>/dev/null
ring destroy ynl-c
exec {in}<"$tmp/pipe" {pipe}>&-
{
	read -r answer
	read -r events
} <&"$in"
wait
printf '# %s\n' "$answer" "$events"

is 'a dump of one ring is as do' "$(cat "$tmp/dump")" "[$answer]"
for what in size record_size node head tail used waits wakeups kicks \
	eventfd_signals; do
	is "$what: sysfs and procfs" \
		"$(column ynl-a $what)" "$(figure ynl-a $what)"
	is "$what: sysfs and Netlink" \
		"$(answered ${what//_/-})" "$(figure ynl-a $what)"
done
is 'records of 3 lines of 2 bytes' "$(answered tail)" 48
is 'stalls' "$(answered stalls)" \
	$(($(figure ynl-a stalls_full) + $(figure ynl-a stalls_empty)))

news ring-add-ntf '"name": "ynl-c", "size": 4096'
news endpoint-attach-ntf "\"role\": \"consumer\", \"pid\": $consumer"
news endpoint-detach-ntf "\"role\": \"consumer\", \"pid\": $consumer, \"killed\": true"
news ring-del-ntf '"name": "ynl-c".*"deaths": 1'
ring destroy ynl-a
done_testing
