/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"

/* A little less than 5 s: samples do not come to the nanosecond. */
#define SLOW_NS (4500 * NS_PER_MS)
/* What a kernel without 4 KiB pages was captured with is in its notes. */
#define CAPTURED_PAGE_BYTES 4096

struct value {
	int column;
	char *path;
	struct kept kept;
	uint64_t at_ns; /* of the last attempt; 0: none yet */
	enum state state;
	bool nonsense; /* there, but no value of that kind */
	uint64_t count;
	double number;
	char *text;
};

uint64_t turn_after(uint64_t turn_ns, uint64_t now_ns, uint64_t every_ns, size_t place, size_t of)
{
	if (turn_ns == 0)
		return now_ns + every_ns * place / of;
	return now_ns < turn_ns ? turn_ns : now_ns + every_ns;
}

bool slow_is_due(const struct reading *r, uint64_t at_ns)
{
	return at_ns == 0 || reading_thorough(r) || reading_now(r) >= at_ns + SLOW_NS;
}

uint64_t host_page_bytes(const struct root *root)
{
	uint64_t bytes = CAPTURED_PAGE_BYTES;
	char buf[32];

	if (root_is_live(root)) {
		bytes = (uint64_t)sysconf(_SC_PAGESIZE);
		snprintf(buf, sizeof(buf), "%" PRIu64 "\n", bytes);
		root_note(root, "kvmtop/page_size", buf, strlen(buf));
	} else if (root_read(root, "kvmtop/page_size", buf, sizeof(buf)) > 0 &&
		   parse_u64(buf, &bytes) < 0) {
		bytes = CAPTURED_PAGE_BYTES;
	}
	return bytes;
}

static bool is_taken(const struct values_kind *kind, const struct column *c)
{
	return c->src == kind->src && c->key && (!kind->takes || kind->takes(c));
}

void values_init(struct values *v, const struct values_kind *kind, const char *dir)
{
	const struct table_kind *table = &table_kinds[kind->table];
	size_t cap = 0;

	*v = (struct values){ .kind = kind };
	for (int i = 0; i < table->columns; i++) {
		const char *key = table->column[i].key;

		if (!is_taken(kind, &table->column[i]))
			continue;
		v->value = xgrow(v->value, v->n, &cap, sizeof(*v->value));
		v->value[v->n++] = (struct value){
			.column = i,
			.path = dir[0] ? xasprintf("%s/%s", dir, key) : xstrdup(key),
		};
	}
}

void values_done(struct values *v)
{
	for (size_t i = 0; i < v->n; i++) {
		kept_done(&v->value[i].kept);
		free(v->value[i].path);
		free(v->value[i].text);
	}
	free(v->value);
	*v = (struct values){ 0 };
}

static int parse_text(const struct values_kind *kind, struct value *val, char *buf)
{
	struct slice word = slice_trim(slice_of(buf));
	char chosen[128];

	if (kind->choices) {
		int r = parse_choice(buf, chosen, sizeof(chosen));

		if (r < 0)
			return r;
		word = slice_of(chosen);
	}
	if (!val->text || !slice_eq(word, val->text)) {
		free(val->text);
		val->text = slice_dup(word);
	}
	return 0;
}

static int parse_value(
    const struct values_kind *kind, struct value *val, const struct column *c, char *buf)
{
	switch (c->kind) {
	case KIND_TEXT:
		return parse_text(kind, val, buf);
	case KIND_COUNTER:
		return parse_u64(buf, &val->count);
	case KIND_GAUGE:
		return parse_double(buf, &val->number);
	}
	return -EINVAL;
}

static void read_value(struct values *v, struct value *val, struct reading *r)
{
	const struct column *c = &table_kinds[v->kind->table].column[val->column];
	char buf[4096];
	ssize_t n = root_read_kept(r->root, &val->kept, val->path, buf, sizeof(buf));

	val->at_ns = reading_now(r);
	val->state = n < 0 ? state_of_errno((int)n) : STATE_OK;
	val->nonsense = n >= 0 && parse_value(v->kind, val, c, buf) < 0;
	if (val->nonsense)
		val->state = STATE_ABSENT;
	if (val->state == STATE_OK && v->kind->in_pages && v->kind->in_pages(c)) {
		uint64_t page_bytes = host_page_bytes(r->root);

		val->count *= page_bytes;
		val->number *= (double)page_bytes;
	}
}

/* Settings, and files that this kernel or this user does not have. */
static bool is_slow(const struct values *v, const struct value *val)
{
	const struct column *c = &table_kinds[v->kind->table].column[val->column];

	return val->state != STATE_OK || c->kind == KIND_TEXT ||
	       (c->kind == KIND_GAUGE && (c->unit == UNIT_NONE || c->unit == UNIT_PAGES));
}

static void write_value(
    const struct values *v, const struct value *val, struct snapshot *into, struct row *row)
{
	if (val->state != STATE_OK) {
		cell_set_missing(row, val->column, val->state, val->at_ns);
		return;
	}
	switch (table_kinds[v->kind->table].column[val->column].kind) {
	case KIND_TEXT:
		cell_set_text(into, row, val->column, val->text, val->at_ns);
		break;
	case KIND_COUNTER:
		cell_set_count(row, val->column, val->count, val->at_ns);
		break;
	case KIND_GAUGE:
		cell_set_number(row, val->column, val->number, val->at_ns);
		break;
	}
}

/* Nobody but root may look into debugfs, which is no fault of a host: who needs it says so. */
static bool is_for_root_alone(const struct value *val)
{
	return strncmp(val->path, "sys/kernel/debug/", 17) == 0;
}

size_t values_read(struct values *v, struct reading *r, struct row *row)
{
	const struct value *nonsense = NULL, *denied = NULL;
	size_t there = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct value *val = &v->value[i];

		if (!is_slow(v, val) || slow_is_due(r, val->at_ns))
			read_value(v, val, r);
		write_value(v, val, r->into, row);
		there += val->state == STATE_OK;
		if (val->nonsense && !nonsense)
			nonsense = val;
		if (val->state == STATE_DENIED && !denied && !is_for_root_alone(val))
			denied = val;
	}
	if (nonsense)
		reading_note(r, "%.80s holds no value of its kind.", nonsense->path);
	if (denied)
		reading_lacks(
		    r, "%.80s may not be read; CAP_DAC_READ_SEARCH gives it.", denied->path);
	return there;
}

void named_init(struct named *named, enum table_id table, enum source_id src)
{
	const struct table_kind *kind = &table_kinds[table];
	size_t cap = 0;

	*named = (struct named){ .table = table };
	for (int i = 0; i < kind->columns; i++) {
		const struct column *c = &kind->column[i];

		if (c->src != src || !c->key || c->kind == KIND_TEXT || strchr(c->key, '/'))
			continue;
		named->column = xgrow(named->column, named->n, &cap, sizeof(*named->column));
		named->column[named->n++] = i;
	}
}

void named_done(struct named *named)
{
	free(named->column);
	*named = (struct named){ 0 };
}

/* Reads "123" or "123 kB". */
static int named_number(
    struct cursor *line, const struct column *c, uint64_t unit_bytes, uint64_t *ret)
{
	struct slice unit;
	uint64_t v;
	int r = cursor_u64(line, &v);

	if (r < 0)
		return r;
	if (!cursor_field(line, &unit)) {
		*ret = c->unit == UNIT_BYTES ? v * unit_bytes : v;
		return 0;
	}
	if (!slice_eq(unit, "kB"))
		return -EINVAL;
	*ret = v * 1024;
	return 0;
}

static void take_line(const struct named *named, struct slice key, struct cursor *line,
    uint64_t unit_bytes, struct row *row, uint64_t at_ns)
{
	for (size_t i = 0; i < named->n; i++) {
		const struct column *c = &table_kinds[named->table].column[named->column[i]];
		uint64_t v;

		if (!slice_eq(key, c->key) || cell_has(row, named->column[i]))
			continue;
		if (named_number(line, c, unit_bytes, &v) < 0)
			return;
		if (c->kind == KIND_COUNTER)
			cell_set_count(row, named->column[i], v, at_ns);
		else
			cell_set_number(row, named->column[i], (double)v, at_ns);
		return;
	}
}

void named_take(const struct named *named, const char *text, uint64_t unit_bytes, struct row *row,
    uint64_t at_ns)
{
	struct cursor c, line;
	struct slice key;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		if (!cursor_field(&line, &key))
			continue;
		/* In a node's files: "Node 0 MemTotal: …". */
		if (slice_eq(key, "Node") && (!cursor_skip(&line, 1) || !cursor_field(&line, &key)))
			continue;
		if (key.len && key.p[key.len - 1] == ':')
			key.len--;
		take_line(named, key, &line, unit_bytes, row, at_ns);
	}
}

void named_missing(const struct named *named, struct row *row, int error, uint64_t at_ns)
{
	for (size_t i = 0; i < named->n; i++)
		if (!cell_has(row, named->column[i]))
			cell_set_missing(
			    row, named->column[i], state_of_errno(error ? error : ENOENT), at_ns);
}

uint64_t host_huge_page_bytes(const struct root *root)
{
	struct text meminfo = { 0 };
	uint64_t bytes = 0;

	if (root_read_all(root, "proc/meminfo", &meminfo) == 0 &&
	    parse_key_value(meminfo.p, "Hugepagesize", &bytes) < 0)
		bytes = 0;
	text_done(&meminfo);
	return bytes;
}
