/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule: one good practice, and how to tell from a snapshot that it is missing. It is a row; what
 * is its own are the functions that measure, tell and plan. All of them see nothing but tables.
 */
#ifndef KVMTOP_ADVISOR_RULE_H
#define KVMTOP_ADVISOR_RULE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advisor/plan.h"
#include "base/print.h"
#include "model/format.h"
#include "model/snapshot.h"

enum level {
	LEVEL_NONE,
	LEVEL_INFO,
	LEVEL_WARNING,
	LEVEL_CRITICAL,
};

/* Which fix goes first where two would work against each other: the lower one. */
enum rank {
	RANK_SAFETY,
	RANK_CAPACITY,
	RANK_LOCALITY,
	RANK_THROUGHPUT,
};

enum outcome {
	OUTCOME_FIGURE,  /* measured */
	OUTCOME_NONE,    /* the practice has nothing to say about this subject */
	OUTCOME_MISSING, /* it would, but a value is missing: it cannot be judged */
};

/* A column that the rule reads. Its source is read while the rule is enabled. */
struct need {
	short table; /* TABLES: the end of the list */
	short column;
	bool
	    may_lack; /* the rule asks itself whether it is there; else it cannot judge without it.
			 Only columns of the subject and of the host are asked for by the advisor */
};
#define NEED(table, column)              \
	{                                \
		(table), (column), false \
	}
#define USES(table, column)             \
	{                               \
		(table), (column), true \
	}
#define NEEDS_LIST(...) ((const struct need[]){ __VA_ARGS__, { TABLES, 0, true } })

/* A further limit of a rule, by its own name. */
struct rule_param {
	const char *name; /* the key is "RULE.NAME"; NULL: none */
	double value;
	const char *help; /* a few words, with the unit */
	enum show show;   /* how the configuration may write it */
};
#define RULE_PARAMS 4

/* What the rule remembers of a subject from sample to sample; zeroed when it first sees it. */
#define MEMO_NUMBERS 8
struct memo {
	uint64_t since_ns;      /* when it was first judged */
	uint64_t at_ns;         /* when it was last judged; 0: this is the first time */
	double v[MEMO_NUMBERS]; /* the rule's own */
};

struct judge;

/* What the functions of a rule are given. */
struct subject {
	const struct snapshot *now;
	const struct row *row;     /* what is judged */
	const struct row *host;    /* never NULL */
	const struct judge *judge; /* for subject_rows */
	const double *param;       /* in the order of the rule's row */
	struct memo *memo; /* NULL where only words are wanted, or the rule remembers nothing */
};

struct rule {
	const char *id;      /* "numa-memory-remote" */
	const char *title;   /* what is wrong, in a few words */
	const char *good;    /* the good practice, and why; a sentence or two */
	const char *detect;  /* how it is measured: figures and limits in words */
	const char *by_hand; /* commands that show the same, one a line */
	const char *risk;    /* of the fix, and where the rule is wrong */
	const char *source;  /* which documents say so */
	const char *figure;  /* what measure tells: "share of its memory on its home node" */
	enum show show;      /* and how it is written */

	enum table_id subject; /* judged once for each row of this table */
	short column;          /* of that table: the cell that is marked; -1: none */
	enum level level;      /* of one that is raised */
	enum rank rank;
	enum fix_class fix;
	bool is_off;    /* unless the configuration says otherwise */
	bool remembers; /* something of each subject, in its memo */
	const struct need *needs;

	bool below; /* less is worse */
	/* Raised at @raise, or beyond it, for @raise_s; over when no longer as bad as @clear for
	 * @clear_s. Count of what is wrong: 1 and 0. */
	double raise, clear;
	double critical; /* critical from here on; 0: never */
	double raise_s, clear_s;
	struct rule_param param[RULE_PARAMS];

	/* Whether it has anything to say about the subject, asked before its needs; NULL: yes. What
	 * is missing there never makes it complain of a practice that is out of place. */
	bool (*concerns)(const struct subject *s);
	/* Sets @ret when it returns OUTCOME_FIGURE. */
	enum outcome (*measure)(const struct subject *s, double *ret);
	/* The same figure after its fix, by which the rule may have nothing to say any more; NULL:
	 * then there is none. */
	enum outcome (*effect)(const struct subject *s, double *ret);
	/* A sentence or two with the figures; without the subject's name, which stands before it.
	 */
	void (*evidence)(const struct subject *s, double figure, struct text *out);
	/* What to do, in words that follow "Do this: "; also where there is no plan. */
	void (*advice)(const struct subject *s, double figure, struct text *out);
	/* The fix; NULL: there is only advice. It may refuse. */
	void (*plan)(const struct subject *s, struct plan *out);
	/* Rules whose fix would work against this one's, with blanks between; NULL: none. It is
	 * enough that one of two names the other, and itself it names in vain. */
	const char *excludes;
};

/* All rules, in the order of their groups. */
extern const struct rule *const *const rule_groups; /* arrays, each ending with a row without id;
						       NULL behind the last */
size_t rules_count(void);
const struct rule *rule_at(size_t number);
/* NULL: there is none. */
const struct rule *rule_find(const char *id);

const char *level_name(enum level level); /* "info", "warning", "critical" */
const char *rank_name(enum rank rank);

/* The sources of all its needs, as NEEDS(). */
unsigned rule_needs(const struct rule *rule);

/* Their fixes would work against each other: one of them says so of the other. */
bool rules_clash(const struct rule *a, const struct rule *b);

/* What it would do about a subject. False: there is no plan; then @ret->refusal may say why. The
 * caller calls plan_done in either case. */
bool rule_plan(const struct rule *rule, const struct subject *s, struct plan *ret);

/* ---- for the functions of rules ---- */

/* The rows of @table that belong to a guest, in the order of the table. @domain NULL: the host's
 * own rows. Lent for the time of the call. */
const struct row *const *subject_rows(
    const struct subject *s, enum table_id table, const struct row *domain, size_t *ret_n);

/* What a column shows: a gauge's number or a counter's rate. False where there is none. */
bool figure_of(enum table_id table, const struct row *row, int column, double *ret);
/* The same, or @otherwise. */
double figure_or(enum table_id table, const struct row *row, int column, double otherwise);
bool is_text(const struct row *row, int column, const char *text);

/* "61 %", "1.6G", "41.2k", "2m": as they stand in a sentence. */
void say_percent(struct text *out, double ratio);
void say_size(struct text *out, double bytes);
void say_count(struct text *out, double v);
void say_time(struct text *out, double seconds);
/* A figure of the rule, or a limit of it, in its own way. */
void say_figure(struct text *out, const struct rule *rule, double v);

/* ---- for whoever explains a rule ---- */

/* "at once", "slow", "lasting"; "advice" for none. */
const char *fix_class_title(enum fix_class fix);
/* What it takes to apply a fix of that class. */
const char *fix_class_words(enum fix_class fix);
/* "Class A, at once. …" */
void say_fix_class(struct text *out, enum fix_class fix);
/* "Its order: locality; not together with that of …"; nothing where no fix clashes with it. */
void say_fix_order(struct text *out, const struct rule *rule);
struct limits;
/* "Level warning; judged for the host; raised where this is 60 or more: …." */
void say_raised(struct text *out, const struct rule *rule, const struct limits *l);
/* The limits that count, as a configuration has them, a line each; beside those that were changed
 * stands the default. */
void say_limits(struct text *out, const struct rule *rule, const struct limits *l);

#endif
