/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every key: one row each, from which dispatch, the help and the bar at the foot follow. A text
 * field or an overlay that is open takes all keys before any of these.
 */
#ifndef KVMTOP_VIEWS_COMMANDS_H
#define KVMTOP_VIEWS_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

struct page;
struct ui;

enum scope {
	SCOPE_ANY,
	SCOPE_TABLE,     /* the screen has a table */
	SCOPE_DOMAINS,   /* the screen of guests */
	SCOPE_GUEST,     /* a guest is opened, or a line about one is selected */
	SCOPE_EXITS,     /* the screens of exits */
	SCOPE_COUNTERS,  /* the screen of counters */
	SCOPE_PLACEMENT, /* a screen that shows where memory lies */
	SCOPE_FINDING,   /* there is advice about the selected line */
	SCOPE_ADVICE,    /* in a list of advice, on something that was judged */
	SCOPE_JOURNAL,   /* the screen of the journal, where there is one */
	SCOPE_SIDEWAYS,  /* a screen with nodes, or with several parts */
};

struct command {
	const char *name;
	const char *keys; /* with blanks between them; the first one is shown in the bar */
	enum scope scope;
	unsigned (*run)(struct ui *ui, struct page *p, const char *key);
	const char *label; /* in the bar; NULL: not there */
	int rank;          /* there: lower ones stand first */
	const char *help;
};

extern const struct command commands[];
extern const size_t commands_n;

bool command_applies(const struct command *k, const struct page *p);

/* NULL: the key means nothing on this page. */
const struct command *command_find(const struct page *p, const char *key);

#endif
