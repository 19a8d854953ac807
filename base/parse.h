/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole texts, strictly: a file that is one number, an option's value, a file of named values.
 * Nothing here allocates. For text with more in it take a cursor (base/slice.h).
 *
 * Errors: -EINVAL this is no such thing, -ERANGE it does not fit, -ENOENT there is none.
 */
#ifndef KVMTOP_BASE_PARSE_H
#define KVMTOP_BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * The whole of @s is one number, in decimal digits: no blanks, no '+'. One "\n" may end it, because
 * the files of the kernel end so. parse_hex_u64 takes "ff" and "0xff".
 */
int parse_u64(const char *s, uint64_t *ret);
int parse_i64(const char *s, int64_t *ret);
int parse_hex_u64(const char *s, uint64_t *ret);

/* "12", "-0.5", ".5", "3."; no exponent, no inf, no nan. Correctly rounded up to 15 digits. */
int parse_double(const char *s, double *ret);

/*
 * The size of a unit in bytes, as libvirt and QEMU name them, in any case: "b", "byte", "bytes";
 * "k" and "KiB" 1024, "KB" 1000; and so on with m, g, t, p, e.
 */
int parse_unit(const char *unit, uint64_t *ret_bytes);

/*
 * "4096", "2M", "1.5GiB", "100 KB" in bytes; a number without unit counts @default_unit_bytes each.
 * A part of a byte that a fraction leaves is dropped.
 */
int parse_size(const char *s, uint64_t default_unit_bytes, uint64_t *ret_bytes);

/* "1", "0.5", "2s", "500ms", "10us", "10ns", "5m" or "5min", "2h", "28d". Without unit: seconds. */
int parse_duration(const char *s, uint64_t *ret_ns);

/*
 * Files of named values, one a line: "key value", "key: value", "key : value", and, in the files of
 * a node, "Node 0 key: value". The key is compared as a whole; the first line that has it counts.
 *
 * parse_key_value: a number followed by the unit "kB" is returned in BYTES (times 1024), as in
 * meminfo, status and smaps_rollup; a number without unit as it stands. Anything else behind the
 * number is -EINVAL.
 */
int parse_key_value(const char *text, const char *key, uint64_t *ret);

/* As above for values such as "12.345678" in proc/PID/sched. No unit is taken. */
int parse_key_double(const char *text, const char *key, double *ret);

/* What stands behind the key, up to the end of the line, without blanks around it; may be empty. */
int parse_key_text(const char *text, const char *key, struct slice *ret);

/*
 * The chosen word of "noop deadline [cfq]": "cfq". A single word without brackets is chosen too (a
 * block device without a queue says "none"). -ENOENT: nothing is chosen; -ERANGE: @buf too small.
 */
int parse_choice(const char *text, char *buf, size_t size);

#endif
