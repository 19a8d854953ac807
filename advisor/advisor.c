/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/advisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/finding.h"
#include "advisor/inner.h"
#include "advisor/judge.h"
#include "base/clock.h"
#include "base/nearest.h"
#include "base/xalloc.h"

struct advisor *advisor_new(void)
{
	struct advisor *a = xcalloc(1, sizeof(*a));

	a->n = rules_count();
	a->standing = xcalloc(a->n + 1, sizeof(*a->standing));
	for (size_t i = 0; i < a->n; i++) {
		a->standing[i].rule = rule_at(i);
		a->standing[i].limits = limits_of(a->standing[i].rule);
	}
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void advisor_free(struct advisor *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		free(a->standing[i].track);
		free(a->standing[i].memo);
	}
	free(a->standing);
	free(a->mute);
	snapshot_unref(a->before);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static struct standing *standing_of(struct advisor *a, const struct rule *rule)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->standing[i].rule == rule)
			return &a->standing[i];
	return NULL;
}

/* The rule whose id @key begins with, and behind the point what is set. */
static struct standing *find_key(struct advisor *a, const char *key, const char **ret_name)
{
	const char *point = strchr(key, '.');
	size_t len = point ? (size_t)(point - key) : strlen(key);

	for (size_t i = 0; i < a->n; i++) {
		const char *id = a->standing[i].rule->id;

		if (strlen(id) == len && memcmp(id, key, len) == 0 && point) {
			*ret_name = point + 1;
			return &a->standing[i];
		}
	}
	return NULL;
}

static char *say_unknown(struct advisor *a, const char *key)
{
	char *word = xstrndup(key, strcspn(key, "."));
	struct nearest near;
	char *error;

	nearest_init(&near, word);
	for (size_t i = 0; i < a->n; i++)
		nearest_offer(&near, a->standing[i].rule->id);
	error = xasprintf("no rule is called '%s'%s%s%s", word, near.best ? ", did you mean '" : "",
	    near.best ? near.best : "", near.best ? "'?" : "");
	free(word);
	return error;
}

int advisor_set(struct advisor *a, const char *key, const char *value, char **ret_error)
{
	const char *name = NULL;
	struct standing *st = find_key(a, key, &name);
	int r;

	if (!st) {
		*ret_error = say_unknown(a, key);
		return -ENOENT;
	}
	pthread_mutex_lock(&a->lock);
	r = limits_set(&st->limits, st->rule, name, value, ret_error);
	pthread_mutex_unlock(&a->lock);
	return r;
}

struct limits advisor_limits(struct advisor *a, const struct rule *rule)
{
	struct limits l;

	pthread_mutex_lock(&a->lock);
	l = standing_of(a, rule)->limits;
	pthread_mutex_unlock(&a->lock);
	return l;
}

void advisor_hurry(struct advisor *a)
{
	a->hurry = true;
}

unsigned advisor_needs(struct advisor *a)
{
	unsigned needs = NEEDS(SRC_ADVISOR);

	for (size_t i = 0; i < a->n; i++)
		if (!advisor_limits(a, a->standing[i].rule).is_off)
			needs |= rule_needs(a->standing[i].rule);
	return needs;
}

void advisor_mute(struct advisor *a, const struct rule *rule, struct key subject, uint64_t until_ns)
{
	size_t i = 0;

	pthread_mutex_lock(&a->lock);
	while (i < a->mutes && !(a->mute[i].rule == rule && key_equal(a->mute[i].subject, subject)))
		i++;
	if (i == a->mutes) {
		a->mute = xgrow(a->mute, a->mutes, &a->mutes_cap, sizeof(*a->mute));
		a->mutes++;
	}
	a->mute[i] = (struct mute){ rule, subject, until_ns };
	pthread_mutex_unlock(&a->lock);
}

bool advisor_mutes(struct advisor *a, const struct rule *rule, struct key subject, uint64_t now_ns)
{
	bool muted = false;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < a->mutes && !muted; i++)
		muted = (!a->mute[i].rule || a->mute[i].rule == rule) &&
			key_equal(a->mute[i].subject, subject) && now_ns < a->mute[i].until_ns;
	pthread_mutex_unlock(&a->lock);
	return muted;
}

static struct subject subject_at(const struct snapshot *s, const struct row *row,
    const struct judge *judge, const struct limits *limits)
{
	return (struct subject){
		.now = s,
		.row = row,
		.host = snapshot_find(s, TABLE_HOST, key_host(0)),
		.judge = judge,
		.param = limits->param,
	};
}

bool advisor_plan(
    struct advisor *a, const struct snapshot *s, const struct row *finding, struct plan *ret)
{
	const struct rule *rule = finding_rule(finding);
	struct subject subject;
	struct judge judge;
	struct limits l;
	bool is_there;

	*ret = (struct plan){ 0 };
	if (!rule || !finding->about)
		return false;
	if (finding_is_over(finding)) {
		plan_refuse(ret, "it is over just now");
		return false;
	}
	judge_init(&judge, s);
	l = advisor_limits(a, rule);
	subject = subject_at(s, finding->about, &judge, &l);
	is_there = rule_plan(rule, &subject, ret);
	judge_done(&judge);
	return is_there;
}

static bool has_needs(const struct rule *rule, const struct subject *s)
{
	for (const struct need *n = rule->needs; n && n->table != TABLES; n++) {
		const struct row *row = needed_row(s, rule, n->table);
		double v;

		if (!n->may_lack && row &&
		    table_kinds[n->table].column[n->column].kind != KIND_TEXT &&
		    !figure_of((enum table_id)n->table, row, n->column, &v))
			return false;
	}
	return true;
}

bool advisor_figure(struct advisor *a, const struct snapshot *s, const struct rule *rule,
    struct key subject_key, double *ret)
{
	const struct row *finding = snapshot_find(s, TABLE_FINDING, finding_key(rule, subject_key));
	const struct row *row = snapshot_find(s, rule->subject, subject_key);
	struct memo memo = { .since_ns = s->moment.mono_ns };
	struct subject subject;
	struct judge judge;
	struct limits l;
	bool measured;

	if (finding && cell_has(finding, FINDING_FIGURE)) {
		*ret = cell_number(finding, FINDING_FIGURE, 0);
		return true;
	}
	if (!row)
		return false;
	judge_init(&judge, s);
	l = advisor_limits(a, rule);
	subject = subject_at(s, row, &judge, &l);
	subject.memo = &memo;
	/* What concerns nobody any more is over, whatever its figure would be. */
	measured = (!rule->concerns || rule->concerns(&subject)) && has_needs(rule, &subject) &&
		   rule->measure(&subject, ret) == OUTCOME_FIGURE;
	if (!measured && rule->effect)
		measured = rule->effect(&subject, ret) == OUTCOME_FIGURE;
	judge_done(&judge);
	return measured;
}
