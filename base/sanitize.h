/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place where foreign text (names of guests and processes, paths, serials, recordings)
 * becomes text that may be shown and written: valid UTF-8 on one line that no terminal acts upon
 * and that has no invisible part. And how many cells of a screen such text takes, in any locale.
 */
#ifndef KVMTOP_BASE_SANITIZE_H
#define KVMTOP_BASE_SANITIZE_H

#include <stddef.h>

/* Sanitised text is at most this many times as long. */
#define SANITIZE_GROWTH 4

/*
 * Writes @len bytes of @src to @dst, NUL-terminated; the bytes written without the NUL.
 *
 * As \xNN: bytes that are no UTF-8, control characters below 0x80, and NUL.
 * As \u{NNNN}: C1, line and paragraph separators, everything invisible or that turns the direction
 * of writing (format characters, fillers, variation selectors, tags, the byte order mark), private
 * and unassigned code points and noncharacters; and combining marks that have no base, or are
 * more than two on one.
 * Everything else stays, a backslash too: the text is for people and cannot be turned back.
 *
 * When @dst is full the text ends before the character or escape that does not fit as a whole.
 * Sanitised text stays as it is when sanitised again.
 */
size_t sanitize(char *dst, size_t dst_size, const char *src, size_t len);
char *sanitize_dup(const char *src, size_t len);

/* Cells that sanitised text takes on a screen. */
int text_width(const char *utf8);

/*
 * How many bytes of @utf8 fit into @cells, whole characters with their combining marks. @ret_cells,
 * when not NULL, tells how many cells these take: one less than @cells where a wide one is left
 * out.
 */
size_t text_fit(const char *utf8, int cells, int *ret_cells);

#endif
