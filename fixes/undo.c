/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/undo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "fixes/file.h"
#include "fixes/kinds.h"
#include "fixes/site.h"

/* Of a fix that was cut off, the first step of which there is no word may have been written or not:
 * fixes/apply.c looks. Those behind it were not begun. */
static bool is_first_unknown(const struct record *r, size_t i)
{
	while (i > 0 && r->fix.step[i - 1].result != RESULT_NONE)
		i--;
	return i == 0;
}

static bool may_stand(const struct record *r, size_t i)
{
	switch (r->fix.step[i].result) {
	case RESULT_DONE:
	case RESULT_PART:
	case RESULT_STUCK:
	case RESULT_UNKNOWN:
		return true;
	case RESULT_NONE:
		return r->fix.ending == ENDING_NONE && is_first_unknown(r, i);
	default:
		return false;
	}
}

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static struct step step_back(const struct step *s)
{
	struct step back = { .action = action_copy(&s->action) };

	back.state = xstrdup(s->old);
	back.expected = dup_or_null(s->left);
	/* What an undo had written is a state. */
	if (!back.expected && s->state)
		back.expected = xstrdup(s->state);
	return back;
}

static bool refuse(struct fix *f, const char *why)
{
	f->ending = ENDING_REFUSED;
	f->why = xstrdup(why);
	return false;
}

static bool refuse_nothing(struct fix *f)
{
	f->stands = true;
	return refuse(f, "it changed nothing");
}

bool undo_of_record(const struct record *r, struct fix *ret)
{
	*ret = (struct fix){
		.figure = NAN,
		.undoes = r->fix.id,
		.settles = r->fix.ending != ENDING_DONE && r->fix.ending != ENDING_PART,
	};
	ret->rule = dup_or_null(r->fix.rule);
	ret->subject = dup_or_null(r->fix.subject);
	ret->title = xasprintf(
	    "undo fix %llu: %s", (unsigned long long)r->fix.id, r->fix.title ? r->fix.title : "");
	if (r->undone_by)
		return refuse(ret, "it was undone already");
	if (!record_can_undo(r))
		return refuse_nothing(ret);
	ret->step = xcalloc(r->fix.n + 1, sizeof(*ret->step));
	for (size_t i = r->fix.n; i-- > 0;) {
		const struct step *s = &r->fix.step[i];

		if (kind_of(s->action.kind)->is_inert || !may_stand(r, i))
			continue;
		if (!s->old)
			return refuse(ret, "the journal does not say what stood there before");
		ret->step[ret->n++] = step_back(s);
	}
	return ret->n > 0 || refuse_nothing(ret);
}

/* ---- which one ---- */

/* "" where the host does not tell when it was started. Times of the journal compare as texts. */
static void stamp_of_start(struct site *site, char *buf, size_t size)
{
	struct text text = { 0 };
	uint64_t booted;

	buf[0] = '\0';
	if (file_read(site->fd, "proc/stat", &text) == 0 &&
	    parse_key_value(text.p, "btime", &booted) == 0 && booted < INT64_MAX / NS_PER_SEC)
		clock_stamp((int64_t)(booted * NS_PER_SEC), buf, size);
	text_done(&text);
}

/* "of fix 7 nothing is left to undo, nor of 3 before it" */
static char *passed_words(const struct record *newest, size_t n, const char *why)
{
	if (n > 1)
		return xasprintf("of fix %llu nothing is left to undo, nor of %zu before it",
		    (unsigned long long)newest->fix.id, n - 1);
	return xasprintf(
	    "of fix %llu nothing is left to undo: %s", (unsigned long long)newest->fix.id, why);
}

/* Nothing was tried that may be. @r: of before the start of the host; NULL: there is none more. */
static bool refuse_all(struct fix *f, const struct record *r, const char *passed)
{
	f->ending = ENDING_REFUSED;
	f->why = !passed ? xstrdup("there is nothing to be undone")
		 : !r    ? xstrdup(passed)
			 : xasprintf("%s; fix %llu is from before this host was started: name it "
					"if it is meant",
			       passed, (unsigned long long)r->fix.id);
	return false;
}

/* False where it is refused, or nothing is left of it. */
static bool try_undo(const struct record *r, struct site *site, struct fix *ret)
{
	return undo_of_record(r, ret) && fix_read(ret, site);
}

/* From the newest on. */
static bool find_what_stands(const struct records *h, struct site *site, struct fix *ret)
{
	const struct record *newest = records_last(h), *r;
	char start[32], *why = NULL, *words;
	bool tried = false, ok = false;
	size_t passed = 0;

	stamp_of_start(site, start, sizeof(start));
	for (r = newest; r; r = records_before(h, r)) {
		if (passed && (!r->time || strcmp(r->time, start) < 0))
			break;
		ok = try_undo(r, site, ret);
		tried = ok || !ret->stands;
		if (tried)
			break;
		if (passed++ == 0)
			why = xstrdup(ret->why);
		fix_done(ret);
	}
	words = passed ? passed_words(newest, passed, why) : NULL;
	free(why);
	if (tried) {
		ret->passed = words;
		return ok;
	}
	refuse_all(ret, r, words);
	free(words);
	return false;
}

bool undo_find(const struct records *h, uint64_t id, struct site *site, struct fix *ret)
{
	const struct record *r = id ? records_find(h, id) : NULL;

	*ret = (struct fix){ .figure = NAN };
	if (!id)
		return find_what_stands(h, site, ret);
	return r ? try_undo(r, site, ret) : refuse(ret, "the journal has no such fix");
}
