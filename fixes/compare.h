/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether two texts mean the same to the kernel or to libvirt. */
#ifndef KVMTOP_FIXES_COMPARE_H
#define KVMTOP_FIXES_COMPARE_H

#include <stdbool.h>

/* But for blanks around them. */
bool same_text(const char *a, const char *b);
/* What a file of the kernel says: also "always [never]" and "never", lists, masks, "Y" and "1". */
bool same_setting(const char *a, const char *b);
/* Lists of CPUs or nodes. */
bool same_list(const char *a, const char *b);
/* What a thread may use of the CPUs that it is pinned to: all of them, or less by a cpuset. */
bool covers_list(const char *pinned, const char *seen);
/* Numbers; all that means "no limit" is the same. */
bool same_number(const char *a, const char *b);

#endif
