/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>

#include "collectors/page_sample.h"
#include "collectors/ram.h"
#include "tests/fuzz/fuzz.h"

#define PAGES 64

static bool is_inside(const struct ram *ram, uint64_t address)
{
	for (size_t i = 0; i < ram->n; i++)
		if (address >= ram->range[i].start &&
		    address - ram->range[i].start < ram->range[i].bytes)
			return true;
	return false;
}

static void check_ranges(const struct ram *ram)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ram->n; i++) {
		const struct ram_range *r = &ram->range[i];

		PROMISE(r->bytes > 0 && r->before == sum);
		PROMISE(r->start + (r->bytes - 1) >= r->start);
		PROMISE(i == 0 || ram->range[i - 1].start + ram->range[i - 1].bytes <= r->start);
		sum += r->bytes;
	}
	PROMISE(ram->bytes == sum && ram->n > 0);
}

static void check_sample(const struct ram *ram)
{
	uint64_t seed = ram->bytes;
	void *address[PAGES];
	int status[PAGES];
	struct page_sample s = { 0 };
	double share, error, sum = 0;
	size_t n = page_sample_draw(ram, 4096, &seed, address, PAGES);

	PROMISE(n <= PAGES);
	for (size_t i = 0; i < n; i++) {
		PROMISE(is_inside(ram, (uint64_t)(uintptr_t)address[i]));
		status[i] = (int)((uintptr_t)address[i] >> 12) % 5 - 1;
	}
	page_sample_add(&s, status, n);
	for (size_t i = 0; i < page_sample_nodes(&s); i++)
		if (page_sample_share(&s, i, &share, &error)) {
			PROMISE(share >= 0 && share <= 1 && error > 0 && error <= 1);
			sum += share;
		}
	PROMISE(sum == 0 || (sum > 0.999 && sum < 1.001));
	page_sample_done(&s);
}

static void check_rest(const char *text, const struct ram *ram)
{
	struct ram rest = { 0 };
	int r = ram_find_rest(text, ram, &rest);

	PROMISE(r == 0 || (r == -ENOENT && rest.n == 0));
	if (r < 0)
		return;
	check_ranges(&rest);
	check_sample(&rest);
	for (size_t i = 0; i < rest.n; i++)
		PROMISE(!is_inside(ram, rest.range[i].start));
	ram_done(&rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t memory[] = { 0, 1ULL << 30 };
	char *text = fuzz_text(data, size);

	for (size_t i = 0; i < 2; i++) {
		struct ram ram = { 0 };
		int r = ram_find(text, memory[i], &ram);

		PROMISE(r == 0 || (r == -ENOENT && ram.n == 0));
		if (r == 0) {
			check_ranges(&ram);
			check_sample(&ram);
		}
		check_rest(text, &ram);
		ram_done(&ram);
	}
	free(text);
	return 0;
}
