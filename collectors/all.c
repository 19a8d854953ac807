/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/collector.h"

const struct collector collectors[] = {
	{ SRC_GUESTS, LANE_FAST, 0, guests_open, guests_read, guests_close },
	{ SRC_THREADS, LANE_FAST, 0, threads_open, threads_read, threads_close },
	{ SRC_KVM, LANE_FAST, 0, kvm_open, kvm_read, kvm_close },
	{ SRC_CPUS, LANE_FAST, 0, cpus_open, cpus_read, cpus_close },
	{ SRC_NODES, LANE_FAST, 0, nodes_open, nodes_read, nodes_close },
	{ SRC_MEMORY, LANE_FAST, 0, memory_open, memory_read, memory_close },
	{ SRC_HUGEPAGES, LANE_FAST, 0, NULL, hugepages_read, NULL },
	{ SRC_KSM, LANE_FAST, 0, ksm_open, ksm_read, ksm_close },
	{ SRC_THP, LANE_FAST, 0, thp_open, thp_read, thp_close },
	{ SRC_CGROUP, LANE_FAST, 0, cgroup_open, cgroup_read, cgroup_close },
	{ SRC_KSM_GUESTS, LANE_PLACEMENT, 5 * NS_PER_SEC, ksm_guests_open, ksm_guests_read,
	    ksm_guests_close },
	{ SRC_PLACEMENT, LANE_PLACEMENT, 5 * NS_PER_SEC, placement_open, placement_read,
	    placement_close },
	{ SRC_LIBVIRT, LANE_LIBVIRT, 2 * NS_PER_SEC, libvirt_open, libvirt_read, libvirt_close },
	{ SRC_BALLOON, LANE_MONITOR, 5 * NS_PER_SEC, balloon_open, balloon_read, balloon_close },
	{ 0 },
};
