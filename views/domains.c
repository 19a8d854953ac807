/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 1: guests, and the threads of those that are unfolded. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "views/advice.h"
#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

/* " ├ iothread 12" */
#define ROOMY_WIDTH 14
#define IOTHREAD "iothread "

int thread_column_for(enum table_id child, int domain_column)
{
	static const struct {
		int domain, vcpu, thread;
	} columns[] = {
		{ DOMAIN_STATE, VCPU_STATE, THREAD_STATE },
		{ DOMAIN_CPU, VCPU_RUN, THREAD_RUN },
		{ DOMAIN_VCPU_RUN, VCPU_RUN, -1 },
		{ DOMAIN_WAIT, VCPU_WAIT, THREAD_WAIT },
		{ DOMAIN_WAIT_WORST, VCPU_WAIT, THREAD_WAIT },
		{ DOMAIN_GUEST, VCPU_GUEST, -1 },
		{ DOMAIN_EXITS, VCPU_EXITS, -1 },
		{ DOMAIN_RUN_NODES, VCPU_NODE, THREAD_NODE },
		{ DOMAIN_PID, VCPU_TID, THREAD_TID },
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (columns[i].domain == domain_column)
			return child == TABLE_VCPU ? columns[i].vcpu : columns[i].thread;
	return -1;
}

static size_t find_unfolded(const struct ui *ui, struct key key)
{
	size_t i = 0;

	while (i < ui->unfolded_n && !key_equal(ui->unfolded[i], key))
		i++;
	return i;
}

static void unfold(struct ui *ui, struct key key)
{
	ui->unfolded =
	    xgrow(ui->unfolded, ui->unfolded_n, &ui->unfolded_cap, sizeof(*ui->unfolded));
	ui->unfolded[ui->unfolded_n++] = key;
}

void domains_fold(struct ui *ui, const struct snapshot *now, const struct row *domain)
{
	const struct table *t = &now->table[TABLE_DOMAIN];
	size_t i;

	if (domain) {
		i = find_unfolded(ui, domain->key);
		if (i < ui->unfolded_n)
			ui->unfolded[i] = ui->unfolded[--ui->unfolded_n];
		else
			unfold(ui, domain->key);
	} else if (ui->unfolded_n) {
		ui->unfolded_n = 0;
	} else {
		for (i = 0; i < t->n; i++)
			unfold(ui, t->row[i]->key);
	}
}

/* vCPUs by their numbers, then the other threads by what they do. */
static int compare_children(const void *left, const void *right, void *arg)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	enum table_id t = *(enum table_id *)arg;
	int number = t == TABLE_VCPU ? VCPU_NUMBER : THREAD_TID;
	double na = cell_number(a, number, 0), nb = cell_number(b, number, 0);
	int r = t == TABLE_THREAD ? strverscmp(cell_text(a, THREAD_ROLE), cell_text(b, THREAD_ROLE))
				  : 0;

	if (r == 0)
		r = (na > nb) - (na < nb);
	return r ? r : (a->number > b->number) - (a->number < b->number);
}

static size_t children_of(
    const struct page *p, const struct row *domain, enum table_id t, const struct row **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < p->now->table[t].n; i++)
		if (p->now->table[t].row[i]->domain == domain)
			ret[n++] = p->now->table[t].row[i];
	qsort_r(ret, n, sizeof(*ret), compare_children, &t);
	return n;
}

/* In a narrow column the branch loses its blanks, and what is not said at full length is said by
 * its own name: "iothread mon_iothread". */
static const char *tree_label(struct page *p, const struct pane *pane, bool last, const char *name)
{
	int width = pane->fields ? pane->field[0].width : 0;
	bool roomy = width >= ROOMY_WIDTH;
	size_t role = strlen(IOTHREAD);

	if (strncmp(name, IOTHREAD, role) == 0 && text_width(name) > width - (roomy ? 3 : 1))
		name += role;
	return page_printf(
	    p, "%s%s%s%s", roomy ? " " : "", last ? "└" : "├", roomy ? " " : "", name);
}

static void add_children(struct page *p, struct pane *pane, const struct row *domain)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD };
	size_t most = p->now->table[TABLE_VCPU].n + p->now->table[TABLE_THREAD].n;
	const struct row **child = arena_alloc(p->arena, (most + 1) * sizeof(*child));
	size_t n = 0, vcpus = 0;

	for (int i = 0; i < 2; i++) {
		n += children_of(p, domain, tables[i], child + n);
		if (i == 0)
			vcpus = n;
	}
	for (size_t i = 0; i < n; i++) {
		struct line *line =
		    page_add_row(p, pane, i < vcpus ? TABLE_VCPU : TABLE_THREAD, child[i]);
		const char *name = cell_text(child[i], THREAD_ROLE);

		if (i < vcpus)
			name = page_printf(p, "vCPU %.0f", cell_number(child[i], VCPU_NUMBER, 0));
		line->label = tree_label(p, pane, i + 1 == n, name);
	}
}

void domains_build(struct page *p, struct pane *pane)
{
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);

	if (n == 0) {
		pane_build_table(p, pane);
		return;
	}
	page_add_heads(p, pane);
	for (size_t i = 0; i < n; i++) {
		page_add_row(p, pane, TABLE_DOMAIN, rows[i]);
		if (find_unfolded(p->ui, rows[i]->key) < p->ui->unfolded_n)
			add_children(p, pane, rows[i]);
	}
}

bool domains_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret)
{
	int column;

	if (line->table == TABLE_DOMAIN)
		return false;
	if (field->number == DOMAIN_NAME) {
		ret->foreign = line->label;
		ret->align = ALIGN_LEFT;
		return true;
	}
	column = thread_column_for(line->table, field->number);
	if (column >= 0)
		figure_of_cell(p, &table_kinds[line->table].column[column],
		    &line->row->cell[column], field->width, ret);
	/* By the limits of what it is, not of the guest above it. */
	if (column >= 0 && field->width > 1)
		ret->mark = mark_in(p->now, line->table, line->row, column);
	if (field->column->kind == KIND_TEXT)
		ret->align = ALIGN_LEFT;
	return true;
}
