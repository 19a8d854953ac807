/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows instead of a screen: sample after sample to standard output or into files. */
#ifndef KVMTOP_CLI_BATCH_H
#define KVMTOP_CLI_BATCH_H

struct options;
struct root;

/* Runs until the count is reached, the captured host ends or a signal says so. The exit status. */
int batch_run(const struct options *options, struct root *root);

#endif
