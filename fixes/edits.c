/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of a domain's XML as paths and values, as virt-xml takes them. */
#include <string.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/define.h"
#include "fixes/define_inner.h"

/* What virt-xml takes apart at its signs: none of them may be in a name or a value. */
static bool is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || strchr("/[]='\"\\", s[i]))
			return false;
	return len > 0;
}

static bool is_name(const char *s, size_t len)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return len > 0 && strspn(s, letters) >= len;
}

/* "feature" or "feature[@name='x']". */
static bool is_plain_step(const char *s, size_t len)
{
	const char *open = memchr(s, '[', len), *equals;

	if (!open)
		return is_name(s, len);
	equals = memchr(open, '=', (size_t)(s + len - open));
	return is_name(s, (size_t)(open - s)) && open[1] == '@' && equals && equals[1] == '\'' &&
	       s + len - equals > 4 && strncmp(s + len - 2, "']", 2) == 0 &&
	       is_name(open + 2, (size_t)(equals - open - 2)) &&
	       is_plain(equals + 2, (size_t)(s + len - 2 - equals - 2));
}

static bool is_plain_path(const char *path)
{
	for (;; path++) {
		size_t len = strcspn(path, "/");

		if (!is_plain_step(path, len))
			return false;
		path += len;
		if (!*path)
			return true;
	}
}

static bool print_value(struct text *out, const char *path, const char *name, const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || strchr("='\"\\", *p))
			return false;
	print_format(out, "./%s%s%s=%s\n", path, *name ? "/@" : "", name, value);
	return *value != '\0';
}

static size_t same_named(xmlNode *node)
{
	size_t n = 0;

	for (xmlNode *p = xmlFirstElementChild(node->parent); p; p = xmlNextElementSibling(p))
		n += xmlStrEqual(p->name, node->name) ? 1 : 0;
	return n;
}

/* Of several with one name, one by its first attribute, which no other has so. NULL: it cannot be
 * told. */
static char *path_of_child(const char *parent, xmlNode *node)
{
	xmlAttr *first = node->properties;
	xmlChar *value = first ? xmlNodeGetContent((xmlNode *)first) : NULL;
	size_t alike = 0;
	char *path = NULL;

	if (same_named(node) == 1) {
		path = xasprintf("%s/%s", parent, (const char *)node->name);
	} else if (value) {
		for (xmlNode *p = xmlFirstElementChild(node->parent); p;
		     p = xmlNextElementSibling(p)) {
			xmlChar *other = xmlGetNoNsProp(p, first->name);

			alike += xmlStrEqual(p->name, node->name) && xmlStrEqual(other, value);
			xmlFree(other);
		}
		if (alike == 1)
			path = xasprintf("%s/%s[@%s='%s']", parent, (const char *)node->name,
			    (const char *)first->name, (const char *)value);
	}
	xmlFree(value);
	return path;
}

static bool print_content(struct text *out, const char *path, xmlNode *node)
{
	xmlChar *content = xmlNodeGetContent(node);
	const char *text = content ? (const char *)content : "";
	size_t len;
	char *trimmed;
	bool fine = true;

	text += strspn(text, " \t\r\n");
	for (len = strlen(text); len > 0 && strchr(" \t\r\n", text[len - 1]); len--)
		;
	trimmed = xstrndup(text, len);
	if (len)
		fine = print_value(out, path, "", trimmed);
	else if (!node->properties)
		print_format(out, "xpath.create=./%s\n", path);
	free(trimmed);
	xmlFree(content);
	return fine;
}

static bool print_node(struct text *out, const char *path, xmlNode *node, int depth)
{
	bool fine = depth < DEFINE_DEPTH_MAX && is_plain_path(path) && !node->ns && !node->nsDef;

	for (xmlAttr *a = node->properties; fine && a; a = a->next) {
		xmlChar *value = xmlNodeGetContent((xmlNode *)a);

		fine = value && !a->ns &&
		       print_value(out, path, (const char *)a->name, (const char *)value);
		xmlFree(value);
	}
	if (fine && !xmlFirstElementChild(node))
		return print_content(out, path, node);
	for (xmlNode *p = xmlFirstElementChild(node); fine && p; p = xmlNextElementSibling(p)) {
		char *child = path_of_child(path, p);

		fine = child && print_node(out, child, p, depth + 1);
		free(child);
	}
	return fine;
}

bool define_edits(const char *path, const char *element, struct text *out)
{
	xmlDoc *piece = *element ? define_parse(element) : NULL;
	xmlNode *node = piece ? xmlDocGetRootElement(piece) : NULL;
	bool is_one_of_many, fine;
	const char *quote;

	path = define_below_root(path);
	fine = is_plain_path(path) && (node || !*element);
	is_one_of_many = fine && path[strlen(path) - 1] == ']';
	quote = strchr(path, '[') ? "\"" : "";
	/* Of one of many its attributes are set anew; it need not go for that. */
	if (fine && (!is_one_of_many || !node || xmlFirstElementChild(node)))
		print_format(out, "xpath.delete=%s./%s%s\n", quote, path, quote);
	if (fine && node)
		fine = print_node(out, path, node, 0);
	xmlFreeDoc(piece);
	return fine;
}
