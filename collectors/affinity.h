/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a thread may run, asked by a call that costs a twentieth of reading its file. */
#ifndef KVMTOP_COLLECTORS_AFFINITY_H
#define KVMTOP_COLLECTORS_AFFINITY_H

#include <stdint.h>

/* The list of CPUs, to be freed; NULL when it is the one of which @hash was made (0: of none), or
 * nobody tells. */
char *affinity_ask(uint32_t tid, uint64_t *hash);

#endif
