/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel samepage merging: how it is set up on the host, and plans that change it. */
#ifndef KVMTOP_ADVISOR_RULES_MERGING_H
#define KVMTOP_ADVISOR_RULES_MERGING_H

#include "advisor/rule.h"

#define KSM(file) "sys/kernel/mm/ksm/" file

/* run */
enum { KSM_STOPPED, KSM_MERGING, KSM_UNMERGED };

/* A full scan that goes by the kernel's advisor takes so long. */
#define SCAN_TIME_S 200
#define PAGES_TO_SCAN_MIN 100

/* Columns that several of its rules look at. */
#define HOST_NEED(column) NEED(TABLE_HOST, column)
#define HOST_USES(column) USES(TABLE_HOST, column)
#define NEED_RUN HOST_NEED(HOST_KSM_RUN)
#define NEED_PAGES                                                                  \
	HOST_NEED(HOST_KSM_PAGES_SHARED), HOST_NEED(HOST_KSM_PAGES_SHARING),        \
	    HOST_NEED(HOST_KSM_PAGES_UNSHARED), HOST_NEED(HOST_KSM_PAGES_VOLATILE), \
	    HOST_NEED(HOST_PAGE_SIZE)
#define NEED_PACE HOST_NEED(HOST_KSM_PAGES_TO_SCAN), HOST_NEED(HOST_KSM_SLEEP_MILLISECS)
#define NEED_ROOM HOST_NEED(HOST_MEMORY_AVAILABLE), HOST_NEED(HOST_MEMORY_TOTAL)
#define USES_ADVISOR                                                               \
	HOST_USES(HOST_KSM_ADVISOR), HOST_USES(HOST_KSM_ADVISOR_TARGET_SCAN_TIME), \
	    HOST_USES(HOST_KSM_ADVISOR_MAX_CPU)

/* A gauge and a rate of the host; 0 where there is none. */
double of_host(const struct subject *s, int column);
double rate_of_host(const struct subject *s, int column);

/* Where the kernel has KSM: it runs, or it does not; where nobody may look, both. */
bool may_merge(const struct subject *s);
bool may_have_stopped(const struct subject *s);
/* So often that its figures tell something. */
bool has_scanned(const struct subject *s);
/* Whether the kernel could set the pace of ksmd itself, and does: then a write to pages_to_scan is
 * refused. */
bool has_advisor(const struct subject *s);
bool advisor_scans(const struct subject *s);

double page_bytes(const struct subject *s);
/* All that ksmd keeps account of. */
double tracked_bytes(const struct subject *s);
/* Whether there is room: unmerging takes the memory that merging saved. */
bool can_unmerge(const struct subject *s);

/* @before, and what ksmd takes of a CPU; nothing where that is not known. */
void say_ksmd(const struct subject *s, const char *before, struct text *out);

/* @now NAN: not known. */
void set_number(struct plan *out, const char *path, double now, double value);
void set_of_host(
    const struct subject *s, struct plan *out, const char *path, int column, double value);
void let_advisor_scan(const struct subject *s, struct plan *out);

/* For the rows of rules. */
void advise_half_speed(const struct subject *s, double figure, struct text *out);
void plan_half_speed(const struct subject *s, struct plan *out);
void advise_stop(const struct subject *s, double figure, struct text *out);
/* Unmerges where there is room for it. */
void plan_stop(const struct subject *s, struct plan *out);
/* Of ksm-merge-across-nodes: unmerges, and goes on within each node. */
void plan_merge_within_nodes(const struct subject *s, struct plan *out);

#endif
