/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exits_bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/perf_ring.h"
#include "base/xalloc.h"
#include "collectors/exit_events.h"
#include "collectors/exits_counts.h"

#define LINKS 3

/* exits_object.S: the programs, as clang made them. */
extern const unsigned char exits_object[], exits_object_end[];

struct exits_bpf {
	struct bpf_object *object;
	struct bpf_link *link[LINKS];
	int threads, control; /* descriptors of maps */
	struct exits_maps maps;
	struct exits_counts counts;
};

static int ignore(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && strcmp(name + len - n, end) == 0;
}

static int set_offsets(struct bpf_object *object, const struct exit_layout *l)
{
	const struct exits_offsets offsets = {
		.reason = l->reason.size ? l->reason.offset : 0,
		.isa = l->isa.offset,
		.ret = l->ret.offset,
		.esr_ec = l->esr_ec.offset,
		.user_reason = l->user_reason.offset,
		.user_error = l->user_error.offset,
	};
	struct bpf_map *map;

	for (map = bpf_object__next_map(object, NULL); map; map = bpf_object__next_map(object, map))
		if (ends_with(bpf_map__name(map), ".rodata"))
			return bpf_map__set_initial_value(map, &offsets, sizeof(offsets));
	return -ENOENT;
}

static int load(struct exits_bpf *b, const struct exit_layout *layout, size_t room)
{
	struct bpf_map *threads;
	int error;

	b->object =
	    bpf_object__open_mem(exits_object, (size_t)(exits_object_end - exits_object), NULL);
	if (!b->object)
		return -errno;
	threads = bpf_object__find_map_by_name(b->object, "threads");
	if (!threads)
		return -ENOENT;
	error = bpf_map__set_max_entries(threads, (uint32_t)room);
	if (error == 0)
		error = set_offsets(b->object, layout);
	if (error == 0)
		error = bpf_object__load(b->object);
	if (error < 0)
		return error;
	b->threads = bpf_map__fd(threads);
	b->control = bpf_object__find_map_fd_by_name(b->object, "control");
	return b->control < 0 ? b->control : 0;
}

/* By its number: libbpf would look for tracefs on its own. Of whatever CPU the event is, the
 * program runs on all. */
static int attach_tracepoint(struct exits_bpf *b, const char *name, uint32_t id, int at)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = id
	};
	struct bpf_program *program = bpf_object__find_program_by_name(b->object, name);
	int fd = perf_event_open(&attr, -1, 0, -1);

	if (fd < 0)
		return fd;
	b->link[at] = program ? bpf_program__attach_perf_event(program, fd) : NULL;
	if (b->link[at])
		return 0; /* the link has the descriptor now */
	close(fd);
	return program ? -errno : -ENOENT;
}

static int attach(struct exits_bpf *b, const struct exit_layout *layout)
{
	struct bpf_program *end = bpf_object__find_program_by_name(b->object, "end_exit");
	int error;

	b->link[0] = end ? bpf_program__attach_raw_tracepoint(end, layout->entry_name) : NULL;
	if (!b->link[0])
		return end ? -errno : -ENOENT;
	error = layout->user_id ? attach_tracepoint(b, "count_user", layout->user_id, 1) : 0;
	if (error == 0)
		error = attach_tracepoint(b, "count_exit", layout->exit_id, 2);
	return error;
}

static void explain(int error, char *why, size_t why_size)
{
	if (error == -EACCES)
		snprintf(why, why_size, "the kernel does not accept the BPF programs");
	else if (error == -EPERM)
		snprintf(why, why_size, "BPF is refused: it needs CAP_BPF and CAP_PERFMON");
	else if (error == -ENOMEM)
		snprintf(why, why_size, "no memory for BPF maps");
	else
		snprintf(why, why_size, "BPF: %s", strerror(-error));
}

/* Its functions give -errno, too. */
static int map_next(void *ctx, const uint32_t *tid, uint32_t *ret)
{
	const struct exits_bpf *b = ctx;

	return bpf_map_get_next_key(b->threads, tid, ret);
}

static int map_read(void *ctx, uint32_t tid, struct exits_thread *ret)
{
	const struct exits_bpf *b = ctx;

	return bpf_map_lookup_elem(b->threads, &tid, ret);
}

static int map_forget(void *ctx, uint32_t tid)
{
	const struct exits_bpf *b = ctx;

	return bpf_map_delete_elem(b->threads, &tid);
}

static int map_control(void *ctx, uint32_t which, uint64_t *ret)
{
	const struct exits_bpf *b = ctx;

	return bpf_map_lookup_elem(b->control, &which, ret);
}

static int map_set_control(void *ctx, uint32_t which, uint64_t v)
{
	const struct exits_bpf *b = ctx;

	return bpf_map_update_elem(b->control, &which, &v, BPF_ANY);
}

static struct exits_maps maps_of(struct exits_bpf *b)
{
	return (struct exits_maps){ .ctx = b,
		.next = map_next,
		.read = map_read,
		.forget = map_forget,
		.control = map_control,
		.set_control = map_set_control };
}

int exits_bpf_open(const struct exit_layout *layout, size_t threads, struct exits_bpf **ret,
    char *why, size_t why_size)
{
	struct exits_bpf *b = xcalloc(1, sizeof(*b));
	int error;

	libbpf_set_print(ignore);
	error = load(b, layout, threads);
	if (error == 0)
		error = attach(b, layout);
	if (error < 0) {
		explain(error, why, why_size);
		exits_bpf_close(b);
		return error;
	}
	b->maps = maps_of(b);
	exits_counts_init(&b->counts, &b->maps, threads, clock_mono_ns());
	*why = '\0';
	*ret = b;
	return 0;
}

void exits_bpf_close(struct exits_bpf *b)
{
	if (!b)
		return;
	for (int i = LINKS; i-- > 0;)
		bpf_link__destroy(b->link[i]);
	bpf_object__close(b->object);
	exits_counts_done(&b->counts);
	free(b);
}

size_t exits_bpf_room(const struct exits_bpf *b)
{
	return b->counts.room;
}

int exits_bpf_read(struct exits_bpf *b, struct exit_tally *tally, struct exit_window *ret)
{
	return exits_counts_read(&b->counts, clock_mono_ns(), tally, ret);
}

void exits_bpf_forget(struct exits_bpf *b, bool (*lives)(void *ctx, uint32_t tid), void *ctx)
{
	exits_counts_forget(&b->counts, lives, ctx);
}
