/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps what is read of a host, sample after sample, and writes it as a captured host: a directory
 * with a tree for each sample, or one text file (base/archive.h). Of processes only guests, their
 * kernel threads, ksmd and khugepaged are kept.
 */
#ifndef KVMTOP_OUTPUT_CAPTURE_H
#define KVMTOP_OUTPUT_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/root.h"

struct capture;
struct snapshot;

struct capture *capture_new(bool anonymous);
void capture_free(struct capture *c);

/* For root_watch, with the capture as @ctx. From any thread. */
void capture_seen(void *ctx, enum seen kind, const char *path, const char *data, size_t len);

/* What was seen so far, while everything was being opened, counts only where it is not seen again.
 */
void capture_begin(struct capture *c);

/*
 * What was seen since the last call, and what was seen before and not again, is sample @s. What
 * processes that have gone left behind is left out.
 */
void capture_sample(struct capture *c, const struct snapshot *s);

/* @path is made: a file when it ends in ".host", else a directory. 0, -EEXIST when there is
 * something, or -errno. */
int capture_write(struct capture *c, const char *path);

#endif
