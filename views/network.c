/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 6: what is said of a NIC and of a device at the foot; parts that are there only if needed.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
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

/* "web1 net0: virtio by vhost-net, 4 queues, …" */
const char *nic_sentence(struct page *p, const struct row *row)
{
	const char *model = cell_text(row, NIC_MODEL), *backend = cell_text(row, NIC_BACKEND);
	struct text t = { 0 };
	const char *sentence;

	add(&t, page_printf(p, "%s %s: %s", cell_text(row, NIC_DOMAIN), cell_text(row, NIC_NAME),
		    *model ? model : "model not known"));
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

const char *device_sentence(struct page *p, const struct row *row)
{
	const char *nodes = cell_text(row, PCI_GUEST_NODES), *local = cell_text(row, PCI_LOCAL);
	const char *where = "";

	if (!cell_has(row, PCI_NODE))
		where = "; the firmware does not tell its node";
	else if (strcmp(local, "yes") == 0)
		where = page_printf(p, "; it lies on node %.0f, where the guest runs",
		    cell_number(row, PCI_NODE, 0));
	else if (*nodes)
		where = page_printf(p, "; it lies on node %.0f, the guest runs on %s %s",
		    cell_number(row, PCI_NODE, 0), strpbrk(nodes, ",-") ? "nodes" : "node", nodes);
	return page_printf(p, "%s has the %s device %s (%s), known by the %s%s.",
	    cell_text(row, PCI_DOMAIN), cell_text(row, PCI_CLASS), cell_text(row, PCI_ADDRESS),
	    cell_text(row, PCI_ID), cell_text(row, PCI_KNOWN_BY), where);
}
