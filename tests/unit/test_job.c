/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fixes in a thread of their own, of this very host: what they change is a thread of this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "fixes/job.h"
#include "fixes/journal.h"

struct place {
	char directory[32], *journal;
	struct root *root;
	struct job_place at;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void place_init(struct place *p)
{
	*p = (struct place){ .directory = "/tmp/kvmtop-job-XXXXXX" };
	assert_non_null(mkdtemp(p->directory));
	p->journal = xasprintf("%s/state/journal", p->directory);
	assert_int_equal(root_open("/", &p->root), 0);
	p->at = (struct job_place){ .root = p->root, .uri = "none", .directory = p->journal };
}

static void place_done(struct place *p)
{
	root_close(p->root);
	nftw(p->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p->journal);
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

/* The CPUs that this thread may run on, as a list, and the first of them. */
static char *cpus_of_this(int *ret_first)
{
	struct text list = { 0 };
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	*ret_first = -1;
	for (size_t i = 0; i < CPU_SETSIZE; i++) {
		char number[16];

		if (!CPU_ISSET(i, &set))
			continue;
		if (*ret_first < 0)
			*ret_first = (int)i;
		snprintf(number, sizeof(number), "%s%zu", list.len ? "," : "", i);
		text_append(&list, number, strlen(number));
	}
	return list.p;
}

static struct job *pin_this(const struct place *p, int cpu, const struct job_about *about)
{
	struct plan plan = { 0 };
	char tid[16], value[16];
	struct job *job;

	snprintf(tid, sizeof(tid), "%d", getpid());
	snprintf(value, sizeof(value), "%d", cpu);
	plan_title(&plan, "pin the test");
	plan_add(&plan, ACTION_AFFINITY, NULL, tid, NULL, value);
	job = job_new(&p->at, &plan, false, about);
	plan_done(&plan);
	return job;
}

static void assert_cpus(const char *expected)
{
	int first;
	char *cpus = cpus_of_this(&first);

	assert_string_equal(cpus, expected);
	free(cpus);
}

static void it_waits_for_the_word_and_is_undone(void **state)
{
	struct job_about about = { .rule = "a-rule", .subject = "this", .figure = NAN };
	struct place p;
	struct job *job;
	char *all, one[16];
	int first;

	(void)state;
	place_init(&p);
	all = cpus_of_this(&first);
	snprintf(one, sizeof(one), "%d", first);
	job = pin_this(&p, first, &about);
	assert_int_equal(wait_past(job, JOB_READING), JOB_READY);
	assert_string_equal(job_fix(job)->title, "pin the test");
	assert_non_null(job_fix(job)->step[0].old);
	assert_int_equal(job_fix(job)->ending, ENDING_NONE);
	assert_cpus(all);
	assert_int_equal(journal_look(p.journal).bytes, -1);
	job_apply(job);
	assert_int_equal(wait_past(job, JOB_WORKING), JOB_OVER);
	assert_int_equal(job_fix(job)->ending, ENDING_DONE);
	assert_int_equal(job_fix(job)->id, 1);
	assert_cpus(one);
	assert_true(job_free(job));
	assert_true(journal_look(p.journal).bytes > 0);
	job = job_undo(&p.at, 0);
	assert_int_equal(wait_past(job, JOB_READING), JOB_READY);
	assert_int_equal(job_fix(job)->undoes, 1);
	job_apply(job);
	assert_int_equal(wait_past(job, JOB_WORKING), JOB_OVER);
	assert_int_equal(job_fix(job)->ending, ENDING_DONE);
	assert_cpus(all);
	assert_true(job_free(job));
	free(all);
	place_done(&p);
}

static void what_nobody_wants_is_not_done(void **state)
{
	struct job_about about = { .rule = "a-rule", .subject = "this", .figure = NAN };
	struct place p;
	struct job *job;
	char *all;
	int first;

	(void)state;
	place_init(&p);
	all = cpus_of_this(&first);
	job = pin_this(&p, first, &about);
	assert_int_equal(wait_past(job, JOB_READING), JOB_READY);
	assert_false(job_free(job));
	assert_cpus(all);
	/* What it was made from is too old, and it is refused when the word comes. */
	about.seen_ns = 1;
	about.fresh_ns = 1;
	job = pin_this(&p, first, &about);
	assert_int_equal(wait_past(job, JOB_READING), JOB_READY);
	job_apply(job);
	assert_int_equal(wait_past(job, JOB_WORKING), JOB_OVER);
	assert_int_equal(job_fix(job)->ending, ENDING_REFUSED);
	job_free(job);
	assert_cpus(all);
	assert_int_equal(journal_look(p.journal).bytes, -1);
	free(all);
	place_done(&p);
}

static void assert_refused(const struct job_place *at, const char *why)
{
	char *refusal = job_refusal(at);

	assert_non_null(refusal);
	if (!strstr(refusal, why))
		fail_msg("'%s' does not say '%s'", refusal, why);
	free(refusal);
}

static void where_nothing_is_changed_it_is_said_why(void **state)
{
	struct place p;
	struct job_place at;
	struct job *job;
	char *state_directory;

	(void)state;
	place_init(&p);
	assert_null(job_refusal(&p.at));
	at = p.at;
	at.readonly = true;
	assert_refused(&at, "--readonly");
	at = p.at;
	at.uri = "qemu+ssh://root@far/system";
	assert_refused(&at, "another host");
	at = p.at;
	at.directory = NULL;
	assert_refused(&at, "$HOME");
	/* A file is no directory. */
	at.directory = "/etc/passwd";
	assert_refused(&at, "no journal can be kept in /etc/passwd");
	job = job_undo(&at, 0);
	assert_int_equal(wait_past(job, JOB_WORKING), JOB_OVER);
	assert_non_null(strstr(job_fix(job)->why, "no journal can be kept"));
	job_free(job);
	/* Others could put something there. */
	state_directory = xasprintf("%s/state", p.directory);
	assert_int_equal(mkdir(state_directory, 0755), 0);
	free(state_directory);
	assert_int_equal(mkdir(p.journal, 0755), 0);
	assert_null(job_refusal(&p.at));
	assert_int_equal(chmod(p.journal, 0777), 0);
	assert_refused(&p.at, "no journal can be kept");
	place_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_for_the_word_and_is_undone),
		cmocka_unit_test(what_nobody_wants_is_not_done),
		cmocka_unit_test(where_nothing_is_changed_it_is_said_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
