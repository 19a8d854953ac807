/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of a program or library. The file may be anything: it is read as a whole into
 * memory first, so that nobody can cut it under us.
 */
#ifndef KVMTOP_PROFILE_ELF_SYMBOLS_H
#define KVMTOP_PROFILE_ELF_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/symbols.h"

#define ELF_SEGMENTS_MAX 64
#define ELF_FILE_MAX ((size_t)256 << 20)

struct elf_segment {
	uint64_t offset, size, address;
};

/* Zero-initialise it. */
struct elf_symbols {
	struct symbols symbols; /* by the addresses that the file itself names */
	struct elf_segment segment[ELF_SEGMENTS_MAX];
	size_t segments;
};

/* 0, or -errno: -ENOEXEC this is no ELF file, -EFBIG it is too large. @fd stays open. */
int elf_symbols_read(struct elf_symbols *e, int fd);

/* The same of a file in memory; @image may be changed meanwhile. */
int elf_symbols_parse(struct elf_symbols *e, char *image, size_t len);
void elf_symbols_done(struct elf_symbols *e);

/* The function at a place in the file, or NULL. */
const struct symbol *elf_symbols_find(const struct elf_symbols *e, uint64_t offset);

#endif
