/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/capture.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/xalloc.h"
#include "model/snapshot.h"
#include "output/anonymous.h"
#include "output/captured.h"

#define FIRST_BUCKETS 4096

/* A file that was seen at some time. */
struct item {
	struct item *next; /* in its bucket */
	char *path;
	struct blob *blob; /* what it held when it was last seen */
	size_t window;     /* when that was: number of the sample */
};

struct capture {
	pthread_mutex_t lock; /* guards the items */
	struct item **bucket;
	size_t buckets, items;
	struct blob **blob; /* every content there ever was */
	size_t blobs, blob_cap;
	struct captured_sample *sample;
	size_t samples, sample_cap;
	struct anonymous *anonymous; /* NULL: names stay */
};

struct capture *capture_new(bool anonymous)
{
	struct capture *c = xcalloc(1, sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	c->buckets = FIRST_BUCKETS;
	c->bucket = xcalloc(c->buckets, sizeof(*c->bucket));
	c->anonymous = anonymous ? anonymous_new() : NULL;
	return c;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->buckets; i++) {
		for (struct item *item = c->bucket[i], *next; item; item = next) {
			next = item->next;
			free(item->path);
			free(item);
		}
	}
	free(c->bucket);
	for (size_t i = 0; i < c->blobs; i++) {
		free(c->blob[i]->data);
		free(c->blob[i]);
	}
	free(c->blob);
	for (size_t i = 0; i < c->samples; i++)
		free(c->sample[i].file);
	free(c->sample);
	anonymous_free(c->anonymous);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static size_t hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return (size_t)h;
}

static void grow(struct capture *c)
{
	size_t buckets = c->buckets * 4;
	struct item **bucket = xcalloc(buckets, sizeof(*bucket));

	for (size_t i = 0; i < c->buckets; i++) {
		for (struct item *item = c->bucket[i], *next; item; item = next) {
			size_t h = hash(item->path, strlen(item->path)) % buckets;

			next = item->next;
			item->next = bucket[h];
			bucket[h] = item;
		}
	}
	free(c->bucket);
	c->bucket = bucket;
	c->buckets = buckets;
}

static struct item *find(const struct capture *c, const char *path, size_t len)
{
	struct item *item = c->bucket[hash(path, len) % c->buckets];

	while (item && (strncmp(item->path, path, len) != 0 || item->path[len] != '\0'))
		item = item->next;
	return item;
}

static struct item *add(struct capture *c, const char *path)
{
	struct item *item = xcalloc(1, sizeof(*item));
	size_t h;

	if (c->items >= c->buckets)
		grow(c);
	h = hash(path, strlen(path)) % c->buckets;
	item->path = xstrdup(path);
	item->window = SIZE_MAX;
	item->next = c->bucket[h];
	c->bucket[h] = item;
	c->items++;
	return item;
}

static struct blob *new_blob(struct capture *c, const char *data, size_t len, bool is_link)
{
	struct blob *b = xmalloc(sizeof(*b));

	*b = (struct blob){ .data = xmalloc(len + 1), .len = len, .is_link = is_link };
	if (len)
		memcpy(b->data, data, len);
	b->data[len] = '\0';
	c->blob = xgrow(c->blob, c->blobs, &c->blob_cap, sizeof(struct blob *));
	c->blob[c->blobs++] = b;
	return b;
}

/*
 * Within one sample the first reading counts, as the fast lane reads first and rates are taken from
 * that; unless a later one saw more of the file.
 */
static bool is_kept_as_it_is(
    const struct capture *c, const struct item *item, const char *data, size_t len)
{
	const struct blob *b = item->blob;

	if (!b)
		return false;
	if (b->len == len && memcmp(b->data, data, len) == 0)
		return true;
	return item->window == c->samples && !(len > b->len && memcmp(b->data, data, b->len) == 0);
}

static void see(struct capture *c, const char *path, const char *data, size_t len, bool is_link)
{
	struct item *item = find(c, path, strlen(path));

	if (!item)
		item = add(c, path);
	if (!is_kept_as_it_is(c, item, data, len))
		item->blob = new_blob(c, data, len, is_link);
	item->window = c->samples;
}

void capture_seen(void *ctx, enum seen kind, const char *path, const char *data, size_t len)
{
	struct capture *c = ctx;

	pthread_mutex_lock(&c->lock);
	see(c, path, data, len, kind == SEEN_LINK);
	pthread_mutex_unlock(&c->lock);
}

/* The number that a path has at @at, as a directory of its own: "7" in "proc/7/stat". */
static bool number_at(const char *path, size_t at, uint64_t *ret, size_t *ret_end)
{
	size_t len = strcspn(path + at, "/");

	if (path[at + len] != '/' || slice_u64((struct slice){ path + at, len }, ret) < 0)
		return false;
	*ret_end = at + len;
	return true;
}

/* "proc/7/…": the number, and how long "proc/7" is; 0 for all others. */
static uint64_t process_of(const char *path, size_t *ret_len)
{
	uint64_t pid;

	return strncmp(path, "proc/", 5) == 0 && number_at(path, 5, &pid, ret_len) ? pid : 0;
}

static bool blob_begins(const struct blob *b, const char *text)
{
	return b && b->len >= strlen(text) && memcmp(b->data, text, strlen(text)) == 0;
}

/* Threads of the kernel that work for guests, by the names the kernel gives them. */
static bool is_helper(const struct capture *c, const char *path, size_t len)
{
	static const char *const names[] = { "ksmd\n", "khugepaged\n", "vhost-" };
	static const char *const stats[] = { "(ksmd)", "(khugepaged)", "(vhost-" };
	char buf[64];
	const struct item *comm, *stat;
	const char *name;

	snprintf(buf, sizeof(buf), "%.*s/comm", (int)len, path);
	comm = find(c, buf, strlen(buf));
	snprintf(buf, sizeof(buf), "%.*s/stat", (int)len, path);
	stat = find(c, buf, strlen(buf));
	name = stat && stat->blob ? strchr(stat->blob->data, '(') : NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (comm && blob_begins(comm->blob, names[i]))
			return true;
		if (name && strncmp(name, stats[i], strlen(stats[i])) == 0)
			return true;
	}
	return false;
}

static bool names_process(const struct snapshot *s, enum table_id table, int column, double pid)
{
	for (size_t i = 0; i < s->table[table].n; i++)
		if (cell_number(s->table[table].row[i], column, 0) == pid)
			return true;
	return false;
}

static bool is_guests(const struct snapshot *s, uint64_t pid)
{
	double number = (double)pid;

	return names_process(s, TABLE_DOMAIN, DOMAIN_PID, number) ||
	       names_process(s, TABLE_THREAD, THREAD_TID, number) ||
	       names_process(s, TABLE_VCPU, VCPU_TID, number);
}

static bool is_seen(const struct capture *c, const char *dir, size_t len, const char *file)
{
	char path[80];
	const struct item *item;

	snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, file);
	item = find(c, path, strlen(path));
	return item && item->window == c->samples;
}

/* Files of a thread that nobody found in this sample belong to one that has ended. */
static bool thread_has_ended(const struct capture *c, const char *path, size_t len)
{
	uint64_t tid;

	if (strncmp(path + len, "/task/", 6) != 0 || !number_at(path, len + 6, &tid, &len))
		return false;
	return !is_seen(c, path, len, "stat") && !is_seen(c, path, len, "schedstat");
}

/* What kvmtop itself had open, to look at a guest's descriptors, says nothing of the host. */
static bool is_own_descriptor(const char *path)
{
	static const char *const begins[] = { "proc/self/fd/", "proc/thread-self/fd/" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(path, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The verdict on a process, so that it need not be found again for each of its files. */
struct verdict {
	uint64_t pid;
	bool is_kept;
};

static bool is_kept(const struct capture *c, const struct snapshot *s, const struct item *item,
    struct verdict *last)
{
	size_t len = 0;
	uint64_t pid = process_of(item->path, &len);

	if (pid == 0)
		return !is_own_descriptor(item->path);
	if (pid != last->pid)
		*last = (struct verdict){ pid, is_guests(s, pid) || is_helper(c, item->path, len) };
	return last->is_kept && !thread_has_ended(c, item->path, len);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(
	    ((const struct captured_file *)a)->path, ((const struct captured_file *)b)->path);
}

/* Everything known, sorted, so that files of one process stand together. */
static struct captured_file *sort_items(const struct capture *c)
{
	struct captured_file *file = xcalloc(c->items + 1, sizeof(*file));
	size_t n = 0;

	for (size_t i = 0; i < c->buckets; i++)
		for (const struct item *item = c->bucket[i]; item; item = item->next)
			file[n++] = (struct captured_file){ item->path, item->blob };
	if (n > 1)
		qsort(file, n, sizeof(*file), compare_files);
	return file;
}

void capture_begin(struct capture *c)
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->buckets; i++)
		for (struct item *item = c->bucket[i]; item; item = item->next)
			item->window = SIZE_MAX;
	pthread_mutex_unlock(&c->lock);
}

void capture_sample(struct capture *c, const struct snapshot *s)
{
	struct verdict last = { 0 };
	struct captured_file *file;
	size_t n = 0;

	if (c->anonymous)
		anonymous_learn(c->anonymous, s);
	pthread_mutex_lock(&c->lock);
	file = sort_items(c);
	for (size_t i = 0; i < c->items; i++) {
		const struct item *item = find(c, file[i].path, strlen(file[i].path));

		if (is_kept(c, s, item, &last))
			file[n++] = file[i];
	}
	c->sample = xgrow(c->sample, c->samples, &c->sample_cap, sizeof(*c->sample));
	c->sample[c->samples++] =
	    (struct captured_sample){ .moment = s->moment, .file = file, .n = n };
	pthread_mutex_unlock(&c->lock);
}

static bool is_archive(const char *path)
{
	size_t len = strlen(path), suffix = strlen(".host");

	return len > suffix && strcmp(path + len - suffix, ".host") == 0;
}

int capture_write(struct capture *c, const char *path)
{
	int r;

	/* A lane may still be reading; what it sees now is no part of the capture. */
	pthread_mutex_lock(&c->lock);
	if (is_archive(path))
		r = captured_write_archive(c->sample, c->samples, c->anonymous, path);
	else
		r = captured_write_tree(c->sample, c->samples, c->anonymous, path);
	pthread_mutex_unlock(&c->lock);
	return r;
}
