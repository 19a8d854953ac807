/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How exits add up, what time they take, and how certain that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collectors/collector.h"
#include "collectors/exit_tally.h"
#include "collectors/exits_kvm.h"
#include "tests/unit/exit_figures.h"

#define US 1000ULL
#define MS 1000000ULL
#define HLT ((struct exit_reason){ EXIT_SVM, 0x78 })
#define CPUID ((struct exit_reason){ EXIT_SVM, 0x72 })
#define IO ((struct exit_reason){ EXIT_SVM, 0x7b })
#define USER_IO ((struct exit_reason){ EXIT_TO_USER, 2 })

/* Threads 101 and 102 belong to process 100; 201 to 200; 900 to none that is known. */
static uint32_t guest_of(void *ctx, uint32_t tid)
{
	(void)ctx;
	return tid < 900 ? tid / 100 * 100 : 0;
}

static void end(struct exit_tally *t, uint64_t begin_ns, bool whole)
{
	struct exit_window w = {
		.begin_ns = begin_ns, .end_ns = begin_ns + 50 * MS, .records = 100, .whole = whole
	};

	exit_tally_end(t, &w);
}

static void test_pairs(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 1000 * MS, 2000 * MS);
	/* Two threads of one guest, one of another, one of nobody. */
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t ns = 1000 * MS + i * 100 * US;

		exit_tally_exit(t, 101, CPUID, ns);
		exit_tally_entry(t, 101, ns + 10 * US);
		exit_tally_exit(t, 102, CPUID, ns);
		exit_tally_entry(t, 102, ns + 30 * US);
	}
	exit_tally_exit(t, 201, IO, 1001 * MS);
	exit_tally_user(t, 201, USER_IO, 1002 * MS);
	exit_tally_entry(t, 201, 1006 * MS);
	exit_tally_exit(t, 900, HLT, 1040 * MS);
	end(t, 1000 * MS, false);
	f = find_figures(t, EXIT_OF_THREAD, 101, CPUID);
	expect_about(f.rate, 2000);
	expect_about(f.mean, 10e-6);
	expect_about(f.min, 10e-6);
	expect_about(f.max, 10e-6);
	expect_about(f.p99, 10e-6);
	expect_about(f.time, 1e-3 / 50e-3);
	f = find_figures(t, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 4000);
	expect_about(f.mean, 20e-6);
	expect_about(f.max, 30e-6);
	assert_true(f.p50 >= 10e-6 && f.p50 <= 13e-6);
	assert_true(f.p99 > 26e-6 && f.p99 <= 30e-6);
	f = find_figures(t, EXIT_OF_HOST, 0, IO);
	expect_about(f.rate, 20);
	expect_about(f.mean, 5e-3);
	f = find_figures(t, EXIT_OF_GUEST, 200, USER_IO);
	expect_about(f.mean, 4e-3);
	/* Cut off by the window's end: its time counts as far as it was seen. */
	f = find_figures(t, EXIT_OF_HOST, 0, HLT);
	expect_about(f.rate, 20);
	assert_false(f.timed);
	expect_about(f.time, 10e-3 / 50e-3);
	assert_true(find_figures(t, EXIT_OF_GUEST, 900, HLT).rate == 0);
	exit_tally_free(t);
}

/* A thread that moved: the ring of its new CPU was read before that of its old one. */
static void test_pairs_between_cpus(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 1000 * MS, 2000 * MS);
	exit_tally_entry(t, 101, 1005 * MS);
	exit_tally_exit(t, 101, CPUID, 1006 * MS);
	exit_tally_entry(t, 101, 1006 * MS + 20 * US);
	exit_tally_exit(t, 101, HLT, 1001 * MS);
	end(t, 1000 * MS, false);
	f = find_figures(t, EXIT_OF_THREAD, 101, HLT);
	expect_about(f.rate, 20);
	expect_about(f.mean, 4e-3);
	expect_about(find_figures(t, EXIT_OF_THREAD, 101, CPUID).mean, 20e-6);
	exit_tally_free(t);
}

static void window_of(struct exit_tally *t, uint64_t begin_ns, int exits)
{
	for (int i = 0; i < exits; i++) {
		uint64_t ns = begin_ns + (uint64_t)i * 10 * US;

		exit_tally_exit(t, 101, CPUID, ns);
		exit_tally_entry(t, 101, ns + 2 * US);
	}
	end(t, begin_ns, false);
}

static void test_error(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	/* As even as can be: what is left is that of chance, and of being slowed down. */
	for (uint64_t i = 0; i < 16; i++)
		window_of(t, (1 + i) * 500 * MS, 100);
	f = find_figures(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 2000);
	expect_about(f.error, 2 * sqrt(1600) / 1600 + 2000 * 2e-9 * EXIT_RECORD_NS);
	exit_tally_clear(t);
	/* All or nothing: the windows tell little. */
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++)
		window_of(t, (1 + i) * 500 * MS, i % 2 ? 200 : 0);
	f = find_figures(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 2000);
	assert_true(f.error > 0.4 && f.error < 0.7);
	exit_tally_clear(t);
	/* Counted: certain. */
	exit_tally_turn(t, 0, 20000 * MS);
	exit_tally_add(t, 101, CPUID, 500,
	    &(struct exit_times){ .timed = 100, .untimed = 400, .time_ns = 100 * US });
	end(t, 500 * MS, true);
	f = find_figures(t, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 10000);
	assert_true(f.error == 0);
	/* A fifth was timed and stands for the others. */
	expect_about(f.timed_part, 0.2);
	expect_about(f.mean, 1e-6);
	expect_about(f.time, 500e-6 / 50e-3);
	exit_tally_free(t);
}

/* A window of half a second's worth: of four exits of each thread one is an IO. */
static void mixed_window(struct exit_tally *t, uint64_t window, uint64_t exits)
{
	uint64_t begin_ns = (1 + window) * 500 * MS;

	for (uint64_t i = 0; i < exits; i++) {
		uint64_t ns = begin_ns + i * 10 * US;

		exit_tally_exit(t, 101, i % 4 ? CPUID : IO, ns);
		exit_tally_entry(t, 101, ns + 2 * US);
		exit_tally_exit(t, 201, IO, ns);
		exit_tally_entry(t, 201, ns + 2 * US);
	}
	end(t, begin_ns, false);
}

/* KVM counts a quarter more of guest 100 than was sampled; of guest 200 it tells nothing. */
static void test_scaled(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_count k = { .guest = 100, .begins = true };
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	mixed_window(t, 0, 100);
	exit_tally_scale(t, &k, 1);
	assert_true(k.taken);
	assert_true(find_figures(t, EXIT_OF_GUEST, 100, IO).scale == 0);
	for (uint64_t i = 1; i < 16; i += 3) {
		for (uint64_t j = i; j < i + 3; j++)
			mixed_window(t, j, 100);
		/* 100 of 50 ms are 1000 of 500 ms. */
		k = (struct exit_count){ .guest = 100, .exits = 3 * 1000 * 1.25 };
		exit_tally_scale(t, &k, 1);
		assert_true(k.taken);
	}
	f = find_figures(t, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 1500 * 1.25);
	expect_about(f.scale, 1.25);
	expect_about(f.mean, 2e-6);
	/* The first window stood for itself only. */
	expect_about(f.total, (75 + 15 * 750) * 1.25);
	/* Of all its exits 3/4: a binomial. Neither chance of the whole nor slowness is left. */
	expect_about(f.error, 2 * sqrt(1200 * 0.25) / 1200);
	expect_about(find_figures(t, EXIT_OF_THREAD, 101, IO).rate, 500 * 1.25);
	f = find_figures(t, EXIT_OF_GUEST, 200, IO);
	expect_about(f.rate, 2000);
	assert_true(f.scale == 0);
	/* The host has what was scaled, and the rest as it was. */
	f = find_figures(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 1500 * 1.25);
	expect_about(f.error, 2 * sqrt(1200 * 0.25) / 1200);
	f = find_figures(t, EXIT_OF_HOST, 0, IO);
	expect_about(f.rate, 500 * 1.25 + 2000);
	assert_true(f.scale == 0);
	expect_about(f.total, (25 + 15 * 250) * 1.25 + 100 + 15 * 1000);
	/* Nothing was sampled since: KVM's count is kept for later. */
	k = (struct exit_count){ .guest = 100, .exits = 7 };
	exit_tally_scale(t, &k, 1);
	assert_false(k.taken);
	exit_tally_free(t);
}

/* Shares that change from window to window are known less well than by chance alone. */
static void test_error_of_shares(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_count k = { .guest = 100, .exits = 16000 };
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++) {
		for (uint64_t j = 0; j < 100; j++)
			exit_tally_exit(t, 101, i % 2 ? CPUID : IO, (1 + i) * 500 * MS + j);
		end(t, (1 + i) * 500 * MS, false);
	}
	exit_tally_scale(t, &k, 1);
	f = find_figures(t, EXIT_OF_GUEST, 100, IO);
	/* 50 more or less in each of 16 windows, of 800. */
	expect_about(f.error, 2.1 * sqrt(16 * 2500 * 16.0 / 15) / 800);
	exit_tally_clear(t);
	/* One reason only is all that KVM counts, however it varies. */
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++)
		window_of(t, (1 + i) * 500 * MS, i % 2 ? 200 : 10);
	exit_tally_scale(t, &k, 1);
	expect_about(find_figures(t, EXIT_OF_GUEST, 100, CPUID).error, 0);
	exit_tally_free(t);
}

static struct snapshot *kvm_sample(uint64_t second, const uint64_t *vcpu, uint64_t whole)
{
	uint64_t at_ns = second * NS_PER_SEC;
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = at_ns });
	struct row *domain = snapshot_row(s, TABLE_DOMAIN, key_process(100, 5));

	for (uint64_t i = 0; i < 2; i++) {
		struct row *row = snapshot_row(s, TABLE_VCPU, key_of(domain->key, 77 + i));

		if (vcpu)
			cell_set_count(row, VCPU_EXITS, vcpu[i], at_ns);
		else
			cell_set_missing(row, VCPU_EXITS, STATE_ABSENT, at_ns);
	}
	if (whole)
		cell_set_count(domain, DOMAIN_VM_EXITS, whole, at_ns);
	snapshot_link(s);
	return s;
}

static double scale_after(
    struct exit_tally *t, struct exits_kvm *k, uint64_t window, struct snapshot *sample)
{
	if (window)
		mixed_window(t, window, 100);
	exits_kvm_scale(k, sample, t);
	snapshot_unref(sample);
	return find_figures(t, EXIT_OF_GUEST, 100, IO).scale;
}

/* The count is that of all vCPUs, or of the machine; what cannot be compared begins anew. */
static void test_counts_of_kvm(void **state)
{
	static const uint64_t counts[][2] = { { 500, 500 }, { 900, 800 }, { 1400, 1500 } };
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exits_kvm k = { 0 };

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	mixed_window(t, 0, 100);
	expect_about(scale_after(t, &k, 1, kvm_sample(1, counts[0], 0)), 0);
	expect_about(scale_after(t, &k, 2, kvm_sample(2, counts[1], 0)), 0.7);
	/* The same sample, seen once more. */
	expect_about(scale_after(t, &k, 3, kvm_sample(2, counts[1], 0)), 0.7);
	expect_about(scale_after(t, &k, 4, kvm_sample(3, counts[2], 0)), (700.0 + 1200) / 3000);
	/* Nothing is subtracted from what another counted. */
	expect_about(scale_after(t, &k, 5, kvm_sample(4, NULL, 9000)), (700.0 + 1200) / 3000);
	expect_about(scale_after(t, &k, 6, kvm_sample(5, NULL, 9500)), (700.0 + 1200 + 500) / 4000);
	/* Nothing was seen in between: what KVM counted meanwhile belongs to what is seen next. */
	scale_after(t, &k, 0, kvm_sample(6, NULL, 9800));
	expect_about(
	    scale_after(t, &k, 7, kvm_sample(7, NULL, 10000)), (700.0 + 1200 + 500 + 500) / 5000);
	/* It went back: a guest with that pid, but another one. */
	expect_about(
	    scale_after(t, &k, 8, kvm_sample(8, NULL, 20)), (700.0 + 1200 + 500 + 500) / 5000);
	exits_kvm_clear(&k);
	exit_tally_free(t);
}

/* Reasons that come and go together are no more certain together than each of them. */
static void test_error_of_all(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures cpuid, io;

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++) {
		uint64_t begin_ns = (1 + i) * 500 * MS;

		for (uint64_t k = 0; k < (i % 2 ? 200 : 20); k++) {
			exit_tally_exit(t, 101, CPUID, begin_ns + k * 100 * US);
			exit_tally_entry(t, 101, begin_ns + k * 100 * US + US);
			exit_tally_exit(t, 201, IO, begin_ns + k * 100 * US);
			exit_tally_entry(t, 201, begin_ns + k * 100 * US + US);
		}
		end(t, begin_ns, false);
	}
	cpuid = find_figures(t, EXIT_OF_HOST, 0, CPUID);
	io = find_figures(t, EXIT_OF_HOST, 0, IO);
	expect_about(cpuid.error_all, io.error_all);
	expect_about(cpuid.error_all, cpuid.error);
	expect_about(find_figures(t, EXIT_OF_GUEST, 200, IO).error_all, io.error);
	exit_tally_free(t);
}

/* Each guest is slowed down by what its own busiest vCPU writes. */
static void test_slowness(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	double alone;

	(void)state;
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 1000; i++) {
		exit_tally_exit(t, 101, CPUID, 1 * MS + i * 40 * US);
		exit_tally_entry(t, 101, 1 * MS + i * 40 * US + US);
		if (i % 10)
			continue;
		exit_tally_exit(t, 201, CPUID, 1 * MS + i * 40 * US);
		exit_tally_entry(t, 201, 1 * MS + i * 40 * US + US);
	}
	end(t, 0, false);
	alone = 2 / sqrt(1000);
	expect_about(find_figures(t, EXIT_OF_GUEST, 100, CPUID).error - alone,
	    20000 * 2e-9 * EXIT_RECORD_NS);
	alone = 2 / sqrt(100);
	expect_about(
	    find_figures(t, EXIT_OF_GUEST, 200, CPUID).error - alone, 2000 * 2e-9 * EXIT_RECORD_NS);
	alone = 2 / sqrt(1100);
	expect_about(
	    find_figures(t, EXIT_OF_HOST, 0, CPUID).error - alone, 20000 * 2e-9 * EXIT_RECORD_NS);
	exit_tally_free(t);
}

static void test_loss_is_told(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_window w = { .begin_ns = 0, .end_ns = 50 * MS, .records = 90, .lost = 10 };

	(void)state;
	exit_tally_turn(t, 0, 2000 * MS);
	for (uint64_t i = 0; i < 10000; i++)
		exit_tally_exit(t, 101, CPUID, 1 * MS + i);
	exit_tally_end(t, &w);
	expect_about(exit_tally_lost(t), 0.1);
	assert_true(find_figures(t, EXIT_OF_HOST, 0, CPUID).error >= 0.1);
	exit_tally_free(t);
}

/* What is no longer done is forgotten, and its memory given back. */
static void test_forgets(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures *figures;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		exit_tally_turn(t, i * 500 * MS + 1, 2000 * MS);
		for (uint32_t tid = 101 + (uint32_t)i * 1000, n = 0; n < 100; n++, tid++) {
			exit_tally_exit(t, tid, CPUID, (i * 500 + 1) * MS);
			exit_tally_entry(t, tid, (i * 500 + 2) * MS);
		}
		end(t, i * 500 * MS, false);
	}
	/* Two epochs of four windows at most. */
	assert_true(exit_tally_figures(t, &figures) <= 8 * 101 + 8 + 1);
	free(figures);
	assert_int_equal(exit_tally_left_out(t), 0);
	exit_tally_free(t);
}

static uint32_t one_guest(void *ctx, uint32_t tid)
{
	(void)ctx;
	(void)tid;
	return 7;
}

/* However many threads there are, the sums of their guest and of the host are whole. */
static void test_is_bounded(void **state)
{
	struct exit_tally *t = exit_tally_new(one_guest, NULL);
	const uint32_t threads = 3 * EXIT_CELLS_MAX;
	struct exit_figures *figures;

	(void)state;
	exit_tally_turn(t, 1, 2000 * MS);
	for (uint32_t i = 0; i < threads; i++)
		exit_tally_exit(t, 1000 + i, (struct exit_reason){ EXIT_SVM, i % 8 }, 1 * MS + i);
	end(t, 0, false);
	assert_in_range(exit_tally_left_out(t), threads - EXIT_CELLS_MAX, threads);
	assert_true(exit_tally_figures(t, &figures) <= EXIT_CELLS_MAX);
	free(figures);
	for (uint32_t i = 0; i < 8; i++) {
		struct exit_reason reason = { EXIT_SVM, i };

		expect_about(find_figures(t, EXIT_OF_HOST, 0, reason).rate, threads / 8 / 50e-3);
		expect_about(find_figures(t, EXIT_OF_GUEST, 7, reason).rate, threads / 8 / 50e-3);
	}
	/* What was left out is no longer told when it is of none of the figures. */
	exit_tally_turn(t, 3000 * MS, 2000 * MS);
	exit_tally_turn(t, 6000 * MS, 2000 * MS);
	assert_int_equal(exit_tally_left_out(t), 0);
	exit_tally_free(t);
}

/* Windows of 50 ms see no end of a sleep of two seconds, but that it goes on. */
static void test_longer_than_windows(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 1000 * MS, 20000 * MS);
	exit_tally_exit(t, 101, HLT, 1010 * MS);
	exit_tally_exit(t, 102, HLT, 1040 * MS);
	end(t, 1000 * MS, false);
	/* The second one ran in between: it left anew. */
	exit_tally_exit(t, 102, HLT, 1505 * MS);
	exit_tally_entry(t, 102, 1506 * MS);
	end(t, 1500 * MS, false);
	end(t, 2000 * MS, false);
	end(t, 2500 * MS, false);
	exit_tally_entry(t, 101, 3020 * MS);
	exit_tally_exit(t, 101, HLT, 3030 * MS);
	exit_tally_entry(t, 101, 3031 * MS);
	end(t, 3000 * MS, false);
	f = find_figures(t, EXIT_OF_THREAD, 101, HLT);
	expect_about(f.time, (40 + 3 * 50 + 20 + 1) / 250.0);
	expect_about(f.mean, 211e-3 / 2);
	assert_true(f.p50 > 0 && f.p50 <= 1e-3);
	assert_true(f.p99 == 0 && f.max == 0);
	f = find_figures(t, EXIT_OF_THREAD, 102, HLT);
	expect_about(f.time, (10 + 1) / 250.0);
	expect_about(f.max, 1e-3);
	assert_true(f.p99 > 0);
	exit_tally_free(t);
}

static uint32_t guest_while(void *ctx, uint32_t tid)
{
	const bool *lives = ctx;

	(void)tid;
	return *lives ? 100 : 0;
}

/* The figures of the last seconds stay those of the guest, scaled ones scaled, when it has ended.
 */
static void test_guest_that_has_ended(void **state)
{
	bool lives = true;
	struct exit_tally *t = exit_tally_new(guest_while, &lives);
	struct exit_count k = { .guest = 100, .begins = true };
	struct exit_figures f;

	(void)state;
	exit_tally_turn(t, 1, 2000 * MS);
	window_of(t, 500 * MS, 100);
	exit_tally_scale(t, &k, 1);
	window_of(t, 1000 * MS, 100);
	exit_tally_exit(t, 101, HLT, 1500 * MS);
	end(t, 1500 * MS, false);
	k = (struct exit_count){ .guest = 100, .exits = 2000 };
	exit_tally_scale(t, &k, 1);
	lives = false;
	exit_tally_turn(t, 2500 * MS, 2000 * MS);
	end(t, 2500 * MS, false);
	expect_about(find_figures(t, EXIT_OF_GUEST, 100, CPUID).mean, 2e-6);
	f = find_figures(t, EXIT_OF_HOST, 0, HLT);
	assert_true(f.scale > 0);
	expect_about(f.time, 50 / 200.0);
	exit_tally_free(t);
}

/* Of a thread whose entry may be among what was lost nothing is carried on. */
static void test_loss_is_not_carried(void **state)
{
	struct exit_tally *t = exit_tally_new(guest_of, NULL);
	struct exit_window w = { .begin_ns = 0, .end_ns = 50 * MS, .records = 1, .lost = 1 };

	(void)state;
	exit_tally_turn(t, 1, 20000 * MS);
	exit_tally_exit(t, 101, HLT, 10 * MS);
	exit_tally_end(t, &w);
	end(t, 500 * MS, false);
	expect_about(find_figures(t, EXIT_OF_HOST, 0, HLT).time, 40 / 100.0);
	exit_tally_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_pairs_between_cpus),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_error_of_shares),
		cmocka_unit_test(test_counts_of_kvm),
		cmocka_unit_test(test_error_of_all),
		cmocka_unit_test(test_slowness),
		cmocka_unit_test(test_loss_is_told),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_is_bounded),
		cmocka_unit_test(test_longer_than_windows),
		cmocka_unit_test(test_guest_that_has_ended),
		cmocka_unit_test(test_loss_is_not_carried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
