/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a metric is: one row of a table's .def file. Everything that names, formats or describes
 * a metric (screens, writers, lists, manual) reads it from here.
 */
#ifndef KVMTOP_MODEL_COLUMN_H
#define KVMTOP_MODEL_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot;

enum kind {
	KIND_GAUGE,   /* a number that holds now */
	KIND_COUNTER, /* a number that only grows; shown as a rate */
	KIND_TEXT,
};

enum unit {
	UNIT_NONE,  /* an identifier or a setting */
	UNIT_COUNT, /* things */
	UNIT_BYTES,
	UNIT_PAGES,
	UNIT_PER_SECOND,       /* things, already a rate */
	UNIT_BYTES_PER_SECOND, /* already a rate */
	UNIT_NS,               /* a counter of time: its rate is a ratio */
	UNIT_SECONDS,
	UNIT_RATIO, /* 0 … 1 */
	UNIT_CPUS,  /* time by time, of several CPUs: 2.5 is two and a half CPUs; a counter is in ns
		     */
	UNIT_HERTZ,
};

enum show {
	SHOW_INTEGER,
	SHOW_DECIMAL, /* one digit behind the point */
	SHOW_SIZE,    /* 1.5G */
	SHOW_SHORT,   /* 41.2k */
	SHOW_PERCENT, /* of a ratio */
	SHOW_TIME,    /* 3d 4h, 12s, 40ms */
	SHOW_TEXT,
};

/* Where figures come from: a row for each collector. */
enum source_id {
#define SOURCE(id, name, help) id,
#define PACE(id, seconds)
#include "model/source.def"
#undef SOURCE
#undef PACE
	SOURCES
};

#define NEEDS(id) (1u << (id))

/* Reading these costs the guests something: tracepoints and counters are switched on for it. */
#define NEEDS_DEAR (NEEDS(SRC_EXITS) | NEEDS(SRC_COUNTERS))

struct column {
	const char *name;  /* lower_snake_case, without a unit */
	const char *title; /* the screen's head; fits width */
	const char *help;  /* one sentence */
	const char *key;   /* the name that the source gives it */
	/* Fills the column in all rows, once rates are known. */
	void (*derive)(struct snapshot *s, int column);
	/* A derived figure that goes on from what it was: it is there when @derive is called. */
	bool carried;
	unsigned needs; /* sources of a derived column; of others: beside src */
	enum kind kind;
	enum unit unit;
	enum show show;
	enum source_id src;
	short width;  /* cells on screen; of a text: at least */
	short weight; /* lower ones leave a narrow screen first; 0: 50 */
};

/* "cpu_ratio", "read_bytes_per_second": the name with its unit, as files spell it. */
void column_csv_name(const struct column *c, char *buf, size_t size);

/* With the sources that must tell first: what images there are is known by the disks. */
unsigned needs_whole(unsigned needs);

/* The sources that a column is read or derived from, whole. */
unsigned column_needs(const struct column *c);

#endif
