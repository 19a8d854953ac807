/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who goes first when CPUs are short. */
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

/* ---- cpu-cgroup-priority ---- */

struct weights {
	size_t guests, known, denied;
	double least, most; /* weights of groups */
	const struct row *victim;
};

static double vcpus_of(const struct row *domain)
{
	return fmax(1, cell_number(domain, DOMAIN_VCPUS, 1));
}

/* CPU time for each vCPU. */
static double use_of(const struct row *domain)
{
	return figure_or(TABLE_DOMAIN, domain, DOMAIN_CPU, 0) / vcpus_of(domain);
}

/* libvirt has given it a group of its own; one that was started by hand lies in somebody else's. */
static bool is_placed(const struct row *domain)
{
	return guest_runs(domain) && is_known_to_libvirt(domain);
}

static double mean_use(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double sum = 0, n = 0;

	for (size_t i = 0; i < guests->n; i++)
		if (is_placed(guests->row[i])) {
			sum += use_of(guests->row[i]);
			n++;
		}
	return n > 0 ? sum / n : 0;
}

/* The victim is the guest that waits most of those that use less than the others. */
static struct weights look_at_weights(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double mean = mean_use(s), worst = 0;
	struct weights w = { 0 };

	for (size_t i = 0; i < guests->n; i++) {
		const struct row *g = guests->row[i];
		double weight, wait = figure_or(TABLE_DOMAIN, g, DOMAIN_WAIT, 0);

		if (!is_placed(g))
			continue;
		w.guests++;
		w.denied += g->cell[DOMAIN_CPU_WEIGHT].state == STATE_DENIED;
		if (!figure_of(TABLE_DOMAIN, g, DOMAIN_CPU_WEIGHT, &weight))
			continue;
		w.least = w.known ? fmin(w.least, weight) : weight;
		w.most = fmax(w.most, weight);
		w.known++;
		if (use_of(g) < mean && wait > worst) {
			worst = wait;
			w.victim = g;
		}
	}
	return w;
}

static bool has_several(const struct subject *s)
{
	return look_at_weights(s).guests > 1;
}

static enum outcome measure_priority(const struct subject *s, double *ret)
{
	struct weights w = look_at_weights(s);

	/* Without the controller there are no weights. */
	if (w.known < 2 || w.denied > 0)
		return w.denied > 0 ? OUTCOME_MISSING : OUTCOME_NONE;
	*ret = w.most > w.least ? 0 : figure_or(TABLE_HOST, s->host, HOST_PSI_CPU, 0);
	return OUTCOME_FIGURE;
}

static void tell_priority(const struct subject *s, double figure, struct text *out)
{
	struct weights w = look_at_weights(s);

	print_text(out, "Some task waits for a CPU ");
	say_percent(out, figure);
	print_format(
	    out, " of the time, and %zu guests have the same weight, %.0f", w.known, w.most);
	if (w.victim) {
		print_format(
		    out, "; %s uses less than others and waits ", cell_text(w.victim, DOMAIN_NAME));
		say_percent(out, figure_or(TABLE_DOMAIN, w.victim, DOMAIN_WAIT, 0));
	}
	print_text(out, ".");
}

static void advise_priority(const struct subject *s, double figure, struct text *out)
{
	struct weights w = look_at_weights(s);

	(void)figure;
	print_text(out, "give guests that matter more weight than others");
	if (w.victim)
		print_format(out, ", such as %s, if it is one", cell_text(w.victim, DOMAIN_NAME));
}

static void plan_priority(const struct subject *s, struct plan *out)
{
	struct weights w = look_at_weights(s);
	char now[NUMBER_SIZE], value[NUMBER_SIZE];

	if (!w.victim) {
		plan_refuse(out, "no guest stands out as the one that suffers: which of them "
				 "matters is not kvmtop's to say");
		return;
	}
	number_text(w.most, now);
	number_text(2 * w.most, value);
	plan_title(out, "double the CPU weight of %s", cell_text(w.victim, DOMAIN_NAME));
	plan_add(out, ACTION_SCHEDULER, w.victim, "cpu_shares", now, value);
	plan_add_lasting(out, ACTION_SCHEDULER, w.victim, "cpu_shares", NULL, value)->saved = true;
}

const struct rule weight_rules[] = {
	{
	    .id = "cpu-cgroup-priority",
	    .title = "guests wait for CPUs, and none goes first",
	    .good = "Where CPUs are short, guests that matter should have more weight than those "
		    "that can wait, instead of all the same.",
	    .detect = "Some task waits for a CPU 10 % of the time or more for a minute (proc/"
		      "pressure/cpu), and the cgroups of all guests of libvirt, at least two, have "
		      "the same weight.",
	    .by_hand = "cat /proc/pressure/cpu\nvirsh schedinfo GUEST",
	    .risk = "What one guest gets, others lack. The weight is doubled as it stands, for "
		    "cgroup versions count differently: 1024 is usual in version 1, 100 in "
		    "version 2, where 10000 is the most.",
	    .source = "libvirt schedinfo; IBM, controlling access",
	    .figure = "time that some task waits for a CPU",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_PSI_CPU,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs =
		NEEDS_LIST(NEED(TABLE_HOST, HOST_PSI_CPU), USES(TABLE_DOMAIN, DOMAIN_CPU_WEIGHT),
		    USES(TABLE_DOMAIN, DOMAIN_CPU), USES(TABLE_DOMAIN, DOMAIN_WAIT),
		    USES(TABLE_DOMAIN, DOMAIN_VCPUS), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.10,
	    .clear = 0.05,
	    .raise_s = 60,
	    .clear_s = 60,
	    .concerns = has_several,
	    .measure = measure_priority,
	    .evidence = tell_priority,
	    .advice = advise_priority,
	    .plan = plan_priority,
	},
	{ .id = NULL },
};
