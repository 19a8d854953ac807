/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmtop capture PLACE: keeps this host as a captured one. */
#ifndef KVMTOP_CLI_CAPTURE_H
#define KVMTOP_CLI_CAPTURE_H

struct options;
struct root;

/* The exit status. */
int capture_run(const struct options *options, struct root *root);

#endif
