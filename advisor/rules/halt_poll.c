/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Polling for a halted vCPU's next work before its CPU is given away. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define LIMIT_DEFAULT 200000 /* ns, of x86 */
#define LIMIT_LEAST 10000
#define LIMIT_MOST 500000
#define NS_PER_SECOND 1e9

static double limit_ns(const struct subject *s)
{
	return cell_number(s->host, HOST_HALT_POLL_LIMIT, 0);
}

static double host_busy(const struct subject *s)
{
	return cell_number(s->host, HOST_BUSY, 0);
}

static bool has_limit(const struct subject *s)
{
	return s->host->cell[HOST_HALT_POLL_LIMIT].state != STATE_ABSENT;
}

static bool may_poll(const struct subject *s)
{
	return has_limit(s) && (limit_ns(s) > 0 || !cell_has(s->host, HOST_HALT_POLL_LIMIT));
}

static bool may_not_poll(const struct subject *s)
{
	return has_limit(s) && limit_ns(s) <= 0;
}

static void plan_limit(const struct subject *s, struct plan *out, double value_ns)
{
	char now[NUMBER_SIZE], value[NUMBER_SIZE];

	plan_title(out, "let KVM poll for at most %.0f ns", value_ns);
	plan_parameter(out, "kvm", "halt_poll_ns", number_text(limit_ns(s), now),
	    number_text(value_ns, value));
}

static void advise_limit(struct text *out, double value_ns)
{
	if (value_ns > 0)
		print_format(out, "set halt_poll_ns of the module kvm to %.0f", value_ns);
	else
		print_text(out, "switch halt polling off: set halt_poll_ns of the module kvm to 0");
}

/* How long a halted vCPU slept in the mean, polls that were in time not counted. */
static enum outcome mean_sleep(const struct subject *s, double *ret_s)
{
	double slept, halts, successes = 0;
	enum outcome outcome = sum_of_vcpus(s, NULL, VCPU_HALT_WAIT_NS, &slept);

	if (outcome == OUTCOME_FIGURE)
		outcome = sum_of_vcpus(s, NULL, VCPU_HALT_EXITS, &halts);
	if (outcome != OUTCOME_FIGURE)
		return outcome;
	sum_of_vcpus(s, NULL, VCPU_POLL_SUCCESSFUL, &successes);
	*ret_s = slept / fmax(halts - successes, 1);
	return OUTCOME_FIGURE;
}

/* ---- halt-poll-off ---- */

static enum outcome measure_off(const struct subject *s, double *ret)
{
	double halts, sleep_s;
	enum outcome outcome = sum_of_vcpus(s, NULL, VCPU_HALT_EXITS, &halts);

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	if (host_busy(s) >= s->param[0])
		return OUTCOME_NONE;
	if (halts > 0) {
		outcome = mean_sleep(s, &sleep_s);
		if (outcome != OUTCOME_FIGURE)
			return outcome;
		if (sleep_s >= s->param[1] * 1e-6)
			return OUTCOME_NONE;
	}
	*ret = halts;
	return OUTCOME_FIGURE;
}

/* Those after which a vCPU really slept, which are all as long as none polls. Kernels of which a
 * guest keeps the limit of its start show no difference. */
static enum outcome measure_sleeps(const struct subject *s, double *ret)
{
	double halts, successes;
	enum outcome outcome = sum_of_vcpus(s, NULL, VCPU_HALT_EXITS, &halts);

	if (outcome == OUTCOME_FIGURE)
		outcome = sum_of_vcpus(s, NULL, VCPU_POLL_SUCCESSFUL, &successes);
	if (outcome == OUTCOME_FIGURE)
		*ret = fmax(halts - successes, 0);
	return outcome;
}

static void tell_off(const struct subject *s, double figure, struct text *out)
{
	double sleep_s;

	print_text(out, "Halt polling is off while vCPUs halt ");
	say_count(out, figure);
	print_text(out, " times a second");
	if (mean_sleep(s, &sleep_s) == OUTCOME_FIGURE) {
		print_text(out, " and sleep ");
		say_time(out, sleep_s);
		print_text(out, " each time");
	}
	print_text(out, "; the host is ");
	say_percent(out, host_busy(s));
	print_text(out, " busy.");
}

static void advise_off(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	advise_limit(out, LIMIT_DEFAULT);
}

static void plan_off(const struct subject *s, struct plan *out)
{
	plan_limit(s, out, LIMIT_DEFAULT);
}

/* ---- halt-poll-waste ---- */

static double worst_guest(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double worst = 0;

	for (size_t i = 0; i < guests->n; i++)
		worst =
		    fmax(worst, figure_or(TABLE_DOMAIN, guests->row[i], DOMAIN_POLL_FAIL_TIME, 0));
	return worst;
}

static bool is_busy_enough(const struct subject *s)
{
	return !cell_has(s->host, HOST_BUSY) || host_busy(s) >= s->param[0];
}

static bool may_waste(const struct subject *s)
{
	return may_poll(s) && (is_busy_enough(s) || gate_was_open(s)) &&
	       cell_number(s->host, HOST_DOMAINS, 0) > 0;
}

static enum outcome measure_waste(const struct subject *s, double *ret)
{
	double vain = sum_of_guests(s, DOMAIN_POLL_FAIL_TIME);
	double cpus = cell_number(s->host, HOST_CPUS, 1);
	double all = vain + sum_of_guests(s, DOMAIN_POLL_SUCCESS_TIME);
	bool much = worst_guest(s) >= s->param[1] || vain >= s->param[2] * cpus;

	if (!gate_holds(s, much && is_busy_enough(s)))
		return OUTCOME_NONE;
	*ret = all > 0 ? vain / all : 0;
	return OUTCOME_FIGURE;
}

static void tell_waste(const struct subject *s, double figure, struct text *out)
{
	say_percent(out, figure);
	print_text(out, " of the time that KVM polls for halted vCPUs is in vain: ");
	say_percent(out, sum_of_guests(s, DOMAIN_POLL_FAIL_TIME));
	print_text(out, " of a CPU, while the host is ");
	say_percent(out, host_busy(s));
	print_format(out, " busy; halt_poll_ns is %.0f.", limit_ns(s));
}

static double lower_limit(const struct subject *s)
{
	if (host_busy(s) >= s->param[3] || limit_ns(s) <= LIMIT_LEAST)
		return 0;
	return fmax(floor(limit_ns(s) / 2), LIMIT_LEAST);
}

static void advise_waste(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	advise_limit(out, lower_limit(s));
}

static void plan_waste(const struct subject *s, struct plan *out)
{
	plan_limit(s, out, lower_limit(s));
}

/* ---- halt-poll-tune ---- */

/* A bit above how long vCPUs sleep; whole microseconds. */
static double fitting_limit(const struct subject *s)
{
	double sleep_s = 0;

	mean_sleep(s, &sleep_s);
	return fmin(ceil(1.2 * sleep_s * 1e6) * 1000, LIMIT_MOST);
}

static enum outcome measure_tune(const struct subject *s, double *ret)
{
	double polls, successes, sleep_s, sleep_ns;
	enum outcome outcome = sum_of_vcpus(s, NULL, VCPU_POLL_ATTEMPTED, &polls);

	if (outcome != OUTCOME_FIGURE)
		return outcome;
	if (host_busy(s) >= s->param[0] || polls < s->param[1])
		return OUTCOME_NONE;
	outcome = sum_of_vcpus(s, NULL, VCPU_POLL_SUCCESSFUL, &successes);
	if (outcome == OUTCOME_FIGURE)
		outcome = mean_sleep(s, &sleep_s);
	if (outcome != OUTCOME_FIGURE)
		return outcome;
	sleep_ns = sleep_s * NS_PER_SECOND;
	/* Longer sleeps are not worth it, and shorter ones are caught already. */
	if (sleep_ns < limit_ns(s) || sleep_ns > fmin(2.5 * limit_ns(s), LIMIT_MOST))
		return OUTCOME_NONE;
	*ret = successes / polls;
	return OUTCOME_FIGURE;
}

static void tell_tune(const struct subject *s, double figure, struct text *out)
{
	double sleep_s = 0;

	mean_sleep(s, &sleep_s);
	print_text(out, "Only ");
	say_percent(out, figure);
	print_text(out, " of the polls for halted vCPUs are in time: vCPUs sleep ");
	say_time(out, sleep_s);
	print_format(
	    out, " in the mean, and KVM polls for at most %.0f ns. The host is ", limit_ns(s));
	say_percent(out, host_busy(s));
	print_text(out, " busy.");
}

static void advise_tune(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	advise_limit(out, fitting_limit(s));
}

static void plan_tune(const struct subject *s, struct plan *out)
{
	plan_limit(s, out, fitting_limit(s));
}

#define NEED_LIMIT NEED(TABLE_HOST, HOST_HALT_POLL_LIMIT), NEED(TABLE_HOST, HOST_BUSY)

const struct rule halt_poll_rules[] = {
	{
	    .id = "halt-poll-off",
	    .title = "halt polling is off though CPUs are idle",
	    .good = "A short poll before a halted vCPU gives its CPU away saves a way through the "
		    "scheduler when work comes soon. It wants CPU time to spare.",
	    .detect =
		"halt_poll_ns is 0, the host is less than 60 % busy, and vCPUs of all guests halt "
		"at least 2000 times a second for less than 400 us in the mean.",
	    .by_hand = "cat /sys/module/kvm/parameters/halt_poll_ns\nvirsh domstats --vcpu",
	    .risk =
		"Takes power. Counts for all guests. The file may be read-only; then it takes the "
		"module's options and a reload. Kernels of about 5.8 to 6.1 give a guest its limit "
		"at its start.",
	    .source = "openEuler, halt polling",
	    .figure = "halts a second",
	    .show = SHOW_SHORT,
	    .subject = TABLE_HOST,
	    .column = HOST_HALT_POLL_LIMIT,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_LIMIT, USES(TABLE_VCPU, VCPU_HALT_EXITS),
		USES(TABLE_VCPU, VCPU_HALT_WAIT_NS), USES(TABLE_VCPU, VCPU_POLL_SUCCESSFUL)),
	    .raise = 2000,
	    .clear = 1000,
	    .raise_s = 20,
	    .clear_s = 10,
	    .param = { { "busy", 0.60, "how busy the host is at most", SHOW_PERCENT },
		{ "sleep", 400, "microseconds: longest sleep that polling could catch",
		    SHOW_INTEGER } },
	    .concerns = may_not_poll,
	    .measure = measure_off,
	    .effect = measure_sleeps,
	    .evidence = tell_off,
	    .advice = advise_off,
	    .plan = plan_off,
	    .excludes = "halt-poll-waste",
	},
	{
	    .id = "halt-poll-waste",
	    .title = "polling for halted vCPUs burns CPU time",
	    .good = "Polls that mostly fail take CPU time from others and make idle guests look "
		    "busy.",
	    .detect =
		"At least 70 % of the time in polls is in vain, that is 10 % of a CPU for one "
		"guest or 5 % of all CPUs, and the host is at least 60 % busy.",
	    .by_hand = "cat /sys/module/kvm/parameters/halt_poll_ns\nvirsh domstats --vcpu",
	    .risk =
		"Guests that want short delays lose. Counts for all guests. halt_poll_ns_shrink is "
		"left alone: 0 there ends polling at the first long sleep, and other values do "
		"so later. Kernels of about 5.8 to 6.1 give a guest its limit at its start.",
	    .source = "openEuler, halt polling",
	    .figure = "share of time in polls that is in vain",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_POLL,
	    .level = LEVEL_WARNING,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs =
		NEEDS_LIST(NEED_LIMIT, NEED(TABLE_HOST, HOST_POLL), USES(TABLE_HOST, HOST_DOMAINS),
		    USES(TABLE_HOST, HOST_CPUS), USES(TABLE_DOMAIN, DOMAIN_POLL_FAIL_TIME),
		    USES(TABLE_DOMAIN, DOMAIN_POLL_SUCCESS_TIME)),
	    .raise = 0.70,
	    .clear = 0.50,
	    .raise_s = 20,
	    .clear_s = 10,
	    .param = { { "busy", 0.60, "how busy the host is at least", SHOW_PERCENT },
		{ "guest", 0.10, "least CPU time in vain of one guest", SHOW_PERCENT },
		{ "host", 0.05, "or of all guests, as a share of all CPUs", SHOW_PERCENT },
		{ "full", 0.90, "how busy the host is when polling ends altogether",
		    SHOW_PERCENT } },
	    .remembers = true,
	    .concerns = may_waste,
	    .measure = measure_waste,
	    .evidence = tell_waste,
	    .advice = advise_waste,
	    .plan = plan_waste,
	    .excludes = "halt-poll-off halt-poll-tune",
	},
	{
	    .id = "halt-poll-tune",
	    .title = "polls for halted vCPUs end a little too early",
	    .good = "With CPU time to spare, a limit just above what vCPUs sleep for catches most "
		    "of what wakes them.",
	    .detect =
		"Less than half of the polls are in time, vCPUs sleep between once and 2.5 times "
		"halt_poll_ns in the mean (at most 500 us), and the host is less than 40 % busy.",
	    .by_hand = "cat /sys/module/kvm/parameters/halt_poll_ns\nvirsh domstats --vcpu",
	    .risk =
		"The value is a limit: each vCPU adapts below it. A mean hides a mix of short and "
		"long sleeps. Takes power and counts for all guests. Guests that poll themselves "
		"(haltpoll) switch this off. Kernels of about 5.8 to 6.1 give a guest its limit at "
		"its start.",
	    .source = "openEuler, halt polling",
	    .figure = "share of polls that are in time",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_HALT_POLL_LIMIT,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED_LIMIT, USES(TABLE_VCPU, VCPU_POLL_ATTEMPTED),
		USES(TABLE_VCPU, VCPU_POLL_SUCCESSFUL), USES(TABLE_VCPU, VCPU_HALT_EXITS),
		USES(TABLE_VCPU, VCPU_HALT_WAIT_NS)),
	    .below = true,
	    .raise = 0.50,
	    .clear = 0.60,
	    .raise_s = 60,
	    .clear_s = 10,
	    .param = { { "busy", 0.40, "how busy the host is at most", SHOW_PERCENT },
		{ "polls", 1000, "least polls a second", SHOW_INTEGER } },
	    .concerns = may_poll,
	    .measure = measure_tune,
	    .evidence = tell_tune,
	    .advice = advise_tune,
	    .plan = plan_tune,
	    .excludes = "halt-poll-waste",
	},
	{ .id = NULL },
};
