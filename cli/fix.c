/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmtop fix: finds what a rule found, carries its plan out, and tells what came of it. */
#include "cli/fix.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advisor/advisor.h"
#include "base/print.h"
#include "base/root.h"
#include "cli/advice.h"
#include "cli/carry.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "fixes/effect.h"
#include "fixes/journal.h"

/* Who reads a preview takes his time; what stands there is compared in any case. */
#define FRESH_NS (300 * NS_PER_SEC)

struct fixing {
	const struct options *options;
	struct root *root;
	struct events events;
	struct sampler *sampler;
	struct advisor *advisor;
	const struct snapshot *now;
	struct carry carry;
};

static bool is_about(const struct row *finding, const char *subject)
{
	return strcmp(cell_text(finding, FINDING_SUBJECT), subject) == 0 ||
	       strcmp(cell_text(finding, FINDING_DOMAIN), subject) == 0 ||
	       strcmp(cell_text(finding, FINDING_UUID), subject) == 0;
}

static bool is_guest(const struct snapshot *now, const char *subject)
{
	const struct table *t = &now->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], DOMAIN_NAME), subject) == 0 ||
		    strcmp(cell_text(t->row[i], DOMAIN_UUID), subject) == 0)
			return true;
	return false;
}

/* Who is no subject of the rule is not fine either. */
static bool complain_of_subject(const struct fixing *f)
{
	const struct rule *rule = rule_find(f->options->rule);
	const char *subject = f->options->subject;

	if (!rule || !subject)
		return false;
	if (rule->subject == TABLE_HOST && strcmp(subject, "host") != 0)
		complain("%s judges the host, not '%s'", rule->id, subject);
	else if (rule->subject == TABLE_DOMAIN && !is_guest(f->now, subject))
		complain("there is no guest '%s'", subject);
	else
		return false;
	return true;
}

/* What was not judged is not fine. */
static void complain_of_none(const struct fixing *f)
{
	const struct table *t = &f->now->table[TABLE_FINDING];
	const char *subject = f->options->subject;

	if (complain_of_subject(f))
		return;
	for (size_t i = 0; i < t->n; i++)
		if (!t->row[i]->about &&
		    strcmp(cell_text(t->row[i], FINDING_RULE), f->options->rule) == 0) {
			complain("%s, %s: %s", f->options->rule,
			    cell_text(t->row[i], FINDING_SUBJECT),
			    cell_text(t->row[i], FINDING_EVIDENCE));
			return;
		}
	complain("%s finds nothing wrong%s%s", f->options->rule, subject ? " with " : "",
	    subject ? subject : "");
}

/* The one finding that is meant. NULL: there is none, or there are many, which was complained
 * about.
 */
static const struct row *find_finding(const struct fixing *f, bool *ret_none)
{
	const struct table *t = &f->now->table[TABLE_FINDING];
	const char *subject = f->options->subject;
	const struct row *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (strcmp(cell_text(row, FINDING_RULE), f->options->rule) != 0 || !row->about ||
		    (subject && !is_about(row, subject)))
			continue;
		found = row;
		n++;
	}
	if (n == 1)
		return found;
	*ret_none = n == 0;
	for (size_t i = 0; n > 1 && i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), f->options->rule) == 0)
			complain("%s finds something wrong with '%s': say which is meant",
			    f->options->rule, cell_text(t->row[i], FINDING_SUBJECT));
	return NULL;
}

/* Samples on until the effect can be told, or somebody does not want to know. */
static void watch_effect(struct fixing *f, struct effect *effect)
{
	struct text words = { 0 }, out = { 0 };
	uint64_t now_ns = clock_mono_ns();

	if (isatty(STDERR_FILENO))
		complain("watching its effect for %.0f s; Ctrl-C leaves",
		    (double)(effect->due_ns - now_ns) / (double)NS_PER_SEC);
	sampler_look_again(f->sampler);
	while (effect->rule && events_wait(&f->events, -1, true) != WAKE_QUIT) {
		const struct snapshot *s = sampler_take(f->sampler, false);

		if (!s)
			break;
		if (effect_look(effect, f->advisor, s, f->carry.directory, &words))
			print_format(&out, "Effect: %s.\n", words.p);
		snapshot_unref(s);
	}
	say(&out);
	text_done(&words);
	text_done(&out);
}

/* Where nothing is changed there is no preview of what stands there, but the plan is the same. */
static int show_refused(const struct fixing *f, const struct plan *plan, const char *why)
{
	struct text out = { 0 };
	struct fix fix = { 0 };
	int r;

	fix_of_plan(&fix, plan, f->options->lasting);
	if (f->options->script)
		carry_script(&fix, &out);
	else
		carry_preview(&fix, &out);
	fix_done(&fix);
	r = say(&out);
	text_done(&out);
	if (f->options->script || f->options->dry_run || r != EXIT_FINE)
		return r;
	complain("refused: %s", why);
	return EXIT_REFUSED;
}

static int carry_plan(struct fixing *f, const struct row *finding, const struct plan *plan)
{
	struct job_about about = {
		.rule = f->options->rule,
		.subject = cell_text(finding, FINDING_SUBJECT),
		.figure = cell_has(finding, FINDING_FIGURE)
			      ? cell_number(finding, FINDING_FIGURE, 0)
			      : NAN,
		.seen_ns = f->now->moment.mono_ns,
		.fresh_ns = FRESH_NS,
	};
	const struct fix *fix;
	struct job *job;
	char *why = job_refusal(&f->carry.place);
	struct effect effect = { 0 };
	int r;

	if (why) {
		r = show_refused(f, plan, why);
		free(why);
		return r;
	}
	job = job_new(&f->carry.place, plan, f->options->lasting, &about);
	r = carry_out(&f->carry, job, finding_confirmation(finding, f->options->lasting));
	fix = job_fix(job);
	if (fix && (fix->ending == ENDING_DONE || fix->ending == ENDING_PART)) {
		effect_note(&effect, finding_rule(finding), finding->about->key, about.figure, plan,
		    f->now);
		effect_begin(&effect, fix, clock_mono_ns());
	}
	if (!job_free(job))
		r |= EXIT_HANGS;
	if (effect.rule && !f->options->lasting)
		watch_effect(f, &effect);
	return r;
}

/* What was fixed is not found any more: the journal knows what makes it last. */
static int last_fix(struct fixing *f, const struct fix *fixed)
{
	const char *domain = fixed->lasting[0].domain;
	struct plan plan = { .lasting = fixed->lasting, .lasting_n = fixed->lasting_n };
	const struct job_about about = {
		.rule = fixed->rule, .subject = fixed->subject, .figure = NAN
	};
	char *why = job_refusal(&f->carry.place);
	struct job *job;
	int r;

	plan.title = fixed->title;
	if (why) {
		r = show_refused(f, &plan, why);
		free(why);
		return r;
	}
	job = job_new(&f->carry.place, &plan, true, &about);
	r = carry_out(&f->carry, job, domain ? domain : "host");
	return job_free(job) ? r : r | EXIT_HANGS;
}

static int fix_of_journal(struct fixing *f)
{
	struct records all = { 0 };
	const struct record *fixed = NULL;
	int r = EXIT_REFUSED;

	if (f->options->lasting && root_is_live(f->root) && f->carry.directory &&
	    journal_read(f->carry.directory, &all) == 0)
		fixed = records_to_last(&all, f->options->rule, f->options->subject);
	if (fixed)
		r = last_fix(f, &fixed->fix);
	else
		complain_of_none(f);
	records_done(&all);
	return r;
}

static int fix_finding(struct fixing *f)
{
	bool is_none = false;
	const struct row *finding = find_finding(f, &is_none);
	struct plan plan;
	int r = EXIT_REFUSED;

	if (!finding)
		return is_none ? fix_of_journal(f) : EXIT_REFUSED;
	if (!advisor_plan(f->advisor, f->now, finding, &plan))
		complain("%s has no fix for %s%s%s; by hand: %s", f->options->rule,
		    cell_text(finding, FINDING_SUBJECT), plan.refusal ? ": " : "",
		    plan.refusal ? plan.refusal : "", cell_text(finding, FINDING_ADVICE));
	else if (f->options->lasting && plan.lasting_n == 0)
		complain("%s does not know how to make its fix last", f->options->rule);
	else if (*cell_text(finding, FINDING_AFTER))
		complain("first mend %s", cell_text(finding, FINDING_AFTER));
	else
		r = carry_plan(f, finding, &plan);
	plan_done(&plan);
	return r;
}

int fix_run(const struct options *options, struct root *root)
{
	struct fixing f = { .options = options, .root = root };
	struct sampling sampling = setup_sampling(options);
	int r = events_init(&f.events);

	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		return EXIT_FAILED;
	}
	carry_init(&f.carry, options, root, &f.events);
	carry_warn(&f.carry);
	f.advisor = advice_new(options);
	advisor_hurry(f.advisor);
	f.sampler = sampler_new(root, &sampling);
	advice_attach(f.advisor, f.sampler);
	sampler_need(f.sampler, advisor_needs(f.advisor));
	if (isatty(STDERR_FILENO))
		complain("looking at this host for a moment; Ctrl-C leaves");
	f.now = advice_watch(options, f.sampler, &f.events, root_is_live(root));
	r = f.now ? fix_finding(&f) : EXIT_FAILED;
	snapshot_unref(f.now);
	r |= setup_end(f.sampler, f.advisor);
	carry_done(&f.carry);
	events_done(&f.events);
	return r;
}
