/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes samples: runs the fast lane, merges what the slow lanes last read, computes rates and
 * derived figures. On a live host each slow lane is a thread; on a captured one all is read in
 * turn.
 */
#ifndef KVMTOP_COLLECTORS_SAMPLER_H
#define KVMTOP_COLLECTORS_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

struct root;
struct sampling;
struct snapshot;
struct sampler;

/* @root must outlive the sampler, and must not be used by others meanwhile. */
struct sampler *sampler_new(struct root *root, const struct sampling *options);

/*
 * Ends the lanes. False when one hangs in a call: it is left behind with all that it uses, and dies
 * with the process. It reads through a copy of the root: the root itself may be closed all the
 * same, but what watches it must stay.
 */
bool sampler_free(struct sampler *s);

/*
 * Who looks at each sample before anybody else does, and may add to it: in the thread that takes
 * samples. Call it before the first one.
 */
void sampler_set_judge(
    struct sampler *s, void (*judge)(void *context, struct snapshot *s), void *context);

/* Which sources are read, as NEEDS(); guests always are. From any thread. */
void sampler_need(struct sampler *s, unsigned sources);

/* Which are read beside them, as NEEDS(), but only now and then (source_pace_ns): what nobody but a
 * rule wants. What they told holds until then, with its age. From any thread. */
void sampler_need_slowly(struct sampler *s, unsigned sources);

/* Whether every source that is needed was read at least once. From any thread. */
bool sampler_all_have_read(struct sampler *s);

/* One exact reading of placement at once. From any thread. */
void sampler_read_exact(struct sampler *s);

/* Something was changed: what libvirt is asked only now and then is asked at once. From any thread.
 */
void sampler_look_again(struct sampler *s);

/*
 * Takes a sample now, in this thread, and returns it; unref it when done. On a captured host each
 * call goes one sample on; NULL when there is no further one and @loop is false. In a loop the
 * first sample is read again, unseen, so that rates never vanish.
 */
const struct snapshot *sampler_take(struct sampler *s, bool loop);

/* Runs sampler_take in a thread of its own, every interval. */
int sampler_start(struct sampler *s, bool loop);

/* Readable when a new sample is there; read 8 bytes from it. */
int sampler_fd(const struct sampler *s);

/* The newest sample, or NULL; unref it when done. */
const struct snapshot *sampler_latest(struct sampler *s);

/* Takes effect at once. */
void sampler_set_interval(struct sampler *s, uint64_t interval_ns);
uint64_t sampler_interval(struct sampler *s);
void sampler_sample_now(struct sampler *s);

#endif
