/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of actions, a row each: how to read what stands there, how to write, how to put the old
 * state back, and the command that an administrator would type.
 *
 * A state is everything that it takes to undo: mostly the value itself, but of a drop-in file its
 * whole content, and of a guest's definition its whole XML. What is saved in a definition has both:
 * the value on the first line, the XML behind it; so that nothing is left over that was not there.
 */
#ifndef KVMTOP_FIXES_KINDS_H
#define KVMTOP_FIXES_KINDS_H

#include <stdbool.h>

#include "advisor/plan.h"

struct site;

struct kind_row {
	bool drifts;      /* the state changes by itself: it is not compared with one before */
	bool falls_short; /* less than what was asked for may come of it */
	bool is_inert;    /* nothing is written, so nothing is undone */

	/* 0 or -errno, and why. */
	int (*may)(struct site *s, const struct action *a, struct text *why); /* NULL: surely */
	/* The caller frees @ret. */
	int (*read)(struct site *s, const struct action *a, char **ret, struct text *why);
	int (*write)(struct site *s, const struct action *a, const char *value, struct text *why);
	int (*restore)(struct site *s, const struct action *a, const char *state, struct text *why);
	/* What of a state the plan's values speak of; the caller frees it. NULL: all. */
	char *(*value)(const struct action *a, const char *state);
	/* Whether two values mean the same. */
	bool (*same)(const char *a, const char *b);
	/* Whether a value may be what a snapshot told as @seen. NULL: as same. */
	bool (*fits)(const char *value, const char *seen);
	void (*command)(const struct action *a, const char *value, struct text *out);
};

const struct kind_row *kind_of(enum action_kind kind);

/* The state now; the caller frees it. -errno, and why. */
int kind_read(struct site *s, const struct action *a, char **ret, struct text *why);
int kind_restore(struct site *s, const struct action *a, const char *state, struct text *why);
/* Whether it is part of what a guest starts from next, which changes as a whole. */
bool kind_is_definition(const struct action *a);

/* The value in a state, on one line, as it would be written; the caller frees it. */
char *kind_value(const struct action *a, const char *state);
/* Whether a state has this value; whether two states mean the same. */
bool kind_holds(const struct action *a, const char *state, const char *value);
bool kind_same(const struct action *a, const char *state, const char *other);
/* Whether a state fits to what the snapshot told. */
bool kind_fits(const struct action *a, const char *state, const char *seen);

/*
 * One line for a shell that does what the action does. Whatever stands in names and values is one
 * word to the shell, and no option to the command.
 */
void kind_command(const struct action *a, const char *value, struct text *out);

/* Why a plan's action makes no sense, in words; false: it does. Foreign text may be in it. */
bool kind_refuses(const struct action *a, struct text *why);

#endif
