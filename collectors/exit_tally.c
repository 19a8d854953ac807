/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exit_tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "collectors/exit_tally_inner.h"

/* Cells of which there may be so many before one of that level is refused: the host and its guests
 * keep room, so that their sums are whole whatever their threads do. */
static const size_t room[] = {
	[EXIT_OF_HOST] = EXIT_CELLS_MAX,
	[EXIT_OF_GUEST] = EXIT_CELLS_MAX - 1024,
	[EXIT_OF_THREAD] = EXIT_CELLS_MAX / 2,
	[EXIT_OF_REST] = EXIT_CELLS_MAX - 1024,
};

struct exit_tally *exit_tally_new(uint32_t (*guest_of)(void *ctx, uint32_t tid), void *ctx)
{
	struct exit_tally *t = xcalloc(1, sizeof(*t));

	t->guest_of = guest_of;
	t->ctx = ctx;
	return t;
}

static void cell_free(struct cell *c)
{
	if (!c)
		return;
	for (int e = 0; e < EPOCHS; e++)
		free(c->times[e]);
	free(c);
}

void exit_tally_clear(struct exit_tally *t)
{
	uint32_t (*guest_of)(void *ctx, uint32_t tid) = t->guest_of;
	void *ctx = t->ctx;

	clear_threads(t);
	for (size_t i = 0; i < SLOTS; i++)
		cell_free(t->slot[i]);
	memset(t, 0, sizeof(*t));
	t->guest_of = guest_of;
	t->ctx = ctx;
}

void exit_tally_free(struct exit_tally *t)
{
	if (!t)
		return;
	exit_tally_clear(t);
	free(t);
}

static size_t hash(enum exit_level level, uint32_t id, struct exit_reason reason)
{
	uint64_t h = ((uint64_t)id << 32 | reason.code) * 0x9e3779b97f4a7c15u;

	h ^= ((uint64_t)level << 8 | reason.isa) * 0xc2b2ae3d27d4eb4fu;
	return (size_t)(h ^ h >> 29);
}

static bool is_cell(
    const struct cell *c, enum exit_level level, uint32_t id, struct exit_reason reason)
{
	return c->level == level && c->id == id && c->reason.isa == reason.isa &&
	       c->reason.code == reason.code;
}

static void put_cell(struct exit_tally *t, struct cell *c)
{
	size_t i = hash(c->level, c->id, c->reason) % SLOTS;

	while (t->slot[i])
		i = (i + 1) % SLOTS;
	t->slot[i] = c;
	t->cells++;
}

struct cell *find_cell(
    const struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason)
{
	for (size_t i = hash(level, id, reason) % SLOTS; t->slot[i]; i = (i + 1) % SLOTS)
		if (is_cell(t->slot[i], level, id, reason))
			return t->slot[i];
	return NULL;
}

/* NULL: there is no room. */
struct cell *cell_of(
    struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason)
{
	struct cell *c = find_cell(t, level, id, reason);

	if (c || t->cells >= room[level])
		return c;
	c = xcalloc(1, sizeof(*c));
	c->level = level;
	c->id = id;
	c->reason = reason;
	put_cell(t, c);
	return c;
}

struct cell *thread_cell(struct exit_tally *t, uint32_t tid, struct exit_reason reason)
{
	struct cell *c = cell_of(t, EXIT_OF_THREAD, tid, reason);

	return c ? c : cell_of(t, EXIT_OF_REST, t->guest_of(t->ctx, tid), reason);
}

void count_exits(struct exit_tally *t, struct cell *c, uint64_t n)
{
	if (c)
		c->window += n;
	if (!c || c->level == EXIT_OF_REST)
		t->left_out[NOW] += n;
}

struct exit_times *times_of(struct cell *c)
{
	if (!c->times[NOW])
		c->times[NOW] = xcalloc(1, sizeof(*c->times[NOW]));
	return c->times[NOW];
}

void add_times(struct exit_times *into, const struct exit_times *x)
{
	if (x->timed && (into->timed == 0 || x->min_ns < into->min_ns))
		into->min_ns = x->min_ns;
	if (x->max_ns > into->max_ns)
		into->max_ns = x->max_ns;
	into->timed += x->timed;
	into->untimed += x->untimed;
	into->time_ns += x->time_ns;
	into->before_ns += x->before_ns;
	into->open_ns += x->open_ns;
	into->longer += x->longer;
	if (x->longest_ns > into->longest_ns)
		into->longest_ns = x->longest_ns;
	for (int i = 0; i < EXIT_BUCKETS; i++)
		into->hist[i] += x->hist[i];
}

void exit_tally_add(struct exit_tally *t, uint32_t tid, struct exit_reason reason, uint64_t count,
    const struct exit_times *times)
{
	struct cell *c = thread_cell(t, tid, reason);

	count_exits(t, c, count);
	if (c && (times->timed || times->untimed || times->open_ns))
		add_times(times_of(c), times);
}

static void add_window(struct exit_tally *t, enum exit_level level, uint32_t id, struct cell *from)
{
	struct cell *c = cell_of(t, level, id, from->reason);

	if (c)
		c->window += from->window;
	else
		t->left_out[NOW] += from->window;
}

/* What goes on to user space is among the exits already. */
static void add_to_all(
    struct exit_tally *t, enum exit_level level, uint32_t id, const struct cell *from)
{
	struct cell *c = from->reason.isa == EXIT_TO_USER
			     ? NULL
			     : cell_of(t, level, id, (struct exit_reason){ EXIT_ALL, 0 });

	if (c)
		c->window += from->window;
}

/* Cells that are added meanwhile may be met or not: they are of no thread. */
static void add_up(struct exit_tally *t)
{
	for (size_t i = 0; i < SLOTS; i++) {
		struct cell *c = t->slot[i];
		uint32_t guest;

		if (!c || c->level < EXIT_OF_THREAD || (c->window == 0 && !c->times[NOW]))
			continue;
		guest = c->level == EXIT_OF_REST ? c->id : t->guest_of(t->ctx, c->id);
		/* What it did stays its guest's when both have ended. */
		if (guest || c->window)
			c->guest = guest;
		if (c->guest) {
			add_window(t, EXIT_OF_GUEST, c->guest, c);
			add_to_all(t, EXIT_OF_GUEST, c->guest, c);
		}
		add_window(t, EXIT_OF_HOST, 0, c);
		add_to_all(t, EXIT_OF_HOST, 0, c);
	}
}

/* How much of the time a window stands for. */
static double weight_of(const struct exit_tally *t, const struct exit_window *w)
{
	if (w->whole || t->end_ns == 0 || w->end_ns <= t->end_ns || w->end_ns <= w->begin_ns)
		return 1;
	return (double)(w->end_ns - t->end_ns) / (double)(w->end_ns - w->begin_ns);
}

void exit_tally_end(struct exit_tally *t, const struct exit_window *window)
{
	double weight = weight_of(t, window);

	if (!window->whole)
		end_threads(t, window);
	add_up(t);
	add_cross(t);
	for (size_t i = 0; i < SLOTS; i++) {
		struct cell *c = t->slot[i];
		double n;

		if (!c || c->window == 0)
			continue;
		n = (double)c->window;
		c->sum[NOW] += n;
		c->fresh += n * weight;
		c->squares[NOW] += n * n;
		c->window = 0;
	}
	t->end_ns = window->end_ns;
	t->windows[NOW]++;
	t->covered_ns[NOW] += window->end_ns - window->begin_ns;
	t->records[NOW] += window->records;
	t->lost[NOW] += window->lost;
	t->sampled[NOW] |= !window->whole;
}

/* What was not seen for two epochs is forgotten; the others are put where they are found. */
static void drop_idle(struct exit_tally *t)
{
	struct cell **kept = xcalloc(t->cells + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < SLOTS; i++) {
		struct cell *c = t->slot[i];

		t->slot[i] = NULL;
		/* Reasons of the whole host are few, and their totals go on. */
		if (c && (c->sum[BEFORE] > 0 || c->times[BEFORE] || c->level == EXIT_OF_HOST))
			kept[n++] = c;
		else
			cell_free(c);
	}
	t->cells = 0;
	for (size_t i = 0; i < n; i++)
		put_cell(t, kept[i]);
	free(kept);
}

static void turn(uint64_t v[EPOCHS])
{
	v[BEFORE] = v[NOW];
	v[NOW] = 0;
}

static void turn_sum(double v[EPOCHS])
{
	v[BEFORE] = v[NOW];
	v[NOW] = 0;
}

void exit_tally_turn(struct exit_tally *t, uint64_t now_ns, uint64_t span_ns)
{
	if (t->epoch_ns == 0)
		t->epoch_ns = now_ns;
	if (now_ns < t->epoch_ns + span_ns)
		return;
	t->epoch_ns = now_ns;
	for (size_t i = 0; i < SLOTS; i++) {
		struct cell *c = t->slot[i];
		struct exit_times *old;

		if (!c)
			continue;
		old = c->times[BEFORE];
		c->times[BEFORE] = c->times[NOW];
		c->times[NOW] = NULL;
		free(old);
		turn_sum(c->sum);
		turn_sum(c->squares);
		turn_sum(c->cross);
		/* KVM may tell more seldom; the last that it told holds until then. */
		if (c->sampled[NOW] > 0) {
			turn_sum(c->counted);
			turn_sum(c->sampled);
		}
	}
	drop_idle(t);
	turn(t->windows);
	turn(t->covered_ns);
	turn(t->records);
	turn(t->lost);
	turn(t->left_out);
	t->sampled[BEFORE] = t->sampled[NOW];
	t->sampled[NOW] = false;
}
