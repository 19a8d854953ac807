#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""definitions.py list RULES | holds FILE PATH ELEMENT...

list: what the rules' examples write into guests' definitions. A line for each plan, of words with tabs
between them: the example, the vCPUs that the definition must have, and path and element of each action.
holds: whether the domain XML in FILE has each ELEMENT at its PATH, with all that it says; the last one
counts. The element - is none.
"""
import pathlib
import re
import sys
from xml.etree import ElementTree

KIB = {"KiB": 1, "M": 1 << 10, "MiB": 1 << 10, "G": 1 << 20, "GiB": 1 << 20}


def vcpus_of(elements):
    """Topologies and cells must fit to them."""
    for element in elements:
        for t in element.iter("topology"):
            return int(t.get("sockets")) * int(t.get("dies", 1)) * int(t.get("cores")) * int(t.get("threads"))
        cpus = [int(n) for cell in element.iter("cell") for n in re.findall(r"\d+", cell.get("cpus"))]
        if cpus:
            return max(cpus) + 1
    return 4


def plans_of(path):
    """Of each example the writes that follow one another, with the number of the first line."""
    plan, at = [], 0
    for number, line in enumerate(path.read_text().splitlines() + ["= end"], 1):
        found = re.match(r"(?:plan|lasting): define saved \S+ (\S+) \S+ (.*)", line)
        if found:
            at = at if plan else number
            plan.append((found[1], found[2]))
        elif line.startswith("=") and plan:
            yield at, plan
            plan = []


def print_plans(directory):
    for path in sorted(pathlib.Path(directory).glob("*.txt")):
        for number, plan in plans_of(path):
            elements = [ElementTree.fromstring(xml) for _, xml in plan if xml.startswith("<")]
            words = [f"{path.name}:{number}", str(vcpus_of(elements))]
            print("\t".join(words + [word for step in plan for word in step]))


def same(name, has, wanted):
    return has.get(name) == wanted.get(name)


def says(has, wanted):
    attributes = set(wanted.keys())
    if {"size", "unit"} <= attributes:
        if int(has.get("size")) * KIB[has.get("unit")] != int(wanted.get("size")) * KIB[wanted.get("unit")]:
            return False
        attributes -= {"size", "unit"}
    if has.tag != wanted.tag or not all(same(name, has, wanted) for name in attributes):
        return False
    if len(wanted) == 0:
        return len(has) > 0 or (has.text or "").strip() == (wanted.text or "").strip()
    return all(any(says(child, part) for child in has) for part in wanted)


def holds(domain, path, xml):
    found = domain.findall(path)
    return not found if xml == "-" else len(found) == 1 and says(found[0], ElementTree.fromstring(xml))


if sys.argv[1] == "list":
    print_plans(sys.argv[2])
else:
    tree = ElementTree.parse(sys.argv[2]).getroot()
    pairs = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    sys.exit(0 if pairs and all(holds(tree, *pair) for pair in pairs.items()) else 1)
