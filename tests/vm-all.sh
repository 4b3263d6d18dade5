#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the VM, on Debian's kernels: everything that needs the module. Prints TAP,
# and how long each part took.
#
# usage: tests/vm-all.sh KERNEL		(6.12 or 6.1)

kernel=${1:?usage: tests/vm-all.sh KERNEL}
tests=build/gcc/user/tests
failed=0
export SHMRING_TEST_BACKEND=dev SHMRING_TEST_ROUNDS=2000
export CMOCKA_MESSAGE_OUTPUT=TAP

part()		# NAME COMMAND...
{
	name=$1
	start=$(date +%s)
	shift
	echo "# suite: $name"
	"$@" || failed=1
	echo "# suite: $name took $(($(date +%s) - start)) s"
}

selftests/run build/selftests || failed=1
for test in ring settle open model wait loop death guest schedule; do
	part "library-$test" $tests/test_$test
done
# Without the module, too: signals interrupt each kernel's allocations elsewhere.
part library-guest-shm env SHMRING_TEST_BACKEND=shm $tests/test_guest
# All but those over the device ran on the host.
SHMRING_TEST_ONLY='dev *' part transports $tests/test_transports
# Where the host has no debug registers, the emulator has them.
[ "$kernel" != 6.12 ] || part library-schedule-memfd \
	env SHMRING_TEST_BACKEND=memfd $tests/test_schedule
# What no kernel does in its own way is needed once.
once='ynl udev newer kselftest command'
[ "$kernel" = 6.12 ] || once=
# The command's takes the module away.
for test in lab sysfs-abi trace $once; do
	part "$test" "tests/vm-$test.sh"
done
exit $failed
