/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own work on CPUs that vCPUs have for themselves. */
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/parse.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

static bool has_own_cpus(const struct subject *s)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];

	for (size_t i = 0; i < vcpus->n; i++)
		if (only_cpu(vcpus->row[i]) >= 0)
			return true;
	return false;
}

/* ---- cpu-kworker-isolation ---- */

#define WORKQUEUE_FILE "sys/devices/virtual/workqueue/cpumask"
#define WRITEBACK_FILE "sys/devices/virtual/workqueue/writeback/cpumask"

static bool is_pushed(const struct subject *s, const struct row *vcpu)
{
	return figure_or(TABLE_VCPU, vcpu, VCPU_INVOLUNTARY, 0) >= s->param[0];
}

/* Older kernels have no such file. */
static bool tells_work(const struct subject *s)
{
	return s->host->cell[HOST_WORKQUEUE_CPUS].state != STATE_ABSENT && has_own_cpus(s);
}

/* vCPUs that are pushed off a CPU of their own on which such work may run; @ret_first lends the
 * first of them. OUTCOME_MISSING: of one of these nobody knows. */
static enum outcome count_pushed(
    const struct subject *s, const struct cpuset *mask, double *ret, const struct row **ret_first)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];
	bool denied = false;

	*ret = 0;
	for (size_t i = 0; i < vcpus->n; i++) {
		const struct row *vcpu = vcpus->row[i];
		int cpu = only_cpu(vcpu);

		if (cpu < 0 || !vcpu->domain || !cpuset_test(mask, (unsigned)cpu))
			continue;
		denied |= vcpu->cell[VCPU_INVOLUNTARY].state == STATE_DENIED;
		if (is_pushed(s, vcpu) && ++*ret == 1)
			*ret_first = vcpu;
	}
	return denied ? OUTCOME_MISSING : OUTCOME_FIGURE;
}

static enum outcome measure_work(const struct subject *s, double *ret)
{
	const struct row *first;
	struct cpuset mask = { 0 };
	enum outcome outcome = OUTCOME_MISSING;

	if (cpuset_parse_mask(&mask, cell_text(s->host, HOST_WORKQUEUE_CPUS)) == 0)
		outcome = count_pushed(s, &mask, ret, &first);
	cpuset_done(&mask);
	return outcome;
}

static void tell_work(const struct subject *s, double figure, struct text *out)
{
	const struct row *first = NULL;
	struct cpuset mask = { 0 }, both;
	char *all, *list;
	double n;

	cpuset_parse_mask(&mask, cell_text(s->host, HOST_WORKQUEUE_CPUS));
	count_pushed(s, &mask, &n, &first);
	both = own_cpus(s, NULL);
	cpuset_keep(&both, &mask);
	all = cpuset_format_dup(&mask);
	list = cpuset_format_dup(&both);
	print_format(out,
	    "Work of the kernel that is bound to no CPU may run on CPUs %s, and so on %s, which "
	    "vCPUs have for themselves",
	    all, list);
	if (first) {
		print_format(out, "; %s/%.0f is pushed off its CPU ",
		    cell_text(first->domain, DOMAIN_NAME), cell_number(first, VCPU_NUMBER, 0));
		say_count(out, figure_or(TABLE_VCPU, first, VCPU_INVOLUNTARY, 0));
		print_text(out, " times a second");
	}
	if (figure > 1)
		print_format(out, ", and %.0f more are likewise", figure - 1);
	print_text(out, ".");
	free(all);
	free(list);
	cpuset_done(&mask);
	cpuset_done(&both);
}

/* What is left of the mask. */
static struct cpuset spare_cpus(const struct subject *s)
{
	struct cpuset own = own_cpus(s, NULL), mask = { 0 };

	cpuset_parse_mask(&mask, cell_text(s->host, HOST_WORKQUEUE_CPUS));
	cpuset_remove(&mask, &own);
	cpuset_done(&own);
	return mask;
}

static void advise_work(const struct subject *s, double figure, struct text *out)
{
	struct cpuset spare = spare_cpus(s);
	char *list = cpuset_format_dup(&spare);

	(void)figure;
	if (*list)
		print_format(out, "keep it to CPUs %s", list);
	else
		print_text(out, "leave some CPUs to the host");
	free(list);
	cpuset_done(&spare);
}

/* The mask as it is written, without these CPUs. The caller frees it. */
static char *mask_without_dup(const char *mask, const struct cpuset *cpus)
{
	static const char digits[] = "0123456789abcdef";
	char *text = xstrdup(mask);
	unsigned cpu = 0;

	for (size_t i = strlen(text); i-- > 0;) {
		const char *digit = text[i] ? strchr(digits, text[i] | 0x20) : NULL;
		unsigned value = digit ? (unsigned)(digit - digits) : 0;

		if (!digit)
			continue;
		for (unsigned bit = 0; bit < 4; bit++, cpu++)
			if (cpuset_test(cpus, cpu))
				value &= ~(1u << bit);
		text[i] = digits[value];
	}
	return text;
}

static void plan_mask(const struct subject *s, int column, const char *file,
    const struct cpuset *own, struct plan *out)
{
	const char *now = cell_text(s->host, column);
	char *to = mask_without_dup(now, own);

	if (*now && strcmp(to, now) != 0)
		plan_setting(out, file, now, to);
	free(to);
}

/* A node on which none of the CPUs would be left; -1: there is none. */
static int bare_node(const struct subject *s, const struct cpuset *spare)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);
	struct cpuset node = { 0 };
	int bare = -1;

	for (size_t i = 0; i < n && bare < 0; i++)
		if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0 &&
		    !cpuset_empty(&node) && !cpuset_intersects(&node, spare))
			bare = (int)cell_number(rows[i], NODE_NUMBER, 0);
	cpuset_done(&node);
	return bare;
}

static void plan_work(const struct subject *s, struct plan *out)
{
	struct cpuset own = own_cpus(s, NULL), spare = spare_cpus(s);
	int bare = bare_node(s, &spare);

	plan_title(out, "keep unbound work of the kernel off the CPUs of vCPUs");
	plan_mask(s, HOST_WORKQUEUE_CPUS, WORKQUEUE_FILE, &own, out);
	plan_mask(s, HOST_WRITEBACK_CPUS, WRITEBACK_FILE, &own, out);
	if (cpuset_empty(&spare))
		plan_refuse(out, "no CPU would be left for it");
	else if (bare >= 0)
		plan_refuse(out, "no CPU of node %d would be left for it", bare);
	cpuset_done(&own);
	cpuset_done(&spare);
}

/* ---- cpu-irq-overlap ---- */

/* The CPU of its own that a vCPU shares with most interrupts; NULL: none is known. */
static const struct row *worst_cpu(const struct subject *s, double *ret, bool *ret_denied)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	struct cpuset own = own_cpus(s, NULL);
	const struct row *worst = NULL;

	*ret = 0;
	*ret_denied = false;
	for (size_t i = 0; i < cpus->n; i++) {
		const struct row *cpu = cpus->row[i];
		double v;

		if (!cpuset_test(&own, (unsigned)cell_number(cpu, CPU_NUMBER, CPUSET_MAX)))
			continue;
		*ret_denied |= cpu->cell[CPU_INTERRUPTS].state == STATE_DENIED;
		if (figure_of(TABLE_CPU, cpu, CPU_INTERRUPTS, &v) && (!worst || v > *ret)) {
			worst = cpu;
			*ret = v;
		}
	}
	cpuset_done(&own);
	return worst;
}

static enum outcome measure_interrupts(const struct subject *s, double *ret)
{
	bool denied;

	if (worst_cpu(s, ret, &denied))
		return OUTCOME_FIGURE;
	return denied ? OUTCOME_MISSING : OUTCOME_NONE;
}

static void tell_interrupts(const struct subject *s, double figure, struct text *out)
{
	double v;
	bool denied;
	const struct row *cpu = worst_cpu(s, &v, &denied);
	const char *top = cell_text(cpu, CPU_TOP_INTERRUPT);

	print_format(
	    out, "CPU %.0f, which a vCPU has for itself, serves ", cell_number(cpu, CPU_NUMBER, 0));
	say_count(out, figure);
	print_text(out, " interrupts of devices a second");
	if (*top)
		print_format(out, ", most of them number %s", top);
	print_text(out, ".");
}

/* CPUs of the same node that no vCPU has for itself; else of all nodes. The caller frees it. */
static char *other_cpus_dup(const struct subject *s, const struct row *cpu)
{
	struct cpuset own = own_cpus(s, NULL), node = { 0 }, cpus = { 0 };
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);
	unsigned number = (unsigned)cell_number(cpu, CPU_NUMBER, CPUSET_MAX);
	char *list;

	for (size_t i = 0; i < n && cpuset_empty(&cpus); i++) {
		if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) < 0 ||
		    !cpuset_test(&node, number))
			continue;
		cpuset_remove(&node, &own);
		cpuset_copy(&cpus, &node);
	}
	for (size_t i = 0; i < n && cpuset_empty(&cpus); i++)
		if (cpuset_parse_list(&node, cell_text(rows[i], NODE_CPUS)) == 0) {
			cpuset_remove(&node, &own);
			cpuset_copy(&cpus, &node);
		}
	list = cpuset_format_dup(&cpus);
	cpuset_done(&own);
	cpuset_done(&node);
	cpuset_done(&cpus);
	return list;
}

static void advise_interrupts(const struct subject *s, double figure, struct text *out)
{
	double v;
	bool denied;
	const struct row *cpu = worst_cpu(s, &v, &denied);
	char *list = other_cpus_dup(s, cpu);

	(void)figure;
	if (*list)
		print_format(out, "let CPUs %s serve them", list);
	else
		print_text(out, "leave a CPU to the host, to serve them");
	free(list);
}

static void plan_interrupts(const struct subject *s, struct plan *out)
{
	double v;
	bool denied;
	const struct row *cpu = worst_cpu(s, &v, &denied);
	const char *top = cpu ? cell_text(cpu, CPU_TOP_INTERRUPT) : "";
	int digits = (int)strspn(top, "0123456789");
	struct text path = { 0 };
	char *list;

	if (digits == 0) {
		plan_refuse(out, "which interrupt it is is not known");
		return;
	}
	list = other_cpus_dup(s, cpu);
	plan_title(
	    out, "move interrupt %.*s off CPU %.0f", digits, top, cell_number(cpu, CPU_NUMBER, 0));
	print_format(&path, "proc/irq/%.*s/smp_affinity_list", digits, top);
	plan_add(out, ACTION_WRITE, NULL, path.p, NULL, list);
	text_done(&path);
	if (!*list)
		plan_refuse(out, "every CPU is a vCPU's own");
	free(list);
}

const struct rule disturb_rules[] = {
	{
	    .id = "cpu-kworker-isolation",
	    .title = "the kernel's work pushes vCPUs off their CPUs",
	    .good = "On a CPU that a vCPU has for itself the kernel should do none of the work "
		    "that could be done elsewhere.",
	    .detect = "The mask of unbound work queues has CPUs that a vCPU is pinned to alone, "
		      "and such a vCPU is pushed off its CPU ten times a second or more.",
	    .by_hand =
		"cat /" WORKQUEUE_FILE "\n"
		"grep nonvoluntary /proc/PID/task/TID/status\nps -eo psr,comm | grep kworker",
	    .risk = "It moves what is bound to no CPU, not kworkers of a single CPU: these, and "
		    "timers, leave it only with isolcpus or nohz_full at boot. Other threads push "
		    "vCPUs off their CPUs, too.",
	    .source = "openEuler, kworker isolation",
	    .figure = "vCPUs that are pushed off a CPU of their own",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = HOST_WORKQUEUE_CPUS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_WORKQUEUE_CPUS),
		USES(TABLE_HOST, HOST_WRITEBACK_CPUS), USES(TABLE_VCPU, VCPU_AFFINITY),
		USES(TABLE_VCPU, VCPU_INVOLUNTARY), USES(TABLE_NODE, NODE_CPUS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 30,
	    .clear_s = 30,
	    .param = { { "pushed", 10, "times a second that a vCPU is pushed off its CPU",
		SHOW_INTEGER } },
	    .concerns = tells_work,
	    .measure = measure_work,
	    .evidence = tell_work,
	    .advice = advise_work,
	    .plan = plan_work,
	},
	{
	    .id = "cpu-irq-overlap",
	    .title = "interrupts of devices on a vCPU's own CPU",
	    .good = "CPUs that vCPUs have for themselves should serve no interrupts of the host's "
		    "devices: each one takes the guest out, and what follows it takes time.",
	    .detect = "A CPU that a vCPU is pinned to alone serves 1000 interrupts a second or "
		      "more by the numbered lines of proc/interrupts, timers and those of "
		      "devices that guests have for themselves not counted.",
	    .by_hand = "cat /proc/interrupts\ngrep . /proc/irq/*/effective_affinity_list\n"
		       "systemctl status irqbalance",
	    .risk = "The kernel refuses to move interrupts that it spreads itself, such as "
		    "those of NVMe queues. irqbalance moves them as it likes: tell it the CPUs "
		    "that are not its own (IRQBALANCE_BANNED_CPULIST). Numbers change with "
		    "the next boot, so nothing is saved.",
	    .source = "general practice",
	    .figure = "interrupts a second on the worst of these CPUs",
	    .show = SHOW_SHORT,
	    .subject = TABLE_HOST,
	    .column = HOST_INTERRUPTS,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_CPU, CPU_INTERRUPTS), USES(TABLE_CPU, CPU_TOP_INTERRUPT),
		USES(TABLE_VCPU, VCPU_AFFINITY), USES(TABLE_NODE, NODE_CPUS),
		USES(TABLE_HOST, HOST_INTERRUPTS)),
	    .raise = 1000,
	    .clear = 500,
	    .raise_s = 30,
	    .clear_s = 30,
	    .concerns = has_own_cpus,
	    .measure = measure_interrupts,
	    .evidence = tell_interrupts,
	    .advice = advise_interrupts,
	    .plan = plan_interrupts,
	},
	{ .id = NULL },
};
