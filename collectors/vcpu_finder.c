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
		    parse_u64(names.name[i] + 4, &vcpu) < 0 || vcpu > 65535)
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

/* task/TID/syscall: "16 0x1d 0xae80 …": ioctl, descriptor, request. */
static bool ask_call(const struct vcpu_finder *f, uint32_t tid, int *ret_vcpu)
{
	static const char prefix[] = "anon_inode:kvm-vcpu:";
	char path[96], buf[256], target[64];
	uint64_t number, fd, request, vcpu;
	struct cursor c;

	snprintf(path, sizeof(path), "proc/%u/task/%u/syscall", f->pid, tid);
	if (root_read(f->root, path, buf, sizeof(buf)) <= 0)
		return false;
	cursor_init(&c, buf, strlen(buf));
	if (cursor_u64(&c, &number) < 0 || cursor_hex_u64(&c, &fd) < 0 ||
	    cursor_hex_u64(&c, &request) < 0 || request != KVM_RUN_REQUEST || fd > INT32_MAX)
		return false;
	snprintf(path, sizeof(path), "proc/%u/fd/%u", f->pid, (unsigned int)fd);
	if (root_link(f->root, path, target, sizeof(target)) < 0 ||
	    strncmp(target, prefix, strlen(prefix)) != 0 ||
	    parse_u64(target + strlen(prefix), &vcpu) < 0 || vcpu > 65535)
		return false;
	*ret_vcpu = (int)vcpu;
	return true;
}

static bool ask_guest_time(const struct vcpu_finder *f, uint32_t tid)
{
	char path[96], buf[1024];
	struct proc_stat stat;

	snprintf(path, sizeof(path), "proc/%u/task/%u/stat", f->pid, tid);
	return root_read(f->root, path, buf, sizeof(buf)) > 0 && proc_stat_parse(buf, &stat) == 0 &&
	       stat.has_guest_time && stat.guest_time_ticks > 0;
}

bool vcpu_finder_ask(const struct vcpu_finder *f, uint32_t tid, int *ret_vcpu)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->known[i].tid == tid) {
			*ret_vcpu = f->known[i].vcpu;
			return true;
		}
	/* Where KVM shows the pids, a thread that is not among them is no vCPU. */
	if (f->n)
		return false;
	if (ask_call(f, tid, ret_vcpu))
		return true;
	*ret_vcpu = -1;
	return ask_guest_time(f, tid);
}

void vcpu_finder_done(struct vcpu_finder *f)
{
	free(f->known);
	*f = (struct vcpu_finder){ 0 };
}
