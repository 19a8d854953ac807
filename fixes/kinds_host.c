/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of actions on the host itself: files of the kernel, threads, modules. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/compare.h"
#include "fixes/file.h"
#include "fixes/kinds_inner.h"

#define LOOK_MS 100
#define MODULE_LOADED "loaded"

static int say_file(int r, const char *path, struct text *why)
{
	if (r == -EROFS)
		print_format(why, "the kernel takes nothing written to /%s while it runs", path);
	else if (r < 0)
		print_format(why, "/%s: %s", path, strerror(-r));
	return r;
}

bool split_target(const char *target, char **ret_first, char **ret_second)
{
	const char *blank = strrchr(target, ' ');

	if (!blank || blank == target || !blank[1])
		return false;
	*ret_first = xstrndup(target, (size_t)(blank - target));
	*ret_second = xstrdup(blank + 1);
	return true;
}

/* As sysctl(8) has it: points part names, and a slash stands for a point within one. */
static char *sysctl_path(const char *name)
{
	char *path = xasprintf("proc/sys/%s", name);

	for (char *p = path + strlen("proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

static char *pool_path(const char *target)
{
	char *node, *kib, *path;

	if (!split_target(target, &node, &kib))
		return NULL;
	path = xasprintf(
	    "sys/devices/system/node/%s/hugepages/hugepages-%skB/nr_hugepages", node, kib);
	free(node);
	free(kib);
	return path;
}

char *path_of_action(const struct action *a)
{
	switch (a->kind) {
	case ACTION_WRITE:
	case ACTION_AWAIT:
	case ACTION_DROP_IN:
		return xstrdup(a->target);
	case ACTION_SYSCTL:
		return sysctl_path(a->target);
	case ACTION_HUGE_POOL:
		return pool_path(a->target);
	default:
		return NULL;
	}
}

int setting_may(struct site *s, const struct action *a, struct text *why)
{
	char *path = path_of_action(a);
	int r = say_file(file_may_write(s->fd, path), path, why);

	free(path);
	return r;
}

int setting_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	char *path = path_of_action(a);
	struct text text = { 0 };
	int r = say_file(file_read(s->fd, path, &text), path, why);

	free(path);
	if (r == 0)
		*ret = text.p;
	else
		text_done(&text);
	return r;
}

int setting_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	char *path = path_of_action(a), *line = xasprintf("%s\n", value);
	int r = say_file(file_write(s->fd, path, line, strlen(line)), path, why);

	free(line);
	free(path);
	return r;
}

/* What was read is not always what may be written: of "always [never]" the chosen word is. */
int setting_restore(struct site *s, const struct action *a, const char *state, struct text *why)
{
	char word[64], *path;
	int r;

	if (s->is_live && strchr(state, '[') && parse_choice(state, word, sizeof(word)) == 0)
		return setting_write(s, a, word, why);
	path = path_of_action(a);
	r = say_file(file_write(s->fd, path, state, strlen(state)), path, why);
	free(path);
	return r;
}

int await_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	uint64_t until_ns = clock_mono_ns() + s->await_ns;

	for (;;) {
		char *state;
		int r = setting_read(s, a, &state, why);
		bool holds;

		if (r < 0)
			return r;
		holds = same_setting(state, value);
		free(state);
		if (holds)
			return 0;
		if (s->progress && s->progress->stop) {
			print_text(why, "stopped");
			return -ECANCELED;
		}
		if (clock_mono_ns() >= until_ns) {
			print_format(why, "/%s has not become %s within %.0f s", a->target, value,
			    (double)s->await_ns / (double)NS_PER_SEC);
			return -ETIME;
		}
		poll(NULL, 0, LOOK_MS);
	}
}

int module_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	char *path = xasprintf("sys/module/%s/refcnt", a->target);
	struct text text = { 0 };
	int r;

	/* In file names there are no dashes, whatever the module is called. */
	for (char *p = path; *p; p++)
		*p = *p == '-' ? '_' : *p;
	r = file_read(s->fd, path, &text);
	free(path);
	text_done(&text);
	if (r < 0 && r != -ENOENT) {
		print_format(why, "module %s: %s", a->target, strerror(-r));
		return r;
	}
	*ret = xstrdup(r == 0 ? MODULE_LOADED : "");
	return 0;
}

static int set_module(struct site *s, const char *name, bool load, struct text *why)
{
	int r = s->calls->load_module(name, load);

	if (r < 0)
		print_format(
		    why, "module %s cannot be %s", name, load ? "loaded" : "taken out again");
	return r;
}

int module_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	(void)value;
	return set_module(s, a->target, true, why);
}

int module_restore(struct site *s, const struct action *a, const char *state, struct text *why)
{
	return set_module(s, a->target, *state != '\0', why);
}

static int tid_of(const struct action *a, pid_t *ret, struct text *why)
{
	uint64_t tid;

	if (parse_u64(a->target, &tid) < 0 || tid == 0 || tid > INT32_MAX) {
		print_format(why, "'%s' is no thread", a->target);
		return -EINVAL;
	}
	*ret = (pid_t)tid;
	return 0;
}

int affinity_read(struct site *s, const struct action *a, char **ret, struct text *why)
{
	struct cpuset cpus = { 0 };
	pid_t tid;
	int r = tid_of(a, &tid, why);

	if (r < 0)
		return r;
	r = s->calls->get_affinity(tid, &cpus);
	if (r < 0)
		print_format(why, "thread %d: %s", tid, strerror(-r));
	else
		*ret = cpuset_format_dup(&cpus);
	cpuset_done(&cpus);
	return r;
}

int affinity_write(struct site *s, const struct action *a, const char *value, struct text *why)
{
	struct cpuset cpus = { 0 };
	pid_t tid;
	int r = tid_of(a, &tid, why);

	if (r < 0)
		return r;
	r = cpuset_parse_list(&cpus, value);
	if (r == 0)
		r = s->calls->set_affinity(tid, &cpus);
	if (r < 0)
		print_format(why, "thread %d: %s", tid, strerror(-r));
	cpuset_done(&cpus);
	return r;
}
