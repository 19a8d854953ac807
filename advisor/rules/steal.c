/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests whose vCPUs wait for a host CPU, and where there is room for them. */
#include <stdlib.h>

#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

/* What its own limit holds back counts as waiting too: that is cpu-quota-throttled's to tell. */
static bool is_throttled(const struct row *domain, double wait)
{
	double vcpus = cell_number(domain, DOMAIN_VCPUS, 1);

	return figure_or(TABLE_DOMAIN, domain, DOMAIN_THROTTLED, 0) >= wait * vcpus / 2;
}

static enum outcome measure_steal(const struct subject *s, double *ret)
{
	double wait = cell_number(s->row, DOMAIN_WAIT, 0);

	if (wait > 0 && is_throttled(s->row, wait))
		return OUTCOME_NONE;
	*ret = fmax(wait, cell_number(s->row, DOMAIN_WAIT_WORST, 0));
	return OUTCOME_FIGURE;
}

/* NULL: of none is it known. */
static const struct row *longest_waiting(const struct subject *s)
{
	const struct row *longest = NULL;
	double most = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	for (size_t i = 0; i < n; i++) {
		double wait = figure_or(TABLE_VCPU, rows[i], VCPU_WAIT, 0);

		if (wait > most) {
			most = wait;
			longest = rows[i];
		}
	}
	return longest;
}

/* Beyond so many times the mean it is a vCPU of its own that is told of. */
#define STANDS_OUT 1.5
/* Who runs less on a CPU is not why another waits for it. */
#define SHARES 0.10
/* A CPU that is less busy has room for a vCPU that waits. */
#define ROOMY 0.50

/* Of all others the vCPU that runs most on the CPU to which this one is pinned; NULL: none does.
 * One that floats meets others by chance. */
static const struct row *shares_cpu(const struct subject *s, const struct row *vcpu)
{
	const struct table *t = &s->now->table[TABLE_VCPU];
	double cpu = cell_number(vcpu, VCPU_CPU, -1), most = SHARES;
	const struct row *found = NULL;

	for (size_t i = 0; only_cpu(vcpu) >= 0 && i < t->n; i++) {
		const struct row *other = t->row[i];
		double run;

		if (cell_number(other, VCPU_CPU, -2) != cpu || other == vcpu || !other->domain)
			continue;
		run = figure_or(TABLE_VCPU, other, VCPU_RUN, 0);
		if (run >= most) {
			most = run;
			found = other;
		}
	}
	return found;
}

static void say_vcpu(struct text *out, const struct row *vcpu)
{
	print_format(out, "%s/%.0f", cell_text(vcpu->domain, DOMAIN_NAME),
	    cell_number(vcpu, VCPU_NUMBER, 0));
}

static const struct row *cpu_of(const struct subject *s, const struct row *vcpu)
{
	const struct table *t = &s->now->table[TABLE_CPU];

	for (size_t i = 0; i < t->n; i++)
		if (cell_number(t->row[i], CPU_NUMBER, -1) == cell_number(vcpu, VCPU_CPU, -2))
			return t->row[i];
	return NULL;
}

/* CPUs with room to which nobody is pinned; of this node, or @node below 0: of all. */
static struct cpuset roomy_cpus(const struct subject *s, double node)
{
	const struct table *t = &s->now->table[TABLE_CPU];
	struct cpuset roomy = { 0 };

	for (size_t i = 0; i < t->n; i++)
		if (cell_number(t->row[i], CPU_BUSY, 1) < ROOMY &&
		    !*cell_text(t->row[i], CPU_PINNED) &&
		    (node < 0 || cell_number(t->row[i], CPU_NODE, -1) == node))
			cpuset_set(&roomy, (unsigned)cell_number(t->row[i], CPU_NUMBER, 0));
	return roomy;
}

/* Where this vCPU may not run though there is room, near where it runs if there is any; none where
 * it may run on one that has room. The caller calls cpuset_done. */
static struct cpuset out_of_reach(const struct subject *s, const struct row *vcpu)
{
	const struct row *cpu = cpu_of(s, vcpu);
	struct cpuset may = { 0 }, roomy = roomy_cpus(s, -1), near = { 0 };

	if (cpuset_parse_list(&may, cell_text(vcpu, VCPU_AFFINITY)) < 0 || cpuset_empty(&may) ||
	    cpuset_intersects(&may, &roomy)) {
		cpuset_done(&roomy);
		roomy = (struct cpuset){ 0 };
	} else if (cpu && cell_has(cpu, CPU_NODE)) {
		near = roomy_cpus(s, cell_number(cpu, CPU_NODE, 0));
	}
	cpuset_done(&may);
	if (cpuset_empty(&near)) {
		cpuset_done(&near);
		return roomy;
	}
	cpuset_done(&roomy);
	return near;
}

/* Likewise for the one that waits longest. */
static struct cpuset room_for(const struct subject *s)
{
	const struct row *vcpu = longest_waiting(s);

	return vcpu ? out_of_reach(s, vcpu) : (struct cpuset){ 0 };
}

static bool is_only(const struct subject *s)
{
	size_t n;

	subject_rows(s, TABLE_VCPU, s->row, &n);
	return n == 1;
}

static void tell_steal(const struct subject *s, double figure, struct text *out)
{
	const struct row *vcpu = longest_waiting(s);
	double mean = cell_number(s->row, DOMAIN_WAIT, 0), busy;

	if (vcpu && (figure >= STANDS_OUT * mean || is_only(s))) {
		print_format(out, "vCPU %.0f", cell_number(vcpu, VCPU_NUMBER, 0));
		if (cell_has(vcpu, VCPU_CPU)) {
			const struct row *other = shares_cpu(s, vcpu);

			print_format(out, ", on CPU %.0f", cell_number(vcpu, VCPU_CPU, 0));
			if (other) {
				print_text(out, " with ");
				say_vcpu(out, other);
			}
			print_text(out, ",");
		}
		print_text(out, " waits ");
		say_percent(out, figure);
		print_text(out, " of the time for a host CPU");
		if (!is_only(s)) {
			print_text(out, "; in the mean its vCPUs wait ");
			say_percent(out, mean);
		}
	} else {
		print_text(out, "In the mean its vCPUs wait ");
		say_percent(out, mean);
		print_text(out, " of the time for a host CPU");
		if (figure > mean) {
			print_text(out, ", the worst of them ");
			say_percent(out, figure);
		}
	}
	if (figure_of(TABLE_HOST, s->host, HOST_BUSY, &busy)) {
		print_text(out, "; the host is ");
		say_percent(out, busy);
		print_text(out, " busy");
	}
	print_text(out, ".");
}

static double count_of_list(const char *cpus)
{
	struct cpuset set = { 0 };
	double n = cpuset_parse_list(&set, cpus) == 0 ? cpuset_count(&set) : 0;

	cpuset_done(&set);
	return n;
}

/* The node that all of its vCPUs are pinned within though none of them may use all of it, and that
 * has CPUs to spare; NULL: none. */
static const struct row *wider_node(const struct subject *s)
{
	size_t n, nodes;
	const struct row *const *vcpu = subject_rows(s, TABLE_VCPU, s->row, &n);
	const struct row *const *node = subject_rows(s, TABLE_NODE, NULL, &nodes);
	double may_use = n > 0 ? count_of_list(cell_text(vcpu[0], VCPU_AFFINITY)) : 0;

	for (size_t k = 0; k < nodes; k++) {
		const char *cpus = cell_text(node[k], NODE_CPUS);
		size_t within = 0;

		/* Most guests are told from a node by this alone. */
		if (may_use >= cell_number(node[k], NODE_CPU_COUNT, INFINITY))
			continue;
		for (size_t i = 0; i < n && within == i; i++) {
			const char *may = cell_text(vcpu[i], VCPU_AFFINITY);

			within += is_within(may, cpus) && !is_within(cpus, may);
		}
		if (n > 0 && within == n)
			return cell_number(node[k], NODE_BUSY, 1) < s->param[0] ? node[k] : NULL;
	}
	return NULL;
}

/* "let it, or batch/0 on the same CPU, use CPUs 0,6, idle half of the time or more";
 * false: that would not help. */
static bool advise_roomy(const struct subject *s, struct text *out)
{
	const struct row *vcpu = longest_waiting(s), *other = vcpu ? shares_cpu(s, vcpu) : NULL;
	struct cpuset roomy = room_for(s);
	char *list;

	if (cpuset_empty(&roomy)) {
		cpuset_done(&roomy);
		return false;
	}
	print_text(out, "let it");
	if (other) {
		print_text(out, ", or ");
		say_vcpu(out, other);
		print_text(out, " on the same CPU,");
	}
	list = cpuset_format_dup(&roomy);
	print_format(out, " use CPU%s %s, idle half of the time or more",
	    cpuset_count(&roomy) == 1 ? "" : "s", list);
	free(list);
	cpuset_done(&roomy);
	return true;
}

static void advise_steal(const struct subject *s, double figure, struct text *out)
{
	const struct row *node = wider_node(s);

	(void)figure;
	if (!node && advise_roomy(s, out))
		return;
	if (node)
		print_format(out, "let its vCPUs use all CPUs of node %.0f, %s",
		    cell_number(node, NODE_NUMBER, 0), cell_text(node, NODE_CPUS));
	else if (cell_number(s->host, HOST_BUSY, 1) < s->param[0])
		print_text(out, "move it, or who runs on the same CPUs, to CPUs that are idle");
	else
		print_text(out,
		    "move it to another host, or give guests that can wait a limit or less weight");
}

static void plan_steal(const struct subject *s, struct plan *out)
{
	const struct row *node = wider_node(s);
	size_t n;
	const struct row *const *vcpu = subject_rows(s, TABLE_VCPU, s->row, &n);

	if (!node) {
		struct cpuset roomy = room_for(s);

		plan_refuse(out, cpuset_empty(&roomy) ? "no CPUs of its node are known to be idle"
						      : "whom to pin elsewhere is for you to say");
		cpuset_done(&roomy);
		return;
	}
	plan_title(out, "let the vCPUs of %s use node %.0f", cell_text(s->row, DOMAIN_NAME),
	    cell_number(node, NODE_NUMBER, 0));
	for (size_t i = 0; i < n; i++)
		plan_pin_vcpu(vcpu[i], cell_text(node, NODE_CPUS), out);
}

const struct rule steal_rules[] = {
	{
	    .id = "cpu-vcpu-steal",
	    .title = "vCPUs wait for a host CPU",
	    .good = "A vCPU should run when it wants to; while it waits, everything in the guest "
		    "stands still, and the guest's clock does not.",
	    .detect = "The time that its vCPUs were runnable but waited, as a share of all time, "
		      "is 5 % or more of the one that waits most; critical from 20 %. Not where "
		      "half of what they wait in the mean is due to the guest's own limit.",
	    .by_hand = "cut -d' ' -f2 /proc/PID/task/TID/schedstat\nvirsh domstats --vcpu GUEST",
	    .risk =
		"Wider pins give up that nobody else runs on these CPUs. A host whose CPUs are "
		"all busy needs fewer guests, not other pins. The plan widens the pins of all "
		"vCPUs, as a single one would then run over the others; who is to be given more "
		"weight (cpu_shares) is for you to say.",
	    .source = "general practice",
	    .figure = "share of the time that a vCPU waits",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_WAIT,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_WAIT), USES(TABLE_DOMAIN, DOMAIN_WAIT_WORST),
		    USES(TABLE_DOMAIN, DOMAIN_THROTTLED), USES(TABLE_DOMAIN, DOMAIN_VCPUS),
		    USES(TABLE_HOST, HOST_BUSY), USES(TABLE_NODE, NODE_BUSY),
		    USES(TABLE_NODE, NODE_CPUS), USES(TABLE_NODE, NODE_CPU_COUNT),
		    USES(TABLE_VCPU, VCPU_WAIT), USES(TABLE_VCPU, VCPU_CPU),
		    USES(TABLE_VCPU, VCPU_RUN), USES(TABLE_VCPU, VCPU_AFFINITY),
		    USES(TABLE_CPU, CPU_BUSY), USES(TABLE_CPU, CPU_PINNED),
		    USES(TABLE_CPU, CPU_NODE), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.05,
	    .clear = 0.02,
	    .critical = 0.20,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "idle", 0.70, "from here on CPUs are too busy to take more",
		SHOW_PERCENT } },
	    .measure = measure_steal,
	    .evidence = tell_steal,
	    .advice = advise_steal,
	    .plan = plan_steal,
	    .excludes = MOVES_NOW,
	},
	{ .id = NULL },
};
