/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `kvmtop profile GUEST`, and the same behind a key of the screen. */
#ifndef KVMTOP_CLI_PROFILE_H
#define KVMTOP_CLI_PROFILE_H

struct key;
struct options;
struct profile;
struct report;
struct root;
struct snapshot;
struct text;

int profile_run(const struct options *options, struct root *root);

/* Starts one for a guest of a snapshot. 0 or -errno; -ENOENT: it has no process. */
int profile_begin(const struct options *options, const struct root *root, const struct snapshot *s,
    struct key guest, struct profile **ret);

/* A report as a table for people: rows below a twentieth of a percent are left out. And as CSV. */
void profile_print(const struct report *report, struct text *out);
void profile_print_csv(const struct report *report, struct text *out);

#endif
