/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A captured host as one text file, made to be read in a diff:
 *
 *   kvmtop-host 1
 *   ## 81234567890 1795000000000000000      a sample: its monotonic and wall clock, in ns
 *   == proc/loadavg                         a file, then its text
 *   0.10 0.20 0.30 1/99 4242
 *   @@ proc/7/exe                           a symbolic link, then its target
 *   ~~ proc/meminfo                         the same as in the sample before
 *   ## end                                  the last line: nothing was cut off
 *
 * In a text \\ is a backslash, \xNN a byte, and a backslash at a line's end joins it to the next.
 */
#ifndef KVMTOP_BASE_ARCHIVE_H
#define KVMTOP_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

#define ARCHIVE_HEAD "kvmtop-host 1\n"
#define ARCHIVE_END "## end\n"

struct archive;
struct text;

struct entry {
	const char *path, *data;
	size_t len;
	bool is_link;
};

/*
 * -EINVAL: not an archive; what follows a damaged line is read as far as it makes sense. Of one
 * that was cut off only whole samples are kept; of the first one, if there is no other, its whole
 * files.
 */
int archive_parse(const char *text, size_t len, struct archive **ret);
struct archive *archive_ref(struct archive *a);
void archive_unref(struct archive *a);

size_t archive_samples(const struct archive *a);

/* It lacks its end mark. */
bool archive_is_cut(const struct archive *a);
struct moment archive_moment(const struct archive *a, size_t sample);
const struct entry *archive_find(const struct archive *a, size_t sample, const char *path);

/* Whether there is a file, a link or a directory of that name. */
bool archive_exists(const struct archive *a, size_t sample, const char *path);

/* Calls @each with every name in directory @dir ("proc/7"; "" is the top), in order. */
void archive_list(const struct archive *a, size_t sample, const char *dir,
    void (*each)(void *ctx, const char *name, size_t len, bool is_dir), void *ctx);

/* Appends one entry, escaped, as the format above wants it. */
void archive_write_entry(
    struct text *out, const char *path, bool is_link, const char *data, size_t len);

#endif
