/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host whose settings can be changed: files, pages of a guest, and a libvirt of the test's own.
 * What it is is static, as the calls that change it are told of no place. */
#ifndef KVMTOP_TESTS_A_HOST_TO_FIX_H
#define KVMTOP_TESTS_A_HOST_TO_FIX_H

#include "tests/unit/a_site.h"

#define XML                                                       \
	"<domain type='kvm'>\n  <name>web1</name>\n  <devices>\n" \
	"    <disk type='file' device='disk'>\n"                  \
	"      <driver name='qemu' type='raw'/>\n"                \
	"      <target dev='vda' bus='virtio'/>\n    </disk>\n"   \
	"    <memballoon model='virtio'/>\n  </devices>\n</domain>"

/* ---- pages of the guest ---- */

#define PAGES 8u
#define NODES 8u
#define PAGES_AT 0x7f0000000000ULL

static int page_node[PAGES];
static struct a_site *pages_site;
static char affinity[32];

static void write_numa_maps(void)
{
	struct text text = { 0 };
	unsigned count[NODES] = { 0 };

	for (unsigned i = 0; i < PAGES; i++)
		count[page_node[i]]++;
	print_text(&text, "7f0000000000 default anon=8 dirty=8");
	for (unsigned node = 0; node < NODES; node++)
		if (count[node])
			print_format(&text, " N%u=%u", node, count[node]);
	print_text(&text,
	    " kernelpagesize_kB=4\n7f1000000000 default file=/usr/lib/libc.so mapped=9 N1=9 "
	    "kernelpagesize_kB=4\n");
	put_file(pages_site, "proc/4242/numa_maps", text.p);
	text_done(&text);
}

static int fake_move(pid_t pid, size_t n, void **page, const int *node, int *status, bool shared)
{
	(void)pid;
	for (size_t i = 0; i < n; i++) {
		size_t k = ((uintptr_t)page[i] - PAGES_AT) / 4096;

		/* A library that others use, too, stays where it is. */
		if (!shared) {
			status[i] = 1;
			continue;
		}
		assert_true(k < PAGES && (!node || (unsigned)node[i] < NODES));
		if (node)
			page_node[k] = node[i];
		status[i] = page_node[k];
	}
	if (node)
		write_numa_maps();
	return 0;
}

static int fake_get_affinity(pid_t tid, struct cpuset *ret)
{
	(void)tid;
	return cpuset_parse_list(ret, affinity);
}

static int fake_set_affinity(pid_t tid, const struct cpuset *cpus)
{
	(void)tid;
	cpuset_format(cpus, affinity, sizeof(affinity));
	return 0;
}

static int fake_load_module(const char *name, bool load)
{
	char *path = xasprintf("%s/sys/module/%s/refcnt", pages_site->tree, name);

	if (load) {
		put_file(pages_site, path + strlen(pages_site->tree) + 1, "0\n");
	} else {
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	free(path);
	return 0;
}

static const struct site_calls fake_calls = {
	.get_affinity = fake_get_affinity,
	.set_affinity = fake_set_affinity,
	.move_pages = fake_move,
	.load_module = fake_load_module,
};

static void host_init(struct a_site *a)
{
	a_site_init(a);
	a->site.calls = &fake_calls;
	pages_site = a;
	strcpy(affinity, "0-3");
	for (unsigned i = 0; i < PAGES; i++)
		page_node[i] = i < 6;
	put_file(a, "proc/sys/vm/swappiness", "60\n");
	put_file(a, "sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
	put_file(a, "sys/kernel/mm/ksm/run", "1\n");
	put_file(a, "sys/kernel/mm/ksm/pages_shared", "0\n");
	put_file(a, "sys/kernel/mm/ksm/merge_across_nodes", "1\n");
	put_file(
	    a, "sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "16\n");
	put_file(a, "sys/module/kvm/refcnt", "1\n");
	put_file(a, "etc/sysctl.d/10-other.conf", "vm.swappiness = 60\n");
	put_file(a, "proc/4242/maps",
	    "7f0000000000-7f0000008000 rw-p 00000000 00:00 0\n"
	    "7f1000000000-7f1000009000 r--p 00000000 08:01 77 /usr/lib/libc.so\n");
	write_numa_maps();
	fake_put(ACTION_PIN_VCPU, "0", false, "0-7");
	fake_put(ACTION_PIN_VCPU, "1", false, "0-7");
	fake_put(ACTION_PIN_EMULATOR, "", false, "0-7");
	fake_put(ACTION_NUMATUNE, "nodeset", false, "0-1");
	fake_put(ACTION_MEMORY_LIMIT, "hard_limit", false, "9007199254740991");
	fake_put(ACTION_SCHEDULER, "cpu_shares", false, "1024");
	fake_put(ACTION_BLKIO, "weight", false, "500");
	fake_put(ACTION_BLOCK_IOTUNE, "vda total_iops_sec", false, "0");
	fake_put(ACTION_NODE_MEMORY, "shm_pages_to_scan", false, "100");
	fake_put(ACTION_BALLOON, "", false, "1048576");
	fake_put(ACTION_VCPUS, "current", false, "4");
	fake_put(ACTION_DEFINE, "", true, XML);
}

static inline int host_setup(void **state)
{
	static struct a_site a;

	host_init(&a);
	*state = &a;
	return 0;
}

static inline int host_teardown(void **state)
{
	a_site_done(*state);
	return 0;
}

/* A test whose state is the struct a_site of such a host. */
#define on_host(test) cmocka_unit_test_setup_teardown(test, host_setup, host_teardown)

/* All that can be written down of the host. */
static inline char *host_text(const struct a_site *a)
{
	struct text out = { 0 };
	char *tree = tree_text(a);

	print_text(&out, tree);
	free(tree);
	for (size_t i = 0; i < fake.n; i++)
		print_format(&out, "%s\n", fake.value[i].text);
	print_format(&out, "%s\n", affinity);
	for (unsigned i = 0; i < PAGES; i++)
		print_format(&out, "%d", page_node[i]);
	return out.p;
}

/* It is as it was. Frees @before. */
static inline void assert_host(const struct a_site *a, char *before)
{
	char *now = host_text(a);

	assert_string_equal(before, now);
	free(before);
	free(now);
}

static inline void plan_swappiness(struct plan *p)
{
	plan_title(p, "set vm.swappiness to 10");
	plan_add(p, ACTION_SYSCTL, NULL, "vm.swappiness", "60", "10");
}

static inline void apply_swappiness(struct a_site *a)
{
	struct plan p = { 0 };

	plan_swappiness(&p);
	apply_plan(a, &p, ENDING_DONE);
}

#endif
