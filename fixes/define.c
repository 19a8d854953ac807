/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixes/define.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/print.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "fixes/compare.h"
#include "fixes/define_inner.h"

#define XML_MAX ((size_t)4 << 20)
/* No more than libxml2's own limits on depth and length; entities stay as they stand. */
#define XML_FLAGS (XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)

#define NAME(s) ((const xmlChar *)(s))

xmlDoc *define_parse(const char *xml)
{
	size_t len = strlen(xml);
	xmlDoc *doc = len && len < XML_MAX
			  ? xmlReadMemory(xml, (int)len, "domain.xml", NULL, XML_FLAGS)
			  : NULL;

	/* A domain has no document type; one could define entities. */
	if (doc && (doc->intSubset || doc->extSubset || !xmlDocGetRootElement(doc))) {
		xmlFreeDoc(doc);
		return NULL;
	}
	return doc;
}

static void be_silent(void *ctx, xmlError *error)
{
	(void)ctx;
	(void)error;
}

/* Below the root element, whatever its name. */
const char *define_below_root(const char *path)
{
	if (strncmp(path, "/domain/", 8) == 0)
		return path + 8;
	if (strncmp(path, "domain/", 7) == 0)
		return path + 7;
	return path;
}

/* -ENOENT: there is none. */
static int find(xmlDoc *doc, const char *path, xmlNode **ret)
{
	xmlXPathContext *context = xmlXPathNewContext(doc);
	xmlXPathObject *found = NULL;
	int r = -EINVAL;

	path = define_below_root(path);
	if (!context)
		return -ENOMEM;
	context->error = be_silent;
	context->node = xmlDocGetRootElement(doc);
	if (*path && *path != '/')
		found = xmlXPathEvalExpression(NAME(path), context);
	if (found && found->type == XPATH_NODESET) {
		int n = found->nodesetval ? found->nodesetval->nodeNr : 0;

		r = n == 0 ? -ENOENT : n > 1 ? -ENOTUNIQ : 0;
		if (r == 0)
			*ret = found->nodesetval->nodeTab[0];
	}
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	return r;
}

static char *node_text(xmlDoc *doc, xmlNode *node)
{
	xmlBuffer *buffer = xmlBufferCreate();
	char *text;

	if (buffer && node->type == XML_ELEMENT_NODE)
		xmlNodeDump(buffer, doc, node, 0, 0);
	text = xstrdup(buffer ? (const char *)xmlBufferContent(buffer) : "");
	xmlBufferFree(buffer);
	return text;
}

int define_get(const char *xml, const char *path, char **ret)
{
	xmlDoc *doc = define_parse(xml);
	xmlNode *node;
	int r = doc ? find(doc, path, &node) : -EINVAL;

	if (r == -ENOENT) {
		*ret = xstrdup("");
		r = 0;
	} else if (r == 0 && node->type != XML_ELEMENT_NODE) {
		xmlChar *content = xmlNodeGetContent(node);

		*ret = xstrdup(content ? (const char *)content : "");
		xmlFree(content);
	} else if (r == 0) {
		*ret = node_text(doc, node);
	}
	xmlFreeDoc(doc);
	return r;
}

static bool same_content(xmlNode *a, xmlNode *b)
{
	xmlChar *x = xmlNodeGetContent(a), *y = xmlNodeGetContent(b);
	bool same = x && y && same_text((const char *)x, (const char *)y);

	xmlFree(x);
	xmlFree(y);
	return same;
}

/* libvirt tells all sizes in KiB, however they were given. 0: the element has no such unit. */
static uint64_t unit_bytes(xmlNode *node)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "b", 1 },
		{ "bytes", 1 },
		{ "KB", 1000 },
		{ "MB", 1000 * 1000 },
		{ "GB", 1000 * 1000 * 1000 },
		{ "k", 1ULL << 10 },
		{ "KiB", 1ULL << 10 },
		{ "M", 1ULL << 20 },
		{ "MiB", 1ULL << 20 },
		{ "G", 1ULL << 30 },
		{ "GiB", 1ULL << 30 },
		{ "T", 1ULL << 40 },
		{ "TiB", 1ULL << 40 },
	};
	xmlChar *unit = xmlGetNoNsProp(node, NAME("unit"));
	uint64_t bytes = 0;

	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++)
		if (xmlStrEqual(unit, NAME(units[i].name)))
			bytes = units[i].bytes;
	xmlFree(unit);
	return bytes;
}

/* Numbers in units, the content of elements or of their attributes. False: they are none. */
static bool are_sizes(
    xmlNode *a, uint64_t a_unit, xmlNode *b, uint64_t b_unit, uint64_t *ret_a, uint64_t *ret_b)
{
	xmlChar *x = xmlNodeGetContent(a), *y = xmlNodeGetContent(b);
	bool are = a_unit && b_unit && x && y && parse_u64((const char *)x, ret_a) == 0 &&
		   parse_u64((const char *)y, ret_b) == 0 &&
		   !__builtin_mul_overflow(*ret_a, a_unit, ret_a) &&
		   !__builtin_mul_overflow(*ret_b, b_unit, ret_b);

	xmlFree(x);
	xmlFree(y);
	return are;
}

static bool same_value(xmlNode *a, xmlNode *b)
{
	uint64_t x, y;

	return are_sizes(a, unit_bytes(a), b, unit_bytes(b), &x, &y) ? x == y : same_content(a, b);
}

/* Of those with a size and a unit, the unit counts with the size. */
static bool has_attributes(xmlNode *node, xmlNode *wanted)
{
	uint64_t has_unit = unit_bytes(node), wants_unit = unit_bytes(wanted), x, y;

	for (xmlAttr *w = wanted->properties; w; w = w->next) {
		xmlAttr *has = xmlHasProp(node, w->name);
		bool is_unit = xmlStrEqual(w->name, NAME("unit"));
		bool is_size =
		    xmlStrEqual(w->name, NAME("size")) || xmlStrEqual(w->name, NAME("memory"));

		if (!has)
			return false;
		if (is_unit && has_unit && wants_unit)
			continue;
		if (is_size &&
		    are_sizes((xmlNode *)has, has_unit, (xmlNode *)w, wants_unit, &x, &y)) {
			if (x != y)
				return false;
		} else if (!same_content((xmlNode *)has, (xmlNode *)w)) {
			return false;
		}
	}
	return true;
}

static bool includes(xmlNode *node, xmlNode *wanted, int depth)
{
	xmlNode *w = xmlFirstElementChild(wanted);

	if (depth > DEFINE_DEPTH_MAX || !xmlStrEqual(node->name, wanted->name) ||
	    !has_attributes(node, wanted))
		return false;
	if (!w)
		return xmlFirstElementChild(node) || same_value(node, wanted);
	for (; w; w = xmlNextElementSibling(w)) {
		xmlNode *child = xmlFirstElementChild(node);

		while (child && !includes(child, w, depth + 1))
			child = xmlNextElementSibling(child);
		if (!child)
			return false;
	}
	return true;
}

bool define_includes(const char *element, const char *wanted)
{
	xmlDoc *x = define_parse(element), *y = define_parse(wanted);
	bool yes = x && y ? includes(xmlDocGetRootElement(x), xmlDocGetRootElement(y), 0)
			  : same_text(element, wanted);

	xmlFreeDoc(x);
	xmlFreeDoc(y);
	return yes;
}

/* Of "a/b[c/@d='x/y']" what stands before the last step, and the step. False: there is but one. */
static bool cut_path(const char *path, char **ret_parent, const char **ret_step)
{
	const char *slash = NULL;
	char quote = '\0';
	int depth = 0;

	for (const char *p = path; *p; p++) {
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '[' || *p == ']')
			depth += *p == '[' ? 1 : -1;
		else if (*p == '/' && depth == 0)
			slash = p;
	}
	*ret_step = slash ? slash + 1 : path;
	*ret_parent = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	return slash != NULL;
}

static bool is_named(const xmlNode *node, const char *step)
{
	size_t len = strcspn(step, "[");
	const char *name = (const char *)node->name;

	return strlen(name) == len && strncmp(name, step, len) == 0;
}

/* The blanks before an element that goes would be left over. */
static void take_out(xmlNode *node)
{
	xmlNode *before = node->prev;

	if (before && before->type == XML_TEXT_NODE && xmlIsBlankNode(before)) {
		xmlUnlinkNode(before);
		xmlFreeNode(before);
	}
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

/* What only groups others is made where it is missing: few definitions have a <memoryBacking>. */
static int find_or_make(xmlDoc *doc, const char *path, xmlNode **ret)
{
	int r = find(doc, path, ret);
	xmlNode *parent = xmlDocGetRootElement(doc);
	const char *step;
	char *above;

	if (r != -ENOENT || strpbrk(path, "[@*()"))
		return r;
	r = cut_path(path, &above, &step) ? find_or_make(doc, above, &parent) : 0;
	free(above);
	if (r == 0)
		*ret = xmlNewChild(parent, NULL, NAME(step), NULL);
	return r < 0 ? r : *ret ? 0 : -ENOMEM;
}

static int add_child(xmlDoc *doc, const char *path, xmlNode *element, struct text *why)
{
	const char *step;
	xmlNode *parent = xmlDocGetRootElement(doc);
	char *above;
	int r = 0;

	if (cut_path(define_below_root(path), &above, &step))
		r = find_or_make(doc, above, &parent);
	free(above);
	if (r == 0 && parent->type == XML_ELEMENT_NODE)
		return xmlAddChild(parent, element) ? 0 : -ENOMEM;
	print_format(why, "the definition has no single place for %s", path);
	return r < 0 ? r : -EINVAL;
}

/* Puts @element, which it takes over, in its place. */
static int put(xmlDoc *doc, const char *path, xmlNode *element, struct text *why)
{
	xmlNode *old;
	int r = find(doc, path, &old);

	if (r == 0 && old->type == XML_ELEMENT_NODE && old->parent && old->parent->parent) {
		xmlReplaceNode(old, element);
		xmlFreeNode(old);
		return 0;
	}
	if (r == -ENOENT)
		r = add_child(doc, path, element, why);
	else
		print_format(why, "%s is no single element of the definition", path);
	if (r == 0)
		return 0;
	xmlFreeNode(element);
	return r < 0 ? r : -EINVAL;
}

static int edit(xmlDoc *doc, const char *path, const char *element, struct text *why)
{
	xmlDoc *piece = *element ? define_parse(element) : NULL;
	xmlNode *copy, *old;
	const char *step;
	char *above;
	int r;

	if (!*element) {
		r = find(doc, path, &old);
		if (r == 0 && (old->type != XML_ELEMENT_NODE || old == xmlDocGetRootElement(doc)))
			r = -EINVAL;
		if (r == 0)
			take_out(old);
		else
			print_format(why, "%s is not in the definition, or not once", path);
		return r;
	}
	cut_path(define_below_root(path), &above, &step);
	free(above);
	if (!piece || !is_named(xmlDocGetRootElement(piece), step)) {
		print_format(why, "what shall take the place of %s is no such element", path);
		xmlFreeDoc(piece);
		return -EINVAL;
	}
	copy = xmlDocCopyNode(xmlDocGetRootElement(piece), doc, 1);
	xmlFreeDoc(piece);
	return copy ? put(doc, path, copy, why) : -ENOMEM;
}

int define_set(const char *xml, const char *path, const char *element, char **ret, struct text *why)
{
	xmlDoc *doc = define_parse(xml);
	int r;

	if (!doc) {
		print_text(why, "its definition cannot be read");
		return -EINVAL;
	}
	r = edit(doc, path, element, why);
	if (r == 0)
		*ret = node_text(doc, xmlDocGetRootElement(doc));
	xmlFreeDoc(doc);
	return r;
}
