# SPDX-License-Identifier: GPL-2.0-or-later
"""The hosts that are made by hand, each for a kernel or a machine that few have."""

from host_model import Guest, Host, Node

ARM_STATS = (
    "exits",
    "hvc_exit_stat",
    "wfe_exit_stat",
    "wfi_exit_stat",
    "mmio_exit_user",
    "mmio_exit_kernel",
    "signal_exits",
    "halt_attempted_poll",
    "halt_successful_poll",
    "halt_poll_invalid",
    "halt_wakeup",
    "halt_poll_success_ns",
    "halt_poll_fail_ns",
    "halt_wait_ns",
    "blocking",
    "remote_tlb_flush",
)
X86_STATS = (
    "exits",
    "halt_exits",
    "io_exits",
    "mmio_exits",
    "irq_exits",
    "signal_exits",
    "irq_injections",
    "insn_emulation",
    "pf_fixed",
    "halt_attempted_poll",
    "halt_successful_poll",
    "halt_poll_success_ns",
    "halt_poll_fail_ns",
    "tlb_flush",
    "hypercalls",
)


def pairs(cpus, apart, package_of):
    """Cores of two threads whose numbers lie @apart; a core has the number of its first thread."""
    low = [c for c in cpus if c - apart not in cpus]
    out = {}
    for core in low:
        siblings = [c for c in (core, core + apart) if c in cpus]
        out.update({c: (core, package_of(core), siblings) for c in siblings})
    return out


def single(cpus, package_of=lambda cpu: 0):
    return {c: (c, package_of(c), [c]) for c in cpus}


def old_ksm(**other):
    """The files that every kernel with KSM has; a pair grows by its second number each second."""
    return {
        "run": 0,
        "pages_shared": 0,
        "pages_sharing": 0,
        "pages_unshared": 0,
        "pages_volatile": 0,
        "full_scans": 0,
        "pages_to_scan": 100,
        "sleep_millisecs": 20,
        "merge_across_nodes": 1,
        "max_page_sharing": 256,
        "use_zero_pages": 0,
        "stable_node_chains": 0,
        "stable_node_dups": 0,
        "stable_node_chains_prune_millisecs": 2000,
        **other,
    }


def new_ksm(**other):
    return old_ksm(
        **{
            "pages_skipped": 0,
            "ksm_zero_pages": 0,
            "pages_scanned": (0, 0),
            "smart_scan": 1,
            "general_profit": 0,
            "advisor_max_cpu": 70,
            "advisor_target_scan_time": 200,
            "advisor_min_pages_to_scan": 500,
            "advisor_max_pages_to_scan": 30000,
            "advisor_mode": "[none] scan-time",
            **other,
        }
    )


def cgroup_v1():
    """Linux 4.18 with cgroup v1, without PSI; vhost workers are threads of the kernel."""
    nodes = {0: Node([0, 1, 2, 3], 16000, 900), 1: Node([4, 5, 6, 7], 16128, 700, miss=5)}
    guests = [
        Guest(
            4242,
            "web-1",
            4096,
            [0, 1],
            {0: 3000, 1: 40},
            program="/usr/libexec/qemu-kvm",
            vhost=True,
            quota=1.5,
            machine="pc-q35-rhel8.6.0",
            stat_names=X86_STATS,
        ),
        Guest(
            4400,
            "db",
            8192,
            [4, 5, 6, 7],
            {1: 8200},
            run=0.8,
            wait=0.3,
            guest=0.75,
            pinned=True,
            program="/usr/libexec/qemu-kvm",
            swapped_mib=64,
            machine="pc-q35-rhel8.6.0",
            start=200000,
        ),
    ]
    return Host(
        "cgroup-v1",
        "4.18.0-553.el8_10.x86_64",
        nodes,
        guests,
        seconds=(0, 2, 4),
        psi=False,
        cgroup=1,
        cores=pairs(range(8), 4, lambda core: 0),
        ksm=old_ksm(),
        thp="always",
        governor="performance",
        khz=2400000,
        vmstat_rates={"pswpin": 10, "pswpout": 25, "numa_hint_faults": 300},
    )


def cgroup_hybrid():
    """Both versions of cgroups side by side (cgroup_no_v1=memory), as systemd mounts them."""
    nodes = {0: Node([0, 1], 8000, 500), 1: Node([2, 3], 8064, 500)}
    guests = [
        Guest(
            700, "mail", 2048, [0, 1], {0: 1500, 1: 20}, quota=1.5, memory_limit_mib=3072, run=0.5
        ),
        Guest(800, "files", 1024, [2], {1: 900}),
    ]
    return Host(
        "cgroup-hybrid",
        "5.4.0-204-generic",
        nodes,
        guests,
        seconds=(0, 2, 4),
        cgroup="hybrid",
        cores=single(range(4)),
        ksm=old_ksm(),
        khz=2600000,
    )


def no_ksm():
    return Host(
        "no-ksm",
        "6.1.0-28-cloud-amd64",
        {0: Node([0, 1, 2, 3], 8000, 600)},
        [Guest(900, "small", 1024, [2], {0: 700}, vhost=True)],
        cores=single(range(4)),
        distance=10,
    )


def no_numa():
    """A kernel without NUMA; 512 pages of 2 MiB, 92 of them free: 840 MiB are used."""
    return Host(
        "no-numa",
        "6.12.30-minimal",
        {0: Node([0, 1], 4000, 500, pools={2048: (512, 92)})},
        [
            Guest(
                700,
                "only",
                840,
                [1],
                {0: 840},
                huge_kib=2048,
                merging_pages=0,
                rmap_items=0,
                vhost=True,
            )
        ],
        cores=single(range(2)),
        numa=False,
        ksm=new_ksm(),
        huge_kib=(2048,),
        resv={2048: 20},
    )


def small_pool():
    """Pools too small for the guests that want them.

    Of the two guests that want 1024 MiB each in pages of 2 MiB, the second was refused and lies in
    ordinary memory, as QEMU takes with -mem-path where it may: 612 pages are there, 412 are short.
    The pool of node 0 was made smaller while the first one ran, so 12 of its pages are surplus.
    """
    nodes = {
        0: Node([0, 1, 4, 5], 8000, 700, pools={2048: (512, 0, 12)}),
        1: Node([2, 3, 6, 7], 8064, 600, pools={2048: (100, 100)}),
    }
    guests = [
        Guest(
            1500,
            "first",
            1024,
            [0, 1],
            {0: 1024},
            huge_kib=2048,
            merging_pages=0,
            rmap_items=0,
        ),
        Guest(
            1700,
            "second",
            1024,
            [2, 3],
            {0: 24, 1: 1000},
            huge_kib=2048,
            refused=True,
            merging_pages=1200,
            rmap_items=45000,
            start=150000,
        ),
        Guest(
            1900,
            "plain",
            512,
            [6],
            {1: 400},
            merging_pages=1300,
            rmap_items=45000,
            start=200000,
        ),
    ]
    return Host(
        "small-pool",
        "6.8.0-45-generic",
        nodes,
        guests,
        cores=pairs(range(8), 4, lambda core: core // 2),
        ksm=new_ksm(
            run=1,
            pages_shared=500,
            pages_sharing=2500,
            pages_unshared=87000,
            general_profit=2500 * 4096 - 64 * 90000,
        ),
    )


def arm64():
    cpus = list(range(16))
    nodes = {0: Node(cpus[:8], 32000, 1000), 1: Node(cpus[8:], 32100, 800, hit=500)}
    guests = [
        Guest(
            3100,
            "arm-a",
            4096,
            [3, 4],
            {0: 2600},
            program="/usr/bin/qemu-system-aarch64",
            machine="virt-9.0",
            stat_names=ARM_STATS,
            merging_pages=128,
            vhost=True,
        )
    ]
    return Host(
        "arm64",
        "6.1.0-28-arm64",
        nodes,
        guests,
        cores=single(cpus, lambda cpu: 36 * (cpu // 8)),
        governor="schedutil",
        khz=2000000,
        ksm=old_ksm(run=1, pages_shared=64, pages_sharing=64, pages_unshared=500, full_scans=3),
        huge_kib=(64, 2048, 32768, 1048576),
        distance=20,
    )


def sparse_288():
    """288 CPUs: of each four numbers two are online. A node without memory, one without CPUs.

    Between the samples CPU 4 goes offline and comes back. Pools: 25000 pages of 2 MiB with 23425
    free on node 0, four of 1 GiB on node 1, 1024 of 2 MiB on node 3.
    """
    cpus = [c for c in range(576) if c % 4 < 2]
    numbers = [0, 1, 2, 3, 8, 9, 16, 17]
    nodes = {n: Node(cpus[36 * i : 36 * i + 36], 131072, 2000) for i, n in enumerate(numbers)}
    nodes[9].total_mib = nodes[9].used_mib = 0
    nodes[32] = Node([], 65536, 100, hit=0)
    nodes[0].pools = {2048: (25000, 23425)}
    nodes[1].pools = {1048576: (4, 4)}
    nodes[3].pools = {2048: (1024, 1024)}
    cores = {c: (c // 4, c // 288, [c // 4 * 4, c // 4 * 4 + 1]) for c in cpus}
    guests = [
        Guest(
            20001,
            "high",
            16384,
            [c for c in cpus if c >= 560],
            {17: 16000},
            pinned=True,
            merging_pages=0,
        ),
        Guest(
            20500,
            "huge",
            3150,
            [0, 1, 8, 9],
            {0: 3150},
            huge_kib=2048,
            merging_pages=0,
            start=300000,
        ),
    ]
    return Host(
        "sparse-288",
        "6.1.0-28-amd64",
        nodes,
        guests,
        cores=cores,
        ksm=old_ksm(),
        offline_at={1: {4}},
        distance=32,
    )


EIGHT_CPUS = {k: list(range(10 * k, 10 * k + 10)) for k in range(8)}


def eight_nodes(name, guests):
    nodes = {
        k: Node(cpus, 16384, 1200, hit=5000, miss=40 * k, other=100)
        for k, cpus in EIGHT_CPUS.items()
    }
    cpus = sum(EIGHT_CPUS.values(), [])
    return Host(
        name,
        "5.14.0-427.el9.x86_64",
        nodes,
        guests,
        cores=single(cpus, lambda cpu: cpu // 10),
        ksm=old_ksm(),
        thp="always",
    )


def four_guests(mib, cpus, pids):
    return [
        Guest(
            pid,
            f"vm{i + 1}",
            8192,
            cpu,
            {n: v for n, v in enumerate(row) if v},
            run=0.9,
            wait=0.05,
            guest=0.85,
            start=400000 + 1000 * i,
            program="/usr/libexec/qemu-kvm",
            merging_pages=0,
            machine="pc-q35-rhel9.4.0",
            stat_names=X86_STATS,
        )
        for i, (row, cpu, pid) in enumerate(zip(mib, cpus, pids))
    ]


def misaligned():
    """Figures of numastat -c: MiB of four guests on eight nodes."""
    mib = [
        [68, 16, 357, 6936, 2, 3, 147, 598],
        [245, 11, 5, 18, 5172, 2532, 1, 92],
        [62, 432, 1661, 506, 4851, 136, 22, 445],
        [1393, 3, 1, 2, 12, 0, 0, 6702],
    ]
    cpus = [[30, 31, 32, 75], [41, 42, 55, 56], [43, 44, 20, 21], [70, 71, 72, 3]]
    return eight_nodes(
        "eight-nodes-misaligned", four_guests(mib, cpus, [51722, 51747, 53736, 53773])
    )


def aligned():
    """The same guests after they were moved; the first one was started anew."""
    mib = [
        [0, 0, 8050, 0, 0, 0, 0, 0],
        [0, 0, 7, 0, 8072, 0, 0, 0],
        [0, 0, 7, 0, 0, 0, 8113, 0],
        [0, 0, 7, 0, 0, 0, 0, 8110],
    ]
    cpus = [[20, 21, 22, 23], [40, 41, 42, 43], [60, 61, 62, 63], [70, 71, 72, 73]]
    return eight_nodes("eight-nodes-aligned", four_guests(mib, cpus, [59065, 51747, 53736, 53773]))


def four_nodes_36():
    """numactl --hardware: four nodes of 36 CPUs, siblings n and n+72; and KSM at work."""
    free = [31120, 31673, 31726, 31387]
    total = [31975, 32316, 32316, 32314]
    guests = [
        Guest(
            6100 + 100 * i,
            f"sles{i + 1}",
            1024,
            [18 * i, 18 * i + 1],
            {i: 300},
            merging_pages=10000,
            rmap_items=30000,
            start=500000 + i,
        )
        for i in range(2)
    ]
    nodes = {}
    for k in range(4):
        cpus = list(range(18 * k, 18 * k + 18)) + list(range(18 * k + 72, 18 * k + 90))
        nodes[k] = Node(cpus, total[k], total[k] - free[k] - (300 if k < 2 else 0))
    ksm = new_ksm(
        run=1,
        pages_shared=2000,
        pages_sharing=18000,
        pages_unshared=36000,
        pages_volatile=4000,
        full_scans=12,
        general_profit=18000 * 4096 - 64 * 60000,
        pages_scanned=(7000000, 1000),
        pages_to_scan=1000,
        sleep_millisecs=1000,
        advisor_mode="none [scan-time]",
    )
    return Host(
        "four-nodes-36",
        "6.12.0-160000.5-default",
        nodes,
        guests,
        ksm=ksm,
        cores=pairs(range(144), 72, lambda core: core // 18),
    )


def all_hosts():
    return [
        cgroup_v1(),
        cgroup_hybrid(),
        no_ksm(),
        no_numa(),
        small_pool(),
        arm64(),
        sparse_288(),
        misaligned(),
        aligned(),
        four_nodes_36(),
    ]
