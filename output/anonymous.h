/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replaces what tells whose guests these are: their names, uuids and titles and the name of the
 * host, the same one by the same word everywhere.
 */
#ifndef KVMTOP_OUTPUT_ANONYMOUS_H
#define KVMTOP_OUTPUT_ANONYMOUS_H

#include <stddef.h>

struct anonymous;
struct snapshot;
struct text;

struct anonymous *anonymous_new(void);
void anonymous_free(struct anonymous *a);

/* Learns the names that are in @s. Do that for all samples before anything is replaced. */
void anonymous_learn(struct anonymous *a, const struct snapshot *s);

/* Appends the path of a captured file, and its content (or a link's target). */
void anonymous_path(const struct anonymous *a, const char *path, struct text *out);
void anonymous_data(
    const struct anonymous *a, const char *path, const char *data, size_t len, struct text *out);

#endif
