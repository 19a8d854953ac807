/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/libvirt_agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/libvirt_module.h"
#include "base/xalloc.h"
#include "collectors/libvirt_link.h"

#define FILE_MAX ((size_t)64 << 20)
/* libvirt takes answers of up to 10 MiB. */
#define CHUNK_BYTES (1 << 20)

static int digit_of(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int base64_append(struct text *out, const char *s, size_t len)
{
	if (len % 4)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		int pad = last && s[i + 3] == '=' ? 1 + (s[i + 2] == '=') : 0;
		unsigned v = 0;
		char bytes[3];

		for (int k = 0; k < 4; k++) {
			int d = k < 4 - pad ? digit_of(s[i + (size_t)k]) : 0;

			if (d < 0)
				return -EINVAL;
			v = v << 6 | (unsigned)d;
		}
		bytes[0] = (char)(v >> 16);
		bytes[1] = (char)(v >> 8);
		bytes[2] = (char)v;
		text_append(out, bytes, (size_t)(3 - pad));
	}
	return 0;
}

/* {"execute": NAME, "arguments": @arguments}; takes @arguments over. */
static char *make_command(const char *name, struct json_object *arguments)
{
	struct json_object *command = json_object_new_object();
	char *text;

	json_object_object_add(command, "execute", json_object_new_string(name));
	json_object_object_add(command, "arguments", arguments);
	text = xstrdup(json_object_to_json_string_ext(command, JSON_C_TO_STRING_PLAIN));
	json_object_put(command);
	return text;
}

/* What stands behind "return"; the caller puts it back. */
static int ask(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent, const char *name,
    struct json_object *arguments, struct json_object **ret, char *error)
{
	char *command = make_command(name, arguments), *text = NULL;
	struct json_object *answer, *value = NULL;
	int r = ops->command(agent, command, &text, error);

	free(command);
	if (r < 0)
		return r;
	answer = text ? json_tokener_parse(text) : NULL;
	free(text);
	if (!json_object_is_type(answer, json_type_object) ||
	    !json_object_object_get_ex(answer, "return", &value)) {
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE, "the agent refused %s", name);
		json_object_put(answer);
		return -EIO;
	}
	*ret = json_object_get(value);
	json_object_put(answer);
	return 0;
}

static struct json_object *handle_argument(int64_t handle)
{
	struct json_object *arguments = json_object_new_object();

	json_object_object_add(arguments, "handle", json_object_new_int64(handle));
	return arguments;
}

static int open_file(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent,
    const char *path, int64_t *ret_handle, char *error)
{
	struct json_object *arguments = json_object_new_object(), *value;
	int r;

	json_object_object_add(arguments, "path", json_object_new_string(path));
	json_object_object_add(arguments, "mode", json_object_new_string("r"));
	r = ask(ops, agent, "guest-file-open", arguments, &value, error);
	if (r < 0)
		return r;
	if (json_object_is_type(value, json_type_int)) {
		*ret_handle = json_object_get_int64(value);
	} else {
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE, "the agent's answer makes no sense");
		r = -EIO;
	}
	json_object_put(value);
	return r;
}

/* {"count": 3, "buf-b64": "YWJj", "eof": true}; 1 when that was the end. */
static int take_chunk(struct json_object *value, struct text *out)
{
	struct json_object *bytes, *eof;
	size_t before = out->len;

	if (!json_object_is_type(value, json_type_object) ||
	    !json_object_object_get_ex(value, "buf-b64", &bytes) ||
	    !json_object_is_type(bytes, json_type_string) ||
	    base64_append(out, json_object_get_string(bytes),
		(size_t)json_object_get_string_len(bytes)) < 0 ||
	    out->len > FILE_MAX)
		return -EIO;
	if (json_object_object_get_ex(value, "eof", &eof) && json_object_get_boolean(eof))
		return 1;
	/* An agent that neither tells bytes nor an end would be asked for ever. */
	return out->len == before;
}

static int read_chunks(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent,
    int64_t handle, struct text *out, char *error)
{
	int r;

	do {
		struct json_object *arguments = handle_argument(handle), *value;

		json_object_object_add(arguments, "count", json_object_new_int(CHUNK_BYTES));
		r = ask(ops, agent, "guest-file-read", arguments, &value, error);
		if (r < 0)
			return r;
		r = take_chunk(value, out);
		json_object_put(value);
		if (r < 0)
			snprintf(error, LIBVIRT_AGENT_ERROR_SIZE,
			    "the agent's answer makes no sense, or has no end");
	} while (r == 0);
	return r < 0 ? r : 0;
}

int libvirt_agent_read(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent,
    const char *path, struct text *ret, char *error)
{
	struct json_object *value;
	char unheard[LIBVIRT_AGENT_ERROR_SIZE];
	int64_t handle;
	int r = open_file(ops, agent, path, &handle, error);

	if (r < 0)
		return r;
	r = read_chunks(ops, agent, handle, ret, error);
	if (ask(ops, agent, "guest-file-close", handle_argument(handle), &value, unheard) == 0)
		json_object_put(value);
	return r;
}

static const struct libvirt_agent_ops *find_ops(struct libvirt_link *link, char *error)
{
	void *module = libvirt_module_load(link->error, sizeof(link->error));
	const struct libvirt_agent_ops *ops = module ? dlsym(module, LIBVIRT_AGENT_SYMBOL) : NULL;

	if (!module)
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE, "%s", link->error);
	else if (!ops || ops->version != LIBVIRT_AGENT_VERSION)
		snprintf(error, LIBVIRT_AGENT_ERROR_SIZE,
		    LIBVIRT_MODULE " is of another version of kvmtop");
	return ops && ops->version == LIBVIRT_AGENT_VERSION ? ops : NULL;
}

static int read_kernel_file(const struct libvirt_agent_ops *ops, struct libvirt_agent *agent,
    const char *name, struct text *ret, char *error)
{
	char *path = xasprintf("/%s/%s", "proc", name);
	int r = libvirt_agent_read(ops, agent, path, ret, error);

	free(path);
	return r;
}

int libvirt_agent_fetch(const char *uri, const char *uuid, struct text *ret_kallsyms,
    struct text *ret_modules, char *error)
{
	const struct libvirt_agent_ops *ops;
	struct libvirt_agent *agent;
	struct libvirt_link link;
	int r;

	libvirt_link_init(&link, uri, NULL, NULL);
	ops = find_ops(&link, error);
	if (!ops)
		return -ENOPKG;
	r = ops->open(libvirt_link_uri(&link), uuid, &agent, error);
	if (r < 0)
		return r;
	r = read_kernel_file(ops, agent, "kallsyms", ret_kallsyms, error);
	if (r == 0)
		r = read_kernel_file(ops, agent, "modules", ret_modules, error);
	ops->close(agent);
	return r;
}
