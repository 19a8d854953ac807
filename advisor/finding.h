/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as rows of a snapshot: what the advisor writes there. */
#ifndef KVMTOP_ADVISOR_FINDING_H
#define KVMTOP_ADVISOR_FINDING_H

#include "advisor/advisor.h"

/* "web1", "web1 vCPU 3", "web1 vda", "node 2", "host". */
void finding_subject(enum table_id table, const struct row *row, struct text *out);

/* The key of a finding: the subject's owner; of its item and the rule, one number. */
struct key finding_key(const struct rule *rule, struct key subject);

/* What a raised rule has to say. */
struct verdict {
	const struct rule *rule;
	const struct row *row; /* the subject */
	enum level level;
	double figure, limit;
	uint64_t since_ns;
	bool is_muted;
	/* It is over, but not for long enough: what it said when it was not, for a rule finds no
	 * words, nor a way to mend, for what is no longer there. NULL: it is not. */
	const struct row *last;
	enum fix_class fix;       /* that can be made here and now; FIX_NONE: none */
	const struct rule *after; /* whose fix comes first; NULL: none */
};

/* @s: for the words, where it is not over; its memo is NULL. Not yet ->fix and ->after. */
void finding_add(struct snapshot *now, const struct verdict *v, const struct subject *s);
/* These: plans may go by what has been found. */
void finding_add_fix(struct snapshot *now, const struct verdict *v);

/* A rule that could not judge @n subjects, one of which is @row, for @why. */
void finding_add_unjudged(struct snapshot *now, const struct rule *rule, const struct row *row,
    size_t n, const char *why);

#endif
