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
};

struct tracks {
	struct track *track; /* nearly in the order of the table */
	size_t n, cap;
};

struct history {
	struct tracks table[TABLES];
	uint64_t samples;
};

struct history *history_new(void)
{
	return xcalloc(1, sizeof(struct history));
}

static void track_done(struct track *t, int columns)
{
	for (int i = 0; i < columns; i++)
		free(t->trace[i].past);
	free(t->trace);
}

void history_free(struct history *h)
{
	if (!h)
		return;
	for (int t = 0; t < TABLES; t++) {
		for (size_t i = 0; i < h->table[t].n; i++)
			track_done(&h->table[t].track[i], table_kinds[t].columns);
		free(h->table[t].track);
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

static void track_push(
    struct track *track, const struct table_kind *kind, uint64_t sample, const struct row *row)
{
	for (int c = 0; c < kind->columns; c++) {
		struct trace *trace = &track->trace[c];
		double v = NAN;

		/* Most of a wide table: looked at once a refresh, and no more. */
		if (kind->column[c].kind == KIND_TEXT ||
		    (trace->n == 0 && row && row->cell[c].state == STATE_ABSENT))
			continue;
		if (row && !cell_value(&kind->column[c], &row->cell[c], &v))
			v = NAN;
		trace_push(trace, sample, v);
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

static struct track *add_track(struct tracks *t, struct key key, int columns, uint64_t sample)
{
	t->track = xgrow(t->track, t->n, &t->cap, sizeof(*t->track));
	t->track[t->n] = (struct track){
		.key = key,
		.seen = sample - 1,
		.trace = xcalloc((size_t)columns, sizeof(struct trace)),
	};
	return &t->track[t->n++];
}

static void forget_gone(struct tracks *t, int columns, uint64_t sample)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->track[i].seen + HISTORY_LENGTH <= sample)
			track_done(&t->track[i], columns);
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
			track = add_track(t, rows->row[i]->key, kind->columns, sample);
		/* It was away for a while. */
		for (uint64_t gap = track->seen + 1; gap < sample; gap++)
			track_push(track, kind, gap, NULL);
		track_push(track, kind, sample, rows->row[i]);
		track->seen = sample;
	}
	forget_gone(t, kind->columns, sample);
}

void history_push(struct history *h, const struct snapshot *s)
{
	h->samples++;
	for (int t = 0; t < TABLES; t++)
		push_table(&h->table[t], &table_kinds[t], &s->table[t], h->samples);
}

/* The value that was pushed @back samples ago (1: the last one). */
static double value_at(const struct history *h, const struct track *track, int column, size_t back)
{
	const struct trace *trace = &track->trace[column];
	uint64_t sample;

	if (back > h->samples || back > HISTORY_LENGTH)
		return NAN;
	sample = h->samples + 1 - back;
	if (sample > track->seen || sample + trace->n <= track->seen)
		return NAN;
	return trace_at(trace, sample);
}

static const struct track *track_of(const struct history *h, enum table_id table, struct key key)
{
	return find_track(&h->table[table], h->table[table].n, key, 0);
}

void history_last(
    const struct history *h, enum table_id table, struct key key, int column, double *ret, size_t n)
{
	const struct track *track = track_of(h, table, key);

	for (size_t i = 0; i < n; i++)
		ret[i] = track ? value_at(h, track, column, n - i) : NAN;
}

struct history_range history_range(
    const struct history *h, enum table_id table, struct key key, int column)
{
	const struct track *track = track_of(h, table, key);
	struct history_range range = { 0 };

	for (size_t back = 1; track && back <= HISTORY_LENGTH; back++) {
		double v = value_at(h, track, column, back);

		if (isnan(v))
			continue;
		range.min = range.known ? fmin(range.min, v) : v;
		range.max = range.known ? fmax(range.max, v) : v;
		range.mean += (v - range.mean) / (double)++range.known;
	}
	return range;
}
