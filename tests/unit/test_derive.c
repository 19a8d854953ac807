/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures: their formulas, and that what is not known never becomes a number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/snapshot.h"

#define MIB (1024.0 * 1024)
#define GIB (1024 * MIB)
#define PAGE 4096.0
#define SECOND NS_PER_SEC
#define MANY 300

static struct snapshot *sample(uint64_t second)
{
	return snapshot_new((struct moment){ .mono_ns = second * SECOND });
}

static void derive(struct snapshot *s, const struct snapshot *before)
{
	snapshot_link(s);
	snapshot_rate(s, before);
	snapshot_derive(s);
}

static struct row *host(struct snapshot *s)
{
	return snapshot_row(s, TABLE_HOST, key_host(0));
}

static void assert_value(const struct row *row, enum table_id t, int column, double expected)
{
	const struct column *c = &table_kinds[t].column[column];
	double v;

	if (!cell_value(c, &row->cell[column], &v))
		fail_msg("%s has no value but is %s", c->name,
		    state_name(cell_state(c, &row->cell[column])));
	if (fabs(v - expected) > 1e-6 * (1 + fabs(expected)))
		fail_msg("%s is %f instead of %f", c->name, v, expected);
}

static void assert_missing(const struct row *row, enum table_id t, int column, enum state why)
{
	const struct column *c = &table_kinds[t].column[column];
	double v;

	if (cell_value(c, &row->cell[column], &v))
		fail_msg("%s is %f instead of %s", c->name, v, state_name(why));
	assert_string_equal(state_name(cell_state(c, &row->cell[column])), state_name(why));
}

static void assert_cell_text(const struct row *row, int column, const char *expected)
{
	assert_true(cell_has(row, column));
	assert_string_equal(cell_text(row, column), expected);
}

/* Times of one CPU since it started, in hundredths of a second. */
struct ticks {
	uint64_t guest, user, system, irq, steal, idle, iowait;
};

static void add_cpu(struct snapshot *s, unsigned number, int node, struct ticks t)
{
	struct row *row = snapshot_row(s, TABLE_CPU, key_host(number));
	uint64_t at = s->moment.mono_ns, tick = SECOND / 100;

	cell_set_number(row, CPU_NUMBER, number, at);
	if (node >= 0)
		cell_set_number(row, CPU_NODE, node, at);
	cell_set_count(row, CPU_GUEST, t.guest * tick, at);
	cell_set_count(row, CPU_USER, t.user * tick, at);
	cell_set_count(row, CPU_SYSTEM, t.system * tick, at);
	cell_set_count(row, CPU_IRQ, t.irq * tick, at);
	cell_set_count(row, CPU_STEAL, t.steal * tick, at);
	cell_set_count(row, CPU_IDLE, t.idle * tick, at);
	cell_set_count(row, CPU_IOWAIT, t.iowait * tick, at);
}

static struct row *add_node(struct snapshot *s, unsigned number)
{
	struct row *row = snapshot_row(s, TABLE_NODE, key_host(number));

	cell_set_number(row, NODE_NUMBER, number, s->moment.mono_ns);
	return row;
}

static struct row *add_pool(
    struct snapshot *s, unsigned node, double page_size, double total, double unused)
{
	uint64_t at = s->moment.mono_ns;
	struct row *row =
	    snapshot_row(s, TABLE_HUGEPOOL, key_host((uint64_t)node << 40 | (uint64_t)page_size));

	cell_set_number(row, HUGEPOOL_NODE, node, at);
	cell_set_number(row, HUGEPOOL_PAGE_SIZE, page_size, at);
	cell_set_number(row, HUGEPOOL_TOTAL, total, at);
	cell_set_number(row, HUGEPOOL_FREE, unused, at);
	return row;
}

static struct row *add_guest(struct snapshot *s, unsigned pid, const char *name)
{
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(pid, 1));

	cell_set_text(s, row, DOMAIN_NAME, name, s->moment.mono_ns);
	cell_set_number(row, DOMAIN_PID, pid, s->moment.mono_ns);
	return row;
}

/* @run and @wait: time since it started, in ns. */
static struct row *add_vcpu(struct snapshot *s, const struct row *guest, unsigned number, int cpu,
    uint64_t run, uint64_t wait)
{
	struct row *row = snapshot_row(s, TABLE_VCPU, key_of(guest->key, number + 100));
	uint64_t at = s->moment.mono_ns;

	cell_set_number(row, VCPU_NUMBER, number, at);
	cell_set_number(row, VCPU_CPU, cpu, at);
	cell_set_count(row, VCPU_RUN, run, at);
	cell_set_count(row, VCPU_WAIT, wait, at);
	return row;
}

static void a_cpu_is_busy_when_it_neither_idles_nor_waits(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);

	(void)state;
	add_cpu(before, 0, 0, (struct ticks){ 0 });
	add_cpu(now, 0, 0, (struct ticks){ 40, 10, 5, 3, 2, 30, 10 });
	add_cpu(before, 1, 0, (struct ticks){ 0 });
	add_cpu(now, 1, 0, (struct ticks){ 101, 1, 0, 0, 0, 0, 0 });
	/* Of 100 ticks this one lost 60. */
	add_cpu(before, 2, 0, (struct ticks){ 0 });
	add_cpu(now, 2, 0, (struct ticks){ 30, 0, 0, 0, 0, 10, 0 });
	derive(now, before);
	assert_value(now->table[TABLE_CPU].row[2], TABLE_CPU, CPU_BUSY, 0.75);
	assert_value(now->table[TABLE_CPU].row[0], TABLE_CPU, CPU_BUSY, 0.6);
	assert_value(now->table[TABLE_CPU].row[1], TABLE_CPU, CPU_BUSY, 1);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void a_reset_part_makes_a_cpu_unknown(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);

	(void)state;
	add_cpu(before, 0, 0, (struct ticks){ .user = 50 });
	add_cpu(now, 0, 0, (struct ticks){ .user = 10, .idle = 90 });
	derive(now, before);
	assert_missing(now->table[TABLE_CPU].row[0], TABLE_CPU, CPU_BUSY, STATE_RESET);
	assert_missing(host(now), TABLE_HOST, HOST_BUSY, STATE_RESET);
	assert_missing(host(now), TABLE_HOST, HOST_OVERHEAD, STATE_RESET);
	snapshot_unref(before);
	snapshot_unref(now);
}

/* CPU 2 came online between the samples. */
static void means_are_over_the_cpus_that_have_a_figure(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	const struct row *node;

	(void)state;
	add_cpu(before, 0, 0, (struct ticks){ 0 });
	add_cpu(before, 1, 0, (struct ticks){ 0 });
	add_cpu(now, 0, 0, (struct ticks){ .guest = 60, .user = 20, .idle = 10, .iowait = 10 });
	add_cpu(now, 1, 0, (struct ticks){ .guest = 20, .steal = 20, .idle = 60 });
	add_cpu(now, 2, 0, (struct ticks){ .idle = 5 });
	node = add_node(now, 0);
	derive(now, before);
	assert_value(node, TABLE_NODE, NODE_BUSY, 0.6);
	assert_value(host(now), TABLE_HOST, HOST_BUSY, 0.6);
	assert_value(host(now), TABLE_HOST, HOST_GUEST, 0.4);
	assert_value(host(now), TABLE_HOST, HOST_OVERHEAD, 0.2);
	assert_value(host(now), TABLE_HOST, HOST_IOWAIT, 0.05);
	assert_value(host(now), TABLE_HOST, HOST_STEAL, 0.1);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void a_first_sample_has_no_busy_share(void **state)
{
	struct snapshot *now = sample(1);

	(void)state;
	add_cpu(now, 0, 0, (struct ticks){ .idle = 5 });
	derive(now, NULL);
	assert_missing(host(now), TABLE_HOST, HOST_BUSY, STATE_FIRST);
	assert_missing(host(now), TABLE_HOST, HOST_OVERHEAD, STATE_FIRST);
	snapshot_unref(now);
}

static void waiting_is_the_mean_of_a_guest_and_by_demand_on_the_host(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	const struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	add_vcpu(before, old, 0, 0, 0, 0);
	add_vcpu(before, old, 1, 0, 0, 0);
	add_vcpu(now, guest, 0, 0, SECOND / 2, SECOND / 5);
	add_vcpu(now, guest, 1, 0, SECOND, SECOND / 10);
	derive(now, before);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_WAIT, 0.15);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_WAIT_WORST, 0.2);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_VCPU_RUN, 1.5);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_VCPUS, 2);
	/* 0.3 s of the 1.8 s that they wanted. */
	assert_value(host(now), TABLE_HOST, HOST_WAIT, 0.3 / 1.8);
	assert_cell_text(guest, DOMAIN_STATE, "running");
	snapshot_unref(before);
	snapshot_unref(now);
}

static void a_sum_with_a_part_that_has_no_rate_yet_has_none(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	const struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	add_vcpu(before, old, 0, 0, 0, 0);
	add_vcpu(now, guest, 0, 0, SECOND / 2, SECOND / 5);
	add_vcpu(now, guest, 1, 0, SECOND, 0);
	derive(now, before);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_CPU, STATE_FIRST);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_VCPU_RUN, STATE_FIRST);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_WAIT, STATE_FIRST);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_WAIT_WORST, STATE_FIRST);
	assert_missing(host(now), TABLE_HOST, HOST_WAIT, STATE_FIRST);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void vcpus_that_are_not_told_leave_a_guest_unknown(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	cell_set_number(guest, DOMAIN_VCPUS_GIVEN, 4, 2 * SECOND);
	cell_set_number(guest, DOMAIN_VCPUS_UNTOLD, 3, 2 * SECOND);
	cell_set_number(host(now), HOST_CPUS, 2, 2 * SECOND);
	add_vcpu(before, old, 0, 0, 0, 0);
	add_vcpu(now, guest, 0, 0, SECOND / 2, 0);
	derive(now, before);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_VCPUS, 4);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_CPU, 0.5);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_WAIT, STATE_UNKNOWN);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_GUEST, STATE_UNKNOWN);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_VCPU_RUN, STATE_UNKNOWN);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_EMULATOR, STATE_UNKNOWN);
	assert_missing(host(now), TABLE_HOST, HOST_WAIT, STATE_UNKNOWN);
	assert_value(host(now), TABLE_HOST, HOST_VCPU_PER_CPU, 2);
	snapshot_unref(before);
	snapshot_unref(now);
}

/* It runs in the first second and never again. */
static void a_guest_is_running_while_a_vcpu_ran_lately(void **state)
{
	struct snapshot *before = sample(1);

	(void)state;
	add_vcpu(before, add_guest(before, 7, "a"), 0, 0, 0, 0);
	derive(before, NULL);
	assert_missing(before->table[TABLE_DOMAIN].row[0], TABLE_DOMAIN, DOMAIN_STATE, STATE_FIRST);
	for (uint64_t second = 2; second < 16; second++) {
		struct snapshot *now = sample(second);
		struct row *guest = add_guest(now, 7, "a");

		add_vcpu(now, guest, 0, 0, SECOND / 2, 0);
		derive(now, before);
		assert_cell_text(guest, DOMAIN_STATE, second < 12 ? "running" : "idle");
		snapshot_unref(before);
		before = now;
	}
	snapshot_unref(before);
}

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

static void polling_is_a_share_of_all_cpus(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		add_cpu(now, i, 0, (struct ticks){ 0 });
	cell_set_count(old, DOMAIN_VM_POLL_SUCCESS, 0, SECOND);
	cell_set_count(old, DOMAIN_VM_POLL_FAIL, 0, SECOND);
	cell_set_count(guest, DOMAIN_VM_POLL_SUCCESS, SECOND / 5, 2 * SECOND);
	cell_set_count(guest, DOMAIN_VM_POLL_FAIL, SECOND / 5, 2 * SECOND);
	derive(now, before);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL, 0.4);
	assert_value(host(now), TABLE_HOST, HOST_POLL, 0.1);

	/* Without KVM nothing polls. */
	cell_set_text(now, add_guest(now, 9, "c"), DOMAIN_VMM, VMM_EMULATED, 2 * SECOND);
	derive(now, before);
	assert_value(host(now), TABLE_HOST, HOST_POLL, 0.1);

	cell_set_missing(add_guest(now, 8, "b"), DOMAIN_VM_POLL_SUCCESS, STATE_DENIED, SECOND);
	derive(now, before);
	assert_missing(host(now), TABLE_HOST, HOST_POLL, STATE_DENIED);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void memory_used_is_what_is_not_available(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	cell_set_number(host(s), HOST_MEMORY_TOTAL, 16 * GIB, SECOND);
	cell_set_number(host(s), HOST_MEMORY_AVAILABLE, 4 * GIB, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_MEMORY_USED, 0.75);
	cell_set_missing(host(s), HOST_MEMORY_AVAILABLE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_MEMORY_USED, STATE_DENIED);
	snapshot_unref(s);
}

/* Pages of KSM: 2000 shared by 18000 more users. */
static void ksm_saves_what_is_shared_besides_the_first(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 2000 * PAGE, SECOND);
	cell_set_number(host(s), HOST_KSM_PAGES_SHARING, 18000 * PAGE, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_KSM_SAVED, 70.3125 * MIB);
	assert_value(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, 9);

	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 0, SECOND);
	cell_set_number(host(s), HOST_KSM_PAGES_SHARING, 0, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_KSM_SAVED, 0);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, STATE_ABSENT);

	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 2000 * PAGE, SECOND);
	cell_set_missing(host(s), HOST_KSM_PAGES_SHARING, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_SAVED, STATE_DENIED);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, STATE_DENIED);
	snapshot_unref(s);
}

/* 512 pages with 92 free; 25000 with 23425; 4 of 1 GiB on one node, 1024 of 2 MiB on another. */
static void huge_pages_add_up(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *node[4], *pool;

	(void)state;
	for (unsigned n = 0; n < 4; n++)
		node[n] = add_node(s, n);
	pool = add_pool(s, 0, 2 * MIB, 512, 92);
	add_pool(s, 1, GIB, 4, 3);
	add_pool(s, 1, 2 * MIB, 25000, 23425);
	add_pool(s, 3, 2 * MIB, 1024, 1024);
	derive(s, NULL);
	assert_value(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, 840 * MIB);
	assert_value(s->table[TABLE_HUGEPOOL].row[2], TABLE_HUGEPOOL, HUGEPOOL_USED, 3150 * MIB);
	assert_value(node[0], TABLE_NODE, NODE_HUGE_TOTAL, GIB);
	assert_value(node[0], TABLE_NODE, NODE_HUGE_FREE, 184 * MIB);
	assert_value(node[1], TABLE_NODE, NODE_HUGE_TOTAL, 4 * GIB + 50000 * MIB);
	assert_value(node[1], TABLE_NODE, NODE_HUGE_FREE, 3 * GIB + 46850 * MIB);
	assert_value(node[2], TABLE_NODE, NODE_HUGE_TOTAL, 0);
	assert_value(node[3], TABLE_NODE, NODE_HUGE_TOTAL, 2 * GIB);
	assert_value(host(s), TABLE_HOST, HOST_HUGE_FREE, 5 * GIB + 184 * MIB + 46850 * MIB);
	snapshot_unref(s);
}

static void a_pool_that_is_not_known_is_not_empty(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *node = add_node(s, 0), *other = add_node(s, 1);
	struct row *pool = add_pool(s, 0, 2 * MIB, 512, 92);

	(void)state;
	add_pool(s, 0, GIB, 4, 4);
	add_pool(s, 1, GIB, 2, 2);
	cell_set_missing(pool, HUGEPOOL_FREE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, STATE_DENIED);
	assert_value(node, TABLE_NODE, NODE_HUGE_TOTAL, 5 * GIB);
	assert_missing(node, TABLE_NODE, NODE_HUGE_FREE, STATE_DENIED);
	assert_value(other, TABLE_NODE, NODE_HUGE_FREE, 2 * GIB);
	assert_missing(host(s), TABLE_HOST, HOST_HUGE_FREE, STATE_DENIED);
	snapshot_unref(s);
}

static void a_pool_is_wanted_by_the_guests_that_ask_for_its_pages(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *small = add_pool(s, 0, 2 * MIB, 512, 512);
	const struct row *large = add_pool(s, 0, GIB, 4, 4);
	struct row *a = add_guest(s, 7, "a"), *b = add_guest(s, 8, "b");

	(void)state;
	add_guest(s, 9, "c");
	cell_set_number(a, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_number(a, DOMAIN_MEMORY, 128 * MIB, SECOND);
	cell_set_number(b, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_number(b, DOMAIN_MEMORY, 64 * MIB, SECOND);
	derive(s, NULL);
	assert_value(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 192 * MIB);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a b");
	assert_value(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 0);
	assert_cell_text(large, HUGEPOOL_GUESTS, "");

	/* What b asks for may not be read: it could be either pool. */
	cell_set_missing(b, DOMAIN_HUGE_SIZE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_DENIED);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a");
	assert_missing(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_DENIED);
	assert_missing(large, TABLE_HUGEPOOL, HUGEPOOL_GUESTS, STATE_DENIED);

	cell_set_number(b, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_missing(b, DOMAIN_MEMORY, STATE_ABSENT, SECOND);
	derive(s, NULL);
	assert_missing(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_ABSENT);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a b");
	assert_value(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_is_busy_when_it_neither_idles_nor_waits),
		cmocka_unit_test(a_reset_part_makes_a_cpu_unknown),
		cmocka_unit_test(means_are_over_the_cpus_that_have_a_figure),
		cmocka_unit_test(a_first_sample_has_no_busy_share),
		cmocka_unit_test(waiting_is_the_mean_of_a_guest_and_by_demand_on_the_host),
		cmocka_unit_test(a_sum_with_a_part_that_has_no_rate_yet_has_none),
		cmocka_unit_test(vcpus_that_are_not_told_leave_a_guest_unknown),
		cmocka_unit_test(a_guest_is_running_while_a_vcpu_ran_lately),
		cmocka_unit_test(one_guest_alone_gives_no_sums),
		cmocka_unit_test(sums_over_guests_know_all_of_them_or_nothing),
		cmocka_unit_test(a_missing_right_is_told_rather_than_nothing),
		cmocka_unit_test(a_host_without_guests_has_none),
		cmocka_unit_test(polling_is_a_share_of_all_cpus),
		cmocka_unit_test(memory_used_is_what_is_not_available),
		cmocka_unit_test(ksm_saves_what_is_shared_besides_the_first),
		cmocka_unit_test(huge_pages_add_up),
		cmocka_unit_test(a_pool_that_is_not_known_is_not_empty),
		cmocka_unit_test(a_pool_is_wanted_by_the_guests_that_ask_for_its_pages),
		cmocka_unit_test(long_lists_say_how_many_they_leave_out),
		cmocka_unit_test(a_guest_is_local_as_far_as_memory_and_run_time_agree),
		cmocka_unit_test(guests_of_one_name_are_told_apart),
		cmocka_unit_test(a_host_without_numa_derives_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
