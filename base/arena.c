/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define CHUNK ((size_t)32 << 10)

struct chunk {
	struct chunk *next;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct chunk *chunk;
	size_t used, size; /* of the newest chunk */
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->chunk) {
		struct chunk *next = a->chunk->next;

		free(a->chunk);
		a->chunk = next;
	}
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!a->chunk || a->size - a->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;
		struct chunk *chunk = xcalloc(1, sizeof(*chunk) + room);

		chunk->next = a->chunk;
		a->chunk = chunk;
		a->used = 0;
		a->size = room;
	}
	p = a->chunk->data + a->used;
	a->used += size;
	return p;
}
