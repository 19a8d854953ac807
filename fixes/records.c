/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal, read. It may have been torn or edited: what makes no sense is counted and skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/print.h"
#include "base/sanitize.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "fixes/journal.h"
#include "fixes/journal_inner.h"
#include "fixes/kinds.h"

#define JOURNAL_MAX ((size_t)64 << 20)
#define STEPS_MAX 4096

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && json_object_is_type(v, json_type_string)
		   ? json_object_get_string(v)
		   : NULL;
}

static char *dup_text(struct json_object *o, const char *name)
{
	const char *text = text_of(o, name);

	return text ? xstrdup(text) : NULL;
}

/* Words that are only shown. */
static char *dup_clean(struct json_object *o, const char *name)
{
	const char *text = text_of(o, name);

	return text ? sanitize_dup(text, strlen(text)) : NULL;
}

static uint64_t number_of(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && json_object_is_type(v, json_type_int)
		   ? json_object_get_uint64(v)
		   : 0;
}

static double double_of(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ? json_object_get_double(v) : NAN;
}

static bool truth_of(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && json_object_get_boolean(v);
}

/* False: it is no step. */
static bool take_step(struct json_object *o, struct step *ret)
{
	const char *kind = text_of(o, "kind");
	struct action *a = &ret->action;

	if (!kind || !text_of(o, "target") || !text_of(o, "new"))
		return false;
	a->kind = action_kind_find(kind);
	if (a->kind == ACTION_KINDS)
		return false;
	a->target = dup_text(o, "target");
	a->value = dup_text(o, "new");
	a->domain = dup_clean(o, "domain");
	a->uuid = dup_text(o, "uuid");
	a->saved = truth_of(o, "saved");
	if (number_of(o, "pid"))
		a->guest =
		    (struct key){ .owner = number_of(o, "pid"), .born = number_of(o, "start") + 1 };
	ret->old = dup_text(o, "old");
	ret->state = dup_text(o, "state");
	return true;
}

static bool take_steps(struct json_object *o, struct fix *f)
{
	struct json_object *list;
	size_t n;

	if (!json_object_object_get_ex(o, "steps", &list) ||
	    !json_object_is_type(list, json_type_array))
		return false;
	n = json_object_array_length(list);
	if (n > STEPS_MAX)
		return false;
	f->step = xcalloc(n + 1, sizeof(*f->step));
	for (; f->n < n; f->n++)
		if (!take_step(json_object_array_get_idx(list, f->n), &f->step[f->n]))
			return false;
	return true;
}

/* Older ones do not tell it. */
static bool take_lasting(struct json_object *o, struct fix *f)
{
	struct json_object *list;
	size_t n;

	if (!json_object_object_get_ex(o, "lasting", &list))
		return true;
	n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;
	if (n > STEPS_MAX)
		return false;
	f->lasting = xcalloc(n + 1, sizeof(*f->lasting));
	for (; f->lasting_n < n; f->lasting_n++) {
		struct step s = { .result = RESULT_NONE };

		if (!take_step(json_object_array_get_idx(list, f->lasting_n), &s))
			return false;
		free(s.old);
		free(s.state);
		f->lasting[f->lasting_n] = s.action;
	}
	return true;
}

static char *who_of(struct json_object *o)
{
	char *sudo = dup_clean(o, "sudo_user"), *tty = dup_clean(o, "tty");
	uint64_t uid = number_of(o, "uid");
	struct text who = { 0 };

	if (sudo)
		print_format(&who, "%s by sudo", sudo);
	else if (uid == 0)
		print_text(&who, "root");
	else
		print_format(&who, "uid %llu", (unsigned long long)uid);
	if (tty)
		print_format(&who, " on %s", tty);
	free(sudo);
	free(tty);
	return who.p;
}

static void record_done(struct record *r)
{
	fix_done(&r->fix);
	free(r->time);
	free(r->who);
	free(r->effect);
}

static struct record *find(struct records *h, uint64_t id)
{
	for (size_t i = h->n; i-- > 0;)
		if (h->record[i].fix.id == id)
			return &h->record[i];
	return NULL;
}

static bool take_intent(struct records *h, struct json_object *o, uint64_t id)
{
	struct record r = { .after = NAN };

	r.fix.id = id;
	r.fix.figure = double_of(o, "figure");
	r.fix.undoes = number_of(o, "undoes");
	if (id == 0 || find(h, id) || !take_steps(o, &r.fix) || !take_lasting(o, &r.fix)) {
		record_done(&r);
		return false;
	}
	r.fix.rule = dup_clean(o, "rule");
	r.fix.subject = dup_clean(o, "subject");
	r.fix.title = dup_clean(o, "title");
	r.time = dup_clean(o, "time");
	r.who = who_of(o);
	h->record = xgrow(h->record, h->n, &h->cap, sizeof(*h->record));
	h->record[h->n++] = r;
	return true;
}

static void replace(char **text, char *new)
{
	if (!new)
		return;
	free(*text);
	*text = new;
}

static bool take_result(struct record *r, struct json_object *o)
{
	uint64_t number = number_of(o, "number");
	const char *result = text_of(o, "result");
	struct step *s;

	if (number >= r->fix.n || !result)
		return false;
	s = &r->fix.step[number];
	for (enum result k = 0; k < RESULTS; k++)
		if (strcmp(result, result_name(k)) == 0)
			s->result = k;
	replace(&s->old, dup_text(o, "old"));
	replace(&s->left, dup_text(o, "left"));
	replace(&s->why, dup_clean(o, "why"));
	return true;
}

/* An undo that is undone itself leaves the first fix standing again. */
static void mark_undone(struct records *h, const struct fix *undo)
{
	struct record *undone = find(h, undo->undoes), *first;

	if (!undone || (undo->ending != ENDING_DONE && undo->ending != ENDING_PART))
		return;
	undone->undone_by = undo->id;
	first = undone->fix.undoes ? find(h, undone->fix.undoes) : NULL;
	if (first)
		first->undone_by = 0;
}

static bool take_over(struct records *h, struct record *r, struct json_object *o)
{
	const char *result = text_of(o, "result");

	for (enum ending k = ENDING_DONE; result && k < ENDINGS; k++)
		if (strcmp(result, ending_name(k)) == 0)
			r->fix.ending = k;
	replace(&r->fix.why, dup_clean(o, "why"));
	if (r->fix.undoes)
		mark_undone(h, &r->fix);
	return result != NULL;
}

static bool take_entry(struct records *h, struct json_object *o)
{
	const char *entry = text_of(o, "entry");
	uint64_t id = number_of(o, "id");
	struct record *r = find(h, id);

	if (!entry)
		return false;
	if (strcmp(entry, "intent") == 0)
		return take_intent(h, o, id);
	if (!r)
		return false;
	if (strcmp(entry, "step") == 0)
		return take_result(r, o);
	if (strcmp(entry, "over") == 0)
		return take_over(h, r, o);
	if (strcmp(entry, "effect") != 0)
		return true; /* of a later kvmtop */
	replace(&r->effect, dup_clean(o, "text"));
	r->after = double_of(o, "after");
	return true;
}

static void take_line(struct records *h, struct slice line)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *o =
	    tokener ? json_tokener_parse_ex(tokener, line.p, (int)line.len) : NULL;

	/* What is cut off is no object yet. */
	if (!o || !json_object_is_type(o, json_type_object) || !take_entry(h, o))
		h->damaged++;
	json_object_put(o);
	json_tokener_free(tokener);
}

static int read_file(const char *directory, struct text *ret)
{
	char *path = xasprintf("%s/" JOURNAL_FILE, directory), buf[16384];
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r = 0;
	struct stat st;
	ssize_t n = 1;

	free(path);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = -EINVAL;
	while (r == 0 && n != 0) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n > 0)
			text_append(ret, buf, (size_t)n);
		if (ret->len > JOURNAL_MAX)
			r = -EFBIG;
	}
	close(fd);
	return r;
}

void journal_parse(const char *text, size_t len, struct records *ret)
{
	struct cursor c;
	struct slice line;

	*ret = (struct records){ 0 };
	cursor_init(&c, text, len);
	while (cursor_split(&c, '\n', &line))
		if (line.len)
			take_line(ret, line);
}

int journal_read(const char *directory, struct records *ret)
{
	struct text text = { 0 };
	int r = read_file(directory, &text);

	journal_parse(text.len ? text.p : "", r == 0 ? text.len : 0, ret);
	text_done(&text);
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

void records_done(struct records *h)
{
	for (size_t i = 0; i < h->n; i++)
		record_done(&h->record[i]);
	free(h->record);
	*h = (struct records){ 0 };
}

const struct record *records_find(const struct records *h, uint64_t id)
{
	return find((struct records *)h, id);
}

bool record_can_undo(const struct record *r)
{
	switch (r->fix.ending) {
	case ENDING_REFUSED:
	case ENDING_BACK:
	case ENDINGS:
		return false;
	default:
		return r->undone_by == 0;
	}
}

const struct record *records_last(const struct records *h)
{
	return records_before(h, NULL);
}

const struct record *records_before(const struct records *h, const struct record *r)
{
	for (size_t i = r ? (size_t)(r - h->record) : h->n; i-- > 0;)
		if (record_can_undo(&h->record[i]) && h->record[i].fix.undoes == 0)
			return &h->record[i];
	return NULL;
}

static bool is_about(const struct fix *f, const char *subject)
{
	const struct action *a = &f->lasting[0];

	return (f->subject && strcmp(f->subject, subject) == 0) ||
	       (a->domain && strcmp(a->domain, subject) == 0) ||
	       (a->uuid && strcmp(a->uuid, subject) == 0);
}

const struct record *records_to_last(const struct records *h, const char *rule, const char *subject)
{
	for (size_t i = h->n; i-- > 0;) {
		const struct record *r = &h->record[i];

		if (r->fix.lasting_n && r->fix.rule && strcmp(r->fix.rule, rule) == 0 &&
		    (r->fix.ending == ENDING_DONE || r->fix.ending == ENDING_PART) &&
		    !r->undone_by && (!subject || is_about(&r->fix, subject)))
			return r;
	}
	return NULL;
}
