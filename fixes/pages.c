/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/parse.h"
#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/file.h"
#include "fixes/site.h"

#define NODES 1024U
#define KIB 1024ULL
/* Some ten milliseconds. */
#define SLICE_BYTES ((uint64_t)16 << 20)
#define SLICE_PAGES (SLICE_BYTES / 4096)
/* So small a rest is no shortfall: pages that somebody was just using. */
#define REST_SHARE 50

struct mapping {
	uint64_t start, end, page_bytes;
	bool is_own;         /* its pages are the guest's, even if others have them mapped, too */
	uint64_t kib[NODES]; /* by node */
};

/* What may leave each node and what may come to it, in bytes; UINT64_MAX: all. */
struct goal {
	uint64_t leave[NODES], come[NODES];
};

struct walk {
	struct site *site;
	struct key guest;
	struct goal *goal;
	uint64_t moved, total; /* bytes */
	int error;             /* of a page that stayed */
};

static uint64_t pid_of(struct key guest)
{
	return guest.owner;
}

static int read_of(struct site *s, struct key guest, const char *name, struct text *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%llu/%s", (unsigned long long)pid_of(guest), name);
	return file_read(s->fd, path, ret);
}

/* "N2=51": pages on node 2. */
static bool take_pages(struct slice field, struct mapping *m)
{
	struct slice node, count;
	uint64_t k, n;

	if (!slice_cut(field, '=', &node, &count) || node.len < 2 || node.p[0] != 'N')
		return false;
	node.p++;
	node.len--;
	if (slice_u64(node, &k) < 0 || k >= NODES || slice_u64(count, &n) < 0 ||
	    n > UINT64_MAX / KIB)
		return false;
	m->kib[k] += n;
	return true;
}

/* A line of proc/PID/numa_maps; false: it holds nothing. */
static bool parse_line(struct cursor line, struct mapping *ret)
{
	struct slice field, before, behind;
	bool any = false;
	uint64_t kib = 4;

	*ret = (struct mapping){ 0 };
	if (cursor_hex_u64(&line, &ret->start) < 0)
		return false;
	while (cursor_field(&line, &field)) {
		any |= take_pages(field, ret);
		if (slice_starts(field, "anon=") || slice_eq(field, "huge"))
			ret->is_own = true;
		if (slice_starts(field, "kernelpagesize_kB=") &&
		    slice_cut(field, '=', &before, &behind) &&
		    (slice_u64(behind, &kib) < 0 || kib < 4 || kib > (1 << 24)))
			return false;
	}
	for (size_t k = 0; k < NODES; k++)
		ret->kib[k] *= kib;
	ret->page_bytes = kib * KIB;
	return any;
}

/* Where it ends, and whether it is shared for writing: memory of the guest that a vhost-user
 * process has mapped, too. False: it is gone. */
static bool find_end(const char *maps, struct mapping *m)
{
	struct slice range, rights, start, end;
	struct cursor c, line;
	uint64_t from;

	cursor_init(&c, maps, strlen(maps));
	while (cursor_line(&c, &line)) {
		if (!cursor_field(&line, &range) || !cursor_field(&line, &rights) ||
		    !slice_cut(range, '-', &start, &end) || slice_hex_u64(start, &from) < 0 ||
		    from != m->start)
			continue;
		m->is_own |= memchr(rights.p, 'w', rights.len) && memchr(rights.p, 's', rights.len);
		return slice_hex_u64(end, &m->end) == 0 && m->end > m->start;
	}
	return false;
}

/* Calls @each with every mapping, until it returns something else than 0. */
static int each_mapping(struct site *s, struct key guest,
    int (*each)(void *ctx, const struct mapping *m), void *ctx, struct text *why)
{
	struct text numa = { 0 }, maps = { 0 };
	struct mapping *m = xmalloc(sizeof(*m));
	struct cursor c, line;
	int r = read_of(s, guest, "numa_maps", &numa);

	if (r == 0)
		r = read_of(s, guest, "maps", &maps);
	if (r == 0 && (numa.len == 0 || maps.len == 0))
		r = -ESRCH;
	if (r < 0)
		print_format(why, "its memory map cannot be read: %s", strerror(-r));
	cursor_init(&c, r < 0 ? "" : numa.p, r < 0 ? 0 : numa.len);
	while (r == 0 && cursor_line(&c, &line))
		if (parse_line(line, m) && find_end(maps.p, m))
			r = each(ctx, m);
	free(m);
	text_done(&numa);
	text_done(&maps);
	return r;
}

/* KiB by node: of all, and of what is the guest's own. */
struct sums {
	uint64_t all[NODES], own[NODES];
};

static int add_up(void *ctx, const struct mapping *m)
{
	struct sums *sums = ctx;

	for (size_t k = 0; k < NODES; k++) {
		sums->all[k] += m->kib[k];
		sums->own[k] += m->is_own ? m->kib[k] : 0;
	}
	return 0;
}

/* The caller frees @ret. */
static int count(struct site *s, struct key guest, struct sums **ret, struct text *why)
{
	struct sums *sums = xcalloc(1, sizeof(*sums));
	int r = each_mapping(s, guest, add_up, sums, why);

	if (r < 0) {
		free(sums);
		return r;
	}
	*ret = sums;
	return 0;
}

int pages_read(struct site *s, struct key guest, char **ret, struct text *why)
{
	struct text text = { 0 };
	struct sums *sums;
	int r = count(s, guest, &sums, why);

	if (r < 0)
		return r;
	text_append(&text, "", 0);
	for (size_t k = 0; k < NODES; k++)
		if (sums->all[k])
			print_format(&text, "%s%zu:%llu", text.len ? " " : "", k,
			    (unsigned long long)sums->all[k]);
	free(sums);
	*ret = text.p;
	return 0;
}

/* The node to which a page may go; -1: it stays. */
static int node_for(const struct goal *g, int from, uint64_t page_bytes)
{
	if (from < 0 || (unsigned)from >= NODES || g->leave[from] < page_bytes)
		return -1;
	for (unsigned k = 0; k < NODES; k++)
		if (g->come[k] >= page_bytes && (int)k != from)
			return (int)k;
	return -1;
}

/* More may come than was to. */
static void spend(uint64_t *budget, uint64_t bytes)
{
	if (*budget != UINT64_MAX)
		*budget -= *budget < bytes ? *budget : bytes;
}

static void give_back(uint64_t *budget, uint64_t bytes)
{
	if (*budget != UINT64_MAX)
		*budget += bytes;
}

/* Of the @n pages in @page, which lie on @from, those that may go, and where to; their number. */
static size_t choose(
    struct walk *w, uint64_t page_bytes, void **page, size_t n, int *from, int *node)
{
	size_t chosen = 0;

	for (size_t i = 0; i < n; i++) {
		int to = node_for(w->goal, from[i], page_bytes);

		if (to < 0)
			continue;
		spend(&w->goal->leave[from[i]], page_bytes);
		spend(&w->goal->come[to], page_bytes);
		page[chosen] = page[i];
		from[chosen] = from[i];
		node[chosen++] = to;
	}
	return chosen;
}

/* The same process, and nobody has stopped it. 1: stop. */
static int go_on(struct walk *w)
{
	uint64_t start_ticks;
	char state;

	if (w->site->progress && w->site->progress->stop)
		return 1;
	if (site_process(w->site, pid_of(w->guest), &state, &start_ticks) < 0 ||
	    start_ticks + 1 != w->guest.born)
		return -ESRCH;
	return 0;
}

/* What became of the @n pages that were to go from @from to @node. */
static int settle(struct walk *w, const struct mapping *m, void **page, size_t n, const int *from,
    const int *node)
{
	int status[SLICE_PAGES];
	int r =
	    w->site->calls->move_pages((pid_t)pid_of(w->guest), n, page, NULL, status, m->is_own);

	/* A transparent huge page goes whole, to where the last of its parts was to go: so what
	 * counts is where each has come, not what was asked for. */
	for (size_t i = 0; i < n; i++) {
		give_back(&w->goal->leave[from[i]], m->page_bytes);
		give_back(&w->goal->come[node[i]], m->page_bytes);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (status[i] < 0 || (unsigned)status[i] >= NODES || status[i] == from[i])
			continue;
		spend(&w->goal->leave[from[i]], m->page_bytes);
		spend(&w->goal->come[status[i]], m->page_bytes);
		w->moved += m->is_own ? m->page_bytes : 0;
	}
	if (w->site->progress)
		w->site->progress->done = w->moved;
	return r;
}

static int move_slice(struct walk *w, const struct mapping *m, void **page, size_t n)
{
	const struct site_calls *calls = w->site->calls;
	int from[SLICE_PAGES], node[SLICE_PAGES], status[SLICE_PAGES];
	pid_t pid = (pid_t)pid_of(w->guest);
	int r = calls->move_pages(pid, n, page, NULL, from, m->is_own), moved;

	if (r < 0)
		return r;
	n = choose(w, m->page_bytes, page, n, from, node);
	if (n == 0)
		return 0;
	memset(status, 0, n * sizeof(*status));
	moved = calls->move_pages(pid, n, page, node, status, m->is_own);
	for (size_t i = 0; i < n && m->is_own && w->error == 0; i++)
		w->error = status[i] < 0 ? status[i] : 0;
	if (moved < 0 && m->is_own && w->error == 0)
		w->error = moved;
	/* Where some stayed the kernel does not say of each what became of it. */
	return settle(w, m, page, n, from, node);
}

static int move_mapping(void *ctx, const struct mapping *m)
{
	void *page[SLICE_PAGES];
	struct walk *w = ctx;
	uint64_t at = m->start;
	bool any = false;
	int r = 0;

	for (size_t k = 0; k < NODES; k++)
		any |= m->kib[k] && w->goal->leave[k];
	while (any && r == 0 && at < m->end) {
		size_t n = 0;

		r = go_on(w);
		for (;
		     n < SLICE_PAGES && (n == 0 || n * m->page_bytes < SLICE_BYTES) && at < m->end;
		     at += m->page_bytes)
			page[n++] = (void *)(uintptr_t)at;
		if (r == 0)
			r = move_slice(w, m, page, n);
	}
	return r;
}

/* What will move: what may leave, but no more than may come. */
static uint64_t expect(const struct goal *g, const uint64_t *kib)
{
	uint64_t leave = 0, come = 0;

	for (size_t k = 0; k < NODES; k++) {
		uint64_t bytes = kib[k] * KIB;

		leave += bytes < g->leave[k] ? bytes : g->leave[k];
		if (g->come[k] == UINT64_MAX || come == UINT64_MAX)
			come = UINT64_MAX;
		else
			come += g->come[k];
	}
	return leave < come ? leave : come;
}

static void say_size_of(struct text *out, uint64_t bytes)
{
	print_format(out, "%.1f MiB", (double)bytes / (double)(KIB * KIB));
}

static const char *reason_of(int error)
{
	switch (error) {
	case 0:
	case -EBUSY:
	case -ENOENT:
		return "in use";
	case -ENOMEM:
		return "no free memory there";
	case -EACCES:
		return "its cpuset does not allow that node";
	default:
		return strerror(-error);
	}
}

static int say_rest(const struct walk *w, int r, struct text *why)
{
	bool stopped = r == 1;

	if (r < 0) {
		if (why->len == 0)
			print_format(why, "its pages cannot be moved: %s", strerror(-r));
		return r;
	}
	if (!stopped && w->moved + w->total / REST_SHARE >= w->total)
		return 0;
	say_size_of(why, w->moved);
	print_text(why, " moved, ");
	say_size_of(why, w->total > w->moved ? w->total - w->moved : 0);
	print_format(why, " stayed: %s", stopped ? "stopped" : reason_of(w->error));
	return w->moved == 0 && !stopped ? -EBUSY : 1;
}

static int walk(
    struct site *s, struct key guest, struct goal *goal, const struct sums *sums, struct text *why)
{
	struct walk w = { .site = s, .guest = guest, .goal = goal };
	int r;

	w.total = expect(goal, sums->own);
	if (s->progress) {
		s->progress->done = 0;
		s->progress->total = w.total;
	}
	r = each_mapping(s, guest, move_mapping, &w, why);
	return say_rest(&w, r, why);
}

int pages_move(struct site *s, struct key guest, const char *from, const char *to, struct text *why)
{
	struct goal *goal = xcalloc(1, sizeof(*goal));
	struct sums *sums = NULL;
	uint64_t node;
	struct cpuset nodes = { 0 };
	bool all = strcmp(from, "all") == 0;
	int r = parse_u64(to, &node);

	if (r == 0 && node >= NODES)
		r = -ERANGE;
	if (r == 0 && !all)
		r = cpuset_parse_list(&nodes, from);
	if (r < 0)
		print_format(why, "no nodes: '%s' to '%s'", from, to);
	for (unsigned k = 0; r == 0 && k < NODES; k++)
		if (k != node && (all || cpuset_test(&nodes, k)))
			goal->leave[k] = UINT64_MAX;
	if (r == 0) {
		goal->come[node] = UINT64_MAX;
		r = count(s, guest, &sums, why);
	}
	if (r == 0)
		r = walk(s, guest, goal, sums, why);
	cpuset_done(&nodes);
	free(sums);
	free(goal);
	return r;
}

/* "0:1048576 2:4096" */
static int parse_state(const char *state, uint64_t *kib)
{
	struct slice field, node, size;
	struct cursor c;
	uint64_t k, v;

	cursor_init(&c, state, strlen(state));
	while (cursor_field(&c, &field)) {
		if (!slice_cut(field, ':', &node, &size) || slice_u64(node, &k) < 0 || k >= NODES ||
		    slice_u64(size, &v) < 0 || v > UINT64_MAX / KIB)
			return -EINVAL;
		kib[k] = v;
	}
	return 0;
}

int pages_restore(struct site *s, struct key guest, const char *state, struct text *why)
{
	struct goal *goal = xcalloc(1, sizeof(*goal));
	uint64_t *was = xcalloc(NODES, sizeof(*was));
	struct sums *sums = NULL;
	int r = parse_state(state, was);

	if (r < 0)
		print_format(why, "'%s' tells nothing of nodes", state);
	else
		r = count(s, guest, &sums, why);
	for (size_t k = 0; r == 0 && k < NODES; k++) {
		if (sums->all[k] > was[k])
			goal->leave[k] = (sums->all[k] - was[k]) * KIB;
		else
			goal->come[k] = (was[k] - sums->all[k]) * KIB;
	}
	if (r == 0)
		r = walk(s, guest, goal, sums, why);
	free(was);
	free(sums);
	free(goal);
	return r;
}
