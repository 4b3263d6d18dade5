#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make install, modules_install and uninstall, into a folder. Prints TAP.
#
# usage: tests/install.sh BUILD

build=${1:?usage: tests/install.sh BUILD}
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

root=$tmp/root
lib=/usr/lib/$(cc -print-multiarch)
version=$(scripts/version)

run()		# TARGET...
{
	make -s "B=$build" "DESTDIR=$root" PREFIX=/usr "$@" >"$tmp/out" 2>&1 &&
		return
	sed 's/^/# /' "$tmp/out"
	return 1
}

# Compiles standard input, with what was installed alone, and runs it.
program()
{
	local flags
	flags=$(PKG_CONFIG_LIBDIR=$root$lib/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$root pkg-config --cflags --libs shmring)
	# shellcheck disable=SC2086
	cc -Wall -Wextra -Werror -x c - -x none -o "$tmp/program" \
		-I"$root/usr/include" -L"$root$lib" $flags &&
		LD_LIBRARY_PATH=$root$lib "$tmp/program"
}

# Programs that people copy.
# shellcheck disable=SC2016	# Markdown's own
readmes()
{
	sed -n '/^```c$/,/^```$/p' "$root/usr/share/doc/shmring/README.md" |
		grep -v '^```'
}

manuals()
{
	sed -n '/^#include/,/^\.Ed/p' "$root/usr/share/man/man3/libshmring.3" |
		sed '/^\.Ed/d; s/\\e/\\/g'
}

ok 'make install' run install install-conf
find "$root" ! -type d -printf '/%P\n' | sort >"$tmp/files"
for file in /usr/bin/shmring /usr/bin/shmring-bench /usr/bin/shmring-lab \
	/usr/include/shmring.h /usr/include/linux/shmring.h "$lib/libshmring.a" \
	"$lib/pkgconfig/shmring.pc" /usr/share/man/man7/shmring.7 \
	/usr/share/bash-completion/completions/shmring \
	/usr/share/doc/shmring/README.md \
	/usr/share/doc/shmring/examples/event-loop.c \
	/usr/share/shmring/schema.json /usr/share/shmring/trace/stalls.bt \
	/usr/share/ynl/specs/shmring.yaml \
	/usr/lib/udev/rules.d/60-shmring.rules \
	/usr/lib/sysusers.d/shmring.conf /usr/lib/modules-load.d/shmring.conf
do
	ok "$file" grep -qx "$file" "$tmp/files"
done
like 'the name that programs are linked to stays' \
	"$(objdump -p "$root$lib/libshmring.so")" 'SONAME +libshmring\.so\.0$'
is 'its version is the one' "$(sed -n 's/^Version: //p' \
	"$root$lib/pkgconfig/shmring.pc")" "$version"
is "the manual's program" "$(manuals | program)" hello
ring=shm:/shmring-install-$$
shmring=(env "LD_LIBRARY_PATH=$root$lib" "$root/usr/bin/shmring")
ok 'a ring for the next one' "${shmring[@]}" create $ring
ok "README's program" program < <(readmes | sed "s|dev:frames|$ring|")
is 'sends what it says' "$("${shmring[@]}" recv $ring --timeout 0 2>&1 |
	tr -d '\0')" hello
ok 'and the ring goes' "${shmring[@]}" destroy $ring

ok 'make uninstall' run uninstall
is 'leaves nothing' "$(find "$root" ! -type d -o -name '*shmring*')" ''

ok 'make modules_install' run modules_install KDIR=6.12
is 'its version is the same' "$(modinfo -F version \
	"$root"/lib/modules/*/updates/shmring.ko*)" "$version"
done_testing
