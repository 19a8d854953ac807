/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "advisor/advisor.h"
#include "cli/advice.h"
#include "cli/options.h"
#include "cli/say.h"

void explain_list(struct text *out)
{
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		print_format(out, "%-28s %-8s %-1s %-7s  %s\n", rule->id, level_name(rule->level),
		    rule->fix == FIX_NONE ? "-" : fix_class_name(rule->fix),
		    fix_class_title(rule->fix), rule->title);
	}
}

/* Lines as Markdown shows code. */
static void print_code(struct text *out, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		print_format(out, "    %.*s\n", (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static void print_head(struct text *out, const struct rule *rule, const struct limits *limits)
{
	print_format(out, "# %s\n\n", rule->id);
	print_format(out, "%c%s.\n\n", toupper((unsigned char)rule->title[0]), rule->title + 1);
	say_raised(out, rule, limits);
	print_text(out, "\n");
}

void explain_rule(const struct rule *rule, const struct limits *limits, struct text *out)
{
	struct text lines = { 0 };

	print_head(out, rule, limits);
	print_format(out, "\n## What is good, and why\n\n%s\n", rule->good);
	print_format(out, "\n## How it is told\n\n%s\n", rule->detect);
	print_text(out, "\n## By hand\n\n");
	print_code(out, rule->by_hand);
	print_text(out, "\n## The fix\n\n");
	say_fix_class(out, rule->fix);
	print_text(out, "\n");
	say_fix_order(&lines, rule);
	if (lines.len)
		print_format(out, "%s\n", lines.p);
	lines.len = 0;
	print_format(out, "\n## Risk\n\n%s\n", rule->risk);
	print_text(out, "\n## Limits, as configuration\n\n");
	say_limits(&lines, rule, limits);
	print_code(out, lines.p);
	print_format(out, "\n## Source\n\n%s.\n", rule->source);
	text_done(&lines);
}

int explain_run(struct options *options)
{
	const struct rule *rule = rule_find(options->rule);
	struct advisor *advisor;
	struct limits limits;
	struct text out = { 0 };
	int status;

	if (settings_load(options, &options->settings) < 0)
		return EXIT_FAILED;
	advisor = advice_new(options);
	limits = advisor_limits(advisor, rule);
	advisor_free(advisor);
	explain_rule(rule, &limits, &out);
	status = say(&out);
	text_done(&out);
	return status;
}
