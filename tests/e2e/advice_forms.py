#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""advice_forms.py TEXT JSONL CSV: whether what kvmtop advise says of one host is whole in each of its forms,
and the same in all of them. Prints what is wrong.
"""
import csv
import json
import re
import sys

LEVELS = ["critical", "warning", "info", "unjudged"]
HEAD = re.compile(r"(CRITICAL|WARNING|INFO|UNJUDGED)  (.+)  \(([a-z0-9-]+)\)$")
failed = False


def expect(true, words):
    global failed
    if not true:
        print(words)
        failed = True


def read_blocks(path):
    blocks = [block.split("\n") for block in open(path).read().rstrip("\n").split("\n\n")]
    found = []
    for lines in blocks:
        head = HEAD.match(lines[0])
        expect(head, f"no head: {lines[0]}")
        commands = [line.strip() for line in lines if line.startswith(" " * 8)]
        fix = re.search(r"Fix of class ([ABC]), (at once|slow|lasting)\.$", "\n".join(lines), re.MULTILINE)
        expect(re.match(r"    \S.*\.$", lines[1]), f"no sentence: {lines[1]}")
        expect(not fix or commands, f"a fix without commands: {lines[0]}")
        found.append((head[1].lower(), head[2], head[3], commands))
    expect(sorted(found, key=lambda f: LEVELS.index(f[0])) == found, "the worst is not the first")
    return found


def check_object(o):
    who = f"{o['id']} of {o['subject']}"
    expect(o["table"] == "finding" and o["evidence"], f"{who}: no evidence")
    if o["level"] in LEVELS[:3]:
        # What is so or not so has no figure: it says what it is instead.
        expect(re.search(r"\d", o["evidence"]) or o["figure"] == 1, f"{who}: no figure in '{o['evidence']}'")
        expect(o["advice"], f"{who}: no advice")
        expect(o["risk"] and o["source"] and o["undo"], f"{who}: no risk, source or undo")
        expect(o["writes"] or o["refusal"] or not o["class"], f"{who}: a class, and no fix")
    for action in (o["writes"] or []) + (o["lasting"] or []):
        expect(action["kind"] and action["new"] is not None and action["command"], f"{who}: {action}")


text = read_blocks(sys.argv[1])
objects = [json.loads(line) for line in open(sys.argv[2])]
rows = list(csv.DictReader(open(sys.argv[3])))
for o in objects:
    check_object(o)
commands = [[action["command"] for action in o["writes"] or []] for o in objects]
expect(text == [(o["level"], o["subject"], o["id"], c) for o, c in zip(objects, commands)],
       "text and JSON differ")
expect([(r["level"], r["subject"], r["rule"], r["evidence"]) for r in rows]
       == [(o["level"], o["subject"], o["id"], o["evidence"]) for o in objects], "CSV and JSON differ")
sys.exit(1 if failed or not objects else 0)
