# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU time, by the kernel's accounts."""

import os
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
CALLS = 10


class Failure(Exception):
    """The measurement could not be made."""


def process_seconds(pid):
    """User and system time with that of threads that have ended; ticks of 10 ms, rounded once."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def thread_seconds(pid):
    """By thread, in ns, of the threads that live."""
    seconds = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
                ran = int(f.read().split()[0]) / 1e9
            with open(f"/proc/{pid}/task/{tid}/comm", encoding="utf-8", errors="replace") as f:
                seconds[int(tid)] = (f.read().strip(), ran)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return seconds


def status_kib(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


def proportional_bytes(pid):
    """Resident memory, of pages shared with other processes only our part."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:"))


class Bystanders:
    """What libvirtd and the guests spend while somebody looks at them."""

    def __init__(self, host):
        self.host = host
        self.before = self.read()

    def read(self):
        daemon = thread_sum(self.host.libvirtd.pid)
        return daemon, sum(thread_sum(pid) for pid in self.host.guests.values())

    def since(self):
        now = self.read()
        return now[0] - self.before[0], now[1] - self.before[1]


def thread_sum(pid):
    return sum(seconds for _, seconds in thread_seconds(pid).values())


def quiet(host, seconds):
    """What libvirtd and the guests spend per second when nobody looks."""
    time.sleep(1)
    before = Bystanders(host)
    time.sleep(seconds)
    daemon, guests = before.since()
    return daemon / seconds, guests / seconds


def run(command):
    """Returns CPU and wall time of a command, of itself alone."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began


def calls(host, name, command):
    run(command)
    before = Bystanders(host)
    times = [run(command) for _ in range(CALLS)]
    daemon, guests = before.since()
    return {
        "name": name,
        "own": sum(t[0] for t in times) / CALLS,
        "daemon": daemon / CALLS,
        "guests": guests / CALLS,
        "wall": sum(t[1] for t in times) / CALLS,
    }


def top(host, refreshes):
    """As kvmtop is measured: a window in the middle of its life."""
    command = ["top", "-H", "-b", "-d", "1"]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        time.sleep(3)
        before, own = Bystanders(host), process_seconds(child.pid)
        began = time.monotonic()
        time.sleep(refreshes)
        own = process_seconds(child.pid) - own
        seconds = time.monotonic() - began
        daemon, guests = before.since()
    finally:
        child.kill()
        child.wait()
    return {
        "name": "top -H -b -d 1",
        "own": own / seconds,
        "daemon": daemon / seconds,
        "guests": guests / seconds,
        "wall": None,
    }


def others(options, host):
    some = ["virsh", "domstats", "--state", "--cpu-total", "--vcpu", "--balloon"]
    return [
        top(host, options.refreshes),
        calls(host, "virsh domstats (all groups)", ["virsh", "domstats"]),
        calls(host, "virsh domstats (state cpu vcpu balloon)", some),
    ]
