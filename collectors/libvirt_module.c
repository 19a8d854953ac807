/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only part of kvmtop that is linked with libvirt, a shared object of its own. It uses nothing
 * of the program that loads it. Where memory is short it fails like a call of libvirt does.
 *
 * A connection is freed by whoever lets go of it last: its owner, or libvirt's event loop, which
 * may be delivering an event while the owner closes.
 */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/libvirt_error.h"
#include "base/uri.h"
#include "collectors/libvirt_events.h"
#include "collectors/libvirt_link.h"
#include "collectors/libvirt_loop.h"

extern const struct libvirt_ops kvmtop_libvirt_ops;

/* More are forgotten: guests come and go. */
#define KNOWN_MAX 1024

/* To look a guest up is a call of its own, so what was found is kept. */
struct known {
	char uuid[VIR_UUID_STRING_BUFLEN];
	virDomainPtr domain;
};

struct libvirt_connection {
	virConnectPtr connect;
	struct known *known;
	size_t knowns;
	int callback[8];
	size_t callbacks;
	bool blind; /* no events: descriptions must be asked for anew each time */
	bool local;

	pthread_mutex_t lock; /* guards what follows */
	unsigned refs;
	void (*changed)(void *ctx, const char *uuid); /* NULL once closed */
	void *ctx;
};

/* A guest that is not in a state to answer has ended since it was listed. */
static int last_error(char *error)
{
	int r = libvirt_error(error, LIBVIRT_ERROR_SIZE);

	return r == -ESRCH ? -ENOENT : r;
}

static void start_events(void)
{
	libvirt_error_silence();
	libvirt_loop_start();
}

void libvirt_events_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_events);
}

static void unref(void *opaque)
{
	struct libvirt_connection *c = opaque;
	unsigned left;

	pthread_mutex_lock(&c->lock);
	left = --c->refs;
	pthread_mutex_unlock(&c->lock);
	if (left > 0)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void tell_change(struct libvirt_connection *c, virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(domain, uuid) < 0)
		return;
	pthread_mutex_lock(&c->lock);
	if (c->changed)
		c->changed(c->ctx, uuid);
	pthread_mutex_unlock(&c->lock);
}

static int on_lifecycle(
    virConnectPtr connect, virDomainPtr domain, int event, int detail, void *opaque)
{
	(void)connect;
	(void)event;
	(void)detail;
	tell_change(opaque, domain);
	return 0;
}

static void on_tunable(
    virConnectPtr connect, virDomainPtr domain, virTypedParameterPtr params, int n, void *opaque)
{
	(void)connect;
	(void)params;
	(void)n;
	tell_change(opaque, domain);
}

static void on_device(virConnectPtr connect, virDomainPtr domain, const char *alias, void *opaque)
{
	(void)connect;
	(void)alias;
	tell_change(opaque, domain);
}

static void on_metadata(
    virConnectPtr connect, virDomainPtr domain, int type, const char *uri, void *opaque)
{
	(void)connect;
	(void)type;
	(void)uri;
	tell_change(opaque, domain);
}

static void watch(struct libvirt_connection *c)
{
	const struct {
		int id;
		virConnectDomainEventGenericCallback call;
	} events[] = {
		{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
		{ VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
		{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
		{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata) },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		int id;

		pthread_mutex_lock(&c->lock);
		c->refs++;
		pthread_mutex_unlock(&c->lock);
		id = virConnectDomainEventRegisterAny(
		    c->connect, NULL, events[i].id, events[i].call, c, unref);
		if (id >= 0)
			c->callback[c->callbacks++] = id;
		else
			unref(c);
		if (id < 0 && events[i].id == VIR_DOMAIN_EVENT_ID_LIFECYCLE)
			c->blind = true;
	}
}

/* Processes of this host: QEMU's driver, and an address without another host in it. */
static bool find_local(virConnectPtr connect)
{
	const char *type = virConnectGetType(connect);
	char *uri = virConnectGetURI(connect);
	bool local = uri && type && strcmp(type, "QEMU") == 0 && !uri_is_remote(uri);

	free(uri);
	return local;
}

static int module_open(const char *uri, void (*changed)(void *ctx, const char *uuid), void *ctx,
    struct libvirt_connection **ret, char *error)
{
	struct libvirt_connection *c;
	virConnectPtr connect;

	libvirt_events_start();
	connect = virConnectOpenReadOnly(uri);
	if (!connect)
		return last_error(error);
	c = calloc(1, sizeof(*c));
	if (!c) {
		virConnectClose(connect);
		snprintf(error, LIBVIRT_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	c->connect = connect;
	c->refs = 1;
	c->changed = changed;
	c->ctx = ctx;
	pthread_mutex_init(&c->lock, NULL);
	/* Drivers within this process have no daemon that could fall silent: they refuse. */
	virConnectSetKeepAlive(connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	c->local = find_local(connect);
	if (changed)
		watch(c);
	else
		c->blind = true;
	*ret = c;
	return 0;
}

static void forget_all(struct libvirt_connection *c)
{
	while (c->knowns > 0)
		virDomainFree(c->known[--c->knowns].domain);
	free(c->known);
	c->known = NULL;
}

static void forget(struct libvirt_connection *c, virDomainPtr domain)
{
	for (size_t i = 0; i < c->knowns; i++) {
		if (c->known[i].domain != domain)
			continue;
		virDomainFree(domain);
		c->known[i] = c->known[--c->knowns];
		return;
	}
}

/* @domain is the connection's then; where there is no room it is freed, and false. */
static bool keep(struct libvirt_connection *c, const char *uuid, virDomainPtr domain)
{
	struct known *known;

	if (c->knowns >= KNOWN_MAX)
		forget_all(c);
	known = realloc(c->known, (c->knowns + 1) * sizeof(*known));
	if (known)
		c->known = known;
	if (!known) {
		virDomainFree(domain);
		return false;
	}
	known[c->knowns].domain = domain;
	snprintf(known[c->knowns].uuid, sizeof(known->uuid), "%s", uuid);
	c->knowns++;
	return true;
}

/* NULL, and libvirt's error: there is none. It is the connection's, until it is forgotten. */
static virDomainPtr find_domain(struct libvirt_connection *c, const char *uuid)
{
	virDomainPtr domain;

	for (size_t i = 0; i < c->knowns; i++)
		if (strcmp(c->known[i].uuid, uuid) == 0)
			return c->known[i].domain;
	domain = virDomainLookupByUUIDString(c->connect, uuid);
	return domain && keep(c, uuid, domain) ? domain : NULL;
}

/* As last_error; what is no longer there is looked up anew. */
static int lost_domain(struct libvirt_connection *c, virDomainPtr domain, char *error)
{
	int r = last_error(error);

	if (r == -ENOENT)
		forget(c, domain);
	return r;
}

static void module_close(struct libvirt_connection *c)
{
	forget_all(c);
	pthread_mutex_lock(&c->lock);
	c->changed = NULL;
	pthread_mutex_unlock(&c->lock);
	while (c->callbacks > 0)
		virConnectDomainEventDeregisterAny(c->connect, c->callback[--c->callbacks]);
	virConnectClose(c->connect);
	unref(c);
}

static bool module_is_alive(struct libvirt_connection *c)
{
	return virConnectIsAlive(c->connect) == 1;
}

static const char *module_driver(struct libvirt_connection *c)
{
	const char *type = virConnectGetType(c->connect);

	return type ? type : "unknown";
}

static bool module_is_local(struct libvirt_connection *c)
{
	return c->local;
}

static int module_count(struct libvirt_connection *c, char *error)
{
	int n = virConnectNumOfDomains(c->connect);

	return n < 0 ? last_error(error) : n;
}

static int module_list(struct libvirt_connection *c,
    void (*each)(void *ctx, const struct libvirt_guest *guest), void *ctx, char *error)
{
	virDomainPtr *domain = NULL;
	int n = virConnectListAllDomains(c->connect, &domain, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

	if (n < 0)
		return last_error(error);
	forget_all(c);
	for (int i = 0; i < n; i++) {
		struct libvirt_guest guest = { .id = (int)virDomainGetID(domain[i]),
			.name = virDomainGetName(domain[i]) };

		if (!guest.name || virDomainGetUUIDString(domain[i], guest.uuid) < 0) {
			virDomainFree(domain[i]);
			continue;
		}
		if (c->blind && c->changed)
			c->changed(c->ctx, guest.uuid);
		each(ctx, &guest);
		keep(c, guest.uuid, domain[i]);
	}
	free(domain);
	return 0;
}

static enum libvirt_state state_of(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return LIBVIRT_RUNNING;
	case VIR_DOMAIN_PAUSED:
		return LIBVIRT_PAUSED;
	case VIR_DOMAIN_SHUTDOWN:
	case VIR_DOMAIN_SHUTOFF:
		return LIBVIRT_SHUTDOWN;
	case VIR_DOMAIN_CRASHED:
		return LIBVIRT_CRASHED;
	case VIR_DOMAIN_PMSUSPENDED:
		return LIBVIRT_SUSPENDED;
	default:
		return LIBVIRT_UNKNOWN;
	}
}

static int module_describe(
    struct libvirt_connection *c, const char *uuid, struct libvirt_description *ret, char *error)
{
	virDomainPtr domain = find_domain(c, uuid);
	int state, reason, autostart = 0;

	if (!domain)
		return last_error(error);
	if (virDomainGetState(domain, &state, &reason, 0) < 0)
		return lost_domain(c, domain, error);
	*ret = (struct libvirt_description){ .state = state_of(state),
		.migrated = state == VIR_DOMAIN_RUNNING && reason == VIR_DOMAIN_RUNNING_MIGRATED };
	if (virDomainGetAutostart(domain, &autostart) == 0)
		ret->autostart = autostart != 0;
	ret->xml = virDomainGetXMLDesc(domain, 0);
	if (!ret->xml)
		last_error(error);
	/* Of a transient guest libvirt would give the live one. */
	if (virDomainIsPersistent(domain) == 1)
		ret->saved = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	return 0;
}

static void tell_definition(virDomainPtr domain, libvirt_each_definition each, void *ctx)
{
	struct libvirt_guest guest = { .id = -1, .name = virDomainGetName(domain) };
	int autostart = 0;
	char *xml;

	if (!guest.name || virDomainGetUUIDString(domain, guest.uuid) < 0)
		return;
	if (virDomainGetAutostart(domain, &autostart) < 0)
		autostart = 0;
	xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	each(ctx, &guest, autostart != 0, xml);
	free(xml);
}

static int module_definitions(
    struct libvirt_connection *c, libvirt_each_definition each, void *ctx, char *error)
{
	virDomainPtr *domain = NULL;
	int n = virConnectListAllDomains(c->connect, &domain, VIR_CONNECT_LIST_DOMAINS_INACTIVE);

	if (n < 0)
		return last_error(error);
	for (int i = 0; i < n; i++) {
		if (i < LIBVIRT_DEFINITIONS_MAX)
			tell_definition(domain[i], each, ctx);
		virDomainFree(domain[i]);
	}
	free(domain);
	return 0;
}

/* Of what is not asked for, libvirt tells state and the like. */
static bool is_wanted(const char *field, unsigned groups)
{
	return ((groups & LIBVIRT_BALLOON) && strncmp(field, "balloon.", 8) == 0) ||
	       ((groups & LIBVIRT_BLOCK) && strncmp(field, "block.", 6) == 0);
}

static void tell_stats(const virDomainStatsRecord *record, unsigned groups,
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx)
{
	for (int i = 0; i < record->nparams; i++) {
		const virTypedParameter *p = &record->params[i];

		if (!is_wanted(p->field, groups))
			continue;
		if (p->type == VIR_TYPED_PARAM_ULLONG)
			each(ctx, p->field, p->value.ul, NULL);
		else if (p->type == VIR_TYPED_PARAM_UINT)
			each(ctx, p->field, p->value.ui, NULL);
		else if (p->type == VIR_TYPED_PARAM_STRING)
			each(ctx, p->field, 0, p->value.s);
	}
}

static int module_stats(struct libvirt_connection *c, const char *uuid, unsigned groups,
    void (*entering)(void *ctx),
    void (*each)(void *ctx, const char *key, uint64_t value, const char *text), void *ctx,
    char *error)
{
	unsigned stats = ((groups & LIBVIRT_BALLOON) ? VIR_DOMAIN_STATS_BALLOON : 0) |
			 ((groups & LIBVIRT_BLOCK) ? VIR_DOMAIN_STATS_BLOCK : 0);
	virDomainPtr domain = find_domain(c, uuid);
	virDomainPtr domains[] = { domain, NULL };
	virDomainStatsRecordPtr *records = NULL;
	int n;

	if (!domain)
		return last_error(error);
	entering(ctx);
	n = virDomainListGetStats(
	    domains, stats, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	if (n < 0)
		return lost_domain(c, domain, error);
	for (int i = 0; i < n; i++)
		tell_stats(records[i], groups, each, ctx);
	virDomainStatsRecordListFree(records);
	if (n > 0)
		return 0;
	/* libvirt leaves out of such a list who has ended. */
	forget(c, domain);
	snprintf(error, LIBVIRT_ERROR_SIZE, "the guest has ended");
	return -ENOENT;
}

const struct libvirt_ops kvmtop_libvirt_ops = {
	.version = LIBVIRT_OPS_VERSION,
	.open = module_open,
	.close = module_close,
	.is_alive = module_is_alive,
	.driver = module_driver,
	.is_local = module_is_local,
	.count = module_count,
	.list = module_list,
	.describe = module_describe,
	.definitions = module_definitions,
	.stats = module_stats,
};
