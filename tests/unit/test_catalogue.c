/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sanitize.h"
#include "model/catalogue.h"

static void check_column(const struct table_kind *kind, const struct column *c)
{
	char full[96];

	if (!c->name || !c->title || !c->help)
		fail_msg("%s: a column lacks its name, title or help", kind->name);
	for (const char *p = c->name; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
			fail_msg("%s.%s: no lower_snake_case", kind->name, c->name);
	if (text_width(c->title) > c->width)
		fail_msg("%s.%s: title %s does not fit %d cells", kind->name, c->name, c->title,
		    c->width);
	if (!isupper((unsigned char)c->help[0]) && !isdigit((unsigned char)c->help[0]) &&
	    strncmp(c->help, "vCPU", 4) != 0 && strncmp(c->help, "pages_", 6) != 0 &&
	    strncmp(c->help, "running", 7) != 0 && strncmp(c->help, "ok", 2) != 0 &&
	    strncmp(c->help, "libvirt", 7) != 0)
		fail_msg("%s.%s: help is no sentence: %s", kind->name, c->name, c->help);
	if ((c->derive != NULL) != (c->src == SRC_DERIVED))
		fail_msg("%s.%s: derived or not?", kind->name, c->name);
	if (c->derive && !c->needs)
		fail_msg("%s.%s: derived from nothing", kind->name, c->name);
	if (c->kind == KIND_TEXT && c->show != SHOW_TEXT)
		fail_msg("%s.%s: a text shown as a number", kind->name, c->name);
	column_csv_name(c, full, sizeof(full));
	if (column_find_name(kind, full) < 0 || column_find_name(kind, c->name) < 0)
		fail_msg("%s.%s: not found by its name", kind->name, c->name);
}

static void rows_are_complete(void **state)
{
	(void)state;
	for (int t = 0; t < TABLES; t++)
		for (int c = 0; c < table_kinds[t].columns; c++)
			check_column(&table_kinds[t], &table_kinds[t].column[c]);
}

static void names_are_unique(void **state)
{
	(void)state;
	for (int t = 0; t < TABLES; t++)
		for (int a = 0; a < table_kinds[t].columns; a++)
			for (int b = 0; b < a; b++) {
				char x[96], y[96];

				column_csv_name(&table_kinds[t].column[a], x, sizeof(x));
				column_csv_name(&table_kinds[t].column[b], y, sizeof(y));
				if (strcmp(x, y) == 0 || strcmp(table_kinds[t].column[a].name,
							     table_kinds[t].column[b].name) == 0)
					fail_msg("%s.%s is there twice", table_kinds[t].name, x);
				if (strcmp(table_kinds[t].column[a].title,
					table_kinds[t].column[b].title) == 0)
					fail_msg("%s: two columns are titled as %s is",
					    table_kinds[t].name, x);
			}
}

static void units_are_spelled_in_names(void **state)
{
	char name[96];

	(void)state;
	column_csv_name(&table_kinds[TABLE_VCPU].column[VCPU_RUN], name, sizeof(name));
	assert_string_equal(name, "run_ratio");
	column_csv_name(&table_kinds[TABLE_VCPU].column[VCPU_EXITS], name, sizeof(name));
	assert_string_equal(name, "exits_per_second");
	column_csv_name(&table_kinds[TABLE_DOMAIN].column[DOMAIN_MEMORY], name, sizeof(name));
	assert_string_equal(name, "memory_bytes");
	column_csv_name(&table_kinds[TABLE_HOST].column[HOST_SWAP_IN], name, sizeof(name));
	assert_string_equal(name, "swap_in_bytes_per_second");
	column_csv_name(&table_kinds[TABLE_DOMAIN].column[DOMAIN_CPU], name, sizeof(name));
	assert_string_equal(name, "cpu_cpus");
	column_csv_name(&table_kinds[TABLE_DOMAIN].column[DOMAIN_VM_POLL_FAIL], name, sizeof(name));
	assert_string_equal(name, "vm_halt_poll_fail_cpus");
	column_csv_name(&table_kinds[TABLE_DOMAIN].column[DOMAIN_EXITS], name, sizeof(name));
	assert_string_equal(name, "exits_per_second");
	column_csv_name(&table_kinds[TABLE_HUGEPOOL].column[HUGEPOOL_FREE], name, sizeof(name));
	assert_string_equal(name, "free_pages");
	column_csv_name(
	    &table_kinds[TABLE_HOST].column[HOST_KSM_PAGES_TO_SCAN], name, sizeof(name));
	assert_string_equal(name, "ksm_pages_to_scan");
	column_csv_name(&table_kinds[TABLE_HOST].column[HOST_KSM_EFFICIENCY], name, sizeof(name));
	assert_string_equal(name, "ksm_efficiency");
	column_csv_name(&table_kinds[TABLE_DOMAIN].column[DOMAIN_NAME], name, sizeof(name));
	assert_string_equal(name, "name");
}

static void rows_of_guests_say_whose_they_are(void **state)
{
	static const enum table_id tables[] = { TABLE_VCPU, TABLE_THREAD, TABLE_PLACEMENT };

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		const struct table_kind *kind = &table_kinds[tables[t]];

		assert_true(kind->identity > 3);
		assert_string_equal(kind->column[0].name, "domain");
		assert_string_equal(kind->column[1].name, "pid");
		assert_string_equal(kind->column[2].name, "uuid");
	}
}

static void unknown_names_are_not_found(void **state)
{
	(void)state;
	assert_int_equal(table_find_name("domain"), TABLE_DOMAIN);
	assert_int_equal(table_find_name("domains"), -1);
	assert_int_equal(column_find_name(&table_kinds[TABLE_DOMAIN], "nothing"), -1);
}

static void every_source_says_what_it_reads(void **state)
{
	(void)state;
	for (int i = 0; i < SOURCES; i++) {
		assert_non_null(source_name((enum source_id)i));
		assert_non_null(source_help((enum source_id)i));
	}
}

/* Else what a column shows, or which rows there are, would hang on the columns beside it. */
static void needs_are_whole(void **state)
{
	const struct column *disk = table_kinds[TABLE_DISK].column;
	const struct column *blockdev = table_kinds[TABLE_BLOCKDEV].column;
	unsigned known = NEEDS(SRC_DISKS) | NEEDS(SRC_LIBVIRT);

	(void)state;
	/* "vda" by libvirt, "virtio-disk0" by QEMU. */
	assert_int_equal(column_needs(&disk[DISK_NAME]), known);
	assert_int_equal(column_needs(&disk[DISK_HOST_DEVICE]), known | NEEDS(SRC_IMAGES));
	assert_int_equal(column_needs(&blockdev[BLOCKDEV_NAME]),
	    known | NEEDS(SRC_BLOCKDEVS) | NEEDS(SRC_IMAGES));
	assert_int_equal(column_needs(&blockdev[BLOCKDEV_GUESTS]) & known, known);
	for (int t = 0; t < TABLES; t++)
		for (int c = 0; c < table_kinds[t].columns; c++) {
			unsigned needs = column_needs(&table_kinds[t].column[c]);

			assert_int_equal(needs_whole(needs), needs);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_are_whole),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(units_are_spelled_in_names),
		cmocka_unit_test(rows_of_guests_say_whose_they_are),
		cmocka_unit_test(unknown_names_are_not_found),
		cmocka_unit_test(every_source_says_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
