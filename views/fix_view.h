/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixes on the screens: the keys f, u and p, and what lies over a screen while one is shown. */
#ifndef KVMTOP_VIEWS_FIX_VIEW_H
#define KVMTOP_VIEWS_FIX_VIEW_H

#include "views/view.h"

struct list;

/* Notes what the foot advises, and whether a key led there or a new sample. */
void fix_follow(struct ui *ui, struct page *p);

/* Handlers of commands: begin the fix of the selected line's finding, undo one, make one last. */
unsigned fix_begin(struct ui *ui, struct page *p, const char *key);
unsigned fix_undo(struct ui *ui, struct page *p, const char *key);
unsigned fix_lasting(struct ui *ui, struct page *p, const char *key);

void fix_view_build(struct page *p, struct list *l);
/* All about a fix of the journal. */
void fix_view_record(struct page *p, struct list *l, const struct line *line);
/* All keys but those that scroll. */
unsigned fix_view_key(struct ui *ui, const char *key);

/* What was typed for a confirmation; @error says what is wrong with it. */
unsigned fix_view_confirm(struct ui *ui, const char *typed, char error[NOTE_SIZE]);

/* Whether f would begin the fix of a finding now. */
bool fix_is_offered(const struct ui *ui, const struct row *finding);

/* The first command of a finding's fix, as an administrator would type it, and how many there are;
 * "" where there is none to be told. */
const char *finding_command(struct page *p, const struct row *finding);

/* All of them, with what they change, for whoever explains a finding. */
void fix_view_plan(struct page *p, struct list *l, const struct row *finding);

#endif
