/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a rule besides its own sentences. */
#include <stdio.h>
#include <stdlib.h>

#include "advisor/rule.h"
#include "base/xalloc.h"

const char *fix_class_words(enum fix_class fix)
{
	switch (fix) {
	case FIX_A:
		return "kvmtop fix RULE applies it at once, and kvmtop undo takes it back.";
	case FIX_B:
		return "It is slow, or a strain: kvmtop fix RULE shows it first, and kvmtop undo "
		       "takes it back.";
	case FIX_C:
		return "It lasts, or the guest sees it: kvmtop fix RULE shows it first and asks "
		       "for "
		       "the guest's name.";
	case FIX_NONE:
		break;
	}
	return "None: this is advice only.";
}

#define KEY_WIDTH 44

static void print_key(struct text *out, const struct rule *rule, const char *name,
    const char *value, const char *help)
{
	char *line = xasprintf("%s.%s = %s", rule->id, name, value);

	print_format(out, "%-*s # %s\n", KEY_WIDTH, line, help);
	free(line);
}

static void print_number(
    struct text *out, const struct rule *rule, const char *name, double v, const char *help)
{
	char value[32];

	snprintf(value, sizeof(value), "%.10g", v);
	print_key(out, rule, name, value, help);
}

static void print_seconds(
    struct text *out, const struct rule *rule, const char *name, double v, const char *help)
{
	char value[32];

	snprintf(value, sizeof(value), "%gs", v);
	print_key(out, rule, name, value, help);
}

void say_limits(struct text *out, const struct rule *rule)
{
	print_number(out, rule, "raise", rule->raise, rule->figure);
	print_number(out, rule, "clear", rule->clear, "it is over here");
	if (rule->critical != 0)
		print_number(out, rule, "critical", rule->critical, "critical from here on");
	print_seconds(out, rule, "for", rule->raise_s, "so long before it is raised");
	print_seconds(out, rule, "clear-for", rule->clear_s, "so long before it is over");
	for (int i = 0; i < RULE_PARAMS && rule->param[i].name; i++)
		print_number(
		    out, rule, rule->param[i].name, rule->param[i].value, rule->param[i].help);
	print_key(out, rule, "enabled", rule->is_off ? "no" : "yes", "yes or no");
}

void say_raised(struct text *out, const struct rule *rule)
{
	print_format(out, "Level %s; judged for %s%s; ", level_name(rule->level),
	    rule->subject == TABLE_HOST ? "the " : "each ", table_kinds[rule->subject].help);
	print_text(out, "raised where this is ");
	say_figure(out, rule, rule->raise);
	print_text(out, rule->below ? " or less" : " or more");
	if (rule->raise_s > 0)
		print_format(out, " for %g s", rule->raise_s);
	print_format(out, ": %s.", rule->figure);
}
