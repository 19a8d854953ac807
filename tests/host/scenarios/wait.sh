#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Three guests that never rest share one host CPU: each runs a third of the time and waits two.
# Against schedstat in the same windows, stat, and libvirt's own vCPU times.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

have_guests \
	"spin1 mib=192 nodes=1 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin2 mib=192 nodes=2 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin3 mib=192 nodes=3 pin=5 work=touch=64,spin share=no hold=yes"
guests=(spin1 spin2 spin3)
for name in "${guests[@]}"; do
	require "$name works" guest_go "$name"
done

declare -A tid
for name in "${guests[@]}"; do
	tid[$name]=$(guest_vcpu_tid "$name" 0)
done

# Guest time of a thread, in ticks of a hundredth of a second (stat, field 43).
guest_ticks() {
	local line fields

	line=$(<"/proc/$1/stat")
	read -ra fields <<<"${line##*) }"
	echo "${fields[40]}"
}

vcpu_times() {
	virsh -q domstats --raw --vcpu "${guests[@]}" | awk -F '[=]' '
	/^Domain/ { split($0, part, "\047"); name = part[2] }
	$1 ~ /vcpu\.0\.(time|delay)$/ { sub(/.*\./, "", $1); print name, $1, $2 }'
}

declare -A ticks_before ticks_after
vcpu_times >"$samples_dir/libvirt.before"
reference_start "${tid[@]}" cpus
for name in "${guests[@]}"; do
	ticks_before[$name]=$(guest_ticks "${tid[$name]}")
done
began=$EPOCHREALTIME
take 2 8 vcpu domain cpu
for name in "${guests[@]}"; do
	ticks_after[$name]=$(guest_ticks "${tid[$name]}")
done
ended=$EPOCHREALTIME
reference_stop
vcpu_times >"$samples_dir/libvirt.after"

# Mean over all samples of a ratio.
mean() {
	seconds_of "$@" | awk '{ printf "%.6f\n", $1 / $2 }'
}

for name in "${guests[@]}"; do
	expect_cpu_time "$name: run time" "${tid[$name]}" run_ratio 3 vcpu "domain=$name"
	expect_cpu_time "$name: wait time" "${tid[$name]}" wait_ratio 4 vcpu "domain=$name"
	waits=$(mean vcpu wait_ratio "domain=$name")
	expect_near "$name: waits two thirds of the time" "$waits" 0.667 0.05
	expect_near "$name: wait of the domain" "$(mean domain wait_ratio "name=$name")" "$waits" 0.001
	expect_near "$name: time inside the guest" "$(mean vcpu guest_ratio "domain=$name")" \
		"$(awk "BEGIN { printf \"%.6f\",
			(${ticks_after[$name]} - ${ticks_before[$name]}) / 100 / ($ended - $began) }")" 0.03
	expect_same "$name: CPU" "$(columns vcpu cpu "domain=$name" | sort -u)" 5
	# virsh reads its two figures at moments of its own: their proportion is what can be compared.
	expect_near "$name: wait beside domstats" "$waits" "$(awk -v name="$name" '
	$1 == name && !($2 in first) { first[$2] = $3 }
	$1 == name { grew[$2] = $3 - first[$2] }
	END { printf "%.6f", grew["delay"] / (grew["time"] + grew["delay"]) }' \
		"$samples_dir"/libvirt.{before,after})" 0.03
done
for cpu in 0 1 2 3 4 5 6 7; do
	expect_near "CPU $cpu: time busy" "$(mean cpu busy_ratio "cpu=$cpu")" \
		"$(reference_busy $cpu cpu "cpu=$cpu")" 0.03
done
expect_near "CPU 5 never rests" "$(mean cpu busy_ratio cpu=5)" 1 0.01
