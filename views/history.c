/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/history.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* One column of one row. Single precision is more than three digits on a screen. */
struct trace {
	float *past; /* by the number of the sample; NULL: it was always @last */
	float last;
	uint32_t n; /* values that are known to be in it, at most HISTORY_LENGTH */
};

/* A row. */
struct track {
	struct key key;
	uint64_t seen; /* the sample in which it was there last */
	struct trace *trace;
	int traces;
};

struct tracks {
	struct track *track; /* nearly in the order of the table */
	size_t n, cap;
	int *place; /* by column: which of a row's traces is of it, from 1; 0: no row ever had a
		       figure in it */
	int traces;
};

struct history {
	struct tracks table[TABLES];
	uint64_t tables;
	uint64_t samples;
};

_Static_assert(TABLES <= 64, "a bit for each table");

struct history *history_new(uint64_t tables)
{
	struct history *h = xcalloc(1, sizeof(*h));

	h->tables = tables;
	for (int t = 0; t < TABLES; t++)
		h->table[t].place = xcalloc((size_t)table_kinds[t].columns, sizeof(int));
	return h;
}

static void track_done(struct track *t)
{
	for (int i = 0; i < t->traces; i++)
		free(t->trace[i].past);
	free(t->trace);
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (int t = 0; t < TABLES; t++) {
		for (size_t i = 0; i < h->table[t].n; i++)
			track_done(&h->table[t].track[i]);
		free(h->table[t].track);
		free(h->table[t].place);
	}
	free(h);
}

static bool is_same(float a, float b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* From now on its past differs from its present. */
static void trace_unfold(struct trace *t, uint64_t sample)
{
	t->past = xcalloc(HISTORY_LENGTH, sizeof(*t->past));
	for (uint32_t back = 1; back <= t->n; back++)
		t->past[(sample - back) % HISTORY_LENGTH] = t->last;
}

/* What was never known has no past, so that a figure that comes late is still one that never
 * changed. */
static void trace_push(struct trace *t, uint64_t sample, double value)
{
	float v = (float)value;

	if (isnan(v) && t->n == 0)
		return;
	if (!t->past && t->n > 0 && !is_same(v, t->last))
		trace_unfold(t, sample);
	if (t->past)
		t->past[sample % HISTORY_LENGTH] = v;
	t->last = v;
	if (t->n < HISTORY_LENGTH)
		t->n++;
}

static double trace_at(const struct trace *t, uint64_t sample)
{
	return (double)(t->past ? t->past[sample % HISTORY_LENGTH] : t->last);
}

static void track_widen(struct track *track, int traces)
{
	track->trace = xrealloc(track->trace, (size_t)traces, sizeof(*track->trace));
	while (track->traces < traces)
		track->trace[track->traces++] = (struct trace){ 0 };
}

static void track_push(struct tracks *t, struct track *track, const struct table_kind *kind,
    uint64_t sample, const struct row *row)
{
	for (int c = 0; c < kind->columns; c++) {
		double v = NAN;

		/* Most of a wide table: looked at once a refresh, and no more. */
		if (!t->place[c] && (!row || row->cell[c].state == STATE_ABSENT))
			continue;
		if (row && !cell_value(&kind->column[c], &row->cell[c], &v))
			v = NAN;
		if (!t->place[c] && isnan(v))
			continue;
		if (!t->place[c])
			t->place[c] = ++t->traces;
		if (track->traces < t->traces)
			track_widen(track, t->traces);
		trace_push(&track->trace[t->place[c] - 1], sample, v);
	}
}

/* Among the first @n. Rows keep their order, so the search nearly always ends where it begins. */
static struct track *find_track(const struct tracks *t, size_t n, struct key key, size_t from)
{
	for (size_t i = 0; i < n; i++) {
		struct track *track = &t->track[(from + i) % n];

		if (key_equal(track->key, key))
			return track;
	}
	return NULL;
}

static struct track *add_track(struct tracks *t, struct key key, uint64_t sample)
{
	t->track = xgrow(t->track, t->n, &t->cap, sizeof(*t->track));
	t->track[t->n] = (struct track){ .key = key, .seen = sample - 1 };
	return &t->track[t->n++];
}

static void forget_gone(struct tracks *t, uint64_t sample)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->track[i].seen + HISTORY_LENGTH <= sample)
			track_done(&t->track[i]);
		else
			t->track[kept++] = t->track[i];
	}
	t->n = kept;
}

static void push_table(
    struct tracks *t, const struct table_kind *kind, const struct table *rows, uint64_t sample)
{
	size_t known = t->n, at = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct track *track = find_track(t, known, rows->row[i]->key, at);

		if (track)
			at = (size_t)(track - t->track) + 1;
		else
			track = add_track(t, rows->row[i]->key, sample);
		/* It was away for a while. */
		for (uint64_t gap = track->seen + 1; gap < sample; gap++)
			track_push(t, track, kind, gap, NULL);
		track_push(t, track, kind, sample, rows->row[i]);
		track->seen = sample;
	}
	forget_gone(t, sample);
}

void history_push(struct history *h, const struct snapshot *s)
{
	h->samples++;
	for (int t = 0; t < TABLES; t++)
		if (h->tables & HISTORY_OF(t))
			push_table(&h->table[t], &table_kinds[t], &s->table[t], h->samples);
}

/* What is known of one column of a row; NULL: nothing. */
struct known {
	const struct track *track;
	const struct trace *trace;
};

static struct known find_known(
    const struct history *h, enum table_id table, struct key key, int column)
{
	const struct tracks *t = &h->table[table];
	const struct track *track = find_track(t, t->n, key, 0);
	int place = t->place[column];

	if (!track || place == 0 || place > track->traces)
		return (struct known){ 0 };
	return (struct known){ track, &track->trace[place - 1] };
}

/* The value that was pushed @back samples ago (1: the last one). */
static double value_at(const struct history *h, struct known known, size_t back)
{
	uint64_t sample;

	if (!known.trace || back > h->samples || back > HISTORY_LENGTH)
		return NAN;
	sample = h->samples + 1 - back;
	if (sample > known.track->seen || sample + known.trace->n <= known.track->seen)
		return NAN;
	return trace_at(known.trace, sample);
}

void history_last(
    const struct history *h, enum table_id table, struct key key, int column, double *ret, size_t n)
{
	struct known known = find_known(h, table, key, column);

	for (size_t i = 0; i < n; i++)
		ret[i] = value_at(h, known, n - i);
}

struct history_range history_range(
    const struct history *h, enum table_id table, struct key key, int column)
{
	struct known known = find_known(h, table, key, column);
	struct history_range range = { 0 };

	for (size_t back = 1; back <= HISTORY_LENGTH; back++) {
		double v = value_at(h, known, back);

		if (isnan(v))
			continue;
		range.min = range.known ? fmin(range.min, v) : v;
		range.max = range.known ? fmax(range.max, v) : v;
		range.mean += (v - range.mean) / (double)++range.known;
	}
	return range;
}
