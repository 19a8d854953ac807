/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/net_dev.h"

#include <stdlib.h>
#include <string.h>

#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"

bool interface_is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= INTERFACE_SIZE || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return strcspn(name, "/: \t\n\v\f\r") == len;
}

/* bytes packets errs drop; then @rest further numbers of that direction. */
static bool read_direction(struct cursor *line, unsigned rest, struct net_counters *ret)
{
	return cursor_u64(line, &ret->bytes) == 0 && cursor_u64(line, &ret->packets) == 0 &&
	       cursor_u64(line, &ret->errors) == 0 && cursor_u64(line, &ret->drops) == 0 &&
	       cursor_skip(line, rest);
}

/* "  vnet0:    1234     12 …": the name may touch the first number. */
static bool read_line(struct cursor *line, struct net_interface *ret)
{
	struct slice whole = cursor_rest(line), name, numbers;

	if (!slice_cut(whole, ':', &name, &numbers) ||
	    slice_copy(name, ret->name, sizeof(ret->name)) >= sizeof(ret->name) ||
	    !interface_is_name(ret->name))
		return false;
	cursor_init(line, numbers.p, numbers.len);
	/* received: fifo frame compressed multicast; sent: fifo colls carrier compressed */
	return read_direction(line, 4, &ret->received) && read_direction(line, 4, &ret->sent);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(
	    ((const struct net_interface *)a)->name, ((const struct net_interface *)b)->name);
}

static uint64_t hash_names(const struct net_dev *d)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < d->n; i++)
		for (const char *p = d->interface[i].name;; p++) {
			hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
			if (!*p)
				break;
		}
	return hash;
}

int net_dev_read(struct net_dev *d, const struct root *root, const char *path)
{
	struct text text = { 0 };
	struct cursor c, line;
	struct net_interface one;
	int r = root_read_all(root, path, &text);

	d->n = 0;
	if (r == 0) {
		cursor_init(&c, text.p, text.len);
		while (d->n < INTERFACES_MAX && cursor_line(&c, &line)) {
			if (!read_line(&line, &one))
				continue;
			d->interface = xgrow(d->interface, d->n, &d->cap, sizeof(one));
			d->interface[d->n++] = one;
		}
		if (d->n > 1)
			qsort(d->interface, d->n, sizeof(one), compare_names);
	}
	d->names_hash = hash_names(d);
	text_done(&text);
	return r;
}

void net_dev_done(struct net_dev *d)
{
	free(d->interface);
	*d = (struct net_dev){ 0 };
}

const struct net_interface *net_dev_find(const struct net_dev *d, const char *name)
{
	struct net_interface key;
	size_t len = strlen(name);

	if (d->n == 0 || len >= sizeof(key.name))
		return NULL;
	memcpy(key.name, name, len + 1);
	return bsearch(&key, d->interface, d->n, sizeof(key), compare_names);
}
