/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies behind the disks of a guest, image by image. Which file system and device that is
 * follows from the links of proc/PID/fd and from mount tables, so that nothing is ever asked of the
 * file system itself; only headers of qcow2 images on local ones are read, each by a thread that
 * may be lost with it.
 */
#ifndef KVMTOP_COLLECTORS_IMAGES_H
#define KVMTOP_COLLECTORS_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "collectors/block_stack.h"
#include "collectors/cgroup_path.h"
#include "collectors/fd_watch.h"
#include "collectors/qcow2.h"
#include "model/snapshot.h"

struct patient;
struct reading;

struct image {
	struct key key; /* of the disk */
	char *source;   /* as the XML or the command line has it */
	bool is_qcow2, is_raw, has_header, has_size;
	bool in_xml;  /* libvirt tells of its size, too */
	int fd;       /* that QEMU has it open by; -1: not found */
	char *target; /* where that led when it was found */
	char *filesystem, *mount, *options;
	char device[256];            /* "sda", "server:/export"; "": not known */
	char block[BLOCK_NAME_SIZE]; /* of an image that is a device itself, "dm-3"; "": a file */
	char *leaves;
	char number[24];                   /* "8:0" of the device, "": not known */
	struct names leaf_numbers;         /* of the leaves, where the device is none itself */
	uint64_t metadata_bytes, l2_bytes; /* caches that were chosen for it; 0: none */
	uint64_t size_bytes, taken_bytes;  /* of the file or device, and of its blocks */
	struct qcow2_header header;
	struct patient *reading; /* its header, while it is being read */
	int header_fd;           /* by which that is, or was */
};

/* Threads that read headers, for all guests. */
struct image_headers {
	size_t running;        /* threads that have not come back */
	size_t silent;         /* headers that this reading has waited for */
	struct patient **lost; /* of these threads, those whose image is gone */
	size_t n, cap;
};

struct image_guest {
	struct key key;
	uint64_t looked_ns, due_ns; /* 0: never, at once */
	uint64_t placed_ns;         /* when it was found where the images lie */
	struct fd_watch watch;
	struct image *image;
	size_t n;
	struct image_headers *headers;
	int fd_error; /* why its descriptors could not be looked at */
	struct cgroup cgroup;
	int cgroup_error;
	bool owns_cgroup; /* nobody else is in it: what it does is the guest's */
};

/* Finds file system and device of each image anew. */
void images_look(struct reading *r, struct image_guest *g, struct dm_names *dm);
/* Of images that are block devices what may change under them: disks below, size. */
void images_look_below(struct reading *r, struct image_guest *g);
/* Whether each that was found open still is, by the same descriptor. */
bool images_are_open(const struct reading *r, const struct image_guest *g);
void image_done(struct image *image);

/* Whether the file system is one of this host alone: only there an image is opened. */
bool image_is_local(const struct image *image);
bool image_is_nfs(const struct image *image);

/* Takes what has come, and begins to read anew where @look. */
void image_headers_read(struct reading *r, struct image_guest *g, bool look);
void image_header_forget(struct image_headers *h, struct image *image);
/* At the beginning of each reading; at the end of all. */
void image_headers_begin(struct image_headers *h);
void image_headers_done(struct image_headers *h);

/* Rows of table blockdev for the NFS exports that the guest's images lie on. */
void images_read_nfs(struct reading *r, const struct image_guest *g);

/* What the guest's cgroup does on the devices of its images, and may do. */
void images_find_cgroup(
    struct reading *r, const struct cgroup_mounts *mounts, struct image_guest *g);
void images_read_cgroup(struct reading *r, const struct image_guest *g);

#endif
