/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every rule by examples: tests/rules/RULE.txt describes hosts in a few words and says what the
 * rule finds there. tests/rules/README.md tells how such a file is written.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advisor/advisor.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/xalloc.h"

#define LINES 400
#define STEP_S 2

/* One example: the lines of a file from "= …" on. */
struct example {
	const char *file;
	int first; /* its line */
	const char **line;
	int lines;
	const char *rule;
	struct advisor *advisor;
	double now_s;
	const struct snapshot *before;
};

static int failures;

static void complain_at(const struct example *e, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void complain_at(const struct example *e, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", e->file, e->first + line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	failures++;
}

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

/* "60", "75%", "12G", "5ms" as a number in what the column counts. */
static bool parse_figure(const char *value, double *ret)
{
	size_t len = strlen(value);
	char number[64];
	uint64_t v;

	if (parse_double(value, ret) == 0)
		return true;
	snprintf(number, sizeof(number), "%.*s", (int)len - 1, value);
	if (len > 1 && value[len - 1] == '%' && parse_double(number, ret) == 0) {
		*ret /= 100;
		return true;
	}
	if (parse_size(value, 1, &v) == 0) {
		*ret = (double)v;
		return true;
	}
	return false;
}

static enum state parse_state(const char *word)
{
	for (enum state s = STATE_ABSENT; s <= STATE_UNKNOWN; s++)
		if (strcmp(state_name(s), word) == 0)
			return s;
	return STATE_OK;
}

static void set_cell(const struct example *e, int line, struct snapshot *s, enum table_id t,
    struct row *row, const char *name, const char *value)
{
	int column = column_find_name(&table_kinds[t], name);
	const struct column *c = column < 0 ? NULL : &table_kinds[t].column[column];
	uint64_t now_ns = s->moment.mono_ns;
	double v;

	if (!c) {
		complain_at(e, line, "table %s has no column %s", table_kinds[t].name, name);
	} else if (value[0] == '!') {
		cell_set_missing(row, column, parse_state(value + 1), now_ns);
	} else if (c->kind == KIND_TEXT) {
		cell_set_text(s, row, column, value, now_ns);
	} else if (!parse_figure(value, &v)) {
		complain_at(e, line, "'%s' is no number", value);
	} else if (c->kind == KIND_COUNTER) {
		cell_set_count(row, column, (uint64_t)(v * 1000), now_ns);
		row->cell[column].rate = v;
		row->cell[column].rate_state = STATE_OK;
	} else {
		cell_set_number(row, column, v, now_ns);
	}
}

/* Guests are numbered by their order. */
static struct row *guest_row(struct snapshot *s, const char *name)
{
	struct table *t = &s->table[TABLE_DOMAIN];
	struct row *row;

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], DOMAIN_NAME), name) == 0)
			return t->row[i];
	row = snapshot_row(s, TABLE_DOMAIN, key_process(1000 + t->n, 1));
	cell_set_text(s, row, DOMAIN_NAME, name, s->moment.mono_ns);
	cell_set_number(row, DOMAIN_PID, (double)row->key.owner, s->moment.mono_ns);
	row->domain = row;
	return row;
}

/* What the second word of a line sets, beside the key. */
static int naming_column(enum table_id t)
{
	static const int column[TABLES] = {
		[TABLE_CPU] = CPU_NUMBER,
		[TABLE_NODE] = NODE_NUMBER,
		[TABLE_HUGEPOOL] = HUGEPOOL_NODE,
		[TABLE_VCPU] = VCPU_NUMBER,
		[TABLE_THREAD] = THREAD_ROLE,
		[TABLE_PLACEMENT] = PLACEMENT_NODE,
		[TABLE_DISK] = DISK_NAME,
		[TABLE_BLOCKDEV] = BLOCKDEV_NAME,
		[TABLE_NIC] = NIC_NAME,
		[TABLE_PCI] = PCI_ADDRESS,
	};

	return column[t];
}

/* "web1/3", "2", "0/2048": guest and item, or the host's item. */
static struct row *named_row(
    const struct example *e, int line, struct snapshot *s, enum table_id t, char *who)
{
	char *slash = who ? strchr(who, '/') : NULL;
	const char *item = slash ? slash + 1 : who;
	struct row *row, *guest = NULL;

	if (t == TABLE_HOST)
		return snapshot_row(s, t, key_host(0));
	if (!who) {
		complain_at(e, line, "a row of %s needs a name", table_kinds[t].name);
		return NULL;
	}
	if (t == TABLE_DOMAIN)
		return guest_row(s, who);
	if (slash && t != TABLE_HUGEPOOL) {
		*slash = '\0';
		guest = guest_row(s, who);
		*slash = '/';
	}
	row = snapshot_row(
	    s, t, guest ? key_of(guest->key, key_item(item)) : key_host(key_item(who)));
	row->domain = guest;
	if (t == TABLE_HUGEPOOL && slash) {
		*slash = '\0';
		set_cell(e, line, s, t, row, "page_size", slash + 1);
		row->cell[HUGEPOOL_PAGE_SIZE].number *= 1024;
		item = who;
	}
	set_cell(e, line, s, t, row, table_kinds[t].column[naming_column(t)].name, item);
	return row;
}

/* The next word of a line; one that holds blanks stands in quotes behind the '='. */
static char *next_word(char **rest)
{
	char *p = *rest + strspn(*rest, " \t"), *to = p, *word = p;
	bool quoted = false;

	if (!*p)
		return NULL;
	for (; *p && (quoted || (*p != ' ' && *p != '\t')); p++) {
		if (*p == '"')
			quoted = !quoted;
		else
			*to++ = *p;
	}
	*rest = *p ? p + 1 : p;
	*to = '\0';
	return word;
}

/* "vcpu web1/0 affinity=0-3 run=50%" */
static void add_line(const struct example *e, int line, struct snapshot *s)
{
	char *copy = xstrdup(e->line[line]), *rest = copy, *word = next_word(&rest), *who = NULL;
	int t = word ? table_find_name(word) : -1;
	struct row *row;

	if (t < 0) {
		complain_at(e, line, "there is no table '%s'", word ? word : "");
		free(copy);
		return;
	}
	if (t != TABLE_HOST)
		who = next_word(&rest);
	row = named_row(e, line, s, (enum table_id)t, who);
	while (row && (word = next_word(&rest))) {
		char *equals = strchr(word, '=');

		if (!equals) {
			complain_at(e, line, "'%s' is no column=value", word);
			continue;
		}
		*equals = '\0';
		set_cell(e, line, s, (enum table_id)t, row, word, equals + 1);
	}
	free(copy);
}

static bool is_expectation(const char *line)
{
	static const char *const words[] = { "= ",
		"evidence:", "advice:", "plan:", "lasting:", "refuses:", "title:", "at ", "set " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins(line, words[i]))
			return true;
	return false;
}

/* The host as the lines up to @end describe it; later ones change what earlier ones said. */
static struct snapshot *host_at(const struct example *e, int end)
{
	struct moment moment = { .mono_ns = (uint64_t)((1000 + e->now_s) * (double)NS_PER_SEC) };
	struct snapshot *s = snapshot_new(moment);

	s->interval_ns = STEP_S * NS_PER_SEC;
	snapshot_row(s, TABLE_HOST, key_host(0));
	for (int i = 1; i < end; i++)
		if (!is_expectation(e->line[i]))
			add_line(e, i, s);
	return s;
}

static const struct snapshot *judge_at(struct example *e, int end)
{
	struct snapshot *s = host_at(e, end);

	advisor_judge(e->advisor, s);
	snapshot_unref(e->before);
	e->before = s;
	return s;
}

/* "at 60": what was said so far holds until then. */
static void pass_time(struct example *e)
{
	for (int i = 1; i < e->lines; i++) {
		double until_s = 0;

		if (!begins(e->line[i], "at "))
			continue;
		if (parse_double(e->line[i] + 3, &until_s) < 0)
			complain_at(e, i, "'%s' is no time", e->line[i] + 3);
		for (; e->now_s < until_s; e->now_s += STEP_S)
			judge_at(e, i);
	}
}

static const struct row *find_finding(const struct snapshot *s, const char *rule, bool unjudged)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    unjudged == (finding_level(t->row[i]) == LEVEL_NONE))
			return t->row[i];
	return NULL;
}

/* The finding about @subject, where one is named. */
static const struct row *find_about(const struct snapshot *s, const char *rule, const char *subject)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    finding_level(t->row[i]) != LEVEL_NONE &&
		    (!*subject || strcmp(cell_text(t->row[i], FINDING_SUBJECT), subject) == 0))
			return t->row[i];
	return NULL;
}

static void compare(struct example *e, int line, const char *what, const char *is)
{
	const char *shall = e->line[line] + strlen(what);

	shall += strspn(shall, " ");
	if (strcmp(shall, is) != 0)
		complain_at(e, line, "%s is: %s", what, is);
}

static void print_action(const struct action *a, struct text *out)
{
	print_format(out, "%s %s%s%s%s %s %s", action_kind_name(a->kind), a->saved ? "saved " : "",
	    a->domain ? a->domain : "", a->domain ? " " : "", *a->target ? a->target : "-",
	    a->expected ? a->expected : "?", a->value);
}

/* The n-th action of a plan against the n-th line that begins so. */
static void check_actions(
    struct example *e, const char *word, const struct action *action, size_t n)
{
	size_t at = 0;
	int last = 0;

	for (int i = 1; i < e->lines; i++) {
		struct text is = { 0 };

		if (!begins(e->line[i], word))
			continue;
		last = i;
		if (at < n)
			print_action(&action[at], &is);
		compare(e, i, word, at < n ? is.p : "nothing more");
		at++;
		text_done(&is);
	}
	if (last && at < n) {
		struct text is = { 0 };

		print_action(&action[at], &is);
		complain_at(e, last, "there is one more: %s", is.p);
		text_done(&is);
	}
}

static void check_words(struct example *e, const struct snapshot *s, const struct row *finding)
{
	struct plan plan;

	advisor_plan(e->advisor, s, finding, &plan);
	for (int i = 1; i < e->lines; i++) {
		if (begins(e->line[i], "evidence:"))
			compare(e, i, "evidence:", cell_text(finding, FINDING_EVIDENCE));
		if (begins(e->line[i], "advice:"))
			compare(e, i, "advice:", cell_text(finding, FINDING_ADVICE));
		if (begins(e->line[i], "refuses:"))
			compare(e, i, "refuses:", plan.refusal ? plan.refusal : "");
		if (begins(e->line[i], "title:"))
			compare(e, i, "title:", plan.title ? plan.title : "");
	}
	check_actions(e, "plan:", plan.action, plan.n);
	check_actions(e, "lasting:", plan.lasting, plan.lasting_n);
	plan_done(&plan);
}

/* "= fires warning web1" */
static void check_fires(struct example *e, const struct snapshot *s)
{
	char level[16] = "", subject[80] = "";
	const char *rest = e->line[0] + strlen("= fires");
	const struct row *finding, *unjudged = find_finding(s, e->rule, true);
	int at = 0;

	rest += strspn(rest, " ");
	at = (int)strcspn(rest, " ");
	snprintf(level, sizeof(level), "%.*s", at, rest);
	snprintf(subject, sizeof(subject), "%s", rest + at + strspn(rest + at, " "));
	finding = find_about(s, e->rule, subject);
	if (!finding) {
		complain_at(e, 0, "it does not fire%s%s", unjudged ? ": " : "",
		    unjudged ? cell_text(unjudged, FINDING_EVIDENCE) : "");
		return;
	}
	if (strcmp(cell_text(finding, FINDING_LEVEL), level) != 0)
		complain_at(e, 0, "its level is %s", cell_text(finding, FINDING_LEVEL));
	check_words(e, s, finding);
}

static void check_quiet(struct example *e, const struct snapshot *s, bool lacks)
{
	const struct row *finding = find_finding(s, e->rule, false);
	const struct row *unjudged = find_finding(s, e->rule, true);

	if (finding)
		complain_at(e, 0, "it fires: %s: %s", cell_text(finding, FINDING_SUBJECT),
		    cell_text(finding, FINDING_EVIDENCE));
	if (lacks && !unjudged)
		complain_at(e, 0, "it judges");
	if (!lacks && unjudged)
		complain_at(e, 0, "%s", cell_text(unjudged, FINDING_EVIDENCE));
}

/* "set numa-memory-remote.raise 0.5" */
static void configure(struct example *e)
{
	for (int i = 1; i < e->lines; i++) {
		char *error = NULL, *copy, *rest, *key, *value;

		if (!begins(e->line[i], "set "))
			continue;
		copy = xstrdup(e->line[i] + 4);
		rest = copy;
		key = next_word(&rest);
		value = next_word(&rest);
		if (!value || advisor_set(e->advisor, key, value, &error) < 0)
			complain_at(e, i, "%s", error ? error : "set needs a key and a value");
		free(error);
		free(copy);
	}
}

/* All other rules are switched off: they have files of their own. */
static void choose_rule(struct example *e)
{
	for (size_t i = 0; i < rules_count(); i++) {
		char *key = xasprintf("%s.enabled", rule_at(i)->id), *error = NULL;
		bool this = strcmp(rule_at(i)->id, e->rule) == 0;

		assert_int_equal(advisor_set(e->advisor, key, this ? "yes" : "no", &error), 0);
		free(key);
	}
}

static void run_example(struct example *e)
{
	const struct snapshot *s;
	bool takes_time = false;

	e->advisor = advisor_new();
	choose_rule(e);
	configure(e);
	for (int i = 1; i < e->lines; i++)
		takes_time |= begins(e->line[i], "at ");
	if (!takes_time)
		advisor_hurry(e->advisor);
	pass_time(e);
	s = judge_at(e, e->lines);
	if (begins(e->line[0], "= fires "))
		check_fires(e, s);
	else if (strcmp(e->line[0], "= quiet") == 0)
		check_quiet(e, s, false);
	else if (strcmp(e->line[0], "= lacks") == 0)
		check_quiet(e, s, true);
	else
		complain_at(e, 0, "an example is '= fires LEVEL SUBJECT', '= quiet' or '= lacks'");
	snapshot_unref(e->before);
	advisor_free(e->advisor);
}

/* Which of the three kinds of examples a file has, as bits. */
static int kind_of(const char *line)
{
	return begins(line, "= fires") ? 1 : begins(line, "= quiet") ? 2 : 4;
}

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = xcalloc(1, 1 << 18);

	assert_non_null(f);
	text[fread(text, 1, (1 << 18) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void run_file(const char *path, const char *rule)
{
	const char *line[LINES];
	char *text = read_all(path), *p = text;
	struct example e = { .file = path, .rule = rule };
	int kinds = 0, number = 0, n = 0;

	for (char *end; p && *p; p = end, number++) {
		end = strchr(p, '\n');
		if (end)
			*end++ = '\0';
		if (begins(p, "= ") && n > 0) {
			e.line = line;
			e.lines = n;
			run_example(&e);
			n = 0;
		}
		if (begins(p, "= ")) {
			kinds |= kind_of(p);
			e = (struct example){ .file = path, .rule = rule, .first = number + 1 };
		}
		/* Lines keep their numbers: what says nothing becomes a line about the host. */
		if (n > 0 || begins(p, "= "))
			line[n++] = *p && *p != '#' ? p : "host";
		assert_true(n < LINES);
	}
	if (n > 0) {
		e.line = line;
		e.lines = n;
		run_example(&e);
	}
	if (kinds != 7)
		complain_at(&e, 0, "it needs examples of all three: fires, quiet, lacks");
	free(text);
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(); i++) {
		const char *id = rule_at(i)->id;
		char *path = xasprintf("%s/%s.txt", KVMTOP_TEST_RULES, id);
		FILE *f = fopen(path, "r");

		if (f) {
			fclose(f);
			run_file(path, id);
		} else {
			fprintf(stderr, "%s: there are no examples of this rule\n", path);
			failures++;
		}
		free(path);
	}
	assert_int_equal(failures, 0);
}

/* A row that leaves a field out would show a gap on the screen. */
static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		print_message("%s\n", rule->id);
		assert_ptr_equal(rule_find(rule->id), rule);
		assert_true(rule->title && rule->good && rule->detect && rule->by_hand);
		assert_true(rule->risk && rule->source && rule->figure);
		assert_true(rule->measure && rule->evidence && rule->advice && rule->needs);
		assert_true(rule->level != LEVEL_NONE);
		assert_true((rule->fix == FIX_NONE) == (rule->plan == NULL));
		assert_true(rule->below ? rule->clear >= rule->raise : rule->clear <= rule->raise);
		assert_in_range(strlen(rule->title), 8, 60);
		assert_true(rule_needs(rule) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
