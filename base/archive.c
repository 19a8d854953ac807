/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/archive.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "base/xalloc.h"

#define MAX_SAMPLES 100000

struct sample {
	struct moment moment;
	struct entry *entry; /* sorted by path */
	size_t n, cap;
};

struct archive {
	atomic_uint refs;
	char *text; /* unescaped in place; entries point into it */
	struct sample *sample;
	size_t samples, cap;
	bool ended; /* the end mark was seen */
};

struct archive *archive_ref(struct archive *a)
{
	atomic_fetch_add(&a->refs, 1);
	return a;
}

void archive_unref(struct archive *a)
{
	if (!a || atomic_fetch_sub(&a->refs, 1) > 1)
		return;
	for (size_t i = 0; i < a->samples; i++)
		free(a->sample[i].entry);
	free(a->sample);
	free(a->text);
	free(a);
}

size_t archive_samples(const struct archive *a)
{
	return a->samples;
}

bool archive_is_cut(const struct archive *a)
{
	return !a->ended;
}

struct moment archive_moment(const struct archive *a, size_t sample)
{
	return a->sample[sample].moment;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

const struct entry *archive_find(const struct archive *a, size_t sample, const char *path)
{
	const struct sample *s = &a->sample[sample];
	struct entry key = { .path = path };

	return s->n ? bsearch(&key, s->entry, s->n, sizeof(key), compare_entries) : NULL;
}

/* The first entry whose path starts with @prefix, or the place where it would stand. */
static size_t lower_bound(const struct sample *s, const char *prefix, size_t len)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strncmp(s->entry[mid].path, prefix, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool archive_exists(const struct archive *a, size_t sample, const char *path)
{
	const struct sample *s = &a->sample[sample];
	char dir[1024];
	int len = snprintf(dir, sizeof(dir), "%s/", path);
	size_t i;

	if (archive_find(a, sample, path))
		return true;
	if (len < 0 || (size_t)len >= sizeof(dir))
		return false;
	i = lower_bound(s, dir, (size_t)len);
	return i < s->n && strncmp(s->entry[i].path, dir, (size_t)len) == 0;
}

void archive_list(const struct archive *a, size_t sample, const char *dir,
    void (*each)(void *ctx, const char *name, size_t len, bool is_dir), void *ctx)
{
	const struct sample *s = &a->sample[sample];
	size_t dir_len = strlen(dir), last_len = 0;
	const char *last = NULL;

	for (size_t i = lower_bound(s, dir, dir_len); i < s->n; i++) {
		const char *name = s->entry[i].path, *slash;
		size_t len;

		if (strncmp(name, dir, dir_len) != 0)
			return;
		if (dir_len && name[dir_len] != '/')
			continue;
		name += dir_len ? dir_len + 1 : 0;
		slash = strchr(name, '/');
		len = slash ? (size_t)(slash - name) : strlen(name);
		if (len == 0 || (last && len == last_len && memcmp(name, last, len) == 0))
			continue;
		each(ctx, name, len, slash != NULL);
		last = name;
		last_len = len;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Takes the escapes out of @n bytes, in place. The new length. */
static size_t unescape(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != '\\' || i + 1 >= n) {
			p[out++] = p[i];
		} else if (p[i + 1] == '\n') {
			i++;
		} else if (p[i + 1] == 'x' && i + 3 < n && hex_digit(p[i + 2]) >= 0 &&
			   hex_digit(p[i + 3]) >= 0) {
			p[out++] = (char)(hex_digit(p[i + 2]) << 4 | hex_digit(p[i + 3]));
			i += 3;
		} else {
			p[out++] = p[++i];
		}
	}
	return out;
}

static bool is_mark(const char *line, const char *end)
{
	return end - line >= 3 && line[0] == line[1] && line[2] == ' ' &&
	       memchr("#=@~", line[0], 4);
}

static void add_sample(struct archive *a, const char *line)
{
	struct sample *s;
	struct cursor c;
	uint64_t mono_ns;
	int64_t wall_ns;

	a->sample = xgrow(a->sample, a->samples, &a->cap, sizeof(*a->sample));
	s = &a->sample[a->samples++];
	*s = (struct sample){ 0 };
	cursor_init(&c, line, strlen(line));
	if (cursor_u64(&c, &mono_ns) == 0 && cursor_i64(&c, &wall_ns) == 0)
		s->moment = (struct moment){ .mono_ns = mono_ns, .wall_ns = wall_ns };
}

static void add_entry(struct sample *s, struct entry e)
{
	if (e.path[0] == '\0' || e.path[0] == '/')
		return;
	s->entry = xgrow(s->entry, s->n, &s->cap, sizeof(*s->entry));
	s->entry[s->n++] = e;
}

/* Sorts a finished sample; of entries with one path the first stays. */
static void finish_sample(struct sample *s)
{
	size_t out = 0;

	if (s->n > 1)
		qsort(s->entry, s->n, sizeof(*s->entry), compare_entries);
	for (size_t i = 0; i < s->n; i++)
		if (out == 0 || strcmp(s->entry[out - 1].path, s->entry[i].path) != 0)
			s->entry[out++] = s->entry[i];
	s->n = out;
}

static void add_same(struct archive *a, const char *path)
{
	const struct entry *before;

	if (a->samples < 2)
		return;
	before = archive_find(a, a->samples - 2, path);
	if (before)
		add_entry(&a->sample[a->samples - 1], *before);
}

static void add_marked(struct archive *a, char mark, char *path, char *data, size_t len)
{
	if (mark == '#' && strcmp(path, "end") == 0) {
		a->ended = true;
	} else if (mark == '#') {
		if (a->samples)
			finish_sample(&a->sample[a->samples - 1]);
		add_sample(a, path);
	} else if (a->samples == 0) {
		return;
	} else if (mark == '~') {
		add_same(a, path);
	} else {
		/* A link's target is a line of its own, whose end is not part of it. */
		len = unescape(data, len);
		if (mark == '@' && len && data[len - 1] == '\n')
			len--;
		add_entry(&a->sample[a->samples - 1],
		    (struct entry){
			.path = path, .data = data, .len = len, .is_link = mark == '@' });
	}
}

static void parse(struct archive *a, char *p, char *end)
{
	while (p < end && !a->ended && a->samples < MAX_SAMPLES) {
		char *eol = memchr(p, '\n', (size_t)(end - p)), *path = p + 3, *data, *next;
		char mark = p[0];

		if (!eol)
			return;
		if (!is_mark(p, eol)) {
			p = eol + 1;
			continue;
		}
		*eol = '\0';
		data = next = eol + 1;
		while (next < end && !is_mark(next, end)) {
			eol = memchr(next, '\n', (size_t)(end - next));
			next = eol ? eol + 1 : end;
		}
		add_marked(a, mark, path, data, (size_t)(next - data));
		p = next;
	}
}

/* Half a file would be taken for a whole one, and half a sample for a host that lost guests. */
static void drop_what_is_cut(struct archive *a)
{
	if (a->samples > 1)
		free(a->sample[--a->samples].entry);
	else if (a->sample[0].n)
		a->sample[0].n--;
}

int archive_parse(const char *text, size_t len, struct archive **ret)
{
	size_t magic = strlen(ARCHIVE_HEAD);
	struct archive *a;

	if (len < magic || memcmp(text, ARCHIVE_HEAD, magic) != 0)
		return -EINVAL;
	a = xcalloc(1, sizeof(*a));
	a->refs = 1;
	a->text = xmalloc(len + 1);
	memcpy(a->text, text, len);
	a->text[len] = '\0';
	parse(a, a->text + magic, a->text + len);
	if (a->samples == 0) {
		archive_unref(a);
		return -EINVAL;
	}
	if (!a->ended)
		drop_what_is_cut(a);
	finish_sample(&a->sample[a->samples - 1]);
	*ret = a;
	return 0;
}

static void append_escaped(struct text *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		bool at_line_start = i == 0 || data[i - 1] == '\n';
		char hex[8];

		if (c == '\\') {
			text_append(out, "\\\\", 2);
		} else if ((c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f ||
			   (at_line_start && memchr("#=@~", c, 4))) {
			snprintf(hex, sizeof(hex), "\\x%02x", c);
			text_append(out, hex, 4);
		} else {
			text_append(out, data + i, 1);
		}
	}
}

void archive_write_entry(
    struct text *out, const char *path, bool is_link, const char *data, size_t len)
{
	text_append(out, is_link ? "@@ " : "== ", 3);
	text_append(out, path, strlen(path));
	text_append(out, "\n", 1);
	append_escaped(out, data, len);
	if (is_link)
		text_append(out, "\n", 1);
	else if (len && data[len - 1] != '\n')
		text_append(out, "\\\n", 2);
}
