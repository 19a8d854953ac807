/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/undo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fixes/kinds.h"

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

bool undo_of_record(const struct record *r, struct fix *ret)
{
	*ret = (struct fix){
		.figure = NAN,
		.undoes = r->fix.id,
		.settles = r->fix.ending != ENDING_DONE && r->fix.ending != ENDING_PART,
	};
	ret->rule = dup_or_null(r->fix.rule);
	ret->subject = dup_or_null(r->fix.subject);
	ret->title = xasprintf("undo: %s", r->fix.title ? r->fix.title : "");
	if (r->undone_by)
		return refuse(ret, "it was undone already");
	if (!record_can_undo(r))
		return refuse(ret, "it changed nothing");
	ret->step = xcalloc(r->fix.n + 1, sizeof(*ret->step));
	for (size_t i = r->fix.n; i-- > 0;) {
		const struct step *s = &r->fix.step[i];

		if (kind_of(s->action.kind)->is_inert || !may_stand(r, i))
			continue;
		if (!s->old)
			return refuse(ret, "the journal does not say what stood there before");
		ret->step[ret->n++] = step_back(s);
	}
	return ret->n > 0 || refuse(ret, "it changed nothing");
}
