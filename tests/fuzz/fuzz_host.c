/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole captured host, whatever it holds: every collector reads it, and what they make of it
 * keeps the model's promises. The text is an archive without its first line.
 */
#include "base/root.h"
#include "base/sanitize.h"
#include "collectors/collector.h"
#include "collectors/sampler.h"
#include "tests/fuzz/fuzz.h"

static void check_cell(const struct column *c, const struct cell *cell)
{
	double v;

	PROMISE(cell->state <= STATE_UNKNOWN && cell->rate_state <= STATE_UNKNOWN);
	if (c->kind == KIND_TEXT && cell->state == STATE_OK && cell->text) {
		char *again = sanitize_dup(cell->text, strlen(cell->text));

		PROMISE(strcmp(again, cell->text) == 0);
		free(again);
	}
	/* A rate is never negative and never a wrapped counter. */
	if (c->kind == KIND_COUNTER && cell_value(c, cell, &v))
		PROMISE(v >= 0);
}

static void check_snapshot(const struct snapshot *s)
{
	for (int t = 0; t < TABLES; t++)
		for (size_t i = 0; i < s->table[t].n; i++)
			for (int c = 0; c < table_kinds[t].columns; c++)
				check_cell(&table_kinds[t].column[c], &s->table[t].row[i]->cell[c]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[] = "kvmtop-host 1\n";
	struct sampling options = { .interval_ns = NS_PER_SEC, .uri = NULL };
	const struct snapshot *s;
	struct text text = { 0 };
	struct sampler *sampler;
	struct root *root;

	text_append(&text, magic, strlen(magic));
	text_append(&text, (const char *)data, size);
	if (root_open_archive(text.p, text.len, &root) == 0) {
		sampler = sampler_new(root, &options);
		sampler_need(sampler, ~0U);
		for (int i = 0; i < 4 && (s = sampler_take(sampler, false)); i++) {
			check_snapshot(s);
			snapshot_unref(s);
		}
		sampler_free(sampler);
		root_close(root);
	}
	text_done(&text);
	return 0;
}
