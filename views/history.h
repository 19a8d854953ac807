/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last figures of every numeric column of every row of some tables, for the little bars of the
 * header and the trends of a guest's page. Belongs to the user interface, and is used by its thread
 * only.
 *
 * A figure that never changed is kept once, and takes no room for its past; a column in which no
 * row ever had one takes none at all. Of 15 000 columns of 100 guests that is most.
 */
#ifndef KVMTOP_VIEWS_HISTORY_H
#define KVMTOP_VIEWS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"

/* Samples that are remembered. */
#define HISTORY_LENGTH 60

struct history;

/* What became of a figure over the samples that are remembered. */
struct history_range {
	double min, mean, max;
	size_t known; /* samples that had a value; 0: the others mean nothing */
};

#define HISTORY_OF(table) (1ull << (table))

/* @tables: those of which anybody will ask; there are thousands of rows in others. */
struct history *history_new(uint64_t tables);
void history_free(struct history *h);

/* Takes the figures of one sample. Rows that have been missing for as long as anything is
 * remembered are forgotten. */
void history_push(struct history *h, const struct snapshot *s);

/*
 * The last @n values of a column, the oldest first; NaN where there was none. Counters give their
 * rates. A row that is not known gives NaN only, and so do other tables.
 */
void history_last(const struct history *h, enum table_id table, struct key key, int column,
    double *ret, size_t n);

struct history_range history_range(
    const struct history *h, enum table_id table, struct key key, int column);

#endif
