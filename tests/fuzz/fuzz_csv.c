/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV of any names: a reader that takes RFC 4180 by the letter gets every one of them back, and
 * nothing else. The input is the name of one guest a line.
 */
#include <errno.h>

#include "base/slice.h"
#include "base/text.h"
#include "model/snapshot.h"
#include "output/csv.h"
#include "output/writer.h"
#include "tests/fuzz/fuzz.h"

#define GUESTS_MAX 16
#define END (-1)

/* The next field into @ret. What stood behind it: ',', '\n' or END. */
static int read_field(const char **at, struct text *ret)
{
	const char *p = *at;
	int behind;

	ret->len = 0;
	text_append(ret, "", 0);
	if (*p == '"') {
		for (p++; *p != '"' || p[1] == '"'; p++) {
			PROMISE(*p != '\0');
			p += *p == '"';
			text_append(ret, p, 1);
		}
		p++;
	} else {
		size_t len = strcspn(p, ",\n\"");

		PROMISE(p[len] != '"' && memchr(p, '\r', len) == NULL);
		text_append(ret, p, len);
		p += len;
	}
	behind = *p ? *p : END;
	PROMISE(behind == ',' || behind == '\n');
	*at = p + 1;
	return behind;
}

static void read_row(const char **at, size_t fields, size_t wanted, struct text *ret)
{
	struct text field = { 0 };

	for (size_t i = 0; i < fields; i++) {
		int behind = read_field(at, i == wanted ? ret : &field);

		PROMISE(behind == (i + 1 < fields ? ',' : '\n'));
	}
	text_done(&field);
}

/* A table's text as it went in: what a snapshot takes is sanitised. */
static size_t add_guests(struct snapshot *s, const char *text, const struct row **ret_row)
{
	struct cursor c;
	struct slice name;
	size_t n = 0;

	cursor_init(&c, text, strlen(text));
	while (n < GUESTS_MAX && cursor_split(&c, '\n', &name)) {
		char *copy = slice_dup(name);
		struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process((uint32_t)n + 1, 7));

		cell_set_text(s, row, DOMAIN_NAME, copy, 1);
		cell_set_number(row, DOMAIN_PID, (double)n, 1);
		ret_row[n++] = row;
		free(copy);
	}
	return n;
}

static void check_rows(const char *text)
{
	static const int columns[] = { DOMAIN_NAME, DOMAIN_PID };
	static const struct sheet sheet = {
		.table = TABLE_DOMAIN, .column = columns, .columns = 2
	};
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = NS_PER_SEC });
	const struct row *row[GUESTS_MAX];
	struct text out = { 0 }, name = { 0 };
	size_t n = add_guests(s, text, row);
	const char *at;

	csv_head(&sheet, &out);
	csv_sample(&sheet, s, s->table[TABLE_DOMAIN].row, n, &out);
	PROMISE(strlen(out.p) == out.len);
	at = out.p;
	read_row(&at, 5, 2, &name);
	PROMISE(strcmp(name.p, "name") == 0);
	for (size_t i = 0; i < n; i++) {
		read_row(&at, 5, 2, &name);
		PROMISE(strcmp(name.p, cell_text(s->table[TABLE_DOMAIN].row[i], DOMAIN_NAME)) == 0);
		/* No byte that a terminal or another reader would act upon. */
		for (const char *p = name.p; *p; p++)
			PROMISE((unsigned char)*p >= 0x20 && *p != 0x7f);
	}
	PROMISE(*at == '\0');
	text_done(&out);
	text_done(&name);
	snapshot_unref(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct text out = { 0 }, field = { 0 };
	const char *at;

	csv_text(&out, text);
	text_append(&out, "\n", 1);
	at = out.p;
	PROMISE(read_field(&at, &field) == '\n' && *at == '\0');
	PROMISE(strcmp(field.p, text) == 0);
	text_done(&out);
	text_done(&field);
	check_rows(text);
	free(text);
	return 0;
}
