/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/snapshot.h"
#include "views/filter.h"

struct fixture {
	struct snapshot *s;
	struct row *row;
};

static int setup(void **state)
{
	static struct fixture f;

	f.s = snapshot_new((struct moment){ .mono_ns = NS_PER_SEC });
	f.row = snapshot_row(f.s, TABLE_DOMAIN, key_process(7, 1));
	cell_set_text(f.s, f.row, DOMAIN_NAME, "Web1", NS_PER_SEC);
	cell_set_text(f.s, f.row, DOMAIN_STATE, "running", NS_PER_SEC);
	cell_set_number(f.row, DOMAIN_CPU, 0.5, NS_PER_SEC);
	cell_set_number(f.row, DOMAIN_MEMORY, 2.0 * (1 << 30), NS_PER_SEC);
	cell_set_number(f.row, DOMAIN_EXITS, 41200, NS_PER_SEC);
	cell_set_number(f.row, DOMAIN_UPTIME, 120, NS_PER_SEC);
	cell_set_number(f.row, DOMAIN_VCPUS, 4, NS_PER_SEC);
	cell_set_missing(f.row, DOMAIN_KSM, STATE_DENIED, NS_PER_SEC);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	snapshot_unref(f->s);
	return 0;
}

static void check(struct fixture *f, const char *expression, bool takes)
{
	char error[FILTER_ERROR_SIZE] = "";
	struct filter *filter = NULL;

	if (filter_new(TABLE_DOMAIN, expression, &filter, error) < 0)
		fail_msg("%s: %s", expression, error);
	if (filter_takes(filter, f->row) != takes)
		fail_msg("%s: %s", expression, takes ? "does not take" : "takes");
	filter_free(filter);
}

static void refuse(const char *expression, const char *error_part)
{
	char error[FILTER_ERROR_SIZE] = "";
	struct filter *filter = NULL;

	assert_int_not_equal(filter_new(TABLE_DOMAIN, expression, &filter, error), 0);
	assert_null(filter);
	if (!strstr(error, error_part))
		fail_msg("%s: '%s' does not say '%s'", expression, error, error_part);
}

static void refuse_silently(const char *expression, const char *not_said)
{
	char error[FILTER_ERROR_SIZE] = "";
	struct filter *filter = NULL;

	assert_true(filter_new(TABLE_DOMAIN, expression, &filter, error) < 0);
	assert_null(strstr(error, not_said));
}

static void test_text(void **state)
{
	check(*state, "", true);
	check(*state, "  ", true);
	check(*state, "web", true);
	check(*state, "EB1", true);
	check(*state, "db", false);
	check(*state, "\"Web1\"", true);
	check(*state, "=1+1", false);
	check(*state, "name=web1", true);
	check(*state, "name=web", false);
	check(*state, "name~WEB", true);
	check(*state, "name!=web1", false);
	check(*state, "state = running", true);
}

static void test_numbers(void **state)
{
	check(*state, "cpu>49%", true);
	check(*state, "cpu>50%", false);
	check(*state, "cpu>=50", true);
	check(*state, "cpu=50", true);
	check(*state, "CPU%<50.1", true);
	check(*state, "cpu_cpus<=50%", true);
	check(*state, "memory=2G", true);
	check(*state, "MEM>1.5GiB", true);
	check(*state, "memory_bytes<2048M", false);
	check(*state, "exits>41k", true);
	check(*state, "EXIT/s>41.3k", false);
	check(*state, "uptime=2m", true);
	check(*state, "vcpus!=4", false);
}

static void test_missing_values_match_nothing(void **state)
{
	check(*state, "ksm=0", false);
	check(*state, "ksm!=0", false);
	check(*state, "swapped>=0", false);
	check(*state, "cgroup~x", false);
}

static void test_and(void **state)
{
	check(*state, "web and cpu>10%", true);
	check(*state, "web AND cpu>60%", false);
	check(*state, "name=\"a and b\"", false);
	check(*state, "name=\"a and b\" and cpu>1", false);
	check(*state, "and", false);
}

static void test_errors(void **state)
{
	(void)state;
	refuse("cpux>5", "'cpux'; the nearest is 'cpu'");
	refuse("memoyr>5", "the nearest is 'memory'");
	refuse("zzzq>5", "table 'domain' has no column 'zzzq'");
	refuse_silently("zzzq>5", "nearest");
	refuse("cpu>1 or wait>2", "'or' is not supported, only 'and'");
	refuse("web OR mail", "'or' is not supported");
	refuse("cpu>1||wait>2", "'||' is not supported");
	refuse("cpu>1 && wait>2", "'&&' is not supported: write 'and'");
	refuse("not web", "'not' is not supported: use !=");
	check(*state, "name=\"this or that\"", false);
	check(*state, "name!=\"a||b\"", true);
	check(*state, "or", false);
	refuse("memry>5", "'memory'");
	refuse("cpu>many", "percentage");
	refuse("memory>2X", "size");
	refuse("uptime>soon", "time");
	refuse("cpu>", "missing");
	refuse("name>5", "text");
	refuse("cpu~5", "number");
	refuse("web and vcpus=x", "'x'");
}

/* Whatever is typed, byte by byte: an answer or an error. */
static void test_any_input(void **state)
{
	static const char alphabet[] = "ab<>=!~\" %and1.kGcpu\xc3\x28\\";
	struct fixture *f = *state;
	uint64_t random = 42;

	for (int i = 0; i < 20000; i++) {
		char text[24], error[FILTER_ERROR_SIZE] = "";
		struct filter *filter = NULL;
		size_t len;

		random = random * 6364136223846793005u + 1442695040888963407u;
		len = (size_t)(random >> 33) % (sizeof(text) - 1);
		for (size_t k = 0; k < len; k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			text[k] = alphabet[(size_t)(random >> 33) % (sizeof(alphabet) - 1)];
		}
		text[len] = '\0';
		if (filter_new(TABLE_DOMAIN, text, &filter, error) == 0)
			filter_takes(filter, f->row);
		else
			assert_true(error[0] != '\0');
		filter_free(filter);
	}
}

static void test_find(void **state)
{
	const char *text = "Hello";

	(void)state;
	assert_ptr_equal(text_find(text, "LL"), text + 2);
	assert_null(text_find(text, ""));
	assert_null(text_find(text, "lloo"));
}

static unsigned needs_of(const char *expression)
{
	char error[FILTER_ERROR_SIZE];
	struct filter *filter;
	unsigned needs;

	assert_int_equal(filter_new(TABLE_DOMAIN, expression, &filter, error), 0);
	needs = filter_needs(filter);
	filter_free(filter);
	return needs;
}

static void test_needs(void **state)
{
	const struct column *columns = table_kinds[TABLE_DOMAIN].column;

	(void)state;
	assert_int_equal(filter_needs(NULL), 0);
	assert_int_equal(needs_of("ipc > 1"), column_needs(&columns[DOMAIN_IPC]));
	assert_int_equal(needs_of("ipc > 1 and local < 50%"),
	    column_needs(&columns[DOMAIN_IPC]) | column_needs(&columns[DOMAIN_LOCAL]));
	/* A word may stand in any text. */
	assert_true(needs_of("web") & NEEDS(SRC_GUESTS));
	assert_true(needs_of("web") & column_needs(&columns[DOMAIN_STATE]));
	assert_false(needs_of("web") & NEEDS(SRC_COUNTERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_missing_values_match_nothing),
		cmocka_unit_test(test_and),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_any_input),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_needs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
