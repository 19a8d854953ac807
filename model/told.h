/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source has told, kept until it tells again: a tenth of the cells that the snapshot has
 * room for into which it was read. Owns its texts; freed by the last told_unref.
 */
#ifndef KVMTOP_MODEL_TOLD_H
#define KVMTOP_MODEL_TOLD_H

#include <stdint.h>

struct snapshot;
struct told;

struct told *told_new(const struct snapshot *from);
struct told *told_ref(struct told *t);
void told_unref(struct told *t);

/* A snapshot with all of it. */
struct snapshot *told_open(const struct told *t);

/*
 * Copies its cells into @into; rows are added where @into lacks them, but those of guests only
 * when the guest is in @into. Values older than @stale_ns become STALE.
 */
void told_merge(const struct told *t, struct snapshot *into, uint64_t stale_ns);

#endif
