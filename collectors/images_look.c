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
#include "collectors/open_files.h"

/* What is known of a guest while its images are looked at. */
struct view {
	struct dm_names *dm;
	struct open_files files;
	char *mounts, *own_mounts; /* mountinfo of the guest, and ours; NULL: not to be had */
};

static void forget_place(struct image *i)
{
	free(i->filesystem);
	free(i->mount);
	free(i->options);
	free(i->leaves);
	free(i->target);
	names_done(&i->leaf_numbers);
	i->filesystem = i->mount = i->options = i->leaves = i->target = NULL;
	i->device[0] = i->number[0] = '\0';
	i->block[0] = '\0';
}

void image_done(struct image *i)
{
	forget_place(i);
	free(i->source);
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

static bool is_device(const char *path)
{
	return path[0] == '/' && strncmp(path + 1, "dev/", 4) == 0;
}

static bool mount_of_fd(
    struct reading *r, const struct view *v, uint32_t pid, int fd, struct mount_line *ret)
{
	char path[64], text[1024];
	uint64_t id;

	snprintf(path, sizeof(path), "proc/%u/fdinfo/%d", pid, fd);
	if (root_read(r->root, path, text, sizeof(text)) <= 0 ||
	    parse_key_value(text, "mnt_id", &id) < 0)
		return false;
	/* libvirt may have opened it, outside of the guest's namespace. */
	return (v->mounts && mount_line_of_id(v->mounts, id, ret)) ||
	       (v->own_mounts && mount_line_of_id(v->own_mounts, id, ret));
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

static void set_mount(
    struct reading *r, struct dm_names *dm, struct image *image, const struct mount_line *m)
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
	} else if (block_of_mount(r->root, dm, m, device)) {
		set_device(r, image, device);
	}
}

/* Of a device that is the image itself; of a file its own size is read. */
static void set_size(struct reading *r, struct image *image, const char *name)
{
	char path[160], text[32];
	uint64_t sectors;

	snprintf(path, sizeof(path), "sys/class/block/%s/size", name);
	if (root_read(r->root, path, text, sizeof(text)) <= 0 || parse_u64(text, &sectors) < 0 ||
	    __builtin_mul_overflow(sectors, 512, &image->size_bytes))
		return;
	image->taken_bytes = image->size_bytes;
	image->has_size = true;
}

static void set_itself(struct reading *r, struct image *image, const char *name)
{
	set_device(r, image, name);
	set_size(r, image, name);
	snprintf(image->block, sizeof(image->block), "%s", name);
}

/* A name without its directory that is not open may be no file at all, but "ssh:…". */
static void look_at(struct reading *r, struct view *v, uint32_t pid, struct image *image)
{
	const struct open_file *file = open_files_find(&v->files, r->root, v->dm, image->source);
	const char *path = file ? file->target : image->source;
	char device[BLOCK_NAME_SIZE];
	struct mount_line m;

	forget_place(image);
	image->fd = file ? file->fd : -1;
	image->target = file ? xstrdup(file->target) : NULL;
	if (file && file->block[0])
		set_itself(r, image, file->block);
	else if (!file && is_device(path) && block_of_path(r->root, v->dm, path, device))
		set_itself(r, image, device);
	else if (file && mount_of_fd(r, v, pid, file->fd, &m))
		set_mount(r, v->dm, image, &m);
	else if (path[0] == '/' && v->mounts && mount_line_of_path(v->mounts, path, &m))
		set_mount(r, v->dm, image, &m);
}

void images_look(struct reading *r, struct image_guest *g, struct dm_names *dm)
{
	uint32_t pid = (uint32_t)g->key.owner;
	struct view v = { .dm = dm };
	char process[16];

	snprintf(process, sizeof(process), "%u", pid);
	g->fd_error = open_files_read(&v.files, r->root, dm, pid);
	v.mounts = read_mounts(r, process);
	v.own_mounts = read_mounts(r, "self");
	for (size_t i = 0; i < g->n; i++)
		look_at(r, &v, pid, &g->image[i]);
	open_files_done(&v.files);
	free(v.mounts);
	free(v.own_mounts);
}

void images_look_below(struct reading *r, struct image_guest *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct image *image = &g->image[i];
		char name[BLOCK_NAME_SIZE];

		if (!image->block[0])
			continue;
		memcpy(name, image->block, sizeof(name));
		free(image->leaves);
		names_done(&image->leaf_numbers);
		image->leaves = NULL;
		set_itself(r, image, name);
	}
}

static bool is_open(const struct reading *r, const struct image_guest *g, const struct image *image)
{
	size_t size = strlen(image->target) + 2;
	char path[64], *target = xmalloc(size);
	bool same;

	snprintf(path, sizeof(path), "proc/%u/fd/%d", (uint32_t)g->key.owner, image->fd);
	same = root_link(r->root, path, target, size) > 0 && strcmp(target, image->target) == 0;
	free(target);
	return same;
}

bool images_are_open(const struct reading *r, const struct image_guest *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->image[i].target && !is_open(r, g, &g->image[i]))
			return false;
	return true;
}
