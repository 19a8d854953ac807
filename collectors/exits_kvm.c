/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/exits_kvm.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/exit_tally.h"

/* Of one guest. Between counts of its vCPUs and of its machine nothing can be subtracted. */
struct exits_known {
	uint32_t pid;
	uint64_t born;
	uint64_t exits, at_ns;
	bool by_vcpus, lacks;
};

void exits_kvm_clear(struct exits_kvm *k)
{
	free(k->known);
	*k = (struct exits_kvm){ 0 };
}

static void add_vcpu(struct exits_known *known, const struct row *row)
{
	const struct cell *cell = &row->cell[VCPU_EXITS];

	known->lacks |= !cell_has(row, VCPU_EXITS);
	known->by_vcpus = true;
	known->exits += cell_has(row, VCPU_EXITS) ? cell->count : 0;
	if (cell->at_ns > known->at_ns)
		known->at_ns = cell->at_ns;
}

static void take_whole(struct exits_known *known, const struct row *domain)
{
	*known = (struct exits_known){ .lacks = !cell_has(domain, DOMAIN_VM_EXITS) };
	if (known->lacks)
		return;
	known->exits = domain->cell[DOMAIN_VM_EXITS].count;
	known->at_ns = domain->cell[DOMAIN_VM_EXITS].at_ns;
}

static int compare_known(const void *left, const void *right)
{
	const struct exits_known *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Guests of which nobody counts all exits are left out. */
static struct exits_kvm counts_of(const struct snapshot *s)
{
	const struct table *domains = &s->table[TABLE_DOMAIN], *vcpus = &s->table[TABLE_VCPU];
	struct exits_kvm k = { .known = xcalloc(domains->n + 1, sizeof(*k.known)) };

	for (size_t i = 0; i < vcpus->n; i++)
		if (vcpus->row[i]->domain)
			add_vcpu(&k.known[vcpus->row[i]->domain->number], vcpus->row[i]);
	for (size_t i = 0; i < domains->n; i++) {
		struct exits_known *known = &k.known[i];

		if (known->lacks || !known->by_vcpus)
			take_whole(known, domains->row[i]);
		known->pid = guest_pid(domains->row[i]);
		known->born = domains->row[i]->key.born;
		if (known->pid && !known->lacks)
			k.known[k.n++] = *known;
	}
	qsort(k.known, k.n, sizeof(*k.known), compare_known);
	return k;
}

/* The same guest, counted alike; NULL: its count begins. */
static const struct exits_known *find_before(
    const struct exits_kvm *k, const struct exits_known *now)
{
	const struct exits_known *before =
	    k->n ? bsearch(now, k->known, k->n, sizeof(*now), compare_known) : NULL;

	if (!before || before->born != now->born || before->by_vcpus != now->by_vcpus ||
	    before->exits > now->exits)
		return NULL;
	return before;
}

void exits_kvm_scale(struct exits_kvm *k, const struct snapshot *s, struct exit_tally *tally)
{
	struct exits_kvm now = counts_of(s);
	struct exit_count *counts = xcalloc(now.n + 1, sizeof(*counts));

	for (size_t i = 0; i < now.n; i++) {
		const struct exits_known *before = find_before(k, &now.known[i]);

		counts[i] = (struct exit_count){ .guest = now.known[i].pid, .begins = !before };
		if (before && before->at_ns < now.known[i].at_ns)
			counts[i].exits = (double)(now.known[i].exits - before->exits);
	}
	exit_tally_scale(tally, counts, now.n);
	for (size_t i = 0; i < now.n; i++)
		if (!counts[i].taken)
			now.known[i] = *find_before(k, &now.known[i]);
	free(counts);
	exits_kvm_clear(k);
	*k = now;
}
