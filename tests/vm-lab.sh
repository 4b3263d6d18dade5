#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the VM: the claims of shmring-lab, with the device, and with a file system
# on a disk, since all else there is in memory. Prints TAP.
#
# usage: tests/vm-lab.sh [PROGRAM]

set -u

dir=$(mktemp -d)
PATH=$PATH:/usr/sbin:/sbin
modprobe loop 2>/dev/null
if truncate -s 64M "$dir/disk" && mkfs.ext4 -q "$dir/disk" &&
   mkdir "$dir/files" && mount -o loop "$dir/disk" "$dir/files"; then
	export LAB_DIR="$dir/files"
fi
exec "$(dirname "$0")/lab" "${1-build/gcc/user/shmring-lab}" claims
