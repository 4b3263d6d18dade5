#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The command with the module: run as root in the virtual machine, which it
# leaves without the module. Prints TAP.
#
# usage: tests/vm-command.sh BUILD/user

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

s=${1-build/gcc/user}/shmring
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'

# KEY of ring NAME, as each of the three surfaces has it.
field()
{
	"$s" show "$1" --json | jq -r ".$2"
}

dumped()	# NAME COLUMN
{
	"$s" dump --header | awk -F'\t' -v name="$1" -v want="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) column = i }
		$1 == name { print $column }'
}

# Make news until the listener that writes to $1 has begun to listen.
seen()
{
	until [ -s "$1" ]; do
		"$s" create probe
		"$s" destroy probe
	done
}

events_end_with()
{
	tail -n 1 "$tmp/events" | grep -q "$1"
}

attached()	# NAME ROLE
{
	[ "$(field "$1" "$2.state")" = attached ]
}

# Making and looking
is 'list without rings' "$("$s" list | wc -l)" 0
is 'list --json without rings' "$("$s" list --json | jq length)" 0
ok 'create' "$s" create frames --size 64K --high-water 50
ok 'create with everything' "$s" create x.1 --record-size 64 --node 1 --strict \
	--size 1M --owner nobody:nogroup --mode 0640
is 'its node' "$(stat -c '%U %G %a' /dev/shmring/x.1)" 'nobody nogroup 640'
is 'its flags' "$(field x.1 'flags | join(" ")')" strict
is 'its pages' "$(field x.1 'numa[0] | "\(.node) \(.pages)"')" '1 259'
like 'show' "$("$s" show x.1)" '^  node: 1; 259 pages on 1$'
like 'show: owner' "$("$s" show x.1)" '^  mode: 0640, owner nobody, group nogroup$'
like 'list' "$("$s" list)" '^frames +64 KiB +any +any +0 B \(0 %\) +50 % +- +- +0$'
is 'list: a line each' "$("$s" list | wc -l)" 3
is 'list: no colour in a pipe' "$("$s" list | grep -c $'\033')" 0
for key in size record_size node head tail used high_water; do
	is "show, dump and sysfs agree on $key" \
		"$(field x.1 $key) $(dumped x.1 $key)" \
		"$(cat /sys/class/shmring/x.1/$key) $(cat /sys/class/shmring/x.1/$key)"
done

# Many producers
ok 'create for many' "$s" create many --producers 3 --size 4K
fails 'recv of many' 1 'has 3 lanes, and this library reads one: use read' "$s" recv many
exec 4>/dev/shmring/many 5>/dev/shmring/many 6>/dev/shmring/many
for fd in 4 5 6; do
	echo $fd >&$fd
done
fails 'more than it has lanes' 1 'other processes have all of its lanes' "$s" send many </dev/null
exec 4>&- 5>&- 6>&-
echo and this | "$s" send many
is 'what all have written' "$(sort /dev/shmring/many | xargs)" '4 5 6 and this'
ok 'destroy the one for many' "$s" destroy many

ok 'set' "$s" set frames high-water 10
is 'set: it is so' "$(cat /sys/class/shmring/frames/high_water)" 10

# An ephemeral ring is there for the command, and for whoever attached meanwhile
# shellcheck disable=SC2016
is 'ephemeral: there for the command' \
	"$("$s" create short --ephemeral -- "$s" show short | grep flags)" '  flags: ephemeral'
fails 'ephemeral: gone with it' 1 'no ring has this name' "$s" show short
# shellcheck disable=SC2016
"$s" create short --ephemeral -- sh -c '
	"$0" recv short --follow >/dev/null & echo $!
	until "$0" show short | grep -q "consumer: attached"; do :; done' "$s" >"$tmp/pid"
ok 'ephemeral: there for one who attached' attached short consumer
kill -INT "$(cat "$tmp/pid")"
no_short()
{
	! "$s" show short >/dev/null 2>&1
}
ok 'ephemeral: gone with him' until_true no_short

# Rings without a name
# shellcheck disable=SC2016
is 'anonymous: both sides of a command use it' \
	"$("$s" create dev: -- sh -c '
		seq 3 | "$0" send "dev:@$SHMRING_FD" & "$0" recv "dev:@$SHMRING_FD"' "$s" | tr '\n' ' ')" \
	'1 2 3 '
mkfifo "$tmp/end"
perl tests/ring.pl anonymous cat <"$tmp/end" &
pid=$!
exec {end}>"$tmp/end"
anonymous()
{
	"$s" dump | cut -f1 | grep '^anon:'
}
ok 'anonymous: listed' until_true anonymous
anon=$(anonymous)
like 'anonymous: show' "$("$s" show "$anon")" "^$anon$"
like 'anonymous: its flags' "$("$s" show "$anon")" '^  flags: anonymous$'
like 'anonymous: its owner, and no mode' "$("$s" show "$anon")" '^  owner: root, group root$'
is 'anonymous: its id is in its name' "anon:$(field "$anon" id)" "$anon"
is 'anonymous: no node' "$(ls /dev/shmring)" "$(printf 'ctl\nframes\nx.1')"
like 'anonymous: metrics' "$("$s" metrics)" "^shmring_size_bytes\{ring=\"$anon\"\} 4096$"
ok 'anonymous: set' "$s" set "$anon" high-water 5
is 'anonymous: it is so' "$(field "$anon" high_water)" 5
fails 'anonymous: no producer' 1 "$anon has no producer" "$s" evict "$anon" producer
chmod 666 /dev/shmring/ctl
# shellcheck disable=SC2086
fails 'anonymous: not for others' 1 'somebody else' $nobody "$s" destroy "$anon"
chmod 600 /dev/shmring/ctl
ok 'anonymous: destroy' "$s" destroy "$anon"
fails 'anonymous: it is gone' 1 'no ring has this name' "$s" show "$anon"
fails 'anonymous: for good' 1 'no such ring' "$s" destroy "$anon"
exec {end}>&-
wait $pid

# What cannot be
fails 'no such ring' 1 'dev:nope: no ring has this name' "$s" show nope
fails 'set of no such ring' 1 'dev:nope: no ring has this name' "$s" set nope high-water 1
fails 'destroy no such ring' 1 'dev:nope: cannot destroy it: no ring has this name' "$s" destroy nope
fails 'send to no such ring' 1 'create it first' "$s" send nope
fails 'create again' 1 'exists: shmring destroy' "$s" create frames
fails 'less than a page' 2 '1000 bytes are less than a page: 4096 or more' "$s" create bad --size 1000
fails 'a size that cannot be' 2 '5000 is not a power of two: 4096 or 8192' "$s" create bad --size 5000
fails 'a name that cannot be' 2 'A-Za-z0-9._-' "$s" create 'b d'
fails 'no such node' 1 'no such NUMA node' "$s" create bad --node 7
fails 'strict without a node' 2 'dev:bad: cannot create it: strict takes a node' "$s" create bad --strict
fails 'an owner of no user namespace' 2 'does not exist in this user namespace' \
	unshare --user --map-root-user "$s" create bad --owner 12345
like 'a name as its path' "$("$s" show /dev/shmring/frames)" '^dev:frames$'
ok 'create --if-missing: it is there' "$s" create frames --if-missing --size 64KiB
fails 'create --if-missing: another size' 1 'is there, but has 65536 bytes and not 4096' \
	"$s" create frames --if-missing --size 4K

# A file where a ring is to be
echo hello >/dev/shmring/greetings
for c in 'create greetings' 'send greetings' 'recv greetings' 'destroy greetings' \
	'create greetings --if-missing'; do
	# shellcheck disable=SC2086
	fails "$c: a file is in the way" 1 \
		'/dev/shmring/greetings is no ring, but a plain file: rm /dev/shmring/greetings && shmring create greetings$' \
		"$s" $c
done
like 'doctor: a file is in the way' "$("$s" doctor)" '^warn +entries +/dev/shmring/greetings is no ring'
fails 'doctor --warnings' 3 '' bash -c "'$s' doctor --warnings >/dev/null; s=\$?; echo >&2; exit \$s"
rm /dev/shmring/greetings
ok 'create where it was' "$s" create greetings
echo hello >/dev/shmring/greetings
is 'and the example of the README' "$(timeout -s INT 60 head -n 1 /dev/shmring/greetings)" hello
ok 'destroy it' "$s" destroy greetings

# A container without the nodes
hidden()
{
	unshare -m sh -c 'mount -t tmpfs none /dev/shmring && exec "$@"' sh "$@"
}
for c in 'create x' 'send frames' 'destroy frames' 'destroy id:1' 'evict frames consumer'; do
	# shellcheck disable=SC2086
	fails "$c: only the node is missing" 1 \
		'the module is loaded, but there is no /dev/shmring/ctl here: in a container' hidden "$s" $c
done
is 'doctor: only the node is missing' "$(hidden "$s" doctor --json |
	jq -r '.[] | select(.verdict == "FAIL") | .check')" rights
# shellcheck disable=SC2086
{
	fails 'create as nobody' 1 'Permission denied: be root or, .*in the group shmring$' $nobody "$s" create foo
	fails 'set as nobody' 1 "somebody else's.*be its owner or root" $nobody "$s" set frames high-water 1
	ok 'set as its owner' $nobody "$s" set x.1 high-water 5
	fails 'recv as nobody' 1 'Permission denied' $nobody "$s" recv frames
	like 'list as nobody' "$($nobody "$s" list)" '^frames'
}

# Another network namespace: sysfs answers
away='unshare -n'
# shellcheck disable=SC2086
{
	like 'elsewhere: list' "$($away "$s" list 2>"$tmp/err")" '^frames +64 KiB +any +any +0 B \(0 %\) +10 % +- +- +0$'
	like 'elsewhere: it says so' "$(cat "$tmp/err")" 'told by /sys/class/shmring.*initial network namespace'
	like 'elsewhere: show' "$($away "$s" show x.1 2>/dev/null)" '^  node: 1; 259 pages on 1$'
	like 'elsewhere: show: owner' "$($away "$s" show x.1 2>/dev/null)" '^  mode: 0640, owner nobody, group nogroup$'
	$away "$s" metrics >"$tmp/metrics" 2>/dev/null
	ok 'elsewhere: metrics' /usr/bin/python3 tests/openmetrics.py <"$tmp/metrics"
	like 'elsewhere: metrics: its size' "$(cat "$tmp/metrics")" '^shmring_size_bytes\{ring="frames"\} 65536$'
	like 'elsewhere: top' "$($away "$s" top --interval 0.1 --count 1 2>/dev/null)" '^x.1 '
	is 'elsewhere: dump as at home, where it knows' \
		"$($away "$s" dump 2>/dev/null | cut -f1-5,11-13)" "$("$s" dump | cut -f1-5,11-13)"
	like 'elsewhere: doctor' "$($away "$s" doctor)" '^warn +netlink +not in this network namespace.*; 2 rings by sysfs'
	like 'elsewhere: doctor counts them' "$($away "$s" doctor)" '^ok +limits +2 of '
	fails 'elsewhere: no such ring' 1 '' bash -c "$away '$s' show nope 2>&1 | grep -q 'no ring has this name' && echo >&2; exit 1"
	fails 'elsewhere: monitor' 1 "takes the module's Netlink family.*nsenter" $away "$s" monitor
	fails 'elsewhere: set' 1 "takes the module's Netlink family.*nsenter" $away "$s" set frames high-water 1
}

# Records
seq 64 | "$s" send frames
is 'peek' "$("$s" peek frames | md5sum)" "$(seq 64 | md5sum)"
fails 'recv: a full disk' 1 'cannot write to standard output: No space' \
	bash -c "'$s' recv frames >/dev/full"
is 'recv: the next one gets all of it' "$("$s" recv frames --timeout 0 2>/dev/null | md5sum)" "$(seq 64 | md5sum)"
is 'messages: nobody counts them' "$(field frames producer.messages) $("$s" metrics | grep -c 'messages_total{ring="frames"')" 'null 0'
head -c 640 /dev/zero | "$s" send x.1
is 'messages: of fixed records' "$(field x.1 producer.messages) $("$s" metrics | grep 'messages_total{ring="x.1",role="p')" \
	'10 shmring_messages_total{ring="x.1",role="producer"} 10'
"$s" recv x.1 >"$tmp/out"
"$s" wait frames ready &
pid=$!
seq 1000 | "$s" send frames
ok 'wait: ready' wait $pid
is 'lines' "$("$s" recv frames | md5sum)" "$(seq 1000 | md5sum)"
seq 20000 | "$s" send frames &
is 'more than it holds' "$("$s" recv frames --count 20000 | md5sum)" "$(seq 20000 | md5sum)"
wait
"$s" recv frames --follow >"$tmp/followed" &
pid=$!
until_true attached frames consumer
is 'its pid' "$(field frames consumer.pid)" $pid
like 'list: its pid' "$("$s" list)" "^frames .* gone +pid $pid +0"
like 'show: its name' "$("$s" show frames)" "^  consumer: attached, pid $pid \(shmring\)"
fails 'a second consumer' 1 "dev:frames: pid $pid \(shmring\) is its consumer: shmring evict frames consumer" "$s" recv frames
fails 'peek beside a consumer' 1 "pid $pid \(shmring\) is its consumer" "$s" peek frames
kill -STOP $pid
ok 'evict one that is stopped' "$s" evict frames consumer
is 'evict: he is gone' "$(field frames consumer.state)" gone
fails 'evict: nobody is left' 1 'dev:frames has no consumer' "$s" evict frames consumer
fails 'evict from no such ring' 1 'no such ring' "$s" evict nope consumer
kill -CONT $pid
wait $pid
is 'evict: he ends' $? 1
"$s" recv frames --follow >"$tmp/followed" &
pid=$!
until_true attached frames consumer
ok 'evict by id' "$s" evict "id:$(field frames id)" consumer
wait $pid
"$s" recv frames --follow >"$tmp/followed" &
pid=$!
until_true attached frames consumer
kill -KILL $pid
wait $pid 2>/dev/null
is 'a consumer that is killed' "$(field frames 'consumer | "\(.state) \(.deaths)"')" 'gone 1'

# Events of some kinds and rings alone
"$s" monitor --event ring-del,level probe x.1 >>"$tmp/some" &
monitor=$!
seen "$tmp/some"
"$s" create other
"$s" destroy other
"$s" create probe
"$s" destroy probe
kill -INT $monitor
wait $monitor
is 'monitor: filters' "$(awk '{ print $2, $3 }' "$tmp/some" | sort -u)" 'ring-del probe'

# Events, in the order of what they tell of
"$s" monitor --json >>"$tmp/events" &
monitor=$!
seen "$tmp/events"
until_true events_end_with ring-del
: >"$tmp/events"
"$s" create news --size 4K --high-water 50
yes '' | head -n 400 | "$s" send news
ok 'monitor: a level' until_true grep -q '"event":"level"' "$tmp/events"
"$s" recv news --follow >/dev/null &
pid=$!
until_true attached news consumer
kill -KILL $pid
wait $pid 2>/dev/null
"$s" destroy news
until_true grep -q ring-del "$tmp/events"
kill -INT $monitor
wait $monitor
is 'monitor: SIGINT ends it' $? 0
is 'monitor: in order' \
	"$(jq -r 'select(.event != "level") | "\(.event) \(.ring.name // .name) \(.role // "-") \(.killed // "-")"' "$tmp/events" | tr '\n' ';')" \
	'ring-add news - -;endpoint-attach news producer -;endpoint-detach news producer -;endpoint-attach news consumer -;endpoint-detach news consumer true;ring-del news - -;'
is 'monitor: the level' "$(jq -r 'select(.event == "level") | "\(.level) \(.high_water)"' "$tmp/events" | head -n 1)" 'above 50'

# A listener that does not read
"$s" monitor --buffer 2304 >"$tmp/slow" &
monitor=$!
seen "$tmp/slow"
kill -STOP $monitor
for i in $(seq 20); do
	"$s" create "go-$i"
	"$s" destroy "go-$i"
done
"$s" create last
kill -CONT $monitor
ok 'monitor: says that events were lost' until_true grep -q 'events were lost' "$tmp/slow"
ok 'monitor: and what there is now' until_true grep -qE '^last +64 KiB' "$tmp/slow"
"$s" create after
ok 'monitor: and goes on' until_true grep -q 'ring-add  *after ' "$tmp/slow"
kill -TERM $monitor
wait $monitor
is 'monitor: SIGTERM ends it' $? 0
"$s" destroy last
"$s" destroy after
"$s" monitor | :
is 'monitor: nobody reads it' "${PIPESTATUS[*]}" '1 0'

# Shown while it goes
until [ -e "$tmp/stop" ]; do "$s" create gone; "$s" destroy gone; done &
churn=$!
bad=0
for i in $(seq 15); do
	"$s" show gone >"$tmp/out" 2>"$tmp/err" || {
		grep -qE 'no ring has this name' "$tmp/err" || bad=1
	}
	"$s" list >"$tmp/out" 2>/dev/null || bad=1
	grep -qE '^frames ' "$tmp/out" || bad=1
done
touch "$tmp/stop"
wait $churn
is 'show and list while a ring comes and goes' $bad 0

# Many
for i in $(seq 100); do "$s" create "many-$i" --size 4K; done
"$s" dump >"$tmp/out"
is 'dump has all' "$(wc -l <"$tmp/out")" "$(($(wc -l </proc/shmring) - 1))"
is 'dump: each once' "$(cut -f1 "$tmp/out" | sort -u | wc -l)" "$(wc -l <"$tmp/out")"
for i in $(seq 100); do "$s" destroy "many-$i"; done

# top and metrics
yes | "$s" send frames --follow &
sender=$!
"$s" recv frames --follow >/dev/null &
receiver=$!
until_true attached frames consumer
"$s" top --interval 0.5 --count 2 >"$tmp/top"
like 'top: a line' "$(cat "$tmp/top")" "^frames +[#.]{10} +[0-9]+ +[0-9.]+( [kMG])? .* $sender +$receiver$"
ok 'top: at most 80 columns' [ "$(awk '{ if (length > w) w = length } END { print w }' "$tmp/top")" -le 80 ]
"$s" top --json --interval 0.5 --count 1 >"$tmp/json"
ok 'top --json: it flows' holds \
	'.rings[] | select(.name == "frames") | .bytes_per_s > 0' "$tmp/json"
if command -v tmux >/dev/null; then
	tmux -f /dev/null new-session -d -x 80 -y 24 "stty -a >$tmp/before; $s top; stty -a >$tmp/after; read -r _"
	pane()
	{
		tmux capture-pane -p
	}
	pane_has()
	{
		pane | grep -q "$1"
	}
	ok 'top on a terminal' until_true pane_has '^frames '
	tmux send-keys n
	ok 'top: a key sorts' until_true pane_has 'by name'
	ok 'top: keeps to 80 columns' [ "$(pane | awk '{ if (length > w) w = length } END { print w }')" -le 80 ]
	tmux send-keys C-c
	ok 'top: SIGINT ends it' until_true test -s "$tmp/after"
	ok 'top: and the terminal is as before' cmp "$tmp/before" "$tmp/after"
	tmux kill-server
else
	skip 'top on a terminal' 'no tmux'
fi
kill -INT $sender $receiver
wait $sender $receiver
"$s" metrics >"$tmp/metrics"
like 'metrics: a limit' "$(cat "$tmp/metrics")" \
	"^shmring_limit_rings $(cat /sys/module/shmring/parameters/max_rings)$"
like 'metrics: memory' "$(cat "$tmp/metrics")" '^shmring_memory_bytes\{ring="x.1",node="1"\} 1060864$'
ok 'metrics: OpenMetrics' /usr/bin/python3 tests/openmetrics.py <"$tmp/metrics"
like 'metrics: head' "$(cat "$tmp/metrics")" \
	"^shmring_published_bytes_total\{ring=\"frames\"\} $(field frames head)$"
"$s" metrics --listen 127.0.0.1:0 2>"$tmp/err" &
pid=$!
until_true grep -q port "$tmp/err"
port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$tmp/err")
exec 4<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.0\r\n\r\n' >&4
tr -d '\r' <&4 >"$tmp/http"
exec 4<&-
like 'metrics: served' "$(head -n 1 "$tmp/http")" ' 200 OK$'
like 'metrics: as OpenMetrics' "$(cat "$tmp/http")" '^Content-Type: application/openmetrics-text; version=1.0.0'
is 'metrics: the same' "$(sed '1,/^$/d' "$tmp/http")" "$(cat "$tmp/metrics")"
kill -INT $pid
wait $pid

# doctor
like 'doctor: the module matches' "$("$s" doctor)" '^ok +module +loaded, '
like 'doctor: netlink' "$("$s" doctor)" '^ok +netlink +family shmring answers: 2 rings'
is 'doctor: nothing fails' "$("$s" doctor --json | jq '[.[] | select(.verdict == "FAIL")] | length')" 0

# Without the module
"$s" wait frames gone &
pid=$!
ok 'destroy --all' "$s" destroy --all
ok 'wait: gone' wait $pid
is 'destroy --all: nothing is left' "$("$s" dump; ls /dev/shmring)" ctl
rmmod shmring
"$s" create shm:/alone --size 4K
like 'list: without the module' "$("$s" list)" '^shm:/alone +4 KiB'
"$s" destroy shm:/alone
for c in list dump 'show x' 'set x high-water 5' monitor top metrics; do
	# shellcheck disable=SC2086
	fails "$c: no module" 1 'module is not loaded: modprobe shmring' "$s" $c
done
fails 'create: no module' 1 'load the module' "$s" create x
done_testing
