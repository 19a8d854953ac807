/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan that is given as words, as a rule's would be, with the program's own room:
 *
 *   fixer JOURNAL|--script URI|none [NAME UUID PID] -- KIND TARGET EXPECTED|? VALUE [saved] ...
 *
 * The plan is about this guest, or about the host; PID 0: the guest does not run. Prints how it
 * ended; 0: done. With --script it prints the commands instead.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/procstat.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "fixes/job.h"

static struct row *guest_of(char **words)
{
	struct row *row = xcalloc(1, sizeof(*row) + DOMAIN_COLUMNS * sizeof(struct cell));
	struct proc_stat stat = { 0 };
	struct root *root;
	char path[64], text[4096];

	snprintf(path, sizeof(path), "proc/%s/stat", words[2]);
	if (root_open("/", &root) < 0)
		exit(2);
	if (root_read(root, path, text, sizeof(text)) > 0)
		proc_stat_parse(text, &stat);
	root_close(root);
	row->key = key_process(strtoull(words[2], NULL, 10), stat.starttime_ticks);
	row->cell[DOMAIN_NAME] = (struct cell){ .text = words[0], .state = STATE_OK };
	row->cell[DOMAIN_UUID] = (struct cell){ .text = words[1], .state = STATE_OK };
	return row;
}

static enum job_phase wait_past(struct job *job, enum job_phase phase)
{
	struct pollfd fd = { .fd = job_fd(job), .events = POLLIN };
	uint64_t done, total;
	enum job_phase now;

	while ((now = job_look(job, &done, &total)) <= phase)
		poll(&fd, 1, 1000);
	return now;
}

static int print_script(const struct fix *fix)
{
	struct text out = { 0 };

	fix_commands(fix, &out);
	fputs(out.len ? out.p : "", stdout);
	text_done(&out);
	return 0;
}

int main(int argc, char **argv)
{
	struct job_place place = { .directory = argc > 2 ? argv[1] : NULL };
	struct job_about about = { .rule = "by-hand", .subject = "test", .figure = NAN };
	struct plan plan = { 0 };
	struct row *guest = NULL;
	const struct fix *fix;
	struct root *root;
	struct job *job;
	bool script = argc > 1 && strcmp(argv[1], "--script") == 0;
	int i = 3, status;

	if (argc < 8 || root_open("/", &root) < 0)
		return 2;
	place.root = root;
	place.uri = argv[2];
	place.preview = script;
	if (strcmp(argv[i], "--") != 0) {
		guest = guest_of(&argv[i]);
		i += 3;
	}
	plan_title(&plan, "by hand");
	for (i++; i + 3 < argc; i += 4) {
		enum action_kind kind = action_kind_find(argv[i]);
		const char *expected = strcmp(argv[i + 2], "?") == 0 ? NULL : argv[i + 2];
		struct action *a;

		if (kind == ACTION_KINDS)
			return 2;
		a = plan_add(&plan, kind, guest, argv[i + 1], expected, argv[i + 3]);
		if (i + 4 < argc && strcmp(argv[i + 4], "saved") == 0) {
			a->saved = true;
			i++;
		}
	}
	job = job_new(&place, &plan, false, &about);
	if (wait_past(job, JOB_READING) == JOB_READY && !script) {
		job_apply(job);
		wait_past(job, JOB_WORKING);
	}
	fix = job_fix(job);
	if (script && fix->ending == ENDING_NONE) {
		status = print_script(fix);
	} else {
		printf("%s%s%s\n", ending_name(fix->ending), fix->why ? ": " : "",
		    fix->why ? fix->why : "");
		status = fix->ending == ENDING_DONE ? 0 : 1;
	}
	job_free(job);
	plan_done(&plan);
	free(guest);
	root_close(root);
	return status;
}
