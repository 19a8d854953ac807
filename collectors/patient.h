/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a file that may hold its reader up without limit: proc/PID/cmdline waits for the memory
 * map of the process, which a process stuck in the kernel may hold. The reading is done by a thread
 * of its own; whoever asks waits only as long as he says.
 */
#ifndef KVMTOP_COLLECTORS_PATIENT_H
#define KVMTOP_COLLECTORS_PATIENT_H

#include <stdint.h>

struct patient;
struct root;
struct text;

/* Begins to read. On a captured host it is read at once. */
struct patient *patient_read(const struct root *root, const char *path);

/*
 * -EAGAIN: not there after @wait_ns. Else 0 or the error of the reading; @ret then has what was
 * read and the caller owns it.
 */
int patient_take(struct patient *p, uint64_t wait_ns, struct text *ret);

/* Gives it up, read or not. */
void patient_free(struct patient *p);

#endif
