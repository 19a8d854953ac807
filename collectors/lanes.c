/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slow lanes: each has a thread, which reads what is due and hangs where its sources hang. */
#include <stdlib.h>
#include <time.h>

#include "collectors/sampler_inner.h"

/* A slow lane does not look oftener than this whether there is something to do. */
#define LANE_TICK_NS (200 * NS_PER_MS)
/* How long lanes have to come back at the end: with a dozen others waiting for each CPU. */
#define PARTING_NS (400 * NS_PER_MS)
/* It is woken when somebody needs it. */
#define LANE_SLEEP_NS (60 * NS_PER_SEC)
/* One that watches for a short while, again and again, keeps its rhythm better. */
#define PERF_TICK_NS (50 * NS_PER_MS)
/* With so long an interval nobody waits for the next sample to see what a slow lane has found. */
#define LONG_INTERVAL_NS (2 * NS_PER_SEC)

static bool is_due(struct sampler *s, struct slot *slot)
{
	bool due = clock_mono_ns() >= slot_due_ns(slot);

	return sampler_is_needed(s, slot) &&
	       (due || __atomic_load_n(&slot->exact, __ATOMIC_RELAXED));
}

bool lane_read(struct sampler *s, enum lane lane, const struct root *root,
    const struct snapshot *latest, bool always)
{
	bool news = false, first;

	for (size_t i = 0; i < s->slots; i++) {
		struct slot *slot = &s->slot[i];

		if (slot->collector->lane != lane ||
		    !(always ? sampler_is_needed(s, slot) : is_due(s, slot)))
			continue;
		first = slot->reads == 0;
		news = news || __atomic_load_n(&slot->exact, __ATOMIC_RELAXED);
		slot_read(slot, root, &s->options, latest, NULL);
		news = news || (first && slot->reads > 0);
	}
	return news;
}

/* What costs as long as it is open is closed when nobody needs it any more. */
static void rest_lane(struct sampler *s, enum lane lane)
{
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].collector->lane == lane && !sampler_is_needed(s, &s->slot[i]))
			slot_rest(&s->slot[i]);
}

/* When a lane is to look at a collector again; UINT64_MAX: when somebody needs it. */
static uint64_t look_at_ns(struct sampler *s, struct slot *slot, uint64_t now_ns)
{
	uint64_t tick_ns = slot->collector->lane == LANE_PERF ? PERF_TICK_NS : LANE_TICK_NS, due_ns;

	if (!sampler_is_needed(s, slot))
		return slot->rest ? now_ns + LANE_TICK_NS : UINT64_MAX;
	if (__atomic_load_n(&slot->exact, __ATOMIC_RELAXED))
		return now_ns;
	due_ns = slot_due_ns(slot);
	return due_ns > now_ns + tick_ns ? due_ns : now_ns + tick_ns;
}

static uint64_t lane_wakes_at_ns(const struct lane_thread *lane)
{
	uint64_t now_ns = clock_mono_ns(), until_ns = now_ns + LANE_SLEEP_NS;
	struct sampler *s = lane->sampler;

	for (size_t i = 0; i < s->slots; i++) {
		uint64_t at_ns;

		if (s->slot[i].collector->lane != lane->lane)
			continue;
		at_ns = look_at_ns(s, &s->slot[i], now_ns);
		until_ns = at_ns < until_ns ? at_ns : until_ns;
	}
	return until_ns;
}

/* Where closing may hang it shall hang here: libvirt says good-bye to its daemon. */
static void close_lane(struct sampler *s, enum lane lane)
{
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].collector->lane == lane)
			slot_close(&s->slot[i]);
}

static void *run_lane(void *arg)
{
	struct lane_thread *lane = arg;
	struct sampler *s = lane->sampler;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		/* Guests are known once there is a sample. */
		if (s->latest) {
			const struct snapshot *latest = snapshot_ref(s->latest);
			bool news;

			pthread_mutex_unlock(&s->lock);
			news = lane_read(s, lane->lane, lane->root, latest, false);
			rest_lane(s, lane->lane);
			snapshot_unref(latest);
			pthread_mutex_lock(&s->lock);
			if (news && s->interval_ns > LONG_INTERVAL_NS) {
				s->now = true;
				pthread_cond_broadcast(&s->wake);
			}
		}
		if (!s->stopping)
			sampler_wait_until(s, lane_wakes_at_ns(lane));
	}
	pthread_mutex_unlock(&s->lock);
	close_lane(s, lane->lane);
	pthread_mutex_lock(&s->lock);
	lane->ended = true;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

void lanes_start(struct sampler *s)
{
	static const char *const names[LANES] = {
		[LANE_PLACEMENT] = "placement",
		[LANE_LIBVIRT] = "libvirt",
		[LANE_MONITOR] = "monitor",
		[LANE_PERF] = "perf",
		[LANE_IMAGES] = "images",
	};

	for (int i = LANE_FAST + 1; i < LANES; i++) {
		struct lane_thread *lane = &s->lane[i];

		lane->sampler = s;
		lane->lane = (enum lane)i;
		lane->root = root_dup(s->root);
		lane->runs = pthread_create(&lane->thread, NULL, run_lane, lane) == 0;
		if (lane->runs)
			pthread_setname_np(lane->thread, names[i]);
	}
}

/* Gives a lane that is in the middle of a short call time to come back. */
static bool join_lane(struct sampler *s, struct lane_thread *lane)
{
	uint64_t until_ns = clock_mono_ns() + PARTING_NS;
	struct timespec t = { .tv_nsec = 1000000 };
	bool ended = false;

	while (!ended && clock_mono_ns() < until_ns) {
		pthread_mutex_lock(&s->lock);
		ended = lane->ended;
		pthread_mutex_unlock(&s->lock);
		if (!ended)
			nanosleep(&t, NULL);
	}
	if (ended)
		pthread_join(lane->thread, NULL);
	return ended;
}

bool lanes_join(struct sampler *s)
{
	bool joined = true;

	for (int i = 0; i < LANES; i++)
		if (s->lane[i].runs && !join_lane(s, &s->lane[i]))
			joined = false;
	return joined;
}

void lanes_done(struct sampler *s)
{
	for (int i = 0; i < LANES; i++)
		root_close(s->lane[i].root);
}
