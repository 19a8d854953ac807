/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a guest's memory: memtune, and what the cgroup makes of it. */
#include <string.h>

#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

#define UNLIMITED "unlimited"

/* Whether there is such a limit; where nobody may look, there may be. */
static bool may_have(const struct row *domain, int column)
{
	return domain->cell[column].state != STATE_ABSENT;
}

static bool is_locked(const struct row *domain)
{
	return has_backing(domain, "locked");
}

/* The guest's memory and what QEMU takes besides: at least so much, or a twentieth. */
static double need_of(const struct row *domain, double least)
{
	double memory = cell_number(domain, DOMAIN_MEMORY, 0);

	return memory + fmax(least, 0.05 * memory);
}

static double limit_in_xml(const struct row *domain, int column)
{
	return cell_number(domain, column, 0);
}

static void say_limit(struct text *out, const struct row *domain, int column)
{
	say_size(out, cell_number(domain, column, 0));
}

/* @bytes 0: no limit. */
static const char *limit_text(double bytes, char buf[NUMBER_SIZE])
{
	return bytes > 0 ? number_text(bytes / KIB, buf) : UNLIMITED;
}

static void set_limit(
    struct plan *out, const struct row *domain, const char *name, double now, double value)
{
	char was[NUMBER_SIZE], is[NUMBER_SIZE];

	plan_add(
	    out, ACTION_MEMORY_LIMIT, domain, name, limit_text(now, was), limit_text(value, is));
}

static void save_limit(struct plan *out, const struct row *domain, const char *name, double value)
{
	char is[NUMBER_SIZE];

	plan_add_lasting(out, ACTION_MEMORY_LIMIT, domain, name, NULL, limit_text(value, is))
	    ->saved = true;
}

/* ---- mem-hard-limit ---- */

/* Pages of a pool are not in the group's account, and for locked memory a limit is wanted. */
static bool is_limited(const struct subject *s)
{
	return may_have(s->row, DOMAIN_MEMORY_LIMIT) && !guest_has_pool(s->row) &&
	       !is_locked(s->row);
}

/* What QEMU is thought to take besides is short of it by so much; negative: there is room. */
static double short_by(const struct subject *s)
{
	return need_of(s->row, s->param[0]) - cell_number(s->row, DOMAIN_MEMORY_LIMIT, 0);
}

/*
 * It may take more than is thought, such as with much video memory. Page cache, which meets the
 * limit as well and is let go of then, does not count: it is not in what the process holds.
 */
static bool is_at_limit(const struct subject *s)
{
	double limit = cell_number(s->row, DOMAIN_MEMORY_LIMIT, 0);
	double held = cell_number(s->row, DOMAIN_MEMORY_HELD, 0);

	held = fmin(held, cell_number(s->row, DOMAIN_RSS, held));
	return limit > 0 && held >= s->param[1] * limit &&
	       figure_or(TABLE_DOMAIN, s->row, DOMAIN_MEMORY_LIMIT_HITS, 0) >= s->param[2];
}

static enum outcome measure_hard(const struct subject *s, double *ret)
{
	*ret = short_by(s);
	if (is_at_limit(s))
		*ret = fmax(*ret, MIB);
	return OUTCOME_FIGURE;
}

static void tell_hard(const struct subject *s, double figure, struct text *out)
{
	double hits, held;

	print_text(out, "Its cgroup allows ");
	say_limit(out, s->row, DOMAIN_MEMORY_LIMIT);
	print_text(out, " for the guest's ");
	say_limit(out, s->row, DOMAIN_MEMORY);
	print_text(out, " and what QEMU takes besides");
	if (short_by(s) >= figure) {
		print_text(out, ": about ");
		say_size(out, figure);
		print_text(out, " are short");
	}
	if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_MEMORY_HELD, &held)) {
		print_text(out, ". It holds ");
		say_size(out, held);
		if (figure_of(TABLE_DOMAIN, s->row, DOMAIN_MEMORY_LIMIT_HITS, &hits)) {
			print_text(out, " and meets the limit ");
			say_count(out, hits);
			print_text(out, " times a second");
		}
	}
	print_text(out, ".");
}

static void advise_hard(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (short_by(s) <= 0) {
		print_text(out, "lift its hard limit; it gets it killed once there is nothing left "
				"to swap out or to drop");
		return;
	}
	print_text(out, "lift its hard limit; one of less than ");
	say_size(out, need_of(s->row, s->param[0]));
	print_text(out, " gets it killed once it uses all of its memory");
}

/* The limit of swap first: libvirt lets the other one not exceed it. */
static void plan_hard(const struct subject *s, struct plan *out)
{
	double hard = limit_in_xml(s->row, DOMAIN_HARD_LIMIT);
	double swap = limit_in_xml(s->row, DOMAIN_SWAP_LIMIT);

	if (hard <= 0) {
		plan_refuse(out, "the limit is not one of the guest's XML: it was set on its "
				 "cgroup itself");
		return;
	}
	plan_title(out, "lift the hard limit of %s", cell_text(s->row, DOMAIN_NAME));
	if (swap > 0) {
		set_limit(out, s->row, "swap_hard_limit", swap, 0);
		save_limit(out, s->row, "swap_hard_limit", 0);
	}
	set_limit(out, s->row, "hard_limit", hard, 0);
	save_limit(out, s->row, "hard_limit", 0);
}

/* ---- mem-swap-limit-order ---- */

static bool has_limit(const struct subject *s)
{
	return may_have(s->row, DOMAIN_MEMORY_LIMIT);
}

/* In version 2 the limit of swap is one of swap alone, and any value has its sense. */
static enum outcome measure_order(const struct subject *s, double *ret)
{
	double hard = limit_in_xml(s->row, DOMAIN_HARD_LIMIT);
	double swap = limit_in_xml(s->row, DOMAIN_SWAP_LIMIT);

	if (cell_number(s->row, DOMAIN_CGROUP_VERSION, 0) > 1 || hard <= 0 || swap <= 0)
		return OUTCOME_NONE;
	*ret = swap <= hard;
	return OUTCOME_FIGURE;
}

static void tell_order(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "Its memory and swap together are limited to ");
	say_limit(out, s->row, DOMAIN_SWAP_LIMIT);
	print_text(out, " (memory.memsw.limit_in_bytes), its memory alone to ");
	say_limit(out, s->row, DOMAIN_HARD_LIMIT);
	print_text(out, " (memory.limit_in_bytes): nothing of it can be swapped, and it is killed "
			"where it could have been slow.");
}

static void advise_order(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "lift its swap_hard_limit, or set it well above the hard limit");
}

static void plan_order(const struct subject *s, struct plan *out)
{
	plan_title(out, "lift the limit of swap of %s", cell_text(s->row, DOMAIN_NAME));
	set_limit(out, s->row, "swap_hard_limit", limit_in_xml(s->row, DOMAIN_SWAP_LIMIT), 0);
	save_limit(out, s->row, "swap_hard_limit", 0);
}

/* ---- mem-soft-limit ---- */

static bool is_slowed(const struct subject *s)
{
	return may_have(s->row, DOMAIN_MEMORY_HIGH);
}

static enum outcome measure_soft(const struct subject *s, double *ret)
{
	double held = cell_number(s->row, DOMAIN_MEMORY_HELD, 0);

	*ret = 0;
	if (cell_number(s->row, DOMAIN_MEMORY_HIGH, 0) < s->param[0] * held)
		*ret = figure_or(TABLE_DOMAIN, s->row, DOMAIN_MEMORY_THROTTLES, 0);
	return OUTCOME_FIGURE;
}

static void tell_soft(const struct subject *s, double figure, struct text *out)
{
	double available;

	print_text(out, "Its cgroup slows it down ");
	say_count(out, figure);
	print_text(out, " times a second: it holds ");
	say_limit(out, s->row, DOMAIN_MEMORY_HELD);
	print_text(out, ", and beyond ");
	say_limit(out, s->row, DOMAIN_MEMORY_HIGH);
	print_text(out, " (memory.high) it must give memory back before it goes on");
	if (figure_of(TABLE_HOST, s->host, HOST_MEMORY_AVAILABLE, &available)) {
		print_text(out, ", though the host has ");
		say_size(out, available);
		print_text(out, " available");
	}
	print_text(out, ".");
}

static void advise_soft(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "lift its soft limit");
}

static void plan_soft(const struct subject *s, struct plan *out)
{
	double soft = limit_in_xml(s->row, DOMAIN_SOFT_LIMIT);

	if (soft <= 0) {
		plan_refuse(out, "memory.high is not the soft limit of the guest's XML: it was "
				 "set on its cgroup itself");
		return;
	}
	plan_title(out, "lift the soft limit of %s", cell_text(s->row, DOMAIN_NAME));
	set_limit(out, s->row, "soft_limit", soft, 0);
	save_limit(out, s->row, "soft_limit", 0);
}

/* ---- mem-locked ---- */

/* Memory of a pool, and of a guest with devices of the host, is locked anyway, and then a limit is
 * at most too small. */
static bool is_pinned(const struct subject *s)
{
	size_t n;

	subject_rows(s, TABLE_PCI, s->row, &n);
	return guest_has_pool(s->row) || n > 0;
}

static bool may_be_locked(const struct subject *s)
{
	return is_locked(s->row) || cell_number(s->row, DOMAIN_LOCKED, 0) > s->param[1];
}

static enum outcome measure_locked(const struct subject *s, double *ret)
{
	double limit = limit_in_xml(s->row, DOMAIN_HARD_LIMIT);

	if (!is_locked(s->row) || (limit <= 0 && is_pinned(s)))
		return OUTCOME_NONE;
	/* It may have been given one for its next start. */
	limit = fmax(limit, cell_number(s->row, DOMAIN_HARD_LIMIT_SAVED, 0));
	*ret = need_of(s->row, s->param[0]) - limit;
	return OUTCOME_FIGURE;
}

static void tell_locked(const struct subject *s, double figure, struct text *out)
{
	double limit = limit_in_xml(s->row, DOMAIN_HARD_LIMIT);

	print_text(out, "Its memory is locked, ");
	if (limit > 0) {
		print_text(out, "and its hard limit of ");
		say_size(out, limit);
		print_text(out, " leaves QEMU too little beside the guest's ");
		say_limit(out, s->row, DOMAIN_MEMORY);
		print_text(out, ": about ");
		say_size(out, figure);
		print_text(out, " are short.");
	} else {
		print_text(out, "and no hard limit says how much of it: whatever QEMU takes beside "
				"the guest's ");
		say_limit(out, s->row, DOMAIN_MEMORY);
		print_text(out, " can never be swapped out.");
	}
}

static void advise_locked(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "give it a hard limit of ");
	say_size(out, need_of(s->row, s->param[0]));
	print_text(out, " from its next start on");
}

static void plan_locked(const struct subject *s, struct plan *out)
{
	double need = ceil(need_of(s->row, s->param[0]) / MIB) * MIB;
	double swap = limit_in_xml(s->row, DOMAIN_SWAP_LIMIT);
	char kib[NUMBER_SIZE];

	plan_title(out, "limit what %s locks", cell_text(s->row, DOMAIN_NAME));
	if (swap > 0 && swap < need)
		plan_add(out, ACTION_MEMORY_LIMIT, s->row, "swap_hard_limit", NULL, UNLIMITED)
		    ->saved = true;
	plan_add(out, ACTION_MEMORY_LIMIT, s->row, "hard_limit", NULL, limit_text(need, kib))
	    ->saved = true;
}

const struct rule limits_rules[] = {
	{
	    .id = "mem-hard-limit",
	    .title = "the memory limit leaves no room for QEMU",
	    .good = "A hard limit must leave room for QEMU itself, which nobody can tell "
		    "beforehand; a guest that meets it is killed. It is better to have none.",
	    .detect =
		"The limit of its cgroup is less than the guest's memory and 512 MiB, or 5 % of it "
		"where that is more; or the group and the guest's process hold 95 % of it and meet "
		"it once a second: then QEMU takes more than is thought. Page cache is in the "
		"group and not in the process. Guests in a huge page pool are left out, since a "
		"cgroup does not count its pages, and those whose memory is locked, which need a "
		"limit. Whether a guest was killed for it is not asked: by then it is too late.",
	    .by_hand = "virsh memtune DOMAIN\n"
		       "cat /sys/fs/cgroup/machine.slice/*/memory.{max,current,events}",
	    .risk = "The guest may take more of the host's memory than it was given. Much video "
		    "memory, or a disk cache in QEMU, needs more than the 512 MiB.",
	    .source = "SUSE 4.2.1; RHEL 8.2.2",
	    .figure = "memory that the limit is short of",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_MEMORY_LIMIT,
	    .level = LEVEL_WARNING,
	    .rank = RANK_SAFETY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_MEMORY_LIMIT),
		NEED(TABLE_DOMAIN, DOMAIN_MEMORY), USES(TABLE_DOMAIN, DOMAIN_MEMORY_HELD),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_LIMIT_HITS), USES(TABLE_DOMAIN, DOMAIN_RSS),
		USES(TABLE_DOMAIN, DOMAIN_HARD_LIMIT), USES(TABLE_DOMAIN, DOMAIN_SWAP_LIMIT),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING)),
	    .raise = MIB,
	    .raise_s = 6,
	    .clear_s = 10,
	    .param = { { "qemu", 512 * MIB, "least that QEMU itself needs, in bytes", SHOW_SIZE },
		{ "held", 0.95, "share of the limit from which on it is met", SHOW_PERCENT },
		{ "hits", 1, "times a second that it is met then", SHOW_INTEGER } },
	    .concerns = is_limited,
	    .measure = measure_hard,
	    .evidence = tell_hard,
	    .advice = advise_hard,
	    .plan = plan_hard,
	},
	{
	    .id = "mem-swap-limit-order",
	    .title = "the limit of swap leaves no swap",
	    .good = "Where both limits are set, that of memory and swap together must exceed that "
		    "of memory: the difference is what can be swapped.",
	    .detect =
		"Both limits are set, and swap_hard_limit is not above hard_limit. In version 2 of "
		"cgroups swap_hard_limit limits swap alone, so that this says nothing there.",
	    .by_hand = "virsh memtune DOMAIN\n"
		       "cat /sys/fs/cgroup/memory/machine.slice/*/memory.memsw.limit_in_bytes",
	    .risk = "The guest may be swapped out. That it must not be can be meant; then a limit "
		    "that kills it is a poor means, and locked memory a better one.",
	    .source = "RHEL 8.2.2; SUSE 4.2.1",
	    .figure = "limits in that order",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_SWAP_LIMIT,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_SWAP_LIMIT),
		NEED(TABLE_DOMAIN, DOMAIN_HARD_LIMIT), NEED(TABLE_DOMAIN, DOMAIN_CGROUP_VERSION),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_LIMIT)),
	    .raise = 1,
	    .concerns = has_limit,
	    .measure = measure_order,
	    .evidence = tell_order,
	    .advice = advise_order,
	    .plan = plan_order,
	    .excludes = "mem-hard-limit",
	},
	{
	    .id = "mem-soft-limit",
	    .title = "the soft limit slows the guest down",
	    .good = "A soft limit is meant for times when memory is short. In version 2 of cgroups "
		    "it holds always: whoever is beyond it is slowed down until it gave memory "
		    "back.",
	    .detect = "Its cgroup slows it down at least 10 times a second (memory.events, high), "
		      "and holds about what memory.high allows.",
	    .by_hand = "virsh memtune DOMAIN\n"
		       "cat /sys/fs/cgroup/machine.slice/*/memory.{high,current,events}",
	    .risk = "The guest is no longer the first to give memory back when the host is short "
		    "of it.",
	    .source = "SUSE 4.2.1; RHEL 8.2.2; kernel: admin-guide/cgroup-v2",
	    .figure = "times a second that it is slowed down",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_MEMORY_THROTTLES,
	    .level = LEVEL_WARNING,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_A,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_MEMORY_HIGH),
		NEED(TABLE_DOMAIN, DOMAIN_MEMORY_THROTTLES), NEED(TABLE_DOMAIN, DOMAIN_MEMORY_HELD),
		USES(TABLE_DOMAIN, DOMAIN_SOFT_LIMIT), USES(TABLE_HOST, HOST_MEMORY_AVAILABLE)),
	    .raise = 10,
	    .clear = 1,
	    .raise_s = 10,
	    .clear_s = 30,
	    .param = { { "near", 1.05, "memory held, times this, that memory.high is below",
		SHOW_DECIMAL } },
	    .concerns = is_slowed,
	    .measure = measure_soft,
	    .evidence = tell_soft,
	    .advice = advise_soft,
	    .plan = plan_soft,
	},
	{
	    .id = "mem-locked",
	    .title = "locked memory without a fitting limit",
	    .good = "Memory that is locked can never be swapped out; a hard limit a little above "
		    "the guest's memory keeps QEMU from locking more and more of the host's.",
	    .detect =
		"Its XML has locked memory, and no hard limit, or one that is less than the "
		"guest's memory and 1 GiB, or 5 % of it where that is more. Guests in a huge page "
		"pool or with devices of the host may go without: theirs is locked anyway.",
	    .by_hand = "virsh dumpxml DOMAIN --xpath //memoryBacking\nvirsh memtune DOMAIN\n"
		       "grep VmLck /proc/PID/status",
	    .risk = "A hard limit kills the guest that meets it; without one libvirt lets it lock "
		    "any amount. Locked memory is the only case for a hard limit.",
	    .source = "RHEL 8.2.2; SUSE 4.2.1",
	    .figure = "memory that the limit is short of",
	    .show = SHOW_SIZE,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_HARD_LIMIT,
	    .level = LEVEL_WARNING,
	    .rank = RANK_SAFETY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING),
		NEED(TABLE_DOMAIN, DOMAIN_HARD_LIMIT), NEED(TABLE_DOMAIN, DOMAIN_MEMORY),
		USES(TABLE_DOMAIN, DOMAIN_SWAP_LIMIT), USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE),
		USES(TABLE_DOMAIN, DOMAIN_HUGETLB), USES(TABLE_DOMAIN, DOMAIN_LOCKED),
		USES(TABLE_DOMAIN, DOMAIN_HARD_LIMIT_SAVED), USES(TABLE_PCI, PCI_ADDRESS)),
	    .raise = MIB,
	    .param = { { "qemu", GIB, "least that QEMU itself needs, in bytes", SHOW_SIZE },
		{ "locked", 64 * MIB, "locked memory of one whose XML is not known, in bytes",
		    SHOW_SIZE } },
	    .concerns = may_be_locked,
	    .measure = measure_locked,
	    .evidence = tell_locked,
	    .advice = advise_locked,
	    .plan = plan_locked,
	},
	{ .id = NULL },
};
