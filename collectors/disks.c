/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks of guests by their command lines, which are read once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/disk_args.h"
#include "collectors/guest_list.h"
#include "collectors/libvirt_disks.h"
#include "collectors/patient.h"
#include "collectors/qemu_args.h"

struct guest {
	struct key key;
	struct patient *cmdline; /* being read; NULL: not yet, or done */
	bool is_known;
	struct disk_configs disks;
};

void *disks_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct guest_list));
}

static void guest_done(void *item)
{
	struct guest *g = item;

	patient_free(g->cmdline);
	disk_configs_done(&g->disks);
}

void disks_close(void *state)
{
	guest_list_done(state, guest_done);
	free(state);
}

/* A process that is stuck in the kernel may hold up whoever reads its command line. */
static void read_cmdline(struct reading *r, struct guest *g)
{
	struct text text = { 0 };
	char path[64];
	int e;

	if (!g->cmdline) {
		snprintf(path, sizeof(path), "proc/%u/cmdline", (uint32_t)g->key.owner);
		g->cmdline = patient_read(r->root, path);
	}
	e = patient_take(g->cmdline, 20 * NS_PER_MS, &text);
	if (e == -EAGAIN)
		return;
	if (e == 0 && text.len) {
		struct qemu_args *args = qemu_args_parse(text.p, text.len);

		disk_args_read(args, &g->disks);
		qemu_args_free(args);
	}
	text_done(&text);
	patient_free(g->cmdline);
	g->cmdline = NULL;
	g->is_known = true;
}

enum state disks_read(struct reading *r)
{
	struct guest_list *guests = r->state;
	size_t silent = 0;

	if (!r->latest)
		return STATE_ABSENT;
	guest_list_update(guests, r->latest, sizeof(struct guest), guest_done);
	for (size_t i = 0; i < guests->n; i++) {
		struct guest *g = guests->item[i];

		if (guest_pid(r->latest->table[TABLE_DOMAIN].row[i]) == 0)
			continue;
		if (!g->is_known)
			read_cmdline(r, g);
		silent += !g->is_known;
		disk_configs_write(r, g->key, &g->disks);
	}
	if (silent)
		reading_lacks(r, "The command line of %zu guest%s does not come.", silent,
		    silent == 1 ? "" : "s");
	return STATE_OK;
}
