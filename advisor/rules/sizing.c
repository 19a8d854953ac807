/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether guests have as many vCPUs as they use. */
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "advisor/rules/shape.h"

/* So busy its vCPUs shall be: what is left is for bursts. */
#define TARGET 0.70

/* ---- cpu-guest-util-high ---- */

/* Host CPU time of its vCPUs without the time in which KVM polled for it. */
static bool busy_vcpus(const struct row *domain, double *ret)
{
	double run;

	if (!figure_of(TABLE_DOMAIN, domain, DOMAIN_VCPU_RUN, &run))
		return false;
	*ret = fmax(0, run - figure_or(TABLE_DOMAIN, domain, DOMAIN_POLL, 0));
	return true;
}

static double cpus_of(const struct subject *s)
{
	return cell_number(s->host, HOST_CPUS, 0);
}

/* Where the host is short of CPUs itself, more vCPUs would only wait. */
static bool host_is_short(const struct subject *s)
{
	return figure_or(TABLE_HOST, s->host, HOST_BUSY, 0) >= s->param[0] ||
	       figure_or(TABLE_DOMAIN, s->row, DOMAIN_WAIT, 0) >= s->param[1];
}

static enum outcome measure_high(const struct subject *s, double *ret)
{
	double vcpus = cell_number(s->row, DOMAIN_VCPUS, 0), busy;

	if (vcpus < 1 || vcpus >= cpus_of(s) || !busy_vcpus(s->row, &busy) ||
	    !gate_holds(s, !host_is_short(s)))
		return OUTCOME_NONE;
	*ret = busy / vcpus;
	return OUTCOME_FIGURE;
}

static void tell_high(const struct subject *s, double figure, struct text *out)
{
	double vcpus = cell_number(s->row, DOMAIN_VCPUS, 0);
	size_t n, hot = 0;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	for (size_t i = 0; i < n; i++)
		hot += figure_or(TABLE_VCPU, rows[i], VCPU_RUN, 0) > 0.90;
	print_format(out, vcpus > 1 ? "Its %.0f vCPUs are " : "Its vCPU is ", vcpus);
	say_percent(out, figure);
	print_text(out, " busy");
	if (hot > 0 && (double)hot < vcpus)
		print_format(out, ", %zu of them more than 90 %%", hot);
	if (cell_has(s->host, HOST_BUSY)) {
		print_text(out, "; the host is ");
		say_percent(out, figure_or(TABLE_HOST, s->host, HOST_BUSY, 0));
		print_text(out, " busy");
	}
	print_text(out, ".");
}

static void advise_high(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "give it %.0f vCPUs, if what it runs can use them",
	    cell_number(s->row, DOMAIN_VCPUS, 0) + 1);
}

/* CPUs of the largest node. */
static double widest_node(const struct subject *s)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, cell_number(rows[i], NODE_CPU_COUNT, 0));
	return most > 0 ? most : cpus_of(s);
}

static void plan_high(const struct subject *s, struct plan *out)
{
	double vcpus = cell_number(s->row, DOMAIN_VCPUS_DEFINED, 0);
	bool has_room = vcpus < cell_number(s->row, DOMAIN_VCPUS_MAXIMUM, 0);
	char now[NUMBER_SIZE], value[NUMBER_SIZE];

	number_text(vcpus, now);
	number_text(vcpus + 1, value);
	plan_title(out, "give %s %s vCPUs%s", cell_text(s->row, DOMAIN_NAME), value,
	    has_room ? "" : " at its next start");
	if (has_room) {
		plan_add(out, ACTION_VCPUS, s->row, "current", now, value);
		plan_add_lasting(out, ACTION_VCPUS, s->row, "current", NULL, value)->saved = true;
	} else {
		plan_shape_out(s, out);
		plan_add(out, ACTION_VCPUS, s->row, "maximum", NULL, value)->saved = true;
		plan_add(out, ACTION_VCPUS, s->row, "current", NULL, value)->saved = true;
		plan_shape_for(s, vcpus + 1, out);
	}
	if (vcpus < 1 || !is_known_to_libvirt(s->row))
		plan_refuse(out, "libvirt does not know this guest");
	else if (vcpus + 1 > widest_node(s))
		plan_refuse(out, "more vCPUs than a node has CPUs need NUMA nodes in the guest");
}

/* ---- cpu-vcpu-overprovisioned ---- */

enum {
	MEMO_USE,     /* CPUs that its vCPUs used, a mean that forgets */
	MEMO_PEAK,    /* the most of it in this window */
	MEMO_BEFORE,  /* and in the window before */
	MEMO_BEGAN_S, /* when this window began */
	MEMO_WINDOWS, /* that are over */
};

/* A burst that is over in seconds waits a little on fewer vCPUs, and no more. */
#define SMOOTH_S 15

static void remember(const struct subject *s, double busy)
{
	double now_s = now_seconds(s);
	double passed_s = now_s - (double)s->memo->at_ns / (double)NS_PER_SEC;
	double *v = s->memo->v;

	/* It may have been judged before, when there were no figures yet. */
	if (v[MEMO_BEGAN_S] <= 0) {
		v[MEMO_USE] = busy;
		v[MEMO_BEGAN_S] = now_s;
	} else {
		v[MEMO_USE] += (busy - v[MEMO_USE]) * (1 - exp(-passed_s / SMOOTH_S));
	}
	v[MEMO_PEAK] = fmax(v[MEMO_PEAK], v[MEMO_USE]);
	if (now_s - v[MEMO_BEGAN_S] < s->param[0])
		return;
	v[MEMO_BEFORE] = v[MEMO_PEAK];
	v[MEMO_PEAK] = v[MEMO_USE];
	v[MEMO_BEGAN_S] = now_s;
	v[MEMO_WINDOWS]++;
}

static enum outcome measure_spare(const struct subject *s, double *ret)
{
	double vcpus = cell_number(s->row, DOMAIN_VCPUS, 0), busy;

	if (vcpus < s->param[1] || !busy_vcpus(s->row, &busy))
		return OUTCOME_NONE;
	remember(s, busy);
	if (s->memo->v[MEMO_WINDOWS] < 1)
		return OUTCOME_NONE;
	*ret = fmax(s->memo->v[MEMO_PEAK], s->memo->v[MEMO_BEFORE]) / vcpus;
	return OUTCOME_FIGURE;
}

static double enough(const struct subject *s, double figure)
{
	return fmax(1, ceil(figure * cell_number(s->row, DOMAIN_VCPUS, 0) / TARGET));
}

static void tell_spare(const struct subject *s, double figure, struct text *out)
{
	double vcpus = cell_number(s->row, DOMAIN_VCPUS, 0);

	print_text(out, "Over ");
	say_time(out, s->param[0]);
	print_format(out,
	    " its %.0f vCPUs never kept more than %.1f CPUs busy, bursts of seconds "
	    "aside.",
	    vcpus, figure * vcpus);
}

static void advise_spare(const struct subject *s, double figure, struct text *out)
{
	double n = enough(s, figure);

	print_format(out,
	    "give it %.0f vCPU%s from its next start on, if these minutes were like "
	    "others",
	    n, n > 1 ? "s" : "");
}

static void plan_spare(const struct subject *s, struct plan *out)
{
	char value[NUMBER_SIZE];
	double share;

	if (!figure_found(s, "cpu-vcpu-overprovisioned", &share) || !is_known_to_libvirt(s->row)) {
		plan_refuse(out, "libvirt does not know this guest");
		return;
	}
	number_text(enough(s, share), value);
	plan_title(out, "start %s with %s vCPUs next time", cell_text(s->row, DOMAIN_NAME), value);
	plan_add(out, ACTION_VCPUS, s->row, "current", NULL, value)->saved = true;
}

const struct rule sizing_rules[] = {
	{
	    .id = "cpu-guest-util-high",
	    .title = "the guest has no CPU time to spare",
	    .good =
		"A guest whose vCPUs are busy 70 % of the time has the right size; beyond, what "
		"it runs queues within the guest.",
	    .detect = "Its vCPUs are 70 % busy or more in the mean for five minutes, time in which "
		      "KVM polls for it not counted. Not where the host is 80 % busy or its vCPUs "
		      "wait 10 % of the time: then it is the host that is short. "
		      "It does not become a warning when it is busier: work that takes all that it "
		      "gets would always be one.",
	    .by_hand = "virsh domstats --vcpu GUEST\nps -L -o tid,pcpu,comm -p PID",
	    .risk = "Programs with one thread gain nothing. The guest may have to bring the new "
		    "vCPU online itself, and mostly does not give it back while it runs. Sockets, "
		    "cores and threads of its definition are made to fit. Work "
		    "that takes all that it gets is busy with any number.",
	    .source = "SUSE 4.5.1",
	    .figure = "how busy its vCPUs are, without polling",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPU_RUN,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_VCPU_RUN),
		NEED(TABLE_DOMAIN, DOMAIN_VCPUS), NEED(TABLE_HOST, HOST_CPUS),
		USES(TABLE_DOMAIN, DOMAIN_POLL), USES(TABLE_HOST, HOST_BUSY),
		USES(TABLE_DOMAIN, DOMAIN_WAIT), USES(TABLE_VCPU, VCPU_RUN),
		USES(TABLE_NODE, NODE_CPU_COUNT), USES(TABLE_DOMAIN, DOMAIN_VCPUS_DEFINED),
		USES(TABLE_DOMAIN, DOMAIN_VCPUS_MAXIMUM), SHAPE_NEEDS,
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.70,
	    .clear = 0.60,
	    .raise_s = 300,
	    .clear_s = 300,
	    .param = { { "host", 0.80, "from here on the host is too busy for more vCPUs",
			   SHOW_PERCENT },
		{ "wait", 0.10, "time that its vCPUs wait, from which the host is short",
		    SHOW_PERCENT } },
	    .remembers = true,
	    .measure = measure_high,
	    .evidence = tell_high,
	    .advice = advise_high,
	    .plan = plan_high,
	    .excludes = "cpu-vcpu-steal cpu-vcpu-exceeds-host",
	},
	{
	    .id = "cpu-vcpu-overprovisioned",
	    .title = "the guest has more vCPUs than it uses",
	    .good = "A guest should have as few vCPUs as do its work: each one costs timer "
		    "interrupts, and locks that more of them fight for.",
	    .detect = "A guest with four vCPUs or more kept less than half of them busy over ten "
		      "minutes, in the mean over any quarter of a minute; polling does not count. "
		      "Within its first ten minutes it is not judged.",
	    .by_hand = "virsh domstats --vcpu GUEST\nvirsh vcpucount GUEST",
	    .risk = "Minutes tell nothing of what it does at night: make the window longer where "
		    "loads change. It counts from the next start on; the maximum stays, so that "
		    "vCPUs can be given back while it runs.",
	    .source = "SUSE 4.5.1; IBM, processor resources; RHEL 8.1",
	    .figure = "most that was busy, of its vCPUs",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPUS,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs =
		NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_VCPU_RUN), NEED(TABLE_DOMAIN, DOMAIN_VCPUS),
		    USES(TABLE_DOMAIN, DOMAIN_POLL), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .below = true,
	    .raise = 0.50,
	    .clear = 0.60,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "window", 600, "seconds that it is watched", SHOW_TIME },
		{ "vcpus", 4, "least vCPUs of a guest that counts", SHOW_INTEGER } },
	    .remembers = true,
	    .measure = measure_spare,
	    .evidence = tell_spare,
	    .advice = advise_spare,
	    .plan = plan_spare,
	    .excludes = "cpu-guest-util-high",
	},
	{ .id = NULL },
};
