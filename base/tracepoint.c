/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tracepoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"

/* The kernel's ring buffers hold no larger record. */
#define RECORD_MAX 65536
/* Ids of events are types of trace entries, which have 16 bits. */
#define ID_MAX 65535

/* "offset:8" of "field:u32 isa;  offset:24;  size:4;  signed:0;". */
static int take_number(struct cursor *line, const char *name, uint64_t max, uint32_t *ret)
{
	struct slice part, key, value;
	uint64_t v;
	int error;

	if (!cursor_split(line, ';', &part) || !slice_cut(slice_trim(part), ':', &key, &value) ||
	    !slice_eq(key, name))
		return -EINVAL;
	error = slice_u64(value, &v);
	if (error < 0 || v > max)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* What a name in C is made of: anything else is none that the kernel wrote. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			(i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return s.len > 0;
}

/* "unsigned long guest_rip", "char comm[16]", "__data_loc char[] name": the name is what comes
 * last.
 */
static int take_name(struct slice declaration, struct trace_field *ret)
{
	struct cursor words;
	struct slice word, name = { 0 }, before, behind;
	int n = 0;

	cursor_init(&words, declaration.p, declaration.len);
	for (; cursor_field(&words, &word); n++)
		name = word;
	if (n < 2)
		return -EINVAL;
	if (slice_cut(name, '[', &before, &behind))
		name = before;
	while (name.len && *name.p == '*') {
		name.p++;
		name.len--;
	}
	if (!is_name(name) || slice_copy(name, ret->name, sizeof(ret->name)) >= sizeof(ret->name))
		return -EINVAL;
	return 0;
}

static int take_field(struct cursor *line, struct trace_field *ret)
{
	struct trace_field f = { .name = "" };
	struct slice part, key, declaration;
	uint32_t is_signed;

	if (!cursor_split(line, ';', &part) ||
	    !slice_cut(slice_trim(part), ':', &key, &declaration) || !slice_eq(key, "field") ||
	    take_name(declaration, &f) < 0)
		return -EINVAL;
	if (take_number(line, "offset", RECORD_MAX, &f.offset) < 0 ||
	    take_number(line, "size", RECORD_MAX, &f.size) < 0 ||
	    take_number(line, "signed", 1, &is_signed) < 0 || f.offset + f.size > RECORD_MAX)
		return -EINVAL;
	f.is_signed = is_signed;
	*ret = f;
	return 0;
}

static bool is_field(const struct cursor *line)
{
	return slice_starts(cursor_rest(line), "field:");
}

static int add_field(struct tracepoint *t, struct cursor *line)
{
	if (t->fields == TRACEPOINT_FIELDS)
		return -E2BIG;
	if (take_field(line, &t->field[t->fields]) < 0)
		return -EINVAL;
	/* A name that stands twice would leave open where the figure is. */
	if (tracepoint_field(t, t->field[t->fields].name))
		return -EINVAL;
	t->fields++;
	return 0;
}

static int take_id(const struct slice line, uint32_t *ret)
{
	struct slice key, value;
	uint64_t v;

	if (!slice_cut(line, ':', &key, &value) || slice_u64(slice_trim(value), &v) < 0 || v == 0 ||
	    v > ID_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* "name: kvm_exit" */
static void take_event_name(struct slice line, char ret[TRACEPOINT_NAME])
{
	struct slice key, value;

	if (!slice_cut(line, ':', &key, &value) ||
	    slice_copy(slice_trim(value), ret, TRACEPOINT_NAME) >= TRACEPOINT_NAME)
		ret[0] = '\0';
}

int tracepoint_parse(const char *text, size_t len, struct tracepoint *ret)
{
	struct tracepoint t = { .fields = 0 };
	struct cursor c, line;

	cursor_init(&c, text, len);
	while (cursor_line(&c, &line)) {
		int error = 0;

		if (is_field(&line)) {
			error = add_field(&t, &line);
		} else if (slice_starts(cursor_rest(&line), "ID:")) {
			error = t.id ? -EINVAL : take_id(cursor_rest(&line), &t.id);
		} else if (slice_starts(cursor_rest(&line), "name:")) {
			take_event_name(cursor_rest(&line), t.name);
		} else if (slice_starts(cursor_rest(&line), "print fmt:")) {
			break; /* what follows is a program */
		}
		if (error < 0)
			return error;
	}
	if (t.id == 0 || t.fields == 0)
		return -EINVAL;
	*ret = t;
	return 0;
}

/* Where systems mount it. */
static const char *const mounts[] = { "sys/kernel/tracing", "sys/kernel/debug/tracing" };

int tracepoint_read(const struct root *root, const char *name, struct tracepoint *ret)
{
	struct text text = { 0 };
	int error = -ENOENT, why = -ENODEV;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/events/%s/format", mounts[i], name);
		error = root_read_all(root, path, &text);
		if (error == 0)
			break;
		snprintf(path, sizeof(path), "%s/events", mounts[i]);
		/* What hinders where it is mounted tells more than that it is not elsewhere. */
		if (error != -ENOENT && error != -ENOTDIR)
			why = error;
		else if (why == -ENODEV && root_exists(root, path))
			why = -ENOENT;
	}
	error = error ? why : tracepoint_parse(text.p, text.len, ret);
	text_done(&text);
	return error;
}

const struct trace_field *tracepoint_field(const struct tracepoint *t, const char *name)
{
	for (uint32_t i = 0; i < t->fields; i++)
		if (strcmp(t->field[i].name, name) == 0)
			return &t->field[i];
	return NULL;
}

int trace_field_read(
    const struct trace_field *field, const unsigned char *raw, size_t len, uint64_t *ret)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} v;

	if ((size_t)field->offset + field->size > len)
		return -EINVAL;
	if (field->size != 1 && field->size != 2 && field->size != 4 && field->size != 8)
		return -EINVAL;
	memcpy(&v, raw + field->offset, field->size);
	switch (field->size) {
	case 1:
		*ret = field->is_signed ? (uint64_t)(int8_t)v.u8 : v.u8;
		break;
	case 2:
		*ret = field->is_signed ? (uint64_t)(int16_t)v.u16 : v.u16;
		break;
	case 4:
		*ret = field->is_signed ? (uint64_t)(int32_t)v.u32 : v.u32;
		break;
	default:
		*ret = v.u64;
	}
	return 0;
}
