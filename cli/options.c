/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From argv to what the user wants. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "advisor/rule.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "cli/resolve.h"
#include "output/writer.h"

#define ROWS_MAX 64

static size_t row_count(void)
{
	size_t n = 0;

	while (option_rows[n].name)
		n++;
	return n;
}

/* Long options answer with the number of their row, above all letters. */
#define FIRST_LONG 256

static int argument_of(const struct option_row *row)
{
	if (!row->argument)
		return no_argument;
	return *row->argument == '[' ? optional_argument : required_argument;
}

static void make_getopt(struct option *longs, char *letters)
{
	size_t n = row_count();

	*letters++ = ':';
	for (size_t i = 0; i < n; i++) {
		const struct option_row *row = &option_rows[i];

		longs[i] =
		    (struct option){ row->name, argument_of(row), NULL, FIRST_LONG + (int)i };
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && row->argument)
			*letters++ = ':';
	}
	longs[n] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_row *row_of(int answer)
{
	if (answer >= FIRST_LONG)
		return &option_rows[answer - FIRST_LONG];
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->letter && row->letter == answer)
			return row;
	return NULL;
}

static int refuse_option(const char *word, char **ret_error)
{
	char *name = xstrndup(word + 2, strcspn(word + 2, "="));
	struct nearest near;
	int r;

	nearest_init(&near, name);
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->section != SECTION_HIDDEN)
			nearest_offer(&near, row->name);
	r = near.best
		? refuse(ret_error, "unknown option '--%s', did you mean '--%s'?", name, near.best)
		: refuse(ret_error, "unknown option '--%s'; --help lists them all", name);
	free(name);
	return r;
}

static int refuse_answer(int answer, char **argv, char **ret_error)
{
	const struct option_row *row = optopt ? row_of(optopt) : NULL;

	if (answer == ':' && row)
		return refuse(
		    ret_error, "option --%s needs an argument: %s", row->name, row->argument);
	if (row)
		return refuse(ret_error, "option --%s takes no argument", row->name);
	if (optopt)
		return refuse(ret_error, "unknown option '-%c'; --help lists them all", optopt);
	return refuse_option(argv[optind - 1], ret_error);
}

static int parse_options(int argc, char **argv, struct options *o, char **ret_error)
{
	struct option longs[ROWS_MAX];
	char letters[2 * ROWS_MAX];
	int answer, r = 0;

	make_getopt(longs, letters);
	opterr = 0;
	optind = 0; /* begins anew, also in the second of several parses */
	while (r == 0 && o->mode < MODE_VERSION) {
		optopt = 0;
		answer = getopt_long(argc, argv, letters, longs, NULL);
		if (answer == -1)
			break;
		if (answer == '?' || answer == ':')
			r = refuse_answer(answer, argv, ret_error);
		else
			r = row_of(answer)->set(o, optarg, ret_error);
	}
	return r;
}

static int parse_capture(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "capture goes with no other mode");
	if (argc < 2)
		return refuse(ret_error, "capture needs a place: a directory, or a file NAME.host");
	if (argc > 2)
		return refuse(ret_error, "capture takes one place; '%s' is too much", argv[2]);
	if (argv[1][0] == '\0')
		return refuse(ret_error, "capture needs a place: a directory, or a file NAME.host");
	o->mode = MODE_CAPTURE;
	o->capture = argv[1];
	return 0;
}

static int parse_profile(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "profile goes with no other mode");
	if (argc < 2 || argv[1][0] == '\0')
		return refuse(ret_error, "profile needs a guest: its name or uuid");
	if (argc > 2)
		return refuse(ret_error, "profile takes one guest; '%s' is too much", argv[2]);
	o->mode = MODE_PROFILE;
	o->profile = argv[1];
	return 0;
}

/* "advise [interval [count]]" */
static int parse_advise(int argc, char **argv, struct options *o, char **ret_error)
{
	int r = 0;

	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "advise goes with no other mode");
	if (argc > 3)
		return refuse(
		    ret_error, "'%s' is too much: only an interval and a count are taken", argv[3]);
	if (argc > 1)
		r = row_of('d')->set(o, argv[1], ret_error);
	if (r == 0 && argc > 2)
		r = row_of('n')->set(o, argv[2], ret_error);
	o->mode = MODE_ADVISE;
	return r;
}

static const char *rule_word(size_t index)
{
	const struct rule *rule = rule_at(index);

	return rule ? rule->id : NULL;
}

static int parse_explain(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "explain goes with no other mode");
	if (argc < 2)
		return refuse(
		    ret_error, "explain needs the name of a rule; --list-rules lists them");
	if (argc > 2)
		return refuse(ret_error, "explain takes one rule; '%s' is too much", argv[2]);
	if (!rule_find(argv[1]))
		return refuse_word(ret_error, "rule", argv[1], rule_word);
	o->mode = MODE_EXPLAIN;
	o->rule = argv[1];
	return 0;
}

/* "fix RULE [SUBJECT]" */
static int parse_fix(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "fix goes with no other mode");
	if (argc < 2)
		return refuse(
		    ret_error, "fix needs the name of a rule; 'kvmtop advise' says which");
	if (argc > 3)
		return refuse(
		    ret_error, "fix takes a rule and a subject; '%s' is too much", argv[3]);
	if (!rule_find(argv[1]))
		return refuse_word(ret_error, "rule", argv[1], rule_word);
	o->mode = MODE_FIX;
	o->rule = argv[1];
	o->subject = argc > 2 ? argv[2] : NULL;
	return 0;
}

/* "undo [ID]" */
static int parse_undo(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "undo goes with no other mode");
	if (argc > 2)
		return refuse(ret_error, "undo takes one fix; '%s' is too much", argv[2]);
	if (argc == 2 && (parse_u64(argv[1], &o->undo_id) < 0 || o->undo_id == 0))
		return refuse(
		    ret_error, "'%s' is no number of a fix; 'kvmtop history' lists them", argv[1]);
	o->mode = MODE_UNDO;
	return 0;
}

static int parse_history(int argc, char **argv, struct options *o, char **ret_error)
{
	if (o->mode != MODE_SCREEN)
		return refuse(ret_error, "history goes with no other mode");
	if (argc > 1)
		return refuse(ret_error, "history takes nothing; '%s' is too much", argv[1]);
	o->mode = MODE_HISTORY;
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(int argc, char **argv, struct options *o, char **ret_error);
} commands[] = {
	{ "capture", parse_capture },
	{ "profile", parse_profile },
	{ "advise", parse_advise },
	{ "explain", parse_explain },
	{ "fix", parse_fix },
	{ "undo", parse_undo },
	{ "history", parse_history },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *command_word(size_t index)
{
	return index < COMMANDS ? commands[index].name : NULL;
}

/* "[interval [count]]", or a command. */
static int parse_positionals(int argc, char **argv, struct options *o, char **ret_error)
{
	int r;

	if (argc == 0)
		return 0;
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return commands[i].parse(argc, argv, o, ret_error);
	if (!strpbrk(argv[0], "0123456789"))
		return refuse_word(ret_error, "command", argv[0], command_word);
	if (argc > 2)
		return refuse(
		    ret_error, "'%s' is too much: only an interval and a count are taken", argv[2]);
	r = row_of('d')->set(o, argv[0], ret_error);
	if (r == 0 && argc == 2)
		r = row_of('n')->set(o, argv[1], ret_error);
	return r;
}

static int check_profile(const struct options *o, char **ret_error)
{
	bool profile = o->mode == MODE_PROFILE;

	if (profile && (o->demo || o->root))
		return refuse(ret_error, "profile samples this host, not a captured one");
	if (o->seconds > 0 && !profile && o->mode != MODE_SCREEN)
		return refuse(ret_error, "--seconds goes with profile, or a screen's key P");
	if ((o->guest_kallsyms || o->guest_modules || o->fetch_symbols) && !profile)
		return refuse(ret_error,
		    "--guest-kallsyms, --guest-modules and --fetch-symbols go with profile");
	if (o->guest_modules && !o->guest_kallsyms)
		return refuse(ret_error, "--guest-modules goes with --guest-kallsyms");
	if (o->fetch_symbols && o->guest_kallsyms)
		return refuse(ret_error, "--fetch-symbols and --guest-kallsyms exclude each other");
	return 0;
}

static int check_fix(const struct options *o, char **ret_error)
{
	bool fix = o->mode == MODE_FIX, undo = o->mode == MODE_UNDO;

	if ((o->dry_run || o->yes) && !fix && !undo)
		return refuse(ret_error, "--dry-run and --yes go with fix and undo");
	if ((o->script || o->lasting) && !fix)
		return refuse(ret_error, "--script and --lasting go with fix");
	if (o->dry_run && o->script)
		return refuse(ret_error, "--dry-run and --script exclude each other");
	return 0;
}

static int check_format(const struct options *o, char **ret_error)
{
	if (!o->format && o->mode != MODE_ADVISE)
		return refuse(ret_error, "that format goes with advise; rows are written as csv");
	return 0;
}

/* Options that mean nothing without another are errors rather than silently nothing. */
static int check_together(const struct options *o, char **ret_error)
{
	if (o->demo && o->root)
		return refuse(ret_error, "--demo and --root exclude each other");
	if (o->output && o->mode != MODE_BATCH)
		return refuse(ret_error, "--output goes with --batch");
	if (o->columns && o->mode != MODE_BATCH)
		return refuse(
		    ret_error, "--columns goes with --batch; on a screen, key C chooses them");
	if (o->tables && o->mode != MODE_BATCH && o->mode != MODE_LIST_COLUMNS)
		return refuse(ret_error, "--table goes with --batch; on a screen, keys choose it");
	if (o->rows && o->mode != MODE_DUMP)
		return refuse(ret_error, "--size goes with --dump");
	if (o->keys && o->mode != MODE_DUMP && o->mode != MODE_SCREEN)
		return refuse(ret_error, "--keys goes with a screen or --dump");
	if (o->anonymous && o->mode != MODE_CAPTURE)
		return refuse(ret_error, "--anonymous goes with capture");
	if (o->mode == MODE_CAPTURE && (o->demo || o->root))
		return refuse(ret_error, "capture reads this host, not a captured one");
	if (check_format(o, ret_error) < 0 || check_fix(o, ret_error) < 0)
		return -EINVAL;
	return check_profile(o, ret_error);
}

static void find_output(struct options *o)
{
	struct stat st;

	if (o->output)
		o->output_is_directory = o->output[strlen(o->output) - 1] == '/' ||
					 (stat(o->output, &st) == 0 && S_ISDIR(st.st_mode));
}

int options_parse(int argc, char **argv, struct options *ret, char **ret_error)
{
	struct options o = { .delay_ns = NS_PER_SEC, .format = &writers[0], .sort_column = -1 };
	int r = parse_options(argc, argv, &o, ret_error);

	if (r == 0 && o.mode < MODE_VERSION) {
		r = parse_positionals(argc - optind, argv + optind, &o, ret_error);
		find_output(&o);
		if (r == 0)
			r = check_together(&o, ret_error);
		if (r == 0)
			r = options_resolve(&o, ret_error);
	}
	if (r < 0) {
		options_done(&o);
		return r;
	}
	*ret = o;
	return 0;
}

void options_done(struct options *o)
{
	free(o->column);
	o->column = NULL;
	settings_done(&o->settings);
}

#define HELP_COLUMN 28

static void print_row(struct text *out, const struct option_row *row)
{
	char *left = xasprintf("  %c%c%s --%s%s%s", row->letter ? '-' : ' ',
	    row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
	    row->argument && *row->argument != '[' ? " " : "", row->argument ? row->argument : "");

	if (strlen(left) >= HELP_COLUMN)
		print_format(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", row->help);
	else
		print_format(out, "%-*s%s\n", HELP_COLUMN, left, row->help);
	free(left);
}

void options_help(struct text *out)
{
	print_text(out,
	    "The performance monitor for KVM hosts.\n"
	    "\n"
	    "  kvmtop [OPTIONS] [INTERVAL [COUNT]]      the screen\n"
	    "  kvmtop -b [OPTIONS] [INTERVAL [COUNT]]   rows on standard output or in files\n"
	    "  kvmtop capture [OPTIONS] PLACE           keep a host, to be read with --root\n"
	    "  kvmtop profile [OPTIONS] GUEST           where a guest's time goes, by symbol\n"
	    "  kvmtop advise [OPTIONS] [INTERVAL [N]]   what is set up badly, and what to do\n"
	    "  kvmtop explain RULE                      all about a rule of the advisor\n"
	    "  kvmtop fix [OPTIONS] RULE [SUBJECT]      mend what a rule found\n"
	    "  kvmtop undo [OPTIONS] [ID]               take a fix back, the last one or that one\n"
	    "  kvmtop history                           what was fixed, by whom, with what "
	    "effect\n");
	for (enum section s = 0; s < SECTION_HIDDEN; s++) {
		print_format(out, "\n%s\n", section_title(s));
		for (const struct option_row *row = option_rows; row->name; row++)
			if (row->section == s)
				print_row(out, row);
	}
	print_text(out,
	    "\n"
	    "Exit status: 0 fine, 1 failed, 2 usage, 3 finished but a source had no data,\n"
	    "5 output was lost, 7 a fix was refused or failed; of advise also the worst that\n"
	    "was found: 10 info, 11 warning, 12 critical.\n");
}
