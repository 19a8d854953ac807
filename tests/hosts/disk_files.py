# SPDX-License-Identifier: GPL-2.0-or-later
"""Block devices of the host, disks of guests, and libvirt's answers on them."""

from host_model import MIB, grown

GIB = 1024 * MIB
FIRST_FD = 60
# name, number, sectors, scheduler ("" none of its own), rotational, below
DEVICES = (
    ("sda", "8:0", 3907029168, "none [mq-deadline] bfq", 1, ()),
    ("sdb", "8:16", 3907029168, "none [mq-deadline] bfq", 1, ()),
    ("nvme0n1", "259:0", 1953525168, "[none] mq-deadline", 0, ()),
    ("md0", "9:0", 3906764800, "", 1, ("sda", "sdb")),
    ("dm-0", "253:0", 2147483648, "", 1, ("md0",)),
)
# reads, KiB of a read, ms of it, writes, KiB of a write, ms of it, busy: each second
LOADS = {
    "sda": (90, 32, 9, 240, 16, 14, 0.97),
    "sdb": (85, 32, 9, 240, 16, 15, 0.96),
    "nvme0n1": (2400, 8, 0.08, 900, 16, 0.05, 0.31),
    "md0": (175, 32, 9.2, 240, 16, 15, 0.97),
    "dm-0": (175, 32, 9.4, 240, 16, 15.5, 0.97),
}
NAMES = {"dm-0": ("vg-images", "LVM-Zk3bXy")}
# id, number, point, options, type, source, options of the file system
MOUNTS = (
    (30, "253:0", "/var/lib/libvirt/images", "rw,noatime", "xfs", "/dev/mapper/vg-images", "rw,attr2,inode64,noquota"),
    (31, "259:0", "/fast", "rw,relatime", "ext4", "/dev/nvme0n1", "rw,stripe=64"),
    (32, "0:52", "/nfs", "rw,relatime", "nfs4", "filer:/images", "rw,vers=4.2,rsize=1048576,wsize=1048576,hard"),
)


def qcow2_header(size_gib, cluster_bits, backing):
    words = "514649fb" + "00000003" + f"{0x200 if backing else 0:016x}" + "00000000"
    words += f"{cluster_bits:08x}" + f"{size_gib * GIB:016x}" + "00000000"
    words += "0" * 2 * (60 - 36) + "00000002" + "0" * 2 * (104 - 64)
    return words + "\n"


def ticks(per_second, second, base=1000):
    return grown(base, int(per_second), second)


def diskstats(second):
    for name, number, *_ in DEVICES:
        reads, read_kib, read_ms, writes, write_kib, write_ms, busy = LOADS[name]
        yield (
            f"{number.replace(':', ' ')} {name} {ticks(reads, second)} 0 {ticks(reads * read_kib * 2, second)} "
            f"{ticks(reads * read_ms, second)} {ticks(writes, second)} 0 {ticks(writes * write_kib * 2, second)} "
            f"{ticks(writes * write_ms, second)} 2 {ticks(busy * 1000, second)} "
            f"{ticks(reads * read_ms + writes * write_ms, second)} 0 0 0 0 {ticks(12, second)} {ticks(60, second)}\n"
        )


def mountinfo():
    out = "24 1 0:5 / /proc rw - proc proc rw\n"
    for number, device, point, options, kind, source, more in MOUNTS:
        out += f"{number} 1 {device} / {point} {options} shared:{number} - {kind} {source} {more}\n"
    return out


def storage_files(second):
    """Devices of the host."""
    out = {"proc/diskstats": ("file", "".join(diskstats(second)))}
    out["proc/self/mountinfo"] = ("file", mountinfo())
    for name, number, sectors, scheduler, rotational, below in DEVICES:
        top = f"sys/class/block/{name}"
        out[top] = ("link", f"../../devices/virtual/block/{name}")
        out[f"sys/dev/block/{number}"] = ("link", f"../../devices/virtual/block/{name}")
        out[top + "/dev"] = ("file", number + "\n")
        out[top + "/size"] = ("file", f"{sectors}\n")
        out[top + "/queue/rotational"] = ("file", f"{rotational}\n")
        out[top + "/queue/scheduler"] = ("file", (scheduler or "none") + "\n")
        out[top + "/queue/nr_requests"] = ("file", "256\n")
        out[top + "/queue/write_cache"] = ("file", "write back\n")
        if name.startswith("sd"):
            out[top + "/device/queue_depth"] = ("file", "32\n")
        for other in below:
            out[f"{top}/slaves/{other}"] = ("link", f"../../{other}")
        if name in NAMES:
            out[top + "/dm/name"] = ("file", NAMES[name][0] + "\n")
            out[top + "/dm/uuid"] = ("file", NAMES[name][1] + "\n")
    return out


def disk_words(g):
    """As libvirt writes them."""
    words = []
    for i, d in enumerate(g.disks):
        direct = '"cache":{"direct":true,"no-flush":false},' if d.cache == "none" else ""
        io = f'"aio":"{d.io}",' if d.io else ""
        words += ["-blockdev", f'{{"driver":"file","filename":"{d.source}",{io}{direct}"node-name":"s{i}"}}']
        words += ["-blockdev", f'{{"driver":"{d.format}",{direct}"node-name":"f{i}","file":"s{i}"}}']
        iothread = f'"iothread":"iothread{d.iothread}",' if d.iothread else ""
        cache = '"write-cache":"on",' if d.cache else ""
        words += ["-device", f'{{"driver":"virtio-blk-pci",{iothread}{cache}"drive":"f{i}","id":"virtio-disk{i}"}}']
    return words


def disk_xml(d, i):
    words = "".join(
        f" {name}='{value}'"
        for name, value in (("cache", d.cache), ("io", d.io), ("iothread", d.iothread))
        if value
    )
    below = "<backingStore type='file'><source file='/base'/>" * d.chain + "<backingStore/>"
    below += "</backingStore>" * d.chain
    limit = f"<iotune><total_iops_sec>{d.limit}</total_iops_sec></iotune>" if d.limit else ""
    small = "<metadata_cache><max_size unit='bytes'>1048576</max_size></metadata_cache>" if d.small_cache else ""
    return (
        f"<disk type='file' device='disk'><driver name='qemu' type='{d.format}'{words}>{small}</driver>"
        f"<source file='{d.source}'/>{below}<target dev='{d.name}' bus='virtio'/>{limit}"
        f"<alias name='virtio-disk{i}'/></disk>\n"
    )


def block_answer(g, second):
    out = f"count: {len(g.disks)}\n"
    for i, d in enumerate(g.disks):
        reads, read_kib, read_ms, writes, write_kib, write_ms = d.load
        values = {
            "rd.reqs": ticks(reads, second),
            "rd.bytes": ticks(reads * read_kib * 1024, second),
            "rd.times": ticks(reads * read_ms * 10**6, second),
            "wr.reqs": ticks(writes, second),
            "wr.bytes": ticks(writes * write_kib * 1024, second),
            "wr.times": ticks(writes * write_ms * 10**6, second),
            "fl.reqs": ticks(writes / 20, second),
            "fl.times": ticks(writes / 20 * 25 * 10**6, second),
            "allocation": d.gib * GIB // 3,
            "capacity": d.gib * GIB,
            "physical": d.gib * GIB // 3,
        }
        out += f"{i}.name: {d.name}\n" + "".join(f"{i}.{k}: {v}\n" for k, v in values.items())
    return out


def mountstats(second):
    reads, writes = ticks(120, second), ticks(60, second)
    return (
        "device filer:/images mounted on /nfs with fstype nfs4 statvers=1.1\n"
        f"\tbytes:\t0 0 {reads * 65536} {writes * 65536} {reads * 65536} {writes * 65536} 0 0\n"
        "\tper-op statistics\n"
        f"\t        READ: {reads} {reads + ticks(1, second, 0)} 0 {reads * 200} {reads * 65656} 0 {reads * 3} {reads * 4} 0\n"
        f"\t       WRITE: {writes} {writes} 0 {writes * 65716} {writes * 120} 0 {writes * 5} {writes * 7} 0\n"
    )


def guest_disk_files(g, second):
    """What one guest's process and libvirt tell of its disks."""
    top = f"proc/{g.pid}/"
    out = {top + "mountinfo": mountinfo(), top + "mountstats": mountstats(second)}
    out[top + "io"] = (
        f"rchar: 1\nwchar: 1\nsyscr: 1\nsyscw: 1\nread_bytes: {ticks(3 * MIB, second)}\n"
        f"write_bytes: {ticks(5 * MIB, second)}\ncancelled_write_bytes: 0\n"
    )
    links = {}
    for i, d in enumerate(g.disks):
        fd = FIRST_FD + i
        links[f"{top}fd/{fd}"] = d.source
        mount = next(m for m in MOUNTS if d.source.startswith(m[2] + "/"))
        out[f"{top}fdinfo/{fd}"] = f"pos:\t0\nflags:\t02\nmnt_id:\t{mount[0]}\n"
        if d.format == "qcow2" and not mount[4].startswith("nfs"):
            out[f"kvmtop/images/{g.pid}/{fd}"] = qcow2_header(d.gib, 16, d.chain)
            out[f"kvmtop/images/{g.pid}/{fd}.size"] = f"{d.gib * GIB // 2} {d.gib * GIB // 3}\n"
    if not g.by_hand:
        disks = "".join(disk_xml(d, i) for i, d in enumerate(g.disks))
        out[f"kvmtop/libvirt/{g.uuid}.xml"] = f"<domain><devices>\n{disks}</devices></domain>\n"
        out[f"kvmtop/libvirt/{g.uuid}.block"] = block_answer(g, second)
    files = {path: ("file", text) for path, text in out.items()}
    files.update({path: ("link", text) for path, text in links.items()})
    return files


def libvirt_list(host):
    """The guests that libvirt knows."""
    out = "driver QEMU local\n"
    for i, g in enumerate(host.guests):
        out += "" if g.by_hand else f"domain {g.uuid} {i + 1} running no {g.name}\n"
    return {"kvmtop/libvirt/domains": ("file", out)}
