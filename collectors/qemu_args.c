/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/qemu_args.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "base/xalloc.h"

#define JSON_DEPTH 16
#define KEY_SIZE 256
/* libvirt writes some 1000 bytes at most. */
#define JSON_BYTES_MAX ((size_t)1 << 20)

struct qemu_args {
	struct arena *arena;
	struct qemu_arg *arg;
	size_t n, cap;
};

/* An option while it is read. */
struct building {
	struct qemu_args *args;
	struct qemu_pair *pair;
	size_t n, cap;
};

static const char *keep(struct qemu_args *args, const char *text, size_t len)
{
	char *copy = arena_alloc(args->arena, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

static void add_pair(struct building *b, const char *key, const char *value)
{
	if (b->n == QEMU_KEYS_MAX)
		return;
	b->pair = xgrow(b->pair, b->n, &b->cap, sizeof(*b->pair));
	b->pair[b->n++] = (struct qemu_pair){ key, value };
}

/* The key of what stands first without one; NULL: the option takes no list, all is one value. */
static const char *first_key(const char *option)
{
	static const struct {
		const char *option, *key;
	} known[] = {
		{ "device", "driver" },
		{ "blockdev", "driver" },
		{ "netdev", "type" },
		{ "nic", "type" },
		{ "net", "type" },
		{ "machine", "type" },
		{ "M", "type" },
		{ "chardev", "backend" },
		{ "object", "qom-type" },
		{ "m", "size" },
		{ "smp", "cpus" },
		{ "accel", "accel" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].option, option) == 0)
			return known[i].key;
	return "";
}

/* Options whose whole value is the name of a file, commas and all. */
static bool is_file(const char *option)
{
	static const char *const files[] = { "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb",
		"sd", "pflash", "mtdblock" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i], option) == 0)
			return true;
	return false;
}

/* One part of "a,b=c,,d" from @at on, up to a comma that is not doubled; without the doubling. */
static char *take_part(struct slice list, size_t *at)
{
	char *part = xmalloc(list.len - *at + 1);
	size_t n = 0;

	for (; *at < list.len; ++*at) {
		if (list.p[*at] == ',' && (*at + 1 >= list.len || list.p[*at + 1] != ','))
			break;
		*at += list.p[*at] == ',';
		part[n++] = list.p[*at];
	}
	++*at;
	part[n] = '\0';
	return part;
}

static void read_list(struct building *b, const char *option, struct slice list)
{
	size_t at = 0;

	for (bool first = true; at < list.len; first = false) {
		char *part = take_part(list, &at), *equals = strchr(part, '=');
		struct qemu_args *args = b->args;

		if (equals)
			add_pair(b, keep(args, part, (size_t)(equals - part)),
			    keep(args, equals + 1, strlen(equals + 1)));
		else if (first)
			add_pair(b, first_key(option), keep(args, part, strlen(part)));
		else if (*part)
			add_pair(b, keep(args, part, strlen(part)), "on");
		free(part);
	}
}

static void read_json(struct building *b, const char *prefix, json_object *value);

static void read_member(struct building *b, const char *prefix, const char *name, json_object *v)
{
	char key[KEY_SIZE];
	int len = snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "", name);

	if (len > 0 && len < KEY_SIZE && b->n < QEMU_KEYS_MAX)
		read_json(b, key, v);
}

static void read_json(struct building *b, const char *prefix, json_object *value)
{
	const char *text = NULL;
	char number[32];

	switch (json_object_get_type(value)) {
	case json_type_object: {
		json_object_object_foreach(value, name, member)
		    read_member(b, prefix, name, member);
		return;
	}
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			snprintf(number, sizeof(number), "%zu", i);
			read_member(b, prefix, number, json_object_array_get_idx(value, i));
		}
		return;
	case json_type_boolean:
		text = json_object_get_boolean(value) ? "on" : "off";
		break;
	case json_type_null:
		add_pair(b, keep(b->args, prefix, strlen(prefix)), NULL);
		return;
	case json_type_int:
	case json_type_double:
	case json_type_string:
		text = json_object_get_string(value);
		break;
	}
	if (text)
		add_pair(
		    b, keep(b->args, prefix, strlen(prefix)), keep(b->args, text, strlen(text)));
}

/* False: no JSON after all, as an image whose name begins with a brace. */
static bool read_object(struct building *b, struct slice text)
{
	json_tokener *tokener;
	json_object *object;

	if (text.len > JSON_BYTES_MAX)
		return false;
	tokener = json_tokener_new_ex(JSON_DEPTH);
	if (!tokener)
		return false;
	object = json_tokener_parse_ex(tokener, text.p, (int)text.len);
	if (json_object_is_type(object, json_type_object))
		read_json(b, "", object);
	json_object_put(object);
	json_tokener_free(tokener);
	return object != NULL;
}

static void add_arg(struct qemu_args *args, const char *option, struct slice value)
{
	struct building b = { .args = args };
	struct qemu_arg *arg;

	if (args->n == QEMU_ARGS_MAX)
		return;
	if (is_file(option))
		add_pair(&b, "file", keep(args, value.p, value.len));
	else if (value.len == 0 || value.p[0] != '{' || !read_object(&b, value))
		read_list(&b, option, value);
	args->arg = xgrow(args->arg, args->n, &args->cap, sizeof(*args->arg));
	arg = &args->arg[args->n++];
	arg->name = option;
	arg->n = b.n;
	arg->pair = arena_alloc(args->arena, b.n * sizeof(*b.pair) + 1);
	if (b.n)
		memcpy(arg->pair, b.pair, b.n * sizeof(*b.pair));
	free(b.pair);
}

struct qemu_args *qemu_args_parse(const char *cmdline, size_t len)
{
	struct qemu_args *args = xcalloc(1, sizeof(*args));
	const char *option = NULL;
	struct cursor c;
	struct slice word;

	args->arena = arena_new();
	cursor_init(&c, cmdline, len);
	/* The program's own name. */
	if (!cursor_split(&c, '\0', &word))
		return args;
	while (cursor_split(&c, '\0', &word)) {
		bool is_option = word.len > 1 && word.p[0] == '-';
		size_t dashes = is_option && word.p[1] == '-' ? 2 : 1;

		if (is_option && option)
			add_arg(args, option, slice_of(""));
		if (is_option)
			option = keep(args, word.p + dashes, word.len - dashes);
		else if (option)
			add_arg(args, option, word);
		if (!is_option)
			option = NULL;
	}
	if (option)
		add_arg(args, option, slice_of(""));
	return args;
}

void qemu_args_free(struct qemu_args *args)
{
	if (!args)
		return;
	arena_free(args->arena);
	free(args->arg);
	free(args);
}

const struct qemu_arg *qemu_args_next(
    const struct qemu_args *args, const char *name, const struct qemu_arg *after)
{
	size_t i = after ? (size_t)(after - args->arg) + 1 : 0;

	for (; i < args->n; i++)
		if (!name || strcmp(args->arg[i].name, name) == 0)
			return &args->arg[i];
	return NULL;
}

const struct qemu_arg *qemu_args_find(
    const struct qemu_args *args, const char *name, const char *id)
{
	const struct qemu_arg *arg = NULL;

	while ((arg = qemu_args_next(args, name, arg))) {
		const char *value = qemu_arg_get(arg, "id");

		if (value && strcmp(value, id) == 0)
			return arg;
	}
	return NULL;
}

const char *qemu_arg_get(const struct qemu_arg *arg, const char *key)
{
	for (size_t i = arg->n; i > 0; i--)
		if (strcmp(arg->pair[i - 1].key, key) == 0)
			return arg->pair[i - 1].value;
	return NULL;
}

bool qemu_arg_is_null(const struct qemu_arg *arg, const char *key)
{
	for (size_t i = 0; i < arg->n; i++)
		if (strcmp(arg->pair[i].key, key) == 0)
			return !qemu_arg_get(arg, key);
	return false;
}

bool qemu_arg_is_on(const struct qemu_arg *arg, const char *key, bool otherwise)
{
	static const char *const on[] = { "on", "yes", "true", "y" };
	const char *value = qemu_arg_get(arg, key);

	if (!value)
		return otherwise;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		if (strcasecmp(value, on[i]) == 0)
			return true;
	return false;
}

bool qemu_arg_u64(const struct qemu_arg *arg, const char *key, uint64_t *ret)
{
	const char *value = qemu_arg_get(arg, key);

	return value && parse_u64(value, ret) == 0;
}
