/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/advisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	for (size_t i = 0; i < a->n; i++)
		free(a->standing[i].track);
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

bool advisor_plan(
    struct advisor *a, const struct snapshot *s, const struct row *finding, struct plan *ret)
{
	const struct rule *rule = finding_rule(finding);
	struct judge judge;
	struct limits l;
	struct subject subject;

	*ret = (struct plan){ 0 };
	if (!rule || !rule->plan || !finding->about)
		return false;
	judge_init(&judge, s);
	l = advisor_limits(a, rule);
	subject = (struct subject){
		.now = s,
		.row = finding->about,
		.host = snapshot_find(s, TABLE_HOST, key_host(0)),
		.judge = &judge,
		.param = l.param,
	};
	rule->plan(&subject, ret);
	judge_done(&judge);
	return ret->n > 0 && !ret->refusal;
}
