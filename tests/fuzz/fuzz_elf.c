/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that a process has mapped as its program: it may be anything. */
#include <errno.h>

#include "profile/elf_symbols.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_symbols e = { 0 };
	char *image = malloc(size ? size : 1);
	int r;

	PROMISE(image != NULL);
	memcpy(image, data, size);
	r = elf_symbols_parse(&e, image, size);
	PROMISE(r == 0 || r == -ENOEXEC);
	PROMISE(e.segments <= ELF_SEGMENTS_MAX);
	/* Names outlive the image. */
	free(image);
	for (size_t i = 0; i < e.symbols.n; i++)
		PROMISE(strlen(symbol_name(&e.symbols, &e.symbols.v[i])) <= SYMBOL_NAME_MAX);
	for (size_t i = 0; i < e.segments; i++)
		elf_symbols_find(&e, e.segment[i].offset);
	elf_symbols_find(&e, UINT64_MAX);
	elf_symbols_done(&e);
	return 0;
}
