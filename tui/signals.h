/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals as something that a loop can wait for: handlers only write a byte into a pipe. A signal
 * that was ignored when the program started (nohup) stays ignored.
 */
#ifndef KVMTOP_TUI_SIGNALS_H
#define KVMTOP_TUI_SIGNALS_H

#include <stdbool.h>

/* What came since the last look. */
struct signals {
	int quit; /* SIGINT, SIGTERM or SIGHUP; 0: none */
	bool stop;
	bool go_on;
	bool resized;
};

/* 0 or -errno. */
int signals_open(void);
void signals_close(void);

/* Readable when there is something to take. */
int signals_fd(void);
struct signals signals_take(void);

/* Stops the program as Ctrl-Z does by itself; returns when it goes on, or when it cannot be
 * stopped. */
void signals_stop(void);

#endif
