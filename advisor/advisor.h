/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges snapshots by all rules and adds what they found as rows of the table "finding". One thread
 * judges; settings and mutes may be changed from another.
 */
#ifndef KVMTOP_ADVISOR_ADVISOR_H
#define KVMTOP_ADVISOR_ADVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "advisor/rule.h"

struct advisor;

struct advisor *advisor_new(void);
void advisor_free(struct advisor *a);

/*
 * "numa-memory-remote.raise" and the like: raise, clear, critical, for, clear-for (seconds),
 * enabled (yes, no), or a limit of the rule's own. 0; -ENOENT: there is no such rule or limit;
 * -EINVAL: the value is wrong. Then @ret_error says why in a sentence (the caller frees it), and
 * nothing has changed.
 */
int advisor_set(struct advisor *a, const char *key, const char *value, char **ret_error);

/* What counts for a rule now. */
struct limits {
	double raise, clear, critical, raise_s, clear_s;
	double param[RULE_PARAMS];
	bool is_off;
};
struct limits advisor_limits(struct advisor *a, const struct rule *rule);

/* Figures count at once, without their hold times: for whoever looks only once. */
void advisor_hurry(struct advisor *a);

/* The sources that enabled rules need, as NEEDS(). */
unsigned advisor_needs(struct advisor *a);

/* Judges @s, which nobody else sees yet, and adds the findings. */
void advisor_judge(struct advisor *a, struct snapshot *s);

/*
 * Findings of @rule (NULL: all rules) about @subject are muted until the monotonic clock says
 * @until_ns; UINT64_MAX: for good; 0: no longer.
 */
void advisor_mute(
    struct advisor *a, const struct rule *rule, struct key subject, uint64_t until_ns);

/* ---- of a finding: a row of TABLE_FINDING in a snapshot ---- */

/* NULL where rule or subject are gone. */
const struct rule *finding_rule(const struct row *finding);
enum level finding_level(const struct row *finding);
bool finding_is_muted(const struct row *finding);
/* It is over, and stays until it has been so for as long as the rule says: nothing is to be mended.
 */
bool finding_is_over(const struct row *finding);

/* The care that its fix takes; FIX_NONE: there is none that could be made now. */
enum fix_class finding_class(const struct row *finding);

/* What must be typed before its fix is made, or made to last: the guest's name, or "host". NULL:
 * nothing. */
const char *finding_confirmation(const struct row *finding, bool lasting);

/* What the order of findings asks for: those that are raised by level, rank and age, then the muted
 * ones, then those that could not be judged. A rule is looked up but once. */
enum finding_group {
	FINDING_IS_RAISED,
	FINDING_IS_MUTED,
	FINDING_IS_UNJUDGED,
};
struct finding_weight {
	const struct row *row;
	enum finding_group group;
	bool is_over;
	int level, rank;
	double since;
};
struct finding_weight finding_weigh(const struct row *finding);
/* Of two weights, for qsort: the heavier one first. */
int finding_weight_compare(const void *left, const void *right);

/* The plan of its fix, computed now. False: there is none; then @ret->refusal may say why. The
 * caller calls plan_done in either case. */
bool advisor_plan(
    struct advisor *a, const struct snapshot *s, const struct row *finding, struct plan *ret);

/* The figure of @rule for the row of that key in @s, whether it is raised or not. False: the rule
 * has nothing to say about it now, or cannot at a glance. */
bool advisor_figure(struct advisor *a, const struct snapshot *s, const struct rule *rule,
    struct key subject, double *ret);

#endif
