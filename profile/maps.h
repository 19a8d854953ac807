/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executable mappings of a process, from its maps file. */
#ifndef KVMTOP_PROFILE_MAPS_H
#define KVMTOP_PROFILE_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define MAPS_MAX 4096

struct mapping {
	uint64_t start, end, offset;
	uint64_t device, inode; /* of the file; inode 0: there is none */
	char *path;             /* "/usr/lib/…", "[vdso]", or "" */
};

/* By address. Zero-initialise it. */
struct maps {
	struct mapping *v;
	size_t n, cap;
};

/* Mappings that cannot be executed, and lines that make no sense, are left out. */
void maps_parse(struct maps *m, const char *text, size_t len);
void maps_done(struct maps *m);

/* NULL: nothing is mapped there. */
const struct mapping *maps_find(const struct maps *m, uint64_t address);

#endif
