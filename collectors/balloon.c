/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Balloon figures of each guest, over a connection of their own: every call enters the guest's
 * QEMU, and the first one hangs with a QEMU that hangs. So guests are asked one by one, never more
 * than one call is outstanding, and a guest whose process is stopped is not asked. What is answered
 * shows at once, those that were slow to answer are asked last, and a guest that was not asked yet
 * keeps what it said before: so one that hangs takes nothing from the others but their freshness.
 * Where there are many guests each is asked less often: looking must not be felt by them together.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/libvirt_link.h"

/* A monitor answers within milliseconds: one that took so long may hang the next time. */
#define SLOW_NS NS_PER_SEC
/* Showing answers may take so long in each round, and one part in so many of its time. */
#define PUBLISH_FREE_NS (20 * NS_PER_MS)
#define PUBLISH_PART 20
/* Of the readings. */
#define PERIOD_NS (5 * NS_PER_SEC)
/* Of all guests together, one is asked in so much time, on the average. */
#define EACH_NS (200 * NS_PER_MS)

enum outcome {
	OUTCOME_NONE, /* never asked, or none of libvirt's guests */
	OUTCOME_ANSWERED,
	OUTCOME_FAILED,
	OUTCOME_STOPPED, /* not asked */
};

/* What is remembered of a guest from round to round. */
struct asked {
	struct key key;
	uint64_t asked_ns; /* when it was asked last; 0: never */
	uint64_t took_ns;  /* its last answer */
	bool is_last;      /* asked behind the others in this round */
	enum outcome outcome;
	enum state why; /* of OUTCOME_FAILED */
};

struct balloon {
	struct libvirt_link link;
	struct guest_list guests;
	uint64_t publish_ns;            /* what showing answers took in this round */
	uint64_t round_ns;              /* what the guests took that were not slow */
	char error[LIBVIRT_ERROR_SIZE]; /* of the guest that failed last */
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

static void asked_done(void *item)
{
	(void)item;
}

void balloon_close(void *state)
{
	struct balloon *b = state;

	libvirt_link_done(&b->link);
	guest_list_done(&b->guests, asked_done);
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

/* What it said last holds, with its own age, until it says something else. */
static void keep_values(struct reading *r, const struct row *domain)
{
	struct row *row = NULL;

	for (int i = 0; i < DOMAIN_COLUMNS; i++)
		if (column_at(i) && cell_has(domain, i)) {
			row = row ? row : snapshot_row(r->into, TABLE_DOMAIN, domain->key);
			row->cell[i] = domain->cell[i];
			row->cell[i].state = STATE_OK;
		}
}

/* What it no longer says. */
static void drop_values(struct row *row, uint64_t before_ns)
{
	for (int i = 0; row && i < DOMAIN_COLUMNS; i++)
		if (column_at(i) && row->cell[i].at_ns < before_ns)
			row->cell[i] = (struct cell){ 0 };
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
	struct asked *asked = b->guests.item[domain->number];
	const char *uuid = cell_text(domain, DOMAIN_UUID);
	struct answer a = { .r = r, .guest = domain->key };
	uint64_t since_ns = reading_now(r);
	int e;

	e = b->link.ops->balloon(
	    b->link.connection, uuid, name_guest, take_value, &a, b->link.error);
	reading_answered(r);
	asked->asked_ns = since_ns;
	asked->took_ns = reading_now(r) - since_ns;
	if (asked->took_ns < SLOW_NS)
		b->round_ns += asked->took_ns;
	/* Another job had the guest just now, when libvirt told but did not enter it. */
	if (e == -ENOENT || (e == 0 && (!a.row || a.entered)))
		drop_values(snapshot_find(r->into, TABLE_DOMAIN, domain->key), since_ns);
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

/* Where there are few guests, after each answer; where there are many that would cost too much. */
static void publish(struct reading *r)
{
	struct balloon *b = r->state;
	uint64_t before_ns = reading_now(r);

	if (!root_is_live(r->root) ||
	    b->publish_ns > PUBLISH_FREE_NS + (before_ns - r->now_ns) / PUBLISH_PART)
		return;
	reading_publish(r);
	b->publish_ns += reading_now(r) - before_ns;
}

/* False: the connection is lost. */
static bool tell_guest(struct reading *r, const struct row *domain)
{
	struct balloon *b = r->state;
	struct asked *asked = b->guests.item[domain->number];
	int e;

	if (cell_has(domain, DOMAIN_STOPPED)) {
		set_missing(r, domain, STATE_STUCK);
		asked->outcome = OUTCOME_STOPPED;
		return true;
	}
	e = ask_guest(r, domain);
	/* -ENOENT: none of libvirt's guests, or it has ended. */
	asked->outcome = e == 0 ? OUTCOME_ANSWERED : e == -ENOENT ? OUTCOME_NONE : OUTCOME_FAILED;
	if (asked->outcome == OUTCOME_FAILED) {
		asked->why = state_of_errno(e);
		set_missing(r, domain, asked->why);
		memcpy(b->error, b->link.error, sizeof(b->error));
	}
	publish(r);
	return e == 0 || e == -ENOENT || b->link.ops->is_alive(b->link.connection);
}

/* How often each guest is asked, as long as none is slow. */
static uint64_t turn_ns(const struct balloon *b)
{
	return b->guests.n * EACH_NS;
}

static bool is_due(const struct reading *r, const struct row *domain, const struct asked *asked)
{
	/* That a guest stops is told at once, and when it goes on it is asked at once. */
	if (cell_has(domain, DOMAIN_STOPPED) || asked->outcome == OUTCOME_STOPPED)
		return true;
	/* At the reading that comes nearest. */
	return asked->asked_ns == 0 || reading_thorough(r) ||
	       r->now_ns + PERIOD_NS / 2 >= asked->asked_ns + turn_ns(r->state);
}

static bool ask_guests(struct reading *r, bool last)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	struct balloon *b = r->state;

	for (size_t i = 0; i < t->n; i++) {
		const struct asked *asked = b->guests.item[i];

		if (asked->is_last != last || !is_asked(r, t->row[i]))
			continue;
		if (is_due(r, t->row[i], asked)) {
			if (!tell_guest(r, t->row[i]))
				return false;
		} else if (asked->outcome == OUTCOME_FAILED) {
			set_missing(r, t->row[i], asked->why);
		}
	}
	return true;
}

static void begin_round(struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	struct balloon *b = r->state;

	guest_list_update(&b->guests, r->latest, sizeof(struct asked), asked_done);
	for (size_t i = 0; i < t->n; i++) {
		struct asked *asked = b->guests.item[i];

		asked->is_last = asked->took_ns >= SLOW_NS;
		if (is_asked(r, t->row[i]))
			keep_values(r, t->row[i]);
	}
	b->round_ns = b->publish_ns = 0;
}

/* By what each guest came to when it was its turn: not all are asked in every reading. */
static enum state note_round(struct reading *r)
{
	const struct table *t = &r->latest->table[TABLE_DOMAIN];
	const struct balloon *b = r->state;
	size_t came_to[OUTCOME_STOPPED + 1] = { 0 }, answered, failed, stopped;

	for (size_t i = 0; i < t->n; i++) {
		const struct asked *asked = b->guests.item[i];

		came_to[is_asked(r, t->row[i]) ? asked->outcome : OUTCOME_NONE]++;
	}
	answered = came_to[OUTCOME_ANSWERED];
	failed = came_to[OUTCOME_FAILED];
	stopped = came_to[OUTCOME_STOPPED];
	if (failed)
		reading_lacks(
		    r, "%zu guest%s gave no answer: %s.", failed, failed == 1 ? "" : "s", b->error);
	if (stopped)
		reading_note(r, "%zu guest%s stopped and not asked.", stopped,
		    stopped == 1 ? " is" : "s are");
	if (answered || !(failed || stopped || b->guests.n))
		reading_note(r, "%zu guest%s answered.", answered, answered == 1 ? "" : "s");
	if (turn_ns(b) > PERIOD_NS)
		reading_note(r, "To save CPU, each guest is asked every %.0f s only.",
		    (double)turn_ns(b) / (double)NS_PER_SEC);
	return failed && !answered ? STATE_ABSENT : STATE_OK;
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
	begin_round(r);
	if (ask_guests(r, false)) {
		/* In case one that was slow hangs now, everything before it is to be seen. */
		b->publish_ns = 0;
		publish(r);
		ask_guests(r, true);
	}
	r->round_ns = b->round_ns > turn_ns(b) ? b->round_ns : turn_ns(b);
	return note_round(r);
}
