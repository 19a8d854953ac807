#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# in-host.sh KVMTOP KIND SCENARIO...: runs scenarios one after the other inside the test host. KIND is
# libvirt (libvirtd runs, guests are its) or bare (guests are started by hand).

export KVMTOP=$1
kind=$2
# With a dozen others waiting for two CPUs one takes two minutes. What takes longer than this hangs.
limit_s=420
shift 2

# shellcheck source=tests/host/guests.sh
. "$TESTHOST_DIR/guests.sh"

# A scenario may say nothing for minutes, a host that stands still does so for ever: run-scenarios tells
# them apart by this.
tell_life() {
	while pause 20; do
		echo "# alive"
	done
}

# For whoever wonders why: what each guest said last, and what everything waits for.
tell_state() {
	local file

	for file in "$guests_dir"/*.console; do
		[ -e "$file" ] && echo "# ${file##*/}: $(tail -n 2 "$file" | tr -c '[:print:]' ' ')"
	done
	ps -o pid,stat,wchan:24,time,args --ppid 2 -p 2 --deselect | cut -c 1-150 | sed 's/^/# /'
	dmesg | tail -n 5 | sed 's/^/# /'
}

# For a look at what was compared, where run-scenarios is told to keep it. One file each: thousands of
# small ones take half a minute.
keep_samples() {
	[ ! -d "$TESTHOST_OUT/samples" ] || [ ! -d "/run/testhost/samples/$1" ] ||
		tar -C /run/testhost/samples -cf "$TESTHOST_OUT/samples/$1.tar" "$1"
}

tell_life &
if [ "$kind" = libvirt ]; then
	export guest_starter=guest_start
	if ! libvirt_start; then
		echo "# libvirtd did not start: $(tail -n 2 /var/log/libvirt/libvirtd.log)"
		exit 99
	fi
else
	export guest_starter=guest_start_plain
fi
for name in "$@"; do
	echo "# began $name at $(cut -d ' ' -f 1 /proc/uptime) s"
	status=0
	timeout -k 5 $limit_s bash "$TESTHOST_DIR/scenarios/$name.sh" || status=$?
	keep_samples "$name"
	# 99: it could not be set up; 124, 137: it hung. The host may be to blame, so the others wait
	# for a new one.
	if [ $status -eq 99 ] || [ $status -eq 124 ] || [ $status -eq 137 ]; then
		echo "# stuck $name: ended with status $status"
		tell_state
		exit 99
	fi
	[ $status -eq 0 ] || echo "not ok $name: ended with status $status"
	echo "finished $name"
done
echo "# all done at $(cut -d ' ' -f 1 /proc/uptime) s"
