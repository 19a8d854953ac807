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
	const char *name, *pfm; /* @pfm: NULL: another one on each family of CPUs */
	bool software;
};

/* In groups of four: ratios are taken of what was counted together. */
static const struct usual usual[] = {
	{ "cycles", "perf::CYCLES", false },
	{ "instructions", "perf::INSTRUCTIONS", false },
	{ "llc_misses", "perf::CACHE-MISSES", false },
	{ "branch_misses", "perf::BRANCH-MISSES", false },
	{ "dtlb_misses", "perf::DTLB-LOAD-MISSES", false },
	{ "local_loads", NULL, false },
	{ "remote_loads", NULL, false },
	{ "switches", "perf::CONTEXT-SWITCHES", true },
	{ "migrations", "perf::CPU-MIGRATIONS", true },
	{ "page_faults", "perf::PAGE-FAULTS", true },
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))

/*
 * Loads from memory, as the CPU itself tells them apart. The kernel's generic NODE-LOADS are no
 * whole of which NODE-LOAD-MISSES were a part: on Sandy Bridge they are all loads from memory, from
 * Haswell on the local ones only (hsw_hw_cache_extra_regs in arch/x86/events/intel/core.c).
 */
static const struct {
	const char *local, *remote;
} node_loads[] = {
	/* Intel: Skylake, Cascade Lake, Ice Lake, Sapphire Rapids */
	{ "MEM_LOAD_L3_MISS_RETIRED:LOCAL_DRAM", "MEM_LOAD_L3_MISS_RETIRED:REMOTE_DRAM" },
	/* Haswell, Broadwell */
	{ "MEM_LOAD_UOPS_L3_MISS_RETIRED:LOCAL_DRAM", "MEM_LOAD_UOPS_L3_MISS_RETIRED:REMOTE_DRAM" },
	/* Sandy Bridge, Ivy Bridge */
	{ "MEM_LOAD_UOPS_LLC_MISS_RETIRED:LOCAL_DRAM",
	    "MEM_LOAD_UOPS_LLC_MISS_RETIRED:REMOTE_DRAM" },
	/* AMD: Zen 4, Zen 3, Zen 2 */
	{ "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_NEAR",
	    "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_FAR" },
	{ "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:MEM_IO_LCL",
	    "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:MEM_IO_RMT" },
	{ "DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_LCL_DRAM",
	    "DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_RMT_DRAM" },
};

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
		if (strcasecmp(usual[i].name, name) == 0 ||
		    (usual[i].pfm && strcasecmp(usual[i].pfm, name) == 0))
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

/* Of the first family that has both. -ENOENT: of this CPU it is not known what tells them. */
static int encode_node_loads(
    const char *name, const struct counter_kernel *kernel, struct perf_event_attr *ret)
{
	for (size_t i = 0; i < sizeof(node_loads) / sizeof(node_loads[0]); i++) {
		struct perf_event_attr local, remote;
		int r = kernel->encode(kernel->ctx, node_loads[i].local, &local);

		if (r == 0)
			r = kernel->encode(kernel->ctx, node_loads[i].remote, &remote);
		if (r == 0)
			*ret = strcmp(name, "local_loads") == 0 ? local : remote;
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static int encode(const struct usual *known, const char *wanted,
    const struct counter_kernel *kernel, struct perf_event_attr *ret)
{
	if (known && !known->pfm)
		return encode_node_loads(known->name, kernel, ret);
	return kernel->encode(kernel->ctx, known ? known->pfm : wanted, ret);
}

/* @wanted: as the user spelled it. */
static void add(
    struct counter_events *events, const char *wanted, const struct counter_kernel *kernel)
{
	const struct usual *known = find_usual(wanted);
	const char *name = known ? known->name : wanted;
	struct counter_event *e;
	int r;

	if (is_there(events, name))
		return;
	if (events->n == COUNTER_EVENTS_MAX) {
		events->too_many++;
		return;
	}
	e = &events->event[events->n];
	*e = (struct counter_event){ 0 };
	r = encode(known, wanted, kernel, &e->attr);
	events->no_library |= r == -ENOSYS;
	if (r == -ENOENT && known && !known->pfm) {
		e->error[SIDE_GUEST] = e->error[SIDE_HOST] = COUNTER_NAMELESS;
	} else if (r < 0) {
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
