/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/cgroup_memory.h"

#include <stdlib.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/cgroup_path.h"
#include "model/snapshot.h"

#define NONE (-1.0)

/* Limits may stand on the guest's level and on libvirt's own: the stricter one counts. */
static double read_strictest(const struct root *root, const struct cgroup *group, const char *file)
{
	const char *dirs[] = { group->dir, group->inner };
	double limit = NONE;

	for (size_t i = 0; i < 2; i++) {
		uint64_t v;

		if (dirs[i] && cgroup_read_limit(root, dirs[i], file, &v) == 0 &&
		    (limit < 0 || (double)v < limit))
			limit = (double)v;
	}
	return limit;
}

static double read_bytes(const struct root *root, const struct cgroup *group, const char *file)
{
	uint64_t v;

	return cgroup_read_limit(root, group->dir, file, &v) == 0 ? (double)v : NONE;
}

/* The outer level counts what happens on the inner one, too. */
static void read_events(
    struct cgroup_memory *m, const struct root *root, const struct cgroup *group)
{
	char buf[512], *path = xasprintf("%s/memory.events", group->dir);

	if (root_read(root, path, buf, sizeof(buf)) > 0) {
		m->has_throttles = parse_key_value(buf, "high", &m->throttles) == 0;
		m->has_hits = parse_key_value(buf, "max", &m->hits) == 0;
	}
	free(path);
}

void cgroup_memory_read(
    struct cgroup_memory *m, const struct root *root, const struct cgroup *group, uint64_t now_ns)
{
	*m = (struct cgroup_memory){
		.at_ns = now_ns, .limit_bytes = NONE, .high_bytes = NONE, .held_bytes = NONE
	};
	if (!group->dir)
		return;
	m->version = group->v2 ? 2 : 1;
	m->limit_bytes =
	    read_strictest(root, group, group->v2 ? "memory.max" : "memory.limit_in_bytes");
	/* The soft limit of version 1 slows nobody down. */
	if (group->v2)
		m->high_bytes = read_strictest(root, group, "memory.high");
	if (m->limit_bytes < 0 && m->high_bytes < 0)
		return;
	m->held_bytes =
	    read_bytes(root, group, group->v2 ? "memory.current" : "memory.usage_in_bytes");
	if (group->v2)
		read_events(m, root, group);
	else
		m->has_hits = cgroup_read_limit(root, group->dir, "memory.failcnt", &m->hits) == 0;
}

static void write_bytes(
    const struct cgroup_memory *m, struct row *row, int column, double bytes, enum state why)
{
	if (bytes >= 0)
		cell_set_number(row, column, bytes, m->at_ns);
	else
		cell_set_missing(row, column, why, m->at_ns);
}

static void write_count(const struct cgroup_memory *m, struct row *row, int column, bool has,
    uint64_t count, enum state why)
{
	if (has)
		cell_set_count(row, column, count, m->at_ns);
	else
		cell_set_missing(row, column, why, m->at_ns);
}

void cgroup_memory_write(const struct cgroup_memory *m, struct row *row, int error)
{
	enum state why = error ? state_of_errno(error) : STATE_ABSENT;

	write_bytes(m, row, DOMAIN_MEMORY_LIMIT, m->limit_bytes, why);
	write_bytes(m, row, DOMAIN_MEMORY_HIGH, m->high_bytes, why);
	write_bytes(m, row, DOMAIN_MEMORY_HELD, m->held_bytes, why);
	write_count(m, row, DOMAIN_MEMORY_THROTTLES, m->has_throttles, m->throttles, why);
	write_count(m, row, DOMAIN_MEMORY_LIMIT_HITS, m->has_hits, m->hits, why);
	if (m->version)
		cell_set_number(row, DOMAIN_CGROUP_VERSION, m->version, m->at_ns);
}
