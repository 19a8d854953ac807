/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's monitor tells, by group: each group takes its keys into rows of the guest, keeps
 * what it said before until it says something else, and drops what it no longer says.
 */
#ifndef KVMTOP_COLLECTORS_MONITOR_H
#define KVMTOP_COLLECTORS_MONITOR_H

#include <stdbool.h>

#include "base/text.h"
#include "model/snapshot.h"

struct reading;

/* One guest's answer of one group on its way into its rows. */
struct monitor_answer {
	struct reading *r;
	const struct row *domain; /* in r->latest */
	struct row *row;          /* that is being filled; NULL: none yet */
	struct text note;         /* for captures: "KEY: VALUE" */
	bool told;                /* the guest is one of libvirt's */
	bool entered;             /* QEMU was asked; else libvirt told only what it knew anyway */
};

struct monitor_group {
	enum source_id src;
	unsigned bit;       /* enum libvirt_groups */
	const char *prefix; /* of its keys; without the dot the ending of its note */

	/* Whether the guest has what this group tells of. NULL: each guest. */
	bool (*wants)(const struct reading *r, const struct row *domain);
	void (*take)(struct monitor_answer *a, const char *key, uint64_t value, const char *text);
	void (*keep)(struct reading *r, const struct row *domain, const struct snapshot *before);
	void (*drop)(struct reading *r, const struct row *domain, uint64_t before_ns);
	void (*miss)(struct reading *r, const struct row *domain, enum state why);
};

extern const struct monitor_group balloon_group, block_group;

/* For the groups above: columns of one row with that source and a key. */
void monitor_keep_cells(
    enum source_id src, enum table_id t, const struct row *from, struct snapshot *into);
void monitor_drop_cells(enum source_id src, enum table_id t, struct row *row, uint64_t before_ns);
void monitor_miss_cells(
    struct reading *r, enum source_id src, enum table_id t, struct row *row, enum state why);

#endif
