/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of a guest's memory: the part in huge pages, and what the guest itself uses of it. */
#include "model/derive.h"

/* Pools' pages are not in RSS, transparent ones are; those that nobody tells count as none beside
 * pages of a pool, since who has these gets no others. */
static bool huge_bytes(const struct row *row, double *ret, enum state *ret_why)
{
	double pool = cell_number(row, DOMAIN_HUGETLB, 0), thp;

	if (derive_operand(TABLE_DOMAIN, row, DOMAIN_THP, &thp, ret_why))
		*ret = pool + thp;
	else if (pool > 0)
		*ret = pool;
	else
		return false;
	return true;
}

void derive_domain_huge_share(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		double huge, all = cell_number(row, DOMAIN_RSS, 0);
		enum state why;

		all += cell_number(row, DOMAIN_HUGETLB, 0);
		if (!huge_bytes(row, &huge, &why))
			derive_missing(s, row, column, why);
		else if (all > 0)
			derive_number(s, row, column, huge < all ? huge / all : 1);
	}
}

/* As free(1) has it: what the guest could not free without swapping; older drivers of balloons tell
 * only what is unused. */
void derive_domain_guest_used(struct snapshot *s, int column)
{
	for (size_t i = 0; i < s->table[TABLE_DOMAIN].n; i++) {
		struct row *row = s->table[TABLE_DOMAIN].row[i];
		double all, left;
		enum state why;

		if (derive_operand(TABLE_DOMAIN, row, DOMAIN_GUEST_AVAILABLE, &all, &why) &&
		    (derive_operand(TABLE_DOMAIN, row, DOMAIN_GUEST_USABLE, &left, &why) ||
			derive_operand(TABLE_DOMAIN, row, DOMAIN_GUEST_UNUSED, &left, &why)))
			derive_number(s, row, column, left < all ? all - left : 0);
		else
			derive_missing(s, row, column, why);
	}
}
