/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixes on the screen: what its keys want becomes a job, what becomes of the job is shown, and what
 * came of a fix is watched. It lends the ui all that it shows.
 */
#ifndef KVMTOP_CLI_MEND_H
#define KVMTOP_CLI_MEND_H

#include <stdbool.h>

struct advisor;
struct mender;
struct options;
struct root;
struct sampler;
struct snapshot;
struct ui;

struct mender *mender_new(const struct options *options, const struct root *root, struct ui *ui,
    struct advisor *advisor, struct sampler *sampler);

/* Ends what goes on, and waits for that. Before the ui and the advisor are freed. 0, or EXIT_HANGS.
 */
int mender_free(struct mender *m);

/* Does what the ui wants (UI_FIX, …) about the sample that it shows. */
void mender_act(struct mender *m, unsigned actions, const struct snapshot *now);

/* With each sample, before it is drawn. */
void mender_see(struct mender *m, const struct snapshot *now);

/* How the job stands now. True: it is to be drawn; then @ret_forget_keys says whether what was
 * pressed so far must not count. */
bool mender_look(struct mender *m, bool *ret_forget_keys);

/* Until mender_look may have something to say; -1: nothing goes on. */
int mender_timeout_ms(const struct mender *m);

/* Whether figures of the advisor are waited for, whatever the screen shows. */
bool mender_watches(const struct mender *m);

#endif
