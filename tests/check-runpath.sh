#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-runpath.sh BINARY...: where root's kvmtop looks for libraries nobody else may put one. An empty
# part of a run path is the current directory, and so is one that does not begin with / or $ORIGIN.
set -u
fail=0

for binary in "$@"; do
	path=$(readelf -d "$binary" | sed -nE 's/.*\((RUNPATH|RPATH)\).*\[(.*)\]$/\2/p')
	if [ -z "$path" ]; then
		echo "$binary: no run path, so that it does not find its libvirt module"
		fail=1
	fi
	while IFS= read -r -d : part; do
		case $part in
		/* | "\$ORIGIN" | "\$ORIGIN"/*) ;;
		*)
			echo "$binary: '$part' in its run path '$path' is not a place of its own"
			fail=1
			break
			;;
		esac
	done <<<"$path:"
done
exit $fail
