#!/bin/bash
# SPDX-License-Identifier: MIT
#
# shmring apply, and metrics on a socket that was passed on, where there is no
# module. Prints TAP.
#
# usage: tests/apply.sh BUILD/user

s=$(realpath "${1:?usage: tests/apply.sh BUILD/user}/shmring") || exit 2
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

ring=shm:/shmring-apply-$$
files=$tmp/root/etc/shmring.d
mkdir -p "$files"
trap 'rm -rf "$tmp" /dev/shm/shmring-apply-$$-*' EXIT

# KEY of the ring -NAME.
made()		# NAME KEY
{
	"$s" show "$ring-$1" --json | jq -r ".$2"
}

rings()
{
	find /dev/shm -name "shmring-apply-$$-*" | sed 's/.*-//' | sort | paste -sd' '
}

# Says nothing.
quiet()		# COMMAND...
{
	"$@" >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ]
}

# A file of LINE is refused, and why matches REGEX.
wrong()		# WHAT LINE REGEX
{
	echo "$2" >"$tmp/wrong"
	fails "$1" 1 "wrong:1: $3" "$s" apply "$tmp/wrong"
}

# What is made
ok 'no folder' quiet "$s" apply --root "$tmp/none"
ok 'no files' quiet "$s" apply --root "$tmp/root"
cat >"$files/b.conf" <<END
# A comment

	$ring-all   128K  0640  -  64  any  -
$ring-name
END
printf '%s' "$ring-none 64K" >"$files/a.conf.off"
printf '%s' "$ring-last 4096" >"$files/a.conf"
ok 'files' quiet "$s" apply --root "$tmp/root"
is 'their rings, and no others' "$(rings)" 'all last name'
is 'with all values' "$(made all size) $(made all record_size)" '131072 64'
is 'and their mode' "$(stat -c %a "/dev/shm/shmring-apply-$$-all")" 640
is 'with none' "$(made name size) $(made name record_size)" '65536 0'
is 'of a line without an end' "$(made last size)" 4096
ok 'once more' quiet "$s" apply --root "$tmp/root"
ok 'one file' quiet "$s" apply "$files/a.conf"

# What differs
wrong 'another size' "$ring-all 64K - - 64" "$ring-all is there, with 131072 bytes rather than 65536: shmring destroy"
wrong 'other records' "$ring-all - - - 8" "$ring-all is there, with a record size of 64 rather than 8: shmring destroy"
wrong 'records of any length' "$ring-all" '.*with a record size of 64 rather than 0'

# What cannot be
wrong 'a size' "$ring-x 64Q" 'size 64Q: not a size'
wrong 'no size' "$ring-x 0" 'size 0: not a size'
wrong 'no power of two' "$ring-x 5000" '.*4096 or 8192'
wrong 'a mode' "$ring-x - 999" 'mode 999: not permission bits'
wrong 'a user' "$ring-x - - no-such-user" 'owner no-such-user: no such user'
wrong 'a group' "$ring-x - - :no-such-group" 'owner :no-such-group: no such group'
wrong 'a record' "$ring-x - - - 4G" 'record size 4G: not the size of a record'
wrong 'a node' "$ring-x - - - - x" "node x: a node's number, any or local"
wrong 'a strict node' "$ring-x - - - - 1!!" 'node 1!!: not a node'
wrong 'a mark' "$ring-x - - - - - 101" 'high-water mark 101: not a number from 0 to 100'
wrong 'too much' "$ring-x - - - - - - -" "'-': one value too many"
wrong 'no name' "memfd:x" 'memfd:x: not the name of a ring'
wrong 'a long name' "$(printf 'x%.0s' {1..300})" 'x+: not the name of a ring'
wrong 'a ring of the module' 'frames 1M' 'dev:frames: no /dev/shmring/ctl'
printf '%s\n' "$ring-y 7" "$ring-z" >"$tmp/wrong"
fails 'one line' 1 "wrong:1: $ring-y: 7 " "$s" apply "$tmp/wrong"
is 'the others are made' "$(rings)" 'all last name z'
cp "$tmp/wrong" "$files/0.conf"
fails 'one file' 1 '/0.conf:1: ' "$s" apply --root "$tmp/root"
fails 'no such file' 1 'No such file' "$s" apply "$tmp/none"
fails 'a folder' 1 'Is a directory' "$s" apply "$tmp"
fails 'no folder' 1 'shmring.d: Not a directory' "$s" apply --root "$files/a.conf"
fails 'a file and a folder' 2 '--root is for the files below it' \
	"$s" apply --root / "$files/a.conf"

# Metrics on a socket
for fd in '' x 0 99 3x; do
	fails "metrics: --listen fd:$fd" 2 'not the number of a socket that listens' \
		"$s" metrics --listen "fd:$fd"
done
# Passes on a socket as descriptor 3, and says its port.
passes_on()	# COMMAND...
{
	exec perl -MPOSIX -MIO::Socket::INET -e '
		$^F = 9;
		my $at = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		$| = 1;
		print $at->sockport, "\n";
		dup2(fileno($at), 3) if fileno($at) != 3;
		exec @ARGV' -- "$@"
}
passes_on "$s" metrics --listen fd:3 >"$tmp/port" 2>"$tmp/err" &
pid=$!
ok 'metrics: it starts' until_true grep -q 'answers GET /metrics' "$tmp/err"
port=$(cat "$tmp/port")
is 'metrics: it knows the port' "$(head -n 1 "$tmp/err")" \
	"shmring: port $port answers GET /metrics"
exec {http}<>"/dev/tcp/127.0.0.1/$port"
printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$http"
like 'metrics: it answers' "$(cat <&"$http")" '^shmring: the module is not loaded'
exec {http}>&-
kill "$pid"
wait "$pid"
is 'metrics: a signal ends it' $? 0
done_testing
