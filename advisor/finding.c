/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/finding.h"

#include <stdlib.h>
#include <string.h>

#define UNJUDGED "unjudged"

/* How a row is called among those of its guest, or of the host. */
static const struct name {
	enum table_id table;
	const char *word;
	int column;
} names[] = {
	{ TABLE_CPU, "CPU ", CPU_NUMBER },
	{ TABLE_NODE, "node ", NODE_NUMBER },
	{ TABLE_HUGEPOOL, "pool of node ", HUGEPOOL_NODE },
	{ TABLE_VCPU, "vCPU ", VCPU_NUMBER },
	{ TABLE_THREAD, "", THREAD_ROLE },
	{ TABLE_PLACEMENT, "node ", PLACEMENT_NODE },
	{ TABLE_DISK, "", DISK_NAME },
	{ TABLE_BLOCKDEV, "", BLOCKDEV_NAME },
	{ TABLE_NIC, "", NIC_NAME },
	{ TABLE_INTERFACE, "", INTERFACE_NAME },
	{ TABLE_PCI, "", PCI_ADDRESS },
	{ TABLE_DEFINED, "", DEFINED_NAME },
};

static void say_cell(struct text *out, enum table_id table, const struct row *row, int column)
{
	if (table_kinds[table].column[column].kind == KIND_TEXT)
		print_text(out, cell_text(row, column));
	else
		print_format(out, "%.0f", cell_number(row, column, 0));
}

void finding_subject(enum table_id table, const struct row *row, struct text *out)
{
	const struct row *domain = table == TABLE_DOMAIN ? row : row->domain;

	if (domain)
		print_text(out, cell_text(domain, DOMAIN_NAME));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].table != table)
			continue;
		print_text(out, domain ? " " : "");
		print_text(out, names[i].word);
		say_cell(out, table, row, names[i].column);
	}
	if (out->len == 0)
		print_text(out, "host");
}

struct key finding_key(const struct rule *rule, struct key subject)
{
	uint64_t item = (key_item(rule->id) ^ subject.item * 0x9e3779b97f4a7c15u) | 1;

	return key_of(subject, item);
}

static void set_text(struct snapshot *now, struct row *row, int column, const char *text)
{
	cell_set_text(now, row, column, text, now->moment.mono_ns);
}

static struct row *add_row(struct snapshot *now, const struct rule *rule, struct key key)
{
	struct row *row = snapshot_row(now, TABLE_FINDING, key);

	set_text(now, row, FINDING_RULE, rule->id);
	set_text(now, row, FINDING_TABLE, table_kinds[rule->subject].name);
	return row;
}

/* One that does not run is a guest, too, though not among those that are shown. */
static void add_guest(
    struct snapshot *now, struct row *row, enum table_id table, const struct row *subject)
{
	const struct row *domain = table == TABLE_DOMAIN ? subject : subject->domain;

	if (table == TABLE_DEFINED) {
		set_text(now, row, FINDING_DOMAIN, cell_text(subject, DEFINED_NAME));
		set_text(now, row, FINDING_UUID, cell_text(subject, DEFINED_UUID));
	}
	if (!domain)
		return;
	row->domain = (struct row *)domain;
	set_text(now, row, FINDING_DOMAIN, cell_text(domain, DOMAIN_NAME));
	set_text(now, row, FINDING_UUID, cell_text(domain, DOMAIN_UUID));
}

static void repeat_words(struct snapshot *now, struct row *row, const struct row *last)
{
	struct text evidence = { 0 };

	if (!finding_is_over(last))
		print_text(&evidence, "Over just now: ");
	print_text(&evidence, cell_text(last, FINDING_EVIDENCE));
	set_text(now, row, FINDING_EVIDENCE, evidence.p);
	set_text(now, row, FINDING_ADVICE, cell_text(last, FINDING_ADVICE));
	text_done(&evidence);
}

static void add_words(
    struct snapshot *now, struct row *row, const struct verdict *v, const struct subject *s)
{
	struct text evidence = { 0 }, advice = { 0 };

	v->rule->evidence(s, v->figure, &evidence);
	v->rule->advice(s, v->figure, &advice);
	set_text(now, row, FINDING_EVIDENCE, evidence.len ? evidence.p : "");
	set_text(now, row, FINDING_ADVICE, advice.len ? advice.p : "");
	text_done(&evidence);
	text_done(&advice);
}

void finding_add(struct snapshot *now, const struct verdict *v, const struct subject *s)
{
	struct row *row = add_row(now, v->rule, finding_key(v->rule, v->row->key));
	uint64_t now_ns = now->moment.mono_ns;
	struct text subject = { 0 };

	row->about = v->row;
	finding_subject(v->rule->subject, v->row, &subject);
	set_text(now, row, FINDING_SUBJECT, subject.p);
	text_done(&subject);
	add_guest(now, row, v->rule->subject, v->row);
	set_text(now, row, FINDING_LEVEL, level_name(v->level));
	cell_set_number(row, FINDING_FIGURE, v->figure, now_ns);
	cell_set_number(row, FINDING_LIMIT, v->limit, now_ns);
	cell_set_number(
	    row, FINDING_SINCE, (double)(now_ns - v->since_ns) / (double)NS_PER_SEC, now_ns);
	if (v->last)
		repeat_words(now, row, v->last);
	else
		add_words(now, row, v, s);
	set_text(now, row, FINDING_MUTED, v->is_muted ? "yes" : "");
	set_text(now, row, FINDING_OVER, v->last ? "yes" : "");
}

void finding_add_fix(struct snapshot *now, const struct verdict *v)
{
	struct row *row = add_row(now, v->rule, finding_key(v->rule, v->row->key));

	set_text(now, row, FINDING_CLASS, fix_class_name(v->fix));
	set_text(now, row, FINDING_AFTER, v->after ? v->after->id : "");
}

void finding_add_unjudged(
    struct snapshot *now, const struct rule *rule, const struct row *row, size_t n, const char *why)
{
	struct row *finding = add_row(now, rule, finding_key(rule, key_host(UINT64_MAX)));
	struct text subject = { 0 }, text = { 0 };

	finding_subject(rule->subject, row, &subject);
	if (n > 1)
		print_format(&subject, " and %zu more", n - 1);
	print_format(&text, "Cannot be judged: %s.", why);
	set_text(now, finding, FINDING_SUBJECT, subject.p);
	set_text(now, finding, FINDING_LEVEL, UNJUDGED);
	set_text(now, finding, FINDING_EVIDENCE, text.p);
	text_done(&subject);
	text_done(&text);
}

const struct rule *finding_rule(const struct row *finding)
{
	return rule_find(cell_text(finding, FINDING_RULE));
}

enum level finding_level(const struct row *finding)
{
	const char *word = cell_text(finding, FINDING_LEVEL);

	for (enum level l = LEVEL_CRITICAL; l > LEVEL_NONE; l--)
		if (strcmp(word, level_name(l)) == 0)
			return l;
	return LEVEL_NONE;
}

bool finding_is_muted(const struct row *finding)
{
	return is_text(finding, FINDING_MUTED, "yes");
}

bool finding_is_over(const struct row *finding)
{
	return is_text(finding, FINDING_OVER, "yes");
}

enum fix_class finding_class(const struct row *finding)
{
	return fix_class_find(cell_text(finding, FINDING_CLASS));
}

const char *finding_confirmation(const struct row *finding, bool lasting)
{
	const char *domain = cell_text(finding, FINDING_DOMAIN);

	if (!lasting && finding_class(finding) != FIX_C)
		return NULL;
	return *domain ? domain : "host";
}

struct finding_weight finding_weigh(const struct row *finding)
{
	const struct rule *rule = finding_rule(finding);
	enum level level = finding_level(finding);

	return (struct finding_weight){
		.row = finding,
		.group = level == LEVEL_NONE         ? FINDING_IS_UNJUDGED
			 : finding_is_muted(finding) ? FINDING_IS_MUTED
						     : FINDING_IS_RAISED,
		.is_over = finding_is_over(finding),
		.level = (int)level,
		.rank = rule ? (int)rule->rank : 0,
		.since = cell_number(finding, FINDING_SINCE, 0),
	};
}

int finding_weight_compare(const void *left, const void *right)
{
	const struct finding_weight *a = left, *b = right;

	if (a->group != b->group)
		return (int)a->group - (int)b->group;
	/* What is over can wait, and hides nothing that can be mended. */
	if (a->is_over != b->is_over)
		return a->is_over ? 1 : -1;
	if (a->level != b->level)
		return b->level - a->level;
	if (a->rank != b->rank)
		return a->rank - b->rank;
	if (a->since < b->since || a->since > b->since)
		return a->since < b->since ? 1 : -1;
	return (a->row->number > b->row->number) - (a->row->number < b->row->number);
}
