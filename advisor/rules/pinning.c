/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests of which a vCPU has a CPU to itself. */
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

#include <stdlib.h>
#include <string.h>

/* CPUs of the nodes of its vCPUs' own that no vCPU has for itself. The caller calls cpuset_done. */
static struct cpuset free_cpus(const struct subject *s)
{
	struct cpuset own = own_cpus(s, s->row), taken = own_cpus(s, NULL);
	struct cpuset node = { 0 }, cpus = { 0 };
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0 &&
		    cpuset_intersects(&node, &own))
			cpuset_add(&cpus, &node);
	cpuset_remove(&cpus, &taken);
	cpuset_done(&own);
	cpuset_done(&taken);
	cpuset_done(&node);
	return cpus;
}

/* ---- cpu-pin-partial ---- */

/* Not pinned to one CPU, and free to run on one that another vCPU of the guest is pinned to. */
static bool is_loose(const struct row *vcpu, const struct cpuset *own)
{
	struct cpuset may = { 0 };
	bool loose = only_cpu(vcpu) < 0 &&
		     cpuset_parse_list(&may, cell_text(vcpu, VCPU_AFFINITY)) == 0 &&
		     cpuset_intersects(&may, own);

	cpuset_done(&may);
	return loose;
}

/* What the guest's XML pins vCPUs to; @ret_n: how many of them. The caller calls cpuset_done. */
static struct cpuset pinned_cpus(const struct subject *s, size_t *ret_n)
{
	struct cpuset pinned = { 0 }, pin = { 0 };
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *list = cell_text(rows[i], VCPU_PINNED);

		if (!*list || cpuset_parse_list(&pin, list) < 0)
			continue;
		cpuset_add(&pinned, &pin);
		++*ret_n;
	}
	cpuset_done(&pin);
	return pinned;
}

/* Without a pin, and free to run where the pinned ones are and beyond. One that runs elsewhere was
 * thought of. */
static bool is_forgotten(const struct row *vcpu, const struct cpuset *pinned)
{
	struct cpuset may = { 0 };
	bool forgotten = !*cell_text(vcpu, VCPU_PINNED) &&
			 cpuset_parse_list(&may, cell_text(vcpu, VCPU_AFFINITY)) == 0 &&
			 cpuset_intersects(&may, pinned) && !cpuset_subset(&may, pinned);

	cpuset_done(&may);
	return forgotten;
}

/* What the pins of a guest leave open. */
struct gaps {
	struct cpuset own;    /* CPUs that one of its vCPUs is pinned to alone */
	struct cpuset pinned; /* what its XML pins vCPUs to */
	size_t pins;
	size_t loose, forgotten; /* vCPUs */
	const struct row *first; /* of them, those that are loose before others; NULL: none */
};

/* The caller calls gaps_done. */
static struct gaps look_for_gaps(const struct subject *s)
{
	struct gaps g = { .own = own_cpus(s, s->row) };
	const struct row *forgotten = NULL;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	g.pinned = pinned_cpus(s, &g.pins);
	for (size_t i = 0; i < n && (g.pins > 0 || !cpuset_empty(&g.own)); i++) {
		if (is_loose(rows[i], &g.own)) {
			g.first = g.loose++ == 0 ? rows[i] : g.first;
		} else if (is_forgotten(rows[i], &g.pinned)) {
			forgotten = g.forgotten++ == 0 ? rows[i] : forgotten;
		}
	}
	if (!g.first)
		g.first = forgotten;
	return g;
}

static void gaps_done(struct gaps *g)
{
	cpuset_done(&g->own);
	cpuset_done(&g->pinned);
}

static enum outcome measure_partial(const struct subject *s, double *ret)
{
	size_t n, known = 0;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	struct gaps g = look_for_gaps(s);

	for (size_t i = 0; i < n; i++)
		known += *cell_text(rows[i], VCPU_AFFINITY) != '\0';
	*ret = (double)(g.loose + g.forgotten);
	gaps_done(&g);
	return n == 0 ? OUTCOME_NONE : known == 0 ? OUTCOME_MISSING : OUTCOME_FIGURE;
}

static void tell_partial(const struct subject *s, double figure, struct text *out)
{
	struct gaps g = look_for_gaps(s);
	char *pinned = cpuset_format_dup(&g.pinned);
	double vcpu = cell_number(g.first, VCPU_NUMBER, 0);
	const char *may = cell_text(g.first, VCPU_AFFINITY);

	(void)figure;
	if (g.loose > 0)
		print_format(out,
		    "Some of its vCPUs are pinned to a CPU each, %u in all, but vCPU %.0f may "
		    "run on CPUs %s and so on those.",
		    cpuset_count(&g.own), vcpu, may);
	else
		print_format(out,
		    "%zu of its vCPUs %s pinned, to CPUs %s, but vCPU %.0f is not and may run "
		    "on CPUs %s.",
		    g.pins, g.pins == 1 ? "is" : "are", pinned, vcpu, may);
	free(pinned);
	gaps_done(&g);
}

static void advise_partial(const struct subject *s, double figure, struct text *out)
{
	struct gaps g = look_for_gaps(s);
	char *pinned = cpuset_format_dup(&g.pinned);

	print_format(out, "pin vCPU %.0f", cell_number(g.first, VCPU_NUMBER, 0));
	if (figure > 1)
		print_format(out, " and %.0f more", figure - 1);
	if (g.loose > 0)
		print_text(out, " to CPUs that no other vCPU has for itself");
	else
		print_format(out, " to CPUs %s, too", pinned);
	free(pinned);
	gaps_done(&g);
}

/* Of the CPUs that it may use, those near the others where they are enough for all that are loose,
 * else all that no vCPU has for itself. */
static void keep_free(const struct subject *s, size_t loose, struct cpuset *may)
{
	struct cpuset taken = own_cpus(s, NULL), near = free_cpus(s);

	cpuset_keep(&near, may);
	if (cpuset_count(&near) >= loose)
		cpuset_copy(may, &near);
	else
		cpuset_remove(may, &taken);
	cpuset_done(&taken);
	cpuset_done(&near);
}

static void plan_partial(const struct subject *s, struct plan *out)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	struct gaps g = look_for_gaps(s);
	struct cpuset may = { 0 };

	plan_title(out, "pin the rest of the vCPUs of %s", cell_text(s->row, DOMAIN_NAME));
	for (size_t i = 0; i < n; i++) {
		bool loose = is_loose(rows[i], &g.own);
		char *list;

		if (!loose && !is_forgotten(rows[i], &g.pinned))
			continue;
		cpuset_parse_list(&may, cell_text(rows[i], VCPU_AFFINITY));
		if (!loose)
			cpuset_keep(&may, &g.pinned);
		keep_free(s, loose ? g.loose : 1, &may);
		list = cpuset_format_dup(&may);
		if (*list)
			plan_pin_vcpu(rows[i], list, out);
		else
			plan_refuse(out, "every CPU that it may run on is another vCPU's own");
		free(list);
	}
	cpuset_done(&may);
	gaps_done(&g);
}

/* ---- cpu-emulator-unpinned ---- */

/* It may run where a vCPU has a CPU to itself. Those of the kernel are its own business. */
static bool is_in_the_way(const struct row *thread, const struct cpuset *own)
{
	struct cpuset may = { 0 };
	bool is = strncmp(cell_text(thread, THREAD_ROLE), "kvm-", 4) != 0 &&
		  cpuset_parse_list(&may, cell_text(thread, THREAD_AFFINITY)) == 0 &&
		  cpuset_intersects(&may, own);

	cpuset_done(&may);
	return is;
}

static double run_of(const struct row *thread)
{
	return figure_or(TABLE_THREAD, thread, THREAD_RUN, 0);
}

static enum outcome measure_emulator(const struct subject *s, double *ret)
{
	struct cpuset own = own_cpus(s, s->row);
	size_t n, known = 0;
	const struct row *const *rows = subject_rows(s, TABLE_THREAD, s->row, &n);
	bool any = !cpuset_empty(&own) && n > 0;

	*ret = 0;
	for (size_t i = 0; i < n && any; i++) {
		known += *cell_text(rows[i], THREAD_AFFINITY) != '\0';
		*ret += is_in_the_way(rows[i], &own) ? run_of(rows[i]) : 0;
	}
	cpuset_done(&own);
	return !any ? OUTCOME_NONE : known == 0 ? OUTCOME_MISSING : OUTCOME_FIGURE;
}

#define BUSIEST 3

/* The next busiest of those in the way, less busy than @before, or behind it; NULL: no more. */
static const struct row *next_busiest(
    const struct subject *s, const struct cpuset *own, const struct row *before)
{
	const struct row *best = NULL;
	bool behind = before == NULL;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_THREAD, s->row, &n);

	for (size_t i = 0; i < n; i++) {
		double run = run_of(rows[i]), most = before ? run_of(before) : INFINITY;

		if ((run < most || (behind && run <= most)) && run > (best ? run_of(best) : 0) &&
		    is_in_the_way(rows[i], own))
			best = rows[i];
		behind |= rows[i] == before;
	}
	return best;
}

static void tell_emulator(const struct subject *s, double figure, struct text *out)
{
	struct cpuset own = own_cpus(s, s->row);
	const struct row *thread = NULL;

	print_text(out, "Its emulator's threads that may run on its vCPUs' own CPUs use ");
	say_percent(out, figure);
	print_text(out, " of a CPU");
	for (int i = 0; i < BUSIEST && (thread = next_busiest(s, &own, thread)); i++) {
		print_format(out, "%s%s ", i == 0 ? ": " : ", ", cell_text(thread, THREAD_ROLE));
		say_percent(out, run_of(thread));
	}
	print_text(out, ".");
	cpuset_done(&own);
}

/* The caller frees it. */
static char *emulator_cpus_dup(const struct subject *s)
{
	struct cpuset cpus = free_cpus(s);
	char *list = cpuset_format_dup(&cpus);

	cpuset_done(&cpus);
	return list;
}

static void advise_emulator(const struct subject *s, double figure, struct text *out)
{
	char *list = emulator_cpus_dup(s);

	(void)figure;
	if (*list)
		print_format(out, "pin its emulator threads to CPUs %s", list);
	else
		print_text(out, "leave a CPU of its node to the emulator threads");
	free(list);
}

static void plan_emulator(const struct subject *s, struct plan *out)
{
	struct cpuset own = own_cpus(s, s->row);
	char *list = emulator_cpus_dup(s);
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_THREAD, s->row, &n);

	plan_title(out, "pin the emulator of %s", cell_text(s->row, DOMAIN_NAME));
	for (size_t i = 0; i < n && *list; i++)
		if (is_in_the_way(rows[i], &own))
			plan_pin_thread(rows[i], list, out);
	if (!*list)
		plan_refuse(out, "every CPU of its node is a vCPU's own");
	else if (out->n == 0)
		plan_refuse(out, "it is threads of QEMU's own, which the emulator's pin does not "
				 "move");
	free(list);
	cpuset_done(&own);
}

const struct rule pinning_rules[] = {
	{
	    .id = "cpu-pin-partial",
	    .title = "only some vCPUs are pinned",
	    .good = "Where some vCPUs of a guest are pinned to a CPU each, the others should be "
		    "pinned elsewhere: one that is not runs over them.",
	    .detect = "A vCPU may run on several CPUs, and among them on one that another vCPU of "
		      "the guest is pinned to alone; or the XML pins some vCPUs and not this one, "
		      "which may run on their CPUs and on others.",
	    .by_hand = "virsh vcpupin GUEST\ngrep Cpus_allowed_list /proc/PID/task/*/status",
	    .risk = "A pinned guest can only move to a host that has the same CPUs. A vCPU is "
		    "pinned to free CPUs of the others' node where these are enough, else to all "
		    "that are free; one without a pin to what the others have.",
	    .source = "RHEL 9.3.2",
	    .figure = "vCPUs that are not pinned",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPUS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(PIN_NEEDS, USES(TABLE_VCPU, VCPU_PINNED), USES(TABLE_NODE, NODE_CPUS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_partial,
	    .evidence = tell_partial,
	    .advice = advise_partial,
	    .plan = plan_partial,
	    .excludes = MOVES_NOW,
	},
	{
	    .id = "cpu-emulator-unpinned",
	    .title = "the emulator runs on its vCPUs' CPUs",
	    .good = "Where vCPUs have CPUs of their own, the emulator's threads should have others "
		    "on the same node: whenever they run, a vCPU stands still.",
	    .detect = "A vCPU is pinned to a CPU alone, and threads of the emulator, of I/O or of "
		      "vhost that may run there too use a tenth of a CPU or more. "
		      "One that could run there but hardly runs disturbs nobody, and is not told; "
		      "one away from the memory goes along when numa-pin-without-memory moves the "
		      "guest.",
	    .by_hand =
		"virsh emulatorpin GUEST\nvirsh vcpupin GUEST\nps -L -o tid,psr,pcpu,comm -p "
		"PID",
	    .risk = "On too few CPUs the emulator is slow, and disks and NICs with it. "
		    "Workers of vhost that older kernels run outside of the guest's process are "
		    "bound one by one, which does not outlast them.",
	    .source = "RHEL 9.3.5, 9.3.7",
	    .figure = "CPU time of those that are in the way",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_EMULATOR,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(PIN_NEEDS, NEED(TABLE_DOMAIN, DOMAIN_EMULATOR),
		USES(TABLE_THREAD, THREAD_AFFINITY), USES(TABLE_THREAD, THREAD_RUN),
		USES(TABLE_NODE, NODE_CPUS)),
	    .raise = 0.10,
	    .clear = 0.05,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_emulator,
	    .evidence = tell_emulator,
	    .advice = advise_emulator,
	    .plan = plan_emulator,
	    .excludes = MOVES_NOW,
	},
	{ .id = NULL },
};
