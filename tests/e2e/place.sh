#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A place of our own for tests with real guests. To be sourced:
#
#   . "$(dirname "$0")/place.sh"
#   place_enter "$@"
#   guest_start web "$place/web.pid"
#
# place_enter runs the script anew in PID and mount namespaces of its own, as root can: no guest of this
# machine is seen there, and whatever is left over ends with the script. For others than root everything
# happens on the machine itself, $place_own is empty, and the script must look at its own guests only.

place=
# shellcheck disable=SC2034 # for the scripts
place_own=
place_deadline=40

place_enter() {
	if [ -z "${PLACE_INSIDE-}" ] && [ "$(id -u)" -eq 0 ] && unshare --mount --pid --fork --mount-proc true 2>/dev/null
	then
		PLACE_INSIDE=1 exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
	fi
	# shellcheck disable=SC2034
	place_own=${PLACE_INSIDE-}
	place=$(mktemp -d "${TMPDIR:-/tmp}/kvmtop-place.XXXXXX")
	chmod 755 "$place" # others than its owner look into it, too
	trap place_leave EXIT
}

# A script that needs something calls this before anything is asserted.
place_skip() {
	echo "SKIP: $*"
	exit 77
}

place_fail() {
	cat "$place"/sanitizer.* 2>/dev/null >&2
	echo "FAILED: $*" >&2
	exit 1
}

# Says why a check is about to fail; false.
place_complain() {
	echo "$*" >&2
	false
}

place_leave() {
	local file
	exec 2>/dev/null # bash would tell of each process that it kills
	for file in "$place"/*.pid; do
		[ ! -s "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null
	done
	rm -rf "$place"
}

# until_true COMMAND...: status 1 after $place_deadline seconds.
until_true() {
	local end=$((SECONDS + place_deadline + 1))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02 # how often to look, not how long to wait
	done
}

# One sentence per check in the end, as of the other tests.
run_checks() {
	local check
	for check in ${ONLY:-"$@"}; do
		"$check" || place_fail "$check"
		! compgen -G "$place/sanitizer.*" >/dev/null || place_fail "$check: a sanitizer has reported"
		echo "ok     $check"
	done
}

has_qemu() {
	command -v qemu-system-x86_64 >/dev/null
}

# guest_start NAME PIDFILE [OPTIONS...]: a guest that has never run. Without KVM it is emulated.
guest_start() {
	local name=$1 file=$2 accel=tcg
	shift 2
	[ ! -w /dev/kvm ] || accel=kvm
	qemu-system-x86_64 -name "$name,debug-threads=on" -S -display none -nodefaults -no-user-config \
		-machine pc -m 16 -accel $accel -monitor none -serial none \
		-daemonize -pidfile "$file" "$@" 2>/dev/null
}

# Gone is what is no more, or waits for somebody to ask for its status.
is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# guest_end PIDFILE: at once and for sure.
guest_end() {
	local pid
	pid=$(cat "$1")
	kill -KILL "$pid"
	until_true is_gone "$pid" || place_fail "guest $pid does not end"
	rm -f "$1"
}

descriptors() {
	local all=(/proc/"$1"/fd/*)
	echo ${#all[@]}
}

threads() {
	local all=(/proc/"$1"/task/*)
	echo ${#all[@]}
}

# ---- a libvirtd of the script's own ----

# session_need: before place_enter.
session_need() {
	libvirtd=$(PATH=$PATH:/usr/sbin command -v libvirtd)
	[ -n "$libvirtd" ] || place_skip 'libvirtd is not installed'
	command -v virsh >/dev/null || place_skip 'virsh is not installed'
	has_qemu || place_skip 'qemu-system-x86_64 is not installed'
}

# session_enter: after it. What sees this libvirtd is started with "${environment[@]}", at $uri.
session_enter() {
	environment=(env -i HOME="$place/home" XDG_RUNTIME_DIR="$place/run" XDG_CONFIG_HOME="$place/home"
		XDG_CACHE_HOME="$place/home" LIBVIRT_AUTOSTART=0 PATH="$PATH" LC_ALL=C.UTF-8
		ASAN_OPTIONS="$ASAN_OPTIONS" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}")
	# A session is for others than root; kvmtop looks at it with all the rights there are.
	as_user=("${environment[@]}")
	[ "$(id -u)" -ne 0 ] ||
		as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups "${environment[@]}")
	# shellcheck disable=SC2034 # for the scripts
	uri="qemu+unix:///session?socket=$place/run/libvirt/libvirt-sock"
}

# session_start: its directories and its process end with the place.
session_start() {
	mkdir -p "$place/home/libvirt" "$place/run"
	# Else it starts a daemon for the guests' output, which would outlive it.
	echo 'stdio_handler = "file"' >"$place/home/libvirt/qemu.conf"
	chmod 700 "$place/run"
	[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 "$place"/{home,run}
	"${as_user[@]}" test -w "$place/home" ||
		place_skip 'the directory for temporary files is closed to other users'
	"${as_user[@]}" "$libvirtd" >"$place/libvirtd.log" 2>&1 &
	echo $! >"$place/libvirtd.pid"
	until_true test -S "$place/run/libvirt/libvirt-sock" ||
		place_skip "libvirtd does not start: $(tail -n 1 "$place/libvirtd.log")"
}

# session_guest NAME VCPUS [WORDS...]: defines a guest of that name, with room for one vCPU more, a disk and an
# I/O thread, and starts it, as virsh start with these WORDS would; its process ends with the place. $guest and
# $uuid tell who it is.
session_guest() {
	local name=$1 vcpus=$2
	shift 2
	# shellcheck disable=SC2034 # for the scripts
	uuid=5b0f1c2a-0000-4000-8000-00000000beef
	cat >"$place/home/guest.xml" <<-X
		<domain type='qemu'>
		  <name>$name</name>
		  <uuid>$uuid</uuid>
		  <memory unit='MiB'>16</memory>
		  <vcpu current='$vcpus'>$((vcpus + 1))</vcpu>
		  <iothreads>1</iothreads>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>$(command -v qemu-system-x86_64)</emulator>
		    <disk type='file' device='disk'>
		      <driver name='qemu' type='raw' iothread='1'/>
		      <source file='$place/home/disk.img'/>
		      <target dev='vda' bus='virtio'/>
		    </disk>
		    <memballoon model='virtio'/>
		  </devices>
		</domain>
	X
	"${as_user[@]}" truncate -s 1M "$place/home/disk.img"
	if ! session define "$place/home/guest.xml" >/dev/null || ! session start "$@" --domain "$name" >/dev/null; then
		place_skip "libvirt starts no guest: $(head -n 1 "$place/virsh.err")"
	fi
	guest=$(cat "$place/run/libvirt/qemu/run/$name.pid")
	echo "$guest" >"$place/guest.pid"
}

# session WORDS...: virsh, there.
session() {
	"${as_user[@]}" virsh -q -c qemu:///session "$@" 2>"$place/virsh.err"
}
