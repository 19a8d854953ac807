/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written to descriptor 2 while a screen is shown. Libraries write there, and would spoil
 * the screen; so a pipe takes its place. It never makes a writer wait: when it is full, lines are
 * lost.
 */
#ifndef KVMTOP_TUI_MESSAGES_H
#define KVMTOP_TUI_MESSAGES_H

/* 0, also when descriptor 2 is no terminal and may stay what it is; or -errno. */
int messages_open(void);

/* Descriptor 2 is what it was, and gets what nobody took. Safe in signal handlers. */
void messages_close(void);

/* Readable when there is something to take; -1 when nothing is caught. */
int messages_fd(void);

/* The next whole line, or NULL. The caller frees it. */
char *messages_take(void);

#endif
