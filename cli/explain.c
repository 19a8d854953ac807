/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/rule.h"
#include "base/xalloc.h"

void explain_list(struct text *out)
{
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		print_format(out, "%-28s %-8s %-1s  %s\n", rule->id, level_name(rule->level),
		    rule->fix == FIX_NONE ? "-" : fix_class_name(rule->fix), rule->title);
	}
}

static const char *fix_words(enum fix_class fix)
{
	switch (fix) {
	case FIX_A:
		return "One key applies it at once; it can be undone.";
	case FIX_B:
		return "It is slow, or a strain: it is shown first and applied with Enter.";
	case FIX_C:
		return "It lasts, or the guest sees it: it is shown first, and the guest's name is "
		       "typed.";
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

	print_format(out, "    %-*s # %s\n", KEY_WIDTH, line, help);
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

static void print_limits(struct text *out, const struct rule *rule)
{
	print_text(out, "\n## Limits, as configuration\n\n");
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

/* Commands, a line each, as Markdown shows code. */
static void print_commands(struct text *out, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		print_format(out, "    %.*s\n", (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static void print_head(struct text *out, const struct rule *rule)
{
	print_format(out, "# %s\n\n", rule->id);
	print_format(out, "%c%s.\n\n", toupper((unsigned char)rule->title[0]), rule->title + 1);
	print_format(out, "Level %s; judged for %s%s; ", level_name(rule->level),
	    rule->subject == TABLE_HOST ? "the " : "each ", table_kinds[rule->subject].help);
	print_format(out, "raised where this is ");
	say_figure(out, rule, rule->raise);
	print_text(out, rule->below ? " or less" : " or more");
	if (rule->raise_s > 0)
		print_format(out, " for %g s", rule->raise_s);
	print_format(out, ": %s.\n", rule->figure);
}

void explain_rule(const struct rule *rule, struct text *out)
{
	print_head(out, rule);
	print_format(out, "\n## What is good, and why\n\n%s\n", rule->good);
	print_format(out, "\n## How it is told\n\n%s\n", rule->detect);
	print_text(out, "\n## By hand\n\n");
	print_commands(out, rule->by_hand);
	print_format(out, "\n## The fix\n\n%s\n", fix_words(rule->fix));
	if (rule->excludes)
		print_format(out, "Its order: %s; not together with that of %s.\n",
		    rank_name(rule->rank), rule->excludes);
	print_format(out, "\n## Risk\n\n%s\n", rule->risk);
	print_limits(out, rule);
	print_format(out, "\n## Source\n\n%s.\n", rule->source);
}
