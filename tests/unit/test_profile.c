/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile's samples, the guest's files that name them, and the report. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/perf_ring.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "cli/profile.h"
#include "profile/explain.h"
#include "profile/guest_files.h"
#include "profile/kallsyms.h"
#include "profile/namer.h"
#include "profile/recorder.h"
#include "profile/report.h"
#include "tests/unit/a_kallsyms.h"

/* ---- samples ---- */

struct sample {
	uint64_t ip;
	uint32_t pid, tid, cpu, unused;
	uint64_t period;
};

static void take(struct tally *tally, uint16_t misc, uint32_t tid, uint64_t ip, size_t size)
{
	struct sample sample = { .ip = ip, .pid = 1, .tid = tid, .period = 1000 };
	struct perf_record record = { .type = PERF_RECORD_SAMPLE,
		.misc = misc,
		.body = (const unsigned char *)&sample,
		.len = size };

	recorder_take(tally, &record);
}

static void test_modes(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	take(&tally, PERF_RECORD_MISC_GUEST_KERNEL, 7, 0x1000, sizeof(struct sample));
	take(&tally, PERF_RECORD_MISC_GUEST_KERNEL, 7, 0x1000, sizeof(struct sample));
	take(&tally, PERF_RECORD_MISC_GUEST_USER, 7, 0x1000, sizeof(struct sample));
	take(&tally, PERF_RECORD_MISC_KERNEL, 7, 0x1000, sizeof(struct sample));
	take(&tally, PERF_RECORD_MISC_USER, 8, 0x1000, sizeof(struct sample));
	take(&tally, PERF_RECORD_MISC_HYPERVISOR, 8, 0x1000, sizeof(struct sample));
	/* One that is cut short is none. */
	take(&tally, PERF_RECORD_MISC_USER, 8, 0x1000, sizeof(struct sample) - 8);
	assert_int_equal(tally.samples, 6);
	assert_int_equal(tally.used, 5);
	assert_int_equal(tally.mode_samples[CPU_GUEST_KERNEL], 2);
	assert_int_equal(tally.mode_weight[CPU_GUEST_KERNEL], 2000);
	assert_int_equal(tally.mode_samples[CPU_GUEST_USER], 1);
	assert_int_equal(tally.mode_samples[CPU_HOST_KERNEL], 1);
	assert_int_equal(tally.mode_samples[CPU_HOST_USER], 1);
	assert_int_equal(tally.mode_samples[CPU_OTHER], 1);
	tally_done(&tally);
}

static void test_tally_grows(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 20000; i++)
			tally_add(&tally, CPU_HOST_USER, (uint32_t)i % 3, i * 64, 1);
	assert_int_equal(tally.samples, 40000);
	assert_int_equal(tally.used, 20000);
	assert_true(tally.size >= 40000);
	for (size_t i = 0; i < tally.size; i++)
		assert_true(tally.spot[i].samples == 0 || tally.spot[i].samples == 2);
	tally_done(&tally);
}

/* ---- the report ---- */

struct line {
	enum cpu_mode mode;
	const char *thread, *object, *symbol;
	uint64_t ip, weight; /* hundredths of a percent of 7000 cycles */
};

/* The example in the guides to `perf kvm report`: who has which part of 7K cycles. */
static const struct line guide[] = {
	{ CPU_GUEST_USER, "vi", "vi", NULL, 0x48287, 9506 },
	{ CPU_HOST_KERNEL, "init", "[kernel.kallsyms]", "intel_idle", 0, 61 },
	{ CPU_HOST_USER, "vi", "libc-2.12.so", "_wordcopy_fwd_aligned", 0, 36 },
	{ CPU_HOST_USER, "vi", "libc-2.12.so", "__strlen_sse42", 0, 32 },
	{ CPU_HOST_KERNEL, "swapper", "[kernel.kallsyms]", "intel_idle", 0, 14 },
	{ CPU_HOST_KERNEL, "init", "[kernel.kallsyms]", "uhci_irq", 0, 13 },
	{ CPU_HOST_KERNEL, "perf", "[kernel.kallsyms]", "generic_exec_single", 0, 11 },
	{ CPU_HOST_KERNEL, "init", "[kernel.kallsyms]", "tg_shares_up", 0, 11 },
	{ CPU_HOST_KERNEL, "qemu-kvm", "[kernel.kallsyms]", "tg_shares_up", 0, 10 },
};

#define GUIDE (sizeof(guide) / sizeof(guide[0]))

/* Two halves of each line, so that there is something to put together, and the rest of the whole in
 * crumbs that no table shows. */
static struct report *make_guide(void)
{
	struct report *r = report_new("rhel6", 1234);
	uint64_t rest = 10000;

	r->by_cycles = true;
	r->seconds = r->wanted_seconds = 10;
	r->hertz = 997;
	for (int half = 0; half < 2; half++)
		for (size_t i = 0; i < GUIDE; i++) {
			report_add(r, guide[i].mode, guide[i].thread, guide[i].object,
			    guide[i].symbol, guide[i].ip, 35, 350 * guide[i].weight);
			rest -= half ? guide[i].weight : 0;
		}
	for (uint64_t i = 0; i < rest; i++)
		report_add(r, CPU_GUEST_USER, "vi", "vi", NULL, 0x50000 + i, 1, 700);
	report_finish(r);
	return r;
}

static void test_guide(void **state)
{
	struct report *r = make_guide();
	double sum = 0;

	(void)state;
	assert_int_equal(r->weight, 7000000);
	assert_int_equal(r->rows, GUIDE + 306);
	for (size_t i = 0; i < GUIDE; i++) {
		assert_true(r->row[i].weight == 700 * guide[i].weight);
		assert_int_equal(r->row[i].samples, 70);
		sum += r->row[i].share;
	}
	assert_true(sum > 0.96939 && sum < 0.96941);
	assert_string_equal(r->row[0].object, "vi");
	assert_string_equal(r->row[0].symbol, "0x48287");
	assert_string_equal(r->row[1].symbol, "intel_idle");
	assert_string_equal(r->row[1].thread, "init");
	assert_string_equal(r->row[8].thread, "qemu-kvm");
	assert_true(r->mode_share[CPU_GUEST_USER] > 0.98);
	report_free(r);
}

static void test_printed(void **state)
{
	struct report *r = make_guide();
	struct text text = { 0 };

	(void)state;
	report_note(r, "Something is missing.");
	profile_print(r, &text);
	assert_non_null(strstr(text.p, "# rhel6 (process 1234): 936 samples in 10.0 s, by cycles"));
	assert_non_null(strstr(text.p, "# Something is missing.\n"));
	assert_non_null(strstr(
	    text.p, "  95.06%        70  vi               vi                    [u] 0x48287\n"));
	assert_non_null(strstr(
	    text.p, "   0.61%        70  init             [kernel.kallsyms]     [k] intel_idle\n"));
	assert_non_null(strstr(text.p, "[.] __strlen_sse42\n"));
	assert_non_null(strstr(text.p, "# 306 more, each below 0.05 %: 3.06 %\n"));
	text.len = 0;
	profile_print_csv(r, &text);
	assert_non_null(
	    strstr(text.p, "share_ratio,samples,mode,thread,object,symbol\n"
			   "0.9506,70,guest user,vi,vi,0x48287\n"
			   "0.0061,70,host kernel,init,[kernel.kallsyms],intel_idle\n"));
	text_done(&text);
	report_free(r);
}

static void test_foreign_names(void **state)
{
	struct report *r = report_new("evil\x1b[2J", 1);
	struct text text = { 0 };

	(void)state;
	report_add(r, CPU_GUEST_KERNEL, "a\nb", "o\x1b]0;x\x07", "s,\"\xff", 0, 1, 1);
	report_finish(r);
	profile_print(r, &text);
	profile_print_csv(r, &text);
	assert_null(strchr(text.p, '\x1b'));
	assert_null(strchr(text.p, '\x07'));
	assert_null(strchr(text.p, '\xff'));
	assert_non_null(strstr(text.p, "\"s,\"\"\\xFF\""));
	text_done(&text);
	report_free(r);
}

/* ---- files of the guest ---- */

struct place {
	char directory[64];
	char *kallsyms, *modules;
};

static void write_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup_place(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	snprintf(p->directory, sizeof(p->directory), "/tmp/kvmtop-test.XXXXXX");
	if (!mkdtemp(p->directory))
		return -1;
	p->kallsyms = xasprintf("%s/kallsyms", p->directory);
	p->modules = xasprintf("%s/modules", p->directory);
	*state = p;
	return 0;
}

static int teardown_place(void **state)
{
	struct place *p = *state;

	unlink(p->kallsyms);
	unlink(p->modules);
	rmdir(p->directory);
	free(p->kallsyms);
	free(p->modules);
	free(p);
	return 0;
}

static void expect_state(
    const struct place *p, int64_t started_ns, enum files_state state, const char *says)
{
	struct guest_files files = { .kallsyms = p->kallsyms, .started_ns = started_ns };
	struct guest_symbols g = { 0 };
	struct text commands = { 0 };

	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, state);
	if (says)
		assert_non_null(strstr(g.problem.p, says));
	else
		assert_int_equal(g.problem.len, 0);
	guest_symbols_commands(&g, &commands);
	assert_non_null(strstr(commands.p, "mkdir -p -m 700 /tmp/kvmtop-test."));
	assert_non_null(strstr(commands.p, "ssh root@GUEST cat /proc/kallsyms >/tmp/kvmtop-test."));
	assert_non_null(strstr(commands.p, "/modules\n"));
	text_done(&commands);
	guest_symbols_done(&g);
}

static void test_files(void **state)
{
	const struct place *p = *state;

	expect_state(p, 0, FILES_MISSING, "is missing");
	write_file(p->kallsyms, "");
	expect_state(p, 0, FILES_EMPTY, "is empty. In the guest");
	write_file(p->kallsyms, "0000000000000000 T a\n0000000000000000 t b\n");
	expect_state(p, 0, FILES_ZEROED, "kernel.kptr_restrict");
	write_file(p->kallsyms, "Permission denied\n");
	expect_state(p, 0, FILES_WRONG, "is no kallsyms file");
	write_file(p->kallsyms, kallsyms);
	expect_state(p, 0, FILES_OK, NULL);
	expect_state(p, 1, FILES_OK, NULL);
	expect_state(p, INT64_MAX, FILES_STALE, "is older than the guest");
}

static void test_files_that_hang(void **state)
{
	const struct place *p = *state;

	/* A FIFO that nobody writes to makes nobody wait. */
	assert_int_equal(mkfifo(p->kallsyms, 0600), 0);
	expect_state(p, 0, FILES_WRONG, "is no kallsyms file");
}

static void test_no_uuid(void **state)
{
	struct guest_files files = { .uuid = "../../etc" };
	struct guest_symbols g = { 0 };

	(void)state;
	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, FILES_UNKNOWN);
	assert_non_null(strstr(g.problem.p, "--guest-kallsyms"));
	guest_symbols_done(&g);
	assert_null(guest_files_directory("../../etc"));
	assert_null(guest_files_directory(""));
	assert_null(guest_files_directory(NULL));
}

static void test_quoted_commands(void **state)
{
	struct guest_symbols g = { .kallsyms_path = (char *)(uintptr_t) "/a b/it's/kallsyms" };
	struct text commands = { 0 };

	(void)state;
	guest_symbols_commands(&g, &commands);
	assert_non_null(strstr(commands.p, "mkdir -p -m 700 '/a b/it'\\''s'\n"));
	text_done(&commands);
}

/* What the user named is what the commands make, wherever that is. */
static void test_commands_for_named_files(void **state)
{
	static const struct {
		const char *kallsyms, *modules, *commands;
	} cases[] = {
		{ "/none", NULL,
		    "ssh root@GUEST cat /proc/kallsyms >/none\n"
		    "ssh root@GUEST cat /proc/modules >/modules\n" },
		{ "none", "/m",
		    "ssh root@GUEST cat /proc/kallsyms >none\n"
		    "ssh root@GUEST cat /proc/modules >/m\n" },
		{ "/none/of it", NULL,
		    "mkdir -p -m 700 /none\n"
		    "ssh root@GUEST cat /proc/kallsyms >'/none/of it'\n"
		    "ssh root@GUEST cat /proc/modules >/none/modules\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct guest_files files = { .kallsyms = cases[i].kallsyms,
			.modules = cases[i].modules };
		struct guest_symbols g = { 0 };
		struct text commands = { 0 };

		guest_symbols_load(&g, &files);
		assert_int_equal(g.state, FILES_MISSING);
		guest_symbols_commands(&g, &commands);
		assert_string_equal(commands.p, cases[i].commands);
		text_done(&commands);
		guest_symbols_done(&g);
	}
}

/* Not named, they may be missing; named, they are meant. */
static void test_modules_that_were_named(void **state)
{
	const struct place *p = *state;
	struct guest_files files = { .kallsyms = p->kallsyms };
	struct guest_symbols g = { 0 };

	write_file(p->kallsyms, kallsyms);
	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, FILES_OK);
	guest_symbols_done(&g);
	files.modules = p->modules;
	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, FILES_MISSING);
	assert_non_null(strstr(g.problem.p, "/modules is missing"));
	guest_symbols_done(&g);
	/* A kernel without modules. */
	write_file(p->modules, "");
	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, FILES_OK);
	guest_symbols_done(&g);
	write_file(p->modules, "no such thing\n");
	guest_symbols_load(&g, &files);
	assert_int_equal(g.state, FILES_WRONG);
	assert_non_null(strstr(g.problem.p, "is no modules file"));
	guest_symbols_done(&g);
}

/* ---- explanations ---- */

static bool says(const struct report *r, const char *words)
{
	for (size_t i = 0; i < r->notes.n; i++)
		if (strstr(r->notes.name[i], words))
			return true;
	return false;
}

static void test_explained(void **state)
{
	struct recorder_facts facts = { .lost = 1, .left_out = 2, .left_error = -EMFILE };
	struct guest_symbols symbols = { 0 };
	struct kallsyms_facts read;
	struct tally tally = { 0 };
	struct profiled p = { .facts = &facts, .tally = &tally, .symbols = &symbols };
	struct report *r = report_new("g", 1);

	(void)state;
	for (int i = 0; i < 99; i++)
		tally_add(&tally, CPU_HOST_KERNEL, 1, 0xffffffff81000000, 1);
	p.guest_ns = 3000000000;
	explain_profile(r, &p);
	assert_true(says(r, "no hardware PMU"));
	assert_true(says(r, "The guest ran for 3.0 s, but no sample tells where"));
	assert_true(says(r, "1 samples were lost (1.0 %)"));
	assert_true(says(r, "2 threads could not be sampled: there are too many"));
	report_free(r);

	p.guest_ns = 0;
	p.is_emulated = true;
	r = report_new("g", 1);
	explain_profile(r, &p);
	assert_true(says(r, "QEMU emulates this guest"));
	assert_false(says(r, "hardly ran"));
	p.is_emulated = false;
	report_free(r);

	/* Symbols of another boot: the guest's samples lie where none of them is. */
	assert_int_equal(kallsyms_parse(&symbols.kernel, kallsyms, sizeof(kallsyms) - 1, &read), 0);
	symbols_sort(&symbols.kernel);
	for (int i = 0; i < 99; i++)
		tally_add(&tally, CPU_GUEST_KERNEL, 1, 0xffffffff9a000000, 1);
	r = report_new("g", 1);
	explain_profile(r, &p);
	assert_false(says(r, "no sample tells where"));
	assert_true(says(r, "100 % of its samples lie outside of them, so they are stale"));
	assert_int_equal(r->commands.n, 3);
	report_free(r);
	guest_symbols_done(&symbols);
	tally_done(&tally);
}

/* A table may be given less room than it could have: what is in it stays whole. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_tally_grows),
		cmocka_unit_test(test_guide),
		cmocka_unit_test(test_printed),
		cmocka_unit_test(test_foreign_names),
		cmocka_unit_test_setup_teardown(test_files, setup_place, teardown_place),
		cmocka_unit_test_setup_teardown(test_files_that_hang, setup_place, teardown_place),
		cmocka_unit_test(test_no_uuid),
		cmocka_unit_test(test_commands_for_named_files),
		cmocka_unit_test_setup_teardown(
		    test_modules_that_were_named, setup_place, teardown_place),
		cmocka_unit_test(test_quoted_commands),
		cmocka_unit_test(test_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
