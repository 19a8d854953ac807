/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan that is carried out, or undone: its steps, what stood there before, and what came of it.
 * A fix owns its texts. Zero-initialise it.
 */
#ifndef KVMTOP_FIXES_FIX_H
#define KVMTOP_FIXES_FIX_H

#include <stdbool.h>
#include <stdint.h>

#include "advisor/plan.h"

struct journal;
struct site;

enum result {
	RESULT_NONE, /* not begun */
	RESULT_DONE, /* written, and read back */
	RESULT_PART, /* less came of it than was asked for */
	RESULT_FAILED,
	RESULT_UNKNOWN, /* nobody answered whether it was done */
	RESULT_BACK,    /* was done; then the old state was put back */
	RESULT_STUCK,   /* was done, and the old state could not be put back */
	RESULTS
};

struct step {
	struct action action;
	char *state;    /* put this back, as of fixes/kinds.h; NULL: write action.value */
	char *expected; /* the state that must stand there; NULL: as of the action */
	char *old;      /* the state before; NULL: not read */
	char *left;     /* the state after it; NULL: not read */
	enum result result;
	char *why; /* of anything but RESULT_DONE, and what else there is to say; or NULL */
};

enum ending {
	ENDING_NONE, /* has not begun, or goes on, or was cut off */
	ENDING_DONE,
	ENDING_PART,    /* done, but less came of it than was asked for */
	ENDING_REFUSED, /* nothing was written */
	ENDING_BACK,    /* failed, and all was put back */
	ENDING_FAILED,  /* failed, and something could not be put back */
	ENDING_UNKNOWN, /* nobody answered whether something was done */
	ENDINGS
};

struct fix {
	char *rule, *subject, *title;
	double figure;   /* that raised it; NAN: there is none */
	uint64_t id;     /* in the journal; 0: not there */
	uint64_t undoes; /* the fix that this one undoes; 0: none */
	bool settles;    /* that one was cut off: it counts though nothing may be left to do */
	struct step *step;
	size_t n;
	bool stands;            /* refused as nothing of it is left to do */
	char *passed;           /* of an undo: which fixes it passed over, in a sentence; or NULL */
	struct action *lasting; /* what would make it last */
	size_t lasting_n;
	enum ending ending;
	char *why; /* a sentence, of anything but ENDING_DONE */
};

/* What a plan does, or what makes it last. Texts are copied. */
void fix_of_plan(struct fix *f, const struct plan *plan, bool lasting);
/* A fix with texts of its own. */
void fix_copy(const struct fix *from, struct fix *ret);
void fix_done(struct fix *f);

/*
 * Reads what stands there, for a preview, and checks that the fix may go on: that the guests are
 * the same processes, and that the old values are those which were expected. False: refused, and
 * f->why says why. Writes nothing.
 */
bool fix_read(struct fix *f, struct site *s);

/*
 * Reads again, notes in @journal what will be done, does it, reads it back; where one step fails
 * those before are put back in reverse. f->ending tells how it ended, and is in the journal.
 * Without a preview, or when something is not as it was in it: refused.
 */
void fix_apply(struct fix *f, struct site *s, struct journal *journal);

/* One line for a shell for each step that changes something, and for each that would undo it. */
void fix_commands(const struct fix *f, struct text *out);
void fix_undo_commands(const struct fix *f, struct text *out);

/* "vm.swappiness", "CPUs of vCPU 0 of web1": what a step changes. */
void step_place(const struct step *s, struct text *out);
/* Whether step @i finds something else than it brings about, as far as that is known. */
bool fix_step_changes(const struct fix *f, size_t i);
/* "60 -> 10"; "10 already". */
void fix_step_values(const struct fix *f, size_t i, struct text *out);
/* "vm.swappiness: 60 -> 10": what stands there, or stood, and what comes in its place. */
void fix_step_change(const struct fix *f, size_t i, struct text *out);
/* The line for a shell, ended; nothing where there is nothing to put back. */
void step_commands(const struct step *s, struct text *out);
/* Whether both change the same thing. */
bool step_same_place(const struct step *a, const struct step *b);

const char *result_name(enum result result); /* "done", "put back", … */
const char *ending_name(enum ending ending);
/* "Fix 3 is done", "Fix 2 is undone in part: …": of one that was made. Foreign text may be in it.
 */
void fix_outcome(const struct fix *f, struct text *out);

#endif
