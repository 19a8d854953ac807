# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to judge all rules, with every source read that any of them needs."""

import csv
import pathlib
import statistics
import subprocess
import tempfile

from placement import column


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
