/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/outputs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "cli/options.h"
#include "cli/resolve.h"
#include "cli/say.h"
#include "model/snapshot.h"
#include "output/outlet.h"
#include "views/filter.h"

#define DIRECTORY_MODE 0750

/* Who the row is about always comes first, whatever columns are asked for. */
static void choose_columns(struct output *o, enum table_id table, const int *column, size_t n)
{
	const struct table_kind *kind = &table_kinds[table];
	int *columns = xcalloc((size_t)kind->columns, sizeof(*columns));
	size_t out = 0;

	for (int i = 0; i < kind->identity; i++)
		columns[out++] = i;
	for (int i = kind->identity; !column && i < kind->columns; i++)
		if (column_by_default(kind, i))
			columns[out++] = i;
	for (size_t i = 0; i < n; i++)
		if (column[i] >= kind->identity)
			columns[out++] = column[i];
	o->columns = columns;
	o->sheet = (struct sheet){ .table = table, .column = columns, .columns = out };
}

/* Cuts "a/b.c" into "a", "b" and ".c". */
static struct outlet *outlet_of_path(const char *path, const char *head, size_t len)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');
	size_t dir_len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	char *dir = slash ? xstrndup(path, dir_len) : xstrdup(".");
	char *name;
	struct outlet *o;

	if (!dot || dot == base)
		dot = base + strlen(base);
	name = xstrndup(base, (size_t)(dot - base));
	o = outlet_file(dir, name, dot, head, len);
	free(dir);
	free(name);
	return o;
}

static struct outlet *outlet_of(
    const struct options *options, const struct sheet *sheet, int stop_fd)
{
	struct text head = { 0 };
	struct outlet *o;

	if (!options->output)
		return outlet_stdout(stop_fd);
	if (!options->output_is_directory && outlet_is_stream(options->output))
		return outlet_stream(options->output, stop_fd);
	text_append(&head, "", 0);
	options->format->head(sheet, &head);
	if (options->output_is_directory)
		o = outlet_file(options->output, table_kinds[sheet->table].name,
		    options->format->suffix, head.p, head.len);
	else
		o = outlet_of_path(options->output, head.p, head.len);
	text_done(&head);
	return o;
}

int outputs_init(struct outputs *o, const struct options *options, int stop_fd, char **ret_error)
{
	char error[FILTER_ERROR_SIZE];

	*o = (struct outputs){ .options = options };
	for (size_t i = 0; i < options->table_count; i++) {
		struct output *out = &o->output[i];
		enum table_id table = options->table[i];

		if (options->filter &&
		    filter_new(table, options->filter, &out->filter, error) < 0) {
			int r = refuse(ret_error, "--filter '%s': %s", options->filter, error);

			outputs_done(o);
			return r;
		}
		choose_columns(out, table, options->column, options->column_count);
		out->outlet = outlet_of(options, &out->sheet, stop_fd);
		o->n++;
	}
	return 0;
}

void outputs_done(struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++) {
		free(o->output[i].columns);
		filter_free(o->output[i].filter);
		outlet_free(o->output[i].outlet);
		free(o->output[i].told_name);
	}
	o->n = 0;
}

unsigned outputs_needs(const struct outputs *o)
{
	unsigned needs = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct table_kind *kind = &table_kinds[o->output[i].sheet.table];

		for (size_t c = 0; c < o->output[i].sheet.columns; c++)
			needs |= column_needs(&kind->column[o->output[i].sheet.column[c]]);
		if (o->options->sort_column >= 0)
			needs |= column_needs(&kind->column[o->options->sort_column]);
		needs |= filter_needs(o->output[i].filter);
	}
	return needs;
}

/* Somebody who reads the file he named should know that it is another. */
static void tell_name(struct output *out)
{
	const char *name = outlet_name(out->outlet);

	if (out->told_name && strcmp(out->told_name, name) != 0)
		complain("%s has other columns; writing to %s", out->told_name, name);
	free(out->told_name);
	out->told_name = xstrdup(name);
}

static int lose(struct outputs *o, struct output *out, int error)
{
	o->was_lost = o->was_lost || error != -EWOULDBLOCK;
	if (!out->is_lost)
		complain("%s", outlet_error(out->outlet));
	out->is_lost = true;
	return outlet_may_recover(error) ? 0 : error;
}

/* Only itself, not what leads to it; whoever has mistyped its name shall see so. */
static int make_directory(const struct options *options)
{
	if (!options->output_is_directory)
		return 0;
	if (mkdir(options->output, DIRECTORY_MODE) == 0) {
		complain("made the directory %s", options->output);
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	complain("%s: %s", options->output, strerror(errno));
	return -errno;
}

static int open_output(struct outputs *o, struct output *out)
{
	int r;

	if (!out->told_name)
		out->told_name = xstrdup(outlet_name(out->outlet));
	r = outlet_open(out->outlet);
	if (r < 0)
		return lose(o, out, r);
	tell_name(out);
	out->has_head = out->has_head || outlet_has_head(out->outlet);
	return 0;
}

int outputs_open(struct outputs *o)
{
	int r = o->is_open ? 0 : make_directory(o->options);

	o->is_open = true;
	for (size_t i = 0; i < o->n && r == 0; i++)
		r = open_output(o, &o->output[i]);
	return r;
}

/* Rows without the value come last, whichever way. */
static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
	const struct options *o = ctx;
	const struct column *c = &table_kinds[o->table[0]].column[o->sort_column];
	double v = 0, w = 0;
	bool has_v, has_w;
	int r;

	if (c->kind == KIND_TEXT) {
		has_v = cell_has(x, o->sort_column);
		has_w = cell_has(y, o->sort_column);
		r = strcmp(cell_text(x, o->sort_column), cell_text(y, o->sort_column));
	} else {
		has_v = cell_value(c, &x->cell[o->sort_column], &v);
		has_w = cell_value(c, &y->cell[o->sort_column], &w);
		r = v > w ? -1 : v < w;
	}
	if (has_v != has_w)
		return has_v ? -1 : 1;
	if (!has_v || r == 0)
		return x->number < y->number ? -1 : x->number > y->number;
	return o->sort_inverted ? -r : r;
}

static size_t choose_rows(
    const struct outputs *o, const struct output *out, const struct snapshot *s, struct row **rows)
{
	const struct table *t = &s->table[out->sheet.table];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (filter_takes(out->filter, t->row[i]))
			rows[n++] = t->row[i];
	if (o->options->sort_column >= 0 && n > 1)
		qsort_r(rows, n, sizeof(*rows), compare_rows, (void *)o->options);
	return n;
}

/* A piece for the output, behind its head where that is still to come: both or none. */
static int write_piece(struct outputs *o, struct output *out, const struct text *rows)
{
	struct text text = { 0 };
	int r;

	if (!out->has_head)
		o->options->format->head(&out->sheet, &text);
	if (rows && rows->len)
		text_append(&text, rows->p, rows->len);
	/* That nothing was to be written does not show that the disk has room again. */
	if (text.len == 0) {
		text_done(&text);
		return 0;
	}
	r = outlet_write(out->outlet, text.p, text.len);
	text_done(&text);
	if (r < 0)
		return lose(o, out, r);
	out->has_head = true;
	if (out->is_lost)
		complain("%s: written again", outlet_name(out->outlet));
	out->is_lost = false;
	return 0;
}

int outputs_begin(struct outputs *o)
{
	int r = 0;

	for (size_t i = 0; i < o->n && r == 0; i++)
		if (!o->output[i].has_head)
			r = write_piece(o, &o->output[i], NULL);
	return r;
}

static int write_output(struct outputs *o, struct output *out, const struct snapshot *s)
{
	size_t rows = s->table[out->sheet.table].n, n;
	struct row **row = xcalloc(rows ? rows : 1, sizeof(struct row *));
	struct text text = { 0 };
	int r = 0;

	n = choose_rows(o, out, s, row);
	o->options->format->sample(&out->sheet, s, row, n, &text);
	if (text.len)
		r = write_piece(o, out, &text);
	text_done(&text);
	free(row);
	return r;
}

int outputs_write(struct outputs *o, const struct snapshot *s)
{
	int r = 0;

	for (size_t i = 0; i < o->n && r == 0; i++)
		r = write_output(o, &o->output[i], s);
	return r;
}

bool outputs_close(struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (outlet_close(o->output[i].outlet) < 0)
			lose(o, &o->output[i], -EIO);
	return !o->was_lost;
}

int outputs_fd(const struct outputs *o)
{
	return o->n ? outlet_fd(o->output[0].outlet) : -1;
}

int outputs_gone(struct outputs *o)
{
	int r = outlet_gone(o->output[0].outlet);

	return r < 0 ? lose(o, &o->output[0], r) : r;
}
