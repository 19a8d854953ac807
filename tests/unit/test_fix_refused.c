/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixes that are refused: what they were made for is no more, or they lead elsewhere. */
#include "tests/unit/a_host_to_fix.h"

/* Before anything is written. */
static void refuse_plan(struct a_site *a, struct plan *p, const char *why)
{
	struct fix f = fix_from(p);

	assert_false(fix_read(&f, &a->site));
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, why);
	fix_done(&f);
}

static void what_changed_behind_our_back_is_refused(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	struct journal *j;
	struct text why = { 0 };
	struct fix f;

	plan_swappiness(&p);
	put_file(a, "proc/sys/vm/swappiness", "30\n");
	refuse_plan(a, &p, "vm.swappiness: changed meanwhile, from 60 to 30");

	/* Between the preview and the key. */
	put_file(a, "proc/sys/vm/swappiness", "60\n");
	plan_swappiness(&p);
	f = fix_from(&p);
	assert_true(fix_read(&f, &a->site));
	put_file(a, "proc/sys/vm/swappiness", "100\n");
	assert_int_equal(journal_open(a->journal, &j, &why), 0);
	fix_apply(&f, &a->site, j);
	journal_close(j);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, "vm.swappiness: changed meanwhile, from 60 to 100");
	assert_file(a, "proc/sys/vm/swappiness", "100\n");
	fix_done(&f);
	text_done(&why);
}

static void undo_of_what_changed_since_is_refused(void **state)
{
	struct a_site *a = *state;
	struct fix f;

	apply_swappiness(a);
	put_file(a, "proc/sys/vm/swappiness", "30\n");
	undo(a, 0, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, "vm.swappiness: changed meanwhile, from 10 to 30");
	assert_file(a, "proc/sys/vm/swappiness", "30\n");
	fix_done(&f);
}

static void assert_records(struct a_site *a, size_t n)
{
	struct records h;

	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, n);
	records_done(&h);
}

/* It would be an entry in the journal that tells of nothing. */
static void what_stands_there_already_is_not_made(void **state)
{
	struct a_site *a = *state;
	struct plan p = { 0 };
	struct fix f;

	for (int i = 0; i < 2; i++)
		plan_add(&p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL,
		    i ? "vm.x = 2" : "vm.swappiness = 10");
	apply_plan(a, &p, ENDING_DONE);
	plan_add(&p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.x = 2");
	refuse_plan(a, &p, "it stands there already");
	assert_records(a, 1);

	/* One of two is something to do. */
	plan_add(&p, ACTION_SYSCTL, NULL, "vm.swappiness", NULL, "60");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", NULL, "0");
	apply_plan(a, &p, ENDING_DONE);
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	undo(a, 2, &f);
	assert_string_equal(f.why, "all is back already");
	assert_true(f.stands);
	ends(&f, ENDING_REFUSED);
	assert_records(a, 2);
}

static void refuse_guest(struct a_site *a, const char *stat, const char *why)
{
	struct plan p = { 0 };

	put_file(a, "proc/4242/stat", stat);
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", NULL, "1");
	refuse_plan(a, &p, why);
	assert_int_equal(fake.sets, 0);
}

static void another_process_is_another_guest(void **state)
{
	struct a_site *a = *state;

	refuse_guest(a, "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 778 0 0 0\n",
	    "process 4242 is another one now, not web1 as it was seen");
	refuse_guest(
	    a, "4242 (qemu) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n", "web1 has ended");
	refuse_guest(a, "4242 (qemu) T 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n",
	    "the process of web1 is stopped, and would not answer");
}

/* Its number may be that of another one by now. */
static void another_thread_is_not_bound(void **state)
{
	static const char worker[] =
	    "99 (vhost-4242) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 900 0 0 0\n";
	struct a_site *a = *state;
	struct plan p = { 0 };

	put_file(
	    a, "proc/4242/stat", "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n");
	put_file(a, "proc/99/stat",
	    "99 (vhost-4243) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 900 0 0 0\n");
	plan_add(&p, ACTION_AFFINITY, the_guest("web1"), "99", NULL, "1");
	refuse_plan(a, &p, "thread 99 is none of web1");
	put_file(
	    a, "proc/99/stat", "99 (vhost-4242) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 1 0 0 0\n");
	plan_add(&p, ACTION_AFFINITY, the_guest("web1"), "99", NULL, "1");
	refuse_plan(a, &p, "thread 99 is none of web1");
	put_file(a, "proc/99/stat", worker);
	plan_add(&p, ACTION_AFFINITY, the_guest("web1"), "99", NULL, "1");
	apply_plan(a, &p, ENDING_DONE);
	put_file(a, "proc/4242/task/98/stat", worker);
	plan_add(&p, ACTION_AFFINITY, the_guest("web1"), "98", NULL, "2");
	apply_plan(a, &p, ENDING_DONE);
}

static void undo_knows_the_guest_too(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	struct fix f;

	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", NULL, "1");
	apply_plan(a, &p, ENDING_DONE);
	put_file(
	    a, "proc/4242/stat", "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 999 0 0 0\n");
	undo(a, 0, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(fake_text(ACTION_PIN_VCPU, "0", false), "1");
	fix_done(&f);
}

static void links_lead_nowhere(void **state)
{
	static const struct {
		enum action_kind kind;
		const char *target, *value;
	} bad[] = {
		{ ACTION_WRITE, "sys/out", "1" },
		{ ACTION_WRITE, "sys/dir/victim", "1" },
		{ ACTION_WRITE, "sys/../victim", "1" },
		{ ACTION_WRITE, "etc/passwd", "1" },
		{ ACTION_SYSCTL, "../../victim", "1" },
		{ ACTION_DROP_IN, "etc/kvmtop.d/kvmtop.conf", "x" },
		{ ACTION_DROP_IN, "etc/passwd", "x" },
		{ ACTION_MODULE, "-f", "" },
		{ ACTION_MODULE, "../x", "" },
		{ ACTION_WRITE, "sys/kernel/mm/ksm/run", "1\n2" },
	};
	struct a_site *a = *state;
	char *victim, *link;

	victim = xasprintf("%s/victim", a->directory);
	link = xasprintf("%s/sys/out", a->tree);
	put_file(a, "../victim", "0\n");
	put_file(a, "etc/kvmtop.d/x", "");
	assert_int_equal(symlink(victim, link), 0);
	free(link);
	link = xasprintf("%s/sys/dir", a->tree);
	assert_int_equal(symlink(a->directory, link), 0);
	free(link);
	link = xasprintf("%s/etc/kvmtop.d/kvmtop.conf", a->tree);
	assert_int_equal(symlink(victim, link), 0);
	free(link);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct plan p = { 0 };

		plan_add(&p, bad[i].kind, NULL, bad[i].target, NULL, bad[i].value);
		apply_plan(a, &p, ENDING_REFUSED);
	}
	link = file_text(a->directory, "victim");
	assert_string_equal(link, "0\n");
	free(link);
	free(victim);
}

static void what_the_kernel_lets_nobody_write_is_refused_before(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	struct text out = { 0 };
	struct fix f;
	char *path;

	path = xasprintf("%s/sys/kernel/mm/ksm/run", a->tree);
	assert_int_equal(chmod(path, 0444), 0);
	free(path);
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "0");
	f = fix_from(&p);
	assert_false(fix_read(&f, &a->site));
	assert_non_null(strstr(f.why, "takes nothing written"));
	fix_commands(&f, &out);
	assert_string_equal(out.p, "echo 0 > /sys/kernel/mm/ksm/run\n");
	text_done(&out);
	fix_done(&f);
}

/* What libvirt says is another's text, and is asked for every time. */
static void words_of_libvirt_come_out_clean(void **state)
{
	struct plan p = { 0 };

	plan_add(&p, ACTION_SCHEDULER, the_guest("web1"), "nosuch", NULL, "1");
	refuse_plan(
	    *state, &p, "nosuch of web1: libvirt: no such \\x1B[31mthing\\x0Aof \\u{202E}yours");
}

/* As a libvirtd answers who is not in its group. */
static int open_to_look(const char *uri, bool readonly, struct virt **ret, char *error)
{
	if (readonly)
		return fake_open(uri, readonly, ret, error);
	snprintf(error, VIRT_ERROR_SIZE, "Failed to connect socket: Permission\tdenied");
	return -EACCES;
}

/* Then there is still the command to be told, and a preview. */
static void who_may_only_look_changes_nothing(void **state)
{
	struct virt_ops ops = fake_ops;
	struct a_site *a = *state;
	struct text out = { 0 };
	struct plan p = { 0 };
	struct fix f;

	ops.open = open_to_look;
	a->site.ops = &ops;
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", "0-7", "1");
	f = fix_from(&p);
	assert_false(fix_read(&f, &a->site));
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why,
	    "CPUs of vCPU 0 of web1: libvirt: Failed to connect socket: Permission\\x09denied");
	assert_false(f.stands);
	fix_commands(&f, &out);
	assert_string_equal(out.p, "virsh vcpupin --domain web1 --vcpu 0 --cpulist 1 --live\n");
	fix_done(&f);
	assert_int_equal(fake.sets, 0);

	a->site.readonly = true;
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", "0-7", "1");
	f = fix_from(&p);
	assert_true(fix_read(&f, &a->site));
	assert_int_equal(fake.sets, 0);
	fix_done(&f);
	text_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_host(what_changed_behind_our_back_is_refused),
		on_host(undo_of_what_changed_since_is_refused),
		on_host(what_stands_there_already_is_not_made),
		on_host(another_process_is_another_guest),
		on_host(another_thread_is_not_bound),
		on_host(undo_knows_the_guest_too),
		on_host(links_lead_nowhere),
		on_host(what_the_kernel_lets_nobody_write_is_refused_before),
		on_host(words_of_libvirt_come_out_clean),
		on_host(who_may_only_look_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
