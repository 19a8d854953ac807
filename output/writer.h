/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A writer turns samples into the bytes of a file format. It knows kinds and units of columns,
 * never a metric. A new one is a file and a line in output/writer.c.
 */
#ifndef KVMTOP_OUTPUT_WRITER_H
#define KVMTOP_OUTPUT_WRITER_H

#include <stddef.h>

#include "model/catalogue.h"

struct row;
struct snapshot;
struct text;

/* What of a table is written. */
struct sheet {
	enum table_id table;
	const int *column; /* the table's identity first */
	size_t columns;
};

struct writer {
	const char *name, *help;
	const char *suffix; /* of files, with the point */
	/* What stands once, at the very beginning; appends nothing where a format has no such
	 * thing.
	 */
	void (*head)(const struct sheet *sheet, struct text *out);
	/* Appends @n rows of one sample. */
	void (*sample)(const struct sheet *sheet, const struct snapshot *s, struct row *const *row,
	    size_t n, struct text *out);
};

/* Ends with a row without name. */
extern const struct writer writers[];

/* NULL where there is none of that name. */
const struct writer *writer_find(const char *name);

#endif
