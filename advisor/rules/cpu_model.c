/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPU a guest is given, and by which program. */
#include "advisor/rules/common.h"
#include "advisor/rules/pins.h"
#include "advisor/rules/rules.h"

#include <string.h>

#include "base/slice.h"

/* Of the features that the XML names: whether one has that sign, as in "+aes". */
static bool names_feature(const struct row *domain, char sign, struct slice name)
{
	const char *features = cell_text(domain, DOMAIN_CPU_FEATURES);
	struct cursor c;
	struct slice word;

	cursor_init(&c, features, strlen(features));
	while (cursor_field(&c, &word))
		if (word.len == name.len + 1 && *word.p == sign &&
		    memcmp(word.p + 1, name.p, name.len) == 0)
			return true;
	return false;
}

static bool is_x86(const struct row *domain)
{
	return is_text(domain, DOMAIN_ARCH, "x86_64") || is_text(domain, DOMAIN_ARCH, "i686");
}

/* A mode is told wherever the XML could be read. */
static bool tells_mode(const struct subject *s)
{
	return guest_runs(s->row) && s->row->cell[DOMAIN_CPU_MODE].state != STATE_ABSENT;
}

static bool is_passthrough(const struct subject *s)
{
	return is_text(s->row, DOMAIN_CPU_MODE, "host-passthrough");
}

/* The element <cpu> anew: nothing stays of it but its topology. */
static void plan_host_model(const struct subject *s, struct plan *out)
{
	struct text cpu = { 0 };

	print_text(&cpu, "<cpu mode='host-model' check='partial'");
	if (cell_has(s->row, DOMAIN_SOCKETS))
		print_format(&cpu,
		    "><topology sockets='%.0f' dies='%.0f' cores='%.0f' threads='%.0f'/></cpu>",
		    cell_number(s->row, DOMAIN_SOCKETS, 1), cell_number(s->row, DOMAIN_DIES, 1),
		    cell_number(s->row, DOMAIN_CORES, 1),
		    cell_number(s->row, DOMAIN_CORE_THREADS, 1));
	else
		print_text(&cpu, "/>");
	plan_title(
	    out, "give %s the host's CPU model at its next start", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "cpu", NULL, cpu.p)->saved = true;
	text_done(&cpu);
	if (*cell_text(s->row, DOMAIN_CELLS))
		plan_refuse(out, "its definition gives it NUMA nodes in the same place: change "
				 "the mode there by hand");
	else if (!is_known_to_libvirt(s->row))
		plan_refuse(out, "libvirt does not know this guest");
}

/* ---- cpu-model-generic ---- */

/*
 * Models that every CPU has, for guests that shall run on any. Of a running guest with host-model
 * the XML names the model that was found for it, which may be one of these.
 */
static bool is_generic(const struct row *domain)
{
	static const char *const models[] = { "qemu64", "qemu32", "kvm64", "kvm32" };
	const char *model = cell_text(domain, DOMAIN_CPU_MODEL);

	if (strncmp(cell_text(domain, DOMAIN_CPU_MODE_SAVED), "host-", 5) == 0)
		return false;
	if (is_text(domain, DOMAIN_CPU_MODE, "none"))
		return is_x86(domain);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(model, models[i]) == 0)
			return true;
	return strncmp(model, "cpu64-", 6) == 0;
}

/* Features of the host that such a model lacks, unless the XML adds them. */
static unsigned count_hidden(const struct subject *s, struct text *out)
{
	const char *features = cell_text(s->host, HOST_CPU_FEATURES);
	struct cursor c;
	struct slice word;
	unsigned n = 0;

	cursor_init(&c, features, strlen(features));
	while (cursor_field(&c, &word)) {
		if (names_feature(s->row, '+', word))
			continue;
		if (out) {
			print_text(out, n ? ", " : "");
			text_append(out, word.p, word.len);
		}
		n++;
	}
	return n;
}

static bool may_be_generic(const struct subject *s)
{
	return tells_mode(s) && (!cell_has(s->row, DOMAIN_CPU_MODE) || is_generic(s->row));
}

static enum outcome measure_generic(const struct subject *s, double *ret)
{
	*ret = count_hidden(s, NULL);
	return OUTCOME_FIGURE;
}

static void tell_generic(const struct subject *s, double figure, struct text *out)
{
	const char *model = cell_text(s->row, DOMAIN_CPU_MODEL);

	(void)figure;
	if (*model)
		print_format(out, "Its CPU is of the generic model %s", model);
	else
		print_text(out, "Its XML names no CPU model, so that it gets a generic one");
	print_text(out, ", which hides from it what the host's CPUs have: ");
	count_hidden(s, out);
	print_text(out, ".");
}

static void advise_generic(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give it the mode host-model, unless it must run on hosts that are older");
}

/* ---- cpu-passthrough-migration ---- */

/* Whether another host could open the image. */
static bool is_shared(const struct row *disk)
{
	static const char *const kinds[] = { "nfs", "nfs4", "cifs", "ceph", "fuse.ceph",
		"fuse.glusterfs", "gfs2", "ocfs2", "lustre", "gpfs" };
	const char *filesystem = cell_text(disk, DISK_FILESYSTEM);

	if (is_text(disk, DISK_SOURCE_TYPE, "network"))
		return true;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(filesystem, kinds[i]) == 0)
			return true;
	return false;
}

/* It has disks, and any host could have them. */
static bool lies_on_servers(const struct subject *s)
{
	size_t n, disks = 0;
	const struct row *const *rows = subject_rows(s, TABLE_DISK, s->row, &n);

	for (size_t i = 0; i < n; i++) {
		if (is_text(rows[i], DISK_READONLY, "yes"))
			continue;
		if (!is_shared(rows[i]))
			return false;
		disks++;
	}
	return disks > 0;
}

static bool has_come(const struct subject *s)
{
	return is_text(s->row, DOMAIN_MIGRATED, "yes");
}

static enum outcome measure_passthrough(const struct subject *s, double *ret)
{
	*ret = is_passthrough(s) && (has_come(s) || lies_on_servers(s));
	return OUTCOME_FIGURE;
}

static void tell_passthrough(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, has_come(s) ? "It came from another host"
				    : "All that it writes lies where other hosts can reach it");
	print_text(out, ", but its CPU is this host's as it is");
	if (is_text(s->row, DOMAIN_CPU_MIGRATABLE, "off"))
		print_text(out, ", with migratable='off'");
	if (names_feature(s->row, '+', slice_of("invtsc")))
		print_text(out, ", with invtsc");
	print_text(out, ": it can move to hosts with the same CPUs and microcode alone.");
}

static void advise_passthrough(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "give it the mode host-model, unless all hosts that it may move to are "
			"alike");
}

/* ---- cpu-invtsc ---- */

static bool tells_tsc(const struct subject *s)
{
	return tells_mode(s) && is_x86(s->row) && s->host->cell[HOST_TSC].state != STATE_ABSENT;
}

static enum outcome measure_invtsc(const struct subject *s, double *ret)
{
	bool has = names_feature(s->row, '+', slice_of("invtsc")) ||
		   (is_passthrough(s) && is_text(s->row, DOMAIN_CPU_MIGRATABLE, "off"));

	*ret = !has && is_text(s->host, HOST_TSC, "invariant") &&
	       is_text(s->host, HOST_CLOCKSOURCE, "tsc");
	return OUTCOME_FIGURE;
}

static void tell_invtsc(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "The host's time stamp counter is invariant, and its clock is tsc, but the "
			"guest is not told.");
}

static void advise_invtsc(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "let it have invtsc, if it need not be migrated");
}

static void plan_invtsc(const struct subject *s, struct plan *out)
{
	plan_title(out, "let %s have invtsc", cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "cpu/feature[@name='invtsc']", NULL,
	    "<feature policy='require' name='invtsc'/>")
	    ->saved = true;
	if (is_text(s->row, DOMAIN_CPU_MODE, "none"))
		plan_refuse(out, "its definition names no CPU model");
}

/* ---- cpu-pv-spinlocks ---- */

enum hindrance {
	HINDRANCE_NONE,
	HINDRANCE_OFF,
	HINDRANCE_DEDICATED,
};

static enum hindrance hindrance_of(const struct row *domain)
{
	if (is_text(domain, DOMAIN_PV_SPINLOCK, "off"))
		return HINDRANCE_OFF;
	return is_text(domain, DOMAIN_HINT_DEDICATED, "on") ? HINDRANCE_DEDICATED : HINDRANCE_NONE;
}

/* Each of its vCPUs has a CPU of its own: then plain spinlocks are right. */
static bool is_dedicated(const struct subject *s)
{
	size_t n, alone = 0;
	const struct row *const *rows = subject_rows(s, TABLE_VCPU, s->row, &n);

	for (size_t i = 0; i < n; i++)
		alone += only_cpu(rows[i]) >= 0;
	return n > 0 && alone == n;
}

static bool is_hindered(const struct subject *s)
{
	return tells_mode(s) && hindrance_of(s->row) != HINDRANCE_NONE && !is_dedicated(s);
}

static enum outcome measure_spinlocks(const struct subject *s, double *ret)
{
	*ret = cell_number(s->host, HOST_VCPU_PER_CPU, 0);
	return OUTCOME_FIGURE;
}

static void tell_spinlocks(const struct subject *s, double figure, struct text *out)
{
	double yields;

	print_text(
	    out, hindrance_of(s->row) == HINDRANCE_OFF
		     ? "Its XML turns paravirtual spinlocks off"
		     : "Its XML says that its vCPUs have CPUs for themselves, so that it uses "
		       "plain spinlocks");
	print_format(out, ", but the host has %.1f vCPUs for each CPU", figure);
	if (sum_of_vcpus(s, s->row, VCPU_YIELDS, &yields) == OUTCOME_FIGURE && yields > 0) {
		print_text(out, ", and it spun in vain ");
		say_count(out, yields);
		print_text(out, " times a second");
	}
	print_text(out, ".");
}

static void advise_spinlocks(const struct subject *s, double figure, struct text *out)
{
	(void)figure;
	print_text(out, hindrance_of(s->row) == HINDRANCE_DEDICATED
			    ? "take the hint away, or pin each of its vCPUs to a CPU of its own"
			    : "let it have paravirtual spinlocks");
}

static void plan_spinlocks(const struct subject *s, struct plan *out)
{
	static const struct {
		const char *path, *element;
	} cure[] = {
		[HINDRANCE_OFF] = { "features/pvspinlock", "<pvspinlock state='on'/>" },
		[HINDRANCE_DEDICATED] = { "features/kvm/hint-dedicated",
		    "<hint-dedicated state='off'/>" },
	};
	enum hindrance why = hindrance_of(s->row);

	plan_title(out, "let %s have paravirtual spinlocks", cell_text(s->row, DOMAIN_NAME));
	if (why != HINDRANCE_NONE)
		plan_add(out, ACTION_DEFINE, s->row, cure[why].path, NULL, cure[why].element)
		    ->saved = true;
}

/* ---- cpu-emulator-binary ---- */

#define OLD_BINARY "qemu-system-i386"
#define NEW_BINARY "qemu-system-x86_64"

/* Length of the directory before it; 0: it is another program. */
static size_t dir_of_old(const struct row *domain)
{
	const char *path = cell_text(domain, DOMAIN_EMULATOR_PATH), *name = strrchr(path, '/');

	return name && strcmp(name + 1, OLD_BINARY) == 0 ? (size_t)(name + 1 - path) : 0;
}

static bool tells_emulator(const struct subject *s)
{
	return s->row->cell[DOMAIN_EMULATOR_PATH].state != STATE_ABSENT;
}

static enum outcome measure_binary(const struct subject *s, double *ret)
{
	*ret = dir_of_old(s->row) > 0;
	return OUTCOME_FIGURE;
}

static void tell_binary(const struct subject *s, double figure, struct text *out)
{
	const char *arch = cell_text(s->row, DOMAIN_ARCH);

	(void)figure;
	print_format(out, "It is run by %s", cell_text(s->row, DOMAIN_EMULATOR_PATH));
	if (*arch)
		print_format(out, " as a guest of %s", arch);
	print_text(out, ".");
}

static void advise_binary(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "have it run by " NEW_BINARY);
}

static void plan_binary(const struct subject *s, struct plan *out)
{
	struct text emulator = { 0 };

	print_format(&emulator, "<emulator>%.*s" NEW_BINARY "</emulator>", (int)dir_of_old(s->row),
	    cell_text(s->row, DOMAIN_EMULATOR_PATH));
	plan_title(out, "have %s run by " NEW_BINARY, cell_text(s->row, DOMAIN_NAME));
	plan_add(out, ACTION_DEFINE, s->row, "devices/emulator", NULL, emulator.p)->saved = true;
	text_done(&emulator);
}

const struct rule cpu_model_rules[] = {
	{
	    .id = "cpu-model-generic",
	    .title = "the guest has a generic CPU model",
	    .good = "A guest should see the CPU that it runs on: a generic model hides "
		    "instructions that save time, such as those for encryption, and what the "
		    "guest's kernel needs against attacks by way of the CPU.",
	    .detect =
		"The XML gives it qemu64, qemu32, kvm64, kvm32 or none on x86, and the host's "
		"CPUs have some of ssse3, popcnt, aes, avx, avx2, avx512f, pcid and rdrand "
		"that the XML does not add. Not where its definition says host-model: then "
		"it is the best that libvirt knows.",
	    .by_hand = "virsh dumpxml GUEST --xpath '//cpu'\ngrep -m1 ^flags /proc/cpuinfo\n"
		       "virsh domcapabilities | grep -A3 host-model",
	    .risk = "Counts from the guest's next start on. It can then move only to hosts that "
		    "have all that this one has; a few systems ask to be activated again. What its "
		    "definition says of its CPUs goes, but for the topology.",
	    .source = "SUSE 4.5.2.1; RHEL 3.2.2",
	    .figure = "features of the host that are hidden",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_CPU_MODEL,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_CPU_MODE),
		USES(TABLE_DOMAIN, DOMAIN_CPU_MODE_SAVED), USES(TABLE_DOMAIN, DOMAIN_CPU_MODEL),
		USES(TABLE_DOMAIN, DOMAIN_CPU_FEATURES), NEED(TABLE_HOST, HOST_CPU_FEATURES),
		USES(TABLE_DOMAIN, DOMAIN_ARCH), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = may_be_generic,
	    .measure = measure_generic,
	    .evidence = tell_generic,
	    .advice = advise_generic,
	    .plan = plan_host_model,
	},
	{
	    .id = "cpu-passthrough-migration",
	    .title = "the guest is bound to CPUs like this host's",
	    .good = "The mode host-passthrough gives a guest all that the host's CPU has, but "
		    "nobody knows what that is: on a host with another CPU it may fail.",
	    .detect = "The mode is host-passthrough, and it came from another host by migration, "
		      "or all disks that it writes lie on network storage.",
	    .by_hand = "virsh dumpxml GUEST --xpath '//cpu'\nvirsh domstate --reason GUEST",
	    .risk = "Counts from the guest's next start on. Guests that run guests themselves, or "
		    "count events of the CPU, may need the mode; on hosts that are all alike it "
		    "does no harm. What its definition says of its CPUs goes, but for the "
		    "topology.",
	    .source = "SUSE 4.5.2.1",
	    .figure = "1 where it is so",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_CPU_MODE,
	    .level = LEVEL_INFO,
	    .rank = RANK_CAPACITY,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_CPU_MODE),
		USES(TABLE_DOMAIN, DOMAIN_MIGRATED), USES(TABLE_DOMAIN, DOMAIN_CPU_MIGRATABLE),
		USES(TABLE_DISK, DISK_FILESYSTEM), USES(TABLE_DISK, DISK_SOURCE_TYPE),
		USES(TABLE_DISK, DISK_READONLY), USES(TABLE_DOMAIN, DOMAIN_LIBVIRT_STATE)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = tells_mode,
	    .measure = measure_passthrough,
	    .evidence = tell_passthrough,
	    .advice = advise_passthrough,
	    .plan = plan_host_model,
	    .excludes = "cpu-invtsc",
	},
	{
	    .id = "cpu-invtsc",
	    .title = "the guest is not told of the invariant counter",
	    .good = "A guest that knows the time stamp counter to run on at one rate may read the "
		    "time by it alone, which programs do most quickly.",
	    .detect = "The CPUs have constant_tsc and nonstop_tsc and the host's clock is tsc, but "
		      "the XML gives the guest no invtsc.",
	    .by_hand = "virsh dumpxml GUEST | grep invtsc\n"
		       "cat /sys/devices/system/clocksource/clocksource0/current_clocksource",
	    .risk = "A guest with invtsc is not migrated, unless the other host's counter runs at "
		    "the same rate or can be scaled: so this is off unless the configuration "
		    "turns it on. Linux guests of today have kvm-clock, which is nearly as fast.",
	    .source = "SUSE 4.5.2.1; RHEL 1.2",
	    .figure = "1 where it is not",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_CPU_FEATURES,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .is_off = true,
	    .needs = NEEDS_LIST(NEED(TABLE_DOMAIN, DOMAIN_CPU_MODE), NEED(TABLE_HOST, HOST_TSC),
		NEED(TABLE_HOST, HOST_CLOCKSOURCE), USES(TABLE_DOMAIN, DOMAIN_CPU_FEATURES),
		USES(TABLE_DOMAIN, DOMAIN_CPU_MIGRATABLE), USES(TABLE_DOMAIN, DOMAIN_ARCH)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = tells_tsc,
	    .measure = measure_invtsc,
	    .evidence = tell_invtsc,
	    .advice = advise_invtsc,
	    .plan = plan_invtsc,
	},
	{
	    .id = "cpu-pv-spinlocks",
	    .title = "no paravirtual spinlocks on a crowded host",
	    .good = "Where vCPUs wait for CPUs, one that waits for a lock should sleep until it is "
		    "free: the one that holds the lock may not be running.",
	    .detect =
		"The XML turns pvspinlock off or sets hint-dedicated, while the host has more "
		"than one vCPU for each CPU and not each of the guest's vCPUs is pinned to a "
		"CPU alone. libvirt knows no feature of the CPU for it.",
	    .by_hand = "virsh dumpxml GUEST | grep -E 'pvspinlock|hint-dedicated'\nnproc",
	    .risk = "Counts from the guest's next start on. Where each vCPU has a CPU for itself "
		    "the contrary is right.",
	    .source = "RHEL 1.2",
	    .figure = "vCPUs for each CPU",
	    .show = SHOW_DECIMAL,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_PV_SPINLOCK,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(NEED(TABLE_HOST, HOST_VCPU_PER_CPU),
		USES(TABLE_DOMAIN, DOMAIN_PV_SPINLOCK), USES(TABLE_DOMAIN, DOMAIN_HINT_DEDICATED),
		USES(TABLE_DOMAIN, DOMAIN_CPU_MODE), USES(TABLE_VCPU, VCPU_AFFINITY),
		USES(TABLE_VCPU, VCPU_YIELDS)),
	    .raise = 1.001,
	    .clear = 1,
	    .raise_s = 60,
	    .clear_s = 60,
	    .concerns = is_hindered,
	    .measure = measure_spinlocks,
	    .evidence = tell_spinlocks,
	    .advice = advise_spinlocks,
	    .plan = plan_spinlocks,
	},
	{
	    .id = "cpu-emulator-binary",
	    .title = "the guest is run by the emulator for 32 bits",
	    .good = "One emulator, " NEW_BINARY ", runs guests of 32 bits as well, and is the one "
		    "that is tested most.",
	    .detect = "The emulator in the XML is " OLD_BINARY ".",
	    .by_hand = "virsh dumpxml GUEST --xpath '//emulator'\nls -l /proc/PID/exe",
	    .risk = "Counts from the guest's next start on; libvirt refuses where that program is "
		    "not installed, or does not have the guest's machine type.",
	    .source = "SUSE 3.2",
	    .figure = "1 where it is",
	    .show = SHOW_INTEGER,
	    .subject = TABLE_DOMAIN,
	    .column = DOMAIN_EMULATOR_PATH,
	    .level = LEVEL_INFO,
	    .rank = RANK_THROUGHPUT,
	    .fix = FIX_C,
	    .needs = NEEDS_LIST(
		NEED(TABLE_DOMAIN, DOMAIN_EMULATOR_PATH), USES(TABLE_DOMAIN, DOMAIN_ARCH)),
	    .raise = 1,
	    .clear = 0,
	    .raise_s = 6,
	    .clear_s = 10,
	    .concerns = tells_emulator,
	    .measure = measure_binary,
	    .evidence = tell_binary,
	    .advice = advise_binary,
	    .plan = plan_binary,
	},
	{ .id = NULL },
};
