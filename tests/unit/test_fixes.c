/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fixes go: applied, undone, refused, rolled back, cut off. */
#include "tests/unit/a_site.h"

#include <json-c/json.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define XML                                                       \
	"<domain type='kvm'>\n  <name>web1</name>\n  <devices>\n" \
	"    <disk type='file' device='disk'>\n"                  \
	"      <driver name='qemu' type='raw'/>\n"                \
	"      <target dev='vda' bus='virtio'/>\n    </disk>\n"   \
	"    <memballoon model='virtio'/>\n  </devices>\n</domain>"

/* ---- pages of the guest ---- */

#define PAGES 8u
#define PAGES_AT 0x7f0000000000ULL

static int page_node[PAGES];
static struct a_site *pages_site;
static unsigned stop_after; /* pages; 0: never */
static char affinity[32];

static void write_numa_maps(void)
{
	unsigned count[2] = { 0, 0 };
	char line[256];

	for (unsigned i = 0; i < PAGES; i++)
		count[page_node[i]]++;
	snprintf(line, sizeof(line),
	    "7f0000000000 default anon=8 dirty=8 N0=%u N1=%u kernelpagesize_kB=4\n"
	    "7f1000000000 default file=/usr/lib/libc.so mapped=9 N1=9 kernelpagesize_kB=4\n",
	    count[0], count[1]);
	put_file(pages_site, "proc/4242/numa_maps", line);
}

static int fake_move(pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	(void)pid;
	for (size_t i = 0; i < n; i++) {
		size_t k = ((uintptr_t)page[i] - PAGES_AT) / 4096;

		/* A library that others use, too, stays where it is. */
		if (!shared) {
			status[i] = 1;
			continue;
		}
		assert_true(k < PAGES);
		if (node)
			page_node[k] = node[i];
		status[i] = page_node[k];
	}
	if (node) {
		write_numa_maps();
		pages_site->progress.stop |= stop_after && n >= stop_after;
	}
	return 0;
}

static int fake_get_affinity(pid_t tid, struct cpuset *ret)
{
	(void)tid;
	return cpuset_parse_list(ret, affinity);
}

static int fake_set_affinity(pid_t tid, const struct cpuset *cpus)
{
	(void)tid;
	cpuset_format(cpus, affinity, sizeof(affinity));
	return 0;
}

static int fake_load_module(const char *name, bool load)
{
	char *path = xasprintf("%s/sys/module/%s/refcnt", pages_site->tree, name);

	if (load) {
		put_file(pages_site, path + strlen(pages_site->tree) + 1, "0\n");
	} else {
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	free(path);
	return 0;
}

static const struct site_calls fake_calls = {
	.get_affinity = fake_get_affinity,
	.set_affinity = fake_set_affinity,
	.move_pages = fake_move,
	.load_module = fake_load_module,
};

static void host_init(struct a_site *a)
{
	a_site_init(a);
	a->site.calls = &fake_calls;
	pages_site = a;
	stop_after = 0;
	strcpy(affinity, "0-3");
	for (unsigned i = 0; i < PAGES; i++)
		page_node[i] = i < 6;
	put_file(a, "proc/sys/vm/swappiness", "60\n");
	put_file(a, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	put_file(a, "sys/kernel/mm/ksm/pages_shared", "0\n");
	put_file(a, "sys/kernel/mm/ksm/merge_across_nodes", "1\n");
	put_file(
	    a, "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "16\n");
	put_file(a, "sys/module/kvm/refcnt", "1\n");
	put_file(a, "etc/sysctl.d/10-other.conf", "vm.swappiness = 60\n");
	put_file(a, "proc/4242/maps",
	    "7f0000000000-7f0000008000 rw-p 00000000 00:00 0\n"
	    "7f1000000000-7f1000009000 r--p 00000000 08:01 77 /usr/lib/libc.so\n");
	write_numa_maps();
	fake_put(ACTION_PIN_VCPU, "0", false, "0-7");
	fake_put(ACTION_PIN_VCPU, "1", false, "0-7");
	fake_put(ACTION_PIN_EMULATOR, "", false, "0-7");
	fake_put(ACTION_NUMATUNE, "nodeset", false, "0-1");
	fake_put(ACTION_MEMORY_LIMIT, "hard_limit", false, "9007199254740991");
	fake_put(ACTION_SCHEDULER, "cpu_shares", false, "1024");
	fake_put(ACTION_BLKIO, "weight", false, "500");
	fake_put(ACTION_BLOCK_IOTUNE, "vda total_iops_sec", false, "0");
	fake_put(ACTION_NODE_MEMORY, "shm_pages_to_scan", false, "100");
	fake_put(ACTION_BALLOON, "", false, "1048576");
	fake_put(ACTION_VCPUS, "current", false, "4");
	fake_put(ACTION_DEFINE, "", true, XML);
}

/* All that can be written down of the host. */
static char *host_text(const struct a_site *a)
{
	struct text out = { 0 };
	char *tree = tree_text(a);

	print_text(&out, tree);
	free(tree);
	for (size_t i = 0; i < fake.n; i++)
		print_format(&out, "%s\n", fake.value[i].text);
	print_format(&out, "%s\n", affinity);
	for (unsigned i = 0; i < PAGES; i++)
		print_format(&out, "%d", page_node[i]);
	return out.p;
}

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
	{ ACTION_MODULE, false, "vhost-net", NULL, "" },
	{ ACTION_DROP_IN, false, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.swappiness = 10" },
	{ ACTION_AFFINITY, false, "4243", "0,1,2,3", "2" },
	{ ACTION_PIN_VCPU, true, "1", "0-7", "4,5" },
	{ ACTION_PIN_EMULATOR, true, "", "0-7", "3" },
	{ ACTION_NUMATUNE, true, "nodeset", "0,1", "1" },
	{ ACTION_MIGRATE_PAGES, true, "1", NULL, "0" },
	{ ACTION_MEMORY_LIMIT, true, "hard_limit", "unlimited", "2097152" },
	{ ACTION_SCHEDULER, true, "cpu_shares", NULL, "2048" },
	{ ACTION_BLKIO, true, "weight", NULL, "800" },
	{ ACTION_BLOCK_IOTUNE, true, "vda total_iops_sec", "0", "1000" },
	{ ACTION_NODE_MEMORY, false, "shm_pages_to_scan", NULL, "200" },
	{ ACTION_BALLOON, true, "", "1048576", "524288" },
	{ ACTION_VCPUS, true, "current", "4", "2" },
	{ ACTION_DEFINE, true, "devices/disk[target/@dev='vda']/driver", NULL,
	    "<driver name='qemu' type='raw' cache='none'/>" },
};

static void every_kind_is_applied_and_undone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		const struct one *one = &ones[i];
		struct plan p = { 0 };
		struct a_site a;
		char *before, *between, *after;

		host_init(&a);
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

static struct json_object *line_of(const struct a_site *a, int number)
{
	char *text = file_text(a->journal, "journal.jsonl"), *line = text;
	struct json_object *o;

	while (number-- > 0) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	*strchrnul(line, '\n') = '\0';
	o = json_tokener_parse(line);
	assert_non_null(o);
	free(text);
	return o;
}

static void assert_says(struct json_object *o, const char *name, const char *text)
{
	struct json_object *v;

	assert_true(json_object_object_get_ex(o, name, &v));
	assert_string_equal(json_object_get_string(v), text);
}

static void plan_swappiness(struct plan *p)
{
	plan_title(p, "set vm.swappiness to 10");
	plan_add(p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
}

static void journal_tells_old_new_who_and_result(void **state)
{
	struct json_object *o, *steps, *step;
	struct plan p = { 0 };
	struct a_site a;
	struct stat st;
	char *path, uid[16];

	(void)state;
	setenv("SUDO_USER", "ann", 1);
	host_init(&a);
	plan_swappiness(&p);
	apply_plan(&a, &p, ENDING_DONE);
	unsetenv("SUDO_USER");
	assert_file(&a, "proc/sys/vm/swappiness", "10\n");

	o = line_of(&a, 0);
	assert_says(o, "entry", "intent");
	assert_says(o, "id", "1");
	assert_says(o, "rule", "a-rule");
	assert_says(o, "sudo_user", "ann");
	snprintf(uid, sizeof(uid), "%u", getuid());
	assert_says(o, "uid", uid);
	assert_true(json_object_object_get_ex(o, "steps", &steps));
	step = json_object_array_get_idx(steps, 0);
	assert_says(step, "kind", "sysctl");
	assert_says(step, "old", "60\n");
	assert_says(step, "new", "10");
	json_object_put(o);
	o = line_of(&a, 1);
	assert_says(o, "entry", "step");
	assert_says(o, "result", "done");
	assert_says(o, "left", "10\n");
	json_object_put(o);
	o = line_of(&a, 2);
	assert_says(o, "entry", "over");
	assert_says(o, "result", "done");
	json_object_put(o);

	path = xasprintf("%s/journal.jsonl", a.journal);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	free(path);
	a_site_done(&a);
}

/* Nothing is left over in the definition: not even a pin to all CPUs, which says the same. */
static void what_is_saved_is_undone_as_a_whole(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	char *before, *after;

	(void)state;
	host_init(&a);
	before = host_text(&a);
	plan_add(&p, ACTION_NUMATUNE, the_guest("web1"), "nodeset", NULL, "0")->saved = true;
	plan_add(&p, ACTION_NUMATUNE, the_guest("web1"), "mode", NULL, "preferred")->saved = true;
	plan_add(&p, ACTION_DEFINE, the_guest("web1"), "devices/memballoon", NULL,
	    "<memballoon model='none'/>");
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", "", "1,0")->saved = true;
	apply_plan(&a, &p, ENDING_DONE);
	after = host_text(&a);
	assert_non_null(strstr(after, "<!--pin-vcpu 0=0-1-->"));
	assert_non_null(strstr(after, "model=\"none\""));
	free(after);
	undo_all(&a, ENDING_DONE);
	after = host_text(&a);
	assert_string_equal(before, after);
	free(before);
	free(after);
	a_site_done(&a);
}

static void undo_can_be_undone(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct fix f;
	struct records h;

	(void)state;
	host_init(&a);
	plan_swappiness(&p);
	apply_plan(&a, &p, ENDING_DONE);
	undo_all(&a, ENDING_DONE);
	assert_file(&a, "proc/sys/vm/swappiness", "60\n");
	undo(&a, 1, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	fix_done(&f);
	undo(&a, 2, &f);
	assert_int_equal(f.ending, ENDING_DONE);
	fix_done(&f);
	assert_file(&a, "proc/sys/vm/swappiness", "10\n");
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(records_last(&h)->fix.id, 1);
	records_done(&h);
	a_site_done(&a);
}

/* ---- refused ---- */

static void what_changed_behind_our_back_is_refused(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct journal *j;
	struct text why = { 0 };
	struct fix f;

	(void)state;
	host_init(&a);
	plan_swappiness(&p);
	put_file(&a, "proc/sys/vm/swappiness", "30\n");
	f = fix_from(&p);
	assert_false(fix_read(&f, &a.site));
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, "vm.swappiness: changed meanwhile, from 60 to 30");
	fix_done(&f);

	/* Between the preview and the key. */
	put_file(&a, "proc/sys/vm/swappiness", "60\n");
	plan_swappiness(&p);
	f = fix_from(&p);
	assert_true(fix_read(&f, &a.site));
	put_file(&a, "proc/sys/vm/swappiness", "100\n");
	assert_int_equal(journal_open(a.journal, &j, &why), 0);
	fix_apply(&f, &a.site, j);
	journal_close(j);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, "vm.swappiness: changed meanwhile, from 60 to 100");
	assert_file(&a, "proc/sys/vm/swappiness", "100\n");
	fix_done(&f);
	text_done(&why);
	a_site_done(&a);
}

static void undo_of_what_changed_since_is_refused(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct fix f;

	(void)state;
	host_init(&a);
	plan_swappiness(&p);
	apply_plan(&a, &p, ENDING_DONE);
	put_file(&a, "proc/sys/vm/swappiness", "30\n");
	undo(&a, 0, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, "vm.swappiness: changed meanwhile, from 10 to 30");
	assert_file(&a, "proc/sys/vm/swappiness", "30\n");
	fix_done(&f);
	a_site_done(&a);
}

static void refuse_guest(struct a_site *a, const char *stat, const char *why)
{
	struct plan p = { 0 };
	struct fix f;

	put_file(a, "proc/4242/stat", stat);
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", NULL, "1");
	f = fix_from(&p);
	assert_false(fix_read(&f, &a->site));
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(f.why, why);
	assert_int_equal(fake.sets, 0);
	fix_done(&f);
}

static void another_process_is_another_guest(void **state)
{
	struct a_site a;

	(void)state;
	host_init(&a);
	refuse_guest(&a, "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 778 0 0 0\n",
	    "process 4242 is another one now, not web1 as it was seen");
	refuse_guest(&a, "4242 (qemu) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n",
	    "web1 has ended");
	refuse_guest(&a, "4242 (qemu) T 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n",
	    "the process of web1 is stopped, and would not answer");
	a_site_done(&a);
}

static void undo_knows_the_guest_too(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct fix f;

	(void)state;
	host_init(&a);
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", NULL, "1");
	apply_plan(&a, &p, ENDING_DONE);
	put_file(&a, "proc/4242/stat",
	    "4242 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 999 0 0 0\n");
	undo(&a, 0, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_string_equal(fake_text(ACTION_PIN_VCPU, "0", false), "1");
	fix_done(&f);
	a_site_done(&a);
}

static void no_journal_no_fix(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct journal *j;
	struct text why = { 0 };
	char *path;
	struct fix f;

	(void)state;
	host_init(&a);
	path = xasprintf("%s/state", a.directory);
	assert_int_equal(symlink("/tmp", path), 0);
	unlink(path);
	/* A file where the directory should be. */
	put_file(&a, "../state", "x");
	assert_true(journal_open(a.journal, &j, &why) < 0);
	assert_true(why.len > 0);
	unlink(path);
	free(path);

	/* No room for a line: it is not there even in part, and nothing is written. */
	plan_swappiness(&p);
	f = fix_from(&p);
	assert_true(fix_read(&f, &a.site));
	why.len = 0;
	assert_int_equal(journal_open(a.journal, &j, &why), 0);
	{
		struct rlimit old, none = { 10, 10 };

		signal(SIGXFSZ, SIG_IGN);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		none.rlim_max = old.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		fix_apply(&f, &a.site, j);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	}
	journal_close(j);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_file(&a, "proc/sys/vm/swappiness", "60\n");
	path = file_text(a.journal, "journal.jsonl");
	assert_string_equal(path, "");
	free(path);
	fix_done(&f);
	text_done(&why);
	a_site_done(&a);
}

static void only_one_at_a_time(void **state)
{
	struct a_site a;
	struct journal *j, *other;
	struct text why = { 0 };
	char who[64];

	(void)state;
	host_init(&a);
	assert_int_equal(journal_open(a.journal, &j, &why), 0);
	assert_int_equal(journal_open(a.journal, &other, &why), -EBUSY);
	snprintf(who, sizeof(who), "process %d of", getpid());
	assert_non_null(strstr(why.p, "another kvmtop is fixing something"));
	assert_non_null(strstr(why.p, who));
	journal_close(j);
	assert_int_equal(journal_open(a.journal, &j, &why), 0);
	journal_close(j);
	text_done(&why);
	a_site_done(&a);
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
	struct a_site a;
	struct records h;
	char *before, *after;

	(void)state;
	host_init(&a);
	before = host_text(&a);
	fake.fails = ACTION_PIN_VCPU;
	a_plan_of_three(&p);
	apply_plan(&a, &p, ENDING_BACK);
	after = host_text(&a);
	assert_string_equal(before, after);
	free(before);
	free(after);
	assert_int_equal(fake.sets, 1);
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(h.record[0].fix.ending, ENDING_BACK);
	assert_int_equal(h.record[0].fix.step[0].result, RESULT_BACK);
	assert_int_equal(h.record[0].fix.step[1].result, RESULT_FAILED);
	assert_int_equal(h.record[0].fix.step[2].result, RESULT_NONE);
	assert_non_null(strstr(h.record[0].fix.why, "CPUs of vCPU 0 of web1: libvirt: it fails"));
	assert_null(records_last(&h));
	records_done(&h);
	a_site_done(&a);
}

static void success_that_changed_nothing_is_a_failure(void **state)
{
	struct plan p = { 0 };
	struct a_site a;

	(void)state;
	host_init(&a);
	fake.denies = ACTION_PIN_EMULATOR;
	a_plan_of_three(&p);
	apply_plan(&a, &p, ENDING_BACK);
	assert_file(&a, "proc/sys/vm/swappiness", "60\n");
	assert_string_equal(fake_text(ACTION_PIN_VCPU, "0", false), "0-7");
	a_site_done(&a);
}

static void who_never_answers_is_not_waited_for(void **state)
{
	struct plan p = { 0 };
	struct a_site a;

	(void)state;
	host_init(&a);
	a.site.patience_ns = 50 * NS_PER_MS;
	fake.hangs = true;
	a_plan_of_three(&p);
	apply_plan(&a, &p, ENDING_UNKNOWN);
	/* What is sure was put back. */
	assert_file(&a, "proc/sys/vm/swappiness", "60\n");
	pthread_mutex_lock(&fake.lock);
	fake.hangs = false;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
	a_site_done(&a);
}

/* ---- cut off ---- */

static int die_in_set(struct virt *v, const struct virt_place *p, const char *value, char *error)
{
	if (p->kind == ACTION_PIN_EMULATOR)
		raise(SIGKILL);
	return fake_set(v, p, value, error);
}

/* The child's libvirt is the parent's no more: only files are seen by both. */
static void die_in_the_third(struct a_site *a, const char *third)
{
	struct plan p = { 0 };
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct virt_ops ops = fake_ops;

		ops.set = die_in_set;
		a->site.ops = &ops;
		plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
		plan_add(&p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
		plan_add(&p, ACTION_PIN_EMULATOR, the_guest("web1"), "", "0-7", third);
		plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", NULL, "1");
		apply_plan(a, &p, ENDING_DONE);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void what_was_cut_off_is_found_and_undone(void **state)
{
	struct a_site a;
	struct records h;
	char *before, *after;

	(void)state;
	host_init(&a);
	before = host_text(&a);
	die_in_the_third(&a, "2");
	assert_file(&a, "sys/kernel/mm/ksm/run", "2\n");
	assert_file(&a, "proc/sys/vm/swappiness", "10\n");
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.record[0].fix.ending, ENDING_NONE);
	assert_int_equal(records_last(&h)->fix.id, 1);
	records_done(&h);
	undo_all(&a, ENDING_DONE);
	after = host_text(&a);
	assert_string_equal(before, after);
	free(before);
	free(after);
	a_site_done(&a);
}

static void a_torn_line_costs_no_other(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct records h;
	char *path;
	FILE *f;

	(void)state;
	host_init(&a);
	plan_swappiness(&p);
	apply_plan(&a, &p, ENDING_DONE);
	path = xasprintf("%s/journal.jsonl", a.journal);
	f = fopen(path, "a");
	fputs("{\"entry\":\"intent\",\"id\":2,\"ti", f);
	fclose(f);
	free(path);
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.damaged, 1);
	records_done(&h);
	undo_all(&a, ENDING_DONE);
	assert_file(&a, "proc/sys/vm/swappiness", "60\n");
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.damaged, 1);
	assert_int_equal(h.record[0].undone_by, h.record[1].fix.id);
	records_done(&h);
	a_site_done(&a);
}

static void hostile_journals_do_no_harm(void **state)
{
	static const char *const lines[] = {
		"null",
		"[]",
		"{}",
		"{\"entry\":7,\"id\":1}",
		"{\"entry\":\"step\",\"id\":9}",
		"{\"entry\":\"intent\",\"id\":3,\"steps\":{}}",
		("{\"entry\":\"intent\",\"id\":3,\"steps\":"
		 "[{\"kind\":\"shell\",\"target\":\"x\",\"new\":\"y\"}]}"),
		"{\"entry\":\"intent\",\"id\":3,\"steps\":[7]}",
	};
	struct a_site a;
	struct records h;
	struct fix f;
	char *path;
	FILE *file;

	(void)state;
	host_init(&a);
	put_file(&a, "../state/journal/x", "");
	path = xasprintf("%s/journal.jsonl", a.journal);
	file = fopen(path, "w");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fprintf(file, "%s\n", lines[i]);
	/* Somebody would like to write elsewhere. */
	fprintf(file, "{\"entry\":\"intent\",\"id\":4,\"steps\":[{\"kind\":\"write\","
		      "\"target\":\"sys/../etc/passwd\",\"new\":\"y\",\"old\":\"x\"}]}\n");
	fclose(file);
	free(path);
	assert_int_equal(journal_read(a.journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.damaged, 8);
	records_done(&h);
	undo(&a, 4, &f);
	assert_int_equal(f.ending, ENDING_REFUSED);
	fix_done(&f);
	a_site_done(&a);
}

/* ---- slow ones ---- */

static void a_step_that_changes_the_same_again(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	char *before, *after;

	(void)state;
	host_init(&a);
	before = host_text(&a);
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
	plan_add(&p, ACTION_AWAIT, NULL, "sys/kernel/mm/ksm/pages_shared", NULL, "0");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/merge_across_nodes", "1", "0");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "0");
	apply_plan(&a, &p, ENDING_DONE);
	assert_file(&a, "sys/kernel/mm/ksm/run", "0\n");
	undo_all(&a, ENDING_DONE);
	after = host_text(&a);
	assert_string_equal(before, after);
	free(before);
	free(after);
	a_site_done(&a);
}

static void what_does_not_come_is_not_awaited_for_ever(void **state)
{
	struct plan p = { 0 };
	struct a_site a;

	(void)state;
	host_init(&a);
	a.site.await_ns = 10 * NS_PER_MS;
	put_file(&a, "sys/kernel/mm/ksm/pages_shared", "5\n");
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
	plan_add(&p, ACTION_AWAIT, NULL, "sys/kernel/mm/ksm/pages_shared", NULL, "0");
	apply_plan(&a, &p, ENDING_BACK);
	assert_file(&a, "sys/kernel/mm/ksm/run", "1\n");
	a_site_done(&a);
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

/* ---- files of ours ---- */

static void a_drop_in_keeps_its_other_lines(void **state)
{
	struct plan p = { 0 };
	struct a_site a;

	(void)state;
	host_init(&a);
	put_file(&a, "etc/sysctl.d/90-kvmtop.conf", "# mine\nvm.swappiness=33\nkernel.x = 1");
	plan_add(
	    &p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.swappiness = 10");
	plan_add(&p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.x = 2");
	apply_plan(&a, &p, ENDING_DONE);
	assert_file(&a, "etc/sysctl.d/90-kvmtop.conf",
	    "# mine\nvm.swappiness = 10\nkernel.x = 1\nvm.x = 2\n");
	undo_all(&a, ENDING_DONE);
	assert_file(&a, "etc/sysctl.d/90-kvmtop.conf", "# mine\nvm.swappiness=33\nkernel.x = 1");
	a_site_done(&a);
}

static void links_lead_nowhere(void **state)
{
	static const struct one bad[] = {
		{ ACTION_WRITE, false, "sys/out", NULL, "1" },
		{ ACTION_WRITE, false, "sys/dir/victim", NULL, "1" },
		{ ACTION_WRITE, false, "sys/../victim", NULL, "1" },
		{ ACTION_WRITE, false, "etc/passwd", NULL, "1" },
		{ ACTION_SYSCTL, false, "../../victim", NULL, "1" },
		{ ACTION_DROP_IN, false, "etc/kvmtop.d/kvmtop.conf", NULL, "x" },
		{ ACTION_DROP_IN, false, "etc/passwd", NULL, "x" },
		{ ACTION_MODULE, false, "-f", NULL, "" },
		{ ACTION_MODULE, false, "../x", NULL, "" },
		{ ACTION_WRITE, false, "sys/kernel/mm/ksm/run", NULL, "1\n2" },
	};
	struct a_site a;
	char *victim, *link;

	(void)state;
	host_init(&a);
	victim = xasprintf("%s/victim", a.directory);
	link = xasprintf("%s/sys/out", a.tree);
	put_file(&a, "../victim", "0\n");
	put_file(&a, "etc/kvmtop.d/x", "");
	assert_int_equal(symlink(victim, link), 0);
	free(link);
	link = xasprintf("%s/sys/dir", a.tree);
	assert_int_equal(symlink(a.directory, link), 0);
	free(link);
	link = xasprintf("%s/etc/kvmtop.d/kvmtop.conf", a.tree);
	assert_int_equal(symlink(victim, link), 0);
	free(link);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct plan p = { 0 };

		plan_add(&p, bad[i].kind, NULL, bad[i].target, NULL, bad[i].value);
		apply_plan(&a, &p, ENDING_REFUSED);
	}
	link = file_text(a.directory, "victim");
	assert_string_equal(link, "0\n");
	free(link);
	free(victim);
	a_site_done(&a);
}

static void what_the_kernel_lets_nobody_write_is_refused_before(void **state)
{
	struct plan p = { 0 };
	struct a_site a;
	struct fix f;
	char *path;

	(void)state;
	host_init(&a);
	path = xasprintf("%s/sys/kernel/mm/ksm/run", a.tree);
	assert_int_equal(chmod(path, 0444), 0);
	free(path);
	plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "0");
	f = fix_from(&p);
	assert_false(fix_read(&f, &a.site));
	assert_non_null(strstr(f.why, "takes nothing written"));
	fix_done(&f);
	a_site_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_applied_and_undone),
		cmocka_unit_test(journal_tells_old_new_who_and_result),
		cmocka_unit_test(what_is_saved_is_undone_as_a_whole),
		cmocka_unit_test(undo_can_be_undone),
		cmocka_unit_test(what_changed_behind_our_back_is_refused),
		cmocka_unit_test(undo_of_what_changed_since_is_refused),
		cmocka_unit_test(another_process_is_another_guest),
		cmocka_unit_test(undo_knows_the_guest_too),
		cmocka_unit_test(no_journal_no_fix),
		cmocka_unit_test(only_one_at_a_time),
		cmocka_unit_test(when_one_fails_those_before_are_put_back),
		cmocka_unit_test(success_that_changed_nothing_is_a_failure),
		cmocka_unit_test(who_never_answers_is_not_waited_for),
		cmocka_unit_test(what_was_cut_off_is_found_and_undone),
		cmocka_unit_test(a_torn_line_costs_no_other),
		cmocka_unit_test(hostile_journals_do_no_harm),
		cmocka_unit_test(a_step_that_changes_the_same_again),
		cmocka_unit_test(what_does_not_come_is_not_awaited_for_ever),
		cmocka_unit_test(moving_pages_tells_how_far_it_is_and_stops),
		cmocka_unit_test(a_drop_in_keeps_its_other_lines),
		cmocka_unit_test(links_lead_nowhere),
		cmocka_unit_test(what_the_kernel_lets_nobody_write_is_refused_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
