/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/source_rows.h"

#include <stdio.h>

#include "collectors/lane.h"

/* slot->lock is held. */
static const char *state_of(const struct source_shown *shown, const struct slot *slot,
    enum source_id src, uint64_t now_ns, uint64_t limit_ns)
{
	if (!(shown->needs & NEEDS(src)))
		return "off";
	if (slot->started_ns > slot->ended_ns && now_ns > slot->started_ns + limit_ns)
		return "stuck";
	if (slot->ended_ns == 0)
		return "starting";
	if (slot->partial && slot->outcome != STATE_DENIED)
		return "partial";
	return state_name(slot->outcome);
}

/* A source that has never answered yet says at least for how long. slot->lock is held. */
static void show_note(const struct slot *slot, struct row *row, struct snapshot *into)
{
	uint64_t now_ns = into->moment.mono_ns;
	char text[80];

	if (slot->started_ns <= slot->ended_ns || now_ns < slot->started_ns + NS_PER_SEC) {
		cell_set_text(into, row, SOURCE_NOTE, slot->note, now_ns);
		return;
	}
	snprintf(text, sizeof(text), "No answer for %.0f s.",
	    (double)(now_ns - slot->started_ns) / (double)NS_PER_SEC);
	cell_set_text(into, row, SOURCE_NOTE, text, now_ns);
}

static void show_source(
    const struct source_shown *shown, struct slot *slot, enum source_id src, struct snapshot *into)
{
	struct row *row = snapshot_row(into, TABLE_SOURCE, key_host(src));
	uint64_t now_ns = into->moment.mono_ns, limit_ns = slot_stale_ns(slot, shown->interval_ns);

	cell_set_text(into, row, SOURCE_NAME, source_name(src), now_ns);
	pthread_mutex_lock(&slot->lock);
	cell_set_text(
	    into, row, SOURCE_STATE, state_of(shown, slot, src, now_ns, limit_ns), now_ns);
	/* What was read for this sample ended after its beginning. */
	if (slot->ended_ns)
		cell_set_number(row, SOURCE_AGE,
		    slot->ended_ns < now_ns ? (double)(now_ns - slot->ended_ns) / (double)NS_PER_SEC
					    : 0,
		    now_ns);
	/* What reading a capture costs is nobody's concern; and nothing costs twice. */
	if (root_is_live(shown->root) && src == slot->collector->src)
		cell_set_count(row, SOURCE_COST, slot->cost_ns, now_ns);
	cell_set_number(row, SOURCE_READS, (double)slot->reads, now_ns);
	cell_set_number(row, SOURCE_ERRORS, (double)slot->errors, now_ns);
	show_note(slot, row, into);
	pthread_mutex_unlock(&slot->lock);
}

void source_rows_of_slot(const struct source_shown *shown, struct slot *slot, struct snapshot *into)
{
	for (enum source_id src = 0; src < SOURCES; src++)
		if (collector_sources(slot->collector) & NEEDS(src))
			show_source(shown, slot, src, into);
}

void source_row_of_judge(const struct source_shown *shown, uint64_t cost_ns, struct snapshot *into)
{
	struct row *row = snapshot_row(into, TABLE_SOURCE, key_host(SRC_ADVISOR));

	if (root_is_live(shown->root))
		cell_set_count(row, SOURCE_COST, cost_ns, into->moment.mono_ns);
}

void source_row_of_self(const struct source_shown *shown, struct snapshot *into)
{
	struct row *row = snapshot_row(into, TABLE_SOURCE, key_host(SRC_SOURCES));
	char note[80] = "All of kvmtop: its collectors and its drawing.";
	uint64_t now_ns = into->moment.mono_ns;

	cell_set_text(into, row, SOURCE_NAME, "kvmtop", now_ns);
	cell_set_text(into, row, SOURCE_STATE, "ok", now_ns);
	cell_set_number(row, SOURCE_AGE, 0, now_ns);
	if (root_is_live(shown->root))
		cell_set_count(row, SOURCE_COST, clock_process_cpu_ns(), now_ns);
	if (root_is_cut(shown->root))
		snprintf(note, sizeof(note), "The capture is cut off: %zu sample%s could be read.",
		    root_samples(shown->root), root_samples(shown->root) == 1 ? "" : "s");
	cell_set_text(into, row, SOURCE_NOTE, note, now_ns);
}
