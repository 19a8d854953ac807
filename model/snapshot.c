/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "model/snapshot_inner.h"

/* Nothing foreign that is longer is of use on a screen or in a file. */
#define TEXT_MAX ((size_t)4096)

struct snapshot *snapshot_new(struct moment moment)
{
	struct snapshot *s = xcalloc(1, sizeof(*s));

	s->moment = moment;
	s->arena = arena_new();
	s->refs = 1;
	return s;
}

struct snapshot *snapshot_ref(const struct snapshot *s)
{
	struct snapshot *own = (struct snapshot *)s;

	if (own)
		__atomic_add_fetch(&own->refs, 1, __ATOMIC_RELAXED);
	return own;
}

void snapshot_unref(const struct snapshot *s)
{
	struct snapshot *own = (struct snapshot *)s;

	if (!own || __atomic_sub_fetch(&own->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (int t = 0; t < TABLES; t++) {
		free(own->table[t].row);
		free(own->table[t].index);
	}
	arena_free(own->arena);
	free(own);
}

struct key key_process(uint64_t pid, uint64_t start_ticks)
{
	/* +1: a captured process may have no start time, and 0, 0 is the host. */
	return (struct key){ .owner = pid, .born = start_ticks + 1 };
}

uint64_t key_start_ticks(struct key key)
{
	return key.born ? key.born - 1 : 0;
}

struct key key_uuid(const char *uuid)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *uuid; uuid++)
		hash = (hash ^ (unsigned char)*uuid) * 0x100000001b3u;
	/* The high bit keeps it apart from every pid. */
	return (struct key){ .owner = hash | 1ULL << 63, .born = 1 };
}

uint64_t key_item(const char *name)
{
	return key_uuid(name).owner;
}

struct key key_host(uint64_t item)
{
	return (struct key){ .item = item };
}

struct key key_of(struct key owner, uint64_t item)
{
	return (struct key){ .owner = owner.owner, .born = owner.born, .item = item };
}

static size_t key_hash(struct key k)
{
	uint64_t h = k.owner * 0x9e3779b97f4a7c15u ^ k.born * 0xc2b2ae3d27d4eb4fu ^
		     k.item * 0x165667b19e3779f9u;

	return (size_t)(h ^ h >> 29);
}

static void index_put(struct table *t, uint32_t number)
{
	size_t i = key_hash(t->row[number]->key) & (t->index_size - 1);

	while (t->index[i])
		i = (i + 1) & (t->index_size - 1);
	t->index[i] = number + 1;
}

static void index_grow(struct table *t)
{
	free(t->index);
	t->index_size = t->index_size ? t->index_size * 2 : 64;
	t->index = xcalloc(t->index_size, sizeof(*t->index));
	for (size_t i = 0; i < t->n; i++)
		index_put(t, (uint32_t)i);
}

struct row *snapshot_find(const struct snapshot *s, enum table_id id, struct key key)
{
	const struct table *t = &s->table[id];
	size_t i;

	if (t->n == 0)
		return NULL;
	for (i = key_hash(key) & (t->index_size - 1); t->index[i];
	     i = (i + 1) & (t->index_size - 1))
		if (key_equal(t->row[t->index[i] - 1]->key, key))
			return t->row[t->index[i] - 1];
	return NULL;
}

struct row *snapshot_row(struct snapshot *s, enum table_id id, struct key key)
{
	struct table *t = &s->table[id];
	struct row *row = snapshot_find(s, id, key);

	if (row)
		return row;
	row = arena_alloc(
	    s->arena, sizeof(*row) + (size_t)table_kinds[id].columns * sizeof(row->cell[0]));
	row->key = key;
	row->number = (uint32_t)t->n;
	t->row = xgrow(t->row, t->n, &t->cap, sizeof(struct row *));
	t->row[t->n++] = row;
	if (t->n * 2 > t->index_size)
		index_grow(t);
	else
		index_put(t, (uint32_t)t->n - 1);
	return row;
}

/* As many bits as a cell has room for. */
#define AT_NS_MAX ((1ull << 58) - 1)

_Static_assert(STATE_UNKNOWN < 8, "a state has three bits in a cell");
_Static_assert(sizeof(struct cell) == 24, "tables are made of these: a host has 100 000");

void cell_set_count(struct row *row, int column, uint64_t v, uint64_t at_ns)
{
	row->cell[column] = (struct cell){
		.count = v, .at_ns = at_ns & AT_NS_MAX, .state = STATE_OK, .rate_state = STATE_FIRST
	};
}

void cell_set_number(struct row *row, int column, double v, uint64_t at_ns)
{
	row->cell[column] =
	    (struct cell){ .number = v, .at_ns = at_ns & AT_NS_MAX, .state = STATE_OK };
}

void cell_set_text(
    struct snapshot *s, struct row *row, int column, const char *text, uint64_t at_ns)
{
	size_t len = strnlen(text, TEXT_MAX), room = len * SANITIZE_GROWTH + 1;
	char small[512], *big = room > sizeof(small) ? xmalloc(room) : NULL, *copy;

	len = sanitize(big ? big : small, room, text, len);
	copy = arena_alloc(s->arena, len + 1);
	memcpy(copy, big ? big : small, len);
	free(big);
	row->cell[column] =
	    (struct cell){ .text = copy, .at_ns = at_ns & AT_NS_MAX, .state = STATE_OK };
}

void cell_set_missing(struct row *row, int column, enum state why, uint64_t at_ns)
{
	enum state state = why == STATE_OK ? STATE_ABSENT : why;

	row->cell[column] = (struct cell){
		.at_ns = at_ns & AT_NS_MAX, .state = state & 7, .rate_state = state & 7
	};
}

double cell_number(const struct row *row, int column, double otherwise)
{
	return cell_has(row, column) ? row->cell[column].number : otherwise;
}

const char *cell_text(const struct row *row, int column)
{
	return cell_has(row, column) && row->cell[column].text ? row->cell[column].text : "";
}

enum state state_of_errno(int error)
{
	switch (error < 0 ? -error : error) {
	case 0:
		return STATE_OK;
	case EPERM:
	case EACCES:
		return STATE_DENIED;
	default:
		return STATE_ABSENT;
	}
}

const char *state_name(enum state state)
{
	static const char *const names[] = {
		[STATE_ABSENT] = "absent",
		[STATE_OK] = "ok",
		[STATE_FIRST] = "first",
		[STATE_RESET] = "reset",
		[STATE_STALE] = "stale",
		[STATE_STUCK] = "stuck",
		[STATE_DENIED] = "denied",
		[STATE_UNKNOWN] = "unknown",
	};

	return names[state];
}

static bool is_guest(struct key key)
{
	return key.owner != 0 || key.born != 0;
}

struct cell cell_copy(struct snapshot *into, const struct column *c, struct cell cell)
{
	if (c->kind == KIND_TEXT && cell.text) {
		size_t size = strlen(cell.text) + 1;
		char *copy = arena_alloc(into->arena, size);

		memcpy(copy, cell.text, size);
		cell.text = copy;
	}
	return cell;
}

struct row *snapshot_target(struct snapshot *into, enum table_id id, struct key key, bool is_named)
{
	/* Only a domain without a process lives by what a slow source tells, and only with its
	 * name. */
	bool is_far = id == TABLE_DOMAIN && key.owner >> 63 && is_named;

	if (id == TABLE_DOMAIN && !is_far)
		return snapshot_find(into, id, key);
	if (!is_far && is_guest(key) && !snapshot_find(into, TABLE_DOMAIN, key_of(key, 0)))
		return NULL;
	return snapshot_row(into, id, key);
}

/* The columns of a table that @sources fill. */
static int columns_of(enum table_id id, unsigned sources, int *ret)
{
	const struct table_kind *kind = &table_kinds[id];
	int n = 0;

	for (int i = 0; i < kind->columns; i++)
		if (!kind->column[i].derive && (sources & NEEDS(kind->column[i].src)))
			ret[n++] = i;
	return n;
}

/* Whom a row is about may have been told by another source. */
static struct row *carry_target(struct snapshot *into, enum table_id id, const struct row *from)
{
	size_t before = into->table[id].n;
	bool is_named = id == TABLE_DOMAIN && from->cell[DOMAIN_NAME].at_ns;
	struct row *row = snapshot_target(into, id, from->key, is_named);

	for (int i = 0; into->table[id].n > before && i < table_kinds[id].identity; i++)
		row->cell[i] = cell_copy(into, &table_kinds[id].column[i], from->cell[i]);
	return row;
}

static void carry_row(struct snapshot *into, enum table_id id, const struct row *from,
    const int *column, int columns, uint64_t stale_ns)
{
	struct row *row = NULL;

	for (int i = 0; i < columns; i++) {
		struct cell cell = from->cell[column[i]];

		if (cell.at_ns == 0)
			continue;
		row = row ? row : carry_target(into, id, from);
		if (!row)
			return;
		if (row->cell[column[i]].at_ns)
			continue;
		if (cell.state == STATE_OK && into->moment.mono_ns > cell.at_ns + stale_ns)
			cell.state = STATE_STALE;
		row->cell[column[i]] = cell_copy(into, &table_kinds[id].column[column[i]], cell);
	}
}

void snapshot_carry(
    struct snapshot *into, const struct snapshot *before, unsigned sources, uint64_t stale_ns)
{
	for (enum table_id t = 0; before && t < TABLES; t++) {
		int *column = xcalloc((size_t)table_kinds[t].columns, sizeof(*column));
		int columns = columns_of(t, sources, column);

		for (size_t i = 0; columns && i < before->table[t].n; i++)
			carry_row(into, t, before->table[t].row[i], column, columns, stale_ns);
		free(column);
	}
}

void snapshot_link(struct snapshot *s)
{
	for (int t = 0; t < TABLES; t++) {
		struct row *domain = NULL;
		struct key owner = { 0 };

		for (size_t i = 0; i < s->table[t].n; i++) {
			struct row *row = s->table[t].row[i];

			if (!is_guest(row->key))
				continue;
			/* Rows of one guest mostly lie together. */
			if (!key_same_owner(owner, row->key)) {
				owner = key_of(row->key, 0);
				domain = snapshot_find(s, TABLE_DOMAIN, owner);
			}
			row->domain = domain;
		}
	}
}
