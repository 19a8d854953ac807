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
	{ SRC_NICS, LANE_FAST, 0, nics_open, nics_read, nics_close },
	{ SRC_PROCESS_IO, LANE_FAST, 0, process_io_open, process_io_read, process_io_close },
	{ SRC_BLOCKDEVS, LANE_FAST, 0, blockdevs_open, blockdevs_read, blockdevs_close },
	{ SRC_KSM_GUESTS, LANE_PLACEMENT, 5 * NS_PER_SEC, ksm_guests_open, ksm_guests_read,
	    ksm_guests_close },
	{ SRC_PLACEMENT, LANE_PLACEMENT, 5 * NS_PER_SEC, placement_open, placement_read,
	    placement_close },
	{ SRC_DISKS, LANE_PLACEMENT, 5 * NS_PER_SEC, disks_open, disks_read, disks_close },
	{ SRC_LIBVIRT, LANE_LIBVIRT, 2 * NS_PER_SEC, libvirt_open, libvirt_read, libvirt_close },
	{ SRC_BALLOON, LANE_MONITOR, NS_PER_SEC, monitor_open, monitor_read, monitor_close },
	{ SRC_IMAGES, LANE_IMAGES, 5 * NS_PER_SEC, images_open, images_read, images_close },
	{ SRC_EXITS, LANE_PERF, 450 * NS_PER_MS, exits_open, exits_read, exits_close },
	{ SRC_COUNTERS, LANE_PERF, NS_PER_SEC, counters_open, counters_read, counters_close },
	{ 0 },
};
