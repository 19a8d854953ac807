/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On which NUMA node the memory of each guest lies. Runs in a lane of its own: a walk through the
 * page tables of a large guest takes seconds, and meanwhile holds a lock that the guest's own page
 * faults want. So only short walks are made unasked, longer ones are replaced by a sample of
 * pages, and all of it takes at most one part in 2000 of a CPU, a hundredth where the user wants
 * every walk.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "collectors/cgroup_path.h"
#include "collectors/collector.h"
#include "collectors/guest_list.h"
#include "collectors/placement_guest.h"

/* A guest's faults may be late by so much. */
#define WALK_MAX_NS (2 * NS_PER_MS)
/* Pages of each reading. */
#define PAGES 1024
/* Where there are many guests even short walks add up, and fewer pages must do. */
struct effort {
	size_t guests; /* for so many at most */
	uint64_t walk_max_ns;
	size_t pages;
};

static const struct effort efforts[] = {
	{ 50, WALK_MAX_NS, PAGES },
	{ 250, NS_PER_MS / 4, 256 },
	{ SIZE_MAX, NS_PER_MS / 10, 96 },
};

/* Pages that are not there cost next to nothing: of a guest that has few, more are looked at. */
#define RESIDENT_FEW 0.25
/* Fewer that are there tell nothing. */
#define PRESENT_MIN 32
/* One part in so many of the time that passes may be spent; what is not is saved up. */
#define DUTY 2000
#define DUTY_EXACT 100
#define CREDIT_MAX_NS ((int64_t)(20 * NS_PER_MS))
#define MOUNTS_NS (60 * NS_PER_SEC)
/* Of the readings. */
#define PERIOD_NS (5 * NS_PER_SEC)

struct placement {
	struct guest_list guests;
	struct cgroup_mounts mounts;
	uint64_t mounts_ns;
	int64_t credit_ns; /* CPU time that may be spent now; below 0: to be waited for */
	uint64_t credit_at_ns;
	size_t next;      /* guest to begin with */
	uint64_t each_ns; /* CPU time that a guest takes, on the average */
	const struct effort *effort;
};

void *placement_open(const struct sampling *options)
{
	(void)options;
	return xcalloc(1, sizeof(struct placement));
}

void placement_close(void *state)
{
	struct placement *p = state;

	if (!p)
		return;
	guest_list_done(&p->guests, placement_guest_done);
	cgroup_mounts_done(&p->mounts);
	free(p);
}

static bool is_denied(int error)
{
	return state_of_errno(error) == STATE_DENIED;
}

static size_t pages_of(const struct placement_guest *g, const struct effort *effort)
{
	if (g->sample.n > 0 && page_sample_resident(&g->sample) < RESIDENT_FEW)
		return PAGES;
	return effort->pages;
}

static uint64_t present_in(const struct placement_guest *g)
{
	return page_sample_present(&g->sample) + page_sample_present(&g->rest_sample);
}

/* A guest that has just been started: hardly a page of its memory is there, so hardly one was hit.
 */
static int read_empty(struct placement_guest *g, const struct placement_host *host, bool short_walk)
{
	if (placement_read_cgroup(g, host) == 0)
		return 0;
	return short_walk ? placement_read_exact(g, host) : 0;
}

/*
 * Where the right for one way is missing the other may still be there, and the cgroup nearly always
 * is. The right that was missing is returned all the same.
 */
static int read_live(const struct reading *r, struct placement_guest *g,
    const struct placement_host *host, const struct effort *effort)
{
	enum numa_mode mode = r->exact ? NUMA_EXACT : r->options->numa;
	uint64_t walk_ns = 0;
	bool walk = mode == NUMA_EXACT;
	int error;

	if (mode == NUMA_AUTO) {
		walk_ns = placement_predict_ns(g);
		walk = walk_ns <= effort->walk_max_ns;
	}
	error = walk ? placement_read_exact(g, host)
		     : placement_read_sampled(g, host, pages_of(g, effort));
	if (!walk && error == 0 && present_in(g) < PRESENT_MIN)
		error = read_empty(g, host, mode == NUMA_AUTO && walk_ns <= WALK_MAX_NS);
	if (walk && is_denied(error) && placement_read_sampled(g, host, pages_of(g, effort)) == 0)
		return 0;
	if (error && error != -ESRCH && placement_read_cgroup(g, host) == 0)
		return is_denied(error) ? error : 0;
	return error;
}

/* Samples that were taken between two readings of this lane have none: the one before holds. */
static int read_captured(
    const struct reading *r, struct placement_guest *g, const struct placement_host *host)
{
	bool walk = r->exact || r->options->numa == NUMA_EXACT;
	int error = walk ? placement_read_exact(g, host) : placement_read_captured(g, host);

	if (error)
		error = walk ? placement_read_captured(g, host) : placement_read_exact(g, host);
	if (error && placement_read_cgroup(g, host) == 0)
		error = 0;
	return error && g->method != PLACED_NOT ? 0 : error;
}

static void read_guest(struct placement *p, const struct reading *r, size_t i)
{
	struct placement_host host = { r->root, &p->mounts, r->latest };
	struct placement_guest *g = p->guests.item[i];
	enum placement_method before = g->method;
	uint64_t before_ns = g->at_ns, begun_ns = clock_mono_ns();

	g->error = placement_guest_look(g, r->root, r->latest->table[TABLE_DOMAIN].row[i]);
	if (g->error == 0) {
		placement_look_for_thp(g, &host, r->now_ns);
		g->error = root_is_live(r->root) ? read_live(r, g, &host, p->effort)
						 : read_captured(r, g, &host);
	}
	if (root_is_live(r->root) && g->at_ns != before_ns)
		g->took_ns = clock_mono_ns() - begun_ns;
	/* A reading that could not be repeated is not shown on. */
	if (g->error && g->method == before && g->at_ns == before_ns)
		g->method = PLACED_NOT;
}

static bool is_limited(const struct reading *r)
{
	return !r->exact && !reading_thorough(r);
}

static uint64_t duty(const struct reading *r)
{
	return r->options->numa == NUMA_EXACT ? DUTY_EXACT : DUTY;
}

static void earn(struct placement *p, const struct reading *r)
{
	uint64_t now_ns = reading_now(r);

	if (p->credit_at_ns == 0)
		p->credit_ns = CREDIT_MAX_NS;
	else
		p->credit_ns += (int64_t)((now_ns - p->credit_at_ns) / duty(r));
	if (p->credit_ns > CREDIT_MAX_NS)
		p->credit_ns = CREDIT_MAX_NS;
	p->credit_at_ns = now_ns;
}

static size_t count_running(const struct reading *r)
{
	const struct table *domains = &r->latest->table[TABLE_DOMAIN];
	size_t n = 0;

	for (size_t i = 0; i < domains->n; i++)
		n += guest_pid(domains->row[i]) != 0;
	return n;
}

static void choose_effort(struct placement *p, size_t running)
{
	p->effort = efforts;
	while (running > p->effort->guests)
		p->effort++;
}

static void learn(struct placement *p, uint64_t took_ns, size_t guests)
{
	if (guests)
		p->each_ns =
		    (p->each_ns ? p->each_ns + took_ns / guests : 2 * took_ns / guests) / 2;
}

/* The CPU time that it took. */
static uint64_t read_timed(struct placement *p, const struct reading *r, size_t i)
{
	uint64_t cpu_ns = clock_thread_cpu_ns();

	read_guest(p, r, i);
	cpu_ns = clock_thread_cpu_ns() - cpu_ns;
	if (is_limited(r))
		p->credit_ns -= (int64_t)cpu_ns;
	return cpu_ns;
}

/* Guests that are new: somebody waits for their first figures, and they come once. How many. */
static size_t read_new(struct placement *p, struct reading *r, uint64_t *spent_ns)
{
	const struct table *domains = &r->latest->table[TABLE_DOMAIN];
	size_t read = 0;

	for (size_t i = 0; i < domains->n; i++) {
		struct placement_guest *g = p->guests.item[i];

		if (guest_pid(domains->row[i]) == 0 || g->tried)
			continue;
		g->tried = true;
		*spent_ns += read_timed(p, r, i);
		read++;
	}
	return read;
}

/* Goes round the guests as far as the credit reaches; the next reading goes on from there. */
static size_t read_round(struct placement *p, struct reading *r, uint64_t *spent_ns)
{
	const struct table *domains = &r->latest->table[TABLE_DOMAIN];
	size_t n = domains->n, start = p->next < n ? p->next : 0, read = 0, k;

	for (k = 0; k < n && !(is_limited(r) && p->credit_ns <= 0); k++) {
		size_t i = (start + k) % n;

		if (guest_pid(domains->row[i]) == 0)
			continue;
		*spent_ns += read_timed(p, r, i);
		read++;
	}
	p->next = k < n ? (start + k) % n : 0;
	return read;
}

static void read_guests(struct placement *p, struct reading *r)
{
	uint64_t spent_ns = 0;
	size_t read;

	earn(p, r);
	read = is_limited(r) ? read_new(p, r, &spent_ns) : 0;
	if (read == 0)
		read = read_round(p, r, &spent_ns);
	if (is_limited(r))
		learn(p, spent_ns, read);
}

static void write_node(
    struct reading *r, const struct row *domain, const struct placement_guest *g, size_t node)
{
	static const char *const methods[] = {
		[PLACED_NOT] = "",
		[PLACED_EXACT] = "exact",
		[PLACED_SAMPLED] = "sampled",
		[PLACED_CGROUP] = "cgroup",
	};
	const struct placement_node *n = &g->node[node];
	struct row *row = snapshot_row(r->into, TABLE_PLACEMENT, key_of(domain->key, node + 1));

	cell_set_text(r->into, row, PLACEMENT_DOMAIN, cell_text(domain, DOMAIN_NAME), g->at_ns);
	cell_set_number(row, PLACEMENT_NODE, (double)node, g->at_ns);
	cell_set_number(row, PLACEMENT_MEMORY, n->memory_bytes, g->at_ns);
	if (n->huge_bytes >= 0)
		cell_set_number(row, PLACEMENT_HUGE, n->huge_bytes, g->at_ns);
	else
		cell_set_missing(row, PLACEMENT_HUGE, STATE_ABSENT, g->at_ns);
	cell_set_number(row, PLACEMENT_ERROR, n->error, g->at_ns);
	cell_set_text(r->into, row, PLACEMENT_METHOD, methods[g->method], g->at_ns);
	if (g->took_ns)
		cell_set_number(
		    row, PLACEMENT_TOOK, (double)g->took_ns / (double)NS_PER_SEC, g->at_ns);
}

static void write_thp(struct reading *r, const struct row *domain, const struct placement_guest *g)
{
	if (g->has_thp)
		cell_set_number(snapshot_row(r->into, TABLE_DOMAIN, domain->key), DOMAIN_THP,
		    (double)g->thp_bytes, reading_now(r));
}

static void write_guests(struct placement *p, struct reading *r)
{
	const struct table *domains = &r->latest->table[TABLE_DOMAIN];

	for (size_t i = 0; i < domains->n; i++) {
		const struct placement_guest *g = p->guests.item[i];

		write_thp(r, domains->row[i], g);
		if (g->method == PLACED_NOT)
			continue;
		for (size_t node = 0; node < g->nodes; node++)
			if (g->node[node].memory_bytes > 0)
				write_node(r, domains->row[i], g, node);
	}
}

/* "Exact of 3 guests, sampled of 1." */
static void note_counts(struct reading *r, const size_t *ways)
{
	static const char *const names[] = { NULL, "exact of", "sampled of", "by cgroup of" };
	char text[120] = "";
	size_t len = 0;

	for (size_t i = PLACED_EXACT; i <= PLACED_CGROUP; i++)
		if (ways[i])
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %zu%s",
			    len ? ", " : "", names[i], ways[i],
			    len ? "" : (ways[i] == 1 ? " guest" : " guests"));
	if (len) {
		text[0] = (char)toupper((unsigned char)text[0]);
		reading_note(r, "%s.", text);
	}
}

static void note_round(const struct placement *p, struct reading *r, size_t running)
{
	bool limited = !reading_thorough(r);
	uint64_t round_ns = p->each_ns * running * duty(r);

	if (!limited || round_ns <= PERIOD_NS)
		return;
	r->round_ns = round_ns;
	reading_note(r, "To save CPU, each guest is looked at every %.0f s only.",
	    (double)round_ns / (double)NS_PER_SEC);
}

static enum state note_ways(const struct placement *p, struct reading *r, size_t running)
{
	size_t ways[PLACED_CGROUP + 1] = { 0 }, denied = 0, unknown = 0, waiting = 0;

	for (size_t i = 0; i < p->guests.n; i++) {
		const struct placement_guest *g = p->guests.item[i];

		if (guest_pid(r->latest->table[TABLE_DOMAIN].row[i]) == 0)
			continue;
		ways[g->method]++;
		denied += is_denied(g->error);
		unknown += g->method == PLACED_NOT && g->error == -ENOENT;
		waiting += g->method == PLACED_NOT && g->error == 0;
	}
	if (running == 0)
		return STATE_OK;
	if (denied)
		reading_lacks(r, "CAP_SYS_PTRACE is missing for %zu guest%s of other users.",
		    denied, denied == 1 ? "" : "s");
	if (unknown && !root_exists(r->root, "sys/devices/system/node"))
		reading_note(r, "This kernel was built without NUMA.");
	else if (unknown)
		reading_note(r, "The memory of %zu guest%s was not recognised.", unknown,
		    unknown == 1 ? "" : "s");
	if (waiting)
		reading_note(
		    r, "%zu guest%s not looked at yet.", waiting, waiting == 1 ? " was" : "s were");
	note_counts(r, ways);
	note_round(p, r, running);
	return ways[PLACED_NOT] < running ? STATE_OK : denied ? STATE_DENIED : STATE_ABSENT;
}

enum state placement_read(struct reading *r)
{
	struct placement *p = r->state;
	size_t running;

	if (r->options->numa == NUMA_OFF && !r->exact) {
		reading_note(r, "Switched off by --numa off.");
		return STATE_ABSENT;
	}
	if (!r->latest)
		return STATE_ABSENT;
	if (p->mounts_ns == 0 || reading_thorough(r) || r->now_ns >= p->mounts_ns + MOUNTS_NS) {
		/* None: then nothing is told by cgroup. */
		cgroup_mounts_read(r->root, &p->mounts);
		p->mounts_ns = r->now_ns;
	}
	guest_list_update(
	    &p->guests, r->latest, sizeof(struct placement_guest), placement_guest_done);
	running = count_running(r);
	choose_effort(p, running);
	read_guests(p, r);
	write_guests(p, r);
	return note_ways(p, r, running);
}
