/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screen 3: a row for each guest, a pair of columns for each node: how much of the guest's memory
 * lies there, and how much of its vCPUs' time was spent there. Where there is no room for both,
 * memory alone is shown, and a star where vCPUs ran.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define NAME_MIN 12
#define NAME_MAX 32
#define HOW_WIDTH 12
/* Blanks that set nodes apart, where there is room. */
#define GAP_MAX 3
#define WHOLE_WIDTH 5
/* vCPU time that deserves a star. */
#define RAN_RATIO 0.005

/* The widths of a node's two columns; those for time may be missing. */
struct measure {
	int memory, run;
	bool home;
};

static const struct measure measures[] = {
	{ 6, 6, true },
	{ 6, 5, true },
	{ 6, 5, false },
	{ 5, 4, true },
	{ 5, 4, false },
	{ 6, 0, true },
	{ 6, 0, false },
};

/* What stands above the guests. */
enum total { TOTAL_HAS, TOTAL_FREE, TOTAL_GUESTS, TOTALS };

static int node_width(const struct measure *m)
{
	return m->memory + 1 + (m->run ? m->run + 1 : 0);
}

/* What stands before the nodes: name, home where there is room, and what the user chose. */
static bool is_left(const struct pane *pane, const struct measure *m, int column)
{
	if (column == DOMAIN_NAME)
		return false; /* always there, and as wide as may be */
	return m->home || column != DOMAIN_HOME || pane->state->added[column];
}

static int left_width(const struct pane *pane, const struct measure *m)
{
	int width = MARGIN + NAME_MIN + 1;

	for (int i = 0; i < pane->state->columns; i++)
		if (is_left(pane, m, pane->state->column[i]))
			width += table_kinds[TABLE_DOMAIN].column[pane->state->column[i]].width + 1;
	return width;
}

static const struct measure *choose_measure(const struct pane *pane, int nodes, int cols)
{
	size_t n = sizeof(measures) / sizeof(measures[0]);

	for (size_t i = 0; i < n; i++)
		if (left_width(pane, &measures[i]) + nodes * node_width(&measures[i]) <= cols + 1)
			return &measures[i];
	return &measures[n - 1];
}

static void add_node(
    struct page *p, struct pane *pane, const struct measure *m, double node, int gap)
{
	struct field *f;

	f = pane_field_add(pane, TABLE_PLACEMENT, PLACEMENT_MEMORY, m->memory);
	f->x += gap;
	f->item = (uint64_t)node + 1;
	f->title =
	    page_printf(p, m->run && m->memory >= 6 && node < 100 ? "N%.0f MEM" : "N%.0f", node);
	if (!m->run)
		return;
	f = pane_field_add(pane, TABLE_PLACEMENT, PLACEMENT_RUN, m->run);
	f->item = (uint64_t)node + 1;
}

/* Which nodes are shown, when not all are. */
static int choose_nodes(struct page *p, const struct pane *pane, const struct measure *m, int nodes)
{
	int room = (p->cols + 1 - left_width(pane, m)) / node_width(m);
	int *first = &p->ui->first_node;

	if (room < 1)
		room = 1;
	if (room > nodes)
		room = nodes;
	if (*first > nodes - room)
		*first = nodes - room;
	if (*first < 0)
		*first = 0;
	if (room < nodes)
		p->hint = page_printf(p,
		    "%d of %d nodes have room here: Left and Right show the others.", room, nodes);
	return room;
}

void numa_fields(struct page *p, struct pane *pane)
{
	const struct table *t = p->now ? &p->now->table[TABLE_NODE] : NULL;
	int nodes = t ? (int)t->n : 0;
	const struct measure *m = choose_measure(pane, nodes, p->cols);
	int shown = choose_nodes(p, pane, m, nodes), rest, name, gap;

	rest = p->cols + 1 - left_width(pane, m) - shown * node_width(m);
	name = pane_text_width(p, pane, DOMAIN_NAME, rest > 0 ? NAME_MIN + rest : NAME_MIN);
	if (name > NAME_MAX)
		name = NAME_MAX;
	rest -= name - NAME_MIN;
	if (rest > HOW_WIDTH + 2)
		rest -= HOW_WIDTH + 2;
	gap = shown ? rest / shown : 0;
	if (gap > GAP_MAX)
		gap = GAP_MAX;
	pane_fields_begin(p, pane, 2 * shown + 2 + pane->state->columns);
	pane_field_add(pane, TABLE_DOMAIN, DOMAIN_NAME, name);
	for (int i = 0; i < pane->state->columns; i++)
		if (is_left(pane, m, pane->state->column[i]))
			pane_field_add(pane, TABLE_DOMAIN, pane->state->column[i],
			    table_kinds[TABLE_DOMAIN].column[pane->state->column[i]].width);
	for (int i = 0; i < shown; i++)
		add_node(
		    p, pane, m, cell_number(t->row[p->ui->first_node + i], NODE_NUMBER, i), gap);
	if (pane_fields_width(pane) + 1 + HOW_WIDTH <= p->cols) {
		struct field *how =
		    pane_field_add(pane, TABLE_PLACEMENT, PLACEMENT_METHOD, HOW_WIDTH);

		how->x++;
		how->title = "HOW READ";
	}
	pane->own = m;
}

void numa_build(struct page *p, struct pane *pane)
{
	static const char *const labels[TOTALS] = {
		[TOTAL_HAS] = "node has",
		[TOTAL_FREE] = "node free",
		[TOTAL_GUESTS] = "all guests",
	};
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);

	if (n == 0 && p->now->table[TABLE_NODE].n == 0) {
		pane_build_table(p, pane);
		return;
	}
	page_add_heads(p, pane);
	for (int i = 0; i < TOTALS; i++) {
		struct line *line = page_add(p, pane, LINE_ROW);

		line->selectable = false;
		line->table = TABLE_NODE;
		line->label = labels[i];
		line->id.number = i;
	}
	p->pinned = p->lines;
	for (size_t i = 0; i < n; i++)
		page_add_row(p, pane, TABLE_DOMAIN, rows[i]);
	if (n == 0)
		page_add_note(p, pane, pane->part->empty);
}

/* Capacity in time is a CPU each: 100 %. */
static bool node_time(const struct row *node, int total, double *ret)
{
	double cpus = cell_number(node, NODE_CPU_COUNT, 0);

	*ret = cpus;
	if (total == TOTAL_FREE) {
		*ret = cpus * (1 - cell_number(node, NODE_BUSY, 1));
		return cell_has(node, NODE_BUSY);
	}
	return cell_has(node, NODE_CPU_COUNT);
}

static void append(struct figure *figure, char c)
{
	size_t len = strlen(figure->text);

	if (len + 1 < sizeof(figure->text)) {
		figure->text[len] = c;
		figure->text[len + 1] = '\0';
	}
}

/* In a narrow column all percentages lose their fraction, lest 90.0 stand above 270. */
static void print_time(double ratio, int width, struct figure *ret)
{
	if (width < WHOLE_WIDTH)
		format_integer(ratio * 100, width, ret->text);
	else
		format_percent(ratio, width, ret->text);
}

static void figure_of_time(
    const struct column *column, const struct cell *cell, int width, struct figure *ret)
{
	double v;

	figure_of_cell(column, cell, width, ret);
	if (cell_value(column, cell, &v))
		print_time(v, width, ret);
}

static void figure_of_node(const struct page *p, const struct pane *pane, int total,
    const struct field *f, struct figure *ret)
{
	static const int memory[TOTALS] = { NODE_TOTAL, NODE_FREE, NODE_GUEST_MEMORY };
	const struct measure *m = pane->own;
	const struct row *node = snapshot_find(p->now, TABLE_NODE, key_host(f->item - 1));
	int column = f->number == PLACEMENT_MEMORY ? memory[total] : NODE_GUEST_RUN;
	int width = f->width - (f->number == PLACEMENT_MEMORY && !m->run);
	double v;

	if (!node)
		return;
	if (f->number == PLACEMENT_RUN && total != TOTAL_GUESTS) {
		if (node_time(node, total, &v))
			print_time(v, width, ret);
	} else if (f->number == PLACEMENT_RUN) {
		figure_of_time(
		    &table_kinds[TABLE_NODE].column[column], &node->cell[column], width, ret);
	} else {
		figure_of_cell(
		    &table_kinds[TABLE_NODE].column[column], &node->cell[column], width, ret);
	}
	if (width < f->width)
		append(ret, ' ');
}

/* The reading of a guest's placement: how, and how old it is. */
static void figure_of_reading(const struct page *p, const struct row *domain, struct figure *ret)
{
	const struct table *t = &p->now->table[TABLE_PLACEMENT];
	const struct row *read = NULL;
	double error = 0;
	char age[FORMAT_SIZE], off[FORMAT_SIZE];

	ret->align = ALIGN_LEFT;
	ret->style = STYLE_DIM;
	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (row->domain != domain || !cell_has(row, PLACEMENT_METHOD))
			continue;
		read = row;
		if (cell_number(row, PLACEMENT_ERROR, 0) > error)
			error = cell_number(row, PLACEMENT_ERROR, 0);
	}
	if (!read)
		return;
	if (cell_number(read, PLACEMENT_AGE, 0) < 1)
		snprintf(age, sizeof(age), "now");
	else
		format_time(floor(cell_number(read, PLACEMENT_AGE, 0)), 4, age);
	format_decimal(error * 100, 4, off);
	if (error > 0)
		snprintf(ret->text, sizeof(ret->text), "±%.8s%% %.8s", off, age);
	else
		snprintf(ret->text, sizeof(ret->text), "%.6s %.8s",
		    cell_text(read, PLACEMENT_METHOD), age);
}

static bool ran_on(const struct row *row)
{
	return cell_number(row, PLACEMENT_RUN, 0) >= RAN_RATIO;
}

static void figure_of_memory(
    const struct page *p, const struct line *line, const struct field *f, struct figure *ret)
{
	const struct measure *m = line->pane->own;
	const struct row *row =
	    snapshot_find(p->now, TABLE_PLACEMENT, key_of(line->row->key, f->item));
	int width = f->width - !m->run;

	if (row && f->number == PLACEMENT_RUN)
		figure_of_time(f->column, &row->cell[f->number], width, ret);
	else if (row)
		figure_of_cell(f->column, &row->cell[f->number], width, ret);
	if (!row || strcmp(ret->text, "0") == 0 || strcmp(ret->text, "0.0") == 0) {
		snprintf(ret->text, sizeof(ret->text), "-");
		ret->style = STYLE_DIM;
	}
	/* The home node is easier to find when it stands out. */
	if (f->number == PLACEMENT_MEMORY && ret->style == STYLE_NORMAL &&
	    cell_number(line->row, DOMAIN_HOME, -1) == (double)(f->item - 1))
		ret->style = STYLE_VALUE;
	if (width < f->width)
		append(ret, row && ran_on(row) ? '*' : ' ');
}

bool numa_figure(
    const struct page *p, const struct line *line, const struct field *f, struct figure *ret)
{
	bool total = line->table == TABLE_NODE;

	if (f->number == PLACEMENT_METHOD && f->table == TABLE_PLACEMENT) {
		if (!total)
			figure_of_reading(p, line->row, ret);
		return true;
	}
	if (total) {
		if (f->joined)
			figure_of_node(p, line->pane, line->id.number, f, ret);
		if (f->table == TABLE_DOMAIN && f->number == DOMAIN_NAME) {
			ret->foreign = line->label;
			ret->align = ALIGN_LEFT;
			ret->style = STYLE_LABEL;
		}
		return true;
	}
	if (!f->joined)
		return false;
	figure_of_memory(p, line, f, ret);
	return true;
}
