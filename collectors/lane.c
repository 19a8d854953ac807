/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/lane.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "model/told.h"

void slot_init(struct slot *slot, const struct collector *collector, const struct sampling *options)
{
	*slot = (struct slot){ .collector = collector, .needs = ~0u };
	pthread_mutex_init(&slot->lock, NULL);
	slot->state = collector->open ? collector->open(options) : NULL;
}

void slot_close(struct slot *slot)
{
	if (slot->collector->close && !slot->closed)
		slot->collector->close(slot->state);
	slot->closed = true;
}

void slot_forget(struct slot *slot, const struct sampling *options)
{
	struct told *old;

	if (slot->collector->close)
		slot->collector->close(slot->state);
	slot->state = slot->collector->open ? slot->collector->open(options) : NULL;
	/* What it told goes with it: else it would be merged once more. */
	pthread_mutex_lock(&slot->lock);
	old = slot->result;
	slot->result = NULL;
	pthread_mutex_unlock(&slot->lock);
	told_unref(old);
}

void slot_done(struct slot *slot)
{
	slot_close(slot);
	told_unref(slot->result);
	pthread_mutex_destroy(&slot->lock);
}

unsigned collector_sources(const struct collector *c)
{
	static const struct {
		enum source_id src, beside;
	} both[] = { { SRC_BALLOON, SRC_BLOCK }, { SRC_IMAGES, SRC_CGROUP_IO } };
	unsigned sources = NEEDS(c->src);

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
		if (both[i].src == c->src)
			sources |= NEEDS(both[i].beside);
	return sources;
}

static uint64_t period_of(struct slot *slot)
{
	uint64_t pace_ns = __atomic_load_n(&slot->pace_ns, __ATOMIC_RELAXED);

	return pace_ns > slot->collector->period_ns ? pace_ns : slot->collector->period_ns;
}

uint64_t slot_stale_ns(struct slot *slot, uint64_t interval_ns)
{
	uint64_t round_ns = period_of(slot);

	pthread_mutex_lock(&slot->lock);
	if (slot->round_ns > round_ns)
		round_ns = slot->round_ns;
	pthread_mutex_unlock(&slot->lock);
	return 2 * (round_ns > interval_ns ? round_ns : interval_ns);
}

struct told *slot_result(struct slot *slot)
{
	struct told *result, *old = NULL;

	pthread_mutex_lock(&slot->lock);
	/* Copied only for whoever looks in the middle of a call: most are over too soon. */
	if (slot->lent) {
		old = slot->result;
		slot->result = told_new(slot->lent);
		slot->lent = NULL;
	}
	result = told_ref(slot->result);
	pthread_mutex_unlock(&slot->lock);
	told_unref(old);
	return result;
}

uint64_t slot_due_ns(struct slot *slot)
{
	uint64_t period_ns = period_of(slot), due_ns;

	pthread_mutex_lock(&slot->lock);
	/* A rate takes two readings: rules do not wait for the second one. */
	if (slot->reads < 2)
		period_ns = slot->collector->period_ns;
	due_ns = slot->ended_ns ? slot->ended_ns + period_ns : 0;
	pthread_mutex_unlock(&slot->lock);
	return due_ns;
}

static void begin(struct slot *slot, uint64_t now_ns)
{
	pthread_mutex_lock(&slot->lock);
	slot->started_ns = now_ns;
	pthread_mutex_unlock(&slot->lock);
}

static void end(struct slot *slot, const struct reading *r, enum state outcome, uint64_t cost_ns)
{
	bool is_fast = slot->collector->lane == LANE_FAST;
	struct told *told, *old = NULL;

	if (r->waits) {
		snapshot_unref(is_fast ? NULL : r->into);
		return;
	}
	told = is_fast ? NULL : told_new(r->into);
	pthread_mutex_lock(&slot->lock);
	slot->outcome = outcome;
	slot->partial = r->partial;
	memcpy(slot->note, r->note, sizeof(slot->note));
	slot->ended_ns = reading_now(r);
	slot->cost_ns += cost_ns;
	slot->reads++;
	slot->errors += outcome != STATE_OK || r->partial;
	slot->ask.since_ns = 0;
	slot->lent = NULL;
	slot->round_ns = r->round_ns;
	if (!is_fast) {
		old = slot->result;
		slot->result = told;
	}
	pthread_mutex_unlock(&slot->lock);
	told_unref(old);
	snapshot_unref(is_fast ? NULL : r->into);
}

void slot_read(struct slot *slot, const struct root *root, const struct sampling *options,
    const struct snapshot *latest, struct snapshot *into)
{
	struct moment now = root_now(root);
	struct reading r = {
		.state = slot->state,
		.root = root,
		.options = options,
		.latest = latest,
		.into = into ? into : snapshot_new(now),
		.now_ns = now.mono_ns,
		.exact = __atomic_exchange_n(&slot->exact, false, __ATOMIC_RELAXED),
		.needs = __atomic_load_n(&slot->needs, __ATOMIC_RELAXED),
		.period_ns = period_of(slot),
		.slot = slot,
	};
	uint64_t cpu_ns = clock_thread_cpu_ns();
	enum state outcome;

	begin(slot, now.mono_ns);
	outcome = slot->collector->read(&r);
	end(slot, &r, outcome, clock_thread_cpu_ns() - cpu_ns);
	slot->rest = r.rest;
}

void slot_rest(struct slot *slot)
{
	uint64_t hidden_ns;

	if (!slot->rest)
		return;
	pthread_mutex_lock(&slot->lock);
	hidden_ns = clock_mono_ns() - slot->ended_ns;
	pthread_mutex_unlock(&slot->lock);
	if (slot->rest(slot->state, hidden_ns))
		slot->rest = NULL;
}

void reading_ask(struct reading *r, struct key guest)
{
	pthread_mutex_lock(&r->slot->lock);
	r->slot->ask = (struct lane_ask){ .guest = guest, .since_ns = reading_now(r) };
	r->slot->lent = r->slot->collector->lane == LANE_FAST ? NULL : r->into;
	r->slot->round_ns = r->round_ns;
	pthread_mutex_unlock(&r->slot->lock);
}

void reading_answered(struct reading *r)
{
	pthread_mutex_lock(&r->slot->lock);
	r->slot->ask.since_ns = 0;
	r->slot->lent = NULL;
	pthread_mutex_unlock(&r->slot->lock);
}

uint64_t reading_now(const struct reading *r)
{
	return root_is_live(r->root) ? clock_mono_ns() : r->now_ns;
}

bool reading_thorough(const struct reading *r)
{
	return r->options->thorough || !root_is_live(r->root);
}

static void add_note(struct reading *r, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void add_note(struct reading *r, const char *format, va_list args)
{
	size_t len = strlen(r->note);

	if (len && len + 2 < sizeof(r->note)) {
		r->note[len++] = ' ';
		r->note[len] = '\0';
	}
	print_within_args(r->note + len, sizeof(r->note) - len, format, args);
}

void reading_note(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_note(r, format, args);
	va_end(args);
}

void reading_lacks(struct reading *r, const char *format, ...)
{
	va_list args;

	r->partial = true;
	va_start(args, format);
	add_note(r, format, args);
	va_end(args);
}

uint32_t guest_pid(const struct row *domain)
{
	return domain->key.owner >> 63 ? 0 : (uint32_t)domain->key.owner;
}
