/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A journal that somebody has edited: what can be undone says what stood there before, all of it
 * can be shown, and its commands are of one line each where its texts are.
 */
#include "base/print.h"
#include "fixes/journal.h"
#include "fixes/kinds.h"
#include "fixes/undo.h"
#include "tests/fuzz/fuzz.h"

static void look_at_undo(const struct record *r)
{
	struct text out = { 0 }, why = { 0 };
	struct fix undo;
	bool can = undo_of_record(r, &undo);

	PROMISE(can || undo.why);
	PROMISE(!can || undo.n > 0);
	for (size_t i = 0; can && i < undo.n; i++) {
		const struct step *s = &undo.step[i];
		char *value;

		PROMISE(s->state && s->action.kind < ACTION_KINDS);
		value = kind_value(&s->action, s->state);
		PROMISE(!strpbrk(value, "\n\r\t"));
		kind_holds(&s->action, s->state, s->action.value);
		PROMISE(kind_same(&s->action, s->state, s->state));
		kind_refuses(&s->action, &why);
		step_place(s, &out);
		free(value);
	}
	fix_commands(&undo, &out);
	fix_undo_commands(&undo, &out);
	text_done(&out);
	text_done(&why);
	fix_done(&undo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records all;

	journal_parse((const char *)data, size, &all);
	for (size_t i = 0; i < all.n; i++) {
		PROMISE(records_find(&all, all.record[i].fix.id) == &all.record[i]);
		look_at_undo(&all.record[i]);
	}
	records_last(&all);
	records_done(&all);
	return 0;
}
