/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands where there is nothing to show: why. */
#include "a_desk.h"

static struct snapshot *sample_without(enum source_id src, const char *state, const char *note)
{
	struct snapshot *s = a_sample(&small);

	a_source(s, src, source_name(src), state, note);
	return s;
}

static void look_at(struct desk *d, struct snapshot *s)
{
	snapshot_unref(d->now);
	d->now = s;
	look(d);
}

static void test_nobody_looked(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "7");
	sees(&d, "No exit was seen.");
	look_at(&d, sample_without(SRC_EXITS, "denied", "tracefs needs CAP_DAC_READ_SEARCH."));
	sees(&d, "  Not read: tracefs needs CAP_DAC_READ_SEARCH.");
	sees_not(&d, "No exit");
	press(&d, "Down Enter");
	sees(&d, "why it is left");
	sees(&d, "  Not read: tracefs needs CAP_DAC_READ_SEARCH.");
	sees_not(&d, "No exit");
	press(&d, "5");
	look_at(&d, sample_without(SRC_BLOCKDEVS, "absent", "This recording has none."));
	sees(&d, "  Not read: This recording has none.");
	sees(&d, "No guest has a disk.");
	desk_close(&d);
}

/* A reason that is longer than the line is told to its end. */
static void test_long_reason(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 40);
	press(&d, "7");
	look_at(&d, sample_without(SRC_EXITS, "absent",
			"tracefs is not mounted (mount -t tracefs none /sys/kernel/tracing)."));
	sees(&d, "  Not read: tracefs is not mounted");
	sees(&d, "  /sys/kernel/tracing).");
	desk_close(&d);
}

/* Before all have answered who could tell of one, nobody knows that there is none. */
static void test_not_read_yet(void **state)
{
	static const struct {
		const char *key;
		enum source_id src;
		const char *otherwise;
	} cases[] = {
		{ "5", SRC_DISKS, "No guest has a disk." },
		{ "5", SRC_LIBVIRT, "No guest has a disk." },
		{ "6", SRC_NICS, "No guest has a NIC." },
	};
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		press(&d, cases[i].key);
		show(&d, &small);
		sees(&d, cases[i].otherwise);
		look_at(&d, sample_without(cases[i].src, "starting", ""));
		sees(&d, "Not read yet.");
		sees_not(&d, cases[i].otherwise);
	}
	desk_close(&d);
}

static void test_untold_vcpus(void **state)
{
	struct snapshot *s = a_sample(&small);
	struct key key = key_process(77, 1);
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key);
	struct desk d;

	(void)state;
	cell_set_text(s, row, DOMAIN_NAME, "alone", s->moment.mono_ns);
	cell_set_number(row, DOMAIN_VCPUS_UNTOLD, 8, s->moment.mono_ns);
	desk_open(&d, &small, 24, 80);
	press(&d, "s Home Enter");
	look_at(&d, s);
	press(&d, "Home Enter");
	sees(&d, "Its 8 vCPUs cannot be told from its other threads; QEMU's option -name");
	sees_not(&d, "No vCPU is known.");
	desk_close(&d);
}

static struct row *an_untold(struct snapshot *s, uint64_t pid, const char *name, double vcpus)
{
	struct row *row = snapshot_row(s, TABLE_DOMAIN, key_process(pid, 1));

	cell_set_text(s, row, DOMAIN_NAME, name, s->moment.mono_ns);
	cell_set_number(row, DOMAIN_VCPUS_UNTOLD, vcpus, s->moment.mono_ns);
	return row;
}

/* Who counts rows is told that there are more vCPUs; and that there are any. */
static void test_untold_vcpus_of_the_host(void **state)
{
	static const struct a_host none = { .second = 100, .nodes = 1 };
	struct snapshot *s = a_sample(&small);
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 160);
	press(&d, "2");
	sees_not(&d, "not shown");
	an_untold(s, 77, "tcgD", 2);
	look_at(&d, s);
	sees(&d, "db1");
	sees(&d, "2 vCPUs of tcgD are not shown: they cannot be told from its other threads (start "
		 "QEMU with -name tcgD,debug-threads=on).");
	s = a_sample(&small);
	an_untold(s, 77, "tcgD", 2);
	an_untold(s, 78, "tcgE", 1);
	look_at(&d, s);
	sees(&d, "3 vCPUs of 2 guests are not shown: they cannot be told from their other threads "
		 "(start QEMU with -name ...,debug-threads=on).");
	s = a_sample(&none);
	an_untold(s, 77, "tcgD", 1);
	look_at(&d, s);
	sees(&d, "1 vCPU of tcgD is not shown: it cannot be told from its other threads");
	sees_not(&d, "There is no guest");
	desk_close(&d);
}

/* A sum of which a part is missing is not nothing. */
static void test_unknown_in_the_header(void **state)
{
	struct snapshot *s = a_sample(&small);
	struct row *host = snapshot_find(s, TABLE_HOST, key_host(0));
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	sees(&d, "wait   9%");
	cell_set_missing(host, HOST_WAIT, STATE_UNKNOWN, s->moment.mono_ns);
	look_at(&d, s);
	sees(&d, "wait    ?");
	desk_close(&d);
}

/* What the rows are sorted by is said of a column that can be seen. */
static void test_no_word_on_a_column_that_is_not_there(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 120);
	press(&d, "Down");
	sees(&d, "Sorted by CPU%");
	press(&d, "5");
	sees_not(&d, "Sorted by");
	press(&d, "1");
	sees(&d, "Sorted by CPU%");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_looked),
		cmocka_unit_test(test_long_reason),
		cmocka_unit_test(test_not_read_yet),
		cmocka_unit_test(test_untold_vcpus),
		cmocka_unit_test(test_untold_vcpus_of_the_host),
		cmocka_unit_test(test_unknown_in_the_header),
		cmocka_unit_test(test_no_word_on_a_column_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
