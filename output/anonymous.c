/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/anonymous.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "model/snapshot.h"

#define HOST_WORD "host"

struct pair {
	char *from, *to;
	size_t len;     /* of @from */
	unsigned guest; /* its number; 0: the host */
	bool is_word;   /* must not be part of a longer word */
	bool is_unique; /* so long that it is replaced in every file, whatever that is about */
};

struct anonymous {
	struct pair *pair; /* the longest first */
	size_t n, cap;
	bool begins[256]; /* some @from begins so */
	unsigned guests;
};

struct anonymous *anonymous_new(void)
{
	return xcalloc(1, sizeof(struct anonymous));
}

void anonymous_free(struct anonymous *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++) {
		free(a->pair[i].from);
		free(a->pair[i].to);
	}
	free(a->pair);
	free(a);
}

static const struct pair *find(const struct anonymous *a, const char *from)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->pair[i].from, from) == 0)
			return &a->pair[i];
	return NULL;
}

static void add(
    struct anonymous *a, unsigned guest, const char *from, const char *to, bool is_unique)
{
	size_t len = strlen(from), at;

	if (len == 0 || find(a, from))
		return;
	a->pair = xgrow(a->pair, a->n, &a->cap, sizeof(*a->pair));
	for (at = a->n; at > 0 && a->pair[at - 1].len < len; at--)
		a->pair[at] = a->pair[at - 1];
	a->pair[at] = (struct pair){ .from = xstrdup(from),
		.to = xstrdup(to),
		.len = len,
		.guest = guest,
		.is_word = !is_unique,
		.is_unique = is_unique };
	a->begins[(unsigned char)from[0]] = true;
	a->n++;
}

static void escape_xml(const char *s, struct text *out)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			print_text(out, "&amp;");
			break;
		case '<':
			print_text(out, "&lt;");
			break;
		case '>':
			print_text(out, "&gt;");
			break;
		default:
			text_append(out, s, 1);
		}
	}
}

/* As systemd writes it in the name of a scope. */
static void escape_unit(const char *s, struct text *out)
{
	for (; *s; s++) {
		if (isalnum((unsigned char)*s) || strchr("_.:", *s))
			text_append(out, s, 1);
		else
			print_format(out, "\\x%02x", (unsigned char)*s);
	}
}

/* As QEMU wants it in an option's value. */
static void escape_comma(const char *s, struct text *out)
{
	for (; *s; s++) {
		if (*s == ',')
			text_append(out, s, 1);
		text_append(out, s, 1);
	}
}

static void add_name(struct anonymous *a, unsigned guest, const char *from, const char *to)
{
	static void (*const escape[])(
	    const char *, struct text *) = { escape_xml, escape_unit, escape_comma };

	add(a, guest, from, to, false);
	for (size_t i = 0; i < sizeof(escape) / sizeof(escape[0]); i++) {
		struct text escaped = { 0 };

		text_append(&escaped, "", 0);
		escape[i](from, &escaped);
		add(a, guest, escaped.p, to, false);
		text_done(&escaped);
	}
}

/* The name may be learned later than the uuid, or the other way round. */
static unsigned number_of(struct anonymous *a, const char *name, const char *uuid)
{
	const struct pair *p = find(a, name);

	if (!p || name[0] == '\0')
		p = find(a, uuid);
	return p ? p->guest : ++a->guests;
}

static void learn_guest(struct anonymous *a, const struct row *row)
{
	const char *name = cell_text(row, DOMAIN_NAME), *uuid = cell_text(row, DOMAIN_UUID);
	unsigned guest;
	char to[64];

	if (name[0] == '\0' && uuid[0] == '\0')
		return;
	guest = number_of(a, name, uuid);
	snprintf(to, sizeof(to), "guest%u", guest);
	add_name(a, guest, name, to);
	snprintf(to, sizeof(to), "title of guest%u", guest);
	add_name(a, guest, cell_text(row, DOMAIN_TITLE), to);
	snprintf(to, sizeof(to), "00000000-0000-4000-8000-%012x", guest);
	add(a, guest, uuid, to, true);
}

void anonymous_learn(struct anonymous *a, const struct snapshot *s)
{
	const struct row *host = snapshot_find(s, TABLE_HOST, key_host(0));

	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++)
		learn_guest(a, s->table[TABLE_DOMAIN].row[i]);
	if (host)
		add_name(a, 0, cell_text(host, HOST_NAME), HOST_WORD);
}

static bool is_wordy(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "\x2d" ends in a letter, but is a hyphen. */
static bool is_escape(const char *begin, const char *end)
{
	return end - begin >= 4 && end[-4] == '\\' && end[-3] == 'x';
}

static bool stands_alone(const struct pair *p, const char *begin, const char *at, const char *end)
{
	const char *behind = at + p->len;

	if (at > begin && is_wordy(at[0]) && is_wordy(at[-1]) && !is_escape(begin, at))
		return false;
	return behind == end || !is_wordy(behind[-1]) || !is_wordy(behind[0]);
}

static const struct pair *match(
    const struct anonymous *a, const char *begin, const char *at, const char *end, bool names)
{
	if (!a->begins[(unsigned char)*at])
		return NULL;
	for (size_t i = 0; i < a->n; i++) {
		const struct pair *p = &a->pair[i];

		if ((names || p->is_unique) && (size_t)(end - at) >= p->len &&
		    memcmp(at, p->from, p->len) == 0 &&
		    (!p->is_word || stands_alone(p, begin, at, end)))
			return p;
	}
	return NULL;
}

static void replace(
    const struct anonymous *a, const char *data, size_t len, bool names, struct text *out)
{
	const char *end = data + len, *from = data, *at = data;

	while (at < end) {
		const struct pair *p = match(a, data, at, end, names);

		if (!p) {
			at++;
			continue;
		}
		text_append(out, from, (size_t)(at - from));
		print_text(out, p->to);
		at += p->len;
		from = at;
	}
	text_append(out, from, (size_t)(end - from));
}

static bool begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_process(const char *path)
{
	return begins(path, "proc/") && isdigit((unsigned char)path[5]);
}

/* Guests may be called like words of the kernel's files, so names are replaced only where the names
 * of guests can stand. */
static bool path_has_names(const char *path)
{
	return !begins(path, "proc/") && (!begins(path, "sys/") || begins(path, "sys/fs/cgroup/"));
}

static bool data_has_names(const char *path, const char *data, size_t len)
{
	const char *base = strrchr(path, '/');

	if (begins(path, "kvmtop/") || strcmp(path, "proc/sys/kernel/hostname") == 0)
		return true;
	if (!is_process(path))
		return path_has_names(path) && !begins(path, "sys/");
	base = base ? base + 1 : path;
	if (strcmp(base, "schedstat") == 0 || strcmp(base, "io") == 0 ||
	    strcmp(base, "limits") == 0)
		return false;
	/* Targets of links: files, but neither device nodes nor what the kernel calls
	 * "anon_inode:…". */
	if (strstr(path, "/fd/"))
		return len > 0 && data[0] == '/' && !(len > 4 && memcmp(data + 1, "dev/", 4) == 0);
	return true;
}

/* Only the first line names the process; what follows are the kernel's own words. */
static size_t names_end(const char *path, const char *data, size_t len)
{
	const char *base = strrchr(path, '/'), *eol = memchr(data, '\n', len);

	if (is_process(path) && eol &&
	    (strcmp(base, "/status") == 0 || strcmp(base, "/sched") == 0))
		return (size_t)(eol - data);
	return len;
}

/* Appends XML without the elements that hold what only the owner of the guest means. */
static void strip_elements(const char *data, size_t len, struct text *out)
{
	static const char *const open[] = { "<metadata>", "<metadata ", "<description>" };
	static const char *const close[] = { "</metadata>", "</metadata>", "</description>" };
	const char *end = data + len;

	while (data < end) {
		const char *first = end, *behind = end;

		for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
			const char *at =
			    memmem(data, (size_t)(end - data), open[i], strlen(open[i]));

			if (!at || at >= first)
				continue;
			first = at;
			behind = memmem(at, (size_t)(end - at), close[i], strlen(close[i]));
			behind = behind ? behind + strlen(close[i]) : end;
		}
		text_append(out, data, (size_t)(first - data));
		data = behind;
	}
}

void anonymous_path(const struct anonymous *a, const char *path, struct text *out)
{
	replace(a, path, strlen(path), path_has_names(path), out);
}

void anonymous_data(
    const struct anonymous *a, const char *path, const char *data, size_t len, struct text *out)
{
	bool names = data_has_names(path, data, len);
	size_t first = names ? names_end(path, data, len) : len;
	struct text stripped = { 0 };

	if (begins(path, "kvmtop/") && memmem(data, len, "<domain", 7)) {
		text_append(&stripped, "", 0);
		strip_elements(data, len, &stripped);
		data = stripped.p;
		first = len = stripped.len;
	}
	replace(a, data, first, names, out);
	replace(a, data + first, len - first, false, out);
	text_done(&stripped);
}
