#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Checks the picture in doc/architecture.md: which room may include which, that no host path stands
# anywhere, where curses may, and that only fixes/ changes a host. Prints each offence; fails when there is one.
set -u
cd "${1:-.}" || exit 2
fail=0

# room: the rooms that it may include
allowed='base:base
model:model base
profile:profile base
collectors:collectors model base
advisor:advisor model base
fixes:fixes advisor model base
views:views fixes advisor profile model base
tui:tui views base
output:output model base
cli:cli output tui views fixes advisor profile collectors model base'

echo "$allowed" | {
	while IFS=: read -r room may; do
		[ -d "$room" ] || continue
		for file in "$room"/*.c "$room"/*.h "$room"/*/*.c "$room"/*/*.h; do
			[ -e "$file" ] || continue
			for other in $(sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$file" | sort -u); do
				case " $may " in
				*" $other "*) ;;
				*) echo "$file: room $room must not include room $other"; fail=1 ;;
				esac
			done
		done
	done

	offences=$(grep -nE '"/(proc|sys|dev)[/"]' base/*.c model/*.c collectors/*.c advisor/*.c advisor/rules/*.c fixes/*.c views/*.c tui/*.c profile/*.c \
		output/*.c cli/*.c kvmtop.c 2>/dev/null)
	[ -z "$offences" ] || { echo "$offences"; echo 'host paths belong below a struct root'; fail=1; }

	offences=$(grep -lE '#include <(n?cursesw?|term)[./]' -r --include='*.[ch]' . 2>/dev/null |
		grep -vE '^\./(tui|build|tests/unit/test_keys\.c)')
	[ -z "$offences" ] || { echo "$offences"; echo 'curses belongs to tui/'; fail=1; }

	offences=$(grep -nwE 'system|popen|strcpy|strcat|sprintf|gets|atoi|sscanf|tmpnam|mktemp' \
		base/*.c model/*.c collectors/*.c advisor/*.c advisor/rules/*.c fixes/*.c views/*.c tui/*.c profile/*.c output/*.c cli/*.c kvmtop.c 2>/dev/null |
		grep -E '\b(system|popen|strcpy|strcat|sprintf|gets|atoi|sscanf|tmpnam|mktemp) ?\(')
	[ -z "$offences" ] || { echo "$offences"; echo 'these calls have no place here'; fail=1; }

	# fixes/ alone changes a host. output/ and profile/ write files of the user's, tui/ a terminal.
	offences=$(grep -nE 'O_(WRONLY|RDWR|CREAT) *\||\| *O_(WRONLY|RDWR|CREAT)|\bfopen\([^)]*"[wa]|\b(rename|unlink|symlink)(at)?\(' \
		base/*.c model/*.c collectors/*.c advisor/*.c advisor/rules/*.c views/*.c cli/*.c kvmtop.c 2>/dev/null
		grep -nE '\bvir(Domain(Set|Pin|Define|Create|Destroy)|NodeSet|NodeAlloc)|sched_setaffinity|migrate_pages|posix_spawn|\bexecv' \
			base/*.c model/*.c collectors/*.c advisor/*.c advisor/rules/*.c views/*.c tui/*.c profile/*.c output/*.c \
			cli/*.c kvmtop.c 2>/dev/null)
	[ -z "$offences" ] || { echo "$offences"; echo 'only fixes/ changes a host'; fail=1; }
	exit $fail
}
