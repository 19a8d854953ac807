#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# First program of the test host, in its initrd: puts the root together and leaves for it.

bb=/bin/busybox
$bb mkdir -p /proc /sys /dev /lower /upper /new
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
for module in /modules/*; do
	$bb insmod "$module" || echo "test host: cannot load $module"
done
nine="trans=virtio,version=9p2000.L,msize=512000"
$bb mount -t 9p -o "$nine,ro,cache=loose" root /lower || echo "test host: no root"
$bb mount -t tmpfs -o size=50% upper /upper
$bb mkdir -p /upper/files /upper/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /new
for place in proc sys dev; do
	$bb mount --move /$place /new/$place
done
# State of the machine behind the root that must not be seen in here.
for place in run var/log var/cache/libvirt var/lib/libvirt; do
	[ -d "/new/$place" ] || $bb mkdir -p "/new/$place"
	$bb mount -t tmpfs tmpfs "/new/$place"
done
$bb mkdir -p /new/run/testhost/run /new/run/testhost/out
$bb mount -t 9p -o "$nine" run /new/run/testhost/run
$bb mount -t 9p -o "$nine" out /new/run/testhost/out
exec $bb switch_root /new /bin/bash /run/testhost/run/start
