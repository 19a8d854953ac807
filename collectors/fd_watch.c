/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/fd_watch.h"

#include <stdio.h>

#include "base/root.h"
#include "collectors/collector.h"

/* One closed and one opened leave as many as there were. */
#define ANYHOW_NS (300 * NS_PER_SEC)

bool fd_watch_changed(struct fd_watch *w, const struct reading *r, uint32_t pid)
{
	char path[64];
	ssize_t n;
	bool same, changed;

	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	n = root_directory_size(r->root, path);
	same = n > 0 && (size_t)n == w->n;
	changed = !same || w->is_new || r->now_ns >= w->looked_ns + ANYHOW_NS;
	w->is_new = !same && w->looked_ns;
	w->n = n > 0 ? (size_t)n : 0;
	if (changed)
		w->looked_ns = r->now_ns;
	return changed;
}

void fd_watch_failed(struct fd_watch *w)
{
	*w = (struct fd_watch){ 0 };
}
