/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/writer.h"

#include <string.h>

#include "output/csv.h"

const struct writer writers[] = {
	{ "csv", "comma separated values (RFC 4180)", ".csv", csv_head, csv_sample },
	{ 0 },
};

const struct writer *writer_find(const char *name)
{
	for (const struct writer *w = writers; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}
