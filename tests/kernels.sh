# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Kernels that are installed, as far as DKMS can tell: sourced.

# The folder that modules of Debian's kernel SERIES are built with.
kernel_build()	# SERIES
{
	readlink -f "$(scripts/kernel --kdir "$1")"
}

# Of few modules: depmod reads all that a kernel has, which takes minutes in a
# guest whose CPUs are emulated.
image_comes()	# RELEASE
{
	mkdir -p "/lib/modules/$1"
	touch "/lib/modules/$1/modules.order" "/lib/modules/$1/modules.builtin"
}

# The headers, and what their package runs for those who want to know.
headers_come()	# RELEASE BUILD
{
	ln -s "$2" "/lib/modules/$1/build"
	run-parts --arg="$1" /etc/kernel/header_postinst.d
}

# The release for which the module is that modprobe finds under RELEASE.
vermagic()	# RELEASE
{
	modinfo -k "$1" -F vermagic shmring | cut -d' ' -f1
}
