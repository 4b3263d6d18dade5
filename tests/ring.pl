#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# Creates and destroys rings by ioctl alone, for tests of all else.
#
# usage: ring.pl create NAME [MODE [UID [GID]]]	(of 4096 bytes)
#        ring.pl destroy NAME

use strict;
use warnings;

my ($what, $name, $mode, $uid, $gid) = @ARGV;
my $default = 0xffffffff;	# NODE_ANY, MODE_DEFAULT, ID_CREATOR
my %ioctl = (
	# struct shmring_create: size, flags, ring_bytes, record_size, node,
	# mode, uid, gid, high_water, name
	create => [ 0xb900, pack('L2 Q L6 Z32', 72, 0, 4096, 0, $default,
				 oct($mode // 600), $uid // $default,
				 $gid // $default, 0, $name) ],
	# struct shmring_destroy: size, flags, name
	destroy => [ 0xb901, pack('L2 Z32', 40, 0, $name) ],
);
my ($number, $args) = @{$ioctl{$what}};

open(my $ctl, '+<', '/dev/shmring/ctl') or die "/dev/shmring/ctl: $!\n";
ioctl($ctl, $number, $args) or die "$what $name: $!\n";
