/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/status.h"

#include <string.h>

#include "output/writer.h"

static const struct {
	const char *name, *help;
} statuses[STATUSES] = {
	[STATUS_OK] = { "ok", "Every figure that this host or guest has is there." },
	[STATUS_FIRST] = { "first", "A rate is empty because what it follows from was read only "
				    "once: of a guest that has just come, of a figure such as "
				    "migrations that is read now and then only, or in a recording "
				    "of one sample." },
	[STATUS_STALE] = { "stale", "A figure is older than two intervals of its source." },
	[STATUS_PARTIAL] = { "partial", "A figure is missing whose source fails, does not answer "
					"or lacks something, or a part of "
					"a sum is not known; the table \"source\" says what." },
	[STATUS_RESET] = { "reset", "A counter went back, so its rate is empty." },
	[STATUS_DENIED] = { "denied", "A right is missing; the table \"source\" says which." },
	[STATUS_STUCK] = { "stuck",
	    "The guest does not answer: its process is stopped, or its monitor is silent." },
};

const char *status_name(enum status status)
{
	return statuses[status].name;
}

const char *status_help(enum status status)
{
	return statuses[status].help;
}

static enum status status_of_source(const char *state)
{
	if (strcmp(state, state_name(STATE_DENIED)) == 0)
		return STATUS_DENIED;
	if (strcmp(state, "starting") == 0 || strcmp(state, "partial") == 0 ||
	    strcmp(state, state_name(STATE_STUCK)) == 0)
		return STATUS_PARTIAL;
	return STATUS_OK;
}

void status_sources(const struct snapshot *s, enum status ret[SOURCES])
{
	for (enum source_id src = 0; src < SOURCES; src++) {
		const struct row *row = snapshot_find(s, TABLE_SOURCE, key_host(src));

		ret[src] = row ? status_of_source(cell_text(row, SOURCE_STATE)) : STATUS_OK;
	}
}

static enum status worst(enum status a, enum status b)
{
	return a > b ? a : b;
}

/* That KVM tells nothing of a guest without KVM is no trouble of the source. */
static unsigned needs_of(const struct column *c, const struct row *guest)
{
	unsigned needs = column_needs(c);

	if (guest && strcmp(cell_text(guest, DOMAIN_VMM), VMM_EMULATED) == 0)
		needs &= ~NEEDS(SRC_KVM);
	return needs;
}

static enum status status_absent(
    const struct column *c, const struct row *guest, const enum status source[SOURCES])
{
	unsigned needs = needs_of(c, guest);
	enum status status = STATUS_OK;

	for (enum source_id src = 0; src < SOURCES; src++)
		if (needs & NEEDS(src))
			status = worst(status, source[src]);
	return status;
}

static enum status status_of_cell(const struct column *c, const struct cell *cell,
    const struct row *guest, const enum status source[SOURCES])
{
	switch (cell_state(c, cell)) {
	case STATE_OK:
		break;
	case STATE_ABSENT:
		return status_absent(c, guest, source);
	case STATE_FIRST:
		return STATUS_FIRST;
	case STATE_RESET:
		return STATUS_RESET;
	case STATE_STALE:
		return STATUS_STALE;
	case STATE_STUCK:
	case STATE_UNKNOWN:
		return STATUS_PARTIAL;
	case STATE_DENIED:
		return STATUS_DENIED;
	}
	return STATUS_OK;
}

enum status status_row(
    const struct sheet *sheet, const struct row *row, const enum status source[SOURCES])
{
	const struct column *column = table_kinds[sheet->table].column;
	const struct row *guest = sheet->table == TABLE_DOMAIN ? row : row->domain;
	enum status status = STATUS_OK;

	/* What the kernel tells of a guest that does not answer is right, and yet not the whole. */
	if (guest && cell_has(guest, DOMAIN_STUCK))
		return STATUS_STUCK;
	for (size_t i = 0; i < sheet->columns; i++) {
		int c = sheet->column[i];

		status = worst(status, status_of_cell(&column[c], &row->cell[c], guest, source));
	}
	return status;
}
