/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a guest's memory and run time agree: a calm figure that still sees what was moved. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/snapshot.h"

#define NODES 4
#define SECOND NS_PER_SEC
#define GIB (1024.0 * 1024 * 1024)

/* One guest with one vCPU and a CPU on each node, at one moment after the other. */
struct course {
	const struct snapshot *now;
	uint64_t at_ns, run_ns;
	double memory[NODES];
	bool no_times;
};

static struct snapshot *reading(const struct course *c, int node)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = c->at_ns });
	struct row *guest = snapshot_row(s, TABLE_DOMAIN, key_process(7, 1));
	struct row *vcpu = snapshot_row(s, TABLE_VCPU, key_of(guest->key, 100));

	cell_set_text(s, guest, DOMAIN_NAME, "web1", c->at_ns);
	cell_set_number(guest, DOMAIN_PID, 7, c->at_ns);
	cell_set_number(vcpu, VCPU_CPU, node, c->at_ns);
	if (!c->no_times)
		cell_set_count(vcpu, VCPU_RUN, c->run_ns, c->at_ns);
	for (uint64_t n = 0; n < NODES; n++) {
		struct row *row = snapshot_row(s, TABLE_CPU, key_host(n));

		cell_set_number(row, CPU_NUMBER, (double)n, c->at_ns);
		cell_set_number(row, CPU_NODE, (double)n, c->at_ns);
		row = snapshot_row(s, TABLE_NODE, key_host(n));
		cell_set_number(row, NODE_NUMBER, (double)n, c->at_ns);
		if (c->memory[n] <= 0)
			continue;
		row = snapshot_row(s, TABLE_PLACEMENT, key_of(guest->key, n + 1));
		cell_set_number(row, PLACEMENT_NODE, (double)n, c->at_ns);
		cell_set_number(row, PLACEMENT_MEMORY, c->memory[n], c->at_ns);
	}
	return s;
}

/* The vCPU has run for so long, and was last seen on @node. */
static void go_on(struct course *c, uint64_t seconds, double run_seconds, int node)
{
	struct snapshot *s;

	c->at_ns += seconds * SECOND;
	c->run_ns += (uint64_t)(run_seconds * (double)SECOND);
	s = reading(c, node);
	snapshot_link(s);
	snapshot_rate(s, c->now);
	snapshot_derive(s);
	snapshot_unref(c->now);
	c->now = s;
}

static const struct row *guest_of(const struct course *c)
{
	return c->now->table[TABLE_DOMAIN].row[0];
}

static double local(const struct course *c)
{
	assert_true(cell_has(guest_of(c), DOMAIN_LOCAL));
	return cell_number(guest_of(c), DOMAIN_LOCAL, -1);
}

static void end(struct course *c)
{
	snapshot_unref(c->now);
}

static void an_idle_guest_that_wanders_has_a_calm_figure(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB } };
	double least = 1, most = 0;

	(void)state;
	go_on(&c, 1, 0, 0);
	for (int i = 0; i < 200; i++) {
		go_on(&c, 1, 0.01, i % NODES);
		if (i < 100)
			continue;
		least = fmin(least, local(&c));
		most = fmax(most, local(&c));
	}
	/* It spends a quarter of its time where all of its memory lies. */
	assert_true(least > 0.2 && most < 0.3);
	end(&c);
}

static void what_was_moved_is_seen_within_a_minute(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB } };

	(void)state;
	for (int i = 0; i < 60; i++)
		go_on(&c, 1, 0.9, 0);
	assert_float_equal(local(&c), 1, 1e-9);
	go_on(&c, 1, 0.9, 3);
	assert_true(local(&c) > 0.9);
	for (int i = 0; i < 60; i++)
		go_on(&c, 1, 0.9, 3);
	assert_true(local(&c) < 0.06);
	end(&c);
}

static void samples_of_any_distance_give_the_same(void **state)
{
	struct course often = { .at_ns = SECOND, .memory = { GIB } }, seldom = often;

	(void)state;
	for (int i = 0; i < 2; i++) {
		go_on(&often, 1, 0.5, 0);
		go_on(&seldom, 1, 0.5, 0);
	}
	for (int i = 0; i < 30; i++)
		go_on(&often, 1, 0.5, 1);
	go_on(&seldom, 30, 15, 1);
	assert_float_equal(local(&often), local(&seldom), 1e-6);
	assert_float_equal(local(&often), exp(-30.0 / 20), 1e-6);
	end(&often);
	end(&seldom);
}

static void a_gap_counts_as_the_time_that_it_took(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB } };

	(void)state;
	go_on(&c, 1, 0.5, 0);
	go_on(&c, 1, 0.5, 0);
	c.no_times = true;
	go_on(&c, 10, 5, 1);
	assert_float_equal(local(&c), 1, 1e-6);
	c.no_times = false;
	go_on(&c, 10, 5, 1);
	go_on(&c, 10, 5, 1);
	assert_float_equal(local(&c), exp(-30.0 / 20), 1e-6);
	end(&c);
}

static void without_times_there_is_no_figure(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB, GIB } };

	(void)state;
	go_on(&c, 1, 0, 0);
	assert_int_equal(guest_of(&c)->cell[DOMAIN_LOCAL].state, STATE_FIRST);
	go_on(&c, 1, 0.5, 0);
	assert_float_equal(local(&c), 0.5, 1e-9);
	end(&c);
	c = (struct course){ .at_ns = SECOND, .memory = { GIB, GIB }, .no_times = true };
	go_on(&c, 1, 0, 0);
	go_on(&c, 1, 0, 0);
	assert_false(cell_has(guest_of(&c), DOMAIN_LOCAL));
	end(&c);
}

/* It does not move either, so where it stands says enough. */
static void one_that_never_runs_counts_where_it_stands(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB, 3 * GIB } };

	(void)state;
	for (int i = 0; i < 5; i++)
		go_on(&c, 1, 0, 1);
	assert_float_equal(local(&c), 0.75, 1e-9);
	end(&c);
}

static void a_node_that_it_has_left_is_forgotten(void **state)
{
	struct course c = { .at_ns = SECOND, .memory = { GIB } };
	struct key key;

	(void)state;
	go_on(&c, 1, 0, 3);
	go_on(&c, 1, 0.5, 3);
	key = key_of(guest_of(&c)->key, 4);
	go_on(&c, 1, 0.5, 0);
	assert_non_null(snapshot_find(c.now, TABLE_PLACEMENT, key));
	assert_string_equal(
	    cell_text(snapshot_find(c.now, TABLE_PLACEMENT, key), PLACEMENT_DOMAIN), "web1");
	for (int i = 0; i < 200; i++)
		go_on(&c, 1, 0.5, 0);
	assert_null(snapshot_find(c.now, TABLE_PLACEMENT, key));
	assert_float_equal(local(&c), 1, 1e-9);
	end(&c);
}

/* Of one guest nothing may be read, of another there is nothing. */
static void what_may_not_be_read_is_not_nothing(void **state)
{
	static const int columns[] = { DOMAIN_LOCAL, DOMAIN_NODES, DOMAIN_HOME, DOMAIN_HOME_SHARE };
	struct course c = { .at_ns = SECOND };
	struct snapshot *s = reading(&c, 0);
	const struct row *guest = s->table[TABLE_DOMAIN].row[0];

	(void)state;
	snapshot_link(s);
	snapshot_derive(s);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		assert_int_equal(guest->cell[columns[i]].state, STATE_ABSENT);
	snapshot_unref(s);

	s = reading(&c, 0);
	guest = s->table[TABLE_DOMAIN].row[0];
	cell_set_text(s, snapshot_row(s, TABLE_SOURCE, key_host(SRC_PLACEMENT)), SOURCE_STATE,
	    "denied", SECOND);
	snapshot_link(s);
	snapshot_derive(s);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		assert_int_equal(guest->cell[columns[i]].state, STATE_DENIED);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_guest_that_wanders_has_a_calm_figure),
		cmocka_unit_test(what_was_moved_is_seen_within_a_minute),
		cmocka_unit_test(samples_of_any_distance_give_the_same),
		cmocka_unit_test(a_gap_counts_as_the_time_that_it_took),
		cmocka_unit_test(without_times_there_is_no_figure),
		cmocka_unit_test(one_that_never_runs_counts_where_it_stands),
		cmocka_unit_test(a_node_that_it_has_left_is_forgotten),
		cmocka_unit_test(what_may_not_be_read_is_not_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
