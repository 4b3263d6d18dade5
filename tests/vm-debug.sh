#!/bin/bash
# SPDX-License-Identifier: MIT
#
# In the VM, on a kernel with sanitizers: everything that is hard on the module,
# then what it left behind, then what of it was executed. Prints TAP.
#
# usage: tests/vm-debug.sh [soak]	(for hours)

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

debugfs=/sys/kernel/debug
# The library's own counts, which the host's files must not get.
export GCOV_PREFIX=/tmp/gcov
# Enough to meet each path under a kernel that looks at every access.
export SHMRING_TEST_ROUNDS=60 SHMRING_LOAD_PAUSES=12 SHMRING_LOAD_RACES=10
kills=400 fuzzing=(--seconds 60) races=()
# Races show where several are at work at once: no test of arguments and answers
# needs this kernel, too. What is slower still gets less.
if [ -e $debugfs/kcsan ]; then
	kills=40 fuzzing=(--seconds 20)
	races=(create rw lanes wait uring signals quiet death revoke anon netlink leak
		hostile settle hostile_words pause load)
fi
if [ "${1-}" = soak ]; then
	export SHMRING_LOAD_PAUSES=400 SHMRING_LOAD_RACES=400
	kills=10000 fuzzing=(--calls 10000000) races=()
fi

selftests()
{
	selftests/run build/selftests "${races[@]}"
}

library()
{
	local test status=0
	for test in ring settle open model wait death; do
		echo "# library: $test"
		SHMRING_TEST_BACKEND=dev CMOCKA_MESSAGE_OUTPUT=TAP \
			"build/gcov/user/tests/test_$test" || status=1
	done
	return "$status"
}

storm()
{
	build/gcc/user/tests/storm/shmring-storm --backend dev --hang 240 "$@"
}

fuzz()
{
	build/gcc/user/fuzz "$@" tests/fuzz/corpus/module
}

load()
{
	SHMRING_LOAD_SECONDS=600 build/selftests/load
}

# Objects that nothing points to. One is told of when it is five seconds old and
# was met twice.
leaks()
{
	sleep 6
	echo scan >"$debugfs/kmemleak"
	echo scan >"$debugfs/kmemleak"
	sed 's/^/# /' "$debugfs/kmemleak"
	[ -z "$(cat "$debugfs/kmemleak")" ]
}

# The counts of the module, which the kernel keeps when it goes, and of the
# library; debugfs has no sizes, so the files are copied first.
counts()
{
	local file
	cd "$debugfs/gcov$PWD/build/kmod-$(uname -r)" || return
	for file in kmod/*.gcda; do
		mkdir -p /tmp/counts/kmod
		cat "$file" >"/tmp/counts/$file"
	done
	cd - >/dev/null || return
	mkdir -p /tmp/counts/user/lib
	cp "/tmp/gcov$PWD/build/gcov/user/user/lib/"*.gcda /tmp/counts/user/lib
	tar -cz -C /tmp/counts . | base64 | sed 's/^/# gcov /'
}

ok 'kselftests' selftests
ok 'the library on the device' library
ok 'sides are killed anywhere' storm --kills "$kills"
ok 'and at some instructions' storm --step publish --records fixed64 --every 200
ok 'what fuzzing found' fuzz --replay
ok 'fuzzing' fuzz "${fuzzing[@]}"
[ "${1-}" != soak ] || ok 'an hour of traffic in ten minutes' load
ok 'a ring that nobody has open' perl tests/ring.pl create idle
ok 'goes with the module' rmmod shmring
if [ -e $debugfs/kmemleak ]; then
	ok 'no memory is lost' leaks
fi
# It is off once it has complained, whatever about.
if [ -e /proc/lockdep_stats ]; then
	ok 'locks were checked to the end' \
		grep -q 'debug_locks: *1$' /proc/lockdep_stats
fi
[ ! -d $debugfs/gcov ] || counts
done_testing
