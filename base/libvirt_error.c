/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/libvirt_error.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>

static void be_silent(void *ctx, virErrorPtr error)
{
	(void)ctx;
	(void)error;
}

void libvirt_error_silence(void)
{
	virSetErrorFunc(NULL, be_silent);
}

int libvirt_error(char *words, size_t size)
{
	const virError *e = virGetLastError();

	snprintf(words, size, "%s", e && e->message ? e->message : "unknown error");
	switch (e ? e->code : VIR_ERR_OK) {
	case VIR_ERR_NO_DOMAIN:
		return -ENOENT;
	case VIR_ERR_OPERATION_INVALID:
		return -ESRCH;
	case VIR_ERR_NO_SUPPORT:
	case VIR_ERR_ARGUMENT_UNSUPPORTED:
	case VIR_ERR_OPERATION_UNSUPPORTED:
		return -ENOTSUP;
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_AUTH_UNAVAILABLE:
	case VIR_ERR_ACCESS_DENIED:
	case VIR_ERR_OPERATION_DENIED:
		return -EACCES;
	case VIR_ERR_SYSTEM_ERROR:
		return e->int1 == EACCES || e->int1 == EPERM ? -EACCES : -EIO;
	default:
		return -EIO;
	}
}
