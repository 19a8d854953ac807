/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screen 4, the huge page pools: for each page size what all nodes have together against what
 * guests want, then the nodes that have a part of it. Guests want pages of a size, not of a node.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define GUESTS_MIN 10
/* Columns that only a wide screen has. */
#define WIDE_COLS 100

enum pool_field {
	POOL_OTHER, /* a column that the user added */
	POOL_SIZE,
	POOL_NODE,
	POOL_HAVE,
	POOL_FREE,
	POOL_USED,
	POOL_WANTED,
	POOL_PAGES,
	POOL_FREE_PAGES,
	POOL_SURPLUS,
	POOL_RESERVED,
	POOL_GUESTS,
};

/* All pools of one page size. */
struct sum {
	double size, pages, free, surplus, reserved, wanted;
	bool known, wanted_known;
	const struct row *row; /* any of them: what guests want stands in each */
};

static const struct {
	enum pool_field id;
	int column, width;
	bool wide;
	const char *title;
} pool_fields[] = {
	{ POOL_SIZE, HUGEPOOL_PAGE_SIZE, 5, false, "SIZE" },
	{ POOL_NODE, HUGEPOOL_NODE, 4, false, "NODE" },
	{ POOL_HAVE, HUGEPOOL_TOTAL, 6, false, "HAVE" },
	{ POOL_FREE, HUGEPOOL_FREE, 6, false, "FREE" },
	{ POOL_USED, HUGEPOOL_USED, 6, false, "USED" },
	{ POOL_WANTED, HUGEPOOL_WANTED, 6, false, "WANTED" },
	{ POOL_PAGES, HUGEPOOL_TOTAL, 8, false, "#PAGES" },
	{ POOL_FREE_PAGES, HUGEPOOL_FREE, 8, false, "#FREE" },
	{ POOL_SURPLUS, HUGEPOOL_SURPLUS, 8, true, "#SURPLUS" },
	{ POOL_RESERVED, HUGEPOOL_HOST_RESERVED, 8, true, "#RESERVD" },
};

static struct sum sum_of(const struct page *p, double size)
{
	const struct table *t = &p->now->table[TABLE_HUGEPOOL];
	struct sum sum = { .size = size };

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (cell_number(row, HUGEPOOL_PAGE_SIZE, 0) != size)
			continue;
		sum.row = row;
		sum.known |= cell_has(row, HUGEPOOL_TOTAL);
		sum.pages += cell_number(row, HUGEPOOL_TOTAL, 0);
		sum.free += cell_number(row, HUGEPOOL_FREE, 0);
		sum.surplus += cell_number(row, HUGEPOOL_SURPLUS, 0);
		sum.reserved = fmax(sum.reserved, cell_number(row, HUGEPOOL_HOST_RESERVED, 0));
		sum.wanted_known |= cell_has(row, HUGEPOOL_WANTED);
		sum.wanted = fmax(sum.wanted, cell_number(row, HUGEPOOL_WANTED, 0));
	}
	return sum;
}

/* Bytes that the pools of the size lack for all guests to run; 0: none. */
static double shortage(const struct sum *sum)
{
	double have = sum->pages * sum->size;

	return sum->known && sum->wanted > have ? sum->wanted - have : 0;
}

/* Every kernel has a pool of each size on each node; most are empty and nobody wants them. */
bool memory_takes_pool(const struct page *p, const struct row *row)
{
	(void)p;
	return cell_number(row, HUGEPOOL_TOTAL, 1) > 0 ||
	       cell_number(row, HUGEPOOL_SURPLUS, 0) > 0 ||
	       cell_number(row, HUGEPOOL_WANTED, 0) > 0;
}

static void add_field(
    struct pane *pane, int column, int width, enum pool_field id, const char *title)
{
	struct field *f = pane_field_add(pane, TABLE_HUGEPOOL, column, width);

	f->item = id;
	f->title = title;
	f->sorted = false;
}

void memory_pool_fields(struct page *p, struct pane *pane)
{
	const struct column *columns = table_kinds[TABLE_HUGEPOOL].column;
	size_t n = sizeof(pool_fields) / sizeof(pool_fields[0]);
	int rest;

	pane_fields_begin(p, pane, (int)n + 1 + pane->state->columns);
	for (size_t i = 0; i < n; i++)
		if (!pool_fields[i].wide || p->cols >= WIDE_COLS)
			add_field(pane, pool_fields[i].column, pool_fields[i].width,
			    pool_fields[i].id, pool_fields[i].title);
	for (int i = 0; i < pane->state->columns; i++) {
		int column = pane->state->column[i];

		if (pane->state->added[column] && !pane_shows(pane, column))
			add_field(
			    pane, column, columns[column].width, POOL_OTHER, columns[column].title);
	}
	rest = p->cols - pane_fields_width(pane);
	if (rest >= GUESTS_MIN)
		add_field(pane, HUGEPOOL_GUESTS, rest, POOL_GUESTS,
		    rest < 24 ? "WANTED BY" : "GUESTS THAT WANT THEM");
	else
		pane->needs |= column_needs(&columns[HUGEPOOL_GUESTS]);
}

static bool is_total(const struct line *line)
{
	return line->id.number > 0;
}

double memory_shortage(const struct page *p, const struct line *line)
{
	struct sum sum;

	if (line->table != TABLE_HUGEPOOL || !is_total(line))
		return 0;
	sum = sum_of(p, cell_number(line->row, HUGEPOOL_PAGE_SIZE, 0));
	return shortage(&sum);
}

/* Said in words, for it must not be overlooked. */
static void add_shortage(struct page *p, struct pane *pane, const struct sum *sum)
{
	char lacks[FORMAT_SIZE], wants[FORMAT_SIZE], have[FORMAT_SIZE], size[FORMAT_SIZE];
	struct line *line;

	if (shortage(sum) <= 0)
		return;
	format_size(shortage(sum), 6, lacks);
	format_size(sum->wanted, 6, wants);
	format_size(sum->pages * sum->size, 6, have);
	format_size(sum->size, 5, size);
	line = page_add(p, pane, LINE_NOTE);
	line->text =
	    page_printf(p, "! short by %s (%.0f pages of %s): guests want %s, the pools have %s",
		lacks, ceil(shortage(sum) / sum->size), size, wants, have);
	line->style = STYLE_WARN;
}

/* A node without a page of the size is worth no line below the sum. */
static bool has_part(const struct row *row, double size)
{
	return cell_number(row, HUGEPOOL_PAGE_SIZE, 0) == size &&
	       (cell_number(row, HUGEPOOL_TOTAL, 1) > 0 ||
		   cell_number(row, HUGEPOOL_SURPLUS, 0) > 0);
}

static void add_size(
    struct page *p, struct pane *pane, double size, const struct row **rows, size_t n)
{
	struct sum sum = sum_of(p, size);

	page_add_row(p, pane, TABLE_HUGEPOOL, sum.row)->id.number = 1;
	add_shortage(p, pane, &sum);
	for (size_t i = 0; i < n; i++)
		if (has_part(rows[i], size))
			page_add_row(p, pane, TABLE_HUGEPOOL, rows[i]);
}

void memory_build_pools(struct page *p, struct pane *pane)
{
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);
	double below = INFINITY;

	if (n == 0) {
		pane_build_table(p, pane);
		return;
	}
	page_add_heads(p, pane);
	/* The largest pages first. */
	for (;;) {
		double size = 0;

		for (size_t i = 0; i < n; i++) {
			double v = cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0);

			if (v < below && v > size)
				size = v;
		}
		if (size <= 0)
			break;
		add_size(p, pane, size, rows, n);
		below = size;
	}
}

static void set_size(double bytes, const struct field *f, struct figure *ret)
{
	format_size(bytes, f->width, ret->text);
	ret->style = bytes > 0 ? STYLE_NORMAL : STYLE_DIM;
}

static void set_pages(double pages, const struct field *f, struct figure *ret)
{
	format_integer(pages, f->width, ret->text);
	ret->style = pages > 0 ? STYLE_NORMAL : STYLE_DIM;
}

static void figure_of_sum(const struct sum *sum, const struct field *f, struct figure *ret)
{
	switch ((enum pool_field)f->item) {
	case POOL_HAVE:
		set_size(sum->pages * sum->size, f, ret);
		break;
	case POOL_FREE:
		set_size(sum->free * sum->size, f, ret);
		break;
	case POOL_USED:
		set_size((sum->pages - sum->free) * sum->size, f, ret);
		break;
	case POOL_PAGES:
		set_pages(sum->pages, f, ret);
		break;
	case POOL_FREE_PAGES:
		set_pages(sum->free, f, ret);
		break;
	case POOL_SURPLUS:
		set_pages(sum->surplus, f, ret);
		break;
	case POOL_RESERVED:
		set_pages(sum->reserved, f, ret);
		break;
	default:
		break;
	}
}

/* Pages that are a share of what the node or the host has, as bytes. */
static bool is_in_bytes(const struct field *f)
{
	return f->item == POOL_HAVE || f->item == POOL_FREE;
}

static void figure_of_node(
    const struct page *p, const struct line *line, const struct field *f, struct figure *ret)
{
	double v;

	switch ((enum pool_field)f->item) {
	case POOL_SIZE:
	case POOL_WANTED:
	case POOL_RESERVED:
	case POOL_GUESTS:
		return; /* of all nodes together: they stand above */
	default:
		break;
	}
	figure_of_cell(p, f->column, &line->row->cell[f->number], f->width, ret);
	if (is_in_bytes(f) && cell_value(f->column, &line->row->cell[f->number], &v))
		set_size(v * cell_number(line->row, HUGEPOOL_PAGE_SIZE, 0), f, ret);
}

bool memory_pool_figure(
    const struct page *p, const struct line *line, const struct field *f, struct figure *ret)
{
	struct sum sum;

	if (!is_total(line)) {
		figure_of_node(p, line, f, ret);
		return true;
	}
	sum = sum_of(p, cell_number(line->row, HUGEPOOL_PAGE_SIZE, 0));
	if (f->item == POOL_NODE) {
		snprintf(ret->text, sizeof(ret->text), "all");
		return true;
	}
	figure_of_cell(p, f->column, &line->row->cell[f->number], f->width, ret);
	if (sum.known)
		figure_of_sum(&sum, f, ret);
	if (f->item == POOL_WANTED && shortage(&sum) > 0)
		ret->mark = MARK_WARN;
	return true;
}
