/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/parse.h"

#define KIB 1024ULL
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

/* What results hold before a call, to see that errors leave them alone. */
#define UNTOUCHED 0xdeadULL

static void u64_is_strict(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0 },
		{ "7\n", 0, 7 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, UNTOUCHED },
		{ "99999999999999999999999999", -ERANGE, UNTOUCHED },
		{ "99999999999999999999999999x", -EINVAL, UNTOUCHED },
		{ "", -EINVAL, UNTOUCHED },
		{ "\n", -EINVAL, UNTOUCHED },
		{ "7\n\n", -EINVAL, UNTOUCHED },
		{ " 7", -EINVAL, UNTOUCHED },
		{ "7 ", -EINVAL, UNTOUCHED },
		{ "+7", -EINVAL, UNTOUCHED },
		{ "-7", -EINVAL, UNTOUCHED },
		{ "0x10", -EINVAL, UNTOUCHED },
		{ "max", -EINVAL, UNTOUCHED },
		{ "1.0", -EINVAL, UNTOUCHED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = UNTOUCHED;

		assert_int_equal(parse_u64(rows[i].text, &value), rows[i].r);
		assert_true(value == rows[i].value);
	}
}

static void i64_reaches_both_ends(void **state)
{
	int64_t value = 5;

	(void)state;
	assert_int_equal(parse_i64("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(parse_i64("9223372036854775807\n", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(parse_i64("-1", &value), 0);
	assert_true(value == -1);
	assert_int_equal(parse_i64("9223372036854775808", &value), -ERANGE);
	assert_int_equal(parse_i64("-9223372036854775809", &value), -ERANGE);
	assert_int_equal(parse_i64("-", &value), -EINVAL);
	assert_int_equal(parse_i64("--1", &value), -EINVAL);
	assert_int_equal(parse_i64("", &value), -EINVAL);
	assert_true(value == -1);
}

static void hex_with_and_without_prefix(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_hex_u64("ff", &value), 0);
	assert_true(value == 0xff);
	assert_int_equal(parse_hex_u64("0xDeadBeef\n", &value), 0);
	assert_true(value == 0xdeadbeef);
	assert_int_equal(parse_hex_u64("00000000ffffffffffffffff", &value), 0);
	assert_true(value == UINT64_MAX);
	value = UNTOUCHED;
	assert_int_equal(parse_hex_u64("10000000000000000", &value), -ERANGE);
	assert_int_equal(parse_hex_u64("0x", &value), -EINVAL);
	assert_int_equal(parse_hex_u64("", &value), -EINVAL);
	assert_int_equal(parse_hex_u64("fg", &value), -EINVAL);
	assert_int_equal(parse_hex_u64("-1", &value), -EINVAL);
	assert_true(value == UNTOUCHED);
}

/* The C library, in the C locale, is the reference. */
static void doubles_are_rounded_correctly(void **state)
{
	static const char *const texts[] = { "0", "0.00", "1", "0.1", "0.3", ".5", "3.", "-2.5",
		"12.345678", "99.999999999", "100.00", "123456789012.345", "0.0001", "007.5" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double value = -1;

		assert_int_equal(parse_double(texts[i], &value), 0);
		assert_true(value == strtod(texts[i], NULL));
	}
	for (unsigned int i = 0; i < 200000; i += 7) {
		char text[32];
		double value = -1;

		snprintf(text, sizeof(text), "%u.%06u", i / 3, (i * 7919) % 1000000);
		assert_int_equal(parse_double(text, &value), 0);
		assert_true(value == strtod(text, NULL));
	}
}

static void doubles_are_decimal_and_finite(void **state)
{
	static const char *const bad[] = { "", ".", "-", "-.", "1e5", "inf", "nan", "0x1", "1,5",
		"+1", " 1", "1 ", "1..2", "1.2.3", "NAN", "\n", "a", "1.5s" };
	char digits[402];
	double value = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_double(bad[i], &value), -EINVAL);
	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	assert_int_equal(parse_double(digits, &value), -ERANGE);
	assert_true(value == 42);

	digits[300] = '\0';
	assert_int_equal(parse_double(digits, &value), 0);
	assert_true(isfinite(value) && fabs(value / 1e300 - 1) < 1e-15);

	memset(digits, '0', sizeof(digits) - 1);
	digits[1] = '.';
	digits[400] = '1';
	assert_int_equal(parse_double(digits, &value), 0);
	assert_true(value == 0);
}

/* The units of libvirt, and the memory of its examples: maxMemory, balloon, hard and soft limit. */
static void sizes_know_every_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t unit, bytes;
	} rows[] = {
		{ "4096", 1, 4096 },
		{ "4096", KIB, 4 * MIB },
		{ "4096\n", MIB, 4 * GIB },
		{ "1048576", KIB, GIB },
		{ "20971520", KIB, 20 * GIB },
		{ "16777216", KIB, 16 * GIB },
		{ "7b", KIB, 7 },
		{ "7 bytes", KIB, 7 },
		{ "7byte", KIB, 7 },
		{ "1KB", 1, 1000 },
		{ "1kb", 1, 1000 },
		{ "1k", 1, 1024 },
		{ "1K", 1, 1024 },
		{ "1KiB", 1, 1024 },
		{ "1kib", 1, 1024 },
		{ "2M", 1, 2 * MIB },
		{ "2MiB", 1, 2 * MIB },
		{ "2MB", 1, 2000000 },
		{ "1G", 1, GIB },
		{ "128 M", KIB, 128 * MIB },
		{ "2GB", 1, 2000000000 },
		{ "1T", 1, 1024 * GIB },
		{ "1TB", 1, 1000000000000 },
		{ "1P", 1, 1024 * 1024 * GIB },
		{ "15E", 1, 15ULL << 60 },
		{ "1.5G", 1, GIB + 512 * MIB },
		{ ".5k", 1, 512 },
		{ "0.1k", 1, 102 },
		{ "0.999999999999999999999999k", 1, 1023 },
		{ "15.5E", 1, (15ULL << 60) + (1ULL << 59) },
		{ "0", 0, 0 },
		{ "18446744073709551615", 1, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t bytes = UNTOUCHED;

		assert_int_equal(parse_size(rows[i].text, rows[i].unit, &bytes), 0);
		assert_true(bytes == rows[i].bytes);
	}
}

static void sizes_refuse_what_they_do_not_know(void **state)
{
	static const char *const bad[] = { "", "M", "-1M", "1X", "1KBB", "1Ki", "1iB", "1M ", "1 ",
		"1M1", "1 2", "0x10", "1,5G", "1kbi", "1bM", "1..G", "1KiBs" };
	uint64_t bytes = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_size(bad[i], 1, &bytes), -EINVAL);
	assert_int_equal(parse_size("16E", 1, &bytes), -ERANGE);
	assert_int_equal(parse_size("18446744073709551615k", 1, &bytes), -ERANGE);
	assert_int_equal(parse_size("99999999999999999999", 1, &bytes), -ERANGE);
	assert_int_equal(parse_size("18446744073709551615.5", 2, &bytes), -ERANGE);
	/* Three times this is the last number; the half of three is what is too much. */
	assert_int_equal(parse_size("6148914691236517205.5", 3, &bytes), -ERANGE);
	assert_int_equal(parse_size("1", (1ULL << 60) + 1, &bytes), -ERANGE);
	assert_true(bytes == UNTOUCHED);
}

static void units_alone(void **state)
{
	uint64_t bytes = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_unit("KiB", &bytes), 0);
	assert_true(bytes == KIB);
	assert_int_equal(parse_unit("GB", &bytes), 0);
	assert_true(bytes == 1000000000);
	assert_int_equal(parse_unit("bytes", &bytes), 0);
	assert_true(bytes == 1);
	assert_int_equal(parse_unit("E", &bytes), 0);
	assert_true(bytes == 1ULL << 60);
	assert_int_equal(parse_unit("", &bytes), -EINVAL);
	assert_int_equal(parse_unit("pages", &bytes), -EINVAL);
	assert_int_equal(parse_unit("iB", &bytes), -EINVAL);
	assert_true(bytes == 1ULL << 60);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{ "1", NS_PER_SEC },
		{ "0.5", NS_PER_SEC / 2 },
		{ "2s", 2 * NS_PER_SEC },
		{ "500ms", NS_PER_SEC / 2 },
		{ "1.5ms", 1500000 },
		{ "10us", 10000 },
		{ "7ns", 7 },
		{ "5m", 300 * NS_PER_SEC },
		{ "5min", 300 * NS_PER_SEC },
		{ "2h", 7200 * NS_PER_SEC },
		{ "28d", 2419200 * NS_PER_SEC },
		{ "0", 0 },
		{ "0.1", NS_PER_SEC / 10 },
		{ "0.0000000019", 1 },
	};
	static const char *const bad[] = { "", "s", "-1", "1 s", "1S", "1x", "1e3", "1,5", "inf",
		"1..", "1sec", "1h30m" };
	uint64_t ns = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse_duration(rows[i].text, &ns), 0);
		assert_true(ns == rows[i].ns);
	}
	ns = UNTOUCHED;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_duration(bad[i], &ns), -EINVAL);
	assert_int_equal(parse_duration("300000d", &ns), -ERANGE);
	assert_int_equal(parse_duration("99999999999999999999", &ns), -ERANGE);
	assert_true(ns == UNTOUCHED);
}

/* The pool of the memory example: 512 pages, 92 free, so 420 of 2 MiB are in use. */
static const char meminfo[] = "MemTotal:       24576000 kB\n"
			      "MemFree:         1234567 kB\n"
			      "Active(anon):       4096 kB\n"
			      "AnonPages:       1622216 kB\n"
			      "HugePages_Total:     512\n"
			      "HugePages_Free:       92\n"
			      "HugePages_Rsvd:        0\n"
			      "Hugepagesize:       2048 kB\n";

static uint64_t value_of(const char *text, const char *key)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(parse_key_value(text, key, &value), 0);
	return value;
}

static void keys_are_found_by_name(void **state)
{
	(void)state;
	assert_true(value_of(meminfo, "MemTotal") == 24576000 * KIB);
	assert_true(value_of(meminfo, "AnonPages") == 1622216 * KIB);
	assert_true(value_of(meminfo, "Active(anon)") == 4 * MIB);
	assert_true(value_of(meminfo, "HugePages_Total") == 512);
	assert_true(value_of(meminfo, "HugePages_Free") == 92);
	assert_true(value_of(meminfo, "HugePages_Rsvd") == 0);
	assert_true(value_of(meminfo, "Hugepagesize") == 2 * MIB);

	assert_true(value_of("pgmigrate_success 12\nnuma_hit 3\nnuma_hit_x 4\n", "numa_hit") == 3);
	assert_true(value_of("Name:\tx\nThreads:\t7\n", "Threads") == 7);
	assert_true(value_of("nr_switches      :       12345", "nr_switches") == 12345);
	assert_true(
	    value_of("Node 0 MemTotal: 3950 kB\nNode 0 MemFree: 66 kB\n", "MemFree") == 66 * KIB);
	assert_true(value_of("Node 12 HugePages_Total:    20\n", "HugePages_Total") == 20);
	assert_true(value_of("a\t5\n", "a") == 5);
	assert_true(value_of("a 1\na 2\n", "a") == 1);
}

static void keys_that_are_not_there(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_key_value(meminfo, "MemTot", &value), -ENOENT);
	assert_int_equal(parse_key_value(meminfo, "Total", &value), -ENOENT);
	assert_int_equal(parse_key_value(meminfo, "memtotal", &value), -ENOENT);
	assert_int_equal(parse_key_value("", "MemTotal", &value), -ENOENT);
	assert_int_equal(parse_key_value("Zone 0 MemFree: 1 kB\n", "MemFree", &value), -ENOENT);
	assert_int_equal(parse_key_value("Node x MemFree: 1 kB\n", "MemFree", &value), -ENOENT);
	assert_true(value == UNTOUCHED);
}

static void values_that_are_no_number(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_key_value("a\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a:\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a: x\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a: -1\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a: 1 MB\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a: 1 kB x\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a 1 2\n", "a", &value), -EINVAL);
	assert_int_equal(parse_key_value("a: 18446744073709551616\n", "a", &value), -ERANGE);
	assert_int_equal(parse_key_value("a: 18014398509481984 kB\n", "a", &value), -ERANGE);
	assert_true(value == UNTOUCHED);
	/* Cut short by a buffer, the number is a smaller one: nobody can tell; but no overrun. */
	assert_true(value_of("MemTotal:       24576", "MemTotal") == 24576);
}

static void keys_with_text_and_fractions(void **state)
{
	static const char status[] = "Name:\tCPU 0/KVM\nState:\tS (sleeping)\nCpus_allowed:\tff\n"
				     "Cpus_allowed_list:\t0-7\nVmFlags:\n";
	struct slice s;
	double ms = 0;

	(void)state;
	assert_int_equal(parse_key_text(status, "Name", &s), 0);
	assert_true(slice_eq(s, "CPU 0/KVM"));
	assert_int_equal(parse_key_text(status, "State", &s), 0);
	assert_true(slice_eq(s, "S (sleeping)"));
	assert_int_equal(parse_key_text(status, "Cpus_allowed_list", &s), 0);
	assert_true(slice_eq(s, "0-7"));
	assert_int_equal(parse_key_text(status, "VmFlags", &s), 0);
	assert_int_equal(s.len, 0);
	assert_int_equal(parse_key_text(status, "Cpus", &s), -ENOENT);

	assert_int_equal(parse_key_double("se.vruntime  :  12.345678\n", "se.vruntime", &ms), 0);
	assert_true(ms == 12.345678);
	assert_int_equal(parse_key_double("se.vruntime  :  x\n", "se.vruntime", &ms), -EINVAL);
	assert_int_equal(parse_key_double("", "se.vruntime", &ms), -ENOENT);
}

static void the_choice_stands_in_brackets(void **state)
{
	static const struct {
		const char *text, *chosen;
	} rows[] = {
		{ "noop deadline [cfq]\n", "cfq" },
		{ "[mq-deadline] kyber bfq none\n", "mq-deadline" },
		{ "always madvise [never]", "never" },
		{ "[none] scan-time\n", "none" },
		{ "always defer [defer+madvise] madvise never\n", "defer+madvise" },
		{ "none\n", "none" },
	};
	static const char *const bad[] = { "", "\n", "a b", "[a", "a]b c", "[]", "[a b] c",
		"[ a]" };
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse_choice(rows[i].text, buf, sizeof(buf)), 0);
		assert_string_equal(buf, rows[i].chosen);
	}
	snprintf(buf, sizeof(buf), "as before");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_choice(bad[i], buf, sizeof(buf)), -ENOENT);
	assert_int_equal(parse_choice("a [long]", buf, 4), -ERANGE);
	assert_int_equal(parse_choice("a [long]", buf, 0), -ERANGE);
	assert_string_equal(buf, "as before");
	assert_int_equal(parse_choice("a [long]", buf, 5), 0);
	assert_string_equal(buf, "long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_is_strict),
		cmocka_unit_test(i64_reaches_both_ends),
		cmocka_unit_test(hex_with_and_without_prefix),
		cmocka_unit_test(doubles_are_rounded_correctly),
		cmocka_unit_test(doubles_are_decimal_and_finite),
		cmocka_unit_test(sizes_know_every_unit),
		cmocka_unit_test(sizes_refuse_what_they_do_not_know),
		cmocka_unit_test(units_alone),
		cmocka_unit_test(durations),
		cmocka_unit_test(keys_are_found_by_name),
		cmocka_unit_test(keys_that_are_not_there),
		cmocka_unit_test(values_that_are_no_number),
		cmocka_unit_test(keys_with_text_and_fractions),
		cmocka_unit_test(the_choice_stands_in_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
