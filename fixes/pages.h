/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving the memory of a process between nodes, in slices, so that the guest waits for none of it
 * for long and somebody may stop it. What is where is told as "0:1048576 2:4096", KiB by node.
 */
#ifndef KVMTOP_FIXES_PAGES_H
#define KVMTOP_FIXES_PAGES_H

#include "model/snapshot.h"

struct site;
struct text;

/* 0 or -errno, and why. @guest: key_process. The caller frees @ret. */
int pages_read(struct site *s, struct key guest, char **ret, struct text *why);

/*
 * Of files that it has mapped only those pages go along that nobody else uses.
 *
 * Moves what lies on the nodes @from, "all" or a list, to node @to. 1: not all of it could be
 * moved, or somebody stopped it; @why says how much stayed.
 */
int pages_move(
    struct site *s, struct key guest, const char *from, const char *to, struct text *why);

/* Moves as much as it takes for each node to hold what it held. */
int pages_restore(struct site *s, struct key guest, const char *state, struct text *why);

#endif
