/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was ever changed, in a file of lines of JSON: of each fix an "intent" with all old and new
 * values before the first of them is written, a "step" after each, an "over", and perhaps an
 * "effect". Each line is on the disk before the caller goes on. A line that was torn is skipped.
 *
 * The file holds what it takes to undo, which may be secrets of a guest's definition: only its
 * owner and his group may read it.
 */
#ifndef KVMTOP_FIXES_JOURNAL_H
#define KVMTOP_FIXES_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "fixes/fix.h"

struct journal;

/* The usual directory: of the host for root, else of the user. NULL: nobody says where his home is.
 * The caller frees it. */
char *journal_directory(void);

/* Whether one could be kept there. 0, or -errno and why; nothing is made or written. */
int journal_may(const char *directory, struct text *why);

/* Of the file: the same again means that nobody has written to it. */
struct journal_mark {
	int64_t bytes, changed_ns;
};
struct journal_mark journal_look(const char *directory);

/*
 * Opens the journal in @directory, which is made where it is missing, and keeps everybody else
 * from fixing until journal_close. 0 or -errno, and why; -EBUSY: somebody else is at it.
 */
int journal_open(const char *directory, struct journal **ret, struct text *why);
void journal_close(struct journal *j);

/* 0 or -errno; then the line is not in the file, not even in part. */
int journal_intent(struct journal *j, struct fix *f); /* gives it its id */
int journal_step(struct journal *j, const struct fix *f, size_t number);
int journal_over(struct journal *j, const struct fix *f);

/* What came of a fix, by the figure that raised it. Needs no journal that is open. */
int journal_effect(
    const char *directory, uint64_t id, double before, double after, const char *text);

/* ---- what is in it ---- */

struct record {
	struct fix fix;     /* ENDING_NONE: it was cut off, or goes on right now */
	char *time;         /* RFC 3339 */
	char *who;          /* "root", "ann by sudo on pts/3" */
	char *effect;       /* "61 % -> 99 %", or NULL */
	double after;       /* the figure, or NAN */
	uint64_t undone_by; /* the fix that undid it; 0: none */
};

struct records {
	struct record *record; /* the oldest first */
	size_t n, cap;
	size_t damaged; /* lines that could not be read */
};

/* What a journal's text says. */
void journal_parse(const char *text, size_t len, struct records *ret);
/* 0 or -errno; without a journal there is no history. */
int journal_read(const char *directory, struct records *ret);
void records_done(struct records *h);
/* NULL: there is none. */
const struct record *records_find(const struct records *h, uint64_t id);
/* The newest that can be undone; NULL: there is none. */
const struct record *records_last(const struct records *h);
/* The newest such before @r; NULL: of all. */
const struct record *records_before(const struct records *h, const struct record *r);
/* The newest fix of @rule that stands and is known how to be made to last; @subject NULL: of any.
 */
const struct record *records_to_last(
    const struct records *h, const char *rule, const char *subject);
/* Whether it was done, or cut off, and was not undone. */
bool record_can_undo(const struct record *r);

#endif
