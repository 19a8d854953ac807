/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests that libvirt has a definition of and that do not run: what they will want when they are
 * started. Read once a minute, and when anything has changed.
 */
#ifndef KVMTOP_COLLECTORS_LIBVIRT_DEFINED_H
#define KVMTOP_COLLECTORS_LIBVIRT_DEFINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct definition;
struct libvirt_link;
struct reading;
struct text;

/* Zeroed memory is none. */
struct definitions {
	struct definition *item;
	size_t n, cap;
	uint64_t at_ns; /* when they were read; 0: never */
	bool known;
};

/* Reads what is due, and writes a row for each. */
void definitions_read(
    struct definitions *d, struct libvirt_link *link, struct reading *r, bool changed);
/* What a captured host needs to tell the same: see collectors/libvirt_link.h. */
void definitions_note(const struct definitions *d, const struct reading *r, struct text *out);
void definitions_done(struct definitions *d);

#endif
