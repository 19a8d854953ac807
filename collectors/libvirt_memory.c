/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_memory.h"

#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "collectors/collector.h"
#include "collectors/xml_node.h"

/* libvirt writes limits that do not limit as its largest number of KiB, or leaves them out. */
#define UNLIMITED_BYTES (UINT64_C(1) << 62)

static uint64_t read_limit(const xmlNode *memtune, const char *element)
{
	uint64_t bytes = xml_size(xml_child(memtune, element), NULL);

	return bytes < UNLIMITED_BYTES ? bytes : 0;
}

static void add_word(struct guest_memory *m, const char *word)
{
	if (word && *word && strlen(word) < 64)
		print_format(&m->backing, "%s%s", m->backing.len ? " " : "", word);
}

/* Elements that say something by being there, and those that say it by a word. */
static void read_backing(struct guest_memory *m, const xmlNode *backing)
{
	static const char *const switches[] = { "hugepages", "nosharepages", "locked", "discard" };
	static const struct {
		const char *element, *attribute;
	} choices[] = { { "source", "type" }, { "access", "mode" }, { "allocation", "mode" } };

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (xml_child(backing, switches[i]))
			add_word(m, switches[i]);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		char *word =
		    xml_attribute_dup(xml_child(backing, choices[i].element), choices[i].attribute);

		add_word(m, word);
		free(word);
	}
}

void guest_memory_read(struct guest_memory *m, const xmlNode *domain)
{
	const xmlNode *memtune = xml_child(domain, "memtune");

	read_backing(m, xml_child(domain, "memoryBacking"));
	m->hard_limit_bytes = read_limit(memtune, "hard_limit");
	m->soft_limit_bytes = read_limit(memtune, "soft_limit");
	m->swap_limit_bytes = read_limit(memtune, "swap_hard_limit");
	m->maximum_bytes = xml_size(xml_child(domain, "maxMemory"), NULL);
}

void guest_memory_done(struct guest_memory *m)
{
	text_done(&m->backing);
}

/* 0 is a value here: an XML that has none is known to have none. */
static void write_bytes(struct reading *r, struct row *row, int column, uint64_t bytes)
{
	cell_set_number(row, column, (double)bytes, reading_now(r));
}

static void write_backing(
    struct reading *r, struct row *row, int column, const struct guest_memory *m)
{
	cell_set_text(r->into, row, column, m->backing.len ? m->backing.p : "none", reading_now(r));
}

void guest_memory_write(struct reading *r, struct row *row, const struct guest_memory *m)
{
	write_backing(r, row, DOMAIN_MEMORY_BACKING, m);
	write_bytes(r, row, DOMAIN_HARD_LIMIT, m->hard_limit_bytes);
	write_bytes(r, row, DOMAIN_SOFT_LIMIT, m->soft_limit_bytes);
	write_bytes(r, row, DOMAIN_SWAP_LIMIT, m->swap_limit_bytes);
	write_bytes(r, row, DOMAIN_MEMORY_MAXIMUM, m->maximum_bytes);
}

void guest_memory_write_saved(struct reading *r, struct row *row, const struct guest_memory *m)
{
	write_backing(r, row, DOMAIN_MEMORY_BACKING_SAVED, m);
	write_bytes(r, row, DOMAIN_HARD_LIMIT_SAVED, m->hard_limit_bytes);
	write_bytes(r, row, DOMAIN_MEMORY_MAXIMUM_SAVED, m->maximum_bytes);
}
