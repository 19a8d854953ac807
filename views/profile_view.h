/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile of a guest, over the screen: what it found so far. */
#ifndef KVMTOP_VIEWS_PROFILE_VIEW_H
#define KVMTOP_VIEWS_PROFILE_VIEW_H

#include "views/view.h"

void profile_view_draw(struct page *p, struct canvas *c);

/* Keys that do not scroll. */
unsigned profile_view_key(struct ui *ui, const char *key);

#endif
