/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "model/snapshot.h"
#include "output/status.h"
#include "output/writer.h"

/* Above this a double no longer tells whole numbers apart. */
#define EXACT_MAX 9007199254740992.0
#define SMALL_BELOW 0.001

void csv_text(struct text *out, const char *s)
{
	/* Blanks at the ends are part of a field, but some readers trim them unless it is quoted.
	 */
	if (!strpbrk(s, ",\"\r\n") && s[0] != ' ' && (s[0] == '\0' || s[strlen(s) - 1] != ' ')) {
		print_text(out, s);
		return;
	}
	text_append(out, "\"", 1);
	for (; *s; s++) {
		if (*s == '"')
			text_append(out, "\"", 1);
		text_append(out, s, 1);
	}
	text_append(out, "\"", 1);
}

void csv_number(struct text *out, double v)
{
	char buf[352];
	size_t len;

	if (!isfinite(v))
		return;
	/* What takes microseconds would be a single digit; nothing that is read is finer than ns.
	 */
	snprintf(buf, sizeof(buf),
	    fabs(v) >= EXACT_MAX    ? "%.0f"
	    : fabs(v) < SMALL_BELOW ? "%.9f"
				    : "%.6f",
	    v);
	len = strlen(buf);
	if (strchr(buf, '.')) {
		while (buf[len - 1] == '0')
			len--;
		if (buf[len - 1] == '.')
			len--;
		buf[len] = '\0';
	}
	print_text(out, strcmp(buf, "-0") == 0 ? "0" : buf);
}

static void put_cell(const struct column *c, const struct cell *cell, struct text *out)
{
	double v;

	if (c->kind == KIND_TEXT) {
		if ((cell->state == STATE_OK || cell->state == STATE_STALE) && cell->text)
			csv_text(out, cell->text);
	} else if (cell_value(c, cell, &v)) {
		csv_number(out, v);
	}
}

void csv_head(const struct sheet *sheet, struct text *out)
{
	const struct column *column = table_kinds[sheet->table].column;
	char name[96];

	print_text(out, "time,interval_seconds");
	for (size_t i = 0; i < sheet->columns; i++) {
		column_csv_name(&column[sheet->column[i]], name, sizeof(name));
		print_text(out, ",");
		csv_text(out, name);
	}
	print_text(out, ",status\n");
}

void csv_sample(const struct sheet *sheet, const struct snapshot *s, struct row *const *row,
    size_t n, struct text *out)
{
	const struct column *column = table_kinds[sheet->table].column;
	enum status source[SOURCES];
	char stamp[32];

	status_sources(s, source);
	clock_stamp(s->moment.wall_ns, stamp, sizeof(stamp));
	for (size_t r = 0; r < n; r++) {
		print_text(out, stamp);
		print_text(out, ",");
		csv_number(out, (double)s->interval_ns / (double)NS_PER_SEC);
		for (size_t i = 0; i < sheet->columns; i++) {
			int c = sheet->column[i];

			print_text(out, ",");
			put_cell(&column[c], &row[r]->cell[c], out);
		}
		print_format(out, ",%s\n", status_name(status_row(sheet, row[r], source)));
	}
}
