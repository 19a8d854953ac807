#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# libvirtd stops answering (SIGSTOP), first under a running kvmtop, then before one starts. The kernel's
# figures keep their rhythm; the source says what is missing; kvmtop ends on time.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

have_guests \
	"spin1 mib=192 nodes=1 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin2 mib=192 nodes=2 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin3 mib=192 nodes=3 pin=5 work=touch=64,spin share=no hold=yes"
require "spin1 works" guest_go spin1
tid=$(guest_vcpu_tid spin1 0)
libvirtd=$(libvirt_pid)

rows_of_sample_3() {
	[ "$(columns domain sample name=spin1 2>/dev/null | tail -n 1)" -ge 3 ]
}

reference_start "$tid"
kvmtop_start 2 9 domain vcpu source placement
wait_until 60 "the third sample" rows_of_sample_3
kill -STOP "$libvirtd"
began=$SECONDS
kvmtop_wait domain vcpu source placement
expect_true "ends on time after libvirtd stopped" "$((SECONDS - began)) s for 6 samples of 2 s" \
	test $((SECONDS - began)) -le 25
reference_stop
expect_same "running: all samples" "$(columns domain sample name=spin1 | tail -n 1)" 9
expect_rhythm 2
expect_same "running: guests" "$(columns domain name sample=9 | sort | xargs)" "spin1 spin2 spin3"
expect_cpu_time "running: spin1: run time" "$tid" run_ratio 3 vcpu domain=spin1
expect_true "running: libvirt's source says it is stuck" "it says '$(col source state source=libvirt)'" \
	test "$(col source state source=libvirt)" != ok

reference_start "$tid"
began=$SECONDS
take 2 6 domain vcpu source placement
expect_true "started: ends on time" "$((SECONDS - began)) s for 6 samples of 2 s" \
	test $((SECONDS - began)) -le 30
reference_stop
expect_same "started: all samples" "$(columns domain sample name=spin1 | tail -n 1)" 6
expect_rhythm 2
expect_same "started: guests by their command lines" \
	"$(columns domain name sample=6 | sort | xargs)" "spin1 spin2 spin3"
expect_cpu_time "started: spin1: run time" "$tid" run_ratio 3 vcpu domain=spin1
expect_shares spin1
expect_same "started: memory by the command line" "$(col domain memory_bytes name=spin1)" \
	$((192 * 1048576))
expect_true "started: libvirt's source says it is stuck" "it says '$(col source state source=libvirt)'" \
	test "$(col source state source=libvirt)" != ok

kill -CONT "$libvirtd"
wait_until 60 "libvirtd" timeout 5 virsh -q -r uri
take 2 3 domain source
expect_same "libvirt is back" "$(col source state source=libvirt)" ok
