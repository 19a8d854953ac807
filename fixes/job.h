/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fix on its way, in a thread of its own: for whoever must not wait. One reads first, then shows
 * the preview, then applies:
 *
 *   job_new -> JOB_READING -> JOB_READY -> job_apply -> JOB_WORKING -> JOB_OVER
 *
 * What is refused goes to JOB_OVER from anywhere. All functions return at once.
 */
#ifndef KVMTOP_FIXES_JOB_H
#define KVMTOP_FIXES_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "fixes/fix.h"

struct job;
struct root;

enum job_phase {
	JOB_READING,
	JOB_READY,
	JOB_WORKING,
	JOB_OVER,
};

/* Where fixes are made, and whether they are. Texts are lent for the job's life. */
struct job_place {
	const struct root *root; /* only a live one is changed */
	const char *uri;         /* of libvirt; NULL: the default */
	const char *directory;   /* of the journal */
	bool readonly;           /* the user wants nothing changed */
	bool preview;            /* it will not be applied: nothing is opened for writing */
};

/* What the fix is about. */
struct job_about {
	const char *rule, *subject;
	double figure;     /* NAN: there is none */
	uint64_t seen_ns;  /* monotonic time of the snapshot that the plan was made from */
	uint64_t fresh_ns; /* so long after that the plan is too old */
};

/* Why nothing can be fixed here, in a sentence; NULL: it can. The caller frees it. */
char *job_refusal(const struct job_place *place);

/* The plan, or what makes it last, is copied. */
struct job *job_new(const struct job_place *place, const struct plan *plan, bool lasting,
    const struct job_about *about);
/* Undoes a fix of the journal; @id 0: the last one that can be. */
struct job *job_undo(const struct job_place *place, uint64_t id);

/* Goes on as soon as it is ready. */
void job_apply(struct job *j);
/* What moves slowly ends soon and keeps what it did; what is not begun is not begun. */
void job_stop(struct job *j);

/* How it stands. Sizes are 0 where nothing moves slowly. */
enum job_phase job_look(struct job *j, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);
/* Lent until job_free, and unchanging: while the job works as it was when it was ready. NULL while
 * it reads. */
const struct fix *job_fix(const struct job *j);

/* Readable when the phase has changed since the last job_look. */
int job_fd(const struct job *j);

/* Stops it. Its thread frees what is left when it has come to an end. False: that has not come yet,
 * or one that it asked still owes an answer. */
bool job_free(struct job *j);

#endif
