/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rule.h"

#include <string.h>

#include "advisor/judge.h"

#define WIDE 12

size_t rules_count(void)
{
	size_t n = 0;

	for (size_t g = 0; rule_groups[g]; g++)
		for (const struct rule *rule = rule_groups[g]; rule->id; rule++)
			n++;
	return n;
}

const struct rule *rule_at(size_t number)
{
	for (size_t g = 0; rule_groups[g]; g++)
		for (const struct rule *rule = rule_groups[g]; rule->id; rule++)
			if (number-- == 0)
				return rule;
	return NULL;
}

const struct rule *rule_find(const char *id)
{
	for (size_t g = 0; rule_groups[g]; g++)
		for (const struct rule *rule = rule_groups[g]; rule->id; rule++)
			if (strcmp(rule->id, id) == 0)
				return rule;
	return NULL;
}

const char *level_name(enum level level)
{
	static const char *const names[] = { "none", "info", "warning", "critical" };

	return names[level];
}

const char *rank_name(enum rank rank)
{
	static const char *const names[] = { "safety", "capacity", "locality", "throughput" };

	return names[rank];
}

unsigned rule_needs(const struct rule *rule)
{
	unsigned needs = 0;

	for (const struct need *n = rule->needs; n && n->table != TABLES; n++)
		needs |= column_needs(&table_kinds[n->table].column[n->column]);
	return needs & ~NEEDS(SRC_DERIVED);
}

/* While libvirt owes its first answer, or hangs, its guests look like those that it does not know.
 */
static bool libvirt_is_silent(const struct snapshot *now)
{
	const struct row *source = snapshot_find(now, TABLE_SOURCE, key_host(SRC_LIBVIRT));

	return is_text(source, SOURCE_STATE, "starting") || is_text(source, SOURCE_STATE, "stuck");
}

/* What is libvirt's must not be changed behind its back. */
static bool passes_libvirt_by(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->action[i].kind == ACTION_AFFINITY && p->action[i].domain)
			return true;
	return false;
}

static bool names_rule(const char *list, const char *id)
{
	size_t len = strlen(id);

	for (const char *p = list; p && (p = strstr(p, id)); p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

bool rules_clash(const struct rule *a, const struct rule *b)
{
	return a != b && (names_rule(a->excludes, b->id) || names_rule(b->excludes, a->id));
}

bool rule_plan(const struct rule *rule, const struct subject *s, struct plan *ret)
{
	*ret = (struct plan){ 0 };
	if (rule->plan)
		rule->plan(s, ret);
	if (passes_libvirt_by(ret) && libvirt_is_silent(s->now))
		plan_refuse(ret, "libvirt does not answer, and the guest may be one of its own");
	return ret->n > 0 && !ret->refusal;
}

const struct row *const *subject_rows(
    const struct subject *s, enum table_id table, const struct row *domain, size_t *ret_n)
{
	return judge_rows(s->judge, table, domain, ret_n);
}

bool figure_of(enum table_id table, const struct row *row, int column, double *ret)
{
	return row && cell_value(&table_kinds[table].column[column], &row->cell[column], ret);
}

double figure_or(enum table_id table, const struct row *row, int column, double otherwise)
{
	double v;

	return figure_of(table, row, column, &v) ? v : otherwise;
}

bool is_text(const struct row *row, int column, const char *text)
{
	return row && strcmp(cell_text(row, column), text) == 0;
}

void say_percent(struct text *out, double ratio)
{
	char buf[FORMAT_SIZE];

	/* A share that is not the whole must not be rounded up to it. */
	if (ratio < 0.10 || (ratio > 0.99 && ratio < 1))
		format_percent(ratio, WIDE, buf);
	else
		format_integer(ratio * 100, WIDE, buf);
	print_format(out, "%s %%", buf);
}

void say_size(struct text *out, double bytes)
{
	char buf[FORMAT_SIZE];

	format_size(bytes, 6, buf);
	print_text(out, buf);
}

void say_count(struct text *out, double v)
{
	char buf[FORMAT_SIZE];

	if (v < 10000)
		format_integer(v, WIDE, buf);
	else
		format_short(v, WIDE, buf);
	print_text(out, buf);
}

void say_time(struct text *out, double seconds)
{
	char buf[FORMAT_SIZE];

	format_time(seconds, WIDE, buf);
	print_text(out, buf);
}

void say_figure(struct text *out, const struct rule *rule, double v)
{
	switch (rule->show) {
	case SHOW_PERCENT:
		say_percent(out, v);
		break;
	case SHOW_SIZE:
		say_size(out, v);
		break;
	case SHOW_TIME:
		say_time(out, v);
		break;
	case SHOW_DECIMAL:
		print_format(out, "%g", v);
		break;
	default:
		say_count(out, v);
		break;
	}
}
