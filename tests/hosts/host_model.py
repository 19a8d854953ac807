# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of a host, and how numbers are written."""

from dataclasses import dataclass, field

MIB = 2**20
TICKS = 100  # of a second


@dataclass
class Node:
    cpus: list
    total_mib: int  # 0: a node without memory
    used_mib: int  # guests apart
    hit: int = 1000  # pages a second
    miss: int = 0
    other: int = 0
    pools: dict = field(default_factory=dict)  # KiB of a page: (pages, free, surplus)


@dataclass
class Link:
    """An interface of the host."""

    name: str
    kind: str = "tap"  # macvtap, bridge, openvswitch, device
    master: str = ""
    lower: str = ""
    mtu: int = 1500
    queues: int = 1  # of a tap: those that its guest has switched on
    speed: int = 0  # of a device, Mbit/s; 0: not told
    node: int = -1
    received: tuple = (0, 0, 0)  # bytes, packets, drops a second
    sent: tuple = (0, 0, 0)


@dataclass
class Nic:
    interface: str = ""
    mac: str = ""
    type: str = "tap"
    model: str = "virtio-net-pci"
    queues: int = 1
    vhost: bool = True


@dataclass
class Disk:
    name: str
    source: str
    gib: int
    load: tuple  # reads, KiB and ms of each, writes, KiB and ms of each: a second
    format: str = "raw"
    cache: str = ""
    io: str = ""
    iothread: int = 0
    chain: int = 0
    limit: int = 0  # requests a second
    small_cache: bool = False  # 1 MiB for the metadata


@dataclass
class Guest:
    pid: int
    name: str
    memory_mib: int
    cpus: list  # where each vCPU was last seen
    nodes: dict  # MiB by node, all of the process
    run: float = 0.5  # of a CPU, each vCPU
    wait: float = 0.1
    guest: float = 0.4
    start: int = 100000  # clock ticks after boot
    pinned: bool = False  # each vCPU to the CPU where it is
    allowed: list = None  # CPUs of all others; None: all
    program: str = "/usr/bin/qemu-system-x86_64"
    machine: str = "pc-q35-7.2"
    huge_kib: int = 0  # memory from a huge page pool
    refused: bool = False  # by that pool, and took ordinary pages
    swapped_mib: int = 0
    merging_pages: int = None  # None: a kernel that does not tell
    rmap_items: int = None
    vhost: bool = False
    nics: tuple = ()
    disks: tuple = ()
    by_hand: bool = False  # libvirt does not know it
    workers: tuple = ()  # of vhost: CPU and share of it
    devices: tuple = ()  # passed through, by address
    stat_names: tuple = ()  # KVM's statistics in debugfs
    counters: dict = None  # events a second of its first vCPU, in the guest
    counted: float = 1  # of the time
    quota: float = 0  # CPUs that the cgroup allows
    memory_limit_mib: int = 0  # of the cgroup; 0: none

    @property
    def lies_in_kib(self):
        """The huge pages that it has, whatever it wanted."""
        return 0 if self.refused else self.huge_kib

    @property
    def uuid(self):
        number = sum(ord(c) * 131**i for i, c in enumerate(self.name)) % 2**48
        return f"5c0ffee0-2026-4a11-8b0d-{number:012x}"


@dataclass
class Host:
    name: str
    kernel: str
    nodes: dict  # by number
    guests: list
    uptime: int = 81234
    seconds: tuple = (0, 1, 2)
    cores: dict = None  # (core, package, siblings) by CPU
    governor: str = ""
    khz: int = 0
    numa: bool = True
    psi: bool = True
    cgroup: object = 2  # version, or "hybrid": memory is in version 2, all else in 1
    ksm: dict = None  # files; None: a kernel without
    thp: str = "madvise"
    huge_kib: tuple = (2048, 1048576)
    resv: dict = field(default_factory=dict)
    distance: int = 21
    vmstat: dict = field(default_factory=dict)
    vmstat_rates: dict = field(default_factory=dict)
    offline_at: dict = field(default_factory=dict)  # CPUs by second
    links: tuple = ()
    pci: dict = field(default_factory=dict)  # by address: node, group, parent
    extra: dict = field(default_factory=dict)

    def index_of(self, interface):
        return [link.name for link in self.links].index(interface) + 2

    @property
    def version(self):
        return tuple(int(part) for part in self.kernel.split("-")[0].split("."))

    @property
    def vhost_in_kernel(self):
        """Until Linux 6.4 a vhost worker is a thread of the kernel, then one of its guest."""
        return self.version < (6, 4)

    def cpus(self, second):
        every = sorted(c for n in self.nodes.values() for c in n.cpus)
        return [c for c in every if c not in self.offline_at.get(second, ())]


def ranges(numbers):
    """ "0-3,8", as the kernel writes sets."""
    out = []
    for n in sorted(numbers):
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def grown(base, rate, second):
    return base + round(rate * second)


def keyed(pairs, unit=" kB", head=""):
    return "".join(f"{head}{k + ':':15} {v:>10}{unit}\n" for k, v in pairs)


# Mounted controllers of cgroup v1, with their number in proc/PID/cgroup.
V1 = (("cpu,cpuacct", 5), ("memory", 4), ("cpuset", 3), ("hugetlb", 2))


def controllers_v1(host):
    if host.cgroup == "hybrid":
        return [(c, n) for c, n in V1 if c != "memory"]
    return V1 if host.cgroup == 1 else ()
