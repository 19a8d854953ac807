/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives the terminal back whatever happens: the bytes that leave it and its old settings are kept
 * ready, so that a crash handler need only write them. One terminal at a time.
 */
#ifndef KVMTOP_TUI_RESTORE_H
#define KVMTOP_TUI_RESTORE_H

#include <stddef.h>

struct termios;

/*
 * From now on restore_now, exit() and signals of crashes leave the terminal at @fd with @bytes and
 * @modes. The signals go on to whoever had them before, so that cores are dumped as ever.
 */
void restore_arm(int fd, const struct termios *modes, const char *bytes, size_t len);
void restore_disarm(void);

/* The settings to go back to have changed (somebody used stty while the program was stopped). */
void restore_set_modes(const struct termios *modes);

/* Leaves the terminal, but stays armed: the program is about to be stopped. */
void restore_leave(void);

/*
 * Leaves the terminal for good, and descriptor 2 is what it was. For any thread and any signal
 * handler; does nothing when nothing is armed.
 */
void restore_now(void);

#endif
