/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comma separated values as RFC 4180 wants them, with LF: time, interval_seconds, who the row is
 * about, its figures, and status, which says what is wrong with those that are missing or old.
 */
#ifndef KVMTOP_OUTPUT_CSV_H
#define KVMTOP_OUTPUT_CSV_H

#include <stddef.h>

struct row;
struct sheet;
struct snapshot;
struct text;

void csv_head(const struct sheet *sheet, struct text *out);
void csv_sample(const struct sheet *sheet, const struct snapshot *s, struct row *const *row,
    size_t n, struct text *out);

/* One field, quoted where it must be. */
void csv_text(struct text *out, const char *s);

/*
 * In digits and, where there is a fraction, a point and up to six digits more; whole numbers are
 * exact up to 2^53. No locale is asked. What is not finite is left empty.
 */
void csv_number(struct text *out, double v);

#endif
