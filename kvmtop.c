/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The performance monitor for KVM hosts: from the command line to the mode that it asks for. */
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/print.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "cli/advice.h"
#include "cli/batch.h"
#include "cli/capture.h"
#include "cli/dump.h"
#include "cli/explain.h"
#include "cli/fix.h"
#include "cli/manual.h"
#include "cli/options.h"
#include "cli/profile.h"
#include "cli/readonly.h"
#include "cli/say.h"
#include "cli/screen.h"
#include "cli/setup.h"
#include "output/list.h"
#include "tui/terminal.h"

/* A file that we open must not become standard output because somebody closed that. */
static void occupy_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd)
			_exit(EXIT_FAILED);
}

static int run_on_host(struct options *options)
{
	struct root *root =
	    settings_load(options, &options->settings) < 0 ? NULL : setup_root(options);
	int status;

	if (!root)
		return EXIT_FAILED;
	switch (options->mode) {
	case MODE_BATCH:
		status = batch_run(options, root);
		break;
	case MODE_DUMP:
		status = dump_run(options, root);
		break;
	case MODE_CAPTURE:
		status = capture_run(options, root);
		break;
	case MODE_PROFILE:
		status = profile_run(options, root);
		break;
	case MODE_FIX:
		status = fix_run(options, root);
		break;
	case MODE_UNDO:
		status = undo_run(options, root);
		break;
	case MODE_ADVISE:
		status = advise_run(options, root);
		break;
	default:
		status = screen_run(options, root);
		break;
	}
	if (status == EXIT_FINE && root_is_cut(root))
		status = EXIT_NO_DATA;
	root_close(root);
	return status;
}

static int print(const struct options *options)
{
	struct text text = { 0 };
	int status;

	switch (options->mode) {
	case MODE_HELP:
		options_help(&text);
		break;
	case MODE_VERSION:
		print_text(&text, "kvmtop " KVMTOP_VERSION "\n");
		break;
	case MODE_LIST_TABLES:
		list_tables(&text);
		break;
	case MODE_LIST_COLUMNS:
		for (size_t i = 0; i < options->table_count; i++)
			list_columns(&table_kinds[options->table[i]], &text);
		break;
	case MODE_LIST_KEYS:
		manual_keys(&text);
		break;
	case MODE_LIST_RULES:
		explain_list(&text);
		break;
	default:
		if (manual_part(options->manual, &text) < 0) {
			complain("no part of the manual is called '%s'", options->manual);
			return EXIT_USAGE;
		}
		break;
	}
	status = say(&text);
	text_done(&text);
	return status;
}

/* What ends at exit clears libraries away, also from under a thread that hangs in one of them. */
static int leave(int status)
{
	if (!(status & EXIT_HANGS))
		return status;
	fflush(NULL);
	_exit(status & ~EXIT_HANGS);
}

int main(int argc, char **argv)
{
	struct options options;
	char *error = NULL;
	int status;

	occupy_standard_descriptors();
	/* The threads take turns: a heap for each would cost a megabyte and win nothing. */
	mallopt(M_ARENA_MAX, 1);
	/* Numbers are written alike in every language, so only characters follow the locale. */
	setlocale(LC_CTYPE, "");
	/* A file that has reached its limit is an error to be reported, not a reason to die. */
	signal(SIGXFSZ, SIG_IGN);
	xalloc_on_failure(terminal_restore);
	if (options_parse(argc, argv, &options, &error) < 0) {
		complain("%s", error);
		free(error);
		return EXIT_USAGE;
	}
	if (options.readonly && (status = readonly_enter()) < 0) {
		complain("--readonly: rights cannot be given up: %s", strerror(-status));
		options_done(&options);
		return EXIT_FAILED;
	}
	if (options.mode == MODE_HISTORY)
		status = history_run(&options);
	else if (options.mode == MODE_EXPLAIN)
		status = explain_run(&options);
	else
		status = options.mode >= MODE_LIST_TABLES ? print(&options) : run_on_host(&options);
	options_done(&options);
	return leave(status);
}
