/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of halt polling: of vCPUs, or of a guest as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/derived.h"

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

/* Of a guest or of a vCPU: so many polls, three quarters of them in vain. */
static void set_polls(struct row *row, bool vcpu, uint64_t polls, uint64_t at)
{
	cell_set_count(row, vcpu ? VCPU_POLL_ATTEMPTED : DOMAIN_VM_POLLS, polls, at);
	cell_set_count(
	    row, vcpu ? VCPU_POLL_SUCCESSFUL : DOMAIN_VM_POLLS_SUCCESSFUL, polls / 4, at);
	cell_set_count(
	    row, vcpu ? VCPU_POLL_SUCCESS_NS : DOMAIN_VM_POLL_SUCCESS, polls / 4 * 1000, at);
	cell_set_count(row, vcpu ? VCPU_POLL_FAIL_NS : DOMAIN_VM_POLL_FAIL, polls / 4 * 9000, at);
}

static void assert_polls(const struct row *guest, double rate)
{
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_RATE, rate);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_SUCCESS, 0.25);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_SUCCESS_TIME, rate / 4 * 1e-6);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_FAIL_TIME, rate / 4 * 9e-6);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_MEAN, 2.5e-6);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL, rate / 4 * 10e-6);
}

static void assert_no_polls(const struct row *guest, enum state why)
{
	static const int columns[] = { DOMAIN_POLL_RATE, DOMAIN_POLL_SUCCESS,
		DOMAIN_POLL_SUCCESS_TIME, DOMAIN_POLL_FAIL_TIME, DOMAIN_POLL_MEAN };

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		assert_missing(guest, TABLE_DOMAIN, columns[i], why);
}

static void polls_are_those_of_all_vcpus(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_polls(add_vcpu(before, old, i, 0, 0, 0), true, 1000, SECOND);
		set_polls(add_vcpu(now, guest, i, 0, 0, 0), true, 1000 + 400 * (i + 1), 2 * SECOND);
	}
	derive(before, NULL);
	assert_no_polls(old, STATE_FIRST);
	derive(now, before);
	assert_polls(guest, 1200);
	snapshot_unref(before);
	snapshot_unref(now);
}

/* What some of the vCPUs do is not what the guest does; but KVM may tell that by itself. */
static void polls_of_some_vcpus_are_no_sum(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	set_polls(add_vcpu(before, old, 0, 0, 0, 0), true, 0, SECOND);
	set_polls(add_vcpu(now, guest, 0, 0, 0, 0), true, 400, 2 * SECOND);
	cell_set_missing(
	    add_vcpu(now, guest, 1, 0, 0, 0), VCPU_POLL_ATTEMPTED, STATE_DENIED, 2 * SECOND);
	derive(now, before);
	assert_no_polls(guest, STATE_DENIED);
	snapshot_unref(now);

	now = sample(2);
	guest = add_guest(now, 7, "a");
	set_polls(add_vcpu(now, guest, 0, 0, 0, 0), true, 400, 2 * SECOND);
	cell_set_number(guest, DOMAIN_VCPUS_UNTOLD, 1, 2 * SECOND);
	derive(now, before);
	assert_no_polls(guest, STATE_UNKNOWN);
	snapshot_unref(now);

	now = sample(2);
	guest = add_guest(now, 7, "a");
	add_vcpu(now, guest, 0, 0, 0, 0);
	set_polls(old, false, 0, SECOND);
	set_polls(guest, false, 800, 2 * SECOND);
	derive(now, before);
	assert_polls(guest, 800);
	snapshot_unref(before);
	snapshot_unref(now);
}

static void a_guest_that_does_not_poll_has_no_mean(void **state)
{
	struct snapshot *before = sample(1), *now = sample(2);
	struct row *old = add_guest(before, 7, "a"), *guest = add_guest(now, 7, "a");

	(void)state;
	set_polls(old, false, 400, SECOND);
	set_polls(guest, false, 400, 2 * SECOND);
	derive(now, before);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_RATE, 0);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_POLL_FAIL_TIME, 0);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_POLL_SUCCESS, STATE_ABSENT);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_POLL_MEAN, STATE_ABSENT);
	snapshot_unref(before);
	snapshot_unref(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(polling_is_a_share_of_all_cpus),
		cmocka_unit_test(polls_are_those_of_all_vcpus),
		cmocka_unit_test(polls_of_some_vcpus_are_no_sum),
		cmocka_unit_test(a_guest_that_does_not_poll_has_no_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
