/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 2: vCPUs, and those of which nothing can be shown. */
#include "views/page.h"
#include "views/parts.h"

/* A QEMU that gives all its threads one name keeps its vCPUs to itself. "" where none does. */
static const char *untold(struct page *p)
{
	const struct table *t = &p->now->table[TABLE_DOMAIN];
	const char *whose = "";
	double vcpus = 0;
	size_t guests = 0;
	bool one;

	for (size_t i = 0; i < t->n; i++)
		if (cell_number(t->row[i], DOMAIN_VCPUS_UNTOLD, 0) > 0) {
			vcpus += cell_number(t->row[i], DOMAIN_VCPUS_UNTOLD, 0);
			whose = cell_text(t->row[i], DOMAIN_NAME);
			guests++;
		}
	if (guests == 0)
		return "";
	one = guests == 1;
	return page_printf(p,
	    "%.0f vCPU%s of %s %s not shown: %s cannot be told from %s other threads (start QEMU "
	    "with -name %s,debug-threads=on).",
	    vcpus, vcpus == 1 ? "" : "s", one ? whose : page_printf(p, "%zu guests", guests),
	    vcpus == 1 ? "is" : "are", vcpus == 1 ? "it" : "they", one ? "its" : "their",
	    one ? whose : "...");
}

void vcpus_build(struct page *p, struct pane *pane)
{
	const char *note = untold(p);
	size_t n;

	pane_rows(p, pane, &n);
	if (n > 0 || pane->hidden || !*note)
		pane_build_table(p, pane);
	else
		page_add_heads(p, pane);
	if (*note)
		page_add_note(p, pane, note);
}
