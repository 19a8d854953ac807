/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options: what each takes, and what it changes. */
#include "cli/options.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "cli/resolve.h"
#include "output/writer.h"
#include "profile/profile.h"
#include "views/canvas.h"
#include "views/keyname.h"
#include "views/view.h"

#define DELAY_MIN_NS (NS_PER_SEC / 10)
#define DELAY_MAX_NS (366 * 86400 * NS_PER_SEC)

static const char *const numa_words[] = {
	[NUMA_AUTO] = "auto",
	[NUMA_EXACT] = "exact",
	[NUMA_SAMPLE] = "sample",
	[NUMA_OFF] = "off",
};

static const char *const exits_words[] = {
	[EXITS_AUTO] = "auto",
	[EXITS_SAMPLE] = "sample",
	[EXITS_OFF] = "off",
};

#define EXITS_WORDS (sizeof(exits_words) / sizeof(exits_words[0]))

static const char *exits_word(size_t index)
{
	return index < EXITS_WORDS ? exits_words[index] : NULL;
}

#define NUMA_WORDS (sizeof(numa_words) / sizeof(numa_words[0]))

static const char *numa_word(size_t index)
{
	return index < NUMA_WORDS ? numa_words[index] : NULL;
}

static const char *table_word(size_t index)
{
	return index < TABLES ? table_kinds[index].name : NULL;
}

static const char *format_word(size_t index)
{
	return writers[index].name;
}

static int set_delay(struct options *o, const char *value, char **ret_error)
{
	uint64_t delay_ns;

	if (parse_duration(value, &delay_ns) < 0)
		return refuse(ret_error,
		    "'%s' is no interval: give seconds, such as 5 or 0.5, or 500ms, or 2m", value);
	if (delay_ns < DELAY_MIN_NS)
		return refuse(
		    ret_error, "an interval of %s is too short: give at least 0.1 seconds", value);
	if (delay_ns > DELAY_MAX_NS)
		return refuse(
		    ret_error, "an interval of %s is too long: give at most a year", value);
	o->delay_ns = delay_ns;
	return 0;
}

static int set_iterations(struct options *o, const char *value, char **ret_error)
{
	if (parse_u64(value, &o->iterations) < 0 || o->iterations == 0)
		return refuse(ret_error, "'%s' is no number of samples: give 1 or more", value);
	return 0;
}

/* An action that excludes another. */
static int set_mode(struct options *o, enum mode mode, char **ret_error)
{
	static const char *const names[] = {
		[MODE_BATCH] = "--batch",
		[MODE_DUMP] = "--dump",
		[MODE_LIST_TABLES] = "--list-tables",
		[MODE_LIST_COLUMNS] = "--list-columns",
		[MODE_LIST_KEYS] = "--list-keys",
		[MODE_LIST_RULES] = "--list-rules",
		[MODE_MANUAL] = "--manual",
	};

	if (o->mode != MODE_SCREEN && o->mode != mode)
		return refuse(
		    ret_error, "%s and %s exclude each other", names[o->mode], names[mode]);
	o->mode = mode;
	return 0;
}

static int set_batch(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_BATCH, ret_error);
}

/* Words of advise alone: whether they fit is known when the command is. */
static const char *const advice_words[] = {
	[ADVICE_TEXT] = "text",
	[ADVICE_JSONL] = "jsonl",
	[ADVICE_CSV] = "csv",
};

#define ADVICE_WORDS (sizeof(advice_words) / sizeof(advice_words[0]))

static const char *any_format_word(size_t index)
{
	size_t writers_n = 0;

	while (format_word(writers_n))
		writers_n++;
	if (index < writers_n)
		return format_word(index);
	return index - writers_n < ADVICE_CSV ? advice_words[index - writers_n] : NULL;
}

static int set_format(struct options *o, const char *value, char **ret_error)
{
	bool known = false;

	for (size_t i = 0; i < ADVICE_WORDS; i++)
		if (strcmp(advice_words[i], value) == 0) {
			o->advice_format = (enum advice_format)i;
			known = true;
		}
	o->format = writer_find(value);
	if (!o->format && !known)
		return refuse_word(ret_error, "format", value, any_format_word);
	o->format_given = true;
	return 0;
}

static int set_config(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--config needs the name of a file, or 'none'");
	o->config = value;
	return 0;
}

static int set_table(struct options *o, const char *value, char **ret_error)
{
	(void)ret_error;
	o->tables = value;
	return 0;
}

static int set_columns(struct options *o, const char *value, char **ret_error)
{
	(void)ret_error;
	o->columns = value;
	return 0;
}

static int set_output(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--output needs the name of a file or directory");
	o->output = strcmp(value, "-") == 0 ? NULL : value;
	return 0;
}

static int set_guest(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--guest needs a name or uuid");
	o->guest = value;
	return 0;
}

static int set_filter(struct options *o, const char *value, char **ret_error)
{
	if (value[strspn(value, " \t")] == '\0')
		return refuse(
		    ret_error, "--filter needs an expression, such as 'cpu > 50%%' or 'web'");
	o->filter = value;
	return 0;
}

static int set_sort(struct options *o, const char *value, char **ret_error)
{
	(void)ret_error;
	o->sort = value;
	return 0;
}

static int set_uri(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--connect needs a libvirt URI, or 'none'");
	o->uri = value;
	return 0;
}

static int set_root(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--root needs a directory or an archive");
	o->root = value;
	return 0;
}

static int set_demo(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->demo = true;
	return 0;
}

static int set_exits(struct options *o, const char *value, char **ret_error)
{
	for (size_t i = 0; i < EXITS_WORDS; i++)
		if (strcmp(exits_words[i], value) == 0) {
			o->exits = (enum exits_mode)i;
			return 0;
		}
	return refuse_word(ret_error, "way to watch exits", value, exits_word);
}

static int set_numa(struct options *o, const char *value, char **ret_error)
{
	for (size_t i = 0; i < NUMA_WORDS; i++) {
		if (strcmp(numa_words[i], value) == 0) {
			o->numa = (enum numa_mode)i;
			return 0;
		}
	}
	return refuse_word(ret_error, "way to read placement", value, numa_word);
}

static int parse_side(const char *s, size_t len, int max)
{
	char buf[8];
	uint64_t v;

	if (len == 0 || len >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, s, len);
	buf[len] = '\0';
	if (parse_u64(buf, &v) < 0 || v == 0 || v > (uint64_t)max)
		return -ERANGE;
	return (int)v;
}

static int set_size(struct options *o, const char *value, char **ret_error)
{
	const char *x = strpbrk(value, "xX");
	int cols = x ? parse_side(value, (size_t)(x - value), CANVAS_COLS_MAX) : -EINVAL;
	int rows = x ? parse_side(x + 1, strlen(x + 1), CANVAS_ROWS_MAX) : -EINVAL;

	if (cols < 0 || rows < 0)
		return refuse(ret_error,
		    "'%s' is no size: give columns and rows such as 80x24, at most %dx%d", value,
		    CANVAS_COLS_MAX, CANVAS_ROWS_MAX);
	if (cols < SCREEN_COLS_MIN || rows < SCREEN_ROWS_MIN)
		return refuse(ret_error, "a screen of %s is too small: give %dx%d at least", value,
		    SCREEN_COLS_MIN, SCREEN_ROWS_MIN);
	o->cols = cols;
	o->rows = rows;
	return 0;
}

static int set_keys(struct options *o, const char *value, char **ret_error)
{
	struct keyname_script script;
	char name[KEYNAME_SIZE];
	int r;

	keyname_script_init(&script, value);
	do {
		r = keyname_script_next(&script, name);
	} while (r > 0);
	if (r < 0)
		return refuse(ret_error, "--keys: no key is called '%.*s'; see --list-keys",
		    (int)strcspn(script.at, " "), script.at);
	o->keys = value;
	return 0;
}

static int set_dump(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_DUMP, ret_error);
}

static int set_anonymous(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->anonymous = true;
	return 0;
}

static int set_events(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(
		    ret_error, "--events needs names of events, with commas between them");
	o->events = value;
	return 0;
}

static int set_seconds(struct options *o, const char *value, char **ret_error)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns < NS_PER_SEC / 10 ||
	    ns > PROFILE_SECONDS_MAX * NS_PER_SEC)
		return refuse(ret_error,
		    "'%s' is no length of a profile: give seconds, from 0.1 to %d", value,
		    PROFILE_SECONDS_MAX);
	o->seconds = (double)ns / (double)NS_PER_SEC;
	return 0;
}

static int set_guest_kallsyms(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--guest-kallsyms needs the name of a file");
	o->guest_kallsyms = value;
	return 0;
}

static int set_guest_modules(struct options *o, const char *value, char **ret_error)
{
	if (value[0] == '\0')
		return refuse(ret_error, "--guest-modules needs the name of a file");
	o->guest_modules = value;
	return 0;
}

static int set_fetch_symbols(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->fetch_symbols = true;
	return 0;
}

static int set_dry_run(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->dry_run = true;
	return 0;
}

static int set_script(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->script = true;
	return 0;
}

static int set_lasting(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->lasting = true;
	return 0;
}

static int set_yes(struct options *o, const char *value, char **ret_error)
{
	(void)ret_error;
	o->yes = true;
	o->yes_name = value;
	return 0;
}

static int set_readonly(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->readonly = true;
	return 0;
}

static int set_confirm(struct options *o, const char *value, char **ret_error)
{
	if (strcmp(value, "all") != 0 && strcmp(value, "risky") != 0)
		return refuse(ret_error, "--confirm is 'all' or 'risky', not '%s'", value);
	o->confirm_all = strcmp(value, "all") == 0;
	return 0;
}

static int set_journal(struct options *o, const char *value, char **ret_error)
{
	if (value[0] != '/')
		return refuse(ret_error, "--journal needs a directory, from / on");
	o->journal = value;
	return 0;
}

static int set_list_tables(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_LIST_TABLES, ret_error);
}

static int set_list_columns(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_LIST_COLUMNS, ret_error);
}

static int set_list_keys(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_LIST_KEYS, ret_error);
}

static int set_list_rules(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	return set_mode(o, MODE_LIST_RULES, ret_error);
}

static int set_manual(struct options *o, const char *value, char **ret_error)
{
	o->manual = value;
	return set_mode(o, MODE_MANUAL, ret_error);
}

/* Whatever else is said: who asks for help gets it. */
static int set_version(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->mode = MODE_VERSION;
	return 0;
}

static int set_help(struct options *o, const char *value, char **ret_error)
{
	(void)value;
	(void)ret_error;
	o->mode = MODE_HELP;
	return 0;
}

const struct option_row option_rows[] = {
	{ "delay", 'd', "SECS", SECTION_WHAT,
	    "Interval between samples, 0.1 or more; also 500ms, 2m. The default is 1.", set_delay,
	    NULL },
	{ "iterations", 'n', "N", SECTION_WHAT,
	    "End after N samples; a recording also ends with its last one.", set_iterations, NULL },
	{ "guest", 'g', "NAME|UUID", SECTION_WHAT,
	    "Look at this guest only. Where it is missing, batch says so and waits for it.",
	    set_guest, NULL },
	{ "filter", 'F', "EXPR", SECTION_WHAT,
	    "Only rows for which EXPR holds, such as 'cpu > 50%' or 'web'.", set_filter, NULL },
	{ "sort", 's', "COLUMN", SECTION_WHAT,
	    "Sort by this column, largest first; with '-' before it the other way round.", set_sort,
	    NULL },
	{ "numa", 0, "WAY", SECTION_WHAT,
	    "How to read where memory lies: auto, exact, sample or off. The default is auto.",
	    set_numa, numa_word },

	{ "exits", 0, "WAY", SECTION_WHAT,
	    "How to watch exits by reason: auto, sample or off. The default is auto.", set_exits,
	    exits_word },

	{ "events", 0, "LIST", SECTION_WHAT,
	    "Hardware events to count, by libpfm4's names, with commas between them.", set_events,
	    NULL },

	{ "batch", 'b', NULL, SECTION_BATCH,
	    "Write rows instead of showing a screen; needs no terminal.", set_batch, NULL },
	{ "format", 'f', "FORMAT", SECTION_BATCH,
	    "Format: csv; of advise text, jsonl or csv. The default is csv, of advise text.",
	    set_format, any_format_word },
	{ "table", 't', "NAME", SECTION_BATCH,
	    "Which table, or several with commas between them. The default is domain.", set_table,
	    table_word },
	{ "columns", 'C', "LIST", SECTION_BATCH,
	    "Only these columns, by name or title, in this order, behind those that name a row.",
	    set_columns, NULL },
	{ "output", 'o', "PATH", SECTION_BATCH,
	    "Append to this file; in a directory, one file per table. Also a device or a FIFO.",
	    set_output, NULL },

	{ "connect", 'c', "URI", SECTION_HOST,
	    "Which libvirt; 'none' for no libvirt. The default is libvirt's own.", set_uri, NULL },
	{ "config", 0, "FILE", SECTION_HOST,
	    "Read this configuration instead of the usual files; 'none' for none.", set_config,
	    NULL },
	{ "readonly", 0, NULL, SECTION_HOST,
	    "Change nothing: drop every privilege but those that reading needs.", set_readonly,
	    NULL },
	{ "root", 0, "PATH", SECTION_HOST, "Read a recording of a host that 'kvmtop capture' made.",
	    set_root, NULL },
	{ "demo", 0, NULL, SECTION_HOST, "Read the built-in recording: four nodes, six guests.",
	    set_demo, NULL },

	{ "anonymous", 0, NULL, SECTION_CAPTURE,
	    "Replace names and uuids of guests and the name of the host.", set_anonymous, NULL },

	{ "seconds", 0, "N", SECTION_PROFILE, "How long a profile takes. The default is 10.",
	    set_seconds, NULL },
	{ "guest-kallsyms", 0, "FILE", SECTION_PROFILE,
	    "A copy of the guest's kallsyms, instead of the one that is kept.", set_guest_kallsyms,
	    NULL },
	{ "guest-modules", 0, "FILE", SECTION_PROFILE, "The same of its modules file.",
	    set_guest_modules, NULL },
	{ "fetch-symbols", 0, NULL, SECTION_PROFILE,
	    "Let the guest's agent send both first, and keep them; opens libvirt for writing.",
	    set_fetch_symbols, NULL },

	{ "dry-run", 0, NULL, SECTION_FIX,
	    "Only show what fix or undo would do; nothing is opened for writing.", set_dry_run,
	    NULL },
	{ "script", 0, NULL, SECTION_FIX,
	    "Print a shell script that does what fix would do; of a definition by virt-xml.",
	    set_script, NULL },
	{ "lasting", 0, NULL, SECTION_FIX,
	    "Make the fix last, from the next start of the guest or the host on.", set_lasting,
	    NULL },
	{ "yes", 0, "[=NAME]", SECTION_FIX,
	    "Do not ask. Where a name would have to be typed it takes that name.", set_yes, NULL },
	{ "confirm", 0, "WHICH", SECTION_FIX,
	    "Ask on the screen before all fixes, or before risky ones. The default is risky.",
	    set_confirm, NULL },
	{ "journal", 0, "DIRECTORY", SECTION_FIX,
	    "Keep the journal there. The default is /var/lib/kvmtop, or ~/.local/state/kvmtop.",
	    set_journal, NULL },

	{ "dump", 0, NULL, SECTION_DUMP, "Print the screen as text and end; needs no terminal.",
	    set_dump, NULL },
	{ "size", 0, "WxH", SECTION_DUMP,
	    "Columns and rows of the dump. Below 40x8 nothing fits. The default is 80x24.",
	    set_size, NULL },
	{ "keys", 0, "KEYS", SECTION_DUMP,
	    "Press these keys first: names with blanks between them, \"text\" in quotes.", set_keys,
	    NULL },

	{ "list-tables", 0, NULL, SECTION_LISTS, "Print the tables.", set_list_tables, NULL },
	{ "list-columns", 0, NULL, SECTION_LISTS, "Print the columns, of all tables or of -t NAME.",
	    set_list_columns, NULL },
	{ "list-keys", 0, NULL, SECTION_LISTS, "Print the keys.", set_list_keys, NULL },
	{ "list-rules", 0, NULL, SECTION_LISTS, "Print the rules of the advisor.", set_list_rules,
	    NULL },
	{ "version", 'V', NULL, SECTION_LISTS, "Print the version.", set_version, NULL },
	{ "help", 'h', NULL, SECTION_LISTS, "Print this help.", set_help, NULL },

	{ "manual", 0, "PART", SECTION_HIDDEN, "Print a generated part of the documentation.",
	    set_manual, NULL },
	{ 0 },
};

const char *section_title(enum section section)
{
	static const char *const titles[SECTIONS] = {
		[SECTION_WHAT] = "What is looked at",
		[SECTION_BATCH] = "Without a screen",
		[SECTION_HOST] = "Which host",
		[SECTION_CAPTURE] = "Capturing a host",
		[SECTION_PROFILE] = "Profile of a guest",
		[SECTION_FIX] = "Fixes",
		[SECTION_DUMP] = "Pictures of screens",
		[SECTION_LISTS] = "What there is",
		[SECTION_HIDDEN] = "",
	};

	return titles[section];
}
