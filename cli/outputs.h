/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables that batch writes: which columns, which rows in which order, and where to. */
#ifndef KVMTOP_CLI_OUTPUTS_H
#define KVMTOP_CLI_OUTPUTS_H

#include <stdbool.h>

#include "output/writer.h"

struct filter;
struct options;
struct outlet;

struct output {
	struct sheet sheet;
	int *columns; /* of the sheet, which only lends them */
	struct filter *filter;
	struct outlet *outlet;
	char *told_name; /* the last name of its file that was told */
	bool has_head;   /* files get theirs when they are opened */
	bool is_lost;    /* the last piece could not be written */
};

struct outputs {
	const struct options *options;
	struct output output[TABLES];
	size_t n;
	bool is_open;
	bool was_lost; /* something, at some time */
};

/* -EINVAL and why, when rows cannot be chosen so. outputs_done is not needed then. */
int outputs_init(struct outputs *o, const struct options *options, int stop_fd, char **ret_error);
void outputs_done(struct outputs *o);

/* Opens what is to be written, or opens it anew. 0, or -errno when it was complained about. */
int outputs_open(struct outputs *o);

/* Heads, where none was written yet. Otherwise they come with the first rows. As outputs_write. */
int outputs_begin(struct outputs *o);

/* One sample. 0, also when the disk is full and may be emptied; or -errno. */
int outputs_write(struct outputs *o, const struct snapshot *s);

/* Everything that was written has arrived? */
bool outputs_close(struct outputs *o);

/* The sources that what is written needs. */
unsigned outputs_needs(const struct outputs *o);

/* To be watched for a reader that goes; -1: none. */
int outputs_fd(const struct outputs *o);
int outputs_gone(struct outputs *o);

#endif
