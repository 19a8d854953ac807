/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help: keys, screens, columns and signs, each from where it is defined. */
#include <string.h>

#include "advisor/rule.h"
#include "base/slice.h"
#include "views/commands.h"
#include "views/keyname.h"
#include "views/list.h"
#include "views/mark.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

static void list_classes(struct page *p, struct list *l)
{
	list_heading(l, "Fixes, by the care that they take");
	for (enum fix_class c = FIX_A; c <= FIX_C; c++)
		list_pair(l, page_printf(p, "%s %s", fix_class_name(c), fix_class_title(c)),
		    fix_class_words(c));
}

static void list_screens(struct page *p, struct list *l)
{
	list_heading(l, "Screens");
	for (int i = 0; i < SCREENS; i++)
		if (screens[i].digit)
			list_pair(l, page_printf(p, "%c %s", screens[i].digit, screens[i].title),
			    screens[i].help);
}

static void list_pairs(struct page *p, const struct pane *pane, struct list *l)
{
	list_heading(l, "Figures");
	for (int i = 0; i < pane->state->columns; i++) {
		const struct column *c =
		    &table_kinds[pane->part->table].column[pane->state->column[i]];

		list_pair(l, pair_label(p, c), c->help);
	}
}

static void list_columns(struct page *p, struct list *l)
{
	for (int i = 0; i < p->panes; i++) {
		const struct pane *pane = &p->pane[i];

		if (pane->part->kind == PART_PAIRS)
			list_pairs(p, pane, l);
		if (pane->part->kind != PART_TABLE || pane->fields == 0)
			continue;
		list_heading(l, pane->part->title ? page_printf(p, "Columns: %s", pane->part->title)
						  : "Columns");
		for (int k = 0; k < pane->fields; k++)
			list_pair(l, pane->field[k].title, pane->field[k].column->help);
	}
}

static void list_marks(struct page *p, struct list *l)
{
	struct mark_rule rule;

	list_heading(l, "Marked with ! behind the figure");
	for (size_t i = 0; mark_rule(i, &rule); i++) {
		const struct table_kind *kind = &table_kinds[rule.table];

		list_pair(l, page_printf(p, "%s %s", kind->name, kind->column[rule.column].title),
		    page_printf(p, "%s", rule.text));
	}
	list_pair(l, "any figure", "a rule is raised about it, by its own limit: screen 9");
}

/* A key of several commands means the first of them that applies. */
static const char *keys_here(struct page *p, const struct command *k)
{
	const char *keys = "";
	struct cursor all;
	struct slice key;

	cursor_init(&all, k->keys, strlen(k->keys));
	while (cursor_field(&all, &key)) {
		char name[KEYNAME_SIZE];

		slice_copy(key, name, sizeof(name));
		if (command_find(p, name) == k)
			keys = page_printf(p, "%s%s%s", keys, *keys ? " " : "", name);
	}
	return keys;
}

void help_build(struct page *p, struct list *l)
{
	l->title = "Help";
	l->keys = "Up Down PgUp PgDn scroll   any other key closes";
	list_heading(l, "Keys");
	for (size_t i = 0; i < commands_n; i++)
		if (*keys_here(p, &commands[i]))
			list_pair(l, keys_here(p, &commands[i]), commands[i].help);
	list_classes(p, l);
	list_screens(p, l);
	list_columns(p, l);
	list_heading(l, "Signs");
	list_pair(l, "-", "This host or guest has none.");
	list_pair(l, ".",
	    "Not known yet: a rate needs a second sample, a source that was just switched on its "
	    "time.");
	list_pair(l, "?", "There is one, but it cannot be told: a part of the sum is missing.");
	list_pair(l, "!",
	    "For a value: kvmtop lacks the right to read it; screen 0 says which one. "
	    "At the left: the guest does not answer.");
	list_pair(l, "!",
	    "Behind a value: it deserves a look; the colour tells how much. Behind a node's "
	    "number: its memory is almost full. On screen 4: guests want more than a pool has.");
	list_pair(l, "stuck", "Who should tell it does not answer.");
	list_pair(l, "*", "On screen 3: vCPUs ran on this node.");
	list_pair(l, "* ^",
	    "At the head of a column, instead of a triangle where the screen is pure ASCII: rows "
	    "are sorted by it, the largest first (*) or the smallest (^).");
	list_pair(l, "±", "Sampled: the standard error, in points.");
	list_marks(p, l);
}
