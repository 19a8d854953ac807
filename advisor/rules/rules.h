/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of rules, a file each; every one ends with a row without id. */
#ifndef KVMTOP_ADVISOR_RULES_RULES_H
#define KVMTOP_ADVISOR_RULES_RULES_H

#include "advisor/rule.h"

extern const struct rule balloon_rules[];
extern const struct rule oversized_rules[];
extern const struct rule hugepages_rules[];
extern const struct rule starts_rules[];
extern const struct rule reserve_rules[];
extern const struct rule clock_rules[];
extern const struct rule exits_rules[];
extern const struct rule halt_poll_rules[];
extern const struct rule ksm_rules[];
extern const struct rule ksm_yield_rules[];
extern const struct rule ksm_cost_rules[];
extern const struct rule ksm_guest_rules[];
extern const struct rule memory_rules[];
extern const struct rule limits_rules[];
extern const struct rule plug_rules[];
extern const struct rule cpu_rules[];
extern const struct rule steal_rules[];
extern const struct rule governor_rules[];
extern const struct rule cpu_model_rules[];
extern const struct rule sizing_rules[];
extern const struct rule topology_rules[];
extern const struct rule weight_rules[];
extern const struct rule pinning_rules[];
extern const struct rule seat_rules[];
extern const struct rule unpinned_rules[];
extern const struct rule saved_rules[];
extern const struct rule disturb_rules[];
extern const struct rule numa_rules[];
extern const struct rule numa_bind_rules[];
extern const struct rule numa_mode_rules[];
extern const struct rule numa_balancing_rules[];
extern const struct rule numa_cells_rules[];
extern const struct rule numa_placed_rules[];
extern const struct rule numa_host_rules[];
extern const struct rule swap_rules[];
extern const struct rule thp_rules[];

#endif
