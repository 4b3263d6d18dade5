#!/bin/bash
# SPDX-License-Identifier: MIT
#
# kmod/ABI/sysfs-class-shmring tells of each file in /sys/class/shmring/NAME,
# and of no other. Prints TAP.

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/vm.sh
. tests/vm.sh

abi=kmod/ABI/sysfs-class-shmring

# Those that every device has come from the driver core, which tells of them.
files()
{
	find /sys/class/shmring/abi/ -mindepth 1 -maxdepth 1 -type f \
		! -name dev ! -name uevent -printf '%f %m\n' | sort
}

ring create abi
is 'each file is told of, and nothing else' \
	"$(sed -n 's|^What:.*/sys/class/shmring/NAME/||p' $abi | sort)" \
	"$(files | cut -d' ' -f1)"
is 'one can be written' "$(files | grep -v ' 444$')" 'high_water 644'
ring destroy abi
done_testing
