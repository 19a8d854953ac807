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
#include "collectors/exit_tally.h"
#include "collectors/exits_bpf_shared.h"

/* Exits of one thread per second from which on only some are timed, and down to which. */
#define FAST_RATE 100000
#define SLOW_RATE 70000
#define FAST_MASK 15
#define LINKS 3

/* exits_object.S: the programs, as clang made them. */
extern const unsigned char exits_object[], exits_object_end[];

/* What a thread had counted at the reading before. */
struct known {
	uint32_t tid;
	bool seen;
	struct exits_thread counts;
};

struct exits_bpf {
	struct bpf_object *object;
	struct bpf_link *link[LINKS];
	int threads, control; /* descriptors of maps */
	size_t room;
	struct known **known; /* ascending by tid */
	size_t n, cap;
	struct exits_thread now;
	uint64_t at_ns; /* of the reading before */
	uint64_t no_room;
	uint64_t mask;
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

	bpf_object__for_each_map(
	    map, object) if (ends_with(bpf_map__name(map),
				 ".rodata")) return bpf_map__set_initial_value(map, &offsets,
	    sizeof(offsets));
	return -ENOENT;
}

static int load(struct exits_bpf *b, const struct exit_layout *layout)
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
	error = bpf_map__set_max_entries(threads, (uint32_t)b->room);
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

	b->link[0] = end ? bpf_program__attach_raw_tracepoint(end, "kvm_entry") : NULL;
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

int exits_bpf_open(const struct exit_layout *layout, size_t threads, struct exits_bpf **ret,
    char *why, size_t why_size)
{
	struct exits_bpf *b = xcalloc(1, sizeof(*b));
	int error;

	libbpf_set_print(ignore);
	b->room = threads;
	error = load(b, layout);
	if (error == 0)
		error = attach(b, layout);
	if (error < 0) {
		explain(error, why, why_size);
		exits_bpf_close(b);
		return error;
	}
	b->at_ns = clock_mono_ns();
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
	for (size_t i = 0; i < b->n; i++)
		free(b->known[i]);
	free(b->known);
	free(b);
}

size_t exits_bpf_room(const struct exits_bpf *b)
{
	return b->room;
}

static struct known *known_of(struct exits_bpf *b, uint32_t tid)
{
	size_t low = 0, high = b->n;
	struct known *k;

	while (low < high) {
		size_t at = (low + high) / 2;

		if (b->known[at]->tid == tid)
			return b->known[at];
		if (b->known[at]->tid < tid)
			low = at + 1;
		else
			high = at;
	}
	k = xcalloc(1, sizeof(*k));
	k->tid = tid;
	b->known = xgrow(b->known, b->n, &b->cap, sizeof(struct known *));
	memmove(&b->known[low + 1], &b->known[low], (b->n - low) * sizeof(struct known *));
	b->known[low] = k;
	b->n++;
	return k;
}

/* The least and the most of what came since is known where it is of all times, else by its bucket.
 */
static void set_limits(
    struct exit_times *x, const struct exits_slot *now, const struct exits_slot *before)
{
	int first = -1, last = -1;

	for (int i = 0; i < EXIT_BUCKETS; i++)
		if (x->hist[i]) {
			first = first < 0 ? i : first;
			last = i;
		}
	if (first < 0)
		return;
	x->min_ns = exit_bucket_ns((unsigned int)first);
	if (before->timed == 0 || now->min_ns < before->min_ns || x->min_ns < now->min_ns)
		x->min_ns = now->min_ns;
	x->max_ns = exit_bucket_ns((unsigned int)last + 1);
	if (now->max_ns > before->max_ns || x->max_ns > now->max_ns)
		x->max_ns = now->max_ns;
}

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t add_slot(struct exit_tally *tally, uint32_t tid, const struct exits_slot *now,
    const struct exits_slot *before)
{
	struct exit_times x = { .timed = since(now->timed, before->timed),
		.time_ns = since(now->time_ns, before->time_ns) };
	uint64_t count = since(now->count, before->count);

	if (count == 0 && x.timed == 0)
		return 0;
	for (int i = 0; i < EXIT_BUCKETS; i++)
		x.hist[i] = now->hist[i] > before->hist[i] ? now->hist[i] - before->hist[i] : 0;
	set_limits(&x, now, before);
	exit_tally_add(tally, tid, (struct exit_reason){ now->isa, now->code }, count, &x);
	return now->isa == EXIT_TO_USER ? 0 : count;
}

/* How many exits the thread had since. */
static uint64_t add_thread(struct exits_bpf *b, struct exit_tally *tally, uint32_t tid)
{
	struct known *k = known_of(b, tid);
	uint64_t exits = 0;

	k->seen = true;
	for (int i = 0; i < EXITS_SLOTS - 1 && b->now.slot[i].isa; i++)
		exits += add_slot(tally, tid, &b->now.slot[i], &k->counts.slot[i]);
	if (b->now.slot[EXITS_SLOTS - 1].isa)
		exits += add_slot(
		    tally, tid, &b->now.slot[EXITS_SLOTS - 1], &k->counts.slot[EXITS_SLOTS - 1]);
	k->counts = b->now;
	return exits;
}

static uint64_t control_of(const struct exits_bpf *b, uint32_t which)
{
	uint64_t v = 0;

	return bpf_map_lookup_elem(b->control, &which, &v) == 0 ? v : 0;
}

/* Where a vCPU leaves its guest very often, taking the time of each exit would be most of the cost.
 */
static void choose_mask(struct exits_bpf *b, uint64_t most, uint64_t covered_ns)
{
	uint64_t rate = most * NS_PER_SEC / (covered_ns ? covered_ns : 1), mask = b->mask;
	uint32_t which = EXITS_TIME_MASK;

	if (rate > FAST_RATE)
		mask = FAST_MASK;
	else if (rate < SLOW_RATE)
		mask = 0;
	if (mask != b->mask && bpf_map_update_elem(b->control, &which, &mask, BPF_ANY) == 0)
		b->mask = mask;
}

int exits_bpf_read(struct exits_bpf *b, struct exit_tally *tally, struct exit_window *ret)
{
	uint64_t now_ns = clock_mono_ns(), no_room = control_of(b, EXITS_NO_ROOM), most = 0;
	uint32_t key = 0, next, *last = NULL;

	for (size_t i = 0; i < b->n; i++)
		b->known[i]->seen = false;
	for (size_t i = 0; i < b->room; i++) {
		uint64_t exits = 0;

		if (bpf_map_get_next_key(b->threads, last, &next) < 0)
			break;
		if (bpf_map_lookup_elem(b->threads, &next, &b->now) == 0)
			exits = add_thread(b, tally, next);
		most = exits > most ? exits : most;
		key = next;
		last = &key;
	}
	*ret = (struct exit_window){
		.begin_ns = b->at_ns, .end_ns = now_ns, .lost = no_room - b->no_room, .whole = true
	};
	choose_mask(b, most, now_ns - b->at_ns);
	b->at_ns = now_ns;
	b->no_room = no_room;
	return 0;
}

void exits_bpf_forget(struct exits_bpf *b, bool (*lives)(void *ctx, uint32_t tid), void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct known *k = b->known[i];

		/* One that is not known yet may be so at the next reading. */
		if (k->seen && lives(ctx, k->tid)) {
			b->known[kept++] = k;
			continue;
		}
		bpf_map_delete_elem(b->threads, &k->tid);
		free(k);
	}
	b->n = kept;
}
