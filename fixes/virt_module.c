/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of kvmtop's libvirt module that writes. Like the rest of it, it uses nothing of the
 * program that loads it: what it shares with that it has a copy of.
 */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/libvirt_error.h"
#include "base/uri.h"
#include "fixes/virt.h"

/* Text for a number, a list of CPUs, or a string of libvirt's. */
#define TEXT_SIZE 4096

extern const struct virt_ops kvmtop_virt_ops;

struct virt {
	virConnectPtr connect;
	bool local, readonly;
};

static int last_error(char *error)
{
	return libvirt_error(error, VIRT_ERROR_SIZE);
}

static int own_error(char *error, int r, const char *words)
{
	snprintf(error, VIRT_ERROR_SIZE, "%s", words);
	return r;
}

/* ---- lists of CPUs ---- */

static char *format_map(const unsigned char *map, unsigned cpus)
{
	struct cpuset set = { 0 };
	char *text;

	for (unsigned cpu = 0; cpu < cpus; cpu++)
		if (map[cpu / 8] & (1u << cpu % 8))
			cpuset_set(&set, cpu);
	text = cpuset_format_dup(&set);
	cpuset_done(&set);
	return text;
}

/* False: it is no list, or has a CPU that this host has not. */
static bool parse_map(const char *text, unsigned char *map, unsigned cpus)
{
	struct cpuset set = { 0 };
	bool fits = cpuset_parse_list(&set, text) == 0 && cpuset_next(&set, cpus) < 0;

	for (int cpu = cpuset_next(&set, 0); fits && cpu >= 0;
	     cpu = cpuset_next(&set, (unsigned)cpu + 1))
		map[cpu / 8] |= (unsigned char)(1u << cpu % 8);
	cpuset_done(&set);
	return fits;
}

/* ---- pins ---- */

static unsigned affect(const struct virt_place *p)
{
	return p->saved ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE;
}

static int get_iothread_map(
    virDomainPtr d, unsigned number, unsigned flags, unsigned char *map, size_t size, char *error)
{
	virDomainIOThreadInfoPtr *info = NULL;
	int n = virDomainGetIOThreadInfo(d, &info, flags), r = -ENOENT;

	if (n < 0)
		return last_error(error);
	for (int i = 0; i < n; i++) {
		if (info[i]->iothread_id == number) {
			size_t len = (size_t)info[i]->cpumaplen;

			memcpy(map, info[i]->cpumap, len < size ? len : size);
			r = 0;
		}
		virDomainIOThreadInfoFree(info[i]);
	}
	free(info);
	return r < 0 ? own_error(error, r, "there is no such I/O thread") : 0;
}

static int get_vcpu_map(
    virDomainPtr d, unsigned number, unsigned flags, unsigned char *map, int size, char *error)
{
	int n = virDomainGetVcpusFlags(d, flags);
	unsigned char *maps;
	int r = 0;

	if (n < 0)
		return last_error(error);
	if (number >= (unsigned)n)
		return own_error(error, -ENOENT, "there is no such vCPU");
	maps = calloc((size_t)n, (size_t)size);
	if (!maps)
		return -ENOMEM;
	if (virDomainGetVcpuPinInfo(d, n, maps, size, flags) < 0)
		r = last_error(error);
	else
		memcpy(map, maps + (size_t)number * (size_t)size, (size_t)size);
	free(maps);
	return r;
}

static int get_pin(
    virDomainPtr d, const struct virt_place *p, unsigned char *map, int size, char *error)
{
	unsigned number = (unsigned)strtoul(p->target, NULL, 10);

	if (p->kind == ACTION_PIN_IOTHREAD)
		return get_iothread_map(d, number, affect(p), map, (size_t)size, error);
	if (p->kind == ACTION_PIN_VCPU)
		return get_vcpu_map(d, number, affect(p), map, size, error);
	return virDomainGetEmulatorPinInfo(d, map, size, affect(p)) < 0 ? last_error(error) : 0;
}

static int set_pin(
    virDomainPtr d, const struct virt_place *p, unsigned char *map, int size, char *error)
{
	unsigned number = (unsigned)strtoul(p->target, NULL, 10);
	int r;

	if (p->kind == ACTION_PIN_IOTHREAD)
		r = virDomainPinIOThread(d, number, map, size, affect(p));
	else if (p->kind == ACTION_PIN_VCPU)
		r = virDomainPinVcpuFlags(d, number, map, size, affect(p));
	else
		r = virDomainPinEmulator(d, map, size, affect(p));
	return r < 0 ? last_error(error) : 0;
}

/* @value NULL: reads. */
static int with_pin(struct virt *v, virDomainPtr d, const struct virt_place *p, const char *value,
    char **ret, char *error)
{
	int cpus = virNodeGetCPUMap(v->connect, NULL, NULL, 0), size, r;
	unsigned char *map;

	if (cpus < 0)
		return last_error(error);
	size = VIR_CPU_MAPLEN(cpus);
	map = calloc(1, (size_t)size);
	if (!map)
		return -ENOMEM;
	if (!value) {
		r = get_pin(d, p, map, size, error);
		*ret = r == 0 ? format_map(map, (unsigned)cpus) : NULL;
		if (r == 0 && !*ret)
			r = -ENOMEM;
	} else if (!parse_map(value, map, (unsigned)cpus)) {
		r = own_error(error, -EINVAL, "this host has no such CPUs");
	} else {
		r = set_pin(d, p, map, size, error);
	}
	free(map);
	return r;
}

/* ---- typed parameters ---- */

/* What has them, and under which name. */
struct knob {
	virConnectPtr connect;
	virDomainPtr domain;
	enum action_kind kind;
	char disk[256]; /* of ACTION_BLOCK_IOTUNE */
	char name[128];
	unsigned flags;
};

static int get_params(const struct knob *k, virTypedParameterPtr params, int *n)
{
	switch (k->kind) {
	case ACTION_NUMATUNE:
		return virDomainGetNumaParameters(k->domain, params, n, k->flags);
	case ACTION_MEMORY_LIMIT:
		return virDomainGetMemoryParameters(k->domain, params, n, k->flags);
	case ACTION_SCHEDULER:
		return virDomainGetSchedulerParametersFlags(k->domain, params, n, k->flags);
	case ACTION_BLKIO:
		return virDomainGetBlkioParameters(k->domain, params, n, k->flags);
	case ACTION_BLOCK_IOTUNE:
		return virDomainGetBlockIoTune(k->domain, k->disk, params, n, k->flags);
	default:
		return virNodeGetMemoryParameters(k->connect, params, n, 0);
	}
}

static int set_param(const struct knob *k, virTypedParameterPtr param)
{
	switch (k->kind) {
	case ACTION_NUMATUNE:
		return virDomainSetNumaParameters(k->domain, param, 1, k->flags);
	case ACTION_MEMORY_LIMIT:
		return virDomainSetMemoryParameters(k->domain, param, 1, k->flags);
	case ACTION_SCHEDULER:
		return virDomainSetSchedulerParametersFlags(k->domain, param, 1, k->flags);
	case ACTION_BLKIO:
		return virDomainSetBlkioParameters(k->domain, param, 1, k->flags);
	case ACTION_BLOCK_IOTUNE:
		return virDomainSetBlockIoTune(k->domain, k->disk, param, 1, k->flags);
	default:
		return virNodeSetMemoryParameters(k->connect, param, 1, 0);
	}
}

/* How many there are; the scheduler's calls do not tell. */
static int count_params(const struct knob *k, int *ret)
{
	char *type;

	*ret = 0;
	if (k->kind != ACTION_SCHEDULER)
		return get_params(k, NULL, ret);
	type = virDomainGetSchedulerType(k->domain, ret);
	free(type);
	return type ? 0 : -1;
}

/* The modes of numatune have numbers in libvirt. */
static const char *const numa_modes[] = { "strict", "preferred", "interleave", "restrictive" };

#define NUMA_MODES ((int)(sizeof(numa_modes) / sizeof(numa_modes[0])))

static char *param_text(const struct knob *k, const virTypedParameter *p)
{
	char text[TEXT_SIZE] = "";

	switch (p->type) {
	case VIR_TYPED_PARAM_INT:
		if (strcmp(k->name, VIR_DOMAIN_NUMA_MODE) == 0 && p->value.i >= 0 &&
		    p->value.i < NUMA_MODES)
			return strdup(numa_modes[p->value.i]);
		snprintf(text, sizeof(text), "%d", p->value.i);
		break;
	case VIR_TYPED_PARAM_UINT:
		snprintf(text, sizeof(text), "%u", p->value.ui);
		break;
	case VIR_TYPED_PARAM_LLONG:
		snprintf(text, sizeof(text), "%lld", p->value.l);
		break;
	case VIR_TYPED_PARAM_ULLONG:
		if (k->kind == ACTION_MEMORY_LIMIT &&
		    p->value.ul >= VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)
			return strdup("unlimited");
		snprintf(text, sizeof(text), "%llu", p->value.ul);
		break;
	case VIR_TYPED_PARAM_DOUBLE:
		snprintf(text, sizeof(text), "%g", p->value.d);
		break;
	case VIR_TYPED_PARAM_BOOLEAN:
		snprintf(text, sizeof(text), "%d", p->value.b);
		break;
	case VIR_TYPED_PARAM_STRING:
		return strdup(p->value.s ? p->value.s : "");
	default:
		break;
	}
	return strdup(text);
}

/* False: @value is nothing of that type. A string is lent. */
static bool param_fill(const struct knob *k, virTypedParameterPtr p, char *value)
{
	char *end = value;

	if (strcmp(k->name, VIR_DOMAIN_NUMA_MODE) == 0)
		for (int i = 0; i < NUMA_MODES; i++)
			if (strcmp(value, numa_modes[i]) == 0) {
				p->value.i = i;
				return true;
			}
	errno = 0;
	switch (p->type) {
	case VIR_TYPED_PARAM_INT:
		p->value.i = (int)strtol(value, &end, 10);
		break;
	case VIR_TYPED_PARAM_UINT:
		p->value.ui = (unsigned)strtoul(value, &end, 10);
		break;
	case VIR_TYPED_PARAM_LLONG:
		p->value.l = strtoll(value, &end, 10);
		break;
	case VIR_TYPED_PARAM_ULLONG:
		if (k->kind == ACTION_MEMORY_LIMIT && strcmp(value, "unlimited") == 0) {
			p->value.ul = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED;
			return true;
		}
		p->value.ul = strtoull(value, &end, 10);
		break;
	case VIR_TYPED_PARAM_DOUBLE:
		p->value.d = strtod(value, &end);
		break;
	case VIR_TYPED_PARAM_BOOLEAN:
		p->value.b = (char)strtol(value, &end, 10);
		break;
	case VIR_TYPED_PARAM_STRING:
		p->value.s = value;
		return true;
	default:
		return false;
	}
	return end != value && *end == '\0' && errno == 0;
}

static int write_param(
    const struct knob *k, const virTypedParameter *found, const char *value, char *error)
{
	virTypedParameter param = *found;
	char *copy = strdup(value);
	int r = -ENOMEM;

	if (copy && !param_fill(k, &param, copy))
		r = own_error(error, -EINVAL, "there is no such value");
	else if (copy)
		r = set_param(k, &param) < 0 ? last_error(error) : 0;
	free(copy);
	return r;
}

/* @value NULL: reads. */
static int with_knob(const struct knob *k, const char *value, char **ret, char *error)
{
	virTypedParameterPtr params;
	int n, r = -ENOENT;

	if (count_params(k, &n) < 0)
		return last_error(error);
	params = calloc((size_t)n + 1, sizeof(*params));
	if (!params)
		return -ENOMEM;
	if (get_params(k, params, &n) < 0) {
		free(params);
		return last_error(error);
	}
	for (int i = 0; i < n; i++) {
		if (strcmp(params[i].field, k->name) != 0)
			continue;
		if (value) {
			r = write_param(k, &params[i], value, error);
		} else {
			*ret = param_text(k, &params[i]);
			r = *ret ? 0 : -ENOMEM;
		}
	}
	if (r == -ENOENT)
		own_error(error, r, "libvirt has no such parameter here");
	virTypedParamsFree(params, n);
	return r;
}

static int with_param(struct virt *v, virDomainPtr d, const struct virt_place *p, const char *value,
    char **ret, char *error)
{
	struct knob k = { .connect = v->connect, .domain = d, .kind = p->kind, .flags = affect(p) };
	const char *name = p->target, *blank = strrchr(p->target, ' ');

	if (p->kind == ACTION_BLOCK_IOTUNE) {
		if (!blank)
			return own_error(error, -EINVAL, "no disk is named");
		snprintf(k.disk, sizeof(k.disk), "%.*s", (int)(blank - p->target), p->target);
		name = blank + 1;
	}
	snprintf(k.name, sizeof(k.name), "%s%s", p->kind == ACTION_NUMATUNE ? "numa_" : "", name);
	return with_knob(&k, value, ret, error);
}

/* ---- the rest ---- */

static int number_text(unsigned long long v, char **ret)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", v);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static unsigned vcpu_flags(const struct virt_place *p)
{
	return affect(p) | (strcmp(p->target, "maximum") == 0 ? VIR_DOMAIN_VCPU_MAXIMUM : 0);
}

static int get_balloon(virDomainPtr d, char **ret, char *error)
{
	virDomainInfo info;

	return virDomainGetInfo(d, &info) < 0 ? last_error(error) : number_text(info.memory, ret);
}

/* What a guest would start from, or what it is now. With its secrets, or the definition would lose
 * them when it is defined again; but one who only looks is not told them. */
static int get_xml(struct virt *v, virDomainPtr d, bool saved, char **ret, char *error)
{
	unsigned secure = v->readonly ? 0 : VIR_DOMAIN_XML_SECURE;

	*ret = virDomainGetXMLDesc(d, saved ? VIR_DOMAIN_XML_INACTIVE | secure : 0);
	return *ret ? 0 : last_error(error);
}

static int get_vcpus(virDomainPtr d, const struct virt_place *p, char **ret, char *error)
{
	int n = virDomainGetVcpusFlags(d, vcpu_flags(p));

	return n < 0 ? last_error(error) : number_text((unsigned long long)n, ret);
}

static int define(struct virt *v, const char *xml, char *error)
{
	virDomainPtr d = virDomainDefineXMLFlags(v->connect, xml, VIR_DOMAIN_DEFINE_VALIDATE);

	if (!d)
		return last_error(error);
	virDomainFree(d);
	return 0;
}

static int set_number(virDomainPtr d, const struct virt_place *p, const char *value, char *error)
{
	char *end;
	unsigned long long v;
	int r;

	errno = 0;
	v = strtoull(value, &end, 10);
	if (end == value || *end || errno || v > INT32_MAX * 1024ULL)
		return own_error(error, -EINVAL, "there is no such number");
	if (p->kind == ACTION_BALLOON)
		r = virDomainSetMemoryFlags(d, (unsigned long)v, affect(p));
	else if (p->kind == ACTION_STATS_PERIOD)
		r = virDomainSetMemoryStatsPeriod(d, (int)v, affect(p));
	else
		r = virDomainSetVcpusFlags(d, (unsigned)v, vcpu_flags(p));
	return r < 0 ? last_error(error) : 0;
}

static int with_domain(struct virt *v, virDomainPtr d, const struct virt_place *p,
    const char *value, char **ret, char *error)
{
	switch (p->kind) {
	case ACTION_PIN_VCPU:
	case ACTION_PIN_EMULATOR:
	case ACTION_PIN_IOTHREAD:
		return with_pin(v, d, p, value, ret, error);
	case ACTION_NUMATUNE:
	case ACTION_MEMORY_LIMIT:
	case ACTION_SCHEDULER:
	case ACTION_BLKIO:
	case ACTION_BLOCK_IOTUNE:
		return with_param(v, d, p, value, ret, error);
	case ACTION_DEFINE:
		return value ? define(v, value, error) : get_xml(v, d, p->saved, ret, error);
	case ACTION_BALLOON:
		return value ? set_number(d, p, value, error) : get_balloon(d, ret, error);
	case ACTION_VCPUS:
		return value ? set_number(d, p, value, error) : get_vcpus(d, p, ret, error);
	case ACTION_STATS_PERIOD:
		return value ? set_number(d, p, value, error) : -ENOTSUP;
	default:
		return own_error(error, -ENOTSUP, "that is not libvirt's");
	}
}

static int with_place(
    struct virt *v, const struct virt_place *p, const char *value, char **ret, char *error)
{
	virDomainPtr d;
	int r;

	if (p->kind == ACTION_NODE_MEMORY)
		return with_param(v, NULL, p, value, ret, error);
	d = virDomainLookupByUUIDString(v->connect, p->uuid);
	if (!d)
		return last_error(error);
	r = with_domain(v, d, p, value, ret, error);
	virDomainFree(d);
	return r;
}

static int virt_get(struct virt *v, const struct virt_place *place, char **ret, char *error)
{
	return with_place(v, place, NULL, ret, error);
}

static int virt_set(struct virt *v, const struct virt_place *place, const char *value, char *error)
{
	return with_place(v, place, value, NULL, error);
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

static int virt_open(const char *uri, bool readonly, struct virt **ret, char *error)
{
	struct virt *v = calloc(1, sizeof(*v));

	if (!v)
		return own_error(error, -ENOMEM, "out of memory");
	libvirt_error_silence();
	v->readonly = readonly;
	v->connect = readonly ? virConnectOpenReadOnly(uri) : virConnectOpen(uri);
	if (!v->connect) {
		free(v);
		return last_error(error);
	}
	v->local = find_local(v->connect);
	*ret = v;
	return 0;
}

static void virt_close(struct virt *v)
{
	virConnectClose(v->connect);
	free(v);
}

static bool virt_is_local(struct virt *v)
{
	return v->local;
}

const struct virt_ops kvmtop_virt_ops = {
	.version = VIRT_OPS_VERSION,
	.open = virt_open,
	.close = virt_close,
	.is_local = virt_is_local,
	.get = virt_get,
	.set = virt_set,
};
