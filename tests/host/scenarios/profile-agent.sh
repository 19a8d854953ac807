#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# A guest's agent sends the symbols of its kernel, at the user's wish, and they are kept; a guest without
# one says so. Through libvirt's connection for writing, which nothing else here opens.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

out=$samples_dir/out
mkdir -p "$out"
have_guests "talks mib=192 pin=5 work=agent,random" "mute mib=128 pin=6"
uuid=$(virsh -q domuuid talks | tr -d '[:space:]')
kept=/var/lib/kvmtop/guests/$uuid

status=0
timeout 60 "$KVMTOP" profile mute --seconds 1 --fetch-symbols >"$out/mute" 2>&1 || status=$?
expect_same "a guest without an agent" "$status" 1
expect_true "it is told why" "$(tail -n 1 "$out/mute")" grep -qi 'agent' "$out/mute"

require "the agent is connected" wait_until 60 "the agent" \
	eval 'virsh -q dumpxml talks | grep -q "guest_agent.0. state=.connected"'
status=0
timeout 100 "$KVMTOP" profile talks --seconds 3 --fetch-symbols >"$out/report" 2>"$out/messages" || status=$?
expect_same "symbols are fetched: $(tail -n 1 "$out/messages")" "$status" 0
grep '^ ' "$out/report" | head -n 5 | sed 's/^/# /'
expect_same "modes of what is kept" "$(stat -c %a "$kept" "$kept/kallsyms" "$kept/modules" | xargs)" "700 600 600"
expect_true "all of it came" "$(wc -lc "$kept/kallsyms" | xargs)" grep -q ' _stext$' "$kept/kallsyms"
expect_true "modules, too" "$(wc -l <"$kept/modules")" grep -q '^virtio_console ' "$kept/modules"
expect_true "they name the guest's functions" "$(head -n 12 "$out/report" | tail -n 4)" \
	grep -qE '\[g\] chacha' "$out/report"
expect_true "nothing is missing" "$(grep '^#' "$out/report")" \
	eval '! grep -q "Symbols of the guest" "$out/report"'
