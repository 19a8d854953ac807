/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sampler with collectors of this test's own: one of each kind, and one that hangs. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/collector.h"
#include "collectors/sampler.h"

#define INTERVAL (20 * NS_PER_MS)
#define PATIENCE_MS 10000

static int hang_pipe[2]; /* the monitor's call returns when something can be read */
static unsigned balloon_reads;

static const struct key web = { .owner = 7, .born = 2 }, mail = { .owner = 8, .born = 2 };

static enum state read_guests(struct reading *r)
{
	cell_set_text(
	    r->into, snapshot_row(r->into, TABLE_DOMAIN, web), DOMAIN_NAME, "web", reading_now(r));
	cell_set_text(r->into, snapshot_row(r->into, TABLE_DOMAIN, mail), DOMAIN_NAME, "mail",
	    reading_now(r));
	return STATE_OK;
}

static enum state read_slowly(struct reading *r)
{
	assert_non_null(r->latest);
	cell_set_text(r->into, snapshot_row(r->into, TABLE_DOMAIN, web), DOMAIN_TITLE,
	    r->exact ? "exact" : "slow", reading_now(r));
	reading_note(r, "One.");
	reading_note(r, "Two %d.", 2);
	return STATE_OK;
}

/* One for each reading; its pace is 10 s where only rules want it. */
static unsigned ksm_reads;

static enum state read_ksm(struct reading *r)
{
	unsigned reads = __atomic_add_fetch(&ksm_reads, 1, __ATOMIC_RELAXED);

	cell_set_number(
	    snapshot_row(r->into, TABLE_HOST, key_host(0)), HOST_KSM_RUN, reads, reading_now(r));
	return STATE_OK;
}

/* Asks web, whose answer comes; then mail, who keeps silent. */
static enum state read_balloons(struct reading *r)
{
	struct pollfd fd = { .fd = hang_pipe[0], .events = POLLIN };

	__atomic_add_fetch(&balloon_reads, 1, __ATOMIC_RELAXED);
	reading_ask(r, web);
	reading_answered(r);
	cell_set_number(
	    snapshot_row(r->into, TABLE_DOMAIN, web), DOMAIN_BALLOON, 5, reading_now(r));
	reading_ask(r, mail);
	poll(&fd, 1, PATIENCE_MS);
	reading_answered(r);
	return STATE_OK;
}

const struct collector collectors[] = {
	{ SRC_GUESTS, LANE_FAST, 0, NULL, read_guests, NULL },
	{ SRC_KSM, LANE_FAST, 0, NULL, read_ksm, NULL },
	{ SRC_LIBVIRT, LANE_LIBVIRT, 3600 * NS_PER_SEC, NULL, read_slowly, NULL },
	{ SRC_BALLOON, LANE_MONITOR, INTERVAL, NULL, read_balloons, NULL },
	{ 0 },
};

static const struct row *source(const struct snapshot *s, enum source_id src)
{
	return snapshot_find(s, TABLE_SOURCE, key_host(src));
}

/* Takes samples until @is_so says yes of one; fails when that takes too long. */
static const struct snapshot *wait_for(struct sampler *s, bool (*is_so)(const struct snapshot *))
{
	uint64_t until_ns = clock_mono_ns() + PATIENCE_MS * NS_PER_MS;

	while (clock_mono_ns() < until_ns) {
		struct pollfd fd = { .fd = sampler_fd(s), .events = POLLIN };
		const struct snapshot *latest;
		uint64_t n;

		if (poll(&fd, 1, PATIENCE_MS) == 1 && read(fd.fd, &n, sizeof(n)) == sizeof(n)) {
			latest = sampler_latest(s);
			if (is_so(latest))
				return latest;
			snapshot_unref(latest);
		}
	}
	fail_msg("what was waited for did not come");
	return NULL;
}

static bool mail_is_stuck(const struct snapshot *s)
{
	return strcmp(cell_text(snapshot_find(s, TABLE_DOMAIN, mail), DOMAIN_STATE), "stuck") == 0;
}

static bool mail_runs_again(const struct snapshot *s)
{
	return !mail_is_stuck(s) &&
	       strcmp(cell_text(source(s, SRC_BALLOON), SOURCE_STATE), "ok") == 0;
}

static struct sampler *start_with(struct root **ret_root, unsigned needs)
{
	static const struct sampling options = { .interval_ns = INTERVAL };
	struct sampler *s;

	assert_int_equal(pipe(hang_pipe), 0);
	assert_int_equal(root_open("/", ret_root), 0);
	s = sampler_new(*ret_root, &options);
	sampler_need(s, needs);
	assert_int_equal(sampler_start(s, false), 0);
	return s;
}

static struct sampler *start(struct root **ret_root)
{
	return start_with(ret_root, ~0U);
}

static void a_silent_guest_holds_up_nobody(void **state)
{
	struct root *root;
	struct sampler *s = start(&root);
	const struct snapshot *first = wait_for(s, mail_is_stuck), *later;
	const struct row *row = snapshot_find(first, TABLE_DOMAIN, web);

	(void)state;
	/* Nobody tells what its vCPUs do. */
	assert_int_equal(row->cell[DOMAIN_STATE].state, STATE_UNKNOWN);
	assert_float_equal(cell_number(row, DOMAIN_BALLOON, 0), 5, 0);
	assert_true(cell_number(snapshot_find(first, TABLE_DOMAIN, mail), DOMAIN_STUCK, -1) > 0);
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	later = wait_for(s, mail_runs_again);
	assert_true(later->number > first->number);
	/* While the call was outstanding, no second one was made. */
	assert_true(__atomic_load_n(&balloon_reads, __ATOMIC_RELAXED) >= 1);
	snapshot_unref(first);
	snapshot_unref(later);
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static bool title_is_exact(const struct snapshot *s)
{
	return strcmp(cell_text(snapshot_find(s, TABLE_DOMAIN, web), DOMAIN_TITLE), "exact") == 0;
}

static bool title_is_slow(const struct snapshot *s)
{
	return strcmp(cell_text(snapshot_find(s, TABLE_DOMAIN, web), DOMAIN_TITLE), "slow") == 0;
}

static void slow_lanes_know_the_guests_and_say_how(void **state)
{
	struct root *root;
	struct sampler *s = start(&root);
	const struct snapshot *first = wait_for(s, title_is_slow);

	(void)state;
	assert_string_equal(cell_text(source(first, SRC_LIBVIRT), SOURCE_NOTE), "One. Two 2.");
	assert_string_equal(cell_text(source(first, SRC_LIBVIRT), SOURCE_STATE), "ok");
	snapshot_unref(first);
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	snapshot_unref(wait_for(s, mail_runs_again));
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static bool libvirt_is_off(const struct snapshot *s)
{
	return strcmp(cell_text(source(s, SRC_LIBVIRT), SOURCE_STATE), "off") == 0;
}

static bool balloon_is_stale(const struct snapshot *s)
{
	return snapshot_find(s, TABLE_DOMAIN, web)->cell[DOMAIN_BALLOON].state == STATE_STALE;
}

/* No lane looks about for work: whoever needs something wakes it. */
static void what_is_needed_later_is_read_then(void **state)
{
	struct root *root;
	struct sampler *s = start_with(&root, 0);

	(void)state;
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	/* Its lane sleeps by now. */
	snapshot_unref(wait_for(s, libvirt_is_off));
	snapshot_unref(wait_for(s, libvirt_is_off));
	sampler_need(s, NEEDS(SRC_LIBVIRT));
	snapshot_unref(wait_for(s, title_is_slow));
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static double ksm_told(const struct snapshot *s)
{
	return cell_number(snapshot_find(s, TABLE_HOST, key_host(0)), HOST_KSM_RUN, 0);
}

static bool is_tenth_sample(const struct snapshot *s)
{
	return s->number >= 10;
}

static bool ksm_is_read_again(const struct snapshot *s)
{
	return ksm_told(s) >= 4;
}

/* Twice, so that there are rates; then it holds, with its age, until its pace says so. */
static void what_only_rules_want_is_read_now_and_then(void **state)
{
	struct root *root;
	struct sampler *s;
	const struct snapshot *now;
	const struct row *host;

	(void)state;
	__atomic_store_n(&ksm_reads, 0, __ATOMIC_RELAXED);
	s = start_with(&root, 0);
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	sampler_need_slowly(s, NEEDS(SRC_KSM));
	now = wait_for(s, is_tenth_sample);
	host = snapshot_find(now, TABLE_HOST, key_host(0));
	assert_float_equal(ksm_told(now), 2, 0);
	assert_int_equal(host->cell[HOST_KSM_RUN].state, STATE_OK);
	assert_true(host->cell[HOST_KSM_RUN].at_ns < now->moment.mono_ns);
	assert_string_equal(cell_text(source(now, SRC_KSM), SOURCE_STATE), "ok");
	snapshot_unref(now);
	/* A screen that shows it reads it at every sample. */
	sampler_need(s, NEEDS(SRC_KSM));
	snapshot_unref(wait_for(s, ksm_is_read_again));
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

/* What it told last is not gone, it grows old. */
static void what_nobody_needs_is_off(void **state)
{
	struct root *root;
	struct sampler *s = start(&root);
	const struct snapshot *now;

	(void)state;
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	snapshot_unref(wait_for(s, title_is_slow));
	sampler_need(s, 0);
	now = wait_for(s, libvirt_is_off);
	assert_true(cell_has(snapshot_find(now, TABLE_DOMAIN, web), DOMAIN_TITLE));
	snapshot_unref(now);
	now = wait_for(s, balloon_is_stale);
	assert_float_equal(
	    cell_number(snapshot_find(now, TABLE_DOMAIN, web), DOMAIN_BALLOON, 0), 5, 0);
	snapshot_unref(now);
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static void a_changed_interval_counts_at_once(void **state)
{
	struct root *root;
	struct sampler *s = start(&root);
	const struct snapshot *now;

	(void)state;
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	sampler_set_interval(s, 3600 * NS_PER_SEC);
	assert_true(sampler_interval(s) == 3600 * NS_PER_SEC);
	snapshot_unref(wait_for(s, title_is_slow));
	sampler_sample_now(s);
	now = wait_for(s, title_is_slow);
	assert_true(now->interval_ns < 60 * NS_PER_SEC);
	snapshot_unref(now);
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static void a_captured_host_ends_or_begins_anew(void **state)
{
	static const char text[] = "kvmtop-host 1\n## 1000000000 0\n== a\n\n## 2000000000 0\n== "
				   "a\n\n## 3000000000 0\n== a\n\n## end\n";
	static const struct sampling options = { .interval_ns = INTERVAL };
	const struct snapshot *now;
	struct sampler *s;
	struct root *root;

	(void)state;
	assert_int_equal(pipe(hang_pipe), 0);
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	assert_int_equal(root_open_archive(text, strlen(text), &root), 0);
	s = sampler_new(root, &options);
	for (uint64_t i = 0; i < 3; i++) {
		now = sampler_take(s, false);
		assert_true(now->interval_ns == (i ? NS_PER_SEC : 0));
		snapshot_unref(now);
	}
	assert_null(sampler_take(s, false));
	/* In a loop the rates of the first sample are never seen: it is only what the next counts
	 * from. */
	now = sampler_take(s, true);
	assert_true(now->moment.mono_ns == 2 * NS_PER_SEC && now->interval_ns == NS_PER_SEC);
	snapshot_unref(now);
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

static void exact_is_asked_of_placement_only(void **state)
{
	struct root *root;
	struct sampler *s = start(&root);
	const struct snapshot *now;

	(void)state;
	assert_int_equal(write(hang_pipe[1], "x", 1), 1);
	sampler_read_exact(s);
	now = wait_for(s, title_is_slow);
	assert_false(title_is_exact(now));
	snapshot_unref(now);
	assert_true(sampler_free(s));
	root_close(root);
	close(hang_pipe[0]);
	close(hang_pipe[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_guest_holds_up_nobody),
		cmocka_unit_test(slow_lanes_know_the_guests_and_say_how),
		cmocka_unit_test(what_is_needed_later_is_read_then),
		cmocka_unit_test(what_only_rules_want_is_read_now_and_then),
		cmocka_unit_test(what_nobody_needs_is_off),
		cmocka_unit_test(a_changed_interval_counts_at_once),
		cmocka_unit_test(a_captured_host_ends_or_begins_anew),
		cmocka_unit_test(exact_is_asked_of_placement_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
