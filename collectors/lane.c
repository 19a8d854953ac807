/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/lane.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void slot_init(struct slot *slot, const struct collector *collector, const struct sampling *options)
{
	*slot = (struct slot){ .collector = collector };
	pthread_mutex_init(&slot->lock, NULL);
	slot->ask.lock = &slot->lock;
	slot->state = collector->open ? collector->open(options) : NULL;
}

void slot_done(struct slot *slot)
{
	if (slot->collector->close)
		slot->collector->close(slot->state);
	snapshot_unref(slot->result);
	pthread_mutex_destroy(&slot->lock);
}

uint64_t slot_period(const struct slot *slot, uint64_t interval_ns)
{
	uint64_t own = slot->collector->period_ns;

	return own > interval_ns ? own : interval_ns;
}

static void begin(struct slot *slot, uint64_t now_ns)
{
	pthread_mutex_lock(&slot->lock);
	slot->started_ns = now_ns;
	pthread_mutex_unlock(&slot->lock);
}

static void end(struct slot *slot, const struct reading *r, enum state outcome, uint64_t cost_ns)
{
	const struct snapshot *old = NULL;

	pthread_mutex_lock(&slot->lock);
	slot->outcome = outcome;
	memcpy(slot->note, r->note, sizeof(slot->note));
	slot->ended_ns = reading_now(r);
	slot->cost_ns += cost_ns;
	slot->reads++;
	slot->errors += outcome != STATE_OK;
	slot->ask.since_ns = 0;
	if (slot->collector->lane != LANE_FAST) {
		old = slot->result;
		slot->result = r->into;
	}
	pthread_mutex_unlock(&slot->lock);
	snapshot_unref(old);
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
		.ask = &slot->ask,
	};
	uint64_t cpu_ns = clock_thread_cpu_ns();
	enum state outcome;

	begin(slot, now.mono_ns);
	outcome = slot->collector->read(&r);
	end(slot, &r, outcome, clock_thread_cpu_ns() - cpu_ns);
}

void reading_ask(struct reading *r, struct key guest)
{
	pthread_mutex_lock(r->ask->lock);
	r->ask->guest = guest;
	r->ask->since_ns = reading_now(r);
	pthread_mutex_unlock(r->ask->lock);
}

void reading_answered(struct reading *r)
{
	pthread_mutex_lock(r->ask->lock);
	r->ask->since_ns = 0;
	pthread_mutex_unlock(r->ask->lock);
}

uint64_t reading_now(const struct reading *r)
{
	return root_is_live(r->root) ? clock_mono_ns() : r->now_ns;
}

bool reading_thorough(const struct reading *r)
{
	return r->options->thorough || !root_is_live(r->root);
}

void reading_note(struct reading *r, const char *format, ...)
{
	size_t len = strlen(r->note);
	va_list args;

	if (len && len + 2 < sizeof(r->note)) {
		r->note[len++] = ' ';
		r->note[len] = '\0';
	}
	va_start(args, format);
	vsnprintf(r->note + len, sizeof(r->note) - len, format, args);
	va_end(args);
}

uint32_t guest_pid(const struct row *domain)
{
	return domain->key.owner >> 63 ? 0 : (uint32_t)domain->key.owner;
}
