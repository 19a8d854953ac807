/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of command lines, which any local process may choose. */
#include "collectors/qemu_args.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qemu_args *args = qemu_args_parse((const char *)data, size);
	const struct qemu_arg *arg = NULL;
	size_t n = 0;

	while ((arg = qemu_args_next(args, NULL, arg))) {
		PROMISE(arg->name && ++n <= QEMU_ARGS_MAX && arg->n <= QEMU_KEYS_MAX);
		for (size_t i = 0; i < arg->n; i++) {
			PROMISE(arg->pair[i].key);
			PROMISE(!qemu_arg_get(arg, arg->pair[i].key) ==
				qemu_arg_is_null(arg, arg->pair[i].key));
		}
	}
	PROMISE(!qemu_args_next(args, "no such option", NULL) || n);
	qemu_args_free(args);
	return 0;
}
