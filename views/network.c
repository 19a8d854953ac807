/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 6: what is said of a NIC and of a device at the foot; parts that are there only if needed.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/format.h"
#include "views/page.h"
#include "views/parts.h"

/* Most guests have no device of the host, and a heading over nothing helps nobody. */
void network_build_if_any(struct page *p, struct pane *pane)
{
	size_t n;

	pane_rows(p, pane, &n);
	if (n || pane->hidden)
		pane_build_table(p, pane);
}

static void add(struct text *t, const char *text)
{
	text_append(t, text, strlen(text));
}

static void tell_queues(struct page *p, struct text *t, const struct row *row)
{
	double given = cell_number(row, NIC_QUEUES, 0),
	       on = cell_number(row, NIC_QUEUES_ENABLED, 0);

	if (given <= 1)
		return;
	add(t, page_printf(p, ", %.0f queues", given));
	if (on > 0)
		add(t, page_printf(p, ", %.0f of them switched on by the guest", on));
}

static void tell_way(struct page *p, struct text *t, const struct row *row)
{
	const char *interface = cell_text(row, NIC_INTERFACE), *bridge = cell_text(row, NIC_BRIDGE);
	const char *uplink = cell_text(row, NIC_UPLINK);
	double guests = cell_number(row, NIC_BRIDGE_GUESTS, 1);

	if (!*interface)
		return;
	add(t, page_printf(p, "; %s %s", cell_text(row, NIC_TYPE), interface));
	if (*bridge)
		add(t, page_printf(p, " on %s", bridge));
	if (*bridge && guests > 1)
		add(t,
		    page_printf(p, " with %.0f other guest%s", guests - 1, guests == 2 ? "" : "s"));
	if (strcmp(uplink, "none") == 0)
		add(t, ", which leads to no interface of the host");
	else if (*uplink)
		add(t, page_printf(p, ", out by %s", uplink));
}

static void tell_workers(struct page *p, struct text *t, const struct row *row)
{
	const char *workers = cell_text(row, NIC_WORKERS), *of = cell_text(row, NIC_WORKERS_OF);
	bool several = strchr(workers, ' ') != NULL;

	if (!*workers)
		return;
	add(t, page_printf(p, "; vhost worker%s %s", several ? "s" : "", workers));
	if (cell_has(row, NIC_VHOST_CPUS))
		add(t, page_printf(p, ", last on CPU %s", cell_text(row, NIC_VHOST_CPUS)));
	if (cell_has(row, NIC_VHOST_NODES))
		add(t, page_printf(p, " of node %s", cell_text(row, NIC_VHOST_NODES)));
	if (strcmp(of, "guest") == 0)
		add(t, several ? ", which serve all vhost devices of the guest"
			       : ", which serves all vhost devices of the guest");
}

static double rate_of(enum table_id table, const struct row *row, int column)
{
	double v;

	return cell_value(&table_kinds[table].column[column], &row->cell[column], &v) ? v : 0;
}

static void tell_drops(struct page *p, struct text *t, const struct row *row)
{
	double in = rate_of(TABLE_NIC, row, NIC_RECEIVE_DROPS);
	double out = rate_of(TABLE_NIC, row, NIC_TRANSMIT_DROPS);
	char text[FORMAT_SIZE];

	if (mark_of(TABLE_NIC, row, NIC_DROPS) == MARK_NONE)
		return;
	format_short(rate_of(TABLE_NIC, row, NIC_DROPS), 6, text);
	add(t, page_printf(p, "%s packets/s are dropped%s; ", text,
		   in > 0 && out > 0 ? ", in both directions"
		   : in > 0          ? ", on their way to it"
				     : ", of those that it sends"));
}

/* That of its workers which ran most; NULL where they cannot be told from others. */
static const struct row *busiest_of(const struct page *p, const struct row *row)
{
	const struct table *t = &p->now->table[TABLE_THREAD];
	const char *workers = page_printf((struct page *)p, " %s ", cell_text(row, NIC_WORKERS));
	const struct row *busiest = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const char *tid;

		if (t->row[i]->domain != row->domain)
			continue;
		tid =
		    page_printf((struct page *)p, " %.0f ", cell_number(t->row[i], THREAD_TID, 0));
		if (strstr(workers, tid) &&
		    (!busiest || rate_of(TABLE_THREAD, t->row[i], THREAD_RUN) >
				     rate_of(TABLE_THREAD, busiest, THREAD_RUN)))
			busiest = t->row[i];
	}
	return busiest;
}

/* A worker that can do no more, or that has no CPU, is why a NIC drops. */
static void tell_busiest(struct page *p, struct text *t, const struct row *row)
{
	const struct row *worker = busiest_of(p, row);
	const char *which = "";
	char text[FORMAT_SIZE];

	if (worker)
		which = page_printf(p, " %.0f", cell_number(worker, THREAD_TID, 0));
	if (worker && cell_has(worker, THREAD_CPU))
		which = page_printf(p, "%s on CPU %.0f", which, cell_number(worker, THREAD_CPU, 0));
	format_integer(rate_of(TABLE_NIC, row, NIC_VHOST_BUSIEST) * 100, 4, text);
	if (mark_of(TABLE_NIC, row, NIC_VHOST_BUSIEST) != MARK_NONE)
		add(t, page_printf(p, "vhost worker%s is %s %% busy; ", which, text));
	format_integer(rate_of(TABLE_NIC, row, NIC_VHOST_WAIT) * 100, 4, text);
	if (mark_of(TABLE_NIC, row, NIC_VHOST_WAIT) != MARK_NONE)
		add(t, page_printf(p, "a vhost worker waits %s %% for a CPU; ", text));
}

/* What goes wrong comes first: "web1 net0: 120 packets/s are dropped, on their way to it; vhost
 * worker 1150 on CPU 1 is 82 % busy; virtio by vhost-net, 4 queues, …" */
const char *nic_sentence(struct page *p, const struct row *row)
{
	const char *model = cell_text(row, NIC_MODEL), *backend = cell_text(row, NIC_BACKEND);
	struct text t = { 0 };
	const char *sentence;

	add(&t, page_printf(p, "%s %s: ", cell_text(row, NIC_DOMAIN), cell_text(row, NIC_NAME)));
	tell_drops(p, &t, row);
	tell_busiest(p, &t, row);
	add(&t, *model ? model : "model not known");
	if (*backend)
		add(&t, page_printf(p, " by %s", backend));
	tell_queues(p, &t, row);
	tell_way(p, &t, row);
	tell_workers(p, &t, row);
	add(&t, ".");
	if (cell_has(row, NIC_REMARK))
		add(&t, page_printf(p, " %s", cell_text(row, NIC_REMARK)));
	sentence = page_printf(p, "%s", t.p);
	text_done(&t);
	return sentence;
}

/* "br0: bridge, out by eth0; guests web db old." */
const char *interface_sentence(struct page *p, const struct row *row)
{
	const char *uplink = cell_text(row, INTERFACE_UPLINK);
	const char *master = cell_text(row, INTERFACE_MASTER);
	const char *guests = cell_text(row, INTERFACE_GUESTS);
	const char *kind = cell_text(row, INTERFACE_KIND);
	const char *way = "";

	if (strcmp(uplink, "none") == 0)
		way = ", which leads to no interface of the host";
	else if (*uplink)
		way = page_printf(p, ", out by %s", uplink);
	return page_printf(p, "%s: %s%s%s%s%s%s.", cell_text(row, INTERFACE_NAME), kind,
	    *master ? ", a port of " : "", master, way, *guests ? "; guests " : "", guests);
}

const char *device_sentence(struct page *p, const struct row *row)
{
	const char *nodes = cell_text(row, PCI_GUEST_NODES), *local = cell_text(row, PCI_LOCAL);
	const char *whole = cell_text(row, PCI_PARENT), *where = "";

	if (!cell_has(row, PCI_NODE))
		where = "; the firmware does not tell its node";
	else if (strcmp(local, "yes") == 0)
		where = page_printf(p, "; it lies on node %.0f, where the guest runs",
		    cell_number(row, PCI_NODE, 0));
	else if (*nodes)
		where = page_printf(p, "; it lies on node %.0f, the guest runs on %s %s",
		    cell_number(row, PCI_NODE, 0), strpbrk(nodes, ",-") ? "nodes" : "node", nodes);
	return page_printf(p, "%s has the %s device %s (%s)%s%s, known by the %s%s.",
	    cell_text(row, PCI_DOMAIN), cell_text(row, PCI_CLASS), cell_text(row, PCI_ADDRESS),
	    cell_text(row, PCI_ID), *whole ? ", a part of " : "", whole,
	    cell_text(row, PCI_KNOWN_BY), where);
}
