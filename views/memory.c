/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screen 4. */
#include "views/parts.h"

/* Every kernel has a pool of each size on each node; most are empty and nobody wants them. */
bool memory_takes_pool(const struct page *p, const struct row *row)
{
	(void)p;
	return cell_number(row, HUGEPOOL_TOTAL, 1) > 0 ||
	       cell_number(row, HUGEPOOL_SURPLUS, 0) > 0 ||
	       cell_number(row, HUGEPOOL_WANTED, 0) > 0;
}
