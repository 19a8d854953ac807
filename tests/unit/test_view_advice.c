/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings on the screens: screen 9, the cells that they mark, the sentences at the foot. */
#include "a_desk.h"
#include "advisor/finding.h"
#include "views/advice.h"
#include "views/view.h"

#define RULE "mem-swappiness"

static void tell(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	print_format(out, "%.0f of it is wrong.", figure);
}

static void advise(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	print_text(out, "mend it");
}

/* Of one that no list holds the words are known, but no mark and no explanation. */
static const struct rule about_guests = {
	.id = "test-guest",
	.subject = TABLE_DOMAIN,
	.column = -1,
	.evidence = tell,
	.advice = advise,
};

static void add(struct snapshot *s, const struct rule *rule, const struct row *row,
    enum level level, double seconds, bool muted)
{
	struct subject subject = {
		.now = s,
		.row = row,
		.host = snapshot_row(s, TABLE_HOST, key_host(0)),
	};
	struct verdict v = {
		.rule = rule,
		.row = row,
		.level = level,
		.figure = 60,
		.limit = 11,
		.since_ns = s->moment.mono_ns - (uint64_t)(seconds * (double)NS_PER_SEC),
		.is_muted = muted,
		.fix = rule->fix,
	};

	finding_add(s, &v, &subject);
	finding_add_fix(s, &v);
}

static const struct row *guest(const struct snapshot *s, const char *name)
{
	const struct table *t = &s->table[TABLE_DOMAIN];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], DOMAIN_NAME), name) == 0)
			return t->row[i];
	return NULL;
}

/* db1 is in a bad way, the host in none that is good, of web1 there is something to know. */
static struct snapshot *with_findings(void)
{
	struct snapshot *s = a_sample(&small);
	struct row *host = snapshot_row(s, TABLE_HOST, key_host(0));

	cell_set_number(host, HOST_SWAPPINESS, 60, s->moment.mono_ns);
	add(s, &about_guests, guest(s, "mail"), LEVEL_CRITICAL, 90, true);
	add(s, &about_guests, guest(s, "web1"), LEVEL_INFO, 50, false);
	add(s, rule_find(RULE), host, LEVEL_WARNING, 10, false);
	add(s, &about_guests, guest(s, "db1"), LEVEL_CRITICAL, 5, false);
	finding_add_unjudged(s, &about_guests, guest(s, "web1"), 2, "numa is denied");
	return s;
}

static void show_findings(struct desk *d, int rows, int cols)
{
	desk_open(d, &small, rows, cols);
	snapshot_unref(d->now);
	d->now = with_findings();
	look(d);
}

static void test_order(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 120);
	press(&d, "9");
	sees_before(&d, "critical db1", "warning  host");
	sees_before(&d, "warning  host", "info     web1");
	sees_before(&d, "info     web1", "── Muted");
	sees_before(&d, "── Muted", "critical mail");
	sees_before(&d, "critical mail", "── Not judged");
	sees_before(&d, "── Not judged", "Cannot be judged: numa is denied.");
	selects(&d, "db1");
	sees(&d, "db1 (test-guest): 60 of it is wrong.");
	sees(&d, "Do: mend it.");
	sees(&d, "e explain  m mute");
	/* Whoever sorts by a column gets that order. */
	press(&d, "s \"about\" Enter");
	sees_before(&d, "critical db1", "critical mail");
	sees_not(&d, "── Muted");
	desk_close(&d);
}

static void test_nothing(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, &small, 24, 80);
	press(&d, "9");
	sees(&d, "Nothing to advise.");
	assert_int_equal(press(&d, "e m"), 0);
	sees_not(&d, "crit");
	desk_close(&d);
}

/* The worst of a guest is told where it is selected; what is muted nowhere but on screen 9. */
static void test_foot(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 80);
	selects(&d, "db1");
	sees(&d, "db1: 60 of it is wrong.");
	sees(&d, "Do: mend it.   e explain  9 all advice");
	/* What is only to be known does not stand before the guest's own sentence. */
	press(&d, "Down");
	selects(&d, "web1");
	sees_before(&d, "web1: running", "web1: 60 of it is wrong.");
	sees_not(&d, "Do:");
	press(&d, "Down");
	selects(&d, "mail");
	sees_not(&d, "of it is wrong");
	assert_int_equal(press(&d, "e"), 0);
	desk_close(&d);
}

/* An information below the guest's own sentence is no advice; nor is what has no room. */
static void test_fix_of_what_the_foot_says(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 80);
	press(&d, "Down");
	selects(&d, "web1");
	assert_false(press(&d, "f") & UI_FIX);
	sees(&d, "The foot advises nothing here: e explains what is known of it, 9 has all.");
	press(&d, "e");
	sees(&d, "web1: info");
	desk_close(&d);
	show_findings(&d, 12, 80);
	selects(&d, "db1");
	sees_not(&d, "of it is wrong");
	assert_false(press(&d, "f") & UI_FIX);
	assert_true(*d.ui->note != '\0');
	desk_close(&d);
}

static void test_header(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 80);
	sees(&d, "1 crit 1 warn (9)");
	assert_int_equal(findings_count(d.now, LEVEL_INFO), 1);
	assert_true(findings_any(d.now));
	desk_close(&d);
	/* The key is nice to have: it takes nobody's room. */
	show_findings(&d, 24, 48);
	sees(&d, "1 crit 1 warn\n");
	desk_close(&d);
}

static void test_mark(void **state)
{
	struct snapshot *s = with_findings();
	const struct row *host = snapshot_find(s, TABLE_HOST, key_host(0));
	struct desk d;

	(void)state;
	assert_int_equal(mark_of(TABLE_HOST, host, HOST_SWAPPINESS), MARK_NONE);
	assert_int_equal(mark_in(s, TABLE_HOST, host, HOST_SWAPPINESS), MARK_WARN);
	assert_int_equal(mark_in(s, TABLE_HOST, host, HOST_OVERCOMMIT), MARK_NONE);
	assert_int_equal(mark_in(NULL, TABLE_HOST, host, HOST_SWAPPINESS), MARK_NONE);
	assert_true(mark_may_come(TABLE_HOST, HOST_SWAPPINESS));
	assert_false(mark_has(TABLE_HOST, HOST_SWAPPINESS));
	/* Of the two the worse. */
	add(s, rule_find(RULE), host, LEVEL_CRITICAL, 1, false);
	assert_int_equal(mark_in(s, TABLE_HOST, host, HOST_SWAPPINESS), MARK_CRIT);
	/* What is over, but not forgotten yet, marks nothing. */
	for (size_t i = 0; i < s->table[TABLE_FINDING].n; i++)
		cell_set_text(s, s->table[TABLE_FINDING].row[i], FINDING_OVER, "yes", 1);
	assert_int_equal(mark_in(s, TABLE_HOST, host, HOST_SWAPPINESS), MARK_NONE);
	snapshot_unref(s);
	s = a_sample(&small);
	host = snapshot_row(s, TABLE_HOST, key_host(0));
	add(s, rule_find(RULE), host, LEVEL_CRITICAL, 1, true);
	assert_int_equal(mark_in(s, TABLE_HOST, host, HOST_SWAPPINESS), MARK_NONE);
	snapshot_unref(s);
	show_findings(&d, 50, 120);
	press(&d, "8");
	sees(&d, " 60!");
	desk_close(&d);
}

/* It stays as long as somebody reads, also when the finding is over. */
static void test_explain(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 80);
	press(&d, "9 Down e");
	sees(&d, RULE " ");
	sees(&d, "host: warning");
	sees(&d, "Do: set vm.swappiness to 10.");
	sees(&d, "What is good, and why");
	sees(&d, "▼");
	press(&d, "End");
	sees(&d, RULE ".enabled = yes");
	sees(&d, "Source");
	show(&d, &small);
	sees(&d, "Source");
	press(&d, "Home");
	sees_not(&d, "host: warning");
	sees(&d, "What is good, and why");
	press(&d, "Esc");
	sees(&d, "Nothing to advise.");
	desk_close(&d);
}

/* Of the host there is no page to open, and on a guest's own one is there already. */
static void test_enter_explains(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 80);
	press(&d, "9 Down Enter");
	sees(&d, "What is good, and why");
	sees_not(&d, "All about this");
	press(&d, "Esc Up Enter");
	sees(&d, "── db1");
	while (!strstr(selected(&d), "critical"))
		press(&d, "Down");
	press(&d, "Enter");
	sees(&d, "db1: critical");
	desk_close(&d);
}

/* The limits are those that count here; what was changed says so. */
static void test_explained_limits(void **state)
{
	struct advisor *advisor = advisor_new();
	char *error = NULL;
	struct desk d;

	(void)state;
	assert_int_equal(advisor_set(advisor, RULE ".raise", "30", &error), 0);
	show_findings(&d, 60, 120);
	ui_set_advisor(d.ui, advisor);
	press(&d, "9 Down e");
	sees(&d, "raised where this is 30 or more");
	assert_non_null(strstr(line_with(&d, RULE ".raise = 30"), "; default 11"));
	assert_null(strstr(line_with(&d, RULE ".clear = 10"), "default"));
	desk_close(&d);
	advisor_free(advisor);
}

/* What is found about him, as on screen 9; what is found about others is not there. */
static void test_guests_page(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 50, 120);
	selects(&d, "db1");
	press(&d, "Enter");
	sees_before(&d, "── Advice", "critical db1");
	sees_before(&d, "critical db1", "── The last 60 samples");
	sees_not(&d, "warning  host");
	press(&d, "Down");
	while (!strstr(selected(&d), "critical db1"))
		assert_true(press(&d, "Down") & UI_REDRAW);
	sees(&d, "db1 (test-guest): 60 of it is wrong.");
	sees(&d, "e explain  m mute");
	/* Of who has none the page says nothing; what is muted stands in its group. */
	press(&d, "Esc End Enter");
	sees_before(&d, "── Advice", "── Muted");
	sees_before(&d, "── Muted", "critical mail");
	show(&d, &small);
	sees_not(&d, "── Advice");
	desk_close(&d);
}

static void test_mute(void **state)
{
	struct desk d;
	unsigned actions;

	(void)state;
	show_findings(&d, 24, 100);
	actions = press(&d, "9 Down m");
	assert_int_equal(actions & (UI_MUTE | UI_SAMPLE), UI_MUTE | UI_SAMPLE);
	assert_ptr_equal(ui_muting(d.ui).rule, rule_find(RULE));
	assert_true(key_equal(ui_muting(d.ui).subject, key_host(0)));
	assert_true(ui_muting(d.ui).on);
	sees(&d, "host: " RULE " is muted until kvmtop ends");
	/* What was not judged cannot be muted. */
	assert_false(press(&d, "End m") & UI_MUTE);
	sees(&d, "test-guest was not judged; only what was found can be muted.");
	desk_close(&d);
}

static void show_next(struct desk *d, struct snapshot *s)
{
	snapshot_unref(d->now);
	d->now = s;
	look(d);
}

static void add_host(struct snapshot *s, enum level level, bool muted)
{
	add(s, rule_find(RULE), snapshot_row(s, TABLE_HOST, key_host(0)), level, 10, muted);
}

/* What a key was about keeps the cursor, wherever it goes: the same key again undoes it. */
static void test_cursor_follows_what_a_key_was_about(void **state)
{
	static const char *const keys[] = { "m", "e Esc", "f Esc" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct snapshot *s = a_sample(&small);
		struct desk d;

		add_host(s, LEVEL_WARNING, false);
		add(s, &about_guests, guest(s, "web1"), LEVEL_INFO, 50, false);
		desk_open(&d, &small, 24, 100);
		show_next(&d, s);
		press(&d, "9");
		selects(&d, "host");
		press(&d, keys[i]);
		s = a_sample(&small);
		add(s, &about_guests, guest(s, "web1"), LEVEL_INFO, 50, false);
		add_host(s, LEVEL_WARNING, true);
		show_next(&d, s);
		sees_before(&d, "── Muted", "warning  host");
		selects(&d, "host");
		assert_true(press(&d, "m") & UI_MUTE);
		assert_ptr_equal(ui_muting(d.ui).rule, rule_find(RULE));
		assert_false(ui_muting(d.ui).on);
		desk_close(&d);
	}
}

/* It is at the top while nobody moves it, and again when what it was on is over. */
static void test_cursor_goes_to_the_worst(void **state)
{
	struct snapshot *s = a_sample(&small);
	struct desk d;

	(void)state;
	finding_add_unjudged(s, &about_guests, guest(s, "web1"), 2, "numa is denied");
	desk_open(&d, &small, 24, 100);
	show_next(&d, s);
	press(&d, "9 m");
	selects(&d, "unjudged");
	press(&d, "f");
	sees(&d, "Nothing to fix. Cannot be judged: numa is denied.");
	show_next(&d, with_findings());
	selects(&d, "critical db1");
	press(&d, "Down e Esc");
	selects(&d, "host");
	s = a_sample(&small);
	add(s, &about_guests, guest(s, "db1"), LEVEL_CRITICAL, 5, false);
	finding_add_unjudged(s, &about_guests, guest(s, "web1"), 2, "numa is denied");
	show_next(&d, s);
	selects(&d, "critical db1");
	/* It is at the top again: whoever is first then. */
	s = a_sample(&small);
	add(s, &about_guests, guest(s, "db1"), LEVEL_WARNING, 5, false);
	add_host(s, LEVEL_CRITICAL, false);
	show_next(&d, s);
	selects(&d, "critical host");
	desk_close(&d);
}

static void test_unmute(void **state)
{
	struct snapshot *s = a_sample(&small);
	struct desk d;

	(void)state;
	add(s, rule_find(RULE), snapshot_row(s, TABLE_HOST, key_host(0)), LEVEL_WARNING, 1, true);
	desk_open(&d, &small, 24, 100);
	snapshot_unref(d.now);
	d.now = s;
	assert_true(press(&d, "9 m") & UI_MUTE);
	assert_false(ui_muting(d.ui).on);
	sees(&d, "is not muted any more");
	desk_close(&d);
}

static void advise_at_length(const struct subject *s, double figure, struct text *out)
{
	(void)s;
	(void)figure;
	for (int i = 0; i < 60; i++)
		print_text(out, "mend it and ");
}

static const struct rule long_winded = {
	.id = "test-long",
	.subject = TABLE_DOMAIN,
	.column = -1,
	.evidence = tell,
	.advice = advise_at_length,
};

/* However much there is to do, the keys stay; and the rule's name can be read at every width. */
static void test_keys_stay_below_long_advice(void **state)
{
	static const int sizes[][2] = { { 24, 80 }, { 24, 40 }, { 40, 120 }, { 20, 60 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct snapshot *s = a_sample(&small);
		struct desk d;

		add(s, &long_winded, guest(s, "db1"), LEVEL_WARNING, 5, false);
		desk_open(&d, &small, sizes[i][0], sizes[i][1]);
		show_next(&d, s);
		press(&d, "9");
		sees(&d, "db1 (test-long): 60 of it is wrong.");
		sees(&d, "Do: mend it and");
		sees(&d, "…");
		sees(&d, "e explain  m mute");
		/* With few lines at the foot, too. */
		press(&d, "1");
		sees(&d, "e explain  9 all advice");
		desk_close(&d);
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list && *list; list += strcspn(list, " "), list += strspn(list, " "))
		if (strncmp(list, word, len) == 0 && (list[len] == ' ' || list[len] == '\0'))
			return true;
	return false;
}

static bool shows(enum table_id t, const char *column, bool *ret_table)
{
	for (int i = 0; i < SCREENS; i++)
		for (int k = 0; k < PARTS_MAX; k++) {
			const struct part *part = &screens[i].part[k];

			if (part->table != t || !part->columns || part->kind == PART_TRENDS)
				continue;
			*ret_table = true;
			if (!column || has_word(part->columns, column))
				return true;
		}
	return false;
}

/* What a rule is about can be seen on a screen, and is marked there. */
static void test_cells_of_rules_are_seen(void **state)
{
	size_t unseen = 0;

	(void)state;
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);
		const struct table_kind *kind = &table_kinds[rule->subject];
		bool has_table = false;

		if (rule->column < 0 ||
		    shows(rule->subject, kind->column[rule->column].name, &has_table) || !has_table)
			continue;
		print_message("%s: no screen shows %s of table %s\n", rule->id,
		    kind->column[rule->column].name, kind->name);
		unseen++;
	}
	assert_int_equal(unseen, 0);
}

static void test_rule_has_a_column(void **state)
{
	struct desk d;

	(void)state;
	show_findings(&d, 24, 120);
	press(&d, "9");
	sees(&d, " RULE ");
	sees_before(&d, " WHAT IS WRONG ", " WHAT TO DO ");
	desk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_foot),
		cmocka_unit_test(test_fix_of_what_the_foot_says),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_enter_explains),
		cmocka_unit_test(test_explained_limits),
		cmocka_unit_test(test_guests_page),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_unmute),
		cmocka_unit_test(test_cursor_follows_what_a_key_was_about),
		cmocka_unit_test(test_cursor_goes_to_the_worst),
		cmocka_unit_test(test_keys_stay_below_long_advice),
		cmocka_unit_test(test_rule_has_a_column),
		cmocka_unit_test(test_cells_of_rules_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
