# SPDX-License-Identifier: GPL-2.0-or-later
"""A place of our own on this machine: namespaces, control groups, a libvirtd, guests.

All of it runs in its own process, mount and network namespace, with /run, libvirt's directories and
its configuration replaced by empty ones. So a libvirtd of this machine is neither seen nor
disturbed, only our guests are measured, and when the first process ends, however it does, the
kernel ends the rest.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

import cost

SHADOWED = (
    "/run", "/etc/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/dev/shm"
)
URI = "qemu:///system"
PR_SET_PDEATHSIG = 1
PR_SET_THP_DISABLE = 41
libc = ctypes.CDLL(None)

QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
stdio_handler = "file"
max_processes = 0
"""

LIBVIRTD_CONF = """\
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
"""

DOMAIN = """\
<domain type='{kind}'><name>{name}</name>
<memory unit='MiB'>{memory}</memory>{backing}<vcpu>{vcpus}</vcpu>
<resource><partition>/{partition}</partition></resource>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>{emulator}</emulator><controller type='usb' model='none'/>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/>
<target dev='vda' bus='virtio'/></disk>
<interface type='ethernet'><target dev='tap{number}' managed='yes'/><model type='virtio'/>
</interface><memballoon model='virtio'/></devices></domain>
"""
DISK_BYTES = 1 << 30


# --- outside: control groups and the namespace -------------------------------------------------


def hierarchies():
    """The control group hierarchies that are mounted, v1 or v2."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        mounts = [line.split() for line in f]
    return [pathlib.Path(m[4]) for m in mounts if m[m.index("-") + 1] in ("cgroup", "cgroup2")]


def make_partition(name):
    """An empty group for our guests in every hierarchy that allows it."""
    for top in hierarchies():
        group = top / f"{name}.partition"
        try:
            group.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (top / file).exists():
                    (group / file).write_text((top / file).read_text(encoding="ascii"))
        except OSError:
            pass


def remove_partition(name):
    """Groups whose processes have only just ended may still be busy."""
    deadline = time.monotonic() + 10
    for top in hierarchies():
        tree = top / f"{name}.partition"
        for directory, _, _ in os.walk(tree, topdown=False):
            while True:
                try:
                    os.rmdir(directory)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        break
                    time.sleep(0.05)


def remove_left_partitions():
    """Those of a measurement that was killed: empty, for the kernel ended what was in them."""
    for top in hierarchies():
        for group in top.glob("kvmtop-bench-*.partition"):
            owner = group.stem.rpartition("-")[2]
            if not os.path.exists(f"/proc/{owner}"):
                remove_partition(group.stem)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def in_own_namespace(command):
    """Runs ourselves again, in namespaces of our own; ends all of it whatever happens."""
    partition = f"kvmtop-bench-{os.getpid()}"
    status = 1

    def stop(_number, _frame):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    remove_left_partitions()
    make_partition(partition)
    child = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child",
         "--mount-proc", sys.executable, *command, "--inside", partition],
        preexec_fn=die_with_parent,
    )
    try:
        status = child.wait()
    finally:
        child.kill()
        child.wait()
        remove_partition(partition)
    return status


# --- inside -------------------------------------------------------------------------------------


def be_first_process():
    """The first process of a namespace must bury its orphans; the work is done by another."""
    worker = os.fork()
    if worker == 0:
        die_with_parent()
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker hears it too
    while True:
        pid, status = os.wait()
        if pid == worker:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def shadow_directories():
    for path in SHADOWED:
        pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", path], check=True)
    pathlib.Path("/etc/libvirt/qemu.conf").write_text(QEMU_CONF, encoding="ascii")
    pathlib.Path("/etc/libvirt/libvirtd.conf").write_text(LIBVIRTD_CONF, encoding="ascii")


def first_program(*names):
    for name in names:
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.strip()
    raise cost.Failure(f"needs {' or '.join(names)}")


class Host:
    """A libvirtd and the guests it started."""

    def __init__(self, options):
        self.options = options
        self.guests = {}  # name: pid
        self.kind = "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "qemu"
        self.qemu = first_program("qemu-system-x86_64")
        for needed in ("virsh", "numastat", "top"):
            first_program(needed)
        self.libvirtd = None

    def __enter__(self):
        shadow_directories()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
        os.environ["LIBVIRT_DEFAULT_URI"] = URI
        log = open("/run/libvirtd.log", "wb")
        self.libvirtd = subprocess.Popen(
            [first_program("libvirtd")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.await_libvirtd()
        return self

    def __exit__(self, *_):
        self.end_guests()
        self.libvirtd.kill()
        self.libvirtd.wait()

    def await_libvirtd(self):
        deadline = time.monotonic() + 30
        while self.virsh("list\n").returncode:
            if self.libvirtd.poll() is not None or time.monotonic() > deadline:
                with open("/run/libvirtd.log", encoding="utf-8", errors="replace") as log:
                    raise cost.Failure("libvirtd does not answer:\n" + log.read()[-2000:])
            time.sleep(0.1)

    @staticmethod
    def virsh(commands):
        return subprocess.run(
            ["virsh", "-q", "-c", URI], input=commands, capture_output=True, text=True
        )

    def start_guests(self, count):
        """Paused: their vCPU threads exist and sleep, as those of idle guests do."""
        o = self.options
        first = len(self.guests) + 1
        backing = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"
        commands = []
        for number in range(first, count + 1):
            file = pathlib.Path(f"/run/bench{number}.xml")
            disk = pathlib.Path(f"/run/bench{number}.img")
            with open(disk, "wb") as image:
                image.truncate(DISK_BYTES)
            file.write_text(
                DOMAIN.format(
                    kind=self.kind, name=f"bench{number}", memory=o.memory, vcpus=o.vcpus,
                    backing=backing if o.touched else "", partition=o.inside, emulator=self.qemu,
                    disk=disk, number=number,
                ), encoding="ascii",
            )
            commands.append(f"create --paused {file}\n")
        result = self.virsh("".join(commands))
        for number in range(first, count + 1):
            pid = pathlib.Path(f"/run/libvirt/qemu/bench{number}.pid")
            if not pid.exists():
                raise cost.Failure(f"guest bench{number} did not start:\n{result.stderr[-2000:]}")
            self.guests[f"bench{number}"] = int(pid.read_text(encoding="ascii"))

    def end_guests(self):
        for pid in self.guests.values():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.guests = {}

    def start_big_guest(self, megabytes, huge):
        """A guest of our own, not libvirt's, all of whose memory is there, in pages of one kind."""

        def prepare():
            die_with_parent()
            if not huge:
                libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)

        name = "big-huge" if huge else "big-4k"
        guest = subprocess.Popen(
            [self.qemu, "-name", f"{name},debug-threads=on", "-S", "-display", "none",
             "-nodefaults", "-no-user-config", "-accel", "kvm" if self.kind == "kvm" else "tcg",
             "-m", str(megabytes), "-machine", "pc,memory-backend=ram",
             "-object", f"memory-backend-ram,id=ram,size={megabytes}M,prealloc=on",
             "-qmp", f"unix:/run/{name}.qmp,server=on,wait=off"],
            preexec_fn=prepare, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(f"/run/{name}.log", "wb"),
        )
        self.guests[name] = guest.pid
        self.await_memory(guest, megabytes << 20)
        return name, guest

    @staticmethod
    def await_memory(guest, size_bytes):
        deadline = time.monotonic() + 120
        page = os.sysconf("SC_PAGESIZE")
        while True:
            if guest.poll() is not None or time.monotonic() > deadline:
                raise cost.Failure("the big guest did not start")
            with open(f"/proc/{guest.pid}/statm", encoding="ascii") as f:
                if int(f.read().split()[1]) * page >= size_bytes:
                    return
            time.sleep(0.1)

    def run_shell(self, command):
        subprocess.run(["sh", "-c", command], check=False)

    def threads(self):
        return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in self.guests.values())
