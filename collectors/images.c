/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"

/* Disks come and go seldom, and headers change when snapshots are made. */
#define LOOK_NS (30 * NS_PER_SEC)
#define TURNS 15
/* So long the first reading waits for other sources to tell of disks. */
#define DISKS_NS (2 * NS_PER_SEC)

struct images {
	struct guest_list guests;
	struct cgroup_mounts mounts;
	uint64_t mounts_ns;
	struct image_headers headers;
	struct dm_names dm; /* of this reading */
	uint64_t first_ns;
	size_t denied; /* guests whose descriptors may not be seen */
};

void *images_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct images));
}

static void forget_image(struct image_guest *g, struct image *image)
{
	image_header_forget(g->headers, image);
	image_done(image);
}

static void guest_done(void *item)
{
	struct image_guest *g = item;

	for (size_t i = 0; i < g->n; i++)
		forget_image(g, &g->image[i]);
	free(g->image);
	cgroup_done(&g->cgroup);
}

void images_close(void *state)
{
	struct images *m = state;

	guest_list_done(&m->guests, guest_done);
	image_headers_done(&m->headers);
	cgroup_mounts_done(&m->mounts);
	free(m);
}

static struct image *find_image(struct image_guest *g, const struct row *disk)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->image[i].source && key_equal(g->image[i].key, disk->key) &&
		    strcmp(g->image[i].source, cell_text(disk, DISK_SOURCE)) == 0)
			return &g->image[i];
	return NULL;
}

/* Files and devices that are there; what lies on a server for QEMU itself is none of the host's. */
static bool is_image(const struct row *disk)
{
	return cell_text(disk, DISK_SOURCE)[0] == '/' ||
	       strcmp(cell_text(disk, DISK_SOURCE_TYPE), "file") == 0;
}

/* Rows may stand in another order than when they were taken. */
static void take_caches(struct image_guest *g, const struct row *const *disk, size_t n)
{
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < n; k++)
			if (key_equal(g->image[i].key, disk[k]->key)) {
				g->image[i].metadata_bytes =
				    (uint64_t)cell_number(disk[k], DISK_METADATA_CACHE, 0);
				/* No other source tells that. */
				g->image[i].in_xml = disk[k]->cell[DISK_SHARED].at_ns != 0;
				g->image[i].l2_bytes =
				    (uint64_t)cell_number(disk[k], DISK_L2_CHOSEN, 0);
			}
}

/* Disks in the order of @disk; false when nothing has changed. */
static bool has_changed(struct image_guest *g, const struct row *const *disk, size_t n)
{
	if (n != g->n)
		return true;
	for (size_t i = 0; i < n; i++)
		if (!find_image(g, disk[i]))
			return true;
	return false;
}

/* What is known of an image stays while it is the same: its header may be long in coming. */
static struct image make_image(struct image_guest *g, const struct row *disk)
{
	struct image *old = find_image(g, disk);
	struct image image = { .fd = -1, .header_fd = -1 };

	if (old) {
		image = *old;
		*old = (struct image){ 0 };
	} else {
		image.key = disk->key;
		image.source = xstrdup(cell_text(disk, DISK_SOURCE));
	}
	image.is_qcow2 = strcmp(cell_text(disk, DISK_FORMAT), "qcow2") == 0;
	image.is_raw = strcmp(cell_text(disk, DISK_FORMAT), "raw") == 0;
	return image;
}

static void take_images(struct image_guest *g, const struct row *const *disk, size_t n)
{
	struct image *now = xcalloc(n + 1, sizeof(*now));

	for (size_t i = 0; i < n; i++)
		now[i] = make_image(g, disk[i]);
	for (size_t i = 0; i < g->n; i++)
		forget_image(g, &g->image[i]);
	free(g->image);
	g->image = now;
	g->n = n;
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

/* What a guest's disk has room for is the format's affair, unless it has none. */
static void write_size(struct row *row, const struct image *image, uint64_t at)
{
	if (image->has_header)
		cell_set_number(row, DISK_CAPACITY, (double)image->header.size_bytes, at);
	else if (image->has_size && image->is_raw)
		cell_set_number(row, DISK_CAPACITY, (double)image->size_bytes, at);
	if (!image->has_size)
		return;
	cell_set_number(row, DISK_PHYSICAL, (double)image->taken_bytes, at);
	/* Of a device nobody but its format knows how much of it is in use. */
	if (image->filesystem)
		cell_set_number(row, DISK_ALLOCATION, (double)image->taken_bytes, at);
}

static void write_image(struct reading *r, const struct image_guest *g, const struct image *image)
{
	struct row *row = snapshot_row(r->into, TABLE_DISK, image->key);
	uint64_t placed_ns = image->block[0] ? g->looked_ns : g->placed_ns;
	char features[96];

	set_text(r, row, DISK_HOST_DEVICE, image->device, placed_ns);
	set_text(r, row, DISK_HOST_DISKS, image->leaves, placed_ns);
	set_text(r, row, DISK_FILESYSTEM, image->filesystem, placed_ns);
	set_text(r, row, DISK_MOUNT, image->mount, placed_ns);
	set_text(r, row, DISK_MOUNT_OPTIONS, image->options, placed_ns);
	if (!image->in_xml)
		write_size(row, image, g->looked_ns);
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

/* The file system that an image lies on stays the same while it is open, by the same descriptor;
 * how that is mounted, and on what, is looked at anew every five minutes. */
static bool may_lie_elsewhere(const struct reading *r, struct image_guest *g)
{
	return fd_watch_changed(&g->watch, r, (uint32_t)g->key.owner) || reading_thorough(r) ||
	       !images_are_open(r, g);
}

static void read_guest(struct images *m, struct reading *r, struct image_guest *g,
    const struct row *domain, const struct row *const *disk, size_t n)
{
	bool changed = has_changed(g, disk, n), first = g->due_ns == 0;
	bool look = changed || first || reading_thorough(r) || r->now_ns >= g->due_ns;

	g->headers = &m->headers;
	if (look)
		take_images(g, disk, n);
	take_caches(g, disk, n);
	if (look) {
		if (may_lie_elsewhere(r, g) || changed) {
			images_look(r, g, &m->dm);
			g->placed_ns = reading_now(r);
		} else {
			images_look_below(r, g);
		}
		if (g->fd_error)
			fd_watch_failed(&g->watch);
		images_find_cgroup(r, &m->mounts, g);
		g->looked_ns = reading_now(r);
		g->due_ns = next_look(r, domain, first);
	}
	m->denied += state_of_errno(g->fd_error) == STATE_DENIED;
	image_headers_read(r, g, look);
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
	m->denied = 0;
	image_headers_begin(&m->headers);
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
		if (guest_pid(domain) && (n || ((struct image_guest *)m->guests.item[i])->n))
			read_guest(m, r, m->guests.item[i], domain, disk, n);
	}
	free(disk);
	dm_names_done(&m->dm);
	if (m->denied)
		reading_lacks(r,
		    "What %zu guest%s hold open may not be seen; CAP_SYS_PTRACE gives it.",
		    m->denied, m->denied == 1 ? "" : "s");
	if (m->headers.silent)
		reading_lacks(r, "%zu image%s not answer when opened.", m->headers.silent,
		    m->headers.silent == 1 ? " does" : "s do");
	return STATE_OK;
}
