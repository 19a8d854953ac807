/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen: terminal, keys and samples brought together. */
#ifndef KVMTOP_CLI_SCREEN_H
#define KVMTOP_CLI_SCREEN_H

struct options;
struct root;

/* Runs until the user leaves. The exit status. */
int screen_run(const struct options *options, struct root *root);

#endif
