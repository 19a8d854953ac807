/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KSM tells of each guest in proc/PID/ksm_stat. Since Linux 6.16 reading that takes the lock
 * of the guest's memory map, for which a guest that is stuck lets one wait: so it is not for the
 * fast lane, and it is left alone while KSM has nothing to tell.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/ksm.h"
#include "collectors/values.h"

struct guest_stat {
	struct key key;
	struct kept file;
};

struct ksm_guests {
	struct guest_list guests;
};

void *ksm_guests_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct ksm_guests));
}

static void guest_done(void *item)
{
	struct guest_stat *g = item;

	kept_done(&g->file);
}

void ksm_guests_close(void *state)
{
	struct ksm_guests *k = state;

	guest_list_done(&k->guests, guest_done);
	free(k);
}

static bool is_ours(const struct column *c)
{
	return c->src == SRC_KSM_GUESTS && c->key;
}

/* @buf NULL: it could not be read, for @error. */
static void write_guest(struct reading *r, const struct row *domain, const char *buf, int error)
{
	struct row *row = snapshot_row(r->into, TABLE_DOMAIN, domain->key);
	uint64_t at_ns = reading_now(r);

	for (int i = 0; i < DOMAIN_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_DOMAIN].column[i];
		struct slice word;
		int64_t v;

		if (!is_ours(c))
			continue;
		if (!buf)
			cell_set_missing(row, i, state_of_errno(error), at_ns);
		else if (parse_key_text(buf, c->key, &word) < 0 || slice_i64(word, &v) < 0)
			cell_set_missing(row, i, STATE_ABSENT, at_ns);
		else
			cell_set_number(row, i, (double)v, at_ns);
	}
}

/* The state of what is told of the guest. */
static enum state read_guest(struct reading *r, struct guest_stat *g, const struct row *domain)
{
	char path[64], buf[1024];
	ssize_t n;

	snprintf(path, sizeof(path), "proc/%u/ksm_stat", guest_pid(domain));
	n = root_read_kept(r->root, &g->file, path, buf, sizeof(buf));
	write_guest(r, domain, n < 0 ? NULL : buf, (int)n);
	return n < 0 ? state_of_errno((int)n) : STATE_OK;
}

enum state ksm_guests_read(struct reading *r)
{
	struct ksm_guests *k = r->state;
	size_t told = 0, denied = 0, guests = 0;

	if (!r->latest)
		return STATE_ABSENT;
	if (!ksm_may_have_merged(r->latest)) {
		reading_note(r, "KSM is stopped and has merged nothing.");
		return STATE_OK;
	}
	guest_list_update(&k->guests, r->latest, sizeof(struct guest_stat), guest_done);
	for (size_t i = 0; i < k->guests.n; i++) {
		const struct row *domain = r->latest->table[TABLE_DOMAIN].row[i];
		enum state state;

		if (!guest_pid(domain))
			continue;
		state = read_guest(r, k->guests.item[i], domain);
		guests++;
		told += state == STATE_OK;
		denied += state == STATE_DENIED;
	}
	if (denied)
		reading_lacks(
		    r, "CAP_DAC_READ_SEARCH is missing for proc/PID/ksm_stat of other users.");
	else if (guests && !told)
		reading_note(r, "This kernel tells nothing of KSM per guest (before Linux 6.1).");
	return told || !guests ? STATE_OK : denied ? STATE_DENIED : STATE_ABSENT;
}
