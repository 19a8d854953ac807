/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first bytes of a guest's image, read by a thread of their own: opening it may take for ever
 * where what it lies on is gone, and no more than that thread shall be lost.
 */
#ifndef KVMTOP_COLLECTORS_PEEK_H
#define KVMTOP_COLLECTORS_PEEK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct peek;
struct root;

#define PEEK_BYTES 512

/* NULL: no thread is to be had. Only for live hosts. */
struct peek *peek_start(const struct root *root, const char *path);

/* How many bytes there are; -EAGAIN: not there after @wait_ns; other -errno: it cannot be read. */
ssize_t peek_take(struct peek *p, uint64_t wait_ns, uint8_t ret[PEEK_BYTES]);

/* Gives it up, read or not. */
void peek_free(struct peek *p);

#endif
