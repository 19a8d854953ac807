/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what may hold its reader up without limit, as the command line of a process that is
 * stuck in the kernel, or an image on a disk that is gone. A thread of its own reads it; whoever
 * asks waits only as long as he says, and no more than that thread is ever lost.
 */
#ifndef KVMTOP_COLLECTORS_PATIENT_H
#define KVMTOP_COLLECTORS_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

struct patient;
struct root;
struct text;

/*
 * Begins @read: 0 or -errno, as root_read_all. On a captured host, which holds nobody up, it is
 * done at once. NULL: no thread is to be had.
 */
struct patient *patient_start(const struct root *root, const char *path,
    int (*read)(const struct root *root, const char *path, struct text *ret));

/*
 * False: it is not done after @wait_ns. Else the caller owns what was read, which is empty where it
 * could not be read.
 */
bool patient_take(struct patient *p, uint64_t wait_ns, struct text *ret);

/* Gives it up, read or not. */
void patient_free(struct patient *p);

#endif
