/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every rule would do in its examples, done and undone on a host that stands as the plan
 * expects it: afterwards no byte is another.
 */
#include "tests/unit/a_host_to_fix.h"
#include "tests/unit/an_example.h"

static int plans;
/* Of each rule: findings whose plan came there and back, and those of which nothing outlasts the
 * next start. */
static int *carried, *passing;

/* What stands there now; something else than what shall come where nobody knows. */
static const char *stands(const struct action *a)
{
	if (a->expected)
		return a->expected;
	return strcmp(a->value, "0") == 0 ? "1" : "0";
}

static void put_line(const struct a_site *a, const char *path, const char *value)
{
	char *line = xasprintf("%s\n", value);

	put_file(a, path, line);
	free(line);
}

static void put_sysctl(const struct a_site *a, const struct action *action)
{
	char *path = xasprintf("proc/sys/%s", action->target);

	for (char *p = path + strlen("proc/sys/"); *p; p++)
		if (*p == '.')
			*p = '/';
	put_line(a, path, stands(action));
	free(path);
}

static void put_pool(const struct a_site *a, const struct action *action)
{
	const char *size = strchr(action->target, ' ');
	char *path;

	assert_non_null(size);
	path = xasprintf("sys/devices/system/node/%.*s/hugepages/hugepages-%skB/nr_hugepages",
	    (int)(size - action->target), action->target, size + 1);
	put_line(a, path, stands(action));
	free(path);
}

static void put_directory(const struct a_site *a, const char *path)
{
	char *other = xasprintf("%.*s/other", (int)(strrchr(path, '/') - path), path);

	put_file(a, other, "");
	free(other);
}

/* The process that the plan takes for the guest, with pages of which most lie on node 1. */
static void put_guest(const struct a_site *a, const struct action *action)
{
	unsigned long long pid = action->guest.owner;
	char *path = xasprintf("proc/%llu/stat", pid), *stat;

	stat = xasprintf("%llu (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 %llu 0 0 0\n", pid,
	    (unsigned long long)key_start_ticks(action->guest));
	put_file(a, path, stat);
	free(stat);
	free(path);
	path = xasprintf("proc/%llu/maps", pid);
	put_file(a, path, "7f0000000000-7f0000008000 rw-p 00000000 00:00 0\n");
	free(path);
	path = xasprintf("%s/proc/%llu/numa_maps", a->tree, pid);
	unlink(path);
	assert_int_equal(symlink("../4242/numa_maps", path), 0);
	free(path);
}

static void put_thread(const struct a_site *a, const struct action *action)
{
	char *path = xasprintf(
	    "proc/%llu/task/%s/stat", (unsigned long long)action->guest.owner, action->target);

	put_file(a, path, "1 (qemu) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 1 0 0 0\n");
	free(path);
}

static void put_virt(const struct action *a)
{
	struct virt_place place = { a->kind, GUEST_UUID, a->target, false };
	struct fake_value *there = fake_find(&place);

	/* What is saved is there already: the definition. */
	if (a->saved || a->kind == ACTION_DEFINE)
		return;
	if (!there) {
		fake_put(a->kind, a->target, false, stands(a));
	} else {
		free(there->text);
		there->text = xstrdup(stands(a));
	}
}

/* As libvirt would write it, for that is what it is compared with in the end. */
static void put_xml(void)
{
	static const char topology[] = "<topology sockets='7' dies='1' cores='1' threads='1'/>";
	struct text why = { 0 };
	char *xml, *plain;

	assert_int_equal(
	    define_set(XML, "devices/memballoon", "<memballoon model='virtio'/>", &plain, &why), 0);
	/* What a plan takes out must be there. */
	assert_int_equal(define_set(plain, "cpu/topology", topology, &xml, &why), 0);
	free(plain);
	fake_put(ACTION_DEFINE, "", false, xml);
	free(fake_find(&(struct virt_place){ ACTION_DEFINE, GUEST_UUID, "", true })->text);
	fake_find(&(struct virt_place){ ACTION_DEFINE, GUEST_UUID, "", true })->text = xml;
	text_done(&why);
}

static void put_what_stands(const struct a_site *a, const struct action *action)
{
	if (action->domain)
		put_guest(a, action);
	switch (action->kind) {
	case ACTION_WRITE:
		put_line(a, action->target, stands(action));
		break;
	case ACTION_SYSCTL:
		put_sysctl(a, action);
		break;
	case ACTION_AWAIT:
		put_line(a, action->target, action->value);
		break;
	case ACTION_HUGE_POOL:
		put_pool(a, action);
		break;
	case ACTION_AFFINITY:
		put_thread(a, action);
		snprintf(affinity, sizeof(affinity), "%s", stands(action));
		break;
	case ACTION_DROP_IN:
		put_directory(a, action->target);
		break;
	case ACTION_MODULE:
	case ACTION_MIGRATE_PAGES:
		break;
	default:
		put_virt(action);
		break;
	}
}

static bool moves_pages(const struct fix *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->step[i].action.kind == ACTION_MIGRATE_PAGES)
			return true;
	return false;
}

/* Which pages go back is nobody's concern, only how many. */
static char *text_before_pages(const struct a_site *a, const struct fix *f)
{
	char *text = host_text(a);

	if (moves_pages(f))
		text[strlen(text) - PAGES] = '\0';
	return text;
}

/* Examples name guests and leave it at that. */
static void give_uuid(struct action *a)
{
	if (a->domain && !a->uuid)
		a->uuid = xstrdup(GUEST_UUID);
}

static bool there_and_back(struct example *e, const struct plan *p, bool lasting)
{
	struct action *action = lasting ? p->lasting : p->action;
	size_t n = lasting ? p->lasting_n : p->n;
	struct fix f = { 0 }, back;
	char *before, *after;
	bool is_back = false;
	struct a_site a;

	host_init(&a);
	a.site.await_ns = NS_PER_MS;
	put_xml();
	/* From the last on: a plan may set the same twice, and what it finds then is its own doing.
	 */
	while (n-- > 0) {
		put_what_stands(&a, &action[n]);
		give_uuid(&action[n]);
	}
	fix_of_plan(&f, p, lasting);
	f.rule = xstrdup(e->rule);
	f.subject = xstrdup("a subject");
	before = text_before_pages(&a, &f);
	apply(&a, &f);
	if (f.ending != ENDING_DONE) {
		complain_at(e, 0, "%s%s: %s", lasting ? "lasting: " : "", ending_name(f.ending),
		    f.why ? f.why : "");
	} else {
		undo(&a, 0, &back);
		if (back.ending != ENDING_DONE)
			complain_at(e, 0, "%sundo: %s: %s", lasting ? "lasting: " : "",
			    ending_name(back.ending), back.why ? back.why : "");
		else
			check_journal(&a, &f, action, lasting ? p->lasting_n : p->n);
		fix_done(&back);
		after = text_before_pages(&a, &f);
		is_back = strcmp(before, after) == 0;
		if (!is_back)
			complain_at(e, 0, "%sundone it is\n%s\nand not\n%s",
			    lasting ? "lasting: " : "", after, before);
		free(after);
	}
	free(before);
	fix_done(&f);
	a_site_done(&a);
	plans++;
	return is_back;
}

static bool outlasts_a_start(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->action[i].saved || p->action[i].kind == ACTION_DEFINE ||
		    p->action[i].kind == ACTION_DROP_IN)
			return true;
	return false;
}

static size_t number_of(const struct rule *rule)
{
	size_t number = 0;

	while (rule_at(number) != rule)
		number++;
	return number;
}

/* What is written for good is done only when a name was typed. */
static void check_class(struct example *e, const struct row *finding, const struct plan *p)
{
	const struct rule *rule = finding_rule(finding);

	if (outlasts_a_start(p) != (finding_class(finding) == FIX_C) && rule->fix != FIX_C)
		complain_at(e, 0, "its plan is of class %s", cell_text(finding, FINDING_CLASS));
	if (outlasts_a_start(p) && !finding_confirmation(finding, false))
		complain_at(e, 0, "its plan lasts, and no name is asked for");
	passing[number_of(rule)] += !outlasts_a_start(p);
}

/* --script prints them: none may ask for an editor. */
static void check_commands(struct example *e, const struct action *action, size_t n)
{
	struct text command = { 0 };

	for (size_t i = 0; i < n; i++) {
		command.len = 0;
		kind_command(&action[i], action[i].value, &command);
		if (begins(command.p, "virsh edit"))
			complain_at(e, 0, "%s", command.p);
	}
	text_done(&command);
}

static void check_example(struct example *e)
{
	const struct table *t = &e->before->table[TABLE_FINDING];

	for (size_t i = 0; i < t->n; i++) {
		struct plan plan;

		if (finding_level(t->row[i]) == LEVEL_NONE || !t->row[i]->about)
			continue;
		if (advisor_plan(e->advisor, e->before, t->row[i], &plan)) {
			check_class(e, t->row[i], &plan);
			carried[number_of(finding_rule(t->row[i]))] +=
			    there_and_back(e, &plan, false);
		}
		check_commands(e, plan.action, plan.n);
		check_commands(e, plan.lasting, plan.lasting_n);
		if (plan.lasting_n)
			there_and_back(e, &plan, true);
		plan_done(&plan);
	}
}

static void every_plan_goes_there_and_back(void **state)
{
	(void)state;
	carried = xcalloc(rules_count(), sizeof(*carried));
	passing = xcalloc(rules_count(), sizeof(*passing));
	run_examples(check_example);
	print_message("%d plans\n", plans);
	assert_true(plans > 50);
	for (size_t i = 0; i < rules_count(); i++) {
		const struct rule *rule = rule_at(i);

		if (rule->fix != FIX_NONE && !carried[i])
			fail_msg("no plan of %s was carried out", rule->id);
		/* Not all that it ever does asks for more than it says. */
		if ((rule->fix == FIX_A || rule->fix == FIX_B) && !passing[i])
			fail_msg("all that %s does outlasts the next start", rule->id);
	}
	free(carried);
	free(passing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plan_goes_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
