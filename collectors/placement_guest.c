/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/placement_guest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/procstat.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/cgroup_path.h"
#include "collectors/numa_maps.h"
#include "collectors/values.h"

#define GIB ((double)(1ULL << 30))
/* A walk through page tables, in ns per GiB by kind of page, as measured; and for opening it. */
#define WALK_SMALL_NS 12.5e6
#define WALK_THP_NS 0.12e6
#define WALK_HUGE_NS 0.07e6
#define WALK_OPEN_NS 0.2e6
#define THP_NS (60 * NS_PER_SEC)
/* Mappings that come and go in smaller pieces (stacks of workers) are not the guest's memory. */
#define RAM_CHANGE_BYTES (16ULL << 20)
#define PAGES_MAX 1024
/* Of the program's own memory one page is looked at for so many of the guest's. */
#define REST_PART 4
/* The program and its libraries are not in the group's figures, but the guest's. */
#define PROGRAM_BYTES (32.0 * (1 << 20))

static void forget_reading(struct placement_guest *g)
{
	free(g->node);
	g->node = NULL;
	g->nodes = 0;
	g->method = PLACED_NOT;
}

void placement_guest_done(void *guest)
{
	struct placement_guest *g = guest;

	forget_reading(g);
	ram_done(&g->ram);
	ram_done(&g->rest);
	page_sample_done(&g->sample);
	page_sample_done(&g->rest_sample);
}

static uint32_t pid_of(const struct placement_guest *g)
{
	return (uint32_t)g->key.owner;
}

static void take_reading(struct placement_guest *g, const struct root *root,
    enum placement_method method, struct placement_node *node, size_t nodes)
{
	forget_reading(g);
	g->method = method;
	g->at_ns = root_now(root).mono_ns;
	g->node = node;
	g->nodes = nodes;
}

static uint64_t bytes_in(const struct row *row, int column)
{
	double v = cell_number(row, column, 0);

	return v > 0 ? (uint64_t)v : 0;
}

int placement_guest_look(
    struct placement_guest *g, const struct root *root, const struct row *domain)
{
	char path[64], buf[1024];
	struct proc_stat stat;
	ssize_t n;

	g->memory_bytes = bytes_in(domain, DOMAIN_MEMORY);
	g->rss_bytes = bytes_in(domain, DOMAIN_RSS);
	g->huge_bytes = bytes_in(domain, DOMAIN_HUGETLB);
	if (!root_is_live(root))
		return 0;
	snprintf(path, sizeof(path), "proc/%u/stat", pid_of(g));
	n = root_read(root, path, buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (proc_stat_parse(buf, &stat) < 0)
		return -EINVAL;
	if (!key_equal(key_process(pid_of(g), stat.starttime_ticks), g->key) || stat.state == 'Z')
		return -ESRCH;
	g->rss_bytes = stat.rss_pages * host_page_bytes(root);
	g->vsize_bytes = stat.vsize_bytes;
	return 0;
}

static int find_group(
    const struct placement_guest *g, const struct placement_host *host, struct cgroup *ret)
{
	char path[64], buf[8192];
	ssize_t n;

	snprintf(path, sizeof(path), "proc/%u/cgroup", pid_of(g));
	n = root_read(host->root, path, buf, sizeof(buf));
	return n < 0 ? (int)n : cgroup_find(host->mounts, buf, "memory", ret);
}

static int read_in_group(
    const struct root *root, const struct cgroup *group, const char *file, struct text *ret)
{
	char *path = xasprintf("%s/%s", group->dir, file);
	int r = root_read_all(root, path, ret);

	free(path);
	return r;
}

static bool is_other_guest(
    const struct placement_guest *g, const struct snapshot *latest, uint64_t pid)
{
	const struct table *domains = &latest->table[TABLE_DOMAIN];

	for (size_t i = 0; i < domains->n; i++)
		if (domains->row[i]->key.owner == pid && !key_equal(domains->row[i]->key, g->key))
			return true;
	return false;
}

static bool holds_other_guest(
    const struct placement_guest *g, const struct placement_host *host, const struct cgroup *group)
{
	char *path = xasprintf("%s/cgroup.procs", group->inner ? group->inner : group->dir);
	struct text text = { 0 };
	struct cursor c;
	uint64_t pid;
	bool holds = false;

	if (root_read_all(host->root, path, &text) == 0) {
		cursor_init(&c, text.p ? text.p : "", text.len);
		while (!holds && cursor_u64(&c, &pid) == 0)
			holds = is_other_guest(g, host->latest, pid);
	}
	free(path);
	text_done(&text);
	return holds;
}

/*
 * A group that holds about as much as the guest does, and no other virtual machine monitor, is the
 * guest's own. Helpers of the guest may be in it.
 */
static bool is_own(const struct placement_guest *g, const struct placement_host *host,
    const struct cgroup *group, uint64_t group_bytes)
{
	double guest = (double)g->rss_bytes, held = (double)group_bytes;

	return held > (guest - PROGRAM_BYTES) * 0.5 && held < guest * 1.25 &&
	       !holds_other_guest(g, host, group);
}

/*
 * How much of it is transparent huge pages only a walk tells for sure; the group's sum will do.
 * Where it is not to be had, all counts as small pages: that errs towards not walking.
 */
static void take_thp(
    struct placement_guest *g, const struct placement_host *host, const struct cgroup *group)
{
	struct text text = { 0 };
	uint64_t anon = 0, shmem = 0, thp = 0, shmem_thp = 0;
	bool told = false;

	if (read_in_group(host->root, group, "memory.stat", &text) == 0) {
		if (group->v2) {
			parse_key_value(text.p, "anon", &anon);
			parse_key_value(text.p, "shmem", &shmem);
			told = parse_key_value(text.p, "anon_thp", &thp) == 0;
			parse_key_value(text.p, "shmem_thp", &shmem_thp);
		} else {
			parse_key_value(text.p, "total_rss", &anon);
			parse_key_value(text.p, "total_shmem", &shmem);
			told = parse_key_value(text.p, "total_rss_huge", &thp) == 0;
		}
		if (is_own(g, host, group, anon + shmem)) {
			g->thp_bytes = thp + shmem_thp;
			/* Shared memory goes by another switch, and version 1 does not tell. */
			g->has_thp = told && shmem < anon / 2;
		}
	}
	text_done(&text);
}

void placement_look_for_thp(
    struct placement_guest *g, const struct placement_host *host, uint64_t now_ns)
{
	bool is_large = (double)g->rss_bytes / GIB * WALK_SMALL_NS > 1e6;
	struct cgroup group = { 0 };

	if (!is_large || (g->thp_at_ns && now_ns < g->thp_at_ns + THP_NS))
		return;
	g->thp_bytes = 0;
	g->has_thp = false;
	g->thp_at_ns = now_ns;
	if (find_group(g, host, &group) == 0)
		take_thp(g, host, &group);
	cgroup_done(&group);
}

/* By the kinds of pages alone. */
static double walk_by_kind(const struct placement_guest *g)
{
	uint64_t thp = g->thp_bytes < g->rss_bytes ? g->thp_bytes : g->rss_bytes;

	return WALK_OPEN_NS + (double)(g->rss_bytes - thp) / GIB * WALK_SMALL_NS +
	       (double)thp / GIB * WALK_THP_NS + (double)g->huge_bytes / GIB * WALK_HUGE_NS;
}

uint64_t placement_predict_ns(const struct placement_guest *g)
{
	return (uint64_t)(walk_by_kind(g) * (g->walk_factor > 0 ? g->walk_factor : 1));
}

/* A walk that took longer counts at once, a quicker one by half: it may have been luck. */
static void learn(struct placement_guest *g, uint64_t took_ns)
{
	double factor = (double)took_ns / walk_by_kind(g);

	if (g->walk_factor > 0 && factor < g->walk_factor)
		factor = (factor + g->walk_factor) / 2;
	g->walk_factor = factor < 1e-3 ? 1e-3 : factor > 1e3 ? 1e3 : factor;
}

static struct placement_node *nodes_of(const struct nodes_memory *m)
{
	struct placement_node *node = xcalloc(m->n, sizeof(*node));

	for (size_t i = 0; i < m->n; i++)
		node[i] = (struct placement_node){
			.memory_bytes = (double)m->node[i].bytes,
			.huge_bytes = (double)m->node[i].huge_bytes,
		};
	return node;
}

int placement_read_exact(struct placement_guest *g, const struct placement_host *host)
{
	const struct root *root = host->root;
	uint64_t before_ns = clock_thread_cpu_ns();
	struct nodes_memory m = { 0 };
	struct text text = { 0 };
	char path[64];
	int r;

	snprintf(path, sizeof(path), "proc/%u/numa_maps", pid_of(g));
	r = root_read_all(root, path, &text);
	if (r == 0)
		r = numa_maps_parse(text.p ? text.p : "", &m);
	if (r == 0) {
		take_reading(g, root, PLACED_EXACT, nodes_of(&m), m.n);
		learn(g, clock_thread_cpu_ns() - before_ns);
	}
	text_done(&text);
	nodes_memory_done(&m);
	return r;
}

/* Looks for the guest's memory where mappings of that size can have come or gone. */
static int find_ram(struct placement_guest *g, const struct root *root)
{
	uint64_t was = g->ram_vsize_bytes, is = g->vsize_bytes;
	struct text text = { 0 };
	struct ram ram = { 0 };
	char path[64];
	int r;

	if (g->ram.n > 0 && g->ram_memory_bytes == g->memory_bytes &&
	    (is > was ? is - was : was - is) < RAM_CHANGE_BYTES)
		return 0;
	snprintf(path, sizeof(path), "proc/%u/maps", pid_of(g));
	r = root_read_all(root, path, &text);
	if (r == 0)
		r = ram_find(text.p ? text.p : "", g->memory_bytes, &ram);
	if (r == 0 && ram_find_rest(text.p, &ram, &g->rest) < 0)
		ram_done(&g->rest);
	text_done(&text);
	if (r < 0)
		return r;
	if (ram.bytes != g->ram.bytes)
		page_sample_done(&g->sample);
	ram_done(&g->ram);
	g->ram = ram;
	g->ram_vsize_bytes = g->vsize_bytes;
	g->ram_memory_bytes = g->memory_bytes;
	return 0;
}

static int sample(struct placement_guest *g, const struct root *root, const struct ram *ram,
    struct page_sample *s, size_t pages)
{
	void *address[PAGES_MAX];
	int status[PAGES_MAX];

	if (g->seed == 0)
		g->seed = clock_mono_ns() ^ g->key.owner << 32;
	pages = page_sample_draw(
	    ram, host_page_bytes(root), &g->seed, address, pages < PAGES_MAX ? pages : PAGES_MAX);
	/* Without a list of nodes it moves nothing: it tells on which node each page is. */
	if (syscall(SYS_move_pages, (pid_t)pid_of(g), pages, address, NULL, status, 0) < 0)
		return -errno;
	page_sample_add(s, status, pages);
	return 0;
}

/* So that a capture holds it: "NODE MEMORY HUGE ERROR" in bytes, "-" for not known, and millionths.
 */
static void note_reading(const struct placement_guest *g, const struct root *root)
{
	struct text text = { 0 };
	char path[64], line[128];

	text_append(&text, "sampled\n", 8);
	for (size_t i = 0; i < g->nodes; i++) {
		char huge[32] = "-";
		int len;

		if (g->node[i].huge_bytes >= 0)
			snprintf(huge, sizeof(huge), "%.0f", g->node[i].huge_bytes);
		len = snprintf(line, sizeof(line), "%zu %.0f %s %.0f\n", i, g->node[i].memory_bytes,
		    huge, g->node[i].error * 1e6);
		text_append(&text, line, (size_t)len);
	}
	snprintf(path, sizeof(path), "kvmtop/placement/%u", pid_of(g));
	root_note(root, path, text.p, text.len);
	text_done(&text);
}

/*
 * A walk counts everything that is resident, as numastat does: so this does, too. How much of that
 * is the guest's memory the sample tells; the rest is the program's own, which matters for a small
 * guest, as the first guest's node holds the libraries of all.
 */
static void divide_resident(const struct placement_guest *g, double *ret_ram, double *ret_rest)
{
	double resident = (double)(g->rss_bytes + g->huge_bytes), most = (double)g->rest.bytes;
	double ram = page_sample_resident(&g->sample) * (double)g->ram.bytes;

	if (ram < resident - most)
		ram = resident - most;
	*ret_ram = ram < resident ? ram : resident;
	*ret_rest = resident - *ret_ram;
}

static void write_sample(struct placement_guest *g, const struct root *root)
{
	size_t nodes = page_sample_nodes(&g->sample), more = page_sample_nodes(&g->rest_sample);
	struct placement_node *node;
	double ram, rest;
	bool huge_known;

	divide_resident(g, &ram, &rest);
	/* Which pages are of a pool the kernel tells only where all are, or none. */
	huge_known = g->huge_bytes == 0 || (double)g->huge_bytes > 0.9 * ram;
	nodes = nodes > more ? nodes : more;
	node = xcalloc(nodes, sizeof(*node));
	for (size_t i = 0; i < nodes; i++) {
		double share = 0, error = 0, rest_share, rest_error;

		page_sample_share(&g->sample, i, &share, &error);
		if (!page_sample_share(&g->rest_sample, i, &rest_share, &rest_error)) {
			rest_share = share;
			rest_error = error;
		}
		node[i] = (struct placement_node){
			.memory_bytes = share * ram + rest_share * rest,
			.huge_bytes = huge_known ? share * (double)g->huge_bytes : -1,
			.error = ram + rest > 0
				     ? hypot(error * ram, rest_error * rest) / (ram + rest)
				     : 0,
		};
	}
	take_reading(g, root, PLACED_SAMPLED, node, nodes);
	note_reading(g, root);
}

int placement_read_sampled(
    struct placement_guest *g, const struct placement_host *host, size_t pages)
{
	const struct root *root = host->root;
	int r = find_ram(g, root);

	if (r == 0)
		r = sample(g, root, &g->ram, &g->sample, pages);
	if (r == 0 && g->rest.n > 0)
		r = sample(g, root, &g->rest, &g->rest_sample, pages / REST_PART);
	if (r == 0)
		write_sample(g, root);
	return r;
}

/* The group lacks the program's own pages, and those of a pool: its shares are applied to the rest.
 */
static struct placement_node *share_out(
    const struct placement_guest *g, const struct nodes_memory *m)
{
	struct placement_node *node = nodes_of(m);
	double sum = (double)nodes_memory_sum(m);

	for (size_t i = 0; i < m->n; i++) {
		if (sum > 0 && g->rss_bytes > 0)
			node[i].memory_bytes *= (double)g->rss_bytes / sum;
		if (g->huge_bytes > 0)
			node[i].huge_bytes = -1;
	}
	return node;
}

int placement_read_cgroup(struct placement_guest *g, const struct placement_host *host)
{
	const struct root *root = host->root;
	struct nodes_memory m = { 0 };
	struct cgroup group = { 0 };
	struct text text = { 0 };
	int r = find_group(g, host, &group);

	if (r < 0)
		return r;
	r = read_in_group(host->root, &group, "memory.numa_stat", &text);
	if (r == 0)
		r = numa_stat_parse(text.p ? text.p : "", group.v2, host_page_bytes(root), &m);
	/* Pages of a pool are not in it, and other processes may be. */
	if (r == 0 &&
	    (!is_own(g, host, &group, nodes_memory_sum(&m)) || g->huge_bytes > g->rss_bytes))
		r = -ENODATA;
	if (r == 0)
		take_reading(g, root, PLACED_CGROUP, share_out(g, &m), m.n);
	nodes_memory_done(&m);
	text_done(&text);
	cgroup_done(&group);
	return r;
}

/* One line of note_reading. */
static int read_line(struct cursor *line, struct placement_node **node, size_t *nodes)
{
	uint64_t number, memory, huge = 0, error;
	struct slice field;
	bool huge_known;

	if (cursor_u64(line, &number) < 0 || number >= NODES_MAX || cursor_u64(line, &memory) < 0 ||
	    !cursor_field(line, &field))
		return -EINVAL;
	huge_known = !slice_eq(field, "-");
	if ((huge_known && slice_u64(field, &huge) < 0) || cursor_u64(line, &error) < 0)
		return -EINVAL;
	if (number >= *nodes) {
		*node = xrealloc(*node, number + 1, sizeof(**node));
		memset(*node + *nodes, 0, (number + 1 - *nodes) * sizeof(**node));
		*nodes = number + 1;
	}
	(*node)[number] = (struct placement_node){
		.memory_bytes = (double)memory,
		.huge_bytes = huge_known ? (double)huge : -1,
		.error = (double)error / 1e6,
	};
	return 0;
}

int placement_read_captured(struct placement_guest *g, const struct placement_host *host)
{
	const struct root *root = host->root;
	struct placement_node *node = NULL;
	struct text text = { 0 };
	struct cursor c, line;
	struct slice method;
	size_t nodes = 0;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "kvmtop/placement/%u", pid_of(g));
	r = root_read_all(root, path, &text);
	if (r == 0) {
		cursor_init(&c, text.p ? text.p : "", text.len);
		if (!cursor_line(&c, &line) || !cursor_field(&line, &method) ||
		    !slice_eq(method, "sampled"))
			r = -EINVAL;
		while (r == 0 && cursor_line(&c, &line))
			r = read_line(&line, &node, &nodes);
	}
	text_done(&text);
	if (r == 0)
		take_reading(g, root, PLACED_SAMPLED, node, nodes);
	else
		free(node);
	return r;
}
