/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exits_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/exit_tally.h"

/* Exits of one thread per second from which on only some are timed, and down to which. */
#define FAST_RATE 100000
#define SLOW_RATE 70000
#define FAST_MASK 15
/* Exits of one vCPU per second from which on they are not counted, and down to which. */
#define TOO_MANY 250000
#define FEW_ENOUGH 150000

/* PROC_PID_INIT_INO of linux/proc_ns.h: the kernel gives it to the first one, and to no other. */
#define FIRST_PIDS "pid:[4026531836]"

struct exits_before {
	uint32_t tid;
	bool seen;
	struct exits_thread counts;
};

bool exits_counts_know_threads(const struct root *root)
{
	char link[64];

	return root_link(root, "proc/self/ns/pid", link, sizeof(link)) > 0 &&
	       strcmp(link, FIRST_PIDS) == 0;
}

void exits_counts_init(
    struct exits_counts *c, const struct exits_maps *maps, size_t room, uint64_t now_ns)
{
	*c = (struct exits_counts){ .maps = maps, .room = room, .at_ns = now_ns };
}

void exits_counts_done(struct exits_counts *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->known[i]);
	free(c->known);
	*c = (struct exits_counts){ 0 };
}

static struct exits_before *known_of(struct exits_counts *c, uint32_t tid)
{
	size_t low = 0, high = c->n;
	struct exits_before *k;

	while (low < high) {
		size_t at = (low + high) / 2;

		if (c->known[at]->tid == tid)
			return c->known[at];
		if (c->known[at]->tid < tid)
			low = at + 1;
		else
			high = at;
	}
	k = xcalloc(1, sizeof(*k));
	k->tid = tid;
	c->known = xgrow(c->known, c->n, &c->cap, sizeof(struct exits_before *));
	memmove(&c->known[low + 1], &c->known[low], (c->n - low) * sizeof(struct exits_before *));
	c->known[low] = k;
	c->n++;
	return k;
}

/* The least and the most of what came since is known where it is of all times, else by its bucket.
 */
static void set_limits(
    struct exit_times *x, const struct exits_slot *now, const struct exits_slot *before)
{
	int first = -1, last = -1;

	for (int i = 0; i < EXIT_BUCKETS; i++)
		if (x->hist[i]) {
			first = first < 0 ? i : first;
			last = i;
		}
	if (first < 0)
		return;
	x->min_ns = exit_bucket_ns((unsigned int)first);
	if (before->timed == 0 || now->min_ns < before->min_ns || x->min_ns < now->min_ns)
		x->min_ns = now->min_ns;
	x->max_ns = exit_bucket_ns((unsigned int)last + 1);
	if (now->max_ns > before->max_ns || x->max_ns > now->max_ns)
		x->max_ns = now->max_ns;
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

/* What was counted in a reading. */
struct counted {
	uint64_t events;
	uint64_t exits, most; /* of the thread that is looked at, and of the busiest one */
};

/* Since when the thread is out for the reason in that slot; 0: it is not, or nobody knows. */
static uint64_t out_since(const struct exits_thread *th, uint32_t at)
{
	if (th->exit_ns && at == th->exit_at)
		return th->exit_ns;
	return th->exit_ns && th->user_ns && at == th->user_at ? th->user_ns : 0;
}

/* An exit that goes on over readings has its part in each window, not all of it in the last. */
static void clip(
    const struct exits_counts *c, struct exit_times *x, uint64_t was_ns, uint64_t is_ns)
{
	uint64_t before_ns = was_ns && was_ns != is_ns ? since(c->at_ns, was_ns) : 0;

	if (x->timed)
		x->before_ns = before_ns < x->time_ns ? before_ns : x->time_ns;
	if (is_ns)
		x->open_ns = since(c->now_ns, is_ns > c->at_ns ? is_ns : c->at_ns);
}

static void add_slot(const struct exits_counts *c, struct exit_tally *tally,
    const struct exits_before *k, uint32_t at, struct counted *counted)
{
	const struct exits_slot *now = &c->now.slot[at], *before = &k->counts.slot[at];
	uint64_t was_ns = out_since(&k->counts, at), is_ns = out_since(&c->now, at);
	struct exit_times x = { .timed = since(now->timed, before->timed),
		.time_ns = since(now->time_ns, before->time_ns) };
	uint64_t count = since(now->count, before->count);

	if (count == 0 && x.timed == 0 && is_ns == 0)
		return;
	clip(c, &x, was_ns, is_ns);
	x.untimed = since(count + (was_ns > 0), x.timed + (is_ns > 0));
	for (int i = 0; i < EXIT_BUCKETS; i++)
		x.hist[i] = now->hist[i] > before->hist[i] ? now->hist[i] - before->hist[i] : 0;
	set_limits(&x, now, before);
	exit_tally_add(tally, k->tid, (struct exit_reason){ now->isa, now->code }, count, &x);
	counted->events += count;
	if (now->isa != EXIT_TO_USER)
		counted->exits += count;
}

/* Slots that are not used stay as they are: memory that nobody touches. */
static void keep(struct exits_before *k, const struct exits_thread *now)
{
	k->counts.exit_ns = now->exit_ns;
	k->counts.user_ns = now->user_ns;
	k->counts.exit_at = now->exit_at;
	k->counts.user_at = now->user_at;
	for (int i = 0; i < EXITS_SLOTS; i++)
		if (now->slot[i].isa)
			k->counts.slot[i] = now->slot[i];
}

static void add_thread(
    struct exits_counts *c, struct exit_tally *tally, uint32_t tid, struct counted *counted)
{
	struct exits_before *k = known_of(c, tid);

	k->seen = true;
	counted->exits = 0;
	for (uint32_t i = 0; i < EXITS_SLOTS; i++)
		if (c->now.slot[i].isa)
			add_slot(c, tally, k, i, counted);
	keep(k, &c->now);
	if (counted->exits > counted->most)
		counted->most = counted->exits;
}

static int add_threads(struct exits_counts *c, struct exit_tally *tally, struct counted *counted)
{
	const struct exits_maps *m = c->maps;
	uint32_t tid;
	int error = m->next(m->ctx, NULL, &tid);

	for (size_t i = 0; i < c->room && error == 0; i++) {
		error = m->read(m->ctx, tid, &c->now);
		if (error == 0)
			add_thread(c, tally, tid, counted);
		else if (error != -ENOENT)
			return error;
		error = m->next(m->ctx, &tid, &tid);
	}
	return error == -ENOENT ? 0 : error;
}

/* Where a vCPU leaves its guest very often, taking the time of each exit would be most of the cost.
 */
static void choose_mask(struct exits_counts *c, uint64_t most, uint64_t covered_ns)
{
	uint64_t rate = most * NS_PER_SEC / (covered_ns ? covered_ns : 1), mask = c->mask;

	if (rate > FAST_RATE)
		mask = FAST_MASK;
	else if (rate < SLOW_RATE)
		mask = 0;
	if (mask != c->mask && c->maps->set_control(c->maps->ctx, EXITS_TIME_MASK, mask) == 0)
		c->mask = mask;
}

int exits_counts_read(
    struct exits_counts *c, uint64_t now_ns, struct exit_tally *tally, struct exit_window *ret)
{
	struct counted counted = { .most = 0 };
	uint64_t no_room;
	int error = c->maps->control(c->maps->ctx, EXITS_NO_ROOM, &no_room);

	c->now_ns = now_ns;
	for (size_t i = 0; i < c->n; i++)
		c->known[i]->seen = false;
	if (error == 0)
		error = add_threads(c, tally, &counted);
	if (error < 0)
		return error;
	*ret = (struct exit_window){ .begin_ns = c->at_ns,
		.end_ns = now_ns,
		.records = counted.events,
		.lost = since(no_room, c->no_room),
		.most = counted.most,
		.whole = true };
	choose_mask(c, counted.most, now_ns - c->at_ns);
	c->at_ns = now_ns;
	c->no_room = no_room;
	return 0;
}

bool exits_are_too_many(const struct exit_window *window, bool before)
{
	uint64_t ns = since(window->end_ns, window->begin_ns);

	return ns &&
	       (double)window->most * NS_PER_SEC / (double)ns > (before ? FEW_ENOUGH : TOO_MANY);
}

void exits_counts_forget(struct exits_counts *c, bool (*lives)(void *ctx, uint32_t tid), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct exits_before *k = c->known[i];

		/* One that is not known yet may be so at the next reading. */
		if (k->seen && lives(ctx, k->tid)) {
			c->known[kept++] = k;
			continue;
		}
		c->maps->forget(c->maps->ctx, k->tid);
		free(k);
	}
	c->n = kept;
}
