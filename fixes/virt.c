/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of libvirt that may never return: each is made by a thread of its own, and whoever asked
 * waits only as long as he said. The call belongs to both; the last of them frees it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/libvirt_module.h"
#include "base/print.h"
#include "base/sanitize.h"
#include "base/xalloc.h"
#include "fixes/site.h"

enum what { CALL_OPEN, CALL_GET, CALL_SET };

struct call {
	pthread_mutex_t lock;
	pthread_cond_t over;
	unsigned owners;
	bool is_over;

	enum what what;
	bool readonly;
	const struct virt_ops *ops;
	struct virt *virt; /* also what was opened */
	struct virt_place place;
	char *uuid, *target, *value;

	int result;
	char *answer;
	char error[VIRT_ERROR_SIZE];
};

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static struct call *call_new(
    struct site *s, enum what what, const struct virt_place *place, const char *value)
{
	struct call *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t monotonic;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->over, &monotonic);
	pthread_condattr_destroy(&monotonic);
	c->owners = 2;
	c->what = what;
	c->readonly = s->readonly;
	c->ops = s->ops;
	c->virt = s->virt;
	c->value = dup_or_null(value);
	if (!place)
		return c;
	c->uuid = dup_or_null(place->uuid);
	c->target = dup_or_null(place->target);
	c->place = (struct virt_place){ place->kind, c->uuid, c->target, place->saved };
	return c;
}

static void call_drop(struct call *c)
{
	bool last;

	pthread_mutex_lock(&c->lock);
	last = --c->owners == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	pthread_cond_destroy(&c->over);
	pthread_mutex_destroy(&c->lock);
	free(c->uuid);
	free(c->target);
	free(c->value);
	free(c->answer);
	free(c);
}

static void *make_call(void *arg)
{
	struct call *c = arg;
	int r;

	if (c->what == CALL_OPEN)
		r = c->ops->open(c->value, c->readonly, &c->virt, c->error);
	else if (c->what == CALL_GET)
		r = c->ops->get(c->virt, &c->place, &c->answer, c->error);
	else
		r = c->ops->set(c->virt, &c->place, c->value, c->error);
	pthread_mutex_lock(&c->lock);
	/* Nobody waits any more: what it opened is of no use. */
	if (c->what == CALL_OPEN && r == 0 && c->owners == 1)
		c->ops->close(c->virt);
	c->result = r;
	c->is_over = true;
	pthread_cond_signal(&c->over);
	pthread_mutex_unlock(&c->lock);
	call_drop(c);
	return NULL;
}

static bool wait_for(struct call *c, uint64_t patience_ns)
{
	uint64_t until_ns = clock_mono_ns() + patience_ns;
	struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };
	int r = 0;
	bool is_over;

	pthread_mutex_lock(&c->lock);
	while (!c->is_over && r == 0)
		r = pthread_cond_timedwait(&c->over, &c->lock, &until);
	is_over = c->is_over;
	pthread_mutex_unlock(&c->lock);
	return is_over;
}

static void say_error(const struct call *c, int r, struct text *why)
{
	char *clean = sanitize_dup(c->error, strlen(c->error));

	print_format(why, "libvirt: %s", *clean ? clean : strerror(-r));
	free(clean);
}

/* Frees the call. */
static int run_call(struct site *s, struct call *c, char **ret_answer, struct text *why)
{
	pthread_attr_t detached;
	pthread_t thread;
	int r;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	r = -pthread_create(&thread, &detached, make_call, c);
	pthread_attr_destroy(&detached);
	if (r < 0) {
		c->owners = 1;
		print_format(why, "no thread can be had: %s", strerror(-r));
	} else if (!wait_for(c, s->patience_ns)) {
		r = -ETIMEDOUT;
		s->is_hung = true;
		print_format(why, "libvirt has not answered for %.0f s",
		    (double)s->patience_ns / (double)NS_PER_SEC);
	} else if (c->result < 0) {
		r = c->result;
		say_error(c, r, why);
	} else if (c->what == CALL_OPEN) {
		s->virt = c->virt;
	} else if (ret_answer) {
		*ret_answer = c->answer;
		c->answer = NULL;
	}
	call_drop(c);
	return r;
}

static int load_ops(struct site *s, struct text *why)
{
	char error[VIRT_ERROR_SIZE] = "";
	void *module = libvirt_module_load(error, sizeof(error));
	const struct virt_ops *ops = module ? dlsym(module, VIRT_OPS_SYMBOL) : NULL;

	if (module && (!ops || ops->version != VIRT_OPS_VERSION)) {
		snprintf(error, sizeof(error), LIBVIRT_MODULE " is of another version of kvmtop");
		ops = NULL;
	}
	if (!ops) {
		print_text(why, error);
		return -ENOPKG;
	}
	s->ops = ops;
	return 0;
}

/* As for reading: the guests of a host are those of the system. */
static const char *uri_of(const struct site *s)
{
	const char *uri = s->uri ? s->uri : secure_getenv("LIBVIRT_DEFAULT_URI");

	return uri && *uri ? uri : "qemu:///system";
}

static int connect_virt(struct site *s, struct text *why)
{
	int r;

	if (s->is_hung) {
		print_text(why, "libvirt has not answered before");
		return -ETIMEDOUT;
	}
	if (s->virt)
		return 0;
	if (s->uri && strcmp(s->uri, "none") == 0) {
		print_text(why, "libvirt is switched off by -c none");
		return -ENOPKG;
	}
	r = s->ops ? 0 : load_ops(s, why);
	if (r == 0)
		r = run_call(s, call_new(s, CALL_OPEN, NULL, uri_of(s)), NULL, why);
	if (r == 0 && s->is_live && !s->ops->is_local(s->virt)) {
		s->ops->close(s->virt);
		s->virt = NULL;
		print_text(why, "its guests are on another host");
		r = -EREMOTE;
	}
	return r;
}

int site_get(struct site *s, const struct virt_place *place, char **ret, struct text *why)
{
	int r = connect_virt(s, why);

	return r < 0 ? r : run_call(s, call_new(s, CALL_GET, place, NULL), ret, why);
}

int site_set(struct site *s, const struct virt_place *place, const char *value, struct text *why)
{
	int r = connect_virt(s, why);

	return r < 0 ? r : run_call(s, call_new(s, CALL_SET, place, value), NULL, why);
}
