#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The programs in scripts/trace/, one load traced by all of them: what they
# answer is what the load was, and what the module itself counted. Prints TAP.

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/vm.sh
. tests/vm.sh

# bpftrace starts its command once it has attached, and ends with it. Where it
# fails, the reader of the fifo is this.
trace()		# PROGRAM
{
	bpftrace -o "$tmp/$1" -c "$(command -v cat) $tmp/$1.go" \
		"scripts/trace/$1.bt" && return
	cat "$tmp/$1.go"
	return 1
}

# The sum of a map of the program stalls, over a ring's sides.
traced()	# MAP RING
{
	awk -F': ' -v key="@$1[$2, " 'index($0, key) == 1 { sum += $2 }
		END { print sum + 0 }' "$tmp/stalls"
}

# How many a ring's histograms of the program wakers hold, if their pair is PAIR.
in_histograms()	# RING PAIR
{
	awk -v key="@kick_to_wake_us[$1, " -v pair="$2" '
		/^@/ { ours = index($0, key) == 1 && index($0, pair) }
		/^[[(]/ && ours { sub(/.*[\])] +/, ""); sum += $1 }
		END { print sum + 0 }' "$tmp/wakers"
}

programs='lifetimes stalls wakers'
rings='trace-talk trace-full trace-kill'
for program in $programs; do
	mkfifo "$tmp/$program.go"
	trace "$program" >"$tmp/$program.log" 2>&1 &
	pids[n_pids++]=$!
done
for program in $programs; do
	exec {go}>"$tmp/$program.go"
	fds+=("$go")
done

for ring in $rings; do
	ring create "$ring"
done
ok 'a consumer slept for each of 20 records' talk trace-talk 20

dd if=/dev/zero of=/dev/shmring/trace-full bs=1000 count=8 2>/dev/null &
producer=$!
ok 'a producer slept on a full ring' until_true slept trace-full 1
dd if=/dev/shmring/trace-full of=/dev/null bs=1000 count=8 2>/dev/null
wait $producer

cat /dev/shmring/trace-kill &
killed=$!
ok 'a consumer slept, and was killed' until_true slept trace-kill 1
kill -KILL $killed
wait $killed 2>/dev/null

for ring in $rings; do
	for what in waits wakeups kicks; do
		counted[${#counted[@]}]="$ring $what $(figure "$ring" "$what")"
	done
	ring destroy "$ring"
done

for go in "${fds[@]}"; do
	exec {go}>&-
done
for program in $programs; do
	ok "$program ran" wait "${pids[i++]}"
	sed 's/^/# /' "$tmp/$program.log" "$tmp/$program"
done

for line in "${counted[@]}"; do
	read -r ring what count <<<"$line"
	is "stalls: $what of $ring" "$(traced "$what" "$ring")" "$count"
done
is 'stalls: the consumer of 20 records waited once more' \
	"$(grep -F '@waits[trace-talk' "$tmp/stalls")" \
	'@waits[trace-talk, 2]: 21'
like 'stalls: the producer slept' "$(cat "$tmp/stalls")" \
	'^@asleep_us\[trace-full, 1\]: [1-9]'

is 'wakers: each waking was by whom it was' \
	"$(in_histograms trace-talk "$(cat /proc/$$/comm), $$, cat, $consumer]")" \
	"$(traced wakeups trace-talk)"
is 'wakers: a signal is no kick' "$(in_histograms trace-kill ,)" 0

told=$(tr -s ' ' <"$tmp/lifetimes" | cut -d' ' -f2-)
for ring in $rings; do
	like "lifetimes: $ring came" "$told" "^create $ring - [0-9]+ perl"
	like "lifetimes: $ring went" "$told" "^destroy $ring - [0-9]+ perl [0-9]+"
done
like 'lifetimes: a producer' "$told" "^attach trace-full producer $producer dd"
like 'lifetimes: left' "$told" "^detach trace-full producer $producer dd [0-9]+"
like 'lifetimes: a consumer' "$told" "^attach trace-kill consumer $killed cat"
like 'lifetimes: killed' "$told" "^killed trace-kill consumer $killed cat [0-9]+"
is 'lifetimes: nobody else was killed' "$(grep -c ^killed <<<"$told")" 1
done_testing
