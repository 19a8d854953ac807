/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/effect.h"

#include <math.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/print.h"
#include "fixes/journal.h"

/* Figures over some samples, such as the share of time that was waited, need that long; a rule may
 * take longer to be over. */
#define LOOK_NS (10 * NS_PER_SEC)

void effect_begin(struct effect *e, uint64_t id, const struct rule *rule, struct key subject,
    double before, uint64_t now_ns)
{
	uint64_t wait_ns = (uint64_t)(rule->clear_s * (double)NS_PER_SEC);

	*e = (struct effect){
		.id = id,
		.rule = rule,
		.subject = subject,
		.before = before,
		.due_ns = now_ns + (wait_ns > LOOK_NS ? wait_ns : LOOK_NS),
	};
}

static const char *verdict(const struct effect *e, double after)
{
	double gain = e->rule->below ? after - e->before : e->before - after;

	/* A hundredth more or less is nothing that anybody did. */
	if (fabs(gain) <= fabs(e->before) / 100)
		return "no difference";
	return gain > 0 ? "better" : "worse: undo it";
}

bool effect_look(struct effect *e, struct advisor *a, const struct snapshot *s,
    const char *directory, struct text *out)
{
	double after = NAN;

	if (!e->rule || s->moment.mono_ns < e->due_ns)
		return false;
	if (!advisor_figure(a, s, e->rule, e->subject, &after)) {
		after = NAN;
		print_format(out, "%s no longer applies", e->rule->id);
	} else {
		if (!isnan(e->before)) {
			say_figure(out, e->rule, e->before);
			print_text(out, " -> ");
		}
		say_figure(out, e->rule, after);
		if (!isnan(e->before))
			print_format(out, ", %s", verdict(e, after));
	}
	journal_effect(directory, e->id, e->before, after, out->p);
	*e = (struct effect){ 0 };
	return true;
}
