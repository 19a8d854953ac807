/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>

#include "collectors/numa_maps.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct nodes_memory *m, int r)
{
	uint64_t sum = 0;

	PROMISE(r == 0 || r == -ENOENT || r == -EINVAL || r == -ERANGE);
	PROMISE(r == 0 || (m->n == 0 && m->node == NULL));
	PROMISE(m->n <= NODES_MAX);
	for (size_t i = 0; i < m->n; i++) {
		PROMISE(m->node[i].huge_bytes <= m->node[i].bytes);
		PROMISE(!__builtin_add_overflow(sum, m->node[i].bytes, &sum));
	}
	PROMISE(nodes_memory_sum(m) == sum);
}

/* What was understood, written as the kernel writes it, is understood the same way. */
static void check_again(const struct nodes_memory *m)
{
	struct nodes_memory again = { 0 };
	size_t size = 256 + m->n * 64, len;
	char *text = malloc(size);

	PROMISE(text != NULL);
	len = (size_t)snprintf(text, size, "7f00 default");
	for (size_t i = 0; i < m->n; i++)
		len += (size_t)snprintf(text + len, size - len, " N%zu=%llu", i,
		    (unsigned long long)m->node[i].bytes / 1024);
	snprintf(text + len, size - len, " kernelpagesize_kB=1\n");
	PROMISE(numa_maps_parse(text, &again) == 0);
	PROMISE(again.n == m->n && nodes_memory_sum(&again) == nodes_memory_sum(m));
	nodes_memory_done(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct nodes_memory m = { 0 };
	int r = numa_maps_parse(text, &m);

	check(&m, r);
	if (r == 0)
		check_again(&m);
	nodes_memory_done(&m);
	for (int v2 = 0; v2 < 2; v2++) {
		check(&m, numa_stat_parse(text, v2, 4096, &m));
		nodes_memory_done(&m);
	}
	free(text);
	return 0;
}
