/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmtop fix, undo and history. The exit status is returned. */
#ifndef KVMTOP_CLI_FIX_H
#define KVMTOP_CLI_FIX_H

struct options;
struct root;

int fix_run(const struct options *options, struct root *root);
int undo_run(const struct options *options, struct root *root);
/* Needs no host. */
int history_run(const struct options *options);

#endif
