/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel samepage merging: its switches and figures, the time of ksmd, and each guest's share. */
#include "collectors/ksm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/kthread.h"
#include "collectors/values.h"

#define KSM_DIR "sys/kernel/mm/ksm"

/* What a guest's process tells in files of its own, for which reading takes no lock. */
struct guest_ksm {
	struct key key;
	bool opened, read;
	struct values files;
};

struct ksm {
	struct values values;
	struct kthread ksmd;
	struct guest_list guests;
};

/* "pages_shared", "ksm_zero_pages", "ksm_merging_pages"; but general_profit is in bytes. */
static bool counts_pages(const struct column *c)
{
	size_t len = strlen(c->key);

	return c->unit == UNIT_BYTES && (strncmp(c->key, "pages_", 6) == 0 ||
					    (len > 6 && strcmp(c->key + len - 6, "_pages") == 0));
}

static const struct values_kind host_kind = {
	.table = TABLE_HOST, .src = SRC_KSM, .in_pages = counts_pages, .choices = true
};

static const struct values_kind guest_kind = {
	.table = TABLE_DOMAIN, .src = SRC_KSM, .in_pages = counts_pages
};

void *ksm_open(const struct sampling *options)
{
	struct ksm *k = xcalloc(1, sizeof(*k));

	(void)options;
	values_init(&k->values, &host_kind, KSM_DIR);
	kthread_init(&k->ksmd, "ksmd");
	return k;
}

static void guest_done(void *item)
{
	struct guest_ksm *g = item;

	values_done(&g->files);
}

void ksm_close(void *state)
{
	struct ksm *k = state;

	guest_list_done(&k->guests, guest_done);
	values_done(&k->values);
	kthread_done(&k->ksmd);
	free(k);
}

static void open_guest(struct guest_ksm *g, uint32_t pid)
{
	char dir[32];

	if (g->opened)
		return;
	snprintf(dir, sizeof(dir), "proc/%u", pid);
	values_init(&g->files, &guest_kind, dir);
	g->opened = true;
}

bool ksm_may_have_merged(const struct snapshot *s)
{
	const struct row *host = snapshot_find(s, TABLE_HOST, key_host(0));

	return !host || cell_number(host, HOST_KSM_RUN, 1) > 0 ||
	       cell_number(host, HOST_KSM_PAGES_SHARED, 1) > 0;
}

static void read_guests(struct ksm *k, struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];
	char note[sizeof(r->note)];
	bool denied = false;
	/* Then no guest has anything of it, and need not be asked again. */
	bool none = !reading_thorough(r) && !ksm_may_have_merged(r->into);

	memcpy(note, r->note, sizeof(note));
	guest_list_update(&k->guests, r->into, sizeof(struct guest_ksm), guest_done);
	for (size_t i = 0; i < domains->n; i++) {
		struct guest_ksm *g = k->guests.item[i];
		struct row *domain = domains->row[i];

		if (!guest_pid(domain))
			continue;
		if (none && g->read) {
			cell_set_number(domain, DOMAIN_KSM, 0, reading_now(r));
			continue;
		}
		open_guest(g, guest_pid(domain));
		values_read(&g->files, r, domain);
		g->read = cell_has(domain, DOMAIN_KSM);
		denied |= domain->cell[DOMAIN_KSM].state == STATE_DENIED;
	}
	/* One sentence for all guests, not one for each. */
	memcpy(r->note, note, sizeof(note));
	if (denied)
		reading_lacks(r, "CAP_DAC_READ_SEARCH is missing for proc/PID/ksm_merging_pages of "
				 "other users.");
}

enum state ksm_read(struct reading *r)
{
	struct ksm *k = r->state;
	struct row *host = snapshot_row(r->into, TABLE_HOST, key_host(0));
	uint64_t now_ns = reading_now(r), run_ns;
	int error;

	if (values_read(&k->values, r, host) == 0) {
		reading_note(r, "This kernel has no KSM (CONFIG_KSM).");
		cell_set_missing(host, HOST_KSMD, STATE_ABSENT, now_ns);
		return STATE_ABSENT;
	}
	error = kthread_run_ns(&k->ksmd, r->root, now_ns, &run_ns);
	if (error < 0)
		cell_set_missing(host, HOST_KSMD, state_of_errno(error), now_ns);
	else
		cell_set_count(host, HOST_KSMD, run_ns, now_ns);
	read_guests(k, r);
	return STATE_OK;
}
