/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of a kernel, as its kallsyms file tells them, and where its modules lie, as its
 * modules file tells. The kernel may be a guest's: neither file is trusted.
 */
#ifndef KVMTOP_PROFILE_KALLSYMS_H
#define KVMTOP_PROFILE_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* What a file turned out to be. */
struct kallsyms_facts {
	size_t lines, functions;
	size_t wrong;         /* lines that are none of a kallsyms file */
	size_t zeroed;        /* functions without an address: kptr_restrict hides them */
	uint64_t first, last; /* addresses of functions of the kernel itself */
};

/*
 * Adds the functions of the text; sort the table afterwards. 0; -ENODATA: nothing in it; -EPERM:
 * all addresses are hidden; -EINVAL: this is no such file.
 */
int kallsyms_parse(
    struct symbols *s, const char *text, size_t len, struct kallsyms_facts *ret_facts);

/*
 * Where modules lie, as symbols whose names are the modules' own. The same errors.
 */
int modules_parse(struct symbols *s, const char *text, size_t len);

#endif
