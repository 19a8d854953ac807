/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the screen that --keys lead to, without a terminal. */
#ifndef KVMTOP_CLI_DUMP_H
#define KVMTOP_CLI_DUMP_H

struct options;
struct root;

/* The exit status. */
int dump_run(const struct options *options, struct root *root);

#endif
