#!/bin/bash
# SPDX-License-Identifier: MIT
#
# scripts/udev/60-shmring.rules at work in systemd-udevd, and the uevents of
# rings. Prints TAP.

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/vm.sh
. tests/vm.sh

# The guest's pid 1 has another root than we.
export SYSTEMD_IGNORE_CHROOT=1

# As user and group ID, with what else setpriv is told.
as()		# ID SETPRIV-OPTION COMMAND...
{
	local id=$1
	shift
	setpriv --reuid "$id" --regid "$id" "$@"
}

access()	# NODE
{
	stat -c '%a %U %u %g' "/dev/shmring/$1"
}

# The property of the ring's event of that kind.
told()		# ACTION RING PROPERTY
{
	awk -v RS= -v action="ACTION=$1" -v name="SHMRING_NAME=$2" '
		{ text = "\n" $0 "\n" }
		index(text, "\n" action "\n") && index(text, "\n" name "\n")
	' "$tmp/events" | sed -n "s/^$3=//p"
}

is 'ctl is for root, without the rule' "$(access ctl)" '600 root 0 0'

groupadd --force --system shmring
gid=$(getent group shmring | cut -d: -f3)
mkdir -p /run/udev/rules.d
cp scripts/udev/60-shmring.rules /run/udev/rules.d/
ok 'udevd runs' /lib/systemd/systemd-udevd --daemon
udevadm trigger --settle --subsystem-match=misc --sysname-match=shmring
is 'ctl is for the group, with it' "$(access ctl)" "660 root 0 $gid"

udevadm monitor --kernel --property --subsystem-match=shmring >"$tmp/events" &
monitor=$!
ok 'a listener for uevents' until_true grep -q '^KERNEL - ' "$tmp/events"

# By its contents: who comes from nowhere may not be let into this folder.
ok 'a member of the group creates a ring' \
	as 1234 --groups "$gid" perl - create udev-member <tests/ring.pl
is 'which is his own' "$(access udev-member)" '600 UNKNOWN 1234 1234'
# shellcheck disable=SC2016
is 'and uses it' "$(as 1234 --clear-groups sh -c '
	echo hello >/dev/shmring/udev-member & cat /dev/shmring/udev-member')" hello
like 'a stranger creates none' \
	"$(as 1235 --clear-groups perl - create udev-x <tests/ring.pl 2>&1)" \
	'^/dev/shmring/ctl: Permission denied'
ok 'nor uses that of another' \
	as 1235 --groups "$gid" test ! -r /dev/shmring/udev-member
ok 'its owner destroys it' \
	as 1234 --groups "$gid" perl - destroy udev-member <tests/ring.pl

ring create udev-open 0646 1234 1235
udevadm settle
is 'udevd leaves mode, owner and group of a ring' "$(access udev-open)" \
	'646 UNKNOWN 1234 1235'
ring destroy udev-open

# shellcheck disable=SC2016
ok 'the last event came' until_true \
	eval '[ "$(told remove udev-open SHMRING_NODE)" ]'
kill $monitor
for ring in udev-member udev-open; do
	for action in add remove; do
		is "$action of $ring: size" "$(told $action $ring SHMRING_SIZE)" 4096
		is "$action of $ring: record size" \
			"$(told $action $ring SHMRING_RECORD_SIZE)" 0
		is "$action of $ring: node" "$(told $action $ring SHMRING_NODE)" -1
		is "$action of $ring: devname" \
			"$(told $action $ring DEVNAME)" "/dev/shmring/$ring"
	done
done
udevadm control --exit
done_testing
