/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices of the host: counters from proc/diskstats at every sample, settings from
 * sys/class/block and what a device is made of every 5 s. Partitions count with their disk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "collectors/block_stack.h"
#include "collectors/collector.h"

#define SECTOR_BYTES 512
#define SETTINGS_NS (5 * NS_PER_SEC)
/* Devices that are seen for the first time together take turns from then on. */
#define TURNS 5
#define DEVICES_MAX 4096
#define SETTING_SIZE 64

/* Behind major, minor and name, as the kernel's Documentation/block/stat.rst names them. */
static const char *const stat_names[] = { "read_ios", "read_merges", "read_sectors", "read_ticks",
	"write_ios", "write_merges", "write_sectors", "write_ticks", "in_flight", "io_ticks",
	"time_in_queue", "discard_ios", "discard_merges", "discard_sectors", "discard_ticks",
	"flush_ios", "flush_ticks" };

#define STATS (sizeof(stat_names) / sizeof(stat_names[0]))

struct setting {
	enum state state;
	uint64_t at_ns;
	char text[SETTING_SIZE];
};

struct device {
	char name[BLOCK_NAME_SIZE];
	char kind[12];
	char *alias; /* NULL: none */
	char *below;
	uint64_t size_bytes;
	bool is_partition, seen;
	uint64_t described_ns, due_ns; /* 0: never, at once */
	struct setting *setting;       /* as blockdevs.column */
};

struct blockdevs {
	struct device *device;
	size_t n, cap;
	size_t unknown;  /* devices of this reading that are beyond what is remembered */
	size_t next;     /* where the device of the next line probably is */
	int stat[STATS]; /* columns of the statistics; -1: none */
	int *column;     /* of the settings */
	size_t columns;
};

static int find_column(const char *key)
{
	for (int i = 0; i < BLOCKDEV_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_BLOCKDEV].column[i];

		if (c->src == SRC_BLOCKDEVS && c->key && strcmp(c->key, key) == 0)
			return i;
	}
	return -1;
}

void *blockdevs_open(const struct sampling *options)
{
	struct blockdevs *b = xcalloc(1, sizeof(*b));
	size_t cap = 0;

	(void)options;
	for (size_t i = 0; i < STATS; i++)
		b->stat[i] = find_column(stat_names[i]);
	for (int i = 0; i < BLOCKDEV_COLUMNS; i++) {
		const struct column *c = &table_kinds[TABLE_BLOCKDEV].column[i];

		if (c->src != SRC_BLOCKDEVS || !c->key || !strchr(c->key, '/'))
			continue;
		b->column = xgrow(b->column, b->columns, &cap, sizeof(*b->column));
		b->column[b->columns++] = i;
	}
	return b;
}

static void forget(struct device *d)
{
	free(d->alias);
	free(d->below);
	free(d->setting);
}

void blockdevs_close(void *state)
{
	struct blockdevs *b = state;

	for (size_t i = 0; i < b->n; i++)
		forget(&b->device[i]);
	free(b->device);
	free(b->column);
	free(b);
}

static struct device *find_device(struct blockdevs *b, struct slice name)
{
	struct device *d;

	for (size_t i = 0; i < b->n; i++) {
		size_t at = (b->next + i) % b->n;

		if (slice_eq(name, b->device[at].name)) {
			b->next = at + 1;
			return &b->device[at];
		}
	}
	if (b->n == DEVICES_MAX || name.len >= BLOCK_NAME_SIZE)
		return NULL;
	b->device = xgrow(b->device, b->n, &b->cap, sizeof(*d));
	d = &b->device[b->n++];
	*d = (struct device){ .setting = xcalloc(b->columns + 1, sizeof(*d->setting)) };
	slice_copy(name, d->name, sizeof(d->name));
	return d;
}

/* The file's text without blanks around it; false: there is none, or it is empty. */
static ssize_t read_text(
    const struct root *root, const char *device, const char *file, char *buf, size_t size)
{
	char *path = xasprintf("sys/class/block/%s/%s", device, file);
	ssize_t n = root_read(root, path, buf, size);
	struct slice text;

	free(path);
	if (n < 0)
		return n;
	text = slice_trim(slice_of(buf));
	memmove(buf, text.p, text.len);
	buf[text.len] = '\0';
	return (ssize_t)text.len;
}

static void find_kind(const struct root *root, struct device *d)
{
	static const struct {
		const char *prefix, *kind;
	} by_name[] = { { "nvme", "nvme" }, { "vd", "virtio" }, { "loop", "loop" }, { "md", "md" },
		{ "nbd", "nbd" }, { "rbd", "rbd" }, { "zram", "zram" }, { "dm-", "dm" } },
	  by_uuid[] = { { "LVM-", "lvm" }, { "CRYPT-", "crypt" }, { "mpath-", "multipath" } };
	char uuid[160];

	snprintf(d->kind, sizeof(d->kind), "disk");
	for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		if (strncmp(d->name, by_name[i].prefix, strlen(by_name[i].prefix)) == 0)
			snprintf(d->kind, sizeof(d->kind), "%s", by_name[i].kind);
	if (strncmp(d->name, "dm-", 3) != 0 ||
	    read_text(root, d->name, "dm/uuid", uuid, sizeof(uuid)) <= 0)
		return;
	for (size_t i = 0; i < sizeof(by_uuid) / sizeof(by_uuid[0]); i++)
		if (strncmp(uuid, by_uuid[i].prefix, strlen(by_uuid[i].prefix)) == 0)
			snprintf(d->kind, sizeof(d->kind), "%s", by_uuid[i].kind);
}

static void find_alias(const struct root *root, struct device *d)
{
	const char *file = strcmp(d->kind, "loop") == 0 ? "loop/backing_file" : "dm/name";
	char text[4096];

	free(d->alias);
	d->alias = NULL;
	if ((d->name[0] == 'd' || d->name[0] == 'l') &&
	    read_text(root, d->name, file, text, sizeof(text)) > 0)
		d->alias = xstrdup(text);
}

static void find_below(const struct root *root, struct device *d)
{
	struct names names = { 0 };
	struct text t = { 0 };

	block_below(root, d->name, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (i)
			text_append(&t, " ", 1);
		text_append(&t, names.name[i], strlen(names.name[i]));
	}
	names_done(&names);
	free(d->below);
	d->below = t.p;
}

static void read_setting(
    struct reading *r, const struct device *d, const char *key, enum kind kind, struct setting *ret)
{
	char text[256], chosen[SETTING_SIZE];
	double number;
	ssize_t n = read_text(r->root, d->name, key, text, sizeof(text));

	*ret = (struct setting){ .state = n < 0 ? state_of_errno((int)n) : STATE_OK,
		.at_ns = reading_now(r) };
	if (n < 0)
		return;
	/* "[none] mq-deadline kyber": the chosen one; of other texts all. */
	if (kind == KIND_TEXT && strchr(text, '[') &&
	    parse_choice(text, chosen, sizeof(chosen)) == 0)
		slice_copy(slice_of(chosen), ret->text, sizeof(ret->text));
	else if (kind == KIND_TEXT || parse_double(text, &number) == 0)
		slice_copy(slice_of(text), ret->text, sizeof(ret->text));
	else
		ret->state = STATE_ABSENT;
}

/* Whether there is something behind the name, and what. */
static void describe(struct blockdevs *b, struct reading *r, struct device *d)
{
	const struct column *columns = table_kinds[TABLE_BLOCKDEV].column;
	uint64_t sectors = 0;
	char text[64];

	d->is_partition = read_text(r->root, d->name, "partition", text, sizeof(text)) > 0;
	d->described_ns = reading_now(r);
	if (d->is_partition)
		return;
	if (read_text(r->root, d->name, "size", text, sizeof(text)) > 0)
		parse_u64(text, &sectors);
	d->size_bytes = sectors > UINT64_MAX / SECTOR_BYTES ? 0 : sectors * SECTOR_BYTES;
	if (d->size_bytes == 0)
		return;
	find_kind(r->root, d);
	find_alias(r->root, d);
	find_below(r->root, d);
	for (size_t i = 0; i < b->columns; i++)
		read_setting(
		    r, d, columns[b->column[i]].key, columns[b->column[i]].kind, &d->setting[i]);
}

static void describe_when_due(struct blockdevs *b, struct reading *r, struct device *d)
{
	uint64_t turn = (uint64_t)(d - b->device) % TURNS + 1;
	bool first = d->due_ns == 0;

	if (!first && !reading_thorough(r) && r->now_ns < d->due_ns)
		return;
	describe(b, r, d);
	d->due_ns = r->now_ns + (first ? SETTINGS_NS / TURNS * turn : SETTINGS_NS);
}

static void write_settings(
    const struct blockdevs *b, struct reading *r, const struct device *d, struct row *row)
{
	for (size_t i = 0; i < b->columns; i++) {
		const struct setting *s = &d->setting[i];
		int column = b->column[i];
		double number;

		if (s->state != STATE_OK)
			cell_set_missing(row, column, s->state, s->at_ns);
		else if (table_kinds[TABLE_BLOCKDEV].column[column].kind == KIND_TEXT)
			cell_set_text(r->into, row, column, s->text, s->at_ns);
		else if (parse_double(s->text, &number) == 0)
			cell_set_number(row, column, number, s->at_ns);
	}
}

/* Sectors have 512 bytes whatever the device has, ticks are milliseconds. */
static void write_stat(struct row *row, int column, uint64_t v, uint64_t at_ns)
{
	const struct column *c = &table_kinds[TABLE_BLOCKDEV].column[column];
	uint64_t factor = c->unit == UNIT_BYTES ? SECTOR_BYTES : c->unit == UNIT_NS ? NS_PER_MS : 1;

	if (__builtin_mul_overflow(v, factor, &v))
		return;
	if (c->kind == KIND_COUNTER)
		cell_set_count(row, column, v, at_ns);
	else
		cell_set_number(row, column, (double)v, at_ns);
}

static void write_device(
    const struct blockdevs *b, struct reading *r, const struct device *d, struct cursor *line)
{
	struct row *row = snapshot_row(r->into, TABLE_BLOCKDEV, key_host(key_item(d->name)));
	uint64_t at = reading_now(r), v;

	cell_set_text(r->into, row, BLOCKDEV_NAME, d->name, at);
	cell_set_text(r->into, row, BLOCKDEV_KIND, d->kind, d->described_ns);
	cell_set_number(row, BLOCKDEV_SIZE, (double)d->size_bytes, d->described_ns);
	if (d->alias)
		cell_set_text(r->into, row, BLOCKDEV_ALIAS, d->alias, d->described_ns);
	if (d->below)
		cell_set_text(r->into, row, BLOCKDEV_BELOW, d->below, d->described_ns);
	write_settings(b, r, d, row);
	for (size_t i = 0; i < STATS && cursor_u64(line, &v) == 0; i++)
		if (b->stat[i] >= 0)
			write_stat(row, b->stat[i], v, at);
}

static void read_line(struct blockdevs *b, struct reading *r, struct cursor *line)
{
	struct device *d;
	struct slice name;

	if (!cursor_skip(line, 2) || !cursor_field(line, &name))
		return;
	d = find_device(b, name);
	if (!d) {
		b->unknown++;
		return;
	}
	d->seen = true;
	describe_when_due(b, r, d);
	/* A drive without a medium, a loop device without a file. */
	if (!d->is_partition && d->size_bytes)
		write_device(b, r, d, line);
}

static void forget_unseen(struct blockdevs *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->device[i].seen)
			b->device[kept++] = b->device[i];
		else
			forget(&b->device[i]);
	b->n = kept;
}

enum state blockdevs_read(struct reading *r)
{
	struct blockdevs *b = r->state;
	struct text text = { 0 };
	struct cursor all, line;
	int e = root_read_all(r->root, "proc/diskstats", &text);

	if (e < 0) {
		text_done(&text);
		if (root_is_live(r->root))
			reading_lacks(r, "proc/diskstats cannot be read.");
		else
			reading_note(r, "This recording has no proc/diskstats.");
		return state_of_errno(e);
	}
	for (size_t i = 0; i < b->n; i++)
		b->device[i].seen = false;
	b->next = b->unknown = 0;
	cursor_init(&all, text.p, text.len);
	while (cursor_line(&all, &line))
		read_line(b, r, &line);
	text_done(&text);
	forget_unseen(b);
	if (b->unknown)
		reading_lacks(r, "%zu block device%s beyond the first %d %s left out.", b->unknown,
		    b->unknown == 1 ? "" : "s", DEVICES_MAX, b->unknown == 1 ? "is" : "are");
	if (r->into->table[TABLE_BLOCKDEV].n == 0)
		reading_note(r, "This host has no block device.");
	return STATE_OK;
}
