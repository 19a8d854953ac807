/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 0: collectors, those that lack something before those that do their work. */
#include <stdlib.h>
#include <string.h>

#include "views/page.h"
#include "views/parts.h"
#include "views/table_view.h"

#define NOTE_TITLE "HOW IT READS, WHAT IT LACKS"

void sources_fields(struct page *p, struct pane *pane)
{
	pane_layout_columns(p, pane);
	for (int i = 0; i < pane->fields; i++)
		if (pane->field[i].number == SOURCE_NOTE &&
		    pane->field[i].width >= (int)strlen(NOTE_TITLE))
			pane->field[i].title = NOTE_TITLE;
}

/* The worst first; a state that is not named is not known to be good. */
static int rank_of(const struct row *row)
{
	static const char *const states[] = { "stuck", "denied", "absent", "partial" };
	static const char *const good[] = { "ok", "off" };
	int n = sizeof(states) / sizeof(states[0]);
	const char *state = cell_text(row, SOURCE_STATE);

	for (int i = 0; i < n; i++)
		if (strcmp(state, states[i]) == 0)
			return i;
	for (int i = 0; i < 2; i++)
		if (strcmp(state, good[i]) == 0)
			return n + 1 + i;
	return n;
}

static int compare_sources(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	int r = rank_of(a) - rank_of(b);

	return r ? r : (a->number > b->number) - (a->number < b->number);
}

void sources_build(struct page *p, struct pane *pane)
{
	size_t n;
	const struct row **rows = pane_rows(p, pane, &n);

	if (n == 0) {
		pane_build_table(p, pane);
		return;
	}
	if (pane->state->sort < 0)
		qsort(rows, n, sizeof(*rows), compare_sources);
	page_add_heads(p, pane);
	for (size_t i = 0; i < n; i++)
		page_add_row(p, pane, TABLE_SOURCE, rows[i]);
}
