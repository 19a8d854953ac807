/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/resolve.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/print.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "cli/options.h"

int refuse(char **ret_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(ret_error, format, args) < 0)
		*ret_error = xstrdup("out of memory");
	va_end(args);
	return -EINVAL;
}

int refuse_word(
    char **ret_error, const char *what, const char *value, const char *(*word)(size_t index))
{
	struct text known = { 0 };
	struct nearest near;
	int r;

	nearest_init(&near, value);
	for (size_t i = 0; word(i); i++) {
		nearest_offer(&near, word(i));
		print_format(&known, "%s%s", i ? ", " : "", word(i));
	}
	if (near.best)
		r = refuse(
		    ret_error, "no %s is called '%s', did you mean '%s'?", what, value, near.best);
	else
		r = refuse(ret_error, "no %s is called '%s'; there is: %s", what, value, known.p);
	text_done(&known);
	return r;
}

static const char *table_name(size_t index)
{
	return index < TABLES ? table_kinds[index].name : NULL;
}

/* ",a", "a,,b", "a,": something was meant there. */
static bool has_gap(const char *list)
{
	struct cursor c;
	struct slice part;
	size_t len = strlen(list);

	cursor_init(&c, list, len);
	while (cursor_split(&c, ',', &part))
		if (slice_trim(part).len == 0)
			return true;
	return len > 0 && list[len - 1] == ',';
}

static int add_table(struct options *o, const char *name, char **ret_error)
{
	int t = table_find_name(name);

	if (t < 0)
		return refuse_word(ret_error, "table", name, table_name);
	for (size_t i = 0; i < o->table_count; i++)
		if (o->table[i] == (enum table_id)t)
			return refuse(ret_error, "table '%s' is named twice", name);
	o->table[o->table_count++] = (enum table_id)t;
	return 0;
}

/* Without names: the guests, or whatever is not dear where each table gets a file of its own. */
static int resolve_tables(struct options *o, char **ret_error)
{
	bool all = o->mode == MODE_LIST_COLUMNS;
	bool many = all || (o->output_is_directory && !o->columns && !o->sort && !o->filter);
	struct cursor c;
	struct slice part;
	int r = 0;

	if (!o->tables && many) {
		for (int t = 0; t < TABLES; t++)
			if (all || table_by_default(&table_kinds[t]))
				o->table[o->table_count++] = (enum table_id)t;
		return 0;
	}
	if (!o->tables) {
		o->table[o->table_count++] = TABLE_DOMAIN;
		return 0;
	}
	if (has_gap(o->tables))
		return refuse(ret_error, "--table '%s': a name is missing at a comma", o->tables);
	cursor_init(&c, o->tables, strlen(o->tables));
	while (r == 0 && cursor_split(&c, ',', &part)) {
		char *name = slice_dup(slice_trim(part));

		r = add_table(o, name, ret_error);
		free(name);
	}
	if (r == 0 && o->table_count == 0)
		return refuse(ret_error, "--table needs the name of a table; see --list-tables");
	return r;
}

static int refuse_column(const struct table_kind *kind, const char *name, char **ret_error)
{
	const char *nearest = column_nearest(kind, name);
	char full[96];

	if (!nearest)
		return refuse(ret_error,
		    "table '%s' has no column '%s'; kvmtop --list-columns -t %s lists them",
		    kind->name, name, kind->name);
	column_csv_name(&kind->column[column_find_name(kind, nearest)], full, sizeof(full));
	return refuse(
	    ret_error, "table '%s' has no column '%s', did you mean '%s'?", kind->name, name, full);
}

/* Whatever the table is. */
static bool is_always_written(const char *name)
{
	static const char *const always[] = { "time", "interval", "interval_seconds", "status" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (strcmp(name, always[i]) == 0)
			return true;
	return false;
}

static int add_column(struct options *o, const char *name, char **ret_error)
{
	const struct table_kind *kind = &table_kinds[o->table[0]];
	int c = column_find(kind, name);

	o->column = xrealloc(o->column, o->column_count + 1, sizeof(*o->column));
	if (c < 0 && is_always_written(name))
		return 0;
	if (c < 0)
		return refuse_column(kind, name, ret_error);
	for (size_t i = 0; i < o->column_count; i++)
		if (o->column[i] == c)
			return refuse(ret_error, "column '%s' is named twice", name);
	o->column[o->column_count++] = c;
	return 0;
}

static int resolve_columns(struct options *o, char **ret_error)
{
	struct cursor c;
	struct slice part;
	int r = 0;

	if (!o->columns)
		return 0;
	if (o->table_count > 1)
		return refuse(ret_error, "--columns goes with one table");
	if (has_gap(o->columns))
		return refuse(
		    ret_error, "--columns '%s': a name is missing at a comma", o->columns);
	cursor_init(&c, o->columns, strlen(o->columns));
	while (r == 0 && cursor_split(&c, ',', &part)) {
		char *name = slice_dup(slice_trim(part));

		r = add_column(o, name, ret_error);
		free(name);
	}
	if (r == 0 && !o->column)
		return refuse(ret_error, "--columns needs names of columns; see --list-columns");
	return r;
}

static int resolve_sort(struct options *o, char **ret_error)
{
	const char *name = o->sort;

	if (!name)
		return 0;
	o->sort_inverted = name[0] == '-';
	name += o->sort_inverted;
	o->sort = name;
	if (strchr(name, ','))
		return refuse(ret_error, "--sort '%s': rows are sorted by one column", name);
	if (!*name)
		return refuse(ret_error, "--sort needs the name of a column");
	/* A screen has several tables; each sorts by the column if it has it. */
	if (o->mode != MODE_BATCH)
		return 0;
	if (o->table_count > 1)
		return refuse(ret_error, "--sort goes with one table");
	o->sort_column = column_find(&table_kinds[o->table[0]], name);
	return o->sort_column < 0 ? refuse_column(&table_kinds[o->table[0]], name, ret_error) : 0;
}

/* Of the whole host's figures no single guest's part is known. */
static int check_guest(const struct options *o, char **ret_error)
{
	for (size_t i = 0; i < o->table_count; i++)
		if (o->table[i] == TABLE_HOST_EXIT && o->tables && o->guest)
			return refuse(ret_error,
			    "table 'host_exit' tells of all guests together, "
			    "which --guest leaves out; 'exit' has those of one");
	return 0;
}

int options_resolve(struct options *o, char **ret_error)
{
	int r = resolve_tables(o, ret_error);

	if (r == 0 && o->mode == MODE_BATCH && o->table_count > 1 && !o->output_is_directory)
		return refuse(
		    ret_error, "several tables need a directory to write to: --output NAME/");
	if (r == 0 && o->mode == MODE_BATCH)
		r = check_guest(o, ret_error);
	if (r == 0)
		r = resolve_columns(o, ret_error);
	if (r == 0)
		r = resolve_sort(o, ret_error);
	return r;
}
