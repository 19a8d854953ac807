/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is freed all at once. Zeroed, aligned for any scalar, never NULL. */
#ifndef KVMTOP_BASE_ARENA_H
#define KVMTOP_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
void *arena_alloc(struct arena *a, size_t size);

#endif
