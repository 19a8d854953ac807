/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a screen are called, and how each of them looks.
 *
 * At most the eight colours that every terminal has, on the terminal's own background; the looks
 * never tell red from green alone. @mono stands where there is no colour. A style never says
 * anything by itself: what it stresses also bears a sign or a word.
 */
#ifndef KVMTOP_VIEWS_THEME_H
#define KVMTOP_VIEWS_THEME_H

enum style {
	STYLE_NORMAL,
	STYLE_TITLE,       /* name of the host, of a screen, of an overlay */
	STYLE_HEADER,      /* heads of columns */
	STYLE_HEADER_SORT, /* head of the column that rows are sorted by */
	STYLE_LABEL,       /* words before a figure: "cpu", "huge" */
	STYLE_VALUE,       /* figures of the header that deserve a look */
	STYLE_DIM,         /* secondary: units, missing values, domains that are off */
	STYLE_STALE,       /* older than it should be */
	STYLE_DOMAIN,      /* a guest's name */
	STYLE_MATCH,       /* what a search found */

	STYLE_GOOD,
	STYLE_NOTICE,
	STYLE_WARN,
	STYLE_CRIT,

	STYLE_SELECTED, /* the row of the cursor, and how severities look in it */
	STYLE_SELECTED_DIM,
	STYLE_SELECTED_WARN,
	STYLE_SELECTED_CRIT,

	STYLE_BAR_GUEST,
	STYLE_BAR_HOST,
	STYLE_BAR_POLL,
	STYLE_BAR_WAIT,
	STYLE_BAR_FREE,
	STYLE_BAR_HUGE,
	STYLE_BAR_KSM,
	STYLE_SPARK,

	STYLE_KEY,        /* in the bar at the foot: "F1" */
	STYLE_KEY_LABEL,  /* "Help" */
	STYLE_KEY_ACTIVE, /* the label of the screen that is shown */
	STYLE_INPUT,      /* a field that takes text */
	STYLE_PAUSED,     /* a state that must not be overlooked: PAUSED, REPLAY, STUCK */
	STYLE_BORDER,
	STYLES
};

/* The numbers are those of the ANSI colours, so that 30 + colour is the code of a foreground. */
enum colour {
	COLOUR_DEFAULT = -1,
	COLOUR_BLACK,
	COLOUR_RED,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_BLUE,
	COLOUR_MAGENTA,
	COLOUR_CYAN,
	COLOUR_WHITE,
};

enum attribute {
	ATTR_NONE = 0,
	ATTR_BOLD = 1 << 0,
	ATTR_DIM = 1 << 1,
	ATTR_UNDERLINE = 1 << 2,
	ATTR_REVERSE = 1 << 3,
};

struct look {
	const char *name; /* "bar-guest" */
	enum colour fg, bg;
	unsigned int attributes; /* with colours */
	unsigned int mono;       /* without */
};

/* Never NULL: a style that does not exist looks like STYLE_NORMAL. */
const struct look *theme_look(enum style style);

/* The style of something in the row of the cursor. Idempotent. */
enum style theme_selected(enum style style);

#endif
