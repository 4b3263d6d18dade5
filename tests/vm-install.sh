#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the VM, without the module: the Debian packages installed, used, still there
# after an upgrade to a second kernel, and purged. Prints TAP.
#
# usage: tests/vm-install.sh FOLDER [BUILT]
#
# FOLDER has the packages. DKMS compiles the module here, for both kernels, which
# takes minutes where CPUs are emulated; unless BUILT is the folder where
# tests/dkms.sh has put tarballs: then it loads the one for this kernel, and there
# is no second one.

folder=$(realpath "${1:?usage: tests/vm-install.sh FOLDER [BUILT]}") || exit 2
built=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernels.sh
. tests/kernels.sh

release=$(uname -r)
version=$(scripts/version)
packages='libshmring-dev libshmring0 shmring-bench shmring-dkms shmring-tools'
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
	done | cat - <(find /lib/modules -name '*shmring*') | grep -vE '^\./(tmp|var/(log|cache|lib/dpkg|lib/dkms/mok\.))' | sort
}

# In place of all modules of this kernel: none yet, and its headers.
clear_modules()
{
	local build
	build=$(readlink "/lib/modules/$release/build")
	mount -t tmpfs tmpfs /lib/modules
	image_comes "$release"
	headers_come "$release" "$build"
}

install()
{
	local folder=/usr/share/shmring-dkms
	# Where the package's own scripts look for it.
	if [ -n "$built" ]; then
		mkdir $folder
		ln -s "$built/$release.tar.gz" \
			"$folder/shmring-$version.dkms.tar.gz"
	fi
	ok 'the packages install' dpkg --force-unsafe-io -i "${files[@]}"
	like 'and the comparison will see what is left' "$(listing)" \
		'^\./usr/bin/shmring-bench$'
	is 'DKMS has the module for this kernel' "$(vermagic "$release")" \
		"$release"
	ok 'udevd runs' /lib/systemd/systemd-udevd --daemon
}

upgrade()
{
	local series=6.12 build second
	[[ $release != 6.12.* ]] || series=6.1
	build=$(kernel_build $series)
	second=${build##*/linux-headers-}
	image_comes "$second"
	ok 'a second kernel comes' headers_come "$second" "$build"
	is 'DKMS has the module for it, too' "$(vermagic "$second")" "$second"
	is 'the first keeps its own' "$(vermagic "$release")" "$release"
}

remove()
{
	local user said
	ok 'a ring is there' shmring create busy
	exec {user}<>/dev/shmring/busy
	said=$(dpkg -r shmring-dkms 2>&1)
	like 'removed while in use, it says so' "$said" 'in use and stays loaded'
	exec {user}>&-
	ok 'and goes when it no longer is' rmmod shmring
	[ -z "$built" ] || rm -r /usr/share/shmring-dkms
	# shellcheck disable=SC2086
	ok 'purged' dpkg -P $packages
	is 'the group is gone' "$(getent group shmring)" ''
	listing >"$tmp/after"
	is 'nothing is left' "$(diff "$tmp/before" "$tmp/after")" ''
}

# An index of all pages takes minutes here.
rm -f /var/lib/man-db/auto-update
clear_modules
listing >"$tmp/before"
install
scripts/debian/tests/installed
[ -n "$built" ] || upgrade
remove
done_testing
