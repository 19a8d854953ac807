/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fixes go: applied, undone, and put back where one step fails. */
#include "tests/unit/a_host_to_fix.h"

/* ---- applied and undone ---- */

struct one {
	enum action_kind kind;
	bool of_guest;
	const char *target, *expected, *value;
};

static const struct one ones[] = {
	{ ACTION_WRITE, false, "sys/kernel/mm/transparent_hugepage/enabled", "never", "madvise" },
	{ ACTION_SYSCTL, false, "vm.swappiness", "60", "10" },
	{ ACTION_HUGE_POOL, false, "node0 2048", "16", "64" },
	{ ACTION_MODULE, false, "vhost_net", NULL, "loaded" },
	{ ACTION_DROP_IN, false, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.swappiness = 10" },
	{ ACTION_AFFINITY, false, "4243", "0,1,2,3", "2" },
	{ ACTION_PIN_VCPU, true, "1", "0-7", "4,5" },
	{ ACTION_PIN_EMULATOR, true, "", "0-7", "3" },
	{ ACTION_PIN_IOTHREAD, true, "1", "0-7", "3" },
	{ ACTION_NUMATUNE, true, "nodeset", "0,1", "1" },
	{ ACTION_MIGRATE_PAGES, true, "1", NULL, "0" },
	{ ACTION_MEMORY_LIMIT, true, "hard_limit", "unlimited", "2097152" },
	{ ACTION_SCHEDULER, true, "cpu_shares", NULL, "2048" },
	{ ACTION_BLKIO, true, "weight", NULL, "800" },
	{ ACTION_BLOCK_IOTUNE, true, "vda total_iops_sec", "0", "1000" },
	{ ACTION_NODE_MEMORY, false, "shm_pages_to_scan", NULL, "200" },
	{ ACTION_BALLOON, true, "", "1048576", "524288" },
	{ ACTION_STATS_PERIOD, true, "", "0", "5" },
	{ ACTION_VCPUS, true, "current", "4", "2" },
	{ ACTION_DEFINE, true, "devices/disk[target/@dev='vda']/driver", NULL,
	    "<driver name='qemu' type='raw' cache='none'/>" },
};

/* But waiting, which changes nothing. */
static void each_kind_is_among_them(void **state)
{
	(void)state;
	for (enum action_kind kind = 0; kind < ACTION_KINDS; kind++) {
		bool found = kind == ACTION_AWAIT;

		for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
			found |= ones[i].kind == kind;
		if (!found)
			print_message("%s is not tried\n", action_kind_name(kind));
		assert_true(found);
	}
}

static void every_kind_is_applied_and_undone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		const struct one *one = &ones[i];
		struct plan p = { 0 };
		struct a_site a;
		char *before, *between, *after;

		host_init(&a);
		fake_put(ACTION_PIN_IOTHREAD, "1", false, "0-7");
		fake_put(ACTION_DEFINE, "", false,
		    "<domain><devices><memballoon model=\"virtio\"/></devices></domain>");
		before = host_text(&a);
		plan_add(&p, one->kind, one->of_guest ? the_guest("web1") : NULL, one->target,
		    one->expected, one->value);
		apply_plan(&a, &p, ENDING_DONE);
		between = host_text(&a);
		assert_string_not_equal(before, between);
		undo_all(&a, ENDING_DONE);
		after = host_text(&a);
		/* Which pages go back is nobody's concern, only how many. */
		if (one->kind == ACTION_MIGRATE_PAGES)
			after[strlen(after) - PAGES] = before[strlen(before) - PAGES] = '\0';
		assert_string_equal(before, after);
		free(before);
		free(between);
		free(after);
		a_site_done(&a);
	}
}

/* Nothing is left over in the definition: not even a pin to all CPUs, which says the same. */
static void what_is_saved_is_undone_as_a_whole(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	char *before, *after;

	before = host_text(a);
	plan_add(&p, ACTION_NUMATUNE, the_guest("web1"), "nodeset", NULL, "0")->saved = true;
	plan_add(&p, ACTION_NUMATUNE, the_guest("web1"), "mode", NULL, "preferred")->saved = true;
	plan_add(&p, ACTION_DEFINE, the_guest("web1"), "devices/memballoon", NULL,
	    "<memballoon model='none'/>");
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", "", "1,0")->saved = true;
	apply_plan(a, &p, ENDING_DONE);
	after = host_text(a);
	assert_non_null(strstr(after, "<!--pin-vcpu 0=0-1-->"));
	assert_non_null(strstr(after, "model=\"none\""));
	free(after);
	undo_all(a, ENDING_DONE);
	assert_host(a, before);
}

static void undo_can_be_undone(void **state)
{
	struct a_site *a = *state;
	struct records h;

	apply_swappiness(a);
	undo_all(a, ENDING_DONE);
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	undo_ends(a, 1, ENDING_REFUSED);
	undo_ends(a, 2, ENDING_DONE);
	assert_file(a, "proc/sys/vm/swappiness", "10\n");
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(records_last(&h)->fix.id, 1);
	records_done(&h);
}

static void a_drop_in_keeps_its_other_lines(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;

	put_file(a, "etc/sysctl.d/90-kvmtop.conf", "# mine\nvm.swappiness=33\nkernel.x = 1");
	plan_add(
	    &p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.swappiness = 10");
	plan_add(&p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.x = 2");
	apply_plan(a, &p, ENDING_DONE);
	assert_file(a, "etc/sysctl.d/90-kvmtop.conf",
	    "# mine\nvm.swappiness = 10\nkernel.x = 1\nvm.x = 2\n");
	undo_all(a, ENDING_DONE);
	assert_file(a, "etc/sysctl.d/90-kvmtop.conf", "# mine\nvm.swappiness=33\nkernel.x = 1");
}

/* The line for the shell that an administrator is given, and what is shown as old. */
static void the_way_back_is_what_the_kernel_takes(void **state)
{
	const char *const path = "sys/kernel/mm/transparent_hugepage/enabled";
	struct a_site *a = *state;
	struct plan p = { 0 };
	struct text out = { 0 };
	struct fix f;

	plan_add(&p, ACTION_WRITE, NULL, path, "never", "madvise");
	f = fix_from(&p);
	assert_true(fix_read(&f, &a->site));
	fix_step_values(&f, 0, &out);
	print_text(&out, "\n");
	fix_undo_commands(&f, &out);
	assert_string_equal(out.p, "never -> madvise\n"
				   "echo never > /sys/kernel/mm/transparent_hugepage/enabled\n");
	text_done(&out);
	fix_done(&f);
}

/* ---- slow ones ---- */

static void a_step_that_changes_the_same_again(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	char *before;

	before = host_text(a);
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
	plan_add(&p, ACTION_AWAIT, NULL, "sys/kernel/mm/ksm/pages_shared", NULL, "0");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/merge_across_nodes", "1", "0");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "0");
	apply_plan(a, &p, ENDING_DONE);
	assert_file(a, "sys/kernel/mm/ksm/run", "0\n");
	undo_all(a, ENDING_DONE);
	assert_host(a, before);
}

static void what_does_not_come_is_not_awaited_for_ever(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;

	a->site.await_ns = 10 * NS_PER_MS;
	put_file(a, "sys/kernel/mm/ksm/pages_shared", "5\n");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
	plan_add(&p, ACTION_AWAIT, NULL, "sys/kernel/mm/ksm/pages_shared", NULL, "0");
	apply_plan(a, &p, ENDING_BACK);
	assert_file(a, "sys/kernel/mm/ksm/run", "1\n");
}

static void moving_pages_tells_how_far_it_is_and_stops(void **state)
{
	struct plan p = { 0 };
	struct a_site a;

	(void)state;
	host_init(&a);
	plan_add(&p, ACTION_MIGRATE_PAGES, the_guest("web1"), "all", NULL, "0");
	apply_plan(&a, &p, ENDING_DONE);
	assert_int_equal(a.progress.total, 6 * 4096);
	assert_int_equal(a.progress.done, 6 * 4096);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(page_node[i], 0);
	a_site_done(&a);

	host_init(&a);
	a.progress.stop = true;
	plan_add(&p, ACTION_MIGRATE_PAGES, the_guest("web1"), "all", NULL, "0");
	apply_plan(&a, &p, ENDING_REFUSED);
	assert_int_equal(page_node[0], 1);
	a_site_done(&a);
}

/* Three pages, each as large as a slice of the work. */
#define BIG ((uint64_t)16 << 20)
#define BIGS 3

static int big_node[BIGS], slices, stop_after;
static uint64_t total_expected;
static uint64_t done_before[BIGS]; /* of each slice: what was said to be done */
static struct a_site *big_site;

static void write_big_maps(void)
{
	struct text text = { 0 };
	unsigned count[2] = { 0 };

	for (unsigned i = 0; i < BIGS; i++)
		count[big_node[i]]++;
	print_text(&text, "7f0000000000 default anon=3 dirty=3");
	for (unsigned node = 0; node < 2; node++)
		if (count[node])
			print_format(&text, " N%u=%u", node, count[node]);
	print_text(&text, " kernelpagesize_kB=16384\n");
	put_file(big_site, "proc/4242/numa_maps", text.p);
	text_done(&text);
}

/* Somebody presses Esc while a slice is on its way: that one comes to its end. */
static int move_big(pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	(void)pid;
	(void)shared;
	assert_int_equal(n, 1);
	if (node) {
		assert_true(slices < BIGS);
		assert_int_equal(big_site->progress.total, total_expected);
		done_before[slices++] = big_site->progress.done;
		big_site->progress.stop = slices == stop_after;
		big_node[((uintptr_t)page[0] - PAGES_AT) / BIG] = node[0];
	}
	status[0] = big_node[((uintptr_t)page[0] - PAGES_AT) / BIG];
	write_big_maps();
	return 0;
}

static void move_all_big(struct a_site *a, int stop, struct fix *ret)
{
	static struct site_calls calls;
	struct plan p = { 0 };

	calls = fake_calls;
	calls.move_pages = move_big;
	a->site.calls = &calls;
	big_site = a;
	slices = 0;
	stop_after = stop;
	total_expected = BIGS * BIG;
	for (unsigned i = 0; i < BIGS; i++)
		big_node[i] = 1;
	write_big_maps();
	put_file(a, "proc/4242/maps", "7f0000000000-7f0003000000 rw-p 00000000 00:00 0\n");
	plan_add(&p, ACTION_MIGRATE_PAGES, the_guest("web1"), "all", NULL, "0");
	*ret = fix_from(&p);
	apply(a, ret);
}

static void moving_tells_how_far_it_is_slice_by_slice(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	move_all_big(a, 0, &f);
	/* What its effect is told by. */
	assert_string_equal(f.step[0].left, "0:49152");
	ends(&f, ENDING_DONE);
	assert_int_equal(slices, 3);
	for (unsigned i = 0; i < BIGS; i++)
		assert_int_equal(done_before[i], i * BIG);
	assert_int_equal(a->progress.done, BIGS * BIG);
}

static void what_is_stopped_half_way_stays_and_goes_back(void **state)
{
	struct a_site *a = *state;
	struct records h;
	struct fix f;

	move_all_big(a, 1, &f);
	assert_int_equal(slices, 1);
	assert_int_equal(a->progress.done, BIG);
	assert_true(strstr(f.why, "16.0 MiB moved, 32.0 MiB stayed: stopped"));
	ends(&f, ENDING_PART);
	assert_int_equal(big_node[0] + big_node[1] + big_node[2], 2);
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.record[0].fix.ending, ENDING_PART);
	assert_int_equal(h.record[0].fix.step[0].result, RESULT_PART);
	assert_string_equal(h.record[0].fix.step[0].old, "1:49152");
	assert_true(record_can_undo(&h.record[0]));
	records_done(&h);
	/* Whoever undoes it begins anew, and there is but one page to move. */
	a->progress.stop = false;
	slices = stop_after = 0;
	total_expected = BIG;
	undo_all(a, ENDING_DONE);
	assert_int_equal(slices, 1);
	for (unsigned i = 0; i < BIGS; i++)
		assert_int_equal(big_node[i], 1);
}

/* ---- transparent huge pages ---- */

#define SMALL 4096UL
#define IN_A_HUGE_ONE 512
#define SMALLS (128 * IN_A_HUGE_ONE)

static int small_node[SMALLS];

static void count_smalls(unsigned count[4])
{
	memset(count, 0, 4 * sizeof(*count));
	for (unsigned i = 0; i < SMALLS; i++)
		count[small_node[i]]++;
}

static void write_small_maps(void)
{
	struct text text = { 0 };
	unsigned count[4];

	count_smalls(count);
	print_format(&text, "7f0000000000 default anon=%u dirty=%u", SMALLS, SMALLS);
	for (unsigned node = 0; node < 4; node++)
		if (count[node])
			print_format(&text, " N%u=%u", node, count[node]);
	print_text(&text, " kernelpagesize_kB=4\n");
	put_file(big_site, "proc/4242/numa_maps", text.p);
	text_done(&text);
}

/* Each takes all that it is a part of along. */
static int move_huge(pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	(void)pid;
	(void)shared;
	for (size_t i = 0; i < n && node; i++) {
		size_t k = ((uintptr_t)page[i] - PAGES_AT) / SMALL;

		k -= k % IN_A_HUGE_ONE;
		for (size_t part = 0; part < IN_A_HUGE_ONE; part++)
			small_node[k + part] = node[i];
	}
	for (size_t i = 0; i < n; i++)
		status[i] = small_node[((uintptr_t)page[i] - PAGES_AT) / SMALL];
	write_small_maps();
	return 0;
}

/* What is left over for one node bounces to the next, time and again: it has left all the same. */
static void huge_pages_go_back_as_many_as_came(void **state)
{
	static struct site_calls calls;
	struct a_site *a = *state;
	unsigned before[4], after[4];
	struct plan p = { 0 };
	struct fix f;

	calls = fake_calls;
	calls.move_pages = move_huge;
	a->site.calls = &calls;
	big_site = a;
	for (unsigned i = 0; i < SMALLS; i++)
		small_node[i] = i < 2500 ? 0 : i < 3800 ? 1 : i < 33800 ? 2 : 3;
	count_smalls(before);
	write_small_maps();
	put_file(a, "proc/4242/maps", "7f0000000000-7f0010000000 rw-p 00000000 00:00 0\n");
	plan_add(&p, ACTION_MIGRATE_PAGES, the_guest("web1"), "all", NULL, "3");
	f = fix_from(&p);
	apply(a, &f);
	ends(&f, ENDING_DONE);
	count_smalls(after);
	assert_int_equal(after[3], SMALLS);
	undo_all(a, ENDING_DONE);
	count_smalls(after);
	for (unsigned node = 0; node < 4; node++)
		assert_in_range(after[node] + 2 * IN_A_HUGE_ONE, before[node],
		    before[node] + 4 * IN_A_HUGE_ONE);
}

/* ---- failed ---- */

static void a_plan_of_three(struct plan *p)
{
	plan_add(p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
	plan_add(p, ACTION_PIN_VCPU, the_guest("web1"), "0", "0-7", "1");
	plan_add(p, ACTION_PIN_EMULATOR, the_guest("web1"), "", "0-7", "2");
}

static void when_one_fails_those_before_are_put_back(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	struct records h;
	char *before;

	before = host_text(a);
	fake.fails = ACTION_PIN_VCPU;
	a_plan_of_three(&p);
	apply_plan(a, &p, ENDING_BACK);
	assert_host(a, before);
	assert_int_equal(fake.sets, 1);
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.record[0].fix.ending, ENDING_BACK);
	assert_int_equal(h.record[0].fix.step[0].result, RESULT_BACK);
	assert_int_equal(h.record[0].fix.step[1].result, RESULT_FAILED);
	assert_int_equal(h.record[0].fix.step[2].result, RESULT_NONE);
	assert_non_null(strstr(h.record[0].fix.why, "CPUs of vCPU 0 of web1: libvirt: it fails"));
	assert_null(records_last(&h));
	records_done(&h);
}

static void success_that_changed_nothing_is_a_failure(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;

	fake.denies = ACTION_PIN_EMULATOR;
	a_plan_of_three(&p);
	apply_plan(a, &p, ENDING_BACK);
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	assert_string_equal(fake_text(ACTION_PIN_VCPU, "0", false), "0-7");
}

static void who_never_answers_is_not_waited_for(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;

	a->site.patience_ns = NS_PER_SEC; /* on a loaded machine, too, others answer within it */
	fake.hangs = true;
	a_plan_of_three(&p);
	apply_plan(a, &p, ENDING_UNKNOWN);
	/* What is sure was put back. */
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	pthread_mutex_lock(&fake.lock);
	fake.hangs = false;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_among_them),
		cmocka_unit_test(every_kind_is_applied_and_undone),
		on_host(what_is_saved_is_undone_as_a_whole),
		on_host(undo_can_be_undone),
		on_host(the_way_back_is_what_the_kernel_takes),
		on_host(a_step_that_changes_the_same_again),
		on_host(what_does_not_come_is_not_awaited_for_ever),
		cmocka_unit_test(moving_pages_tells_how_far_it_is_and_stops),
		on_host(moving_tells_how_far_it_is_slice_by_slice),
		on_host(what_is_stopped_half_way_stays_and_goes_back),
		on_host(huge_pages_go_back_as_many_as_came),
		on_host(a_drop_in_keeps_its_other_lines),
		on_host(when_one_fails_those_before_are_put_back),
		on_host(success_that_changed_nothing_is_a_failure),
		on_host(who_never_answers_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
