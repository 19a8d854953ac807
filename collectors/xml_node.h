/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking through a parsed XML document. Nodes are lent by it; what ends in _dup the caller frees.
 */
#ifndef KVMTOP_COLLECTORS_XML_NODE_H
#define KVMTOP_COLLECTORS_XML_NODE_H

#include <stdbool.h>
#include <stdint.h>

/* libxml2's xmlNode. */
struct _xmlNode;

/* The first element of that name among @node and what follows it, or NULL. @node may be NULL. */
const struct _xmlNode *xml_next(const struct _xmlNode *node, const char *name);
/* What follows an element. */
const struct _xmlNode *xml_after(const struct _xmlNode *node);
/* The first element of that name in @parent, which may be NULL. */
const struct _xmlNode *xml_child(const struct _xmlNode *parent, const char *name);

/* NULL: there is none. @node may be NULL. */
char *xml_attribute_dup(const struct _xmlNode *node, const char *name);
/* The text in an element, without blanks around it. */
char *xml_content_dup(const struct _xmlNode *node);

/* False, and @ret is left alone, when the attribute is no number. */
bool xml_attribute_u64(const struct _xmlNode *node, const char *name, uint64_t *ret);

/* A number in @node, or in its attribute @name, that counts units, in bytes; libvirt's default is
 * KiB. 0: there is none, or it makes no sense. @node may be NULL. */
uint64_t xml_size(const struct _xmlNode *node, const char *name);

#endif
