/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sizes of images, and headers of qcow2 images. Each is read by a thread of its own, as what the
 * image lies on may be gone: a thread that hangs is lost until that comes back, whatever becomes of
 * the image meanwhile.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/images.h"
#include "collectors/patient.h"

/* A header that is not there by then is waited for in later readings. */
#define HEADER_NS (50 * NS_PER_MS)
/* So many threads may hang; from then on no header is read. */
#define RUNNING_MAX 4

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

static char *size_path(const struct image_guest *g, const struct image *image)
{
	return xasprintf("kvmtop/images/%u/%d.size", (uint32_t)g->key.owner, image->fd);
}

static void note_size(struct reading *r, const struct image_guest *g, const struct image *image)
{
	char *path = size_path(g, image);
	char *text = xasprintf("%" PRIu64 " %" PRIu64 "\n", image->size_bytes, image->taken_bytes);

	root_note(r->root, path, text, strlen(text));
	free(text);
	free(path);
}

static void take_noted_size(struct reading *r, const struct image_guest *g, struct image *image)
{
	char *path = size_path(g, image), text[64];
	ssize_t n = root_read(r->root, path, text, sizeof(text));
	struct cursor c;

	free(path);
	cursor_init(&c, text, n > 0 ? (size_t)n : 0);
	image->has_size =
	    cursor_u64(&c, &image->size_bytes) == 0 && cursor_u64(&c, &image->taken_bytes) == 0;
}

struct size {
	uint64_t bytes, taken_bytes;
};

/* Its size and its first bytes. Only of a regular file; opening it may take for ever. */
static int read_header(const struct root *root, const char *path, struct text *ret)
{
	char bytes[QCOW2_HEADER_BYTES];
	int fd = root_open_file(root, path), error;
	struct size size = { 0 };
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0)
		size = (struct size){ (uint64_t)st.st_size, (uint64_t)st.st_blocks * 512 };
	text_append(ret, (const char *)&size, sizeof(size));
	n = pread(fd, bytes, sizeof(bytes), 0);
	error = n < 0 ? -errno : 0;
	close(fd);
	if (n > 0)
		text_append(ret, bytes, (size_t)n);
	return error;
}

static void take_header(
    struct reading *r, const struct image_guest *g, struct image *image, uint64_t wait_ns)
{
	struct text text = { 0 };
	const uint8_t *bytes;
	struct size size;
	size_t len;

	if (!patient_take(image->reading, wait_ns, &text)) {
		g->headers->silent++;
		return;
	}
	if (text.len >= sizeof(size)) {
		memcpy(&size, text.p, sizeof(size));
		bytes = (const uint8_t *)text.p + sizeof(size);
		len = text.len - sizeof(size);
		image->has_size = true;
		image->size_bytes = size.bytes;
		image->taken_bytes = size.taken_bytes;
		note_size(r, g, image);
		image->has_header = image->is_qcow2 && qcow2_parse(bytes, len, &image->header) == 0;
		if (image->has_header && len >= QCOW2_HEADER_BYTES)
			note_header(r, g, image, bytes);
	}
	text_done(&text);
	patient_free(image->reading);
	image->reading = NULL;
	g->headers->running--;
}

static void read_header_of(
    struct reading *r, const struct image_guest *g, struct image *image, bool look)
{
	uint64_t wait_ns = 0;
	char path[64];

	if (image->fd != image->header_fd) {
		image_header_forget(g->headers, image);
		image->header_fd = image->fd;
	}
	if (look && !image->reading && g->headers->running < RUNNING_MAX) {
		snprintf(path, sizeof(path), "proc/%u/fd/%d", (uint32_t)g->key.owner, image->fd);
		image->reading = patient_start(r->root, path, read_header);
		g->headers->running += image->reading != NULL;
		wait_ns = HEADER_NS;
	}
	if (image->reading)
		take_header(r, g, image, wait_ns);
}

void image_headers_read(struct reading *r, struct image_guest *g, bool look)
{
	for (size_t i = 0; i < g->n; i++) {
		struct image *image = &g->image[i];

		if (image->fd < 0 || !image_is_local(image))
			continue;
		if (root_is_live(r->root)) {
			read_header_of(r, g, image, look);
			continue;
		}
		take_noted_size(r, g, image);
		if (image->is_qcow2)
			take_noted_header(r, g, image);
	}
}

void image_header_forget(struct image_headers *h, struct image *image)
{
	image->has_header = image->has_size = false;
	if (!image->reading)
		return;
	h->lost = xgrow(h->lost, h->n, &h->cap, sizeof(struct patient *));
	h->lost[h->n++] = image->reading;
	image->reading = NULL;
}

void image_headers_begin(struct image_headers *h)
{
	size_t kept = 0;

	h->silent = 0;
	for (size_t i = 0; i < h->n; i++) {
		struct text text = { 0 };

		if (!patient_take(h->lost[i], 0, &text)) {
			h->lost[kept++] = h->lost[i];
			continue;
		}
		text_done(&text);
		patient_free(h->lost[i]);
		h->running--;
	}
	h->n = kept;
}

void image_headers_done(struct image_headers *h)
{
	for (size_t i = 0; i < h->n; i++)
		patient_free(h->lost[i]);
	free(h->lost);
}
