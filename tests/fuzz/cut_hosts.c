/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls the target of hosts (fuzz_host.c) with captured hosts: as they are, cut off in places, and
 * with the lines of some of their files cut short. Together they hold every kind of file that is
 * read of a host, so every parser sees what it is made for, and how that may end too early.
 */
#include <errno.h>
#include <stdbool.h>

#include "base/archive.h"
#include "base/slice.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define TENTHS 10

static void run(const char *p, size_t len)
{
	/* Memory of just this size, so that a step beyond it is seen. */
	uint8_t *data = malloc(len > 0 ? len : 1);

	if (data == NULL)
		abort();
	memcpy(data, p, len);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
}

/* Kinds of files are told by their names, which fall into so many groups. */
#define GROUPS 5

static unsigned group_of(struct slice path)
{
	struct slice before;
	unsigned sum = 0;

	while (slice_cut(path, '/', &before, &path))
		;
	for (size_t i = 0; i < path.len; i++)
		sum += (unsigned char)path.p[i];
	return sum % GROUPS;
}

static bool is_mark(struct slice line, struct slice *ret_path)
{
	if (!slice_starts(line, "## ") && !slice_starts(line, "== ") &&
	    !slice_starts(line, "@@ ") && !slice_starts(line, "~~ "))
		return false;
	*ret_path = (struct slice){ line.p + 3, line.len - 3 };
	return true;
}

/* All files at once would leave no guest whose files are worth a look. */
static void run_with_short_lines(struct slice host, unsigned group, size_t tenths)
{
	struct text text = { 0 };
	struct cursor c;
	struct slice line, path = { host.p, 0 };

	cursor_init(&c, host.p, host.len);
	while (cursor_split(&c, '\n', &line)) {
		if (!is_mark(line, &path) && group_of(path) == group)
			line.len = line.len * tenths / TENTHS;
		text_append(&text, line.p, line.len);
		text_append(&text, "\n", 1);
	}
	run(text.p, text.len);
	text_done(&text);
}

static int read_file(const char *path, struct text *ret)
{
	FILE *file = fopen(path, "rb");
	char part[65536];
	size_t n;
	int r;

	if (file == NULL)
		return -errno;
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		text_append(ret, part, n);
	r = ferror(file) ? -EIO : 0;
	fclose(file);
	return r;
}

static int run_host(const char *path)
{
	static const size_t cuts[] = { 0, 4, 8 };
	struct text text = { 0 };
	struct slice host;
	int r = read_file(path, &text);

	if (r == 0 && !slice_starts((struct slice){ text.p, text.len }, ARCHIVE_HEAD))
		r = -EINVAL;
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
		text_done(&text);
		return r;
	}
	host = (struct slice){ text.p + strlen(ARCHIVE_HEAD), text.len - strlen(ARCHIVE_HEAD) };
	run(host.p, host.len);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		run(host.p, host.len * cuts[i] / TENTHS);
		for (unsigned group = 0; group < GROUPS; group++)
			run_with_short_lines(host, group, cuts[i]);
	}
	text_done(&text);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		if (run_host(argv[i]) < 0)
			failed = 1;
	printf("%d hosts\n", argc - 1);
	return failed;
}
