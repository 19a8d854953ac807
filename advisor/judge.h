/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules that judge one snapshot share: its rows by the guest that they belong to, so that none
 * need look at all, and where each guest should live.
 */
#ifndef KVMTOP_ADVISOR_JUDGE_H
#define KVMTOP_ADVISOR_JUDGE_H

#include "model/snapshot.h"

struct placement;

/* Of one table; filled when it is first asked for. */
struct kin {
	const struct row **row; /* by guest, the host's own behind them */
	size_t *begin;          /* one more than there are guests, and one more for the host */
};

struct judge {
	const struct snapshot *now;
	struct kin kin[TABLES];
	/* Thought out when a rule first asks for it; NULL: none has. */
	struct placement *house; /* the nodes alone */
	struct placement *proposal;
	const char **cache; /* for each guest CPUs that share a cache, or NULL */
};

/* @now must outlive it. */
void judge_init(struct judge *j, const struct snapshot *now);
void judge_done(struct judge *j);

/* @domain NULL: the host's own. */
const struct row *const *judge_rows(
    const struct judge *j, enum table_id table, const struct row *domain, size_t *ret_n);

#endif
