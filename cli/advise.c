/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmtop advise: judges a few samples and prints what is found. */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "advisor/advisor.h"
#include "base/root.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "cli/advice.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/setup.h"
#include "collectors/sampler.h"
#include "fixes/kinds.h"
#include "output/writer.h"

/* The caller frees them. */
static struct row **sorted_findings(const struct snapshot *s, size_t *ret_n)
{
	const struct table *t = &s->table[TABLE_FINDING];
	struct finding_weight *weight = xcalloc(t->n + 1, sizeof(*weight));
	struct row **row = xcalloc(t->n + 1, sizeof(struct row *));

	for (size_t i = 0; i < t->n; i++)
		weight[i] = finding_weigh(t->row[i]);
	qsort(weight, t->n, sizeof(*weight), finding_weight_compare);
	for (size_t i = 0; i < t->n; i++)
		row[i] = (struct row *)weight[i].row;
	free(weight);
	*ret_n = t->n;
	return row;
}

static void print_upper(struct text *out, const char *word)
{
	for (; *word; word++) {
		char c = (char)toupper((unsigned char)*word);

		text_append(out, &c, 1);
	}
}

/* The commands of its fix, a line each. */
static void print_commands(
    struct text *out, struct advisor *a, const struct snapshot *s, const struct row *finding)
{
	struct plan plan;
	bool is_there = advisor_plan(a, s, finding, &plan);
	struct text command = { 0 };

	for (size_t i = 0; is_there && i < plan.n; i++) {
		char *clean;

		command.len = 0;
		kind_command(&plan.action[i], plan.action[i].value, &command);
		clean = sanitize_dup(command.p, command.len);
		print_format(out, "        %s\n", clean);
		free(clean);
	}
	if (plan.refusal)
		print_format(out, "    No fix: %s.\n", plan.refusal);
	text_done(&command);
	plan_done(&plan);
}

static void print_finding(
    struct text *out, struct advisor *a, const struct snapshot *s, const struct row *finding)
{
	const char *advice = cell_text(finding, FINDING_ADVICE);
	enum fix_class fix = finding_class(finding);
	const char *after = cell_text(finding, FINDING_AFTER);

	print_upper(out, cell_text(finding, FINDING_LEVEL));
	print_format(out, "  %s  (%s)\n", cell_text(finding, FINDING_SUBJECT),
	    cell_text(finding, FINDING_RULE));
	print_format(out, "    %s\n", cell_text(finding, FINDING_EVIDENCE));
	if (*advice)
		print_format(out, "    Do: %s.", advice);
	if (*advice && fix != FIX_NONE)
		print_format(
		    out, " Fix of class %s, %s.", fix_class_name(fix), fix_class_title(fix));
	if (*advice)
		print_text(out, "\n");
	print_commands(out, a, s, finding);
	if (*after)
		print_format(out, "    First mend %s.\n", after);
	print_text(out, "\n");
}

static void add_string(struct json_object *o, const char *name, const struct row *row, int column)
{
	const char *text = cell_text(row, column);

	json_object_object_add(o, name, *text ? json_object_new_string(text) : NULL);
}

static struct json_object *actions_of(const struct action *action, size_t n)
{
	struct json_object *list = json_object_new_array();
	struct text command = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct action *a = &action[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(
		    o, "kind", json_object_new_string(action_kind_name(a->kind)));
		json_object_object_add(
		    o, "domain", a->domain ? json_object_new_string(a->domain) : NULL);
		json_object_object_add(o, "target", json_object_new_string(a->target));
		json_object_object_add(
		    o, "old", a->expected ? json_object_new_string(a->expected) : NULL);
		json_object_object_add(o, "new", json_object_new_string(a->value));
		json_object_object_add(o, "saved", json_object_new_boolean(a->saved));
		kind_command(a, a->value, &command);
		json_object_object_add(o, "command", json_object_new_string(command.p));
		command.len = 0;
		json_object_array_add(list, o);
	}
	text_done(&command);
	return list;
}

/* What the fix would write; null where there is none. */
static void add_plan(
    struct json_object *o, struct advisor *a, const struct snapshot *s, const struct row *finding)
{
	struct plan plan;
	bool is_there = advisor_plan(a, s, finding, &plan);

	json_object_object_add(o, "writes", is_there ? actions_of(plan.action, plan.n) : NULL);
	json_object_object_add(
	    o, "lasting", is_there ? actions_of(plan.lasting, plan.lasting_n) : NULL);
	json_object_object_add(
	    o, "refusal", plan.refusal ? json_object_new_string(plan.refusal) : NULL);
	plan_done(&plan);
}

static void print_json(
    struct text *out, struct advisor *a, const struct snapshot *s, const struct row *finding)
{
	const struct rule *rule = finding_rule(finding);
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "table", json_object_new_string("finding"));
	add_string(o, "id", finding, FINDING_RULE);
	add_string(o, "level", finding, FINDING_LEVEL);
	add_string(o, "subject", finding, FINDING_SUBJECT);
	add_string(o, "domain", finding, FINDING_DOMAIN);
	add_string(o, "uuid", finding, FINDING_UUID);
	add_string(o, "evidence", finding, FINDING_EVIDENCE);
	add_string(o, "advice", finding, FINDING_ADVICE);
	add_string(o, "class", finding, FINDING_CLASS);
	add_string(o, "after", finding, FINDING_AFTER);
	if (cell_has(finding, FINDING_FIGURE)) {
		json_object_object_add(
		    o, "figure", json_object_new_double(cell_number(finding, FINDING_FIGURE, 0)));
		json_object_object_add(
		    o, "limit", json_object_new_double(cell_number(finding, FINDING_LIMIT, 0)));
	}
	add_plan(o, a, s, finding);
	json_object_object_add(
	    o, "undo", json_object_new_string(rule && rule->plan ? "the old values" : "none"));
	json_object_object_add(o, "risk", rule ? json_object_new_string(rule->risk) : NULL);
	json_object_object_add(o, "source", rule ? json_object_new_string(rule->source) : NULL);
	print_format(out, "%s\n", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

static void print_csv(struct text *out, const struct snapshot *s, struct row *const *row, size_t n)
{
	int column[FINDING_COLUMNS];
	struct sheet sheet = {
		.table = TABLE_FINDING, .column = column, .columns = FINDING_COLUMNS
	};
	const struct writer *csv = writer_find("csv");

	for (int c = 0; c < FINDING_COLUMNS; c++)
		column[c] = c;
	csv->head(&sheet, out);
	csv->sample(&sheet, s, row, n, out);
}

static void print_findings(
    struct text *out, const struct options *options, struct advisor *a, const struct snapshot *s)
{
	size_t n;
	struct row **row = sorted_findings(s, &n);

	if (options->advice_format == ADVICE_CSV)
		print_csv(out, s, row, n);
	for (size_t i = 0; i < n; i++) {
		if (options->advice_format == ADVICE_TEXT)
			print_finding(out, a, s, row[i]);
		else if (options->advice_format == ADVICE_JSONL)
			print_json(out, a, s, row[i]);
	}
	if (n == 0 && options->advice_format == ADVICE_TEXT)
		print_text(out, "Nothing to advise.\n");
	free(row);
}

static int status_of(const struct snapshot *s)
{
	static const int statuses[] = { EXIT_FINE, EXIT_INFO, EXIT_WARNING, EXIT_CRITICAL };
	enum level worst = LEVEL_NONE;

	for (size_t i = 0; i < s->table[TABLE_FINDING].n; i++) {
		const struct row *finding = s->table[TABLE_FINDING].row[i];

		if (!finding_is_muted(finding) && finding_level(finding) > worst)
			worst = finding_level(finding);
	}
	return statuses[worst];
}

int advise_run(const struct options *options, struct root *root)
{
	struct sampling sampling = setup_sampling(options);
	struct advisor *a = advice_new(options);
	struct text out = { 0 };
	const struct snapshot *s;
	struct sampler *sampler;
	struct events events;
	int r = events_init(&events), status;

	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		advisor_free(a);
		return EXIT_FAILED;
	}
	advisor_hurry(a);
	sampler = sampler_new(root, &sampling);
	advice_attach(a, sampler);
	sampler_need(sampler, advisor_needs(a));
	s = advice_watch(options, sampler, &events, root_is_live(root));
	status = s ? status_of(s) : EXIT_FAILED;
	if (s)
		print_findings(&out, options, a, s);
	r = say(&out);
	text_done(&out);
	snapshot_unref(s);
	events_done(&events);
	return (r == EXIT_FINE ? status : r) | setup_end(sampler, a);
}
