# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to see where the memory of one big guest lies."""

import csv
import os
import signal
import statistics
import subprocess

import cost

SECONDS = 32
ROUNDS = 5


def source_rows(options, name, how):
    """The rows of the source 'placement' over some readings."""
    command = [
        options.binary, "-b", "-t", "source", "-c", "none", "--numa", how, "-g", name,
        "-n", str(SECONDS),
    ]
    text = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS * 3
    ).stdout
    return [row for row in csv.DictReader(text.splitlines()) if row["source"] == "placement"]


def column(rows, prefix):
    """Columns carry their unit behind their name, which is not ours to know."""
    for name in rows[0]:
        if name == prefix or name.startswith(prefix + "_"):
            return name
    raise KeyError(prefix)


def kvmtop_reading(options, name, how):
    """CPU time of one reading, and what the source says of itself."""
    rows = source_rows(options, name, how)
    if len(rows) < 2:
        return None
    cost_name, reads_name = column(rows, "cost"), column(rows, "reads")
    reads = int(rows[-1][reads_name]) - int(rows[0][reads_name])
    spent = sum(
        float(row[cost_name]) * float(row["interval_seconds"]) for row in rows[1:] if row[cost_name]
    )
    return {
        "name": f"kvmtop --numa {how}",
        "cpu": spent / reads if reads else None,
        "wall": None,
        "note": f"{reads} readings; {rows[-1][column(rows, 'note')]}",
    }


def numastat(pid):
    times = [cost.run(["numastat", "-p", str(pid)]) for _ in range(ROUNDS)]
    return {
        "name": "numastat -p",
        "cpu": statistics.median(t[0] for t in times),
        "wall": statistics.median(t[1] for t in times),
        "note": f"median of {ROUNDS}",
    }


def affordable(options):
    """Half of what is free at most: others work on this machine too."""
    with open("/proc/meminfo", encoding="ascii") as f:
        free = next(int(line.split()[1]) for line in f if line.startswith("MemAvailable:")) // 1024
    return min(options.big, free * 3 // 4 // 512 * 512)


def compare(options, host, say):
    megabytes = affordable(options)
    groups = []
    for huge in (False, True):
        kind = "huge pages (THP)" if huge else "4 KiB pages"
        say(f"placement: a guest of {megabytes} MiB in {kind}")
        name, guest = host.start_big_guest(megabytes, huge)
        try:
            rows = [kvmtop_reading(options, name, how) for how in ("exact", "sample", "auto")]
            rows = [*filter(None, rows), numastat(guest.pid)]
            groups.append((f"{megabytes} MiB in {kind}", rows))
        finally:
            os.kill(guest.pid, signal.SIGKILL)
            guest.wait()
            del host.guests[name]
    return groups
