/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/placement.h"

#include <stdlib.h>
#include <string.h>

#include "advisor/judge.h"
#include "base/cpulist.h"
#include "base/xalloc.h"

/* A guest with so much of its memory on one node may stay. */
#define SETTLED 0.95
/* Memory is dear to move and vCPUs are not: where a guest runs decides only where its memory lies
 * evenly. */
#define RUN_WEIGHT 0.25
/* The node shall not be full to the last page afterwards. */
#define HEADROOM 1.1
/* What takes so much of a node's memory should see several. */
#define WIDE 0.90
/* On a host with more vCPUs than CPUs a node may be so much fuller than the mean. */
#define CROWDING 1.25

/* As they are before any proposal. */
static void read_places(struct placement *p, const struct subject *s)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_NODE, NULL, &n);

	p->place = xcalloc(n + 1, sizeof(*p->place));
	for (size_t i = 0; i < n; i++) {
		double total = cell_number(rows[i], NODE_TOTAL, 0);

		if (total <= 0)
			continue;
		p->place[p->places++] = (struct place){
			.node = (int)cell_number(rows[i], NODE_NUMBER, -1),
			.cpus = cell_text(rows[i], NODE_CPUS),
			.cpu_count = cell_number(rows[i], NODE_CPU_COUNT, 0),
			.total_bytes = total,
			.free_bytes = cell_number(rows[i], NODE_FREE, 0) +
				      cell_number(rows[i], NODE_INACTIVE_FILE, 0),
		};
		cpuset_parse_list(&p->place[p->places - 1].cpu_set, p->place[p->places - 1].cpus);
	}
}

/* Lists of CPUs take longer to read than all the rest of a look, so they are read once. */
static void take_places(struct placement *p, const struct subject *s)
{
	/* What is kept here changes nothing that anybody sees. */
	struct judge *j = (struct judge *)s->judge;

	if (!j->house) {
		j->house = xcalloc(1, sizeof(*j->house));
		read_places(j->house, s);
	}
	p->places = j->house->places;
	p->place = xcalloc(p->places + 1, sizeof(*p->place));
	memcpy(p->place, j->house->place, p->places * sizeof(*p->place));
	p->lends_cpus = true;
}

int place_of_node(const struct placement *p, double node)
{
	for (size_t i = 0; i < p->places; i++)
		if (p->place[i].node == (int)node)
			return (int)i;
	return -1;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* The most that any one place has, of memory and of CPUs. */
static void find_largest(const struct placement *p, double *ret_bytes, double *ret_cpus)
{
	*ret_bytes = *ret_cpus = 0;
	for (size_t i = 0; i < p->places; i++) {
		*ret_bytes = larger(*ret_bytes, p->place[i].total_bytes);
		*ret_cpus = larger(*ret_cpus, p->place[i].cpu_count);
	}
}

static double given_bytes(const struct stay *stay)
{
	return cell_number(stay->domain, DOMAIN_MEMORY, 0);
}

static unsigned nodes_for(const struct placement *p, double bytes, double vcpus)
{
	double most_bytes, most_cpus, need = 1;

	find_largest(p, &most_bytes, &most_cpus);
	if (most_bytes > 0)
		need = larger(need, bytes / most_bytes);
	if (most_cpus > 0)
		need = larger(need, vcpus / most_cpus);
	return (unsigned)ceil(need);
}

/* How many nodes it takes to hold all of the guest's memory and vCPUs. */
static unsigned nodes_needed(const struct placement *p, const struct stay *stay)
{
	return nodes_for(p, larger(given_bytes(stay), stay->total_bytes), stay->vcpus);
}

static unsigned count_words(const char *text)
{
	unsigned n = 0;

	for (const char *c = text; *c; c++)
		n += *c != ' ' && (c == text || c[-1] == ' ');
	return n;
}

static unsigned cells_of(const struct placement *p, const struct stay *stay)
{
	double vcpus = cell_number(stay->domain, DOMAIN_VCPUS_MAXIMUM, stay->vcpus);
	double most_bytes, most_cpus;
	unsigned has = count_words(cell_text(stay->domain, DOMAIN_CELLS));
	unsigned needs = nodes_for(p, given_bytes(stay), vcpus);

	if (has > 0)
		return has;
	find_largest(p, &most_bytes, &most_cpus);
	return needs < 2 && given_bytes(stay) > WIDE * most_bytes ? 2 : needs;
}

static int find_home(const struct placement *p, const struct stay *stay)
{
	double best = 0;
	int home = -1;

	for (size_t i = 0; i < p->places && stay->total_bytes > 0; i++) {
		double score = stay->held_bytes[i] / stay->total_bytes;

		if (stay->total_run > 0)
			score += RUN_WEIGHT * stay->run[i] / stay->total_run;
		if (score > best) {
			best = score;
			home = (int)i;
		}
	}
	return home;
}

static void look_at(
    const struct placement *p, const struct subject *s, const struct row *domain, struct stay *stay)
{
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_PLACEMENT, domain, &n);

	*stay = (struct stay){ .domain = domain, .home = -1, .target = -1 };
	stay->held_bytes = xcalloc(3 * p->places + 1, sizeof(double));
	stay->huge_bytes = stay->held_bytes + p->places;
	stay->run = stay->huge_bytes + p->places;
	stay->vcpus = cell_number(domain, DOMAIN_VCPUS, 0);
	for (size_t i = 0; i < n; i++) {
		int at = place_of_node(p, cell_number(rows[i], PLACEMENT_NODE, -1));

		if (at < 0)
			continue;
		stay->held_bytes[at] = cell_number(rows[i], PLACEMENT_MEMORY, 0);
		stay->huge_bytes[at] = cell_number(rows[i], PLACEMENT_HUGE, 0);
		stay->run[at] = cell_number(rows[i], PLACEMENT_RUN_MEAN, 0);
		stay->total_bytes += stay->held_bytes[at];
		stay->total_huge_bytes += stay->huge_bytes[at];
		stay->total_run += stay->run[at];
	}
	stay->nodes_needed = nodes_needed(p, stay);
	stay->cells = cells_of(p, stay);
	stay->home = find_home(p, stay);
}

void placement_look(struct placement *p, const struct subject *s, const struct row *domain)
{
	*p = (struct placement){ .stays = 1 };
	take_places(p, s);
	p->stay = xcalloc(1, sizeof(*p->stay));
	look_at(p, s, domain, p->stay);
}

void placement_done(struct placement *p)
{
	for (size_t i = 0; i < p->stays; i++) {
		free(p->stay[i].held_bytes);
		free(p->stay[i].reach);
		free(p->stay[i].spread);
	}
	for (size_t i = 0; i < p->places && !p->lends_cpus; i++)
		cpuset_done(&p->place[i].cpu_set);
	free(p->stay);
	free(p->place);
	free(p->mover);
	*p = (struct placement){ 0 };
}

const struct stay *placement_of(const struct placement *p, const struct row *domain)
{
	size_t number = domain->number;

	return number < p->stays && p->stay[number].domain == domain ? &p->stay[number] : NULL;
}

static void add_reach(const struct placement *p, const char *cpus, bool *reach)
{
	struct cpuset may = { 0 };

	if (cpuset_parse_list(&may, cpus) == 0)
		for (size_t i = 0; i < p->places; i++)
			reach[i] |= cpuset_intersects(&may, &p->place[i].cpu_set);
	cpuset_done(&may);
}

bool placement_reach(const struct placement *p, const struct subject *s, struct stay *stay)
{
	const char *last = "";
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, stay->domain, &n);
	bool *reach = xcalloc(p->places + 1, sizeof(*reach)), known = n > 0;

	for (size_t i = 0; i < n && known; i++) {
		const char *cpus = cell_text(rows[i], VCPU_AFFINITY);

		known = *cpus;
		/* Those of one guest are mostly alike. */
		if (strcmp(cpus, last) != 0)
			add_reach(p, cpus, reach);
		last = cpus;
	}
	free(stay->reach);
	stay->reach = reach;
	if (!known) {
		free(reach);
		stay->reach = NULL;
	}
	return known;
}

static int compare_down(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

double stay_share(const struct placement *p, const struct stay *stay, unsigned n)
{
	double *held = xcalloc(p->places + 1, sizeof(*held)), sum = 0;

	memcpy(held, stay->held_bytes, p->places * sizeof(*held));
	qsort(held, p->places, sizeof(*held), compare_down);
	for (size_t i = 0; i < p->places && i < n; i++)
		sum += held[i];
	free(held);
	return stay->total_bytes > 0 ? sum / stay->total_bytes : 0;
}

double stay_remote_bytes(const struct stay *stay, int place)
{
	return stay->total_bytes - stay->held_bytes[place];
}

/* Free memory in the node's pools of the page size that the guest uses. */
static double pool_free_bytes(const struct subject *s, int node, double page_bytes)
{
	double bytes = 0;
	size_t n;
	const struct row *const *rows = subject_rows(s, TABLE_HUGEPOOL, NULL, &n);

	for (size_t i = 0; i < n; i++) {
		double size = cell_number(rows[i], HUGEPOOL_PAGE_SIZE, 0);

		if ((int)cell_number(rows[i], HUGEPOOL_NODE, -1) == node &&
		    (page_bytes <= 0 || size == page_bytes))
			bytes += cell_number(rows[i], HUGEPOOL_FREE, 0) * size;
	}
	return bytes;
}

/* A guest that is bound by its definition gets no memory elsewhere, whatever its vCPUs do. */
static bool is_allowed(const struct stay *stay, int node)
{
	const char *policy = cell_text(stay->domain, DOMAIN_NUMA_MODE), *list;
	struct cpuset nodes = { 0 };
	bool allowed = true;

	if (strncmp(policy, "strict", 6) != 0 && strncmp(policy, "restrictive", 11) != 0)
		return true;
	list = strrchr(policy, ' ');
	if (list && cpuset_parse_list(&nodes, list + 1) == 0 && !cpuset_empty(&nodes))
		allowed = cpuset_test(&nodes, (unsigned)node);
	cpuset_done(&nodes);
	return allowed;
}

/* By what is free now and what proposals have taken. */
static bool has_memory_for(
    const struct placement *p, const struct subject *s, const struct stay *stay, int place)
{
	const struct place *to = &p->place[place];
	double huge = stay->total_huge_bytes - stay->huge_bytes[place];
	double plain = stay_remote_bytes(stay, place) - huge;

	if (!*to->cpus || !is_allowed(stay, to->node) || plain * HEADROOM > to->free_bytes)
		return false;
	return huge <= 0 ||
	       huge + to->huge_taken_bytes <=
		   pool_free_bytes(s, to->node, cell_number(stay->domain, DOMAIN_HUGE_SIZE, 0));
}

/* A node may hold as many vCPUs as it has CPUs, or its part of an overcommitted host's. */
static void find_crowding(struct placement *p)
{
	double vcpus = 0, cpus = 0;

	for (size_t i = 0; i < p->stays; i++)
		vcpus += p->stay[i].vcpus;
	for (size_t i = 0; i < p->places; i++)
		cpus += p->place[i].cpu_count;
	p->crowding = larger(1, cpus > 0 ? CROWDING * vcpus / cpus : 1);
}

/* Those that are counted there already leave CPUs for so many more. */
static bool has_cpus_for(const struct placement *p, double vcpus, int place)
{
	return p->place[place].vcpus + vcpus <= p->place[place].cpu_count * p->crowding;
}

bool placement_has_room(
    const struct placement *p, const struct subject *s, const struct stay *stay, int place)
{
	return has_cpus_for(p, stay->vcpus, place) && has_memory_for(p, s, stay, place);
}

/* Those that stay keep their place; one that needs several nodes counts where it runs, and one
 * whose vCPUs must not run at home has to go somewhere. */
static void settle(struct placement *p, struct stay *stay)
{
	if (stay->home < 0)
		return;
	if (stay->nodes_needed > 1) {
		stay->is_settled = true;
		for (size_t i = 0; i < p->places; i++)
			p->place[i].vcpus += stay->vcpus * stay->held_bytes[i] / stay->total_bytes;
		return;
	}
	p->place[stay->home].is_home = true;
	if (stay->held_bytes[stay->home] < SETTLED * stay->total_bytes ||
	    (stay->reach && !stay->reach[stay->home]))
		return;
	stay->is_settled = true;
	stay->target = stay->home;
}

/* It may run nowhere but at home, or nobody knows where it may. */
static bool is_tied(const struct placement *p, const struct stay *stay)
{
	for (size_t i = 0; stay->reach && i < p->places; i++)
		if (stay->reach[i] && (int)i != stay->home)
			return false;
	return true;
}

/* Of those that stay at home who must run there has CPUs before who could run elsewhere as well;
 * all of them count. */
static void seat(struct placement *p, bool tied)
{
	for (size_t i = 0; i < p->stays; i++) {
		struct stay *stay = &p->stay[i];

		if (stay->target < 0 || stay->target != stay->home || is_tied(p, stay) != tied)
			continue;
		stay->has_seat = has_cpus_for(p, stay->vcpus, stay->home);
		p->place[stay->home].vcpus += stay->vcpus;
	}
}

/* What others leave behind is not counted: each proposal must be possible on its own. */
void placement_send(struct placement *p, struct stay *stay, int place)
{
	struct place *to = &p->place[place];
	double huge = stay->total_huge_bytes - stay->huge_bytes[place];

	stay->target = place;
	stay->has_seat = true;
	to->is_target = true;
	to->vcpus += stay->vcpus;
	to->free_bytes -= stay_remote_bytes(stay, place) - huge;
	to->huge_taken_bytes += huge;
}

static int compare_stays(const void *a, const void *b)
{
	const struct stay *x = *(struct stay *const *)a, *y = *(struct stay *const *)b;
	double held_x = x->held_bytes[x->home], held_y = y->held_bytes[y->home];

	if (held_x != held_y)
		return held_x < held_y ? 1 : -1;
	return x->domain->number < y->domain->number ? -1 : 1;
}

/* How good a place is for one whose home has no room, best first: where alone it may run now; a
 * node where nobody lives and nobody is sent to; any other. */
static int appeal_of(const struct placement *p, const struct stay *stay, int place)
{
	const struct place *to = &p->place[place];

	if (stay->reach && !stay->reach[stay->home] && stay->reach[place])
		return 2;
	return !to->is_home && !to->is_target;
}

/* Of the best places the one that holds most of it, then the emptiest. */
static int find_other(const struct placement *p, const struct subject *s, const struct stay *stay)
{
	int best = -1;

	for (int i = 0; i < (int)p->places; i++) {
		int appeal = appeal_of(p, stay, i), most = best < 0 ? -1 : appeal_of(p, stay, best);

		if (i == stay->home || !placement_has_room(p, s, stay, i))
			continue;
		if (appeal > most ||
		    (appeal == most &&
			(stay->held_bytes[i] > stay->held_bytes[best] ||
			    (stay->held_bytes[i] == stay->held_bytes[best] &&
				p->place[i].free_bytes > p->place[best].free_bytes))))
			best = i;
	}
	return best;
}

/* What it holds of a place, or could have there at its next start. */
static double room_for(
    const struct placement *p, const struct subject *s, const struct stay *stay, size_t place)
{
	const struct place *to = &p->place[place];
	double page_bytes = cell_number(stay->domain, DOMAIN_HUGE_SIZE, 0);

	if (page_bytes > 0)
		return stay->huge_bytes[place] + pool_free_bytes(s, to->node, page_bytes) -
		       to->huge_taken_bytes;
	return stay->held_bytes[place] + to->free_bytes / HEADROOM;
}

/* A place for each of its own nodes, those with most room first; of each an equal part. */
static void spread(struct placement *p, const struct subject *s, struct stay *stay)
{
	bool *chosen = xcalloc(p->places + 1, sizeof(*chosen));
	double part = given_bytes(stay) / stay->cells;
	unsigned n = 0;

	for (int best = 0; best >= 0 && n < stay->cells; n += best >= 0) {
		best = -1;
		for (int i = 0; i < (int)p->places; i++)
			if (!chosen[i] && *p->place[i].cpus && is_allowed(stay, p->place[i].node) &&
			    room_for(p, s, stay, (size_t)i) >= part &&
			    (best < 0 || room_for(p, s, stay, (size_t)i) >
					     room_for(p, s, stay, (size_t)best)))
				best = i;
		if (best >= 0)
			chosen[best] = true;
	}
	if (n < stay->cells) {
		free(chosen);
		return;
	}
	stay->spread = chosen;
	for (size_t i = 0; i < p->places; i++) {
		if (!chosen[i])
			continue;
		p->place[i].is_target = true;
		if (cell_number(stay->domain, DOMAIN_HUGE_SIZE, 0) > 0)
			p->place[i].huge_taken_bytes += larger(0, part - stay->huge_bytes[i]);
		else
			p->place[i].free_bytes -= larger(0, part - stay->held_bytes[i]);
	}
}

bool is_spread_to(const struct stay *stay, size_t place)
{
	return stay->spread && stay->spread[place];
}

static void propose(struct placement *p, const struct subject *s)
{
	const struct table *guests = &s->now->table[TABLE_DOMAIN];
	struct stay **open = xcalloc(guests->n + 1, sizeof(struct stay *));
	size_t n = 0;

	*p = (struct placement){ .stays = guests->n };
	take_places(p, s);
	p->stay = xcalloc(guests->n + 1, sizeof(*p->stay));
	for (size_t i = 0; i < guests->n; i++) {
		look_at(p, s, guests->row[i], &p->stay[i]);
		placement_reach(p, s, &p->stay[i]);
		settle(p, &p->stay[i]);
		if (p->stay[i].home >= 0 && !p->stay[i].is_settled)
			open[n++] = &p->stay[i];
	}
	find_crowding(p);
	seat(p, true);
	seat(p, false);
	for (size_t i = 0; i < p->stays; i++)
		if (p->stay[i].cells > 1)
			spread(p, s, &p->stay[i]);
	/* All that can go home do so before anybody is sent elsewhere. */
	if (n > 0)
		qsort(open, n, sizeof(struct stay *), compare_stays);
	for (size_t i = 0; i < n; i++)
		if (placement_has_room(p, s, open[i], open[i]->home))
			placement_send(p, open[i], open[i]->home);
	for (size_t i = 0; i < n; i++) {
		int other = open[i]->target < 0 ? find_other(p, s, open[i]) : -1;

		if (other >= 0)
			placement_send(p, open[i], other);
	}
	free(open);
}

struct placement *placement_proposed(const struct subject *s)
{
	/* What is kept here changes nothing that anybody sees. */
	struct judge *j = (struct judge *)s->judge;

	if (!j->proposal) {
		j->proposal = xcalloc(1, sizeof(*j->proposal));
		propose(j->proposal, s);
	}
	return j->proposal;
}
