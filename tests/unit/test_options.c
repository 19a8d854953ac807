/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "base/root.h"
#include "cli/manual.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "model/catalogue.h"
#include "output/writer.h"

#define WORDS_MAX 16

/* What options point at lives as long as this. */
struct line {
	char text[256];
	char *word[WORDS_MAX + 1];
	int n;
	struct options options;
	char *error;
};

/* Splits at blanks, as a shell would; "''" is an empty word. */
static int parse(struct line *l, const char *text)
{
	char *save = NULL;

	memset(l, 0, sizeof(*l));
	snprintf(l->text, sizeof(l->text), "kvmtop %s", text);
	for (char *w = strtok_r(l->text, " ", &save); w && l->n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "''") == 0)
			w[0] = '\0';
		l->word[l->n++] = w;
	}
	return options_parse(l->n, l->word, &l->options, &l->error);
}

static const struct options *taken(struct line *l, const char *text)
{
	if (parse(l, text) < 0)
		fail_msg("'%s' was refused: %s", text, l->error);
	return &l->options;
}

static void assert_refused(const char *text, const char *expected)
{
	struct line l;

	if (parse(&l, text) == 0)
		fail_msg("'%s' was taken", text);
	if (!strstr(l.error, expected))
		fail_msg("'%s' was refused with: %s", text, l.error);
	assert_null(strchr(l.error, '\n'));
	free(l.error);
}

static void nothing_means_the_screen(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "");

	(void)state;
	assert_int_equal(o->mode, MODE_SCREEN);
	assert_int_equal(o->delay_ns, NS_PER_SEC);
	assert_int_equal(o->iterations, 0);
	assert_int_equal(o->table_count, 1);
	assert_int_equal(o->table[0], TABLE_DOMAIN);
	assert_null(o->column);
	assert_null(o->output);
	assert_null(o->root);
	assert_int_equal(o->sort_column, -1);
	assert_string_equal(o->format->name, "csv");
	assert_int_equal(o->numa, NUMA_AUTO);
}

static void interval_and_count_may_stand_alone(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "-b 5 12");

	(void)state;
	assert_int_equal(o->mode, MODE_BATCH);
	assert_int_equal(o->delay_ns, 5 * NS_PER_SEC);
	assert_int_equal(o->iterations, 12);
	o = taken(&l, "0.5");
	assert_int_equal(o->delay_ns, NS_PER_SEC / 2);
	o = taken(&l, "-d 500ms -n 3");
	assert_int_equal(o->delay_ns, NS_PER_SEC / 2);
	assert_int_equal(o->iterations, 3);
}

static void intervals_have_limits(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(taken(&l, "-d 0.1")->delay_ns, NS_PER_SEC / 10);
	assert_refused("-d 0", "at least 0.1 seconds");
	assert_refused("-d 0.09", "at least 0.1 seconds");
	assert_refused("0", "at least 0.1 seconds");
	assert_refused("-d -1", "no interval");
	assert_refused("-d soon", "no interval");
	assert_refused("-d ''", "no interval");
	assert_refused("-d 1e9", "no interval");
	assert_refused("-d 999d", "at most a year");
	assert_refused("-n 0", "1 or more");
	assert_refused("-n -1", "1 or more");
	assert_refused("-n 1.5", "1 or more");
	assert_refused("1 2 3", "too much");
}

static void unknown_words_name_the_nearest(void **state)
{
	(void)state;
	assert_refused("--colums", "unknown option '--colums', did you mean '--columns'?");
	assert_refused("--colums=a", "unknown option '--colums', did you mean '--columns'?");
	assert_refused("--dmeo", "did you mean '--demo'?");
	assert_refused("--bogus-nonsense", "unknown option '--bogus-nonsense'; --help lists");
	assert_refused("-x", "unknown option '-x'");
	assert_refused("-b -t vcpus", "did you mean 'vcpu'?");
	assert_refused("-b -t placment", "did you mean 'placement'?");
	assert_refused("-b -t zzz", "there is: host, cpu, node");
	assert_refused("-b -C nmae", "did you mean 'name'?");
	assert_refused("-b -t vcpu -C wiat", "did you mean 'wait_ratio'?");
	assert_refused("-b -C qqqqqqq", "--list-columns -t domain");
	assert_refused("-b -s cpuu", "did you mean 'cpu_cpus'?");
	assert_refused("-f json", "jsonl");
	assert_refused("--numa exakt", "did you mean 'exact'?");
	assert_refused("captur x", "did you mean 'capture'?");
}

static void arguments_are_demanded_and_refused(void **state)
{
	(void)state;
	assert_refused("-t", "option --table needs an argument: NAME");
	assert_refused("--table", "option --table needs an argument: NAME");
	assert_refused("--demo=yes", "option --demo takes no argument");
	assert_refused("-o ''", "--output");
	assert_refused("-b -t ''", "--table");
	assert_refused("-b -C ''", "--columns");
	assert_refused("--root ''", "--root");
	assert_refused("-c ''", "--connect");
	assert_refused("-g ''", "--guest");
}

static void what_cannot_go_together_is_refused(void **state)
{
	(void)state;
	assert_refused("-b --dump", "exclude each other");
	assert_refused("--demo --root x", "exclude each other");
	assert_refused("-o x", "goes with --batch");
	assert_refused("-C name", "goes with --batch");
	assert_refused("-t vcpu", "goes with --batch");
	assert_refused("--size 80x24", "goes with --dump");
	assert_refused("--dump --size 20x5", "too small: give 40x8 at least");
	assert_refused("-b --keys q", "--keys goes with");
	assert_refused("--anonymous", "goes with capture");
	assert_refused("-b -t vcpu,cpu", "need a directory");
	assert_refused("-b -t host_exit -g web", "'exit' has those of one");
	assert_refused("-b -t vcpu,vcpu", "named twice");
	assert_refused("-b -C name,cpu,name", "named twice");
	assert_refused("-b -t vcpu,cpu -o x/ -C cpu", "goes with one table");
	assert_refused("-b -t vcpu,cpu -o x/ -s cpu", "goes with one table");
}

static void columns_go_with_and_without_units(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "-b -t vcpu -C wait_ratio,run,domain -s -run");

	(void)state;
	assert_int_equal(o->table[0], TABLE_VCPU);
	assert_int_equal(o->column_count, 3);
	assert_int_equal(o->column[0], VCPU_WAIT);
	assert_int_equal(o->column[1], VCPU_RUN);
	assert_int_equal(o->column[2], VCPU_DOMAIN);
	assert_int_equal(o->sort_column, VCPU_RUN);
	assert_true(o->sort_inverted);
	options_done(&l.options);
}

/* As they stand on the screen; what is written anyway may be named, too. */
static void columns_go_by_their_titles(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "-b -t nic -C RX/s,time,nic,status -s tx/s");

	(void)state;
	assert_int_equal(o->column_count, 2);
	assert_int_equal(o->column[0], NIC_RECEIVE);
	assert_int_equal(o->column[1], NIC_NAME);
	assert_int_equal(o->sort_column, NIC_TRANSMIT);
	options_done(&l.options);
	assert_refused("-b -t nic -C RX/s,receive", "named twice");
	assert_refused("-b -t nic -C rx", "did you mean 'receive_bytes_per_second'?");
	o = taken(&l, "-b -t nic -C status");
	assert_non_null(o->column);
	assert_int_equal(o->column_count, 0);
	options_done(&l.options);
}

static void a_directory_takes_many_tables(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "-b -o somewhere/new/");

	(void)state;
	assert_true(o->output_is_directory);
	/* All but those of exits and of counters. */
	assert_int_equal(o->table_count, TABLES - 4);
	for (size_t i = 0; i < o->table_count; i++)
		assert_true(table_by_default(&table_kinds[o->table[i]]));
	o = taken(&l, "-b -o somewhere/new/ -t cpu,node");
	assert_int_equal(o->table_count, 2);
	assert_int_equal(o->table[1], TABLE_NODE);
	o = taken(&l, "-b -o file.csv");
	assert_false(o->output_is_directory);
	assert_int_equal(o->table_count, 1);
	o = taken(&l, "-b -o -");
	assert_null(o->output);
}

static unsigned needs_of(const char *text)
{
	struct line l;
	struct outputs outputs;
	unsigned needs;

	if (outputs_init(&outputs, taken(&l, text), -1, &l.error) < 0)
		fail_msg("%s: %s", text, l.error);
	needs = outputs_needs(&outputs);
	outputs_done(&outputs);
	options_done(&l.options);
	return needs;
}

/* Tracepoints and counters cost the guests something. */
static void what_is_dear_is_read_only_when_named(void **state)
{
	(void)state;
	assert_int_equal(needs_of("-b") & NEEDS_DEAR, 0);
	assert_true(needs_of("-b") & NEEDS(SRC_KVM));
	assert_true(needs_of("-b") & NEEDS(SRC_PLACEMENT));
	assert_int_equal(needs_of("-b -t vcpu") & NEEDS_DEAR, 0);
	assert_int_equal(needs_of("-b -o somewhere/") & NEEDS_DEAR, 0);
	assert_int_equal(needs_of("-b -F web") & NEEDS_DEAR, 0);
	assert_int_equal(needs_of("-b -F wait>5%") & NEEDS_DEAR, 0);
	assert_int_equal(needs_of("-b") & NEEDS(SRC_ADVISOR), 0);
	assert_int_equal(needs_of("-b -C name,advice") & NEEDS(SRC_ADVISOR), NEEDS(SRC_ADVISOR));
	assert_int_equal(needs_of("-b -t finding") & NEEDS(SRC_ADVISOR), NEEDS(SRC_ADVISOR));
	assert_int_equal(needs_of("-b -C name,watch_cost") & NEEDS_DEAR, NEEDS(SRC_EXITS));
	assert_int_equal(needs_of("-b -C ipc") & NEEDS_DEAR, NEEDS(SRC_COUNTERS));
	assert_int_equal(needs_of("-b -s -ipc") & NEEDS_DEAR, NEEDS(SRC_COUNTERS));
	assert_int_equal(needs_of("-b -F ipc>1") & NEEDS_DEAR, NEEDS(SRC_COUNTERS));
	assert_int_equal(needs_of("-b -t vcpu -C cycles") & NEEDS_DEAR, NEEDS(SRC_COUNTERS));
	assert_int_equal(needs_of("-b -t host_exit") & NEEDS_DEAR, NEEDS(SRC_EXITS));
	assert_int_equal(needs_of("-b -t exit -C pid") & NEEDS_DEAR, NEEDS(SRC_EXITS));
	assert_int_equal(needs_of("-b -t event") & NEEDS_DEAR, NEEDS(SRC_COUNTERS));
}

static void sizes_and_keys(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "--dump --size 120x40 --keys 3");

	(void)state;
	assert_int_equal(o->mode, MODE_DUMP);
	assert_int_equal(o->cols, 120);
	assert_int_equal(o->rows, 40);
	assert_string_equal(o->keys, "3");
	assert_refused("--dump --size 80", "no size");
	assert_refused("--dump --size 0x24", "no size");
	assert_refused("--dump --size 80x", "no size");
	assert_refused("--dump --size 99999x24", "no size");
	assert_refused("--dump --keys Entr", "no key is called 'Entr'");
}

static void profile_takes_one_guest(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "profile web1 --seconds 2.5 --guest-kallsyms a");

	(void)state;
	assert_int_equal(o->mode, MODE_PROFILE);
	assert_string_equal(o->profile, "web1");
	assert_string_equal(o->guest_kallsyms, "a");
	assert_true(o->seconds == 2.5);
	/* A report is text unless rows are asked for. */
	assert_false(taken(&l, "profile web1")->format_given);
	assert_true(taken(&l, "profile -f csv web1")->format_given);
	assert_refused("profile", "needs a guest");
	assert_refused("profile a b", "'b' is too much");
	assert_refused("-b profile a", "no other mode");
	assert_refused("profile a --demo", "not a captured one");
	assert_refused("profile a --seconds 0", "no length");
	assert_refused("profile a --guest-modules m", "goes with --guest-kallsyms");
	assert_refused("profile a --fetch-symbols --guest-kallsyms k", "exclude each other");
	assert_refused("--fetch-symbols", "go with profile");
	assert_refused("-b --seconds 3", "goes with profile");
	assert_refused("--events=", "needs names");
}

static void capture_takes_one_place(void **state)
{
	struct line l;
	const struct options *o = taken(&l, "capture --anonymous there.host -n 2");

	(void)state;
	assert_int_equal(o->mode, MODE_CAPTURE);
	assert_string_equal(o->capture, "there.host");
	assert_true(o->anonymous);
	assert_int_equal(o->iterations, 2);
	assert_refused("capture", "needs a place");
	assert_refused("capture a b", "'b' is too much");
	assert_refused("-b capture a", "no other mode");
	assert_refused("capture a --demo", "not a captured one");
}

static void fixes_take_a_rule_and_a_subject(void **state)
{
	struct line l;

	(void)state;
	taken(&l, "fix mem-swappiness");
	assert_int_equal(l.options.mode, MODE_FIX);
	assert_string_equal(l.options.rule, "mem-swappiness");
	assert_null(l.options.subject);
	assert_false(l.options.yes);
	taken(&l, "fix --yes=web1 --lasting mem-swappiness web1");
	assert_string_equal(l.options.subject, "web1");
	assert_string_equal(l.options.yes_name, "web1");
	assert_true(l.options.lasting);
	taken(&l, "undo --yes 7");
	assert_int_equal(l.options.mode, MODE_UNDO);
	assert_int_equal(l.options.undo_id, 7);
	assert_null(l.options.yes_name);
	assert_int_equal(taken(&l, "history")->mode, MODE_HISTORY);
	assert_refused("fix", "name of a rule");
	assert_refused("fix mem-swapines", "did you mean 'mem-swappiness'");
	assert_refused("fix mem-swappiness a b", "'b' is too much");
	assert_refused("undo 0", "no number of a fix");
	assert_refused("undo x", "no number of a fix");
	assert_refused("history 1", "too much");
	assert_refused("advise --yes", "go with fix and undo");
	assert_refused("undo --script", "go with fix");
	assert_refused("fix --script --dry-run mem-swappiness", "exclude each other");
	taken(&l, "--confirm=all");
	assert_true(l.options.confirm_all);
	taken(&l, "--confirm risky");
	assert_false(l.options.confirm_all);
	assert_refused("--confirm some", "'all' or 'risky', not 'some'");
	assert_refused("history --journal here", "from / on");
}

static void help_wins(void **state)
{
	struct line l;

	(void)state;
	assert_int_equal(taken(&l, "-h -d 0")->mode, MODE_HELP);
	assert_int_equal(taken(&l, "-V --bogus")->mode, MODE_VERSION);
	assert_int_equal(taken(&l, "--list-columns")->table_count, TABLES);
	assert_int_equal(taken(&l, "--list-columns -t cpu")->table_count, 1);
}

static void every_row_is_whole(void **state)
{
	struct text help = { 0 };

	(void)state;
	options_help(&help);
	for (const struct option_row *a = option_rows; a->name; a++) {
		size_t len = strlen(a->help);

		assert_non_null(a->set);
		assert_true(len > 0 && a->help[len - 1] == '.');
		if (a->section != SECTION_HIDDEN)
			assert_non_null(strstr(help.p, a->name));
		for (const struct option_row *b = option_rows; b < a; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_true(a->letter == 0 || a->letter != b->letter);
		}
	}
	text_done(&help);
}

static void the_manual_has_all_parts(void **state)
{
	static const char *const parts[] = { "options", "keys", "screens", "marks", "tables",
		"status", "sources", "bash" };

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct text text = { 0 };

		assert_int_equal(manual_part(parts[i], &text), 0);
		assert_true(text.len > 100);
		text_done(&text);
	}
	assert_true(manual_part("nonsense", NULL) < 0);
}

static const char *nearest(const char *word)
{
	static const char *const words[] = { "columns", "connect", "delay", "demo" };
	struct nearest n;

	nearest_init(&n, word);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		nearest_offer(&n, words[i]);
	return n.best;
}

static void the_nearest_word_is_near(void **state)
{
	char longest[300];

	(void)state;
	assert_string_equal(nearest("colunms"), "columns");
	assert_string_equal(nearest("conect"), "connect");
	assert_string_equal(nearest("dealy"), "delay");
	assert_string_equal(nearest("conn"), "connect");
	assert_string_equal(nearest("DEMO"), "demo");
	assert_null(nearest("xyz"));
	/* Two slips are believed, three are another word; of a short word only half may be wrong.
	 */
	assert_string_equal(nearest("colums"), "columns");
	assert_string_equal(nearest("cloumn"), "columns");
	assert_null(nearest("kolumma"));
	assert_null(nearest("dxx"));
	assert_null(nearest("d"));
	assert_null(nearest(""));
	memset(longest, 'c', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_means_the_screen),
		cmocka_unit_test(interval_and_count_may_stand_alone),
		cmocka_unit_test(intervals_have_limits),
		cmocka_unit_test(unknown_words_name_the_nearest),
		cmocka_unit_test(arguments_are_demanded_and_refused),
		cmocka_unit_test(what_cannot_go_together_is_refused),
		cmocka_unit_test(columns_go_by_their_titles),
		cmocka_unit_test(columns_go_with_and_without_units),
		cmocka_unit_test(a_directory_takes_many_tables),
		cmocka_unit_test(what_is_dear_is_read_only_when_named),
		cmocka_unit_test(sizes_and_keys),
		cmocka_unit_test(capture_takes_one_place),
		cmocka_unit_test(profile_takes_one_guest),
		cmocka_unit_test(fixes_take_a_rule_and_a_subject),
		cmocka_unit_test(help_wins),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(the_manual_has_all_parts),
		cmocka_unit_test(the_nearest_word_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
