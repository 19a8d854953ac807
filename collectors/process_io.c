/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the process of each guest reads from storage and writes to it: proc/PID/io. Only its own
 * running counts there. */
#include <stdlib.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/process_clock.h"
#include "collectors/values.h"

#define TEXT_SIZE 512

struct guest {
	struct key key;
	struct process_clock clock;
	struct kept io;
	char *path;
	char text[TEXT_SIZE]; /* what it told last */
	ssize_t told;         /* its length, or -errno; 0: it was never asked */
};

struct process_io {
	struct guest_list guests;
	struct named columns;
};

void *process_io_open(const struct sampling *options)
{
	struct process_io *p = xcalloc(1, sizeof(*p));

	(void)options;
	named_init(&p->columns, TABLE_DOMAIN, SRC_PROCESS_IO);
	return p;
}

static void guest_done(void *item)
{
	struct guest *g = item;

	kept_done(&g->io);
	free(g->path);
}

void process_io_close(void *state)
{
	struct process_io *p = state;

	guest_list_done(&p->guests, guest_done);
	named_done(&p->columns);
	free(p);
}

/* 0 or -errno. */
static int read_guest(
    const struct process_io *p, struct reading *r, struct guest *g, struct row *row)
{
	bool rested = process_has_rested(&g->clock, row->ran_ns);

	if (!g->path)
		g->path = xasprintf("proc/%u/io", (uint32_t)g->key.owner);
	if (!rested || g->told <= 0)
		g->told = root_read_kept(r->root, &g->io, g->path, g->text, sizeof(g->text));
	if (g->told >= 0)
		named_take(&p->columns, g->text, 1, row, reading_now(r));
	named_missing(&p->columns, row, g->told < 0 ? (int)g->told : 0, reading_now(r));
	return g->told < 0 ? (int)g->told : 0;
}

enum state process_io_read(struct reading *r)
{
	const struct table *domains = &r->into->table[TABLE_DOMAIN];
	struct process_io *p = r->state;
	size_t guests = 0, denied = 0;

	guest_list_update(&p->guests, r->into, sizeof(struct guest), guest_done);
	for (size_t i = 0; i < domains->n; i++) {
		int e;

		if (guest_pid(domains->row[i]) == 0)
			continue;
		e = read_guest(p, r, p->guests.item[i], domains->row[i]);
		guests++;
		denied += e < 0 && state_of_errno(e) == STATE_DENIED;
	}
	if (denied)
		reading_lacks(r, "The I/O of %zu guest%s may not be read; CAP_SYS_PTRACE gives it.",
		    denied, denied == 1 ? "" : "s");
	return denied && denied == guests ? STATE_DENIED : STATE_OK;
}
