/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of CPUs and vCPUs: what is busy, waits and runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/derived.h"

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
	/* A mean has one without it: a vCPU that has just come hides nothing. */
	assert_value(host(now), TABLE_HOST, HOST_WAIT, 0.2 / 0.7);
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
	assert_value(host(now), TABLE_HOST, HOST_WAIT, 0);
	assert_value(host(now), TABLE_HOST, HOST_VCPU_PER_CPU, 2);
	snapshot_unref(now);

	/* Beside one that starves, too; and where there is no other, nobody knows. */
	now = sample(2);
	guest = add_guest(now, 7, "a");
	cell_set_number(guest, DOMAIN_VCPUS_UNTOLD, 3, 2 * SECOND);
	add_vcpu(now, guest, 0, 0, SECOND / 2, SECOND / 2);
	derive(now, before);
	assert_value(host(now), TABLE_HOST, HOST_WAIT, 0.5);
	snapshot_unref(now);
	now = sample(2);
	cell_set_number(add_guest(now, 7, "a"), DOMAIN_VCPUS_UNTOLD, 3, 2 * SECOND);
	derive(now, before);
	assert_missing(host(now), TABLE_HOST, HOST_WAIT, STATE_UNKNOWN);
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

static void add_other_thread(struct snapshot *s, struct row *guest, double seconds)
{
	struct row *row = snapshot_row(s, TABLE_THREAD, key_of(guest->key, 50));

	cell_set_text(s, row, THREAD_ROLE, "other", s->moment.mono_ns);
	cell_set_count(row, THREAD_RUN, (uint64_t)(seconds * SECOND), s->moment.mono_ns);
}

/* That a thread works tells that it runs, that none does tells nothing; libvirt knows. */
static void a_guest_is_not_idle_while_its_vcpus_are_not_told(void **state)
{
	static const struct {
		double ran; /* of its thread, in seconds */
		const char *libvirt, *expected;
	} cases[] = {
		{ 0, NULL, NULL },
		{ 0.5, NULL, "running" },
		{ 0, "paused", "paused" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot *before = sample(1), *now = sample(2);
		struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

		cell_set_number(guest, DOMAIN_VCPUS_UNTOLD, 2, 2 * SECOND);
		if (cases[i].libvirt)
			cell_set_text(
			    now, guest, DOMAIN_LIBVIRT_STATE, cases[i].libvirt, 2 * SECOND);
		add_other_thread(before, old, 0);
		add_other_thread(now, guest, cases[i].ran);
		/* One that was told, and does nothing. */
		add_vcpu(before, old, 0, 0, 0, 0);
		add_vcpu(now, guest, 0, 0, 0, 0);
		derive(now, before);
		if (cases[i].expected)
			assert_cell_text(guest, DOMAIN_STATE, cases[i].expected);
		else
			assert_missing(guest, TABLE_DOMAIN, DOMAIN_STATE, STATE_UNKNOWN);
		snapshot_unref(before);
		snapshot_unref(now);
	}
}

/* It runs in the first two seconds and never again. */
static void a_guest_is_quiet_since_a_vcpu_ran(void **state)
{
	struct snapshot *before = sample(1);

	(void)state;
	add_vcpu(before, add_guest(before, 7, "a"), 0, 0, 0, 0);
	add_vcpu(before, add_guest(before, 8, "never"), 0, 0, 0, 0);
	derive(before, NULL);
	for (uint64_t second = 2; second < 6; second++) {
		struct snapshot *now = sample(second);
		struct row *guest = add_guest(now, 7, "a"), *never = add_guest(now, 8, "never");

		add_vcpu(now, guest, 0, 0, second < 4 ? second * SECOND / 2 : 2 * SECOND, 0);
		add_vcpu(now, never, 0, 0, 0, 0);
		derive(now, before);
		assert_value(guest, TABLE_DOMAIN, DOMAIN_QUIET, second < 5 ? 0 : 1);
		assert_missing(never, TABLE_DOMAIN, DOMAIN_QUIET, STATE_ABSENT);
		snapshot_unref(before);
		before = now;
	}
	snapshot_unref(before);
}

static void a_cpu_counts_the_vcpus_that_were_seen_on_it(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest = add_guest(s, 7, "a"), *other = add_guest(s, 8, "b");

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add_cpu(s, i, 0, (struct ticks){ 0 });
	add_vcpu(s, guest, 0, 1, 0, 0);
	add_vcpu(s, guest, 1, 2, 0, 0);
	add_vcpu(s, other, 0, 1, 0, 0);
	/* One that this host does not tell. */
	add_vcpu(s, other, 1, 63, 0, 0);
	derive(s, NULL);
	assert_value(s->table[TABLE_CPU].row[0], TABLE_CPU, CPU_VCPUS, 0);
	assert_value(s->table[TABLE_CPU].row[1], TABLE_CPU, CPU_VCPUS, 2);
	assert_value(s->table[TABLE_CPU].row[2], TABLE_CPU, CPU_VCPUS, 1);

	cell_set_number(other, DOMAIN_VCPUS_UNTOLD, 1, SECOND);
	derive(s, NULL);
	for (size_t i = 0; i < 3; i++)
		assert_missing(s->table[TABLE_CPU].row[i], TABLE_CPU, CPU_VCPUS, STATE_UNKNOWN);
	snapshot_unref(s);
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
		cmocka_unit_test(a_guest_is_not_idle_while_its_vcpus_are_not_told),
		cmocka_unit_test(a_guest_is_quiet_since_a_vcpu_ran),
		cmocka_unit_test(a_cpu_counts_the_vcpus_that_were_seen_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
