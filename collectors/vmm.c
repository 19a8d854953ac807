/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/vmm.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/uuid.h"

#define MIB ((uint64_t)1 << 20)
/* Far above what any of them allows. */
#define VCPUS_MAX 65535

bool vmm_is_program(const char *name)
{
	return strncmp(name, "qemu-system-", 12) == 0 || strcmp(name, "qemu-kvm") == 0 ||
	       strcmp(name, "kvm") == 0 || strcmp(name, "cloud-hypervisor") == 0 ||
	       strcmp(name, "firecracker") == 0 || strcmp(name, "crosvm") == 0;
}

static struct slice last_part(struct slice path)
{
	struct slice before, behind;

	while (slice_cut(path, '/', &before, &behind))
		path = behind;
	return path;
}

static void set_vmm(struct guest_config *c, struct slice program)
{
	char name[sizeof(c->vmm)];

	slice_copy(last_part(program), name, sizeof(name));
	if (!vmm_is_program(name))
		return;
	if (strncmp(name, "qemu", 4) == 0 || strcmp(name, "kvm") == 0)
		snprintf(c->vmm, sizeof(c->vmm), "qemu");
	else
		memcpy(c->vmm, name, sizeof(name));
}

/*
 * The value of @key in "first,key=value,…". Doubled commas stand for one. @key NULL: the part
 * without a key, if the text begins with one.
 */
static bool option_value(struct slice list, const char *key, char *buf, size_t size)
{
	size_t at = 0, n = 0, key_len = key ? strlen(key) : 0;

	while (at < list.len) {
		bool takes = key ? list.len - at > key_len &&
				       memcmp(list.p + at, key, key_len) == 0 &&
				       list.p[at + key_len] == '='
				 : at == 0;

		at += takes && key ? key_len + 1 : 0;
		for (; at < list.len; at++) {
			if (list.p[at] == ',' && (at + 1 >= list.len || list.p[at + 1] != ','))
				break;
			at += list.p[at] == ',';
			/* "key=…" at the beginning is no part without a key. */
			if (!key && list.p[at] == '=')
				return false;
			if (takes && n + 1 < size)
				buf[n++] = list.p[at];
		}
		at++;
		if (takes) {
			buf[n] = '\0';
			return true;
		}
	}
	return false;
}

/* A value out of JSON as libvirt writes it for -object; no nested objects, no escapes. */
static bool json_value(struct slice text, const char *key, char *buf, size_t size)
{
	char quoted[64];
	const char *p;
	size_t n = 0;
	int len = snprintf(quoted, sizeof(quoted), "\"%s\":", key);

	p = memmem(text.p, text.len, quoted, (size_t)len);
	if (!p)
		return false;
	for (p += len; p < text.p + text.len && *p != ',' && *p != '}' && n + 1 < size; p++)
		if (*p != '"')
			buf[n++] = *p;
	buf[n] = '\0';
	return true;
}

static bool any_value(struct slice list, const char *key, char *buf, size_t size)
{
	if (list.len && list.p[0] == '{')
		return json_value(list, key, buf, size);
	return option_value(list, key, buf, size);
}

static void take_name(struct guest_config *c, struct slice v)
{
	if (!option_value(v, "guest", c->name, sizeof(c->name)))
		option_value(v, NULL, c->name, sizeof(c->name));
}

/* -m 512, -m 1G, -m size=1048576k,slots=16: without a unit in MiB. */
static void take_memory(struct guest_config *c, struct slice v, uint64_t unit)
{
	char size[32];

	if (option_value(v, "size", size, sizeof(size)) ||
	    option_value(v, NULL, size, sizeof(size)))
		if (parse_size(size, unit, &c->memory_bytes) < 0)
			c->memory_bytes = 0;
}

static void take_object(struct guest_config *c, struct slice v)
{
	char text[256];

	if (!memmem(v.p, v.len, "memory-backend-", 15))
		return;
	if (any_value(v, "mem-path", text, sizeof(text)))
		memcpy(c->memory_path, text, sizeof(c->memory_path));
	if (any_value(v, "hugetlbsize", text, sizeof(text)) &&
	    parse_size(text, 1, &c->huge_page_bytes) < 0)
		c->huge_page_bytes = 0;
}

/* -smp 4, -smp cpus=4, -smp 2,sockets=2; or sockets, cores and the like alone. */
static void take_smp(struct guest_config *c, struct slice v)
{
	static const char *const parts[] = { "drawers", "books", "sockets", "dies", "clusters",
		"modules", "cores", "threads" };
	char text[32];
	uint64_t n;

	c->vcpus = 0;
	if (option_value(v, "cpus", text, sizeof(text)) ||
	    option_value(v, NULL, text, sizeof(text)) ||
	    option_value(v, "maxcpus", text, sizeof(text))) {
		if (parse_u64(text, &n) == 0 && n <= VCPUS_MAX)
			c->vcpus = n;
		return;
	}
	c->vcpus = 1;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (option_value(v, parts[i], text, sizeof(text)) && parse_u64(text, &n) == 0 &&
		    n > 0 && n <= VCPUS_MAX)
			c->vcpus *= n;
	if (c->vcpus > VCPUS_MAX)
		c->vcpus = 0;
}

/* cloud-hypervisor: boot=4,max=8; crosvm, also as -c: 4 or num-cores=4. */
static void take_cpus(struct guest_config *c, struct slice v)
{
	char text[32];
	uint64_t n;

	if ((option_value(v, "boot", text, sizeof(text)) ||
		option_value(v, "num-cores", text, sizeof(text)) ||
		option_value(v, NULL, text, sizeof(text))) &&
	    parse_u64(text, &n) == 0 && n <= VCPUS_MAX)
		c->vcpus = n;
}

static void take_uuid(struct guest_config *c, struct slice v)
{
	char text[sizeof(c->uuid)];

	slice_copy(v, text, sizeof(text));
	if (uuid_is_valid(text))
		memcpy(c->uuid, text, sizeof(c->uuid));
}

/* -smbios type=1,uuid=…: to QEMU the same as -uuid; of several the last one counts. */
static void take_smbios(struct guest_config *c, struct slice v)
{
	char text[sizeof(c->uuid)];
	uint64_t type;

	if (option_value(v, "type", text, sizeof(text)) && parse_u64(text, &type) == 0 &&
	    type == 1 && option_value(v, "uuid", text, sizeof(text)))
		take_uuid(c, slice_of(text));
}

/* cloud-hypervisor: uuid=…, which later versions call system_uuid. */
static void take_platform(struct guest_config *c, struct slice v)
{
	char text[sizeof(c->uuid)];

	if (option_value(v, "uuid", text, sizeof(text)) ||
	    option_value(v, "system_uuid", text, sizeof(text)))
		take_uuid(c, slice_of(text));
}

static void take_argument(struct guest_config *c, const char *option, struct slice v)
{
	if (strcmp(option, "name") == 0)
		take_name(c, v);
	else if (strcmp(option, "id") == 0 && strcmp(c->vmm, "firecracker") == 0)
		slice_copy(v, c->name, sizeof(c->name));
	else if (strcmp(option, "uuid") == 0)
		take_uuid(c, v);
	else if (strcmp(option, "smbios") == 0)
		take_smbios(c, v);
	else if (strcmp(option, "platform") == 0)
		take_platform(c, v);
	else if (strcmp(option, "m") == 0)
		take_memory(c, v, MIB);
	else if (strcmp(option, "memory") == 0)
		take_memory(c, v, strcmp(c->vmm, "qemu") == 0 ? MIB : 1);
	else if (strcmp(option, "mem") == 0)
		take_memory(c, v, MIB);
	else if (strcmp(option, "mem-path") == 0)
		slice_copy(v, c->memory_path, sizeof(c->memory_path));
	else if (strcmp(option, "smp") == 0)
		take_smp(c, v);
	else if (strcmp(option, "cpus") == 0 ||
		 (strcmp(option, "c") == 0 && strcmp(c->vmm, "crosvm") == 0))
		take_cpus(c, v);
	else if (strcmp(option, "object") == 0)
		take_object(c, v);
	else if ((strcmp(option, "machine") == 0 || strcmp(option, "M") == 0) &&
		 (slice_eq(v, "none") || slice_starts(v, "none,")))
		c->probe = true;
}

void guest_config_parse(const char *cmdline, size_t len, struct guest_config *ret)
{
	struct cursor c;
	struct slice arg;
	char option[32] = "";

	*ret = (struct guest_config){ 0 };
	cursor_init(&c, cmdline, len);
	if (!cursor_split(&c, '\0', &arg))
		return;
	set_vmm(ret, arg);
	/* QEMU's default; the others tell it, or are told by other ways. */
	ret->vcpus = strcmp(ret->vmm, "qemu") == 0;
	while (cursor_split(&c, '\0', &arg)) {
		struct slice before, behind;

		/* "--memory=1G" is one argument, "-m 1G" two. */
		if (arg.len && arg.p[0] == '-') {
			while (arg.len && arg.p[0] == '-')
				arg = (struct slice){ arg.p + 1, arg.len - 1 };
			slice_copy(arg, option, sizeof(option));
			if (!slice_cut(arg, '=', &before, &behind))
				continue;
			slice_copy(before, option, sizeof(option));
			arg = behind;
		}
		if (option[0])
			take_argument(ret, option, arg);
		option[0] = '\0';
	}
}

/* A number at the end of @text behind @prefix; -1 when it is not that. */
static int number_behind(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);
	int n = 0;

	if (strncmp(text, prefix, len) != 0 || !isdigit((unsigned char)text[len]))
		return -1;
	for (text += len; isdigit((unsigned char)*text) && n < 100000; text++)
		n = n * 10 + (*text - '0');
	return n;
}

static int vcpu_of(const char *comm)
{
	/* QEMU, cloud-hypervisor, firecracker, crosvm */
	static const char *const prefixes[] = { "CPU ", "vcpu", "fc_vcpu ", "crosvm_vcpu" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		int n = number_behind(comm, prefixes[i]);

		if (n >= 0)
			return n;
	}
	return -1;
}

void thread_role(const char *comm, bool is_main, char role[ROLE_SIZE], int *ret_vcpu)
{
	int vcpu = vcpu_of(comm);

	*ret_vcpu = -1;
	if (is_main) {
		snprintf(role, ROLE_SIZE, "emulator");
	} else if (vcpu >= 0) {
		*ret_vcpu = vcpu;
		snprintf(role, ROLE_SIZE, "vcpu");
	} else if (strncmp(comm, "IO iothread", 11) == 0) {
		snprintf(role, ROLE_SIZE, "iothread %.12s", comm + 11);
	} else if (strncmp(comm, "IO ", 3) == 0) {
		snprintf(role, ROLE_SIZE, "iothread %.12s", comm + 3);
	} else if (strncmp(comm, "vhost-", 6) == 0) {
		snprintf(role, ROLE_SIZE, "vhost");
	} else if (strncmp(comm, "kvm-nx-lpage", 12) == 0) {
		snprintf(role, ROLE_SIZE, "kvm-nx");
	} else if (strcmp(comm, "worker") == 0 || strncmp(comm, "iou-wrk", 7) == 0 ||
		   strncmp(comm, "pool-", 5) == 0) {
		snprintf(role, ROLE_SIZE, "worker");
	} else {
		snprintf(role, ROLE_SIZE, "other");
	}
}

bool kernel_thread_guest(const char *comm, uint32_t *ret_pid, char role[ROLE_SIZE])
{
	static const struct {
		const char *prefix, *role;
	} kinds[] = { { "vhost-", "vhost" }, { "kvm-pit/", "kvm-pit" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);
		uint64_t pid;

		if (strncmp(comm, kinds[i].prefix, len) != 0)
			continue;
		if (parse_u64(comm + len, &pid) < 0 || pid == 0 || pid > INT32_MAX)
			continue;
		*ret_pid = (uint32_t)pid;
		snprintf(role, ROLE_SIZE, "%s", kinds[i].role);
		return true;
	}
	return false;
}
