#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: bare
# ends: host
#
# A kernel that is locked down, as Secure Boot may have it: what it keeps to itself is named, source by
# source, and all else goes on. There is no way back.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

lock=/sys/kernel/security/lockdown
[ -e $lock ] || mount -t securityfs securityfs /sys/kernel/security
if [ ! -e $lock ]; then
	echo "skip locked-down: this kernel cannot be locked down"
	exit 0
fi

have_guests "busy mib=160 nodes=3 pin=6 work=touch=32,spin hold=yes"
require "busy works" guest_go busy
tid=$(guest_vcpu_tid busy 0)

take 1 3 domain host_exit source
expect_same "before: exits are watched" "$(col source state source=exits)" ok
expect_same "before: KVM's statistics" "$(col source state source=kvm)" ok

echo confidentiality >$lock
expect_true "the kernel is locked down" "it says '$(<$lock)'" grep -qF '[confidentiality]' $lock

reference_start "$tid"
take_placed 2 6 busy domain vcpu placement host_exit source
reference_stop
note=$(col source note source=kvm)
expect_true "KVM's statistics: the source says so" "it says '$note'" grep -q "locked down" <<<"$note"
expect_same "no rate is made up" "$(col domain exits_per_second name=busy)" ""
# Some kernels keep tracepoints to themselves then, others do not.
note=$(col source note source=exits)
if [ "$(col source state source=exits)" = ok ]; then
	expect_true "exits are watched as before" "there are none" \
		test -n "$(col host_exit exits_per_second kind=exit)"
else
	expect_true "exits: the source says so" "it says '$note'" grep -q "locked down" <<<"$note"
fi
expect_same "busy runs" "$(col domain state name=busy)" running
expect_cpu_time "busy: run time" "$tid" run_ratio 3 vcpu domain=busy
expect_placement busy 160
