#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does a full-screen program give its terminal back, whatever ends it?

    pty_restore.py [--size 80x24] [--ready TEXT] [--only CHECK,...] [--] COMMAND...

The command runs once per check on a pseudo terminal of its own, as the job of a session leader that
outlives it (the kernel resets a terminal whose leader ends, and would hide what the program left
behind). Each check ends it in another way and then looks at the modes of the terminal and at the last
bytes that it was sent. One line per check; the exit status is 0 when all hold, 1 otherwise.
"""

import argparse
import fcntl
import os
import pty
import resource
import select
import signal
import struct
import sys
import termios
import time

DEADLINE = 10.0  # for what just has to happen
AT_ONCE = 1.0  # for what a user waits for
QUIET = 0.25  # a picture is complete when no byte came for so long

# What a terminal is told, and what has to take it back.
SWITCHES = (
    (b"\x1b[?1049h", b"\x1b[?1049l", "second screen"),
    (b"\x1b[?25l", b"\x1b[?25h", "hidden cursor"),
    (b"\x1b[?1h", b"\x1b[?1l", "keypad"),
    (b"\x1b[?1000h", b"\x1b[?1000l", "mouse"),
    (b"\x1b[?1002h", b"\x1b[?1002l", "mouse"),
    (b"\x1b[?1006h", b"\x1b[?1006l", "mouse"),
    (b"\x1b[?2004h", b"\x1b[?2004l", "bracketed paste"),
)

SANITIZER = "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0"


class Failed(Exception):
    pass


def serve(args, slave, report):
    """The session leader: runs the command in the foreground and tells what becomes of it."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN if args.ignore_hup else signal.SIG_DFL)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 64)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            os.execvpe(args.command[0], args.command, args.environment)
        finally:
            os._exit(127)
    os.write(report, b"pid %d\n" % pid)
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        os.write(report, b"status %d\n" % status)
        if not os.WIFSTOPPED(status):
            break
    while True:
        signal.pause()


class Job:
    """A command on a terminal."""

    def __init__(self, args, ignore_hup=False):
        args.ignore_hup = ignore_hup
        self.out = b""
        self.master, slave = pty.openpty()
        columns, rows = args.size
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.master)
        self.report, report = os.pipe()
        self.leader = os.fork()
        if self.leader == 0:
            try:
                os.close(self.master)
                serve(args, slave, report)
            finally:
                os._exit(1)
        os.close(report)
        os.close(slave)
        self.reports = b""
        self.pid = int(self.await_report("pid", DEADLINE))
        self.pidfd = os.pidfd_open(self.pid)
        self.await_screen(args.ready.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """What the program shows within that time. False: nothing came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.out += data
        return bool(data)

    def await_screen(self, ready):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            self.read(0.05)
            if self.is_raw() and self.out and ready in self.out:
                while self.read(QUIET) and time.monotonic() < end:
                    pass
                return
        raise Failed("the program shows nothing: %r" % self.out[-200:])

    def is_raw(self):
        return not termios.tcgetattr(self.master)[3] & termios.ICANON

    def await_report(self, word, seconds, reading=True):
        """The next thing that the leader tells. The terminal is read meanwhile, or is not."""
        end = time.monotonic() + seconds
        while b"\n" not in self.reports:
            left = end - time.monotonic()
            if left <= 0:
                raise Failed("still there after %.0f s" % seconds)
            fds = [self.report] + ([self.master] if reading else [])
            for fd in select.select(fds, [], [], left)[0]:
                if fd == self.master:
                    self.read(0)
                else:
                    self.reports += os.read(self.report, 256)
        line, _, self.reports = self.reports.partition(b"\n")
        told, value = line.decode().split()
        if told != word:
            raise Failed("the leader said %s" % line)
        return value

    def await_status(self, seconds, reading=True):
        status = int(self.await_report("status", seconds, reading))
        while self.read(0.02):
            pass
        return status

    def signal(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def assert_restored(self, since):
        after = termios.tcgetattr(self.master)
        if after[3] & (termios.ECHO | termios.ICANON) != termios.ECHO | termios.ICANON:
            raise Failed("the terminal is left raw")
        if after != self.before:
            raise Failed("modes differ: %s, were %s" % (after[:4], self.before[:4]))
        for on, off, name in SWITCHES:
            if on in self.out[:since] and self.out.rfind(off, since) < self.out.rfind(on):
                raise Failed("%s is left on" % name)

    def close(self):
        for fd in (self.master, self.report):
            try:
                os.close(fd)
            except OSError:
                pass  # the check has closed it
        for kill in (lambda: self.signal(signal.SIGKILL), lambda: os.kill(self.leader, signal.SIGKILL)):
            try:
                kill()
            except ProcessLookupError:
                pass
        os.waitpid(self.leader, 0)
        os.close(self.pidfd)


def says(status):
    if os.WIFSIGNALED(status):
        return "killed by signal %d" % os.WTERMSIG(status)
    return "status %d" % os.WEXITSTATUS(status)


def ends(number, wanted, keys=None):
    """A signal, or the keys that make the terminal send it, and how the program shall end then."""

    def check(args):
        job = Job(args)
        try:
            since = len(job.out)
            if keys:
                os.write(job.master, keys)
            else:
                job.signal(number)
            status = job.await_status(AT_ONCE)
            job.assert_restored(since)
            if says(status) != wanted:
                raise Failed("%s instead of %s" % (says(status), wanted))
        finally:
            job.close()

    return check


def hangs_up(ignore_hup):
    """The terminal goes away, as when a connection is lost."""

    def check(args):
        job = Job(args, ignore_hup)
        try:
            os.close(job.master)
            if not select.select([job.pidfd], [], [], AT_ONCE)[0]:
                raise Failed("still there %.0f s after its terminal went" % AT_ONCE)
        finally:
            job.close()

    return check


def suspends(args):
    """Ctrl-Z gives the terminal back, continuing takes it again, and ending gives it back for good."""
    job = Job(args)
    try:
        since = len(job.out)
        os.write(job.master, b"\x1a")
        if not os.WIFSTOPPED(job.await_status(AT_ONCE)):
            raise Failed("it ended instead of stopping")
        job.assert_restored(since)
        since = len(job.out)
        job.signal(signal.SIGCONT)
        end = time.monotonic() + DEADLINE
        while not (job.is_raw() and len(job.out) > since):
            job.read(0.02)
            if time.monotonic() > end:
                raise Failed("it did not come back")
        while job.read(QUIET):
            pass
        since = len(job.out)
        job.signal(signal.SIGTERM)
        job.await_status(AT_ONCE)
        job.assert_restored(since)
    finally:
        job.close()


def stands_still(args):
    """Nobody reads what the program writes: it must still do what it is told."""
    job = Job(args)
    try:
        for i in range(40):  # each makes it draw everything again
            job.resize(24 + i % 2 * 26, 80 + i % 2 * 120)
            job.signal(signal.SIGWINCH)
            select.select([job.pidfd], [], [], 0.01)
        job.signal(signal.SIGTERM)
        job.await_status(AT_ONCE, reading=False)
        if not termios.tcgetattr(job.master)[3] & termios.ICANON:
            raise Failed("the terminal is left raw")
    finally:
        job.close()


def ends_while_drawing(args):
    """In the middle of a picture, twenty times."""
    for i in range(20):
        job = Job(args)
        try:
            since = len(job.out)
            job.resize(24 + i, 80 + 5 * i)
            job.signal(signal.SIGWINCH)
            select.select([job.master], [], [], 0.002 * (i % 5))
            job.signal(signal.SIGSEGV if i % 2 else signal.SIGTERM)
            job.await_status(AT_ONCE)
            job.assert_restored(since)
        finally:
            job.close()


CHECKS = {
    "TERM": ends(signal.SIGTERM, "status 0"),
    "INT": ends(signal.SIGINT, "status 0"),
    "HUP": ends(signal.SIGHUP, "status 0"),
    "QUIT": ends(signal.SIGQUIT, "killed by signal 3"),
    "SEGV": ends(signal.SIGSEGV, "killed by signal 11"),
    "ABRT": ends(signal.SIGABRT, "killed by signal 6"),
    "BUS": ends(signal.SIGBUS, "killed by signal 7"),
    "FPE": ends(signal.SIGFPE, "killed by signal 8"),
    "Ctrl-C": ends(signal.SIGINT, "status 0", b"\x03"),
    "Ctrl-backslash": ends(signal.SIGQUIT, "killed by signal 3", b"\x1c"),
    "hang-up": hangs_up(False),
    "hang-up-ignored": hangs_up(True),
    "suspend": suspends,
    "stalled": stands_still,
    "drawing": ends_while_drawing,
}


def size(text):
    columns, rows = text.split("x")
    return int(columns), int(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=size, default=(80, 24))
    parser.add_argument("--ready", default="", help="the program is ready when it has written this")
    parser.add_argument("--only", default=",".join(CHECKS), help="checks, with commas")
    parser.add_argument("--term", default="xterm-256color")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    args.environment = dict(os.environ, TERM=args.term, TZ="UTC", LC_ALL="C.UTF-8")
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        args.environment[name] = ":".join(filter(None, (os.environ.get(name), SANITIZER)))
    failures = 0
    for name in args.only.split(","):
        try:
            CHECKS[name](args)
            print("ok     %s" % name, flush=True)
        except Failed as failure:
            failures += 1
            print("FAILED %s: %s" % (name, failure), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
