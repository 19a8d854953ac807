/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/images.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/patient.h"

/* Disks come and go seldom, and headers change when snapshots are made. */
#define LOOK_NS (30 * NS_PER_SEC)
#define TURNS 15
/* So long the first reading waits for other sources to tell of disks. */
#define DISKS_NS (2 * NS_PER_SEC)
/* A header that is not there by then is waited for in later readings. */
#define HEADER_NS (50 * NS_PER_MS)
/* So many threads may be lost; from then on no header is read. */
#define SILENT_MAX 4

struct images {
	struct guest_list guests;
	struct cgroup_mounts mounts;
	uint64_t mounts_ns;
	size_t silent; /* headers that do not come */
	uint64_t first_ns;
	size_t denied; /* guests whose descriptors may not be seen */
};

void *images_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct images));
}

static void forget_image(struct image *image)
{
	patient_free(image->reading);
	image_done(image);
}

static void guest_done(void *item)
{
	struct image_guest *g = item;

	for (size_t i = 0; i < g->n; i++)
		forget_image(&g->image[i]);
	free(g->image);
	cgroup_done(&g->cgroup);
}

void images_close(void *state)
{
	struct images *m = state;

	guest_list_done(&m->guests, guest_done);
	cgroup_mounts_done(&m->mounts);
	free(m);
}

static const struct image *find_image(const struct image_guest *g, const struct row *disk)
{
	for (size_t i = 0; i < g->n; i++)
		if (key_equal(g->image[i].key, disk->key) &&
		    strcmp(g->image[i].source, cell_text(disk, DISK_SOURCE)) == 0)
			return &g->image[i];
	return NULL;
}

/* Files and devices that are there; what lies on a server for QEMU itself is none of the host's. */
static bool is_image(const struct row *disk)
{
	return cell_text(disk, DISK_SOURCE)[0] == '/';
}

/* Rows may stand in another order than when they were taken. */
static void take_caches(struct image_guest *g, const struct row *const *disk, size_t n)
{
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < n; k++)
			if (key_equal(g->image[i].key, disk[k]->key)) {
				g->image[i].metadata_bytes =
				    (uint64_t)cell_number(disk[k], DISK_METADATA_CACHE, 0);
				g->image[i].l2_bytes =
				    (uint64_t)cell_number(disk[k], DISK_L2_CHOSEN, 0);
			}
}

/* Disks in the order of @disk; false when nothing has changed. */
static bool has_changed(const struct image_guest *g, const struct row *const *disk, size_t n)
{
	if (n != g->n)
		return true;
	for (size_t i = 0; i < n; i++)
		if (!find_image(g, disk[i]))
			return true;
	return false;
}

static void take_images(struct image_guest *g, const struct row *const *disk, size_t n)
{
	for (size_t i = 0; i < g->n; i++)
		forget_image(&g->image[i]);
	g->n = 0;
	for (size_t i = 0; i < n; i++) {
		const char *format = cell_text(disk[i], DISK_FORMAT);

		g->image = xgrow(g->image, g->n, &g->cap, sizeof(*g->image));
		g->image[g->n++] = (struct image){
			.key = disk[i]->key,
			.source = xstrdup(cell_text(disk[i], DISK_SOURCE)),
			.is_qcow2 = strcmp(format, "qcow2") == 0,
			.fd = -1,
		};
	}
}

/* Captures hold the header, as digits, instead of the image. */
static char *header_path(const struct image_guest *g, const struct image *image)
{
	return xasprintf("kvmtop/images/%u/%d", (uint32_t)g->key.owner, image->fd);
}

static void note_header(
    struct reading *r, const struct image_guest *g, const struct image *image, const uint8_t *p)
{
	char text[2 * QCOW2_HEADER_BYTES + 2], *path = header_path(g, image);

	for (size_t i = 0; i < QCOW2_HEADER_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	text[2 * QCOW2_HEADER_BYTES] = '\n';
	root_note(r->root, path, text, 2 * QCOW2_HEADER_BYTES + 1);
	free(path);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_noted_header(struct reading *r, const struct image_guest *g, struct image *image)
{
	char text[2 * QCOW2_HEADER_BYTES + 2], *path = header_path(g, image);
	uint8_t bytes[QCOW2_HEADER_BYTES];
	ssize_t n = root_read(r->root, path, text, sizeof(text));
	size_t len = 0;

	free(path);
	while (len < QCOW2_HEADER_BYTES && (ssize_t)(2 * len + 1) < n &&
	       digit(text[2 * len]) >= 0 && digit(text[2 * len + 1]) >= 0) {
		bytes[len] = (uint8_t)(digit(text[2 * len]) * 16 + digit(text[2 * len + 1]));
		len++;
	}
	image->has_header = qcow2_parse(bytes, len, &image->header) == 0;
}

/* The image's first bytes. Only of a regular file; opening it may take for ever. */
static int read_header(const struct root *root, const char *path, struct text *ret)
{
	char bytes[QCOW2_HEADER_BYTES];
	int fd = root_open_file(root, path), error;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = pread(fd, bytes, sizeof(bytes), 0);
	error = n < 0 ? -errno : 0;
	close(fd);
	if (n > 0)
		text_append(ret, bytes, (size_t)n);
	return error;
}

/* False: it has not come yet. */
static bool take_header(struct reading *r, const struct image_guest *g, struct image *image)
{
	struct text text = { 0 };
	const uint8_t *bytes;

	if (!patient_take(image->reading, HEADER_NS, &text))
		return false;
	bytes = (const uint8_t *)text.p;
	image->has_header = text.len && qcow2_parse(bytes, text.len, &image->header) == 0;
	if (image->has_header && text.len >= QCOW2_HEADER_BYTES)
		note_header(r, g, image, bytes);
	text_done(&text);
	patient_free(image->reading);
	image->reading = NULL;
	return true;
}

static void read_headers(struct images *m, struct reading *r, struct image_guest *g, bool look)
{
	for (size_t i = 0; i < g->n; i++) {
		struct image *image = &g->image[i];
		char path[64];

		if (!image->is_qcow2 || image->fd < 0 || !image_is_local(image))
			continue;
		if (!root_is_live(r->root)) {
			take_noted_header(r, g, image);
			continue;
		}
		snprintf(path, sizeof(path), "proc/%u/fd/%d", (uint32_t)g->key.owner, image->fd);
		if (look && !image->reading && m->silent < SILENT_MAX)
			image->reading = patient_start(r->root, path, read_header);
		if (image->reading)
			m->silent += !take_header(r, g, image);
	}
}

static void set_text(struct reading *r, struct row *row, int column, const char *text, uint64_t at)
{
	if (text && *text)
		cell_set_text(r->into, row, column, text, at);
}

static void write_header(struct row *row, const struct image *image, uint64_t at)
{
	const struct qcow2_header *h = &image->header;

	cell_set_number(row, DISK_CLUSTER, (double)h->cluster_bytes, at);
	cell_set_number(row, DISK_VIRTUAL_SIZE, (double)h->size_bytes, at);
	cell_set_number(row, DISK_L2_NEEDED, (double)qcow2_l2_needed(h), at);
	cell_set_number(row, DISK_L2_CACHE,
	    (double)qcow2_l2_cache(h, image->metadata_bytes, image->l2_bytes), at);
	cell_set_number(row, DISK_SNAPSHOTS, h->snapshots, at);
}

static void write_image(struct reading *r, const struct image_guest *g, const struct image *image)
{
	struct row *row = snapshot_row(r->into, TABLE_DISK, image->key);
	char features[96];

	set_text(r, row, DISK_HOST_DEVICE, image->device, g->looked_ns);
	set_text(r, row, DISK_HOST_DISKS, image->leaves, g->looked_ns);
	set_text(r, row, DISK_FILESYSTEM, image->filesystem, g->looked_ns);
	set_text(r, row, DISK_MOUNT, image->mount, g->looked_ns);
	set_text(r, row, DISK_MOUNT_OPTIONS, image->options, g->looked_ns);
	if (!image->has_header)
		return;
	write_header(row, image, g->looked_ns);
	qcow2_features(&image->header, features, sizeof(features));
	set_text(r, row, DISK_QCOW2_FEATURES, features, g->looked_ns);
}

/* Guests that are seen for the first time together take turns from then on. */
static uint64_t next_look(const struct reading *r, const struct row *domain, bool first)
{
	return r->now_ns + (first ? LOOK_NS / TURNS * (domain->number % TURNS + 1) : LOOK_NS);
}

static void read_guest(struct images *m, struct reading *r, struct image_guest *g,
    const struct row *domain, const struct row *const *disk, size_t n)
{
	bool changed = has_changed(g, disk, n), first = g->due_ns == 0;
	bool look = changed || first || reading_thorough(r) || r->now_ns >= g->due_ns;

	if (changed || look)
		take_images(g, disk, n);
	take_caches(g, disk, n);
	if (look) {
		images_look(r, g);
		images_find_cgroup(r, &m->mounts, g);
		g->looked_ns = reading_now(r);
		g->due_ns = next_look(r, domain, first);
	}
	m->denied += state_of_errno(g->fd_error) == STATE_DENIED;
	read_headers(m, r, g, look);
	for (size_t i = 0; i < g->n; i++)
		write_image(r, g, &g->image[i]);
	images_read_nfs(r, g);
	if (r->needs & NEEDS(SRC_CGROUP_IO))
		images_read_cgroup(r, g);
}

static void read_mounts(struct images *m, struct reading *r)
{
	if (m->mounts_ns && !reading_thorough(r) && r->now_ns < m->mounts_ns + LOOK_NS)
		return;
	cgroup_mounts_read(r->root, &m->mounts);
	m->mounts_ns = r->now_ns;
}

enum state images_read(struct reading *r)
{
	struct images *m = r->state;
	const struct table *disks = r->latest ? &r->latest->table[TABLE_DISK] : NULL;
	const struct row **disk;

	if (!disks)
		return STATE_ABSENT;
	if (!m->first_ns)
		m->first_ns = r->now_ns;
	r->waits = disks->n == 0 && root_is_live(r->root) && r->latest->table[TABLE_DOMAIN].n &&
		   r->now_ns < m->first_ns + DISKS_NS;
	if (r->waits)
		return STATE_ABSENT;
	m->silent = m->denied = 0;
	r->round_ns = LOOK_NS;
	read_mounts(m, r);
	guest_list_update(&m->guests, r->latest, sizeof(struct image_guest), guest_done);
	disk = xcalloc(disks->n + 1, sizeof(struct row *));
	for (size_t i = 0; i < m->guests.n; i++) {
		const struct row *domain = r->latest->table[TABLE_DOMAIN].row[i];
		size_t n = 0;

		for (size_t k = 0; k < disks->n; k++)
			if (disks->row[k]->domain == domain && is_image(disks->row[k]))
				disk[n++] = disks->row[k];
		if (guest_pid(domain) && n)
			read_guest(m, r, m->guests.item[i], domain, disk, n);
	}
	free(disk);
	if (m->denied)
		reading_lacks(r,
		    "What %zu guest%s hold open may not be seen; CAP_SYS_PTRACE gives it.",
		    m->denied, m->denied == 1 ? "" : "s");
	if (m->silent)
		reading_lacks(r, "%zu image%s not answer when opened.", m->silent,
		    m->silent == 1 ? " does" : "s do");
	return STATE_OK;
}
