/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdbool.h>

#include "collectors/libvirt_xml.h"
#include "tests/fuzz/fuzz.h"

static void check_set(const struct cpuset *cpus)
{
	for (int cpu = cpuset_next(cpus, 0); cpu >= 0; cpu = cpuset_next(cpus, (unsigned)cpu + 1))
		PROMISE((unsigned)cpu < CPUSET_MAX);
}

static void check_pins(const struct libvirt_pins *pins)
{
	for (size_t i = 0; i < pins->n; i++) {
		PROMISE(!cpuset_empty(&pins->pin[i].cpus));
		PROMISE(pins->pin[i].number < CPUSET_MAX);
		PROMISE(i == 0 || pins->pin[i - 1].number < pins->pin[i].number);
		check_set(&pins->pin[i].cpus);
	}
}

static void check_vcpus(const struct libvirt_domain_xml *x)
{
	for (size_t i = 0; i < x->vcpu_pins.n; i++)
		PROMISE(
		    libvirt_vcpu_cpus(x, x->vcpu_pins.pin[i].number) == &x->vcpu_pins.pin[i].cpus);
	for (unsigned vcpu = 0; vcpu < 4; vcpu++) {
		const struct cpuset *cpus = libvirt_vcpu_cpus(x, vcpu);

		PROMISE(!cpus || !cpuset_empty(cpus));
	}
}

static void check_policy(const struct libvirt_domain_xml *x)
{
	char *policy = libvirt_numa_policy_dup(x);
	bool told = x->numa_mode || x->numa_automatic || !cpuset_empty(&x->numa_nodes) ||
		    x->n_cell_policies > 0;

	PROMISE(told == (policy != NULL));
	PROMISE(!policy || *policy);
	free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libvirt_domain_xml x;
	int r;

	libvirt_xml_init();
	memset(&x, 0xaa, sizeof(x));
	r = libvirt_domain_xml_parse((const char *)data, size, &x);
	if (r < 0) {
		PROMISE(r == -EINVAL || r == -EFBIG);
		PROMISE(((const unsigned char *)&x)[0] == 0xaa);
		return 0;
	}
	/* Entities come from document types only, and these are refused. */
	PROMISE(x.vcpus < CPUSET_MAX && x.vcpus_maximum < CPUSET_MAX && x.iothreads < CPUSET_MAX);
	check_pins(&x.vcpu_pins);
	check_pins(&x.iothread_pins);
	check_set(&x.numa_nodes);
	check_vcpus(&x);
	check_policy(&x);
	libvirt_domain_xml_done(&x);
	PROMISE(x.vcpu_pins.n == 0 && !x.title);
	return 0;
}
