/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Balloon figures of each guest, over a connection of their own: every call enters the guest's
 * QEMU, and the first one hangs with a QEMU that hangs. So guests are asked one by one, never more
 * than one call is outstanding, and a guest whose process is stopped is not asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/libvirt_link.h"

struct balloon {
	struct libvirt_link link;
	char error[LIBVIRT_ERROR_SIZE];   /* the first in this reading */
	size_t answered, failed, stopped; /* guests in this reading; stopped: not asked */
};

/* One guest's answer on its way into its row. */
struct answer {
	struct reading *r;
	struct key guest;
	struct row *row; /* NULL until something is told: a guest may be none of libvirt's */
	struct text note;
	bool entered; /* QEMU was asked; else libvirt told only what it knew anyway */
};

void *balloon_open(const struct sampling *options)
{
	struct balloon *b = xcalloc(1, sizeof(*b));

	libvirt_link_init(&b->link, options->uri, NULL, NULL);
	return b;
}

void balloon_close(void *state)
{
	struct balloon *b = state;

	libvirt_link_done(&b->link);
	free(b);
}

static const struct column *column_at(int i)
{
	const struct column *c = &table_kinds[TABLE_DOMAIN].column[i];

	return c->src == SRC_BALLOON && c->key ? c : NULL;
}

/* From here on the guest is to blame when no answer comes, not libvirt. */
static void name_guest(void *ctx)
{
	struct answer *a = ctx;

	reading_ask(a->r, a->guest);
}

/* Sizes come in KiB, times as seconds since the epoch. */
static void set_value(struct answer *a, int column, const struct column *c, uint64_t value)
{
	uint64_t at = reading_now(a->r);

	if (c->unit == UNIT_SECONDS) {
		double age = (double)root_now(a->r->root).wall_ns / 1e9 - (double)value;

		/* Never told: the guest has no driver, or nobody set a period. */
		if (value)
			cell_set_number(a->row, column, age > 0 ? age : 0, at);
		return;
	}
	if (c->unit == UNIT_BYTES && __builtin_mul_overflow(value, 1024, &value))
		return;
	if (c->kind == KIND_COUNTER)
		cell_set_count(a->row, column, value, at);
	else
		cell_set_number(a->row, column, (double)value, at);
}

static void take_value(void *ctx, const char *key, uint64_t value)
{
	struct answer *a = ctx;
	char *line = xasprintf("%s: %llu\n", key, (unsigned long long)value);

	a->row = snapshot_row(a->r->into, TABLE_DOMAIN, a->guest);
	text_append(&a->note, line, strlen(line));
	free(line);
	/* libvirt adds this one itself whenever it got through to the guest. */
	if (strcmp(key, "rss") == 0)
		a->entered = true;
	for (int i = 0; i < DOMAIN_COLUMNS; i++) {
		const struct column *c = column_at(i);

		if (c && strcmp(c->key, key) == 0)
			set_value(a, i, c, value);
	}
}

/* Another job had the guest just now: what it said last still holds, with its own age. */
static void keep_values(struct row *row, const struct row *before)
{
	for (int i = 0; i < DOMAIN_COLUMNS; i++)
		if (column_at(i) && row->cell[i].at_ns == 0 && cell_has(before, i)) {
			row->cell[i] = before->cell[i];
			row->cell[i].state = STATE_OK;
		}
}

static void set_missing(struct reading *r, const struct row *domain, enum state why)
{
	struct row *row = snapshot_row(r->into, TABLE_DOMAIN, domain->key);

	for (int i = 0; i < DOMAIN_COLUMNS; i++)
		if (column_at(i))
			cell_set_missing(row, i, why, reading_now(r));
}

static void note_answer(const struct reading *r, const char *uuid, const struct text *answer)
{
	char *path = xasprintf("kvmtop/libvirt/%s.balloon", uuid);

	root_note(r->root, path, answer->p, answer->len);
	free(path);
}

static int ask_guest(struct reading *r, const struct row *domain)
{
	struct balloon *b = r->state;
	const char *uuid = cell_text(domain, DOMAIN_UUID);
	struct answer a = { .r = r, .guest = domain->key };
	int e;

	e = b->link.ops->balloon(
	    b->link.connection, uuid, name_guest, take_value, &a, b->link.error);
	reading_answered(r);
	if (e == 0 && a.row && !a.entered)
		keep_values(a.row, domain);
	if (e == 0 && a.row && root_is_live(r->root))
		note_answer(r, uuid, &a.note);
	text_done(&a.note);
	return e;
}

static bool is_asked(const struct reading *r, const struct row *domain)
{
	const struct balloon *b = r->state;

	/* Another host's guests are not those that run here, even under the same uuid. */
	if (!b->link.ops->is_local(b->link.connection) && guest_pid(domain))
		return false;
	return libvirt_is_uuid(cell_text(domain, DOMAIN_UUID));
}

static void ask_guests(struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	struct balloon *b = r->state;

	for (size_t i = 0; i < t->n; i++) {
		int e;

		if (!is_asked(r, t->row[i]))
			continue;
		if (cell_has(t->row[i], DOMAIN_STOPPED)) {
			set_missing(r, t->row[i], STATE_STUCK);
			b->stopped++;
			continue;
		}
		e = ask_guest(r, t->row[i]);
		b->answered += e == 0;
		/* -ENOENT: none of libvirt's guests, or it has ended. */
		if (e == 0 || e == -ENOENT)
			continue;
		set_missing(r, t->row[i], state_of_errno(e));
		if (b->failed++ == 0)
			memcpy(b->error, b->link.error, sizeof(b->error));
		if (!b->link.ops->is_alive(b->link.connection))
			break;
	}
}

enum state balloon_read(struct reading *r)
{
	struct balloon *b = r->state;
	bool opened;
	int e;

	if (!r->latest)
		return STATE_ABSENT;
	e = libvirt_link_ready(&b->link, r->root, r->now_ns, &opened);
	if (e < 0)
		return libvirt_link_explain(&b->link, r, e);
	b->answered = b->failed = b->stopped = 0;
	ask_guests(r);
	reading_note(r, "%zu guest%s answered.", b->answered, b->answered == 1 ? "" : "s");
	if (b->stopped)
		reading_note(r, "%zu stopped, so not asked.", b->stopped);
	if (b->failed)
		reading_note(r, "%zu gave no answer: %s.", b->failed, b->error);
	return b->failed && !b->answered ? STATE_ABSENT : STATE_OK;
}
