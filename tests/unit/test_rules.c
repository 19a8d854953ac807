/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every rule by examples: when it fires, what it says then and what it would do. */
#include "tests/unit/an_example.h"

static const struct row *find_finding(const struct snapshot *s, const char *rule, bool unjudged)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    unjudged == (finding_level(t->row[i]) == LEVEL_NONE))
			return t->row[i];
	return NULL;
}

/* The finding about @subject, where one is named. */
static const struct row *find_about(const struct snapshot *s, const char *rule, const char *subject)
{
	const struct table *t = &s->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(cell_text(t->row[i], FINDING_RULE), rule) == 0 &&
		    finding_level(t->row[i]) != LEVEL_NONE &&
		    (!*subject || strcmp(cell_text(t->row[i], FINDING_SUBJECT), subject) == 0))
			return t->row[i];
	return NULL;
}

static void compare(struct example *e, int line, const char *what, const char *is)
{
	const char *shall = e->line[line] + strlen(what);

	shall += strspn(shall, " ");
	if (strcmp(shall, is) != 0)
		complain_at(e, line, "%s is: %s", what, is);
}

static void print_action(const struct action *a, struct text *out)
{
	print_format(out, "%s %s%s%s%s %s %s", action_kind_name(a->kind), a->saved ? "saved " : "",
	    a->domain ? a->domain : "", a->domain ? " " : "", *a->target ? a->target : "-",
	    a->expected ? a->expected : "?", *a->value ? a->value : "-");
}

/* The n-th action of a plan against the n-th line that begins so. */
static void check_actions(
    struct example *e, const char *word, const struct action *action, size_t n)
{
	size_t at = 0;
	int last = 0;

	for (int i = 1; i < e->lines; i++) {
		struct text is = { 0 };

		if (!begins(e->line[i], word))
			continue;
		last = i;
		if (at < n)
			print_action(&action[at], &is);
		compare(e, i, word, at < n ? is.p : "nothing more");
		at++;
		text_done(&is);
	}
	if (last && at < n) {
		struct text is = { 0 };

		print_action(&action[at], &is);
		complain_at(e, last, "there is one more: %s", is.p);
		text_done(&is);
	}
}

static void check_words(struct example *e, const struct snapshot *s, const struct row *finding)
{
	struct plan plan;

	advisor_plan(e->advisor, s, finding, &plan);
	for (int i = 1; i < e->lines; i++) {
		if (begins(e->line[i], "evidence:"))
			compare(e, i, "evidence:", cell_text(finding, FINDING_EVIDENCE));
		if (begins(e->line[i], "advice:"))
			compare(e, i, "advice:", cell_text(finding, FINDING_ADVICE));
		if (begins(e->line[i], "refuses:"))
			compare(e, i, "refuses:", plan.refusal ? plan.refusal : "");
		if (begins(e->line[i], "title:"))
			compare(e, i, "title:", plan.title ? plan.title : "");
	}
	check_actions(e, "plan:", plan.action, plan.n);
	check_actions(e, "lasting:", plan.lasting, plan.lasting_n);
	plan_done(&plan);
}

/* "= fires warning web1" */
static void check_fires(struct example *e, const struct snapshot *s)
{
	char level[16] = "", subject[80] = "";
	const char *rest = e->line[0] + strlen("= fires");
	const struct row *finding, *unjudged = find_finding(s, e->rule, true);
	int at = 0;

	rest += strspn(rest, " ");
	at = (int)strcspn(rest, " ");
	snprintf(level, sizeof(level), "%.*s", at, rest);
	snprintf(subject, sizeof(subject), "%s", rest + at + strspn(rest + at, " "));
	finding = find_about(s, e->rule, subject);
	if (!finding) {
		complain_at(e, 0, "it does not fire%s%s", unjudged ? ": " : "",
		    unjudged ? cell_text(unjudged, FINDING_EVIDENCE) : "");
		return;
	}
	if (strcmp(cell_text(finding, FINDING_LEVEL), level) != 0)
		complain_at(e, 0, "its level is %s", cell_text(finding, FINDING_LEVEL));
	check_words(e, s, finding);
}

static void check_quiet(struct example *e, const struct snapshot *s, bool lacks)
{
	const struct row *finding = find_finding(s, e->rule, false);
	const struct row *unjudged = find_finding(s, e->rule, true);

	if (finding)
		complain_at(e, 0, "it fires: %s: %s", cell_text(finding, FINDING_SUBJECT),
		    cell_text(finding, FINDING_EVIDENCE));
	if (lacks && !unjudged)
		complain_at(e, 0, "it judges");
	if (!lacks && unjudged)
		complain_at(e, 0, "%s", cell_text(unjudged, FINDING_EVIDENCE));
}

static void check_example(struct example *e)
{
	if (begins(e->line[0], "= fires "))
		check_fires(e, e->before);
	else if (strcmp(e->line[0], "= quiet") == 0)
		check_quiet(e, e->before, false);
	else if (strcmp(e->line[0], "= lacks") == 0)
		check_quiet(e, e->before, true);
	else
		complain_at(e, 0, "an example is '= fires LEVEL SUBJECT', '= quiet' or '= lacks'");
}

static void test_examples(void **state)
{
	(void)state;
	run_examples(check_example);
}

/* A row that leaves a field out would show a gap on the screen. */
static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		print_message("%s\n", rule->id);
		assert_ptr_equal(rule_find(rule->id), rule);
		assert_true(rule->title && rule->good && rule->detect && rule->by_hand);
		assert_true(rule->risk && rule->source && rule->figure);
		assert_true(rule->measure && rule->evidence && rule->advice && rule->needs);
		assert_true(rule->level != LEVEL_NONE);
		assert_true((rule->fix == FIX_NONE) == (rule->plan == NULL));
		assert_true(rule->below ? rule->clear >= rule->raise : rule->clear <= rule->raise);
		assert_in_range(strlen(rule->title), 8, 60);
		assert_true(rule_needs(rule) != 0);
	}
}

/* ---- who moves guests ---- */

/* What the plans of each rule's examples have been seen to change of a guest. */
static struct {
	const char *rule;
	bool moves[2]; /* now; from its next start on */
} seen[400];
static size_t seen_rules;

static bool places_guests(enum action_kind kind)
{
	return kind == ACTION_PIN_VCPU || kind == ACTION_PIN_EMULATOR ||
	       kind == ACTION_PIN_IOTHREAD || kind == ACTION_AFFINITY ||
	       kind == ACTION_MIGRATE_PAGES || kind == ACTION_NUMATUNE;
}

static void note_moves(struct example *e)
{
	const struct row *finding = find_finding(e->before, e->rule, false);
	struct plan plan;

	if (seen_rules == 0 || strcmp(seen[seen_rules - 1].rule, e->rule) != 0)
		seen[seen_rules++].rule = rule_find(e->rule)->id;
	if (!finding)
		return;
	advisor_plan(e->advisor, e->before, finding, &plan);
	for (size_t i = 0; i < plan.n; i++)
		if (plan.action[i].domain && places_guests(plan.action[i].kind))
			seen[seen_rules - 1].moves[plan.action[i].saved] = true;
	plan_done(&plan);
}

/* Each goes by where the guest is now, so none may be offered along with another. */
static void test_those_that_move_guests_exclude_each_other(void **state)
{
	size_t pairs = 0;

	(void)state;
	run_examples(note_moves);
	for (size_t i = 0; i < seen_rules; i++)
		for (size_t k = i + 1; k < seen_rules; k++) {
			bool clash = (seen[i].moves[0] && seen[k].moves[0]) ||
				     (seen[i].moves[1] && seen[k].moves[1]);

			if (clash && !rules_clash(rule_find(seen[i].rule), rule_find(seen[k].rule)))
				fail_msg("%s and %s", seen[i].rule, seen[k].rule);
			pairs += clash;
		}
	assert_in_range(pairs, 40, 200);
}

/* A word that is no rule, or a rule that was renamed, would exclude nothing. */
static void test_what_is_excluded_is_a_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_count(); i++) {
		char *list = xstrdup(rule_at(i)->excludes ? rule_at(i)->excludes : ""),
		     *rest = NULL;

		for (char *id = strtok_r(list, " ", &rest); id; id = strtok_r(NULL, " ", &rest))
			if (!rule_find(id))
				fail_msg("%s excludes %s, which is no rule", rule_at(i)->id, id);
		free(list);
	}
}

static const struct {
	const char *a, *b;
} opposed[] = {
	{ "ksm-enable", "ksm-disable" },
	{ "ksm-stopped-still-shared", "ksm-enable" },
	{ "ksm-scan-settings", "ksm-disable" },
	{ "halt-poll-off", "halt-poll-waste" },
	{ "halt-poll-tune", "halt-poll-waste" },
	{ "numa-balancing-off", "numa-balancing-on-pinned" },
	{ "hugepages-suggest", "balloon-missing" },
	{ "hugepages-suggest", "balloon-stats-off" },
	{ "hugepages-suggest", "balloon-guest-pressure" },
	{ "hugepages-suggest", "balloon-reclaim" },
	{ "hugepages-suggest", "ksm-enable" },
	{ "hugepages-suggest", "ksm-guest-exclude" },
	{ "hugepages-suggest", "mem-guest-swapped" },
	{ "hugepages-feature-conflict", "balloon-reclaim" },
	{ "hugepages-pool-short", "hugepages-pool-waste" },
	{ "balloon-guest-pressure", "balloon-reclaim" },
	{ "numa-memory-remote", "cpu-pin-overlap" },
}, beside[] = {
	{ "ksm-enable", "ksm-enable" },
	{ "ksm-enable", "halt-poll-off" },
	{ "ksm-disable", "hugepages-suggest" },
	{ "halt-poll-off", "halt-poll-tune" },
	{ "numa-balancing-off", "numa-memory-remote" },
	{ "balloon-reclaim", "mem-swappiness" },
	{ "hugepages-suggest", "thp-mode" },
	{ "mem-locked", "exit-x2apic" },
};

static bool do_clash(const char *a, const char *b)
{
	const struct rule *one = rule_find(a), *other = rule_find(b);

	print_message("%s, %s\n", a, b);
	assert_non_null(one);
	assert_non_null(other);
	assert_true(rules_clash(one, other) == rules_clash(other, one));
	return rules_clash(one, other);
}

/* What one sets up the other takes down; what has nothing to do with it waits for nobody. */
static void test_opposites_exclude_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(opposed) / sizeof(opposed[0]); i++)
		assert_true(do_clash(opposed[i].a, opposed[i].b));
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		assert_false(do_clash(beside[i].a, beside[i].b));
}

/* ---- what is over, but not for long enough ---- */

/* The examples of one rule, once more. */
static struct {
	struct example example[40];
	size_t n;
} kept;

/* Of each guest that was spoken of and is no longer bad. */
static size_t words_repeated;

static void check_over(struct example *e, const struct snapshot *s, const struct row *finding)
{
	struct plan plan;
	bool is_there = advisor_plan(e->advisor, s, finding, &plan);

	if (finding_is_over(finding)) {
		words_repeated++;
		if (!begins(cell_text(finding, FINDING_EVIDENCE), "Over just now: ") || is_there)
			complain_at(
			    e, 0, "it is over, but says: %s", cell_text(finding, FINDING_EVIDENCE));
	} else if (begins(cell_text(finding, FINDING_EVIDENCE), "Over just now: ")) {
		complain_at(e, 0, "it is not over, but says so");
	}
	plan_done(&plan);
}

/* Of two hosts that are alike but for what the rule is about, the one becomes the other. */
static void become(struct example *e, const struct example *other)
{
	struct example then = *other;

	e->now_s = 0;
	e->before = NULL;
	e->advisor = advisor_new();
	choose_rule(e);
	configure(e);
	for (size_t i = 0; i < 2; i++) {
		const char *name = i ? "clear-for" : "for";
		char *key = xasprintf("%s.%s", e->rule, name), *error = NULL;

		assert_int_equal(advisor_set(e->advisor, key, i ? "1h" : "0s", &error), 0);
		free(key);
	}
	pass_time(e);
	judge_at(e, e->lines);
	then.advisor = e->advisor;
	then.before = e->before;
	for (int i = 0; i < 2; i++) {
		then.now_s = e->now_s + STEP_S * (i + 1);
		judge_at(&then, then.lines);
		for (size_t k = 0; k < then.before->table[TABLE_FINDING].n; k++) {
			const struct row *row = then.before->table[TABLE_FINDING].row[k];

			if (finding_level(row) != LEVEL_NONE)
				check_over(&then, then.before, row);
		}
	}
	snapshot_unref(then.before);
	advisor_free(e->advisor);
}

static void let_all_become_all(void)
{
	for (size_t i = 0; i < kept.n; i++)
		for (size_t k = 0; k < kept.n; k++)
			if (begins(kept.example[i].line[0], "= fires"))
				become(&kept.example[i], &kept.example[k]);
	for (size_t i = 0; i < kept.n; i++) {
		for (int l = 0; l < kept.example[i].lines; l++)
			free((char *)kept.example[i].line[l]);
		free(kept.example[i].line);
	}
	kept.n = 0;
}

static void keep_example(struct example *e)
{
	struct example *mine;

	if (kept.n > 0 && strcmp(kept.example[0].rule, e->rule) != 0)
		let_all_become_all();
	assert_true(kept.n < sizeof(kept.example) / sizeof(kept.example[0]));
	mine = &kept.example[kept.n++];
	*mine = (struct example){ .file = rule_find(e->rule)->id,
		.rule = rule_find(e->rule)->id,
		.first = e->first,
		.lines = e->lines };
	mine->line = xcalloc((size_t)e->lines, sizeof(*mine->line));
	for (int l = 0; l < e->lines; l++)
		mine->line[l] = xstrdup(e->line[l]);
}

/* A rule speaks of what it sees: once that is gone, it must not be asked for words. */
static void test_what_is_over_repeats_its_words(void **state)
{
	(void)state;
	run_examples(keep_example);
	let_all_become_all();
	assert_int_equal(failures, 0);
	assert_in_range(words_repeated, 300, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_those_that_move_guests_exclude_each_other),
		cmocka_unit_test(test_what_is_excluded_is_a_rule),
		cmocka_unit_test(test_opposites_exclude_each_other),
		cmocka_unit_test(test_what_is_over_repeats_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
