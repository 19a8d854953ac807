/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From files to columns by name: a metric that such a file holds costs one row of a .def file.
 *
 * struct values: files that hold one value each, a number or a word; the column with the key "run"
 * is read from DIR/run. Figures are read at every sample, settings every 5 s.
 * struct named: files of named values, such as proc/meminfo.
 * Both own what they hold until they are done with.
 */
#ifndef KVMTOP_COLLECTORS_VALUES_H
#define KVMTOP_COLLECTORS_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/catalogue.h"

struct reading;
struct root;
struct row;

struct values_kind {
	enum table_id table;
	enum source_id src;
	bool (*takes)(const struct column *c);    /* which columns with a key; NULL: all */
	bool (*in_pages)(const struct column *c); /* whose numbers count pages; NULL: none */
	bool choices; /* words are chosen ones: "always [madvise] never" */
};

struct values {
	const struct values_kind *kind;
	struct value *value;
	size_t n;
};

/* @kind lives as long as the values. @dir "": keys are whole paths. */
void values_init(struct values *v, const struct values_kind *kind, const char *dir);
void values_done(struct values *v);

/* Reads what is due, fills @row and notes what is refused or makes no sense. How many are there. */
size_t values_read(struct values *v, struct reading *r, struct row *row);

struct named {
	enum table_id table;
	int *column;
	size_t n;
};

/* The columns of @table from @src with numbers whose keys are no paths. */
void named_init(struct named *named, enum table_id table, enum source_id src);
void named_done(struct named *named);

/*
 * Sets the columns that @text names and that have no value yet. A number of bytes that has no unit
 * "kB" behind it counts units of @unit_bytes.
 */
void named_take(const struct named *named, const char *text, uint64_t unit_bytes, struct row *row,
    uint64_t at_ns);

/* Says why the columns that still have no value have none; @error 0: nobody told it. */
void named_missing(const struct named *named, struct row *row, int error, uint64_t at_ns);

/* Whether what is read every 5 s only, last at @at_ns (0: never), is to be read now. */
bool slow_is_due(const struct reading *r, uint64_t at_ns);

/*
 * When one of @of things is read next, each of which is read every @every_ns and whenever something
 * happens to it: those that are read together at first (@turn_ns 0) get turns apart, by their
 * @place from 1 on, and what is read out of turn keeps its own.
 */
uint64_t turn_after(uint64_t turn_ns, uint64_t now_ns, uint64_t every_ns, size_t place, size_t of);

/* Size of a page of the host's memory. */
uint64_t host_page_bytes(const struct root *root);
/* Size of a page of its huge page pool, where nobody names one; 0: not told. */
uint64_t host_huge_page_bytes(const struct root *root);

#endif
