/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way to a terminal that may be slow or stand still: they wait here, nobody else
 * waits. Owns the descriptor.
 */
#ifndef KVMTOP_TUI_SENDER_H
#define KVMTOP_TUI_SENDER_H

#include <stdbool.h>
#include <stddef.h>

struct sender {
	int fd;
	bool shared; /* with other programs: it must stay blocking, so each write is kept small */
	bool gone;   /* nobody reads it any more */
	char *bytes;
	size_t sent, len, cap;
};

/* Opens the terminal behind @tty once more, not blocking. 0 or -errno. */
int sender_init(struct sender *s, int tty);
void sender_done(struct sender *s);

/* @len bytes that the caller writes to the place returned. */
char *sender_add(struct sender *s, size_t len);

bool sender_is_idle(const struct sender *s);

/* Sends what the line takes now. */
void sender_push(struct sender *s);

/* Sends for @timeout_ms at most. */
void sender_drain(struct sender *s, int timeout_ms);

#endif
