#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The installed kselftests, run as the kernel's are: its run_kselftest.sh always
# exits with 0, so that what it prints is all there is. Prints TAP.
#
# usage: tests/vm-kselftest.sh [FOLDER [TEST]...]
#
# FOLDER, build/kselftest, is what scripts/kselftest-install made. The TESTs are
# abi and create where none is named: selftests/run runs all of them.

cd "$(dirname "$0")/.." || exit 2
folder=$(realpath "${1:-build/kselftest}")
shift
# shellcheck source=tests/tap.sh
. tests/tap.sh

# Far from the tree that it was built in.
suite=/opt/kselftest
rm -rf $suite
cp -r "$folder" $suite
cd / || exit 2

mapfile -t built < <(find $suite/shmring -type f -perm /111 ! -name observe \
	-printf '%f\n' | sort)
is 'each test that is installed is on the list' \
	"$($suite/run_kselftest.sh --list | sort)" \
	"$(printf 'shmring:%s\n' "${built[@]}")"
like 'no others are' "$($suite/run_kselftest.sh -t shmring:other 2>&1)" \
	"^No such test 'shmring:other'"

[ $# -gt 0 ] || set -- abi create
# shellcheck disable=SC2046
said=$($suite/run_kselftest.sh $(printf -- '-t shmring:%s ' "$@") 2>&1)
# shellcheck disable=SC2001
sed 's/^/# /' <<<"$said"
is 'all ran that were named' "$(grep -oE '^(not )?ok [0-9]+ selftests: .*' \
	<<<"$said" | sed 's/.*: //')" "$(printf '%s\n' "$@")"
for test; do
	like "$test passed" "$said" "^ok [0-9]+ selftests: shmring: $test\$"
done
is 'and all that was planned inside' "$(grep -cE '^# ok [0-9]+ ' <<<"$said")" \
	"$(awk -F '[.][.]' '/^# 1[.][.]/ { n += $2 } END { print n }' <<<"$said")"
done_testing
