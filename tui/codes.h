/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that turn a terminal into a screen and back, as its description gives them. */
#ifndef KVMTOP_TUI_CODES_H
#define KVMTOP_TUI_CODES_H

#include <stdbool.h>
#include <stddef.h>

#define CODES_SIZE 128

struct codes {
	char bytes[CODES_SIZE];
	size_t len;
};

/* Does the terminal that curses has opened know how to do this ("cup", "rmcup")? */
bool codes_known(const char *capability);

/* Another screen, keys that tell what they are, no cursor. */
void codes_enter(struct codes *ret);

/* Everything back: where there is no second screen, the picture stays above the prompt. */
void codes_leave(struct codes *ret);

#endif
