/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody types as a filter: one sentence says what is wrong, or it can be asked of any row.
 */
#include <errno.h>

#include "model/snapshot.h"
#include "tests/fuzz/fuzz.h"
#include "views/filter.h"

static struct snapshot *some_rows(void)
{
	struct snapshot *s = snapshot_new((struct moment){ .mono_ns = 5 * NS_PER_SEC });

	for (int t = 0; t < TABLES; t++) {
		struct row *full = snapshot_row(s, (enum table_id)t, key_host(1));

		snapshot_row(s, (enum table_id)t, key_host(2));
		for (int c = 0; c < table_kinds[t].columns; c++) {
			if (table_kinds[t].column[c].kind == KIND_TEXT)
				cell_set_text(s, full, c, "web-1", 1);
			else if (table_kinds[t].column[c].kind == KIND_GAUGE)
				cell_set_number(full, c, 0.5 * c, 1);
		}
	}
	snapshot_link(s);
	return s;
}

/* The first byte says which table is meant. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum table_id table = size > 0 ? (enum table_id)(data[0] % TABLES) : TABLE_DOMAIN;
	char *text = fuzz_text(size > 0 ? data + 1 : data, size > 0 ? size - 1 : 0);
	struct filter *filter = NULL;
	char error[FILTER_ERROR_SIZE] = "";
	struct snapshot *s = some_rows();
	int r = filter_new(table, text, &filter, error);

	PROMISE(r == 0 || r == -EINVAL);
	PROMISE(r == 0 || (error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL));
	if (r == 0) {
		for (size_t i = 0; i < s->table[table].n; i++) {
			bool taken = filter_takes(filter, s->table[table].row[i]);

			PROMISE(filter || taken);
		}
		filter_free(filter);
	}
	snapshot_unref(s);
	free(text);
	return 0;
}
