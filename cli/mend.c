/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/mend.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/print.h"
#include "base/root.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "cli/options.h"
#include "cli/say.h"
#include "collectors/sampler.h"
#include "fixes/effect.h"
#include "fixes/journal.h"
#include "views/ui.h"

/* Who reads a preview takes his time; what stands there is compared in any case. */
#define FRESH_NS (300 * NS_PER_SEC)
/* Nothing is fixed by figures that are older than two intervals, and a moment. */
#define INTERVALS 2
#define MOMENT_NS NS_PER_SEC
/* What is done at once has been looked up in so long: libvirt may be asked several times. */
#define LOOK_UP_NS (5 * NS_PER_SEC)
/* Nobody reads in less than this; keys may have been on their way for as long. */
#define DEAF_NS (300 * NS_PER_MS)
#define LOOK_MS 50
/* How long the foot speaks of a fix that was made. */
#define OFFER_NS (60 * NS_PER_SEC)
/* What was mended is not advised again while it takes effect. */
#define MUTE_NS (600 * NS_PER_SEC)

#define OLD "What is shown is old."

/* What a fix is about, beyond the sample that it was made from. */
struct order {
	enum fix_wish wish;
	bool is_sudden; /* nobody can have read yet what it is about */
	const struct rule *rule;
	struct key subject;
	char *subject_name;
	char *name; /* that must be typed, where one must */
	double figure;
	struct effect effect; /* what holds before */
	struct plan plan;
	uint64_t id; /* of the fix in the journal; 0: it was not made yet */
};

struct mender {
	struct ui *ui;
	struct advisor *advisor;
	struct sampler *sampler;
	struct job_place place;
	char *directory, *refusal;
	bool confirm_all;
	int hangs;

	struct job *job; /* NULL: none is shown */
	struct order order;
	struct fixing shown;
	uint64_t deaf_until_ns;
	char *effect_words;

	struct records journal;
	struct journal_mark mark;

	struct order last; /* the last fix that was made; its rule is NULL: none that counts */
	uint64_t offer_until_ns;
	struct effect *effect;
	size_t effects, effects_cap;
};

static void order_done(struct order *o)
{
	plan_done(&o->plan);
	free(o->subject_name);
	free(o->name);
	*o = (struct order){ 0 };
}

/* ---- the journal ---- */

static void read_journal(struct mender *m)
{
	struct records all = { 0 };
	int r;

	m->mark = journal_look(m->directory);
	r = journal_read(m->directory, &all);
	if (r < 0) {
		char *words =
		    xasprintf("The journal in %s cannot be read: %s.", m->directory, strerror(-r));

		ui_message(m->ui, clock_now().wall_ns, words);
		free(words);
	}
	records_done(&m->journal);
	m->journal = all;
	ui_set_journal(m->ui, &m->journal);
}

/* Another kvmtop may write to it as well. */
static void follow_journal(struct mender *m)
{
	struct journal_mark now;

	if (!root_is_live(m->place.root) || !m->directory)
		return;
	now = journal_look(m->directory);
	if (now.bytes != m->mark.bytes || now.changed_ns != m->mark.changed_ns)
		read_journal(m);
}

static void tell_cut_off(struct mender *m)
{
	for (size_t i = 0; i < m->journal.n; i++) {
		const struct record *r = &m->journal.record[i];
		char *words;

		if (r->fix.ending != ENDING_NONE || r->undone_by)
			continue;
		words = xasprintf("Fix %llu was cut off, or goes on right now; u on screen 0 takes "
				  "back what it did.",
		    (unsigned long long)r->fix.id);
		ui_message(m->ui, clock_now().wall_ns, words);
		ui_note(m->ui, words);
		free(words);
	}
}

struct mender *mender_new(const struct options *options, const struct root *root, struct ui *ui,
    struct advisor *advisor, struct sampler *sampler)
{
	struct mender *m = xcalloc(1, sizeof(*m));

	m->ui = ui;
	m->advisor = advisor;
	m->sampler = sampler;
	m->confirm_all = options->confirm_all;
	m->directory = options->journal ? xstrdup(options->journal) : journal_directory();
	m->place = (struct job_place){
		.root = root,
		.uri = options->uri,
		.directory = m->directory,
		.readonly = options->readonly,
	};
	m->refusal = job_refusal(&m->place);
	ui_set_fix_refusal(ui, m->refusal);
	if (root_is_live(root) && m->directory) {
		read_journal(m);
		tell_cut_off(m);
	}
	return m;
}

/* ---- the job ---- */

static bool is_done(const struct fix *f)
{
	return f && (f->ending == ENDING_DONE || f->ending == ENDING_PART);
}

/* What the ui was lent goes with it. */
static void release_job(struct mender *m)
{
	bool done = m->job && is_done(job_fix(m->job));

	if (!job_free(m->job))
		m->hangs = EXIT_HANGS;
	m->job = NULL;
	/* What was not made to last may be still. */
	if (m->order.id && !done) {
		order_done(&m->last);
		m->last = m->order;
		m->order = (struct order){ 0 };
	}
	order_done(&m->order);
	free(m->effect_words);
	m->effect_words = NULL;
}

static void drop_job(struct mender *m)
{
	ui_set_fixing(m->ui, NULL);
	release_job(m);
}

/* What is half done is brought to an end. */
static void finish_job(struct mender *m)
{
	uint64_t done, total;

	if (!m->job || job_look(m->job, &done, &total) != JOB_WORKING)
		return;
	job_stop(m->job);
	complain("the fix that is under way is brought to its end");
	while (job_look(m->job, &done, &total) != JOB_OVER) {
		struct pollfd fd = { .fd = job_fd(m->job), .events = POLLIN };

		poll(&fd, 1, LOOK_MS);
	}
}

int mender_free(struct mender *m)
{
	int hangs;

	finish_job(m);
	drop_job(m);
	hangs = m->hangs;
	order_done(&m->last);
	ui_set_journal(m->ui, NULL);
	records_done(&m->journal);
	free(m->effect);
	free(m->directory);
	free(m->refusal);
	free(m);
	return hangs;
}

/* True: @ret is what the finding's fix would be; else the user was told why there is none. */
static bool order_of_finding(struct mender *m, const struct snapshot *now, struct order *ret)
{
	struct fix_wanted wanted = ui_fix_wanted(m->ui);
	const struct row *finding = now ? snapshot_find(now, TABLE_FINDING, wanted.finding) : NULL;
	bool lasting = wanted.wish == FIX_WISH_LASTING;

	if (!finding || !finding->about) {
		ui_note(m->ui, lasting ? "No fix was made that could be made to last."
				       : "What was to be fixed is over.");
		return false;
	}
	*ret = (struct order){
		.wish = wanted.wish,
		.is_sudden = wanted.is_sudden,
		.rule = finding_rule(finding),
	};
	if (!advisor_plan(m->advisor, now, finding, &ret->plan) ||
	    (lasting && ret->plan.lasting_n == 0)) {
		ui_note(m->ui, ret->plan.refusal ? ret->plan.refusal
			       : lasting         ? "Nobody knows how to make this fix last."
						 : "There is no fix for this now.");
		plan_done(&ret->plan);
		return false;
	}
	ret->name = xstrdup(finding_confirmation(finding, true));
	ret->subject = finding->about->key;
	ret->subject_name = xstrdup(cell_text(finding, FINDING_SUBJECT));
	ret->figure =
	    cell_has(finding, FINDING_FIGURE) ? cell_number(finding, FINDING_FIGURE, 0) : NAN;
	effect_note(&ret->effect, ret->rule, ret->subject, ret->figure, &ret->plan, now);
	return true;
}

/* How much care it takes; what was done may be undone without. */
static enum fix_class class_of(const struct order *o)
{
	if (o->wish == FIX_WISH_LASTING)
		return FIX_C;
	return o->rule ? plan_class(&o->plan, o->rule->fix) : FIX_NONE;
}

/* One key is enough for what is bounded and can be undone, if it was meant for that. */
static bool goes_on_at_once(const struct mender *m)
{
	return m->order.wish == FIX_WISH_MAKE && class_of(&m->order) == FIX_A && !m->confirm_all &&
	       !m->order.is_sudden;
}

static uint64_t fresh_ns(const struct mender *m)
{
	return goes_on_at_once(m) ? INTERVALS * ui_interval(m->ui) + LOOK_UP_NS : FRESH_NS;
}

static void begin_plan(struct mender *m, uint64_t seen_ns)
{
	const struct order *o = &m->order;
	struct job_about about = {
		.rule = o->rule ? o->rule->id : NULL,
		.subject = o->subject_name,
		.figure = o->figure,
		.seen_ns = seen_ns,
		.fresh_ns = seen_ns ? fresh_ns(m) : 0,
	};

	m->job = job_new(&m->place, &o->plan, o->wish == FIX_WISH_LASTING, &about);
}

/* The last fix was made from figures that are past; what makes it last is compared as it is read.
 */
static void begin_lasting(struct mender *m)
{
	m->order = m->last;
	m->last = (struct order){ 0 };
	m->order.wish = FIX_WISH_LASTING;
	begin_plan(m, 0);
}

static void show(struct mender *m)
{
	const struct order *o = &m->order;

	m->shown = (struct fixing){
		.rule = o->rule,
		.fix_class = class_of(o),
		.is_lasting = o->wish == FIX_WISH_LASTING,
		.name = class_of(o) == FIX_C ? o->name : NULL,
	};
	ui_set_fixing(m->ui, &m->shown);
}

static bool is_stale(const struct mender *m, const struct snapshot *now)
{
	return clock_mono_ns() - now->moment.mono_ns > INTERVALS * ui_interval(m->ui) + MOMENT_NS;
}

/* As the ui is told with each sample; but while none comes, a key is pressed before that. */
static bool refuses_stale(struct mender *m, const struct snapshot *now)
{
	if (!now || !is_stale(m, now))
		return false;
	ui_note(m->ui, OLD);
	ui_set_fixing(m->ui, NULL);
	return true;
}

static void begin(struct mender *m, const struct snapshot *now)
{
	struct fix_wanted wanted = ui_fix_wanted(m->ui);

	release_job(m);
	if (refuses_stale(m, now))
		return;
	if (wanted.wish == FIX_WISH_UNDO) {
		m->order.wish = FIX_WISH_UNDO;
		m->job = job_undo(&m->place, wanted.id);
	} else if (wanted.wish == FIX_WISH_LASTING && m->last.rule) {
		begin_lasting(m);
	} else if (order_of_finding(m, now, &m->order)) {
		begin_plan(m, now->moment.mono_ns);
	}
	if (m->job)
		show(m);
	else
		ui_set_fixing(m->ui, NULL);
}

void mender_act(struct mender *m, unsigned actions, const struct snapshot *now)
{
	if ((actions & UI_FIX_STOP) && m->job) {
		if (m->shown.phase == JOB_WORKING)
			job_stop(m->job);
		else
			drop_job(m);
	}
	if ((actions & UI_FIX_APPLY) && m->job)
		job_apply(m->job);
	if (actions & UI_FIX)
		begin(m, now);
}

/* ---- what came of it ---- */

/* At the foot, for a while, and among the messages. */
static void offer(struct mender *m, const char *words)
{
	char *clean = sanitize_dup(words, strlen(words));
	char *text = xasprintf(
	    "%s u undoes it%s.", clean, m->last.plan.lasting_n ? ", p makes it last" : "");

	ui_set_offer(m->ui, text);
	ui_message(m->ui, clock_now().wall_ns, clean);
	m->offer_until_ns = clock_mono_ns() + OFFER_NS;
	free(text);
	free(clean);
}

static void end_offer(struct mender *m)
{
	ui_set_offer(m->ui, NULL);
	m->offer_until_ns = 0;
}

static void watch(struct mender *m, const struct fix *fix, uint64_t now_ns)
{
	m->effect = xgrow(m->effect, m->effects, &m->effects_cap, sizeof(*m->effect));
	m->effect[m->effects] = m->last.effect;
	effect_begin(&m->effect[m->effects++], fix, now_ns);
}

static void forget_effect(struct mender *m, size_t i)
{
	memmove(&m->effect[i], &m->effect[i + 1], (--m->effects - i) * sizeof(*m->effect));
}

static void made(struct mender *m, const struct fix *fix)
{
	uint64_t now_ns = clock_mono_ns();
	char *words = xasprintf("Fix %llu is %s: %s.", (unsigned long long)fix->id,
	    ending_name(fix->ending), fix->title ? fix->title : "");

	order_done(&m->last);
	m->last = m->order;
	m->last.id = fix->id;
	m->order = (struct order){ .wish = FIX_WISH_MAKE };
	advisor_mute(m->advisor, m->last.rule, m->last.subject, now_ns + MUTE_NS);
	watch(m, fix, now_ns);
	m->shown.can_last = m->last.plan.lasting_n > 0;
	offer(m, words);
	free(words);
}

/* What was undone may be advised again, at once. */
static void undone(struct mender *m, const struct fix *fix)
{
	struct text outcome = { 0 };
	char *words;

	fix_outcome(fix, &outcome);
	words = xasprintf("%s.", outcome.p);
	text_done(&outcome);
	for (size_t i = m->effects; i-- > 0;)
		if (m->effect[i].id == fix->undoes)
			forget_effect(m, i);
	if (m->last.rule && m->last.id == fix->undoes) {
		advisor_mute(m->advisor, m->last.rule, m->last.subject, 0);
		order_done(&m->last);
	}
	end_offer(m);
	ui_message(m->ui, clock_now().wall_ns, words);
	free(words);
}

/* The name that it has is that of the rule whose fix it makes last. */
static void made_lasting(struct mender *m, const struct fix *fix)
{
	char *words = xasprintf(
	    "Fix %llu makes it last: %s.", (unsigned long long)fix->id, m->order.rule->id);

	end_offer(m);
	ui_message(m->ui, clock_now().wall_ns, words);
	free(words);
}

static void conclude(struct mender *m, const struct fix *fix)
{
	if (!is_done(fix))
		return;
	sampler_look_again(m->sampler);
	if (m->order.wish == FIX_WISH_UNDO)
		undone(m, fix);
	else if (m->order.wish == FIX_WISH_LASTING)
		made_lasting(m, fix);
	else
		made(m, fix);
}

static void enter(struct mender *m, enum job_phase phase)
{
	m->shown.phase = phase;
	m->shown.fix = job_fix(m->job);
	if (phase == JOB_OVER)
		conclude(m, m->shown.fix);
	if (phase == JOB_READY && goes_on_at_once(m))
		job_apply(m->job);
	else
		m->shown.is_new = phase != JOB_WORKING;
	m->deaf_until_ns = clock_mono_ns() + DEAF_NS;
}

bool mender_look(struct mender *m, bool *ret_forget_keys)
{
	struct fixing before = m->shown;
	enum job_phase phase;

	*ret_forget_keys = false;
	if (!m->job)
		return false;
	phase = job_look(m->job, &m->shown.done_bytes, &m->shown.total_bytes);
	if (phase != before.phase) {
		enter(m, phase);
		*ret_forget_keys = m->shown.is_new;
		return true;
	}
	if (before.is_new && clock_mono_ns() >= m->deaf_until_ns)
		m->shown.is_new = false;
	return before.is_new != m->shown.is_new || before.done_bytes != m->shown.done_bytes;
}

int mender_timeout_ms(const struct mender *m)
{
	bool rests = !m->job || (m->shown.phase == JOB_OVER && !m->shown.is_new);

	return rests ? -1 : LOOK_MS;
}

/* ---- with each sample ---- */

static void tell_effect(struct mender *m, uint64_t id, const char *figures)
{
	char *words = xasprintf("Effect of fix %llu: %s.", (unsigned long long)id, figures);

	offer(m, words);
	if (m->job && m->shown.fix && m->shown.fix->id == id) {
		free(m->effect_words);
		m->effect_words = words;
		m->shown.effect = words;
	} else {
		free(words);
	}
}

static void look_at_effects(struct mender *m, const struct snapshot *now)
{
	for (size_t i = m->effects; i-- > 0;) {
		uint64_t id = m->effect[i].id;
		struct text figures = { 0 };

		if (effect_look(&m->effect[i], m->advisor, now, m->directory, &figures)) {
			forget_effect(m, i);
			tell_effect(m, id, figures.p);
		}
		text_done(&figures);
	}
}

void mender_see(struct mender *m, const struct snapshot *now)
{
	look_at_effects(m, now);
	follow_journal(m);
	if (m->offer_until_ns && clock_mono_ns() > m->offer_until_ns)
		end_offer(m);
	if (!m->refusal)
		ui_set_fix_refusal(m->ui, is_stale(m, now) ? OLD : NULL);
}

bool mender_watches(const struct mender *m)
{
	return m->effects > 0;
}
