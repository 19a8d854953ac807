/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests of which a vCPU has a CPU to itself. */
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

#include <stdlib.h>

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

static enum outcome measure_partial(const struct subject *s, double *ret)
{
	size_t n, known = 0;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	struct cpuset own = own_cpus(s, s->row);
	bool any = !cpuset_empty(&own);

	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		known += *cell_text(rows[i], VCPU_AFFINITY) != '\0';
		*ret += any && is_loose(rows[i], &own);
	}
	cpuset_done(&own);
	return n == 0 ? OUTCOME_NONE : known == 0 ? OUTCOME_MISSING : OUTCOME_FIGURE;
}

static const struct row *first_loose(const struct subject *s, size_t *ret_own)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n), *first = NULL;
	struct cpuset own = own_cpus(s, s->row);

	for (size_t i = 0; i < n && !first; i++)
		first = is_loose(rows[i], &own) ? rows[i] : NULL;
	*ret_own = cpuset_count(&own);
	cpuset_done(&own);
	return first;
}

static void tell_partial(const struct subject *s, double figure, struct text *out)
{
	size_t own;
	const struct row *loose = first_loose(s, &own);

	(void)figure;
	print_format(out,
	    "Some of its vCPUs are pinned to a CPU each, %zu in all, but vCPU %.0f may run on CPUs "
	    "%s and so on those.",
	    own, cell_number(loose, VCPU_NUMBER, 0), cell_text(loose, VCPU_AFFINITY));
}

static void advise_partial(const struct subject *s, double figure, struct text *out)
{
	size_t own;
	const struct row *loose = first_loose(s, &own);

	print_format(out, "pin vCPU %.0f", cell_number(loose, VCPU_NUMBER, 0));
	if (figure > 1)
		print_format(out, " and %.0f more", figure - 1);
	print_text(out, " to CPUs that no other vCPU has for itself");
}

static void plan_partial(const struct subject *s, struct plan *out)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	struct cpuset own = own_cpus(s, s->row), taken = own_cpus(s, NULL), may = { 0 };

	plan_title(out, "pin the rest of the vCPUs of %s", cell_text(s->row, DOMAIN_NAME));
	for (size_t i = 0; i < n; i++) {
		char *list;

		if (!is_loose(rows[i], &own))
			continue;
		cpuset_parse_list(&may, cell_text(rows[i], VCPU_AFFINITY));
		cpuset_remove(&may, &taken);
		list = cpuset_format_dup(&may);
		if (*list)
			plan_pin_vcpu(rows[i], list, out);
		else
			plan_refuse(out, "every CPU that it may run on is another vCPU's own");
		free(list);
	}
	cpuset_done(&own);
	cpuset_done(&taken);
	cpuset_done(&may);
}

/* ---- cpu-emulator-unpinned ---- */

static const struct row *emulator_of(const struct subject *s)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_THREAD, s->row, &n);

	for (size_t i = 0; i < n; i++)
		if (is_text(rows[i], THREAD_ROLE, "emulator"))
			return rows[i];
	return NULL;
}

static enum outcome measure_emulator(const struct subject *s, double *ret)
{
	const struct row *emulator = emulator_of(s);
	struct cpuset own = own_cpus(s, s->row), may = { 0 };
	enum outcome outcome = OUTCOME_NONE;

	if (!cpuset_empty(&own) && emulator) {
		const char *cpus = cell_text(emulator, THREAD_AFFINITY);

		outcome = *cpus ? OUTCOME_FIGURE : OUTCOME_MISSING;
		*ret = cpuset_parse_list(&may, cpus) == 0 && cpuset_intersects(&may, &own)
			   ? cell_number(s->row, DOMAIN_EMULATOR, 0)
			   : 0;
	}
	cpuset_done(&own);
	cpuset_done(&may);
	return outcome;
}

static void tell_emulator(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "Its emulator threads use ");
	say_percent(out, figure);
	print_format(out, " of a CPU and may run on CPUs %s, its vCPUs' own among them.",
	    cell_text(emulator_of(s), THREAD_AFFINITY));
}

/* CPUs of the nodes of its own that no vCPU has for itself. The caller frees it. */
static char *emulator_cpus_dup(const struct subject *s)
{
	struct cpuset own = own_cpus(s, s->row), taken = own_cpus(s, NULL);
	struct cpuset node = { 0 }, cpus = { 0 };
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);
	char *list;

	for (size_t i = 0; i < n; i++)
		if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0 &&
		    cpuset_intersects(&node, &own))
			cpuset_add(&cpus, &node);
	cpuset_remove(&cpus, &taken);
	list = cpuset_format_dup(&cpus);
	cpuset_done(&own);
	cpuset_done(&taken);
	cpuset_done(&node);
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
	const struct row *emulator = emulator_of(s);
	char *list = emulator_cpus_dup(s);

	plan_title(out, "pin the emulator of %s", cell_text(s->row, DOMAIN_NAME));
	if (*list)
		plan_pin_thread(emulator, list, out);
	else
		plan_refuse(out, "every CPU of its node is a vCPU's own");
	free(list);
}

const struct rule pinning_rules[] = {
	{
	    .id = "cpu-pin-partial",
	    .title = "only some vCPUs are pinned",
	    .good = "Where some vCPUs of a guest are pinned to a CPU each, the others should be "
		    "pinned elsewhere: one that is not runs over them.",
	    .detect = "A vCPU may run on several CPUs, and among them on one that another vCPU of "
		      "the guest is pinned to alone.",
	    .by_hand = "virsh vcpupin GUEST\ngrep Cpus_allowed_list /proc/PID/task/*/status",
	    .risk = "A pinned guest can only move to a host that has the same CPUs.",
	    .source = "RHEL 9.3.2",
	    .figure = "vCPUs that are not pinned",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPUS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(PIN_NEEDS),
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
	    .detect = "A vCPU is pinned to a CPU alone, the emulator may run there too, and its "
		      "threads use a tenth of a CPU or more.",
	    .by_hand =
		"virsh emulatorpin GUEST\nvirsh vcpupin GUEST\nps -L -o tid,psr,pcpu,comm -p "
		"PID",
	    .risk = "On too few CPUs the emulator is slow, and disks and NICs with it.",
	    .source = "RHEL 9.3.5, 9.3.7",
	    .figure = "CPU time of its emulator threads",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_EMULATOR,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(PIN_NEEDS, NEED(TABLE_DOMAIN, DOMAIN_EMULATOR),
		USES(TABLE_THREAD, THREAD_AFFINITY), USES(TABLE_NODE, NODE_CPUS)),
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
