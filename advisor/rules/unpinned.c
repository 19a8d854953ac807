/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Busy guests that move between CPUs which share nothing. */
#include "advisor/judge.h"
#include "advisor/placement.h"
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- cpu-vcpu-unpinned ---- */

/* A guest that is so busy is thought of when room is given away. */
#define BUSY 0.30
/* Whose memory lies so well is left to the rules about nodes. */
#define PLACED 0.90

/* CPUs that share their last level of cache. */
struct cache {
	const char *cpus; /* lent by the snapshot */
	double cpu_count, vcpus;
};

struct caches {
	struct cache *cache;
	size_t n;
};

/* The caller frees ret->cache. */
static void take_caches(const struct subject *s, struct caches *ret)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];

	*ret = (struct caches){ .cache = xcalloc(cpus->n + 1, sizeof(*ret->cache)) };
	for (size_t i = 0; i < cpus->n; i++) {
		const char *list = cell_text(cpus->row[i], CPU_CACHE);
		size_t k = 0;

		while (k < ret->n && strcmp(ret->cache[k].cpus, list) != 0)
			k++;
		if (!*list)
			continue;
		if (k == ret->n)
			ret->cache[ret->n++] = (struct cache){ .cpus = list };
		ret->cache[k].cpu_count++;
	}
}

static bool has_several_caches(const struct subject *s)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	const char *first = "";

	for (size_t i = 0; i < cpus->n; i++) {
		const char *list = cell_text(cpus->row[i], CPU_CACHE);

		if (*first && *list && strcmp(first, list) != 0)
			return true;
		first = *first ? first : list;
	}
	return false;
}

/* How busy each of its vCPUs is in the mean, polling not counted. */
static double use_of(const struct row *domain)
{
	double vcpus = cell_number(domain, DOMAIN_VCPUS, 0);
	double run = figure_or(TABLE_DOMAIN, domain, DOMAIN_VCPU_RUN, 0) -
		     figure_or(TABLE_DOMAIN, domain, DOMAIN_POLL, 0);

	return vcpus > 0 ? fmax(0, run) / vcpus : 0;
}

/* Each of its vCPUs may run on all CPUs of the host. False where nobody knows. */
static bool is_unpinned(const struct subject *s, const struct row *domain)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, domain, &n);
	const char *seen = "";
	double cpus = cell_number(s->host, HOST_CPUS, 0);

	for (size_t i = 0; i < n; i++) {
		const char *may = cell_text(rows[i], VCPU_AFFINITY);
		struct cpuset set = { 0 };
		bool all;

		if (*seen && strcmp(may, seen) == 0)
			continue;
		all = cpuset_parse_list(&set, may) == 0 && cpuset_count(&set) >= cpus;
		cpuset_done(&set);
		if (!all)
			return false;
		seen = may;
	}
	return n > 0 && cpus > 0;
}

static bool knows_affinity(const struct subject *s)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	for (size_t i = 0; i < n; i++)
		if (*cell_text(rows[i], VCPU_AFFINITY))
			return true;
	return n == 0;
}

/* It fits on one node and lies there, or there is one node only. */
static bool lies_well(const struct subject *s)
{
	struct placement p;
	bool well;

	if (memory_nodes(s) < 2)
		return has_several_caches(s);
	placement_look(&p, s, s->row);
	well =
	    p.stay->home >= 0 && p.stay->nodes_needed == 1 && stay_share(&p, p.stay, 1) >= PLACED;
	placement_done(&p);
	return well;
}

enum {
	MEMO_PRINT, /* which node or cache each vCPU was seen on, as one number */
	MEMO_SEEN,  /* there is a print */
	MEMO_MOVED, /* share of the samples that had another one, a mean that forgets */
};

#define SMOOTH_S 30
/* A prime that keeps the number exact as a double. */
#define PRINTS 2147483647.0

/* By the first of the CPUs that share it; -1: it is not known. */
static double cache_of(const struct subject *s, double cpu)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	struct cpuset set = { 0 };
	int first = -1;

	for (size_t i = 0; i < cpus->n && first < 0; i++)
		if (cell_number(cpus->row[i], CPU_NUMBER, -1) >= cpu &&
		    cell_number(cpus->row[i], CPU_NUMBER, -1) <= cpu &&
		    cpuset_parse_list(&set, cell_text(cpus->row[i], CPU_CACHE)) == 0)
			first = cpuset_next(&set, 0);
	cpuset_done(&set);
	return first;
}

static double print_of(const struct subject *s)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	bool by_node = memory_nodes(s) > 1;
	double print = 0;

	for (size_t i = 0; i < n; i++) {
		double at = by_node ? cell_number(rows[i], VCPU_NODE, -1)
				    : cache_of(s, cell_number(rows[i], VCPU_CPU, -1));

		print = fmod(print * 4099 + at + 2, PRINTS);
	}
	return print;
}

static double moved_share(const struct subject *s)
{
	double *v = s->memo->v, print = print_of(s);
	double passed_s = (double)(s->now->moment.mono_ns - s->memo->at_ns) / (double)NS_PER_SEC;
	double moved = v[MEMO_PRINT] < print || v[MEMO_PRINT] > print;

	if (v[MEMO_SEEN] > 0)
		v[MEMO_MOVED] += (moved - v[MEMO_MOVED]) * (1 - exp(-passed_s / SMOOTH_S));
	v[MEMO_SEEN] = 1;
	v[MEMO_PRINT] = print;
	return v[MEMO_MOVED];
}

static enum outcome measure_unpinned(const struct subject *s, double *ret)
{
	/* One that is idle for a moment has been seen to move all the same. */
	bool rests = use_of(s->row) < BUSY;

	if (cell_number(s->host, HOST_VCPU_PER_CPU, 0) > 1 || (rests && !gate_was_open(s)))
		return OUTCOME_NONE;
	if (!knows_affinity(s))
		return OUTCOME_MISSING;
	if (!is_unpinned(s, s->row) ||
	    !gate_holds(s, rests || (lies_well(s) && moved_share(s) >= s->param[0])))
		return OUTCOME_NONE;
	*ret = use_of(s->row);
	return OUTCOME_FIGURE;
}

static void tell_unpinned(const struct subject *s, double figure, struct text *out)
{
	double moves;

	print_text(out, "Its vCPUs are ");
	say_percent(out, figure);
	print_text(out, " busy, may run on every CPU and keep moving from one ");
	print_text(out, memory_nodes(s) < 2 ? "cache" : "node");
	print_text(out, " to another");
	if (sum_of_vcpus(s, s->row, VCPU_MIGRATIONS, &moves) == OUTCOME_FIGURE && moves >= 1) {
		print_text(out, "; they change their CPU ");
		say_count(out, moves);
		print_text(out, " times a second");
	}
	print_text(out, ".");
}

/* The one with most CPUs left, if these are enough. */
static struct cache *roomiest_cache(struct caches *all, double vcpus)
{
	struct cache *best = NULL;

	for (size_t k = 0; k < all->n; k++) {
		struct cache *c = &all->cache[k];

		if (c->vcpus + vcpus <= c->cpu_count &&
		    (!best || c->cpu_count - c->vcpus > best->cpu_count - best->vcpus))
			best = c;
	}
	return best;
}

static struct cache *cache_around(struct caches *all, const char *cpus)
{
	for (size_t k = 0; k < all->n; k++)
		if (is_within(cpus, all->cache[k].cpus))
			return &all->cache[k];
	return NULL;
}

/* vCPUs that are bound there already. */
static void count_bound(const struct subject *s, struct caches *all)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];
	const char *last = "";
	struct cache *cache = NULL;

	for (size_t i = 0; i < vcpus->n; i++) {
		const char *may = cell_text(vcpus->row[i], VCPU_AFFINITY);

		/* Those of one guest are mostly alike. */
		if (strcmp(may, last) != 0)
			cache = cache_around(all, may);
		last = may;
		if (cache)
			cache->vcpus++;
	}
}

/* Gives room to one guest after another, in the order of the table. */
static void give_caches(const struct subject *s, const char **ret)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	struct caches all;

	take_caches(s, &all);
	count_bound(s, &all);
	for (size_t i = 0; i < guests->n; i++) {
		const struct row *g = guests->row[i];
		double vcpus = cell_number(g, DOMAIN_VCPUS, 0);
		struct cache *cache = NULL;

		if (use_of(g) >= BUSY && is_unpinned(s, g))
			cache = roomiest_cache(&all, vcpus);
		if (!cache)
			continue;
		cache->vcpus += vcpus;
		ret[i] = cache->cpus;
	}
	free(all.cache);
}

/* Thought out once for all guests. NULL: no cache has so many CPUs left. */
static const char *cache_for(const struct subject *s)
{
	struct judge *j = (struct judge *)s->judge;

	if (!j->cache) {
		j->cache = xcalloc(s->now->table[TABLE_DOMAIN].n + 1, sizeof(*j->cache));
		give_caches(s, j->cache);
	}
	return j->cache[s->row->number];
}

/* Where it should run. */
struct spot {
	const char *cpus; /* lent by the snapshot; NULL: nowhere is room */
	int node;         /* -1: CPUs that share a cache */
};

static struct spot find_spot(const struct subject *s)
{
	struct spot spot = { NULL, -1 };

	if (memory_nodes(s) < 2) {
		spot.cpus = cache_for(s);
	} else {
		const struct placement *p = placement_proposed(s);
		const struct stay *stay = placement_of(p, s->row);
		const struct place *home = &p->place[stay->home];

		/* Its vCPUs alone move, so only to where its memory lies; and those that live there
		 * already, and those that are sent there, all have to fit. */
		if (stay->target == stay->home && home->vcpus <= home->cpu_count) {
			spot.cpus = home->cpus;
			spot.node = home->node;
		}
	}
	return spot;
}

static void advise_unpinned(const struct subject *s, double figure, struct text *out)
{
	struct spot spot = find_spot(s);

	(void)figure;
	if (!spot.cpus)
		print_text(
		    out, "make room where it could have CPUs side by side, then pin it there");
	else if (spot.node >= 0)
		print_format(out, "pin it to CPUs %s of node %d", spot.cpus, spot.node);
	else
		print_format(out, "pin it to CPUs %s, which share a cache", spot.cpus);
}

static void plan_unpinned(const struct subject *s, struct plan *out)
{
	struct spot spot = find_spot(s);

	if (!spot.cpus) {
		plan_refuse(out, "where it could run there are more vCPUs than CPUs");
		return;
	}
	plan_title(out, "pin %s to CPUs %s", cell_text(s->row, DOMAIN_NAME), spot.cpus);
	plan_pins(s, s->row, spot.cpus, out);
	if (spot.node >= 0)
		plan_binding(s->row, spot.node, true, out);
}

const struct rule unpinned_rules[] = {
	{
	    .id = "cpu-vcpu-unpinned",
	    .title = "a busy guest moves about the host",
	    .good = "A guest that computes keeps what its caches hold when its vCPUs stay on CPUs "
		    "that share a node, or a cache.",
	    .detect =
		"Its vCPUs are half busy or more for five minutes, may run on every CPU, and in "
		"30 % of the samples one of them is on another node than before (on another group "
		"of CPUs with a cache of their own, where there is one node); the host has no more "
		"vCPUs than CPUs. Where its memory lies on several nodes other rules speak.",
	    .by_hand = "virsh vcpupin GUEST\ngrep nr_migrations /proc/PID/task/TID/sched\n"
		       "cat /sys/devices/system/cpu/cpu*/cache/index3/shared_cpu_list",
	    .risk =
		"A pinned guest can only move to a host that has the same CPUs, and cannot "
		"use those that idle elsewhere. With more vCPUs than CPUs pins make it worse; "
		"automatic NUMA balancing makes them less needed. It is pinned to all of "
		"these CPUs, not each vCPU to one; what lasts binds its memory to their node, too.",
	    .source = "SUSE 4.5.2.2; RHEL 9.3.2, 9.3.4",
	    .figure = "how busy its vCPUs are, without polling",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPU_RUN,
	    .level = LEVEL_INFO,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(PLACEMENT_NEEDS, NEED(TABLE_DOMAIN, DOMAIN_VCPU_RUN),
		NEED(TABLE_HOST, HOST_VCPU_PER_CPU), NEED(TABLE_HOST, HOST_CPUS),
		USES(TABLE_DOMAIN, DOMAIN_POLL), USES(TABLE_VCPU, VCPU_MIGRATIONS),
		USES(TABLE_VCPU, VCPU_NODE), USES(TABLE_VCPU, VCPU_CPU), USES(TABLE_CPU, CPU_CACHE),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.50,
	    .clear = BUSY,
	    .raise_s = 300,
	    .clear_s = 60,
	    .param = { { "moved", 0.30, "share of samples in which a vCPU has moved",
		SHOW_PERCENT } },
	    .remembers = true,
	    .measure = measure_unpinned,
	    .evidence = tell_unpinned,
	    .advice = advise_unpinned,
	    .plan = plan_unpinned,
	    .excludes = MOVES_NOW,
	},
	{ .id = NULL },
};
