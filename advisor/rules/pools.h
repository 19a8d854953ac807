/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Huge page pools: what they hold, what is wanted of them, and plans that change them. */
#ifndef KVMTOP_ADVISOR_RULES_POOLS_H
#define KVMTOP_ADVISOR_RULES_POOLS_H

#include "advisor/rule.h"

struct cpuset;

/* A sum over pools of one page size, in pages. */
struct pool_sum {
	size_t pools;
	double total, free;
};
/* Of these nodes; @nodes NULL: of all, less what is promised to somebody already. */
struct pool_sum pools_of(const struct subject *s, double page_bytes, const struct cpuset *nodes);
/* NULL: there is none. */
const struct row *pool_of(const struct subject *s, double page_bytes, double node);

/* Memory that the node could give away without swapping. */
double node_room(const struct subject *s, double node);
/* What a pool grows by. */
struct growth {
	const struct row *pool;
	double pages;
};
#define GROWTHS_MAX 64
/* Which pools of these nodes (NULL: of all) grow to hold so many pages more: that of the node with
 * most room alone if it can, else the next ones too, each as far as its node may. How many are in
 * @ret; 0: they do not fit. The pool of ret[0] is that of the node with most room in any case, NULL
 * where these nodes have none. */
size_t pools_to_grow(const struct subject *s, double page_bytes, const struct cpuset *nodes,
    double pages, struct growth ret[GROWTHS_MAX]);
/* "node 1", "nodes 1, 0" */
void say_growth_nodes(struct text *out, const struct growth *growth, size_t n);
void plan_growth(struct plan *out, const struct growth *growth, size_t n);

/* Makes a pool that large, and makes it last. */
void plan_pool(struct plan *out, const struct row *pool, double pages);

/* "2M", "1G" */
void say_page_size(struct text *out, double page_bytes);

/* Columns that these look at. */
#define POOL_NEEDS                                                                     \
	USES(TABLE_HUGEPOOL, HUGEPOOL_TOTAL), USES(TABLE_HUGEPOOL, HUGEPOOL_FREE),     \
	    USES(TABLE_HUGEPOOL, HUGEPOOL_HOST_RESERVED), USES(TABLE_NODE, NODE_FREE), \
	    USES(TABLE_NODE, NODE_INACTIVE_FILE)

#endif
