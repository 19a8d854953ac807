/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that make up a root share, and nobody else. */
#ifndef KVMTOP_BASE_ROOT_INNER_H
#define KVMTOP_BASE_ROOT_INNER_H

#include "base/root.h"

struct archive;

struct root {
	int fd; /* the directory; of a captured tree, that of the current sample */
	char *path;
	bool live;
	struct archive *archive;
	size_t samples, index; /* of a tree: directories PATH/0, PATH/1, … */
	bool numbered;
	struct moment moment;
	size_t kept_max; /* highest descriptor that a kept file may hold */
	void (*seen)(void *ctx, enum seen kind, const char *path, const char *data, size_t len);
	void *seen_ctx;
};

/* A descriptor of what lies there, or -errno; of a captured tree no link leads out of it. */
int root_fd(const struct root *root, const char *path, int flags);

/* Appends what is left in @fd, up to 64 MiB. 0 or -errno. */
int root_read_fd(int fd, struct text *ret);

#endif
