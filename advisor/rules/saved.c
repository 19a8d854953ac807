/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was set on a running guest, and is not in the definition that it starts from. */
#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

#include <stdio.h>
#include <string.h>

/* ---- cpu-pin-not-persistent ---- */

/* It is bound now, and will not be in the same way. */
static bool is_lost(const struct row *row, int now, int saved)
{
	const char *text = cell_text(row, now);

	return *text && strcmp(text, cell_text(row, saved)) != 0;
}

static bool is_policy_lost(const struct row *domain)
{
	return is_lost(domain, DOMAIN_NUMA_MODE, DOMAIN_NUMA_MODE_SAVED) &&
	       !strstr(policy_of(domain), "auto");
}

static bool is_emulator_lost(const struct row *domain)
{
	return is_lost(domain, DOMAIN_EMULATOR_PINNED, DOMAIN_EMULATOR_PINNED_SAVED);
}

/* libvirt keeps a definition of it. */
static bool has_definition(const struct subject *s)
{
	return guest_runs(s->row) && s->row->cell[DOMAIN_SAVED].state != STATE_ABSENT;
}

static enum outcome measure_saved(const struct subject *s, double *ret)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	*ret = is_policy_lost(s->row) + is_emulator_lost(s->row);
	for (size_t i = 0; i < n; i++)
		*ret += is_lost(rows[i], VCPU_PINNED, VCPU_PINNED_SAVED);
	return OUTCOME_FIGURE;
}

static void say_change(
    struct text *out, const char *what, const char *now, const char *then, const char *nothing)
{
	print_format(out, "%s %s now, %s then", what, now, *then ? then : nothing);
}

/* One of each kind: its vCPUs are mostly alike. */
static void tell_saved(const struct subject *s, double figure, struct text *out)
{
	size_t n, told = 0;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	char vcpu[NUMBER_SIZE + 32];

	print_text(out, "From its next start on it is bound otherwise: ");
	for (size_t i = 0; i < n && told == 0; i++) {
		char number[NUMBER_SIZE];

		if (!is_lost(rows[i], VCPU_PINNED, VCPU_PINNED_SAVED))
			continue;
		number_text(cell_number(rows[i], VCPU_NUMBER, 0), number);
		snprintf(vcpu, sizeof(vcpu), "vCPU %s to CPUs", number);
		say_change(out, vcpu, cell_text(rows[i], VCPU_PINNED),
		    cell_text(rows[i], VCPU_PINNED_SAVED), "any");
		told++;
	}
	if (is_emulator_lost(s->row)) {
		say_change(out, told ? ", its emulator to CPUs" : "its emulator to CPUs",
		    cell_text(s->row, DOMAIN_EMULATOR_PINNED),
		    cell_text(s->row, DOMAIN_EMULATOR_PINNED_SAVED), "any");
		told++;
	}
	if (is_policy_lost(s->row)) {
		say_change(out, told ? ", its memory" : "its memory", policy_of(s->row),
		    cell_text(s->row, DOMAIN_NUMA_MODE_SAVED), "anywhere");
		told++;
	}
	if (figure > (double)told)
		print_format(out, "; and %.0f more vCPUs", figure - (double)told);
	print_text(out, ".");
}

static void advise_saved(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "save what holds now in its definition, unless it was a trial");
}

static const char *known_or_null(const char *text)
{
	return *text ? text : NULL;
}

/* "strict 0-1" is two settings. libvirt takes no mode without nodes. */
static void plan_policy(const struct row *domain, struct plan *out)
{
	const char *policy = policy_of(domain), *blank = strchr(policy, ' ');
	char mode[32];

	if (strstr(policy, "cell") || !blank) {
		plan_refuse(out, "its memory is bound by its own nodes, which is for its "
				 "definition to say");
		return;
	}
	snprintf(mode, sizeof(mode), "%.*s", (int)(blank - policy), policy);
	plan_add(out, ACTION_NUMATUNE, domain, "nodeset", NULL, blank + 1)->saved = true;
	plan_add(out, ACTION_NUMATUNE, domain, "mode", NULL, mode)->saved = true;
}

static void plan_saved(const struct subject *s, struct plan *out)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);
	char number[NUMBER_SIZE];

	plan_title(out, "save how %s is bound now", cell_text(s->row, DOMAIN_NAME));
	for (size_t i = 0; i < n; i++) {
		if (!is_lost(rows[i], VCPU_PINNED, VCPU_PINNED_SAVED))
			continue;
		number_text(cell_number(rows[i], VCPU_NUMBER, 0), number);
		plan_add(out, ACTION_PIN_VCPU, s->row, number,
		    known_or_null(cell_text(rows[i], VCPU_PINNED_SAVED)),
		    cell_text(rows[i], VCPU_PINNED))
		    ->saved = true;
	}
	if (is_emulator_lost(s->row))
		plan_add(out, ACTION_PIN_EMULATOR, s->row, "",
		    known_or_null(cell_text(s->row, DOMAIN_EMULATOR_PINNED_SAVED)),
		    cell_text(s->row, DOMAIN_EMULATOR_PINNED))
		    ->saved = true;
	if (is_policy_lost(s->row))
		plan_policy(s->row, out);
}

const struct rule saved_rules[] = {
	{
	    .id = "cpu-pin-not-persistent",
	    .title = "the guest loses its pins at its next start",
	    .good = "What was found out to be right for a running guest should be in the "
		    "definition that it starts from the next time.",
	    .detect = "A vCPU, the emulator or the memory is bound in the XML of the running "
		      "guest, and not at all or otherwise in its definition. What is only in the "
		      "definition was meant for the next start, and is not counted.",
	    .by_hand = "virsh vcpupin GUEST --live\nvirsh vcpupin GUEST --config\n"
		       "virsh dumpxml GUEST --inactive --xpath '//cputune'",
	    .risk = "What holds now may be a trial, or the definition may have been changed on "
		    "purpose, for the next start.",
	    .source = "SUSE 4.5.2.2; RHEL 9.3.6",
	    .figure = "pins and policies that are lost",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_SAVED,
	    .level = LEVEL_INFO,
	    .rank = RANK_LOCALITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_SAVED), USES(TABLE_VCPU, VCPU_PINNED),
		USES(TABLE_VCPU, VCPU_PINNED_SAVED), USES(TABLE_VCPU, VCPU_NUMBER),
		USES(TABLE_DOMAIN, DOMAIN_EMULATOR_PINNED),
		USES(TABLE_DOMAIN, DOMAIN_EMULATOR_PINNED_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE_SAVED)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 60,
	    .clear_s = 6,
	    .concerns = has_definition,
	    .measure = measure_saved,
	    .evidence = tell_saved,
	    .advice = advise_saved,
	    .plan = plan_saved,
	    .excludes = MOVES_AT_START " " MOVES_NOW,
	},
	{ .id = NULL },
};
