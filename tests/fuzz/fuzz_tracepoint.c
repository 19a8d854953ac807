/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "base/tracepoint.h"
#include "tests/fuzz/fuzz.h"

/* No field reaches beyond the record that it says it is in. */
static void check_fields(const struct tracepoint *t)
{
	unsigned char raw[64] = { 0xff, 0xff, 0xff, 0xff };

	PROMISE(t->id > 0 && t->id <= 65535);
	PROMISE(t->fields > 0 && t->fields <= TRACEPOINT_FIELDS);
	for (uint32_t i = 0; i < t->fields; i++) {
		const struct trace_field *f = &t->field[i];
		uint64_t v;

		PROMISE(f->name[0] && strlen(f->name) < sizeof(f->name));
		PROMISE(tracepoint_field(t, f->name) == f);
		for (size_t len = 0; len <= sizeof(raw); len++)
			PROMISE(trace_field_read(f, raw, len, &v) < 0 ||
				(uint64_t)f->offset + f->size <= len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tracepoint t = { .id = 0 };
	int r = tracepoint_parse((const char *)data, size, &t);

	PROMISE(r == 0 || r == -EINVAL || r == -E2BIG);
	PROMISE(r == 0 || (t.id == 0 && t.fields == 0));
	if (r == 0)
		check_fields(&t);
	return 0;
}
