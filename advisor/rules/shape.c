/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advisor/rules/shape.h"

static bool is_named(const struct subject *s)
{
	return cell_has(s->row, DOMAIN_SOCKETS);
}

static void define(const struct subject *s, const char *element, struct plan *out)
{
	plan_add(out, ACTION_DEFINE, s->row, "cpu/topology", NULL, element)->saved = true;
}

void plan_shape_out(const struct subject *s, struct plan *out)
{
	if (is_named(s))
		define(s, "", out);
}

/* 1 where it is none, or does not divide them. */
static double divisor(const struct subject *s, int column, double vcpus)
{
	double n = cell_number(s->row, column, 1);

	return n >= 1 && fmod(vcpus, n) == 0 ? n : 1;
}

void plan_shape_for(const struct subject *s, double vcpus, struct plan *out)
{
	double threads = divisor(s, DOMAIN_CORE_THREADS, vcpus);
	double sockets = divisor(s, DOMAIN_SOCKETS, vcpus / threads);
	struct text element = { 0 };

	if (!is_named(s))
		return;
	print_format(&element, "<topology sockets='%.0f' dies='1' cores='%.0f' threads='%.0f'/>",
	    sockets, vcpus / threads / sockets, threads);
	define(s, element.p, out);
	text_done(&element);
	if (*cell_text(s->row, DOMAIN_CELLS))
		plan_refuse(out, "nodes of its own name its vCPUs, and its sockets must fit them");
}
