/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/manual.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "cli/options.h"
#include "model/catalogue.h"
#include "output/list.h"
#include "output/status.h"
#include "views/commands.h"
#include "views/mark.h"
#include "views/view.h"

/* Text of a manual page: what roff would take for its own is escaped. */
static void roff(struct text *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		print_text(out, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			print_text(out, "\\e");
		else if (*s == '-')
			print_text(out, "\\-");
		else
			text_append(out, s, 1);
	}
}

/* An entry of a list: a bold term and what it means. */
static void roff_item(struct text *out, const char *term, const char *help)
{
	print_text(out, ".TP\n.B ");
	roff(out, term);
	print_text(out, "\n");
	roff(out, help);
	print_text(out, "\n");
}

static void print_option(struct text *out, const struct option_row *row)
{
	print_text(out, ".TP\n");
	if (row->letter)
		print_format(out, "\\fB\\-%c\\fR, ", row->letter);
	print_text(out, "\\fB\\-\\-");
	roff(out, row->name);
	print_text(out, "\\fR");
	if (row->argument) {
		print_text(out, *row->argument == '[' ? "\\fI" : " \\fI");
		roff(out, row->argument);
		print_text(out, "\\fR");
	}
	print_text(out, "\n");
	roff(out, row->help);
	print_text(out, "\n");
}

static void print_options(struct text *out)
{
	for (enum section s = 0; s < SECTION_HIDDEN; s++) {
		print_format(out, ".SS %s\n", section_title(s));
		for (const struct option_row *row = option_rows; row->name; row++)
			if (row->section == s)
				print_option(out, row);
	}
}

/* Where the keys of a scope mean something. */
static const char *scope_title(enum scope scope)
{
	switch (scope) {
	case SCOPE_ANY:
		break;
	case SCOPE_TABLE:
		return "On screens with a table";
	case SCOPE_DOMAINS:
		return "On the screen of guests";
	case SCOPE_GUEST:
		return "On a guest";
	case SCOPE_EXITS:
		return "On the screens of exits";
	case SCOPE_COUNTERS:
		return "On the screen of counters";
	case SCOPE_PLACEMENT:
		return "On screens that show where memory lies";
	case SCOPE_FINDING:
		return "On a line that there is advice about";
	case SCOPE_ADVICE:
		return "In a list of advice";
	case SCOPE_JOURNAL:
		return "On the screen of the journal";
	case SCOPE_SIDEWAYS:
		return "On screens with nodes or several parts";
	}
	return "Everywhere";
}

#define KEYS_WIDTH 22

/* Calls @row for every command, sorted by where it means something. */
static void each_key(struct text *out, void (*head)(struct text *out, const char *title),
    void (*row)(struct text *out, const struct command *k))
{
	for (int scope = SCOPE_ANY; scope <= SCOPE_SIDEWAYS; scope++) {
		bool is_first = true;

		for (size_t i = 0; i < commands_n; i++) {
			if (commands[i].scope != (enum scope)scope)
				continue;
			if (is_first)
				head(out, scope_title(commands[i].scope));
			row(out, &commands[i]);
			is_first = false;
		}
	}
}

static void list_head(struct text *out, const char *title)
{
	print_format(out, "%s%s\n", out->len ? "\n" : "", title);
}

static void list_key(struct text *out, const struct command *k)
{
	print_format(out, "  %-*s%s\n", KEYS_WIDTH, k->keys, k->help);
}

void manual_keys(struct text *out)
{
	each_key(out, list_head, list_key);
}

static void roff_head(struct text *out, const char *title)
{
	print_format(out, ".SS %s\n", title);
}

static void roff_key(struct text *out, const struct command *k)
{
	roff_item(out, k->keys, k->help);
}

static void print_keys(struct text *out)
{
	each_key(out, roff_head, roff_key);
}

/* A sentence to itself, behind what it is about. */
static void roff_remark(struct text *out, const char *remark)
{
	if (*remark)
		print_format(out, "%s\n", remark + strspn(remark, " "));
}

static void print_tables(struct text *out)
{
	char name[96];

	for (int t = 0; t < TABLES; t++) {
		const struct table_kind *kind = &table_kinds[t];

		print_format(out, ".SS %s: one row per %s%s\n", kind->name, kind->help,
		    list_table_remark(kind));
		for (int c = 0; c < kind->columns; c++) {
			column_csv_name(&kind->column[c], name, sizeof(name));
			roff_item(out, name, kind->column[c].help);
			roff_remark(out, list_column_remark(kind, c));
		}
	}
}

/* Names of columns, as in the tables below. */
static void print_columns(struct text *out, const char *names)
{
	struct cursor c;
	struct slice name;
	const char *before = "";

	cursor_init(&c, names, strlen(names));
	while (cursor_split(&c, ' ', &name)) {
		char *word = slice_dup(slice_trim(name));

		if (*word) {
			/* Nobody could copy a name that is broken in two. */
			print_format(out, "%s\\%%", before);
			roff(out, word);
			before = ", ";
		}
		free(word);
	}
	print_text(out, ".\n");
}

static void print_part(struct text *out, const struct part *part)
{
	if (!part->title && !part->columns)
		return;
	print_text(out, ".br\n");
	if (part->title) {
		roff(out, part->title);
		print_text(out, part->columns ? ":\n" : ".\n");
	}
	if (part->columns)
		print_columns(out, part->columns);
}

static void print_screens(struct text *out)
{
	for (enum screen_id i = 0; i < SCREENS; i++) {
		const struct screen *screen = &screens[i];
		char term[64];

		snprintf(term, sizeof(term), "%c %s", screen->digit ? screen->digit : ' ',
		    screen->title);
		roff_item(out, screen->digit ? term : screen->way, screen->help);
		for (size_t part = 0; part < PARTS_MAX; part++)
			print_part(out, &screen->part[part]);
	}
}

static void print_marks(struct text *out)
{
	struct mark_rule rule;

	for (size_t i = 0; mark_rule(i, &rule); i++) {
		const struct table_kind *kind = &table_kinds[rule.table];
		char *term = xasprintf("%s %s", kind->name, kind->column[rule.column].name);

		roff_item(out, term, rule.text);
		free(term);
	}
}

static void print_statuses(struct text *out)
{
	for (enum status s = 0; s < STATUSES; s++)
		roff_item(out, status_name(s), status_help(s));
}

static void print_sources(struct text *out)
{
	for (enum source_id src = 0; src < SOURCES; src++)
		if (src != SRC_DERIVED && src != SRC_SOURCES)
			roff_item(out, source_name(src), source_help(src));
}

static void print_words(struct text *out, const struct option_row *row)
{
	print_format(out, "\t--%s", row->name);
	if (row->letter)
		print_format(out, " | -%c", row->letter);
	print_text(out, ")\n\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; row->word(i); i++)
		print_format(out, "%s%s", i ? " " : "", row->word(i));
	print_text(out, "' -- \"$word\"))\n\t\treturn\n\t\t;;\n");
}

static void print_bash(struct text *out)
{
	print_text(out,
	    "# SPDX-License-Identifier: GPL-2.0-or-later\n"
	    "# Completion of kvmtop for bash; made by doc/make.sh.\n"
	    "_kvmtop() {\n"
	    "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	    "\tcase $before in\n");
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->word)
			print_words(out, row);
	print_text(out,
	    "\t--columns | -C | --sort | -s)\n"
	    "\t\tCOMPREPLY=($(compgen -W \"$(kvmtop --list-columns | awk '{ print $2 }')\" "
	    "-- \"$word\"))\n"
	    "\t\treturn\n"
	    "\t\t;;\n"
	    "\t--output | -o | --root | --guest-kallsyms | --guest-modules | capture)\n"
	    "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n"
	    "\t\treturn\n"
	    "\t\t;;\n"
	    "\tesac\n"
	    "\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; command_word(i); i++)
		print_format(out, "%s%s", i ? " " : "", command_word(i));
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->section != SECTION_HIDDEN)
			print_format(out, " --%s", row->name);
	print_text(out, "' -- \"$word\"))\n}\ncomplete -F _kvmtop kvmtop\n");
}

int manual_part(const char *name, struct text *out)
{
	static const struct {
		const char *name;
		void (*print)(struct text *out);
	} parts[] = {
		{ "options", print_options },
		{ "keys", print_keys },
		{ "screens", print_screens },
		{ "marks", print_marks },
		{ "tables", print_tables },
		{ "status", print_statuses },
		{ "sources", print_sources },
		{ "bash", print_bash },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0) {
			parts[i].print(out);
			return 0;
		}
	}
	return -EINVAL;
}
