/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast CPUs of the host clock up. */
#include <stdio.h>
#include <string.h>

#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

/* What makes a CPU slow to wake up: the governor, or where the driver is its own governor the
 * preference that it is given. */
enum slow {
	SLOW_NOT,
	SLOW_GOVERNOR,
	SLOW_PREFERENCE,
};

static enum slow slowness(const struct row *cpu)
{
	const char *driver = cell_text(cpu, CPU_DRIVER);

	if (is_text(cpu, CPU_GOVERNOR, "conservative") || is_text(cpu, CPU_GOVERNOR, "ondemand"))
		return SLOW_GOVERNOR;
	if (!is_text(cpu, CPU_GOVERNOR, "powersave") || !*driver)
		return SLOW_NOT;
	if (strcmp(driver, "intel_pstate") != 0 && strcmp(driver, "amd-pstate-epp") != 0)
		return SLOW_GOVERNOR;
	return is_text(cpu, CPU_PREFERENCE, "power") ||
		       is_text(cpu, CPU_PREFERENCE, "balance_power")
		   ? SLOW_PREFERENCE
		   : SLOW_NOT;
}

static const struct row *first_slow(const struct subject *s, double *ret_n)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	const struct row *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < cpus->n; i++) {
		if (slowness(cpus->row[i]) == SLOW_NOT)
			continue;
		++*ret_n;
		first = first ? first : cpus->row[i];
	}
	return first;
}

static enum outcome measure_governor(const struct subject *s, double *ret)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	bool told = false, denied = false;

	if (s->now->table[TABLE_DOMAIN].n == 0)
		return OUTCOME_NONE;
	for (size_t i = 0; i < cpus->n; i++) {
		told |= *cell_text(cpus->row[i], CPU_GOVERNOR) != '\0';
		denied |= cpus->row[i]->cell[CPU_GOVERNOR].state == STATE_DENIED;
	}
	if (!told)
		return denied ? OUTCOME_MISSING : OUTCOME_NONE;
	first_slow(s, ret);
	return OUTCOME_FIGURE;
}

static void tell_governor(const struct subject *s, double figure, struct text *out)
{
	double n;
	const struct row *cpu = first_slow(s, &n);

	print_format(out, "%.0f of %zu CPUs have the governor %s", figure,
	    s->now->table[TABLE_CPU].n, cell_text(cpu, CPU_GOVERNOR));
	if (slowness(cpu) == SLOW_PREFERENCE)
		print_format(out, " with the preference %s", cell_text(cpu, CPU_PREFERENCE));
	print_text(out, ", which lets them clock up late.");
}

static void advise_governor(const struct subject *s, double figure, struct text *out)
{
	double n;

	(void)figure;
	print_format(out, "set the %s of its CPUs to performance",
	    slowness(first_slow(s, &n)) == SLOW_GOVERNOR ? "governor" : "energy preference");
}

#define CPUFREQ "sys/devices/system/cpu/cpufreq/policy*/"

static void plan_governor(const struct subject *s, struct plan *out)
{
	const struct table *cpus = &s->now->table[TABLE_CPU];
	bool governor = false, preference = false;
	char path[128];

	plan_title(out, "let the CPUs clock up at once");
	for (size_t i = 0; i < cpus->n; i++) {
		const struct row *cpu = cpus->row[i];
		enum slow slow = slowness(cpu);
		int column = slow == SLOW_GOVERNOR ? CPU_GOVERNOR : CPU_PREFERENCE;

		if (slow == SLOW_NOT)
			continue;
		governor |= slow == SLOW_GOVERNOR;
		preference |= slow == SLOW_PREFERENCE;
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%.0f/cpufreq/%s",
		    cell_number(cpu, CPU_NUMBER, 0),
		    slow == SLOW_GOVERNOR ? "scaling_governor" : "energy_performance_preference");
		plan_add(out, ACTION_WRITE, NULL, path, cell_text(cpu, column), "performance");
	}
	if (governor)
		plan_add_lasting(out, ACTION_DROP_IN, NULL, TMPFILES_FILE, NULL,
		    "w /" CPUFREQ "scaling_governor - - - - performance");
	if (preference)
		plan_add_lasting(out, ACTION_DROP_IN, NULL, TMPFILES_FILE, NULL,
		    "w /" CPUFREQ "energy_performance_preference - - - - performance");
}

const struct rule governor_rules[] = {
	{
	    .id = "cpu-governor",
	    .title = "CPUs clock up late",
	    .good = "CPUs of a host of guests should clock up at once: a guest's short bursts are "
		    "over before a slow governor has noticed them.",
	    .detect =
		"A CPU has the governor ondemand or conservative, or powersave with a driver that "
		"then keeps it at its lowest frequency. powersave of intel_pstate and amd-pstate-"
		"epp adapts by itself: there it is the energy preference, power or balance_power.",
	    .by_hand = "cat /sys/devices/system/cpu/cpufreq/policy*/scaling_governor\n"
		       "cat /sys/devices/system/cpu/cpufreq/policy*/energy_performance_preference",
	    .risk = "It costs power, and may leave less room for turbo. tuned sets governors too: "
		    "where it runs, choose its profile instead.",
	    .source = "general practice",
	    .figure = "CPUs that clock up late",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HOST,
	    .column = -1,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(USES(TABLE_CPU, CPU_GOVERNOR), USES(TABLE_CPU, CPU_DRIVER),
		USES(TABLE_CPU, CPU_PREFERENCE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .measure = measure_governor,
	    .evidence = tell_governor,
	    .advice = advise_governor,
	    .plan = plan_governor,
	},
	{ .id = NULL },
};
