/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/xml_node.h"

#include <libxml/tree.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/xalloc.h"

#define NAME(s) ((const xmlChar *)(s))

const xmlNode *xml_next(const xmlNode *node, const char *name)
{
	for (; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, NAME(name)))
			break;
	return node;
}

const xmlNode *xml_after(const xmlNode *node)
{
	return node->next;
}

const xmlNode *xml_child(const xmlNode *parent, const char *name)
{
	return xml_next(parent ? parent->children : NULL, name);
}

/* xmlChar is memory of libxml2's own allocator. */
static char *own(xmlChar *text)
{
	char *copy = text ? xstrdup((const char *)text) : NULL;

	xmlFree(text);
	return copy;
}

char *xml_attribute_dup(const xmlNode *node, const char *name)
{
	return node ? own(xmlGetNoNsProp(node, NAME(name))) : NULL;
}

char *xml_content_dup(const xmlNode *node)
{
	char *text = node ? own(xmlNodeGetContent(node)) : NULL, *copy = NULL;

	if (text)
		copy = slice_dup(slice_trim(slice_of(text)));
	free(text);
	return copy;
}

bool xml_attribute_u64(const xmlNode *node, const char *name, uint64_t *ret)
{
	char *text = xml_attribute_dup(node, name);
	bool ok = text && parse_u64(text, ret) == 0;

	free(text);
	return ok;
}

uint64_t xml_size(const xmlNode *node, const char *name)
{
	char *text = name ? xml_attribute_dup(node, name) : xml_content_dup(node);
	char *unit = xml_attribute_dup(node, "unit");
	uint64_t number = 0, unit_bytes = 1024, bytes = 0;

	if (text && parse_u64(text, &number) == 0 &&
	    (!unit || parse_unit(unit, &unit_bytes) == 0) &&
	    __builtin_mul_overflow(number, unit_bytes, &bytes))
		bytes = 0;
	free(text);
	free(unit);
	return bytes;
}
