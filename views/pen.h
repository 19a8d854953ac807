/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a line from left to right, and stops where there is no room for a whole piece. */
#ifndef KVMTOP_VIEWS_PEN_H
#define KVMTOP_VIEWS_PEN_H

#include <stdbool.h>

#include "views/mark.h"
#include "views/theme.h"

struct canvas;

struct pen {
	struct canvas *c;
	int y, x, end;
	int used; /* up to here something stands */
};

/* False: it has no room. */
bool pen_put(struct pen *pen, enum style style, const char *text);
/* A label and its figure: both or none. */
void pen_pair(struct pen *pen, const char *label, const char *value, enum style style);
/* The same; the sign of the mark stands in the gap behind it. */
void pen_marked(struct pen *pen, const char *label, const char *value, enum mark mark);
/* What follows shall not move, nor come and go, with the width of a figure. */
void pen_fixed(struct pen *pen, const char *label, const char *value, int width);

#endif
