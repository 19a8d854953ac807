/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/exact.h"

#include <stdio.h>
#include <string.h>

#include "views/ui.h"

/* A reading that was under way when the key was pressed is not the one that was asked for. */
#define READS_MOST 2

static double placement_reads(const struct snapshot *now)
{
	const struct row *row = snapshot_find(now, TABLE_SOURCE, key_host(SRC_PLACEMENT));

	return row ? cell_number(row, SOURCE_READS, 0) : 0;
}

void exact_ask(struct ui *ui, const struct snapshot *now, struct key guest)
{
	ui->exact.since_ns = now->moment.mono_ns;
	ui->exact.reads = placement_reads(now);
	ui->exact.guest = key_of(guest, 0);
}

static bool is_exact(const struct ui *ui, const struct row *row)
{
	return row->cell[PLACEMENT_METHOD].at_ns > ui->exact.since_ns &&
	       strcmp(cell_text(row, PLACEMENT_METHOD), "exact") == 0;
}

/* What the reading came to: of each guest the first row tells. */
struct answer {
	size_t guests;
	double seconds;          /* all of them */
	const struct row *guest; /* that the sentence is about; NULL: was not read exactly */
};

static void take_answers(const struct ui *ui, const struct snapshot *now, struct answer *a)
{
	const struct table *t = &now->table[TABLE_PLACEMENT];
	const struct row *last = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = t->row[i];

		if (!row->domain || row->domain == last || !is_exact(ui, row))
			continue;
		last = row->domain;
		a->guests++;
		a->seconds += cell_number(row, PLACEMENT_TOOK, 0);
		if (key_equal(row->domain->key, ui->exact.guest))
			a->guest = row;
	}
}

static void finish(struct ui *ui, const struct snapshot *now, const char *text)
{
	ui->exact.since_ns = 0;
	snprintf(ui->note, sizeof(ui->note), "%s", text);
	ui_message(ui, now->moment.wall_ns, text);
}

static void tell_success(struct ui *ui, const struct snapshot *now, const struct answer *a)
{
	char text[NOTE_SIZE], took[FORMAT_SIZE], all[FORMAT_SIZE];

	format_time(a->seconds, 7, all);
	if (!a->guest) {
		snprintf(text, sizeof(text), "%zu guest%s: exact, took %s.", a->guests,
		    a->guests == 1 ? "" : "s", all);
	} else {
		format_time(cell_number(a->guest, PLACEMENT_TOOK, 0), 7, took);
		snprintf(text, sizeof(text), "%.80s: exact, took %s.",
		    cell_text(a->guest->domain, DOMAIN_NAME), took);
		if (a->guests > 1)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
			    " All %zu guests took %s.", a->guests, all);
	}
	finish(ui, now, text);
}

static void tell_failure(struct ui *ui, const struct snapshot *now, const struct row *domain)
{
	char text[NOTE_SIZE];

	snprintf(text, sizeof(text),
	    "%.80s could not be read exactly; screen 0 says what is missing.",
	    domain ? cell_text(domain, DOMAIN_NAME) : "No guest");
	finish(ui, now, text);
}

void exact_tell(struct ui *ui, const struct snapshot *now)
{
	const struct row *domain;
	struct answer a = { .guests = 0 };

	if (!ui->exact.since_ns)
		return;
	take_answers(ui, now, &a);
	domain = snapshot_find(now, TABLE_DOMAIN, ui->exact.guest);
	/* Of one that has ended meanwhile there is nothing to say, but of the others. */
	if (a.guest || (!domain && a.guests))
		tell_success(ui, now, &a);
	else if (placement_reads(now) >= ui->exact.reads + READS_MOST)
		tell_failure(ui, now, domain);
}
