/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens, one row each. Columns leave a narrow screen by their weight, so the lists name all
 * that a wide one shall have.
 */
#include "views/parts.h"

/* Of screen 6 and of a guest's page. */
#define NIC_COLUMNS_SHOWN                                                                        \
	"domain nic interface model type backend queues queues_enabled queues_busy receive "     \
	"transmit "                                                                              \
	"packets packet_size drops errors vhost vhost_busiest vhost_wait workers_cpu "           \
	"workers_node bridge "                                                                   \
	"bridge_guests uplink mtu link workers workers_of mac receive_packets transmit_packets " \
	"receive_drops transmit_drops remark"
#define PCI_COLUMNS_SHOWN \
	"domain address class id driver group node guest_nodes local physical_function known_by"

#define NO_GUESTS "There is no guest on this host. kvmtop --demo shows a host that has some."

/* What the sentence on a guest speaks of, whatever the columns show. */
#define SENTENCE_NEEDS \
	(NEEDS(SRC_NODES) | NEEDS(SRC_CPUS) | NEEDS(SRC_PLACEMENT) | NEEDS(SRC_THREADS))

#define EXIT_REASON_COLUMNS "reason kind exits share error time time_share mean p50 p99 min max"

const struct screen screens[SCREENS] = {
	[SCREEN_DOMAINS] = {
		.digit = '1', .name = "domains", .title = "Domains",
		.help = "The guests; t unfolds one into its threads.",
		.part = { {
			.table = TABLE_DOMAIN,
			.columns = "name state vcpus cpu wait wait_worst guest emulator vhost exits halt_poll "
				   "memory rss huge swapped ksm local nodes run_nodes throttled "
				   "process_disk net net_drops uptime pid",
			.sort = "cpu",
			.empty = NO_GUESTS,
			.build = domains_build,
			.figure = domains_figure,
		} },
	},
	[SCREEN_VCPUS] = {
		.digit = '2', .name = "vcpus", .title = "vCPUs",
		.help = "Where each vCPU runs and may run, what it waits for, how often it leaves the guest.",
		.part = { {
			.table = TABLE_VCPU,
			.columns = "domain vcpu cpu node affinity pinned run wait guest system user exits "
				   "halt_exits io_exits mmio_exits halt_poll_success halt_poll_fail "
				   "migrations switches involuntary_switches irq_injections tid",
			.sort = "wait",
			.empty = NO_GUESTS,
			.build = vcpus_build,
		} },
	},
	[SCREEN_NUMA] = {
		.digit = '3', .name = "numa", .title = "NUMA",
		.help = "On which nodes the memory of guests lies, and on which their vCPUs ran; x reads "
			"it exactly, once.",
		.foot = 3,
		.part = { {
			.table = TABLE_DOMAIN,
			.columns = "name home local",
			.sort = "name",
			.empty = NO_GUESTS,
			.needs = SENTENCE_NEEDS,
			.fields = numa_fields,
			.build = numa_build,
			.figure = numa_figure,
		} },
	},
	[SCREEN_MEMORY] = {
		.digit = '4', .name = "memory", .title = "Memory",
		.help = "Huge pages, balloon and swap of guests, KSM, transparent huge pages.",
		.part = { {
			.title = "Huge page pools: what nodes have, and what guests want of it",
			.table = TABLE_HUGEPOOL,
			.columns = "page_size node total free used wanted surplus host_reserved guests "
				   "mount",
			.empty = "No pool has pages, and no guest asks for any.",
			.takes = memory_takes_pool,
			.fields = memory_pool_fields,
			.build = memory_build_pools,
			.figure = memory_pool_figure,
		}, {
			.title = "Guests",
			.table = TABLE_DOMAIN,
			.columns = "name memory rss huge huge_share huge_page_size swapped ksm ksm_profit balloon "
				   "balloon_maximum guest_available guest_used guest_unused guest_usable "
				   "guest_swap_in guest_swap_out guest_major_faults balloon_age memory_limit",
			.sort = "memory",
			.empty = "There is no guest on this host.",
			.needs = SENTENCE_NEEDS,
		}, {
			.title = "KSM: pages of the same content are kept once (sys/kernel/mm/ksm)",
			.kind = PART_FACTS,
			.table = TABLE_HOST,
			.columns = "ksm_run ksm_saved ksm_efficiency ksmd ksm_general_profit ksm_pages_shared "
				   "ksm_pages_sharing ksm_pages_unshared ksm_pages_volatile ksm_zero_pages "
				   "ksm_pages_scanned ksm_pages_skipped ksm_full_scans ksm_pages_to_scan "
				   "ksm_sleep_millisecs ksm_merge_across_nodes ksm_max_page_sharing "
				   "ksm_use_zero_pages ksm_smart_scan ksm_advisor_mode ksm_advisor_max_cpu "
				   "ksm_advisor_target_scan_time ksm_advisor_min_pages_to_scan "
				   "ksm_advisor_max_pages_to_scan ksm_stable_node_chains ksm_stable_node_dups "
				   "ksm_stable_node_chains_prune_millisecs",
			.strip = "ksm_",
			.empty = "This kernel has no KSM.",
		}, {
			.title = "Transparent huge pages (sys/kernel/mm/transparent_hugepage)",
			.kind = PART_FACTS,
			.table = TABLE_HOST,
			.columns = "thp_enabled thp_defrag thp_shmem_enabled anon_huge anon thp_faults "
				   "thp_fallbacks thp_collapses thp_splits compact_stalls khugepaged "
				   "khugepaged_pages_collapsed khugepaged_full_scans khugepaged_pages_to_scan "
				   "khugepaged_scan_sleep_millisecs khugepaged_alloc_sleep_millisecs "
				   "khugepaged_max_ptes_none khugepaged_defrag",
			.empty = "This kernel has no transparent huge pages.",
		} },
	},
	[SCREEN_DISKS] = {
		.digit = '5', .name = "disks", .title = "Disks",
		.help = "Disks of guests, how they are set up and what they wait for; the host's devices "
			"behind them.",
		.foot = 3,
		.part = { {
			.title = "Disks of guests",
			.table = TABLE_DISK,
			.columns = "domain disk throughput requests latency queue limit_used host_device "
				   "host_util host_await read write bus format cache io iothread flushes "
				   "flush_latency read_latency write_latency capacity allocation "
				   "method cgroup_read cgroup_write queues discard chain "
				   "read_requests write_requests filesystem l2_covered cluster_size "
				   "scheduler host_disks source",
			.sort = "latency",
			.empty = "No guest has a disk.",
			.needs = NEEDS(SRC_LIBVIRT),
		}, {
			.title = "Devices of the host",
			.table = TABLE_BLOCKDEV,
			.columns = "device util await queue read write reads writes scheduler rotational "
				   "kind guests read_await write_await size below name queue_requests "
				   "device_queue_depth flushes flush_await request_size write_cache "
				   "in_flight retransmits timeouts",
			.sort = "util",
			.empty = "This host has no block device.",
		} },
	},
	[SCREEN_NETWORK] = {
		.digit = '6', .name = "network", .title = "Net",
		.help = "NICs of guests: traffic in the guest's direction, who moves it, and where it leaves; the "
			"host's own interfaces.",
		.foot = 3,
		.part = { {
			.title = "NICs of guests",
			.table = TABLE_NIC,
			.columns = NIC_COLUMNS_SHOWN,
			.sort = "receive",
			.empty = "No guest has a NIC.",
		}, {
			.title = "Interfaces of the host",
			.table = TABLE_INTERFACE,
			.columns = "interface kind receive transmit packets drops errors used guests "
				   "master link uplink node speed mtu receive_drops transmit_drops "
				   "receive_errors transmit_errors receive_packets transmit_packets",
			.sort = "receive",
			.build = network_build_if_any,
		}, {
			.title = "PCI devices passed through",
			.table = TABLE_PCI,
			.columns = PCI_COLUMNS_SHOWN,
			.sort = "address",
			.build = network_build_if_any,
		} },
	},
	[SCREEN_EXITS] = {
		.digit = '7', .name = "exits", .title = "Exits",
		.help = "Why guests are left, how often and for how long; Enter on a guest: of each vCPU.",
		.foot = 3,
		.part = { {
			.title = "The whole host",
			.table = TABLE_HOST_EXIT,
			.columns = EXIT_REASON_COLUMNS,
			.sort = "exits",
			.empty = "No exit was seen.",
			.build = exits_build,
		}, {
			.title = "Guests: exits and halt polling",
			.table = TABLE_DOMAIN,
			.columns = "name exits halt_poll halt_polls halt_poll_success "
				   "halt_poll_success_time halt_poll_fail_time halt_poll_mean watch_cost",
			.sort = "exits",
			.empty = "There is no guest on this host.",
			.needs = SENTENCE_NEEDS,
		}, {
			.title = "Reasons of each guest",
			.table = TABLE_EXIT,
			.columns = "domain " EXIT_REASON_COLUMNS,
			.sort = "exits",
			.build = network_build_if_any,
		} },
	},
	[SCREEN_HOST] = {
		.digit = '8', .name = "host", .title = "Host",
		.help = "The host's nodes and CPUs, and who is pinned where.",
		.part = { {
			.title = "Nodes",
			.table = TABLE_NODE,
			.columns = "node cpus busy total free guest_memory guest_run vcpus huge_total huge_free "
				   "distance numa_miss numa_hit numa_foreign anon file thp",
			.empty = "The kernel names no NUMA nodes.",
		}, {
			.title = "Host",
			.kind = PART_PAIRS,
			.table = TABLE_HOST,
			.columns = "domains vcpus cpus vcpus_per_cpu busy guest overhead iowait steal wait "
				   "load1 load5 load15 context_switches interrupts memory_total "
				   "memory_available memory_free guest_memory cached dirty committed swap_total "
				   "swap_free swap_in swap_out numa_balancing numa_hint_faults swappiness "
				   "halt_poll_limit halt_poll zone_reclaim overcommit apic_help clocksource "
				   "workqueue_cpus uptime kernel",
		}, {
			.title = "Pressure: time that somebody waited (proc/pressure)",
			.kind = PART_FACTS,
			.table = TABLE_HOST,
			.columns = "psi_cpu_some psi_memory_some psi_memory_full psi_io_some psi_io_full",
			.strip = "psi_",
			.empty = "This kernel does not measure pressure (CONFIG_PSI, psi=1).",
		}, {
			.title = "CPUs",
			.table = TABLE_CPU,
			.columns = "cpu node busy guest pinned vcpus user system irq iowait steal idle core "
				   "package siblings governor frequency",
		} },
	},
	[SCREEN_ADVICE] = {
		.digit = '9', .name = "advice", .title = "Advice",
		.help = "What could be better on this host: the worst first, muted ones below.",
		.foot = 5,
		.part = { {
			.table = TABLE_FINDING,
			.columns = "level subject rule evidence advice class after",
			.empty = "Nothing to advise.",
			.build = advice_build,
			.figure = advice_figure,
		} },
	},
	[SCREEN_JOURNAL] = {
		.digit = '0', .name = "journal", .title = "Journal",
		.help = "What was fixed and what came of it; where figures come from, what is missing; "
			"what has happened.",
		.foot = 3,
		.part = { {
			.title = "Fixes, the newest first",
			.kind = PART_OWN,
			.table = TABLE_SOURCE,
			.empty = "Nothing was ever changed.",
			.build = journal_build,
		}, {
			.title = "Sources",
			.table = TABLE_SOURCE,
			.columns = "source state age cost errors reads note",
			.fields = sources_fields,
			.build = sources_build,
		}, {
			.title = "Messages, the newest first",
			.kind = PART_OWN,
			.table = TABLE_SOURCE,
			.empty = "Nothing has happened yet.",
			.build = messages_build,
		} },
	},
	[SCREEN_DOMAIN] = {
		.name = "domain", .title = "Domain",
		.way = "Enter on a guest",
		.help = "All about one guest.",
		.foot = 3,
		.part = { {
			.kind = PART_PAIRS,
			.table = TABLE_DOMAIN,
			.columns = "cpu vcpu_run wait guest exits halt_poll emulator vhost wait_worst throttled "
				   "cpu_limit memory rss huge thp huge_share huge_page_size swapped "
				   "memory_throttles ksm balloon balloon_maximum guest_available guest_used "
				   "guest_unused memory_limit local home "
				   "home_share nodes run_nodes numa_mode vcpus vcpus_maximum emulator_pinned "
				   "threads process_disk disk_read disk_write disk_requests disk_latency disk_method "
				   "io_weight net_receive net_transmit net_packets net_drops nics uptime "
				   "pid id vmm autostart uuid title cgroup",
			.takes = domain_page_takes,
			.build = domain_page_build,
		}, {
			.title = "Advice",
			.table = TABLE_FINDING,
			.columns = "level subject evidence advice class since rule after",
			.takes = domain_page_takes,
			.build = advice_build_if_any,
			.figure = advice_figure,
		}, {
			.title = "The last 60 samples",
			.kind = PART_TRENDS,
			.table = TABLE_DOMAIN,
			.columns = "cpu wait guest exits disk_read disk_write net_receive net_transmit "
				   "rss local",
			.takes = domain_page_takes,
		}, {
			.title = "vCPUs",
			.table = TABLE_VCPU,
			.columns = "vcpu cpu node affinity pinned run wait guest system user exits halt_exits "
				   "io_exits mmio_exits halt_poll_success halt_poll_fail migrations switches "
				   "involuntary_switches tid",
			.sort = "vcpu",
			.empty = "No vCPU is known.",
			.takes = domain_page_takes,
			.build = domain_page_build_vcpus,
		}, {
			.title = "Other threads",
			.table = TABLE_THREAD,
			.columns = "role cpu node affinity run wait system user name migrations switches tid",
			.sort = "role",
			.empty = "No thread is known.",
			.takes = domain_page_takes,
		}, {
			.title = "Disks",
			.table = TABLE_DISK,
			.columns = "disk throughput requests latency queue limit_used host_device "
				   "host_util host_await read write bus format cache io iothread flushes "
				   "flush_latency read_latency write_latency capacity allocation method queues "
				   "discard chain filesystem l2_covered cluster_size scheduler host_disks "
				   "source",
			.sort = "disk",
			.takes = domain_page_takes,
			.build = network_build_if_any,
		}, {
			.title = "NICs",
			.table = TABLE_NIC,
			.columns = "nic interface model type backend queues queues_enabled queues_busy receive "
				   "transmit packets drops errors vhost vhost_busiest vhost_wait workers_cpu "
				   "workers_node bridge bridge_guests uplink mtu link workers workers_of mac "
				   "receive_drops transmit_drops remark",
			.sort = "nic",
			.takes = domain_page_takes,
			.build = network_build_if_any,
		}, {
			.title = "PCI devices passed through",
			.table = TABLE_PCI,
			.columns = "address class id driver group node guest_nodes local physical_function "
				   "known_by",
			.sort = "address",
			.takes = domain_page_takes,
			.build = network_build_if_any,
		}, {
			.title = "What its definition says",
			.kind = PART_PAIRS,
			.table = TABLE_DOMAIN,
			.columns = "saved cpu_mode cpu_model cpu_features core_threads cells x2apic apic_eoi "
				   "pv_spinlock hard_limit swap_limit emulator_path",
			.takes = domain_page_takes,
		}, {
			.title = "Memory and run time by node",
			.table = TABLE_PLACEMENT,
			.columns = "node memory share share_error huge run run_mean vcpus method age took",
			.sort = "node",
			.empty = "Where its memory lies is not known; screen 0 says why.",
			.takes = domain_page_takes,
		} },
	},
	[SCREEN_COUNTERS] = {
		.name = "counters", .title = "Counters",
		.way = "g on screen 7",
		.help = "What the CPUs count while vCPUs run; g leads back to the exits.",
		.foot = 3,
		.part = { {
			.title = "Guests: counted in all their vCPUs",
			.table = TABLE_DOMAIN,
			.columns = "name cpu ipc llc_misses_per_1000 dtlb_misses_per_1000 "
				   "branch_misses_per_1000 remote_share host_cycles_share counted cycles "
				   "instructions ipc_host page_faults remote_loads local_loads",
			.sort = "cpu",
			.empty = "There is no guest on this host.",
			.build = counters_build,
			.needs = SENTENCE_NEEDS,
		}, {
			.title = "vCPUs",
			.table = TABLE_VCPU,
			.columns = "domain vcpu cpu run ipc llc_misses_per_1000 dtlb_misses_per_1000 "
				   "branch_misses_per_1000 remote_share host_cycles_share counted "
				   "page_faults counted_switches counted_migrations cycles instructions "
				   "ipc_host remote_loads local_loads",
			.sort = "run",
			.empty = "No vCPU is known.",
		}, {
			.title = "Events (--events names others)",
			.table = TABLE_EVENT,
			.columns = "domain event guest host guest_per_1000 counted",
			.empty = "No event is counted.",
		} },
	},
	[SCREEN_GUEST_EXITS] = {
		.name = "guest-exits", .title = "Exits",
		.way = "Enter on a guest of screen 7",
		.help = "Why one guest is left, and each of its vCPUs.",
		.foot = 3,
		.part = { {
			.table = TABLE_EXIT,
			.columns = EXIT_REASON_COLUMNS,
			.sort = "exits",
			.empty = "No exit of it was seen.",
			.takes = domain_page_takes,
			.build = guest_exits_build,
		}, {
			.title = "By vCPU",
			.table = TABLE_VCPU_EXIT,
			.columns = "vcpu " EXIT_REASON_COLUMNS,
			.sort = "vcpu",
			.takes = domain_page_takes,
			.build = network_build_if_any,
		} },
	},
};
