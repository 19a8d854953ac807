/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last figures of the host and its nodes, for the little bars of the header. */
#ifndef KVMTOP_VIEWS_HISTORY_H
#define KVMTOP_VIEWS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

struct snapshot;

#define HISTORY_LENGTH 64
#define HISTORY_NODES 64

struct ring {
	double value[HISTORY_LENGTH]; /* NaN: not known then */
	size_t n;                     /* ever pushed */
};

/* Zeroed memory is empty. */
struct history {
	struct ring cpu, memory;
	struct ring node[HISTORY_NODES]; /* by its place in the table */
};

void history_push(struct history *h, const struct snapshot *s);

/* The last @n values, the oldest first, NaN where there are none yet. */
void ring_last(const struct ring *r, double *ret, size_t n);

#endif
