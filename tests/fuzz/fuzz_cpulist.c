/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>

#include "base/cpulist.h"
#include "tests/fuzz/fuzz.h"

static void check_members(const struct cpuset *s)
{
	unsigned int n = 0;
	int last = -1;

	PROMISE(s->n_words <= CPUSET_MAX / 64);
	for (int cpu = cpuset_next(s, 0); cpu >= 0; cpu = cpuset_next(s, (unsigned int)cpu + 1)) {
		PROMISE(cpu > last && cpu < (int)CPUSET_MAX);
		PROMISE(cpuset_test(s, (unsigned int)cpu));
		last = cpu;
		n++;
	}
	PROMISE(n == cpuset_count(s) && cpuset_empty(s) == (n == 0));
}

static void check_list(const struct cpuset *s)
{
	char *list = cpuset_format_dup(s), small[16];
	struct cpuset again = { 0 };

	PROMISE(cpuset_parse_list(&again, list) == 0);
	PROMISE(cpuset_equal(s, &again) && cpuset_equal(&again, s));

	PROMISE(cpuset_format(s, small, sizeof(small)) == strlen(list));
	PROMISE(strncmp(list, small, strlen(small)) == 0);
	PROMISE(list[strlen(small)] == '\0' || list[strlen(small)] == ',' || small[0] == '\0');
	cpuset_done(&again);
	free(list);
}

/* The set as the kernel would write it in a mask. */
static void check_mask(const struct cpuset *s)
{
	size_t groups = s->n_words * 2, len = 0;
	char *mask = malloc(groups * 9 + 1);
	struct cpuset again = { 0 };

	if (mask == NULL)
		abort();
	mask[0] = '\0';
	for (size_t i = groups; i > 0; i--) {
		uint64_t word = s->word[(i - 1) / 2];

		snprintf(mask + len, 10, "%08x%s",
		    (unsigned int)((i - 1) % 2 ? word >> 32 : word & UINT32_MAX), i > 1 ? "," : "");
		len += i > 1 ? 9 : 8;
	}
	PROMISE(cpuset_parse_mask(&again, mask) == 0);
	PROMISE(cpuset_equal(s, &again));
	cpuset_done(&again);
	free(mask);
}

static void check_pair(const struct cpuset *a, const struct cpuset *b)
{
	struct cpuset both = { 0 }, either = { 0 }, rest = { 0 };

	cpuset_copy(&both, a);
	cpuset_keep(&both, b);
	cpuset_copy(&either, a);
	cpuset_add(&either, b);
	cpuset_copy(&rest, a);
	cpuset_remove(&rest, b);
	PROMISE(cpuset_count(&either) + cpuset_count(&both) == cpuset_count(a) + cpuset_count(b));
	PROMISE(cpuset_count(&rest) + cpuset_count(&both) == cpuset_count(a));
	PROMISE(cpuset_subset(&both, a) && cpuset_subset(&both, b));
	PROMISE(cpuset_subset(a, &either) && cpuset_subset(b, &either));
	PROMISE(!cpuset_intersects(&rest, b));
	PROMISE(cpuset_intersects(a, b) == !cpuset_empty(&both));
	cpuset_done(&both);
	cpuset_done(&either);
	cpuset_done(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpuset by_list = { 0 }, by_mask = { 0 };
	char *text = fuzz_text(data, size);
	int r;

	r = cpuset_parse_list(&by_list, text);
	PROMISE(r == 0 || r == -EINVAL || r == -ERANGE);
	PROMISE(r == 0 || by_list.word == NULL);
	r = cpuset_parse_mask(&by_mask, text);
	PROMISE(r == 0 || r == -EINVAL || r == -ERANGE);
	PROMISE(r == 0 || by_mask.word == NULL);

	check_members(&by_list);
	check_members(&by_mask);
	check_list(&by_list);
	check_list(&by_mask);
	check_mask(&by_list);
	check_mask(&by_mask);
	check_pair(&by_list, &by_mask);
	cpuset_done(&by_list);
	cpuset_done(&by_mask);
	free(text);
	return 0;
}
