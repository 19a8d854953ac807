# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables, each figure beside its budget."""

import os
import platform
import statistics
import subprocess
import sys

CPU_SECONDS = 0.012  # a refresh
IO_SECONDS = 0.005  # disks and NICs may add so much
RESIDENT_BYTES = 20 * 1000 * 1000  # Pss: pages shared with others count in part
FIRST_FRAME_SECONDS = 0.300
JUDGING_SECONDS = 0.002  # all rules, a refresh

HEAD = (
    f"{'':26}{'CPU ms':>8}{'budget':>7} {'':7}{'libvirtd':>9}{'guests':>8}"
    f"{'Pss':>10}{'budget':>7} {'':7}{'to terminal':>12}"
)
UNITS = (
    f"{'':26}{'/refresh':>8}{'':7} {'':7}{'ms':>9}{'ms':>8}{'MB':>10}{'':7} {'':7}{'bytes':>12}"
)


# What is promised is promised of the screens of domains, vCPUs, NUMA and memory; disks and NICs
# have their own. Nothing is of others.
def cpu_limit(row):
    screen = row["name"][:1]
    if screen in ("1", "2", "3", "4"):
        return CPU_SECONDS
    return CPU_SECONDS + IO_SECONDS if screen in ("5", "6") else None


def memory_limit(row):
    return RESIDENT_BYTES if row["name"][:1] in ("1", "2", "3", "4") else None


def verdict(value, limit):
    return "met" if value <= limit else "MISSED"


def beside(value, limit, unit):
    """The columns budget and verdict."""
    return f"{'-':>7} {'':7}" if limit is None else f"{limit / unit:7.0f} {verdict(value, limit):7}"


def version(*command):
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return out.splitlines()[0] if out else "?"


class Report:
    def __init__(self, options):
        self.options = options
        self.rows = []
        self.scaled = []
        self.heard = False
        self.frame = None
        self.judged = None

    @staticmethod
    def say(text):
        print(f"[{text}]", file=sys.stderr, flush=True)

    def line(self, text=""):
        print(text, flush=True)

    def machine(self, host):
        o = self.options
        self.line(
            f"{len(host.guests)} guests ({host.kind}, paused) of {o.vcpus} vCPUs and {o.memory} MiB"
            f"{', touched' if o.touched else ''}; {host.threads()} threads in all"
        )
        self.line(f"{version(o.binary, '--version')}; {version(host.qemu, '--version')}")
        self.line(
            f"Linux {platform.release()}, {os.cpu_count()} CPUs, load of the machine "
            f"{os.getloadavg()[0]:.1f} before; {o.refreshes} refreshes of 1 s per figure"
        )
        if os.getloadavg()[0] > os.cpu_count():
            self.line("The machine is busy: times till something is there are not kvmtop's alone.")

    def quiet(self, seconds):
        self.line(
            f"while nobody looks libvirtd spends {seconds[0] * 1e3:.1f} ms and the guests "
            f"{seconds[1] * 1e3:.1f} ms of CPU a second"
        )
        self.line()

    def first_frames(self, frames):
        bar = statistics.median(f[0] for f in frames)
        self.frame = bar
        guest = statistics.median(f[1] for f in frames)
        self.line(
            f"first frame: {bar * 1e3:.0f} ms (slowest of {len(frames)} starts "
            f"{max(f[0] for f in frames) * 1e3:.0f} ms), with guests on it after "
            f"{guest * 1e3:.0f} ms (slowest {max(f[1] for f in frames) * 1e3:.0f} ms); budget "
            f"{FIRST_FRAME_SECONDS * 1e3:.0f} ms: {verdict(bar, FIRST_FRAME_SECONDS)}; CPU till "
            f"then {statistics.median(f[2] for f in frames) * 1e3:.0f} ms"
        )
        self.line()

    def head(self):
        if not self.heard:
            self.line(HEAD)
            self.line(UNITS)
        self.heard = True

    def screen(self, row):
        self.head()
        self.rows.append(row)
        self.line(
            f"{row['name']:26}{row['own'] * 1e3:8.1f}{beside(row['own'], cpu_limit(row), 1e-3)}"
            f"{row['daemon'] * 1e3:9.1f}{row['guests'] * 1e3:8.1f}{row['proportional'] / 1e6:10.1f}"
            f"{beside(row['proportional'], memory_limit(row), 1e6)}{row['bytes']:12.0f}"
        )
        threads = sorted(row["threads"].items(), key=lambda item: -item[1])
        self.line("    CPU ms: " + ", ".join(f"{name} {ran * 1e3:.2f}" for name, ran in threads))
        self.line(
            f"    of the memory {row['anonymous'] / 1e6:.1f} MB is its own; VmRSS, "
            f"where shared libraries count whole, {row['resident'] / 1e6:.1f} MB; "
            f"{row['descriptors']} descriptors"
        )

    def judging(self, row, misplaced):
        self.line()
        self.line(
            f"judging all rules of a recorded host where 100 guests of 8 vCPUs are misplaced: "
            f"{misplaced['cpu'] * 1e3:.2f} ms of CPU a refresh, {misplaced['findings']} findings; "
            f"budget {JUDGING_SECONDS * 1e3:.0f} ms: {verdict(misplaced['cpu'], JUDGING_SECONDS)}"
        )
        if not row:
            return
        self.judged = row["cpu"]
        self.line()
        self.line(
            f"judging all rules: {row['cpu'] * 1e3:.2f} ms of CPU a refresh (at most "
            f"{row['most'] * 1e3:.2f}); budget {JUDGING_SECONDS * 1e3:.0f} ms: "
            f"{verdict(row['cpu'], JUDGING_SECONDS)}; judging : all of kvmtop, every source read at "
            f"each refresh, = 1 : {row['whole'] / row['cpu']:.1f}"
        )
        self.line(f"    {row['note']} {row['findings']} rows in the table of findings")

    def others(self, rows):
        mine = max((r for r in self.rows), key=lambda r: r["own"], default=None)
        self.line()
        self.line(f"{'the same guests, per call':42}{'own ms':>9}{'libvirtd':>10}{'guests':>9}"
                  f"{'sum ms':>9}{'wall ms':>9}{'kvmtop : it':>14}")
        if mine:
            self.other({**mine, "name": f"kvmtop, {' '.join(mine['name'].split())} (its dearest)",
                        "wall": None}, mine)
        for row in rows:
            self.other(row, mine)

    def other(self, row, mine):
        total = row["own"] + row["daemon"] + row["guests"]
        wall = f"{row['wall'] * 1e3:9.0f}" if row["wall"] is not None else f"{'-':>9}"
        ratio = "-"
        if mine:
            ratio = f"1 : {total / (mine['own'] + mine['daemon'] + mine['guests']):.1f}"
        self.line(
            f"{row['name']:42}{row['own'] * 1e3:9.1f}{row['daemon'] * 1e3:10.1f}"
            f"{row['guests'] * 1e3:9.1f}{total * 1e3:9.1f}{wall}{ratio:>14}"
        )

    def scaling(self, guests, threads, row):
        self.scaled.append((guests, threads, row))

    def placement(self, options, groups):
        for title, rows in groups:
            self.line()
            self.line(f"{'placement of ' + title:42}{'CPU ms':>9}{'wall ms':>9}")
            for row in rows:
                cpu = f"{row['cpu'] * 1e3:9.2f}" if row["cpu"] is not None else f"{'-':>9}"
                wall = f"{row['wall'] * 1e3:9.2f}" if row["wall"] is not None else f"{'-':>9}"
                self.line(f"{row['name']:42}{cpu}{wall}  {row['note']}")

    def summary(self):
        if self.scaled:
            self.line()
            self.line(f"{'scaling, ' + self.scaled[0][2]['name']:26}{'threads':>9}{'CPU ms':>8}"
                      f"{'us/thread':>11}{'Pss MB':>13}")
            for guests, threads, row in self.scaled:
                self.line(f"{guests:6} guests{'':13}{threads:9}{row['own'] * 1e3:8.1f}"
                          f"{row['own'] / threads * 1e6:11.1f}{row['proportional'] / 1e6:13.1f}")
        if self.judged is not None:
            self.line()
            self.line(f"judging            {self.judged * 1e3:6.2f} ms of "
                      f"{JUDGING_SECONDS * 1e3:.0f}: {verdict(self.judged, JUDGING_SECONDS)}")
        if not self.rows:
            return
        self.line()
        # Not all screens have a budget of either kind.
        limited = list(filter(cpu_limit, self.rows))
        if limited:
            dearest = max(limited, key=lambda r: r["own"] / cpu_limit(r))
            cpu = dearest["own"]
            self.line(f"CPU a refresh      {cpu * 1e3:6.1f} ms of {cpu_limit(dearest) * 1e3:.0f}: "
                      f"{verdict(cpu, cpu_limit(dearest))}")
        limited = list(filter(memory_limit, self.rows))
        if limited:
            resident = max(r["proportional"] for r in limited)
            self.line(f"memory (Pss)       {resident / 1e6:6.1f} MB of {RESIDENT_BYTES / 1e6:.0f}: "
                      f"{verdict(resident, RESIDENT_BYTES)}")
        if self.frame is not None:
            limit = FIRST_FRAME_SECONDS
            self.line(f"first frame        {self.frame * 1e3:6.0f} ms of "
                      f"{limit * 1e3:.0f}: {verdict(self.frame, limit)}")
