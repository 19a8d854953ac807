/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are guests. A guest is a process that holds a KVM virtual machine descriptor, or
 * a QEMU that emulates without KVM. All processes are listed when a new one may have begun, but
 * only those that were not there before are looked at; the others again after 1, 2, 4, … 64
 * samples, because a process may become a guest late.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mounts.h"
#include "base/parse.h"
#include "base/procstat.h"
#include "base/xalloc.h"
#include "collectors/cmdline.h"
#include "collectors/collector.h"
#include "collectors/process_clock.h"
#include "collectors/values.h"
#include "collectors/vmm.h"

#define MAX_DESCRIPTORS 4096
#define YOUNG_SECONDS 5
#define LOOK_AGAIN_SAMPLES 64
/* A pid used again is noticed within so many samples. */
#define CHECK_SAMPLES 16
/* Files that change slowly are read at every fifth sample, each guest at another one. */
#define SLOW_SAMPLES 5
/* The list of all processes, where none seems to have begun. */
#define LIST_AGAIN_NS (10 * NS_PER_SEC)

struct guest {
	struct guest_config config;
	struct cmdline cmdline;
	bool emulated; /* QEMU without KVM */
	struct kept stat, status;
	struct process_clock clock;
	struct proc_stat now;
	uint64_t now_ns;     /* when stat was read */
	uint64_t stopped_ns; /* since when it is stopped; 0: it is not */
	uint64_t slow_ns;    /* when status was read */
	uint64_t swapped_bytes, huge_bytes, locked_bytes;
	bool has_slow;
};

enum who { WHO_OTHER, WHO_KERNEL, WHO_WORKER, WHO_GUEST };

struct process {
	uint32_t pid;
	uint8_t who;
	bool known;         /* it was looked at */
	uint32_t guest_pid; /* of a worker of the kernel */
	uint64_t start_ticks;
	struct kept worker_stat;
	char role[ROLE_SIZE];
	struct guest *guest;
};

struct guests {
	struct process *process; /* by pid */
	size_t n;
	struct numbers pids;
	uint64_t listed_ns;
	struct kept loadavg;
	uint64_t last_pid; /* that was given to anybody, when they were listed; 0: not told */
	uint64_t sample;
	uint64_t self;       /* our own pid, by this proc; 0: not known, or nobody's */
	bool clocks_serve;   /* processes' clocks are those of this proc, in this reading */
	double uptime;       /* of the host, in seconds; 0: not told */
	bool denied;         /* some process did not let us list its descriptors */
	bool hidden;         /* there are processes of which nothing at all is told */
	uint64_t page_bytes; /* 0: not known yet */
	uint64_t ticks_per_second;
};

void *guests_open(const struct sampling *options)
{
	struct guests *g = xcalloc(1, sizeof(*g));

	(void)options;
	g->ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	return g;
}

/* Nothing is known of that pid any more. */
static void forget(struct process *p)
{
	if (p->guest) {
		kept_done(&p->guest->stat);
		kept_done(&p->guest->status);
		cmdline_done(&p->guest->cmdline);
		free(p->guest);
		p->guest = NULL;
	}
	kept_done(&p->worker_stat);
	p->who = WHO_OTHER;
}

void guests_close(void *state)
{
	struct guests *g = state;

	for (size_t i = 0; i < g->n; i++)
		forget(&g->process[i]);
	free(g->process);
	numbers_done(&g->pids);
	kept_done(&g->loadavg);
	free(g);
}

static int read_stat(const struct root *root, uint32_t pid, struct proc_stat *ret)
{
	char path[64], buf[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "proc/%u/stat", pid);
	n = root_read(root, path, buf, sizeof(buf));
	return n < 0 ? (int)n : proc_stat_parse(buf, ret);
}

/* 1: it holds a virtual machine; 0: it does not; -errno: it does not let us look. */
static int holds_vm(const struct root *root, uint32_t pid)
{
	struct numbers fds = { 0 };
	char path[64], target[64];
	int r, refused = 0;

	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	r = root_list_numbers(root, path, &fds);
	for (size_t i = 0; r == 0 && i < fds.n && i < MAX_DESCRIPTORS; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fds.v[i]);
		n = root_link(root, path, target, sizeof(target));
		if (n > 0 && strcmp(target, "anon_inode:kvm-vm") == 0)
			r = 1;
		/* CAP_DAC_READ_SEARCH alone lets them be listed, but not followed. */
		else if (n == -EACCES || n == -EPERM)
			refused = (int)n;
	}
	numbers_done(&fds);
	return r ? r : refused;
}

/* The program's own name, which a process cannot change as it can its arguments. */
static bool program_is_vmm(const struct root *root, uint32_t pid)
{
	char path[64], target[512], *slash;

	snprintf(path, sizeof(path), "proc/%u/exe", pid);
	if (root_link(root, path, target, sizeof(target)) < 0)
		return false;
	slash = strrchr(target, '/');
	return vmm_is_program(slash ? slash + 1 : target);
}

static void set_default_names(struct guest_config *c, const struct proc_stat *stat)
{
	if (!c->vmm[0])
		snprintf(c->vmm, sizeof(c->vmm), "%.23s", stat->comm);
	if (!c->name[0])
		snprintf(c->name, sizeof(c->name), "%s-%d", c->vmm, stat->pid);
}

/* The page size of the hugetlbfs in which a guest's memory lies; 0: it lies in none. */
static uint64_t huge_page_of_path(const struct root *root, const char *path)
{
	struct text table = { 0 };
	struct slice value;
	struct mount m;
	uint64_t bytes = 0;
	char size[32];

	if (path[0] && root_read_all(root, "proc/self/mounts", &table) == 0 &&
	    mount_of_path(table.p, path, &m) && slice_eq(m.type, "hugetlbfs") &&
	    mount_option(&m, "pagesize", &value)) {
		slice_copy(value, size, sizeof(size));
		if (parse_size(size, 1, &bytes) < 0)
			bytes = 0;
	}
	text_done(&table);
	return bytes;
}

static void make_guest(struct process *p, const struct proc_stat *stat, bool emulated)
{
	p->guest = xcalloc(1, sizeof(*p->guest));
	set_default_names(&p->guest->config, stat);
	p->guest->now = *stat;
	p->guest->emulated = emulated;
	p->who = WHO_GUEST;
}

static void take_config(struct reading *r, struct process *p)
{
	struct guest *guest = p->guest;
	struct text text = { 0 };

	if (!cmdline_take(&guest->cmdline, r->root, p->pid, &text))
		return;
	guest_config_parse(text.p, text.len, &guest->config);
	if (!guest->config.huge_page_bytes)
		guest->config.huge_page_bytes =
		    huge_page_of_path(r->root, guest->config.memory_path);
	set_default_names(&guest->config, &guest->now);
	text_done(&text);
}

/* Looks whether an unknown process, or one that was none, is a guest. */
static void look(struct guests *g, struct reading *r, struct process *p)
{
	struct proc_stat stat;
	int holds = read_stat(r->root, p->pid, &stat);

	p->known = true;
	/* With hidepid=noaccess nothing is told of others' processes but their numbers. */
	if (holds == -EACCES || holds == -EPERM)
		g->hidden = true;
	if (holds < 0)
		return;
	p->start_ticks = stat.starttime_ticks;
	if (stat.flags & PROC_FLAG_KTHREAD) {
		p->who = kernel_thread_guest(stat.comm, &p->guest_pid, p->role) ? WHO_WORKER
										: WHO_KERNEL;
		return;
	}
	/* There are thousands of descriptors of kvmtop's own to look at. */
	if (p->pid == g->self)
		return;
	holds = holds_vm(r->root, p->pid);
	if (holds > 0) {
		make_guest(p, &stat, false);
	} else if (holds == -EACCES || holds == -EPERM) {
		/* Whoever may not look goes by the name. */
		if (vmm_is_program(stat.comm) || strncmp(stat.comm, "qemu-system-", 12) == 0)
			make_guest(p, &stat, false);
		g->denied = true;
	} else if (program_is_vmm(r->root, p->pid)) {
		make_guest(p, &stat, true);
	}
}

static bool is_turn(const struct guests *g, const struct process *p, unsigned samples)
{
	return (g->sample + p->pid) % samples == 0;
}

static bool is_young(const struct guests *g, const struct process *p)
{
	double age = g->uptime - (double)p->start_ticks / (double)g->ticks_per_second;

	return age < YOUNG_SECONDS;
}

/* Whether the process that had this pid is still the one that has it. */
static bool is_same(struct reading *r, const struct process *p)
{
	struct proc_stat stat;

	return read_stat(r->root, p->pid, &stat) == 0 && stat.starttime_ticks == p->start_ticks;
}

static bool is_worth_a_look(const struct guests *g, struct reading *r, const struct process *p)
{
	if (!p->known)
		return true;
	if (p->who == WHO_OTHER && (is_young(g, p) || is_turn(g, p, LOOK_AGAIN_SAMPLES)))
		return true;
	return (p->who == WHO_OTHER || p->who == WHO_KERNEL) && is_turn(g, p, CHECK_SAMPLES) &&
	       !is_same(r, p);
}

/* Brings the list of processes up to date with what proc lists now; both are sorted. */
static void update_processes(struct guests *g, struct reading *r)
{
	size_t old = 0, n = 0;
	struct process *now = xcalloc(g->pids.n, sizeof(*now));

	for (size_t i = 0; i < g->pids.n; i++) {
		uint32_t pid = g->pids.v[i];

		while (old < g->n && g->process[old].pid < pid)
			forget(&g->process[old++]);
		if (old < g->n && g->process[old].pid == pid)
			now[n] = g->process[old++];
		else
			now[n] = (struct process){ .pid = pid };
		if (is_worth_a_look(g, r, &now[n]))
			look(g, r, &now[n]);
		n++;
	}
	while (old < g->n)
		forget(&g->process[old++]);
	free(g->process);
	g->process = now;
	g->n = n;
}

/* False when the process is gone, or another one has its pid. */
static bool read_same(
    struct reading *r, const struct process *p, struct kept *kept, struct proc_stat *ret)
{
	char path[64], buf[1024];

	snprintf(path, sizeof(path), "proc/%u/stat", p->pid);
	return root_read_kept(r->root, kept, path, buf, sizeof(buf)) >= 0 &&
	       proc_stat_parse(buf, ret) == 0 && ret->starttime_ticks == p->start_ticks &&
	       ret->state != 'Z' && ret->state != 'X';
}

/* The same process, for a new one would have run. Its memory may be taken from it at rest. */
static bool is_as_it_was(const struct guests *g, struct process *p)
{
	struct guest *guest = p->guest;
	uint64_t ran_ns = g->clocks_serve ? process_ran(p->pid) : 0;

	return process_has_rested(&guest->clock, ran_ns) && guest->now_ns &&
	       guest->now.state == 'S' && !guest->emulated && guest->cmdline.has_come &&
	       !is_turn(g, p, SLOW_SAMPLES);
}

static bool read_guest(const struct guests *g, struct reading *r, struct process *p)
{
	struct guest *guest = p->guest;

	if (is_as_it_was(g, p))
		return true;
	if (!read_same(r, p, &guest->stat, &guest->now))
		return false;
	guest->now_ns = reading_now(r);
	if (guest->now.state != 'T' && guest->now.state != 't')
		guest->stopped_ns = 0;
	else if (guest->stopped_ns == 0)
		guest->stopped_ns = reading_now(r);
	/* A QEMU opens KVM some time after its start. */
	if (guest->emulated && (is_young(g, p) || is_turn(g, p, CHECK_SAMPLES)))
		guest->emulated = holds_vm(r->root, p->pid) <= 0;
	take_config(r, p);
	return true;
}

static void read_slow(struct reading *r, struct process *p)
{
	struct guest *guest = p->guest;
	char path[64], buf[4096];

	snprintf(path, sizeof(path), "proc/%u/status", p->pid);
	if (root_read_kept(r->root, &guest->status, path, buf, sizeof(buf)) < 0)
		return;
	guest->has_slow = parse_key_value(buf, "VmSwap", &guest->swapped_bytes) == 0;
	/* Old kernels do not tell of huge pages here. */
	if (parse_key_value(buf, "HugetlbPages", &guest->huge_bytes) < 0)
		guest->huge_bytes = 0;
	if (parse_key_value(buf, "VmLck", &guest->locked_bytes) < 0)
		guest->locked_bytes = 0;
	guest->slow_ns = reading_now(r);
}

static void set_uptime(
    const struct guests *g, struct reading *r, struct row *row, const struct process *p)
{
	double up = g->uptime - (double)p->start_ticks / (double)g->ticks_per_second;

	if (g->uptime > 0)
		cell_set_number(row, DOMAIN_UPTIME, up > 0 ? up : 0, reading_now(r));
}

static void write_row(const struct guests *g, struct reading *r, const struct process *p)
{
	const struct guest *guest = p->guest;
	const struct guest_config *c = &guest->config;
	struct row *row = snapshot_row(r->into, TABLE_DOMAIN, key_process(p->pid, p->start_ticks));
	uint64_t at = reading_now(r);

	row->ran_ns = guest->clock.ran_ns;
	cell_set_text(r->into, row, DOMAIN_NAME, c->name, at);
	if (c->uuid[0])
		cell_set_text(r->into, row, DOMAIN_UUID, c->uuid, at);
	cell_set_number(row, DOMAIN_PID, p->pid, at);
	cell_set_text(r->into, row, DOMAIN_VMM, guest->emulated ? VMM_EMULATED : c->vmm, at);
	set_uptime(g, r, row, p);
	if (c->vcpus)
		cell_set_number(row, DOMAIN_VCPUS_GIVEN, (double)c->vcpus, at);
	if (c->memory_bytes)
		cell_set_number(row, DOMAIN_MEMORY, (double)c->memory_bytes, at);
	if (c->huge_page_bytes)
		cell_set_number(row, DOMAIN_HUGE_SIZE, (double)c->huge_page_bytes, at);
	cell_set_number(
	    row, DOMAIN_RSS, (double)(guest->now.rss_pages * g->page_bytes), guest->now_ns);
	if (guest->has_slow) {
		cell_set_number(row, DOMAIN_SWAPPED, (double)guest->swapped_bytes, guest->slow_ns);
		cell_set_number(row, DOMAIN_HUGETLB, (double)guest->huge_bytes, guest->slow_ns);
		cell_set_number(row, DOMAIN_LOCKED, (double)guest->locked_bytes, guest->slow_ns);
	}
	if (guest->stopped_ns)
		cell_set_number(
		    row, DOMAIN_STOPPED, (double)(at - guest->stopped_ns) / (double)NS_PER_SEC, at);
}

/* QEMUs that libvirt starts only to ask what they can do are no guests. */
static bool is_shown(const struct reading *r, const struct process *p)
{
	const struct guest_config *c = p->guest ? &p->guest->config : NULL;
	const char *wanted = r->options->guest;

	if (p->who != WHO_GUEST || c->probe)
		return false;
	return !wanted || strcmp(wanted, c->name) == 0 || strcasecmp(wanted, c->uuid) == 0;
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = ((const struct process *)a)->pid, y = ((const struct process *)b)->pid;

	return x < y ? -1 : x > y;
}

/* Threads of the kernel that work for a guest lie outside its process: they get their row here. */
static void write_worker(const struct guests *g, struct reading *r, const struct process *p)
{
	struct process key = { .pid = p->guest_pid };
	const struct process *owner = bsearch(&key, g->process, g->n, sizeof(key), compare_pids);
	struct row *row;

	/* A worker that is older than its guest belongs to one that had the pid before. */
	if (!owner || !is_shown(r, owner) || p->start_ticks < owner->start_ticks)
		return;
	row = snapshot_row(r->into, TABLE_THREAD,
	    key_of(key_process(owner->pid, owner->start_ticks), p->start_ticks << 24 | p->pid));
	cell_set_number(row, THREAD_TID, p->pid, reading_now(r));
	cell_set_text(r->into, row, THREAD_ROLE, p->role, reading_now(r));
}

static void read_worker(struct guests *g, struct reading *r, struct process *p)
{
	struct proc_stat stat;

	if (!read_same(r, p, &p->worker_stat, &stat)) {
		forget(p);
		look(g, r, p);
		if (p->who != WHO_WORKER)
			return;
	}
	write_worker(g, r, p);
}

static double host_uptime(const struct root *root)
{
	char buf[64];
	struct cursor c;
	double up;

	if (root_read(root, "proc/uptime", buf, sizeof(buf)) <= 0)
		return 0;
	cursor_init(&c, buf, strlen(buf));
	return cursor_double(&c, &up) == 0 ? up : 0;
}

static void show_guest(struct guests *g, struct reading *r, struct process *p)
{
	if (!read_guest(g, r, p)) {
		/* The same pid may be another guest already. */
		forget(p);
		look(g, r, p);
		if (p->who != WHO_GUEST || !read_guest(g, r, p))
			return;
	}
	if (!is_shown(r, p))
		return;
	if (!p->guest->has_slow || reading_thorough(r) || is_turn(g, p, SLOW_SAMPLES))
		read_slow(r, p);
	write_row(g, r, p);
}

/*
 * With the option hidepid of proc others' processes are not listed, and "no guest" would be a
 * guess. The first process is always there, and is root's. A capture keeps no process but guests.
 */
static bool hides_processes(const struct guests *g, const struct root *root)
{
	return g->hidden || (root_is_live(root) && (g->n == 0 || g->process[0].pid != 1));
}

/* Whoever sees some guests is told what lacks; whoever sees none is told that nothing is known. */
static enum state tell_hidden(struct reading *r)
{
	reading_lacks(r,
	    "Other users' processes are hidden (hidepid of proc); CAP_SYS_PTRACE or the group "
	    "of its option gid would show them.");
	return r->into->table[TABLE_DOMAIN].n > 0 ? STATE_OK : STATE_DENIED;
}

/* "0.20 0.18 0.12 1/80 11206": the number that a process or thread got last, in our own PID
 * namespace. */
static uint64_t read_last_pid(struct guests *g, const struct root *root)
{
	char buf[128], *last;
	uint64_t pid;
	struct cursor c;

	if (root_read_kept(root, &g->loadavg, "proc/loadavg", buf, sizeof(buf)) <= 0)
		return 0;
	last = strrchr(buf, ' ');
	if (!last)
		return 0;
	cursor_init(&c, last + 1, strlen(last + 1));
	return cursor_u64(&c, &pid) == 0 ? pid : 0;
}

/* To list them takes as long as all else about 50 guests at rest. Those that have ended show when
 * their files are read, so the list may stand while no number is given to anybody. */
static int update_pids(struct guests *g, struct reading *r)
{
	uint64_t last_pid = g->clocks_serve ? read_last_pid(g, r->root) : 0;
	int error;

	if (last_pid && last_pid == g->last_pid && r->now_ns < g->listed_ns + LIST_AGAIN_NS)
		return 0;
	error = root_list_numbers(r->root, "proc", &g->pids);
	/* A list that failed does not stand. */
	g->last_pid = error < 0 ? 0 : last_pid;
	g->listed_ns = r->now_ns;
	return error;
}

enum state guests_read(struct reading *r)
{
	struct guests *g = r->state;
	int error;

	/* A capture that held this link would have no room for the files below it. */
	if (!g->self && !reading_thorough(r))
		g->self = process_self(r->root);
	g->clocks_serve = process_clocks_serve(r, g->self);
	error = update_pids(g, r);
	if (error < 0) {
		reading_lacks(r, "The list of processes cannot be read: %s.", strerror(-error));
		return state_of_errno(error);
	}
	g->uptime = host_uptime(r->root);
	if (!g->page_bytes)
		g->page_bytes = host_page_bytes(r->root);
	update_processes(g, r);
	for (size_t i = 0; i < g->n; i++)
		if (g->process[i].who == WHO_GUEST)
			show_guest(g, r, &g->process[i]);
	for (size_t i = 0; i < g->n; i++)
		if (g->process[i].who == WHO_WORKER)
			read_worker(g, r, &g->process[i]);
	g->sample++;
	if (hides_processes(g, r->root))
		return tell_hidden(r);
	if (geteuid() != 0 && g->denied)
		reading_lacks(r,
		    "Other users' processes are known by their names only; CAP_SYS_PTRACE and "
		    "CAP_DAC_READ_SEARCH would show their descriptors.");
	return STATE_OK;
}
