# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a host at a moment, by what hosts.py says of it."""

from counter_files import counter_files
from guest_files import guest_files
from disk_files import libvirt_list, storage_files
from net_files import net_files
from host_model import TICKS, controllers_v1, grown, keyed, ranges


def cpu_use(host, second):
    """Shares of each CPU's time: inside guests, and of QEMU and the kernel."""
    use = {cpu: [0.0, 0.01, 0.02] for cpu in host.cpus(second)}
    for g in host.guests:
        for cpu in g.cpus:
            if cpu in use:
                use[cpu][0] += g.guest
                use[cpu][1] += (g.run - g.guest) / 4
                use[cpu][2] += (g.run - g.guest) * 3 / 4
    return use


def proc_stat(host, second):
    lines, total = [], [0] * 10
    for cpu, (guest, user, system) in cpu_use(host, second).items():
        base = 1000 * (cpu % 7 + 1)
        idle = max(0.0, 1 - guest - user - system - 0.012)
        fields = [
            grown(base * 4, (guest + user) * TICKS, second),
            base // 10,
            grown(base, system * TICKS, second),
            grown(base * 90, idle * TICKS, second),
            grown(base // 2, 0.01 * TICKS, second),
            0,
            grown(base // 5, 0.002 * TICKS, second),
            0,
            grown(base * 3, guest * TICKS, second),
            0,
        ]
        total = [a + b for a, b in zip(total, fields)]
        lines.append(f"cpu{cpu} " + " ".join(map(str, fields)) + "\n")
    n = len(lines)
    return (
        "cpu  "
        + " ".join(map(str, total))
        + "\n"
        + "".join(lines)
        + f"intr {grown(900000, 2000 * n, second)} 0 9 0 0 {second} 0 0 0 1\n"
        + f"ctxt {grown(5000000, 3000 * n, second)}\nbtime 1794918766\nprocesses 5000\n"
        + f"procs_running 2\nprocs_blocked 0\nsoftirq {grown(70000, 200 * n, second)} 0 1 2 3\n"
    )


def used_by_guests(host, number):
    return sum(g.nodes.get(number, 0) for g in host.guests if not g.lies_in_kib)


def node_memory(host, number):
    """MiB: total, free, page cache, anonymous."""
    n = host.nodes[number]
    pools = sum(pages * kib // 1024 for kib, (pages, *_) in n.pools.items())
    guests = used_by_guests(host, number)
    return (
        n.total_mib,
        n.total_mib - n.used_mib - guests - pools,
        n.used_mib // 2,
        guests + n.used_mib // 4,
    )


def host_memory(host):
    return [sum(part) for part in zip(*(node_memory(host, n) for n in host.nodes))]


def pool(node, kib):
    return (*node.pools.get(kib, (0, 0)), 0)[:3]


def pool_sum(host, kib):
    """Pages of all nodes: there are, free, beyond the pools' sizes."""
    return [sum(part) for part in zip(*(pool(n, kib) for n in host.nodes.values()))]


def meminfo(host):
    total, free, cache, anon = (1024 * v for v in host_memory(host))
    small = host.huge_kib[0] if 2048 not in host.huge_kib else 2048
    pages, free_pages, surplus = pool_sum(host, small)
    hugetlb = sum(pool_sum(host, kib)[0] * kib for kib in host.huge_kib)
    text = keyed(
        [
            ("MemTotal", total),
            ("MemFree", free),
            ("MemAvailable", free + cache // 2),
            ("Buffers", 4096),
            ("Cached", cache - 4096 - 1024),
            ("SwapCached", 1024),
            ("SwapTotal", 4194304),
            ("SwapFree", 4194304 - 20480),
            ("Dirty", 512),
            ("AnonPages", anon),
            ("Mapped", cache // 4),
            ("Shmem", 1200),
            ("Slab", 90000),
            ("CommitLimit", total // 2 + 4194304),
            ("Committed_AS", anon + anon // 2),
            ("AnonHugePages", anon // 2048 * 1024),
        ]
    )
    text += keyed(
        [
            ("HugePages_Total", pages),
            ("HugePages_Free", free_pages),
            ("HugePages_Rsvd", host.resv.get(small, 0)),
            ("HugePages_Surp", surplus),
        ],
        "",
    )
    return text + keyed([("Hugepagesize", small), ("Hugetlb", hugetlb)])


def vmstat(host, second):
    values = {
        "nr_free_pages": host_memory(host)[1] * 256,
        "pswpin": 1000,
        "pswpout": 6120,
        "pgscan_direct": 77,
        "pgmigrate_success": 3000,
        "thp_fault_alloc": 400,
        "thp_fault_fallback": 12,
        "thp_collapse_alloc": 30,
        "thp_split_page": 4,
        "compact_stall": 2,
    }
    if host.numa:
        values.update({"numa_hint_faults": 9000, "numa_pages_migrated": 800})
    values.update(host.vmstat)
    return "".join(
        f"{k} {grown(v, host.vmstat_rates.get(k, 0), second)}\n" for k, v in values.items()
    )


def pressure(some, full, second):
    def line(word, base, rate):
        total = grown(base, rate * 10**6, second)
        return f"{word} avg10={rate * 100:.2f} avg60=0.00 avg300=0.00 total={total}\n"

    return line("some", 5000000, some) + line("full", 1000000, full)


def kernel_thread(pid, name, start=3):
    fields = ["0"] * 52
    fields[0:9] = [str(pid), f"({name})", "S", "2", "0", "0", "0", "-1", "2129984"]
    fields[17:22] = ["20", "0", "1", "0", str(start)]
    fields[38] = "0"
    return " ".join(fields) + "\n"


def switches(host):
    values = {
        "proc/sys/kernel/hostname": host.name,
        "proc/sys/kernel/osrelease": host.kernel,
        "proc/sys/vm/swappiness": 60,
        "proc/sys/vm/dirty_background_ratio": 10,
        "proc/sys/vm/dirty_ratio": 20,
        "proc/sys/vm/overcommit_memory": 0,
        "sys/module/kvm/parameters/halt_poll_ns": 200000,
    }
    if host.numa:
        values.update({"proc/sys/kernel/numa_balancing": 1, "proc/sys/vm/zone_reclaim_mode": 0})
    return {path: f"{v}\n" for path, v in values.items()}


def thp(host, second):
    top = "sys/kernel/mm/transparent_hugepage/"

    def chosen(words, word):
        return " ".join(f"[{w}]" if w == word else w for w in words.split()) + "\n"

    return {
        top + "enabled": chosen("always madvise never", host.thp),
        top + "defrag": chosen("always defer defer+madvise madvise never", "madvise"),
        top + "shmem_enabled": chosen("always within_size advise never deny force", "never"),
        top + "khugepaged/pages_to_scan": "4096\n",
        top + "khugepaged/scan_sleep_millisecs": "10000\n",
        top + "khugepaged/alloc_sleep_millisecs": "60000\n",
        top + "khugepaged/max_ptes_none": "511\n",
        top + "khugepaged/defrag": "1\n",
        top + "khugepaged/pages_collapsed": f"{30 + 2 * second}\n",
        top + "khugepaged/full_scans": "41\n",
    }


def node_files(host, number, second):
    n, top = host.nodes[number], f"sys/devices/system/node/node{number}/"
    total, free, cache, anon = (1024 * v for v in node_memory(host, number))
    cpus = [c for c in n.cpus if c in host.cpus(second)]
    others = [str(10 if k == number else host.distance) for k in host.nodes]
    yield top + "cpulist", ranges(cpus) + "\n"
    yield top + "distance", " ".join(others) + "\n"
    yield top + "meminfo", keyed(
        [
            ("MemTotal", total),
            ("MemFree", free),
            ("MemUsed", total - free),
            ("FilePages", cache),
            ("AnonPages", anon),
            ("AnonHugePages", anon // 2048 * 1024),
        ],
        head=f"Node {number} ",
    )
    rates = {
        "numa_hit": n.hit,
        "numa_miss": n.miss,
        "numa_foreign": n.miss,
        "interleave_hit": 0,
        "local_node": n.hit - n.other,
        "other_node": n.other + n.miss,
    }
    yield top + "numastat", "".join(f"{k} {grown(100000, v, second)}\n" for k, v in rates.items())
    for kib in host.huge_kib if total else ():
        for name, v in zip(("nr", "free", "surplus"), pool(n, kib)):
            yield f"{top}hugepages/hugepages-{kib}kB/{name}_hugepages", f"{v}\n"


def cpu_files(host, cpu, online):
    top = f"sys/devices/system/cpu/cpu{cpu}/"
    core, package, siblings = host.cores[cpu]
    siblings = [c for c in siblings if c in online]
    yield top + "topology/core_id", f"{core}\n"
    yield top + "topology/physical_package_id", f"{package}\n"
    yield top + "topology/thread_siblings_list", ranges(siblings) + "\n"
    if host.governor:
        yield top + "cpufreq/scaling_governor", host.governor + "\n"
        yield top + "cpufreq/scaling_cur_freq", f"{host.khz + cpu * 1000}\n"


def host_files(host, second):
    out = {
        "proc/stat": proc_stat(host, second),
        "proc/uptime": f"{host.uptime + second}.50 {host.uptime * 3}.10\n",
        "proc/loadavg": f"{1.5 + second / 10:.2f} 1.25 0.75 2/345 {6000 + second}\n",
        "proc/meminfo": meminfo(host),
        "proc/vmstat": vmstat(host, second),
        "proc/2/comm": "kthreadd\n",
        "proc/2/stat": kernel_thread(2, "kthreadd", 0),
        "proc/38/comm": "khugepaged\n",
        "proc/38/stat": kernel_thread(38, "khugepaged"),
        "proc/38/schedstat": f"{grown(77000000, 2000000, second)} 5000 90\n",
        "sys/devices/system/cpu/online": ranges(host.cpus(second)) + "\n",
        **switches(host),
        **thp(host, second),
    }
    kernel_threads = [38]
    if host.psi:
        for what, some, full in (("cpu", 0.25, 0), ("memory", 0.0625, 0.00375), ("io", 0.5, 0.25)):
            out["proc/pressure/" + what] = pressure(some, full, second)
    for cpu in host.cpus(second):
        out.update(cpu_files(host, cpu, host.cpus(second)))
    if host.numa:
        out["sys/devices/system/node/online"] = ranges(host.nodes) + "\n"
        for number in host.nodes:
            out.update(node_files(host, number, second))
    for kib in host.huge_kib:
        top = f"sys/kernel/mm/hugepages/hugepages-{kib}kB/"
        pages, free, surplus = pool_sum(host, kib)
        for name, v in (
            ("nr", pages),
            ("free", free),
            ("surplus", surplus),
            ("resv", host.resv.get(kib, 0)),
        ):
            out[f"{top}{name}_hugepages"] = f"{v}\n"
    if host.ksm is not None:
        kernel_threads.insert(0, 37)
        out["proc/37/comm"] = "ksmd\n"
        out["proc/37/stat"] = kernel_thread(37, "ksmd")
        out["proc/37/schedstat"] = f"{grown(420000000, 150000000, second)} 60000 800\n"
        for name, v in host.ksm.items():
            out[
                "sys/kernel/mm/ksm/" + name
            ] = f"{v[0] + v[1] * second if isinstance(v, tuple) else v}\n"
    for g in host.guests:
        if g.vhost and host.vhost_in_kernel:
            kernel_threads.append(g.pid + 40)
    out["proc/2/task/2/children"] = " ".join(map(str, kernel_threads)) + " "
    out["proc/self/mounts"] = mounts(host)
    for path, text in host.extra.items():
        out[path] = text
    return {path: ("file", text) for path, text in out.items()}


def mounts(host):
    out = "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\nproc /proc proc rw,relatime 0 0\n"
    unified = "cgroup2 /sys/fs/cgroup{} cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n"
    if host.cgroup in (1, "hybrid"):
        out += "tmpfs /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,mode=755 0 0\n"
        out += unified.format("/unified") if host.cgroup == "hybrid" else ""
        out += "".join(
            f"cgroup /sys/fs/cgroup/{c} cgroup rw,nosuid,nodev,noexec,relatime,{c} 0 0\n"
            for c, _ in controllers_v1(host)
        )
    else:
        out += unified.format("")
    for kib in host.huge_kib[:1]:
        out += f"hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize={kib // 1024}M 0 0\n"
    return out


def files_of(host, second):
    """Every file and link by path: (kind, text)."""
    out = host_files(host, second)
    if host.links:
        out.update(net_files(host, second))
    if any(g.disks for g in host.guests):
        out.update(storage_files(second))
        out.update(libvirt_list(host))
    out.update(counter_files(host, second))
    for index in range(len(host.guests)):
        out.update(guest_files(host, index, second))
    return out
