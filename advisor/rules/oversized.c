/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of their memory guests really use. */
#include "advisor/rules/balloon.h"
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

#define MEMO_PEAK 0
#define MEMO_SWAPPED 1

/* What its balloon leaves it, or else all that it could have. */
static double given(const struct row *domain)
{
	return cell_number(domain, DOMAIN_BALLOON, cell_number(domain, DOMAIN_BALLOON_MAXIMUM, 0));
}

static enum outcome measure_oversized(const struct subject *s, double *ret)
{
	double used = cell_number(s->row, DOMAIN_GUEST_AVAILABLE, 0) -
		      cell_number(s->row, DOMAIN_GUEST_USABLE, 0);
	double window_ns = s->param[0] * (double)NS_PER_SEC;

	if (given(s->row) < s->param[1] || !tells_figures(s->row))
		return OUTCOME_NONE;
	s->memo->v[MEMO_PEAK] = fmax(s->memo->v[MEMO_PEAK], used);
	s->memo->v[MEMO_SWAPPED] += guest_swaps(s->row);
	if ((double)(s->now->moment.mono_ns - s->memo->since_ns) < window_ns ||
	    s->memo->v[MEMO_SWAPPED] > 0)
		return OUTCOME_NONE;
	*ret = s->memo->v[MEMO_PEAK] / given(s->row);
	return OUTCOME_FIGURE;
}

static double enough(const struct subject *s, double share)
{
	return fmax(512 * MIB, ceil(1.25 * share * given(s->row) / MIB) * MIB);
}

static void tell_oversized(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "Over ");
	say_time(out, s->param[0]);
	print_text(out, " it never used more than ");
	say_size(out, figure * given(s->row));
	print_text(out, " of its ");
	say_size(out, given(s->row));
	print_text(out, ", and never swapped.");
}

static void advise_oversized(const struct subject *s, double figure, struct text *out)
{
	print_text(out, "give it ");
	say_size(out, enough(s, figure));
	print_text(out, " from its next start on, if these hours were like others");
}

static void plan_oversized(const struct subject *s, struct plan *out)
{
	struct text size = { 0 };
	char value[NUMBER_SIZE];
	double to, share;

	if (!figure_found(s, "mem-guest-oversized", &share) || !is_known_to_libvirt(s->row)) {
		plan_refuse(out, "libvirt does not know this guest");
		return;
	}
	if (!gives_memory_back(s)) {
		plan_refuse(out, "the host would not get what its balloon takes: its memory stays "
				 "where it is; give it less of it in its definition");
		return;
	}
	to = enough(s, share);
	say_size(&size, to);
	plan_title(out, "start %s with %s next time", cell_text(s->row, DOMAIN_NAME), size.p);
	text_done(&size);
	plan_add(out, ACTION_BALLOON, s->row, "", NULL, kib_text(to, value))->saved = true;
}

const struct rule oversized_rules[] = {
	{
	    .id = "mem-guest-oversized",
	    .title = "the guest has more memory than it uses",
	    .good = "Memory that a guest never uses would serve others better.",
	    .detect =
		"Since kvmtop watches, and for 24 h at least, the guest (2 GiB or more) used less "
		"than 40 % of its memory at any time, what it could free not counted, and never "
		"swapped.",
	    .by_hand = "virsh dommemstat DOMAIN",
	    .risk =
		"A day is short: month's ends and backups may not be in it. Its page cache is "
		"counted as usable, yet saves it reads from disk. It counts from the next start "
		"on; the maximum stays, so that memory can be given back while it runs. There "
		"is no plan for guests with huge page pools, locked memory or devices passed "
		"through, whose balloon would give the host nothing.",
	    .source = "RHEL 8.1; SUSE 4",
	    .figure = "most that it used, of its memory",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_MEMORY,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MAXIMUM),
		NEED(TABLE_DOMAIN, DOMAIN_GUEST_AVAILABLE), NEED(TABLE_DOMAIN, DOMAIN_GUEST_USABLE),
		USES(TABLE_DOMAIN, DOMAIN_BALLOON), USES(TABLE_DOMAIN, DOMAIN_BALLOON_AGE),
		USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_IN), USES(TABLE_DOMAIN, DOMAIN_GUEST_SWAP_OUT),
		USES(TABLE_DOMAIN, DOMAIN_HUGE_SIZE), USES(TABLE_DOMAIN, DOMAIN_HUGETLB),
		USES(TABLE_DOMAIN, DOMAIN_LOCKED), USES(TABLE_DOMAIN, DOMAIN_MEMORY_BACKING),
		USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE), USES(TABLE_PCI, PCI_ADDRESS)),
	    .below = true,
	    .raise = 0.40,
	    .clear = 0.50,
	    .param = { { "window", 86400, "how long it must have been watched, in seconds",
			   SHOW_TIME },
		{ "guest", 2 * GIB, "least memory of a guest that counts, in bytes", SHOW_SIZE } },
	    .concerns = has_balloon,
	    .remembers = true,
	    .measure = measure_oversized,
	    .evidence = tell_oversized,
	    .advice = advise_oversized,
	    .plan = plan_oversized,
	},
	{ .id = NULL },
};
