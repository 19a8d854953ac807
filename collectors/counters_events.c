/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which events are counted, by libpfm4's names, and the kernel's way to count them. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/perf_ring.h"
#include "base/slice.h"
#include "collectors/counters.h"
#include "collectors/pfm_names.h"

struct usual {
	const char *name, *pfm;
	bool software;
};

/* In groups of four: ratios are taken of what was counted together. */
static const struct usual usual[] = {
	{ "cycles", "perf::CYCLES", false },
	{ "instructions", "perf::INSTRUCTIONS", false },
	{ "llc_misses", "perf::CACHE-MISSES", false },
	{ "branch_misses", "perf::BRANCH-MISSES", false },
	{ "dtlb_misses", "perf::DTLB-LOAD-MISSES", false },
	{ "memory_loads", "perf::NODE-LOADS", false },
	{ "remote_loads", "perf::NODE-LOAD-MISSES", false },
	{ "switches", "perf::CONTEXT-SWITCHES", true },
	{ "migrations", "perf::CPU-MIGRATIONS", true },
	{ "page_faults", "perf::PAGE-FAULTS", true },
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))

const char *counter_side_name(enum counter_side side)
{
	static const char *const names[COUNTER_SIDES] = { "guest", "host", "all" };

	return names[side];
}

static int live_encode(void *ctx, const char *name, struct perf_event_attr *ret)
{
	struct pfm_encoding e;
	int r = pfm_encode(name, &e);

	(void)ctx;
	if (r < 0)
		return r;
	*ret = (struct perf_event_attr){
		.size = sizeof(*ret),
		.type = e.type,
		.config = e.config,
		.config1 = e.config1,
		.config2 = e.config2,
		.exclude_user = e.exclude_user,
		.exclude_kernel = e.exclude_kernel,
	};
	return 0;
}

static int live_open(void *ctx, const struct perf_event_attr *attr, pid_t tid, int group)
{
	(void)ctx;
	return perf_event_open(attr, tid, -1, group);
}

static ssize_t live_read(void *ctx, int fd, void *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	(void)ctx;
	return n < 0 ? -errno : n;
}

static void live_close(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
}

const struct counter_kernel counter_kernel_live = {
	.encode = live_encode,
	.open = live_open,
	.read = live_read,
	.close = live_close,
};

static const struct usual *find_usual(const char *name)
{
	for (size_t i = 0; i < USUAL; i++)
		if (strcasecmp(usual[i].name, name) == 0 || strcasecmp(usual[i].pfm, name) == 0)
			return &usual[i];
	return NULL;
}

static bool is_there(const struct counter_events *events, const char *name)
{
	for (size_t i = 0; i < events->n; i++)
		if (strcmp(events->event[i].name, name) == 0)
			return true;
	return false;
}

/* @wanted: as the user spelled it. */
static void add(
    struct counter_events *events, const char *wanted, const struct counter_kernel *kernel)
{
	const struct usual *known = find_usual(wanted);
	const char *name = known ? known->name : wanted;
	struct counter_event *e;

	if (is_there(events, name))
		return;
	if (events->n == COUNTER_EVENTS_MAX) {
		events->too_many++;
		return;
	}
	e = &events->event[events->n];
	*e = (struct counter_event){ 0 };
	if (kernel->encode(kernel->ctx, known ? known->pfm : wanted, &e->attr) < 0) {
		if (!events->unknown[0])
			slice_copy(slice_of(wanted), events->unknown, sizeof(events->unknown));
		return;
	}
	slice_copy(slice_of(name), e->name, sizeof(e->name));
	e->software = e->attr.type == PERF_TYPE_SOFTWARE;
	events->n++;
}

void counter_events_init(
    struct counter_events *events, const char *list, const struct counter_kernel *kernel)
{
	*events = (struct counter_events){ 0 };
	for (size_t i = 0; i < USUAL && !list; i++)
		if (!usual[i].software)
			add(events, usual[i].name, kernel);
	while (list && *list) {
		struct slice name = slice_trim((struct slice){ list, strcspn(list, ",") });
		char buf[COUNTER_NAME_SIZE];

		if (name.len && slice_copy(name, buf, sizeof(buf)) < sizeof(buf))
			add(events, buf, kernel);
		list += strcspn(list, ",");
		list += *list == ',';
	}
	for (size_t i = 0; i < USUAL; i++)
		if (usual[i].software)
			add(events, usual[i].name, kernel);
}
