/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's statistics: the format of its descriptors, and whose they are. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/kvm_stats.h"
#include "collectors/kvm_taken.h"
#include "tests/unit/captured.h"
#include "tests/unit/kvm_blob.h"

#define PID 42

/* ---- the format ---- */

static const struct statistic some[] = {
	{ "halt_exits", COUNTER, 0, 1, 11 },
	{ "exits", COUNTER, 0, 1, 12345 },
	{ "halt_poll_success_ns", TIME, -9, 1, 777 },
	{ "halt_wait_hist", KVM_STATS_TYPE_LOG_HIST, -9, 32, 1 },
	{ "in_us", TIME, -6, 1, 5 },
	{ "in_s", TIME, 0, 1, 20000000000 },
	{ "in_tenths_of_ns", TIME, -10, 1, 55 },
	{ "in_kib", KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BYTES | KVM_STATS_BASE_POW2, 10, 1, 3 },
	{ "guest_mode", KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BOOLEAN, 0, 1, 1 },
};

static int read_named(const struct kvm_stats *stats, const char *name, uint64_t *ret)
{
	struct kvm_stat stat;
	int r = kvm_stats_find(stats, name, &stat);

	return r < 0 ? r : kvm_stat_read(&stat, stats->bytes, stats->size, ret);
}

static void values_by_name(void **state)
{
	struct blob b = make_blob("kvm-4242/vcpu-3", some, sizeof(some) / sizeof(some[0]));
	struct kvm_stats stats;
	uint32_t maker, number;
	uint64_t v = 0;

	(void)state;
	assert_int_equal(kvm_stats_open(b.bytes, b.size, &stats), 0);
	assert_int_equal(kvm_stats_vcpu(&stats, &maker, &number), 0);
	assert_int_equal(number, 3);
	assert_int_equal(maker, 4242);
	assert_int_equal(read_named(&stats, "exits", &v), 0);
	assert_int_equal(v, 12345);
	assert_int_equal(read_named(&stats, "halt_exits", &v), 0);
	assert_int_equal(v, 11);
	assert_int_equal(read_named(&stats, "guest_mode", &v), 0);
	assert_int_equal(v, 1);
	/* Names count as a whole. */
	assert_int_equal(read_named(&stats, "exit", &v), -ENOENT);
	assert_int_equal(read_named(&stats, "exits2", &v), -ENOENT);
	assert_int_equal(read_named(&stats, "", &v), -ENOENT);
}

static void time_is_in_ns(void **state)
{
	struct blob b = make_blob("kvm-1/vcpu-0", some, sizeof(some) / sizeof(some[0]));
	struct kvm_stats stats;
	uint64_t v = 0;

	(void)state;
	assert_int_equal(kvm_stats_open(b.bytes, b.size, &stats), 0);
	assert_int_equal(read_named(&stats, "halt_poll_success_ns", &v), 0);
	assert_int_equal(v, 777);
	assert_int_equal(read_named(&stats, "in_us", &v), 0);
	assert_int_equal(v, 5000);
	assert_int_equal(read_named(&stats, "in_tenths_of_ns", &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(read_named(&stats, "in_s", &v), -ERANGE);
}

static void what_is_no_plain_number(void **state)
{
	struct blob b = make_blob("kvm-1/vcpu-0", some, sizeof(some) / sizeof(some[0]));
	struct kvm_stats stats;
	uint64_t v = 0;

	(void)state;
	assert_int_equal(kvm_stats_open(b.bytes, b.size, &stats), 0);
	assert_int_equal(read_named(&stats, "halt_wait_hist", &v), -EINVAL);
	assert_int_equal(read_named(&stats, "in_kib", &v), -EINVAL);
}

/* Cut anywhere: refused as a whole, or only what is left is given. */
static void cut_bytes(void **state)
{
	struct blob b = make_blob("kvm-1/vcpu-0", some, 3);
	size_t data = sizeof(struct kvm_stats_header) + NAME_SIZE +
		      3 * (sizeof(struct kvm_stats_desc) + NAME_SIZE);

	(void)state;
	for (size_t size = 0; size <= b.size; size++) {
		unsigned char *cut = malloc(size + 1);
		struct kvm_stats stats;
		uint64_t v = 0;

		memcpy(cut, b.bytes, size);
		if (size < data) {
			assert_int_equal(kvm_stats_open(cut, size, &stats), -EINVAL);
		} else {
			assert_int_equal(kvm_stats_open(cut, size, &stats), 0);
			assert_int_equal(
			    read_named(&stats, "exits", &v), size < data + 16 ? -EINVAL : 0);
			assert_int_equal(v, size < data + 16 ? 0 : 12345);
		}
		free(cut);
	}
}

static void names_of_machines(void **state)
{
	static const struct {
		const char *id;
		int error;
	} cases[] = { { "kvm-77", -ENOENT }, { "kvm-77/vcpu-", -EINVAL },
		{ "kvm-77/vcpu-x", -EINVAL }, { "kvm-77/vm", -EINVAL }, { "", -EINVAL },
		{ "kvm-77/vcpu-99999999999", -EINVAL }, { "kvm-/vcpu-0", -EINVAL },
		{ "kvm-x/vcpu-0", -EINVAL }, { "kvm-0/vcpu-0", -EINVAL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct blob b = make_blob(cases[i].id, some, 1);
		struct kvm_stats stats;
		uint32_t maker = 3, number = 5;

		assert_int_equal(kvm_stats_open(b.bytes, b.size, &stats), 0);
		assert_int_equal(kvm_stats_vcpu(&stats, &maker, &number), cases[i].error);
		assert_int_equal(number, 5);
		assert_int_equal(maker, 3);
	}
}

static void layouts_are_told_apart(void **state)
{
	struct blob a = make_blob("kvm-1/vcpu-0", some, 3), b = make_blob("kvm-2/vcpu-1", some, 3),
		    c = make_blob("kvm-1/vcpu-0", some + 1, 3),
		    d = make_blob("kvm-1/vcpu-0", some, 2);
	struct kvm_stats sa, sb, sc, sd;

	(void)state;
	assert_int_equal(kvm_stats_open(a.bytes, a.size, &sa), 0);
	assert_int_equal(kvm_stats_open(b.bytes, b.size, &sb), 0);
	assert_int_equal(kvm_stats_open(c.bytes, c.size, &sc), 0);
	assert_int_equal(kvm_stats_open(d.bytes, d.size, &sd), 0);
	assert_true(kvm_stats_alike(&sa, &sb));
	assert_false(kvm_stats_alike(&sa, &sc));
	assert_false(kvm_stats_alike(&sa, &sd));
}

/* ---- whose they are ---- */

static uint32_t fd_of(
    const struct kvm_taken_list *list, const uint32_t *numbers, size_t n, uint32_t number)
{
	const struct kvm_taken *taken = kvm_taken_find(list, numbers, n, number);

	return taken ? taken->fd : 0;
}

/* Six vCPUs as two sockets of three cores: APIC ids leave one out after each third. */
static void apic_ids_are_not_numbers(void **state)
{
	struct kvm_taken items[] = { { 0, 10, 0 }, { 1, 11, 0 }, { 2, 12, 0 }, { 4, 13, 0 },
		{ 5, 14, 0 }, { 6, 15, 0 } };
	struct kvm_taken_list list = { .item = items, .n = 6 };
	static const uint32_t numbers[] = { 0, 1, 2, 3, 4, 5 };

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(fd_of(&list, numbers, 6, i), 10 + i);
	assert_int_equal(fd_of(&list, numbers, 6, 6), 0);
}

static void while_a_vcpu_is_plugged(void **state)
{
	struct kvm_taken items[] = { { 0, 10, 0 }, { 1, 11, 0 }, { 2, 12, 0 }, { 3, 13, 0 } };
	struct kvm_taken_list list = { .item = items, .n = 4 };
	static const uint32_t fewer[] = { 0, 2 }, more[] = { 0, 1, 2, 3, 4 }, other[] = { 0, 7 };

	(void)state;
	/* More descriptors than threads, but they are numbered alike. */
	assert_int_equal(fd_of(&list, fewer, 2, 2), 12);
	/* Here nobody can tell. */
	assert_int_equal(fd_of(&list, more, 5, 1), 0);
	assert_int_equal(fd_of(&list, other, 2, 0), 0);
	list.n = 0;
	assert_int_equal(fd_of(&list, fewer, 2, 0), 0);
}

static void descriptors_are_found_by_their_links(void **state)
{
	struct captured h = { .state = kvm_open(NULL) };
	struct kvm_taken_list list = { 0 };
	static const char *const links[][2] = { { "3", "anon_inode:kvm-vm" },
		{ "20", "anon_inode:kvm-vcpu-stats:4" }, { "8", "anon_inode:kvm-vcpu-stats:0" },
		{ "9", "anon_inode:kvm-vcpu-stats:x" }, { "11", "anon_inode:kvm-vcpu:0" },
		{ "21", "anon_inode:kvm-vcpu-stats:4" },
		{ "12", "/tmp/anon_inode:kvm-vcpu-stats:7" } };

	(void)state;
	captured_sample(&h, 1);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "proc/42/fd/%s", links[i][0]);
		captured_link(&h, path, links[i][1]);
	}
	captured_next(&h);
	assert_int_equal(kvm_taken_look(h.root, 42, &list), 0);
	assert_int_equal(list.n, 2);
	assert_int_equal(list.item[0].vcpu, 0);
	assert_int_equal(list.item[0].fd, 8);
	assert_int_equal(list.item[1].vcpu, 4);
	assert_int_equal(kvm_taken_look(h.root, 43, &list), -ENOENT);
	assert_int_equal(list.n, 0);
	kvm_taken_done(&list);
	captured_done(&h, kvm_close);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_by_name),
		cmocka_unit_test(time_is_in_ns),
		cmocka_unit_test(what_is_no_plain_number),
		cmocka_unit_test(cut_bytes),
		cmocka_unit_test(names_of_machines),
		cmocka_unit_test(layouts_are_told_apart),
		cmocka_unit_test(apic_ids_are_not_numbers),
		cmocka_unit_test(while_a_vcpu_is_plugged),
		cmocka_unit_test(descriptors_are_found_by_their_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
