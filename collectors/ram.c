/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/ram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"

/* Buffers, heaps and stacks of a VMM stay below. */
#define RAM_MIN_BYTES (16ULL << 20)
#define LARGEST_PART 8
#define RANGES_MAX 65536U
/* More than an address space holds is no memory. */
#define SPACE_BYTES (1ULL << 57)

struct mapping {
	struct slice address, rights, offset, device, inode, path;
	uint64_t start, end;
};

/* "7f0000000000-7f0040000000 rw-p 00000000 00:00 0    [heap]" */
static bool read_mapping(struct cursor line, struct mapping *ret)
{
	struct slice start, end;

	if (!cursor_field(&line, &ret->address) || !cursor_field(&line, &ret->rights) ||
	    !cursor_field(&line, &ret->offset) || !cursor_field(&line, &ret->device) ||
	    !cursor_field(&line, &ret->inode) || !slice_cut(ret->address, '-', &start, &end))
		return false;
	ret->path = cursor_rest(&line);
	return slice_hex_u64(start, &ret->start) == 0 && slice_hex_u64(end, &ret->end) == 0 &&
	       ret->start < ret->end;
}

static bool contains(struct slice s, const char *what)
{
	return s.len > 0 && memmem(s.p, s.len, what, strlen(what)) != NULL;
}

/* Memory of the guest's devices is not the host's: it has no node. */
static bool is_device(const struct mapping *m)
{
	return slice_starts(m->path, "anon_inode:") || contains(m->path, "/vfio/");
}

static bool may_be_ram(const struct mapping *m)
{
	return m->rights.len >= 4 && m->rights.p[0] == 'r' && m->rights.p[1] == 'w' &&
	       !slice_starts(m->path, "[") && !is_device(m);
}

static bool same_text(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* The kernel splits a mapping where a policy or an advice covers a part of it. */
static bool continues(const struct mapping *before, const struct mapping *m)
{
	return before->end == m->start && same_text(before->rights, m->rights) &&
	       same_text(before->device, m->device) && same_text(before->inode, m->inode) &&
	       same_text(before->path, m->path);
}

struct candidates {
	struct ram_range *range;
	size_t n, cap;
	uint64_t largest;
};

static void add_candidate(struct candidates *c, const struct mapping *m)
{
	uint64_t bytes = m->end - m->start;

	if (bytes <= RAM_MIN_BYTES || c->n >= RANGES_MAX)
		return;
	/* The kernel lists them in order; a hostile text may not. */
	if (c->n > 0 && m->start < c->range[c->n - 1].start + c->range[c->n - 1].bytes)
		return;
	c->range = xgrow(c->range, c->n, &c->cap, sizeof(*c->range));
	c->range[c->n++] = (struct ram_range){ .start = m->start, .bytes = bytes };
	if (bytes > c->largest)
		c->largest = bytes;
}

static struct candidates find_candidates(const char *maps)
{
	struct candidates found = { 0 };
	struct mapping m = { 0 }, whole = { 0 };
	struct cursor c, line;

	cursor_init(&c, maps, strlen(maps));
	while (cursor_line(&c, &line)) {
		if (!read_mapping(line, &m))
			continue;
		if (whole.end && continues(&whole, &m)) {
			whole.end = m.end;
			continue;
		}
		if (whole.end && may_be_ram(&whole))
			add_candidate(&found, &whole);
		whole = m;
	}
	if (whole.end && may_be_ram(&whole))
		add_candidate(&found, &whole);
	return found;
}

int ram_find(const char *maps, uint64_t memory_bytes, struct ram *ret)
{
	struct candidates c = find_candidates(maps);
	uint64_t exact = 0, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < c.n; i++)
		if (c.range[i].bytes == memory_bytes)
			exact = memory_bytes;
	for (size_t i = 0; i < c.n; i++) {
		struct ram_range range = c.range[i];

		if (exact ? range.bytes != exact : range.bytes < c.largest / LARGEST_PART)
			continue;
		range.before = sum;
		if (__builtin_add_overflow(sum, range.bytes, &sum) || sum > SPACE_BYTES)
			break;
		c.range[n++] = range;
	}
	if (n == 0 || sum > SPACE_BYTES) {
		free(c.range);
		return -ENOENT;
	}
	ram_done(ret);
	*ret = (struct ram){ .range = c.range, .n = n, .bytes = sum };
	return 0;
}

static bool overlaps(const struct ram *ram, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < ram->n; i++)
		if (start < ram->range[i].start + ram->range[i].bytes && ram->range[i].start < end)
			return true;
	return false;
}

/* What the kernel maps into every process ([vdso] and so on) is nobody's memory. */
static bool may_be_rest(const struct mapping *m)
{
	return m->rights.len >= 4 && m->rights.p[0] == 'r' && !slice_starts(m->path, "[v") &&
	       !is_device(m);
}

/* Most mappings of a program touch the one before: they differ in rights only. */
static void add_rest(struct ram *rest, size_t *cap, uint64_t start, uint64_t end)
{
	struct ram_range *last = rest->n ? &rest->range[rest->n - 1] : NULL;

	if (last && last->start + last->bytes == start) {
		last->bytes += end - start;
	} else {
		rest->range = xgrow(rest->range, rest->n, cap, sizeof(*rest->range));
		rest->range[rest->n++] = (struct ram_range){
			.start = start, .bytes = end - start, .before = rest->bytes
		};
	}
	rest->bytes += end - start;
}

int ram_find_rest(const char *maps, const struct ram *ram, struct ram *ret)
{
	struct ram rest = { 0 };
	struct mapping m = { 0 };
	struct cursor c, line;
	size_t cap = 0;
	uint64_t end = 0;

	cursor_init(&c, maps, strlen(maps));
	while (cursor_line(&c, &line) && rest.n < RANGES_MAX) {
		if (!read_mapping(line, &m) || m.start < end || !may_be_rest(&m) ||
		    overlaps(ram, m.start, m.end) || m.end - m.start > SPACE_BYTES - rest.bytes)
			continue;
		add_rest(&rest, &cap, m.start, m.end);
		end = m.end;
	}
	if (rest.n == 0)
		return -ENOENT;
	ram_done(ret);
	*ret = rest;
	return 0;
}

uint64_t ram_address(const struct ram *ram, uint64_t offset)
{
	size_t low = 0, high = ram->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (ram->range[middle].before <= offset)
			low = middle;
		else
			high = middle;
	}
	return ram->range[low].start + (offset - ram->range[low].before);
}

void ram_done(struct ram *ram)
{
	free(ram->range);
	*ram = (struct ram){ 0 };
}
