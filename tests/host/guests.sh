# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Guests inside the test host: libvirtd, guests defined from one line, guests without libvirt.
# To be sourced by what runs in the test host. Nothing here sleeps to be safe: every wait is for a
# condition, with a deadline, and says what it waited for when it fails.
#
# guest_start NAME [KEY=VALUE...]        through libvirt
# guest_define NAME [KEY=VALUE...]       through libvirt, which only keeps its definition
# guest_start_plain NAME [KEY=VALUE...]  QEMU by hand, as root, without libvirt
#   vcpus=1 mib=128      size
#   nodes=0-1            memory bound to these nodes
#   mode=preferred       memory wanted there, but taken elsewhere where there is none (strict)
#   pin=2,3              vCPU 0 on CPU 2, vCPU 1 on CPU 3; the last one serves for the rest
#   pages=huge           memory from the 2 MiB pools
#   share=no             memory that KSM leaves alone
#   work=touch=64,spin   what the guest does, see guest-init.sh
#   hold=yes             the work waits for guest_go
#   smp=yes              all its vCPUs work, not the first alone; takes them seconds each
#   nic=vhost queues=1   a vhost-net NIC with a tap device of its own, and a network between the two; a
#                        list with commas, of which only libvirt knows all: vhost2 (another one),
#                        e1000, direct (a macvtap on uplink0), user
#   threads=nameless     QEMU does not name its threads (plain only)
#   uuid=UUID            (plain only; libvirt chooses one)
#   disk=16              a disk of so many MiB
#   saved=yes            its definition is kept, as that of a guest is that starts again (libvirt only)
#   edit=FUNCTION        a filter that its XML goes through (libvirt only)
#   pair=DIR             two disks instead, limited: vda raw, cache none, native and an I/O thread in
#                        DIR; vdb qcow2 with writeback

guests_dir=/run/testhost/guests
guests_boot=/var/lib/libvirt/boot
guests_images=/var/lib/libvirt/images
mkdir -p "$guests_dir" "$guests_boot" "$guests_images"
# Copies: the path that QEMU maps shall be the same on every machine that captures a host.
[ -e "$guests_boot/kernel" ] || cp "$TESTHOST_CACHE/guest/boot/kernel" "$guests_boot/kernel"
[ -e "$guests_boot/initrd" ] || cp "$TESTHOST_CACHE/guest.initrd" "$guests_boot/initrd"

# Nothing ever comes through this pipe: a timed read waits without starting a process.
[ -p "$guests_dir/.nothing" ] || mkfifo "$guests_dir/.nothing"
exec {guests_nothing}<>"$guests_dir/.nothing"

pause() {
	read -r -t "$1" -u "$guests_nothing" || true
}

# wait_until SECONDS WHAT COMMAND...: repeats the command until it succeeds.
wait_until() {
	local deadline=$((SECONDS + $1)) what=$2
	shift 2

	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $deadline ]; then
			echo "# waited in vain for $what" >&2
			return 1
		fi
		pause 0.2
	done
}

# ---- libvirt ----

libvirt_configure() {
	# Nothing of the machine's own configuration counts in here, and its networks do not start.
	mountpoint -q /etc/libvirt || mount -t tmpfs tmpfs /etc/libvirt
	cat >/etc/libvirt/qemu.conf <<-'CONF'
	user = "root"
	group = "root"
	security_driver = "none"
	remember_owner = 0
	namespaces = []
	stdio_handler = "file"
	cgroup_device_acl = [ "/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom",
	    "/dev/ptmx", "/dev/kvm", "/dev/vhost-net", "/dev/net/tun" ]
	CONF
	cat >/etc/libvirt/libvirtd.conf <<-'CONF'
	auth_unix_rw = "none"
	auth_unix_ro = "none"
	unix_sock_ro_perms = "0777"
	CONF
}

libvirt_start() {
	libvirt_configure
	mkdir -p /run/dbus /var/log/libvirt/qemu
	[ -S /run/dbus/system_bus_socket ] || dbus-daemon --system --fork
	libvirtd -d
	wait_until 60 "libvirtd" virsh -q -r uri
}

libvirt_pid() {
	cat /run/libvirtd.pid
}

libvirt_kill() {
	local pid
	pid=$(libvirt_pid)
	kill -KILL "$pid"
	wait_until 20 "the end of libvirtd" eval '! [ -e /proc/'"$pid"' ]'
	rm -f /run/libvirt/libvirt-sock /run/libvirt/libvirt-sock-ro /run/libvirtd.pid
}

# ---- one guest ----

# Reads KEY=VALUE words into the caller's variables.
guest_read_keys() {
	local word

	vcpus=1 mib=128 nodes='' mode=strict pin='' pages='' share='' work=idle hold='' smp='' nic='' queues=1 disk='' pair=''
	threads='' uuid='' saved='' edit=cat
	for word in "$@"; do
		case $word in
		vcpus=* | mib=* | nodes=* | mode=* | pin=* | pages=* | share=* | hold=* | nic=* | queues=* | disk=* | pair=* | work=* | \
			threads=* | uuid=* | smp=* | saved=* | edit=*)
			printf -v "${word%%=*}" %s "${word#*=}"
			;;
		*)
			echo "# guest $name: what is $word?" >&2
			return 1
			;;
		esac
	done
}

# The CPU of vCPU $1 by pin list $2.
guest_pin_of() {
	local list
	IFS=, read -ra list <<<"$2"
	echo "${list[$1]:-${list[-1]}}"
}

guest_kernel_line() {
	local cpus=nosmp

	[ "$smp" != yes ] || cpus="maxcpus=1 smp"
	# A twice emulated kernel that starts all its CPUs at once boots for minutes.
	echo "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off random.trust_cpu=on" \
		"tsc=reliable $cpus work=$work${hold:+ hold}${nic:+ net=$(guest_network)}"
}

# A /24 of the benchmark range for each guest: the host is .1, the guest .2.
guest_network() {
	local i sum=0

	for ((i = 0; i < ${#name}; i++)); do
		sum=$(((sum * 31 + $(printf %d "'${name:i:1}")) % 256))
	done
	echo "198.18.$sum"
}

guest_has_nic() {
	[[ ,$nic, = *,$1,* ]]
}

guest_raise_nic() {
	local tap="tap-$name"

	guest_has_nic vhost || return 0
	ip link set "$tap" up
	if guest_has_nic vhost2; then
		ip link set "tap2-$name" up
		[[ ,$work, != *,net1,* ]] || tap="tap2-$name"
	fi
	! guest_has_nic e1000 || ip link set "e1k-$name" up
	ip addr add "$(guest_network).1/24" dev "$tap"
}

guest_nics_xml() {
	guest_has_nic vhost && cat <<-XML
	<interface type='ethernet'><target dev='tap-$name'/><model type='virtio'/>
	<driver name='vhost' queues='$queues'/></interface>
	XML
	guest_has_nic vhost2 && cat <<-XML
	<interface type='ethernet'><target dev='tap2-$name'/><model type='virtio'/>
	<driver name='vhost'/></interface>
	XML
	guest_has_nic e1000 && cat <<-XML
	<interface type='ethernet'><target dev='e1k-$name'/><model type='e1000'/></interface>
	XML
	guest_has_nic direct && cat <<-XML
	<interface type='direct'><source dev='uplink0' mode='bridge'/><model type='virtio'/></interface>
	XML
	guest_has_nic user && cat <<-XML
	<interface type='user'><model type='virtio'/></interface>
	XML
	true
}

guest_make_disk() {
	if [ -n "$pair" ]; then
		truncate -s "${disk}M" "$pair/$name.img"
		qemu-img create -q -f qcow2 "$guests_images/$name.qcow2" "${disk}M"
	elif [ -n "$disk" ]; then
		truncate -s "${disk}M" "$guests_images/$name.img"
	fi
}

guest_pair_xml() {
	[ -n "$pair" ] || return 0
	cat <<-XML
	<disk type='file' device='disk'>
	<driver name='qemu' type='raw' cache='none' io='native' iothread='1' discard='unmap'/>
	<source file='$pair/$name.img'/><target dev='vda' bus='virtio'/>
	<iotune><total_iops_sec>20</total_iops_sec></iotune></disk>
	<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='writeback'/>
	<source file='$guests_images/$name.qcow2'/><target dev='vdb' bus='virtio'/>
	<iotune><total_bytes_sec>1048576</total_bytes_sec></iotune></disk>
	XML
}

guest_xml() {
	local i cpu

	cat <<-XML
	<domain type='kvm'>
	<name>$name</name>
	<memory unit='MiB'>$mib</memory>
	<vcpu>$vcpus</vcpu>
	${pair:+<iothreads>1</iothreads>}
	<os><type arch='x86_64' machine='pc'>hvm</type>
	<kernel>$guests_boot/kernel</kernel>
	<initrd>$guests_boot/initrd</initrd>
	<cmdline>$(guest_kernel_line)</cmdline></os>
	<features><acpi/><apic/></features>
	<cpu mode='host-passthrough'/>
	XML
	echo "<memoryBacking>"
	[ "$pages" = huge ] && echo "<hugepages/>"
	[ "$share" = no ] && echo "<nosharepages/>"
	echo "</memoryBacking>"
	[ -n "$nodes" ] && echo "<numatune><memory mode='$mode' nodeset='$nodes'/></numatune>"
	if [ -n "$pin" ]; then
		echo "<cputune>"
		for ((i = 0; i < vcpus; i++)); do
			cpu=$(guest_pin_of $i "$pin")
			echo "<vcpupin vcpu='$i' cpuset='$cpu'/>"
		done
		echo "</cputune>"
	fi
	cat <<-XML
	<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
	<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
	<controller type='usb' model='none'/>
	<serial type='pty'><log file='$guests_dir/$name.console'/></serial>
	<memballoon model='virtio'/>
	XML
	case ,$work, in *,agent,*)
		echo "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
		;;
	esac
	guest_pair_xml
	[ -n "$disk" ] && [ -z "$pair" ] && cat <<-XML
	<disk type='file' device='disk'><driver name='qemu' type='raw' cache='writeback'/>
	<source file='$guests_images/$name.img'/><target dev='vda' bus='virtio'/></disk>
	XML
	guest_nics_xml
	echo "</devices></domain>"
}

guest_start() {
	local name=$1 vcpus mib nodes mode pin pages share work hold nic queues disk pair threads uuid smp saved edit
	shift

	guest_read_keys "$@" || return
	guest_make_disk
	guest_xml | "$edit" >"$guests_dir/$name.xml"
	if [ "$saved" = yes ]; then
		virsh -q define "$guests_dir/$name.xml" && virsh -q start "$name" || return
	else
		virsh -q create "$guests_dir/$name.xml" || return
	fi
	cp "/run/libvirt/qemu/$name.pid" "$guests_dir/$name.pid"
	guest_raise_nic
}

guest_define() {
	local name=$1 vcpus mib nodes mode pin pages share work hold nic queues disk pair threads uuid smp saved edit
	shift

	guest_read_keys "$@" || return
	guest_xml | "$edit" >"$guests_dir/$name.xml"
	virsh -q define "$guests_dir/$name.xml"
}

guest_start_plain() {
	local name=$1 vcpus mib nodes mode pin pages share work hold nic queues disk pair threads uuid smp
	local saved edit memory=() name_option='' i tid
	shift

	guest_read_keys "$@" || return
	guest_make_disk
	if [ "$pages" = huge ]; then
		memory=(-object "memory-backend-file,id=ram,mem-path=/dev/hugepages,prealloc=on")
	else
		memory=(-object "memory-backend-ram,id=ram")
	fi
	[ "$mode" = strict ] && mode=bind
	memory[1]+=",size=${mib}M${nodes:+,host-nodes=$nodes,policy=$mode}"
	[ -z "$disk" ] || memory+=(-drive "file=$guests_images/$name.img,format=raw,if=virtio")
	[ "$nic" != vhost ] || memory+=(
		-netdev "tap,id=net,ifname=tap-$name,script=no,downscript=no,vhost=on,queues=$queues"
		-device "virtio-net-pci,netdev=net")
	[ -n "$threads" ] || name_option=,debug-threads=on
	qemu-system-x86_64 -name "guest=$name$name_option" ${uuid:+-uuid "$uuid"} \
		-nodefaults -no-user-config \
		-display none -no-reboot -cpu host \
		-machine "pc,accel=kvm,memory-backend=ram${share:+,mem-merge=off}" \
		-smp "$vcpus" -m "$mib" "${memory[@]}" \
		-chardev "pty,id=serial,logfile=$guests_dir/$name.console" -serial chardev:serial \
		-kernel "$guests_boot/kernel" -initrd "$guests_boot/initrd" \
		-append "$(guest_kernel_line)" -pidfile "$guests_dir/$name.pid" \
		-daemonize >"$guests_dir/$name.output" 2>&1 || {
		cat "$guests_dir/$name.output" >&2
		return 1
	}
	guest_raise_nic
	[ -n "$pin" ] || return 0
	for ((i = 0; i < vcpus; i++)); do
		tid=$(guest_vcpu_tid "$name" $i)
		taskset -pc "$(guest_pin_of $i "$pin")" "$tid" >/dev/null
	done
}

# guest_wait NAME up|ready|works [SECONDS]
guest_wait() {
	local text="guest is $2"

	[ "$2" = works ] && text="guest works"
	wait_until "${3:-180}" "guest $1: $2" grep -qs "$text" "$guests_dir/$1.console"
}

guest_pid() {
	cat "$guests_dir/$1.pid"
}

# The thread of a guest's vCPU, by the name that QEMU gives it.
guest_vcpu_tid() {
	local comm pid
	pid=$(guest_pid "$1")
	for comm in "/proc/$pid/task"/*/comm; do
		if [ "$(<"$comm")" = "CPU $2/KVM" ]; then
			comm=${comm%/comm}
			echo "${comm##*/}"
			return
		fi
	done
	return 1
}

# Lets the work of a guest begin that was started with hold=yes.
guest_go() {
	local pty fd status=0

	grep -qs "guest works" "$guests_dir/$1.console" && return
	if [ -s "$guests_dir/$1.output" ]; then
		pty=$(grep -o -m1 '/dev/pts/[0-9]*' "$guests_dir/$1.output")
	else
		pty=$(virsh -q ttyconsole "$1")
	fi
	exec {fd}<>"$pty"
	echo go >&"$fd"
	guest_wait "$1" works 60 || status=$?
	exec {fd}>&-
	return $status
}

guest_stop() {
	kill -STOP "$(guest_pid "$1")"
}

guest_continue() {
	kill -CONT "$(guest_pid "$1")"
}

guest_kill() {
	local pid
	pid=$(guest_pid "$1")
	kill -KILL "$pid"
	wait_until 20 "the end of guest $1" eval '! [ -e /proc/'"$pid"' ]'
	[ ! -e "$guests_dir/$1.xml" ] ||
		wait_until 20 "libvirt to know of its end" eval '! virsh -q domid '"$1"' | grep [0-9]'
	virsh -q undefine "$1" >/dev/null 2>&1
	rm -f "$guests_dir/$1".* "$guests_images/$1.img"
}
