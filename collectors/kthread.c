/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/kthread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/procstat.h"

/* khugepaged comes and goes with the THP switch. A search reads a file of each kernel thread. */
#define SEARCH_AGAIN_NS (60 * NS_PER_SEC)

void kthread_init(struct kthread *k, const char *name)
{
	*k = (struct kthread){ .name = name };
}

void kthread_done(struct kthread *k)
{
	kept_done(&k->schedstat);
	k->pid = 0;
}

/* @otherwise where nobody tells what it is called. */
static bool is_called(const struct root *root, uint32_t pid, const char *name, bool otherwise)
{
	char path[64], comm[PROC_COMM_SIZE];

	snprintf(path, sizeof(path), "proc/%u/comm", pid);
	if (root_read(root, path, comm, sizeof(comm)) <= 0)
		return otherwise;
	return slice_eq(slice_trim(slice_of(comm)), name);
}

/* Any process may call itself as it likes. */
static bool is_of_kernel(const struct root *root, uint32_t pid)
{
	struct proc_stat stat;
	char path[64], buf[1024];

	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	return root_read(root, path, buf, sizeof(buf)) > 0 && proc_stat_parse(buf, &stat) == 0 &&
	       (stat.flags & PROC_FLAG_KTHREAD);
}

/*
 * The threads of the kernel are children of pid 2. Where that is something else, as in a container,
 * there is nothing to be found; where nothing lists its children, all processes are tried. A
 * captured host holds neither its name nor them.
 */
static int list_candidates(const struct root *root, struct numbers *ret)
{
	struct text text = { 0 };
	struct cursor c;
	uint64_t pid;
	int r;

	if (!is_called(root, 2, "kthreadd", !root_is_live(root)))
		return -ENOENT;
	r = root_read_all(root, "proc/2/task/2/children", &text);
	if (r == 0) {
		cursor_init(&c, text.p, text.len);
		while (cursor_u64(&c, &pid) == 0)
			if (pid <= INT32_MAX)
				numbers_add(ret, (uint32_t)pid);
	} else {
		r = root_list_numbers(root, "proc", ret);
	}
	text_done(&text);
	return r;
}

static void search(struct kthread *k, const struct root *root)
{
	struct numbers pids = { 0 };

	if (list_candidates(root, &pids) == 0)
		for (size_t i = 0; i < pids.n && !k->pid; i++)
			if (is_called(root, pids.v[i], k->name, false) &&
			    is_of_kernel(root, pids.v[i]))
				k->pid = pids.v[i];
	numbers_done(&pids);
}

int kthread_run_ns(
    struct kthread *k, const struct root *root, uint64_t now_ns, uint64_t *ret_run_ns)
{
	struct proc_schedstat sched;
	char path[64], buf[128];
	ssize_t n;
	int r;

	/* A captured host that is read again from its beginning goes back in time. */
	if (!k->pid && (k->searched_ns == 0 || now_ns < k->searched_ns ||
			   now_ns >= k->searched_ns + SEARCH_AGAIN_NS)) {
		k->searched_ns = now_ns;
		search(k, root);
	}
	if (!k->pid)
		return -ENOENT;
	snprintf(path, sizeof(path), "proc/%u/schedstat", k->pid);
	n = root_read_kept(root, &k->schedstat, path, buf, sizeof(buf));
	if (n < 0) {
		kthread_done(k);
		return (int)n;
	}
	r = proc_schedstat_parse(buf, &sched);
	if (r == 0)
		*ret_run_ns = sched.run_ns;
	return r;
}
