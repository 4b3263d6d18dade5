#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Creates and destroys rings by ioctl alone, for tests of all else.
#
# usage: ring.pl create NAME [MODE [UID [GID]]]	(of 4096 bytes)
#        ring.pl destroy NAME
#        ring.pl anonymous COMMAND...	(with the ring as its descriptor 3)

use strict;
use warnings;
use Fcntl;
use POSIX ();

my ($what, $name, @more) = @ARGV;
my ($mode, $uid, $gid) = @more;
my $default = 0xffffffff;	# NODE_ANY, MODE_DEFAULT, ID_CREATOR
my %ioctl = (
	# struct shmring_create: size, flags, ring_bytes, record_size, node,
	# mode, uid, gid, high_water, max_producers, max_consumers, name
	create => [ 0xb900, pack('L2 Q L8 Z32', 80, 0, 4096, 0, $default,
				 oct($mode // 600), $uid // $default,
				 $gid // $default, 0, 0, 0, $name) ],
	anonymous => [ 0xb900, pack('L2 Q L8 Z32', 80, 4, 4096, 0, $default, 0,
				    $default, $default, 0, 0, 0, '') ],
	# struct shmring_destroy: size, flags, id, name
	destroy => [ 0xb901, pack('L2 Q Z32', 48, 0, 0, $name) ],
);
my ($number, $args) = @{$ioctl{$what}};

open(my $ctl, '+<', '/dev/shmring/ctl') or die "/dev/shmring/ctl: $!\n";
my $fd = ioctl($ctl, $number, $args) or die "$what $name: $!\n";
if ($what eq 'anonymous') {
	POSIX::dup2($fd, 3) or die "descriptor 3: $!\n" if $fd != 3;
	open(my $ring, '<&=', 3);
	fcntl($ring, F_SETFD, 0) or die "FD_CLOEXEC: $!\n";
	exec($name, @more) or die "$name: $!\n";
}
