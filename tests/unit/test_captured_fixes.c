/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host as it really was, in files: what its findings propose is done to them and undone, one
 * after the other, and in the end no byte is another. The kernel's own shapes of files meet what
 * rules expect of them here, and pages lie where they lay.
 */
#include "tests/unit/a_site.h"

#include <sys/stat.h>

#include "advisor/advisor.h"
#include "base/archive.h"
#include "base/cpulist.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/slice.h"
#include "collectors/collector.h"
#include "collectors/sampler.h"
#include "fixes/define.h"

/* A kind of action, as one of a set. */
#define KIND(kind) (1u << ACTION_##kind)

static const struct host {
	const char *file;
	unsigned plans; /* at least */
	unsigned kinds; /* that must be among them */
} hosts[] = {
	{ "bad.host", 12,
	    KIND(WRITE) | KIND(SYSCTL) | KIND(PIN_VCPU) | KIND(PIN_EMULATOR) | KIND(MIGRATE_PAGES) |
		KIND(MEMORY_LIMIT) | KIND(STATS_PERIOD) },
	{ "short-memory.host", 2, KIND(WRITE) | KIND(SYSCTL) },
	{ "small-pool.host", 1, KIND(WRITE) },
	{ "eight-nodes-misaligned.host", 4, KIND(AFFINITY) | KIND(MIGRATE_PAGES) },
};

/* ---- its files ---- */

static char *host_archive(const char *host, size_t *ret_len)
{
	char *text = file_text(KVMTOP_TEST_HOSTS, host);

	*ret_len = strlen(text);
	assert_true(*ret_len > 0);
	return text;
}

struct unpacking {
	const struct a_site *site;
	const struct archive *archive;
	size_t sample;
	const char *directory;
};

static void unpack_one(void *ctx, const char *name, size_t len, bool is_dir);

static void unpack(const struct unpacking *u, const char *directory)
{
	struct unpacking below = *u;

	below.directory = directory;
	archive_list(u->archive, u->sample, directory, unpack_one, &below);
}

static void unpack_one(void *ctx, const char *name, size_t len, bool is_dir)
{
	const struct unpacking *u = ctx;
	char *path = xasprintf("%s%s%.*s", u->directory, *u->directory ? "/" : "", (int)len, name);
	const struct entry *e = is_dir ? NULL : archive_find(u->archive, u->sample, path);

	if (is_dir) {
		unpack(u, path);
	} else if (e && !e->is_link) {
		char *text = xstrndup(e->data, e->len);

		/* What is binary there no fix reads. */
		put_file(u->site, path, text);
		free(text);
	}
	free(path);
}

static void unpack_host(const struct a_site *site, const char *host)
{
	struct unpacking u = { .site = site };
	struct archive *archive;
	size_t len;
	char *text = host_archive(host, &len);

	assert_int_equal(archive_parse(text, len, &archive), 0);
	u.archive = archive;
	u.sample = archive_samples(archive) - 1;
	unpack(&u, "");
	archive_unref(archive);
	free(text);
}

/* ---- its findings ---- */

static void judge(void *context, struct snapshot *s)
{
	advisor_judge(context, s);
}

/* The last sample, as advise sees it. */
static const struct snapshot *judge_host(struct advisor *a, const char *host)
{
	char *path = xasprintf("%s/%s", KVMTOP_TEST_HOSTS, host);
	struct sampling sampling = { .interval_ns = NS_PER_SEC };
	const struct snapshot *last = NULL, *next;
	struct sampler *sampler;
	struct root *root;

	assert_int_equal(root_open(path, &root), 0);
	free(path);
	sampler = sampler_new(root, &sampling);
	sampler_set_judge(sampler, judge, a);
	sampler_need(sampler, advisor_needs(a));
	while ((next = sampler_take(sampler, false))) {
		snapshot_unref(last);
		last = next;
	}
	assert_true(sampler_free(sampler));
	root_close(root);
	assert_non_null(last);
	return last;
}

/* ---- its pages ---- */

/* A mapping of the guest that is moved; where each of its pages lies, -1: nowhere. */
struct area {
	uint64_t start, page_bytes;
	size_t pages;
	signed char *node;
};

static struct {
	const struct a_site *site;
	pid_t pid; /* 0: none */
	char *path, *text;
	struct area area[1000];
	size_t areas;
} memory;

static bool is_pages_of_node(struct slice field, uint64_t *ret_node, uint64_t *ret_pages)
{
	struct slice node, pages;

	if (!slice_starts(field, "N") || !slice_cut(field, '=', &node, &pages))
		return false;
	node.p++;
	node.len--;
	return slice_u64(node, ret_node) == 0 && slice_u64(pages, ret_pages) == 0;
}

/* The mapping of a line of numa_maps, its pages in the order of their nodes. */
static void read_area(struct cursor line, struct area *ret)
{
	size_t n = 0, cap = 0;
	struct slice field, name, value;
	uint64_t node, pages, kib = 4;

	*ret = (struct area){ 0 };
	assert_int_equal(cursor_hex_u64(&line, &ret->start), 0);
	while (cursor_field(&line, &field)) {
		if (slice_starts(field, "kernelpagesize_kB=") &&
		    slice_cut(field, '=', &name, &value))
			assert_int_equal(slice_u64(value, &kib), 0);
		if (!is_pages_of_node(field, &node, &pages))
			continue;
		for (; pages; pages--) {
			ret->node = xgrow(ret->node, n, &cap, 1);
			ret->node[n++] = (signed char)node;
		}
	}
	ret->pages = n;
	ret->page_bytes = kib * 1024;
}

static void forget_memory(void)
{
	for (size_t i = 0; i < memory.areas; i++)
		free(memory.area[i].node);
	free(memory.path);
	free(memory.text);
	memset(&memory, 0, sizeof(memory));
}

static void read_memory(const struct a_site *site, pid_t pid)
{
	struct cursor c, line;

	forget_memory();
	memory.site = site;
	memory.pid = pid;
	memory.path = xasprintf("proc/%d/numa_maps", pid);
	memory.text = file_text(site->tree, memory.path);
	assert_true(*memory.text);
	cursor_init(&c, memory.text, strlen(memory.text));
	while (cursor_line(&c, &line)) {
		assert_true(memory.areas < sizeof(memory.area) / sizeof(memory.area[0]));
		read_area(line, &memory.area[memory.areas++]);
	}
}

static void print_nodes(struct text *out, const struct area *a)
{
	size_t count[128] = { 0 };

	for (size_t i = 0; i < a->pages; i++)
		count[a->node[i]]++;
	for (size_t node = 0; node < 128; node++)
		if (count[node])
			print_format(out, " N%zu=%zu", node, count[node]);
}

/* As the kernel would tell it now. */
static void write_memory(void)
{
	struct text out = { 0 };
	struct cursor c, line;
	size_t i = 0;

	cursor_init(&c, memory.text, strlen(memory.text));
	for (; cursor_line(&c, &line); i++) {
		struct slice field;
		uint64_t node, pages;
		bool told = false, first = true;

		while (cursor_field(&line, &field)) {
			if (!is_pages_of_node(field, &node, &pages)) {
				print_format(
				    &out, "%s%.*s", first ? "" : " ", (int)field.len, field.p);
			} else if (!told) {
				print_nodes(&out, &memory.area[i]);
				told = true;
			}
			first = false;
		}
		print_text(&out, "\n");
	}
	put_file(memory.site, memory.path, out.p);
	text_done(&out);
}

static signed char *page_at(uint64_t address)
{
	for (size_t i = 0; i < memory.areas; i++) {
		struct area *a = &memory.area[i];

		if (address >= a->start && address < a->start + a->pages * a->page_bytes)
			return &a->node[(address - a->start) / a->page_bytes];
	}
	return NULL;
}

/* Pages that others have mapped, too, stay. */
static int move_pages_there(
    pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	assert_int_equal(pid, memory.pid);
	for (size_t i = 0; i < n; i++) {
		signed char *at = page_at((uintptr_t)page[i]);

		if (at && node && shared)
			*at = (signed char)node[i];
		status[i] = at ? *at : -ENOENT;
	}
	if (node)
		write_memory();
	return 0;
}

/* ---- its threads ---- */

static struct fake_value *cpus_of(pid_t tid)
{
	char target[16];
	struct virt_place place = { ACTION_AFFINITY, "", target, false };

	snprintf(target, sizeof(target), "%d", tid);
	return fake_find(&place);
}

static int get_affinity_there(pid_t tid, struct cpuset *ret)
{
	const struct fake_value *cpus = cpus_of(tid);

	return cpus ? cpuset_parse_list(ret, cpus->text) : -ESRCH;
}

static int set_affinity_there(pid_t tid, const struct cpuset *set)
{
	struct fake_value *cpus = cpus_of(tid);

	if (!cpus)
		return -ESRCH;
	free(cpus->text);
	cpus->text = cpuset_format_dup(set);
	return 0;
}

static const struct site_calls calls = {
	.get_affinity = get_affinity_there,
	.set_affinity = set_affinity_there,
	.move_pages = move_pages_there,
};

/* KiB on each node, of a numa_maps. */
static char *nodes_of(const struct a_site *a, const char *path)
{
	struct text out = { 0 };
	uint64_t kib[128] = { 0 };
	char *text = file_text(a->tree, path);
	struct cursor c, line;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		struct area area;

		read_area(line, &area);
		for (size_t i = 0; i < area.pages; i++)
			kib[area.node[i]] += area.page_bytes / 1024;
		free(area.node);
	}
	for (size_t node = 0; node < 128; node++)
		if (kib[node])
			print_format(&out, "%zu: %llu\n", node, (unsigned long long)kib[node]);
	free(text);
	return out.p;
}

/* ---- its libvirt ---- */

/* The XML of the guest as it was told, written as it is when statistics come and go. */
static void put_live_xml(const struct a_site *a, const struct action *action)
{
	static const char *const period[] = { "<stats period='5'/>", "" };
	char *path = xasprintf("kvmtop/libvirt/%s.xml", action->uuid);
	char *xml = file_text(a->tree, path);
	struct text why = { 0 };

	for (size_t i = 0; i < 2; i++) {
		char *before = xml;

		assert_int_equal(
		    define_set(before, "devices/memballoon/stats", period[i], &xml, &why), 0);
		free(before);
	}
	fake_put(ACTION_DEFINE, "", false, xml);
	text_done(&why);
	free(xml);
	free(path);
}

static void put_virt(const struct a_site *a, const struct action *action)
{
	struct virt_place place = { action->kind, action->uuid, action->target, false };

	if (!action->domain || action->kind == ACTION_MIGRATE_PAGES || fake_find(&place))
		return;
	assert_false(action->saved);
	if (action->kind == ACTION_STATS_PERIOD) {
		put_live_xml(a, action);
		return;
	}
	assert_non_null(action->expected);
	fake_put(action->kind, action->target, false, action->expected);
}

/* ---- there and back ---- */

static unsigned kinds_seen, done;

/* All that there is; of the guest that is moved what lies on each node. */
static char *all_text(const struct a_site *a)
{
	struct text out = { 0 };
	char *kept = memory.pid ? file_text(a->tree, memory.path) : NULL, *tree, *nodes;

	if (kept) {
		nodes = nodes_of(a, memory.path);
		print_text(&out, nodes);
		free(nodes);
		put_file(a, memory.path, "");
	}
	tree = tree_text(a);
	print_text(&out, tree);
	free(tree);
	if (kept)
		put_file(a, memory.path, kept);
	free(kept);
	for (size_t i = 0; i < fake.n; i++)
		print_format(&out, "%s\n", fake.value[i].text);
	return out.p;
}

static void there_and_back(struct a_site *a, const struct row *finding, const struct plan *p)
{
	char *before, *there, *after;
	struct fix f = { 0 }, back;

	fake_reset();
	forget_memory();
	for (size_t i = 0; i < p->n; i++) {
		put_virt(a, &p->action[i]);
		if (p->action[i].kind == ACTION_MIGRATE_PAGES)
			read_memory(a, (pid_t)p->action[i].guest.owner);
		kinds_seen |= 1u << p->action[i].kind;
	}
	fix_of_plan(&f, p, false);
	f.rule = xstrdup(cell_text(finding, FINDING_RULE));
	f.subject = xstrdup(cell_text(finding, FINDING_SUBJECT));
	before = all_text(a);
	apply(a, &f);
	if (f.ending != ENDING_DONE)
		fail_msg("%s, %s: %s: %s", f.rule, f.subject, ending_name(f.ending), f.why);
	there = all_text(a);
	assert_string_not_equal(there, before);
	undo(a, 0, &back);
	if (back.ending != ENDING_DONE)
		fail_msg("undo of %s, %s: %s: %s", f.rule, f.subject, ending_name(back.ending),
		    back.why);
	after = all_text(a);
	if (strcmp(after, before) != 0)
		fail_msg("undone %s, %s leaves something else", f.rule, f.subject);
	check_journal(a, &f, p->action, p->n);
	fix_done(&back);
	fix_done(&f);
	free(before);
	free(there);
	free(after);
	done++;
}

static void propose_all(struct a_site *a, struct advisor *advisor, const struct snapshot *s)
{
	for (size_t i = 0; i < s->table[TABLE_FINDING].n; i++) {
		const struct row *finding = s->table[TABLE_FINDING].row[i];
		enum fix_class class = finding_class(finding);
		struct plan plan;

		if (class != FIX_A && class != FIX_B)
			continue;
		assert_true(advisor_plan(advisor, s, finding, &plan));
		there_and_back(a, finding, &plan);
		plan_done(&plan);
	}
}

static void what_a_captured_host_proposes_goes_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct advisor *advisor = advisor_new();
		const struct snapshot *s;
		struct a_site a;

		kinds_seen = done = 0;
		advisor_hurry(advisor);
		s = judge_host(advisor, hosts[i].file);
		a_site_init(&a);
		a.site.calls = &calls;
		unpack_host(&a, hosts[i].file);
		propose_all(&a, advisor, s);
		print_message("%s: %u plans, kinds %x\n", hosts[i].file, done, kinds_seen);
		assert_true(done >= hosts[i].plans);
		assert_int_equal(kinds_seen & hosts[i].kinds, hosts[i].kinds);
		forget_memory();
		a_site_done(&a);
		snapshot_unref(s);
		advisor_free(advisor);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_captured_host_proposes_goes_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
