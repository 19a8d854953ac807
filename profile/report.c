/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitize.h"
#include "base/xalloc.h"

static char *clean(const char *text)
{
	return sanitize_dup(text, strlen(text));
}

struct report *report_new(const char *guest, uint32_t pid)
{
	struct report *r = xcalloc(1, sizeof(*r));

	r->guest = clean(guest);
	r->pid = pid;
	for (enum cpu_mode m = 0; m < CPU_MODES; m++)
		r->mode_name[m] = cpu_mode_name(m);
	return r;
}

static void row_done(struct report_row *row)
{
	free(row->thread);
	free(row->object);
	free(row->symbol);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->rows; i++)
		row_done(&r->row[i]);
	free(r->row);
	free(r->guest);
	names_done(&r->notes);
	names_done(&r->commands);
	free(r);
}

void report_add(struct report *r, enum cpu_mode mode, const char *thread, const char *object,
    const char *symbol, uint64_t ip, uint64_t samples, uint64_t weight)
{
	r->row = xgrow(r->row, r->rows, &r->cap, sizeof(*r->row));
	r->row[r->rows++] = (struct report_row){
		.mode = mode,
		.mode_name = cpu_mode_name(mode),
		.mode_letter = cpu_mode_letter(mode),
		.thread = clean(thread),
		.object = clean(object),
		.symbol = symbol ? clean(symbol) : xasprintf("0x%" PRIx64, ip),
		.samples = samples,
		.weight = weight,
	};
	r->samples += samples;
	r->weight += weight;
	r->mode_share[mode] += (double)weight;
}

static int compare_names(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;
	int order = (int)x->mode - (int)y->mode;

	if (order == 0)
		order = strcmp(x->thread, y->thread);
	if (order == 0)
		order = strcmp(x->object, y->object);
	return order ? order : strcmp(x->symbol, y->symbol);
}

static int compare_weight(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return compare_names(a, b);
}

static void merge(struct report *r)
{
	size_t n = 0;

	if (r->rows > 1)
		qsort(r->row, r->rows, sizeof(*r->row), compare_names);
	for (size_t i = 0; i < r->rows; i++) {
		if (n > 0 && compare_names(&r->row[n - 1], &r->row[i]) == 0) {
			r->row[n - 1].samples += r->row[i].samples;
			r->row[n - 1].weight += r->row[i].weight;
			row_done(&r->row[i]);
			continue;
		}
		r->row[n++] = r->row[i];
	}
	r->rows = n;
}

void report_finish(struct report *r)
{
	double whole = (double)r->weight;

	merge(r);
	if (r->rows > 1)
		qsort(r->row, r->rows, sizeof(*r->row), compare_weight);
	for (size_t i = 0; i < r->rows; i++)
		r->row[i].share = whole > 0 ? (double)r->row[i].weight / whole : 0;
	for (int m = 0; m < CPU_MODES; m++)
		r->mode_share[m] = whole > 0 ? r->mode_share[m] / whole : 0;
}

void report_note(struct report *r, const char *format, ...)
{
	va_list args;
	char *line, *safe;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		return;
	safe = clean(line);
	names_add(&r->notes, safe, strlen(safe));
	free(safe);
	free(line);
}
