/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever the size, the screen, the host and the keys: something sound is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "a_host.h"
#include "advisor/advisor.h"
#include "advisor/finding.h"
#include "base/xalloc.h"
#include "fixes/fix.h"
#include "fixes/job.h"
#include "views/canvas.h"
#include "views/keyname.h"
#include "views/ui.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS_MAX 100
#define COLS_MAX 300

static const struct a_host hosts[] = {
	{ .second = 100, .nodes = 1 },
	{
	    .second = 101,
	    .nodes = 4,
	    .guest = { { .name = "web1", .pid = 10, .cpu = 0.5, .wait = 0.03 },
		{ .name = "db1", .pid = 20, .cpu = 0.9, .stopped = true } },
	},
	{
	    .second = 102,
	    .nodes = 40,
	    .libvirt = "stuck",
	    .no_exits = true,
	    .guest = { { .name = "wide \xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab name",
			   .pid = 10,
			   .cpu = 0.5 },
		{ .name = "e\xcc\x81 and a name that is longer than any column can ever be",
		    .pid = 20,
		    .cpu = 0.9 },
		{ .name = "", .pid = 30 }, { .name = "=1+1", .pid = 40, .wait = 0.5 },
		{ .name = "db1", .pid = 20000001, .cpu = 1 }, { .name = "web2", .pid = 60 },
		{ .name = "web10", .pid = 70 },
		{ .name = "a\xe2\x80\xae"
			  "b",
		    .pid = 80 } },
	},
};

/* How to get to each screen and whatever may lie over it. */
static const char *const ways[] = {
	"1 T",
	"2",
	"3",
	"4",
	"8",
	"0",
	"1 End Enter",
	"1 F1",
	"2 s",
	"4 C PgDn",
	"8 Enter",
	"1 / \"web\"",
	"3 \\ \"cpux>=1\"",
	"1 d \"x\" Enter",
	"1 z End",
};

static void press(struct ui *ui, const struct snapshot *now, const char *keys)
{
	struct keyname_script script;
	char key[KEYNAME_SIZE];

	keyname_script_init(&script, keys);
	while (keyname_script_next(&script, key) > 0)
		ui_key(ui, now, key);
}

static void draw(struct ui *ui, const struct snapshot *now, struct canvas *c, const char *what)
{
	const char *wrong;

	ui_draw(ui, now, c);
	wrong = canvas_check(c);
	if (wrong)
		fail_msg("%s, %dx%d: %s", what, canvas_cols(c), canvas_rows(c), wrong);
}

/* Every screen at every width, and at every height; both, where layouts change. */
static void draw_sizes(const struct snapshot *now, const char *way)
{
	struct ui *ui = ui_new();

	press(ui, now, way);
	for (int unicode = 0; unicode < 2; unicode++) {
		struct canvas *c = canvas_new(1, 1, unicode);

		for (int cols = 1; cols <= COLS_MAX; cols += cols < 90 ? 1 : 7) {
			canvas_resize(c, cols % 40 + 8, cols);
			draw(ui, now, c, way);
		}
		for (int rows = 1; rows <= ROWS_MAX; rows++) {
			canvas_resize(c, rows, 40 + rows * 37 % 261);
			draw(ui, now, c, way);
		}
		canvas_free(c);
	}
	ui_free(ui);
}

static void test_every_screen_at_every_size(void **state)
{
	(void)state;
	for (size_t h = 0; h < COUNT(hosts); h++) {
		struct snapshot *now = a_sample(&hosts[h]);

		for (size_t i = 0; i < COUNT(ways); i++)
			draw_sizes(now, ways[i]);
		snapshot_unref(now);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* There is something to fix on it. */
static struct snapshot *a_sample_to_fix(const struct a_host *a)
{
	struct snapshot *s = a_sample(a);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));
	struct subject subject = { .now = s, .row = host, .host = host };
	struct verdict v = { .rule = rule_find("mem-swappiness"),
		.row = host,
		.level = LEVEL_WARNING,
		.figure = 60,
		.since_ns = s->moment.mono_ns };

	cell_set_number(host, HOST_SWAPPINESS, 60, s->moment.mono_ns);
	v.fix = v.rule->fix;
	finding_add(s, &v, &subject);
	finding_add_fix(s, &v);
	return s;
}

/* A fix as it may stand some time after it was asked for. */
static void some_fixing(struct fixing *ret, const struct fix *fix, uint64_t random)
{
	*ret = (struct fixing){ .phase = random % 8 < 6 ? JOB_READY : JOB_READING,
		.rule = rule_find("mem-swappiness"),
		.fix_class = FIX_A,
		.is_new = random % 8 < 3,
		.name = random % 8 == 5 ? "host" : NULL };
	ret->fix = ret->phase == JOB_READY ? fix : NULL;
}

/* The preview stands there, can be read, and Enter is all that it waits for. */
static bool may_apply(const struct fixing *f, const char *key)
{
	return f && f->phase == JOB_READY && !f->is_new && !f->name && strcmp(key, "Enter") == 0;
}

/* Keys without sense, while guests come and go and the window changes. */
static void test_any_keys(void **state)
{
	static const char *const keys[] = { "Up", "Down", "Left", "Right", "Home", "End", "PgUp",
		"PgDn", "Enter", "Esc", "Tab", "S-Tab", "Space", "Backspace", "F1", "F2", "F3",
		"F4", "F5", "F6", "1", "2", "3", "4", "8", "9", "0", "f", "u", "p", "m", "n", "N",
		"t", "T", "s", "<", ">", "I", "C", "i", "z", "d", "x", "/", "\\", "w", "e", "b",
		"=", "P", "M", "C-u", "C-l", "ä" };
	static const char *const often[] = { "Esc", "Esc", "Esc", "f", "u", "p", "Enter" };
	struct snapshot *sample[COUNT(hosts)];
	struct ui *ui = ui_new();
	struct canvas *c = canvas_new(24, 80, true);
	const struct snapshot *now = NULL;
	uint64_t random = 7;
	struct advisor *advisor = advisor_new();
	struct fix fix = { .title = xstrdup("a fix") };
	struct fixing shown;
	const struct fixing *fixing = NULL;
	unsigned wanted = 0, applied = 0;

	(void)state;
	ui_set_advisor(ui, advisor);
	for (size_t h = 0; h < COUNT(hosts); h++)
		sample[h] = a_sample_to_fix(&hosts[h]);
	for (int i = 0; i < 6000; i++) {
		const char *key = keys[next_random(&random) % COUNT(keys)];
		unsigned actions;

		/* Fields of text and what lies over a screen take most keys. */
		if (next_random(&random) % 3 == 0)
			key = often[next_random(&random) % COUNT(often)];
		if (next_random(&random) % 7 == 0)
			now = sample[next_random(&random) % COUNT(hosts)];
		if (next_random(&random) % 50 == 0)
			canvas_resize(c, (int)(next_random(&random) % 60) + 1,
			    (int)(next_random(&random) % 200) + 1);
		actions = ui_key(ui, now, key);
		assert_int_equal(actions & UI_QUIT, 0);
		if ((actions & UI_FIX_APPLY) && !may_apply(fixing, key))
			fail_msg("%s would change the host, unseen", key);
		wanted += (actions & UI_FIX) != 0;
		applied += (actions & UI_FIX_APPLY) != 0;
		if (actions & (UI_FIX | UI_FIX_APPLY | UI_FIX_STOP))
			fixing = NULL;
		if ((actions & UI_FIX) && next_random(&random) % 2) {
			some_fixing(&shown, &fix, next_random(&random));
			fixing = &shown;
		} else if (fixing && next_random(&random) % 4 == 0) {
			shown.phase = JOB_READY;
			shown.fix = &fix;
			shown.is_new = false;
		}
		ui_set_fixing(ui, fixing);
		draw(ui, now, c, key);
		assert_int_not_equal(ui_needs(ui), 0);
	}
	print_message("%u wanted, %u applied\n", wanted, applied);
	assert_true(wanted > 20);
	assert_in_range(applied, 1, wanted);
	ui_free(ui);
	advisor_free(advisor);
	fix_done(&fix);
	canvas_free(c);
	for (size_t h = 0; h < COUNT(hosts); h++)
		snapshot_unref(sample[h]);
}

/* The same picture twice: nothing jumps while nothing changes. */
static void test_pictures_are_stable(void **state)
{
	struct snapshot *now = a_sample(&hosts[1]);
	struct ui *ui = ui_new();
	struct canvas *a = canvas_new(40, 120, true), *b = canvas_new(40, 120, true);

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		press(ui, now, "Esc Esc Esc");
		press(ui, now, ways[i]);
		ui_draw(ui, now, a);
		ui_draw(ui, now, b);
		for (int y = 0; y < 40; y++)
			assert_memory_equal(canvas_glyph(a, y, 0), canvas_glyph(b, y, 0),
			    120 * sizeof(struct glyph));
	}
	ui_free(ui);
	canvas_free(a);
	canvas_free(b);
	snapshot_unref(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_screen_at_every_size),
		cmocka_unit_test(test_any_keys),
		cmocka_unit_test(test_pictures_are_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
