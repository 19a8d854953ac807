/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the snapshot lends to who carries cells from one into another. */
#ifndef KVMTOP_MODEL_SNAPSHOT_INNER_H
#define KVMTOP_MODEL_SNAPSHOT_INNER_H

#include "model/snapshot.h"

/* A cell of another snapshot, with its text, which was sanitised when it got there. */
struct cell cell_copy(struct snapshot *into, const struct column *c, struct cell cell);

/*
 * The row that a source speaks of, NULL when it is of a guest that has ended; @is_named: it told
 * the name of a domain.
 */
struct row *snapshot_target(struct snapshot *into, enum table_id id, struct key key, bool is_named);

#endif
