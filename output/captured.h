/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture holds, sorted and whole, on its way to a file or a tree. */
#ifndef KVMTOP_OUTPUT_CAPTURED_H
#define KVMTOP_OUTPUT_CAPTURED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

struct anonymous;

/* A content; the same one is held once, so that equal pointers mean equal files. */
struct blob {
	char *data;
	size_t len;
	bool is_link;
};

struct captured_file {
	const char *path;
	const struct blob *blob;
};

struct captured_sample {
	struct moment moment;
	struct captured_file *file; /* sorted by path */
	size_t n;
};

/* Is the file the same in the sample before? @before may be NULL. */
bool captured_is_same(const struct captured_sample *before, const struct captured_file *file);

/* @anonymous may be NULL. 0 or -errno. */
int captured_write_archive(const struct captured_sample *sample, size_t n,
    const struct anonymous *anonymous, const char *path);
int captured_write_tree(const struct captured_sample *sample, size_t n,
    const struct anonymous *anonymous, const char *path);

#endif
