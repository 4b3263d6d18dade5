#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The examples in the manual pages do what the pages say. Prints TAP.
#
# usage: tests/manual.sh FOLDER		(of the built programs and the library)

folder=$(realpath "${1:?usage: tests/manual.sh FOLDER}")
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

# The blocks of literal text in the EXAMPLES of a page.
examples()	# PAGE
{
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "user/man/$1" |
		sed -n '/^\.Bd/,/^\.Ed/p' | sed '/^\./d; s/\\e/\\/g'
}

# In a folder of their own, since they write files.
run_examples()	# PAGE
{
	examples "$1" >"$tmp/script"
	[ -s "$tmp/script" ] &&
		(cd "$tmp" && PATH=$folder:$PATH bash -e script) >"$tmp/out" 2>&1
	local status=$?
	[ $status -eq 0 ] || sed 's/^/# /' "$tmp/out" "$tmp/script"
	return $status
}

program()	# PAGE
{
	examples "$1" >"$tmp/example.c"
	${CC:-cc} -Iuser/lib -Iinclude/uapi "$tmp/example.c" \
		"$folder/libshmring.a" -o "$tmp/example" || return
	[ "$("$tmp/example")" = hello ]
}

for page in user/man/*.1; do
	name=$(basename "$page")
	if [ -x "$folder/${name%.1}" ]; then
		ok "$name" run_examples "$name"
	else
		skip "$name" 'the program is not part of this tree'
	fi
done
ok 'libshmring.3' program libshmring.3
done_testing
