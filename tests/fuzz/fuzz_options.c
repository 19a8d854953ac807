/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines, a word a line: what is taken is within bounds, and what is not is explained. */
#include <errno.h>

#include "base/slice.h"
#include "cli/options.h"
#include "output/writer.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 64

static void check(const struct options *o)
{
	PROMISE(o->mode >= MODE_SCREEN && o->mode <= MODE_HELP);
	PROMISE(o->delay_ns > 0);
	/* A capture writes no table; help is given before the rest is looked at. */
	PROMISE(o->table_count >= 1 || o->mode > MODE_DUMP);
	PROMISE(o->table_count <= TABLES);
	for (size_t i = 0; i < o->table_count; i++)
		PROMISE(o->table[i] < TABLES);
	for (size_t i = 0; o->column && i < o->column_count; i++)
		PROMISE(o->column[i] >= 0 && o->column[i] < table_kinds[o->table[0]].columns);
	PROMISE(o->sort_column >= -1 && o->sort_column < table_kinds[o->table[0]].columns);
	PROMISE(o->rows >= 0 && o->cols >= 0 && o->rows <= 10000 && o->cols <= 10000);
	PROMISE(o->format != NULL);
	PROMISE(!(o->demo && o->root));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *argv[WORDS_MAX + 2] = { strdup("kvmtop") },
	     *error = NULL;
	struct options options;
	struct cursor c;
	struct slice word;
	int argc = 1, r;

	cursor_init(&c, text, strlen(text));
	while (argc <= WORDS_MAX && cursor_split(&c, '\n', &word))
		argv[argc++] = slice_dup(word);
	r = options_parse(argc, argv, &options, &error);
	PROMISE(r == 0 || r == -EINVAL);
	if (r == 0) {
		PROMISE(error == NULL);
		check(&options);
		options_done(&options);
	} else {
		PROMISE(error != NULL && error[0] != '\0');
		free(error);
	}
	for (int i = 0; i < WORDS_MAX + 2; i++)
		free(argv[i]);
	free(text);
	return 0;
}
