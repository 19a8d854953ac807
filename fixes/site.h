/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that may be changed: its files, below a directory; its libvirt; and a few system calls.
 * This room alone writes to a host, and only through a site. A site belongs to one thread.
 */
#ifndef KVMTOP_FIXES_SITE_H
#define KVMTOP_FIXES_SITE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cpulist.h"
#include "base/text.h"
#include "fixes/virt.h"

/* What is neither a file nor libvirt; a test has its own. Results as of the system calls, but
 * -errno. */
struct site_calls {
	int (*get_affinity)(pid_t tid, struct cpuset *ret);
	int (*set_affinity)(pid_t tid, const struct cpuset *cpus);
	/* As move_pages(2), which says of each page itself whether it moved; @node NULL: only asks.
	 * @shared: also pages that other processes use. */
	int (*move_pages)(
	    pid_t pid, size_t n, void **page, const int *node, int *status, bool shared);
	int (*load_module)(const char *name, bool load);
};

/* How far something long has got; the one part of a site that another thread may use. */
struct progress {
	_Atomic uint64_t done, total; /* bytes */
	atomic_bool stop;             /* end soon, and leave what was done */
};

struct site {
	int fd;        /* the directory */
	bool is_live;  /* it is "/" */
	bool readonly; /* nothing will be written: nothing is opened for that */
	const char *uri;
	const struct site_calls *calls;
	const struct virt_ops *ops; /* NULL: the module is loaded when it is first needed */
	struct virt *virt;          /* NULL: not open */
	bool is_hung;               /* libvirt owes an answer */
	struct progress *progress;
	uint64_t patience_ns; /* how long an answer of libvirt is waited for */
	uint64_t await_ns;    /* how long ACTION_AWAIT waits */
};

/* @path "/": this host. Nothing is opened for writing, nor is libvirt, before it is needed. */
int site_open(const char *path, const char *uri, struct progress *progress, struct site *ret);
void site_close(struct site *s);

/* -errno, as a sentence's end in @why, is returned by all of these. */

/* What libvirt says; -ETIMEDOUT: it did not answer, and may yet do what was asked. */
int site_get(struct site *s, const struct virt_place *place, char **ret, struct text *why);
int site_set(struct site *s, const struct virt_place *place, const char *value, struct text *why);

/* The state of a process, as in proc/PID/stat, and when it was started. */
int site_process(struct site *s, uint64_t pid, char *ret_state, uint64_t *ret_start_ticks);
/* Whether a thread is one of that process, or one of the kernel that bears its number. */
bool site_has_thread(struct site *s, uint64_t pid, const char *tid);

#endif
