#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# restore.sh KVMTOP HOST: kvmtop gives its terminal back, whatever ends it, while its threads read this
# host; and on a captured one, where it has no threads but the sampler's.

set -u
kvmtop=$(readlink -f "${1:?which kvmtop?}")
host=$(readlink -f "${2:?which captured host?}")
check=$(dirname "$(readlink -f "$0")")/pty_restore.py

command -v python3 >/dev/null || {
	echo 'SKIP: python3 is not installed'
	exit 77
}
# A picture is complete when nothing follows for a while: hence the long delay.
"$check" --ready DOMAIN -- "$kvmtop" -c none -d 2 || exit 1
"$check" --ready DOMAIN --only TERM,SEGV,hang-up,suspend -- "$kvmtop" --root "$host"
