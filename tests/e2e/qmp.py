#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qmp.py SOCKET: has a QEMU do what standard input says, and answers each line with one: "ok [ANSWER]" when it
is done, or "failed: WHY".

vcpus        tells NUMBER:TID of each
plug         gives the guest the first of the vCPUs that it has room for
reset        reboots it
migrate URI  sends it there
state        tells what QEMU calls it: running, inmigrate, ...
quit         ends it
"""
import json
import socket
import sys
import time

DEADLINE_SECONDS = 40


def connect(path):
    """As soon as QEMU listens."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(DEADLINE_SECONDS)
        try:
            client.connect(path)
            return client
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)  # how often to look


class Monitor:
    def __init__(self, path):
        self.events = []
        self.socket = connect(path)
        self.lines = self.socket.makefile()
        self.read()  # its greeting
        self.ask("qmp_capabilities")

    def read(self):
        line = self.lines.readline()
        if not line:
            raise EOFError("QEMU has hung up")
        return json.loads(line)

    def ask(self, command, **arguments):
        self.events.clear()
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self.read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise ValueError(f"{command}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def next_event(self):
        return self.events.pop(0) if self.events else self.read()

    def await_event(self, name, wanted=lambda data: True):
        """The first one since the last command was sent."""
        while True:
            event = self.next_event()
            if event["event"] == name and wanted(event["data"]):
                return event["data"]


def vcpus(monitor):
    return " ".join(f"{cpu['cpu-index']}:{cpu['thread-id']}" for cpu in monitor.ask("query-cpus-fast"))


def plug(monitor):
    free = [cpu for cpu in monitor.ask("query-hotpluggable-cpus") if "qom-path" not in cpu]
    first = min(free, key=lambda cpu: sorted(cpu["props"].items()))
    monitor.ask("device_add", driver=first["type"], **first["props"])


def reset(monitor):
    monitor.ask("system_reset")
    monitor.await_event("RESET")


def migrate(monitor, uri):
    monitor.ask("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    monitor.ask("migrate", uri=uri)
    end = monitor.await_event("MIGRATION", lambda data: data["status"] in ("completed", "failed"))
    if end["status"] == "failed":
        raise ValueError(monitor.ask("query-migrate").get("error-desc", "it has failed"))


def state(monitor):
    return monitor.ask("query-status")["status"]


def leave(monitor):
    monitor.ask("quit")


WHAT = {"vcpus": vcpus, "plug": plug, "reset": reset, "migrate": migrate, "state": state, "quit": leave}


def main():
    monitor = None
    for line in sys.stdin:
        what, *arguments = line.split()
        try:
            monitor = monitor or Monitor(sys.argv[1])
            answer = WHAT[what](monitor, *arguments)
            print("ok", answer or "", flush=True)
        except (OSError, EOFError, ValueError) as error:
            print("failed:", error, flush=True)


main()
