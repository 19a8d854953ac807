/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a thread may run, asked by a call that costs a twentieth of reading its file. */
#ifndef KVMTOP_COLLECTORS_AFFINITY_H
#define KVMTOP_COLLECTORS_AFFINITY_H

#include <stddef.h>
#include <stdint.h>

/* Writes the list of CPUs into @list when it is not the one of which @hash was made (0: of none).
 */
void affinity_ask(uint32_t tid, uint64_t *hash, char *list, size_t size);

#endif
