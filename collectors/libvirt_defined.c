/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_defined.h"

#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/libvirt_link.h"
#include "collectors/libvirt_xml.h"
#include "collectors/values.h"

#define AGAIN_NS (60 * NS_PER_SEC)

struct definition {
	char uuid[LIBVIRT_UUID_SIZE];
	char *name, *nodes, *backing; /* NULL: the XML does not say */
	bool autostart, huge_pages;
	uint64_t memory_bytes, huge_page_bytes; /* 0: not known; the host's default */
	char *xml;                              /* for a capture */
};

struct listing {
	struct definitions *d;
	bool keep_xml;
};

static void forget(struct definitions *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->item[i].name);
		free(d->item[i].nodes);
		free(d->item[i].backing);
		free(d->item[i].xml);
	}
	d->n = 0;
	d->known = false;
}

void definitions_done(struct definitions *d)
{
	forget(d);
	free(d->item);
	*d = (struct definitions){ 0 };
}

/* Of a guest with nodes of its own, those of all of them together. NULL: not bound. */
static char *nodes_of(const struct libvirt_domain_xml *x)
{
	struct cpuset all = { 0 };
	char *list = NULL;

	if (x->numa_automatic)
		return NULL;
	cpuset_add(&all, &x->numa_nodes);
	for (size_t i = 0; i < x->n_cell_policies; i++)
		cpuset_add(&all, &x->cell_policy[i].nodes);
	if (!cpuset_empty(&all))
		list = cpuset_format_dup(&all);
	cpuset_done(&all);
	return list;
}

static void take_xml(struct definition *new, const char *xml)
{
	struct libvirt_domain_xml x;

	if (!xml || libvirt_domain_xml_parse(xml, strlen(xml), &x) < 0)
		return;
	new->memory_bytes = x.memory_bytes;
	new->huge_pages = x.huge_pages;
	new->huge_page_bytes = x.huge_page_bytes;
	new->nodes = nodes_of(&x);
	new->backing = xstrdup(x.memory.backing.len ? x.memory.backing.p : "none");
	libvirt_domain_xml_done(&x);
}

static void take(void *ctx, const struct libvirt_guest *guest, bool autostart, const char *xml)
{
	struct listing *l = ctx;
	struct definition *new;

	l->d->item = xgrow(l->d->item, l->d->n, &l->d->cap, sizeof(*l->d->item));
	new = &l->d->item[l->d->n++];
	*new = (struct definition){ .name = xstrdup(guest->name), .autostart = autostart };
	memcpy(new->uuid, guest->uuid, sizeof(new->uuid));
	take_xml(new, xml);
	if (xml && l->keep_xml)
		new->xml = xstrdup(xml);
}

static void set_text(const struct reading *r, struct row *row, int column, const char *text)
{
	if (text)
		cell_set_text(r->into, row, column, text, reading_now(r));
}

static void write_row(
    const struct reading *r, const struct definition *d, uint64_t default_page_bytes)
{
	/* The host's own: there is no guest that it could belong to. */
	struct row *row = snapshot_row(r->into, TABLE_DEFINED, key_host(key_item(d->uuid)));
	uint64_t at = reading_now(r);
	uint64_t page_bytes = d->huge_page_bytes ? d->huge_page_bytes : default_page_bytes;

	set_text(r, row, DEFINED_NAME, d->name);
	set_text(r, row, DEFINED_UUID, d->uuid);
	set_text(r, row, DEFINED_AUTOSTART, d->autostart ? "yes" : "no");
	set_text(r, row, DEFINED_NODES, d->nodes);
	set_text(r, row, DEFINED_MEMORY_BACKING, d->backing);
	if (d->memory_bytes)
		cell_set_number(row, DEFINED_MEMORY, (double)d->memory_bytes, at);
	if (d->huge_pages && page_bytes)
		cell_set_number(row, DEFINED_HUGE_SIZE, (double)page_bytes, at);
}

static void write_rows(const struct definitions *d, const struct reading *r)
{
	struct row *host = snapshot_row(r->into, TABLE_HOST, key_host(0));
	uint64_t page_bytes = host_huge_page_bytes(r->root);

	cell_set_number(host, HOST_DEFINED, (double)d->n, reading_now(r));
	for (size_t i = 0; i < d->n; i++)
		write_row(r, &d->item[i], page_bytes);
}

void definitions_read(
    struct definitions *d, struct libvirt_link *link, struct reading *r, bool changed)
{
	struct listing l = { d, reading_thorough(r) };

	/* What is defined elsewhere wants nothing of this host. */
	if (!link->ops->is_local(link->connection))
		return;
	if (changed || reading_thorough(r) || d->at_ns == 0 || r->now_ns >= d->at_ns + AGAIN_NS) {
		forget(d);
		d->known = link->ops->definitions(link->connection, take, &l, link->error) == 0;
		d->at_ns = r->now_ns;
	}
	if (d->known)
		write_rows(d, r);
}

void definitions_note(const struct definitions *d, const struct reading *r, struct text *out)
{
	if (!d->known)
		return;
	print_text(out, "definitions\n");
	for (size_t i = 0; i < d->n; i++) {
		const struct definition *def = &d->item[i];
		char *path = xasprintf("kvmtop/libvirt/%s.saved", def->uuid);

		print_format(out, "defined %s %s %.*s\n", def->uuid, def->autostart ? "yes" : "no",
		    (int)strcspn(def->name, "\n"), def->name);
		if (def->xml)
			root_note(r->root, path, def->xml, strlen(def->xml));
		free(path);
	}
}
