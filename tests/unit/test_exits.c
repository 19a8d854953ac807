/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What records of exits say, how they add up, and what of it stands in the tables. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/exit_events.h"
#include "collectors/exit_tally.h"
#include "collectors/exits_kvm.h"
#include "collectors/exits_rows.h"

#define US 1000ULL
#define MS 1000000ULL
#define HLT ((struct exit_reason){ EXIT_SVM, 0x78 })
#define CPUID ((struct exit_reason){ EXIT_SVM, 0x72 })
#define IO ((struct exit_reason){ EXIT_SVM, 0x7b })
#define USER_IO ((struct exit_reason){ EXIT_TO_USER, 2 })

static void expect_name(uint32_t isa, uint32_t code, const char *name)
{
	char buf[EXIT_NAME_SIZE];

	exit_reason_name((struct exit_reason){ isa, code }, buf);
	assert_string_equal(buf, name);
}

static void test_names(void **state)
{
	(void)state;
	expect_name(EXIT_VMX, 0, "EXCEPTION_NMI");
	expect_name(EXIT_VMX, 12, "HLT");
	expect_name(EXIT_VMX, 32, "MSR_WRITE");
	expect_name(EXIT_VMX, 48, "EPT_VIOLATION");
	expect_name(EXIT_VMX, 75, "NOTIFY");
	expect_name(EXIT_VMX, 85, "MSR_WRITE_IMM");
	expect_name(EXIT_VMX, 0x80000021, "INVALID_STATE FAILED_VMENTRY");
	expect_name(EXIT_VMX, 35, "35");
	expect_name(EXIT_VMX, 9999, "9999");
	expect_name(EXIT_SVM, 0, "read_cr0");
	expect_name(EXIT_SVM, 0x4e, "PF excp");
	expect_name(EXIT_SVM, 0x60, "interrupt");
	expect_name(EXIT_SVM, 0x64, "vintr");
	expect_name(EXIT_SVM, 0x72, "cpuid");
	expect_name(EXIT_SVM, 0x78, "hlt");
	expect_name(EXIT_SVM, 0x7b, "io");
	expect_name(EXIT_SVM, 0x7c, "msr");
	expect_name(EXIT_SVM, 0x400, "npf");
	expect_name(EXIT_SVM, 0xffffffff, "invalid_guest_state");
	expect_name(EXIT_SVM, 0x5f, "0x5f");
	expect_name(EXIT_ARM_TRAP, 0x01, "WFx");
	expect_name(EXIT_ARM_TRAP, 0x16, "HVC64");
	expect_name(EXIT_ARM_TRAP, 0x18, "SYS64");
	expect_name(EXIT_ARM_TRAP, 0x24, "DABT_LOW");
	expect_name(EXIT_ARM_TRAP, 0x3b, "0x3b");
	expect_name(EXIT_ARM, 0, "IRQ");
	expect_name(EXIT_ARM, 3, "ILLEGAL");
	expect_name(EXIT_TO_USER, 2, "IO");
	expect_name(EXIT_TO_USER, 6, "MMIO");
	expect_name(EXIT_TO_USER, 37, "NOTIFY");
	expect_name(EXIT_TO_USER, 99, "user 99");
	expect_name(EXIT_TO_USER, EXIT_USER_RESTART, "signal");
	expect_name(EXIT_TO_USER, EXIT_USER_ERROR | 14, "error 14");
	expect_name(77, 5, "0x5");
	expect_name(EXIT_SVM, EXIT_OTHER, "others");
	assert_true(exit_is_idle(HLT));
	assert_true(exit_is_idle((struct exit_reason){ EXIT_VMX, 12 }));
	assert_true(exit_is_idle((struct exit_reason){ EXIT_ARM_TRAP, 1 }));
	assert_false(exit_is_idle(CPUID));
}

static void test_reasons_of_fields(void **state)
{
	struct exit_reason r;

	(void)state;
	/* Circumstances (here: out of an enclave) are no part of the reason; a failed entry is. */
	r = exit_reason_x86(1, 0x0800000a);
	assert_true(r.isa == EXIT_VMX && r.code == 10);
	r = exit_reason_x86(1, 0x80000021);
	assert_int_equal(r.code, 0x80000021);
	r = exit_reason_x86(2, 0x80000001);
	assert_true(r.isa == EXIT_SVM && r.code == 0x80000001);
	r = exit_reason_arm(2, 0x24);
	assert_true(r.isa == EXIT_ARM_TRAP && r.code == 0x24);
	r = exit_reason_arm(0, 0);
	assert_true(r.isa == EXIT_ARM && r.code == 0);
	r = exit_reason_user(2, 0);
	assert_true(r.isa == EXIT_TO_USER && r.code == 2);
	assert_int_equal(exit_reason_user(2, -EINTR).code, EXIT_USER_RESTART);
	assert_int_equal(exit_reason_user(2, -EFAULT).code, EXIT_USER_ERROR | EFAULT);
}

#define FIELD(type, name, offset, size, sign) \
	"\tfield:" type " " name ";\toffset:" #offset ";\tsize:" #size ";\tsigned:" #sign ";\n"
#define TYPE FIELD("unsigned short", "common_type", 0, 2, 0)
#define EXIT_X86 \
	"ID: 7\n" TYPE FIELD("unsigned int", "exit_reason", 8, 4, 0) FIELD("u32", "isa", 24, 4, 0)
#define EXIT_ARM64 \
	"ID: 7\n" TYPE FIELD("int", "ret", 8, 4, 1) FIELD("unsigned int", "esr_ec", 12, 4, 0)
#define ENTRY "ID: 8\n" TYPE FIELD("unsigned int", "vcpu_id", 8, 4, 0)
#define USER "ID: 9\n" TYPE FIELD("__u32", "reason", 8, 4, 0) FIELD("int", "errno", 12, 4, 1)

static int read_layout(
    const char *exit, const char *entry, const char *user, struct exit_layout *ret)
{
	static const char dir[] = "sys/kernel/tracing/events/kvm";
	char *user_file =
	    user ? xasprintf("== %s/kvm_userspace_exit/format\n%s", dir, user) : xstrdup("");
	char *archive = xasprintf("kvmtop-host 1\n## 1 1\n== %s/kvm_exit/format\n%s== "
				  "%s/kvm_entry/format\n%s%s## end\n",
	    dir, exit, dir, entry, user_file);
	const char *event;
	struct root *root;
	int error;

	assert_int_equal(root_open_archive(archive, strlen(archive), &root), 0);
	error = exit_layout_read(root, ret, &event);
	root_close(root);
	free(archive);
	free(user_file);
	return error;
}

static void put32(unsigned char *raw, size_t at, uint32_t v)
{
	memcpy(raw + at, &v, sizeof(v));
}

static void test_records(void **state)
{
	unsigned char raw[32] = { 7 };
	struct exit_layout l;
	struct exit_event e;

	(void)state;
	assert_int_equal(read_layout(EXIT_X86, ENTRY, USER, &l), 0);
	put32(raw, 8, 0x72);
	put32(raw, 24, 2);
	assert_int_equal(exit_event_decode(&l, raw, sizeof(raw), &e), 0);
	assert_int_equal(e.kind, EXIT_EVENT_EXIT);
	assert_true(e.reason.isa == EXIT_SVM && e.reason.code == 0x72);
	assert_int_equal(exit_event_decode(&l, raw, 27, &e), -EINVAL);
	raw[0] = 8;
	assert_int_equal(exit_event_decode(&l, raw, 12, &e), 0);
	assert_int_equal(e.kind, EXIT_EVENT_ENTRY);
	raw[0] = 9;
	put32(raw, 8, 6);
	put32(raw, 12, 0);
	assert_int_equal(exit_event_decode(&l, raw, 16, &e), 0);
	assert_int_equal(e.kind, EXIT_EVENT_USER);
	assert_true(e.reason.isa == EXIT_TO_USER && e.reason.code == 6);
	raw[0] = 10;
	assert_int_equal(exit_event_decode(&l, raw, sizeof(raw), &e), -EINVAL);
	assert_int_equal(read_layout(EXIT_ARM64, ENTRY, NULL, &l), 0);
	raw[0] = 7;
	put32(raw, 8, 2);
	put32(raw, 12, 0x18);
	assert_int_equal(exit_event_decode(&l, raw, 16, &e), 0);
	assert_true(e.reason.isa == EXIT_ARM_TRAP && e.reason.code == 0x18);
}

static void test_layouts_that_make_no_sense(void **state)
{
	struct exit_layout l;

	(void)state;
	assert_int_equal(read_layout("ID: 7\n" TYPE, ENTRY, USER, &l), -ENOTSUP);
	assert_int_equal(read_layout("nonsense\n", ENTRY, USER, &l), -EINVAL);
	assert_int_equal(read_layout(EXIT_X86, "ID: x\n", USER, &l), -EINVAL);
	assert_int_equal(read_layout(EXIT_X86, ENTRY, "ID: 9\n" TYPE, &l), -ENOTSUP);
	assert_int_equal(read_layout("ID: 7\n" TYPE FIELD("u64", "exit_reason", 8, 8, 0)
					 FIELD("u32", "isa", 24, 4, 0),
			     ENTRY, USER, &l),
	    -ENOTSUP);
}

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

static struct exit_figures find(
    struct exit_tally *t, enum exit_level level, uint32_t id, struct exit_reason reason)
{
	struct exit_figures *figures, found = { 0 };
	size_t n = exit_tally_figures(t, &figures);

	for (size_t i = 0; i < n; i++)
		if (figures[i].level == level && figures[i].id == id &&
		    figures[i].reason.isa == reason.isa && figures[i].reason.code == reason.code)
			found = figures[i];
	free(figures);
	return found;
}

static void expect_about(double got, double want)
{
	if (!(fabs(got - want) <= 1e-6 + fabs(want) * 1e-6))
		fail_msg("%g instead of %g", got, want);
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
	f = find(t, EXIT_OF_THREAD, 101, CPUID);
	expect_about(f.rate, 2000);
	expect_about(f.mean, 10e-6);
	expect_about(f.min, 10e-6);
	expect_about(f.max, 10e-6);
	expect_about(f.p99, 10e-6);
	expect_about(f.time, 1e-3 / 50e-3);
	f = find(t, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 4000);
	expect_about(f.mean, 20e-6);
	expect_about(f.max, 30e-6);
	assert_true(f.p50 >= 10e-6 && f.p50 <= 13e-6);
	assert_true(f.p99 > 26e-6 && f.p99 <= 30e-6);
	f = find(t, EXIT_OF_HOST, 0, IO);
	expect_about(f.rate, 20);
	expect_about(f.mean, 5e-3);
	f = find(t, EXIT_OF_GUEST, 200, USER_IO);
	expect_about(f.mean, 4e-3);
	/* Cut off by the window's end: its time counts as far as it was seen. */
	f = find(t, EXIT_OF_HOST, 0, HLT);
	expect_about(f.rate, 20);
	assert_false(f.timed);
	expect_about(f.time, 10e-3 / 50e-3);
	assert_true(find(t, EXIT_OF_GUEST, 900, HLT).rate == 0);
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
	f = find(t, EXIT_OF_THREAD, 101, HLT);
	expect_about(f.rate, 20);
	expect_about(f.mean, 4e-3);
	expect_about(find(t, EXIT_OF_THREAD, 101, CPUID).mean, 20e-6);
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
	f = find(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 2000);
	expect_about(f.error, 2 * sqrt(1600) / 1600 + 2000 * 2e-9 * EXIT_RECORD_NS);
	exit_tally_clear(t);
	/* All or nothing: the windows tell little. */
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++)
		window_of(t, (1 + i) * 500 * MS, i % 2 ? 200 : 0);
	f = find(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 2000);
	assert_true(f.error > 0.4 && f.error < 0.7);
	exit_tally_clear(t);
	/* Counted: certain. */
	exit_tally_turn(t, 0, 20000 * MS);
	exit_tally_add(t, 101, CPUID, 500,
	    &(struct exit_times){ .timed = 100, .untimed = 400, .time_ns = 100 * US });
	end(t, 500 * MS, true);
	f = find(t, EXIT_OF_GUEST, 100, CPUID);
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
	assert_true(find(t, EXIT_OF_GUEST, 100, IO).scale == 0);
	for (uint64_t i = 1; i < 16; i += 3) {
		for (uint64_t j = i; j < i + 3; j++)
			mixed_window(t, j, 100);
		/* 100 of 50 ms are 1000 of 500 ms. */
		k = (struct exit_count){ .guest = 100, .exits = 3 * 1000 * 1.25 };
		exit_tally_scale(t, &k, 1);
		assert_true(k.taken);
	}
	f = find(t, EXIT_OF_GUEST, 100, CPUID);
	expect_about(f.rate, 1500 * 1.25);
	expect_about(f.scale, 1.25);
	expect_about(f.mean, 2e-6);
	/* The first window stood for itself only. */
	expect_about(f.total, (75 + 15 * 750) * 1.25);
	/* Of all its exits 3/4: a binomial. Neither chance of the whole nor slowness is left. */
	expect_about(f.error, 2 * sqrt(1200 * 0.25) / 1200);
	expect_about(find(t, EXIT_OF_THREAD, 101, IO).rate, 500 * 1.25);
	f = find(t, EXIT_OF_GUEST, 200, IO);
	expect_about(f.rate, 2000);
	assert_true(f.scale == 0);
	/* The host has what was scaled, and the rest as it was. */
	f = find(t, EXIT_OF_HOST, 0, CPUID);
	expect_about(f.rate, 1500 * 1.25);
	expect_about(f.error, 2 * sqrt(1200 * 0.25) / 1200);
	f = find(t, EXIT_OF_HOST, 0, IO);
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
	f = find(t, EXIT_OF_GUEST, 100, IO);
	/* 50 more or less in each of 16 windows, of 800. */
	expect_about(f.error, 2.1 * sqrt(16 * 2500 * 16.0 / 15) / 800);
	exit_tally_clear(t);
	/* One reason only is all that KVM counts, however it varies. */
	exit_tally_turn(t, 0, 20000 * MS);
	for (uint64_t i = 0; i < 16; i++)
		window_of(t, (1 + i) * 500 * MS, i % 2 ? 200 : 10);
	exit_tally_scale(t, &k, 1);
	expect_about(find(t, EXIT_OF_GUEST, 100, CPUID).error, 0);
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
	return find(t, EXIT_OF_GUEST, 100, IO).scale;
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
	cpuid = find(t, EXIT_OF_HOST, 0, CPUID);
	io = find(t, EXIT_OF_HOST, 0, IO);
	expect_about(cpuid.error_all, io.error_all);
	expect_about(cpuid.error_all, cpuid.error);
	expect_about(find(t, EXIT_OF_GUEST, 200, IO).error_all, io.error);
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
	expect_about(
	    find(t, EXIT_OF_GUEST, 100, CPUID).error - alone, 20000 * 2e-9 * EXIT_RECORD_NS);
	alone = 2 / sqrt(100);
	expect_about(
	    find(t, EXIT_OF_GUEST, 200, CPUID).error - alone, 2000 * 2e-9 * EXIT_RECORD_NS);
	alone = 2 / sqrt(1100);
	expect_about(find(t, EXIT_OF_HOST, 0, CPUID).error - alone, 20000 * 2e-9 * EXIT_RECORD_NS);
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
	assert_true(find(t, EXIT_OF_HOST, 0, CPUID).error >= 0.1);
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

		expect_about(find(t, EXIT_OF_HOST, 0, reason).rate, threads / 8 / 50e-3);
		expect_about(find(t, EXIT_OF_GUEST, 7, reason).rate, threads / 8 / 50e-3);
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
	f = find(t, EXIT_OF_THREAD, 101, HLT);
	expect_about(f.time, (40 + 3 * 50 + 20 + 1) / 250.0);
	expect_about(f.mean, 211e-3 / 2);
	assert_true(f.p50 > 0 && f.p50 <= 1e-3);
	assert_true(f.p99 == 0 && f.max == 0);
	f = find(t, EXIT_OF_THREAD, 102, HLT);
	expect_about(f.time, (10 + 1) / 250.0);
	expect_about(f.max, 1e-3);
	assert_true(f.p99 > 0);
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
	expect_about(find(t, EXIT_OF_HOST, 0, HLT).time, 40 / 100.0);
	exit_tally_free(t);
}

/* A guest of one vCPU, and what a host's capture notes of its exits. */
static enum state read_note(const char *note, struct reading *r)
{
	static const struct sampling options = { .interval_ns = NS_PER_SEC };
	char *archive = note ? xasprintf("kvmtop-host 1\n## 9 9\n== kvmtop/exits\n%s## end\n", note)
			     : xstrdup("kvmtop-host 1\n## 9 9\n## end\n");
	struct snapshot *latest = snapshot_new((struct moment){ .mono_ns = 9 });
	struct row *domain = snapshot_row(latest, TABLE_DOMAIN, key_process(100, 5));
	struct row *vcpu = snapshot_row(latest, TABLE_VCPU, key_of(domain->key, 77));
	struct root *root;
	enum state state;

	cell_set_number(vcpu, VCPU_TID, 101, 9);
	cell_set_number(vcpu, VCPU_NUMBER, 3, 9);
	snapshot_link(latest);
	assert_int_equal(root_open_archive(archive, strlen(archive), &root), 0);
	*r = (struct reading){ .state = exits_open(&options),
		.root = root,
		.options = &options,
		.latest = latest,
		.into = snapshot_new((struct moment){ .mono_ns = 9 }),
		.now_ns = 9 };
	state = exits_read(r);
	exits_close(r->state);
	root_close(root);
	snapshot_unref(latest);
	free(archive);
	return state;
}

static void test_captured(void **state)
{
	struct reading r;
	const struct row *row;

	(void)state;
	assert_int_equal(
	    read_note(
		"sampled 100000 0 0\n"
		"0 0 2 120 1000000 50000 500000000 1 500000 400000 900000 1000 2000000 60000\n"
		"1 100 2 120 1000000 50000 500000000 1 500000 400000 900000 1000 2000000 60000 "
		"1250000\n"
		"2 101 2 120 1000000 50000 500000000 0 0 0 0 0 0 60000\n"
		"1 555 2 120 1000000 50000 500000000 0 0 0 0 0 0 60000\n",
		&r),
	    STATE_OK);
	assert_int_equal(r.into->table[TABLE_HOST_EXIT].n, 1);
	row = r.into->table[TABLE_HOST_EXIT].row[0];
	assert_string_equal(cell_text(row, EXIT_REASON), "hlt");
	assert_string_equal(cell_text(row, EXIT_KIND), "idle");
	assert_string_equal(cell_text(row, EXIT_METHOD), "sampled");
	expect_about(cell_number(row, EXIT_COUNT, 0), 1000);
	expect_about(cell_number(row, EXIT_ERROR, 0), 0.05);
	expect_about(cell_number(row, EXIT_MEAN, 0), 500e-6);
	expect_about(cell_number(row, EXIT_TOTAL, 0), 60000);
	/* The guest that has ended meanwhile has none. */
	assert_int_equal(r.into->table[TABLE_EXIT].n, 1);
	assert_string_equal(cell_text(r.into->table[TABLE_EXIT].row[0], EXIT_METHOD), "scaled");
	assert_non_null(strstr(r.note, "Scaled to the exits that KVM counts"));
	row = r.into->table[TABLE_VCPU_EXIT].row[0];
	expect_about(cell_number(row, EXIT_VCPU, 0), 3);
	assert_false(cell_has(row, EXIT_MEAN));
	/* A tenth of the time, eight hundred exits seen a second, two records each. */
	expect_about(cell_number(r.into->table[TABLE_DOMAIN].row[0], DOMAIN_WATCH_COST, 0),
	    800 * 0.1 * 2 * EXIT_RECORD_NS / 1e9);
	snapshot_unref(r.into);
}

/* Counted with its time, as a note has it, where nothing says that times were left out. */
static void test_cost_of_counting(void **state)
{
	struct reading r;

	(void)state;
	assert_int_equal(
	    read_note("counted 1000000 0 0\n"
		      "1 100 2 120 100000000 0 500000000 1 500000 400000 1 1000 1 60000\n",
		&r),
	    STATE_OK);
	expect_about(cell_number(r.into->table[TABLE_DOMAIN].row[0], DOMAIN_WATCH_COST, 0), 0.052);
	snapshot_unref(r.into);
}

/* A time that is not known stands in no cell as a number, least of all as 0. */
static void test_longer_are_told(void **state)
{
	const struct row *row;
	struct reading r;

	(void)state;
	assert_int_equal(
	    read_note("sampled 100000 0 0\n"
		      "0 0 2 120 1000 50000 500000000 1 500000000 400000 0 1000 0 60000\n",
		&r),
	    STATE_OK);
	row = r.into->table[TABLE_HOST_EXIT].row[0];
	expect_about(cell_number(row, EXIT_P50, 0), 400e-6);
	assert_int_equal(row->cell[EXIT_P99].state, STATE_UNKNOWN);
	assert_int_equal(row->cell[EXIT_MAX].state, STATE_UNKNOWN);
	assert_non_null(strstr(r.note, "Some exits outlast 50 ms"));
	snapshot_unref(r.into);
}

/* "Others" of a kind are exits of that kind, and it is said how many. */
static void test_others(void **state)
{
	struct reading r;

	(void)state;
	assert_int_equal(read_note("counted 1000000 0 0\n"
				   "0 0 1 12 900000 0 0 0 0 0 0 0 0 0\n"
				   "0 0 1 2147483647 100000 0 0 0 0 0 0 0 0 0\n"
				   "0 0 5 2147483647 500000 0 0 0 0 0 0 0 0 0\n",
			     &r),
	    STATE_OK);
	assert_non_null(
	    strstr(r.note, "10.0 % of the exits are of reasons beyond the first 30 of a vCPU."));
	assert_string_equal(cell_text(r.into->table[TABLE_HOST_EXIT].row[2], EXIT_KIND), "user");
	snapshot_unref(r.into);
}

/* Below another hypervisor KVM may report no exits but those to user space, and no entries. */
static void test_no_exits_but_to_user_space(void **state)
{
	char *note = xasprintf("counted 1000000 0 0\n1 100 %d 2 5000 0 0 0 0 0 0 0 0 60\n"
			       "2 101 %d 2 5000 0 0 0 0 0 0 0 0 60\n",
	    EXIT_TO_USER, EXIT_TO_USER);
	const struct row *row;
	struct reading r;

	(void)state;
	assert_int_equal(read_note(note, &r), STATE_OK);
	assert_non_null(strstr(r.note, "This KVM reports no kvm_exit: "));
	assert_null(strstr(r.note, "Every exit is counted"));
	row = r.into->table[TABLE_EXIT].row[0];
	expect_about(cell_number(row, EXIT_COUNT, 0), 5);
	assert_int_equal(row->cell[EXIT_TIME].state, STATE_ABSENT);
	assert_int_equal(row->cell[EXIT_MEAN].state, STATE_ABSENT);
	snapshot_unref(r.into);
	free(note);
}

static void test_captured_damage(void **state)
{
	static const char *const bad[] = {
		"",
		"sampled\n",
		"sampled x 0 0\n",
		"sampled 1 2 3\n1 2 3\n",
		"sampled 1 2 3\n9 0 2 120 1 1 1 1 1 1 1 1 1 1\n",
		"sampled 1 2 3\n0 0 9 120 1 1 1 1 1 1 1 1 1 1\n",
		"sampled 1 2 3\n0 0 2 99999999999 1 1 1 1 1 1 1 1 1 1\n",
		"sampled 1 2 3\n0 0 2 120 1 1 1 2 1 1 1 1 1 1\n",
		"sampled 1 2 3\n0 0 2 120 -1 1 1 1 1 1 1 1 1 1\n",
	};
	struct reading r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_note(bad[i], &r), STATE_ABSENT);
		assert_true(r.partial && strstr(r.note, "damaged"));
		assert_int_equal(r.into->table[TABLE_HOST_EXIT].n, 0);
		snapshot_unref(r.into);
	}
	assert_int_equal(read_note(NULL, &r), STATE_ABSENT);
	assert_false(r.partial);
	snapshot_unref(r.into);
}

static void test_buckets(void **state)
{
	unsigned int before = 0;

	(void)state;
	for (uint64_t ns = 64; ns < 60ULL * NS_PER_SEC; ns += ns / 16) {
		unsigned int b = exit_bucket(ns);

		assert_true(b >= before && b < EXIT_BUCKETS);
		assert_true(ns >= exit_bucket_ns(b) && ns < exit_bucket_ns(b + 1));
		before = b;
	}
	assert_int_equal(exit_bucket(0), 0);
	assert_int_equal(exit_bucket(UINT64_MAX), EXIT_BUCKETS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reasons_of_fields),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_layouts_that_make_no_sense),
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
		cmocka_unit_test(test_loss_is_not_carried),
		cmocka_unit_test(test_captured),
		cmocka_unit_test(test_longer_are_told),
		cmocka_unit_test(test_cost_of_counting),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_no_exits_but_to_user_space),
		cmocka_unit_test(test_captured_damage),
		cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
