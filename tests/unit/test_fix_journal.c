/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the journal of fixes tells, also of those that were cut off, and when somebody has edited
 * it. */
#include "tests/unit/a_host_to_fix.h"

#include <json-c/json.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>

/* ---- what the host's log is told ---- */

static char told[1024];
static int told_as;

static void note_syslog(int priority, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void note_syslog(int priority, const char *format, va_list args)
{
	told_as = priority;
	vsnprintf(told, sizeof(told), format, args);
}

/* In the place of libc's, under the name that it has with checks, too. */
#undef syslog
void __syslog_chk(int priority, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void syslog(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_syslog(priority, format, args);
	va_end(args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	note_syslog(priority, format, args);
	va_end(args);
}

/* Who did what, about what, and what came of it: one line, whatever is in a name. */
static void the_log_of_the_host_is_told(void **state)
{
	struct a_site *a = *state;
	struct plan p = { 0 };
	struct fix f;

	plan_swappiness(&p);
	plan_title(&p, "set it\n\033[2Jfor all");
	f = fix_from(&p);
	free(f.subject);
	f.subject = xstrdup("web\n1");
	apply(a, &f);
	ends(&f, ENDING_DONE);
	assert_int_equal(told_as, LOG_AUTHPRIV | LOG_NOTICE);
	assert_int_equal(strncmp(told, "kvmtop: fix 1 by ", 17), 0);
	assert_non_null(strstr(told, ": set it\\x0A\\x1B[2Jfor all (a-rule, web\\x0A1): done"));

	fake.fails = ACTION_PIN_VCPU;
	plan_add(&p, ACTION_PIN_VCPU, the_guest("web1"), "0", "0-7", "1");
	apply_plan(a, &p, ENDING_BACK);
	assert_int_equal(strncmp(told, "kvmtop: fix 2 by ", 17), 0);
	assert_non_null(strstr(told, ": put back: CPUs of vCPU 0 of web1: libvirt: it fails"));

	undo_all(a, ENDING_DONE);
	assert_int_equal(strncmp(told, "kvmtop: undo 3 by ", 18), 0);
}

static struct json_object *line_of(const struct a_site *a, int number)
{
	char *text = file_text(a->journal, "journal.jsonl"), *line = text;
	struct json_object *o;

	while (number-- > 0) {
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	*strchrnul(line, '\n') = '\0';
	o = json_tokener_parse(line);
	assert_non_null(o);
	free(text);
	return o;
}

static void assert_says(struct json_object *o, const char *name, const char *text)
{
	struct json_object *v;

	assert_true(json_object_object_get_ex(o, name, &v));
	assert_string_equal(json_object_get_string(v), text);
}

static void journal_tells_old_new_who_and_result(void **state)
{
	struct json_object *o, *steps, *step;
	struct a_site *a = *state;
	struct stat st;
	char *path, uid[16];

	setenv("SUDO_USER", "ann", 1);
	apply_swappiness(a);
	unsetenv("SUDO_USER");
	assert_file(a, "proc/sys/vm/swappiness", "10\n");

	o = line_of(a, 0);
	assert_says(o, "entry", "intent");
	assert_says(o, "id", "1");
	assert_says(o, "rule", "a-rule");
	assert_says(o, "sudo_user", "ann");
	snprintf(uid, sizeof(uid), "%u", getuid());
	assert_says(o, "uid", uid);
	assert_true(json_object_object_get_ex(o, "steps", &steps));
	step = json_object_array_get_idx(steps, 0);
	assert_says(step, "kind", "sysctl");
	assert_says(step, "old", "60\n");
	assert_says(step, "new", "10");
	json_object_put(o);
	o = line_of(a, 1);
	assert_says(o, "entry", "step");
	assert_says(o, "result", "done");
	assert_says(o, "left", "10\n");
	json_object_put(o);
	o = line_of(a, 2);
	assert_says(o, "entry", "over");
	assert_says(o, "result", "done");
	json_object_put(o);

	path = xasprintf("%s/journal.jsonl", a->journal);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	free(path);
}

/* What was fixed is not found any more: the journal alone knows how to make it last. */
static void what_would_make_it_last_is_kept(void **state)
{
	struct a_site *a = *state;
	struct plan p = { 0 };
	struct records h;
	const struct record *r;

	plan_swappiness(&p);
	plan_add_lasting(
	    &p, ACTION_DROP_IN, NULL, "etc/sysctl.d/90-kvmtop.conf", NULL, "vm.swappiness = 10");
	apply_plan(a, &p, ENDING_DONE);
	assert_int_equal(journal_read(a->journal, &h), 0);
	r = records_to_last(&h, "a-rule", "a subject");
	assert_non_null(r);
	assert_ptr_equal(r, records_to_last(&h, "a-rule", NULL));
	assert_null(records_to_last(&h, "a-rule", "another subject"));
	assert_null(records_to_last(&h, "another-rule", NULL));
	assert_int_equal(r->fix.lasting_n, 1);
	assert_int_equal(r->fix.lasting[0].kind, ACTION_DROP_IN);
	assert_string_equal(r->fix.lasting[0].target, "etc/sysctl.d/90-kvmtop.conf");
	assert_string_equal(r->fix.lasting[0].value, "vm.swappiness = 10");
	records_done(&h);

	/* What does not stand is not to last. */
	undo_all(a, ENDING_DONE);
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_null(records_to_last(&h, "a-rule", NULL));
	records_done(&h);
}

static void no_journal_no_fix(void **state)
{
	struct plan p = { 0 };
	struct a_site *a = *state;
	struct journal *j;
	struct text why = { 0 };
	char *path;
	struct fix f;

	path = xasprintf("%s/state", a->directory);
	assert_int_equal(symlink("/tmp", path), 0);
	unlink(path);
	/* A file where the directory should be. */
	put_file(a, "../state", "x");
	assert_true(journal_open(a->journal, &j, &why) < 0);
	assert_true(why.len > 0);
	unlink(path);
	free(path);

	/* No room for a line: it is not there even in part, and nothing is written. */
	plan_swappiness(&p);
	f = fix_from(&p);
	assert_true(fix_read(&f, &a->site));
	why.len = 0;
	assert_int_equal(journal_open(a->journal, &j, &why), 0);
	{
		struct rlimit old, none = { 10, 10 };

		signal(SIGXFSZ, SIG_IGN);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		none.rlim_max = old.rlim_max;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		fix_apply(&f, &a->site, j);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	}
	journal_close(j);
	assert_int_equal(f.ending, ENDING_REFUSED);
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	path = file_text(a->journal, "journal.jsonl");
	assert_string_equal(path, "");
	free(path);
	fix_done(&f);
	text_done(&why);
}

static void only_one_at_a_time(void **state)
{
	struct a_site *a = *state;
	struct journal *j, *other;
	struct text why = { 0 };
	char who[64];

	assert_int_equal(journal_open(a->journal, &j, &why), 0);
	assert_int_equal(journal_open(a->journal, &other, &why), -EBUSY);
	snprintf(who, sizeof(who), "process %d of", getpid());
	assert_non_null(strstr(why.p, "another kvmtop is fixing something"));
	assert_non_null(strstr(why.p, who));
	journal_close(j);
	assert_int_equal(journal_open(a->journal, &j, &why), 0);
	journal_close(j);
	text_done(&why);
}

/* ---- cut off ---- */

static int die_in_set(struct virt *v, const struct virt_place *p, const char *value, char *error)
{
	if (p->kind == ACTION_PIN_EMULATOR)
		raise(SIGKILL);
	return fake_set(v, p, value, error);
}

/* The child's libvirt is the parent's no more: only files are seen by both. */
static void die_in_the_third(struct a_site *a, const char *third)
{
	struct plan p = { 0 };
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct virt_ops ops = fake_ops;

		ops.set = die_in_set;
		a->site.ops = &ops;
		plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", "1", "2");
		plan_add(&p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
		plan_add(&p, ACTION_PIN_EMULATOR, the_guest("web1"), "", "0-7", third);
		plan_add(&p, ACTION_WRITE, NULL, "sys/kernel/mm/ksm/run", NULL, "1");
		apply_plan(a, &p, ENDING_DONE);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void what_was_cut_off_is_found_and_undone(void **state)
{
	struct a_site *a = *state;
	struct records h;
	char *before;

	before = host_text(a);
	die_in_the_third(a, "2");
	assert_file(a, "sys/kernel/mm/ksm/run", "2\n");
	assert_file(a, "proc/sys/vm/swappiness", "10\n");
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.record[0].fix.ending, ENDING_NONE);
	assert_int_equal(records_last(&h)->fix.id, 1);
	records_done(&h);
	undo_all(a, ENDING_DONE);
	assert_host(a, before);
}

/* ---- damaged ---- */

static FILE *journal_file(const struct a_site *a, const char *mode)
{
	char *path = xasprintf("%s/journal.jsonl", a->journal);
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	free(path);
	return f;
}

static void a_torn_line_costs_no_other(void **state)
{
	struct a_site *a = *state;
	struct records h;
	FILE *f;

	apply_swappiness(a);
	f = journal_file(a, "a");
	fputs("{\"entry\":\"intent\",\"id\":2,\"ti", f);
	fclose(f);
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.damaged, 1);
	records_done(&h);
	undo_all(a, ENDING_DONE);
	assert_file(a, "proc/sys/vm/swappiness", "60\n");
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.damaged, 1);
	assert_int_equal(h.record[0].undone_by, h.record[1].fix.id);
	records_done(&h);
}

static void hostile_journals_do_no_harm(void **state)
{
	static const char *const lines[] = {
		"null",
		"[]",
		"{}",
		"{\"entry\":7,\"id\":1}",
		"{\"entry\":\"step\",\"id\":9}",
		"{\"entry\":\"intent\",\"id\":3,\"steps\":{}}",
		("{\"entry\":\"intent\",\"id\":3,\"steps\":"
		 "[{\"kind\":\"shell\",\"target\":\"x\",\"new\":\"y\"}]}"),
		"{\"entry\":\"intent\",\"id\":3,\"steps\":[7]}",
	};
	struct a_site *a = *state;
	struct records h;
	FILE *file;

	put_file(a, "../state/journal/x", "");
	file = journal_file(a, "w");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fprintf(file, "%s\n", lines[i]);
	/* Somebody would like to write elsewhere. */
	fprintf(file, "{\"entry\":\"intent\",\"id\":4,\"steps\":[{\"kind\":\"write\","
		      "\"target\":\"sys/../etc/passwd\",\"new\":\"y\",\"old\":\"x\"}]}\n");
	fclose(file);
	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.damaged, 8);
	records_done(&h);
	undo_ends(a, 4, ENDING_REFUSED);
}

static void refuses_journal(struct a_site *a, const char *word)
{
	struct text why = { 0 };
	struct journal *j;

	assert_true(journal_open(a->journal, &j, &why) < 0);
	if (!strstr(why.p, word))
		print_message("%s\n", why.p);
	assert_non_null(strstr(why.p, word));
	text_done(&why);
}

/* What somebody else could read, write or put in its place. */
static void a_journal_that_is_not_ours_alone_is_none(void **state)
{
	struct a_site *a = *state;
	char *file, *other;

	apply_swappiness(a);
	file = xasprintf("%s/journal.jsonl", a->journal);
	other = xasprintf("%s/other", a->directory);
	assert_int_equal(link(file, other), 0);
	refuses_journal(a, strerror(EPERM));
	assert_int_equal(unlink(other), 0);

	assert_int_equal(rename(file, other), 0);
	assert_int_equal(symlink(other, file), 0);
	refuses_journal(a, strerror(ELOOP));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	refuses_journal(a, strerror(EPERM));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rename(other, file), 0);

	assert_int_equal(chmod(a->journal, 0770), 0);
	refuses_journal(a, strerror(EPERM));
	assert_int_equal(chmod(a->journal, 0750), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 65534, 65534), 0);
		refuses_journal(a, strerror(EPERM));
		assert_int_equal(chown(file, 0, 0), 0);
		assert_int_equal(chown(a->journal, 65534, 65534), 0);
		refuses_journal(a, strerror(EPERM));
		assert_int_equal(chown(a->journal, 0, 0), 0);
	}
	undo_all(a, ENDING_DONE);
	free(other);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_host(what_would_make_it_last_is_kept),
		on_host(journal_tells_old_new_who_and_result),
		on_host(no_journal_no_fix),
		on_host(the_log_of_the_host_is_told),
		on_host(a_journal_that_is_not_ours_alone_is_none),
		on_host(only_one_at_a_time),
		on_host(what_was_cut_off_is_found_and_undone),
		on_host(a_torn_line_costs_no_other),
		on_host(hostile_journals_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
