/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that is known of a host at one moment, as tables of rows of cells.
 * A snapshot owns its rows and texts; it is built by one thread, then read by many as const and
 * freed by the last snapshot_unref.
 */
#ifndef KVMTOP_MODEL_SNAPSHOT_H
#define KVMTOP_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "model/catalogue.h"

enum state {
	STATE_ABSENT, /* this host or guest has none, or nobody read it */
	STATE_OK,
	STATE_FIRST,   /* a rate needs a second sample */
	STATE_RESET,   /* the counter went back */
	STATE_STALE,   /* older than two intervals of its source */
	STATE_STUCK,   /* who should tell does not answer */
	STATE_DENIED,  /* needs a right */
	STATE_UNKNOWN, /* there is one, but nobody can tell it: a sum of which a part is missing */
};

/* A value is never just a number. */
struct cell {
	union {
		uint64_t count;   /* KIND_COUNTER */
		double number;    /* KIND_GAUGE */
		const char *text; /* KIND_TEXT, sanitised, owned by the snapshot */
	};
	double rate;               /* KIND_COUNTER: units per second; of time: a ratio */
	uint64_t at_ns : 58;       /* monotonic time of the reading: enough for nine years */
	enum state state : 3;      /* of count, number or text */
	enum state rate_state : 3; /* of rate */
};

/*
 * Who a row is about. A guest is its process: pid and start time, so that a pid used again is
 * another guest; without a process, its uuid. @item tells apart what belongs to one owner.
 */
struct key {
	uint64_t owner, born; /* 0, 0: the host */
	uint64_t item;
};

struct row {
	struct key key;
	struct row *domain;      /* the guest it belongs to; NULL for the host's own rows. Set by
				    snapshot_link */
	const struct row *about; /* of a finding: what it is about; else NULL */
	uint32_t number;         /* its place in the table */
	uint64_t ran_ns; /* of a guest: CPU time of its process; while it stands still, nothing
			    that only the process can change is another. 0: not told */
	struct cell cell[];
};

struct table {
	struct row **row; /* in the order in which they were added */
	size_t n, cap;
	uint32_t *index; /* hash of keys; 0 is empty, else row number + 1 */
	size_t index_size;
};

struct snapshot {
	struct moment moment;
	uint64_t interval_ns; /* since the sample before; 0 in the first */
	uint64_t number;      /* of the sample, from 1 */
	bool one_guest;       /* only one is looked at: sums over guests are not known */
	struct table table[TABLES];
	struct arena *arena;
	unsigned refs;
};

struct snapshot *snapshot_new(struct moment moment);
struct snapshot *snapshot_ref(const struct snapshot *s);
void snapshot_unref(const struct snapshot *s);

struct key key_process(uint64_t pid, uint64_t start_ticks);
/* What key_process was given; 0 where nobody knew it. */
uint64_t key_start_ticks(struct key key);
struct key key_uuid(const char *uuid);
struct key key_host(uint64_t item);
struct key key_of(struct key owner, uint64_t item);
/* An item by its name: of a disk, of a device. */
uint64_t key_item(const char *name);

/* These few are called for every cell of every sample. */
static inline bool key_same_owner(struct key a, struct key b)
{
	return a.owner == b.owner && a.born == b.born;
}

static inline bool key_equal(struct key a, struct key b)
{
	return key_same_owner(a, b) && a.item == b.item;
}

/* The row of that key, or NULL. */
struct row *snapshot_find(const struct snapshot *s, enum table_id t, struct key key);

/* The row of that key, added where it was missing. Its address stays for the snapshot's life. */
struct row *snapshot_row(struct snapshot *s, enum table_id t, struct key key);

void cell_set_count(struct row *row, int column, uint64_t v, uint64_t at_ns);
void cell_set_number(struct row *row, int column, double v, uint64_t at_ns);
/* Foreign text enters the model here and is sanitised here, nowhere else. */
void cell_set_text(
    struct snapshot *s, struct row *row, int column, const char *text, uint64_t at_ns);
/* No value, and why. */
void cell_set_missing(struct row *row, int column, enum state why, uint64_t at_ns);

static inline bool state_has_value(enum state state)
{
	return state == STATE_OK || state == STATE_STALE;
}

/* The state of the figure that a column shows; STATE_OK, or STATE_STALE, when cell_value gives one.
 */
static inline enum state cell_state(const struct column *c, const struct cell *cell)
{
	if (c->kind == KIND_COUNTER && state_has_value(cell->state))
		return cell->rate_state;
	return cell->state;
}

/* The figure that a column shows: a gauge's number or a counter's rate. False where there is none.
 */
static inline bool cell_value(const struct column *c, const struct cell *cell, double *ret)
{
	if (c->kind == KIND_TEXT || !state_has_value(cell_state(c, cell)))
		return false;
	*ret = c->kind == KIND_COUNTER ? cell->rate : cell->number;
	return true;
}

/* A gauge's number or @otherwise; a text or "". */
double cell_number(const struct row *row, int column, double otherwise);
const char *cell_text(const struct row *row, int column);
static inline bool cell_has(const struct row *row, int column)
{
	return state_has_value(row->cell[column].state);
}

/* 0 or the state that an errno (positive or negative) stands for: EPERM is DENIED, ENOENT is
 * ABSENT. */
enum state state_of_errno(int error);
const char *state_name(enum state state);

/*
 * Takes over from the sample before what @sources told then, where @into lacks it: they are not
 * read at every sample. Rows and staleness as with told_merge.
 */
void snapshot_carry(
    struct snapshot *into, const struct snapshot *before, unsigned sources, uint64_t stale_ns);

/* Points every row at its domain's. */
void snapshot_link(struct snapshot *s);

/* Rates by measured time, of every counter, against the sample before (NULL: all are FIRST); and
 * the figures that are carried on from there. */
void snapshot_rate(struct snapshot *s, const struct snapshot *before);

/* Fills the derived columns. Call it last. */
void snapshot_derive(struct snapshot *s);

#endif
