# SPDX-License-Identifier: GPL-2.0-or-later
"""What kvmtop noted of hardware counters where there is a PMU."""

from host_model import grown

EVENTS = (
    "cycles",
    "instructions",
    "llc_misses",
    "branch_misses",
    "dtlb_misses",
    "local_loads",
    "remote_loads",
)
SOFTWARE = ("switches", "migrations", "page_faults")
GUEST, HOST, ALL = range(3)


def vcpu_note(g, number, second):
    out = f"share {g.counted:.6f}\n"
    for i, event in enumerate(EVENTS):
        for side in (GUEST, HOST):
            rate = g.counters.get(event, 0) * (0.1 if side == HOST else 1) * (1 + number / 10)
            out += f"{i} {side} ok {grown(10**9, rate, second)}\n"
    for i, event in enumerate(SOFTWARE):
        out += f"{len(EVENTS) + i} {ALL} ok {grown(1000, g.counters.get(event, 0), second)}\n"
    return out


def counter_files(host, second):
    counted = [g for g in host.guests if g.counters]
    if not counted:
        return {}
    names = [f"hardware {e}\n" for e in EVENTS] + [f"software {e}\n" for e in SOFTWARE]
    least = min(g.counted for g in counted)
    note = ""
    if least < 1:
        note = f"Events took turns: counted {least:.0%} of the time at least, and scaled."
        note = note.replace("%", " %")
    out = {
        "kvmtop/counters/events": ("file", "".join(names)),
        "kvmtop/counters/note": ("file", note),
    }
    for g in counted:
        for i in range(len(g.cpus)):
            path = f"kvmtop/counters/{g.pid}/{g.pid + 5 + i}"
            out[path] = ("file", vcpu_note(g, i, second))
    return out
