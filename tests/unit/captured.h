/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A captured host that a test writes line by line, and one collector that reads it. Include it
 * behind cmocka.h. Zeroed memory is an empty host; captured_done frees it.
 */
#ifndef KVMTOP_TESTS_UNIT_CAPTURED_H
#define KVMTOP_TESTS_UNIT_CAPTURED_H

#include <stdio.h>
#include <string.h>

#include "base/archive.h"
#include "base/root.h"
#include "collectors/collector.h"

struct captured {
	struct text text;
	struct root *root;
	struct sampling options;
	void *state;
	struct snapshot *now, *before;
	char note[READING_NOTE_SIZE];
	enum state outcome;
	size_t next;
};

static inline void captured_sample(struct captured *h, int second)
{
	char head[96];
	int n = snprintf(head, sizeof(head), "%s## %d000000000 1795000000000000000\n",
	    h->text.len ? "" : "kvmtop-host 1\n", second);

	text_append(&h->text, head, (size_t)n);
}

static inline void captured_bytes(
    struct captured *h, const char *path, const void *content, size_t len)
{
	archive_write_entry(&h->text, path, false, content, len);
}

static inline void captured_file(struct captured *h, const char *path, const char *content)
{
	captured_bytes(h, path, content, strlen(content));
}

static inline void captured_link(struct captured *h, const char *path, const char *target)
{
	archive_write_entry(&h->text, path, true, target, strlen(target));
}

/* The rows that the collectors before it would have written. */
static inline struct row *captured_guest(struct captured *h, uint32_t pid, const char *name)
{
	struct row *row = snapshot_row(h->now, TABLE_DOMAIN, key_process(pid, 7));

	cell_set_text(h->now, row, DOMAIN_NAME, name, 1);
	return row;
}

static inline struct row *captured_vcpu(struct captured *h, uint32_t pid, uint32_t number)
{
	struct row *row = snapshot_row(
	    h->now, TABLE_VCPU, key_of(key_process(pid, 7), (7ULL << 24) + pid + number + 1));

	cell_set_number(row, VCPU_NUMBER, number, 1);
	return row;
}

/* Goes to the next sample; the first time, opens what was written. */
static inline void captured_next(struct captured *h)
{
	if (!h->root) {
		text_append(&h->text, ARCHIVE_END, strlen(ARCHIVE_END));
		assert_int_equal(root_open_archive(h->text.p, h->text.len, &h->root), 0);
	}
	root_seek(h->root, h->next++);
	snapshot_unref(h->before);
	h->before = h->now;
	h->now = snapshot_new(root_now(h->root));
}

/* Reads into @h->now. A slow lane's collector knows the guests by it, too. */
static inline void captured_read(
    struct captured *h, enum state (*read)(struct reading *r), bool exact)
{
	struct reading r = {
		.state = h->state,
		.root = h->root,
		.options = &h->options,
		.latest = h->now,
		.into = h->now,
		.now_ns = root_now(h->root).mono_ns,
		.exact = exact,
		.needs = ~0u,
	};

	snapshot_link(h->now);
	h->outcome = read(&r);
	memcpy(h->note, r.note, sizeof(h->note));
	snapshot_link(h->now);
	snapshot_rate(h->now, h->before);
}

static inline void captured_done(struct captured *h, void (*close)(void *state))
{
	close(h->state);
	snapshot_unref(h->now);
	snapshot_unref(h->before);
	root_close(h->root);
	text_done(&h->text);
}

#endif
