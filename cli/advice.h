/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The advisor as every mode uses it: with the limits of the configuration, judging each sample. */
#ifndef KVMTOP_CLI_ADVICE_H
#define KVMTOP_CLI_ADVICE_H

#include <stdbool.h>

struct advisor;
struct options;
struct sampler;
struct snapshot;

/* Limits that are wrong are complained about, and the default stands. */
struct advisor *advice_new(const struct options *options);

/* Before the first sample. The sampler is to be freed first. */
void advice_attach(struct advisor *a, struct sampler *sampler);

/* @needs, and where findings are among them what the rules need. */
unsigned advice_needs(struct advisor *a, unsigned needs);

/* Some samples, so that rates and the slow sources are there. The last of them; NULL where somebody
 * ended it before there was one. */
struct events;
const struct snapshot *advice_watch(
    const struct options *options, struct sampler *sampler, struct events *events, bool is_live);

/* kvmtop advise: judges for a while and prints what was found. The exit status. */
struct root;
int advise_run(const struct options *options, struct root *root);

#endif
