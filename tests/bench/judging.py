# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to judge all rules: of guests that run here, with every source read that any of them
needs; and of a recorded host on which every guest is misplaced, so that there is much to say."""

import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from placement import column

MISPLACED = 100
NODES = 8
SAMPLES = 10
RUNS = 5


def judged(options):
    """The rows of the sources 'advisor' and of kvmtop itself, and how many findings came last."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [options.binary, "-b", "-t", "source,finding", "-n", str(options.refreshes),
             "-o", directory + "/"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=options.refreshes * 3 + 30,
            check=False,
        )
        tables = []
        for name in ("source", "finding"):
            file = pathlib.Path(directory) / f"{name}.csv"
            tables.append(list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())))
        return tables


def milliseconds(rows, source):
    """CPU time per refresh, without the first ones, in which all is new."""
    mine = [row for row in rows if row["source"] == source]
    if not mine:
        return []
    name = column(mine, "cost")
    return [
        float(row[name]) * float(row["interval_seconds"]) for row in mine[3:] if row[name]
    ]


def measure(options):
    sources, findings = judged(options)
    judging, whole = milliseconds(sources, "advisor"), milliseconds(sources, "kvmtop")
    if not judging:
        return None
    moments = [row["time"] for row in findings]
    last = [row for row in findings if row["time"] == moments[-1]]
    return {
        "cpu": statistics.median(judging),
        "most": max(judging),
        "whole": statistics.median(whole),
        "note": [row for row in sources if row["source"] == "advisor"][-1]["note"],
        "findings": len(last),
    }


def write_misplaced(path):
    """A host of eight nodes whose guests of 8 vCPUs have their memory on two nodes each, and wait."""
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "hosts"))
    import hosts
    import make
    from host_model import Host, Node

    def guest(number):
        home, other = number % NODES, (number + 1 + number // NODES % (NODES - 1)) % NODES
        cpus = [128 * (home if i < 5 else other) + (8 * number + i) % 128 for i in range(8)]
        return hosts.Guest(
            5000 + 40 * number, f"vm{number}", 4096, cpus, {home: 2400, other: 1600}, run=0.6,
            wait=0.08, guest=0.5, start=300000 + number, machine="pc-q35-rhel9.4.0",
            stat_names=hosts.X86_STATS, merging_pages=0,
        )

    nodes = {k: Node(list(range(128 * k, 128 * k + 128)), 131072, 4000) for k in range(NODES)}
    host = Host(
        "hundred", "5.14.0-427.el9.x86_64", nodes, [guest(i) for i in range(MISPLACED)],
        seconds=tuple(range(SAMPLES)),
        cores=hosts.single(range(128 * NODES), lambda cpu: cpu // 128), ksm=hosts.old_ksm(),
        thp="always",
    )
    path.write_text(make.archive(host), encoding="utf-8")


def replay(options, host, config):
    """CPU seconds of one whole replay, the samples that were judged, and the findings at its end."""
    command = [options.binary, "--config", config, "--root", host, "-b", "-t", "source,finding",
               "-n", str(SAMPLES), "-o", f"{config}.out/"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, used = os.wait4(process.pid, 0)
    tables = []
    for name in ("source", "finding"):
        text = pathlib.Path(f"{config}.out/{name}.csv").read_text(encoding="utf-8")
        tables.append(list(csv.DictReader(text.splitlines())))
    judged = sum(row["source"] == "advisor" for row in tables[0])
    last = [row for row in tables[1] if row["time"] == tables[1][-1]["time"]]
    return used.ru_utime + used.ru_stime, judged, sum(row["level"] != "unjudged" for row in last)


def misplaced(options):
    """A replay tells no times of its own, so two are compared: with all rules, and with none."""
    listed = subprocess.run(
        [options.binary, "--list-rules"], capture_output=True, text=True, check=True
    ).stdout
    rules = [line.split()[0] for line in listed.splitlines() if line[:1].isalpha()]
    with tempfile.TemporaryDirectory() as directory:
        host, configs = pathlib.Path(directory) / "host", {}
        write_misplaced(host)
        for name, setting in (("all", "for = 0"), ("none", "enabled = no")):
            configs[name] = pathlib.Path(directory) / name
            configs[name].write_text("".join(f"{rule}.{setting}\n" for rule in rules))
        runs = {name: [] for name in configs}
        for _ in range(RUNS):
            for name, config in configs.items():
                runs[name].append(replay(options, str(host), str(config)))
    least = {name: min(cpu for cpu, _, _ in rows) for name, rows in runs.items()}
    _, judged, findings = runs["all"][0]
    return {"cpu": (least["all"] - least["none"]) / judged, "findings": findings}
