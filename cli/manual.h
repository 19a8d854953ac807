/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documentation that follows from the tables of options, keys, columns and sources. */
#ifndef KVMTOP_CLI_MANUAL_H
#define KVMTOP_CLI_MANUAL_H

struct text;

/* The keys, as --list-keys prints them. */
void manual_keys(struct text *out);

/*
 * One part of the manual page: options, keys, screens, marks, tables, status or sources; or bash,
 * the completion of that shell. -EINVAL: no part is called so.
 */
int manual_part(const char *name, struct text *out);

#endif
