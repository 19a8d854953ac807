/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/snapshot.h"
#include "model/told.h"

#define SECOND NS_PER_SEC

static struct snapshot *at_second(uint64_t seconds)
{
	return snapshot_new((struct moment){ .mono_ns = seconds * SECOND });
}

static struct row *add_guest(struct snapshot *s, uint64_t pid, uint64_t start, const char *name)
{
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(pid, start));

	cell_set_text(s, row, DOMAIN_NAME, name, s->moment.mono_ns);
	return row;
}

static struct row *add_vcpu(
    struct snapshot *s, const struct row *domain, uint64_t tid, uint64_t run_ns)
{
	struct row *row = snapshot_row(s, TABLE_VCPU, key_of(domain->key, tid));

	cell_set_count(row, VCPU_RUN, run_ns, s->moment.mono_ns);
	return row;
}

static double rate_of(const struct snapshot *s, struct key key)
{
	const struct row *row = snapshot_find(s, TABLE_VCPU, key);
	double v = -1;

	assert_non_null(row);
	cell_value(&table_kinds[TABLE_VCPU].column[VCPU_RUN], &row->cell[VCPU_RUN], &v);
	return v;
}

static enum state state_of(const struct snapshot *s, struct key key)
{
	const struct row *row = snapshot_find(s, TABLE_VCPU, key);

	return cell_state(&table_kinds[TABLE_VCPU].column[VCPU_RUN], &row->cell[VCPU_RUN]);
}

static void rows_are_found_by_key(void **state)
{
	struct snapshot *s = at_second(1);

	(void)state;
	for (uint64_t i = 1; i <= 1000; i++)
		snapshot_row(s, TABLE_VCPU, key_of(key_process(i % 10 + 1, 5), i));
	assert_int_equal(s->table[TABLE_VCPU].n, 1000);
	for (uint64_t i = 1; i <= 1000; i++) {
		struct row *row =
		    snapshot_find(s, TABLE_VCPU, key_of(key_process(i % 10 + 1, 5), i));

		assert_non_null(row);
		assert_int_equal(row->number, i - 1);
		assert_ptr_equal(row, snapshot_row(s, TABLE_VCPU, row->key));
	}
	assert_null(snapshot_find(s, TABLE_VCPU, key_of(key_process(1, 6), 10)));
	assert_null(snapshot_find(s, TABLE_THREAD, key_of(key_process(1, 5), 10)));
	snapshot_unref(s);
}

static void rates_divide_by_measured_time(void **state)
{
	struct snapshot *a = at_second(10), *b = at_second(14);
	struct row *before = add_vcpu(a, add_guest(a, 7, 1, "web"), 8, 3 * SECOND);
	struct row *now = add_vcpu(b, add_guest(b, 7, 1, "web"), 8, 5 * SECOND);

	(void)state;
	snapshot_rate(a, NULL);
	assert_int_equal(state_of(a, before->key), STATE_FIRST);
	snapshot_rate(b, a);
	assert_int_equal(b->interval_ns, 4 * SECOND);
	assert_float_equal(rate_of(b, now->key), 0.5, 1e-12);
	snapshot_unref(a);
	snapshot_unref(b);
}

static void a_counter_that_goes_back_has_no_rate(void **state)
{
	struct snapshot *a = at_second(10), *b = at_second(11);
	struct row *now;

	(void)state;
	add_vcpu(a, add_guest(a, 7, 1, "web"), 8, 3 * SECOND);
	now = add_vcpu(b, add_guest(b, 7, 1, "web"), 8, 1);
	snapshot_rate(b, a);
	assert_int_equal(state_of(b, now->key), STATE_RESET);
	assert_float_equal(rate_of(b, now->key), -1, 0);
	snapshot_unref(a);
	snapshot_unref(b);
}

static void a_pid_used_again_is_another_guest(void **state)
{
	struct snapshot *a = at_second(10), *b = at_second(11);
	struct row *now;

	(void)state;
	add_vcpu(a, add_guest(a, 7, 100, "old"), 8, 3 * SECOND);
	now = add_vcpu(b, add_guest(b, 7, 200, "new"), 8, 9 * SECOND);
	snapshot_rate(b, a);
	assert_int_equal(state_of(b, now->key), STATE_FIRST);
	snapshot_unref(a);
	snapshot_unref(b);
}

static void a_value_not_read_again_keeps_its_rate(void **state)
{
	struct snapshot *a = at_second(10), *b = at_second(12), *c = at_second(13);
	struct row *row;

	(void)state;
	add_vcpu(a, add_guest(a, 7, 1, "web"), 8, 0);
	add_vcpu(b, add_guest(b, 7, 1, "web"), 8, SECOND);
	row = add_vcpu(c, add_guest(c, 7, 1, "web"), 8, SECOND);
	cell_set_count(row, VCPU_RUN, SECOND, 12 * SECOND);
	snapshot_rate(b, a);
	snapshot_rate(c, b);
	assert_float_equal(rate_of(c, row->key), 0.5, 1e-12);
	snapshot_unref(a);
	snapshot_unref(b);
	snapshot_unref(c);
}

/* Rows are looked for where they stood, and owners with the row before: neither has to hold. */
static void rows_that_moved_keep_rate_and_guest(void **state)
{
	struct snapshot *s[2];

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct row *web, *db;

		s[i] = at_second(10 + i);
		web = add_guest(s[i], 7, 1, "web");
		db = add_guest(s[i], 8, 1, "db");
		if (i == 0)
			add_vcpu(s[i], web, 70, 0);
		add_vcpu(s[i], db, 80, i * SECOND / 2);
		add_vcpu(s[i], web, 71, i * SECOND / 4);
		add_vcpu(s[i], db, 81, i * SECOND);
		snapshot_link(s[i]);
	}
	snapshot_rate(s[1], s[0]);
	assert_int_equal(s[1]->table[TABLE_VCPU].n, 3);
	for (size_t i = 0; i < 3; i++) {
		static const double rates[] = { 0.5, 0.25, 1 };
		const struct row *row = s[1]->table[TABLE_VCPU].row[i];

		assert_string_equal(cell_text(row->domain, DOMAIN_NAME), i == 1 ? "web" : "db");
		assert_float_equal(rate_of(s[1], row->key), rates[i], 1e-9);
	}
	snapshot_unref(s[0]);
	snapshot_unref(s[1]);
}

static void merge(struct snapshot *into, const struct snapshot *slow, uint64_t stale_ns)
{
	struct told *told = told_new(slow);

	told_merge(told, into, stale_ns);
	told_unref(told);
}

static void slow_sources_are_merged_and_grow_old(void **state)
{
	struct snapshot *into = at_second(20), *slow = at_second(15);
	struct row *guest = add_guest(into, 7, 1, "web"), *row;

	(void)state;
	row = snapshot_row(slow, TABLE_DOMAIN, guest->key);
	cell_set_text(slow, row, DOMAIN_TITLE, "tab\there", 15 * SECOND);
	cell_set_number(row, DOMAIN_BALLOON, 5, 19 * SECOND);
	row = snapshot_row(slow, TABLE_PLACEMENT, key_of(key_process(99, 1), 1));
	cell_set_number(row, PLACEMENT_MEMORY, 5, 15 * SECOND);
	snapshot_row(slow, TABLE_DOMAIN, key_process(99, 1));
	merge(into, slow, 2 * SECOND);
	snapshot_unref(slow);
	assert_string_equal(cell_text(guest, DOMAIN_NAME), "web");
	assert_string_equal(cell_text(guest, DOMAIN_TITLE), "tab\\x09here");
	assert_int_equal(guest->cell[DOMAIN_TITLE].state, STATE_STALE);
	assert_int_equal(guest->cell[DOMAIN_BALLOON].state, STATE_OK);
	/* Guest 99 has ended: what a slow source still says of it is dropped. */
	assert_int_equal(into->table[TABLE_DOMAIN].n, 1);
	assert_int_equal(into->table[TABLE_PLACEMENT].n, 0);
	snapshot_unref(into);
}

static void a_domain_without_process_has_a_row(void **state)
{
	struct snapshot *into = at_second(20), *slow = at_second(20);
	struct row *row = snapshot_row(slow, TABLE_DOMAIN, key_uuid("some-uuid"));

	(void)state;
	cell_set_text(slow, row, DOMAIN_NAME, "far", 20 * SECOND);
	merge(into, slow, SECOND);
	assert_int_equal(into->table[TABLE_DOMAIN].n, 1);
	assert_string_equal(cell_text(into->table[TABLE_DOMAIN].row[0], DOMAIN_NAME), "far");
	snapshot_unref(slow);
	snapshot_unref(into);
}

static void what_was_told_outlives_its_snapshot(void **state)
{
	struct snapshot *slow = at_second(15), *open;
	struct row *guest = add_guest(slow, 7, 1, "web"), *row;
	struct told *told;

	(void)state;
	cell_set_text(slow, guest, DOMAIN_TITLE, "", 15 * SECOND);
	cell_set_missing(guest, DOMAIN_BALLOON, STATE_DENIED, 15 * SECOND);
	row = snapshot_row(slow, TABLE_PLACEMENT, key_of(guest->key, 1));
	cell_set_number(row, PLACEMENT_MEMORY, 5, 14 * SECOND);
	snapshot_row(slow, TABLE_DISK, key_of(guest->key, 3));
	told = told_new(slow);
	snapshot_unref(slow);
	assert_ptr_equal(told_ref(told), told);
	told_unref(told);
	open = told_open(told);
	told_unref(told);
	assert_int_equal(open->moment.mono_ns, 15 * SECOND);
	guest = snapshot_find(open, TABLE_DOMAIN, key_process(7, 1));
	assert_string_equal(cell_text(guest, DOMAIN_NAME), "web");
	assert_true(cell_has(guest, DOMAIN_TITLE));
	assert_string_equal(cell_text(guest, DOMAIN_TITLE), "");
	assert_int_equal(guest->cell[DOMAIN_BALLOON].state, STATE_DENIED);
	assert_int_equal(guest->cell[DOMAIN_MEMORY].at_ns, 0);
	row = snapshot_find(open, TABLE_PLACEMENT, key_of(guest->key, 1));
	assert_float_equal(cell_number(row, PLACEMENT_MEMORY, 0), 5, 0);
	assert_int_equal(row->cell[PLACEMENT_MEMORY].at_ns, 14 * SECOND);
	/* A row of which nothing was told but that it is there. */
	assert_non_null(snapshot_find(open, TABLE_DISK, key_of(guest->key, 3)));
	snapshot_unref(open);
}

static void errors_have_their_state(void **state)
{
	(void)state;
	assert_int_equal(state_of_errno(0), STATE_OK);
	assert_int_equal(state_of_errno(-EPERM), STATE_DENIED);
	assert_int_equal(state_of_errno(EACCES), STATE_DENIED);
	assert_int_equal(state_of_errno(-ENOENT), STATE_ABSENT);
}

/* A guest of two vCPUs and a vhost worker: 1.5 CPUs in the vCPUs, 0.25 beside. */
static void guests_add_up_their_threads(void **state)
{
	struct snapshot *s[2];
	const struct row *row;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct row *guest, *vcpu, *thread;

		s[i] = at_second(10 + i);
		guest = add_guest(s[i], 7, 1, "web");
		vcpu = add_vcpu(s[i], guest, 8, i * SECOND);
		cell_set_count(vcpu, VCPU_WAIT, 0, s[i]->moment.mono_ns);
		vcpu = add_vcpu(s[i], guest, 9, i * SECOND / 2);
		cell_set_count(vcpu, VCPU_WAIT, i * SECOND / 5, s[i]->moment.mono_ns);
		thread = snapshot_row(s[i], TABLE_THREAD, key_of(guest->key, 10));
		cell_set_count(thread, THREAD_RUN, i * SECOND / 4, s[i]->moment.mono_ns);
		cell_set_text(s[i], thread, THREAD_ROLE, "vhost", s[i]->moment.mono_ns);
		snapshot_link(s[i]);
		snapshot_rate(s[i], i ? s[0] : NULL);
		snapshot_derive(s[i]);
	}
	row = s[1]->table[TABLE_DOMAIN].row[0];
	assert_float_equal(cell_number(row, DOMAIN_CPU, -1), 1.75, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_VCPU_RUN, -1), 1.5, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_VHOST, -1), 0.25, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_WAIT, -1), 0.1, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_WAIT_WORST, -1), 0.2, 1e-9);
	assert_int_equal((int)cell_number(row, DOMAIN_VCPUS, -1), 2);
	assert_int_equal((int)cell_number(row, DOMAIN_THREADS, -1), 3);
	/* In the first sample there is no sum of rates, and it says so. */
	row = s[0]->table[TABLE_DOMAIN].row[0];
	assert_false(cell_has(row, DOMAIN_CPU));
	assert_int_equal(row->cell[DOMAIN_CPU].state, STATE_FIRST);
	snapshot_unref(s[0]);
	snapshot_unref(s[1]);
}

static void add_node_and_cpu(struct snapshot *s, uint64_t number)
{
	uint64_t now = s->moment.mono_ns;

	cell_set_number(
	    snapshot_row(s, TABLE_NODE, key_host(number)), NODE_NUMBER, (double)number, now);
	cell_set_number(
	    snapshot_row(s, TABLE_CPU, key_host(number)), CPU_NODE, (double)number, now);
}

static void add_memory(struct snapshot *s, const struct row *guest, uint64_t node, double bytes)
{
	struct row *row = snapshot_row(s, TABLE_PLACEMENT, key_of(guest->key, node + 1));

	cell_set_number(row, PLACEMENT_NODE, (double)node, s->moment.mono_ns);
	cell_set_number(row, PLACEMENT_MEMORY, bytes, s->moment.mono_ns);
}

/* 61 % of the memory on the node where the vCPU runs, 39 % on another: 61 % are local. */
static void memory_and_run_time_are_compared_by_node(void **state)
{
	struct snapshot *s[2];
	const struct row *row;

	(void)state;
	for (uint64_t i = 0; i < 2; i++) {
		struct row *guest;

		s[i] = at_second(10 + i);
		add_node_and_cpu(s[i], 0);
		add_node_and_cpu(s[i], 2);
		guest = add_guest(s[i], 7, 1, "web");
		cell_set_number(
		    add_vcpu(s[i], guest, 8, i * SECOND), VCPU_CPU, 0, s[i]->moment.mono_ns);
		add_memory(s[i], guest, 0, 61);
		add_memory(s[i], guest, 2, 39);
		snapshot_link(s[i]);
		snapshot_rate(s[i], i ? s[0] : NULL);
		snapshot_derive(s[i]);
	}
	row = s[1]->table[TABLE_DOMAIN].row[0];
	assert_float_equal(cell_number(row, DOMAIN_LOCAL, -1), 0.61, 1e-9);
	assert_float_equal(cell_number(row, DOMAIN_HOME_SHARE, -1), 0.61, 1e-9);
	assert_int_equal((int)cell_number(row, DOMAIN_HOME, -1), 0);
	assert_string_equal(cell_text(row, DOMAIN_NODES), "0,2");
	assert_string_equal(cell_text(row, DOMAIN_RUN_NODES), "0");
	assert_float_equal(
	    cell_number(snapshot_find(s[1], TABLE_NODE, key_host(2)), NODE_GUEST_MEMORY, -1), 39,
	    1e-9);
	snapshot_unref(s[0]);
	snapshot_unref(s[1]);
}

static void a_process_keeps_its_start(void **state)
{
	(void)state;
	assert_int_equal(key_start_ticks(key_process(7, 4711)), 4711);
	assert_int_equal(key_start_ticks(key_process(7, 0)), 0);
	assert_int_equal(key_start_ticks(key_host(3)), 0);
}

/* What a source that is not read at every sample told: with its rate and its age. */
static void what_is_carried_holds_until_it_is_read_again(void **state)
{
	struct snapshot *first = at_second(1), *before = at_second(2), *into = at_second(12);
	struct row *web = add_guest(before, 7, 1, "web"), *gone = add_guest(before, 8, 1, "gone");
	struct key vcpu = key_of(web->key, 70), told = key_of(web->key, 71);
	struct row *now = add_guest(into, 7, 1, "renamed");

	(void)state;
	add_vcpu(first, web, 70, 0);
	cell_set_text(before, add_vcpu(before, web, 70, SECOND / 2), VCPU_DOMAIN, "web", SECOND);
	add_vcpu(before, web, 71, 5);
	add_vcpu(before, gone, 80, 5);
	snapshot_rate(before, first);
	add_vcpu(into, now, 71, 6);
	snapshot_carry(into, before, NEEDS(SRC_THREADS), 10 * SECOND);
	snapshot_rate(into, before);
	assert_int_equal(into->table[TABLE_VCPU].n, 2);
	assert_true(rate_of(into, vcpu) == 0.5);
	assert_int_equal(state_of(into, vcpu), STATE_OK);
	assert_true(snapshot_find(into, TABLE_VCPU, vcpu)->cell[VCPU_RUN].at_ns == 2 * SECOND);
	assert_string_equal(cell_text(snapshot_find(into, TABLE_VCPU, vcpu), VCPU_DOMAIN), "web");
	/* Nothing that was told now, nothing of another source. */
	assert_int_equal(snapshot_find(into, TABLE_VCPU, told)->cell[VCPU_RUN].count, 6);
	assert_string_equal(cell_text(now, DOMAIN_NAME), "renamed");
	assert_null(snapshot_find(into, TABLE_DOMAIN, gone->key));
	snapshot_unref(first);
	snapshot_unref(before);
	before = into;
	into = at_second(13);
	add_guest(into, 7, 1, "web");
	snapshot_carry(into, before, NEEDS(SRC_THREADS), 10 * SECOND);
	snapshot_rate(into, before);
	assert_int_equal(state_of(into, vcpu), STATE_STALE);
	snapshot_unref(before);
	snapshot_unref(into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_carried_holds_until_it_is_read_again),
		cmocka_unit_test(a_process_keeps_its_start),
		cmocka_unit_test(rows_are_found_by_key),
		cmocka_unit_test(rates_divide_by_measured_time),
		cmocka_unit_test(a_counter_that_goes_back_has_no_rate),
		cmocka_unit_test(a_pid_used_again_is_another_guest),
		cmocka_unit_test(a_value_not_read_again_keeps_its_rate),
		cmocka_unit_test(slow_sources_are_merged_and_grow_old),
		cmocka_unit_test(a_domain_without_process_has_a_row),
		cmocka_unit_test(rows_that_moved_keep_rate_and_guest),
		cmocka_unit_test(what_was_told_outlives_its_snapshot),
		cmocka_unit_test(errors_have_their_state),
		cmocka_unit_test(guests_add_up_their_threads),
		cmocka_unit_test(memory_and_run_time_are_compared_by_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
