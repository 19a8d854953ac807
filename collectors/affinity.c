/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/affinity.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpulist.h"
#include "base/xalloc.h"

/* What is longer is cut: no screen shows as much. */
#define LIST_SIZE 256

static uint64_t hash_bytes(const unsigned char *p, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

char *affinity_ask(uint32_t tid, uint64_t *hash)
{
	unsigned long mask[CPUSET_MAX / 8 / sizeof(long) / 8] = { 0 };
	struct cpuset set = { 0 };
	char list[LIST_SIZE];
	uint64_t now;
	long n = syscall(SYS_sched_getaffinity, (pid_t)tid, sizeof(mask), mask);

	if (n <= 0)
		return NULL;
	now = hash_bytes((const unsigned char *)mask, (size_t)n);
	if (now == *hash)
		return NULL;
	*hash = now;
	for (unsigned int cpu = 0; cpu < (unsigned int)n * 8; cpu++)
		if (mask[cpu / (8 * sizeof(long))] >> cpu % (8 * sizeof(long)) & 1)
			cpuset_set(&set, cpu);
	cpuset_format(&set, list, sizeof(list));
	cpuset_done(&set);
	return xstrdup(list);
}
