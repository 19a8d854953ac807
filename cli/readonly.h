/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --readonly: rights that are given up, not just left unused. */
#ifndef KVMTOP_CLI_READONLY_H
#define KVMTOP_CLI_READONLY_H

/*
 * Keeps only the rights to read what others may not, to trace and to count events; root becomes
 * somebody else, since all of /sys and /proc/sys is root's own. Before any thread is started. 0 or
 * -errno: then too much was left.
 */
int readonly_enter(void);

#endif
