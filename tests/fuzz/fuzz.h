/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz targets share. A target is called with any bytes and aborts where a promise is broken.
 * With clang's -fsanitize=fuzzer the bytes are invented; corpus_main.c takes them from files.
 */
#ifndef KVMTOP_TESTS_FUZZ_FUZZ_H
#define KVMTOP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(condition)                                                                      \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

/* The bytes as text that ends at the first NUL, in memory of just that size. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t len = end != NULL ? (size_t)(end - data) : size;
	char *text = malloc(len + 1);

	if (text == NULL)
		abort();
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

#endif
