/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/maps.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/slice.h"
#include "base/xalloc.h"

static int take_range(struct cursor *line, struct mapping *m)
{
	struct slice range, from, to;

	if (!cursor_field(line, &range) || !slice_cut(range, '-', &from, &to) ||
	    slice_hex_u64(from, &m->start) < 0 || slice_hex_u64(to, &m->end) < 0)
		return -1;
	return m->start < m->end ? 0 : -1;
}

static int take_device(struct cursor *line, struct mapping *m)
{
	struct slice device, a, b;
	uint64_t major, minor;

	if (!cursor_field(line, &device) || !slice_cut(device, ':', &a, &b) ||
	    slice_hex_u64(a, &major) < 0 || slice_hex_u64(b, &minor) < 0 || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return -1;
	m->device = makedev((unsigned)major, (unsigned)minor);
	return 0;
}

/* "7f0a4000-7f0a5000 r-xp 00001000 fe:01 1234   /usr/bin/name" */
static int take_line(struct cursor *line, struct mapping *m)
{
	struct slice rights;

	if (take_range(line, m) < 0 || !cursor_field(line, &rights) || rights.len != 4 ||
	    rights.p[2] != 'x' || cursor_hex_u64(line, &m->offset) < 0 || take_device(line, m) < 0)
		return -1;
	return cursor_u64(line, &m->inode);
}

void maps_parse(struct maps *m, const char *text, size_t len)
{
	struct cursor c, line;

	cursor_init(&c, text, len);
	while (m->n < MAPS_MAX && cursor_line(&c, &line)) {
		struct mapping mapping = { 0 };

		if (take_line(&line, &mapping) < 0)
			continue;
		/* The kernel tells them by address; a text that does not is cut there. */
		if (m->n > 0 && mapping.start < m->v[m->n - 1].end)
			break;
		mapping.path = slice_dup(cursor_rest(&line));
		m->v = xgrow(m->v, m->n, &m->cap, sizeof(*m->v));
		m->v[m->n++] = mapping;
	}
}

void maps_done(struct maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].path);
	free(m->v);
	*m = (struct maps){ 0 };
}

const struct mapping *maps_find(const struct maps *m, uint64_t address)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->v[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < m->v[low - 1].end ? &m->v[low - 1] : NULL;
}
