/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Examples of hosts for rules: tests/rules/RULE.txt describes them in a few words and says what the
 * rule finds there. tests/rules/README.md tells how such a file is written.
 */
#ifndef KVMTOP_TESTS_AN_EXAMPLE_H
#define KVMTOP_TESTS_AN_EXAMPLE_H

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
		[TABLE_INTERFACE] = INTERFACE_NAME,
		[TABLE_PCI] = PCI_ADDRESS,
		[TABLE_DEFINED] = DEFINED_NAME,
		[TABLE_SOURCE] = SOURCE_NAME,
	};

	return column[t];
}

/* What the host's rows of a table are told apart by. */
static uint64_t host_item(enum table_id t, const char *name)
{
	for (enum source_id src = 0; t == TABLE_SOURCE && src < SOURCES; src++)
		if (strcmp(source_name(src), name) == 0)
			return src;
	return key_item(name);
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
	    s, t, guest ? key_of(guest->key, key_item(item)) : key_host(host_item(t, who)));
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

/*
 * The host of an example, as its rule alone judges it; e->before holds it, and the advisor lives
 * on.
 */
static void judge_example(struct example *e)
{
	bool takes_time = false;

	e->advisor = advisor_new();
	choose_rule(e);
	configure(e);
	for (int i = 1; i < e->lines; i++)
		takes_time |= begins(e->line[i], "at ");
	if (!takes_time)
		advisor_hurry(e->advisor);
	pass_time(e);
	judge_at(e, e->lines);
}

typedef void example_check(struct example *e);

/* Judges an example and hands it to @check. */
static void run_example(struct example *e, example_check *check)
{
	judge_example(e);
	check(e);
	snapshot_unref(e->before);
	advisor_free(e->advisor);
}

/* Which of the three kinds of examples a file has, as bits. */
static int kind_of_example(const char *line)
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

/* All examples of a rule; what kinds there are, as bits. */
static int run_file(const char *path, const char *rule, example_check *check)
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
			run_example(&e, check);
			n = 0;
		}
		if (begins(p, "= ")) {
			kinds |= kind_of_example(p);
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
		run_example(&e, check);
	}
	free(text);
	return kinds;
}

/* All examples of all rules. */
static inline void run_examples(example_check *check)
{
	for (size_t i = 0; i < rules_count(); i++) {
		const char *id = rule_at(i)->id;
		char *path = xasprintf("%s/%s.txt", KVMTOP_TEST_RULES, id);
		FILE *f = fopen(path, "r");

		if (!f) {
			fprintf(stderr, "%s: there are no examples of this rule\n", path);
			failures++;
		} else {
			struct example e = { .file = path };

			fclose(f);
			if (run_file(path, id, check) != 7)
				complain_at(
				    &e, 0, "it needs examples of all three: fires, quiet, lacks");
		}
		free(path);
	}
	assert_int_equal(failures, 0);
}

#endif
