#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the VM, without the module: the Debian packages installed, used and purged.
# Prints TAP.
#
# usage: tests/vm-install.sh FOLDER	(of the packages)

folder=$(realpath "${1:?usage: tests/vm-install.sh FOLDER}")
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

version=$(scripts/version)
packages='libshmring-dev libshmring0 shmring-dkms shmring-tools'
files=()
for package in $packages; do
	files+=("$folder/${package}_${version}"_*.deb)
done
export DEBIAN_FRONTEND=noninteractive
# The guest's pid 1 has another root than we.
export SYSTEMD_IGNORE_CHROOT=1

# What is there and is not there on the host: what the overlay, which the first
# process of the guest can still see, has and its lower layer has not. But for
# what dpkg and DKMS keep for themselves.
listing()
{
	local guest=/proc/1/root path
	(cd $guest/rw/upper && find . ! -type c -print) | while read -r path; do
		[ -e "$guest/host/$path" ] || [ -L "$guest/host/$path" ] ||
			echo "$path"
	done | grep -vE '^\./(tmp|var/(log|cache|lib/dpkg|lib/dkms/mok\.))' | sort
}

as()		# ID SETPRIV-OPTION COMMAND...
{
	local id=$1
	shift
	setpriv --reuid "$id" --regid "$id" "$@"
}

# By its contents: who comes from nowhere may not be let into this folder.
create()	# RING
{
	perl - create "$1" <tests/ring.pl
}

install()
{
	ok 'the packages install' dpkg --force-unsafe-io -i "${files[@]}"
	like 'and the comparison will see what is left' "$(listing)" \
		'^\./usr/bin/shmring-bench$'
	like 'DKMS has built the module' "$(dkms status "shmring/$version")" \
		"$(uname -r), .*: installed"
	ok 'udevd runs' /lib/systemd/systemd-udevd --daemon
	ok 'the module loads' modprobe shmring
	ok 'and is settled' udevadm settle
	is 'its version is that of the packages' \
		"$(cat /sys/module/shmring/version)" "$version"
}

use()
{
	local gid results
	results=$(shmring-bench --quick --quiet throughput -t dev -s 64)
	is 'shmring-bench measures dev: exit status' $? 0
	like 'and has a result' "$results" '^ +dev +[0-9.]+ .*/s'
	is 'bash completes a word' "$(completed lat)" latency
	is 'and an option' "$(completed --thr)" --threshold
	ok 'pkg-config knows the library' pkg-config --exists shmring
	ok 'a program builds and runs' program
	for page in 'shmring-bench 1' 'libshmring 3' 'shmring 4' 'shmring 7'; do
		like "man ${page#* } ${page% *}" \
			"$(man "${page#* }" "${page% *}" 2>&1)" '^SEE ALSO'
	done
	gid=$(getent group shmring | cut -d: -f3)
	ok 'a member of the group creates a ring' \
		as 1234 --groups "$gid" perl - create mine <tests/ring.pl
	# shellcheck disable=SC2016
	is 'and uses it' "$(as 1234 --clear-groups sh -c '
		echo hello >/dev/shmring/mine & cat /dev/shmring/mine')" hello
	like 'a stranger creates none' \
		"$(as 1235 --clear-groups perl - create x <tests/ring.pl 2>&1)" \
		'ctl: Permission denied'
	# shellcheck disable=SC2016
	like 'and opens none of others' "$(as 1235 --clear-groups \
		cat /dev/shmring/mine 2>&1)" 'Permission denied'
}

# What bash makes of the WORD behind shmring-bench.
completed()	# WORD
{
	# shellcheck disable=SC1091
	(. /usr/share/bash-completion/completions/shmring-bench
	COMP_WORDS=(shmring-bench "$1") COMP_CWORD=1
	_shmring_bench
	echo "${COMPREPLY[@]}")
}

# The example of libshmring(3).
program()
{
	zcat /usr/share/man/man3/libshmring.3.gz |
		sed -n '/^\.Bd -literal/,/^\.Ed/p' | sed '/^\./d; s/\\e/\\/g' \
		>"$tmp/example.c"
	# shellcheck disable=SC2046
	cc "$tmp/example.c" -o "$tmp/example" \
		$(pkg-config --cflags --libs shmring) || return
	[ "$("$tmp/example")" = hello ]
}

remove()
{
	local user said
	ok 'a ring is there' create busy
	exec {user}<>/dev/shmring/busy
	said=$(dpkg -r shmring-dkms 2>&1)
	like 'removed while in use, it says so' "$said" 'in use and stays loaded'
	exec {user}>&-
	ok 'and goes when it no longer is' rmmod shmring
	# shellcheck disable=SC2086
	ok 'purged' dpkg -P $packages
	is 'the group is gone' "$(getent group shmring)" ''
	listing >"$tmp/after"
	is 'nothing is left' "$(diff "$tmp/before" "$tmp/after")" ''
}

# An index of all pages takes minutes here.
rm -f /var/lib/man-db/auto-update
listing >"$tmp/before"
install
use
remove
done_testing
