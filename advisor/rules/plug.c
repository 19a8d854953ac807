/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that can be plugged into a guest. */
#include "advisor/rules/common.h"
#include "advisor/rules/rules.h"

/* Older figures of the guest's own are not to be judged by. */
#define AGE_MAX_S 60
#define SLOTS "16"

/* libvirt plugs in multiples of this. */
#define PART (128.0 * MIB)

/* What could be plugged in while it runs, by its XML; 0: nothing. */
static double room_of(const struct row *domain)
{
	double room =
	    cell_number(domain, DOMAIN_MEMORY_MAXIMUM, 0) - cell_number(domain, DOMAIN_MEMORY, 0);

	return room >= PART ? floor(room / PART) * PART : 0;
}

/* A quarter of what it has, as far as there is room. */
static double part_to_plug(const struct row *domain)
{
	double part = ceil(cell_number(domain, DOMAIN_MEMORY, 0) / 4 / PART) * PART;

	return fmin(part, room_of(domain));
}

/*
 * One that has all that its XML allows has what somebody meant it to have. Without a balloon nobody
 * knows what it could free, and another rule says so.
 */
static bool could_take_more(const struct subject *s)
{
	bool has_none = cell_number(s->row, DOMAIN_MEMORY_MAXIMUM, 1) <= 0 &&
			cell_number(s->row, DOMAIN_MEMORY_MAXIMUM_SAVED, 0) <= 0;

	return (has_none || room_of(s->row) > 0) && !is_text(s->row, DOMAIN_BALLOON_MODEL, "none");
}

static enum outcome measure_usable(const struct subject *s, double *ret)
{
	double balloon = cell_number(s->row, DOMAIN_BALLOON, 0);

	if (balloon <= 0 || balloon < cell_number(s->row, DOMAIN_BALLOON_MAXIMUM, 0) ||
	    cell_number(s->row, DOMAIN_BALLOON_AGE, 0) > AGE_MAX_S)
		return OUTCOME_NONE;
	*ret = cell_number(s->row, DOMAIN_GUEST_USABLE, 0) / balloon;
	return OUTCOME_FIGURE;
}

/* Twice what it has, in whole GiB. */
static double maximum_to_be(const struct row *domain)
{
	return ceil(2 * cell_number(domain, DOMAIN_MEMORY, 0) / GIB) * GIB;
}

static void tell_usable(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, "Of its ");
	say_size(out, cell_number(s->row, DOMAIN_BALLOON, 0));
	print_text(out, " the guest could free only ");
	say_size(out, cell_number(s->row, DOMAIN_GUEST_USABLE, 0));
	print_text(out, "; its balloon has nothing left to give, and ");
	if (room_of(s->row) > 0) {
		print_text(out, "up to ");
		say_size(out, room_of(s->row));
		print_text(out, " can be plugged in while it runs.");
	} else {
		print_text(out, "its XML lets no memory be plugged in while it runs.");
	}
}

static void advise_usable(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	if (room_of(s->row) > 0) {
		print_text(out, "plug in ");
		say_size(out, part_to_plug(s->row));
		print_text(out, " (virsh attach-device with a memory device)");
		return;
	}
	print_text(out, "let it have up to ");
	say_size(out, maximum_to_be(s->row));
	print_text(out, " (maxMemory) from its next start on, or more memory at once then");
}

/* libvirt takes a maximum only where the guest has a node of its own to plug memory into. */
static bool plan_node(const struct row *domain, struct plan *out)
{
	double vcpus = cell_number(domain, DOMAIN_VCPUS_MAXIMUM, 0);
	struct text xml = { 0 };

	if (cell_has(domain, DOMAIN_CELLS))
		return true;
	if (vcpus < 1) {
		plan_refuse(out, "it is not known how many vCPUs its XML gives it");
		return false;
	}
	print_format(&xml, "<numa><cell id='0' cpus='0-%.0f' memory='%.0f' unit='KiB'/></numa>",
	    vcpus - 1, cell_number(domain, DOMAIN_MEMORY, 0) / KIB);
	plan_add(out, ACTION_DEFINE, domain, "cpu/numa", NULL, xml.p)->saved = true;
	text_done(&xml);
	return true;
}

static void plan_usable(const struct subject *s, struct plan *out)
{
	struct text xml = { 0 };

	if (room_of(s->row) > 0) {
		plan_refuse(out, "kvmtop plugs no devices in: e shows the command");
		return;
	}
	plan_title(out, "let memory be plugged into %s", cell_text(s->row, DOMAIN_NAME));
	if (!plan_node(s->row, out))
		return;
	print_format(&xml, "<maxMemory slots='" SLOTS "' unit='KiB'>%.0f</maxMemory>",
	    maximum_to_be(s->row) / KIB);
	plan_add(out, ACTION_DEFINE, s->row, "maxMemory", NULL, xml.p)->saved = true;
	text_done(&xml);
}

const struct rule plug_rules[] = {
	{
	    .id = "mem-hotplug-ready",
	    .title = "the guest is short of memory, and its balloon has none",
	    .good = "A guest that may need more memory one day should be able to get it while it "
		    "runs: that takes a maximum above its memory, slots to plug it into, and a "
		    "NUMA node of its own.",
	    .detect =
		"For a minute the guest could free less than 5 % of its memory, its balloon is at "
		"its maximum, and its XML has no maxMemory, or has one with room for 128 MiB or "
		"more: then the advice is to plug a quarter of its memory in, which has no plan. "
		"Figures of the guest that are older than a minute do not count.",
	    .by_hand =
		"virsh dommemstat DOMAIN\nvirsh dumpxml DOMAIN --xpath //maxMemory\n"
		"echo \"<memory model='dimm'><target><size unit='MiB'>1024</size><node>0</node>"
		"</target></memory>\" >dimm.xml\nvirsh attach-device DOMAIN dimm.xml --live",
	    .risk = "The guest gets a NUMA node of its own if it has none; it sees that, and "
		    "needs a driver for memory that is plugged in. What was plugged in is hard to "
		    "take back: virtio-mem does that better. The host must have what is added.",
	    .source = "SUSE 4.1.5",
	    .figure = "share of its memory that it could free",
	    .show = SHOW_PERCENT,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_GUEST_USABLE,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_GUEST_USABLE),
		NEED(TABLE_DOMAIN, DOMAIN_BALLOON), NEED(TABLE_DOMAIN, DOMAIN_BALLOON_MAXIMUM),
		NEED(TABLE_DOMAIN, DOMAIN_MEMORY), NEED(TABLE_DOMAIN, DOMAIN_MEMORY_MAXIMUM),
		USES(TABLE_DOMAIN, DOMAIN_BALLOON_MODEL),
		USES(TABLE_DOMAIN, DOMAIN_MEMORY_MAXIMUM_SAVED),
		USES(TABLE_DOMAIN, DOMAIN_BALLOON_AGE), USES(TABLE_DOMAIN, DOMAIN_VCPUS_MAXIMUM),
		USES(TABLE_DOMAIN, DOMAIN_CELLS)),
	    .below = true,
	    .raise = 0.05,
	    .clear = 0.10,
	    .raise_s = 60,
	    .clear_s = 60,
	    .concerns = could_take_more,
	    .measure = measure_usable,
	    .evidence = tell_usable,
	    .advice = advise_usable,
	    .plan = plan_usable,
	    .excludes = "balloon-reclaim mem-guest-oversized",
	},
	{ .id = NULL },
};
