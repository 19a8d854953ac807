/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/catalogue.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "model/derive.h"

#define METRIC(id, ...) [id] = { __VA_ARGS__ },
static const struct column host_columns[HOST_COLUMNS] = {
#include "model/host.def"
};
static const struct column cpu_columns[CPU_COLUMNS] = {
#include "model/cpu.def"
};
static const struct column node_columns[NODE_COLUMNS] = {
#include "model/node.def"
};
static const struct column hugepool_columns[HUGEPOOL_COLUMNS] = {
#include "model/hugepool.def"
};
static const struct column domain_columns[DOMAIN_COLUMNS] = {
#include "model/domain.def"
};
static const struct column vcpu_columns[VCPU_COLUMNS] = {
#include "model/vcpu.def"
};
static const struct column thread_columns[THREAD_COLUMNS] = {
#include "model/thread.def"
};
static const struct column placement_columns[PLACEMENT_COLUMNS] = {
#include "model/placement.def"
};
static const struct column disk_columns[DISK_COLUMNS] = {
#include "model/disk.def"
};
static const struct column blockdev_columns[BLOCKDEV_COLUMNS] = {
#include "model/blockdev.def"
};
static const struct column nic_columns[NIC_COLUMNS] = {
#include "model/nic.def"
};
static const struct column interface_columns[INTERFACE_COLUMNS] = {
#include "model/interface.def"
};
static const struct column pci_columns[PCI_COLUMNS] = {
#include "model/pci.def"
};
static const struct column exit_columns[EXIT_COLUMNS] = {
#include "model/exit.def"
};
static const struct column event_columns[EVENT_COLUMNS] = {
#include "model/event.def"
};
static const struct column finding_columns[FINDING_COLUMNS] = {
#include "model/finding.def"
};
static const struct column defined_columns[DEFINED_COLUMNS] = {
#include "model/defined.def"
};
static const struct column source_columns[SOURCE_COLUMNS] = {
#include "model/sources.def"
};
#undef METRIC

const struct table_kind table_kinds[TABLES] = {
	[TABLE_HOST] = { "host", "host", host_columns, HOST_COLUMNS, 1 },
	[TABLE_CPU] = { "cpu", "CPU of the host", cpu_columns, CPU_COLUMNS, 1 },
	[TABLE_NODE] = { "node", "NUMA node", node_columns, NODE_COLUMNS, 1 },
	[TABLE_HUGEPOOL] = { "hugepool", "NUMA node and huge page size", hugepool_columns,
	    HUGEPOOL_COLUMNS, 2 },
	[TABLE_DOMAIN] = { "domain", "guest", domain_columns, DOMAIN_COLUMNS, 3 },
	[TABLE_VCPU] = { "vcpu", "vCPU of a guest", vcpu_columns, VCPU_COLUMNS, 5 },
	[TABLE_THREAD] = { "thread", "other thread of a guest", thread_columns, THREAD_COLUMNS, 5 },
	[TABLE_PLACEMENT] = { "placement", "guest and NUMA node", placement_columns,
	    PLACEMENT_COLUMNS, 4 },
	[TABLE_DISK] = { "disk", "disk of a guest", disk_columns, DISK_COLUMNS, 4 },
	[TABLE_BLOCKDEV] = { "blockdev", "block device of the host", blockdev_columns,
	    BLOCKDEV_COLUMNS, 1 },
	[TABLE_NIC] = { "nic", "network interface of a guest", nic_columns, NIC_COLUMNS, 4 },
	[TABLE_INTERFACE] = { "interface", "network interface of the host", interface_columns,
	    INTERFACE_COLUMNS, 1 },
	[TABLE_PCI] = { "pci", "PCI device, or part of one, passed through to a guest", pci_columns,
	    PCI_COLUMNS, 4 },
	[TABLE_EXIT] = { "exit", "guest and reason to leave it", exit_columns, EXIT_COLUMNS, 6 },
	[TABLE_VCPU_EXIT] = { "vcpu_exit", "vCPU and reason to leave the guest", exit_columns,
	    EXIT_COLUMNS, 6 },
	[TABLE_HOST_EXIT] = { "host_exit", "reason to leave any guest of the host", exit_columns,
	    EXIT_COLUMNS, 6 },
	[TABLE_EVENT] = { "event", "guest and counted event", event_columns, EVENT_COLUMNS, 4 },
	[TABLE_FINDING] = { "finding", "raised rule and what it is about", finding_columns,
	    FINDING_COLUMNS, 5 },
	[TABLE_DEFINED] = { "defined", "guest that is defined and does not run", defined_columns,
	    DEFINED_COLUMNS, 2 },
	[TABLE_SOURCE] = { "source", "collector of kvmtop", source_columns, SOURCE_COLUMNS, 1 },
};

static const struct {
	const char *name, *help;
} sources[SOURCES] = {
#define SOURCE(id, name, help) [id] = { name, help },
#define PACE(id, seconds)
#include "model/source.def"
#undef SOURCE
#undef PACE
};

#define PACE_S 10

/* 0: as most. */
static const unsigned paces_s[SOURCES] = {
#define SOURCE(id, name, help)
#define PACE(id, seconds) [id] = (seconds),
#include "model/source.def"
#undef SOURCE
#undef PACE
};

const char *source_name(enum source_id src)
{
	return sources[src].name;
}

const char *source_help(enum source_id src)
{
	return sources[src].help;
}

uint64_t source_pace_ns(enum source_id src)
{
	return (paces_s[src] ? paces_s[src] : PACE_S) * NS_PER_SEC;
}

int table_find_name(const char *name)
{
	for (int i = 0; i < TABLES; i++)
		if (strcmp(table_kinds[i].name, name) == 0)
			return i;
	return -1;
}

int column_find_name(const struct table_kind *kind, const char *name)
{
	char full[96];

	for (int i = 0; i < kind->columns; i++) {
		column_csv_name(&kind->column[i], full, sizeof(full));
		if (strcmp(kind->column[i].name, name) == 0 || strcmp(full, name) == 0)
			return i;
	}
	return -1;
}

int column_find(const struct table_kind *kind, const char *word)
{
	char full[96];

	for (int i = 0; i < kind->columns; i++) {
		column_csv_name(&kind->column[i], full, sizeof(full));
		if (strcasecmp(kind->column[i].name, word) == 0 || strcasecmp(full, word) == 0)
			return i;
	}
	for (int i = 0; i < kind->columns; i++)
		if (strcasecmp(kind->column[i].title, word) == 0)
			return i;
	return -1;
}

const char *column_nearest(const struct table_kind *kind, const char *word)
{
	struct nearest by_name, by_title;

	nearest_init(&by_name, word);
	nearest_init(&by_title, word);
	for (int i = 0; i < kind->columns; i++) {
		const char *before = by_title.best;

		nearest_offer(&by_name, kind->column[i].name);
		nearest_offer(&by_title, kind->column[i].title);
		/* A title that is near leads to the name of its column. */
		if (by_title.best != before && by_title.distance < by_name.distance) {
			by_name.best = kind->column[i].name;
			by_name.distance = by_title.distance;
		}
	}
	return by_name.best;
}

/* Its rows come from where that comes from which says what they are about. */
static unsigned needs_of_rows(const struct table_kind *kind)
{
	unsigned needs = 0;

	for (int i = 0; i < kind->identity; i++)
		needs |= column_needs(&kind->column[i]);
	return needs;
}

bool table_by_default(const struct table_kind *kind)
{
	return !(needs_of_rows(kind) & NEEDS_DEAR);
}

/* The rules read nearly every source there is: not for one column of another table. */
bool column_by_default(const struct table_kind *kind, int column)
{
	unsigned beside = column_needs(&kind->column[column]) & ~needs_of_rows(kind);

	return !(beside & (NEEDS_DEAR | NEEDS(SRC_ADVISOR)));
}

/* A counter is written as its rate: of time, that is a ratio, or a number of CPUs. */
static const char *unit_suffix(const struct column *c)
{
	bool rate = c->kind == KIND_COUNTER;

	switch (c->unit) {
	case UNIT_COUNT:
		return rate ? "_per_second" : "";
	case UNIT_BYTES:
		return rate ? "_bytes_per_second" : "_bytes";
	case UNIT_PAGES:
		return rate ? "_pages_per_second" : "_pages";
	case UNIT_BYTES_PER_SECOND:
		return "_bytes_per_second";
	case UNIT_PER_SECOND:
		return "_per_second";
	case UNIT_NS:
		return "_ratio";
	case UNIT_SECONDS:
		return "_seconds";
	case UNIT_RATIO:
		return "_ratio";
	case UNIT_CPUS:
		return "_cpus";
	case UNIT_HERTZ:
		return "_hertz";
	case UNIT_NONE:
		break;
	}
	return "";
}

void column_csv_name(const struct column *c, char *buf, size_t size)
{
	/* "pages_to_scan" says its unit itself. */
	bool says = c->unit == UNIT_PAGES && strstr(c->name, "pages");

	snprintf(buf, size, "%s%s", c->name, says ? "" : unit_suffix(c));
}

unsigned needs_whole(unsigned needs)
{
	static const struct {
		enum source_id src;
		unsigned first;
	} builds_on[] = {
		{ SRC_IMAGES, NEEDS(SRC_DISKS) | NEEDS(SRC_LIBVIRT) },
		{ SRC_CGROUP_IO, NEEDS(SRC_DISKS) | NEEDS(SRC_LIBVIRT) },
		{ SRC_BLOCK, NEEDS(SRC_LIBVIRT) },
		{ SRC_EXITS, NEEDS(SRC_THREADS) },
		{ SRC_COUNTERS, NEEDS(SRC_THREADS) },
	};

	for (size_t i = 0; i < sizeof(builds_on) / sizeof(builds_on[0]); i++)
		if (needs & NEEDS(builds_on[i].src))
			needs |= builds_on[i].first;
	return needs;
}

unsigned column_needs(const struct column *c)
{
	return needs_whole(c->derive ? c->needs : NEEDS(c->src) | c->needs);
}
