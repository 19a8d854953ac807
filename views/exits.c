/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Screen 7, exits: why guests are left, what each of them does, and what looking at it costs. How
 * it was found out stands above, for a figure that was sampled is worth less than one that was
 * counted.
 */
#include <stdio.h>
#include <string.h>

#include "views/page.h"
#include "views/parts.h"

/* The whole host's figures: of all rows together. */
struct sum {
	double exits, off, watch;
	bool any;
	const char *method;
};

static struct sum sum_of(const struct snapshot *now)
{
	const struct table *t = &now->table[TABLE_HOST_EXIT];
	struct sum sum = { .method = "" };

	for (size_t i = 0; i < t->n; i++) {
		double v = cell_number(t->row[i], EXIT_COUNT, 0);

		if (strcmp(cell_text(t->row[i], EXIT_KIND), "user") == 0)
			continue;
		sum.any = true;
		sum.exits += v;
		/* An old capture does not tell the error of all: then it is that of each at most.
		 */
		sum.off += v * cell_number(t->row[i], EXIT_ERROR_ALL,
				   cell_number(t->row[i], EXIT_ERROR, 0));
		sum.method = cell_text(t->row[i], EXIT_METHOD);
	}
	t = &now->table[TABLE_DOMAIN];
	for (size_t i = 0; i < t->n; i++)
		sum.watch += cell_number(t->row[i], DOMAIN_WATCH_COST, 0);
	return sum;
}

static const struct row *source_row(const struct snapshot *now)
{
	return snapshot_find(now, TABLE_SOURCE, key_host(SRC_EXITS));
}

/* "41.2k exits/s ±2.1 %; watching costs the guests 0.3 % of a CPU, kvmtop 0.2 %." */
static void add_sum(struct page *p, struct pane *pane, const struct sum *sum)
{
	const struct row *source = source_row(p->now);
	char exits[FORMAT_SIZE], off[FORMAT_SIZE], watch[FORMAT_SIZE], own[FORMAT_SIZE] = "";
	double v, error = sum->exits > 0 ? sum->off / sum->exits : 0;

	format_short(sum->exits, 7, exits);
	format_decimal(error * 100, 5, off);
	format_decimal(sum->watch * 100, 5, watch);
	if (source && cell_value(&table_kinds[TABLE_SOURCE].column[SOURCE_COST],
			  &source->cell[SOURCE_COST], &v))
		format_decimal(v * 100, 5, own);
	page_add_note(p, pane,
	    page_printf(p,
		"%s exits/s%s%s%s, %s; watching costs the guests about %s %% of a CPU%s%s%s.",
		exits, error > 0 ? " ±" : "", error > 0 ? off : "", error > 0 ? " %" : "",
		sum->method, watch, *own ? ", kvmtop " : "", own, *own ? " %" : ""));
}

void exits_build(struct page *p, struct pane *pane)
{
	const struct row *source = source_row(p->now);
	struct sum sum = sum_of(p->now);
	const struct row **rows;
	size_t n;

	if (sum.any)
		add_sum(p, pane, &sum);
	rows = pane_rows(p, pane, &n);
	if (n == 0) {
		page_add_empty(p, pane);
		return;
	}
	if (source && *cell_text(source, SOURCE_NOTE))
		page_add_note(p, pane, cell_text(source, SOURCE_NOTE));
	pane->heads = p->lines;
	page_add(p, pane, LINE_COLUMNS);
	for (size_t i = 0; i < n; i++)
		page_add_row(p, pane, TABLE_HOST_EXIT, rows[i]);
}

void guest_exits_build(struct page *p, struct pane *pane)
{
	const struct row *row = snapshot_find(p->now, TABLE_DOMAIN, key_of(p->ui->subject, 0));

	size_t n;

	page_add(p, pane, LINE_TITLE)->text = page_printf(
	    p, "%s: why it is left%s", p->ui->subject_name, row ? "" : " (it has ended)");
	pane_rows(p, pane, &n);
	if (n)
		pane_build_table(p, pane);
	else
		page_add_empty(p, pane);
}

static const struct row *vcpu_of(const struct page *p, const struct row *row)
{
	const struct table *t = &p->now->table[TABLE_VCPU];

	for (size_t i = 0; i < t->n; i++)
		if (t->row[i]->domain == row->domain && cell_has(t->row[i], VCPU_NUMBER) &&
		    cell_number(t->row[i], VCPU_NUMBER, 0) == cell_number(row, EXIT_VCPU, -1))
			return t->row[i];
	return NULL;
}

/* From exit to entry a vCPU may have waited for a CPU, which is no cost of the exit. */
static const char *wait_within(struct page *p, const struct line *line)
{
	const struct {
		enum table_id of, table;
		int column;
		const struct row *row;
		const char *who;
	} waits[] = {
		{ TABLE_HOST_EXIT, TABLE_HOST, HOST_WAIT,
		    snapshot_find(p->now, TABLE_HOST, key_host(0)), "vCPUs wait" },
		{ TABLE_EXIT, TABLE_DOMAIN, DOMAIN_WAIT, line->row->domain, "its vCPUs wait" },
		{ TABLE_EXIT, TABLE_DOMAIN, DOMAIN_WAIT_WORST, line->row->domain,
		    "one of its vCPUs waits" },
		{ TABLE_VCPU_EXIT, TABLE_VCPU, VCPU_WAIT, vcpu_of(p, line->row), "it waits" },
	};

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		const struct column *c = &table_kinds[waits[i].table].column[waits[i].column];
		char text[FORMAT_SIZE];
		double v;

		if (waits[i].of != line->table || !waits[i].row ||
		    mark_of(waits[i].table, waits[i].row, waits[i].column) == MARK_NONE ||
		    !cell_value(c, &waits[i].row->cell[waits[i].column], &v))
			continue;
		format_integer(v * 100, 4, text);
		return page_printf(
		    p, " Times hold waiting for a CPU, too: %s %s %%.", waits[i].who, text);
	}
	return "";
}

/* "db1 vCPU 0, io: the guest used an I/O port, as drivers of emulated devices do." */
const char *exit_sentence(struct page *p, const struct line *line)
{
	const struct row *row = line->row;
	const char *kind = cell_text(row, EXIT_KIND), *reason = cell_text(row, EXIT_REASON);
	const char *name = cell_text(row, EXIT_DOMAIN), *words = exit_words(kind, reason);
	bool is_user = strcmp(kind, "user") == 0;
	char vcpu[32] = "";

	if (cell_has(row, EXIT_VCPU))
		snprintf(vcpu, sizeof(vcpu), " vCPU %.0f", cell_number(row, EXIT_VCPU, 0));
	return page_printf(p, "%s%s, %s: %s%s%s", *name ? name : "All guests", vcpu, reason,
	    *words ? words : cell_text(row, EXIT_METHOD),
	    is_user ? "; it is counted among the other exits, too." : ".",
	    strcmp(kind, "exit") == 0 ? wait_within(p, line) : "");
}

/* Why some figures are missing, and whether others were scaled, stands above them. */
void counters_build(struct page *p, struct pane *pane)
{
	const struct row *source = snapshot_find(p->now, TABLE_SOURCE, key_host(SRC_COUNTERS));
	const char *note = source ? cell_text(source, SOURCE_NOTE) : "";

	if (*note)
		page_add_note(p, pane, note);
	pane_build_table(p, pane);
}
