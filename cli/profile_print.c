/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/print.h"
#include "base/root.h"
#include "base/sanitize.h"
#include "cli/profile.h"
#include "output/csv.h"
#include "profile/report.h"

/* Hundreds of rows with one sample each tell nothing. */
#define SHARE_MIN 0.0005
#define THREAD_WIDTH 15
#define OBJECT_WIDTH 20

static void print_head(const struct report *r, struct text *out)
{
	print_format(out,
	    "# %s (process %u): %llu samples in %.1f s, by %s, %u a second of each thread\n",
	    r->guest, r->pid, (unsigned long long)r->samples, r->seconds,
	    r->by_cycles ? "cycles" : "the clock of the CPU", r->hertz);
	print_text(out, "#");
	for (enum cpu_mode m = 0; m < CPU_MODES; m++)
		if (m != CPU_OTHER || r->mode_share[m] > 0)
			print_format(out, "%s %s %.1f %%", m ? "," : "", cpu_mode_name(m),
			    100 * r->mode_share[m]);
	print_text(out, "\n");
	for (size_t i = 0; i < r->notes.n; i++)
		print_format(out, "# %s\n", r->notes.name[i]);
	if (r->commands.n)
		print_text(out, "# These make its symbols known; root in the guest reads them:\n");
	for (size_t i = 0; i < r->commands.n; i++)
		print_format(out, "#   %s\n", r->commands.name[i]);
}

/* A text that is too long pushes what follows: nothing is cut where others may read it. */
static void print_padded(struct text *out, const char *text, int width)
{
	int blanks = width - text_width(text);

	print_format(out, "  %s%*s", text, blanks > 0 ? blanks : 0, "");
}

void profile_print(const struct report *r, struct text *out)
{
	size_t rest = 0;
	double share = 0;

	print_head(r, out);
	print_format(out, "#\n#  SHARE   SAMPLES  %-*s  %-*s  SYMBOL\n", THREAD_WIDTH, "THREAD",
	    OBJECT_WIDTH, "OBJECT");
	for (size_t i = 0; i < r->rows; i++) {
		const struct report_row *row = &r->row[i];

		if (row->share < SHARE_MIN) {
			rest++;
			share += row->share;
			continue;
		}
		print_format(
		    out, "%7.2f%%  %8llu", 100 * row->share, (unsigned long long)row->samples);
		print_padded(out, row->thread, THREAD_WIDTH);
		print_padded(out, row->object, OBJECT_WIDTH);
		print_format(out, "  [%c] %s\n", cpu_mode_letter(row->mode), row->symbol);
	}
	if (rest)
		print_format(out, "# %zu more, each below %.2f %%: %.2f %%\n", rest,
		    100 * SHARE_MIN, 100 * share);
}

void profile_print_csv(const struct report *r, struct text *out)
{
	print_text(out, "share_ratio,samples,mode,thread,object,symbol\n");
	for (size_t i = 0; i < r->rows; i++) {
		const struct report_row *row = &r->row[i];

		csv_number(out, row->share);
		print_format(
		    out, ",%llu,%s,", (unsigned long long)row->samples, cpu_mode_name(row->mode));
		csv_text(out, row->thread);
		print_text(out, ",");
		csv_text(out, row->object);
		print_text(out, ",");
		csv_text(out, row->symbol);
		print_text(out, "\n");
	}
}
