/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs of the host that a vCPU has to itself, or thinks so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"
#include "base/xalloc.h"

static double run_of(const struct row *vcpu)
{
	return figure_or(TABLE_VCPU, vcpu, VCPU_RUN, 0);
}

static void say_vcpu(struct text *out, const struct row *vcpu)
{
	print_format(out, "%s/%.0f", cell_text(vcpu->domain, DOMAIN_NAME),
	    cell_number(vcpu, VCPU_NUMBER, 0));
}

/* A CPU and who is pinned to it alone. */
struct seat {
	const struct row *cpu, *vcpu; /* the first of them; NULL: none */
	unsigned pinned, busy;        /* how many, and how many of these are busy */
};

struct seats {
	struct seat *seat; /* by number of the CPU */
	size_t n;
};

static void seats_init(struct seats *st, const struct subject *s, double busy)
{
	const struct table *cpus = &s->now->table[TABLE_CPU], *vcpus = &s->now->table[TABLE_VCPU];

	st->n = 0;
	for (size_t i = 0; i < cpus->n; i++) {
		double number = cell_number(cpus->row[i], CPU_NUMBER, 0);

		if (number >= (double)st->n && number < CPUSET_MAX)
			st->n = (size_t)number + 1;
	}
	st->seat = xcalloc(st->n + 1, sizeof(*st->seat));
	for (size_t i = 0; i < cpus->n; i++) {
		double number = cell_number(cpus->row[i], CPU_NUMBER, 0);

		if (number < (double)st->n)
			st->seat[(size_t)number].cpu = cpus->row[i];
	}
	for (size_t i = 0; i < vcpus->n; i++) {
		int cpu = vcpus->row[i]->domain ? only_cpu(vcpus->row[i]) : -1;

		if (cpu < 0 || (size_t)cpu >= st->n)
			continue;
		if (!st->seat[cpu].vcpu)
			st->seat[cpu].vcpu = vcpus->row[i];
		st->seat[cpu].pinned++;
		st->seat[cpu].busy += run_of(vcpus->row[i]) >= busy;
	}
}

/* What the rules about the host's CPUs cannot do without: where no guest tells where it may run,
 * nobody can say. */
static enum outcome affinity_known(const struct subject *s)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];

	for (size_t i = 0; i < vcpus->n; i++)
		if (*cell_text(vcpus->row[i], VCPU_AFFINITY))
			return OUTCOME_FIGURE;
	return vcpus->n ? OUTCOME_MISSING : OUTCOME_NONE;
}

/* ---- cpu-pin-overlap ---- */

/* A vCPU that shares its only CPU, and the CPU that it could have for itself. */
struct shift {
	const struct row *vcpu, *first;
	int from, to;
};

static bool is_beside_busy(const struct seats *st, const struct seat *seat)
{
	struct cpuset siblings = { 0 };
	bool beside = false;

	if (cpuset_parse_list(&siblings, cell_text(seat->cpu, CPU_SIBLINGS)) == 0)
		for (int cpu = cpuset_next(&siblings, 0); cpu >= 0;
		     cpu = cpuset_next(&siblings, (unsigned)cpu + 1))
			beside |= (size_t)cpu < st->n && st->seat[cpu].busy > 0;
	cpuset_done(&siblings);
	return beside;
}

/* A CPU of the same node that nobody is pinned to, best one whose core is free as well; -1: none.
 */
static int free_cpu(const struct seats *st, int from)
{
	double node = cell_number(st->seat[from].cpu, CPU_NODE, 0);
	int best = -1;

	for (size_t i = 0; i < st->n; i++) {
		const struct seat *seat = &st->seat[i];

		if (!seat->cpu || seat->pinned || cell_number(seat->cpu, CPU_NODE, 0) != node)
			continue;
		if (!is_beside_busy(st, seat))
			return (int)i;
		if (best < 0)
			best = (int)i;
	}
	return best;
}

/* The caller frees it. */
static struct shift *find_shifts(const struct subject *s, size_t *ret_n)
{
	const struct table *vcpus = &s->now->table[TABLE_VCPU];
	struct shift *shift = xcalloc(vcpus->n + 1, sizeof(*shift));
	struct seats st;

	*ret_n = 0;
	seats_init(&st, s, s->param[0]);
	for (size_t i = 0; i < vcpus->n; i++) {
		const struct row *vcpu = vcpus->row[i];
		int from = vcpu->domain ? only_cpu(vcpu) : -1, to;

		if (from < 0 || (size_t)from >= st.n || st.seat[from].busy < 2 ||
		    st.seat[from].vcpu == vcpu || run_of(vcpu) < s->param[0] || !st.seat[from].cpu)
			continue;
		to = free_cpu(&st, from);
		if (to < 0)
			continue;
		shift[(*ret_n)++] = (struct shift){ vcpu, st.seat[from].vcpu, from, to };
		st.seat[from].pinned--;
		st.seat[from].busy--;
		st.seat[to] = (struct seat){ st.seat[to].cpu, vcpu, 1, 1 };
	}
	free(st.seat);
	return shift;
}

static enum outcome measure_overlap(const struct subject *s, double *ret)
{
	enum outcome outcome = affinity_known(s);
	size_t n;

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	free(find_shifts(s, &n));
	*ret = (double)n;
	return OUTCOME_FIGURE;
}

static void tell_overlap(const struct subject *s, double figure, struct text *out)
{
	size_t n;
	struct shift *shift = find_shifts(s, &n);

	for (size_t i = 0; i < n && i < 1; i++) {
		say_vcpu(out, shift[i].first);
		print_text(out, " and ");
		say_vcpu(out, shift[i].vcpu);
		print_format(out,
		    " are both busy and pinned to CPU %d alone, while nobody is pinned to CPU %d "
		    "of that node.",
		    shift[i].from, shift[i].to);
	}
	if (figure > 1)
		print_format(out, " So it is with %.0f more.", figure - 1);
	free(shift);
}

static void say_shifts(const struct shift *shift, size_t n, struct text *out)
{
	for (size_t i = 0; i < n && i < 4; i++) {
		print_text(out, i ? ", " : "pin ");
		say_vcpu(out, shift[i].vcpu);
		print_format(out, " to CPU %d", shift[i].to);
	}
}

static void plan_shifts(const struct shift *shift, size_t n, struct plan *out)
{
	for (size_t i = 0; i < n; i++) {
		char cpu[16];

		snprintf(cpu, sizeof(cpu), "%d", shift[i].to);
		plan_pin_vcpu(shift[i].vcpu, cpu, out);
	}
}

static void advise_overlap(const struct subject *s, double figure, struct text *out)
{
	size_t n;
	struct shift *shift = find_shifts(s, &n);

	(void)figure;
	say_shifts(shift, n, out);
	free(shift);
}

static void plan_overlap(const struct subject *s, struct plan *out)
{
	size_t n;
	struct shift *shift = find_shifts(s, &n);

	plan_title(
	    out, "give %zu vCPU%s a CPU of %s own", n, n == 1 ? "" : "s", n == 1 ? "its" : "their");
	plan_shifts(shift, n, out);
	free(shift);
}

/* ---- cpu-pinned-not-isolated ---- */

/* Time of a CPU that went to others than the one vCPU that it was given to. */
static double others_share(const struct seat *seat)
{
	double busy, run;

	if (seat->pinned != 1 || !seat->cpu || !figure_of(TABLE_CPU, seat->cpu, CPU_BUSY, &busy) ||
	    !figure_of(TABLE_VCPU, seat->vcpu, VCPU_RUN, &run))
		return 0;
	return busy > run ? busy - run : 0;
}

static const struct seat *worst_seat(const struct seats *st)
{
	const struct seat *worst = NULL;

	for (size_t i = 0; i < st->n; i++)
		if (st->seat[i].pinned == 1 && st->seat[i].cpu &&
		    (!worst || others_share(&st->seat[i]) > others_share(worst)))
			worst = &st->seat[i];
	return worst;
}

static enum outcome measure_isolated(const struct subject *s, double *ret)
{
	enum outcome outcome = affinity_known(s);
	const struct seat *worst;
	struct seats st;

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	seats_init(&st, s, 0);
	worst = worst_seat(&st);
	if (worst)
		*ret = others_share(worst);
	free(st.seat);
	return worst ? OUTCOME_FIGURE : OUTCOME_NONE;
}

static void tell_isolated(const struct subject *s, double figure, struct text *out)
{
	const struct seat *worst;
	struct seats st;

	seats_init(&st, s, 0);
	worst = worst_seat(&st);
	print_format(out, "CPU %.0f belongs to ", cell_number(worst->cpu, CPU_NUMBER, 0));
	say_vcpu(out, worst->vcpu);
	print_text(out, " alone, but others use ");
	say_percent(out, figure);
	print_text(out, " of it.");
	free(st.seat);
}

static void advise_isolated(const struct subject *s, double figure, struct text *out)
{
	struct cpuset own = own_cpus(s, NULL);
	char *list = cpuset_format_dup(&own);

	(void)figure;
	print_format(out,
	    "keep other work off CPUs %s: leave them out of AllowedCPUs of system.slice and "
	    "user.slice, and of the emulators' pins",
	    list);
	free(list);
	cpuset_done(&own);
}

/* ---- cpu-smt-siblings-shared ---- */

/* A sibling of the CPU that a busy vCPU of another guest is pinned to; a pair is found once. */
static const struct seat *rival_of(const struct seats *st, size_t cpu, double busy)
{
	const struct seat *seat = &st->seat[cpu], *rival = NULL;
	struct cpuset siblings = { 0 };

	if (!seat->cpu || !seat->vcpu || run_of(seat->vcpu) < busy ||
	    cpuset_parse_list(&siblings, cell_text(seat->cpu, CPU_SIBLINGS)) < 0)
		return NULL;
	for (int i = cpuset_next(&siblings, (unsigned)cpu + 1); i >= 0 && (size_t)i < st->n;
	     i = cpuset_next(&siblings, (unsigned)i + 1)) {
		const struct row *vcpu = st->seat[i].vcpu;

		if (!rival && vcpu && vcpu->domain != seat->vcpu->domain && run_of(vcpu) >= busy)
			rival = &st->seat[i];
	}
	cpuset_done(&siblings);
	return rival;
}

/* Nobody is pinned to any thread of its core. */
static bool is_free_core(const struct seats *st, const struct row *cpu)
{
	struct cpuset siblings = { 0 };
	bool unused = cpuset_parse_list(&siblings, cell_text(cpu, CPU_SIBLINGS)) == 0 &&
		      cpuset_next(&siblings, 0) >= 0;

	for (int i = unused ? cpuset_next(&siblings, 0) : -1; i >= 0;
	     i = cpuset_next(&siblings, (unsigned)i + 1))
		unused = unused && (size_t)i < st->n && st->seat[i].pinned == 0;
	cpuset_done(&siblings);
	return unused;
}

/* First thread of such a core of the same node; -1: there is none. */
static int free_core(const struct seats *st, const struct row *from)
{
	double node = cell_number(from, CPU_NODE, -1);

	for (size_t i = 0; i < st->n; i++) {
		const struct row *cpu = st->seat[i].cpu;

		if (cpu && cell_number(cpu, CPU_NODE, -1) == node && is_free_core(st, cpu))
			return (int)i;
	}
	return -1;
}

/* The rivals that a core of their own is there for. The caller frees it. */
static struct shift *find_cores(const struct subject *s, size_t *ret_n)
{
	struct shift *shift;
	struct seats st;

	*ret_n = 0;
	seats_init(&st, s, s->param[0]);
	shift = xcalloc(st.n + 1, sizeof(*shift));
	for (size_t i = 0; i < st.n; i++) {
		const struct seat *rival = rival_of(&st, i, s->param[0]);
		/* Of several on one CPU another one would stay. */
		int to = rival && rival->pinned == 1 ? free_core(&st, rival->cpu) : -1;
		int from = (int)(rival ? rival - st.seat : 0);

		if (to < 0)
			continue;
		shift[(*ret_n)++] = (struct shift){ rival->vcpu, st.seat[i].vcpu, from, to };
		st.seat[to] = (struct seat){ st.seat[to].cpu, rival->vcpu, 1, 1 };
		st.seat[from] = (struct seat){ .cpu = rival->cpu };
	}
	free(st.seat);
	return shift;
}

static enum outcome measure_siblings(const struct subject *s, double *ret)
{
	enum outcome outcome = affinity_known(s);
	struct seats st;

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	seats_init(&st, s, s->param[0]);
	*ret = 0;
	for (size_t i = 0; i < st.n; i++)
		*ret += rival_of(&st, i, s->param[0]) != NULL;
	free(st.seat);
	return OUTCOME_FIGURE;
}

static void tell_siblings(const struct subject *s, double figure, struct text *out)
{
	const struct seat *rival = NULL;
	struct seats st;

	seats_init(&st, s, s->param[0]);
	for (size_t i = 0; i < st.n && !rival; i++) {
		rival = rival_of(&st, i, s->param[0]);
		if (!rival)
			continue;
		say_vcpu(out, st.seat[i].vcpu);
		print_text(out, " and ");
		say_vcpu(out, rival->vcpu);
		print_format(out, " are busy on CPUs %zu and %.0f, two threads of one core.", i,
		    cell_number(rival->cpu, CPU_NUMBER, 0));
	}
	if (figure > 1)
		print_format(out, " So are %.0f more pairs.", figure - 1);
	free(st.seat);
}

static void advise_siblings(const struct subject *s, double figure, struct text *out)
{
	size_t n;
	struct shift *shift = find_cores(s, &n);

	(void)figure;
	say_shifts(shift, n, out);
	if (n == 0)
		print_text(out, "give busy guests whole cores: pin both threads of a core to one "
				"guest");
	else
		print_text(out, ", a core that nobody is pinned to");
	free(shift);
}

static void plan_siblings(const struct subject *s, struct plan *out)
{
	size_t n;
	struct shift *shift = find_cores(s, &n);

	if (n == 0)
		plan_refuse(out, "their node has no core that nobody is pinned to");
	else
		plan_title(out, "give %zu vCPU%s a core of %s own", n, n == 1 ? "" : "s",
		    n == 1 ? "its" : "their");
	plan_shifts(shift, n, out);
	free(shift);
}

const struct rule seat_rules[] = {
	{
	    .id = "cpu-pin-overlap",
	    .title = "busy vCPUs are pinned to one CPU",
	    .good = "Two busy vCPUs that are pinned to the same CPU can never run together.",
	    .detect =
		"Two vCPUs or more may run on one CPU alone, the same, and each of them uses a "
		"fifth of a CPU or more, while nobody is pinned to another CPU of that node. "
		"How long they wait is not asked: two that are busy on one CPU do, and "
		"cpu-vcpu-steal tells how long.",
	    .by_hand = "virsh vcpupin GUEST\ngrep Cpus_allowed_list /proc/PID/task/*/status",
	    .risk = "Guests may be packed on purpose; those that are idle are left alone. The pin "
		    "that is moved need not be the one that was meant to go.",
	    .source = "RHEL 9.3.2, 9.3.6",
	    .figure = "vCPUs that could have a CPU of their own",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = -1,
	    .level = LEVEL_WARNING,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(PIN_NEEDS, USES(TABLE_CPU, CPU_NODE), USES(TABLE_CPU, CPU_SIBLINGS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "busy", 0.20, "CPU time from which a vCPU is busy", SHOW_PERCENT } },
	    .measure = measure_overlap,
	    .evidence = tell_overlap,
	    .advice = advise_overlap,
	    .plan = plan_overlap,
	    .excludes = MOVES_NOW,
	},
	{
	    .id = "cpu-pinned-not-isolated",
	    .title = "others run on a vCPU's own CPU",
	    .good = "A CPU that one vCPU is pinned to alone should do nothing else: whatever else "
		    "runs there makes the guest wait.",
	    .detect = "Of the time of such a CPU 5 % or more went to others than its vCPU: how "
		      "busy it is, less the time that the vCPU ran. "
		      "What is less may be the kernel's own timers and threads, which any CPU has.",
	    .by_hand = "cat /sys/devices/system/cpu/isolated\nmpstat -P ALL 1\n"
		       "systemctl show -p AllowedCPUs system.slice user.slice",
	    .risk = "AllowedCPUs needs cgroup version 2 and moves services at once. isolcpus also "
		    "ends the balancing of vCPUs that share a set of CPUs. There is advice only: "
		    "what may run where on this host is not kvmtop's to say.",
	    .source = "general practice",
	    .figure = "time that others took on the worst of these CPUs",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = -1,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(PIN_NEEDS, USES(TABLE_CPU, CPU_BUSY)),
	    .raise = 0.05,
	    .clear = 0.02,
	    .raise_s = 60,
	    .clear_s = 10,
	    .measure = measure_isolated,
	    .evidence = tell_isolated,
	    .advice = advise_isolated,
	},
	{
	    .id = "cpu-smt-siblings-shared",
	    .title = "busy guests share a core",
	    .good = "Two threads of a core share its execution units and caches: busy guests "
		    "should have cores, not threads, to themselves.",
	    .detect = "Two vCPUs of different guests are pinned to two threads of one core, each "
		      "alone, and both use 30 % of a CPU or more.",
	    .by_hand = "virsh vcpupin GUEST\n"
		       "cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
	    .risk = "Whole cores halve how many guests fit. One vCPU of a pair is pinned to a core "
		    "of the same node that nobody is pinned to, which need not be the one that was "
		    "meant to go; where there is none, which guest gets which core is for who laid "
		    "out the pins to say. Guests without pins are not looked at.",
	    .source = "general practice",
	    .figure = "pairs of such vCPUs",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = -1,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(PIN_NEEDS, USES(TABLE_CPU, CPU_NODE), USES(TABLE_CPU, CPU_SIBLINGS)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "busy", 0.30, "CPU time from which a vCPU is busy", SHOW_PERCENT } },
	    .measure = measure_siblings,
	    .evidence = tell_siblings,
	    .advice = advise_siblings,
	    .plan = plan_siblings,
	    .excludes = MOVES_NOW,
	},
	{ .id = NULL },
};
