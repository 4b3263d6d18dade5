#!/bin/bash
# SPDX-License-Identifier: MIT
#
# DKMS at work on this host: kernels that come one after the other, without
# headers or compilers at first. Folders of the test's own lie over those where
# the host has its modules. Prints TAP.
#
# usage: tests/dkms.sh [FOLDER]		(to have what was built, as tarballs)

cd "$(dirname "$0")/.." || exit 2
if [ -z "${DKMS_TEST_INSIDE-}" ]; then
	export DKMS_TEST_INSIDE=yes
	exec unshare --map-root-user --mount tests/dkms.sh "$@"
fi
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/kernels.sh
. tests/kernels.sh

PATH=$PATH:/usr/sbin:/sbin
version=$(scripts/version)
shmring=shmring/$version
declare -A build
for series in 6.1 6.12; do
	build[$series]=$(kernel_build $series)
done

# COMMAND fails, and says a line that matches REGEX.
refuses()	# WHAT REGEX COMMAND...
{
	local what=$1 regex=$2 said
	shift 2
	said=$("$@" 2>&1) && said='it passed'
	like "$what" "$said" "$regex"
}

# A build folder like BUILD, of a kernel of which COMPILER is said to be.
compiled_by()	# COMPILER BUILD
{
	cp -rs "$2" "$tmp/build-$1"
	rm "$tmp/build-$1/.kernelvariables"
	echo "CC = $1" >"$tmp/build-$1/.kernelvariables"
	echo "$tmp/build-$1"
}

for folder in /usr/src /lib/modules /var/lib/dkms; do
	mount -t tmpfs tmpfs $folder
done

# Without headers
refuses 'no kernel has headers' 'apt-get install linux-headers-amd64' \
	scripts/dkms install
refuses 'nor does make module find one' \
	'^module: no kernel to build for in /none; install linux-headers-amd64' \
	make module KDIR=/none
release=${build[6.1]##*/linux-headers-}
image_comes "$release"
refuses 'this one has none' "install the linux-headers-$release package" \
	dkms install "$shmring" -k "$release"
like 'nor is that an error when the kernel comes' \
	"$(run-parts --arg="$release" /etc/kernel/postinst.d 2>&1)" \
	'skipped since the kernel headers'

# With them, and a second kernel
for series in 6.1 6.12; do
	release=${build[$series]##*/linux-headers-}
	image_comes "$release"
	headers_come "$release" "${build[$series]}" >"$tmp/out" 2>&1
	is "the headers of $series come: exit status" $? 0
	like 'the module is installed' \
		"$(dkms status "$shmring" -k "$release")" ': installed'
	is 'and made for it' "$(vermagic "$release")" "$release"
	[ $# -eq 0 ] || ok 'it goes into a tarball' dkms mktarball "$shmring" \
		-k "$release" --archive "$(realpath "$1")/$release.tar.gz"
done
is 'the first kernel keeps its own' \
	"$(dkms status "$shmring" | grep -c ': installed')" 2

# Wrong compilers
release=6.12.0-other
image_comes $release
compiled=$(compiled_by gcc-99 "${build[6.12]}")
refuses 'a compiler that is not here' \
	"^module: there is no compiler 'gcc-99'; .* was built with .*gcc" \
	dkms build "$shmring" -k "$release" --kernelsourcedir "$compiled"
refuses 'make module says it too' "^module: there is no compiler 'gcc-99'" \
	scripts/module "$compiled"
if command -v clang >/dev/null; then
	refuses 'another compiler' "^module: 'clang' is clang; " \
		make module "KDIR=${build[6.12]}" CC=clang
else
	skip 'another compiler' 'no clang here'
fi
refuses 'no compiler at all' "^module: 'true' is no C compiler; " \
	make module "KDIR=${build[6.12]}" CC=true
is 'in one line, and one of make' "$(make module "KDIR=${build[6.12]}" CC=true \
	2>&1 | wc -l)" 2

# A kernel before 6.1
release=5.10.0-30-amd64
image_comes $release
headers_come $release "${build[6.1]}" >"$tmp/out" 2>&1
is 'a kernel that is too old gets none' \
	"$(dkms status "$shmring" -k "$release")" "$shmring: added"

ok 'removed' scripts/dkms remove
is 'nothing is left' "$(find /usr/src /lib/modules /var/lib/dkms \
	-name '*shmring*' -o -name '*.ko')" ''
refuses 'removed twice' "DKMS has no shmring $version" scripts/dkms remove
done_testing
