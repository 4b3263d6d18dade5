#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the VM, on a machine whose last node has a CPU and no memory: a ring on the
# local node is on the nearest one that has. Prints TAP.
#
# usage: tests/vm-empty-node.sh	(scripts/vm --nodes 2 --empty 1 --cpus 3)

failed=0
build/selftests/numa -t inv6_local_without_memory || failed=1
open_there()	# BACKEND
{
	SHMRING_TEST_BACKEND=$1 CMOCKA_MESSAGE_OUTPUT=TAP \
		taskset -c 2 build/gcc/user/tests/test_open || failed=1
}
echo '# suite: library-open'
open_there dev
echo '# suite: shm-open'
open_there shm
exit $failed
