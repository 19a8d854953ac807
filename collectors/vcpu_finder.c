/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/vcpu_finder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/procstat.h"
#include "base/root.h"
#include "base/xalloc.h"

/* KVM_RUN, _IO(0xAE, 0x80): the same on every architecture that Linux runs KVM on but ppc. */
#define KVM_RUN_REQUEST 0xae80
/* Far above what KVM allows. */
#define VCPU_NUMBER_MAX 65535

static void add_from_debugfs(struct vcpu_finder *f, const char *vm)
{
	struct names names = { 0 };
	char dir[96], path[160], buf[32];

	snprintf(dir, sizeof(dir), "sys/kernel/debug/kvm/%.60s", vm);
	if (root_list(f->root, dir, &names) < 0)
		goto out;
	for (size_t i = 0; i < names.n; i++) {
		uint64_t vcpu, tid;

		if (strncmp(names.name[i], "vcpu", 4) != 0 ||
		    parse_u64(names.name[i] + 4, &vcpu) < 0 || vcpu > VCPU_NUMBER_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%.30s/pid", dir, names.name[i]);
		if (root_read(f->root, path, buf, sizeof(buf)) <= 0 || parse_u64(buf, &tid) < 0)
			continue;
		f->known = xgrow(f->known, f->n, &f->cap, sizeof(*f->known));
		f->known[f->n].tid = (uint32_t)tid;
		f->known[f->n++].vcpu = (int)vcpu;
	}
out:
	names_done(&names);
}

/* "TID-FD": whether the thread that made the machine is one of these. */
static bool is_made_by(const struct numbers *tids, const char *machine)
{
	struct slice tid, fd;
	uint64_t v;

	if (!slice_cut(slice_of(machine), '-', &tid, &fd) || slice_u64(tid, &v) < 0)
		return false;
	for (size_t i = 0; i < tids->n; i++)
		if (tids->v[i] == v)
			return true;
	return false;
}

void vcpu_finder_init(struct vcpu_finder *f, const struct root *root, uint32_t pid)
{
	struct numbers tids = { 0 };
	struct names vms = { 0 };
	char path[32];

	*f = (struct vcpu_finder){ .root = root, .pid = pid };
	snprintf(path, sizeof(path), "proc/%u/task", pid);
	if (root_list(root, "sys/kernel/debug/kvm", &vms) == 0 && vms.n > 0 &&
	    root_list_numbers(root, path, &tids) == 0)
		for (size_t i = 0; i < vms.n; i++)
			if (is_made_by(&tids, vms.name[i]))
				add_from_debugfs(f, vms.name[i]);
	numbers_done(&tids);
	names_done(&vms);
}

static bool vcpu_of_link(const struct root *root, uint32_t pid, unsigned int fd, uint32_t *ret)
{
	static const char prefix[] = "anon_inode:kvm-vcpu:";
	char path[64], target[64];
	uint64_t vcpu;

	snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fd);
	if (root_link(root, path, target, sizeof(target)) < 0 ||
	    strncmp(target, prefix, strlen(prefix)) != 0 ||
	    parse_u64(target + strlen(prefix), &vcpu) < 0 || vcpu > VCPU_NUMBER_MAX)
		return false;
	*ret = (uint32_t)vcpu;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int vcpu_finder_list(const struct root *root, uint32_t pid, struct numbers *ret)
{
	struct numbers fds = { 0 };
	char path[32];
	size_t n = 0;
	int r;

	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	r = root_list_numbers(root, path, &fds);
	if (r < 0)
		return r;
	/* In place: there are never more vCPUs than descriptors. */
	for (size_t i = 0; i < fds.n; i++)
		if (vcpu_of_link(root, pid, fds.v[i], &fds.v[n]))
			n++;
	fds.n = n;
	if (n > 1)
		qsort(fds.v, n, sizeof(*fds.v), compare);
	numbers_done(ret);
	*ret = fds;
	return 0;
}

/* task/TID/syscall: "16 0x1d 0xae80 …": ioctl, descriptor, request; or "running". */
static enum vcpu_told ask_call(const struct vcpu_finder *f, uint32_t tid, int *ret_vcpu)
{
	uint64_t number, fd, request;
	char path[96], buf[256];
	struct cursor c;
	uint32_t vcpu;

	snprintf(path, sizeof(path), "proc/%u/task/%u/syscall", f->pid, tid);
	if (root_read(f->root, path, buf, sizeof(buf)) <= 0)
		return VCPU_NOT;
	if (strncmp(buf, "running", 7) == 0)
		return VCPU_BUSY;
	cursor_init(&c, buf, strlen(buf));
	if (cursor_u64(&c, &number) < 0 || cursor_hex_u64(&c, &fd) < 0 ||
	    cursor_hex_u64(&c, &request) < 0 || request != KVM_RUN_REQUEST || fd > INT32_MAX ||
	    !vcpu_of_link(f->root, f->pid, (unsigned int)fd, &vcpu))
		return VCPU_NOT;
	*ret_vcpu = (int)vcpu;
	return VCPU_CERTAIN;
}

static bool ask_guest_time(const struct vcpu_finder *f, uint32_t tid)
{
	char path[96], buf[1024];
	struct proc_stat stat;

	snprintf(path, sizeof(path), "proc/%u/task/%u/stat", f->pid, tid);
	return root_read(f->root, path, buf, sizeof(buf)) > 0 && proc_stat_parse(buf, &stat) == 0 &&
	       stat.has_guest_time && stat.guest_time_ticks > 0;
}

static enum vcpu_told ask(const struct vcpu_finder *f, uint32_t tid, int *ret_vcpu)
{
	enum vcpu_told told;

	for (size_t i = 0; i < f->n; i++)
		if (f->known[i].tid == tid) {
			*ret_vcpu = f->known[i].vcpu;
			return VCPU_CERTAIN;
		}
	/* Where KVM shows the pids, a thread that is not among them is no vCPU. */
	if (f->n)
		return VCPU_NOT;
	told = ask_call(f, tid, ret_vcpu);
	return told != VCPU_CERTAIN && ask_guest_time(f, tid) ? VCPU_SPENT : told;
}

/* What comes of two answers, one after the other. */
static enum vcpu_told join(enum vcpu_told before, enum vcpu_told now, bool *ret_ripe)
{
	*ret_ripe = before == VCPU_BUSY && now == VCPU_BUSY;
	if (now >= VCPU_TAKEN || before < VCPU_TAKEN)
		return now;
	return before;
}

static size_t count_told(const struct vcpu_candidate *candidate, size_t n, enum vcpu_told least)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += candidate[i].told >= least;
	return count;
}

static bool is_given(const struct vcpu_candidate *candidate, size_t n, int vcpu)
{
	for (size_t i = 0; i < n; i++)
		if (candidate[i].told == VCPU_CERTAIN && candidate[i].vcpu == vcpu)
			return true;
	return false;
}

/* Numbers that are not certain go in the order of the threads, as QEMU made them. */
static void guess_numbers(const struct numbers *vcpus, struct vcpu_candidate *candidate, size_t n)
{
	size_t next = 0;

	for (size_t i = 0; i < n; i++) {
		int vcpu;

		if (candidate[i].told < VCPU_TAKEN || candidate[i].told == VCPU_CERTAIN)
			continue;
		do {
			vcpu = next < vcpus->n ? (int)vcpus->v[next] : (int)next;
			next++;
		} while (is_given(candidate, n, vcpu));
		candidate[i].vcpu = vcpu;
	}
}

void vcpu_finder_look(const struct vcpu_finder *f, const struct numbers *vcpus,
    struct vcpu_candidate *candidate, size_t n)
{
	bool *ripe = xcalloc(n + 1, sizeof(*ripe));
	size_t known, busy;

	for (size_t i = 0; i < n; i++)
		if (candidate[i].told != VCPU_CERTAIN)
			candidate[i].told = join(candidate[i].told,
			    ask(f, candidate[i].tid, &candidate[i].vcpu), &ripe[i]);
	/* One that was taken for a vCPU was another busy thread. */
	if (count_told(candidate, n, VCPU_TAKEN) > vcpus->n)
		for (size_t i = 0; i < n; i++)
			if (candidate[i].told == VCPU_TAKEN)
				candidate[i].told = VCPU_NOT;
	known = count_told(candidate, n, VCPU_TAKEN);
	busy = count_told(candidate, n, VCPU_BUSY) - known;
	for (size_t i = 0; i < n && known + busy <= vcpus->n; i++)
		if (ripe[i])
			candidate[i].told = VCPU_TAKEN;
	guess_numbers(vcpus, candidate, n);
	free(ripe);
}

void vcpu_finder_done(struct vcpu_finder *f)
{
	free(f->known);
	*f = (struct vcpu_finder){ 0 };
}
