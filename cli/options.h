/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line. Every option is one row of one table; parsing, --help, the manual and the
 * completion of shells read it from there.
 */
#ifndef KVMTOP_CLI_OPTIONS_H
#define KVMTOP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/settings.h"
#include "collectors/collector.h"
#include "model/catalogue.h"

struct text;
struct writer;

enum mode {
	MODE_SCREEN,
	MODE_BATCH,
	MODE_DUMP,
	MODE_CAPTURE,
	MODE_PROFILE,
	MODE_ADVISE,
	MODE_FIX,
	MODE_UNDO,
	MODE_LIST_TABLES,
	MODE_LIST_COLUMNS,
	MODE_LIST_KEYS,
	MODE_LIST_RULES,
	MODE_EXPLAIN,
	MODE_HISTORY,
	MODE_MANUAL,
	MODE_VERSION,
	MODE_HELP,
};

/* Of advise, which has more formats than rows have. */
enum advice_format {
	ADVICE_TEXT,
	ADVICE_JSONL,
	ADVICE_CSV,
};

/* What the user wants. Strings are lent: those of argv. */
struct options {
	enum mode mode;
	uint64_t delay_ns;
	uint64_t iterations; /* 0: without an end */
	const struct writer *format;
	bool format_given;
	enum advice_format advice_format;
	const char *tables;  /* as given: names with commas; NULL: none were */
	const char *columns; /* the same */
	enum table_id table[TABLES];
	size_t table_count; /* at least one */
	int *column;        /* of table[0]; NULL: all */
	size_t column_count;
	const char *output; /* NULL: standard output */
	bool output_is_directory;
	const char *guest, *filter;
	const char *sort; /* without the '-' */
	int sort_column;  /* of table[0]; -1: none */
	bool sort_inverted;
	const char *uri;
	const char *root; /* NULL: this host */
	bool demo;
	enum numa_mode numa;
	enum exits_mode exits;
	int rows, cols; /* of the dump; 0: not given */
	const char *keys;
	const char *capture; /* where to */
	bool anonymous;
	const char *profile; /* which guest */
	double seconds;      /* of a profile */
	const char *guest_kallsyms, *guest_modules;
	bool fetch_symbols;
	const char *events; /* hardware counters by name; NULL: the usual ones */
	const char *manual; /* which part */
	const char *config; /* a file, or "none"; NULL: the usual ones */
	struct settings settings;
	const char *rule;    /* that is to be explained, or whose fix is wanted */
	const char *subject; /* of the finding; NULL: there is but one */
	uint64_t undo_id;    /* 0: the last fix */
	bool dry_run, script, lasting;
	bool yes;
	const char *yes_name; /* or NULL */
	bool confirm_all;     /* the screen asks before every fix */
	bool readonly;
	const char *journal; /* a directory; NULL: the usual one */
};

enum section {
	SECTION_WHAT,
	SECTION_BATCH,
	SECTION_HOST,
	SECTION_CAPTURE,
	SECTION_PROFILE,
	SECTION_FIX,
	SECTION_DUMP,
	SECTION_LISTS,
	SECTION_HIDDEN,
	SECTIONS
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	const char
	    *argument; /* how it is called; NULL: none is taken; "[=NAME]": it may be left out */
	enum section section;
	const char *help; /* one sentence */
	/* 0, or -EINVAL and a message. */
	int (*set)(struct options *o, const char *value, char **ret_error);
	/* Words that may be completed; NULL: none. Index from 0; NULL behind the last. */
	const char *(*word)(size_t index);
};

/* Ends with a row without name. */
extern const struct option_row option_rows[];
/* Words that may stand in place of an interval; NULL behind the last. */
const char *command_word(size_t index);
const char *section_title(enum section section);

/* 0, or -EINVAL and why, as one line without the program's name. The caller frees it. */
int options_parse(int argc, char **argv, struct options *ret, char **ret_error);
void options_done(struct options *o);

void options_help(struct text *out);

#endif
