/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands for kvmtop's libvirt module: every guest answers at once, but for those whose monitor the
 * test lets hang or fail.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/libvirt_link.h"
#include "tests/helpers/libvirt_fake.h"

struct libvirt_connection {
	char nothing;
};

extern const struct libvirt_ops kvmtop_libvirt_ops;
extern struct libvirt_fake libvirt_fake;

struct libvirt_fake libvirt_fake = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER };

static int fake_open(const char *uri, void (*changed)(void *ctx, const char *uuid), void *ctx,
    struct libvirt_connection **ret, char *error)
{
	static struct libvirt_connection connection;

	(void)uri;
	(void)error;
	libvirt_fake.on_change = changed;
	libvirt_fake.ctx = ctx;
	*ret = &connection;
	return 0;
}

static void fake_close(struct libvirt_connection *c)
{
	(void)c;
}

static bool yes(struct libvirt_connection *c)
{
	(void)c;
	return true;
}

static const char *fake_driver(struct libvirt_connection *c)
{
	(void)c;
	return "fake";
}

static int fake_count(struct libvirt_connection *c, char *error)
{
	(void)c;
	(void)error;
	libvirt_fake.counts++;
	return libvirt_fake.active;
}

static int fake_list(struct libvirt_connection *c,
    void (*each)(void *ctx, const struct libvirt_guest *guest), void *ctx, char *error)
{
	(void)c;
	libvirt_fake.lists++;
	if (libvirt_fake.refuses) {
		snprintf(error, LIBVIRT_ERROR_SIZE, "no list");
		return -EIO;
	}
	for (int i = 1; i <= libvirt_fake.active; i++) {
		struct libvirt_guest guest = { .id = i, .name = guest.uuid };

		snprintf(guest.uuid, sizeof(guest.uuid), LIBVIRT_FAKE_UUID, i);
		each(ctx, &guest);
	}
	return 0;
}

static int fake_describe(
    struct libvirt_connection *c, const char *uuid, struct libvirt_description *ret, char *error)
{
	(void)c;
	(void)uuid;
	(void)error;
	*ret = (struct libvirt_description){ .state = LIBVIRT_RUNNING };
	return 0;
}

static int fake_definitions(
    struct libvirt_connection *c, libvirt_each_definition each, void *ctx, char *error)
{
	(void)c;
	(void)each;
	(void)ctx;
	(void)error;
	return 0;
}

/* Tells the number of the call in MiB. */
static int fake_stats(struct libvirt_connection *c, const char *uuid, unsigned groups,
    void (*entering)(void *ctx),
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx,
    char *error)
{
	struct libvirt_fake *f = &libvirt_fake;
	bool fails;
	size_t call;

	(void)c;
	(void)groups;
	entering(ctx);
	pthread_mutex_lock(&f->lock);
	call = f->calls++;
	if (call < LIBVIRT_FAKE_CALLS)
		snprintf(f->asked[call], sizeof(f->asked[call]), "%s", uuid);
	pthread_cond_broadcast(&f->changed);
	while (strcmp(f->hung, uuid) == 0)
		pthread_cond_wait(&f->changed, &f->lock);
	fails = strcmp(f->failing, uuid) == 0;
	pthread_mutex_unlock(&f->lock);
	if (fails) {
		snprintf(error, LIBVIRT_ERROR_SIZE, "no monitor");
		return -EACCES;
	}
	each(ctx, "balloon.current", (call + 1) * 1024, NULL);
	each(ctx, "balloon.rss", 1, NULL);
	return 0;
}

const struct libvirt_ops kvmtop_libvirt_ops = {
	.version = LIBVIRT_OPS_VERSION,
	.open = fake_open,
	.close = fake_close,
	.is_alive = yes,
	.driver = fake_driver,
	.is_local = yes,
	.count = fake_count,
	.list = fake_list,
	.describe = fake_describe,
	.definitions = fake_definitions,
	.stats = fake_stats,
};
