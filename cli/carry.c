/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/carry.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/print.h"
#include "base/sanitize.h"
#include "cli/events.h"
#include "cli/options.h"
#include "cli/say.h"
#include "fixes/journal.h"
#include "fixes/quote.h"
#include "model/format.h"

#define LOOK_MS 200

void carry_init(
    struct carry *c, const struct options *options, const struct root *root, struct events *events)
{
	*c = (struct carry){ .options = options, .events = events };
	c->directory = options->journal ? strdup(options->journal) : journal_directory();
	c->place = (struct job_place){
		.root = root,
		.uri = options->uri,
		.directory = c->directory,
		.readonly = options->readonly,
		.preview = options->dry_run || options->script,
	};
}

void carry_done(struct carry *c)
{
	free(c->directory);
}

void carry_warn(const struct carry *c)
{
	struct records all;

	if (!c->directory || journal_read(c->directory, &all) < 0)
		return;
	for (size_t i = 0; i < all.n; i++)
		if (all.record[i].fix.ending == ENDING_NONE && !all.record[i].undone_by)
			complain("fix %llu was cut off, or goes on right now; "
				 "'kvmtop undo %llu' takes back what it did",
			    (unsigned long long)all.record[i].fix.id,
			    (unsigned long long)all.record[i].fix.id);
	records_done(&all);
}

/* ---- what it does ---- */

static void print_clean(struct text *out, const char *s)
{
	char *clean = sanitize_dup(s, strlen(s));

	print_text(out, clean);
	free(clean);
}

static void preview_step(const struct fix *f, size_t i, struct text *out)
{
	struct text line = { 0 };

	fix_step_change(f, i, &line);
	print_text(out, "    ");
	print_clean(out, line.p);
	print_text(out, "\n");
	line.len = 0;
	if (fix_step_changes(f, i))
		step_commands(&f->step[i], &line);
	if (line.len > 1) {
		line.p[line.len - 1] = '\0';
		print_text(out, "        ");
		print_clean(out, line.p);
		print_text(out, "\n");
	}
	text_done(&line);
}

void carry_preview(const struct fix *f, struct text *out)
{
	print_clean(out, f->title ? f->title : "");
	print_text(out, "\n");
	for (size_t i = 0; i < f->n; i++)
		preview_step(f, i, out);
}

/* Line for line: a name with a line end in it must not begin a command. */
static void print_comment(struct text *out, const char *s)
{
	print_text(out, "# ");
	print_clean(out, s);
	print_text(out, "\n");
}

void carry_script(const struct fix *f, struct text *out)
{
	struct text undo = { 0 };
	char *line, *rest;

	print_text(out, "#!/bin/sh\n");
	print_comment(out, f->title ? f->title : "");
	print_text(out, "set -e\n");
	fix_commands(f, out);
	fix_undo_commands(f, &undo);
	if (undo.len)
		print_comment(out, "The way back:");
	for (line = undo.len ? strtok_r(undo.p, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		print_comment(out, line);
	text_done(&undo);
}

/* ---- asking ---- */

static void ask(const char *name)
{
	char *clean = name ? sanitize_dup(name, strlen(name)) : NULL;

	if (name)
		fprintf(stderr, "Type %s to go on: ", clean);
	else
		fprintf(stderr, "Go on? [y/N] ");
	fflush(stderr);
	free(clean);
}

/* A line of the terminal; "" when a signal came first. What was typed before is thrown away. */
static void hear(struct carry *c, char *line, size_t size)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = c->events->quit_fd, .events = POLLIN },
	};
	ssize_t n = 0;

	tcflush(STDIN_FILENO, TCIFLUSH);
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (!fds[1].revents)
		n = read(STDIN_FILENO, line, size - 1);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (n <= 0)
		fputc('\n', stderr);
}

/* False: no. */
static bool is_confirmed(struct carry *c, const char *name)
{
	char line[256];

	if (c->options->yes) {
		if (!name || (c->options->yes_name && strcmp(c->options->yes_name, name) == 0))
			return true;
		complain("this lasts, or the guest sees it: --yes=%s", name);
		return false;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		complain(
		    "without a terminal it takes --yes%s%s", name ? "=" : "", name ? name : "");
		return false;
	}
	ask(name);
	hear(c, line, sizeof(line));
	if (name)
		return strcmp(line, name) == 0;
	return strcmp(line, "y") == 0 || strcmp(line, "yes") == 0;
}

/* ---- carrying out ---- */

static void show_progress(uint64_t done, uint64_t total)
{
	char done_buf[FORMAT_SIZE], total_buf[FORMAT_SIZE];

	if (!total || !isatty(STDERR_FILENO))
		return;
	format_size((double)done, FORMAT_SIZE, done_buf);
	format_size((double)total, FORMAT_SIZE, total_buf);
	fprintf(stderr, "\r%s of %s ", done_buf, total_buf);
	if (done >= total)
		fputc('\n', stderr);
}

/* Until it is neither @phase nor what comes before. Signals stop it, but are not the end of it. */
static enum job_phase wait_past(struct carry *c, struct job *job, enum job_phase phase)
{
	struct pollfd fds[] = {
		{ .fd = job_fd(job), .events = POLLIN },
		{ .fd = c->events->quit_fd, .events = POLLIN },
	};

	for (;;) {
		uint64_t done, total;
		enum job_phase now = job_look(job, &done, &total);

		show_progress(done, total);
		if (now > phase)
			return now;
		poll(fds, 2, LOOK_MS);
		if (fds[1].revents) {
			job_stop(job);
			fds[1].fd = -1;
		}
	}
}

/* The finding is gone then, but the journal knows. */
static void tell_lasting(const struct fix *f, struct text *out)
{
	struct text words = { 0 };

	print_format(&words, "kvmtop fix --lasting %s", f->rule);
	if (f->lasting[0].domain) {
		print_text(&words, " ");
		quote_word(&words, f->lasting[0].domain);
	}
	print_text(out, "\nTo make it last: ");
	print_clean(out, words.p);
	text_done(&words);
}

static int tell_end(const struct fix *f)
{
	struct text out = { 0 }, outcome = { 0 };

	if (f->ending == ENDING_DONE || f->ending == ENDING_PART) {
		fix_outcome(f, &outcome);
		print_clean(&out, outcome.p);
		print_text(&out, ".");
		text_done(&outcome);
		if (!f->undoes)
			print_format(
			    &out, " 'kvmtop undo %llu' takes it back.", (unsigned long long)f->id);
		if (f->rule && f->lasting_n)
			tell_lasting(f, &out);
		print_text(&out, "\n");
		say(&out);
		text_done(&out);
		return EXIT_FINE;
	}
	complain("%s: %s", ending_name(f->ending), f->why ? f->why : "");
	return EXIT_REFUSED;
}

static int refused(const struct fix *f)
{
	struct text commands = { 0 };
	char *line, *rest;

	complain("refused: %s", f->why);
	if (!f->stands)
		fix_commands(f, &commands);
	for (line = commands.len ? strtok_r(commands.p, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		complain("by hand it would be: %s", line);
	text_done(&commands);
	return EXIT_REFUSED;
}

int carry_out(struct carry *c, struct job *job, const char *name)
{
	enum job_phase phase = wait_past(c, job, JOB_READING);
	const struct fix *f = job_fix(job);
	struct text out = { 0 };
	int r;

	if (f->passed)
		complain("%s", f->passed);
	if (phase == JOB_OVER)
		return refused(f);
	if (c->options->script)
		carry_script(f, &out);
	else
		carry_preview(f, &out);
	r = say(&out);
	text_done(&out);
	if (c->options->script || c->options->dry_run || r != EXIT_FINE)
		return r;
	if (!is_confirmed(c, name))
		return EXIT_REFUSED;
	job_apply(job);
	wait_past(c, job, JOB_WORKING);
	return tell_end(job_fix(job));
}
