/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exits, every one counted, by programs in the kernel that add them up per thread and reason. Where
 * kvmtop was built without libbpf opening fails with -ENOTSUP.
 */
#ifndef KVMTOP_COLLECTORS_EXITS_BPF_H
#define KVMTOP_COLLECTORS_EXITS_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exit_layout;
struct exit_tally;
struct exit_window;
struct exits_bpf;

/*
 * Loads and attaches the programs; from then on everything is counted. @threads: for so many vCPUs
 * there must be room. 0 or -errno, and one sentence without a dot in @why.
 */
int exits_bpf_open(const struct exit_layout *layout, size_t threads, struct exits_bpf **ret,
    char *why, size_t why_size);
void exits_bpf_close(struct exits_bpf *b);

/* For so many threads there is room. */
size_t exits_bpf_room(const struct exits_bpf *b);

/* Tells the tally what was counted since the reading before. 0 or -errno. */
int exits_bpf_read(struct exits_bpf *b, struct exit_tally *tally, struct exit_window *ret);

/* Threads that have ended make room. @lives: whether one is still there. */
void exits_bpf_forget(struct exits_bpf *b, bool (*lives)(void *ctx, uint32_t tid), void *ctx);

#endif
