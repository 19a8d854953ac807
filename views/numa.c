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
#include "views/advice.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define NAME_MIN 12
#define NAME_MAX 32
#define HOW_WIDTH 12
/* Blanks that set nodes apart, where there is room. */
#define GAP_MAX 3
#define WHOLE_WIDTH 5
/* All nodes together: what stands in place of a node's number + 1. */
#define ALL_NODES 0
#define TOTAL_WIDTH 5
/* Whole seconds, minutes or hours. */
#define AGE_WIDTH 3
/* vCPU time that deserves a star. */
#define RAN_RATIO 0.005
#define STAR_HINT "* vCPUs ran there"

/* The widths of a node's two columns; that for time may be missing. */
struct measure {
	int memory, run;
};

static const struct measure measures[] = {
	{ 6, 6 },
	{ 6, 5 },
	{ 5, 4 },
	{ 6, 0 },
	{ 5, 0 },
};

/* What stands above the guests. */
enum total { TOTAL_HAS, TOTAL_FREE, TOTAL_GUESTS, TOTALS };

static int node_width(const struct measure *m)
{
	return m->memory + 1 + (m->run ? m->run + 1 : 0);
}

/* What stands before the nodes: name, what the user chose, the sum of all nodes. */
static int left_width(const struct pane *pane)
{
	int width = MARGIN + NAME_MIN + 1 + TOTAL_WIDTH + 1;

	for (int i = 0; i < pane->state->columns; i++)
		if (pane->state->column[i] != DOMAIN_NAME)
			width += table_kinds[TABLE_DOMAIN].column[pane->state->column[i]].width + 1;
	return width;
}

static const struct measure *choose_measure(const struct pane *pane, int nodes, int cols)
{
	size_t n = sizeof(measures) / sizeof(measures[0]);

	for (size_t i = 0; i < n; i++)
		if (left_width(pane) + nodes * node_width(&measures[i]) <= cols + 1)
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
	int room = (p->cols + 1 - left_width(pane)) / node_width(m);
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
		    "%d of %d nodes have room here: Left and Right show the others.%s", room, nodes,
		    m->run ? "" : "   " STAR_HINT);
	else if (nodes && !m->run)
		p->hint = STAR_HINT;
	return room;
}

void numa_fields(struct page *p, struct pane *pane)
{
	const struct table *t = p->now ? &p->now->table[TABLE_NODE] : NULL;
	int nodes = t ? (int)t->n : 0;
	const struct measure *m = choose_measure(pane, nodes, p->cols);
	int shown = choose_nodes(p, pane, m, nodes), rest, name, gap;
	struct field *all;

	rest = p->cols + 1 - left_width(pane) - shown * node_width(m);
	name = pane_text_width(p, pane, DOMAIN_NAME, rest > 0 ? NAME_MIN + rest : NAME_MIN);
	if (name > NAME_MAX)
		name = NAME_MAX;
	rest -= name - NAME_MIN;
	if (rest > HOW_WIDTH + 2)
		rest -= HOW_WIDTH + 2;
	gap = shown ? rest / shown : 0;
	if (gap > GAP_MAX)
		gap = GAP_MAX;
	pane_fields_begin(p, pane, 2 * shown + 3 + pane->state->columns);
	pane_field_add(pane, TABLE_DOMAIN, DOMAIN_NAME, name);
	for (int i = 0; i < pane->state->columns; i++)
		if (pane->state->column[i] != DOMAIN_NAME)
			pane_field_add(pane, TABLE_DOMAIN, pane->state->column[i],
			    table_kinds[TABLE_DOMAIN].column[pane->state->column[i]].width);
	all = pane_field_add(pane, TABLE_PLACEMENT, PLACEMENT_MEMORY, TOTAL_WIDTH);
	all->item = ALL_NODES;
	all->title = "TOTAL";
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
		page_add_empty(p, pane);
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

static void figure_of_time(const struct page *p, const struct column *column,
    const struct cell *cell, int width, struct figure *ret)
{
	double v;

	figure_of_cell(p, column, cell, width, ret);
	if (cell_value(column, cell, &v))
		print_time(v, width, ret);
}

/* What all nodes have together, or what a guest has on all of them. */
static void figure_of_sum(
    const struct page *p, enum table_id t, const struct row *domain, int column, struct figure *ret)
{
	const struct table *table = &p->now->table[t];
	double sum = 0;
	bool any = false;

	for (size_t i = 0; i < table->n; i++) {
		if ((domain && table->row[i]->domain != domain) || !cell_has(table->row[i], column))
			continue;
		sum += cell_number(table->row[i], column, 0);
		any = true;
	}
	ret->style = any && sum > 0 ? STYLE_NORMAL : STYLE_DIM;
	if (any)
		format_size(sum, TOTAL_WIDTH, ret->text);
	else
		figure_of_nothing(p, &table_kinds[t].column[column], ret);
}

static void figure_of_node(const struct page *p, const struct pane *pane, int total,
    const struct field *f, struct figure *ret)
{
	static const int memory[TOTALS] = { NODE_TOTAL, NODE_FREE, NODE_GUEST_MEMORY };
	const struct measure *m = pane->own;
	const struct row *node;
	int column = f->number == PLACEMENT_MEMORY ? memory[total] : NODE_GUEST_RUN;
	int width = f->width - (f->number == PLACEMENT_MEMORY && !m->run);
	enum mark mark = MARK_NONE;
	double v;

	if (f->item == ALL_NODES) {
		figure_of_sum(p, TABLE_NODE, NULL, column, ret);
		return;
	}
	node = snapshot_find(p->now, TABLE_NODE, key_host(f->item - 1));
	if (!node)
		return;
	if (f->number == PLACEMENT_RUN && total != TOTAL_GUESTS) {
		if (node_time(node, total, &v))
			print_time(v, width, ret);
	} else if (f->number == PLACEMENT_RUN) {
		figure_of_time(
		    p, &table_kinds[TABLE_NODE].column[column], &node->cell[column], width, ret);
	} else {
		figure_of_cell(
		    p, &table_kinds[TABLE_NODE].column[column], &node->cell[column], width, ret);
		mark = mark_in(p->now, TABLE_NODE, node, column);
	}
	if (width < f->width) {
		append(ret, *mark_sign(mark));
		ret->style = mark_style(mark, ret->style);
	} else {
		ret->mark = mark;
	}
}

/* A row of a guest's placement that tells how it was read, or NULL; and the largest error. */
static const struct row *reading_of(
    const struct page *p, const struct row *domain, double *ret_error)
{
	const struct table *t = &p->now->table[TABLE_PLACEMENT];
	const struct row *read = NULL;
	double error = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (row->domain != domain || !cell_has(row, PLACEMENT_METHOD))
			continue;
		read = row;
		if (cell_number(row, PLACEMENT_ERROR, 0) > error)
			error = cell_number(row, PLACEMENT_ERROR, 0);
	}
	*ret_error = error;
	return read;
}

static const char *age_of(const struct row *read, char buf[FORMAT_SIZE])
{
	if (cell_number(read, PLACEMENT_AGE, 0) < 1)
		snprintf(buf, FORMAT_SIZE, "now");
	else
		format_time(floor(cell_number(read, PLACEMENT_AGE, 0)), AGE_WIDTH, buf);
	return buf;
}

const char *numa_reading(struct page *p, const struct row *domain)
{
	const struct row *read;
	const char *method, *ago;
	char age[FORMAT_SIZE], off[FORMAT_SIZE];
	double error;

	read = p->now ? reading_of(p, domain, &error) : NULL;
	if (!read && p->now &&
	    (page_awaits(p, NEEDS(SRC_PLACEMENT)) ||
		page_awaits_guest(p, domain, NEEDS(SRC_PLACEMENT))))
		return "where its memory lies was not read yet";
	if (!read)
		return "where its memory lies is not known: screen 0 says why";
	method = cell_text(read, PLACEMENT_METHOD);
	ago = strcmp(age_of(read, age), "now") == 0 ? "" : " ago";
	format_decimal(error * 100, 4, off);
	if (error > 0)
		return page_printf(p, "%s, ±%s points, %s%s", method, off, age, *ago ? " old" : "");
	if (strcmp(method, "exact") == 0)
		return page_printf(p, "read exactly %s%s", age, ago);
	return page_printf(p, "read from its %s %s%s", method, age, ago);
}

/* The same in a column. */
static void figure_of_reading(const struct page *p, const struct row *domain, struct figure *ret)
{
	double error;
	const struct row *read = reading_of(p, domain, &error);
	char age[FORMAT_SIZE], off[FORMAT_SIZE];

	ret->align = ALIGN_LEFT;
	ret->style = STYLE_DIM;
	if (!read)
		return;
	age_of(read, age);
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
	const struct row *row;
	int width = f->width - !m->run;

	if (f->item == ALL_NODES) {
		figure_of_sum(p, TABLE_PLACEMENT, line->row, PLACEMENT_MEMORY, ret);
		return;
	}
	row = snapshot_find(p->now, TABLE_PLACEMENT, key_of(line->row->key, f->item));
	if (row && f->number == PLACEMENT_RUN)
		figure_of_time(p, f->column, &row->cell[f->number], width, ret);
	else if (row)
		figure_of_cell(p, f->column, &row->cell[f->number], width, ret);
	if (!row || strcmp(ret->text, "0") == 0 || strcmp(ret->text, "0.0") == 0)
		figure_of_nothing(p, f->column, ret);
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
