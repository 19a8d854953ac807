# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of the host, NICs of guests, devices passed through."""

from host_model import grown

HEAD = (
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|"
    "bytes    packets errs drop fifo colls carrier compressed\n"
)
FIRST_FD = 40


def netdev(nic, number, fd):
    """-netdev and -device as libvirt writes them, and the next free descriptor."""
    count = nic.queues
    words = [f'"id":"hostnet{number}"']
    if nic.type in ("tap", "macvtap"):
        taps = ":".join(str(fd + i) for i in range(count))
        words = ['"type":"tap"', f'"fd{"s" if count > 1 else ""}":"{taps}"'] + words
        fd += count
        if nic.vhost:
            hosts = ":".join(str(fd + i) for i in range(count))
            words += ['"vhost":true', f'"vhostfd{"s" if count > 1 else ""}":"{hosts}"']
            fd += count
    else:
        words = [f'"type":"{nic.type}"', f'"queues":{count}'] + words
    device = (
        f'{{"driver":"{nic.model}","netdev":"hostnet{number}","id":"net{number}",'
        f'"mac":"{nic.mac}","bus":"pci.{number + 1}"}}'
    )
    return ["-netdev", "{" + ",".join(words) + "}", "-device", device], fd


def is_mediated(device):
    """A UUID, no address."""
    return ":" not in device


def words_of(g):
    words, fd = [], FIRST_FD
    for number, nic in enumerate(g.nics):
        more, fd = netdev(nic, number, fd)
        words += more
    for i, device in enumerate(g.devices):
        where = f'"sysfsdev":"/sys/bus/mdev/devices/{device}"' if is_mediated(device) else f'"host":"{device}"'
        words += ["-device", f'{{"driver":"vfio-pci",{where},"id":"hostdev{i}"}}']
    return words


def descriptors(host, g):
    fd = FIRST_FD
    for nic in g.nics:
        for _ in range(nic.queues if nic.type in ("tap", "macvtap") else 0):
            if nic.type == "tap":
                yield f"proc/{g.pid}/fd/{fd}", ("link", "/dev/net/tun")
                info = f"pos:\t0\nflags:\t02104002\nmnt_id:\t24\nino:\t103\niff:\t{nic.interface}\n"
                yield f"proc/{g.pid}/fdinfo/{fd}", ("file", info)
            else:
                index = host.index_of(nic.interface)
                yield f"proc/{g.pid}/fd/{fd}", ("link", f"/dev/tap{index}")
            fd += 1
        for _ in range(nic.queues if nic.vhost else 0):
            yield f"proc/{g.pid}/fd/{fd}", ("link", "/dev/vhost-net")
            fd += 1
    for address in g.devices:
        yield f"proc/{g.pid}/fd/{fd}", ("link", f"/dev/vfio/{host.pci[address]['group']}")
        fd += 1


def guest_net_files(host, g):
    out = dict(descriptors(host, g))
    if out:
        limit = f"{'Limit':26}{'Soft Limit':21}{'Hard Limit':21}Units     \n"
        limit += f"{'Max open files':26}{'1024':21}{'4096':21}files     \n"
        out[f"proc/{g.pid}/limits"] = ("file", limit)
        out[f"proc/{g.pid}/ns/net"] = ("link", "net:[4026531840]")
    return out


def counters(name, received, sent, second):
    """(bytes, packets, drops) a second of each direction, as the host sees it."""

    def numbers(rates, base):
        size, packets, drops = rates
        return (
            f"{grown(base * 700, size, second)} {grown(base, packets, second)} 0 "
            f"{grown(0, drops, second)} 0 0 0 0"
        )

    return f"{name:>6}: {numbers(received, 40000)} {numbers(sent, 50000)}\n"


def interface_files(host, link):
    top = f"sys/class/net/{link.name}/"
    yield top + "ifindex", ("file", f"{host.index_of(link.name)}\n")
    yield top + "mtu", ("file", f"{link.mtu}\n")
    yield top + "tx_queue_len", ("file", "1000\n")
    yield top + "operstate", ("file", "unknown\n" if link.kind == "tap" else "up\n")
    if link.kind == "tap":
        yield top + "tun_flags", ("file", f"{0x5102 if link.queues > 1 else 0x5002:#x}\n")
        yield f"kvmtop/net/{link.name}/queues", ("file", f"{link.queues}\n")
    elif link.kind == "macvtap":
        yield top + f"macvtap/tap{host.index_of(link.name)}/dev", ("file", "246:1\n")
        yield top + f"lower_{link.lower}", ("link", f"../{link.lower}")
    elif link.kind == "bridge":
        yield top + "bridge/stp_state", ("file", "0\n")
    elif link.kind == "device":
        yield top + "device", ("link", "../../../0000:18:00.0")
        yield top + "device/numa_node", ("file", f"{link.node}\n")
        yield top + "speed", ("file", f"{link.speed or -1}\n")
    if link.master:
        yield top + "master", ("link", f"../{link.master}")
        if link.master == "ovs-system":
            yield f"sys/class/net/{link.master}/lower_{link.name}", ("link", f"../{link.name}")
        else:
            yield f"sys/class/net/{link.master}/brif/{link.name}", ("link", f"../../{link.name}/brport")


def mediated_files(uuid, device):
    top = f"sys/bus/mdev/devices/{uuid}"
    yield top, ("link", f"../../../devices/pci0000:3a/{device['parent']}/{uuid}")
    yield top + "/driver", ("link", "../../../../bus/mdev/drivers/vfio_mdev")
    yield top + "/mdev_type", ("link", f"../mdev_supported_types/{device['type']}")
    yield top + "/iommu_group", ("link", f"../../../../kernel/iommu_groups/{device['group']}")
    yield f"sys/bus/pci/devices/{device['parent']}/numa_node", ("file", f"{device['node']}\n")
    yield f"sys/bus/pci/devices/{device['parent']}/class", ("file", "0x030200\n")


def device_files(host, address, device):
    top = f"sys/bus/pci/devices/{address}/"
    yield top + "numa_node", ("file", f"{device['node']}\n")
    yield top + "class", ("file", "0x020000\n")
    yield top + "vendor", ("file", "0x8086\n")
    yield top + "device", ("file", "0x154c\n")
    yield top + "driver", ("link", "../../../../bus/pci/drivers/vfio-pci")
    yield top + "iommu_group", ("link", f"../../../../kernel/iommu_groups/{device['group']}")
    yield top + "physfn", ("link", f"../{device['parent']}")
    yield (
        f"sys/kernel/iommu_groups/{device['group']}/devices/{address}",
        ("link", f"../../../../devices/pci0000:3a/{address}"),
    )


def net_files(host, second):
    out = {"proc/self/ns/net": ("link", "net:[4026531840]")}
    text = HEAD + counters("lo", (100, 1, 0), (100, 1, 0), second)
    for link in host.links:
        text += counters(link.name, link.received, link.sent, second)
        out.update(interface_files(host, link))
    out["proc/net/dev"] = ("file", text)
    for address, device in host.pci.items():
        files = mediated_files(address, device) if is_mediated(address) else device_files(host, address, device)
        out.update(files)
    return out
