/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files about a domain's XML share. */
#ifndef KVMTOP_FIXES_DEFINE_INNER_H
#define KVMTOP_FIXES_DEFINE_INNER_H

#include <libxml/tree.h>

#define DEFINE_DEPTH_MAX 64

/* NULL: it is none, or none that a domain would have. xmlFreeDoc() frees it. */
xmlDoc *define_parse(const char *xml);

/* The path below the root element, whatever its name. */
const char *define_below_root(const char *path);

#endif
