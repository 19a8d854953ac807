/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/site.h"

#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/print.h"
#include "base/procstat.h"
#include "base/xalloc.h"
#include "fixes/file.h"

#define PATIENCE_NS (15 * NS_PER_SEC)
#define AWAIT_NS (300 * NS_PER_SEC)
#define MODPROBE "/sbin/modprobe"

static int take_affinity(pid_t tid, struct cpuset *ret)
{
	size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
	cpu_set_t *mask = CPU_ALLOC(CPUSET_MAX);
	int r = mask ? 0 : -ENOMEM;

	if (mask && sched_getaffinity(tid, size, mask) < 0)
		r = -errno;
	for (unsigned cpu = 0; r == 0 && cpu < CPUSET_MAX; cpu++)
		if (CPU_ISSET_S(cpu, size, mask))
			cpuset_set(ret, cpu);
	CPU_FREE(mask);
	return r;
}

static int give_affinity(pid_t tid, const struct cpuset *cpus)
{
	size_t size = CPU_ALLOC_SIZE(CPUSET_MAX);
	cpu_set_t *mask = CPU_ALLOC(CPUSET_MAX);
	int r;

	if (!mask)
		return -ENOMEM;
	CPU_ZERO_S(size, mask);
	for (int cpu = cpuset_next(cpus, 0); cpu >= 0; cpu = cpuset_next(cpus, (unsigned)cpu + 1))
		CPU_SET_S((size_t)cpu, size, mask);
	r = sched_setaffinity(tid, size, mask) < 0 ? -errno : 0;
	CPU_FREE(mask);
	return r;
}

static int move(pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	long r = move_pages(pid, n, page, node, status, shared ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE);

	/* It takes a right to move what others use, too. */
	if (r < 0 && errno == EPERM && shared)
		r = move_pages(pid, n, page, node, status, MPOL_MF_MOVE);
	/* A positive number of pages stayed; their status says why. */
	return r < 0 ? -errno : 0;
}

/*
 * What modprobe.d says of a module is heeded only by modprobe itself, and it is the command that is
 * shown; so it is run, by its fixed path and without a shell.
 */
static int load_module(const char *name, bool load)
{
	char program[] = MODPROBE, quiet[] = "-q", remove[] = "-r", dashes[] = "--";
	char *copy = strdup(name), *environment[] = { NULL };
	char *words[] = { program, quiet, dashes, copy, NULL, NULL };
	int status, r;
	pid_t pid;

	if (!copy)
		return -ENOMEM;
	if (!load) {
		words[2] = remove;
		words[3] = dashes;
		words[4] = copy;
	}
	r = -posix_spawn(&pid, MODPROBE, NULL, NULL, words, environment);
	free(copy);
	if (r < 0)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static const struct site_calls true_calls = {
	.get_affinity = take_affinity,
	.set_affinity = give_affinity,
	.move_pages = move,
	.load_module = load_module,
};

int site_open(const char *path, const char *uri, struct progress *progress, struct site *ret)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = (struct site){
		.fd = fd,
		.is_live = strcmp(path, "/") == 0,
		.uri = uri,
		.calls = &true_calls,
		.progress = progress,
		.patience_ns = PATIENCE_NS,
		.await_ns = AWAIT_NS,
	};
	return 0;
}

void site_close(struct site *s)
{
	/* A connection that owes an answer is the business of the thread that waits for it. */
	if (s->virt && !s->is_hung)
		s->ops->close(s->virt);
	s->virt = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int read_stat(struct site *s, const char *path, struct proc_stat *ret)
{
	struct text text = { 0 };
	int r = file_read(s->fd, path, &text);

	if (r == 0)
		r = proc_stat_parse(text.p, ret);
	text_done(&text);
	return r;
}

bool site_has_thread(struct site *s, uint64_t pid, const char *tid)
{
	char *within = xasprintf("proc/%llu/task/%s/stat", (unsigned long long)pid, tid);
	char *alone = xasprintf("proc/%s/stat", tid);
	char *number = xasprintf("%llu", (unsigned long long)pid);
	struct proc_stat stat;
	bool has = read_stat(s, within, &stat) == 0;

	/* "vhost-4242", "kvm-pit/4242" */
	if (!has && read_stat(s, alone, &stat) == 0 && (stat.flags & PROC_FLAG_KTHREAD))
		has = strcmp(stat.comm + strcspn(stat.comm, "0123456789"), number) == 0;
	free(within);
	free(alone);
	free(number);
	return has;
}

int site_process(struct site *s, uint64_t pid, char *ret_state, uint64_t *ret_start_ticks)
{
	struct proc_stat stat;
	char path[48];
	int r;

	snprintf(path, sizeof(path), "proc/%llu/stat", (unsigned long long)pid);
	r = read_stat(s, path, &stat);
	if (r < 0)
		return r;
	*ret_state = stat.state;
	*ret_start_ticks = stat.starttime_ticks;
	return 0;
}
