/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs of the host: whether there are enough of them for the guests. */
#include <stdio.h>
#include <string.h>

#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"
#include "advisor/rules/shape.h"

/* Whatever the quota was, by so much a guest that is always held back gets more. */
#define QUOTA_STEP 1.25
/* A quota may be told by so small a number that the step would not raise it. */
#define QUOTA_MIN 1000

static const struct row *busiest_guest(const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	const struct row *best = NULL;

	for (size_t i = 0; i < guests->n; i++)
		if (!best ||
		    cell_number(guests->row[i], DOMAIN_CPU, 0) > cell_number(best, DOMAIN_CPU, 0))
			best = guests->row[i];
	return best;
}

/* ---- cpu-host-util-high ---- */

/* Polling gives way to whoever has work. */
static enum outcome measure_util(const struct subject *s, double *ret)
{
	double poll = cell_number(s->host, HOST_POLL, 0);

	/* Where only one guest is looked at nobody knows how long the host polls for the others. */
	if (s->now->one_guest)
		return OUTCOME_MISSING;
	if (s->now->table[TABLE_DOMAIN].n == 0)
		return OUTCOME_NONE;
	*ret = cell_number(s->host, HOST_BUSY, 0) - poll;
	return OUTCOME_FIGURE;
}

static void tell_util(const struct subject *s, double figure, struct text *out)
{
	const struct row *top = busiest_guest(s);
	double cpu;

	print_text(out, "Its CPUs are ");
	say_percent(out, figure);
	print_text(out, " busy, polling for guests not counted");
	if (figure_of(TABLE_DOMAIN, top, DOMAIN_CPU, &cpu))
		print_format(out, "; %s uses most, %.1f CPUs", cell_text(top, DOMAIN_NAME), cpu);
	print_text(out, ".");
}

/*
 * The host counts as guest what runs in KVM; a QEMU that emulates uses CPU time as well, and so do
 * the threads around the vCPUs.
 */
static double share_of_guests(const struct subject *s, double figure)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	double cpus = cell_number(s->host, HOST_CPUS, 0);
	double in_kvm = cell_number(s->host, HOST_GUEST, figure), all = 0;

	for (size_t i = 0; i < guests->n; i++)
		all += cell_number(guests->row[i], DOMAIN_CPU, 0) -
		       cell_number(guests->row[i], DOMAIN_POLL, 0);
	all = cpus > 0 ? all / cpus : 0;
	return all > in_kvm ? all : in_kvm;
}

static void advise_util(const struct subject *s, double figure, struct text *out)
{
	if (share_of_guests(s, figure) < figure / 2) {
		print_text(
		    out, "end or move what else runs here: guests use less than half of that");
		return;
	}
	print_format(out,
	    "move a guest to another host, or give one that can wait, such as %s, a limit",
	    cell_text(busiest_guest(s), DOMAIN_NAME));
}

/* ---- cpu-overcommit ---- */

static enum outcome measure_overcommit(const struct subject *s, double *ret)
{
	*ret = cell_number(s->host, HOST_VCPU_PER_CPU, 0);
	return OUTCOME_FIGURE;
}

static void tell_overcommit(const struct subject *s, double figure, struct text *out)
{
	double wait;

	print_format(out, "Its guests have %.0f vCPUs on %.0f CPUs, %.1f for each",
	    cell_number(s->host, HOST_VCPUS, 0), cell_number(s->host, HOST_CPUS, 0), figure);
	if (figure_of(TABLE_HOST, s->host, HOST_WAIT, &wait)) {
		print_text(out, "; of the time in which they wanted to run they waited ");
		say_percent(out, wait);
	}
	print_text(out, ".");
}

static void advise_overcommit(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give guests no more vCPUs than they use, above all when load is heavy");
}

/* ---- cpu-vcpu-exceeds-host ---- */

static double most_vcpus(const struct row *domain)
{
	return cell_number(domain, DOMAIN_VCPUS_MAXIMUM, cell_number(domain, DOMAIN_VCPUS, 0));
}

static enum outcome measure_exceeds(const struct subject *s, double *ret)
{
	double cpus = cell_number(s->host, HOST_CPUS, 0);

	if (cpus < 1)
		return OUTCOME_NONE;
	if (!cell_has(s->row, DOMAIN_VCPUS_MAXIMUM) && !cell_has(s->row, DOMAIN_VCPUS))
		return OUTCOME_MISSING;
	*ret = most_vcpus(s->row) > cpus ? most_vcpus(s->row) - cpus : 0;
	return OUTCOME_FIGURE;
}

static void tell_exceeds(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "It may have %.0f vCPUs, and the host has %.0f CPUs.", most_vcpus(s->row),
	    cell_number(s->host, HOST_CPUS, 0));
}

static void advise_exceeds(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out, "give it %.0f vCPUs at most", cell_number(s->host, HOST_CPUS, 0));
}

static void plan_exceeds(const struct subject *s, struct plan *out)
{
	double cpus = cell_number(s->host, HOST_CPUS, 0);
	char value[32];

	snprintf(value, sizeof(value), "%.0f", cpus);
	plan_title(
	    out, "give %s %s vCPUs at its next start", cell_text(s->row, DOMAIN_NAME), value);
	plan_shape_out(s, out);
	/* The maximum cannot fall below what the guest is to have. */
	if (cell_number(s->row, DOMAIN_VCPUS_DEFINED, 0) > cpus)
		plan_add(out, ACTION_VCPUS, s->row, "current", NULL, value)->saved = true;
	plan_add(out, ACTION_VCPUS, s->row, "maximum", NULL, value)->saved = true;
	plan_shape_for(s, cpus, out);
	if (!is_known_to_libvirt(s->row))
		plan_refuse(out, "libvirt does not know this guest");
}

/* ---- cpu-quota-throttled ---- */

static enum outcome measure_quota(const struct subject *s, double *ret)
{
	double periods, throttled;

	if (!cell_has(s->row, DOMAIN_CPU_LIMIT))
		return s->row->cell[DOMAIN_CPU_LIMIT].state == STATE_DENIED ? OUTCOME_MISSING
									    : OUTCOME_NONE;
	if (!figure_of(TABLE_DOMAIN, s->row, DOMAIN_PERIODS, &periods) ||
	    !figure_of(TABLE_DOMAIN, s->row, DOMAIN_PERIODS_THROTTLED, &throttled))
		return s->row->cell[DOMAIN_PERIODS].state == STATE_DENIED ? OUTCOME_MISSING
									  : OUTCOME_NONE;
	if (periods <= 0)
		return OUTCOME_NONE;
	*ret = throttled / periods;
	return OUTCOME_FIGURE;
}

static void tell_quota(const struct subject *s, double figure, struct text *out)
{
	double limit, held;

	print_text(out, "Its limit");
	if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_CPU_LIMIT, &limit))
		print_format(out, " of %.2f CPUs", limit);
	print_text(out, " held it back in ");
	say_percent(out, figure);
	print_text(out, " of the periods");
	if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_THROTTLED, &held))
		print_format(out, ", for %.2f s of every second, all its threads together", held);
	print_text(out, ".");
}

static void advise_quota(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "raise its limit by a quarter, unless it is meant to be held back");
}

static void plan_quota(const struct subject *s, struct plan *out)
{
	double quota = cell_number(s->row, DOMAIN_VCPU_QUOTA, 0);
	char now[32], value[32];

	if (quota < QUOTA_MIN || !is_known_to_libvirt(s->row)) {
		plan_refuse(out, "it is not libvirt's quota of its vCPUs that holds it back");
		return;
	}
	snprintf(now, sizeof(now), "%.0f", quota);
	snprintf(value, sizeof(value), "%.0f", quota * QUOTA_STEP);
	plan_title(out, "raise the CPU limit of %s by a quarter", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_SCHEDULER, s->row, "vcpu_quota", now, value);
	plan_add_lasting(out, ACTION_SCHEDULER, s->row, "vcpu_quota", NULL, value)->saved = true;
}

const struct rule cpu_rules[] = {
	{
	    .id = "cpu-host-util-high",
	    .title = "the host has no CPU time to spare",
	    .good = "A fifth of the host's CPU time should be left for bursts; without it every "
		    "guest waits, and switching between them takes a part of its own.",
	    .detect = "The host's CPUs are 80 % busy or more for a minute, time in which KVM polls "
		      "for guests not counted. "
		      "Pressure, and how many vCPUs were promised, are judged elsewhere "
		      "(cpu-overcommit, cpu-vcpu-steal).",
	    .by_hand = "mpstat 1\ncat /proc/pressure/cpu\nvirt-top",
	    .risk = "It is about use, not about how many vCPUs there are. There is advice only: "
		    "which guest may be held back or moved is not kvmtop's to say, and a limit "
		    "makes a guest stand still whenever it is reached.",
	    .source = "IBM, processor use; libvirt schedinfo",
	    .figure = "how busy the host's CPUs are, without polling",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HOST,
	    .column = HOST_BUSY,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_BUSY), USES(TABLE_HOST, HOST_POLL),
		USES(TABLE_HOST, HOST_GUEST), USES(TABLE_HOST, HOST_CPUS),
		USES(TABLE_DOMAIN, DOMAIN_POLL), USES(TABLE_DOMAIN, DOMAIN_CPU)),
	    .raise = 0.80,
	    .clear = 0.75,
	    .critical = 0.95,
	    .raise_s = 60,
	    .clear_s = 60,
	    .measure = measure_util,
	    .evidence = tell_util,
	    .advice = advise_util,
	},
	{
	    .id = "cpu-overcommit",
	    .title = "more vCPUs than CPUs",
	    .good = "Under heavy load, or load that nobody can foresee, guests should not have "
		    "more vCPUs together than the host has CPUs.",
	    .detect = "vCPUs of all guests for each CPU of the host: more than 1. It informs; "
		      "whether guests do wait is what cpu-vcpu-steal watches.",
	    .by_hand = "virsh domstats --vcpu\nnproc",
	    .risk = "Idle vCPUs cost little: many hosts are overcommitted on purpose, and well. "
		    "There is advice only: which guests could do with fewer vCPUs only watching "
		    "them tells, and cpu-vcpu-overprovisioned, which does, plans it for each.",
	    .source = "RHEL 3.2.1; SUSE 4.5.1; IBM, processor resources",
	    .figure = "vCPUs for each CPU",
	    .show = SHOW_DECIMAL,
	    .subject = TABLE_HOST,
	    .column = HOST_VCPU_PER_CPU,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_VCPU_PER_CPU), USES(TABLE_HOST, HOST_VCPUS),
		USES(TABLE_HOST, HOST_CPUS), USES(TABLE_HOST, HOST_WAIT)),
	    .raise = 1.001,
	    .clear = 1,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_overcommit,
	    .evidence = tell_overcommit,
	    .advice = advise_overcommit,
	},
	{
	    .id = "cpu-vcpu-exceeds-host",
	    .title = "more vCPUs than the host has CPUs",
	    .good = "One guest should never have more vCPUs than the host has CPUs: they cannot "
		    "all run, and one that holds a lock is put to sleep with it.",
	    .detect = "The vCPUs that the guest may have are more than the CPUs that are online. "
		      "What QEMU allows a type of machine is not compared: libvirt starts no guest "
		      "beyond that.",
	    .by_hand = "virsh vcpucount GUEST\nnproc",
	    .risk = "It counts from the next start on. Where the definition names sockets, cores "
		    "and threads these must fit the new number: it is given others, with the same "
		    "threads and sockets where that divides. Licences may count them.",
	    .source = "RHEL 3.2.1; SUSE 4.5.1",
	    .figure = "vCPUs beyond the host's CPUs",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_VCPUS,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_CPUS), USES(TABLE_DOMAIN, DOMAIN_VCPUS),
		USES(TABLE_DOMAIN, DOMAIN_VCPUS_MAXIMUM), USES(TABLE_DOMAIN, DOMAIN_VCPUS_DEFINED),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE), SHAPE_NEEDS),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_exceeds,
	    .evidence = tell_exceeds,
	    .advice = advise_exceeds,
	    .plan = plan_exceeds,
	},
	{
	    .id = "cpu-quota-throttled",
	    .title = "its CPU limit holds it back",
	    .good = "A limit should be reached now and then: one that bites all the time is a "
		    "wrong size.",
	    .detect = "The periods in which the limit of its cgroup held it back, of all periods "
		      "in which it ran, are 10 % or more for a minute.",
	    .by_hand = "virsh schedinfo GUEST\ncat /sys/fs/cgroup/machine.slice/*/libvirt/vcpu*/"
		       "cpu.stat",
	    .risk = "The limit may be what was sold. A limit of the whole guest, or of the "
		    "emulator, is left to who set it.",
	    .source = "libvirt schedinfo; RHEL 7.4.1",
	    .figure = "share of periods in which it was held back",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_THROTTLED,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(USES(TABLE_DOMAIN, DOMAIN_PERIODS),
		USES(TABLE_DOMAIN, DOMAIN_PERIODS_THROTTLED), USES(TABLE_DOMAIN, DOMAIN_CPU_LIMIT),
		USES(TABLE_DOMAIN, DOMAIN_THROTTLED), USES(TABLE_DOMAIN, DOMAIN_VCPU_QUOTA),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 0.10,
	    .clear = 0.02,
	    .raise_s = 60,
	    .clear_s = 10,
	    .measure = measure_quota,
	    .evidence = tell_quota,
	    .advice = advise_quota,
	    .plan = plan_quota,
	},
	{ .id = NULL },
};
