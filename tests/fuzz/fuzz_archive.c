/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of captured hosts: what is listed can be read, and what was read can be written again.
 */
#include "base/archive.h"
#include "base/root.h"
#include "tests/fuzz/fuzz.h"

struct walk {
	const struct archive *archive;
	size_t sample;
	int depth, visited;
	const char *dir;
};

static void check_same(const struct entry *e)
{
	struct text text = { 0 };
	const struct entry *again;
	struct archive *copy;

	text_append(&text, "kvmtop-host 1\n## 1 2\n", 21);
	archive_write_entry(&text, "x", e->is_link, e->data, e->len);
	text_append(&text, ARCHIVE_END, strlen(ARCHIVE_END));
	PROMISE(archive_parse(text.p, text.len, &copy) == 0);
	again = archive_find(copy, 0, "x");
	PROMISE(again && again->is_link == e->is_link && again->len == e->len);
	PROMISE(e->len == 0 || memcmp(again->data, e->data, e->len) == 0);
	archive_unref(copy);
	text_done(&text);
}

static void visit(void *ctx, const char *name, size_t len, bool is_dir)
{
	struct walk *walk = ctx, below;
	const struct entry *e;
	char path[1024];
	int n;

	if (walk->visited++ > 200 || walk->depth > 6)
		return;
	n = snprintf(
	    path, sizeof(path), "%s%s%.*s", walk->dir, walk->dir[0] ? "/" : "", (int)len, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	e = archive_find(walk->archive, walk->sample, path);
	PROMISE(e || is_dir);
	if (e)
		check_same(e);
	if (!is_dir)
		return;
	below = *walk;
	below.dir = path;
	below.depth++;
	archive_list(walk->archive, walk->sample, path, visit, &below);
	walk->visited = below.visited;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = { .dir = "" };
	struct archive *a;

	if (archive_parse((const char *)data, size, &a) < 0)
		return 0;
	walk.archive = a;
	for (walk.sample = 0; walk.sample < archive_samples(a) && walk.sample < 4; walk.sample++)
		archive_list(a, walk.sample, "", visit, &walk);
	archive_unref(a);
	return 0;
}
