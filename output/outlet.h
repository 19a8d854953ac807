/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where written bytes go: standard output, a stream or a file, piece by piece; in files each piece
 * is whole or not there at all. Files are appended to, belong to one writer at a time, and are
 * never reached through links.
 *
 * Errors: 0, or -errno of what went wrong, with a sentence in outlet_error; -EINTR: a signal that
 * ends the program came while the reader was slow.
 */
#ifndef KVMTOP_OUTPUT_OUTLET_H
#define KVMTOP_OUTPUT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

struct outlet;

/* @stop_fd: readable when the program shall end; a slow reader is not waited for then. -1: none. */
struct outlet *outlet_stdout(int stop_fd);

/*
 * Whether @path is none of a file's names: a device such as null, a FIFO, or a link to standard
 * output, wherever that goes. What has a name of its own and keeps data is a file.
 */
bool outlet_is_stream(const char *path);

/* One of those; outlet_open opens it, once. A FIFO must have a reader, and belong to this user. */
struct outlet *outlet_stream(const char *path, int stop_fd);

/*
 * A file @name in directory @dir. It is opened by outlet_open, with @head as its first bytes: a
 * file that begins otherwise is left alone and NAME.1.SUFFIX taken, or .2, and so on.
 */
struct outlet *outlet_file(
    const char *dir, const char *name, const char *suffix, const char *head, size_t head_len);
void outlet_free(struct outlet *o);

/* Also opens anew, by name (log files were rotated). Harmless on standard output. */
int outlet_open(struct outlet *o);

/* Once it is open: whether it begins with its head already, as files do. */
bool outlet_has_head(const struct outlet *o);

int outlet_write(struct outlet *o, const char *data, size_t len);

/* 0, or why not all that was written has arrived. */
int outlet_close(struct outlet *o);

/* May the next piece be written all the same (a full disk may be emptied)? */
bool outlet_may_recover(int error);

const char *outlet_error(const struct outlet *o);

/* For poll(): tells POLLERR or POLLHUP when the reader has gone. -1: there is none. */
int outlet_fd(const struct outlet *o);

/* Ends the program as SIGPIPE does where that is not ignored; else -EPIPE. */
int outlet_gone(struct outlet *o);

/* What the file is called now; differs from what was asked for when that had another head. */
const char *outlet_name(const struct outlet *o);

#endif
