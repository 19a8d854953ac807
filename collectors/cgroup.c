/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cgroup of each guest limits, and how long it held the guest back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/cgroup_memory.h"
#include "collectors/cgroup_path.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"

/* A guest changes its group hardly ever, its limits seldom. With its group those of its threads are
 * sought, which are many. */
#define PATHS_NS (60 * NS_PER_SEC)
#define LIMITS_NS (15 * NS_PER_SEC)
#define TURNS 30
/* Groups of one guest whose limits count: its own, libvirt's level, and those of its threads. */
#define GROUPS_MAX 512
#define KEYS_MAX 8
#define NO_LIMIT (-1.0)

/* A group with the CPU controller. */
struct group {
	char *dir;
	struct kept stat;
	char *stat_path;
	bool is_vcpu, is_thread;  /* of a vCPU; of any thread: below the guest's own */
	double limit;             /* CPUs; NO_LIMIT */
	uint64_t value[KEYS_MAX]; /* of cpu.stat, when it was last read */
	bool has[KEYS_MAX];
};

struct guest {
	struct key key;
	uint64_t paths_at_ns, limits_at_ns; /* when to look at them again; 0: at once */
	struct cgroup cpu, memory;
	int cpu_error, memory_error;
	struct group *group;
	size_t groups, cap;
	uint64_t summed; /* which groups the sums of the last reading were made of; 0: none */
	double cpu_limit, cpu_weight;
	struct cgroup_memory held;
};

struct cgroups {
	struct guest_list guests;
	struct cgroup_mounts mounts;
	int mounts_error;
	uint64_t mounts_ns;
	int column[KEYS_MAX]; /* of the domains, each a key of cpu.stat */
	size_t columns;
};

void *cgroup_open(const struct sampling *options)
{
	struct cgroups *c = xcalloc(1, sizeof(*c));

	(void)options;
	for (int i = 0; i < DOMAIN_COLUMNS && c->columns < KEYS_MAX; i++) {
		const struct column *column = &table_kinds[TABLE_DOMAIN].column[i];

		if (column->src == SRC_CGROUP && column->key)
			c->column[c->columns++] = i;
	}
	return c;
}

static void forget_groups(struct guest *g)
{
	for (size_t i = 0; i < g->groups; i++) {
		kept_done(&g->group[i].stat);
		free(g->group[i].dir);
		free(g->group[i].stat_path);
	}
	g->groups = 0;
	g->summed = 0;
	cgroup_done(&g->cpu);
	cgroup_done(&g->memory);
}

static void guest_done(void *item)
{
	struct guest *g = item;

	forget_groups(g);
	free(g->group);
}

void cgroup_close(void *state)
{
	struct cgroups *c = state;

	if (!c)
		return;
	guest_list_done(&c->guests, guest_done);
	cgroup_mounts_done(&c->mounts);
	free(c);
}

static void add_group(struct guest *g, const char *dir, const char *part)
{
	struct group new = {
		.dir = part ? xasprintf("%s/%s", dir, part) : xstrdup(dir),
		.is_thread = part != NULL,
		.is_vcpu = part && strncmp(part, "vcpu", 4) == 0,
		.limit = NO_LIMIT,
	};

	new.stat_path = xasprintf("%s/cpu.stat", new.dir);
	g->group = xgrow(g->group, g->groups, &g->cap, sizeof(*g->group));
	g->group[g->groups++] = new;
}

static bool is_thread_group(const char *name)
{
	return strcmp(name, "emulator") == 0 || strncmp(name, "vcpu", 4) == 0 ||
	       strncmp(name, "iothread", 8) == 0;
}

/* libvirt limits vCPUs, emulator and I/O threads each in a group of its own. */
static void add_thread_groups(const struct root *root, struct guest *g)
{
	const char *dir = g->cpu.inner ? g->cpu.inner : g->cpu.dir;
	struct names names = { 0 };

	if (root_list(root, dir, &names) == 0)
		for (size_t i = 0; i < names.n && g->groups < GROUPS_MAX; i++)
			if (is_thread_group(names.name[i]))
				add_group(g, dir, names.name[i]);
	names_done(&names);
}

static void find_groups(struct cgroups *c, const struct reading *r, struct guest *g)
{
	char path[64], text[8192];
	ssize_t n;

	forget_groups(g);
	snprintf(path, sizeof(path), "proc/%u/cgroup", (uint32_t)g->key.owner);
	n = root_read(r->root, path, text, sizeof(text));
	g->cpu_error = g->memory_error = n < 0 ? (int)n : 0;
	if (n >= 0) {
		g->cpu_error = cgroup_find(&c->mounts, text, "cpu", &g->cpu);
		g->memory_error = cgroup_find(&c->mounts, text, "memory", &g->memory);
	}
	if (g->cpu_error == 0) {
		add_group(g, g->cpu.dir, NULL);
		if (g->cpu.inner)
			add_group(g, g->cpu.inner, NULL);
		add_thread_groups(r->root, g);
	}
}

/* cpu.max: "max 100000" or "50000 100000" */
static double read_limit_v2(const struct root *root, const char *dir)
{
	char buf[64], *path = xasprintf("%s/cpu.max", dir);
	ssize_t n = root_read(root, path, buf, sizeof(buf));
	uint64_t quota, period;
	struct cursor c;

	free(path);
	if (n <= 0)
		return NO_LIMIT;
	cursor_init(&c, buf, (size_t)n);
	if (cursor_u64(&c, &quota) < 0 || cursor_u64(&c, &period) < 0 || period == 0)
		return NO_LIMIT;
	return (double)quota / (double)period;
}

static double read_limit(const struct root *root, const char *dir, bool v2)
{
	uint64_t quota, period;

	if (v2)
		return read_limit_v2(root, dir);
	if (cgroup_read_limit(root, dir, "cpu.cfs_quota_us", &quota) < 0 ||
	    cgroup_read_limit(root, dir, "cpu.cfs_period_us", &period) < 0 || period == 0)
		return NO_LIMIT;
	return (double)quota / (double)period;
}

static double stricter(double a, double b)
{
	return a == NO_LIMIT || (b != NO_LIMIT && b < a) ? b : a;
}

/* The guest's own limit; without one, that of all its vCPUs together when each of them has one. */
static void read_cpu_limits(const struct root *root, struct guest *g, bool all)
{
	double own = NO_LIMIT, vcpus = 0;

	for (size_t i = 0; i < g->groups; i++) {
		struct group *group = &g->group[i];

		/* There are many of threads: unless they are limited, with the paths only. */
		if (all || !group->is_thread || group->limit != NO_LIMIT)
			group->limit = read_limit(root, group->dir, g->cpu.v2);
		if (!group->is_thread)
			own = stricter(own, group->limit);
		else if (group->is_vcpu && vcpus != NO_LIMIT)
			vcpus = group->limit == NO_LIMIT ? NO_LIMIT : vcpus + group->limit;
	}
	g->cpu_limit = own == NO_LIMIT && vcpus > 0 ? vcpus : own;
}

static void read_cpu_weight(const struct root *root, struct guest *g)
{
	const char *file = g->cpu.v2 ? "cpu.weight" : "cpu.shares";
	uint64_t v;

	g->cpu_weight = NO_LIMIT;
	if (g->cpu_error == 0 && cgroup_read_limit(root, g->cpu.dir, file, &v) == 0)
		g->cpu_weight = (double)v;
}

/* "throttled_usec 12" of version 2 is "throttled_time 12000" in version 1. In ns where it is time.
 */
static int find_value(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);
	char old[64];
	uint64_t v;
	int r = parse_key_value(text, key, &v);

	if (len < 5 || strcmp(key + len - 5, "_usec") != 0) {
		if (r == 0)
			*ret = v;
		return r;
	}
	if (r == 0)
		return __builtin_mul_overflow(v, 1000, ret) ? -ERANGE : 0;
	snprintf(old, sizeof(old), "%.*s_time", (int)(len - 5), key);
	return parse_key_value(text, old, ret);
}

static void read_stat(const struct cgroups *c, const struct root *root, struct group *group)
{
	char buf[2048];
	ssize_t n = root_read_kept(root, &group->stat, group->stat_path, buf, sizeof(buf));

	for (size_t i = 0; i < c->columns; i++) {
		const char *key = table_kinds[TABLE_DOMAIN].column[c->column[i]].key;

		group->has[i] = n > 0 && find_value(buf, key, &group->value[i]) == 0;
	}
}

/* What counts into the sums: the guest's own groups, and those of threads that have a limit. */
static bool is_summed(const struct group *group)
{
	return !group->is_thread || group->limit != NO_LIMIT;
}

/*
 * Without a limit these figures stand still, and in version 2 the kernel sums up all CPUs to tell
 * them: so only limited groups are read at each sample.
 */
static void read_stats(const struct cgroups *c, struct reading *r, struct guest *g, bool all)
{
	for (size_t i = 0; i < g->groups; i++)
		if (is_summed(&g->group[i]) && (all || g->group[i].limit != NO_LIMIT))
			read_stat(c, r->root, &g->group[i]);
}

static enum state why_missing(int error)
{
	return error ? state_of_errno(error) : STATE_ABSENT;
}

static void write_stats(
    const struct cgroups *c, struct reading *r, struct guest *g, struct row *row, bool same)
{
	for (size_t i = 0; i < c->columns; i++) {
		uint64_t sum = 0;
		bool has = false;

		for (size_t k = 0; k < g->groups; k++)
			if (is_summed(&g->group[k]) && g->group[k].has[i]) {
				sum += g->group[k].value[i];
				has = true;
			}
		/* A sum over other groups is no later value of the same counter. */
		if (has && same)
			cell_set_count(row, c->column[i], sum, reading_now(r));
		else
			cell_set_missing(
			    row, c->column[i], why_missing(g->cpu_error), reading_now(r));
	}
}

static void write_limit(struct reading *r, struct row *row, int column, double limit, int error)
{
	if (error == 0 && limit != NO_LIMIT)
		cell_set_number(row, column, limit, reading_now(r));
	else
		cell_set_missing(row, column, why_missing(error), reading_now(r));
}

/* A hash of the groups that are summed up. */
static uint64_t hash_summed(const struct guest *g)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < g->groups; i++)
		if (is_summed(&g->group[i]))
			hash = (hash ^ key_uuid(g->group[i].dir).owner) * 0x100000001b3u;
	return hash;
}

/* Both versions side by side: the group that says most. */
static const char *best_name(const struct guest *g)
{
	const char *cpu = g->cpu.name, *memory = g->memory.name;

	if (!cpu || !memory)
		return cpu ? cpu : memory;
	return strlen(memory) > strlen(cpu) ? memory : cpu;
}

/* Guests that are seen for the first time together take turns from then on. */
static uint64_t next_time(
    const struct reading *r, const struct row *row, uint64_t period_ns, bool first)
{
	uint64_t part = row->number % TURNS + 1;

	return r->now_ns + (first ? period_ns / TURNS * part : period_ns);
}

static bool read_guest(struct cgroups *c, struct reading *r, struct guest *g, struct row *row)
{
	bool first = g->paths_at_ns == 0;
	bool look = first || reading_thorough(r) || r->now_ns >= g->paths_at_ns;
	bool limits = look || r->now_ns >= g->limits_at_ns, same;
	uint64_t before = g->summed;

	if (look) {
		find_groups(c, r, g);
		g->paths_at_ns = next_time(r, row, PATHS_NS, first);
	}
	if (limits) {
		read_cpu_limits(r->root, g, look);
		read_cpu_weight(r->root, g);
		cgroup_memory_read(&g->held, r->root, &g->memory, reading_now(r));
		g->limits_at_ns = next_time(r, row, LIMITS_NS, first);
	}
	read_stats(c, r, g, limits);
	g->summed = hash_summed(g);
	same = before == 0 || before == g->summed;
	write_stats(c, r, g, row, same);
	write_limit(r, row, DOMAIN_CPU_LIMIT, g->cpu_limit, g->cpu_error);
	write_limit(r, row, DOMAIN_CPU_WEIGHT, g->cpu_weight, g->cpu_error);
	cgroup_memory_write(&g->held, row, g->memory_error);
	if (best_name(g))
		cell_set_text(r->into, row, DOMAIN_CGROUP, best_name(g), reading_now(r));
	return best_name(g) != NULL;
}

static void read_mounts(struct cgroups *c, struct reading *r)
{
	if (c->mounts_ns && !reading_thorough(r) && r->now_ns < c->mounts_ns + PATHS_NS)
		return;
	c->mounts_error = cgroup_mounts_read(r->root, &c->mounts);
	c->mounts_ns = r->now_ns;
}

enum state cgroup_read(struct reading *r)
{
	struct cgroups *c = r->state;
	const struct table *domains = &r->into->table[TABLE_DOMAIN];
	size_t guests = 0, found = 0;

	read_mounts(c, r);
	if (c->mounts_error) {
		reading_lacks(r, c->mounts_error == -ENOENT ? "No cgroup hierarchy is mounted."
							    : "The mounts cannot be read.");
		return state_of_errno(c->mounts_error);
	}
	guest_list_update(&c->guests, r->into, sizeof(struct guest), guest_done);
	for (size_t i = 0; i < domains->n; i++) {
		if (guest_pid(domains->row[i]) == 0)
			continue;
		guests++;
		found += read_guest(c, r, c->guests.item[i], domains->row[i]);
	}
	if (found < guests)
		reading_lacks(r, "The cgroup of %zu of %zu guests lies outside of what is mounted.",
		    guests - found, guests);
	return found || !guests ? STATE_OK : STATE_ABSENT;
}
