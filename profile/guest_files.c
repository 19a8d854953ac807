/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/guest_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/uuid.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)64 << 20)
#define NS 1000000000LL

/* Root's files lie where no variable leads: whoever starts kvmtop as root chooses nothing. */
char *guest_files_directory(const char *uuid)
{
	const char *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");

	if (!uuid || !uuid_is_valid(uuid))
		return NULL;
	if (geteuid() == 0)
		return xasprintf("/var/lib/kvmtop/guests/%s", uuid);
	if (data && data[0] == '/')
		return xasprintf("%s/kvmtop/guests/%s", data, uuid);
	if (home && home[0] == '/')
		return xasprintf("%s/.local/share/kvmtop/guests/%s", home, uuid);
	return NULL;
}

static void say(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct text *out, const char *format, ...)
{
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0)
		return;
	text_append(out, line, (size_t)n);
	free(line);
}

/* A file that the user named may be anything: nothing that would make us wait. */
static int read_file(const char *path, struct text *ret, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r = 0;
	char buf[65536];
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		r = -errno;
	else if (!S_ISREG(st->st_mode))
		r = -EINVAL;
	while (r == 0 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno;
		else if (ret->len + (size_t)n > FILE_MAX)
			r = -EFBIG;
		else
			text_append(ret, buf, (size_t)n);
	}
	close(fd);
	return r;
}

static enum files_state state_of(int error)
{
	switch (error) {
	case 0:
		return FILES_OK;
	case -ENOENT:
	case -ENOTDIR:
		return FILES_MISSING;
	case -ENODATA:
		return FILES_EMPTY;
	case -EPERM:
		return FILES_ZEROED;
	case -EINVAL:
	case -EFBIG:
		return FILES_WRONG;
	default:
		return FILES_UNREADABLE;
	}
}

static void explain(struct guest_symbols *g, const char *path, const char *what, int error)
{
	switch (g->state) {
	case FILES_MISSING:
		say(&g->problem, "%s is missing.", path);
		break;
	case FILES_EMPTY:
		say(&g->problem,
		    "%s is empty. In the guest this file seems to have no length, so that scp "
		    "copies nothing of it; cat reads it.",
		    path);
		break;
	case FILES_ZEROED:
		say(&g->problem,
		    "All addresses in %s are zero: kernel.kptr_restrict hides them from all but "
		    "root.",
		    path);
		break;
	case FILES_WRONG:
		say(&g->problem, "%s is no %s file of a kernel.", path, what);
		break;
	case FILES_UNREADABLE:
		say(&g->problem, "%s: %s.", path, strerror(-error));
		break;
	default:
		break;
	}
}

static void load_kallsyms(struct guest_symbols *g, const char *path, int64_t started_ns)
{
	struct text text = { 0 };
	struct stat st = { 0 };
	int r = read_file(path, &text, &st);

	if (r == 0)
		r = kallsyms_parse(&g->kernel, text.p ? text.p : "", text.len, &g->facts);
	else if (r == -EPERM)
		r = -EACCES; /* of the file, not of what it says */
	text_done(&text);
	symbols_sort(&g->kernel);
	g->state = state_of(r);
	explain(g, path, "kallsyms", r);
	if (r == 0 && started_ns && (int64_t)st.st_mtime * NS < started_ns) {
		g->state = FILES_STALE;
		say(&g->problem,
		    "%s is older than the guest: a kernel lies elsewhere after each boot.", path);
	}
}

/* Modules only name what kallsyms leaves out: nothing is lost where nobody named a file. */
static void load_modules(struct guest_symbols *g, bool is_named)
{
	struct text text = { 0 };
	struct stat st;
	int r = read_file(g->modules_path, &text, &st);

	if (r == 0)
		r = modules_parse(&g->modules, text.p ? text.p : "", text.len);
	else if (r == -EPERM)
		r = -EACCES;
	if (r < 0)
		symbols_done(&g->modules);
	text_done(&text);
	symbols_sort(&g->modules);
	/* A kernel may have none. */
	if (!is_named || r == 0 || r == -ENODATA || g->problem.len)
		return;
	g->state = state_of(r);
	explain(g, g->modules_path, "modules", r);
}

/* "" where it is the working directory. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("");
}

static void find_paths(struct guest_symbols *g, const struct guest_files *files)
{
	char *kept = files->kallsyms ? NULL : guest_files_directory(files->uuid);
	char *beside;

	if (!kept && !files->kallsyms)
		return;
	g->kallsyms_path = kept ? xasprintf("%s/kallsyms", kept) : xstrdup(files->kallsyms);
	beside = directory_of(g->kallsyms_path);
	g->modules_path = files->modules ? xstrdup(files->modules) : xasprintf("%smodules", beside);
	free(beside);
	free(kept);
}

void guest_symbols_load(struct guest_symbols *g, const struct guest_files *files)
{
	find_paths(g, files);
	if (!g->kallsyms_path) {
		g->state = FILES_UNKNOWN;
		say(&g->problem, "The guest has no uuid: name its symbols with --guest-kallsyms.");
		return;
	}
	load_kallsyms(g, g->kallsyms_path, files->started_ns);
	load_modules(g, files->modules != NULL);
}

void guest_symbols_done(struct guest_symbols *g)
{
	symbols_done(&g->kernel);
	symbols_done(&g->modules);
	free(g->kallsyms_path);
	free(g->modules_path);
	text_done(&g->problem);
	*g = (struct guest_symbols){ 0 };
}

/* As a word of a shell, whatever is in it. */
static void say_word(struct text *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-+,@%";

	if (*word && word[strspn(word, plain)] == '\0') {
		say(out, "%s", word);
		return;
	}
	say(out, "'");
	for (; *word; word++)
		if (*word == '\'')
			say(out, "'\\''");
		else
			text_append(out, word, 1);
	say(out, "'");
}

void guest_symbols_commands(const struct guest_symbols *g, struct text *out)
{
	const struct {
		const char *name, *path;
	} files[] = {
		{ "kallsyms", g->kallsyms_path ? g->kallsyms_path : "guest/kallsyms" },
		{ "modules", g->modules_path ? g->modules_path : "guest/modules" },
	};
	char *directory = directory_of(files[0].path);
	size_t len = strlen(directory);

	/* The root and the working directory are there. */
	if (len > 1) {
		directory[len - 1] = '\0';
		say(out, "mkdir -p -m 700 ");
		say_word(out, directory);
		say(out, "\n");
	}
	free(directory);
	for (size_t i = 0; i < 2; i++) {
		say(out, "ssh root@GUEST cat /proc/%s >", files[i].name);
		say_word(out, files[i].path);
		say(out, "\n");
	}
}

/* Each directory on the way; one that is there already stays as it is. */
static int make_directories(const char *path)
{
	char *copy = xstrdup(path);
	int r = 0;

	for (char *p = copy + 1; r == 0; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			r = -errno;
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return r;
}

static int write_all(int fd, const struct text *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, text->p + at, text->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return 0;
}

/* Under another name first: whoever reads the file meanwhile sees the old one or the new one. */
static int write_file(int directory, const char *name, const struct text *text)
{
	char *fresh = xasprintf(".%s.%d", name, (int)getpid());
	int fd, r;

	unlinkat(directory, fresh, 0);
	fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, text);
	if (fd >= 0 && close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(directory, fresh, directory, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(directory, fresh, 0);
	free(fresh);
	return r;
}

int guest_files_keep(const char *uuid, const struct text *kallsyms, const struct text *modules)
{
	char *path = guest_files_directory(uuid);
	struct stat st;
	int fd, r;

	if (!path)
		return -EINVAL;
	r = make_directories(path);
	fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return r < 0 ? r : -errno;
	/* Somebody else's directory is no place for it. */
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_uid != geteuid() || (st.st_mode & 022))
		r = -EPERM;
	if (r == 0)
		r = write_file(fd, "kallsyms", kallsyms);
	if (r == 0 && modules->len)
		r = write_file(fd, "modules", modules);
	close(fd);
	return r;
}
