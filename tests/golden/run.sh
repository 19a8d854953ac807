#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Compares screens with those that were looked at and found good.
#   run.sh BINARY            all of them, or only those whose file matches $ONLY (a shell pattern)
#   UPDATE=1 run.sh BINARY   takes what is drawn now for good
set -u

binary=${1:?usage: run.sh BINARY}
here=$(cd "$(dirname "$0")" && pwd)
hosts=$here/../hosts
shown=$(mktemp -d) || exit 1
trap 'rm -rf "$shown"' EXIT
passed=0 failed=0

# The clock in the header and the characters must not depend on who runs this.
draw()
{
	TZ=UTC LC_ALL=$locale "$binary" --root "$hosts/$host.host" --size "$size" \
		--keys "$keys" --dump
}

compare()
{
	file=$host/$name-$size.txt
	case $file in
	${ONLY:-*}) ;;
	*) return ;;
	esac
	mkdir -p "$shown/$host"
	draw > "$shown/$file" 2>&1 || echo "exit status $?" >> "$shown/$file"
	if [ -n "${UPDATE:-}" ]; then
		mkdir -p "$here/$host"
		cp "$shown/$file" "$here/$file"
	fi
	if diff -u "$here/$file" "$shown/$file"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "^ not what $file says. If it is better: UPDATE=1 ONLY='$file' $0 $binary"
	fi
}

while read -r host name size keys; do
	case $host in '' | \#*) continue ;; esac
	locale=C.UTF-8
	case $keys in
	'ASCII'*)
		locale=C
		keys=${keys#ASCII}
		;;
	esac
	compare
done < "$here/cases"

# A file that no case names any more would never be compared.
for file in "$here"/*/*.txt; do
	file=${file#"$here"/}
	name=${file##*/}
	name=${name%-*}
	size=${file##*-}
	grep -Eq "^${file%%/*} +$name +${size%.txt}( |\$)" "$here/cases" && continue
	echo "$file belongs to no line of cases"
	failed=$((failed + 1))
done

echo "golden screens: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
