/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/guest_fds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"

/* A guest with hundreds of queues has some thousand; this is read between two samples. */
#define DESCRIPTORS_MAX 16384

/* The kernel tells which interface a descriptor of the tun driver is attached to: "iff:
 * vnet0". */
static void read_interface(
    const struct root *root, uint32_t pid, uint32_t fd, char name[INTERFACE_SIZE])
{
	char path[64], buf[512];
	struct slice v;

	name[0] = '\0';
	snprintf(path, sizeof(path), "proc/%u/fdinfo/%u", pid, fd);
	if (root_read(root, path, buf, sizeof(buf)) <= 0 || parse_key_text(buf, "iff", &v) < 0)
		return;
	if (slice_copy(v, name, INTERFACE_SIZE) >= INTERFACE_SIZE || !interface_is_name(name))
		name[0] = '\0';
}

/* A number of 31 bits behind @prefix. */
static bool number_behind(const char *text, const char *prefix, uint32_t *ret)
{
	size_t len = strlen(prefix);
	uint64_t v;

	if (strncmp(text, prefix, len) != 0 || parse_u64(text + len, &v) < 0 || v > INT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static void take_tap(struct guest_fds *f, struct tap_fd tap)
{
	if (f->taps == GUEST_TAPS_MAX)
		return;
	f->tap = xgrow(f->tap, f->taps, &f->cap, sizeof(tap));
	f->tap[f->taps++] = tap;
}

static void add_once(uint32_t list[GUEST_GROUPS_MAX], size_t *n, uint32_t number)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i] == number)
			return;
	if (*n < GUEST_GROUPS_MAX)
		list[(*n)++] = number;
}

/* @device: the target below the directory of devices, as "net/tun". */
static void take(
    struct guest_fds *f, const struct root *root, uint32_t pid, uint32_t fd, const char *device)
{
	struct tap_fd tap = { .fd = fd };
	uint32_t number;

	if (strcmp(device, "net/tun") == 0) {
		read_interface(root, pid, fd, tap.name);
		/* One that is attached to nothing has no interface, and no name. */
		if (tap.name[0])
			take_tap(f, tap);
	} else if (number_behind(device, "tap", &tap.index) && tap.index) {
		take_tap(f, tap);
	} else if (strcmp(device, "vhost-net") == 0) {
		f->vhost_net++;
	} else if (strcmp(device, "vhost-vsock") == 0 || strcmp(device, "vhost-scsi") == 0) {
		f->vhost_other++;
	} else if (number_behind(device, "vfio/devices/vfio", &number)) {
		add_once(f->device, &f->devices, number);
	} else if (number_behind(device, "vfio/", &number)) {
		add_once(f->group, &f->groups, number);
	}
}

/* What a path has behind the directory of devices; NULL: it lies elsewhere. */
static const char *below_dev(const char *target)
{
	return target[0] == '/' && strncmp(target + 1, "dev/", 4) == 0 ? target + 5 : NULL;
}

void guest_fds_read(struct guest_fds *f, const struct root *root, uint32_t pid)
{
	struct numbers fds = { 0 };
	char path[64], target[64];

	f->n = f->taps = f->vhost_net = f->vhost_other = f->groups = f->devices = 0;
	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	f->error = root_list_numbers(root, path, &fds);
	f->n = f->error ? 0 : fds.n;
	for (size_t i = 0; i < f->n && i < DESCRIPTORS_MAX; i++) {
		const char *device;
		ssize_t n;

		snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fds.v[i]);
		n = root_link(root, path, target, sizeof(target));
		/* CAP_DAC_READ_SEARCH alone lets them be listed, but not followed. */
		if (n == -EACCES || n == -EPERM)
			f->error = (int)n;
		if (n <= 0)
			continue;
		device = below_dev(target);
		if (device)
			take(f, root, pid, fds.v[i], device);
	}
	numbers_done(&fds);
}

void guest_fds_done(struct guest_fds *f)
{
	free(f->tap);
	*f = (struct guest_fds){ 0 };
}

const struct tap_fd *guest_fds_find(const struct guest_fds *f, uint32_t fd)
{
	for (size_t i = 0; i < f->taps; i++)
		if (f->tap[i].fd == fd)
			return &f->tap[i];
	return NULL;
}
