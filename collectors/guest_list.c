/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/guest_list.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "model/snapshot.h"

static bool is_about(const void *item, struct key key)
{
	return item && key_equal(*(const struct key *)item, key);
}

/* Guests come in the same order from sample to sample: mostly the next old item is the one. */
static void *take(struct guest_list *old, size_t *next, struct key key)
{
	size_t i = *next;
	void *item;

	if (i >= old->n || !is_about(old->item[i], key))
		for (i = 0; i < old->n && !is_about(old->item[i], key); i++)
			;
	if (i >= old->n)
		return NULL;
	item = old->item[i];
	old->item[i] = NULL;
	*next = i + 1;
	return item;
}

void guest_list_update(
    struct guest_list *list, const struct snapshot *s, size_t size, void (*done)(void *item))
{
	const struct table *guests = &s->table[TABLE_DOMAIN];
	struct guest_list now = { .item = xcalloc(guests->n, sizeof(*now.item)), .n = guests->n };
	size_t next = 0;

	for (size_t i = 0; i < guests->n; i++) {
		now.item[i] = take(list, &next, guests->row[i]->key);
		if (!now.item[i]) {
			now.item[i] = xcalloc(1, size);
			*(struct key *)now.item[i] = guests->row[i]->key;
		}
	}
	guest_list_done(list, done);
	*list = now;
}

void guest_list_done(struct guest_list *list, void (*done)(void *item))
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->item[i])
			done(list->item[i]);
		free(list->item[i]);
	}
	free(list->item);
	*list = (struct guest_list){ 0 };
}
