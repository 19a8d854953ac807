/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of sources: how each collector fares, and what all of it costs. */
#ifndef KVMTOP_COLLECTORS_SOURCE_ROWS_H
#define KVMTOP_COLLECTORS_SOURCE_ROWS_H

#include <stdint.h>

struct root;
struct slot;
struct snapshot;

/* What the rows depend on beside the collectors. */
struct source_shown {
	unsigned needs; /* sources that somebody wants */
	uint64_t interval_ns;
	const struct root *root;
};

/* A row for each source that the slot's collector reads. */
void source_rows_of_slot(
    const struct source_shown *shown, struct slot *slot, struct snapshot *into);

/* What judging cost up to the sample before, as CPU time; the rest of the row is its own. */
void source_row_of_judge(const struct source_shown *shown, uint64_t cost_ns, struct snapshot *into);

/* What the program as a whole costs, drawing included. */
void source_row_of_self(const struct source_shown *shown, struct snapshot *into);

#endif
