/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of guests and of the host: sums, lists and names, and what is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/derived.h"

#define MANY 300

static void one_guest_alone_gives_no_sums(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest = add_guest(s, 7, "a");

	(void)state;
	s->one_guest = true;
	cell_set_number(guest, DOMAIN_MEMORY, GIB, SECOND);
	cell_set_number(guest, DOMAIN_VCPUS_DEFINED, 2, SECOND);
	add_node(s, 0);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_DOMAINS, STATE_UNKNOWN);
	assert_missing(host(s), TABLE_HOST, HOST_VCPUS, STATE_UNKNOWN);
	assert_missing(host(s), TABLE_HOST, HOST_GUEST_MEMORY, STATE_UNKNOWN);
	assert_missing(host(s), TABLE_HOST, HOST_WAIT, STATE_UNKNOWN);
	assert_missing(s->table[TABLE_NODE].row[0], TABLE_NODE, NODE_VCPUS, STATE_UNKNOWN);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_VCPUS, 2);
	snapshot_unref(s);
}

static void sums_over_guests_know_all_of_them_or_nothing(void **state)
{
	struct snapshot *s = sample(1);
	struct row *a = add_guest(s, 7, "a"), *b = add_guest(s, 8, "b");

	(void)state;
	cell_set_number(host(s), HOST_CPUS, 4, SECOND);
	cell_set_number(a, DOMAIN_MEMORY, GIB, SECOND);
	cell_set_number(b, DOMAIN_MEMORY, 2 * GIB, SECOND);
	cell_set_number(a, DOMAIN_VCPUS_DEFINED, 2, SECOND);
	cell_set_number(b, DOMAIN_VCPUS_DEFINED, 4, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_DOMAINS, 2);
	assert_value(host(s), TABLE_HOST, HOST_GUEST_MEMORY, 3 * GIB);
	assert_value(host(s), TABLE_HOST, HOST_VCPUS, 6);
	assert_value(host(s), TABLE_HOST, HOST_VCPU_PER_CPU, 1.5);

	cell_set_missing(b, DOMAIN_MEMORY, STATE_DENIED, SECOND);
	cell_set_missing(b, DOMAIN_VCPUS, STATE_ABSENT, SECOND);
	cell_set_missing(b, DOMAIN_VCPUS_DEFINED, STATE_STUCK, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_GUEST_MEMORY, STATE_DENIED);
	/* A guest that runs has vCPUs, though nobody can tell how many. */
	assert_missing(b, TABLE_DOMAIN, DOMAIN_VCPUS, STATE_UNKNOWN);
	assert_missing(host(s), TABLE_HOST, HOST_VCPUS, STATE_UNKNOWN);
	assert_missing(host(s), TABLE_HOST, HOST_VCPU_PER_CPU, STATE_UNKNOWN);
	snapshot_unref(s);
}

/* Of the reasons why a sum is not known the missing right is told, whoever comes first. */
static void a_missing_right_is_told_rather_than_nothing(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		guest[i] = add_guest(s, 7 + i, "a");
	cell_set_number(guest[0], DOMAIN_MEMORY, GIB, SECOND);
	cell_set_missing(guest[1], DOMAIN_MEMORY, STATE_DENIED, SECOND);
	cell_set_missing(guest[2], DOMAIN_MEMORY, STATE_ABSENT, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_GUEST_MEMORY, STATE_DENIED);
	cell_set_missing(guest[1], DOMAIN_MEMORY, STATE_ABSENT, SECOND);
	cell_set_missing(guest[2], DOMAIN_MEMORY, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_GUEST_MEMORY, STATE_DENIED);
	snapshot_unref(s);
}

static void a_host_without_guests_has_none(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	cell_set_number(host(s), HOST_CPUS, 4, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_DOMAINS, 0);
	assert_value(host(s), TABLE_HOST, HOST_VCPUS, 0);
	assert_value(host(s), TABLE_HOST, HOST_VCPU_PER_CPU, 0);
	snapshot_unref(s);
}

static void long_lists_say_how_many_they_leave_out(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *pool = add_pool(s, 0, 2 * MIB, 512, 512), *cpu;
	unsigned named = 0, more = 0;
	const char *text;
	char *end;

	(void)state;
	add_cpu(s, 0, 0, (struct ticks){ 0 });
	add_cpu(s, 1, 0, (struct ticks){ 0 });
	cpu = s->table[TABLE_CPU].row[0];
	for (unsigned i = 0; i < MANY; i++) {
		struct row *guest, *vcpu;
		char name[16];

		snprintf(name, sizeof(name), "guest%03u", i);
		guest = add_guest(s, 1000 + i, name);
		cell_set_number(guest, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
		cell_set_number(guest, DOMAIN_MEMORY, MIB, SECOND);
		vcpu = add_vcpu(s, guest, 0, 0, 0, 0);
		cell_set_text(s, vcpu, VCPU_AFFINITY, "0", SECOND);
	}
	derive(s, NULL);

	text = cell_text(pool, HUGEPOOL_GUESTS);
	assert_in_range(strlen(text), 400, 490);
	for (const char *at = text; (at = strstr(at, "guest")); at++)
		named++;
	assert_non_null(strchr(text, '+'));
	more = (unsigned)strtoul(strchr(text, '+') + 1, &end, 10);
	assert_string_equal(end, "");
	assert_int_equal(named + more, MANY);
	assert_true(strncmp(text, "guest000 guest001 ", 18) == 0);
	assert_value(pool, TABLE_HUGEPOOL, HUGEPOOL_WANTED, MANY * MIB);

	text = cell_text(cpu, CPU_PINNED);
	assert_in_range(strlen(text), 400, 490);
	assert_true(strncmp(text, "guest000/0 guest001/0 ", 22) == 0);
	assert_non_null(strstr(text, " +"));
	assert_false(cell_has(s->table[TABLE_CPU].row[1], CPU_PINNED));
	snapshot_unref(s);
}

static void a_guest_is_local_as_far_as_memory_and_run_time_agree(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	const struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");
	static const double memory[] = { 3 * GIB, GIB };
	const struct row *node[2];

	(void)state;
	for (unsigned n = 0; n < 2; n++) {
		struct row *place = snapshot_row(now, TABLE_PLACEMENT, key_of(guest->key, n + 1));

		node[n] = add_node(now, n);
		add_cpu(now, n, (int)n, (struct ticks){ 0 });
		cell_set_number(place, PLACEMENT_NODE, n, 2 * SECOND);
		cell_set_number(place, PLACEMENT_MEMORY, memory[n], 2 * SECOND);
		add_vcpu(before, old, n, (int)n, 0, 0);
	}
	add_vcpu(now, guest, 0, 0, SECOND / 5, 0);
	add_vcpu(now, guest, 1, 1, SECOND / 5 * 3, 0);
	derive(now, before);
	/* Memory lies 75:25, time is spent 25:75. */
	assert_value(guest, TABLE_DOMAIN, DOMAIN_LOCAL, 0.5);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HOME, 0);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HOME_SHARE, 0.75);
	assert_cell_text(guest, DOMAIN_NODES, "0-1");
	assert_cell_text(guest, DOMAIN_RUN_NODES, "0-1");
	assert_value(node[0], TABLE_NODE, NODE_GUEST_MEMORY, 3 * GIB);
	assert_value(node[0], TABLE_NODE, NODE_GUEST_RUN, 0.2);
	assert_value(node[1], TABLE_NODE, NODE_GUEST_RUN, 0.6);
	assert_value(node[1], TABLE_NODE, NODE_VCPUS, 1);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void guests_of_one_name_are_told_apart(void **state)
{
	struct snapshot *s = sample(1);
	struct row *a = add_guest(s, 7, "web"), *b = add_guest(s, 8, "web");
	const struct row *first, *second, *thread;

	(void)state;
	cell_set_text(s, a, DOMAIN_UUID, "a0000000-0000-4000-8000-000000000000", SECOND);
	add_cpu(s, 0, 0, (struct ticks){ 0 });
	first = add_vcpu(s, a, 0, 0, 0, 0);
	second = add_vcpu(s, b, 0, 0, 0, 0);
	thread = snapshot_row(s, TABLE_THREAD, key_of(b->key, 300));
	derive(s, NULL);
	assert_value(first, TABLE_VCPU, VCPU_PID, 7);
	assert_cell_text(first, VCPU_UUID, "a0000000-0000-4000-8000-000000000000");
	assert_value(second, TABLE_VCPU, VCPU_PID, 8);
	assert_missing(second, TABLE_VCPU, VCPU_UUID, STATE_ABSENT);
	assert_value(thread, TABLE_THREAD, THREAD_PID, 8);
	/* Rows that come to be while deriving have it as well. */
	assert_int_equal(s->table[TABLE_PLACEMENT].n, 2);
	assert_value(s->table[TABLE_PLACEMENT].row[0], TABLE_PLACEMENT, PLACEMENT_PID, 7);
	assert_value(s->table[TABLE_PLACEMENT].row[1], TABLE_PLACEMENT, PLACEMENT_PID, 8);
	snapshot_unref(s);
}

static void a_host_without_numa_derives_the_rest(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	const struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a"), *vcpu;

	(void)state;
	add_cpu(before, 0, -1, (struct ticks){ 0 });
	add_cpu(now, 0, -1, (struct ticks){ .guest = 50, .idle = 50 });
	add_vcpu(before, old, 0, 0, 0, 0);
	vcpu = add_vcpu(now, guest, 0, 0, SECOND / 2, 0);
	derive(now, before);
	assert_value(host(now), TABLE_HOST, HOST_BUSY, 0.5);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_CPU, 0.5);
	assert_missing(vcpu, TABLE_VCPU, VCPU_NODE, STATE_ABSENT);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_LOCAL, STATE_ABSENT);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_HOME, STATE_ABSENT);
	assert_missing(host(now), TABLE_HOST, HOST_HUGE_FREE, STATE_ABSENT);
	assert_int_equal(now->table[TABLE_NODE].n, 0);
	assert_int_equal(now->table[TABLE_PLACEMENT].n, 0);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void threads_are_on_the_node_of_their_cpu(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest = add_guest(s, 7, "a"), *thread[3];

	(void)state;
	add_cpu(s, 0, 0, (struct ticks){ 0 });
	add_cpu(s, 5, 1, (struct ticks){ 0 });
	for (unsigned i = 0; i < 3; i++)
		thread[i] = snapshot_row(s, TABLE_THREAD, key_of(guest->key, 300 + i));
	cell_set_number(thread[0], THREAD_CPU, 0, SECOND);
	cell_set_number(thread[1], THREAD_CPU, 5, SECOND);
	cell_set_number(thread[2], THREAD_CPU, 9, SECOND);
	derive(s, NULL);
	assert_value(thread[0], TABLE_THREAD, THREAD_NODE, 0);
	assert_value(thread[1], TABLE_THREAD, THREAD_NODE, 1);
	assert_missing(thread[2], TABLE_THREAD, THREAD_NODE, STATE_ABSENT);
	snapshot_unref(s);
}

static void a_placement_is_as_old_as_its_memory(void **state)
{
	struct snapshot *s = sample(60);
	struct row *guest = add_guest(s, 7, "a"), *place[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		place[i] = snapshot_row(s, TABLE_PLACEMENT, key_of(guest->key, i + 1));
		cell_set_number(place[i], PLACEMENT_NODE, i, 60 * SECOND);
	}
	cell_set_number(place[0], PLACEMENT_MEMORY, GIB, 48 * SECOND);
	cell_set_number(place[1], PLACEMENT_MEMORY, GIB, 60 * SECOND);
	derive(s, NULL);
	assert_value(place[0], TABLE_PLACEMENT, PLACEMENT_AGE, 12);
	assert_value(place[1], TABLE_PLACEMENT, PLACEMENT_AGE, 0);
	assert_missing(place[2], TABLE_PLACEMENT, PLACEMENT_AGE, STATE_ABSENT);
	snapshot_unref(s);
}

static void add_exits(struct snapshot *s, uint64_t tid, uint64_t reason, double rate)
{
	struct key guest = key_process(7, 1);
	struct row *row =
	    snapshot_row(s, TABLE_VCPU_EXIT, key_of(guest, tid << EXIT_ITEM_TID_BIT | reason));

	cell_set_text(s, row, EXIT_KIND, "exit", s->moment.mono_ns);
	cell_set_number(row, EXIT_COUNT, rate, s->moment.mono_ns);
}

/* vCPUs are wholes of their own even where nobody knows their numbers. */
static void shares_of_exits_by_thread(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	snapshot_row(s, TABLE_DOMAIN, key_process(7, 1));
	add_exits(s, 101, 1, 30);
	add_exits(s, 101, 2, 10);
	add_exits(s, 102, 1, 5);
	derive(s, NULL);
	assert_value(s->table[TABLE_VCPU_EXIT].row[0], TABLE_VCPU_EXIT, EXIT_SHARE, 0.75);
	assert_value(s->table[TABLE_VCPU_EXIT].row[2], TABLE_VCPU_EXIT, EXIT_SHARE, 1);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_exits_by_thread),
		cmocka_unit_test(one_guest_alone_gives_no_sums),
		cmocka_unit_test(sums_over_guests_know_all_of_them_or_nothing),
		cmocka_unit_test(a_missing_right_is_told_rather_than_nothing),
		cmocka_unit_test(a_host_without_guests_has_none),
		cmocka_unit_test(long_lists_say_how_many_they_leave_out),
		cmocka_unit_test(a_guest_is_local_as_far_as_memory_and_run_time_agree),
		cmocka_unit_test(guests_of_one_name_are_told_apart),
		cmocka_unit_test(a_host_without_numa_derives_the_rest),
		cmocka_unit_test(threads_are_on_the_node_of_their_cpu),
		cmocka_unit_test(a_placement_is_as_old_as_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
