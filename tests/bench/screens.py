# SPDX-License-Identifier: GPL-2.0-or-later
"""kvmtop as a user sees it: in a terminal of a given size, keys typed, bytes counted."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import cost

SETTLE_SECONDS = 3
KEY_BAR = re.compile(rb"4\s*Memory")
GUEST = re.compile(rb"bench[0-9]")
ESCAPES = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78MDEc])"
)
NAMES = {
    "1": "Domains", "2": "vCPUs", "3": "NUMA", "4": "Memory", "5": "Disks", "6": "Network",
    "7": "Exits", "8": "Host", "9": "Advice", "0": "Sources",
}


class Program:
    """A running kvmtop whose output is read as it comes."""

    def __init__(self, command, size=None):
        self.count = 0
        self.text = b""
        self.began = time.monotonic()
        if size:
            self.out, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            self.child = subprocess.Popen(
                command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                env=dict(os.environ, TERM="xterm-256color", LANG="C.UTF-8"),
            )
            os.close(theirs)
        else:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            )
            self.out = self.child.stdout.fileno()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGTERM)
        try:
            deadline = time.monotonic() + 5
            while self.child.poll() is None and time.monotonic() < deadline:
                self.read(time.monotonic() + 0.05)
        finally:
            self.child.kill()
            self.child.wait()
        if self.child.stdout:
            self.child.stdout.close()
        else:
            os.close(self.out)

    def read(self, until, pattern=None):
        """Reads what comes until a moment, or until a pattern is there; returns when that was."""
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.out], [], [], left)[0]:
                break
            try:
                data = os.read(self.out, 65536)
            except OSError:
                data = b""
            if not data:
                self.child.wait(5)
                return None
            self.count += len(data)
            if pattern:
                self.text += data
                if pattern.search(ESCAPES.sub(b"", self.text)):
                    return time.monotonic()
        return None

    def rest(self, seconds):
        self.read(time.monotonic() + seconds)
        if self.child.poll() is not None:
            raise cost.Failure(
                f"kvmtop ended with status {self.child.returncode}: {self.text[-500:]!r}"
            )

    def type(self, keys):
        os.write(self.out, keys.encode())


def measure(program, host, refreshes, name):
    """At one refresh a second, so refreshes are seconds."""
    pid = program.child.pid
    bystanders, own = cost.Bystanders(host), cost.process_seconds(pid)
    threads, count = cost.thread_seconds(pid), program.count
    began = time.monotonic()
    program.rest(refreshes)
    own = cost.process_seconds(pid) - own
    after = cost.thread_seconds(pid)
    seconds = time.monotonic() - began
    daemon, guests = bystanders.since()
    by_thread = {}
    for number, (tid, (comm, ran)) in enumerate(sorted(after.items())):
        thread = "main" if tid == pid else comm if comm != after[pid][0] else f"thread {number}"
        ran -= threads.get(tid, ("", 0))[1]
        by_thread[thread] = by_thread.get(thread, 0) + ran / seconds
    return {
        "name": name,
        "own": own / seconds,
        "daemon": daemon / seconds,
        "guests": guests / seconds,
        "resident": cost.status_kib(pid, "VmRSS") * 1024,
        "anonymous": cost.status_kib(pid, "RssAnon") * 1024,
        "proportional": cost.proportional_bytes(pid),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "bytes": (program.count - count) / seconds,
        "threads": by_thread,
    }


def start(options, size):
    """Waits for the key bar: from then on keys are heard."""
    program = Program([options.binary], size)
    if program.read(time.monotonic() + 20, KEY_BAR) is None:
        with program:
            raise cost.Failure(f"no first frame in 20 s: {program.text[-500:]!r}")
    return program


def one_screen(options, host, key, size):
    with start(options, size) as program:
        program.type(key)
        program.rest(SETTLE_SECONDS)
        return measure(program, host, options.refreshes, label(key, size))


def label(key, size):
    return f"{key} {NAMES[key]:8} {size[0]}x{size[1]}"


def all_screens(options, host, size):
    """One life of kvmtop, in which the user visits the screens."""
    with start(options, size) as program:
        for key in options.screens:
            program.type(key)
            program.rest(SETTLE_SECONDS)
            yield measure(program, host, options.refreshes, label(key, size))


def first_frames(options, host, size, starts):
    """Milliseconds from the start to a frame with the key bar, and to one that names a guest."""
    frames = []
    for _ in range(starts):
        with Program([options.binary], size) as program:
            bar = program.read(program.began + 20, KEY_BAR)
            guest = program.read(program.began + 20, GUEST) if not GUEST.search(
                ESCAPES.sub(b"", program.text)) else bar
            if not bar or not guest:
                raise cost.Failure(f"no first frame in 20 s: {program.text[-500:]!r}")
            cpu = cost.thread_sum(program.child.pid)
            frames.append((bar - program.began, guest - program.began, cpu))
    return frames


def batch(options, host, table):
    with Program([options.binary, "-b", "-t", table]) as program:
        program.rest(SETTLE_SECONDS)
        return measure(program, host, options.refreshes, f"-b -t {table}")
