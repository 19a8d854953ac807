/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's memory, pressure, and the switches that decide about both. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xalloc.h"
#include "collectors/collector.h"
#include "collectors/values.h"

#define PRESSURE_DIR "proc/pressure/"

/* A file below proc/pressure: two lines, "some" and "full". */
struct pressure {
	char *path;
	struct kept kept;
	char text[512];
	int error; /* of the last reading */
	uint64_t at_ns;
};

struct memory {
	struct values switches;
	const char *numad;  /* NULL: not known */
	uint64_t numad_ns;  /* when it was looked for; 0: not yet */
	const char *packed; /* NULL: not known */
	int packed_error;   /* why */
	uint64_t packed_ns; /* when it was looked for; 0: not yet */
	struct named named;
	struct kept meminfo;
	struct text vmstat;
	struct pressure *pressure;
	size_t n, cap;
};

/* "proc/sys/vm/swappiness", but not "proc/pressure/cpu some". */
static bool is_file(const struct column *c)
{
	return (strncmp(c->key, "proc/", 5) == 0 || strncmp(c->key, "sys/", 4) == 0) &&
	       strchr(c->key, ' ') == NULL;
}

static const struct values_kind switch_kind = {
	.table = TABLE_HOST, .src = SRC_MEMORY, .takes = is_file
};

static bool is_pressure(int i)
{
	const struct column *c = &table_kinds[TABLE_HOST].column[i];

	return c->src == SRC_MEMORY && c->key && c->kind == KIND_COUNTER &&
	       strncmp(c->key, PRESSURE_DIR, strlen(PRESSURE_DIR)) == 0;
}

/* The file of the key "proc/pressure/cpu some"; further lines of one file share it. */
static struct pressure *pressure_of(struct memory *m, const char *key, struct slice *ret_line)
{
	struct slice path = slice_of(key);

	if (!slice_cut(path, ' ', &path, ret_line))
		*ret_line = slice_of("");
	for (size_t i = 0; i < m->n; i++)
		if (slice_eq(path, m->pressure[i].path))
			return &m->pressure[i];
	m->pressure = xgrow(m->pressure, m->n, &m->cap, sizeof(*m->pressure));
	m->pressure[m->n] = (struct pressure){ .path = slice_dup(path) };
	return &m->pressure[m->n++];
}

void *memory_open(const struct sampling *options)
{
	struct memory *m = xcalloc(1, sizeof(*m));
	struct slice line;

	(void)options;
	values_init(&m->switches, &switch_kind, "");
	named_init(&m->named, TABLE_HOST, SRC_MEMORY);
	for (int i = 0; i < HOST_COLUMNS; i++)
		if (is_pressure(i))
			pressure_of(m, table_kinds[TABLE_HOST].column[i].key, &line);
	return m;
}

void memory_close(void *state)
{
	struct memory *m = state;

	for (size_t i = 0; i < m->n; i++) {
		kept_done(&m->pressure[i].kept);
		free(m->pressure[i].path);
	}
	free(m->pressure);
	values_done(&m->switches);
	named_done(&m->named);
	kept_done(&m->meminfo);
	text_done(&m->vmstat);
	free(m);
}

static int read_meminfo(struct memory *m, struct reading *r, struct row *host)
{
	char buf[16384];
	ssize_t n = root_read_kept(r->root, &m->meminfo, "proc/meminfo", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	/* Without a unit meminfo tells numbers of things only. */
	named_take(&m->named, buf, 1, host, reading_now(r));
	return 0;
}

/* The kernel gives vmstat out in pieces of 4 KiB, so one read of a kept descriptor may not do. */
static int read_vmstat(struct memory *m, struct reading *r, struct row *host)
{
	int error = root_read_all(r->root, "proc/vmstat", &m->vmstat);

	if (error == 0)
		named_take(&m->named, m->vmstat.p, host_page_bytes(r->root), host, reading_now(r));
	return error;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=4321": µs in which some task waited. */
static int pressure_total(const char *text, struct slice name, uint64_t *ret_us)
{
	struct slice word, key, value;
	struct cursor c, line;

	cursor_init(&c, text, strlen(text));
	while (cursor_line(&c, &line)) {
		if (!cursor_field(&line, &word) || word.len != name.len ||
		    memcmp(word.p, name.p, name.len) != 0)
			continue;
		while (cursor_field(&line, &word))
			if (slice_cut(word, '=', &key, &value) && slice_eq(key, "total"))
				return slice_u64(value, ret_us);
	}
	return -ENOENT;
}

static size_t read_pressure(struct memory *m, struct reading *r, struct row *host)
{
	size_t there = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct pressure *p = &m->pressure[i];
		ssize_t n = root_read_kept(r->root, &p->kept, p->path, p->text, sizeof(p->text));

		p->error = n < 0 ? (int)n : 0;
		p->at_ns = reading_now(r);
		there += n >= 0;
	}
	for (int i = 0; i < HOST_COLUMNS; i++) {
		struct slice line;
		struct pressure *p;
		uint64_t total_us;
		int error;

		if (!is_pressure(i))
			continue;
		p = pressure_of(m, table_kinds[TABLE_HOST].column[i].key, &line);
		error = p->error ? p->error : pressure_total(p->text, line, &total_us);
		if (error < 0)
			cell_set_missing(host, i, state_of_errno(error), p->at_ns);
		else
			cell_set_count(host, i, total_us * 1000, p->at_ns);
	}
	return there;
}

#define NUMAD_NOTE "kvmtop/numad"

static bool is_running(const struct root *root, const char *pid_file, const char *name)
{
	char buf[64], path[64];
	uint64_t pid;

	if (root_read(root, pid_file, buf, sizeof(buf)) <= 0 || parse_u64(buf, &pid) < 0)
		return false;
	snprintf(path, sizeof(path), "proc/%llu/comm", (unsigned long long)pid);
	if (root_read(root, path, buf, sizeof(buf)) <= 0)
		return false;
	return slice_eq(slice_trim(slice_of(buf)), name);
}

/* A capture does not tell which programs a host has, so it gets a note. */
static const char *look_for_numad(const struct root *root)
{
	static const char *const states[] = { "running", "installed", "no" };
	const char *state;
	char note[16];

	if (!root_is_live(root)) {
		if (root_read(root, NUMAD_NOTE, note, sizeof(note)) > 0)
			for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
				if (slice_eq(slice_trim(slice_of(note)), states[i]))
					return states[i];
		return NULL;
	}
	state = is_running(root, "run/numad.pid", "numad") ? states[0]
		: root_exists(root, "usr/bin/numad")       ? states[1]
							   : states[2];
	root_note(root, NUMAD_NOTE, state, strlen(state));
	return state;
}

static void read_numad(struct memory *m, struct reading *r, struct row *host)
{
	if (slow_is_due(r, m->numad_ns)) {
		m->numad = look_for_numad(r->root);
		m->numad_ns = reading_now(r);
	}
	if (m->numad)
		cell_set_text(r->into, host, HOST_NUMAD, m->numad, m->numad_ns);
}

/* A line of proc/swaps begins with the device or file that is swapped to. */
static bool is_zram(struct slice path)
{
	const char *name = path.p;

	for (size_t i = 0; i < path.len; i++)
		if (path.p[i] == '/')
			name = path.p + i + 1;
	return path.len - (size_t)(name - path.p) >= 4 && strncmp(name, "zram", 4) == 0;
}

static const char *look_for_packed(const struct root *root, int *ret_error)
{
	char enabled[8];
	struct text swaps = { 0 };
	struct cursor c, line;
	struct slice path;
	bool zram = false;

	*ret_error = root_read_all(root, "proc/swaps", &swaps);
	if (*ret_error == 0) {
		cursor_init(&c, swaps.p, swaps.len);
		while (!zram && cursor_line(&c, &line))
			zram = cursor_field(&line, &path) && is_zram(path);
	}
	text_done(&swaps);
	if (zram)
		return "zram";
	if (root_read(root, "sys/module/zswap/parameters/enabled", enabled, sizeof(enabled)) > 0 &&
	    (*enabled == 'Y' || *enabled == '1'))
		return "zswap";
	return *ret_error == 0 ? "no" : NULL;
}

static void read_packed(struct memory *m, struct reading *r, struct row *host)
{
	if (slow_is_due(r, m->packed_ns)) {
		m->packed = look_for_packed(r->root, &m->packed_error);
		m->packed_ns = reading_now(r);
	}
	if (m->packed)
		cell_set_text(r->into, host, HOST_COMPRESSED_SWAP, m->packed, m->packed_ns);
	else
		cell_set_missing(
		    host, HOST_COMPRESSED_SWAP, state_of_errno(m->packed_error), m->packed_ns);
}

enum state memory_read(struct reading *r)
{
	struct memory *m = r->state;
	struct row *host = snapshot_row(r->into, TABLE_HOST, key_host(0));
	int no_meminfo = read_meminfo(m, r, host), no_vmstat = read_vmstat(m, r, host);

	named_missing(&m->named, host, no_meminfo ? no_meminfo : no_vmstat, reading_now(r));
	if (no_meminfo)
		reading_note(r, "proc/meminfo cannot be read.");
	if (no_vmstat)
		reading_note(r, "proc/vmstat cannot be read: no swap, fault and migration rates.");
	if (read_pressure(m, r, host) == 0)
		reading_note(r, "No pressure figures: the kernel has PSI not built in or switched "
				"off (boot option psi=1).");
	values_read(&m->switches, r, host);
	read_numad(m, r, host);
	read_packed(m, r, host);
	cell_set_number(host, HOST_PAGE_SIZE, (double)host_page_bytes(r->root), reading_now(r));
	return no_meminfo && no_vmstat ? state_of_errno(no_meminfo) : STATE_OK;
}
