/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of a domain's XML by their path: "devices/memballoon",
 * "devices/disk[target/@dev='vda']", with or without "/domain/" before it. Texts are the caller's
 * to free. Nothing outside of the text is ever read: no entity, no document type, no network.
 */
#ifndef KVMTOP_FIXES_DEFINE_H
#define KVMTOP_FIXES_DEFINE_H

#include <stdbool.h>

struct text;

/*
 * The element, or what an attribute ("…/@period") says; "" where there is none. -EINVAL: no such
 * XML, or no such path; -ENOTUNIQ: more than one element is there.
 */
int define_get(const char *xml, const char *path, char **ret);

/*
 * The XML with @element in that place: instead of what is there, or added to its parent. A parent
 * that is missing is made, unless the path asks for one of many (-ENOENT). "" takes the element
 * out. @why says what was wrong.
 */
int define_set(
    const char *xml, const char *path, const char *element, char **ret, struct text *why);

/*
 * The same as arguments of virt-xml's option --xml, a line each. False: it cannot say that; @out
 * may have got some of it.
 */
bool define_edits(const char *path, const char *element, struct text *out);

/* Whether an element has all that another one has; libvirt adds to what it is given. */
bool define_includes(const char *element, const char *wanted);

#endif
