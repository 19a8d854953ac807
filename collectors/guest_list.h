/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a collector remembers of each guest from one reading to the next.
 * Zeroed memory is an empty list. The list owns its items until guest_list_done.
 */
#ifndef KVMTOP_COLLECTORS_GUEST_LIST_H
#define KVMTOP_COLLECTORS_GUEST_LIST_H

#include <stddef.h>

struct snapshot;

/* item[i] is about row i of the domains. Each item begins with the guest's struct key. */
struct guest_list {
	void **item;
	size_t n;
};

/*
 * Brings the list in line with the guests of @s. New ones get @size zeroed bytes behind their key;
 * those of guests that are gone go through @done, which empties but does not free them.
 */
void guest_list_update(
    struct guest_list *list, const struct snapshot *s, size_t size, void (*done)(void *item));
void guest_list_done(struct guest_list *list, void (*done)(void *item));

#endif
