/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sample judged by all rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/finding.h"
#include "advisor/inner.h"
#include "advisor/judge.h"
#include "advisor/order.h"
#include "base/clock.h"
#include "base/print.h"
#include "base/xalloc.h"

/* One sample being judged. */
struct session {
	struct advisor *a;
	struct snapshot *now;
	struct judge judge;
	const struct row *host;
	size_t *was[TABLES]; /* for each row its number in the sample before, SIZE_MAX: none */
	struct verdict *verdict;
	size_t n, cap;
};

const struct row *needed_row(const struct subject *s, const struct rule *rule, int table)
{
	if (table == (int)rule->subject)
		return s->row;
	if (table == TABLE_HOST)
		return s->host;
	return table == TABLE_DOMAIN ? s->row->domain : NULL;
}

/* What the source of a column says of itself; "" when it says nothing. */
static const char *source_excuse(const struct snapshot *now, const struct column *c)
{
	const struct row *source = snapshot_find(now, TABLE_SOURCE, key_host(c->src));

	return source ? cell_text(source, SOURCE_NOTE) : "";
}

static bool is_still_to_come(const struct snapshot *now, const struct column *c, enum state state)
{
	const struct row *source = snapshot_find(now, TABLE_SOURCE, key_host(c->src));

	return state == STATE_FIRST || state == STATE_RESET ||
	       (source && is_text(source, SOURCE_STATE, "starting"));
}

/* A guest that does not run has no figures; that is no gap in what is known. */
static bool is_at_rest(const struct row *row, short table, enum state state)
{
	return table == TABLE_DOMAIN && state == STATE_ABSENT && !cell_has(row, DOMAIN_PID);
}

/* "numa_nodes is denied (placement: Not allowed)": a part of a sentence, as a source's note is not.
 */
static void say_missing(
    struct standing *st, const struct column *c, const char *state_word, const char *excuse)
{
	struct text out = { 0 };
	size_t len = strlen(excuse);

	if (len && excuse[len - 1] == '.')
		len--;
	print_format(&out, "%s is %s", c->name, state_word);
	if (len)
		print_format(&out, " (%s: %.*s)", source_name(c->src), (int)len, excuse);
	print_within(st->why, sizeof(st->why), "%s", out.p);
	text_done(&out);
}

/* What a rule finds missing by itself: a source that it uses may know why. */
static void say_lack(struct standing *st, const struct subject *s)
{
	for (const struct need *n = st->rule->needs; n && n->table != TABLES; n++) {
		const struct column *c = &table_kinds[n->table].column[n->column];
		const char *excuse = source_excuse(s->now, c);

		if (!n->may_lack || !*excuse)
			continue;
		say_missing(st, c, "missing", excuse);
		return;
	}
}

/* OUTCOME_FIGURE: all is there. */
static enum outcome check_needs(struct standing *st, const struct subject *s)
{
	if (st->rule->concerns && !st->rule->concerns(s))
		return OUTCOME_NONE;
	for (const struct need *n = st->rule->needs; n && n->table != TABLES; n++) {
		const struct column *c = &table_kinds[n->table].column[n->column];
		const struct row *row = needed_row(s, st->rule, n->table);
		enum state state;

		if (n->may_lack || !row)
			continue;
		state = cell_state(c, &row->cell[n->column]);
		if (state == STATE_OK || state == STATE_STALE)
			continue;
		if (is_still_to_come(s->now, c, state) || is_at_rest(row, n->table, state))
			return OUTCOME_NONE;
		if (st->missing == 0)
			say_missing(st, c, state_name(state), source_excuse(s->now, c));
		return OUTCOME_MISSING;
	}
	return OUTCOME_FIGURE;
}

/* At the limit, or beyond it. */
static bool is_beyond(const struct rule *rule, double figure, double limit)
{
	return rule->below ? figure <= limit : figure >= limit;
}

static void raise_or_clear(
    struct track *t, const struct rule *rule, const struct limits *l, uint64_t now_ns, bool hurry)
{
	double held_s;

	t->is_bad = is_beyond(rule, t->figure, l->raise);
	/* Where it is raised and over at the same figure, only what is not bad is good. */
	t->is_good = !t->is_bad && (rule->below ? t->figure >= l->clear : t->figure <= l->clear);
	if (!t->is_bad)
		t->bad_ns = 0;
	else if (t->bad_ns == 0)
		t->bad_ns = now_ns;
	if (!t->is_good)
		t->good_ns = 0;
	else if (t->good_ns == 0)
		t->good_ns = now_ns;
	held_s = (double)(now_ns - (t->is_bad ? t->bad_ns : t->good_ns)) / (double)NS_PER_SEC;
	if (!t->is_raised && t->is_bad && (hurry || held_s >= l->raise_s)) {
		t->is_raised = true;
		t->raised_ns = now_ns;
	} else if (t->is_raised && t->is_good && (hurry || held_s >= l->clear_s)) {
		t->is_raised = false;
	}
	t->level = !t->is_raised                                                 ? LEVEL_NONE
		   : l->critical != 0 && is_beyond(rule, t->figure, l->critical) ? LEVEL_CRITICAL
										 : rule->level;
}

/* What it said in the sample before. */
static const struct row *last_words(
    const struct session *se, const struct rule *rule, const struct row *row)
{
	return se->a->before
		   ? snapshot_find(se->a->before, TABLE_FINDING, finding_key(rule, row->key))
		   : NULL;
}

static void add_verdict(
    struct session *se, const struct standing *st, const struct track *t, const struct row *row)
{
	const struct row *last = t->is_good ? last_words(se, st->rule, row) : NULL;

	if (t->is_good && !last)
		return;
	se->verdict = xgrow(se->verdict, se->n, &se->cap, sizeof(*se->verdict));
	se->verdict[se->n++] = (struct verdict){
		.rule = st->rule,
		.row = row,
		.level = t->level,
		.figure = t->figure,
		.limit = st->limits.raise,
		.since_ns = t->raised_ns,
		.is_muted = advisor_mutes(se->a, st->rule, row->key, se->now->moment.mono_ns),
		.last = last,
	};
}

static struct subject subject_of(
    const struct session *se, const struct limits *l, const struct row *row)
{
	return (struct subject){
		.now = se->now,
		.row = row,
		.host = se->host,
		.judge = &se->judge,
		.param = l->param,
	};
}

/* @memo: NULL where the rule remembers nothing. */
static void judge_row(struct session *se, struct standing *st, const struct limits *l,
    struct track *t, struct memo *memo, const struct row *row)
{
	uint64_t now_ns = se->now->moment.mono_ns;
	struct subject s = subject_of(se, l, row);
	enum outcome outcome;

	if (memo && memo->since_ns == 0)
		memo->since_ns = now_ns;
	s.memo = memo;
	outcome = check_needs(st, &s);
	if (outcome == OUTCOME_FIGURE)
		outcome = st->rule->measure(&s, &t->figure);
	if (memo)
		memo->at_ns = now_ns;
	if (outcome == OUTCOME_FIGURE) {
		raise_or_clear(t, st->rule, l, now_ns, se->a->hurry);
		if (t->is_raised)
			add_verdict(se, st, t, row);
		return;
	}
	t->is_raised = false;
	t->bad_ns = t->good_ns = 0;
	if (outcome != OUTCOME_MISSING || st->missing++ > 0)
		return;
	st->missing_row = row;
	if (!st->why[0])
		say_lack(st, &s);
}

/* For each row of a table its number in the sample before. */
static const size_t *numbers_before(struct session *se, enum table_id table)
{
	const struct table *t = &se->now->table[table];

	if (se->was[table])
		return se->was[table];
	se->was[table] = xcalloc(t->n + 1, sizeof(size_t));
	for (size_t i = 0; i < t->n; i++) {
		const struct row *old =
		    se->a->before ? snapshot_find(se->a->before, table, t->row[i]->key) : NULL;

		se->was[table][i] = old ? old->number : SIZE_MAX;
	}
	return se->was[table];
}

static void judge_rule(struct session *se, struct standing *st)
{
	const struct table *t = &se->now->table[st->rule->subject];
	const size_t *was = numbers_before(se, st->rule->subject);
	struct track *track = xcalloc(t->n + 1, sizeof(*track));
	struct memo *memo = st->rule->remembers ? xcalloc(t->n + 1, sizeof(*memo)) : NULL;
	struct limits l = advisor_limits(se->a, st->rule);

	st->missing = 0;
	st->why[0] = '\0';
	for (size_t i = 0; i < t->n && !l.is_off; i++) {
		if (st->track && was[i] != SIZE_MAX)
			track[i] = st->track[was[i]];
		if (memo && st->memo && was[i] != SIZE_MAX)
			memo[i] = st->memo[was[i]];
		judge_row(se, st, &l, &track[i], memo ? &memo[i] : NULL, t->row[i]);
	}
	free(st->track);
	free(st->memo);
	st->track = track;
	st->memo = memo;
}

/* The advisor's own row among the sources; what it costs is told by who calls it. */
static void show_self(struct advisor *a, struct snapshot *now, size_t findings)
{
	struct row *row = snapshot_row(now, TABLE_SOURCE, key_host(SRC_ADVISOR));
	uint64_t now_ns = now->moment.mono_ns;
	size_t unjudged = 0;
	char found[48], note[120];

	for (size_t i = 0; i < a->n; i++)
		unjudged += a->standing[i].missing > 0;
	snprintf(found, sizeof(found), "%zu finding%s", findings, findings == 1 ? "" : "s");
	if (unjudged)
		snprintf(note, sizeof(note), "%s; %zu rule%s a value to judge by.", found, unjudged,
		    unjudged == 1 ? " lacks" : "s lack");
	else
		snprintf(note, sizeof(note), "%s; every rule could be judged.", found);
	cell_set_text(now, row, SOURCE_NAME, source_name(SRC_ADVISOR), now_ns);
	cell_set_text(now, row, SOURCE_STATE, "ok", now_ns);
	cell_set_text(now, row, SOURCE_NOTE, note, now_ns);
	cell_set_number(row, SOURCE_AGE, 0, now_ns);
	cell_set_number(row, SOURCE_READS, (double)++a->times, now_ns);
	cell_set_number(row, SOURCE_ERRORS, 0, now_ns);
}

/* What each of the raised rules would do, and whose fix goes first. */
static void add_fixes(struct session *se)
{
	struct plan *plan = xcalloc(se->n + 1, sizeof(*plan));

	for (size_t i = 0; i < se->n; i++) {
		struct verdict *v = &se->verdict[i];
		struct limits l = advisor_limits(se->a, v->rule);
		struct subject s = subject_of(se, &l, v->row);

		if (!v->last && rule_plan(v->rule, &s, &plan[i]))
			v->fix = plan_class(&plan[i], v->rule->fix);
	}
	order_fixes(se->verdict, plan, se->n);
	for (size_t i = 0; i < se->n; i++) {
		finding_add_fix(se->now, &se->verdict[i]);
		plan_done(&plan[i]);
	}
	free(plan);
}

static void add_findings(struct session *se)
{
	for (size_t i = 0; i < se->n; i++) {
		struct limits l = advisor_limits(se->a, se->verdict[i].rule);
		struct subject s = subject_of(se, &l, se->verdict[i].row);

		finding_add(se->now, &se->verdict[i], &s);
	}
	add_fixes(se);
	for (size_t i = 0; i < se->a->n; i++)
		if (se->a->standing[i].missing)
			finding_add_unjudged(se->now, se->a->standing[i].rule,
			    se->a->standing[i].missing_row, se->a->standing[i].missing,
			    se->a->standing[i].why[0] ? se->a->standing[i].why
						      : "a value is missing");
}

/* Of each guest, how many findings somebody is to hear of. */
static void count_for_guests(struct snapshot *now)
{
	const struct table *guests = &now->table[TABLE_DOMAIN];
	const struct table *findings = &now->table[TABLE_FINDING];

	for (size_t i = 0; i < guests->n; i++)
		cell_set_number(guests->row[i], DOMAIN_ADVICE, 0, now->moment.mono_ns);
	for (size_t i = 0; i < findings->n; i++) {
		struct row *finding = findings->row[i];

		if (finding->domain && finding_level(finding) > LEVEL_NONE &&
		    !finding_is_muted(finding) && !finding_is_over(finding))
			finding->domain->cell[DOMAIN_ADVICE].number++;
	}
}

/* A recording that begins anew runs backwards; nothing is remembered of what is yet to come. */
static void forget_the_future(struct advisor *a, const struct snapshot *now)
{
	if (!a->before || a->before->moment.mono_ns <= now->moment.mono_ns)
		return;
	snapshot_unref(a->before);
	a->before = NULL;
}

void advisor_judge(struct advisor *a, struct snapshot *s)
{
	struct session se = { .a = a, .now = s };

	se.host = snapshot_row(s, TABLE_HOST, key_host(0));
	forget_the_future(a, s);
	judge_init(&se.judge, s);
	for (size_t i = 0; i < a->n; i++)
		judge_rule(&se, &a->standing[i]);
	add_findings(&se);
	count_for_guests(s);
	show_self(a, s, se.n);
	judge_done(&se.judge);
	for (int t = 0; t < TABLES; t++)
		free(se.was[t]);
	free(se.verdict);
	snapshot_unref(a->before);
	a->before = snapshot_ref(s);
}
