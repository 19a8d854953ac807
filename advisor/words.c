/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a rule besides its own sentences. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/xalloc.h"

const char *fix_class_title(enum fix_class fix)
{
	static const char *const titles[] = {
		[FIX_NONE] = "advice",
		[FIX_A] = "at once",
		[FIX_B] = "slow",
		[FIX_C] = "lasting",
	};

	return titles[fix];
}

const char *fix_class_words(enum fix_class fix)
{
	switch (fix) {
	case FIX_A:
		return "Bounded, over in a moment, and can be undone: f makes it at once, kvmtop "
		       "fix after a yes.";
	case FIX_B:
		return "It takes its time, or is a strain on the host, and can be undone: f and "
		       "kvmtop fix show it first, and wait for a yes.";
	case FIX_C:
		return "It stays beyond the next start, or the guest sees it, and can be undone: f "
		       "and kvmtop fix show it first, and ask for the name of the guest, or for "
		       "host.";
	case FIX_NONE:
		break;
	}
	return "There is none that kvmtop could make.";
}

void say_fix_class(struct text *out, enum fix_class fix)
{
	if (fix != FIX_NONE)
		print_format(out, "Class %s, %s. ", fix_class_name(fix), fix_class_title(fix));
	print_text(out, fix_class_words(fix));
}

void say_fix_order(struct text *out, const struct rule *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < rules_count(); i++) {
		if (!rules_clash(rule, rule_at(i)))
			continue;
		if (n++ == 0)
			print_format(out, "Its order: %s; not together with that of ",
			    rank_name(rule->rank));
		else
			print_text(out, ", ");
		print_text(out, rule_at(i)->id);
	}
	print_text(out, n ? "." : "");
}

#define KEY_WIDTH 44

static void print_key(struct text *out, const struct rule *rule, const char *name,
    const char *value, const char *help)
{
	char *line = xasprintf("%s.%s = %s", rule->id, name, value);

	print_format(out, "%-*s # %s\n", KEY_WIDTH, line, help);
	free(line);
}

#define VALUE_SIZE 32

/* As it may be written in the configuration: sizes by the largest unit that they are whole in. */
static const char *value_text(double v, enum show show, char buf[VALUE_SIZE])
{
	static const char units[] = "KMGT";
	size_t unit = 0;

	for (; show == SHOW_SIZE && v >= 1024 && fmod(v, 1024) <= 0 && units[unit]; unit++)
		v /= 1024;
	if (unit > 0)
		snprintf(buf, VALUE_SIZE, "%.10g%c", v, units[unit - 1]);
	else
		snprintf(buf, VALUE_SIZE, "%.10g", v);
	return buf;
}

/* Beside what is not as usual stands what would be. */
static void print_value(struct text *out, const struct rule *rule, const char *name,
    const char *value, const char *usual, const char *help)
{
	char *words =
	    strcmp(value, usual) == 0 ? xstrdup(help) : xasprintf("%s; default %s", help, usual);

	print_key(out, rule, name, value, words);
	free(words);
}

static void print_number(struct text *out, const struct rule *rule, const char *name,
    enum show show, double v, double usual, const char *help)
{
	char value[VALUE_SIZE], was[VALUE_SIZE];

	print_value(
	    out, rule, name, value_text(v, show, value), value_text(usual, show, was), help);
}

static void print_seconds(struct text *out, const struct rule *rule, const char *name, double v,
    double usual, const char *help)
{
	char *value = xasprintf("%.10gs", v), *was = xasprintf("%.10gs", usual);

	print_value(out, rule, name, value, was, help);
	free(was);
	free(value);
}

void say_limits(struct text *out, const struct rule *rule, const struct limits *l)
{
	print_number(out, rule, "raise", rule->show, l->raise, rule->raise, rule->figure);
	print_number(out, rule, "clear", rule->show, l->clear, rule->clear, "it is over here");
	if (l->critical != 0 || rule->critical != 0)
		print_number(out, rule, "critical", rule->show, l->critical, rule->critical,
		    "critical from here on");
	print_seconds(out, rule, "for", l->raise_s, rule->raise_s, "so long before it is raised");
	print_seconds(
	    out, rule, "clear-for", l->clear_s, rule->clear_s, "so long before it is over");
	for (int i = 0; i < RULE_PARAMS && rule->param[i].name; i++)
		print_number(out, rule, rule->param[i].name, rule->param[i].show, l->param[i],
		    rule->param[i].value, rule->param[i].help);
	print_key(out, rule, "enabled", l->is_off ? "no" : "yes",
	    l->is_off == rule->is_off ? "yes or no"
	    : rule->is_off            ? "yes or no; default no"
				      : "yes or no; default yes");
}

void say_raised(struct text *out, const struct rule *rule, const struct limits *l)
{
	print_format(out, "Level %s; judged for %s%s; ", level_name(rule->level),
	    rule->subject == TABLE_HOST ? "the " : "each ", table_kinds[rule->subject].help);
	print_text(out, "raised where this is ");
	if (rule->show == SHOW_SIZE && !rule->below && l->raise <= 1) {
		print_text(out, "any at all");
	} else {
		say_figure(out, rule, l->raise);
		print_text(out, rule->below ? " or less" : " or more");
	}
	if (l->raise_s > 0)
		print_format(out, " for %g s", l->raise_s);
	print_format(out, ": %s.", rule->figure);
}
