/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "base/parse.h"
#include "tests/fuzz/fuzz.h"

/* The text without leading zeros and without the line end that parse_u64 forgives. */
static bool is_same_number(const char *text, const char *printed)
{
	bool negative = text[0] == '-';
	size_t len;

	if (negative && *printed++ != '-')
		return strspn(text + 1, "0\n") == strlen(text + 1);
	text += negative ? 1 : 0;
	while (text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	len = strlen(printed);
	return strncmp(text, printed, len) == 0 &&
	       (text[len] == '\0' || strcmp(text + len, "\n") == 0);
}

static void check_integers(const char *text)
{
	char printed[32];
	uint64_t u;
	int64_t i;
	int r;

	r = parse_u64(text, &u);
	PROMISE(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r == 0) {
		snprintf(printed, sizeof(printed), "%" PRIu64, u);
		PROMISE(is_same_number(text, printed));
	}
	r = parse_i64(text, &i);
	PROMISE(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r == 0) {
		snprintf(printed, sizeof(printed), "%" PRId64, i);
		PROMISE(is_same_number(text, printed));
	}
	r = parse_hex_u64(text, &u);
	PROMISE(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r == 0)
		PROMISE(u == strtoull(text, NULL, 16));
}

static bool is_near(double a, double b)
{
	return fabs(a - b) <= fabs(b) * 1e-15 + 1e-323;
}

static void check_decimals(const char *text)
{
	uint64_t bytes, ns;
	double value;
	bool is_number = parse_double(text, &value) == 0 && !signbit(value);

	if (is_number)
		PROMISE(isfinite(value) && is_near(value, strtod(text, NULL)));
	if (parse_size(text, 1024, &bytes) == 0 && is_number)
		PROMISE(fabs((double)bytes - value * 1024) <= 1 + value * 1e-12);
	if (parse_duration(text, &ns) == 0 && is_number)
		PROMISE(fabs((double)ns - value * 1e9) <= 1 + value * 1e-3);
	if (parse_unit(text, &bytes) == 0)
		PROMISE(bytes > 0 && (bytes & (bytes - 1) ? bytes % 1000 == 0 : true));
}

/* The first line is the key, what follows the file. */
static void check_keys(char *text)
{
	char *file = strchr(text, '\n');
	struct slice found;
	uint64_t value, digits;
	double decimal;
	size_t len;

	if (file == NULL)
		return;
	*file++ = '\0';
	len = strlen(file);
	if (parse_key_text(file, text, &found) < 0) {
		PROMISE(parse_key_value(file, text, &value) == -ENOENT);
		PROMISE(parse_key_double(file, text, &decimal) == -ENOENT);
		return;
	}
	PROMISE(found.p >= file && found.p + found.len <= file + len);
	PROMISE(found.len == 0 || memchr(found.p, '\n', found.len) == NULL);
	PROMISE(slice_trim(found).len == found.len);
	if (parse_key_value(file, text, &value) == 0) {
		struct cursor c;

		cursor_init(&c, found.p, found.len);
		PROMISE(cursor_u64(&c, &digits) == 0);
		PROMISE(value == digits * (cursor_rest(&c).len > 0 ? 1024 : 1));
		PROMISE(value >= digits);
	}
	if (parse_key_double(file, text, &decimal) == 0)
		PROMISE(isfinite(decimal));
}

static void check_choice(const char *text)
{
	char small[8];

	memset(small, '#', sizeof(small));
	if (parse_choice(text, small, sizeof(small) - 1) < 0) {
		PROMISE(small[0] == '#');
		return;
	}
	PROMISE(small[sizeof(small) - 1] == '#');
	PROMISE(small[0] != '\0' && strstr(text, small) != NULL);
	PROMISE(small[strcspn(small, " \t\r\n")] == '\0');
}

static void check_cursor(const char *data, size_t size)
{
	struct cursor text, line;
	struct slice field;
	size_t covered = 0;

	cursor_init(&text, data, size);
	while (cursor_line(&text, &line)) {
		const char *last = line.p;

		covered += (size_t)(line.end - line.p) + 1;
		while (cursor_field(&line, &field)) {
			PROMISE(
			    field.p >= last && field.len > 0 && field.p + field.len <= line.end);
			PROMISE(slice_trim(field).len == field.len);
			last = field.p + field.len;
		}
		PROMISE(line.p == line.end && cursor_rest(&line).len == 0);
	}
	/* The last line may lack its end. */
	PROMISE(covered == size || covered == size + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_integers(text);
	check_decimals(text);
	check_choice(text);
	check_cursor(text, strlen(text));
	if (size > 0)
		check_cursor((const char *)data, size);
	check_keys(text);
	free(text);
	return 0;
}
