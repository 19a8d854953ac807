/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/sampler.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "collectors/sampler_inner.h"
#include "collectors/source_rows.h"
#include "model/told.h"

static unsigned all_needs(struct sampler *s)
{
	return __atomic_load_n(&s->needs, __ATOMIC_RELAXED) |
	       __atomic_load_n(&s->slow_needs, __ATOMIC_RELAXED);
}

/* How often it is to be read where only rules want it; else 0. What was captured costs nothing. */
static uint64_t pace_ns(struct sampler *s, unsigned sources)
{
	uint64_t pace_ns = UINT64_MAX;

	if (!root_is_live(s->root) || (__atomic_load_n(&s->needs, __ATOMIC_RELAXED) & sources))
		return 0;
	for (enum source_id src = 0; src < SOURCES; src++)
		if ((sources & NEEDS(src)) && source_pace_ns(src) < pace_ns)
			pace_ns = source_pace_ns(src);
	return pace_ns;
}

bool sampler_is_needed(struct sampler *s, struct slot *slot)
{
	unsigned sources = collector_sources(slot->collector), needs = all_needs(s) & sources;

	__atomic_store_n(&slot->needs, needs, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->pace_ns, needs ? pace_ns(s, sources) : 0, __ATOMIC_RELAXED);
	return needs;
}

static uint64_t guarded_interval(struct sampler *s)
{
	uint64_t interval_ns;

	pthread_mutex_lock(&s->lock);
	interval_ns = s->interval_ns;
	pthread_mutex_unlock(&s->lock);
	return interval_ns;
}

uint64_t sampler_interval(struct sampler *s)
{
	return guarded_interval(s);
}

void sampler_wait_until(struct sampler *s, uint64_t until_ns)
{
	struct timespec t = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };

	pthread_cond_timedwait(&s->wake, &s->lock, &t);
}

const struct snapshot *sampler_latest(struct sampler *s)
{
	const struct snapshot *latest;

	pthread_mutex_lock(&s->lock);
	latest = snapshot_ref(s->latest);
	pthread_mutex_unlock(&s->lock);
	return latest;
}

/* A slow lane that has owed an answer for two intervals tells about whom. */
static void show_silence(struct sampler *s, struct slot *slot, struct snapshot *into)
{
	uint64_t since_ns, limit_ns = 2 * guarded_interval(s);
	struct key guest;
	struct row *row;

	pthread_mutex_lock(&slot->lock);
	guest = slot->ask.guest;
	since_ns = slot->ask.since_ns;
	pthread_mutex_unlock(&slot->lock);
	if (since_ns == 0 || into->moment.mono_ns < since_ns + limit_ns)
		return;
	row = snapshot_find(into, TABLE_DOMAIN, guest);
	if (row)
		cell_set_number(row, DOMAIN_SILENT,
		    (double)(into->moment.mono_ns - since_ns) / (double)NS_PER_SEC,
		    into->moment.mono_ns);
}

/* What nobody needs now may be needed again: until it is read anew it only grows old. */
static void merge_slot(struct sampler *s, struct slot *slot, struct snapshot *into)
{
	struct told *told = slot_result(slot);

	if (told)
		told_merge(told, into, slot_stale_ns(slot, guarded_interval(s)));
	told_unref(told);
	if (sampler_is_needed(s, slot))
		show_silence(s, slot, into);
}

static void judge_sample(struct sampler *s, struct snapshot *into)
{
	uint64_t begun_ns = clock_thread_cpu_ns();

	if (!s->judge)
		return;
	s->judge(s->judge_context, into);
	s->judge_ns += clock_thread_cpu_ns() - begun_ns;
}

/* Of a captured host a slow lane is read here; it may build on what the lane before told. */
static void add_lane(struct sampler *s, enum lane lane, struct snapshot *into)
{
	if (!root_is_live(s->root))
		lane_read(s, lane, s->root, into, true);
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].collector->lane == lane)
			merge_slot(s, &s->slot[i], into);
	snapshot_link(into);
}

static void show_sources(struct sampler *s, struct snapshot *into)
{
	struct source_shown shown = {
		.needs = all_needs(s),
		.interval_ns = guarded_interval(s),
		.root = s->root,
	};

	for (size_t i = 0; i < s->slots; i++)
		source_rows_of_slot(&shown, &s->slot[i], into);
	if (s->judge)
		source_row_of_judge(&shown, s->judge_ns, into);
	source_row_of_self(&shown, into);
}

/* What is not read now still holds. */
static void read_fast(struct sampler *s, struct slot *slot, struct snapshot *into)
{
	if (!sampler_is_needed(s, slot))
		return;
	if (__atomic_load_n(&slot->pace_ns, __ATOMIC_RELAXED) == 0 ||
	    into->moment.mono_ns >= slot_due_ns(slot))
		slot_read(slot, s->root, &s->options, s->before, into);
	else
		snapshot_carry(into, s->before, NEEDS(slot->collector->src),
		    slot_stale_ns(slot, guarded_interval(s)));
}

static struct snapshot *read_sample(struct sampler *s)
{
	struct snapshot *into = snapshot_new(root_now(s->root));

	into->one_guest = s->options.guest != NULL;
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].collector->lane == LANE_FAST)
			read_fast(s, &s->slot[i], into);
	snapshot_link(into);
	for (enum lane lane = LANE_FAST + 1; lane < LANES; lane++)
		add_lane(s, lane, into);
	show_sources(s, into);
	return into;
}

/* Rates need to know who is whom, so rows are linked anew after the merge. */
static const struct snapshot *finish_sample(struct sampler *s, struct snapshot *into)
{
	snapshot_link(into);
	snapshot_rate(into, s->before);
	snapshot_derive(into);
	judge_sample(s, into);
	into->number = ++s->taken;
	snapshot_unref(s->before);
	s->before = snapshot_ref(into);
	pthread_mutex_lock(&s->lock);
	/* The slow lanes wait for the first sample: it names the guests. */
	if (!s->latest)
		pthread_cond_broadcast(&s->wake);
	snapshot_unref(s->latest);
	s->latest = snapshot_ref(into);
	pthread_mutex_unlock(&s->lock);
	return into;
}

/* Goes to the next captured sample; false at the end. */
static bool advance(struct sampler *s, bool loop)
{
	if (root_is_live(s->root))
		return true;
	if (s->next >= root_samples(s->root)) {
		if (!loop)
			return false;
		/* From the last sample back to the first, clocks and counters would run backwards,
		 * and collectors remember how far they had come. */
		snapshot_unref(s->before);
		s->before = NULL;
		for (size_t i = 0; i < s->slots; i++)
			slot_forget(&s->slot[i], &s->options);
		root_seek(s->root, 0);
		s->next = 1;
		if (root_samples(s->root) > 1)
			snapshot_unref(finish_sample(s, read_sample(s)));
	}
	if (s->next < root_samples(s->root))
		root_seek(s->root, s->next++);
	return true;
}

const struct snapshot *sampler_take(struct sampler *s, bool loop)
{
	if (!advance(s, loop))
		return NULL;
	return finish_sample(s, read_sample(s));
}

void sampler_set_judge(
    struct sampler *s, void (*judge)(void *context, struct snapshot *s), void *context)
{
	s->judge = judge;
	s->judge_context = context;
}

static void tell(struct sampler *s)
{
	uint64_t one = 1;

	if (write(s->fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the reader knows already */
}

static void *run_sampler(void *arg)
{
	struct sampler *s = arg;
	uint64_t next_ns = clock_mono_ns();

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		uint64_t now_ns = clock_mono_ns();

		if (!s->now && now_ns < next_ns) {
			/* A changed interval counts from the sample before. */
			uint64_t before_ns = s->interval_ns;

			sampler_wait_until(s, next_ns);
			if (s->interval_ns != before_ns)
				next_ns = next_ns - before_ns + s->interval_ns;
			continue;
		}
		s->now = false;
		pthread_mutex_unlock(&s->lock);
		snapshot_unref(sampler_take(s, s->loop));
		tell(s);
		pthread_mutex_lock(&s->lock);
		/* A sample out of turn, or a pause (SIGSTOP, a very slow host), begins a new
		 * rhythm. */
		next_ns += s->interval_ns;
		if (next_ns < now_ns || next_ns > now_ns + s->interval_ns)
			next_ns = now_ns + s->interval_ns;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int sampler_start(struct sampler *s, bool loop)
{
	int r;

	s->loop = loop;
	r = pthread_create(&s->thread, NULL, run_sampler, s);
	s->runs = r == 0;
	return -r;
}

struct sampler *sampler_new(struct root *root, const struct sampling *options)
{
	struct sampler *s = xcalloc(1, sizeof(*s));
	pthread_condattr_t attr;

	s->root = root;
	s->options = *options;
	s->interval_ns = options->interval_ns;
	s->needs = NEEDS(SRC_GUESTS);
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	for (s->slots = 0; collectors[s->slots].read && s->slots < MAX_COLLECTORS; s->slots++)
		slot_init(&s->slot[s->slots], &collectors[s->slots], &s->options);
	if (root_is_live(root))
		lanes_start(s);
	return s;
}

bool sampler_free(struct sampler *s)
{
	if (!s)
		return true;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->runs)
		pthread_join(s->thread, NULL);
	/* A lane that hangs still uses all this; the process is about to end anyway. */
	if (!lanes_join(s))
		return false;
	for (size_t i = 0; i < s->slots; i++)
		slot_done(&s->slot[i]);
	lanes_done(s);
	snapshot_unref(s->before);
	snapshot_unref(s->latest);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	close(s->fd);
	free(s);
	return true;
}

/* s->lock is held until now. */
static void wake(struct sampler *s)
{
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

/* Exits that are sampled are scaled to what KVM counts, where that can be had. */
static unsigned whole(unsigned sources)
{
	return needs_whole(sources | (sources & NEEDS(SRC_EXITS) ? NEEDS(SRC_KVM) : 0));
}

static void set_needs(struct sampler *s, unsigned *needs, unsigned sources)
{
	if (__atomic_exchange_n(needs, sources, __ATOMIC_RELAXED) == sources)
		return;
	pthread_mutex_lock(&s->lock);
	wake(s);
}

void sampler_need(struct sampler *s, unsigned sources)
{
	set_needs(s, &s->needs, whole(sources) | NEEDS(SRC_GUESTS));
}

void sampler_need_slowly(struct sampler *s, unsigned sources)
{
	set_needs(s, &s->slow_needs, whole(sources));
}

bool sampler_all_have_read(struct sampler *s)
{
	bool all = true;

	for (size_t i = 0; i < s->slots && all; i++) {
		pthread_mutex_lock(&s->slot[i].lock);
		all = s->slot[i].reads > 0 || !sampler_is_needed(s, &s->slot[i]);
		pthread_mutex_unlock(&s->slot[i].lock);
	}
	return all;
}

static void read_at_once(struct sampler *s, enum source_id src)
{
	for (size_t i = 0; i < s->slots; i++)
		if (s->slot[i].collector->src == src)
			__atomic_store_n(&s->slot[i].exact, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&s->lock);
	wake(s);
}

void sampler_read_exact(struct sampler *s)
{
	read_at_once(s, SRC_PLACEMENT);
}

void sampler_look_again(struct sampler *s)
{
	read_at_once(s, SRC_LIBVIRT);
}

int sampler_fd(const struct sampler *s)
{
	return s->fd;
}

void sampler_set_interval(struct sampler *s, uint64_t interval_ns)
{
	pthread_mutex_lock(&s->lock);
	s->interval_ns = interval_ns;
	wake(s);
}

void sampler_sample_now(struct sampler *s)
{
	pthread_mutex_lock(&s->lock);
	s->now = true;
	wake(s);
}
