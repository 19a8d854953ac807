/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and devices that a guest's process holds open, as far as they may be images, by the links
 * of proc/PID/fd: so no file is touched. Zeroed memory is an empty list; open_files_done frees it.
 */
#ifndef KVMTOP_COLLECTORS_OPEN_FILES_H
#define KVMTOP_COLLECTORS_OPEN_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "collectors/block_stack.h"

struct open_file {
	int fd;
	char *target;
	char block[BLOCK_NAME_SIZE]; /* "dm-3"; "": it is no block device */
};

struct open_files {
	struct open_file *file;
	size_t n, cap;
	char *directory; /* that the process works in; NULL: not to be had */
};

/* 0, or why nothing can be seen. */
int open_files_read(
    struct open_files *f, const struct root *root, struct dm_names *dm, uint32_t pid);
void open_files_done(struct open_files *f);

/*
 * By its path, which may begin in the process's directory, a device by any of its names; where the
 * path leads over a link, by the last part of it when only one file has that. NULL: it is not open.
 */
const struct open_file *open_files_find(
    const struct open_files *f, const struct root *root, struct dm_names *dm, const char *source);

#endif
