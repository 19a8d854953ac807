/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/order.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* Whom a fix would act upon, and whose has to come before. */
struct touch {
	struct key *guest;
	size_t n, cap;
	bool host;
	const struct verdict *after; /* the first of all that it has to wait for; NULL: none */
};

/* What one rule has raised. */
struct group {
	const struct rule *rule;
	size_t begin, end;
};

static bool is_of_host(struct key key)
{
	return key.owner == 0 && key.born == 0;
}

static void touch_guest(struct touch *t, struct key guest)
{
	for (size_t i = 0; i < t->n; i++)
		if (key_same_owner(t->guest[i], guest))
			return;
	t->guest = xgrow(t->guest, t->n, &t->cap, sizeof(*t->guest));
	t->guest[t->n++] = guest;
}

/* A node's fix may move a guest: where there is a plan it tells. What is never more than advice is
 * about its subject, and a fix that cannot be made now touches nobody. */
static struct touch touch_of(const struct verdict *v, const struct plan *plan)
{
	struct touch t = { 0 };

	if (v->rule->fix == FIX_NONE) {
		t.host = is_of_host(v->row->key);
		if (!t.host)
			touch_guest(&t, v->row->key);
	}
	for (size_t i = 0; v->fix != FIX_NONE && i < plan->n; i++) {
		if (is_of_host(plan->action[i].guest))
			t.host = true;
		else
			touch_guest(&t, plan->action[i].guest);
	}
	return t;
}

static bool do_meet(const struct touch *a, const struct touch *b)
{
	if (a->host || b->host)
		return (a->host || a->n) && (b->host || b->n);
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (key_same_owner(a->guest[i], b->guest[k]))
				return true;
	return false;
}

static bool goes_first(const struct verdict *a, const struct verdict *b)
{
	/* Nobody waits for what is not wanted. */
	if (a->is_muted != b->is_muted)
		return b->is_muted;
	if (a->rule->rank != b->rule->rank)
		return a->rule->rank < b->rule->rank;
	if (a->level != b->level)
		return a->level > b->level;
	return a < b;
}

static void wait_for(struct touch *t, const struct verdict *first)
{
	if (!t->after || goes_first(first, t->after))
		t->after = first;
}

static void order_groups(
    const struct verdict *v, struct touch *touch, const struct group *a, const struct group *b)
{
	if (!rules_clash(a->rule, b->rule))
		return;
	for (size_t i = a->begin; i < a->end; i++)
		for (size_t k = b->begin; k < b->end; k++)
			if (do_meet(&touch[i], &touch[k])) {
				bool first = goes_first(&v[i], &v[k]);

				wait_for(&touch[first ? k : i], &v[first ? i : k]);
			}
}

static size_t find_groups(const struct verdict *v, size_t n, struct group *group)
{
	size_t groups = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || v[i].rule != v[i - 1].rule)
			group[groups++] = (struct group){ v[i].rule, i, i };
		group[groups - 1].end = i + 1;
	}
	return groups;
}

void order_fixes(struct verdict *verdict, const struct plan *plan, size_t n)
{
	struct group *group = xcalloc(n + 1, sizeof(*group));
	struct touch *touch = xcalloc(n + 1, sizeof(*touch));
	size_t groups = find_groups(verdict, n, group);

	for (size_t i = 0; i < n; i++)
		touch[i] = touch_of(&verdict[i], &plan[i]);
	for (size_t i = 0; i < groups; i++)
		for (size_t k = i + 1; k < groups; k++)
			order_groups(verdict, touch, &group[i], &group[k]);
	for (size_t i = 0; i < n; i++) {
		verdict[i].after = touch[i].after ? touch[i].after->rule : NULL;
		free(touch[i].guest);
	}
	free(touch);
	free(group);
}
