/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of one guest. */
#include "views/page.h"
#include "views/parts.h"

bool domain_page_takes(const struct page *p, const struct row *row)
{
	return key_same_owner(row->key, p->ui->subject);
}

/* A QEMU that gives all its threads one name keeps its vCPUs to itself. */
void domain_page_build_vcpus(struct page *p, struct pane *pane)
{
	const struct row *row = snapshot_find(p->now, TABLE_DOMAIN, key_of(p->ui->subject, 0));
	double untold = row ? cell_number(row, DOMAIN_VCPUS_UNTOLD, 0) : 0;
	size_t n;

	pane_rows(p, pane, &n);
	if (n > 0 || pane->hidden || untold <= 0) {
		pane_build_table(p, pane);
		return;
	}
	page_add(p, pane, LINE_TITLE)->text = pane->part->title;
	page_add_note(p, pane,
	    page_printf(p,
		"Its %.0f vCPU%s cannot be told from its other threads; QEMU's option -name "
		"...,debug-threads=on would tell.",
		untold, untold == 1 ? "" : "s"));
}

void domain_page_build(struct page *p, struct pane *pane)
{
	const struct row *row = snapshot_find(p->now, TABLE_DOMAIN, key_of(p->ui->subject, 0));
	const char *name = p->ui->subject_name, *why = row ? why_guest_waits(p, row) : "";

	if (row) {
		/* In the title, where it moves no line when it comes and goes. */
		page_add(p, pane, LINE_TITLE)->text = page_printf(
		    p, "%s, %s%s%s", name, cell_text(row, DOMAIN_STATE), *why ? "; " : "", why);
		pane_build_pairs(p, pane);
		return;
	}
	page_add(p, pane, LINE_TITLE)->text = page_printf(p, "%s has ended", name);
	page_add_note(p, pane, "Its process is gone. Esc leads back.");
}
