/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands behind a figure that has no column's head above it to tell. */
#ifndef KVMTOP_VIEWS_UNIT_H
#define KVMTOP_VIEWS_UNIT_H

struct cell;
struct column;

/* "%", "/s", or "" where the figure tells by itself (3.1G, 40ms), is no quantity, or missing. */
const char *unit_sign(const struct column *column, const struct cell *cell);

#endif
