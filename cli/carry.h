/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fix or an undo on the command line: shown, confirmed, carried out. */
#ifndef KVMTOP_CLI_CARRY_H
#define KVMTOP_CLI_CARRY_H

#include <stdbool.h>

#include "fixes/job.h"

struct events;
struct options;
struct root;
struct text;

/* Where this run fixes; the directory of the journal is to be freed by carry_done. */
struct carry {
	const struct options *options;
	struct events *events;
	struct job_place place;
	char *directory;
};

void carry_init(
    struct carry *c, const struct options *options, const struct root *root, struct events *events);
void carry_done(struct carry *c);

/* Says what a fix that was cut off left behind, if there is one. */
void carry_warn(const struct carry *c);

/* What a fix would do: what stands there, what will, and the commands. */
void carry_preview(const struct fix *f, struct text *out);
/* As a shell script that does the same. */
void carry_script(const struct fix *f, struct text *out);

/*
 * Waits until @job has looked, shows what it will do, asks, and waits until it is over. @name: what
 * must be typed, or said by --yes=NAME; NULL: a plain yes. The exit status. With --dry-run or
 * --script it ends before anything is written.
 */
int carry_out(struct carry *c, struct job *job, const char *name);

#endif
