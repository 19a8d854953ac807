/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text field in the last line. While it is open it takes every key. */
#ifndef KVMTOP_VIEWS_PROMPT_H
#define KVMTOP_VIEWS_PROMPT_H

#include "views/view.h"

void prompt_open(struct ui *ui, enum prompt_kind kind);
unsigned prompt_key(struct ui *ui, struct page *p, const char *key);
void prompt_draw(const struct ui *ui, struct canvas *c, int y);

/* Goes to the next line that holds the search word, from behind @from, in steps of 1 or -1, over
 * the end to the beginning. */
bool prompt_search(struct ui *ui, struct page *p, int from, int step);

#endif
