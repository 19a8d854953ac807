/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables and their columns, from the .def files. */
#ifndef KVMTOP_MODEL_CATALOGUE_H
#define KVMTOP_MODEL_CATALOGUE_H

#include "model/column.h"

/* The item of a row of exits: its reason, and from this bit on the thread of its vCPU, if it is of
 * one. */
#define EXIT_ITEM_TID_BIT 38

enum table_id {
	TABLE_HOST,
	TABLE_CPU,
	TABLE_NODE,
	TABLE_HUGEPOOL,
	TABLE_DOMAIN,
	TABLE_VCPU,
	TABLE_THREAD,
	TABLE_PLACEMENT,
	TABLE_NIC,
	TABLE_INTERFACE,
	TABLE_PCI,
	TABLE_DISK,
	TABLE_BLOCKDEV,
	TABLE_EXIT,
	TABLE_VCPU_EXIT,
	TABLE_HOST_EXIT,
	TABLE_EVENT,
	TABLE_FINDING,
	TABLE_DEFINED,
	TABLE_SOURCE,
	TABLES
};

#define METRIC(id, ...) id,
enum host_column {
#include "model/host.def"
	HOST_COLUMNS
};
enum cpu_column {
#include "model/cpu.def"
	CPU_COLUMNS
};
enum node_column {
#include "model/node.def"
	NODE_COLUMNS
};
enum hugepool_column {
#include "model/hugepool.def"
	HUGEPOOL_COLUMNS
};
enum domain_column {
#include "model/domain.def"
	DOMAIN_COLUMNS
};
enum vcpu_column {
#include "model/vcpu.def"
	VCPU_COLUMNS
};
enum thread_column {
#include "model/thread.def"
	THREAD_COLUMNS
};
enum placement_column {
#include "model/placement.def"
	PLACEMENT_COLUMNS
};
enum disk_column {
#include "model/disk.def"
	DISK_COLUMNS
};
enum blockdev_column {
#include "model/blockdev.def"
	BLOCKDEV_COLUMNS
};
enum nic_column {
#include "model/nic.def"
	NIC_COLUMNS
};
enum interface_column {
#include "model/interface.def"
	INTERFACE_COLUMNS
};
enum pci_column {
#include "model/pci.def"
	PCI_COLUMNS
};
/* Of three tables: exit, vcpu_exit and host_exit. */
enum exit_column {
#include "model/exit.def"
	EXIT_COLUMNS
};
enum event_column {
#include "model/event.def"
	EVENT_COLUMNS
};
enum finding_column {
#include "model/finding.def"
	FINDING_COLUMNS
};
enum defined_column {
#include "model/defined.def"
	DEFINED_COLUMNS
};
enum source_column {
#include "model/sources.def"
	SOURCE_COLUMNS
};
#undef METRIC

struct table_kind {
	const char *name;
	const char *help; /* one row per … */
	const struct column *column;
	int columns;
	int identity; /* the first so many columns say who the row is about */
};

extern const struct table_kind table_kinds[TABLES];

/* -1 where there is none of that name. Column names are taken with or without their unit. */
int table_find_name(const char *name);
int column_find_name(const struct table_kind *kind, const char *name);

/* The same as people type it: letters in either case, or the title that the screen has. */
int column_find(const struct table_kind *kind, const char *word);
/* The name of the column that was likely meant; NULL: none is near. */
const char *column_nearest(const struct table_kind *kind, const char *word);
/* Whether files have it though nobody named it: not what is dear. A named table has all its own. */
bool table_by_default(const struct table_kind *kind);
bool column_by_default(const struct table_kind *kind, int column);

/* Name and help of a source. */
const char *source_name(enum source_id src);
const char *source_help(enum source_id src);
/* How often it is read where nobody but a rule wants it. */
uint64_t source_pace_ns(enum source_id src);

/* What DOMAIN_VMM says of a QEMU that emulates (TCG): KVM knows nothing of such a guest. */
#define VMM_EMULATED "qemu-tcg"

#endif
