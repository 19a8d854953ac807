/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counted events into rows, and into the notes that a capture keeps. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/counters.h"

#define FILE_SIZE 8192

/* "cycles guest": the key of a column. */
static bool is_column_of(const struct column *c, const char *event, enum counter_side side)
{
	size_t len = strlen(event);

	return c->src == SRC_COUNTERS && c->key && strncmp(c->key, event, len) == 0 &&
	       c->key[len] == ' ' && strcmp(c->key + len + 1, counter_side_name(side)) == 0;
}

static void set_cell(struct row *row, int column, const struct counted *counted, uint64_t at_ns)
{
	if (counted->state == STATE_OK)
		cell_set_count(row, column, counted->total, at_ns);
	else
		cell_set_missing(row, column, (enum state)counted->state, at_ns);
}

static void write_vcpu(
    struct reading *r, struct row *row, const struct counter_event *e, const struct counted *of)
{
	const struct table_kind *kind = &table_kinds[TABLE_VCPU];

	for (int i = 0; i < kind->columns; i++)
		for (enum counter_side side = 0; side < COUNTER_SIDES; side++)
			if (is_column_of(&kind->column[i], e->name, side))
				set_cell(row, i, &of[side], reading_now(r));
}

/* Adds a vCPU's count to the guest's. A vCPU that tells nothing takes nothing away. */
static void add_cell(struct row *row, int column, const struct counted *counted, uint64_t at_ns)
{
	struct cell *cell = &row->cell[column];

	if (counted->state == STATE_OK)
		cell_set_count(row, column,
		    (cell->state == STATE_OK ? cell->count : 0) + counted->total, at_ns);
	else if (cell->state != STATE_OK)
		cell_set_missing(row, column, (enum state)counted->state, at_ns);
}

static void write_event(struct reading *r, const struct row *vcpu, size_t event,
    const struct counter_event *e, const struct vcpu_counts *counts)
{
	const struct counted *of = counts->of[event];
	enum counter_side host = e->software ? SIDE_ALL : SIDE_HOST;
	uint64_t at_ns = reading_now(r);
	struct row *row;
	double share;

	/* What this host cannot count is no event of its guests. */
	if (of[SIDE_GUEST].state == STATE_ABSENT && of[host].state == STATE_ABSENT)
		return;
	row = snapshot_row(r->into, TABLE_EVENT, key_of(vcpu->domain->key, event + 1));
	share = cell_number(row, EVENT_COUNTED, 2);
	cell_set_text(r->into, row, EVENT_NAME, e->name, at_ns);
	add_cell(row, EVENT_GUEST, &of[SIDE_GUEST], at_ns);
	add_cell(row, EVENT_HOST, &of[host], at_ns);
	if (e->software || of[SIDE_GUEST].state != STATE_OK)
		return;
	if (counts->share >= 0 && counts->share < share)
		cell_set_number(row, EVENT_COUNTED, counts->share, at_ns);
}

void counters_write(struct reading *r, const struct row *vcpu, const struct counter_events *events,
    const struct vcpu_counts *counts)
{
	struct row *row = snapshot_row(r->into, TABLE_VCPU, vcpu->key);

	for (size_t i = 0; i < events->n; i++) {
		write_vcpu(r, row, &events->event[i], counts->of[i]);
		write_event(r, vcpu, i, &events->event[i], counts);
	}
	if (counts->share >= 0)
		cell_set_number(row, VCPU_COUNTED, counts->share, reading_now(r));
	else
		cell_set_missing(row, VCPU_COUNTED, STATE_ABSENT, reading_now(r));
}

/* ---- notes ---- */

/* A line for each event: "software NAME" or "hardware NAME". */
void counters_note_events(const struct reading *r, const struct counter_events *events)
{
	struct text text = { 0 };

	for (size_t i = 0; i < events->n; i++) {
		char *line = xasprintf("%s %s\n",
		    events->event[i].software ? "software" : "hardware", events->event[i].name);

		text_append(&text, line, strlen(line));
		free(line);
	}
	root_note(r->root, "kvmtop/counters/events", text.p ? text.p : "", text.len);
	text_done(&text);
}

static void path_of(const struct row *vcpu, char *buf, size_t size)
{
	snprintf(buf, size, "kvmtop/counters/%" PRIu64 "/%.0f", vcpu->key.owner,
	    cell_number(vcpu, VCPU_TID, 0));
}

/* "share 0.5", then "EVENT SIDE ok TOTAL", or why there is none in place of "ok": the event and the
 * side are numbers. */
void counters_note(const struct reading *r, const struct row *vcpu,
    const struct counter_events *events, const struct vcpu_counts *counts)
{
	char buf[FILE_SIZE], path[64];
	int n = snprintf(buf, sizeof(buf), "share %.6f\n", counts->share < 0 ? -1 : counts->share);

	for (size_t i = 0; i < events->n; i++)
		for (int side = 0; side < COUNTER_SIDES && n < FILE_SIZE - 64; side++)
			if (events->event[i].software == (side == SIDE_ALL))
				n += snprintf(buf + n, sizeof(buf) - (size_t)n,
				    "%zu %d %s %" PRIu64 "\n", i, side,
				    state_name((enum state)counts->of[i][side].state),
				    counts->of[i][side].total);
	path_of(vcpu, path, sizeof(path));
	root_note(r->root, path, buf, (size_t)n);
}

int counters_captured_events(const struct reading *r, struct counter_events *events)
{
	char buf[FILE_SIZE];
	struct cursor c, line;
	struct slice kind, name;
	ssize_t n = root_read(r->root, "kvmtop/counters/events", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	*events = (struct counter_events){ 0 };
	cursor_init(&c, buf, (size_t)n);
	while (events->n < COUNTER_EVENTS_MAX && cursor_line(&c, &line)) {
		struct counter_event *e = &events->event[events->n];

		if (!cursor_field(&line, &kind))
			continue;
		name = cursor_rest(&line);
		if (name.len == 0 || slice_copy(name, e->name, sizeof(e->name)) >= sizeof(e->name))
			continue;
		e->software = slice_eq(kind, "software");
		events->n++;
	}
	return events->n ? 0 : -ENODATA;
}

static enum state state_of_name(struct slice name)
{
	static const enum state states[] = { STATE_OK, STATE_DENIED };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_eq(name, state_name(states[i])))
			return states[i];
	return STATE_ABSENT;
}

static void take_line(
    struct cursor *line, const struct counter_events *events, struct vcpu_counts *ret)
{
	uint64_t event, side, total;
	struct slice state;

	if (cursor_u64(line, &event) < 0 || cursor_u64(line, &side) < 0 ||
	    !cursor_field(line, &state) || cursor_u64(line, &total) < 0 || event >= events->n ||
	    side >= COUNTER_SIDES)
		return;
	ret->of[event][side] =
	    (struct counted){ .total = total, .state = (uint8_t)state_of_name(state) };
}

int counters_captured(const struct reading *r, const struct row *vcpu,
    const struct counter_events *events, struct vcpu_counts *ret)
{
	char buf[FILE_SIZE], path[64];
	struct cursor c, line;
	struct slice word;
	ssize_t n;

	path_of(vcpu, path, sizeof(path));
	n = root_read(r->root, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	*ret = (struct vcpu_counts){ .share = -1 };
	cursor_init(&c, buf, (size_t)n);
	if (cursor_line(&c, &line) && cursor_field(&line, &word) && slice_eq(word, "share") &&
	    cursor_double(&line, &ret->share) == 0 && !(ret->share <= 1))
		ret->share = -1;
	while (cursor_line(&c, &line))
		take_line(&line, events, ret);
	return 0;
}
