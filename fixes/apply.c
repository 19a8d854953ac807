/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a fix goes: what is checked before, the writing, the reading back, and the way back. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/fix.h"
#include "fixes/journal.h"
#include "fixes/kinds.h"
#include "fixes/site.h"

static void end(struct fix *f, enum ending ending, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end(struct fix *f, enum ending ending, const char *format, ...)
{
	va_list args;

	free(f->why);
	f->ending = ending;
	va_start(args, format);
	if (vasprintf(&f->why, format, args) < 0)
		f->why = xstrdup("");
	va_end(args);
}

static const char *words(const struct text *t)
{
	return t->len ? t->p : "nobody says why";
}

/* "CPUs of vCPU 0 of web1: libvirt: …" */
static void refuse(struct fix *f, const struct step *s, const char *why)
{
	struct text place = { 0 };

	step_place(s, &place);
	end(f, ENDING_REFUSED, "%s: %s", place.p, why);
	text_done(&place);
}

/* ---- who ---- */

/* What counts from a guest's next start on is about no process. */
static bool is_about_process(const struct action *a)
{
	return a->guest.born != 0 && a->guest.owner >> 31 == 0 && !kind_is_definition(a);
}

/* What is bound thread by thread is known by numbers that others may have by now. */
static bool lacks_thread(struct site *site, const struct action *a)
{
	return a->kind == ACTION_AFFINITY && !site_has_thread(site, a->guest.owner, a->target);
}

/* False: it is another process, or none, or one that cannot answer. */
static bool check_guest(struct fix *f, const struct step *s, struct site *site)
{
	const struct action *a = &s->action;
	uint64_t start_ticks = 0;
	char state = 0;

	if (!is_about_process(a))
		return true;
	if (site_process(site, a->guest.owner, &state, &start_ticks) < 0 || state == 'Z')
		end(f, ENDING_REFUSED, "%s has ended", a->domain ? a->domain : "the guest");
	else if (start_ticks + 1 != a->guest.born)
		end(f, ENDING_REFUSED, "process %llu is another one now, not %s as it was seen",
		    (unsigned long long)a->guest.owner, a->domain ? a->domain : "the guest");
	else if (state == 'T' || state == 't')
		end(f, ENDING_REFUSED, "the process of %s is stopped, and would not answer",
		    a->domain ? a->domain : "the guest");
	else if (lacks_thread(site, a))
		end(f, ENDING_REFUSED, "thread %s is none of %s", a->target,
		    a->domain ? a->domain : "the guest");
	else
		return true;
	return false;
}

/* ---- what stands there ---- */

/* The step before that changes the same; then it says what will stand there. */
static const struct step *earlier(const struct fix *f, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (step_same_place(&f->step[k], &f->step[i]))
			return &f->step[k];
	return NULL;
}

/* A state of the journal, or the value that the snapshot told. */
static bool is_expected(const struct step *s, const char *state)
{
	if (kind_of(s->action.kind)->drifts)
		return true;
	/* It may have been put back already, by hand or by a start of the host. */
	if (s->state && kind_same(&s->action, state, s->state))
		return true;
	if (s->state && s->expected)
		return kind_same(&s->action, state, s->expected);
	if (s->state)
		return kind_holds(&s->action, state, s->action.value);
	return !s->action.expected || kind_fits(&s->action, state, s->action.expected);
}

static void refuse_changed(
    struct fix *f, const struct step *s, const char *wanted, const char *state)
{
	char *now = kind_value(&s->action, state);
	char *why = xasprintf("changed meanwhile, from %s to %s", wanted, now);

	refuse(f, s, why);
	free(why);
	free(now);
}

static void refuse_unexpected(struct fix *f, const struct step *s, const char *state)
{
	char *value = s->state && s->expected ? kind_value(&s->action, s->expected) : NULL;

	if (value)
		refuse_changed(f, s, value, state);
	else
		refuse_changed(f, s, s->state ? s->action.value : s->action.expected, state);
	free(value);
}

/* What stands there now. -errno: refused. */
static int read_step(struct fix *f, const struct step *s, struct site *site, char **ret)
{
	struct text why = { 0 };
	int r = kind_read(site, &s->action, ret, &why);

	if (r < 0)
		refuse(f, s, words(&why));
	text_done(&why);
	return r;
}

static bool may(struct fix *f, const struct step *s, struct site *site)
{
	const struct kind_row *k = kind_of(s->action.kind);
	struct text why = { 0 };
	bool ok =
	    !kind_refuses(&s->action, &why) && (!k->may || k->may(site, &s->action, &why) == 0);

	if (!ok)
		refuse(f, s, words(&why));
	text_done(&why);
	return ok;
}

/* Whether a state is the one that the step brings about. */
static bool holds(const struct step *s, const char *state)
{
	return s->state ? kind_same(&s->action, state, s->state)
			: kind_holds(&s->action, state, s->action.value);
}

/* With a guest's process all is gone that was set while it ran. */
static bool is_gone(const struct step *s, struct site *site)
{
	uint64_t start_ticks;
	char state;

	return is_about_process(&s->action) &&
	       (site_process(site, s->action.guest.owner, &state, &start_ticks) < 0 ||
		   start_ticks + 1 != s->action.guest.born);
}

/* All of it was about guests that have ended. */
static bool is_all_gone(const struct fix *f, struct site *site)
{
	size_t gone = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (kind_of(f->step[i].action.kind)->is_inert)
			continue;
		if (!is_gone(&f->step[i], site))
			return false;
		gone++;
	}
	return gone > 0;
}

/* Nothing would become of it but an entry in the journal. What was cut off is settled so. */
static bool stands_already(const struct fix *f)
{
	size_t writes = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct kind_row *k = kind_of(f->step[i].action.kind);

		if (k->is_inert)
			continue;
		if (k->drifts || earlier(f, i) || !holds(&f->step[i], f->step[i].old))
			return false;
		writes++;
	}
	return writes > 0 && !f->settles;
}

bool fix_read(struct fix *f, struct site *site)
{
	for (size_t i = 0; i < f->n; i++) {
		struct step *s = &f->step[i];
		char *state;

		if (!may(f, s, site) || !check_guest(f, s, site) ||
		    read_step(f, s, site, &state) < 0) {
			f->stands = f->undoes && is_all_gone(f, site);
			return false;
		}
		free(s->old);
		s->old = state;
		if (!earlier(f, i) && !is_expected(s, state)) {
			refuse_unexpected(f, s, state);
			return false;
		}
	}
	f->stands = stands_already(f);
	if (f->n == 0)
		end(f, ENDING_REFUSED, "there is nothing to do");
	else if (f->stands)
		end(f, ENDING_REFUSED,
		    f->undoes ? "all is back already" : "it stands there already");
	else
		return true;
	return false;
}

/* Nothing is as it should not be, and all is as it was in the preview. */
static bool check_again(struct fix *f, struct site *site)
{
	for (size_t i = 0; i < f->n; i++) {
		struct step *s = &f->step[i];
		char *state, *was;
		bool same;

		if (!s->old) {
			end(f, ENDING_REFUSED, "nobody has looked what stands there");
			return false;
		}
		if (!check_guest(f, s, site) || read_step(f, s, site, &state) < 0)
			return false;
		same = kind_of(s->action.kind)->drifts || kind_same(&s->action, state, s->old);
		was = same ? NULL : kind_value(&s->action, s->old);
		if (!same)
			refuse_changed(f, s, was, state);
		free(was);
		free(state);
		if (!same)
			return false;
	}
	return true;
}

/* ---- writing ---- */

/* Whether what was read back is what was to be written. */
static bool is_there(const struct step *s, const char *state)
{
	if (kind_of(s->action.kind)->drifts)
		return true;
	return holds(s, state);
}

/* Success does not mean that anything happened: libvirt reports it for changes that it ignores. */
static void read_back(struct step *s, struct site *site, int written, struct text *why)
{
	const struct kind_row *k = kind_of(s->action.kind);
	struct text trouble = { 0 };
	char *value;
	int r = kind_read(site, &s->action, &s->left, &trouble);

	if (r < 0) {
		s->result = r == -ETIMEDOUT ? RESULT_UNKNOWN : RESULT_FAILED;
		print_format(
		    why, "%snot to be read back: %s", why->len ? "; " : "", words(&trouble));
	} else if (is_there(s, s->left)) {
		s->result = written > 0 ? RESULT_PART : RESULT_DONE;
	} else {
		bool some =
		    (k->falls_short || written > 0) && !kind_same(&s->action, s->left, s->old);

		value = kind_value(&s->action, s->left);
		s->result = some ? RESULT_PART : RESULT_FAILED;
		if (why->len == 0)
			print_format(why, "%s stands there now", value);
		free(value);
	}
	text_done(&trouble);
}

static int write_step(const struct step *s, struct site *site, struct text *why)
{
	const struct kind_row *k = kind_of(s->action.kind);

	if (!s->state)
		return k->write(site, &s->action, s->action.value, why);
	return k->is_inert ? 0 : kind_restore(site, &s->action, s->state, why);
}

/* What an earlier step of the same place has written is what this one finds: the journal must know
 * before it is written over. */
static int refresh_old(
    struct fix *f, size_t i, struct site *site, struct journal *journal, struct text *why)
{
	struct step *s = &f->step[i];
	char *state;
	int r;

	if (!earlier(f, i))
		return 0;
	r = kind_read(site, &s->action, &state, why);
	if (r < 0)
		return r;
	free(s->old);
	s->old = state;
	return journal_step(journal, f, i);
}

static void do_step(struct fix *f, size_t i, struct site *site, struct journal *journal)
{
	struct step *s = &f->step[i];
	struct text why = { 0 };
	int r = refresh_old(f, i, site, journal, &why);

	if (r == 0)
		r = write_step(s, site, &why);
	if (r < 0)
		s->result = r == -ETIMEDOUT ? RESULT_UNKNOWN : RESULT_FAILED;
	else
		read_back(s, site, r, &why);
	if (s->result != RESULT_DONE)
		s->why = xstrdup(words(&why));
	text_done(&why);
}

/* ---- the way back ---- */

/* Puts the old state of one step back, if anything was written. */
static void put_back(struct step *s, struct site *site)
{
	const struct kind_row *k = kind_of(s->action.kind);
	struct text why = { 0 };
	char *state = NULL;
	int r = k->is_inert || is_gone(s, site) ? 1 : kind_read(site, &s->action, &state, &why);

	if (r == 0 && !k->drifts && kind_same(&s->action, state, s->old))
		r = 1;
	if (r == 0)
		r = kind_restore(site, &s->action, s->old, &why);
	free(state);
	state = NULL;
	if (r == 0 && !k->drifts) {
		r = kind_read(site, &s->action, &state, &why);
		if (r == 0 && !kind_same(&s->action, state, s->old))
			r = -EIO;
	}
	free(state);
	/* A step that failed before it wrote has nothing to be put back. */
	if (r < 0) {
		s->result = RESULT_STUCK;
		free(s->why);
		s->why = xstrdup(words(&why));
	} else if (s->result != RESULT_FAILED) {
		s->result = RESULT_BACK;
	}
	text_done(&why);
}

static void roll_back(struct fix *f, size_t failed, struct site *site, struct journal *journal)
{
	struct text place = { 0 };
	bool stuck = false, unknown = f->step[failed].result == RESULT_UNKNOWN;
	char *why;

	step_place(&f->step[failed], &place);
	why = xasprintf("%s: %s", place.p, f->step[failed].why);
	for (size_t i = failed + 1; i-- > 0;) {
		if (i == failed && unknown)
			continue;
		put_back(&f->step[i], site);
		stuck |= f->step[i].result == RESULT_STUCK;
		journal_step(journal, f, i);
	}
	if (unknown)
		end(f, ENDING_UNKNOWN, "%s; nobody knows whether it was done", why);
	else if (stuck)
		end(f, ENDING_FAILED, "%s; and not everything could be put back", why);
	else
		end(f, ENDING_BACK, "%s; %s", why,
		    failed ? "what was done before was put back" : "nothing was changed");
	free(why);
	text_done(&place);
}

/* The number of steps that were done; less than all: the next one failed, or somebody stopped it.
 */
static size_t do_steps(struct fix *f, struct site *site, struct journal *journal)
{
	for (size_t i = 0; i < f->n; i++) {
		struct step *s = &f->step[i];

		if (site->progress && site->progress->stop)
			return i;
		do_step(f, i, site, journal);
		if (s->result != RESULT_DONE && s->result != RESULT_PART)
			return i;
		/* Not to be proven later is as bad as not to be done. */
		if (journal_step(journal, f, i) < 0) {
			s->result = RESULT_FAILED;
			free(s->why);
			s->why = xstrdup("the journal cannot be written any more");
			return i;
		}
	}
	return f->n;
}

static void tell_ending(struct fix *f, size_t done)
{
	const struct step *part = NULL;
	struct text place = { 0 };

	for (size_t i = 0; i < done; i++)
		if (f->step[i].result == RESULT_PART && !part)
			part = &f->step[i];
	if (part) {
		step_place(part, &place);
		end(f, ENDING_PART, "%s: %s", place.p, part->why);
		text_done(&place);
	} else if (done < f->n) {
		end(f, done ? ENDING_PART : ENDING_REFUSED, "stopped");
	} else {
		f->ending = ENDING_DONE;
	}
}

void fix_apply(struct fix *f, struct site *site, struct journal *journal)
{
	size_t done;
	int r;

	if (!check_again(f, site))
		return;
	r = journal_intent(journal, f);
	if (r < 0) {
		end(f, ENDING_REFUSED, "the journal cannot be written: %s", strerror(-r));
		return;
	}
	done = do_steps(f, site, journal);
	if (done < f->n && f->step[done].result != RESULT_NONE)
		roll_back(f, done, site, journal);
	else
		tell_ending(f, done);
	r = journal_over(journal, f);
	if (r < 0 && f->ending == ENDING_DONE)
		end(f, ENDING_PART, "done, but the journal cannot be written any more: %s",
		    strerror(-r));
}
