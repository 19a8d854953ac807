/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's kallsyms and modules; behind a line "--" the second, if it is there. */
#include <errno.h>

#include "profile/kallsyms.h"
#include "profile/symbols.h"
#include "tests/fuzz/fuzz.h"

/* Sorted, apart from each other, each with a name. */
static void check_table(const struct symbols *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct symbol *symbol = &s->v[i];

		PROMISE(symbol->start < symbol->end || symbol->end == UINT64_MAX);
		PROMISE(i == 0 || s->v[i - 1].start < symbol->start);
		PROMISE(strlen(symbol_name(s, symbol)) > 0);
		PROMISE(strlen(symbol_name(s, symbol)) <= SYMBOL_NAME_MAX);
		PROMISE(strlen(symbol_object(s, symbol)) <= SYMBOL_NAME_MAX);
		PROMISE(symbol->end == symbol->start || symbols_find(s, symbol->start) == symbol);
	}
}

static void check_kallsyms(const char *text, size_t len)
{
	struct symbols s = { 0 };
	struct kallsyms_facts facts;
	int r = kallsyms_parse(&s, text, len, &facts);

	PROMISE(r == 0 || r == -ENODATA || r == -EINVAL || r == -EPERM);
	PROMISE(facts.zeroed <= facts.functions && facts.functions <= facts.lines);
	PROMISE(s.n <= facts.functions);
	PROMISE(facts.first <= facts.last);
	symbols_sort(&s);
	check_table(&s);
	symbols_done(&s);
}

static void check_modules(const char *text, size_t len)
{
	struct symbols s = { 0 };
	int r = modules_parse(&s, text, len);

	PROMISE(r == 0 || r == -ENODATA || r == -EINVAL || r == -EPERM);
	symbols_sort(&s);
	for (size_t i = 0; i + 1 < s.n; i++)
		PROMISE(s.v[i].start < s.v[i + 1].start);
	symbols_find(&s, 0);
	symbols_find(&s, UINT64_MAX);
	symbols_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *cut = memmem(data, size, "\n--\n", 4);

	check_kallsyms(text, cut ? (size_t)(cut - text) : size);
	check_modules(cut ? cut + 4 : text, cut ? size - (size_t)(cut + 4 - text) : size);
	return 0;
}
