/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/effect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/slice.h"
#include "fixes/fix.h"
#include "fixes/journal.h"
#include "fixes/kinds.h"
#include "model/derive.h"

/* Figures over some samples, such as the share of time that was waited, need that long; a rule may
 * take longer to be over. */
#define LOOK_NS (10 * NS_PER_SEC)
/* A reading that ends so soon after a fix began before it. */
#define READING_NS (5 * NS_PER_SEC)
/* Where pages lie is read now and then only, but not as seldom as that. */
#define PATIENCE_NS (60 * NS_PER_SEC)
/* A point more or less is nothing that anybody did. */
#define POINT 0.01

static const struct row *guest_of(const struct effect *e, const struct snapshot *s)
{
	return e->is_moved ? snapshot_find(s, TABLE_DOMAIN, e->guest) : NULL;
}

static bool moves(const struct action *a)
{
	switch (a->kind) {
	case ACTION_PIN_VCPU:
	case ACTION_PIN_EMULATOR:
	case ACTION_PIN_IOTHREAD:
	case ACTION_AFFINITY:
	case ACTION_NUMATUNE:
	case ACTION_MIGRATE_PAGES:
		return a->domain && !a->saved;
	default:
		return false;
	}
}

/* One guest whose vCPUs, threads or memory go elsewhere, now; of several none. */
static void note_guest(struct effect *e, const struct plan *plan, const struct snapshot *now)
{
	const struct row *guest;

	for (size_t i = 0; i < plan->n; i++) {
		const struct action *a = &plan->action[i];

		if (!moves(a))
			continue;
		if (e->is_moved && !key_equal(e->guest, a->guest)) {
			e->is_moved = false;
			return;
		}
		e->is_moved = true;
		e->moves_pages |= a->kind == ACTION_MIGRATE_PAGES;
		e->guest = a->guest;
	}
	guest = guest_of(e, now);
	e->is_moved = guest != NULL;
	e->local = guest ? figure_or(TABLE_DOMAIN, guest, DOMAIN_LOCAL, NAN) : NAN;
	e->wait = guest ? figure_or(TABLE_DOMAIN, guest, DOMAIN_WAIT, NAN) : NAN;
}

static const struct column *marked_column(const struct rule *rule)
{
	return rule->column < 0 ? NULL : &table_kinds[rule->subject].column[rule->column];
}

/* What the marked cell shows; "" where there is nothing. */
static void say_marked(const struct effect *e, const struct snapshot *s, char *buf, size_t size)
{
	const struct column *c = marked_column(e->rule);
	const struct row *row = snapshot_find(s, e->rule->subject, e->subject);
	char figure[FORMAT_SIZE];
	double v;

	buf[0] = '\0';
	if (!c || !row)
		return;
	if (c->kind == KIND_TEXT) {
		print_within(buf, size, "%s", cell_text(row, e->rule->column));
	} else if (figure_of(e->rule->subject, row, e->rule->column, &v)) {
		format_wide(c, v, figure);
		print_within(buf, size, "%s%s", figure, c->show == SHOW_PERCENT ? " %" : "");
	}
}

void effect_note(struct effect *e, const struct rule *rule, struct key subject, double figure,
    const struct plan *plan, const struct snapshot *now)
{
	*e = (struct effect){ .rule = rule, .subject = subject, .before = figure };
	note_guest(e, plan, now);
	say_marked(e, now, e->marked, sizeof(e->marked));
}

/* The fix has read where the pages lie when it had moved them. */
static void take_over(struct effect *e, const struct fix *fix)
{
	for (size_t i = 0; i < fix->n; i++) {
		const struct step *step = &fix->step[i];

		if (step->action.kind == ACTION_MIGRATE_PAGES && step->left &&
		    strlen(step->left) < sizeof(e->lies))
			memcpy(e->lies, step->left, strlen(step->left) + 1);
	}
}

/* Of what runs now it changes nothing. */
static bool counts_later(const struct action *a)
{
	return kind_is_definition(a) || a->kind == ACTION_DROP_IN;
}

void effect_begin(struct effect *e, const struct fix *fix, uint64_t now_ns)
{
	uint64_t wait_ns = (uint64_t)(e->rule->clear_s * (double)NS_PER_SEC);

	e->id = fix->id;
	e->due_ns = now_ns + (wait_ns > LOOK_NS ? wait_ns : LOOK_NS);
	e->read_ns = now_ns + READING_NS;
	if (e->moves_pages)
		take_over(e, fix);
	e->counts_later = fix->n > 0;
	for (size_t i = 0; i < fix->n; i++)
		e->counts_later &= counts_later(&fix->step[i].action);
}

/* By where pages lay before the fix nothing could be said of it, if it moved them and does not say
 * itself, or if the rule asks. All else is read within LOOK_NS. */
static bool is_read_since(const struct effect *e, const struct snapshot *s)
{
	const struct table *t = &s->table[TABLE_PLACEMENT];
	struct key guest = e->is_moved ? e->guest : e->subject;
	bool of_guest = snapshot_find(s, TABLE_DOMAIN, key_of(guest, 0)) != NULL;
	bool matters = e->is_moved ? e->moves_pages && !*e->lies
				   : (rule_needs(e->rule) & NEEDS(SRC_PLACEMENT)) != 0;

	if (!matters || s->moment.mono_ns > e->due_ns + PATIENCE_NS)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if ((!of_guest || key_same_owner(t->row[i]->key, guest)) &&
		    t->row[i]->cell[PLACEMENT_MEMORY].at_ns < e->read_ns)
			return false;
	return true;
}

/* The mean, as one sample is not much. */
static void watch_wait(struct effect *e, const struct snapshot *s)
{
	const struct row *guest = guest_of(e, s);
	double seconds = (double)s->interval_ns / (double)NS_PER_SEC, wait;

	if (!guest || s->moment.mono_ns < e->read_ns ||
	    !figure_of(TABLE_DOMAIN, guest, DOMAIN_WAIT, &wait))
		return;
	e->waited_s += wait * seconds;
	e->watched_s += seconds;
}

/* Of "0:3892 2:802500" the share of a node. */
static double share_of(const char *lies, double number)
{
	struct slice field, node, size;
	double here = 0, all = 0;
	struct cursor c;
	uint64_t k, kib;

	cursor_init(&c, lies, strlen(lies));
	while (cursor_field(&c, &field)) {
		if (!slice_cut(field, ':', &node, &size) || slice_u64(node, &k) < 0 ||
		    slice_u64(size, &kib) < 0)
			continue;
		all += (double)kib;
		if (fabs((double)k - number) < 0.5)
			here += (double)kib;
	}
	return all > 0 ? here / all : 0;
}

/* How much of the guest's memory lies on the node of @row; NAN: nobody has looked since it was
 * moved. */
static double held_by(const struct effect *e, const struct row *row)
{
	if (!e->moves_pages || row->cell[PLACEMENT_MEMORY].at_ns >= e->read_ns)
		return figure_or(TABLE_PLACEMENT, row, PLACEMENT_SHARE, 0);
	return *e->lies ? share_of(e->lies, cell_number(row, PLACEMENT_NODE, -1)) : NAN;
}

/* The column is a mean that holds much of what was before the fix; where it ran in this sample, it
 * runs now. NAN: nobody knows. */
static double local_now(const struct effect *e, const struct row *guest, const struct snapshot *s)
{
	const struct table *t = &s->table[TABLE_PLACEMENT];
	double *run = derive_placement_sum(s, PLACEMENT_RUN);
	double *vcpus = derive_placement_sum(s, PLACEMENT_VCPUS);
	bool known = cell_has(guest, DOMAIN_LOCAL);
	double local = 0, part;

	for (size_t i = 0; i < t->n && known; i++) {
		const struct row *row = t->row[i];
		double held;

		if (row->domain != guest)
			continue;
		held = held_by(e, row);
		known = derive_run_share(
		    row, PLACEMENT_RUN, run[guest->number], vcpus[guest->number], &part);
		/* Not fmin, which takes what is known of two. */
		local += !known || held < part || isnan(held) ? held : part;
	}
	free(run);
	free(vcpus);
	if (known)
		return local;
	return e->moves_pages ? NAN : figure_or(TABLE_DOMAIN, guest, DOMAIN_LOCAL, NAN);
}

static const char *verdict_of(double gain, double least)
{
	if (fabs(gain) <= least)
		return "no difference";
	return gain > 0 ? "better" : "worse: undo it";
}

/* Less is nothing that anybody did. */
#define LEAST_CHANGE(e) (fabs((e)->before) / 100)

static bool is_as_before(const struct effect *e, double after)
{
	return fabs(e->before - after) <= LEAST_CHANGE(e);
}

static const char *verdict(const struct effect *e, double after)
{
	double gain = e->rule->below ? after - e->before : e->before - after;

	return verdict_of(gain, LEAST_CHANGE(e));
}

static void say_shares(struct text *out, const char *name, double before, double after)
{
	print_format(out, "%s%s ", out->len ? ", " : "", name);
	say_percent(out, before);
	print_text(out, " -> ");
	say_percent(out, after);
}

/* False: neither is known of both times. */
static bool tell_of_guest(const struct effect *e, const struct snapshot *s, struct text *out)
{
	const struct row *guest = guest_of(e, s);
	double local = guest ? local_now(e, guest, s) : NAN;
	double wait = guest && e->watched_s > 0 ? e->waited_s / e->watched_s : NAN, gain = 0;
	bool knows_local = !isnan(e->local) && !isnan(local);
	bool knows_wait = !isnan(e->wait) && !isnan(wait);

	if (knows_local) {
		say_shares(out, "LOCAL", e->local, local);
		gain += local - e->local;
	}
	if (knows_wait) {
		say_shares(out, "WAIT", e->wait, wait);
		gain += e->wait - wait;
	}
	if (knows_local || knows_wait)
		print_format(out, ", %s", verdict_of(gain, POINT));
	return knows_local || knows_wait;
}

static void tell_figure(const struct effect *e, double after, struct text *out)
{
	if (e->counts_later && is_as_before(e, after)) {
		print_text(out, "it counts from the next start on");
		return;
	}
	if (!isnan(e->before)) {
		say_figure(out, e->rule, e->before);
		print_text(out, " -> ");
	}
	say_figure(out, e->rule, after);
	if (!isnan(e->before))
		print_format(out, ", %s", verdict(e, after));
}

/* The rule has nothing to say any more, which is what was wanted. */
static void tell_over(const struct effect *e, const struct snapshot *s, struct text *out)
{
	const struct column *c = marked_column(e->rule);
	char now[sizeof(e->marked)];

	say_marked(e, s, now, sizeof(now));
	if (*e->marked && *now)
		print_format(
		    out, "%.*s %s -> %s, ", (int)strcspn(c->title, "%"), c->title, e->marked, now);
	print_format(out, "%s no longer applies", e->rule->id);
}

/* Of a guest that was moved its own figures tell more than the rule's, unless the rule is about
 * something else. */
static void tell(
    const struct effect *e, const struct snapshot *s, bool measured, double after, struct text *out)
{
	bool is_about_guest = e->rule->subject == TABLE_DOMAIN;

	if ((is_about_guest || !measured) && tell_of_guest(e, s, out))
		return;
	if (measured)
		tell_figure(e, after, out);
	else
		tell_over(e, s, out);
}

bool effect_look(struct effect *e, struct advisor *a, const struct snapshot *s,
    const char *directory, struct text *out)
{
	double after = NAN;
	bool measured;

	if (!e->rule)
		return false;
	watch_wait(e, s);
	if (s->moment.mono_ns < e->due_ns || !is_read_since(e, s))
		return false;
	measured = advisor_figure(a, s, e->rule, e->subject, &after);
	if (!measured)
		after = NAN;
	tell(e, s, measured, after, out);
	journal_effect(directory, e->id, e->before, after, out->p);
	*e = (struct effect){ 0 };
	return true;
}
