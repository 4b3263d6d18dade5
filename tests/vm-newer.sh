#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Newer tools on a module that was there before: what they cannot do together
# they say, and the rest works. Prints TAP.
#
# usage: tests/vm-newer.sh	(with what tests/newer built)

cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

new=build/newer/shmring
version=$(cat /sys/module/shmring/version)
layout=$(awk '$2 == "SHMRING_VERSION" { print $3 }' include/uapi/linux/shmring.h)

ok 'a ring of the module' perl tests/ring.pl create newer
is 'newer tools see it' "$($new list | awk 'NR > 1 { print $1 }')" newer
fails 'they do not use it' 1 \
	"a ring of version $layout, and this library knows 99: .* \(see shmring doctor\)\$" \
	$new send newer
fails 'nor read it' 1 "a ring of version $layout, and this library knows 99" \
	$new recv newer --timeout 60
fails 'nor make one by what the module does not know' 1 \
	'the module is older than this library .*: see shmring doctor$' \
	$new create other
like 'the doctor compares the versions' "$($new doctor)" \
	"^warn  module +loaded is $version, older than this command, 99.0.0\$"
like 'and says what to do' "$($new doctor)" '-> install both of one version'
ok 'the ring goes' perl tests/ring.pl destroy newer
done_testing
