#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Is the generated documentation that of this program?   check-generated.sh KVMTOP
set -eu
exec "$(dirname "$0")/../doc/make.sh" "$1" --check
