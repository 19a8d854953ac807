/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of a small kernel, as it lists them. */
#ifndef KVMTOP_TESTS_A_KALLSYMS_H
#define KVMTOP_TESTS_A_KALLSYMS_H

static const char kallsyms[] = "0000000000000000 A fixed_percpu_data\n"
			       "ffffffff81000000 T startup_64\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000040 t __local\n"
			       "ffffffff81000040 T shown\n"
			       "ffffffff81000100 W weak\n"
			       "ffffffff82000000 D data\n"
			       "ffffffffc0000000 t vcpu_run\t[kvm]\n"
			       "ffffffffc0000200 t vcpu_put\t[kvm]\n";

#endif
