/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines above every screen: who the host is and how it does. */
#ifndef KVMTOP_VIEWS_HEADER_H
#define KVMTOP_VIEWS_HEADER_H

struct canvas;
struct snapshot;
struct ui;

#define HEADER_ROWS 4

/* Draws the first @rows lines of it. @now: what is shown; @newest: what there is; may be NULL. */
void header_draw(const struct ui *ui, const struct snapshot *now, const struct snapshot *newest,
    struct canvas *c, int rows);

/* The sources of its figures. */
unsigned header_needs(void);

#endif
