/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What screens have of their own, for the rows in screens.c. */
#ifndef KVMTOP_VIEWS_PARTS_H
#define KVMTOP_VIEWS_PARTS_H

#include "views/view.h"

/* domains.c: guests, unfolded into their threads where the user wants it. */
void domains_build(struct page *p, struct pane *pane);
bool domains_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret);
/* Folds or unfolds the guest of a line; all of them when it is NULL. */
void domains_fold(struct ui *ui, const struct snapshot *now, const struct row *domain);
/* What a child's column shows in place of the guest's; -1: nothing. */
int thread_column_for(enum table_id child, int domain_column);

/* numa.c: guests × nodes. */
void numa_fields(struct page *p, struct pane *pane);
void numa_build(struct page *p, struct pane *pane);
bool numa_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret);
/* "sampled, ±1.2 points, 3s old": how the memory of a guest was read. */
const char *numa_reading(struct page *p, const struct row *domain);

/* memory.c: huge page pools. */
bool memory_takes_pool(const struct page *p, const struct row *row);
void memory_pool_fields(struct page *p, struct pane *pane);
void memory_build_pools(struct page *p, struct pane *pane);
bool memory_pool_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret);
/* Bytes that the pools of a line lack for all guests that want them; 0: none. */
double memory_shortage(const struct page *p, const struct line *line);

/* exits.c: how they were found out, and the whole host's; those of the guest that was opened. */
void exits_build(struct page *p, struct pane *pane);
void guest_exits_build(struct page *p, struct pane *pane);
/* Hardware counters, with what their source says of them. */
void counters_build(struct page *p, struct pane *pane);
const char *exit_sentence(struct page *p, const struct line *line);
/* exit_words.c: why a guest is left for that reason; "" where nobody could say more than its name.
 */
const char *exit_words(const char *kind, const char *name);

/* disks.c */
const char *disk_sentence(struct page *p, const struct row *row);
const char *blockdev_sentence(struct page *p, const struct row *row);

/* network.c: NICs and devices passed through. */
void network_build_if_any(struct page *p, struct pane *pane);
const char *nic_sentence(struct page *p, const struct row *row);
const char *interface_sentence(struct page *p, const struct row *row);
const char *device_sentence(struct page *p, const struct row *row);

/* sources.c */
void sources_fields(struct page *p, struct pane *pane);
void sources_build(struct page *p, struct pane *pane);

/* why.c: "vCPU 0 waits 63 %: CPU 5 is shared with batch/0"; "" where nothing waits too long. Of a
 * guest its worst vCPU. Who is no guest is not named, but how much such processes use. */
const char *why_guest_waits(struct page *p, const struct row *domain);
const char *why_vcpu_waits(struct page *p, const struct row *vcpu);

/* vcpus.c: the rows, and which vCPUs have none. */
void vcpus_build(struct page *p, struct pane *pane);

/* domain_page.c: what belongs to the guest that was opened. */
bool domain_page_takes(const struct page *p, const struct row *row);
void domain_page_build(struct page *p, struct pane *pane);
void domain_page_build_vcpus(struct page *p, struct pane *pane);

/* advice.c: findings by weight, then those that are muted, then what could not be judged. */
void advice_build(struct page *p, struct pane *pane);
/* The same, but nothing where nothing is found. */
void advice_build_if_any(struct page *p, struct pane *pane);
bool advice_figure(
    const struct page *p, const struct line *line, const struct field *field, struct figure *ret);

/* journal.c: fixes that were made; draws a line of them, or their heads. */
void journal_build(struct page *p, struct pane *pane);
void journal_draw(
    const struct page *p, const struct line *line, struct canvas *c, int y, bool selected);
/* Handler of a command: all of them, or only the newest. */
unsigned journal_fold(struct ui *ui, struct page *p, const char *key);

/* messages.c */
void messages_build(struct page *p, struct pane *pane);
/* Tells what has changed between two samples. */
void messages_compare(struct ui *ui, const struct snapshot *before, const struct snapshot *now);

#endif
