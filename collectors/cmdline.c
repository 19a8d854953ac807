/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/cmdline.h"

#include <stdio.h>

#include "base/root.h"
#include "collectors/patient.h"

/* Nearly always it takes some 20 µs. */
#define WAIT_NS (20 * NS_PER_MS)

bool cmdline_take(struct cmdline *c, const struct root *root, uint32_t pid, struct text *ret)
{
	uint64_t wait_ns = c->reading ? 0 : WAIT_NS;
	char path[64];

	if (c->has_come)
		return false;
	if (!c->reading) {
		snprintf(path, sizeof(path), "proc/%u/cmdline", pid);
		c->reading = patient_start(root, path, root_read_all);
	}
	if (!c->reading || !patient_take(c->reading, wait_ns, ret))
		return false;
	cmdline_done(c);
	/* Empty it is while the program is loaded: on a loaded host for tens of ms. */
	c->has_come = ret->len > 0;
	if (!c->has_come)
		text_done(ret);
	return c->has_come;
}

void cmdline_done(struct cmdline *c)
{
	patient_free(c->reading);
	c->reading = NULL;
}
