/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What records of exits say, and what of it stands in the tables. */
#include <errno.h>
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
#include "collectors/exits_rows.h"
#include "tests/unit/exit_figures.h"

#define HLT ((struct exit_reason){ EXIT_SVM, 0x78 })
#define CPUID ((struct exit_reason){ EXIT_SVM, 0x72 })
#define IO ((struct exit_reason){ EXIT_SVM, 0x7b })

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
	assert_int_equal(row->cell[EXIT_TIME].state, STATE_UNKNOWN);
	assert_int_equal(row->cell[EXIT_MEAN].state, STATE_UNKNOWN);
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
