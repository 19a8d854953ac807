/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of a guest, read until it is there. The kernel gives it only when it gets at the
 * memory map of the process, which a process that is stuck in the kernel may hold.
 *
 * Each collector that wants it has its own, and so its own thread while it reads: collectors share
 * nothing but snapshots.
 */
#ifndef KVMTOP_COLLECTORS_CMDLINE_H
#define KVMTOP_COLLECTORS_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

struct patient;
struct root;
struct text;

/* Zeroed memory is one that nobody has asked for. */
struct cmdline {
	struct patient *reading;
	bool has_come; /* empty is no answer */
};

/*
 * True once: when there is something to parse, which the caller then owns. A call that begins to
 * read waits, but not long; where it does not come in time, or is empty, ask again at the next
 * reading.
 */
bool cmdline_take(struct cmdline *c, const struct root *root, uint32_t pid, struct text *ret);
void cmdline_done(struct cmdline *c);

#endif
