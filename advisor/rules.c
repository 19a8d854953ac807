/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All groups of rules. A rule is a row of one of them; a group is a line here. */
#include "advisor/rules/rules.h"

static const struct rule *const groups[] = {
	hugepages_rules,
	starts_rules,
	reserve_rules,
	halt_poll_rules,
	exits_rules,
	thp_rules,
	ksm_rules,
	ksm_yield_rules,
	ksm_cost_rules,
	ksm_guest_rules,
	memory_rules,
	limits_rules,
	plug_rules,
	cpu_rules,
	governor_rules,
	cpu_model_rules,
	sizing_rules,
	topology_rules,
	weight_rules,
	pinning_rules,
	seat_rules,
	unpinned_rules,
	saved_rules,
	disturb_rules,
	numa_rules,
	numa_bind_rules,
	numa_mode_rules,
	numa_cells_rules,
	numa_placed_rules,
	numa_host_rules,
	numa_balancing_rules,
	balloon_rules,
	oversized_rules,
	swap_rules,
	clock_rules,
	NULL,
};

const struct rule *const *const rule_groups = groups;
