/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instead of exits_bpf.c where libbpf or clang was not there to build with. */
#include <errno.h>
#include <stdio.h>

#include "collectors/exits_bpf.h"

int exits_bpf_open(const struct exit_layout *layout, size_t threads, struct exits_bpf **ret,
    char *why, size_t why_size)
{
	(void)layout;
	(void)threads;
	(void)ret;
	snprintf(why, why_size, "this kvmtop was built without libbpf");
	return -ENOTSUP;
}

void exits_bpf_close(struct exits_bpf *b)
{
	(void)b;
}

size_t exits_bpf_room(const struct exits_bpf *b)
{
	(void)b;
	return 0;
}

int exits_bpf_read(struct exits_bpf *b, struct exit_tally *tally, struct exit_window *ret)
{
	(void)b;
	(void)tally;
	(void)ret;
	return -ENOTSUP;
}

void exits_bpf_forget(struct exits_bpf *b, bool (*lives)(void *ctx, uint32_t tid), void *ctx)
{
	(void)b;
	(void)lives;
	(void)ctx;
}
