/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is set aside for huge pages: too much of it, out of reach, or none. */
#include <string.h>

#include "advisor/rules/common.h"
#include "advisor/rules/move.h"
#include "advisor/rules/pools.h"
#include "advisor/rules/rules.h"
#include "base/cpulist.h"

/* ---- hugepages-pool-waste ---- */

/* Pages of this pool that guests which do not run may want one day. Of those that are bound to no
 * node each pool may be asked for all. */
static double wanted_pages(const struct subject *s)
{
	const struct table *t = &s->now->table[TABLE_DEFINED];
	double page_bytes = cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0), pages = 0;
	unsigned node = (unsigned)fmax(0, cell_number(s->row, HUGEPOOL_NODE, 0));

	for (size_t i = 0; i < t->n && page_bytes > 0; i++) {
		const char *list = cell_text(t->row[i], DEFINED_NODES);
		struct cpuset nodes = { 0 };

		if (cell_number(t->row[i], DEFINED_HUGE_SIZE, 0) == page_bytes &&
		    (cpuset_parse_list(&nodes, list) < 0 || cpuset_empty(&nodes) ||
			cpuset_test(&nodes, node)))
			pages += ceil(cell_number(t->row[i], DEFINED_MEMORY, 0) / page_bytes);
		cpuset_done(&nodes);
	}
	return pages;
}

static double spare_pages(const struct subject *s)
{
	return fmax(0, cell_number(s->row, HUGEPOOL_FREE, 0) -
			   cell_number(s->row, HUGEPOOL_HOST_RESERVED, 0) - wanted_pages(s));
}

static bool is_scarce(const struct subject *s)
{
	return cell_number(s->host, HOST_MEMORY_AVAILABLE, 0) <
	       s->param[0] * cell_number(s->host, HOST_MEMORY_TOTAL, 0);
}

/* An empty pool wastes nothing, whatever is not known besides. */
static bool has_free_pages(const struct subject *s)
{
	double free_bytes = cell_number(s->row, HUGEPOOL_FREE, INFINITY) *
			    cell_number(s->row, HUGEPOOL_PAGE_SIZE, 1);

	return free_bytes >= s->param[1] && is_scarce(s);
}

static enum outcome measure_waste(const struct subject *s, double *ret)
{
	double spare = spare_pages(s);
	bool much = spare * cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0) >= s->param[1];

	*ret = much ? spare / fmax(1, cell_number(s->row, HUGEPOOL_TOTAL, 0)) : 0;
	return OUTCOME_FIGURE;
}

static void tell_waste(const struct subject *s, double figure, struct text *out)
{
	double page_bytes = cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0);

	(void)figure;
	say_size(out, spare_pages(s) * page_bytes);
	print_text(out, " of its ");
	say_size(out, cell_number(s->row, HUGEPOOL_TOTAL, 0) * page_bytes);
	print_text(out, " in pages of ");
	say_page_size(out, page_bytes);
	print_text(out, " are free, and no guest that is defined wants them, while the host has ");
	say_size(out, cell_number(s->host, HOST_MEMORY_AVAILABLE, 0));
	print_text(out, " left.");
}

static double fitting_pages(const struct subject *s)
{
	return cell_number(s->row, HUGEPOOL_TOTAL, 0) - spare_pages(s);
}

static void advise_waste(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "make the pool ");
	say_count(out, fitting_pages(s));
	print_text(out, " pages large, unless something else than guests counts on it");
}

static void plan_waste(const struct subject *s, struct plan *out)
{
	struct text size = { 0 };

	say_size(&size, spare_pages(s) * cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0));
	plan_title(out, "give %s of huge pages back", size.p);
	text_done(&size);
	plan_pool(out, s->row, fitting_pages(s));
}

/* ---- hugepages-mount ---- */

/* Judged once for each page size. */
static bool is_first_of_size(const struct subject *s)
{
	const struct table *t = &s->now->table[TABLE_HUGEPOOL];
	double page_bytes = cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0);

	for (size_t i = 0; i < t->n && t->row[i] != s->row; i++)
		if (cell_number(t->row[i], HUGEPOOL_PAGE_SIZE, 0) == page_bytes)
			return false;
	return true;
}

static bool needs_mount(const struct row *defined, double page_bytes)
{
	return cell_number(defined, DEFINED_HUGE_SIZE, 0) == page_bytes &&
	       !strstr(cell_text(defined, DEFINED_MEMORY_BACKING), "memfd");
}

/* The first of the guests that need it; how many there are. */
static double count_needing(const struct subject *s, const struct row **ret)
{
	const struct table *t = &s->now->table[TABLE_DEFINED];
	double page_bytes = cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0), n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (needs_mount(t->row[i], page_bytes) && n++ == 0 && ret)
			*ret = t->row[i];
	return n;
}

static bool is_needed(const struct subject *s)
{
	return is_first_of_size(s) && count_needing(s, NULL) > 0;
}

static enum outcome measure_mount(const struct subject *s, double *ret)
{
	*ret = is_text(s->row, HUGEPOOL_MOUNT, "none") ? count_needing(s, NULL) : 0;
	return OUTCOME_FIGURE;
}

static void tell_mount(const struct subject *s, double figure, struct text *out)
{
	const struct row *first = NULL;

	count_needing(s, &first);
	print_text(out, first ? cell_text(first, DEFINED_NAME) : "A guest");
	if (figure > 1)
		print_format(out, " and %.0f more ask", figure - 1);
	else
		print_text(out, " asks");
	print_text(out, " for pages of ");
	say_page_size(out, cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0));
	print_text(out, ", and nowhere is a file system for these mounted (hugetlbfs).");
}

static void advise_mount(const struct subject *s, double figure, struct text *out)
{
	double page_bytes = cell_number(s->row, HUGEPOOL_PAGE_SIZE, 0);
	const char *dir = page_bytes == 2 * MIB ? "" : page_bytes == GIB ? "1G" : "-other";

	(void)figure;
	print_format(out,
	    "mount one (mount -t hugetlbfs -o pagesize=%.0fM hugetlbfs /dev/hugepages%s), put it "
	    "into /etc/fstab, and restart libvirtd or virtqemud, which looks for it when it starts",
	    page_bytes / MIB, dir);
}

/* ---- hugepages-suggest ---- */

#define PAGE_BYTES (2 * MIB)

/* What is promised to guests fits, and pages are not merged: else a pool would do harm. */
static bool is_ample(const struct subject *s)
{
	struct promise p;

	return read_promise(s, &p) && p.bytes <= s->param[1] * p.memory &&
	       cell_number(s->host, HOST_KSM_RUN, 0) != 1;
}

static bool is_large(const struct subject *s)
{
	return cell_number(s->row, DOMAIN_MEMORY, 0) >= s->param[0] && !guest_has_pool(s->row) &&
	       !will_have_backing(s->row, "hugepages") &&
	       !is_text(s->host, HOST_THP_ENABLED, "never") && is_ample(s);
}

static double coverage(const struct row *domain)
{
	return fmin(
	    1, cell_number(domain, DOMAIN_THP, 0) / fmax(1, cell_number(domain, DOMAIN_RSS, 0)));
}

/* Half of its memory must have been touched, for long enough for khugepaged to have seen it. */
static enum outcome measure_suggest(const struct subject *s, double *ret)
{
	double rss = cell_number(s->row, DOMAIN_RSS, 0);

	if (cell_number(s->row, DOMAIN_UPTIME, 0) < s->param[2] ||
	    rss < cell_number(s->row, DOMAIN_MEMORY, 0) / 2)
		return OUTCOME_NONE;
	*ret = coverage(s->row);
	return OUTCOME_FIGURE;
}

static double pages_wanted(const struct subject *s)
{
	return ceil(cell_number(s->row, DOMAIN_MEMORY, 0) / PAGE_BYTES);
}

static void tell_suggest(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "It has ");
	say_size(out, cell_number(s->row, DOMAIN_MEMORY, 0));
	print_text(out, " and no huge page pool; of what is resident ");
	say_percent(out, figure);
	print_text(out, " happen to be in transparent huge pages.");
}

static void advise_suggest(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_format(out,
	    "reserve %.0f pages of 2 MiB%s, and let it ask for them from its next start on",
	    pages_wanted(s),
	    binds_own_nodes(s->row) ? ", each node's share where its own nodes are bound" : "");
}

/* As long as it runs it keeps the memory that it has. */
static void plan_suggest(const struct subject *s, struct plan *out)
{
	struct cpuset nodes = { 0 };
	const struct cpuset *own = policy_text_nodes(policy_next(s->row), &nodes) ? &nodes : NULL;
	struct growth growth[GROWTHS_MAX];
	size_t n = pools_to_grow(s, PAGE_BYTES, own, pages_wanted(s), growth);

	if (binds_own_nodes(s->row)) {
		plan_refuse(out, OWN_NODES_REFUSAL);
	} else if (!growth[0].pool) {
		plan_refuse(out, "the host has no pool for pages of 2 MiB where its memory shall "
				 "lie");
	} else if (n == 0) {
		plan_refuse(out, "while the guest runs its nodes have not as much again to spare: "
				 "the pages are to be reserved when the host starts");
	} else {
		plan_title(out, "give %s a huge page pool", cell_text(s->row, DOMAIN_NAME));
		plan_growth(out, growth, n);
		plan_backing(
		    out, s->row, "hugepages", "<hugepages><page size='2' unit='M'/></hugepages>");
	}
	cpuset_done(&nodes);
}

const struct rule reserve_rules[] = {
	{
	    .id = "hugepages-suggest",
	    .title = "a large guest has no huge page pool",
	    .good = "A large guest gains from pages of 2 MiB or 1 GiB: there are fewer TLB misses, "
		    "and a pool makes sure that they are there.",
	    .detect =
		"A guest of 8 GiB or more, up for ten minutes, asks for no huge page pool, and "
		"less than 80 % of what is resident lies in transparent huge pages (until it is "
		"90 %). What is promised to guests is at most 90 % of the memory, and KSM does "
		"not run.",
	    .by_hand = "grep -E '^(Rss|AnonHugePages)' /proc/PID/smaps_rollup\n"
		       "virsh dumpxml DOMAIN --xpath //memoryBacking",
	    .risk = "Memory in a pool is lost to all else, and the guest can no longer be "
		    "swapped, merged by KSM or made smaller by its balloon. Without enough free "
		    "pages it does not start, nor without a hugetlbfs that libvirt knows of; the "
		    "plan leaves a guest alone whose own nodes are bound each to others, as each "
		    "would need its part. "
		    "Until it is started anew its memory is taken twice.",
	    .source = "SUSE 4.1.1; RHEL 8.2.3; openEuler HugePage Memory",
	    .figure = "share in transparent huge pages",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_MEMORY,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_THP), NEED(TABLE_DOMAIN, DOMAIN_RSS),
		NEED(TABLE_DOMAIN, DOMAIN_MEMORY), NEED(TABLE_DOMAIN, DOMAIN_UPTIME),
		NEED(TABLE_HOST, HOST_MEMORY_TOTAL), USES(TABLE_HOST, HOST_HUGETLB),
		USES(TABLE_HOST, HOST_KSM_RUN), USES(TABLE_HOST, HOST_THP_ENABLED),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB),
		USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE), USES(TABLE_DOMAIN, DOMAIN_NUMA_MODE_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_SAVED), USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING_SAVED), POOL_NEEDS),
	    .below = true,
	    .raise = 0.80,
	    .clear = 0.90,
	    .raise_s = 60,
	    .clear_s = 60,
	    .param = { { "guest", 8 * GIB, "least memory of a guest that counts, in bytes",
			   SHOW_SIZE },
		{ "promised", 0.90, "most share of the memory that is promised to guests",
		    SHOW_PERCENT },
		{ "uptime", 600, "how long it must have been up, in seconds", SHOW_TIME } },
	    .concerns = is_large,
	    .measure = measure_suggest,
	    .evidence = tell_suggest,
	    .advice = advise_suggest,
	    .plan = plan_suggest,
	    .excludes = "balloon-missing balloon-stats-off balloon-guest-pressure balloon-reclaim "
			"ksm-enable ksm-guest-exclude mem-guest-swapped mem-guest-oversized",
	},
	{
	    .id = "hugepages-pool-waste",
	    .title = "huge pages are set aside for nobody",
	    .good = "Memory in a huge page pool that nobody takes is lost to all others; a pool "
		    "should be as large as its guests need.",
	    .detect = "For half an hour at least a quarter of the pool and 1 GiB are free beyond "
		      "what guests that do not run will want, while less than 20 % of the host's "
		      "memory are available (until it is 10 % of the pool).",
	    .by_hand = "grep . /sys/devices/system/node/node*/hugepages/*/*_hugepages\n"
		       "virsh list --inactive\ngrep MemAvailable /proc/meminfo",
	    .risk = "Other programs than guests may count on the pool (DPDK, databases). To have "
		    "pages back later may fail where memory is in pieces, those of 1 GiB most of "
		    "all.",
	    .source = "SUSE 4.1.1; RHEL 8.2.3.2",
	    .figure = "share of the pool that nobody wants",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_HUGEPOOL,
	    .column = HUGEPOOL_FREE,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_B,
	    .needs = NEEDS_LIST(NEED(TABLE_HUGEPOOL, HUGEPOOL_FREE),
		NEED(TABLE_HUGEPOOL, HUGEPOOL_TOTAL), NEED(TABLE_HOST, HOST_MEMORY_AVAILABLE),
		NEED(TABLE_HOST, HOST_MEMORY_TOTAL), NEED(TABLE_HOST, HOST_DEFINED),
		USES(TABLE_HUGEPOOL, HUGEPOOL_HOST_RESERVED), USES(TABLE_DEFINED, DEFINED_MEMORY),
		USES(TABLE_DEFINED, DEFINED_HUGE_SIZE), USES(TABLE_DEFINED, DEFINED_NODES)),
	    .raise = 0.25,
	    .clear = 0.10,
	    .raise_s = 1800,
	    .clear_s = 10,
	    .param = { { "available", 0.20, "share of the host's memory that is scarce",
			   SHOW_PERCENT },
		{ "least", GIB, "least that is free beyond, in bytes", SHOW_SIZE } },
	    .concerns = has_free_pages,
	    .measure = measure_waste,
	    .evidence = tell_waste,
	    .advice = advise_waste,
	    .plan = plan_waste,
	},
	{
	    .id = "hugepages-mount",
	    .title = "no hugetlbfs is mounted for a guest's pages",
	    .good = "For each page size that guests ask for a hugetlbfs must be mounted when "
		    "libvirt starts; it makes their memory as files there.",
	    .detect = "A guest that does not run asks for pages of a size for which no hugetlbfs "
		      "is mounted. Guests whose memory is a memfd need none.",
	    .by_hand = "grep hugetlbfs /proc/mounts\n"
		       "grep hugetlbfs_mount /etc/libvirt/qemu.conf",
	    .risk = "libvirt's daemon must be started anew to see the mount; guests go on, but "
		    "its clients lose their connections. Since that is not to be done unasked, "
		    "kvmtop leaves it to you.",
	    .source = "SUSE 4.1.1; RHEL 8.2.3.2, 8.2.3.3",
	    .figure = "guests that need it",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_HUGEPOOL,
	    .column = HUGEPOOL_MOUNT,
	    .level = LEVEL_WARNING,
	    .rank = RANK_SAFETY,
	    .fix = FIX_NONE,
	    .needs = NEEDS_LIST(NEED(TABLE_HUGEPOOL, HUGEPOOL_MOUNT),
		USES(TABLE_HUGEPOOL, HUGEPOOL_PAGE_SIZE), USES(TABLE_DEFINED, DEFINED_HUGE_SIZE),
		USES(TABLE_DEFINED, DEFINED_MEMORY_BACKING)),
	    .raise = 1,
	    .concerns = is_needed,
	    .measure = measure_mount,
	    .evidence = tell_mount,
	    .advice = advise_mount,
	},
	{ .id = NULL },
};
