/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/fix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/kinds.h"

static struct action *copy_actions(const struct action *action, size_t n)
{
	struct action *copy = xcalloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = action_copy(&action[i]);
	return copy;
}

void fix_of_plan(struct fix *f, const struct plan *plan, bool lasting)
{
	const struct action *action = lasting ? plan->lasting : plan->action;

	f->n = lasting ? plan->lasting_n : plan->n;
	f->step = xcalloc(f->n + 1, sizeof(*f->step));
	f->figure = NAN;
	f->lasting_n = lasting ? 0 : plan->lasting_n;
	f->lasting = copy_actions(plan->lasting, f->lasting_n);
	if (plan->title)
		f->title = xasprintf("%s%s", lasting ? "make it last: " : "", plan->title);
	for (size_t i = 0; i < f->n; i++)
		f->step[i].action = action_copy(&action[i]);
}

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void fix_copy(const struct fix *from, struct fix *ret)
{
	*ret = *from;
	ret->rule = dup_or_null(from->rule);
	ret->subject = dup_or_null(from->subject);
	ret->title = dup_or_null(from->title);
	ret->why = dup_or_null(from->why);
	ret->passed = dup_or_null(from->passed);
	ret->lasting = copy_actions(from->lasting, from->lasting_n);
	ret->step = xcalloc(from->n + 1, sizeof(*ret->step));
	for (size_t i = 0; i < from->n; i++) {
		const struct step *s = &from->step[i];

		ret->step[i] = (struct step){
			.action = action_copy(&s->action),
			.state = dup_or_null(s->state),
			.expected = dup_or_null(s->expected),
			.old = dup_or_null(s->old),
			.left = dup_or_null(s->left),
			.result = s->result,
			.why = dup_or_null(s->why),
		};
	}
}

static void step_done(struct step *s)
{
	action_done(&s->action);
	free(s->state);
	free(s->expected);
	free(s->old);
	free(s->left);
	free(s->why);
}

void fix_done(struct fix *f)
{
	for (size_t i = 0; i < f->n; i++)
		step_done(&f->step[i]);
	for (size_t i = 0; i < f->lasting_n; i++)
		action_done(&f->lasting[i]);
	free(f->lasting);
	free(f->step);
	free(f->rule);
	free(f->subject);
	free(f->title);
	free(f->why);
	free(f->passed);
	*f = (struct fix){ 0 };
}

void step_commands(const struct step *s, struct text *out)
{
	char *value = s->state ? kind_value(&s->action, s->state) : NULL;

	if (!s->state || !kind_of(s->action.kind)->is_inert) {
		kind_command(&s->action, value ? value : s->action.value, out);
		print_text(out, "\n");
	}
	free(value);
}

void fix_commands(const struct fix *f, struct text *out)
{
	for (size_t i = 0; i < f->n; i++)
		if (fix_step_changes(f, i))
			step_commands(&f->step[i], out);
}

/* Whether a state is but a value. */
static bool is_plain_value(const struct step *s)
{
	return !kind_of(s->action.kind)->value && !kind_is_definition(&s->action);
}

void fix_undo_commands(const struct fix *f, struct text *out)
{
	for (size_t i = f->n; i-- > 0;) {
		struct step back = f->step[i];

		/* A value that an earlier step writes is what a later one puts back. */
		for (size_t k = is_plain_value(&back) ? i : 0; back.old && k-- > 0;)
			if (step_same_place(&f->step[k], &back)) {
				back.old = f->step[k].action.value;
				break;
			}
		back.state = back.old;
		if (back.state && fix_step_changes(f, i))
			step_commands(&back, out);
	}
}

bool step_same_place(const struct step *a, const struct step *b)
{
	bool whole = kind_is_definition(&a->action);

	/* Of a guest's definition the whole is one place. */
	if (whole != kind_is_definition(&b->action))
		return false;
	return (whole || a->action.kind == b->action.kind) &&
	       key_same_owner(a->action.guest, b->action.guest) &&
	       (whole || strcmp(a->action.target, b->action.target) == 0) &&
	       strcmp(a->action.uuid ? a->action.uuid : "", b->action.uuid ? b->action.uuid : "") ==
		   0;
}

static void place_words(const struct action *a, struct text *out)
{
	switch (a->kind) {
	case ACTION_PIN_VCPU:
		print_format(out, "CPUs of vCPU %s", a->target);
		break;
	case ACTION_PIN_EMULATOR:
		print_text(out, "CPUs of the emulator");
		break;
	case ACTION_PIN_IOTHREAD:
		print_format(out, "CPUs of I/O thread %s", a->target);
		break;
	case ACTION_AFFINITY:
		print_format(out, "CPUs of thread %s", a->target);
		break;
	case ACTION_NUMATUNE:
		print_format(out, "numatune %s", a->target);
		break;
	case ACTION_MIGRATE_PAGES:
		print_format(out, "KiB by node of the memory on nodes %s", a->target);
		break;
	case ACTION_BALLOON:
		print_text(out, "KiB that the balloon leaves");
		break;
	case ACTION_STATS_PERIOD:
		print_text(out, "seconds between the balloon's figures");
		break;
	case ACTION_HUGE_POOL:
		print_format(out, "huge pages of %s KiB", a->target);
		break;
	case ACTION_MODULE:
		print_format(out, "module %s", a->target);
		break;
	case ACTION_VCPUS:
		print_format(out, "vCPUs, %s", a->target);
		break;
	case ACTION_WRITE:
	case ACTION_AWAIT:
	case ACTION_DROP_IN:
		print_format(out, "/%s", a->target);
		break;
	default:
		print_text(out, a->target);
		break;
	}
}

void step_place(const struct step *s, struct text *out)
{
	const struct action *a = &s->action;

	place_words(a, out);
	if (a->domain)
		print_format(out, " of %s", a->domain);
	if (kind_is_definition(a))
		print_text(out, " from its next start on");
}

static const char *or_nothing(const char *s)
{
	return s && *s ? s : "(nothing)";
}

static char *value_after(const struct step *s)
{
	return s->state ? kind_value(&s->action, s->state) : xstrdup(s->action.value);
}

/* Whose work a step finds: the one before that writes the same value; NULL: what stands there. */
static const struct step *writer_before(const struct fix *f, size_t i)
{
	for (size_t k = is_plain_value(&f->step[i]) ? i : 0; k-- > 0;)
		if (step_same_place(&f->step[k], &f->step[i]))
			return &f->step[k];
	return NULL;
}

/* NULL: nobody knows. */
static char *value_before(const struct fix *f, size_t i)
{
	const struct step *s = &f->step[i], *writer = writer_before(f, i);

	if (writer)
		return value_after(writer);
	return s->old ? kind_value(&s->action, s->old) : NULL;
}

bool fix_step_changes(const struct fix *f, size_t i)
{
	const struct step *s = &f->step[i], *writer = writer_before(f, i);
	char *before, *after;
	bool same;

	if (kind_of(s->action.kind)->drifts || (!writer && !s->old))
		return true;
	if (!writer)
		return s->state ? !kind_same(&s->action, s->old, s->state)
				: !kind_holds(&s->action, s->old, s->action.value);
	before = value_after(writer);
	after = value_after(s);
	same = kind_of(s->action.kind)->same(before, after);
	free(before);
	free(after);
	return !same;
}

void fix_step_values(const struct fix *f, size_t i, struct text *out)
{
	const struct action *a = &f->step[i].action;
	char *before = value_before(f, i), *after = value_after(&f->step[i]);

	if (fix_step_changes(f, i))
		print_format(out, "%s -> %s",
		    or_nothing(before        ? before
			       : a->expected ? a->expected
					     : "(as it is)"),
		    or_nothing(after));
	else
		print_format(out, "%s already", or_nothing(after));
	free(before);
	free(after);
}

void fix_step_change(const struct fix *f, size_t i, struct text *out)
{
	step_place(&f->step[i], out);
	print_text(out, ": ");
	fix_step_values(f, i, out);
}

const char *result_name(enum result result)
{
	static const char *const names[RESULTS] = {
		[RESULT_NONE] = "not begun",
		[RESULT_DONE] = "done",
		[RESULT_PART] = "done in part",
		[RESULT_FAILED] = "failed",
		[RESULT_UNKNOWN] = "unknown",
		[RESULT_BACK] = "put back",
		[RESULT_STUCK] = "not put back",
	};

	return names[result];
}

const char *ending_name(enum ending ending)
{
	static const char *const names[ENDINGS] = {
		[ENDING_NONE] = "cut off",
		[ENDING_DONE] = "done",
		[ENDING_PART] = "done in part",
		[ENDING_REFUSED] = "refused",
		[ENDING_BACK] = "put back",
		[ENDING_FAILED] = "failed",
		[ENDING_UNKNOWN] = "unknown",
	};

	return names[ending];
}

void fix_outcome(const struct fix *f, struct text *out)
{
	bool part = f->ending == ENDING_PART;

	if (f->undoes)
		print_format(out, "Fix %llu is undone%s", (unsigned long long)f->undoes,
		    part ? " in part" : "");
	else
		print_format(
		    out, "Fix %llu is %s", (unsigned long long)f->id, ending_name(f->ending));
	if (f->why)
		print_format(out, ": %s", f->why);
}
