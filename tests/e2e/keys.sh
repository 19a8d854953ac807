#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# keys.sh KVMTOP: fixes by keys on a real terminal, of a guest of a libvirtd of its own: made by f, seen by
# virsh, told by the journal, taken back by u, made to last by p; and where the keys are dead.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
session_need
place_enter "$@"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a thread may still hang in libvirt at the end
own=kvmtop$$ # what names begin with: another of these may run beside
session_enter
journal=$place/journal

open_session() {
	session_start
	cat >"$place/home/guest.xml" <<-X
		<domain type='qemu'>
		  <name>$own</name>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>$(command -v qemu-system-x86_64)</emulator>
		    <memballoon model='virtio'/>
		  </devices>
		</domain>
	X
	session define "$place/home/guest.xml" >/dev/null && session start "$own" >/dev/null ||
		place_skip "libvirt starts no guest: $(head -n 1 "$place/virsh.err")"
	guest=$(cat "$place/run/libvirt/qemu/run/$own.pid")
	echo "$guest" >"$place/guest.pid"
	# Only what this is about, and at once.
	{
		"$kvmtop" --list-rules | sed 's/ .*/.enabled = no/'
		printf '%s\n' 'balloon-stats-off.enabled = yes' 'balloon-stats-off.for = 0s'
	} >"$place/keys.conf"
}

# start SIZE WORDS...
start() {
	local size=$1
	shift
	tm_start "$size" "${environment[@]}" TERM="$TM_TERM" "$kvmtop" -c "$uri" --journal "$journal" \
		--config "$place/keys.conf" -d 0.5 "$@"
	tm_wait '1Domains'
}
