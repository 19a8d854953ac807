/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/print.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "fixes/journal_inner.h"
#include "fixes/lock.h"
#include "fixes/who.h"

#define HOST_DIRECTORY "/var/lib/kvmtop"

struct journal {
	int fd;
	int lock_fd;
	uint64_t next_id;
};

char *journal_directory(void)
{
	const char *state = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");

	if (geteuid() == 0)
		return xstrdup(HOST_DIRECTORY);
	if (state && *state == '/')
		return xasprintf("%s/kvmtop", state);
	return home && *home == '/' ? xasprintf("%s/.local/state/kvmtop", home) : NULL;
}

/* Makes what is missing on the way. */
static void make_directories(const char *directory)
{
	char *path = xstrdup(directory);

	for (char *p = path + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(path, 0755);
			*p = '/';
		}
	mkdir(path, 0750);
	free(path);
}

/* A directory in which nobody else can put anything. */
static int open_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		r = -EPERM;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int open_file(int dir_fd, int flags)
{
	int fd = openat(
	    dir_fd, JOURNAL_FILE, flags | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
		r = -EPERM;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Who may make what is missing, in the nearest directory that is there. */
static int may_make(const char *directory)
{
	char *path = xstrdup(directory), *slash;
	int r;

	while (
	    (r = faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0) == -ENOENT &&
	    (slash = strrchr(path, '/')) != NULL) {
		if (slash == path)
			slash++;
		if (*slash == '\0')
			break;
		*slash = '\0';
	}
	free(path);
	return r;
}

int journal_may(const char *directory, struct text *why)
{
	int fd = open_directory(directory), r = fd;

	if (fd >= 0) {
		r = faccessat(fd, JOURNAL_FILE, R_OK | W_OK, AT_EACCESS) < 0 ? -errno : 0;
		close(fd);
	}
	if (r == -ENOENT)
		r = may_make(directory);
	if (r < 0)
		print_format(why, "no journal can be kept in %s: %s", directory, strerror(-r));
	return r;
}

struct journal_mark journal_look(const char *directory)
{
	char *path = xasprintf("%s/" JOURNAL_FILE, directory);
	struct stat st = { 0 };

	if (stat(path, &st) < 0)
		st.st_size = -1;
	free(path);
	return (struct journal_mark){
		.bytes = st.st_size,
		.changed_ns = (int64_t)st.st_mtim.tv_sec * (int64_t)NS_PER_SEC + st.st_mtim.tv_nsec,
	};
}

static uint64_t last_id(const char *directory)
{
	struct records h;
	uint64_t id = 0;

	if (journal_read(directory, &h) < 0)
		return 0;
	for (size_t i = 0; i < h.n; i++)
		if (h.record[i].fix.id > id)
			id = h.record[i].fix.id;
	records_done(&h);
	return id;
}

int journal_open(const char *directory, struct journal **ret, struct text *why)
{
	struct journal *j;
	int dir_fd, fd, lock_fd;

	make_directories(directory);
	dir_fd = open_directory(directory);
	lock_fd = dir_fd < 0 ? dir_fd : lock_take(dir_fd, why);
	fd = lock_fd < 0 ? lock_fd : open_file(dir_fd, O_RDWR | O_CREAT);
	if (dir_fd >= 0)
		close(dir_fd);
	if (fd < 0) {
		if (why->len == 0)
			print_format(
			    why, "no journal can be kept in %s: %s", directory, strerror(-fd));
		if (lock_fd >= 0)
			close(lock_fd);
		return fd;
	}
	j = xcalloc(1, sizeof(*j));
	*j = (struct journal){ .fd = fd, .lock_fd = lock_fd, .next_id = last_id(directory) + 1 };
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	close(j->fd);
	close(j->lock_fd);
	free(j);
}

/* ---- lines ---- */

/* A line that was torn, by whatever ended its writer, gets its end. */
static bool is_torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* All of it and on the disk, or nothing. */
static int append(int fd, const char *text, size_t len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t done = 0;
	int r = size < 0 ? -errno : 0;

	while (r == 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	if (r < 0 && size >= 0 && done > 0 && ftruncate(fd, size) < 0)
		return r; /* The next line ends what was torn. */
	return r;
}

static int append_line(int fd, struct json_object *o)
{
	const char *json = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	struct text line = { 0 };
	int r;

	if (is_torn(fd, lseek(fd, 0, SEEK_END)))
		print_text(&line, "\n");
	print_text(&line, json);
	print_text(&line, "\n");
	r = append(fd, line.p, line.len);
	text_done(&line);
	json_object_put(o);
	return r;
}

static void add_text(struct json_object *o, const char *name, const char *text)
{
	if (text)
		json_object_object_add(o, name, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *name, uint64_t v)
{
	json_object_object_add(o, name, json_object_new_uint64(v));
}

static struct json_object *entry_new(const char *kind, uint64_t id)
{
	struct json_object *o = json_object_new_object();
	char stamp[32];

	clock_stamp(clock_now().wall_ns, stamp, sizeof(stamp));
	add_text(o, "entry", kind);
	add_number(o, "id", id);
	add_text(o, "time", stamp);
	return o;
}

static struct json_object *step_object(const struct step *s)
{
	struct json_object *o = json_object_new_object();
	const struct action *a = &s->action;

	add_text(o, "kind", action_kind_name(a->kind));
	add_text(o, "domain", a->domain);
	add_text(o, "uuid", a->uuid);
	if (a->guest.born) {
		add_number(o, "pid", a->guest.owner);
		add_number(o, "start", a->guest.born - 1);
	}
	add_text(o, "target", a->target);
	json_object_object_add(o, "saved", json_object_new_boolean(a->saved));
	add_text(o, "old", s->old);
	add_text(o, "new", a->value);
	add_text(o, "state", s->state);
	return o;
}

static void add_who(struct json_object *o)
{
	char *sudo = who_by_sudo(), *tty = who_terminal();

	add_number(o, "uid", getuid());
	add_text(o, "sudo_user", sudo);
	add_text(o, "tty", tty);
	add_number(o, "process", (uint64_t)getpid());
	free(sudo);
	free(tty);
}

static struct json_object *lasting_object(const struct fix *f)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < f->lasting_n; i++) {
		struct step s = { .action = f->lasting[i] };

		json_object_array_add(list, step_object(&s));
	}
	return list;
}

int journal_intent(struct journal *j, struct fix *f)
{
	struct json_object *o = entry_new("intent", j->next_id), *steps = json_object_new_array();
	int r;

	add_who(o);
	add_text(o, "rule", f->rule);
	add_text(o, "subject", f->subject);
	add_text(o, "title", f->title);
	if (!isnan(f->figure))
		json_object_object_add(o, "figure", json_object_new_double(f->figure));
	if (f->undoes)
		add_number(o, "undoes", f->undoes);
	for (size_t i = 0; i < f->n; i++)
		json_object_array_add(steps, step_object(&f->step[i]));
	json_object_object_add(o, "steps", steps);
	if (f->lasting_n)
		json_object_object_add(o, "lasting", lasting_object(f));
	r = append_line(j->fd, o);
	if (r == 0)
		f->id = j->next_id++;
	return r;
}

int journal_step(struct journal *j, const struct fix *f, size_t number)
{
	struct json_object *o = entry_new("step", f->id);
	const struct step *s = &f->step[number];

	add_number(o, "number", number);
	add_text(o, "old", s->old);
	add_text(o, "left", s->left);
	add_text(o, "result", result_name(s->result));
	add_text(o, "why", s->why);
	return append_line(j->fd, o);
}

/* One line to whoever watches over the host. */
static void tell_syslog(const struct fix *f)
{
	struct text line = { 0 };
	char *who = who_am_i(), *clean;

	print_format(&line, "kvmtop: %s %llu by %s: %s", f->undoes ? "undo" : "fix",
	    (unsigned long long)f->id, who, f->title ? f->title : "");
	if (f->rule)
		print_format(&line, " (%s%s%s)", f->rule, f->subject ? ", " : "",
		    f->subject ? f->subject : "");
	print_format(&line, ": %s", ending_name(f->ending));
	if (f->why)
		print_format(&line, ": %s", f->why);
	clean = sanitize_dup(line.p, line.len);
	syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", clean);
	free(clean);
	free(who);
	text_done(&line);
}

int journal_over(struct journal *j, const struct fix *f)
{
	struct json_object *o = entry_new("over", f->id);

	add_text(o, "result", ending_name(f->ending));
	add_text(o, "why", f->why);
	tell_syslog(f);
	return append_line(j->fd, o);
}

int journal_effect(
    const char *directory, uint64_t id, double before, double after, const char *text)
{
	struct json_object *o;
	int dir_fd = open_directory(directory), fd, r;

	if (dir_fd < 0)
		return dir_fd;
	fd = open_file(dir_fd, O_RDWR);
	close(dir_fd);
	if (fd < 0)
		return fd;
	o = entry_new("effect", id);
	if (!isnan(before))
		json_object_object_add(o, "before", json_object_new_double(before));
	if (!isnan(after))
		json_object_object_add(o, "after", json_object_new_double(after));
	add_text(o, "text", text);
	r = append_line(fd, o);
	close(fd);
	return r;
}
