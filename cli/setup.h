/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the command line to the things that it speaks of. */
#ifndef KVMTOP_CLI_SETUP_H
#define KVMTOP_CLI_SETUP_H

#include "collectors/collector.h"

struct advisor;
struct options;
struct root;
struct sampler;
struct snapshot;
struct ui;

/* NULL when it cannot be read; that was complained about. */
struct root *setup_root(const struct options *options);

struct sampling setup_sampling(const struct options *options);

/* Ends both; @advisor may be NULL. 0, or EXIT_HANGS when a lane is left behind with all it uses. */
int setup_end(struct sampler *sampler, struct advisor *advisor);

/* NULL when a filter or column is wrong; that was complained about. */
struct ui *setup_ui(const struct options *options, const struct root *root);

/* Presses --keys. What the ui wants done, all together. */
unsigned setup_press_keys(struct ui *ui, const struct options *options, const struct snapshot *now);

#endif
