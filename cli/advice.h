/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The advisor as every mode uses it: with the limits of the configuration, judging each sample. */
#ifndef KVMTOP_CLI_ADVICE_H
#define KVMTOP_CLI_ADVICE_H

struct advisor;
struct options;
struct sampler;

/* Limits that are wrong are complained about, and the default stands. */
struct advisor *advice_new(const struct options *options);

/* Before the first sample. The sampler is to be freed first. */
void advice_attach(struct advisor *a, struct sampler *sampler);

/* @needs, and where findings are among them what the rules need. */
unsigned advice_needs(struct advisor *a, unsigned needs);

/* kvmtop advise: judges for a while and prints what was found. The exit status. */
struct root;
int advise_run(const struct options *options, struct root *root);

#endif
