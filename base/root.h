/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a host is read: everything goes below a directory given at run time. "/" is this host,
 * live; any other directory, or an archive (base/archive.h), is a captured one with one or more
 * samples. The same binary therefore reads a machine and a test's picture of a machine.
 *
 * Paths are relative ("proc/stat"). One thread uses a root at a time; root_dup gives another thread
 * its own.
 */
#ifndef KVMTOP_BASE_ROOT_H
#define KVMTOP_BASE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/text.h"

struct root;

/* A file that is read again and again: on a live host its descriptor stays open. */
struct kept {
	int fd_plus_1; /* 0: not open, so that zeroed memory is valid */
};

/* -ENOENT: no such place; -ENOTDIR/-EINVAL: there, but nothing that was captured; -EFBIG: too large
 * an archive. */
int root_open(const char *path, struct root **ret);

/* An archive that lies in memory (the built-in host, a fuzzer's input). @text need not outlive the
 * call. */
int root_open_archive(const char *text, size_t len, struct root **ret);
struct root *root_dup(const struct root *root);
void root_close(struct root *root);

bool root_is_live(const struct root *root);
size_t root_samples(const struct root *root);

/* The end of an archive is missing: root_samples counts what could be read. */
bool root_is_cut(const struct root *root);

/* Goes to captured sample @index, counted from 0. Does nothing on a live root. */
void root_seek(struct root *root, size_t index);

/* The moment of the sample: captured, or the clocks of this host. */
struct moment root_now(const struct root *root);

/* Reads up to @size-1 bytes and ends them with a NUL. The number of bytes, or -errno. */
ssize_t root_read(const struct root *root, const char *path, char *buf, size_t size);

/* Reads a file of any length up to 64 MiB. 0 or -errno. */
int root_read_all(const struct root *root, const char *path, struct text *ret);

/* As root_read; when the process behind the file is gone: -ESRCH, and @kept is closed. */
ssize_t root_read_kept(
    const struct root *root, struct kept *kept, const char *path, char *buf, size_t size);
void kept_done(struct kept *kept);

/* The target of a symbolic link, NUL-terminated. */
ssize_t root_link(const struct root *root, const char *path, char *buf, size_t size);

/* Entries of a directory, without . and .., sorted; and only those that are numbers, in order. */
int root_list(const struct root *root, const char *path, struct names *ret);
int root_list_numbers(const struct root *root, const char *path, struct numbers *ret);

/* Number of directories in a directory, by its link count; -errno. */
ssize_t root_count_dirs(const struct root *root, const char *path);

/* What a live host says of a directory's size: of proc/PID/fd the number of descriptors (since
 * Linux 6.2, 0 before). -errno; -ENOTSUP on a captured host, whose directories are others. */
ssize_t root_directory_size(const struct root *root, const char *path);

/*
 * A descriptor of a regular file of a live host, or -errno; never waits for a FIFO. The second
 * takes
 * @path from a @directory that may be hostile, such as proc/PID/root: no link leads out of it.
 */
int root_open_file(const struct root *root, const char *path);
int root_open_below(const struct root *root, const char *directory, const char *path);

bool root_exists(const struct root *root, const char *path);

/* 0 when this process may read @path, else -errno; on captured hosts, whether it is there. */
int root_may_read(const struct root *root, const char *path);

/*
 * A live host tells some things by system calls only. A collector notes the answer under
 * "kvmtop/…" so that a capture holds it, and reads it from there on a captured host.
 */
void root_note(const struct root *root, const char *path, const char *data, size_t len);

enum seen { SEEN_FILE, SEEN_LINK };

/* Tells @seen of every file and link that is read, and every note. Survives root_dup; @seen must
 * then be thread-safe. */
void root_watch(struct root *root,
    void (*seen)(void *ctx, enum seen kind, const char *path, const char *data, size_t len),
    void *ctx);
/* Whether somebody does, so that a note that is dear to make is worth it. */
bool root_is_watched(const struct root *root);

#endif
