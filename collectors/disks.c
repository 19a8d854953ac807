/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks of guests by their command lines, which are read once. */
#include <stdlib.h>

#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/cmdline.h"
#include "collectors/collector.h"
#include "collectors/disk_args.h"
#include "collectors/guest_list.h"
#include "collectors/libvirt_disks.h"
#include "collectors/qemu_args.h"

struct guest {
	struct key key;
	struct cmdline cmdline;
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

	cmdline_done(&g->cmdline);
	disk_configs_done(&g->disks);
}

void disks_close(void *state)
{
	guest_list_done(state, guest_done);
	free(state);
}

static void take_disks(struct reading *r, struct guest *g, uint32_t pid)
{
	struct text text = { 0 };
	struct qemu_args *args;

	if (!cmdline_take(&g->cmdline, r->root, pid, &text))
		return;
	args = qemu_args_parse(text.p, text.len);
	disk_args_read(args, &g->disks);
	qemu_args_free(args);
	text_done(&text);
}

enum state disks_read(struct reading *r)
{
	struct guest_list *guests = r->state;
	size_t silent = 0;

	if (!r->latest)
		return STATE_ABSENT;
	guest_list_update(guests, r->latest, sizeof(struct guest), guest_done);
	for (size_t i = 0; i < guests->n; i++) {
		uint32_t pid = guest_pid(r->latest->table[TABLE_DOMAIN].row[i]);
		struct guest *g = guests->item[i];

		if (!pid)
			continue;
		take_disks(r, g, pid);
		silent += !g->cmdline.has_come;
		disk_configs_write(r, g->key, &g->disks);
	}
	if (silent)
		reading_lacks(r, "The command line of %zu guest%s does not come.", silent,
		    silent == 1 ? "" : "s");
	return STATE_OK;
}
