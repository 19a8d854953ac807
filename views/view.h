/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the screens are made of; only the files of this room need it, others take views/ui.h.
 *
 * A screen is a row of parts, a part is a table, a list of facts, or something of its own. For each
 * picture a part becomes a pane (which columns where) and lines on a page; the page is scrolled,
 * searched and drawn alike whatever is on it. A page lives for one picture or one key.
 */
#ifndef KVMTOP_VIEWS_VIEW_H
#define KVMTOP_VIEWS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/format.h"
#include "model/snapshot.h"
#include "views/canvas.h"
#include "views/history.h"
#include "views/mark.h"
#include "views/ui.h"

struct arena;
struct entry;
struct filter;
struct line;
struct page;
struct pane;
struct record;
struct records;
struct report;
struct rule;
struct trend;

/* The least that anything can be drawn on. */
#define SCREEN_ROWS_MIN 8
#define SCREEN_COLS_MIN 40

#define PARTS_MAX 12
#define PROMPT_SIZE 128
#define NOTE_SIZE 200
/* The column of marks to the left of every line. */
#define MARGIN 2

enum screen_id {
	SCREEN_DOMAINS,
	SCREEN_VCPUS,
	SCREEN_NUMA,
	SCREEN_MEMORY,
	SCREEN_DISKS,
	SCREEN_NETWORK,
	SCREEN_EXITS,
	SCREEN_HOST,
	SCREEN_ADVICE,
	SCREEN_JOURNAL,
	SCREEN_DOMAIN,      /* a guest's own page */
	SCREEN_COUNTERS,    /* the other face of the exits */
	SCREEN_GUEST_EXITS, /* its exits */
	SCREENS
};

/* A column on the screen. */
struct field {
	const struct column *column;
	const char *title;
	enum table_id table; /* where its cells are: the row's own table, or another one's rows … */
	uint64_t item;       /* … with this item of the same owner */
	int number;          /* of the column in its table */
	int x, width;
	bool joined; /* shows the figures of another table */
	bool sorted;
};

/* What stands in one cell of a table. */
struct figure {
	char text[FORMAT_SIZE];
	const char *foreign; /* a text of the snapshot, instead of @text */
	enum style style;
	enum align align;
	enum mark mark;
};

enum part_kind {
	PART_TABLE,  /* heads of columns, rows */
	PART_FACTS,  /* a line for each column of a single row: name, figure, what it means */
	PART_PAIRS,  /* names and figures of a single row, many on a line */
	PART_TRENDS, /* a line for each column of a single row: what became of it lately */
	PART_OWN,    /* what @build makes */
};

struct part {
	const char *title; /* stands above it; may be NULL */
	enum part_kind kind;
	enum table_id table;
	const char *columns; /* names, in order; the screen leaves out what has no room */
	const char *sort;    /* NULL: as the table has it */
	const char *strip;   /* of facts: what their names begin with and need not be said */
	const char *empty;   /* a sentence for when there is no row; may be NULL */
	unsigned needs;      /* sources beyond those of its columns */
	bool (*takes)(const struct page *page, const struct row *row); /* NULL: all */
	void (*fields)(struct page *page, struct pane *pane);          /* NULL: from @columns */
	void (*build)(struct page *page, struct pane *pane);           /* NULL: by @kind */
	/* May fill a cell otherwise; false: as usual. May be NULL. */
	bool (*figure)(const struct page *page, const struct line *line, const struct field *field,
	    struct figure *ret);
};

struct screen {
	char digit; /* its key; 0: has none */
	const char *name, *title;
	const char *way; /* that leads there without a digit */
	const char *help;
	int foot; /* lines at the foot where there is room; 0: as usual */
	struct part part[PARTS_MAX];
};

extern const struct screen screens[SCREENS];

/* What the user made of a part. */
struct part_state {
	int *column; /* chosen, in order */
	int columns;
	bool *added;  /* by the user: shown before all others. As long as the table is wide */
	bool *kept;   /* shown since the screen was entered: what turns out empty stays till then */
	short *width; /* widest text so far, by column; grows only, so that nothing jumps */
	int sort;     /* -1: as the table has it */
	bool invert;
};

/* A part on this picture. */
struct pane {
	const struct part *part;
	struct part_state *state;
	struct field *field;
	int fields;
	int number;            /* of the part */
	int heads;             /* the line with its heads of columns; -1: none */
	struct filter *filter; /* NULL: none */
	unsigned needs;        /* sources of what is shown, or could be if they had it */
	size_t hidden;         /* rows that the filter or 'i' leaves out */
	const void *own;       /* what @part->fields leaves for @part->figure */
};

enum line_kind {
	LINE_TITLE,   /* the part's title */
	LINE_COLUMNS, /* heads */
	LINE_ROW,
	LINE_FACT,   /* .label .value .unit .text */
	LINE_PAIRS,  /* .pair */
	LINE_TREND,  /* .trend; its heads have none */
	LINE_NOTE,   /* .text */
	LINE_RECORD, /* .record and .entry; its heads have none; .text is its sentence */
};

struct pair {
	const char *label, *value, *unit;
	enum style style;
	enum mark mark;
	int x, width;
	bool wide; /* takes more than one cell of the grid */
};

/* Tells a line from others, whatever stands above it. */
struct line_id {
	struct key key;
	int part;
	int table;  /* -1: no row */
	int number; /* of a fact or note */
};

struct line {
	enum line_kind kind;
	bool selectable;
	struct pane *pane;
	const struct row *row;
	enum table_id table;                     /* of @row */
	const char *label, *value, *unit, *text; /* of a row: @label is its branch of the tree */
	enum style style;                        /* of @value */
	enum mark mark;                          /* of @value */
	const struct pair *pair;
	int pairs;
	const struct trend *trend;
	const struct record *record;
	const struct entry *entry;
	struct line_id id;
};

struct page {
	struct ui *ui;
	const struct snapshot *now; /* may be NULL */
	const struct screen *screen;
	struct arena *arena;
	struct pane pane[PARTS_MAX];
	int panes;
	struct line *line;
	int lines;
	size_t cap;
	int pinned; /* the first lines, which never scroll away */
	int cols, rows;
	int foot;         /* lines that the foot has */
	int at;           /* the selected line, or -1 */
	unsigned awaited; /* sources that may still have something to say */
	unsigned unheard; /* those of them that never said anything yet */
	const char *hint; /* about the screen, for the foot; NULL: none */
};

/* Where the cursor is on a screen. */
struct place {
	struct line_id id;
	int line, top;
	bool moved; /* by the user: it follows its line; until then it stays at the top */
};

enum prompt_kind {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_DELAY,
	PROMPT_CONFIRM, /* the name that a fix asks for */
};

struct prompt {
	enum prompt_kind kind;
	char text[PROMPT_SIZE];
	char before[PROMPT_SIZE]; /* what Esc brings back */
	char error[NOTE_SIZE];
	struct place origin; /* where the search began */
};

enum overlay_kind {
	OVERLAY_NONE,
	OVERLAY_HELP,
	OVERLAY_SORT,
	OVERLAY_COLUMNS,
	OVERLAY_DETAILS,
	OVERLAY_PROFILE,
	OVERLAY_EXPLAIN,
	OVERLAY_FIX,
};

struct overlay {
	enum overlay_kind kind;
	int at, top;
	char typed[24];          /* in a menu: what the column begins with */
	int part;                /* that is sorted, or whose columns are chosen */
	bool was_inverted;       /* its order, which Esc brings back */
	const struct rule *rule; /* that is explained … */
	struct key finding;      /* … for this one */
};

struct message {
	int64_t wall_ns;
	char *text;
};

#define MESSAGES 200

struct ui {
	enum screen_id screen;
	enum screen_id before; /* where Esc leads from a guest's page */
	struct key subject;    /* the guest of that page */
	char *subject_name;
	struct part_state state[SCREENS][PARTS_MAX];
	struct place place[SCREENS];
	char filter[SCREENS][PROMPT_SIZE];
	char search[PROMPT_SIZE];
	int first_node; /* screen NUMA: the first that is shown */
	struct key *unfolded;
	size_t unfolded_n, unfolded_cap;
	bool hide_idle;
	struct prompt prompt;
	struct overlay overlay;
	struct key profiled;         /* the guest of the profile */
	const struct report *report; /* lent; NULL: none yet */
	struct muting muting;        /* what was asked for last */
	struct advisor *advisor;     /* lent; NULL: none */
	struct fix_wanted fix_wanted;
	/* What the foot advised last, on which screen and of which sample. */
	struct {
		enum screen_id screen;
		struct key finding;
		uint64_t sample_ns;
		uint64_t changed_ns; /* when it became another by itself; 0: by a key */
	} advised;
	const struct fixing *fixing;   /* lent; NULL: none */
	char fix_refusal[NOTE_SIZE];   /* "": what is wanted can be fixed */
	const struct records *journal; /* lent; NULL: there is none here */
	bool whole_journal;
	char offer[NOTE_SIZE];   /* of what can be done about the last fix */
	char refusal[NOTE_SIZE]; /* why there is none */
	char note[NOTE_SIZE];    /* until the next key */
	uint64_t interval_ns;
	const struct snapshot *paused; /* what is shown while paused */
	const struct snapshot *last;   /* newest that was seen */
	bool *seen[TABLES];            /* columns that had a value, or a reason not to */
	struct history *history;
	/* The exact reading that the user asked for; since_ns 0: none is awaited. */
	struct {
		uint64_t since_ns;
		double reads; /* of placement, until then */
		struct key guest;
	} exact;
	struct message message[MESSAGES]; /* a ring */
	size_t messages;                  /* ever told */
	char *guest;                      /* the only one that is looked at; NULL: all */
	char *badge;                      /* DEMO, CAPTURED */
	char *recording;                  /* when that was; NULL: this is live */
	int rows, cols;
	unsigned needs;
	unsigned heard;       /* sources that have ever answered */
	enum screen_id drawn; /* the screen that was drawn last */
};

#endif
