/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Automatic NUMA balancing: whether it is needed, and how it does. */
#include <string.h>

#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

/* ---- numa-balancing-off ---- */

/* A guest that balancing could help: it may run on several nodes, is not bound to one, and its
 * memory is not from a huge page pool, which balancing leaves alone. */
static bool could_be_balanced(const struct subject *s, const struct row *domain)
{
	double memory = cell_number(domain, DOMAIN_MEMORY, 0);
	const char *policy = policy_of(domain);

	return strncmp(policy, "strict", 6) != 0 && strncmp(policy, "restrictive", 11) != 0 &&
	       cell_number(domain, DOMAIN_HUGETLB, 0) <= memory / 2 &&
	       floats_over_nodes(s, domain, false);
}

static unsigned balanceable_guests(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	unsigned count = 0;

	for (size_t i = 0; i < guests->n; i++)
		count += could_be_balanced(s, guests->row[i]);
	return count;
}

static enum outcome measure_balancing_off(const struct subject *s, double *ret)
{
	double value;

	if (memory_nodes(s) < 2 || s->now->table[TABLE_DOMAIN].n == 0)
		return OUTCOME_NONE;
	if (!figure_of(TABLE_HOST, s->host, HOST_NUMA_BALANCING, &value))
		return OUTCOME_MISSING;
	*ret = value == 0 && balanceable_guests(s) > 0;
	return OUTCOME_FIGURE;
}

static void tell_balancing_off(const struct subject *s, double figure, struct text *out)
{
	unsigned guests = balanceable_guests(s);

	(void)figure;
	print_format(out,
	    "kernel.numa_balancing is 0, and %u guest%s may run on several nodes "
	    "without being bound to one.",
	    guests, guests == 1 ? "" : "s");
}

static void advise_balancing_off(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "switch automatic NUMA balancing on");
}

static void plan_balancing_off(const struct subject *s, struct plan *out)
{
	(void)s;
	plan_title(out, "switch automatic NUMA balancing on");
	plan_sysctl(out, "kernel.numa_balancing", "0", "1");
}

/* ---- numa-balancing-on-pinned ---- */

/* With the mode of two tiers the kernel moves memory between fast and slow nodes, which is not the
 * matter here. */
#define BALANCING_PLACES 1

static bool is_bound_by_hand(const struct subject *s, const struct row *domain)
{
	if (cell_number(domain, DOMAIN_HUGETLB, 0) > cell_number(domain, DOMAIN_MEMORY, 0) / 2)
		return true;
	return (policy_is_strict(domain) || strstr(policy_of(domain), "cell")) &&
	       !floats_over_nodes(s, domain, true);
}

/* Guests that run; 0: one of them is not bound. */
static unsigned bound_guests(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	unsigned count = 0;

	for (size_t i = 0; i < guests->n; i++) {
		if (!guest_runs(guests->row[i]))
			continue;
		if (!is_bound_by_hand(s, guests->row[i]))
			return 0;
		count++;
	}
	return count;
}

static double rate_of(const struct subject *s, int column)
{
	return figure_or(TABLE_HOST, s->host, column, 0);
}

static bool is_balancing(const struct subject *s)
{
	return memory_nodes(s) > 1 &&
	       cell_number(s->host, HOST_NUMA_BALANCING, 0) == BALANCING_PLACES;
}

static bool is_for_nobody(const struct subject *s)
{
	return is_balancing(s) && bound_guests(s) > 0;
}

static enum outcome measure_on_pinned(const struct subject *s, double *ret)
{
	/* Somebody profits. */
	if (rate_of(s, HOST_NUMA_MIGRATIONS) > s->param[1])
		return OUTCOME_NONE;
	*ret = fmax(
	    rate_of(s, HOST_NUMA_HINT_FAULTS), rate_of(s, HOST_NUMA_PTE_UPDATES) / s->param[0]);
	return OUTCOME_FIGURE;
}

static void tell_on_pinned(const struct subject *s, double figure, struct text *out)
{
	unsigned guests = bound_guests(s);

	(void)figure;
	if (guests == 1)
		print_text(out, "The only guest is bound by hand, yet");
	else if (guests == 2)
		print_text(out, "Both guests are bound by hand, yet");
	else
		print_format(out, "All %u guests are bound by hand, yet", guests);
	print_text(out, " balancing takes away ");
	say_count(out, rate_of(s, HOST_NUMA_PTE_UPDATES));
	print_text(out, " pages a second to see who uses them, which brings ");
	say_count(out, rate_of(s, HOST_NUMA_HINT_FAULTS));
	print_text(out, " faults, and moves ");
	say_count(out, rate_of(s, HOST_NUMA_MIGRATIONS));
	print_text(out, ".");
}

static void advise_on_pinned(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "switch automatic NUMA balancing off");
}

static void plan_on_pinned(const struct subject *s, struct plan *out)
{
	(void)s;
	plan_title(out, "switch automatic NUMA balancing off");
	plan_sysctl(out, "kernel.numa_balancing", "1", "0");
}

/* ---- numa-balancing-rate ---- */

#define SCAN_DEBUGFS "sys/kernel/debug/sched/numa_balancing/scan_period_min_ms"
#define SCAN_SYSCTL "kernel.numa_balancing_scan_period_min_ms"
/* Where doubling and halving end: half of the longest period that kernels begin with, and what a
 * task may be bothered with. */
#define SCAN_MOST_MS 30000
#define SCAN_LEAST_MS 200

static double moved_bytes(const struct subject *s)
{
	return rate_of(s, HOST_NUMA_MIGRATIONS) * cell_number(s->host, HOST_PAGE_SIZE, 4096);
}

/* Pages go to and fro: each fault moves one, and the next one comes from elsewhere again. */
static bool is_too_fast(const struct subject *s)
{
	return moved_bytes(s) >= s->param[0];
}

static bool is_for_somebody(const struct subject *s)
{
	return is_balancing(s) && balanceable_guests(s) > 0;
}

static enum outcome measure_rate(const struct subject *s, double *ret)
{
	double faults = rate_of(s, HOST_NUMA_HINT_FAULTS), local;

	/* Too few to say; or it moves at a pace that may well help. */
	if (faults < s->param[2] || (!is_too_fast(s) && moved_bytes(s) > s->param[1]))
		return OUTCOME_NONE;
	if (!figure_of(TABLE_HOST, s->host, HOST_NUMA_HINT_LOCAL, &local))
		return OUTCOME_MISSING;
	*ret = local / faults;
	return OUTCOME_FIGURE;
}

/* False: it cannot be read, on most hosts because nobody may. */
static bool read_scan_period(const struct subject *s, double *ret_ms)
{
	return figure_of(TABLE_HOST, s->host, HOST_NUMA_SCAN_MIN, ret_ms) ||
	       figure_of(TABLE_HOST, s->host, HOST_NUMA_SCAN_MIN_SYSCTL, ret_ms);
}

static double better_period(const struct subject *s, double ms)
{
	return is_too_fast(s) ? ms * 2 : floor(ms / 2);
}

static void tell_rate(const struct subject *s, double figure, struct text *out)
{
	double ms;

	print_text(out, "Only ");
	say_percent(out, figure);
	print_text(out, " of ");
	say_count(out, rate_of(s, HOST_NUMA_HINT_FAULTS));
	print_text(out, " faults a second find their page on the node that uses it, while ");
	say_size(out, moved_bytes(s));
	print_text(out, is_too_fast(s) ? " a second are moved: pages go to and fro"
				       : " a second are moved: balancing does not keep up");
	if (read_scan_period(s, &ms)) {
		print_text(out, ". A task is looked at every ");
		say_time(out, ms / 1000);
		print_text(out, " at most");
	}
	print_text(out, ".");
}

static void advise_rate(const struct subject *s, double figure, struct text *out)
{
	double ms;

	(void)figure;
	print_format(out, "let balancing look %s often", is_too_fast(s) ? "less" : "more");
	if (read_scan_period(s, &ms))
		print_format(out, ": scan_period_min_ms %.0f", better_period(s, ms));
}

static void plan_rate(const struct subject *s, struct plan *out)
{
	char now[NUMBER_SIZE], value[NUMBER_SIZE];
	double ms = 0, to;

	if (!read_scan_period(s, &ms)) {
		plan_refuse(out, "how often it looks is told by debugfs, which cannot be read");
		return;
	}
	to = better_period(s, ms);
	plan_title(out, "let balancing look %s often", to > ms ? "less" : "more");
	number_text(ms, now);
	number_text(to, value);
	if (to > SCAN_MOST_MS || to < SCAN_LEAST_MS)
		plan_refuse(out, "it is at its end with %.0f ms", ms);
	else if (cell_has(s->host, HOST_NUMA_SCAN_MIN))
		plan_setting(out, SCAN_DEBUGFS, now, value);
	else
		plan_sysctl(out, SCAN_SYSCTL, now, value);
}

const struct rule numa_balancing_rules[] = {
	{
	    .id = "numa-balancing-off",
	    .title = "automatic NUMA balancing is off",
	    .good = "Where nobody places guests by hand, the kernel should bring vCPUs and memory "
		    "together by itself.",
	    .detect =
		"kernel.numa_balancing is 0 on a host of several nodes, and a guest is neither "
		"bound to nodes nor pinned within one. Guests on huge page pools do not count.",
	    .by_hand = "sysctl kernel.numa_balancing\nvirsh numatune GUEST\nvirsh vcpupin GUEST",
	    .risk =
		"Balancing costs page faults, and moves pages while guests work. It does nothing "
		"for memory from huge page pools. Older documents look for it in sched_features, "
		"where it no longer is.",
	    .source = "RHEL 1.2, 9.2; SUSE 4.6.1",
	    .figure = "balancing is missed",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_NUMA_BALANCING,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_HOST, HOST_NUMA_BALANCING), USES(TABLE_NODE, NODE_TOTAL),
		USES(TABLE_NODE, NODE_CPUS), USES(TABLE_VCPU, VCPU_AFFINITY),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_balancing_off,
	    .evidence = tell_balancing_off,
	    .advice = advise_balancing_off,
	    .plan = plan_balancing_off,
	    .excludes = "numa-balancing-on-pinned",
	},
	{
	    .id = "numa-balancing-on-pinned",
	    .title = "balancing looks after guests that are bound",
	    .good = "Where every guest is bound by hand, automatic NUMA balancing finds nothing to "
		    "move; what is left is its cost, a page fault for each look.",
	    .detect =
		"kernel.numa_balancing is 1, all guests that run are bound (strictly, to where "
		"their vCPUs must run, or on huge pages), and it brings 1000 faults a second, or "
		"takes away 100000 pages a second, while it moves no more than 100.",
	    .by_hand = "sysctl kernel.numa_balancing\ngrep numa_ /proc/vmstat\n"
		       "virsh numatune GUEST\nvirsh vcpupin GUEST",
	    .risk = "Other programs of the host may profit from it. The mode 2 is another matter "
		    "and left alone: it moves memory between fast and slow nodes.",
	    .source = "RHEL 9.2.1; SUSE 4.6.1",
	    .figure = "faults a second that it brings",
	    .show = SHOW_SHORT,
	    .subject = TABLE_HOST,
	    .column = HOST_NUMA_BALANCING,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_HOST, HOST_NUMA_BALANCING),
		NEED(TABLE_HOST, HOST_NUMA_HINT_FAULTS), USES(TABLE_HOST, HOST_NUMA_PTE_UPDATES),
		USES(TABLE_HOST, HOST_NUMA_MIGRATIONS), USES(TABLE_NODE, NODE_TOTAL),
		USES(TABLE_NODE, NODE_CPUS), USES(TABLE_VCPU, VCPU_AFFINITY),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .raise = 1000,
	    .clear = 100,
	    .raise_s = 20,
	    .clear_s = 10,
	    .param = { { "pages", 100, "pages taken away that count as one fault", SHOW_INTEGER },
		{ "moved", 100, "pages moved a second from which on somebody profits",
		    SHOW_INTEGER } },
	    .concerns = is_for_nobody,
	    .measure = measure_on_pinned,
	    .evidence = tell_on_pinned,
	    .advice = advise_on_pinned,
	    .plan = plan_on_pinned,
	    .excludes = "numa-balancing-off",
	},
	{
	    .id = "numa-balancing-rate",
	    .title = "balancing is too fast or too slow",
	    .good = "How often balancing looks at a task decides how fast it adapts and what it "
		    "costs. Most pages should soon lie on the node that uses them, and stay there.",
	    .detect =
		"For a minute 60 % or less of its faults find their page on the node that uses it, "
		"and either 50 MiB a second are moved, so that pages go to and fro, or hardly any "
		"(1 MiB): it does not keep up. Only from 1000 faults a second on, and where a "
		"guest is free to be moved.",
	    .by_hand = "grep numa_ /proc/vmstat\n"
		       "grep . /sys/kernel/debug/sched/numa_balancing/*\n"
		       "sysctl -a | grep numa_balancing_scan",
	    .risk = "Pages that several nodes use go to and fro at any pace. Kernels before 5.13 "
		    "have the setting as a sysctl; later ones have it in debugfs, which is often "
		    "locked, and where a setting is lost unless something writes it at each start.",
	    .source = "SUSE 4.6.1",
	    .figure = "share of its faults that find their page at home",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_NUMA_HINT_FAULTS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_HOST, HOST_NUMA_BALANCING),
		NEED(TABLE_HOST, HOST_NUMA_HINT_FAULTS), USES(TABLE_HOST, HOST_NUMA_HINT_LOCAL),
		USES(TABLE_HOST, HOST_NUMA_MIGRATIONS), USES(TABLE_HOST, HOST_NUMA_SCAN_MIN),
		USES(TABLE_HOST, HOST_NUMA_SCAN_MIN_SYSCTL), USES(TABLE_HOST, HOST_PAGE_SIZE),
		USES(TABLE_NODE, NODE_TOTAL), USES(TABLE_NODE, NODE_CPUS),
		USES(TABLE_VCPU, VCPU_AFFINITY), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_HUGETLB)),
	    .below = true,
	    .raise = 0.60,
	    .clear = 0.70,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "fast", 50.0 * 1024 * 1024, "bytes moved a second that are many",
			   SHOW_SIZE },
		{ "slow", 1024.0 * 1024, "bytes moved a second that are few", SHOW_SIZE },
		{ "faults", 1000, "least faults a second", SHOW_INTEGER } },
	    .concerns = is_for_somebody,
	    .measure = measure_rate,
	    .evidence = tell_rate,
	    .advice = advise_rate,
	    .plan = plan_rate,
	},
	{ .id = NULL },
};
