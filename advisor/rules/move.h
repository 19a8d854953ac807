/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans that bring a guest to a node, and what rules of that kind have in common. */
#ifndef KVMTOP_ADVISOR_RULES_MOVE_H
#define KVMTOP_ADVISOR_RULES_MOVE_H

#include "advisor/rule.h"

struct placement;
struct stay;

/* "strict 0-3", "preferred 1", "strict cell 0: strict 1", …; "" where it has none. */
const char *policy_of(const struct row *domain);

/* vCPUs, other threads and memory of a guest to one place; it may refuse. */
void plan_move(const struct subject *s, const struct placement *p, const struct stay *stay,
    int place, struct plan *out);

/* Columns that placement.h looks at, and plan_move. */
#define PLACEMENT_NEEDS                                                                         \
	USES(TABLE_NODE, NODE_TOTAL), USES(TABLE_NODE, NODE_FREE), USES(TABLE_NODE, NODE_CPUS), \
	    USES(TABLE_NODE, NODE_INACTIVE_FILE), USES(TABLE_NODE, NODE_CPU_COUNT),             \
	    USES(TABLE_PLACEMENT, PLACEMENT_MEMORY), USES(TABLE_PLACEMENT, PLACEMENT_HUGE),     \
	    USES(TABLE_PLACEMENT, PLACEMENT_RUN_MEAN), USES(TABLE_DOMAIN, DOMAIN_MEMORY),       \
	    USES(TABLE_DOMAIN, DOMAIN_VCPUS), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE),             \
	    USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_HUGEPOOL, HUGEPOOL_FREE),          \
	    USES(TABLE_VCPU, VCPU_AFFINITY), USES(TABLE_THREAD, THREAD_AFFINITY),               \
	    USES(TABLE_PCI, PCI_ADDRESS)

#endif
