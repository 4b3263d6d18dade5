#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The manual pages say what the programs say of themselves, neither less nor more,
# their examples work, and what completes words knows the same. Prints TAP.
#
# usage: tests/manual.sh FOLDER		(of the built programs and the library)

folder=$(realpath "${1:?usage: tests/manual.sh FOLDER}") || exit 2
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
	[ "$status" -eq 0 ] || sed 's/^/# /' "$tmp/out" "$tmp/script"
	return "$status"
}

program()	# PAGE
{
	examples "$1" >"$tmp/example.c"
	${CC:-cc} -Iuser/lib -Iinclude/uapi "$tmp/example.c" \
		"$folder/libshmring.a" -o "$tmp/example" || return
	[ "$("$tmp/example")" = hello ]
}

# All that PROGRAM says of itself: shmring has a help text for each command.
help()		# PROGRAM
{
	local command
	"$folder/$1" --help
	[ "$1" = shmring ] || return
	for command in $(names shmring); do
		"$folder/shmring" "$command" --help
	done
}

# The commands of PROGRAM, or what it has to choose from.
names()		# PROGRAM
{
	case $1 in
	shmring)	"$folder/shmring" --help ;;
	shmring-bench)	"$folder/shmring-bench" list ;;
	shmring-lab)	"$folder/shmring-lab" list | sed 's/^/  /' ;;
	esac | sed -n 's/^  \([a-z][a-z-]*\)[ :].*/\1/p' | sort -u
}

# The options in a text: each long one, and which has which short one. --usage is
# of the library that parses them.
options()
{
	grep -oE -- '(-[a-zA-Z?], )?--[a-z][a-z-]*' | grep -v -- --usage |
		sed '/, /{p; s/.*, //}' | sort -u
}

same()		# WHAT SAID-BY-THE-PROGRAM SAID-BY-THE-PAGE
{
	is "$1" "$(diff <(echo "$2") <(echo "$3"))" ''
}

# The page of PROGRAM against the program.
compare()	# PROGRAM
{
	same "$1: names" "$(names "$1")" "$(sed -n \
		's/^\.It Cm \([a-z-]*\).*/\1/p' "user/man/$1.1" | sort -u)"
	if command -v mandoc >/dev/null; then
		same "$1: options" "$(help "$1" | options)" "$(mandoc -T ascii \
			-O width=500 "user/man/$1.1" | col -b | options)"
	else
		skip "$1: options" 'no mandoc here'
	fi
}

for page in user/man/*.1; do
	name=$(basename "$page")
	if [ -x "$folder/${name%.1}" ]; then
		compare "${name%.1}"
		ok "$name" run_examples "$name"
	else
		skip "$name" 'the program is not part of this tree'
	fi
done
# What bash makes of the last of WORD...
completed()	# PROGRAM WORD...
{
	(
		# shellcheck source=/dev/null
		. <(scripts/completion bash "$folder/$1")
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		"_${1//-/_}"
		echo "${COMPREPLY[*]}"
	)
}

is 'completion: a test' "$(completed shmring-bench lat)" latency
is 'completion: an option' "$(completed shmring-bench --js)" --json
is 'completion: a group' "$(completed shmring-bench latency -t soc)" sockets
is 'completion: what a list leaves out' \
	"$(completed shmring-bench --transport = rings,-pipe)" \
	'rings,-pipe rings,-pipes'
is 'completion: an experiment' "$(completed shmring-lab fal)" false-sharing
same 'shmring.4: parameters' \
	"$(sed -n 's/^module_param(\([a-z_]*\),.*/\1/p' kmod/*.c | sort)" \
	"$(sed -n 's/^\.It Va //p' user/man/shmring.4 | sort)"
ok 'libshmring.3' program libshmring.3
done_testing
