# SPDX-License-Identifier: GPL-2.0-or-later
"""The hosts that are made by hand, each for a kernel or a machine that few have."""

from host_model import Disk, Guest, Host, Link, Nic, Node

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


def short_memory():
    """Little memory beside that of its guests, one of which is swapped out: there is advice."""
    nodes = {0: Node([0, 1, 2, 3], 8000, 300), 1: Node([4, 5, 6, 7], 8064, 400)}
    guests = [
        Guest(4242, "web1", 4096, [0, 1], {0: 3900, 1: 40}, vhost=True),
        Guest(
            4400,
            "db1",
            8192,
            [4, 5, 6, 7],
            {0: 2400, 1: 5600},
            run=0.8,
            wait=0.02,
            guest=0.75,
            swapped_mib=96,
        ),
        Guest(4500, "mail", 2048, [2], {0: 1400, 1: 500}, run=0.02),
    ]
    return Host(
        "short-memory",
        "6.12.30-amd64",
        nodes,
        guests,
        seconds=(0, 2, 4),
        cores=single(range(8), lambda cpu: cpu // 4),
        ksm=new_ksm(),
        thp="always",
        vmstat_rates={"pswpin": 10, "pswpout": 25},
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


def exits_note(head, guests):
    """kvmtop/exits: what was found out about exits, of the host, its guests and their threads.

    guests: {pid: {tid: [(isa, code, exits/s, error in ppm, mean, p50, p99, min, max in ns)]}}
    """

    def merged(rows):
        out = {}
        for isa, code, rate, error, mean, p50, p99, least, most in rows:
            old = out.get((isa, code))
            if not old:
                out[isa, code] = [rate, error, rate * mean, p50, p99, least, most]
                continue
            old[0] += rate
            old[2] += rate * mean
            old[3:] = [max(old[3], p50), max(old[4], p99), min(old[5], least), max(old[6], most)]
        return out

    def lines(level, who, rows):
        for (isa, code), (rate, error, time, p50, p99, least, most) in sorted(merged(rows).items()):
            yield (
                f"{level} {who} {isa} {code} {rate * 1000} {error} {time} 1 "
                f"{time // rate} {p50} {p99} {least} {most} {rate * 60}\n"
            )

    each = [(tid, rows) for threads in guests.values() for tid, rows in sorted(threads.items())]
    out = [head]
    out += lines(0, 0, [row for _, rows in each for row in rows])
    for pid, threads in sorted(guests.items()):
        out += lines(1, pid, [row for rows in threads.values() for row in rows])
    for tid, rows in each:
        out += lines(2, tid, rows)
    return "".join(out)


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
        extra={
            "kvmtop/exits": exits_note(
                "sampled 100000 0 2000\n",
                {
                    3100: {
                        3105: [
                            (3, 0x01, 850, 60000, 900000, 700000, 3900000, 9000, 4000000),
                            (3, 0x24, 1200, 45000, 4100, 3600, 9800, 1900, 61000),
                            (4, 0, 310, 120000, 2100, 1900, 5200, 900, 14000),
                            (5, 6, 40, 300000, 31000, 27000, 88000, 14000, 92000),
                        ],
                        3106: [
                            (3, 0x01, 610, 70000, 1200000, 900000, 3900000, 9000, 4000000),
                            (3, 0x18, 90, 200000, 1800, 1700, 3100, 1100, 6000),
                        ],
                    }
                },
            )
        },
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
            run=0.6,
            wait=0.01,
            guest=0.55,
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
        extra={
            "kvmtop/exits": exits_note(
                "counted 1000000 0 1500\n",
                {
                    6100: {
                        6105: [
                            (1, 12, 2100, 0, 180000, 90000, 980000, 2500, 1000000),
                            (1, 32, 8400, 0, 1500, 1300, 4200, 700, 52000),
                            (1, 48, 120, 0, 2900, 2600, 9000, 1500, 34000),
                            (1, 1, 900, 0, 1100, 900, 3900, 500, 21000),
                            (1, 30, 310, 0, 21000, 18000, 74000, 9000, 240000),
                            (5, 2, 310, 0, 17000, 14000, 69000, 7000, 231000),
                        ],
                        6106: [
                            (1, 12, 1700, 0, 210000, 110000, 990000, 2600, 1000000),
                            (1, 32, 7900, 0, 1600, 1400, 4400, 700, 48000),
                            (1, 99, 3, 0, 5000, 5000, 5000, 5000, 5000),
                        ],
                    },
                    6200: {
                        6205: [
                            (1, 12, 250, 0, 3500000, 3900000, 4000000, 3000, 4100000),
                            (1, 32, 520, 0, 1700, 1500, 4600, 800, 19000),
                        ],
                    },
                },
            )
        },
    )


def network():
    """Taps with vhost, without and of several queues, a macvtap, vhost-user, devices passed through.

    web has four queues, two switched on, two at work; db two NICs whose workers are told by order;
    old an emulated one and one in user mode; edge runs on node 0, its device is on node 1; web has
    a mediated device. The port that they share, eth0, is full; old has a NIC on Open vSwitch, too.
    """
    gib = 2**30
    guests = [
        Guest(
            1100,
            "web",
            2048,
            [0, 1, 2, 3],
            {0: 1900},
            nics=(Nic("vnet0", "52:54:00:00:01:00", queues=4),),
            workers=((1, 0.82), (2, 0.31), (3, 0.0), (3, 0.0)),
            devices=("5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c",),
        ),
        Guest(
            1200,
            "db",
            1024,
            [4, 5],
            {1: 1000},
            nics=(Nic("vnet1", "52:54:00:00:02:00"), Nic("vnet2", "52:54:00:00:02:01")),
            workers=((4, 0.05), (0, 0.2)),
            start=110000,
        ),
        Guest(
            1300,
            "old",
            512,
            [6],
            {1: 500},
            nics=(
                Nic("vnet3", "52:54:00:00:03:00", model="e1000", vhost=False),
                Nic("", "52:54:00:00:03:01", type="user", model="rtl8139", vhost=False),
                Nic("vnet4", "52:54:00:00:03:02", vhost=False),
            ),
            start=120000,
        ),
        Guest(
            1400,
            "edge",
            1024,
            [2],
            {0: 900},
            nics=(
                Nic("macvtap0", "52:54:00:00:04:00", type="macvtap"),
                Nic("", "52:54:00:00:04:01", type="vhost-user", queues=2, vhost=False),
            ),
            workers=((7, 0.02),),
            devices=("0000:3b:10.0",),
            start=130000,
        ),
    ]
    links = (
        Link(
            "eth0",
            "device",
            "br0",
            mtu=9000,
            speed=1000,
            node=0,
            received=(12e6, 9000, 0),
            sent=(110e6, 80000, 600),
        ),
        Link("eth1", "device", speed=10000, node=1, received=(8e5, 700, 0), sent=(2e5, 300, 0)),
        Link("br0", "bridge", mtu=1500),
        Link("br1", "bridge"),
        Link("vnet0", master="br0", queues=2, received=(gib / 20, 40000, 0), sent=(4e6, 30000, 120)),
        Link("vnet1", master="br0", received=(2e6, 1500, 0), sent=(3e6, 2200, 0)),
        Link("vnet2", master="br1", received=(9e6, 6100, 0), sent=(1e5, 900, 0)),
        Link("vnet3", master="br0", mtu=1400, received=(4000, 12, 0), sent=(7000, 20, 0)),
        Link("macvtap0", "macvtap", lower="eth1", received=(5e5, 400, 0), sent=(1e5, 150, 0)),
        Link("ovs-system", "openvswitch"),
        Link("eth2", "device", "ovs-system", speed=25000, node=1, received=(3e4, 40, 0), sent=(1e4, 20, 0)),
        Link("vnet4", master="ovs-system", received=(8000, 15, 0), sent=(2e4, 30, 0)),
    )
    return Host(
        "network",
        "6.8.0-45-generic",
        {0: Node([0, 1, 2, 3], 16000, 900), 1: Node([4, 5, 6, 7], 16128, 700)},
        guests,
        cores=single(range(8), lambda cpu: cpu // 4),
        ksm=old_ksm(),
        links=links,
        pci={
            "0000:3b:10.0": {"node": 1, "group": 61, "parent": "0000:3b:00.0"},
            "5c5b4a1e-2f3d-4c6b-8a79-0d1e2f3a4b5c": {
                "node": 0,
                "group": 70,
                "parent": "0000:17:00.0",
                "type": "nvidia-222",
            },
        },
    )


def pmu():
    """Two nodes and a PMU: a guest that waits for remote memory, one that computes, one that took
    turns with others."""

    def guest(pid, name, cpus, nodes, run, counters, counted=1):
        return Guest(
            pid,
            name,
            4096,
            cpus,
            nodes,
            run=run,
            wait=0.01,
            guest=run * 0.9,
            merging_pages=0,
            stat_names=X86_STATS,
            counters=counters,
            counted=counted,
        )

    nodes = {k: Node(range(k * 8, k * 8 + 8), 32768, 12000) for k in range(2)}
    waits = {
        "cycles": 2.4e9,
        "instructions": 0.72e9,
        "llc_misses": 21e6,
        "branch_misses": 2e6,
        "dtlb_misses": 9e6,
        "local_loads": 3e6,
        "remote_loads": 15e6,
        "switches": 40,
        "migrations": 1,
        "page_faults": 250,
    }
    computes = {
        "cycles": 2.8e9,
        "instructions": 6.7e9,
        "llc_misses": 0.3e6,
        "branch_misses": 11e6,
        "dtlb_misses": 0.1e6,
        "local_loads": 0.2e6,
        "switches": 12,
    }
    return Host(
        "pmu",
        "6.8.0-45-generic",
        nodes,
        [
            guest(4100, "analytics", [2, 3], {0: 300, 1: 3800}, 0.95, waits),
            guest(4200, "render", [9, 10, 11, 12], {1: 4100}, 0.99, computes),
            guest(4300, "shared", [5], {0: 4000}, 0.4, {k: v / 2 for k, v in waits.items()}, 0.5),
        ],
        cores=single(range(16), lambda cpu: cpu // 8),
        ksm=new_ksm(),
    )


def disks():
    """Two slow disks as md and LVM, a fast one, NFS; settings good and bad; a guest by hand."""
    images = "/var/lib/libvirt/images"
    guests = [
        Guest(
            4100,
            "db",
            2048,
            [0, 1],
            {0: 2048},
            disks=(
                Disk("vda", "/fast/db.img", 200, (1900, 8, 0.2, 700, 16, 0.3), "raw", "none", "native", 1),
                Disk("vdb", f"{images}/log.img", 50, (5, 32, 12, 95, 16, 21), "raw", "none", "native", 1, limit=100),
            ),
        ),
        Guest(
            4200,
            "web",
            1024,
            [2, 3],
            {1: 1024},
            disks=(
                Disk("vda", f"{images}/web.qcow2", 500, (160, 32, 14, 140, 16, 120), "qcow2", chain=3, small_cache=True),
                Disk("vdb", "/nfs/share.img", 100, (110, 64, 5, 55, 64, 9), "raw", "writethrough"),
            ),
        ),
        Guest(
            4300,
            "lab",
            512,
            [1],
            {0: 512},
            by_hand=True,
            disks=(Disk("vda", f"{images}/lab.qcow2", 20, (0,) * 6, "qcow2", "writeback"),),
        ),
    ]
    nodes = {0: Node([0, 1], 16000, 3000), 1: Node([2, 3], 16000, 2000)}
    return Host("disks", "6.1.0-31-amd64", nodes, guests, cores=single(range(4), lambda cpu: cpu // 2))


def all_hosts():
    return [
        cgroup_v1(),
        cgroup_hybrid(),
        short_memory(),
        no_ksm(),
        no_numa(),
        small_pool(),
        arm64(),
        sparse_288(),
        misaligned(),
        aligned(),
        four_nodes_36(),
        network(),
        disks(),
        pmu(),
    ]
