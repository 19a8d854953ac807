/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which figures deserve a look: one small table of limits. A marked figure has a style and a sign,
 * and the sign stands in the gap behind the figure, so that no column moves.
 */
#ifndef KVMTOP_VIEWS_MARK_H
#define KVMTOP_VIEWS_MARK_H

#include <stdbool.h>
#include <stddef.h>

#include "model/catalogue.h"
#include "views/theme.h"

struct row;

#define MARK_SIGN "!"

enum mark {
	MARK_NONE,
	MARK_WARN,
	MARK_CRIT,
};

/* Whether figures of the column are ever marked. */
bool mark_has(enum table_id t, int column);

/* MARK_NONE also where the figure is not known. */
enum mark mark_of(enum table_id t, const struct row *row, int column);

/* A limit in words, for whoever reads the help or the manual. */
#define MARK_RULE_SIZE 160

struct mark_rule {
	enum table_id table;
	int column;
	char text[MARK_RULE_SIZE]; /* "above 10 %, as an alarm above 20 %" */
};

/* The limits one after the other, from 0; false behind the last. */
bool mark_rule(size_t number, struct mark_rule *ret);

/* How a marked figure looks; one that is not keeps @style. */
enum style mark_style(enum mark mark, enum style style);
/* One cell: the sign, or a blank. */
const char *mark_sign(enum mark mark);

#endif
