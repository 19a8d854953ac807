/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a directory that is held open, read and written. No symbolic link leads out of it,
 * and none is written through at the path's end; nothing but a regular file is opened. All return 0
 * or -errno.
 */
#ifndef KVMTOP_FIXES_FILE_H
#define KVMTOP_FIXES_FILE_H

#include "base/text.h"

/* -EFBIG: more than a settings file ever has; -EILSEQ: it is no text. */
int file_read(int root_fd, const char *path, struct text *ret);

/* Nothing is opened for writing. -EROFS: the kernel takes nothing there; -EACCES: not from us. */
int file_may_write(int root_fd, const char *path);

/* In one write(2), as files of the kernel want it. */
int file_write(int root_fd, const char *path, const char *text, size_t len);

/* All at once, or not at all: a new file takes the old one's place, with its mode. */
int file_replace(int root_fd, const char *path, const char *text, size_t len);
int file_remove(int root_fd, const char *path);

#endif
