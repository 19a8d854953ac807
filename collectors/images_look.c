/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mounts.h"
#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/images.h"

/* Descriptors of a guest with many NICs and disks; beyond that nobody looks. */
#define FDS_MAX 8192

struct link {
	int fd;
	char *target;
};

struct links {
	struct link *link;
	size_t n, cap;
	char *mounts, *own_mounts; /* mountinfo of the guest, and ours; NULL: not to be had */
};

static void forget_place(struct image *i)
{
	free(i->filesystem);
	free(i->mount);
	free(i->options);
	free(i->leaves);
	names_done(&i->leaf_numbers);
	i->filesystem = i->mount = i->options = i->leaves = NULL;
	i->device[0] = i->number[0] = '\0';
}

void image_done(struct image *i)
{
	forget_place(i);
	free(i->source);
}

/* Images are files and devices; of the rest QEMU has many open. */
static bool may_be_image(const char *target)
{
	static const char *const others[] = { "dev/kvm", "dev/net/", "dev/vhost", "dev/null",
		"dev/pts/", "dev/vfio/", "dev/tap", "dev/ptmx", "dev/hugepages", "memfd:" };

	if (target[0] != '/')
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(target + 1, others[i], strlen(others[i])) == 0)
			return false;
	return true;
}

static int read_links(struct reading *r, uint32_t pid, struct links *ret)
{
	struct numbers fds = { 0 };
	char path[64], target[4096];
	int e, first_error = 0;

	snprintf(path, sizeof(path), "proc/%u/fd", pid);
	e = root_list_numbers(r->root, path, &fds);
	for (size_t i = 0; e == 0 && i < fds.n && i < FDS_MAX; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "proc/%u/fd/%u", pid, fds.v[i]);
		n = root_link(r->root, path, target, sizeof(target));
		if (n < 0 && n != -ENOENT && !first_error)
			first_error = (int)n;
		if (n <= 0 || !may_be_image(target))
			continue;
		ret->link = xgrow(ret->link, ret->n, &ret->cap, sizeof(*ret->link));
		ret->link[ret->n++] =
		    (struct link){ .fd = (int)fds.v[i], .target = xstrdup(target) };
	}
	numbers_done(&fds);
	return e < 0 ? e : ret->n == 0 ? first_error : 0;
}

static char *read_mounts(struct reading *r, const char *process)
{
	char *path = xasprintf("proc/%s/mountinfo", process);
	struct text text = { 0 };

	if (root_read_all(r->root, path, &text) < 0)
		text_done(&text);
	free(path);
	return text.p;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_device(const char *path)
{
	return path[0] == '/' && strncmp(path + 1, "dev/", 4) == 0;
}

/* A device may have been opened by another of its names. */
static bool is_same_device(const struct root *root, const char *a, const char *b)
{
	char x[BLOCK_NAME_SIZE], y[BLOCK_NAME_SIZE];

	return is_device(a) && is_device(b) && block_of_path(root, a, x) &&
	       block_of_path(root, b, y) && strcmp(x, y) == 0;
}

/* By its path; where that leads over a link, by the last part of it when only one file has that. */
static const struct link *find_link(
    const struct root *root, const struct links *links, const char *source)
{
	const struct link *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < links->n; i++)
		if (strcmp(links->link[i].target, source) == 0 ||
		    is_same_device(root, links->link[i].target, source))
			return &links->link[i];
	for (size_t i = 0; i < links->n; i++)
		if (strcmp(last_part(links->link[i].target), last_part(source)) == 0) {
			n += !found || strcmp(found->target, links->link[i].target) != 0;
			found = &links->link[i];
		}
	return n == 1 ? found : NULL;
}

static bool mount_of_fd(
    struct reading *r, const struct links *links, uint32_t pid, int fd, struct mount_line *ret)
{
	char path[64], text[1024];
	uint64_t id;

	snprintf(path, sizeof(path), "proc/%u/fdinfo/%d", pid, fd);
	if (root_read(r->root, path, text, sizeof(text)) <= 0 ||
	    parse_key_value(text, "mnt_id", &id) < 0)
		return false;
	/* libvirt may have opened it, outside of the guest's namespace. */
	return (links->mounts && mount_line_of_id(links->mounts, id, ret)) ||
	       (links->own_mounts && mount_line_of_id(links->own_mounts, id, ret));
}

/* "8:0"; false where it is not told. */
static bool read_number(const struct root *root, const char *name, char *buf, size_t size)
{
	char path[160], text[32];

	snprintf(path, sizeof(path), "sys/class/block/%s/dev", name);
	if (root_read(root, path, text, sizeof(text)) <= 0)
		return false;
	slice_copy(slice_trim(slice_of(text)), buf, size);
	return true;
}

static void set_device(struct reading *r, struct image *image, const char *name)
{
	struct names leaves = { 0 };
	char whole[BLOCK_NAME_SIZE], number[24];
	struct text t = { 0 };

	snprintf(whole, sizeof(whole), "%s", name);
	block_whole(r->root, whole);
	snprintf(image->device, sizeof(image->device), "%s", whole);
	read_number(r->root, whole, image->number, sizeof(image->number));
	block_leaves(r->root, whole, &leaves);
	for (size_t i = 0; i < leaves.n; i++) {
		if (i)
			text_append(&t, " ", 1);
		text_append(&t, leaves.name[i], strlen(leaves.name[i]));
		if (strcmp(leaves.name[i], whole) != 0 &&
		    read_number(r->root, leaves.name[i], number, sizeof(number)))
			names_add(&image->leaf_numbers, number, strlen(number));
	}
	names_done(&leaves);
	image->leaves = t.p;
}

bool image_is_nfs(const struct image *image)
{
	return image->filesystem && strncmp(image->filesystem, "nfs", 3) == 0;
}

bool image_is_local(const struct image *image)
{
	static const char *const local[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs",
		"tmpfs", "overlay", "bcachefs", "jfs" };

	for (size_t i = 0; image->filesystem && i < sizeof(local) / sizeof(local[0]); i++)
		if (strcmp(image->filesystem, local[i]) == 0)
			return true;
	return false;
}

static void set_mount(struct reading *r, struct image *image, const struct mount_line *m)
{
	struct mount point = { .point = m->point };
	char device[BLOCK_NAME_SIZE];

	image->filesystem = slice_dup(m->type);
	image->mount = mount_point_dup(&point);
	image->options = xasprintf("%.*s %.*s", (int)m->options.len, m->options.p,
	    (int)m->super_options.len, m->super_options.p ? m->super_options.p : "");
	if (image_is_nfs(image)) {
		slice_copy(m->source, image->device, sizeof(image->device));
		image->leaves = xstrdup(image->device);
	} else if (block_of_mount(r->root, m, device)) {
		set_device(r, image, device);
	}
}

static void look_at(struct reading *r, const struct links *links, uint32_t pid, struct image *image)
{
	const struct link *link = find_link(r->root, links, image->source);
	const char *path = link ? link->target : image->source;
	char device[BLOCK_NAME_SIZE];
	struct mount_line m;

	forget_place(image);
	image->fd = link ? link->fd : -1;
	if (is_device(path) && block_of_path(r->root, path, device))
		set_device(r, image, device);
	else if (link && mount_of_fd(r, links, pid, link->fd, &m))
		set_mount(r, image, &m);
	else if (path[0] == '/' && links->mounts && mount_line_of_path(links->mounts, path, &m))
		set_mount(r, image, &m);
}

void images_look(struct reading *r, struct image_guest *g)
{
	uint32_t pid = (uint32_t)g->key.owner;
	struct links links = { 0 };
	char process[16];

	snprintf(process, sizeof(process), "%u", pid);
	g->fd_error = read_links(r, pid, &links);
	links.mounts = read_mounts(r, process);
	links.own_mounts = read_mounts(r, "self");
	for (size_t i = 0; i < g->n; i++)
		look_at(r, &links, pid, &g->image[i]);
	for (size_t i = 0; i < links.n; i++)
		free(links.link[i].target);
	free(links.link);
	free(links.mounts);
	free(links.own_mounts);
}
