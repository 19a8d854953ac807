/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor that hangs: what becomes of the other guests' figures, and when it is asked again. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/root.h"
#include "collectors/collector.h"
#include "collectors/lane.h"
#include "model/told.h"
#include "tests/helpers/libvirt_fake.h"

#define GUESTS 3
/* So many that they are not asked at every reading. */
#define MANY 60
#define HUNG 1
#define MIB 1048576.0
/* Longer than what counts as slow. */
#define HANGS_NS (1100 * NS_PER_MS)
#define DEADLINE_S 20

/* Of the first ones. */
static const char *const uuids[GUESTS] = { "00000000-0000-4000-8000-000000000001",
	"00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000003" };

struct lane_of_one {
	struct root *root;
	struct sampling options;
	struct slot slot;
	struct snapshot *latest;
	struct libvirt_fake *fake;
	pthread_t thread;
	unsigned guests, stopped; /* the first ones are stopped */
};

/* Guests as a new sample shows them: with what the last round told. */
static void look(struct lane_of_one *l)
{
	struct snapshot *now = snapshot_new(clock_now());

	for (unsigned i = 0; i < l->guests; i++) {
		struct row *row = snapshot_row(now, TABLE_DOMAIN, key_process(70 + i, 100));
		char uuid[40];

		snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012u", i + 1);
		cell_set_text(now, row, DOMAIN_UUID, uuid, now->moment.mono_ns);
		if (i < l->stopped)
			cell_set_number(row, DOMAIN_STOPPED, 1, now->moment.mono_ns);
	}
	if (l->slot.result)
		told_merge(l->slot.result, now, 1000 * NS_PER_SEC);
	snapshot_link(now);
	snapshot_unref(l->latest);
	l->latest = now;
}

static void *read_round(void *arg)
{
	struct lane_of_one *l = arg;

	slot_read(&l->slot, l->root, &l->options, l->latest, NULL);
	return NULL;
}

static void hang(struct lane_of_one *l, const char *uuid)
{
	pthread_mutex_lock(&l->fake->lock);
	snprintf(l->fake->hung, sizeof(l->fake->hung), "%s", uuid);
	pthread_cond_broadcast(&l->fake->changed);
	pthread_mutex_unlock(&l->fake->lock);
}

/* Starts a round, and waits until so many guests were asked. */
static void start_round(struct lane_of_one *l, size_t calls)
{
	struct timespec until;

	look(l);
	l->fake->calls = 0;
	assert_int_equal(pthread_create(&l->thread, NULL, read_round, l), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	pthread_mutex_lock(&l->fake->lock);
	while (l->fake->calls < calls)
		assert_int_equal(
		    pthread_cond_timedwait(&l->fake->changed, &l->fake->lock, &until), 0);
	pthread_mutex_unlock(&l->fake->lock);
}

static void end_round(struct lane_of_one *l)
{
	hang(l, "");
	assert_int_equal(pthread_join(l->thread, NULL), 0);
}

/* In MiB; 0: nothing is shown. */
static double shown(struct lane_of_one *l, unsigned guest)
{
	struct told *told = slot_result(&l->slot);
	const struct snapshot *result = told ? told_open(told) : NULL;
	const struct row *row =
	    result ? snapshot_find(result, TABLE_DOMAIN, key_process(70 + guest, 100)) : NULL;
	double v = row ? cell_number(row, DOMAIN_BALLOON, 0) / MIB : 0;

	snapshot_unref(result);
	told_unref(told);
	return v;
}

static void open_lane(struct lane_of_one *l)
{
	void *module = dlopen(KVMTOP_LIBVIRT_FAKE, RTLD_NOW | RTLD_LOCAL);
	const struct collector *c = collectors;

	*l = (struct lane_of_one){
		.options.interval_ns = NS_PER_SEC, .options.monitor_pace_ns = 1, .guests = GUESTS
	};
	assert_non_null(module);
	l->fake = dlsym(module, LIBVIRT_FAKE_SYMBOL);
	assert_non_null(l->fake);
	assert_int_equal(root_open("/", &l->root), 0);
	while (c->src != SRC_BALLOON)
		c++;
	slot_init(&l->slot, c, &l->options);
	l->slot.needs = NEEDS(SRC_BALLOON);
}

static void close_lane(struct lane_of_one *l)
{
	slot_done(&l->slot);
	snapshot_unref(l->latest);
	root_close(l->root);
}

static void one_that_hangs_takes_nothing_from_the_others(void **state)
{
	struct timespec moment = { .tv_nsec = 10000000 };
	struct lane_of_one l;
	uint64_t since_ns;

	(void)state;
	open_lane(&l);
	start_round(&l, GUESTS);
	end_round(&l);
	assert_string_equal(l.slot.note, "3 guests answered.");

	/* Who comes before it is shown though the round goes on, who comes behind keeps the old. */
	hang(&l, uuids[HUNG]);
	start_round(&l, HUNG + 1);
	since_ns = clock_mono_ns();
	assert_true(shown(&l, 0) == 1);
	assert_true(shown(&l, 1) == 2);
	assert_true(shown(&l, 2) == 3);
	while (clock_mono_ns() < since_ns + HANGS_NS)
		nanosleep(&moment, NULL);
	end_round(&l);

	/* From now on it comes last. */
	hang(&l, uuids[HUNG]);
	start_round(&l, GUESTS);
	assert_string_equal(l.fake->asked[0], uuids[0]);
	assert_string_equal(l.fake->asked[1], uuids[2]);
	assert_string_equal(l.fake->asked[2], uuids[HUNG]);
	assert_true(shown(&l, 2) == 2);
	assert_int_not_equal(l.slot.ask.since_ns, 0);
	end_round(&l);
	assert_true(shown(&l, HUNG) == 3);

	/* It has answered at once: it is one of them again. */
	start_round(&l, GUESTS);
	end_round(&l);
	start_round(&l, GUESTS);
	end_round(&l);
	assert_string_equal(l.fake->asked[HUNG], uuids[HUNG]);
	close_lane(&l);
}

/*
 * Together they shall not feel it: five in a reading, once a second, and no one twice within 5 s.
 * Till its next turn each keeps what it said.
 */
static void many_take_turns(void **state)
{
	struct snapshot *result;
	struct lane_of_one l;
	uint64_t since_ns;

	(void)state;
	open_lane(&l);
	l.options.monitor_pace_ns = 0;
	since_ns = clock_mono_ns();
	l.latest = snapshot_new(clock_now());
	for (unsigned i = 0; i < MANY; i++) {
		struct row *row = snapshot_row(l.latest, TABLE_DOMAIN, key_process(70 + i, 100));
		char uuid[40];

		snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-0000000000%02u", i);
		cell_set_text(l.latest, row, DOMAIN_UUID, uuid, l.latest->moment.mono_ns);
	}
	for (size_t i = 0; i <= MANY / 5; i++) {
		l.fake->calls = 0;
		slot_read(&l.slot, l.root, &l.options, l.latest, NULL);
		assert_int_equal(l.fake->calls,
		    i < MANY / 5 || l.slot.ended_ns > since_ns + 5 * NS_PER_SEC ? 5 : 0);
	}
	result = told_open(l.slot.result);
	assert_int_equal(result->table[TABLE_DOMAIN].n, MANY);
	snapshot_unref(result);
	assert_string_equal(l.slot.note,
	    "60 guests answered. To save CPU, it takes 12 s until each guest is asked again.");
	assert_true(slot_stale_ns(&l.slot, NS_PER_SEC) >= 24 * NS_PER_SEC);
	close_lane(&l);
}

/* Where a balloon has no period, two are asked in a reading once they have told their size. */
static void who_tells_no_figures_is_asked_less_often(void **state)
{
	struct lane_of_one l;

	(void)state;
	open_lane(&l);
	l.guests = 8;
	look(&l);
	for (size_t i = 0; i < l.latest->table[TABLE_DOMAIN].n; i++)
		cell_set_number(l.latest->table[TABLE_DOMAIN].row[i], DOMAIN_BALLOON_PERIOD,
		    i < 2 ? 10 : 0, l.latest->moment.mono_ns);
	for (size_t i = 0; i < 4; i++) {
		static const unsigned calls[] = { 5, 5, 4, 4 };

		l.fake->calls = 0;
		slot_read(&l.slot, l.root, &l.options, l.latest, NULL);
		assert_int_equal(l.fake->calls, calls[i]);
	}
	assert_true(slot_stale_ns(&l.slot, NS_PER_SEC) >= 6 * NS_PER_SEC);
	close_lane(&l);
}

static enum state balloon_state(struct lane_of_one *l, unsigned guest)
{
	struct snapshot *result = told_open(l->slot.result);
	const struct row *row = snapshot_find(result, TABLE_DOMAIN, key_process(70 + guest, 100));
	enum state balloon = row ? row->cell[DOMAIN_BALLOON].state : STATE_ABSENT;

	snapshot_unref(result);
	return balloon;
}

/* Between its turns a guest that failed is no guest without a balloon. */
static void what_failed_stays_told_until_the_next_turn(void **state)
{
	struct lane_of_one l;

	(void)state;
	open_lane(&l);
	l.options.monitor_pace_ns = 0;
	snprintf(l.fake->failing, sizeof(l.fake->failing), "%s", uuids[1]);
	for (int i = 0; i < 3; i++) {
		start_round(&l, i ? 0 : GUESTS);
		end_round(&l);
		assert_int_equal(l.fake->calls, i ? 0 : GUESTS);
		assert_string_equal(
		    l.slot.note, "1 guest gave no answer: no monitor. 2 guests answered.");
		assert_true(l.slot.partial);
		assert_int_equal(balloon_state(&l, 1), STATE_DENIED);
		assert_int_equal(balloon_state(&l, 0), STATE_OK);
	}
	l.fake->failing[0] = '\0';
	close_lane(&l);
}

static void who_stops_is_told_at_once(void **state)
{
	struct lane_of_one l;

	(void)state;
	open_lane(&l);
	l.options.monitor_pace_ns = 0;
	start_round(&l, GUESTS);
	end_round(&l);
	l.stopped = 1;
	start_round(&l, 0);
	end_round(&l);
	assert_int_equal(balloon_state(&l, 0), STATE_STUCK);
	assert_int_equal(balloon_state(&l, 1), STATE_OK);
	assert_string_equal(l.slot.note, "1 guest is stopped and not asked. 2 guests answered.");
	l.stopped = 0;
	start_round(&l, 1);
	end_round(&l);
	assert_int_equal(l.fake->calls, 1);
	assert_string_equal(l.fake->asked[0], uuids[0]);
	assert_int_equal(balloon_state(&l, 0), STATE_OK);
	close_lane(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_hangs_takes_nothing_from_the_others),
		cmocka_unit_test(many_take_turns),
		cmocka_unit_test(who_tells_no_figures_is_asked_less_often),
		cmocka_unit_test(what_failed_stays_told_until_the_next_turn),
		cmocka_unit_test(who_stops_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
