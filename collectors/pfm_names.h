/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of hardware events, by libpfm4. Its headers bring a copy of the kernel's own, so that no
 * file can include both.
 */
#ifndef KVMTOP_COLLECTORS_PFM_NAMES_H
#define KVMTOP_COLLECTORS_PFM_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/* The fields of struct perf_event_attr that a name decides. */
struct pfm_encoding {
	uint32_t type;
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel; /* "EVENT:k" counts in kernels only */
};

/* 0; -ENOENT: nobody knows the event; -ENOSYS: the library is not there, or does not work. */
int pfm_encode(const char *name, struct pfm_encoding *ret);

#endif
