/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixes by the keys of the screen, of this very host: the guest is this test, and its vCPU the
 * thread that runs it. No sampler runs, and the clock is the test's to set, so figures get old.
 */
#include "a_desk.h"

#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisor/advisor.h"
#include "base/procstat.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "cli/mend.h"
#include "cli/options.h"
#include "collectors/collector.h"
#include "collectors/sampler.h"
#include "fixes/journal.h"

#define RULE "numa-vcpu-float" /* one key is enough for it */

static _Atomic uint64_t ahead_ns;
static _Atomic uint64_t stopped_ns; /* 0: the clock runs */

uint64_t __real_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void)
{
	return (stopped_ns ? stopped_ns : __real_clock_mono_ns()) + ahead_ns;
}

static void wait_seconds(uint64_t seconds)
{
	ahead_ns += seconds * NS_PER_SEC;
}

struct office {
	char directory[32], *journal;
	char cpus[64], first[16], second[16]; /* two that this test may run on, and each */
	cpu_set_t all;
	struct root *root;
	struct options options;
	struct sampler *sampler;
	struct advisor *advisor;
	struct desk desk;
	struct mender *mender;
};

static struct key own_key(const struct root *root)
{
	char path[64], text[1024];
	struct proc_stat stat;
	ssize_t n;

	snprintf(path, sizeof(path), "proc/%d/stat", getpid());
	n = root_read(root, path, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(proc_stat_parse(text, &stat), 0);
	return key_process((uint64_t)getpid(), stat.starttime_ticks);
}

static void add_node(struct snapshot *s, unsigned number, const char *cpus, double memory)
{
	struct row *node = snapshot_row(s, TABLE_NODE, key_host(number)), *placement;
	struct key guest = s->table[TABLE_DOMAIN].row[0]->key;
	uint64_t at = s->moment.mono_ns;

	cell_set_number(node, NODE_NUMBER, number, at);
	cell_set_text(s, node, NODE_CPUS, cpus, at);
	cell_set_number(node, NODE_CPU_COUNT, 1, at);
	cell_set_number(node, NODE_TOTAL, 16 * GIB, at);
	cell_set_number(node, NODE_FREE, 8 * GIB, at);
	placement = snapshot_row(s, TABLE_PLACEMENT, key_of(guest, number + 1));
	cell_set_number(placement, PLACEMENT_NODE, number, at);
	cell_set_number(placement, PLACEMENT_MEMORY, memory, at);
	cell_set_number(placement, PLACEMENT_RUN_MEAN, 0.5, at);
}

/* Its memory lies on a node that has one CPU, and it may run on that of the other, too. */
static void take_sample(struct office *o)
{
	struct moment moment = { __wrap_clock_mono_ns(), 0 };
	struct snapshot *s = snapshot_new(moment);
	uint64_t at = moment.mono_ns;
	struct row *guest, *vcpu;

	snapshot_row(s, TABLE_HOST, key_host(0));
	guest = snapshot_row(s, TABLE_DOMAIN, own_key(o->root));
	cell_set_text(s, guest, DOMAIN_NAME, "web1", at);
	cell_set_number(guest, DOMAIN_PID, getpid(), at);
	cell_set_number(guest, DOMAIN_MEMORY, 4 * GIB, at);
	cell_set_number(guest, DOMAIN_VCPUS, 1, at);
	vcpu = snapshot_row(s, TABLE_VCPU, key_of(guest->key, 1));
	cell_set_number(vcpu, VCPU_NUMBER, 0, at);
	cell_set_number(vcpu, VCPU_TID, getpid(), at);
	cell_set_text(s, vcpu, VCPU_AFFINITY, o->cpus, at);
	add_node(s, 0, o->first, 4 * GIB);
	add_node(s, 1, o->second, 0);
	snapshot_link(s);
	advisor_judge(o->advisor, s);
	snapshot_unref(o->desk.now);
	o->desk.now = s;
}

/* False: there is but one CPU. */
static bool choose_cpus(struct office *o)
{
	cpu_set_t two;
	int n = 0;

	CPU_ZERO(&two);
	assert_int_equal(sched_getaffinity(0, sizeof(o->all), &o->all), 0);
	for (size_t i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &o->all)) {
			snprintf(n ? o->second : o->first, sizeof(o->first), "%zu", i);
			CPU_SET(i, &two);
			n++;
		}
	snprintf(o->cpus, sizeof(o->cpus), "%s,%s", o->first, o->second);
	assert_int_equal(sched_setaffinity(0, sizeof(two), &two), 0);
	return n == 2;
}

static int cpus_of_this(void)
{
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return CPU_COUNT(&set);
}

/* Only the one rule has something to say. */
static struct advisor *one_rule(void)
{
	struct advisor *a = advisor_new();

	for (size_t i = 0; i < rules_count(); i++) {
		char *key = xasprintf("%s.enabled", rule_at(i)->id), *error = NULL;

		if (strcmp(rule_at(i)->id, RULE) != 0)
			assert_int_equal(advisor_set(a, key, "no", &error), 0);
		free(key);
	}
	advisor_hurry(a);
	return a;
}

static void office_open(struct office *o)
{
	struct sampling sampling = { .interval_ns = NS_PER_SEC, .uri = "none" };

	*o = (struct office){ .directory = "/tmp/kvmtop-mend-XXXXXX" };
	if (!choose_cpus(o))
		skip();
	ahead_ns = 0;
	assert_non_null(mkdtemp(o->directory));
	o->journal = xasprintf("%s/journal", o->directory);
	assert_int_equal(root_open("/", &o->root), 0);
	o->options = (struct options){ .journal = o->journal, .uri = "none" };
	o->sampler = sampler_new(o->root, &sampling);
	o->advisor = one_rule();
	desk_open(&o->desk, &small, 30, 100);
	ui_set_advisor(o->desk.ui, o->advisor);
	o->mender = mender_new(&o->options, o->root, o->desk.ui, o->advisor, o->sampler);
	take_sample(o);
	mender_see(o->mender, o->desk.now);
	look(&o->desk);
	press(&o->desk, "9");
	sees(&o->desk, RULE);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void office_close(struct office *o)
{
	mender_free(o->mender);
	desk_close(&o->desk);
	advisor_free(o->advisor);
	sampler_free(o->sampler);
	root_close(o->root);
	nftw(o->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(o->journal);
	assert_int_equal(sched_setaffinity(0, sizeof(o->all), &o->all), 0);
}

/* What the program does with a key: nothing else is looked at before. */
static unsigned strike(struct office *o, const char *key)
{
	unsigned actions = press(&o->desk, key);

	mender_act(o->mender, actions, o->desk.now);
	look(&o->desk);
	return actions;
}

/* With a deadline. */
static void wait_to_see(struct office *o, const char *text)
{
	uint64_t until_ns = __real_clock_mono_ns() + 30 * NS_PER_SEC;

	for (bool forget; !strstr(o->desk.text, text); look(&o->desk)) {
		if (__real_clock_mono_ns() > until_ns)
			fail_msg("'%s' does not come on:\n%s", text, o->desk.text);
		poll(NULL, 0, 1);
		mender_look(o->mender, &forget);
	}
}

static void wait_ms(struct office *o, uint64_t ms)
{
	ahead_ns += ms * NS_PER_MS;
	for (bool forget; mender_look(o->mender, &forget);)
		look(&o->desk);
}

/* Keys are not heard for a moment after what is new. */
static void wait_for(struct office *o, const char *text)
{
	wait_to_see(o, text);
	wait_ms(o, 500);
}

static void confirm_all(struct office *o)
{
	mender_free(o->mender);
	o->options.confirm_all = true;
	o->mender = mender_new(&o->options, o->root, o->desk.ui, o->advisor, o->sampler);
}

static void one_key_is_enough_for_what_was_just_seen(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	assert_true(strike(&o, "f") & UI_FIX);
	wait_for(&o, "Done, and read back");
	assert_int_equal(cpus_of_this(), 1);
	strike(&o, "Esc");
	take_sample(&o);
	strike(&o, "u");
	wait_for(&o, "Enter applies");
	strike(&o, "Enter");
	wait_for(&o, "undone");
	assert_int_equal(cpus_of_this(), 2);
	office_close(&o);
}

static void sample_after(struct office *o, uint64_t seconds)
{
	wait_seconds(seconds);
	take_sample(o);
	mender_see(o->mender, o->desk.now);
	look(&o->desk);
}

/* Whoever comes back later does not undo by chance what he no longer has in mind. */
static void the_offer_to_undo_ends_after_a_minute(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	strike(&o, "f");
	wait_for(&o, "Done, and read back");
	strike(&o, "Esc");
	sees(&o.desk, "Fix 1 is done");
	sees(&o.desk, "u undoes it");
	/* What came of it is worth a further look. */
	sample_after(&o, 15);
	sees(&o.desk, "Effect of fix 1: ");
	assert_false(mender_watches(o.mender));
	sample_after(&o, 59);
	sees(&o.desk, "u undoes it");
	sample_after(&o, 2);
	sees_not(&o.desk, "Effect of fix 1");
	sees_not(&o.desk, "u undoes it");
	office_close(&o);
}

/* While the sampler stands still nothing is drawn that could say so. */
static void the_first_key_on_old_figures_does_nothing(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	wait_seconds(4);
	assert_true(strike(&o, "f") & UI_FIX);
	sees(&o.desk, "What is shown is old.");
	assert_int_equal(mender_timeout_ms(o.mender), -1);
	assert_int_equal(journal_look(o.journal).bytes, -1);
	/* Once drawn the key is none any more. */
	mender_see(o.mender, o.desk.now);
	assert_false(strike(&o, "f") & UI_FIX);
	sees(&o.desk, "What is shown is old.");
	/* The same figures a moment ago. */
	take_sample(&o);
	mender_see(o.mender, o.desk.now);
	look(&o.desk);
	assert_true(strike(&o, "f") & UI_FIX);
	wait_for(&o, "Done, and read back");
	assert_int_equal(cpus_of_this(), 1);
	office_close(&o);
}

/* The figures came to mean something else under the finger. */
static void what_was_advised_just_now_waits_for_enter(void **state)
{
	struct office o;
	char cpus[sizeof(o.cpus)];

	(void)state;
	office_open(&o);
	memcpy(cpus, o.cpus, sizeof(cpus));
	memcpy(o.cpus, o.first, sizeof(o.first)); /* it may run where its memory is: all is well */
	for (int i = 0; i < 120; i++)
		sample_after(&o, 1);
	sees_not(&o.desk, "f fix");
	memcpy(o.cpus, cpus, sizeof(cpus));
	sample_after(&o, 1);
	sees(&o.desk, "f fix");
	wait_ms(&o, 1900);
	assert_true(strike(&o, "f") & UI_FIX);
	wait_for(&o, "Enter applies");
	sees(&o.desk, "this advice came just before the key");
	assert_int_equal(cpus_of_this(), 2);
	strike(&o, "Esc");
	assert_int_equal(journal_look(o.journal).bytes, -1);
	sample_after(&o, 1);
	assert_true(strike(&o, "f") & UI_FIX);
	wait_for(&o, "Done, and read back");
	assert_int_equal(cpus_of_this(), 1);
	office_close(&o);
}

/* Libvirt took its time, say. */
static void what_was_long_on_its_way_is_not_done(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	assert_true(strike(&o, "f") & UI_FIX);
	wait_seconds(8);
	wait_for(&o, "too old");
	assert_int_equal(cpus_of_this(), 2);
	assert_int_equal(journal_look(o.journal).bytes, -1);
	office_close(&o);
}

/* Who reads what would be done may take his time. */
static void a_preview_may_be_read(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	confirm_all(&o);
	strike(&o, "f");
	wait_for(&o, "Enter applies");
	assert_int_equal(cpus_of_this(), 2);
	wait_seconds(60);
	strike(&o, "Enter");
	wait_for(&o, "Done, and read back");
	assert_int_equal(cpus_of_this(), 1);
	office_close(&o);
}

/* Whoever types on does not yet know what there is to confirm, or that something was done. */
static void keys_typed_ahead_change_nothing(void **state)
{
	static const uint64_t after_ms[] = { 0, 50, 200 };
	struct office o;

	(void)state;
	office_open(&o);
	confirm_all(&o);
	stopped_ns = __real_clock_mono_ns();
	strike(&o, "f");
	wait_to_see(&o, "Nothing is changed yet.");
	for (size_t i = 0; i < sizeof(after_ms) / sizeof(after_ms[0]); i++) {
		wait_ms(&o, after_ms[i]);
		strike(&o, "Enter");
		strike(&o, "y");
		sees(&o.desk, "Nothing is changed yet.");
	}
	assert_int_equal(journal_look(o.journal).bytes, -1);
	wait_ms(&o, 100);
	sees(&o.desk, "Enter applies");
	strike(&o, "Enter");
	wait_to_see(&o, "Done, and read back");
	wait_ms(&o, 50);
	assert_false(strike(&o, "u") & UI_FIX);
	assert_false(strike(&o, "f") & UI_FIX);
	assert_int_equal(cpus_of_this(), 1);
	stopped_ns = 0;
	office_close(&o);
}

static bool is_muted(const struct office *o)
{
	assert_int_equal(o->desk.now->table[TABLE_FINDING].n, 1);
	return finding_is_muted(o->desk.now->table[TABLE_FINDING].row[0]);
}

/* Its figures take a while; and what comes back is told again. */
static void what_was_fixed_is_not_advised_for_ten_minutes(void **state)
{
	struct office o;

	(void)state;
	office_open(&o);
	assert_false(is_muted(&o));
	strike(&o, "f");
	wait_for(&o, "Done, and read back");
	take_sample(&o);
	assert_true(is_muted(&o));
	wait_seconds(595);
	take_sample(&o);
	assert_true(is_muted(&o));
	wait_seconds(10);
	take_sample(&o);
	assert_false(is_muted(&o));
	office_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_key_is_enough_for_what_was_just_seen),
		cmocka_unit_test(the_offer_to_undo_ends_after_a_minute),
		cmocka_unit_test(the_first_key_on_old_figures_does_nothing),
		cmocka_unit_test(what_was_advised_just_now_waits_for_enter),
		cmocka_unit_test(what_was_long_on_its_way_is_not_done),
		cmocka_unit_test(a_preview_may_be_read),
		cmocka_unit_test(keys_typed_ahead_change_nothing),
		cmocka_unit_test(what_was_fixed_is_not_advised_for_ten_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
