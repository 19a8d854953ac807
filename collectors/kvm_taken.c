/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/kvm_taken.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/procstat.h"
#include "base/root.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "collectors/kvm_stats.h"
#include "model/snapshot.h"

#define LINK "anon_inode:kvm-vcpu-stats:"
#define DESCRIPTORS_MAX 65536U
#define VCPUS_MAX 4096U

void kvm_taken_done(struct kvm_taken_list *list)
{
	free(list->item);
	*list = (struct kvm_taken_list){ 0 };
}

/* Whether the link of a descriptor is that of a vCPU's statistics, and of which. */
static int read_link(const struct root *root, const char *path, uint32_t *ret_vcpu)
{
	char target[64];
	struct slice s;
	uint64_t vcpu;
	ssize_t n;

	n = root_link(root, path, target, sizeof(target));
	if (n < 0)
		return (int)n;
	s = slice_of(target);
	if (!slice_starts(s, LINK))
		return -ESTALE;
	s = (struct slice){ s.p + sizeof(LINK) - 1, s.len - (sizeof(LINK) - 1) };
	if (slice_u64(s, &vcpu) < 0 || vcpu > UINT32_MAX)
		return -ESTALE;
	*ret_vcpu = (uint32_t)vcpu;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct kvm_taken *x = a, *y = b;

	return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

/* A process may have opened several for one vCPU: they tell the same. */
static void drop_doubles(struct kvm_taken_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (n == 0 || list->item[n - 1].vcpu != list->item[i].vcpu)
			list->item[n++] = list->item[i];
	list->n = n;
}

int kvm_taken_look(const struct root *root, uint32_t pid, struct kvm_taken_list *ret)
{
	struct numbers fds = { 0 };
	char path[64];
	int r;

	ret->n = 0;
	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	r = root_list_numbers(root, path, &fds);
	for (size_t i = 0; r == 0 && i < fds.n && i < DESCRIPTORS_MAX; i++) {
		struct kvm_taken taken = { .fd = fds.v[i] };
		int error;

		snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fds.v[i]);
		error = read_link(root, path, &taken.vcpu);
		if (error == -EACCES || error == -EPERM)
			r = error;
		if (error < 0 || ret->n >= VCPUS_MAX)
			continue;
		ret->item = xgrow(ret->item, ret->n, &ret->cap, sizeof(*ret->item));
		ret->item[ret->n++] = taken;
	}
	numbers_done(&fds);
	if (ret->n > 1)
		qsort(ret->item, ret->n, sizeof(*ret->item), compare);
	drop_doubles(ret);
	return r;
}

static size_t place_of(const uint32_t *numbers, size_t n, uint32_t number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct kvm_taken *kvm_taken_find(
    const struct kvm_taken_list *list, const uint32_t *numbers, size_t n, uint32_t number)
{
	struct kvm_taken key = { .vcpu = number };
	size_t place = place_of(numbers, n, number);

	if (list->n == 0)
		return NULL;
	if (list->n == n)
		return place < n && numbers[place] == number ? &list->item[place] : NULL;
	/* A vCPU is just being plugged: only what is numbered alike all through can be told. */
	for (size_t i = 0; i < n; i++) {
		struct kvm_taken each = { .vcpu = numbers[i] };

		if (!bsearch(&each, list->item, list->n, sizeof(each), compare))
			return NULL;
	}
	return bsearch(&key, list->item, list->n, sizeof(key), compare);
}

int kvm_taken_process(uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* The pid may have become another process's before it was opened. */
static bool is_process(const struct root *root, struct key guest)
{
	char path[32], buf[1024];
	struct proc_stat stat;

	snprintf(path, sizeof(path), "proc/%u/stat", (uint32_t)guest.owner);
	return root_read(root, path, buf, sizeof(buf)) > 0 && proc_stat_parse(buf, &stat) == 0 &&
	       key_equal(key_process(guest.owner, stat.starttime_ticks), guest);
}

/*
 * Whether what was read is what it was the time before. Who made the vCPU is no thread to be looked
 * for: it may have ended, or have another number in this namespace.
 */
static bool is_same(const struct root *root, struct key guest, struct kvm_taken *taken,
    const void *buf, size_t size)
{
	uint32_t maker, vcpu;
	struct kvm_stats stats;

	if (kvm_stats_open(buf, size, &stats) < 0 || kvm_stats_vcpu(&stats, &maker, &vcpu) < 0 ||
	    vcpu != taken->vcpu)
		return false;
	if (taken->maker)
		return maker == taken->maker;
	if (!is_process(root, guest))
		return false;
	taken->maker = maker;
	return true;
}

/*
 * Our own descriptor is looked at before anything is read: by that number the guest may have opened
 * another file, one from which reading takes something away, such as an event.
 */
static ssize_t read_own(const struct root *root, int fd, uint32_t vcpu, void *buf, size_t size)
{
	char path[48];
	uint32_t linked = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "proc/self/fd/%d", fd);
	n = read_link(root, path, &linked);
	if (n < 0 || linked != vcpu)
		return n < 0 ? n : -ESTALE;
	n = pread(fd, buf, size, 0);
	return n < 0 ? -errno : n;
}

ssize_t kvm_taken_read(const struct root *root, struct key guest, int process,
    struct kvm_taken *taken, void *buf, size_t size)
{
	int fd = (int)syscall(SYS_pidfd_getfd, process, taken->fd, 0);
	ssize_t n;

	if (fd < 0)
		return errno == EBADF ? -ESTALE : -errno;
	n = read_own(root, fd, taken->vcpu, buf, size);
	close(fd);
	return n > 0 && !is_same(root, guest, taken, buf, (size_t)n) ? -ESTALE : n;
}
