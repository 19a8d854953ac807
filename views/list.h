/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an overlay is made of: headings, pairs of label and text, texts. Lives for one picture. */
#ifndef KVMTOP_VIEWS_LIST_H
#define KVMTOP_VIEWS_LIST_H

#include "views/view.h"

/* A line of an overlay: a heading, something with a label, or without one just text. */
struct item {
	bool heading;
	const char *label, *value, *text;
	enum style style; /* of @value */
	int column;       /* what choosing it means */
};

struct list {
	struct item *item;
	int n;
	size_t cap;
	const char *title, *keys;
	int label; /* widest */
};

void list_add(struct list *l, struct item item);
/* With an empty line above it, unless it is the first. */
void list_heading(struct list *l, const char *text);
void list_pair(struct list *l, const char *label, const char *text);

/* help.c: what F1 shows of the screen that it is pressed on. */
struct page;
void help_build(struct page *p, struct list *l);

#endif
