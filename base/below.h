/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below a directory that may be hostile, as a captured tree may: whatever symbolic links it
 * holds, nothing outside of it is opened or looked at, and no FIFO makes us wait.
 */
#ifndef KVMTOP_BASE_BELOW_H
#define KVMTOP_BASE_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A descriptor of a regular file or, with O_DIRECTORY in @flags, of a directory; or -errno. */
int below_open(int dir_fd, const char *path, int flags);

/* The target of a symbolic link, not NUL-terminated; its length or -errno. */
ssize_t below_link(int dir_fd, const char *path, char *buf, size_t size);

/* Is there something of that name? A symbolic link is something, wherever it leads. */
bool below_exists(int dir_fd, const char *path);

#endif
