/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies over a screen: help, the sort menu, the choice of columns, all columns of a row. */
#ifndef KVMTOP_VIEWS_OVERLAY_H
#define KVMTOP_VIEWS_OVERLAY_H

#include "views/view.h"

/* @part: whose columns, for the menus. */
void overlay_open(struct ui *ui, enum overlay_kind kind, int part);
unsigned overlay_key(struct ui *ui, struct page *p, const char *key);
void overlay_draw(struct page *p, struct canvas *c);

/* Says at the foot what the rows are sorted by now. */
void note_sort(struct ui *ui, const struct pane *pane);

#endif
