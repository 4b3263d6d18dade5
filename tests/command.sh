#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The command and the example where there is no module: shm: rings, wrong
# arguments, and what they say of the module. Prints TAP.
#
# usage: tests/command.sh BUILD/user

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

s=$1/shmring
loop=$1/examples/event-loop
ring=shm:/shmring-command-$$
trap 'rm -rf "$tmp" "/dev/shm/${ring#shm:/}"' EXIT
unset NO_COLOR

state_is()	# ROLE STATE
{
	"$s" show "$ring" --json | tr -d ' \n' | grep -q "\"$1\":{\"state\":\"$2\""
}

# Where the module seems to be loaded, but its nodes are not there.
container()
{
	unshare -m sh -c 'mount -t tmpfs none /sys/module &&
		mkdir /sys/module/shmring && exec "$@"' sh "$@"
}

# Wrong arguments
fails 'an unknown command' 2 "'frob': no such command: see" "$s" frob
fails 'a mistyped command' 2 "'destory': no such command, did you mean 'destroy'\?" "$s" destory
for c in create destroy evict set list show dump send recv peek wait monitor top \
	metrics doctor
do
	fails "$c: an unknown option" 2 '--frob: unknown option: see shmring' \
		"$s" $c --frob
	like "$c: --help" "$("$s" $c --help)" "Usage: shmring $c"
done
for bundle in -Zj -jZ -jZx; do
	fails "an unknown option in $bundle" 2 '^shmring: -Z: unknown option: see' \
		"$s" list $bundle
done
fails 'an option without its value' 2 '^shmring: -u: missing argument: see' "$s" show x -ju
fails 'an option with a value that it does not take' 2 \
	'^shmring: -j: option does not take an argument: see' "$s" show x -j=3
for c in create show send recv peek; do
	fails "$c: two names" 2 'one argument too many' "$s" $c a b
done
for c in create destroy show send recv peek wait; do
	fails "$c: without a name" 2 'argument is missing: shmring' "$s" $c
done
for c in create destroy show send recv peek; do
	fails "$c: an empty name" 2 'empty name' "$s" $c ''
	fails "$c: a long name" 2 'too long' "$s" $c "$(printf 'x%.0s' {1..32})"
	fails "$c: memfd:" 2 'by descriptor, not by a name' "$s" $c memfd:
	fails "$c: another kind" 2 'fifo:x: no such kind of ring: NAME, anon:ID or shm:/NAME' "$s" $c fifo:x
	for name in 'a b' .a ctl a/b /dev/shmring/ctl /dev/shmring/shm:/x dev:a:b; do
		fails "$c: a name that cannot be: $name" 2 'no such name can be' "$s" $c "$name"
	done
done
fails 'wait: no such word' 2 "'x': exists, producer," "$s" wait $ring x
fails 'wait: a timeout that is none' 2 'not a number of seconds' "$s" wait $ring gone -t x
fails 'destroy: all and some' 2 'all takes no names: a' "$s" destroy --all a
fails 'monitor: no such event' 2 '--event x: ring-add' "$s" monitor --event level,x
fails 'monitor: a ring without the module' 2 'its own rings alone' "$s" monitor $ring
fails 'doctor: a threshold that is none' 2 '--max-used 101: not a number' "$s" doctor --max-used 101
fails 'evict: without a role' 2 'argument is missing: shmring' "$s" evict $ring
fails 'evict: no such role' 2 "'x': producer or consumer" "$s" evict $ring x
fails 'evict: without the module' 1 'eviction takes the module' "$s" evict $ring producer
for id in x 0 -1 1x '' 99999999999999999999; do
	fails "an id that is none: '$id'" 2 'an id is a number above 0' "$s" destroy "anon:$id"
	fails "an id that is none: '$id'" 2 'an id is a number above 0' "$s" evict "id:$id" consumer
done
for c in send recv; do
	fails "$c: a ring without a name" 1 'used through the descriptors' "$s" $c anon:7
done
fails 'an ephemeral ring that nobody could use' 2 'before anybody uses it: .* -- COMMAND' \
	"$s" create $ring --ephemeral
fails 'a ring without a name that nobody could use' 2 'before anybody uses it: .* dev: -- COMMAND' \
	"$s" create dev:
fails 'no command behind --' 2 'the command behind -- is missing' "$s" create $ring --
fails 'a size that is none' 2 '--size 64Q: not a number' "$s" create $ring --size 64Q
fails 'a mode that is none' 2 '--mode 999: not permission' "$s" create $ring --mode 999
fails 'a node that is none' 2 "--node x: a node's number" "$s" create $ring --node x
fails 'an owner that is none' 2 'no such user' "$s" create $ring --owner no-such-user
fails 'a mark that is none' 2 '--high-water 101: not a number' "$s" create $ring --high-water 101
fails 'producers that cannot be' 2 '--producers 65: not a number' "$s" create $ring --producers 65
fails 'a timeout that is none' 2 '--timeout -1: not a number' "$s" recv $ring --timeout=-1
fails 'a count that is none' 2 '--count 0: not a number' "$s" send $ring --count 0
fails 'list of one' 2 'show shm:/x shows one' "$s" list shm:/x
fails 'set of what cannot be set' 2 'only high-water' "$s" set $ring size 1
fails 'top: a sort that is none' 2 '--sort x: rate' "$s" top --sort x
fails 'top: too often' 2 '--interval 0: at least' "$s" top --interval 0
for where in 9100 127.0.0.1 127.0.0.1: localhost:9100 1.2.3.4:99999999; do
	fails "metrics: --listen $where" 2 'not ADDRESS:PORT' "$s" metrics --listen "$where"
done

# A ring without the module
fails 'show what is not there' 1 'No such file.*create it first' "$s" show $ring
fails 'send to what is not there' 1 'create it first' "$s" send $ring
fails 'destroy what is not there' 1 'cannot unlink it' "$s" destroy $ring
fails 'a size that cannot be' 2 '5000 is not a power of two: 4096 or 8192' "$s" create $ring --size 5000
fails 'less than a page' 2 '1000 bytes are less than a page' "$s" create $ring --size 1000
fails 'strict without a node' 2 'strict takes a node: its number' "$s" create $ring --strict
fails 'wait for what is not there' 124 'not so in 0 s: exists' "$s" wait $ring exists --timeout 0
fails 'a mark without the module' 1 'take the module: use dev:NAME' "$s" create $ring --high-water 50
fails 'producers without the module' 1 'take the module: use dev:NAME' "$s" create $ring --producers 2
fails 'an owner without the module' 1 'take the module: use dev:NAME' "$s" create $ring --owner 1:1
fails 'set without the module' 1 'takes the module: use dev:NAME' "$s" set $ring high-water 50
ok 'create' "$s" create $ring --size 4K
fails 'create again' 1 "exists: shmring destroy $ring" "$s" create $ring
ok 'create --if-missing: it is there' "$s" create $ring --if-missing
ok 'create --if-missing: as it is asked for' "$s" create $ring --if-missing --size 4KiB
fails 'create --if-missing: another size' 1 'is there, but has 4096 bytes and not 8192' \
	"$s" create $ring --if-missing --size 8K
fails 'create --if-missing: other records' 1 'is there, but has records of 0 bytes and not 8' \
	"$s" create $ring --if-missing --record-size 8
like 'list: it' "$("$s" list 2>/dev/null)" "^$ring +4 KiB +any +any +0 B \(0 %\) +- +- +- +-$"
"$s" list --json >"$tmp/json" 2>/dev/null
ok 'list --json: it' holds ".[] | select(.name == \"$ring\") | .size == 4096" "$tmp/json"
like 'show: its size' "$("$s" show $ring)" '^  size: 4 KiB$'
is 'show: nobody counts records of any length' "$("$s" show $ring | grep -c messages)" 0
like 'show: its producer' "$("$s" show $ring)" '^  producer: never$'
is 'show: no colour in a pipe' "$("$s" show $ring | grep -c $'\033')" 0

ok 'destroy' "$s" destroy $ring
fails 'a command that is none' 1 'cannot run /nowhere: No such file' "$s" create $ring -- /nowhere
"$s" destroy $ring
# shellcheck disable=SC2016
is 'create with a command: it has the ring' \
	"$("$s" create $ring --size 4K -- sh -c '"$0" show "$1" | grep size; exit 7' "$s" $ring; echo $?)" \
	"$(printf '  size: 4 KiB\n7')"
like 'and the ring stays' "$("$s" show $ring)" '^  size: 4 KiB$'
"$s" destroy $ring
# shellcheck disable=SC2016
is 'create with a command: killed' \
	"$("$s" create $ring --size 4K -- sh -c 'kill -KILL $$'; echo $?)" 137

ok 'create --if-missing: it is not there' "$s" create $ring-2 --if-missing --size 4K
fails 'destroy of several: one is not there' 1 'shmring-command-[0-9]*-3: cannot unlink it' "$s" destroy $ring $ring-3 $ring-2
fails 'destroy of several: the first' 1 'create it first' "$s" show $ring
fails 'destroy of several: the last' 1 'create it first' "$s" show $ring-2
ok 'create it again' "$s" create $ring --size 4K
fails 'destroy: nothing, where one cannot be' 2 'no such name can be' "$s" destroy $ring 'a b'
ok 'destroy: and the first is there' "$s" show $ring >/dev/null

# Completion, where each colon parts words or none does
scripts/completion bash "$s" >"$tmp/completion"
completes()	# WORD... : what the last one may become
{
	PATH=$1:$PATH bash -c '
		. "$0"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_shmring
		echo "${COMPREPLY[*]}"' "$tmp/completion" "$@"
}
programs=$(dirname "$s")
like 'completion: commands' "$(completes "$programs" shmring s)" '^send set show$'
like 'completion: options' "$(completes "$programs" shmring create --if)" '^--if-missing$'
like 'completion: rings' "$(completes "$programs" shmring show shm:/shmring-command)" "$ring"
like 'completion: rings of some' "$(completes "$programs" shmring destroy a shm:/shmring-command)" "$ring"
is 'completion: words of --sort' "$(completes "$programs" shmring top --sort '')" 'rate fill stalls wakeups name'
is 'completion: kinds of events' "$(completes "$programs" shmring monitor -e ring)" 'ring-add ring-del'
is 'completion: what to wait for' "$(completes "$programs" shmring wait x e)" 'exists empty'
is 'completion: roles' "$(completes "$programs" shmring evict x '')" 'producer consumer'
is 'completion: nothing for a number' "$(completes "$programs" shmring top --count '')" ''
ok 'completion: zsh' grep -q '^_shmring "$@"$' <(scripts/completion zsh "$s")

# wait
ok 'wait: exists' "$s" wait $ring exists
ok 'wait: empty' "$s" wait $ring empty
ok 'wait: gone' "$s" wait $ring-2 gone
fails 'wait: not ready' 124 'not so in 0 s: ready' "$s" wait $ring ready --timeout 0
fails 'wait: nobody' 124 'not so in 0 s: attached' "$s" wait $ring attached --timeout 0
"$s" recv $ring --follow >/dev/null &
pid=$!
ok 'wait: consumer' "$s" wait $ring consumer
fails 'wait: no producer' 124 'not so in 0.01 s: producer' "$s" wait $ring producer --timeout 0.01
kill -KILL $pid
wait $pid 2>/dev/null
ok 'wait: left' "$s" wait $ring left
"$s" wait $ring ready &
pid=$!
echo | "$s" send $ring
ok 'wait: ready, while it waits' wait $pid
"$s" recv $ring >/dev/null
"$s" wait $ring gone &
pid=$!
"$s" destroy $ring
ok 'wait: gone, while it waits' wait $pid
"$s" create $ring --size 4K

# Lines, before the other side is there and in time with it
seq 50 | "$s" send $ring
seq 51 100 | "$s" send $ring
is 'peek' "$("$s" peek $ring | md5sum)" "$(seq 100 | md5sum)"
is 'peek --count' "$("$s" peek $ring --count 2 | tr '\n' ' ')" '1 2 '
is 'peek --json' "$("$s" peek $ring --json --count 1)" '{"length":1,"tag":0,"text":"1"}'
fails 'show: more than it may be' 3 ': 39 % is used, which is more than 38 %' \
	bash -c "'$s' show $ring --max-used 38 >/dev/null"
ok 'show: as much as it may be' "$s" show $ring --max-used 39 >"$tmp/out"
is 'lines' "$("$s" recv $ring | md5sum)" "$(seq 100 | md5sum)"
printf 'a\n\nno newline' | "$s" send $ring
is 'an empty line, and one without an end' "$("$s" recv $ring)" "$(printf 'a\n\nno newline')"
seq 20000 | "$s" send $ring &
is 'more than it holds' "$("$s" recv $ring --count 20000 | md5sum)" "$(seq 20000 | md5sum)"
wait
is 'the sides are gone' "$(state_is producer gone && state_is consumer gone && echo yes)" yes
fails 'a line that never fits' 1 'record 1 has more than the 4088 bytes that a record of .* can have: .*--size' \
	bash -c "head -c 5000 /dev/zero | tr '\0' x | '$s' send $ring"
fails 'a line that never ends' 1 'record 1 has more than the 4088 bytes' \
	bash -c "tr '\0' x </dev/zero | '$s' send $ring"
head -c 4088 /dev/zero | tr '\0' x | "$s" send $ring
is 'the longest line that fits' "$("$s" recv $ring | wc -c)" 4089

# Raw
printf '\3\0\0\0a\nb\0\0\0\0' | "$s" send $ring --raw
is 'raw in, raw out' "$("$s" recv $ring --raw | od -An -tx1 | tr -d ' \n')" 03000000610a6200000000
fails 'raw: half a length' 1 'ends within a length' bash -c "printf '\3\0' | '$s' send $ring --raw"
fails 'raw: half a record' 1 'ends within a record' bash -c "printf '\3\0\0\0a' | '$s' send $ring --raw"
fails 'raw: a length that cannot be' 1 'record 1 of 4294967295 bytes is more' \
	bash -c "printf '\377\377\377\377' | '$s' send $ring --raw"
fails 'records in a ring of any length' 2 'have any length: use --raw' "$s" send $ring --records
fails 'two framings' 2 'one of them' "$s" send $ring --raw --lines

is 'peek: nothing' "$("$s" peek $ring; echo $?)" 0

# JSON of records: text, or digits where it is none
printf 'q"\n\377\n' | "$s" send $ring
is 'recv --json' "$("$s" recv $ring --json | tr '\n' ' ')" \
	'{"length":2,"tag":0,"text":"q\""} {"length":1,"tag":0,"hex":"ff"} '

# --count, --timeout, --follow
seq 5 | "$s" send $ring --count 3
is 'send --count' "$("$s" recv $ring --count 2 | tr '\n' ' ')" '1 2 '
is 'recv --count leaves the rest' "$("$s" recv $ring)" 3
fails 'recv --timeout' 124 'nothing moved in 0.05 s, after 0 records' "$s" recv $ring --timeout 0.05
"$s" recv $ring --follow >"$tmp/followed" &
follower=$!
echo one | "$s" send $ring
until_true grep -q one "$tmp/followed"
until_true state_is producer gone
echo two | "$s" send $ring
ok 'recv --follow outlives a producer' until_true grep -q two "$tmp/followed"
kill -INT $follower
wait $follower
is 'SIGINT ends it' $? 130
ok 'and it left in order' state_is consumer gone
fails 'nobody takes it' 124 'nothing moved' \
	bash -c "head -c 9000 /dev/zero | tr '\0' '\n' | '$s' send $ring --timeout 0.05"
"$s" recv $ring --timeout 0 >/dev/null 2>&1

# A consumer that leaves a full ring; standard output that closes
"$s" recv $ring --count 1 >/dev/null &
fails 'the consumer leaves' 1 'is full and its consumer is gone' \
	bash -c "yes | '$s' send $ring"
wait
is 'a closed pipe ends recv' "$("$s" recv $ring 2>"$tmp/err" | head -n 1; cat "$tmp/err")" y
ok 'in order' until_true state_is consumer gone
"$s" recv $ring --timeout 0 >/dev/null 2>&1
fails 'a full disk' 1 'cannot write to standard output: No space' \
	bash -c "'$s' show $ring >/dev/full"

# What was not written is not lost: at least once
seq 64 | "$s" send $ring
fails 'recv: a full disk' 1 'cannot write to standard output: No space' \
	bash -c "'$s' recv $ring >/dev/full"
is 'recv: the next one gets all of it' "$("$s" recv $ring --timeout 0 2>/dev/null | md5sum)" "$(seq 64 | md5sum)"
seq 64 | "$s" send $ring
mkfifo "$tmp/full"
exec 3<>"$tmp/full"
dd if=/dev/zero of="$tmp/full" oflag=nonblock bs=4096 status=none 2>/dev/null
"$s" recv $ring >&3 &
pid=$!
stuck()
{
	[ "$(cut -d' ' -f2 /proc/"$pid"/syscall)" = 0x1 ]
}
until_true stuck
kill -KILL $pid
wait $pid 2>/dev/null
exec 3>&-
is 'recv: killed while it writes' "$("$s" recv $ring --timeout 0 2>/dev/null | md5sum)" "$(seq 64 | md5sum)"

# Descriptors that are closed: what it opens is none of them
ok 'a size as it is printed' "$s" create $ring-2 --size '64 KiB'
like 'show: as it was asked for' "$("$s" show $ring-2)" '^  size: 64 KiB$'
fails 'standard output is closed' 1 'cannot write to standard output: Bad file' \
	bash -c "'$s' show $ring-2 >&-"
fails 'send: standard input is closed' 1 'cannot read standard input: Bad file' \
	bash -c "'$s' send $ring-2 <&-"
# A library may have taken the first one, before main().
outputs()	# of $pid
{
	[ "$(readlink /proc/"$pid"/fd/[12] | uniq -c | tr -s ' ')" = ' 2 /dev/null' ]
}
for program in 'shmring metrics --listen 127.0.0.1:0' \
	'shmring-bench latency -t pipe -q --duration 60000' \
	'shmring-lab all --no-progress'
do
	eval "'$1'/$program <&- >&- 2>&- &"
	pid=$!
	ok "${program%% *}: closed descriptors" until_true outputs
	kill -TERM $pid
	wait $pid
done 2>/dev/null
"$1/shmring-lab" signal --count 10 --repeat 1 --no-progress --json "$tmp/lab" >&- 2>"$tmp/err"
ok 'shmring-lab: its file has no text of standard output' holds .environment "$tmp/lab"
ok 'destroy it' "$s" destroy $ring-2

# Two at once
"$s" recv $ring --follow >/dev/null &
pid=$!
until_true state_is consumer attached
fails 'a second consumer' 1 "another process is the ring's consumer" "$s" recv $ring
fails 'peek beside a consumer' 1 "another process is the ring's consumer" "$s" peek $ring
kill -TERM $pid
wait $pid
is 'SIGTERM ends it' $? 143

# The example
mkfifo "$tmp/ask"
"$s" destroy $ring
"$s" create $ring --size 4K
"$loop" $ring <"$tmp/ask" >"$tmp/loop" &
pid=$!
exec 3>"$tmp/ask"
seq 10 | "$s" send $ring --follow
until_true grep -q ': 10 records, 11 bytes, no producer$' "$tmp/loop"
seq 10 | "$s" send $ring
ok 'event-loop: waits for the next producer' \
	until_true grep -q ': 20 records, 22 bytes, no producer$' "$tmp/loop"
kill -INT $pid
wait $pid
"$s" destroy $ring
"$s" create $ring --size 4K
"$loop" $ring <"$tmp/ask" >"$tmp/loop" &
pid=$!
exec 3>"$tmp/ask"
echo report >&3
ok 'event-loop: another thread asks' until_true grep -q '^asked: 0 records' "$tmp/loop"
ok 'event-loop: the timer ticks' until_true grep -q '^tick: 0 records' "$tmp/loop"
kill -INT $pid
wait $pid
is 'event-loop: a signal ends it' "$? $(tail -n 1 "$tmp/loop")" '0 end: 0 records, 0 bytes'
exec 3>&-
fails 'event-loop: no ring' 1 'no such kind of ring' "$loop" nonsense

ok 'destroy' "$s" destroy $ring

# Fixed records
ok 'create with fixed records' "$s" create $ring --record-size 4 --size 4K --mode 0640
printf abcdefgh | "$s" send $ring
like 'show: records of both sides' "$("$s" show $ring | grep messages | tr '\n' ' ')" '^ +messages 2 +messages 0 $'
"$s" show $ring --json >"$tmp/json"
ok 'show --json: as many' holds '.producer.messages == 2 and .consumer.messages == 0' "$tmp/json"
is 'peek: records' "$("$s" peek $ring --lines | tr '\n' ' ')" 'abcd efgh '
is 'records' "$("$s" recv $ring)" abcdefgh
printf 'abcd\nefgh\n' | "$s" send $ring --lines
is 'records as lines' "$("$s" recv $ring --lines | tr '\n' ' ')" 'abcd efgh '
fails 'half a record' 1 'ends within a record' bash -c "printf abcdef | '$s' send $ring"
"$s" recv $ring >/dev/null
fails 'a line of another length' 1 'record 1 has 3 bytes, and those of .* have 4' \
	bash -c "echo abc | '$s' send $ring --lines"
is 'its mode' "$(stat -c %a "/dev/shm/${ring#shm:/}")" 640
printf junk | dd of="/dev/shm/${ring#shm:/}" conv=notrunc status=none
fails 'no ring any more' 1 'not a ring' "$s" show $ring
ok 'destroy that too' "$s" destroy $ring

# What the module alone can answer
if [ -e /sys/module/shmring ]; then
	skip 'without the module' 'it is loaded'
else
	for c in dump 'show x' 'set x high-water 5' 'wait x gone' monitor top metrics; do
		# shellcheck disable=SC2086
		fails "$c: no module" 1 'module is not loaded: modprobe shmring' "$s" $c
	done
	# Of whoever asks the control device the same.
	for c in 'create x' 'send x' 'evict x producer' 'destroy x' 'destroy id:1'; do
		# shellcheck disable=SC2086
		fails "$c: no module" 1 \
			'(dev:x|id:1): no /dev/shmring/ctl: load the module \(modprobe shmring\) or use shm:/NAME$' \
			"$s" $c
		if ! container true 2>/dev/null; then
			skip "$c: a container" 'nothing can be mounted here'
			continue
		fi
		# shellcheck disable=SC2086
		fails "$c: a container" 1 \
			'the module is loaded, but there is no /dev/shmring/ctl here: in a container' \
			container "$s" $c
	done
	like 'doctor: no module' "$("$s" doctor)" '^FAIL  module +not loaded'
	"$s" doctor --json >"$tmp/json"
	is 'doctor: one cause, one failure' "$(jq -r '.[] | select(.verdict == "FAIL") | .check' "$tmp/json")" module
	"$s" metrics --listen 127.0.0.1:0 2>"$tmp/err" &
	pid=$!
	until_true grep -q 503 "$tmp/err"
	port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$tmp/err")
	get()
	{
		exec 4<>"/dev/tcp/127.0.0.1/$port"
		printf '%s %s HTTP/1.0\r\n\r\n' "$1" "$2" >&4
		cat <&4
	}
	like 'metrics: 503 without the module' "$(get GET /metrics)" '^HTTP/1.[01] 503'
	like 'metrics: 404 elsewhere' "$(get GET /)" '^HTTP/1.[01] 404'
	like 'metrics: 405' "$(get DELETE /metrics)" '^HTTP/1.[01] 405'
	fails 'metrics: the port is taken' 1 'in use' "$s" metrics --listen "127.0.0.1:$port"
	kill -INT $pid
	wait $pid
	is 'metrics: a signal ends it' $? 0
fi
done_testing
