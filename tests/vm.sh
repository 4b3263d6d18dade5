# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests in the VM share: sourced, after tap.sh.

ring()
{
	perl tests/ring.pl "$@"
}

# A ring's figure in sysfs.
figure()	# RING FILE
{
	cat "/sys/class/shmring/$1/$2"
}

slept()		# RING TIMES
{
	[ "$(figure "$1" waits)" -ge "$2" ]
}

# In the kernel, off its CPU, and not about to be on it.
asleep()	# PID
{
	[ "$(cat "/proc/$1/wchan")" != 0 ]
}

# Sends COUNT records through RING, each to a consumer that sleeps, and once more
# it is woken by the producer's leaving. Sets consumer to its pid.
talk()		# RING COUNT
{
	local i producer
	cat "/dev/shmring/$1" >/dev/null &
	consumer=$!
	exec {producer}>"/dev/shmring/$1"
	for ((i = 1; i <= $2 + 1; i++)); do
		until_true slept "$1" $i && until_true asleep $consumer || return
		[ $i -gt "$2" ] || echo "$i" >&$producer
	done
	exec {producer}>&-
	wait $consumer
}

# Whether PID listens to a group of the Netlink PROTOCOL.
listens()	# PROTOCOL PID
{
	awk -v protocol="$1" -v pid="$2" '
		$2 == protocol && $3 == pid && $4 !~ /^0+$/ { found = 1 }
		END { exit !found }' /proc/net/netlink
}
