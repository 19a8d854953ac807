#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Generates what follows from the program's tables: the manual page, the completion for bash, and the
# blocks of README.md between "<!-- make:WHAT -->" and "<!-- end -->".
#   doc/make.sh KVMTOP           writes them
#   doc/make.sh KVMTOP --check   tells which differ, and fails
set -euo pipefail
kvmtop=$(readlink -f "${1:?which kvmtop?}")
check=${2:-}
cd "$(dirname "$(readlink -f "$0")")/.."
export LC_ALL=C.UTF-8 TZ=UTC
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

version=$("$kvmtop" --version)
version=${version#kvmtop }
for part in options keys screens marks tables status sources; do
	"$kvmtop" --manual "$part" >"$made/$part"
done

# Each "@PART@" on a line of its own gives way to that part.
while IFS= read -r line; do
	case $line in
	@OPTIONS@ | @KEYS@ | @SCREENS@ | @MARKS@ | @TABLES@ | @STATUS@ | @SOURCES@)
		line=${line//@/}
		cat "$made/${line,,}"
		;;
	*)
		line=${line//@VERSION@/$version}
		printf '%s\n' "${line//@GENERATED@/Made by doc\/make.sh from doc\/kvmtop.8.in.}"
		;;
	esac
done <doc/kvmtop.8.in >"$made/kvmtop.8"

"$kvmtop" --manual bash >"$made/kvmtop.bash"

# The commands whose output the README shows.
block() {
	case $1 in
	screen) "$kvmtop" --demo --size 100x30 --dump ;;
	numa) "$kvmtop" --demo --size 100x24 --keys 3 --dump ;;
	csv) "$kvmtop" --demo -b -n 1 -C state,cpu,wait,memory,local,nodes ;;
	tables) "$kvmtop" --list-tables ;;
	*) echo "README.md: no block is called '$1'" >&2 && return 1 ;;
	esac
}

inside=no
while IFS= read -r line; do
	if [[ $line =~ ^'<!-- make:'([a-z]+)' -->'$ ]]; then
		inside=yes
		printf '%s\n```\n' "$line"
		block "${BASH_REMATCH[1]}"
		printf '```\n<!-- end -->\n'
	elif [ "$line" = '<!-- end -->' ]; then
		inside=no
	elif [ $inside = no ]; then
		printf '%s\n' "$line"
	fi
done <README.md >"$made/README.md"

# A page for each rule, and the list of them.
mkdir "$made/rules"
while read -r rule rest; do
	"$kvmtop" --config none explain "$rule" >"$made/rules/$rule.md"
	printf -- '- [%s](%s.md): %s\n' "$rule" "$rule" \
		"$(sed -E 's/^[a-z]* *([-ABC]) (advice|at once|slow|lasting) *(.*)/\3 (\1, \2)/; s/\(-, /(/' <<<"$rest")"
done < <("$kvmtop" --list-rules) >"$made/list"
{
	printf '# The rules of the advisor\n\n'
	printf '%s\n' 'Behind each rule stands its fix. Class A is made at once: it is bounded, over in a moment, and' \
		'can be undone. Class B is slow, or a strain on the host, and shown first. Class C stays beyond' \
		'the next start, or the guest sees it: it is shown, and a name is asked for. Of the rest there is' \
		'advice only.' ''
	cat "$made/list"
} >"$made/rules/README.md"

status=0
put() {
	cmp -s "$made/$1" "$2" && return
	if [ "$check" = --check ]; then
		echo "$2 is out of date; mend it with: doc/make.sh build/dev/kvmtop"
		diff -u "$2" "$made/$1" | head -n 20 || true
		status=1
	else
		cp "$made/$1" "$2"
		echo "$2"
	fi
}

# lint COMMAND...: nothing may be said of the manual page, by whichever of the tools are there.
lint() {
	local said
	command -v "$1" >/dev/null || return 0
	said=$("$@" 2>&1 >/dev/null) && [ -z "$said" ] && return
	printf '%s: %s\n' "$1" "$said"
	status=1
}
lint man --warnings -E UTF-8 -l -Tutf8 "$made/kvmtop.8"
lint groff -man -ww -z "$made/kvmtop.8"
if command -v mandoc >/dev/null && ! mandoc -T lint -W warning "$made/kvmtop.8"; then
	status=1
fi

put kvmtop.8 doc/kvmtop.8
put kvmtop.bash doc/kvmtop.bash
put README.md README.md
mkdir -p doc/rules
for page in "$made"/rules/*.md; do
	put "rules/${page##*/}" "doc/rules/${page##*/}"
done
for page in doc/rules/*.md; do
	[ -e "$made/rules/${page##*/}" ] && continue
	if [ "$check" = --check ]; then
		echo "$page is of no rule; mend it with: doc/make.sh build/dev/kvmtop"
		status=1
	else
		rm "$page"
	fi
done
exit $status
