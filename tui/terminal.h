/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal: the only place that knows curses. It is opened once, shows canvases, and tells what
 * happens; it is given back on every way out, crashes too.
 *
 * While it is open it owns the signals INT TERM HUP TSTP CONT WINCH and those of crashes. What
 * libraries write to descriptor 2 is caught when that is a terminal.
 * Nothing here waits for a slow line: what cannot be written yet is replaced by the next picture.
 *
 * One thread uses it. The caller has called setlocale(LC_CTYPE, "").
 */
#ifndef KVMTOP_TUI_TERMINAL_H
#define KVMTOP_TUI_TERMINAL_H

#include <stdbool.h>

#include "views/keyname.h"

struct canvas;
struct terminal;

enum wanted {
	WANTED_AUTO, /* as the terminal, the locale and NO_COLOR say */
	WANTED_OFF,
	WANTED_ON,
};

struct terminal_options {
	enum wanted colour;
	enum wanted unicode;
};

enum event_kind {
	EVENT_TIMEOUT,
	EVENT_KEY,     /* .key */
	EVENT_RESIZE,  /* .rows, .cols; the next picture should have that size */
	EVENT_QUIT,    /* .signal, or 0 when the terminal has gone */
	EVENT_SUSPEND, /* the next terminal_event stops the program (Ctrl-Z) and returns when it
			  goes on */
	EVENT_RESUME,  /* it goes on, perhaps on a terminal of another size (.rows, .cols) */
	EVENT_WAKE,    /* the extra descriptor is readable; the caller reads it */
	EVENT_MESSAGE, /* somebody wrote to descriptor 2: see terminal_message */
};

struct event {
	enum event_kind kind;
	char key[KEYNAME_SIZE];
	int rows, cols;
	int signal;
};

/*
 * -ENOTTY: standard input or output is no terminal; -EOPNOTSUPP: it cannot place its cursor
 * (TERM=dumb). An unknown or empty TERM is taken for the most likely one. Else -errno.
 */
int terminal_open(const struct terminal_options *options, struct terminal **ret);

/* Gives the terminal back and prints the messages that nobody took. NULL is fine. */
void terminal_close(struct terminal *t);

/* The same in an emergency, from any thread or signal handler. Harmless when nothing is open. */
void terminal_restore(void);

void terminal_size(const struct terminal *t, int *ret_rows, int *ret_cols);
bool terminal_unicode(const struct terminal *t);
bool terminal_colour(const struct terminal *t);

/* Shows the canvas; what lies outside the terminal is left out. */
void terminal_put(struct terminal *t, const struct canvas *c);

/* The next picture is sent as a whole: the screen was spoilt (Ctrl-L). */
void terminal_redraw(struct terminal *t);

/* Forgets keys that were typed but not yet told: nobody must confirm what he has not seen. */
void terminal_discard_keys(struct terminal *t);

/*
 * Waits for the next event, at most @timeout_ms (-1: for ever). @extra_fd: one more descriptor to
 * wait for, or -1. After EVENT_QUIT it only ever returns EVENT_QUIT.
 */
void terminal_event(struct terminal *t, int timeout_ms, int extra_fd, struct event *ret);

/*
 * The oldest line written to descriptor 2 that was not taken yet, or NULL. The caller frees it, and
 * sanitises it: it is foreign text.
 */
char *terminal_message(struct terminal *t);

#endif
