/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "views/theme.h"

#define DEF COLOUR_DEFAULT
#define LOOK(name, fg, bg, attributes, mono)   \
	{                                      \
		name, fg, bg, attributes, mono \
	}

/*
 * Blue, yellow, magenta and cyan stay apart for every kind of colour vision. Dark blue is left to
 * areas: as text it is hard to read on black. Black and white only stand on a colour of ours, for
 * nobody knows the terminal's own background.
 */
static const struct look looks[STYLES] = {
	[STYLE_NORMAL] = LOOK("normal", DEF, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_TITLE] = LOOK("title", DEF, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_HEADER] = LOOK("header", COLOUR_BLACK, COLOUR_CYAN, ATTR_NONE, ATTR_REVERSE),
	[STYLE_HEADER_SORT] =
	    LOOK("header-sort", COLOUR_BLACK, COLOUR_WHITE, ATTR_NONE, ATTR_REVERSE | ATTR_BOLD),
	[STYLE_LABEL] = LOOK("label", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_VALUE] = LOOK("value", DEF, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_DIM] = LOOK("dim", DEF, DEF, ATTR_DIM, ATTR_DIM),
	[STYLE_STALE] =
	    LOOK("stale", DEF, DEF, ATTR_DIM | ATTR_UNDERLINE, ATTR_DIM | ATTR_UNDERLINE),
	[STYLE_DOMAIN] = LOOK("domain", DEF, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_MATCH] = LOOK("match", COLOUR_BLACK, COLOUR_YELLOW, ATTR_NONE, ATTR_UNDERLINE),

	[STYLE_GOOD] = LOOK("good", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_NOTICE] = LOOK("notice", COLOUR_CYAN, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_WARN] = LOOK("warn", COLOUR_YELLOW, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_CRIT] = LOOK("crit", COLOUR_WHITE, COLOUR_MAGENTA, ATTR_BOLD, ATTR_REVERSE),

	[STYLE_SELECTED] = LOOK("selected", COLOUR_WHITE, COLOUR_BLUE, ATTR_BOLD, ATTR_REVERSE),
	[STYLE_SELECTED_DIM] =
	    LOOK("selected-dim", COLOUR_WHITE, COLOUR_BLUE, ATTR_NONE, ATTR_REVERSE),
	[STYLE_SELECTED_WARN] =
	    LOOK("selected-warn", COLOUR_YELLOW, COLOUR_BLUE, ATTR_BOLD, ATTR_REVERSE | ATTR_BOLD),
	[STYLE_SELECTED_CRIT] = LOOK("selected-crit", COLOUR_WHITE, COLOUR_MAGENTA, ATTR_BOLD,
	    ATTR_REVERSE | ATTR_BOLD | ATTR_UNDERLINE),

	[STYLE_BAR_GUEST] = LOOK("bar-guest", COLOUR_BLUE, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_BAR_HOST] = LOOK("bar-host", COLOUR_YELLOW, DEF, ATTR_NONE, ATTR_DIM),
	[STYLE_BAR_POLL] = LOOK("bar-poll", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_BOLD),
	[STYLE_BAR_WAIT] = LOOK("bar-wait", COLOUR_MAGENTA, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_BAR_FREE] = LOOK("bar-free", DEF, DEF, ATTR_DIM, ATTR_DIM),
	[STYLE_BAR_HUGE] = LOOK("bar-huge", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_NONE),
	[STYLE_BAR_KSM] = LOOK("bar-ksm", COLOUR_MAGENTA, DEF, ATTR_NONE, ATTR_DIM),
	[STYLE_SPARK] = LOOK("spark", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_NONE),

	[STYLE_KEY] = LOOK("key", DEF, DEF, ATTR_BOLD, ATTR_BOLD),
	[STYLE_KEY_LABEL] = LOOK("key-label", COLOUR_BLACK, COLOUR_CYAN, ATTR_NONE, ATTR_REVERSE),
	[STYLE_KEY_ACTIVE] =
	    LOOK("key-active", COLOUR_BLACK, COLOUR_WHITE, ATTR_NONE, ATTR_BOLD | ATTR_UNDERLINE),
	[STYLE_INPUT] = LOOK("input", COLOUR_BLACK, COLOUR_WHITE, ATTR_NONE, ATTR_UNDERLINE),
	[STYLE_PAUSED] = LOOK("paused", COLOUR_BLACK, COLOUR_YELLOW, ATTR_NONE, ATTR_REVERSE),
	[STYLE_BORDER] = LOOK("border", COLOUR_CYAN, DEF, ATTR_NONE, ATTR_DIM),
};

const struct look *theme_look(enum style style)
{
	unsigned int i = style;

	return &looks[i < STYLES ? i : STYLE_NORMAL];
}

enum style theme_selected(enum style style)
{
	switch (style) {
	case STYLE_WARN:
	case STYLE_SELECTED_WARN:
		return STYLE_SELECTED_WARN;
	case STYLE_CRIT:
	case STYLE_SELECTED_CRIT:
		return STYLE_SELECTED_CRIT;
	case STYLE_DIM:
	case STYLE_STALE:
	case STYLE_SELECTED_DIM:
		return STYLE_SELECTED_DIM;
	default:
		return STYLE_SELECTED;
	}
}
