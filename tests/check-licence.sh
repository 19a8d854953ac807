#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Checks that each file of code names its licence in its first line, or below the line that says what
# runs it. Texts, recordings, examples and pictures are under COPYING without a word of it.
set -u
cd "${1:-.}" || exit 2

bare=$(find . \( -path ./build -o -path ./.git \) -prune -o -type f \
	\( -name '*.[chS]' -o -name '*.def' -o -name '*.py' -o -name '*.sh' -o -name '*.in' -o -name CMakeLists.txt \
	-o -name '*.cmake' -o -perm -u+x \) -exec sh -c '
	for file; do
		head -n 2 "$file" | grep -q "SPDX-License-Identifier: GPL-2.0-or-later" || echo "$file"
	done' sh {} +)
[ -n "$bare" ] || exit 0
echo "no licence in the first lines of:"
echo "$bare"
exit 1
