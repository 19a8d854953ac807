#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""changes_rows.py CHECK DIR NAME UUID: whether the rows in DIR tell what has happened to the guest.

In the current directory lies what QEMU and the kernel have told of it, and of others of that name: "vcpus" with
lines "PID NUMBER TID" and "threads" with lines "PID TID"; and "marks" with lines "WHAT TIME".
"""
import csv
import datetime
import sys

TABLES = ("domain", "vcpu", "thread")
# A figure is read, then the clock: on a loaded host some time may pass between. What others have used in all
# their life is far above that.
SPARE_CPUS = 3
# More than a vCPU does that has nothing to do, less than what is left for a busy one on a loaded host.
RUNS = 0.03


def words(name):
    with open(name, encoding="utf-8") as file:
        return [line.split() for line in file]


def read_table(name):
    """The last row may be about to be written."""
    with open(name, newline="", encoding="utf-8") as file:
        data = file.read()
    head, *lines = csv.reader(data[: data.rindex("\n")].splitlines(keepends=True), strict=True)
    assert all(len(line) == len(head) for line in lines), f"{name}: a row of another length"
    return [dict(zip(head, line)) for line in lines]


class Told:
    """The rows of a guest from start to stop, and what is true."""

    def __init__(self, directory, name, uuid):
        self.name, self.mark = name, dict(words("marks"))
        self.every = {table: read_table(f"{directory}/{table}.csv") for table in TABLES}
        self.table = {table: [row for row in rows if row["uuid"] == uuid and self.is_between(row)]
                      for table, rows in self.every.items()}
        self.vcpus = {tuple(vcpu) for vcpu in words("vcpus")}
        self.owner = {tid: pid for pid, tid in words("threads")}
        self.pids = {row["pid"] for row in self.table["domain"]}
        self.times = sorted({row["time"] for row in self.table["domain"]})

    def is_between(self, row):
        return self.mark["start"] < row["time"] <= self.mark["stop"]

    def of(self, table, pid):
        return [row for row in self.table[table] if row["pid"] == pid]

    def vcpu(self, pid, number):
        return [row for row in self.of("vcpu", pid) if row["vcpu"] == number]


def number_of(row, column):
    return float(row[column] or 0)


def seconds(time):
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def check_whose(told):
    """Each row is a guest's of ours, and each thread its own process's."""
    owner, uuid = dict(told.owner), {}
    for table in TABLES:
        for row in told.every[table]:
            pid, name = row["pid"], row["name" if table == "domain" else "domain"]
            assert pid in told.owner, f"{table}: of another process: {row}"
            assert name == told.name and uuid.setdefault(pid, row["uuid"]) == row["uuid"], f"{table}: {row}"
            # One that came and went while nobody looked has one owner at least.
            assert owner.setdefault(row.get("tid", pid), pid) == pid, f"{table}: another's thread: {row}"
    for row in told.table["vcpu"]:
        assert (row["pid"], row["vcpu"], row["tid"]) in told.vcpus, f"QEMU knows no such vCPU: {row}"


def check_once(told):
    """No thread has two rows in one sample, and as many vCPUs are told as there are rows."""
    seen, rows = set(), {}
    for table in TABLES:
        for row in told.table[table]:
            who = (row["time"], row["pid"], row.get("tid", "guest"))
            assert who not in seen, f"{table}: twice in a sample: {row}"
            seen.add(who)
    for row in told.table["vcpu"]:
        sample = (row["time"], row["pid"])
        rows[sample] = rows.get(sample, 0) + 1
    for row in told.table["domain"]:
        # In its first samples a QEMU may not have named its threads yet: then its arguments tell.
        has = rows.get((row["time"], row["pid"]), 0) or number_of(row, "vcpus_given")
        assert number_of(row, "vcpus") == has, f"{has} rows of vCPUs, but: {row}"


def check_plausible(told):
    for table in TABLES:
        for row in told.every[table]:
            most = SPARE_CPUS + number_of(row, "vcpus") if table == "domain" else SPARE_CPUS
            for column, value in row.items():
                try:
                    number = float(value)
                except ValueError:
                    continue
                assert number >= 0, f"{table}: {column} is {value}: {row}"
                if column in ("cpu_cpus", "vcpu_run_cpus", "emulator_cpus", "run_ratio", "wait_ratio"):
                    assert number <= most, f"{table}: {column} is {value}: {row}"


def check_goes_on(rows, times, what):
    """In each of these samples, with a rate in each but the first."""
    assert [row["time"] for row in rows] == times, f"{what}: rows at {[row['time'] for row in rows]}, of {times}"
    for before, row in zip(rows, rows[1:]):
        assert row["run_ratio"] != "", f"{what}: its rate is lost: {row}"
        gap = seconds(row["time"]) - seconds(before["time"]) - float(row["interval_seconds"])
        assert gap < 0.1, f"{what}: a sample is left out before {row}"


def check_all_vcpus(told, pid, since):
    """From that sample on none of the guest's rows is left out, nor any of its vCPUs from its first row on."""
    times = [time for time in told.times if time >= since]
    assert [row["time"] for row in told.of("domain", pid)][-len(times) :] == times, f"guest {pid} is left out"
    for _, number, _ in sorted(vcpu for vcpu in told.vcpus if vcpu[0] == pid):
        rows = told.vcpu(pid, number)
        assert rows, f"vCPU {number} of {pid} was not seen"
        check_goes_on(rows, [time for time in times if time >= rows[0]["time"]], f"vCPU {number} of {pid}")


def rebooted(told):
    (pid,) = told.pids
    check_all_vcpus(told, pid, told.times[0])
    assert all(row["run_ratio"] for row in told.table["vcpu"]), "a vCPU begins anew"
    assert {row["vcpus"] for row in told.table["domain"]} == {"2"}, "it has other vCPUs"
    up = [float(row["uptime_seconds"]) for row in told.table["domain"]]
    assert up == sorted(up), f"its process begins anew: {up}"
    assert max(number_of(row, "run_ratio") for row in told.table["vcpu"]) > 0, "its firmware has not run again"


def grown(told):
    (pid,) = told.pids
    check_all_vcpus(told, pid, told.times[0])
    for number in ("1", "2", "3"):
        first = told.vcpu(pid, number)[0]
        rates = [column for column in first if column.endswith(("_ratio", "_per_second")) and first[column]]
        assert not rates, f"rates out of nothing: {rates}: {first}"
    assert told.vcpu(pid, "0")[0]["run_ratio"], "vCPU 0 begins anew"
    has = [int(row["vcpus"]) for row in told.table["domain"]]
    assert has == sorted(has) and (has[0], has[-1]) == (1, 4), f"its vCPUs were {has}"


def check_who_runs(told, who, has_it):
    """The guest never rests, so whoever has it runs, and the other one does not."""
    ratios = {"before": [], "after": []}
    for row in told.vcpu(told.mark[who], "0"):
        if row["time"] <= told.mark["before"]:
            ratios["before"].append(number_of(row, "run_ratio"))
        elif row["time"] > told.mark["after"]:
            ratios["after"].append(number_of(row, "run_ratio"))
    for when, ran in ratios.items():
        assert ran, f"the {who} was not seen {when} the migration"
        assert (max(ran) > RUNS) == (when == has_it), f"the {who} {when} the migration: {ran}"


def migrated(told):
    source, target, end = told.mark["source"], told.mark["target"], told.mark["end"]
    assert told.pids == {source, target}, f"processes {told.pids}"
    check_all_vcpus(told, target, told.of("vcpu", target)[0]["time"])
    last = max(row["time"] for row in told.of("domain", source))
    # While its process ends some of its threads may be gone already.
    for row in told.of("vcpu", source):
        assert row["time"] == last or row["run_ratio"], f"the source begins anew: {row}"
    for table in TABLES:
        assert all(row["time"] <= end for row in told.of(table, source)), f"{table}: the source stays"
    assert told.times[-1] > end, "nothing was seen after the end of the source"
    check_who_runs(told, "source", "before")
    check_who_runs(told, "target", "after")


CHECKS = {"rebooted": rebooted, "grown": grown, "migrated": migrated}


def main():
    told = Told(*sys.argv[2:])
    check_whose(told)
    check_once(told)
    check_plausible(told)
    CHECKS[sys.argv[1]](told)
    print(f"       {len(told.times)} samples, {sum(map(len, told.table.values()))} rows")


try:
    main()
except AssertionError as error:
    sys.exit(str(error))
