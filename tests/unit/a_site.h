/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host in a directory that fixes may change, with a libvirt and system calls of the test's own.
 */
#ifndef KVMTOP_TESTS_A_SITE_H
#define KVMTOP_TESTS_A_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/print.h"
#include "base/xalloc.h"
#include "fixes/define.h"
#include "fixes/fix.h"
#include "fixes/journal.h"
#include "fixes/kinds.h"
#include "fixes/site.h"
#include "fixes/undo.h"

#define GUEST_PID 4242
#define GUEST_START 777
#define GUEST_UUID "11111111-2222-3333-4444-555555555555"

struct a_site {
	char directory[32]; /* tree/ and journal/ are in it */
	char *tree, *journal;
	struct site site;
	struct progress progress;
};

/* ---- libvirt ---- */

struct fake_value {
	enum action_kind kind;
	char *target;
	bool saved;
	char *text;
};

static struct {
	struct fake_value value[32];
	size_t n;
	enum action_kind fails;  /* set of this kind fails */
	enum action_kind denies; /* set of this kind does as if */
	bool hangs;              /* set never answers until this is false */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned sets;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct virt {
	char nothing;
};

static void fake_reset(void)
{
	for (size_t i = 0; i < fake.n; i++) {
		free(fake.value[i].target);
		free(fake.value[i].text);
	}
	fake.n = 0;
	fake.fails = fake.denies = ACTION_KINDS;
	fake.hangs = false;
	fake.sets = 0;
}

static inline void fake_put(enum action_kind kind, const char *target, bool saved, const char *text)
{
	assert_true(fake.n < sizeof(fake.value) / sizeof(fake.value[0]));
	fake.value[fake.n++] = (struct fake_value){ kind, xstrdup(target), saved, xstrdup(text) };
}

static struct fake_value *fake_find(const struct virt_place *p)
{
	for (size_t i = 0; i < fake.n; i++) {
		struct fake_value *v = &fake.value[i];

		if (v->kind == (p->saved ? ACTION_DEFINE : p->kind) && v->saved == p->saved &&
		    (p->saved || strcmp(v->target, p->target) == 0))
			return v;
	}
	return NULL;
}

/* What a definition says of a setting is a comment at its end; "" where it says nothing. */
static char *fake_comment(const struct virt_place *p)
{
	return xasprintf("<!--%s %s=", action_kind_name(p->kind), p->target);
}

static char *fake_saved(const char *xml, const struct virt_place *p)
{
	char *comment = fake_comment(p), *value;
	const char *at = strstr(xml, comment);

	at = at ? at + strlen(comment) : "-->";
	value = xstrndup(at, (size_t)(strstr(at, "-->") - at));
	free(comment);
	return value;
}

static char *fake_save(const char *xml, const struct virt_place *p, const char *value)
{
	char *comment = fake_comment(p), *after;
	const char *at = strstr(xml, comment);
	size_t len = at ? (size_t)(at - xml) : strlen(xml);

	after = xasprintf(
	    "%.*s%s%s-->%s", (int)len, xml, comment, value, at ? strstr(at, "-->") + 3 : "");
	free(comment);
	return after;
}

static int fake_open(const char *uri, bool readonly, struct virt **ret, char *error)
{
	static struct virt v;

	(void)uri;
	(void)readonly;
	(void)error;
	*ret = &v;
	return 0;
}

static void fake_close(struct virt *v)
{
	(void)v;
}

static bool fake_is_local(struct virt *v)
{
	(void)v;
	return true;
}

static int fake_get(struct virt *v, const struct virt_place *p, char **ret, char *error)
{
	struct fake_value *found = fake_find(p);

	(void)v;
	if (!found) {
		snprintf(error, VIRT_ERROR_SIZE, "no such \033[31mthing\nof \u202eyours");
		return -ENOENT;
	}
	*ret = p->saved && p->kind != ACTION_DEFINE ? fake_saved(found->text, p)
						    : xstrdup(found->text);
	return 0;
}

/* What is read in the XML of a guest is written there. */
static bool fake_is_in_xml(const struct virt_place *p)
{
	return p->kind == ACTION_STATS_PERIOD || (p->kind == ACTION_BALLOON && p->saved);
}

static int fake_set_in_xml(struct fake_value *xml, const struct virt_place *p, const char *value)
{
	bool period = p->kind == ACTION_STATS_PERIOD;
	char *element = period ? xasprintf("<stats period='%s'/>", value)
			       : xasprintf("<currentMemory>%s</currentMemory>", value);
	struct text why = { 0 };
	char *changed;
	int r = define_set(xml->text, period ? "devices/memballoon/stats" : "currentMemory",
	    period && strcmp(value, "0") == 0 ? "" : element, &changed, &why);

	if (r == 0) {
		free(xml->text);
		xml->text = changed;
	}
	text_done(&why);
	free(element);
	return r;
}

static int fake_set(struct virt *v, const struct virt_place *p, const char *value, char *error)
{
	struct virt_place xml = { ACTION_DEFINE, p->uuid, "", p->saved };
	struct fake_value *found = fake_find(fake_is_in_xml(p) ? &xml : p);

	(void)v;
	pthread_mutex_lock(&fake.lock);
	fake.sets++;
	while (fake.hangs)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
	if (p->kind == fake.fails || !found) {
		snprintf(error, VIRT_ERROR_SIZE, "it fails");
		return -EIO;
	}
	if (p->kind == fake.denies)
		return 0;
	if (fake_is_in_xml(p))
		return fake_set_in_xml(found, p, value);
	{
		char *old = found->text;

		found->text = p->saved && p->kind != ACTION_DEFINE ? fake_save(old, p, value)
								   : xstrdup(value);
		free(old);
	}
	return 0;
}

static const struct virt_ops fake_ops = {
	.version = VIRT_OPS_VERSION,
	.open = fake_open,
	.close = fake_close,
	.is_local = fake_is_local,
	.get = fake_get,
	.set = fake_set,
};

static inline const char *fake_text(enum action_kind kind, const char *target, bool saved)
{
	struct virt_place p = { kind, GUEST_UUID, target, saved };

	assert_non_null(fake_find(&p));
	return fake_find(&p)->text;
}

/* ---- the directory ---- */

static void put_file(const struct a_site *a, const char *path, const char *content)
{
	char *whole = xasprintf("%s/%s", a->tree, path);
	FILE *f;

	for (char *p = whole + strlen(a->tree) + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(whole, 0755);
			*p = '/';
		}
	f = fopen(whole, "w");
	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(whole);
}

/* "" where there is none. The caller frees it. */
static char *file_text(const char *directory, const char *path)
{
	char *whole = xasprintf("%s/%s", directory, path), buf[4096];
	struct text text = { 0 };
	FILE *f = fopen(whole, "r");
	size_t n;

	text_append(&text, "", 0);
	while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		text_append(&text, buf, n);
	if (f)
		fclose(f);
	free(whole);
	return text.p;
}

static inline void assert_file(const struct a_site *a, const char *path, const char *content)
{
	char *text = file_text(a->tree, path);

	assert_string_equal(text, content);
	free(text);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* All names, modes and contents below a directory. */
static void add_tree(const char *directory, struct text *out)
{
	struct dirent **entry;
	int n = scandir(directory, &entry, NULL, compare_names);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		const char *name = entry[i]->d_name;
		char *path = xasprintf("%s/%s", directory, name);
		struct stat st;

		assert_int_equal(lstat(path, &st), 0);
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			print_format(out, "%s %o\n", path, st.st_mode);
			if (S_ISDIR(st.st_mode)) {
				add_tree(path, out);
			} else if (S_ISREG(st.st_mode)) {
				char *text = file_text(directory, name);

				print_text(out, text);
				free(text);
			}
		}
		free(path);
		free(entry[i]);
	}
	free(entry);
}

static inline char *tree_text(const struct a_site *a)
{
	struct text out = { 0 };

	add_tree(a->tree, &out);
	return out.p;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void a_site_init(struct a_site *a)
{
	strcpy(a->directory, "/tmp/kvmtop-fix-XXXXXX");
	assert_non_null(mkdtemp(a->directory));
	a->tree = xasprintf("%s/tree", a->directory);
	a->journal = xasprintf("%s/state/journal", a->directory);
	assert_int_equal(mkdir(a->tree, 0755), 0);
	a->progress.done = a->progress.total = 0;
	a->progress.stop = false;
	assert_int_equal(site_open(a->tree, NULL, &a->progress, &a->site), 0);
	a->site.ops = &fake_ops;
	fake_reset();
	put_file(a, "proc/4242/stat",
	    "4242 (qemu-system-x86) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 4 0 777 0 0 0\n");
}

static void a_site_done(struct a_site *a)
{
	site_close(&a->site);
	nftw(a->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(a->tree);
	free(a->journal);
	fake_reset();
}

/* ---- fixes ---- */

/* The row of a guest, of which nothing but its name, uuid and process is asked. */
static inline const struct row *the_guest(const char *name)
{
	static struct row *guest;

	if (!guest)
		guest = xcalloc(1, sizeof(*guest) + DOMAIN_COLUMNS * sizeof(struct cell));
	guest->key = key_process(GUEST_PID, GUEST_START);
	guest->cell[DOMAIN_NAME] = (struct cell){ .text = name, .state = STATE_OK };
	guest->cell[DOMAIN_UUID] = (struct cell){ .text = GUEST_UUID, .state = STATE_OK };
	return guest;
}

static struct fix fix_from(struct plan *p)
{
	struct fix f = { 0 };

	fix_of_plan(&f, p, false);
	f.rule = xstrdup("a-rule");
	f.subject = xstrdup("a subject");
	plan_done(p);
	return f;
}

static void apply(struct a_site *a, struct fix *f)
{
	struct journal *j;
	struct text why = { 0 };

	assert_int_equal(journal_open(a->journal, &j, &why), 0);
	if (fix_read(f, &a->site))
		fix_apply(f, &a->site, j);
	journal_close(j);
	text_done(&why);
}

/* The fix is over, and ended so. */
static void ends(struct fix *f, enum ending ending)
{
	if (f->ending != ending)
		print_message("%s: %s\n", ending_name(f->ending), f->why ? f->why : "");
	assert_int_equal(f->ending, ending);
	fix_done(f);
}

static inline void apply_plan(struct a_site *a, struct plan *p, enum ending ending)
{
	struct fix f = fix_from(p);

	apply(a, &f);
	ends(&f, ending);
}

/* As after a restart: all that is known comes from the journal. */
static inline void undo(struct a_site *a, uint64_t id, struct fix *ret)
{
	struct records h;

	assert_int_equal(journal_read(a->journal, &h), 0);
	if (undo_find(&h, id, &a->site, ret))
		apply(a, ret);
	records_done(&h);
}

static inline void undo_ends(struct a_site *a, uint64_t id, enum ending ending)
{
	struct fix f;

	undo(a, id, &f);
	ends(&f, ending);
}

static inline void undo_all(struct a_site *a, enum ending ending)
{
	undo_ends(a, 0, ending);
}

/* Who changed what, from what, and how it ended: of a fix that was done and undone since. */
static inline void check_journal(
    const struct a_site *a, const struct fix *f, const struct action *action, size_t n)
{
	const struct record *r;
	struct records h;

	assert_int_equal(journal_read(a->journal, &h), 0);
	assert_int_equal(h.damaged, 0);
	r = records_find(&h, f->id);
	assert_non_null(r);
	assert_string_equal(r->fix.rule, f->rule);
	assert_string_equal(r->fix.subject, f->subject);
	assert_true(r->who && *r->who && r->time && *r->time);
	assert_int_equal(r->fix.ending, ENDING_DONE);
	assert_int_equal(r->fix.n, n);
	for (size_t i = 0; i < n; i++) {
		const struct step *step = &r->fix.step[i];

		assert_int_equal(step->result, RESULT_DONE);
		assert_int_equal(step->action.kind, action[i].kind);
		assert_string_equal(step->action.target, action[i].target);
		assert_true(step->old && *step->old);
		assert_string_equal(step->action.value, action[i].value);
	}
	assert_int_equal(r->undone_by, f->id + 1);
	records_done(&h);
}

#endif
