/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans that bring a guest to a node, and what rules of that kind have in common. */
#ifndef KVMTOP_ADVISOR_RULES_MOVE_H
#define KVMTOP_ADVISOR_RULES_MOVE_H

#include "advisor/rule.h"

struct cpuset;
struct place;
struct placement;
struct stay;

/* What counts as well placed: numa-memory-remote has nothing to say about it. */
#define PLACED 0.90

/* "strict 0-3", "preferred 1", "strict cell 0: strict 1", …; "" where it has none. */
const char *policy_of(const struct row *domain);
/* The same of its next start, as far as libvirt keeps a definition of it. */
const char *policy_next(const struct row *domain);
/* Its mode is that one; strict or restrictive. */
bool policy_is(const struct row *domain, const char *mode);
bool policy_is_strict(const struct row *domain);
/* It will have the same mode when it starts again. */
bool policy_keeps_mode(const struct row *domain);
/* Nodes of the guest's own have policies from its next start on: a part of its huge pages belongs
 * to each, which no plan can tell. */
bool binds_own_nodes(const struct row *domain);
#define OWN_NODES_REFUSAL                                                                     \
	"nodes of its own have policies: each of these needs its part of the pages where it " \
	"is bound"
/* The nodes that a policy names for all of a guest's memory; false: it names none. The caller calls
 * cpuset_done in either case. */
bool policy_text_nodes(const char *policy, struct cpuset *ret);
/* The same of the policy that it has now. */
bool policy_nodes(const struct row *domain, struct cpuset *ret);
/* "node 1", "nodes 0-1" */
void say_nodes(struct text *out, const struct cpuset *nodes);

/* How the memory of the guest that is judged lies. Whoever gets OUTCOME_FIGURE calls
 * placement_done.
 */
enum outcome look_at_memory(struct placement *p, const struct subject *s);
/* The most that any node has. */
double largest_node(const struct subject *s, int column);
/* The CPUs of a node are busier than @limit while those of another are not. */
bool is_crowded(const struct subject *s, int node, double limit);

/* vCPUs, other threads and memory of a guest to one place; it may refuse. */
void plan_move(const struct subject *s, const struct placement *p, const struct stay *stay,
    int place, struct plan *out);

/* Its memory from that node, from its next start on; nothing where it is so already, or where cells
 * of the guest have policies of their own. */
void plan_binding(const struct row *domain, int node, bool is_lasting, struct plan *out);

/* All of it to one place, from its next start on: memory, vCPUs and the other threads. */
void plan_place_at_start(
    const struct subject *s, const struct place *to, const char *mode, struct plan *out);

/* Columns that placement.h looks at, and plan_move. */
#define PLACEMENT_NEEDS                                                                         \
	USES(TABLE_NODE, NODE_TOTAL), USES(TABLE_NODE, NODE_FREE), USES(TABLE_NODE, NODE_CPUS), \
	    USES(TABLE_NODE, NODE_INACTIVE_FILE), USES(TABLE_NODE, NODE_CPU_COUNT),             \
	    USES(TABLE_PLACEMENT, PLACEMENT_MEMORY), USES(TABLE_PLACEMENT, PLACEMENT_HUGE),     \
	    USES(TABLE_PLACEMENT, PLACEMENT_RUN_MEAN), USES(TABLE_DOMAIN, DOMAIN_MEMORY),       \
	    USES(TABLE_DOMAIN, DOMAIN_VCPUS), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE),             \
	    USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_CELLS),             \
	    USES(TABLE_DOMAIN, DOMAIN_VCPUS_MAXIMUM), USES(TABLE_HUGEPOOL, HUGEPOOL_FREE),      \
	    USES(TABLE_VCPU, VCPU_AFFINITY), USES(TABLE_THREAD, THREAD_AFFINITY),               \
	    USES(TABLE_PCI, PCI_ADDRESS)

#endif
