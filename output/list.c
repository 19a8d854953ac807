/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/list.h"

#include "base/print.h"
#include "base/sanitize.h"
#include "model/catalogue.h"

#define TABLE_WIDTH 10
#define COLUMN_WIDTH 40
#define TITLE_WIDTH 14

/* A word and the blanks behind it; counted in cells, as titles are not all ASCII. */
static void print_field(struct text *out, const char *s, int width)
{
	int left = width - text_width(s);

	print_text(out, s);
	print_format(out, "%*s", left > 1 ? left : 1, "");
}

const char *list_table_remark(const struct table_kind *kind)
{
	return table_by_default(kind) ? "" : "; written only where it is named";
}

const char *list_column_remark(const struct table_kind *kind, int column)
{
	return column_by_default(kind, column) ? "" : " Written only where it is named.";
}

void list_tables(struct text *out)
{
	for (int i = 0; i < TABLES; i++) {
		const struct table_kind *kind = &table_kinds[i];

		print_field(out, kind->name, TABLE_WIDTH + 1);
		print_format(out, "one row per %s%s\n", kind->help, list_table_remark(kind));
	}
}

void list_columns(const struct table_kind *kind, struct text *out)
{
	char name[96];

	for (int i = 0; i < kind->columns; i++) {
		const struct column *c = &kind->column[i];

		column_csv_name(c, name, sizeof(name));
		print_field(out, kind->name, TABLE_WIDTH + 1);
		print_field(out, name, COLUMN_WIDTH + 1);
		print_field(out, c->title, TITLE_WIDTH + 1);
		print_format(out, "%s%s\n", c->help, list_column_remark(kind, i));
	}
}
