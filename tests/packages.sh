#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The RPM packages go into an empty root, and have what the Debian packages have.
# Prints TAP.
#
# usage: tests/packages.sh DEBS RPMS	(folders, of make deb and make rpm)

debs=$(realpath "${1:?usage: tests/packages.sh DEBS RPMS}") || exit 2
rpms=$(realpath "${2:?usage: tests/packages.sh DEBS RPMS}") || exit 2
cd "$(dirname "$0")/.." || exit 2
# shellcheck source=tests/tap.sh
. tests/tap.sh

mapfile -t deb < <(find "$debs" -name '*.deb' ! -name '*-dbgsym_*')
mapfile -t rpm < <(find "$rpms" -name '*.rpm')

# The files below FOLDER, where Debian has them. Each has papers of its own, rpm
# also its database and links by build ID.
files()		# FOLDER
{
	(cd "$1" && find . ! -type d) | sed -e 's|^\.||; s|\.gz$||' \
		-e "s|^/usr/lib64/|/usr/lib/$(cc -print-multiarch)/|" \
		-e 's|/site-functions/|/vendor-completions/|' \
		-e 's|/doc/shmring/|/doc/shmring-dkms/|' |
		grep -vE '/(copyright|changelog)$|rpmdb|^/var/|/\.build-id/' |
		sort
}

is 'four packages of each' "${#deb[@]} ${#rpm[@]}" '4 4'
for package in "${deb[@]}"; do
	dpkg-deb -x "$package" "$tmp/deb"
done
# What they need is Debian's here, which rpm cannot see; nor can scripts run in
# an empty root.
ok 'rpm installs' rpm -i --nodeps --noscripts --root "$tmp/rpm" "${rpm[@]}"
files "$tmp/deb" >"$tmp/deb.list"
files "$tmp/rpm" >"$tmp/rpm.list"
like 'the command is among the files' "$(cat "$tmp/rpm.list")" \
	'^/usr/bin/shmring$'
is 'the files are the same' "$(diff "$tmp/deb.list" "$tmp/rpm.list")" ''
ok 'rpm verifies them' rpm -Va --nodeps --noscripts --nomtime --root "$tmp/rpm"
ok 'and removes them' rpm -e --nodeps --noscripts --root "$tmp/rpm" \
	libshmring0 libshmring-devel shmring-dkms shmring-tools
is 'with nothing left' "$(files "$tmp/rpm")" ''
done_testing
