/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kvmtop undo and history: what the journal holds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/print.h"
#include "cli/carry.h"
#include "cli/events.h"
#include "cli/fix.h"
#include "cli/options.h"
#include "cli/say.h"
#include "fixes/journal.h"

int undo_run(const struct options *options, struct root *root)
{
	struct events events;
	struct carry c;
	struct job *job;
	int r = events_init(&events);

	if (r < 0) {
		complain("cannot wait for signals: %s", strerror(-r));
		return EXIT_FAILED;
	}
	carry_init(&c, options, root, &events);
	job = job_undo(&c.place, options->undo_id);
	r = carry_out(&c, job, NULL);
	if (!job_free(job))
		r |= EXIT_HANGS;
	carry_done(&c);
	events_done(&events);
	return r;
}

static void print_record(const struct record *r, struct text *out)
{
	const struct fix *f = &r->fix;

	print_format(out, "%4llu  %.19s  %-12s  %s", (unsigned long long)f->id,
	    r->time ? r->time : "", ending_name(f->ending), f->title ? f->title : "");
	if (f->subject)
		print_format(
		    out, "  (%s%s%s)", f->rule ? f->rule : "", f->rule ? ", " : "", f->subject);
	print_format(out, "\n      by %s", r->who);
	if (f->undoes)
		print_format(out, "; undoes %llu", (unsigned long long)f->undoes);
	if (r->undone_by)
		print_format(out, "; undone by %llu", (unsigned long long)r->undone_by);
	if (f->why)
		print_format(out, "; %s", f->why);
	if (r->effect)
		print_format(out, "; effect: %s", r->effect);
	print_text(out, "\n");
}

int history_run(const struct options *options)
{
	char *directory = options->journal ? strdup(options->journal) : journal_directory();
	struct text out = { 0 };
	struct records all = { 0 };
	int r = directory ? journal_read(directory, &all) : -ENOENT;

	/* Where nobody said which, that there is none yet is no news. */
	if (r == 0 && options->journal && access(directory, F_OK) < 0)
		r = -errno;

	if (r < 0) {
		complain("the journal in %s: %s", directory ? directory : "$HOME", strerror(-r));
		free(directory);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < all.n; i++)
		print_record(&all.record[i], &out);
	if (all.n == 0)
		print_text(&out, "Nothing was ever changed.\n");
	if (all.damaged)
		complain("%zu line%s of the journal in %s cannot be read", all.damaged,
		    all.damaged == 1 ? "" : "s", directory);
	records_done(&all);
	free(directory);
	r = say(&out);
	text_done(&out);
	return r;
}
