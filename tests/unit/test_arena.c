/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#define PIECES 2000

static size_t size_of(size_t i)
{
	/* Small ones, and every now and then one that no block holds. */
	return i % 97 == 96 ? 100000 + i : i % 50 + 1;
}

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	static unsigned char *piece[PIECES];
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		size_t size = size_of(i);

		piece[i] = arena_alloc(a, size);
		assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
		assert_int_equal(piece[i][0], 0);
		assert_memory_equal(piece[i], piece[i] + 1, size - 1);
		memset(piece[i], (int)(i % 255) + 1, size);
	}
	for (size_t i = 0; i < PIECES; i++) {
		assert_int_equal(piece[i][0], i % 255 + 1);
		assert_memory_equal(piece[i], piece[i] + 1, size_of(i) - 1);
	}
	arena_free(a);
}

static void nothing_is_a_piece_too(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_non_null(arena_alloc(a, 0));
	assert_non_null(arena_alloc(a, 1));
	arena_free(a);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(nothing_is_a_piece_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
