/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's answers as the live run noted them: see collectors/libvirt_link.h for their form. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/root.h"
#include "base/slice.h"
#include "base/uuid.h"
#include "base/xalloc.h"
#include "collectors/libvirt_link.h"

#define PATH_SIZE 96
/* libvirt itself lists no more. */
#define GUESTS_MAX 16384

struct line {
	struct libvirt_guest guest;             /* without name */
	struct libvirt_description description; /* without xml */
	struct slice name;
};

struct libvirt_connection {
	const struct root *root;
	struct text domains;
	char driver[32];
	bool local;
	struct line *line;
	size_t n, cap;
	size_t next; /* where the next guest asked about probably is */
};

static void captured_close(struct libvirt_connection *c)
{
	text_done(&c->domains);
	free(c->line);
	free(c);
}

static void read_driver(struct libvirt_connection *c, struct cursor *line)
{
	struct slice word;

	if (cursor_field(line, &word))
		slice_copy(word, c->driver, sizeof(c->driver));
	c->local = cursor_field(line, &word) && slice_eq(word, "local");
}

static enum libvirt_state find_state(struct slice word)
{
	for (int i = 0; i < LIBVIRT_STATES; i++)
		if (slice_eq(word, libvirt_state_name((enum libvirt_state)i)))
			return (enum libvirt_state)i;
	return LIBVIRT_UNKNOWN;
}

static bool read_domain(struct cursor *c, struct line *ret)
{
	struct slice uuid, state, autostart;
	int64_t id;

	if (!cursor_field(c, &uuid) || cursor_i64(c, &id) < 0 || id < -1 || id > INT32_MAX ||
	    !cursor_field(c, &state) || !cursor_field(c, &autostart))
		return false;
	*ret = (struct line){ .guest.id = (int)id, .name = slice_of("") };
	if (slice_copy(uuid, ret->guest.uuid, sizeof(ret->guest.uuid)) >= LIBVIRT_UUID_SIZE ||
	    !uuid_is_valid(ret->guest.uuid))
		return false;
	ret->description.state = find_state(state);
	ret->description.autostart = slice_eq(autostart, "yes");
	/* One blank, then the name, which may begin with blanks itself. */
	if (c->p < c->end)
		ret->name = (struct slice){ c->p + 1, (size_t)(c->end - c->p - 1) };
	return true;
}

/* "migrated UUID", behind the lines of all guests. */
static void read_migrated(struct libvirt_connection *c, struct cursor *line)
{
	struct slice uuid;

	if (!cursor_field(line, &uuid))
		return;
	for (size_t i = 0; i < c->n; i++)
		c->line[i].description.migrated |= slice_eq(uuid, c->line[i].guest.uuid);
}

static void read_domains(struct libvirt_connection *c)
{
	struct cursor all, line;
	struct slice word;
	struct line l;

	cursor_init(&all, c->domains.p, c->domains.len);
	while (cursor_line(&all, &line)) {
		if (!cursor_field(&line, &word))
			continue;
		if (slice_eq(word, "driver"))
			read_driver(c, &line);
		if (slice_eq(word, "migrated"))
			read_migrated(c, &line);
		if (c->n == GUESTS_MAX || !slice_eq(word, "domain") || !read_domain(&line, &l))
			continue;
		c->line = xgrow(c->line, c->n, &c->cap, sizeof(l));
		c->line[c->n++] = l;
	}
}

int libvirt_captured_open(const struct root *root, struct libvirt_connection **ret, char *error)
{
	struct libvirt_connection *c = xcalloc(1, sizeof(*c));

	c->root = root;
	if (root_read_all(root, "kvmtop/libvirt/domains", &c->domains) < 0) {
		captured_close(c);
		snprintf(error, LIBVIRT_ERROR_SIZE, "This capture holds no answers of libvirt.");
		return -ENODATA;
	}
	read_domains(c);
	*ret = c;
	return 0;
}

static bool captured_is_alive(struct libvirt_connection *c)
{
	(void)c;
	return true;
}

static const char *captured_driver(struct libvirt_connection *c)
{
	return c->driver;
}

static bool captured_is_local(struct libvirt_connection *c)
{
	return c->local;
}

static int captured_count(struct libvirt_connection *c, char *error)
{
	(void)error;
	return (int)c->n;
}

static int captured_list(struct libvirt_connection *c,
    void (*each)(void *ctx, const struct libvirt_guest *guest), void *ctx, char *error)
{
	(void)error;
	for (size_t i = 0; i < c->n; i++) {
		struct libvirt_guest guest = c->line[i].guest;
		char *name = slice_dup(c->line[i].name);

		guest.name = name;
		each(ctx, &guest);
		free(name);
	}
	return 0;
}

static const struct line *find_line(struct libvirt_connection *c, const char *uuid)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct line *line = &c->line[(c->next + i) % c->n];

		if (strcasecmp(line->guest.uuid, uuid) == 0) {
			c->next = (size_t)(line - c->line) + 1;
			return line;
		}
	}
	return NULL;
}

static int read_answer(
    struct libvirt_connection *c, const char *uuid, const char *what, struct text *ret)
{
	char path[PATH_SIZE];

	if (!uuid_is_valid(uuid))
		return -ENOENT;
	snprintf(path, sizeof(path), "kvmtop/libvirt/%s.%s", uuid, what);
	for (char *p = path; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return root_read_all(c->root, path, ret);
}

/* NULL: there is none. What a read that failed may have left is of no use. */
static char *read_xml(struct libvirt_connection *c, const char *uuid, const char *what)
{
	struct text xml = { 0 };

	if (read_answer(c, uuid, what, &xml) < 0)
		text_done(&xml);
	return xml.p;
}

static int captured_describe(
    struct libvirt_connection *c, const char *uuid, struct libvirt_description *ret, char *error)
{
	const struct line *line = find_line(c, uuid);

	if (!line) {
		snprintf(error, LIBVIRT_ERROR_SIZE, "this capture does not describe it");
		return -ENOENT;
	}
	*ret = line->description;
	ret->xml = read_xml(c, uuid, "xml");
	ret->saved = read_xml(c, uuid, "saved");
	return 0;
}

/* "UUID AUTOSTART NAME" */
static void tell_definition(
    struct libvirt_connection *c, struct cursor *line, libvirt_each_definition each, void *ctx)
{
	struct libvirt_guest guest = { .id = -1 };
	struct slice uuid, autostart;
	char *name, *xml;

	if (!cursor_field(line, &uuid) || !cursor_field(line, &autostart) ||
	    slice_copy(uuid, guest.uuid, sizeof(guest.uuid)) >= LIBVIRT_UUID_SIZE ||
	    !uuid_is_valid(guest.uuid))
		return;
	/* One blank, then the name. */
	name = line->p < line->end ? xstrndup(line->p + 1, (size_t)(line->end - line->p - 1))
				   : xstrdup("");
	guest.name = name;
	xml = read_xml(c, guest.uuid, "saved");
	each(ctx, &guest, slice_eq(autostart, "yes"), xml);
	free(xml);
	free(name);
}

static int captured_definitions(
    struct libvirt_connection *c, libvirt_each_definition each, void *ctx, char *error)
{
	struct cursor all, line;
	struct slice word;
	bool told = false;
	size_t n = 0;

	cursor_init(&all, c->domains.p, c->domains.len);
	while (cursor_line(&all, &line)) {
		if (!cursor_field(&line, &word))
			continue;
		told |= slice_eq(word, "definitions");
		if (slice_eq(word, "defined") && n++ < LIBVIRT_DEFINITIONS_MAX)
			tell_definition(c, &line, each, ctx);
	}
	if (told)
		return 0;
	snprintf(error, LIBVIRT_ERROR_SIZE, "this capture does not tell them");
	return -ENOTSUP;
}

static void tell_line(struct cursor *line, const char *group,
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx)
{
	char key[64], *text;
	struct slice name;
	uint64_t value;
	int len = snprintf(key, sizeof(key), "%s.", group);

	if (!cursor_split(line, ':', &name) ||
	    slice_copy(name, key + len, sizeof(key) - (size_t)len) >= sizeof(key) - (size_t)len)
		return;
	if (slice_u64(cursor_rest(line), &value) == 0) {
		each(ctx, key, value, NULL);
		return;
	}
	text = slice_dup(cursor_rest(line));
	each(ctx, key, 0, text);
	free(text);
}

static int tell_group(struct libvirt_connection *c, const char *uuid, const char *group,
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx)
{
	struct text answer = { 0 };
	struct cursor all, line;
	int r = read_answer(c, uuid, group, &answer);

	cursor_init(&all, answer.p, r == 0 ? answer.len : 0);
	while (cursor_line(&all, &line))
		tell_line(&line, group, each, ctx);
	text_done(&answer);
	return r;
}

/* Of the two groups there may be one: then that is the answer. */
static int captured_stats(struct libvirt_connection *c, const char *uuid, unsigned groups,
    void (*entering)(void *ctx),
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx,
    char *error)
{
	static const char *const names[] = { "balloon", "block" };
	int r = -ENOENT;

	entering(ctx);
	for (unsigned i = 0; i < 2; i++)
		if ((groups & 1u << i) && tell_group(c, uuid, names[i], each, ctx) == 0)
			r = 0;
	if (r < 0)
		snprintf(error, LIBVIRT_ERROR_SIZE, "this capture holds no answer about it");
	return r;
}

const struct libvirt_ops *libvirt_captured_ops(void)
{
	static const struct libvirt_ops ops = {
		.version = LIBVIRT_OPS_VERSION,
		.close = captured_close,
		.is_alive = captured_is_alive,
		.driver = captured_driver,
		.is_local = captured_is_local,
		.count = captured_count,
		.list = captured_list,
		.describe = captured_describe,
		.definitions = captured_definitions,
		.stats = captured_stats,
	};

	return &ops;
}
