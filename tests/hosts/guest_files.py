# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a guest and of its cgroup."""

from disk_files import disk_words, guest_disk_files
from net_files import guest_net_files, words_of
from host_model import MIB, TICKS, controllers_v1, grown, ranges


def scope(g, index):
    """systemd writes a minus in a machine's name as \\x2d."""
    return f"/machine.slice/machine-qemu-{index + 1}-{g.name}.scope".replace("-", "\\x2d").replace(
        "machine\\x2dqemu", "machine-qemu"
    )


def numa_stat(host, g, pages):
    def line(word, sep):
        unit = 256 if pages else MIB
        parts = [f"N{n}={g.nodes.get(n, 0) * unit}" for n in host.nodes]
        total = [f"={sum(g.nodes.values()) * unit}"] if pages else [""]
        return word + total[0] + sep + " ".join(parts) + "\n"

    zero = " ".join(f"N{n}=0" for n in host.nodes)
    if pages:
        return (
            line("total", " ") + f"file=0 {zero}\n" + line("anon", " ") + f"unevictable=0 {zero}\n"
        )
    return line("anon", " ") + f"file {zero}\nshmem {zero}\n"


def cgroup_files(host, index, second):
    g = host.guests[index]
    group = scope(g, index)
    quota = round(g.quota * 100000) if g.quota else -1
    throttled = grown(2000000, 100000 if g.quota else 0, second)
    periods = f"nr_periods {grown(500, 10, second)}\nnr_throttled {grown(40, 2, second)}\n"
    v1 = controllers_v1(host)
    lines = [f"{n}:{c}:{group}{'/emulator' if c != 'memory' else ''}\n" for c, n in v1]
    if v1:
        lines.append(f"1:name=systemd:{group}\n")
        yield from cpu_v1(g, f"sys/fs/cgroup/cpu,cpuacct{group}/", quota, periods, throttled)
    if host.cgroup == 1:
        memory = f"sys/fs/cgroup/memory{group}/"
        yield memory + "memory.limit_in_bytes", "9223372036854771712\n"
        yield memory + "memory.numa_stat", numa_stat(host, g, True)
    else:
        lines.append(f"0::{group}/libvirt/emulator\n")
        top = f"sys/fs/cgroup{'/unified' if v1 else ''}{group}/"
        yield top + "memory.max", f"{g.memory_limit_mib * MIB if g.memory_limit_mib else 'max'}\n"
        yield top + "memory.numa_stat", numa_stat(host, g, False)
        if not v1:
            yield top + "cpu.max", f"{quota if g.quota else 'max'} 100000\n"
            periods = "usage_usec 0\n" + periods
            yield top + "cpu.stat", periods + f"throttled_usec {throttled}\n"
    yield f"proc/{g.pid}/cgroup", "".join(lines)


def cpu_v1(g, top, quota, periods, throttled):
    yield top + "cpu.cfs_quota_us", f"{quota}\n"
    yield top + "cpu.cfs_period_us", "100000\n"
    yield top + "cpu.stat", periods + f"throttled_time {throttled * 1000}\n"
    for part in ["emulator"] + [f"vcpu{i}" for i in range(len(g.cpus))]:
        yield f"{top}{part}/cpu.cfs_quota_us", "-1\n"
        yield f"{top}{part}/cpu.cfs_period_us", "100000\n"


def stat_line(g, tid, comm, ticks, cpu, flags=4194368, threads=1, state="S"):
    utime, stime, guest = ticks
    rss = sum(g.nodes.values()) * 256 if not g.lies_in_kib else 20000
    fields = [
        tid,
        f"({comm})",
        state,
        1,
        g.pid,
        g.pid,
        0,
        -1,
        flags,
        5000,
        0,
        3,
        0,
        utime,
        stime,
        0,
        0,
        20,
        0,
        threads,
        0,
        g.start + tid - g.pid,
        (g.memory_mib + 600) * MIB,
        rss,
        18446744073709551615,
        1,
        1,
        0,
        0,
        0,
        0,
        268444224,
        4096,
        16384,
        0,
        0,
        0,
        0,
        cpu,
        0,
        0,
        0,
        guest,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]
    return " ".join(map(str, fields)) + "\n"


def threads_of(host, g):
    """tid, name, CPU, CPUs it may use, and shares of run, wait, guest time."""
    every = g.allowed or sorted(c for n in host.nodes.values() for c in n.cpus)
    main = g.program.rsplit("/", 1)[1][:15]
    out = [(g.pid, main, g.cpus[0], every, 0.02, 0.001, 0)]
    out.append((g.pid + 3, "IO iothread1", g.cpus[-1], every, 0.05, 0.002, 0))
    for i, cpu in enumerate(g.cpus):
        out.append(
            (
                g.pid + 5 + i,
                f"CPU {i}/KVM",
                cpu,
                [cpu] if g.pinned else every,
                g.run,
                g.wait,
                g.guest,
            )
        )
    if g.vhost and not host.vhost_in_kernel:
        out.append((g.pid + 40, f"vhost-{g.pid}", g.cpus[0], every, 0.08, 0.004, 0))
    for i, (cpu, run) in enumerate(g.workers):
        out.append((g.pid + 50 + i, f"vhost-{g.pid}", cpu, every, run, run / 20, 0))
    return out


def run_ticks(run, guest, second):
    rest = run - guest
    return (
        grown(4000, (guest + rest / 4) * TICKS, second),
        grown(1000, rest * 3 / 4 * TICKS, second),
        grown(3000, guest * TICKS, second) if guest else 0,
    )


def thread_files(top, g, thread, second):
    tid, comm, cpu, allowed, run, wait, guest = thread
    switches = grown(9000, 200, second)
    yield top + "comm", comm + "\n"
    yield top + "stat", stat_line(g, tid, comm, run_ticks(run, guest, second), cpu)
    yield top + "schedstat", (
        f"{grown(50 * 10**9, run * 10**9, second)} "
        f"{grown(2 * 10**9, wait * 10**9, second)} {switches}\n"
    )
    yield top + "status", (
        f"Name:\t{comm}\nState:\tS (sleeping)\nTgid:\t{g.pid}\nPid:\t{tid}\n"
        f"Cpus_allowed_list:\t{ranges(allowed)}\n"
        f"voluntary_ctxt_switches:\t{switches}\n"
        f"nonvoluntary_ctxt_switches:\t{grown(700, 5, second)}\n"
    )
    yield top + "sched", (
        f"{comm} ({tid}, #threads: 1)\n"
        + "-" * 67
        + "\n"
        + f"{'se.nr_migrations':45}:{grown(300, 1, second):21}\n{'nr_switches':45}:{switches:21}\n"
    )


def command_line(g):
    size = g.memory_mib * 1024
    words = [
        g.program,
        "-name",
        f"guest={g.name},debug-threads=on",
        "-S",
        "-machine",
        g.machine + ",accel=kvm",
        "-cpu",
        "host",
        "-m",
        f"size={size}k",
    ]
    if g.refused:
        words += ["-mem-path", "/dev/hugepages"]  # QEMU does without where it may
    elif g.huge_kib:
        words += [
            "-object",
            '{"qom-type":"memory-backend-file","id":"pc.ram",'
            '"mem-path":"/dev/hugepages/libvirt/qemu/'
            + g.name
            + '","prealloc":true,"size":%d}' % (size * 1024),
        ]
    words += ["-smp", str(len(g.cpus)), "-uuid", g.uuid, "-display", "none", "-nodefaults"]
    words += words_of(g) + disk_words(g)
    return "\0".join(words) + "\0"


RAM, HEAP, CODE = 0x7F1200000000, 0x55D01C400000, 0x55D01A000000


def backing(g):
    return f"/dev/hugepages/libvirt/qemu/{g.name} (deleted)" if g.lies_in_kib else ""


def maps(g):
    end = RAM + g.memory_mib * MIB
    return (
        f"{CODE:x}-{CODE + 8 * MIB:x} r-xp 00000000 fd:00 131 {g.program}\n"
        f"{HEAP:x}-{HEAP + 4 * MIB:x} rw-p 00000000 00:00 0 [heap]\n"
        f"{RAM:x}-{end:x} rw-p 00000000 {'00:0f 7777 ' + backing(g) if g.lies_in_kib else '00:00 0'}\n"
        "7ffd10000000-7ffd10021000 rw-p 00000000 00:00 0 [stack]\n"
    )


def numa_maps(g):
    """Program (1 MiB) and heap (2 MiB) lie on the node with most; the rest is guest memory."""
    home = max(g.nodes, key=g.nodes.get)
    ram = dict(g.nodes)
    ram[home] -= 3
    page = g.lies_in_kib or 4
    counts = {n: mib * 1024 // page for n, mib in sorted(ram.items()) if mib * 1024 >= page}
    total = sum(counts.values())
    nodes = " ".join(f"N{n}={v}" for n, v in counts.items())
    name = " file=" + backing(g).replace(" ", "\\040") + " huge" if g.lies_in_kib else ""
    return (
        f"{CODE:x} default file={g.program} mapped=256 N{home}=256 kernelpagesize_kB=4\n"
        f"{HEAP:x} default heap anon=512 dirty=512 N{home}=512 kernelpagesize_kB=4\n"
        f"{RAM:x} default{name} anon={total} dirty={total} {nodes} kernelpagesize_kB={page}\n"
    )


def status(g):
    rss = sum(g.nodes.values()) * 1024 if not g.lies_in_kib else 80000
    huge = sum(g.nodes.values()) * 1024 if g.lies_in_kib else 0
    return (
        f"Name:\t{g.program.rsplit('/', 1)[1][:15]}\nState:\tS (sleeping)\n"
        f"Tgid:\t{g.pid}\nPid:\t{g.pid}\nPPid:\t1\nUid:\t107\t107\t107\t107\n"
        f"VmSize:\t{(g.memory_mib + 600) * 1024:8} kB\nVmRSS:\t{rss:8} kB\n"
        f"VmSwap:\t{g.swapped_mib * 1024:8} kB\nHugetlbPages:\t{huge:8} kB\n"
        f"Threads:\t{2 + len(g.cpus)}\n"
    )


def guest_files(host, index, second):
    g = host.guests[index]
    top = f"proc/{g.pid}/"
    threads = threads_of(host, g)
    out = dict(cgroup_files(host, index, second))
    ticks = [run_ticks(t[4], t[6], second) for t in threads]
    out[top + "stat"] = stat_line(
        g, g.pid, threads[0][1], [sum(t) for t in zip(*ticks)], g.cpus[0], threads=len(threads)
    )
    out[top + "comm"] = threads[0][1] + "\n"
    out[top + "cmdline"] = command_line(g)
    out[top + "status"] = status(g)
    out[
        top + "statm"
    ] = f"{(g.memory_mib + 600) * 256} {sum(g.nodes.values()) * 256} 4000 2000 0 90000 0\n"
    out[top + "maps"] = maps(g)
    if host.numa:
        out[top + "numa_maps"] = numa_maps(g)
    if g.merging_pages is not None:
        out[top + "ksm_merging_pages"] = f"{g.merging_pages}\n"
    if g.rmap_items is not None:
        profit = g.merging_pages * 4096 - g.rmap_items * 64
        out[top + "ksm_stat"] = (
            f"ksm_rmap_items {g.rmap_items}\nksm_zero_pages 0\n"
            f"ksm_merging_pages {g.merging_pages}\nksm_process_profit {profit}\n"
        )
    for thread in threads:
        out.update(thread_files(f"{top}task/{thread[0]}/", g, thread, second))
    if g.vhost and host.vhost_in_kernel:
        worker = (g.pid + 40, f"vhost-{g.pid}", g.cpus[0], g.cpus, 0.08, 0.004, 0)
        for path in (f"proc/{g.pid + 40}/", f"proc/{g.pid + 40}/task/{g.pid + 40}/"):
            out.update(thread_files(path, g, worker, second))
            out[path + "stat"] = stat_line(
                g, worker[0], worker[1], run_ticks(0.08, 0, second), g.cpus[0], 2129984
            )
    for name in g.stat_names:
        rate = 1000 if name in ("exits", "halt_exits") else 10**6 if name.endswith("_ns") else 10
        out[f"sys/kernel/debug/kvm/{g.pid}-12/{name}"] = f"{grown(50000, rate, second)}\n"
    if g.stat_names and host.version >= (5, 19):
        for i in range(len(g.cpus)):
            out[f"sys/kernel/debug/kvm/{g.pid}-12/vcpu{i}/pid"] = f"{g.pid + 5 + i}\n"
    files = {path: ("file", text) for path, text in out.items()}
    files[top + "exe"] = ("link", g.program)
    files[top + "fd/0"] = ("link", "/dev/null")
    files[top + "fd/11"] = ("link", "/dev/kvm")
    files[top + "fd/12"] = ("link", "anon_inode:kvm-vm")
    for i in range(len(g.cpus)):
        files[f"{top}fd/{13 + i}"] = ("link", f"anon_inode:kvm-vcpu:{i}")
    files.update(guest_net_files(host, g))
    if g.disks:
        files.update(guest_disk_files(g, second))
    return files
