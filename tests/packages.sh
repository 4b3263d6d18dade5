#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the packages have and need, whatever was installed when they were built:
# the RPM packages go into an empty root, and have what Debian's have. Prints TAP.
#
# usage: tests/packages.sh DEBS RPMS	(folders, of make deb and make rpm)

debs=$(realpath "${1:?usage: tests/packages.sh DEBS RPMS}") || exit 2
rpms=$(realpath "${2:?usage: tests/packages.sh DEBS RPMS}") || exit 2
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

mapfile -t deb < <(find "$debs" -name '*.deb' ! -name '*-dbgsym_*')
mapfile -t rpm < <(find "$rpms" -name '*.rpm' ! -name '*.src.rpm')
source=$(find "$rpms" -name '*.src.rpm')

# The files below FOLDER, where Debian has them, but for documents, which each
# package has a folder for there. Each has papers of its own, rpm also its database
# and links by build ID.
files()		# FOLDER
{
	(cd "$1" && find . ! -type d) | sed -e 's|^\.||; s|\.gz$||' \
		-e "s|^/usr/lib64/|/usr/lib/$(cc -print-multiarch)/|" \
		-e 's|^/lib/systemd/|/usr&|' \
		-e 's|/site-functions/|/vendor-completions/|' \
		-e 's|/doc/[^/]*/|/doc/shmring/|' |
		grep -vE '/(copyright|changelog)$|/lintian/|/licenses/|rpmdb|^/var/|/\.build-id/' |
		sort
}

# The libraries that the Debian package NAME needs.
needs()		# NAME
{
	dpkg-deb -f "$debs/$1_$(scripts/version)"_*.deb Depends |
		sed 's/ ([^)]*)//g; s/, /\n/g' | sed 's/[0-9.-]*$//' |
		sort | paste -sd' '
}

is 'five packages of each' "${#deb[@]} ${#rpm[@]}" '5 5'
is 'libraries of the benchmark' "$(needs shmring-bench)" \
	'libc libjansson libqb libtirpc liburing libzmq'
is 'libraries of the other programs' "$(needs shmring-tools)" \
	'libc libjansson libmicrohttpd libncursesw libnl libnl-genl libnuma libpopt libsmartcols libtinfo'
like 'programs may rely on what a version of the library has' \
	"$(dpkg-deb -I "$debs/libshmring0_$(scripts/version)"_*.deb symbols)" \
	'^ shmring_open_abi@SHMRING_0 '
for package in "${rpm[@]}"; do
	name=$(rpm -qp --qf '%{name}' "$package")
	like "$name: licence" "$(rpm -qpL "$package")" '^/usr/share/licenses/.*/MIT.txt$'
	like "$name: changes" "$(rpm -qp --changelog "$package")" \
		"^\* .* - $(scripts/version)-1$"
	is "$name: no gRPC" "$(rpm -qp --requires "$package" | grep grpc)" ''
done
like 'rpm knows what the build needs' "$(rpm -qp --requires "$source")" \
	'^pkgconfig\(libnl-genl-3.0\)'
for package in "${deb[@]}"; do
	dpkg-deb -x "$package" "$tmp/deb"
done
# What they need is Debian's here, which rpm cannot see; nor can scripts run in
# an empty root.
ok 'rpm installs' rpm -i --nodeps --noscripts --root "$tmp/rpm" "${rpm[@]}"
files "$tmp/deb" >"$tmp/deb.list"
files "$tmp/rpm" >"$tmp/rpm.list"
for file in /usr/bin/shmring /usr/share/doc/shmring/README.md \
	/usr/share/doc/shmring/examples/event-loop.c \
	/usr/share/doc/shmring/examples/rings.conf \
	/usr/lib/systemd/system/shmring-rings.service \
	/usr/share/shmring/schema.json /usr/share/shmring/trace/stalls.bt \
	/usr/share/ynl/specs/shmring.yaml
do
	like "$file" "$(cat "$tmp/rpm.list")" "^$file$"
done
is 'the files are the same' "$(diff "$tmp/deb.list" "$tmp/rpm.list")" ''
ok 'rpm verifies them' rpm -Va --nodeps --noscripts --nomtime --root "$tmp/rpm"
ok 'and removes them' rpm -e --nodeps --noscripts --root "$tmp/rpm" \
	libshmring0 libshmring-devel shmring-bench shmring-dkms shmring-tools
is 'with nothing left' "$(files "$tmp/rpm")" ''
done_testing
