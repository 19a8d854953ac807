#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Types on a full-screen program, or leaves it alone, on a pseudo terminal.

    pty_keys.py random [--seed N] [--seconds S] -- COMMAND...     any keys, any sizes; "q" shall end it
    pty_keys.py idle [--size 80x24] [--seconds S] [--most BYTES] -- COMMAND...   what it sends meanwhile

random prints the seed; with the same one the same is typed. The exit status is 0 when all is well. What a
sanitizer reports goes to the file that its options name: here it is only seen by the exit status.
"""

import argparse
import fcntl
import os
import pty
import random
import select
import signal
import struct
import sys
import termios
import time

DEADLINE = 40.0
# What ends the program, or stops it, is not typed before the end: q, F10, Ctrl-C, Ctrl-\, Ctrl-Z.
KEYS = (
    [c.encode() for c in "1234567890?hkjgGnNiIPMTCtsdzZx /\\<>,.aZ%=-_"]
    + [b"\t", b"\r", b"\x1b", b"\x1b", b"\x1b", b"\x7f", b"\x02", b"\x06", b"\x0c", b"\x15"]
    + [b"\x1b[" + c for c in (b"A", b"B", b"C", b"D", b"H", b"F", b"Z", b"5~", b"6~", b"3~", b"2~")]
    + [b"\x1bO" + c for c in (b"A", b"B", b"C", b"D", b"H", b"F", b"P", b"Q", b"R", b"S")]
    + [b"\x1b[15~", b"\x1b[17~", b"\x1b[18~", b"\x1b[19~", b"\x1b[20~"]
    + [b"cpu>1%", b"memory>=1G and name=e", b"(((", b"0.1\r", b"-5\r", b"1e9\r"]
    + ["é虚\u202e\u0301".encode(), b"\xff\xfe", b"\xc2", b"\x00", b"\x1b[", b"\x1b[<0;5;5M"]
)


class Failed(Exception):
    pass


class Program:
    def __init__(self, command, columns, rows):
        self.out = b""
        self.bytes = 0
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(command[0], command)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """What it sends within that time; False when nothing comes."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if not data:
            raise Failed("it ended by itself: %s\n%r" % (self.ended(DEADLINE), self.out[-400:]))
        self.bytes += len(data)
        self.out = (self.out + data)[-65536:]
        return True

    def await_text(self, text):
        end = time.monotonic() + DEADLINE
        while text not in self.out:
            self.read(0.05)
            if time.monotonic() > end:
                raise Failed("%r was not seen in %r" % (text, self.out[-300:]))

    def write(self, data):
        """Not more than it reads: what it sends is read meanwhile."""
        while data:
            readable, writable, _ = select.select([self.fd], [self.fd], [], DEADLINE)
            if readable:
                self.read(0)
            elif writable:
                data = data[os.write(self.fd, data) :]
            else:
                raise Failed("it does not read its keys any more")

    def ended(self, seconds):
        """How it ended, or None when it has not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                if os.WIFSIGNALED(status):
                    return "killed by signal %d" % os.WTERMSIG(status)
                return "status %d" % os.WEXITSTATUS(status)
            try:
                if select.select([self.fd], [], [], 0.02)[0]:
                    self.out = (self.out + os.read(self.fd, 65536))[-65536:]
            except OSError:
                select.select([], [], [], 0.02)
        return None

    def leave(self):
        """Out of any text field or menu first, each escape on its own."""
        for _ in range(4):
            self.write(b"\x1b")
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                self.read(0.1)
        self.out = b""
        self.write(b"\x0c")
        self.await_text(b"Domains")
        self.write(b"q")

    def quit(self):
        self.resize(80, 24)
        self.leave()
        # On a busy machine keys that were typed long ago may come first even now, and open a field.
        ended, end = self.ended(5), time.monotonic() + DEADLINE
        while ended is None and time.monotonic() < end:
            os.write(self.fd, b"\x1b")
            ended = self.ended(1)
            if ended is None:
                os.write(self.fd, b"q")
                ended = self.ended(1)
        if ended is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            ended = "it did not end within %.0f s" % DEADLINE
        if ended != "status 0":
            raise Failed("after q: " + ended)


def play_random(args):
    seed = args.seed if args.seed is not None else int(time.time() * 1000) % 1000000
    rng = random.Random(seed)
    print("       seed %d" % seed, flush=True)
    program = Program(args.command, *args.size)
    program.await_text(args.ready.encode())
    end, typed, recent = time.monotonic() + args.seconds, 0, []
    try:
        while time.monotonic() < end:
            dice = rng.random()
            if dice < 0.08:
                action = (rng.randint(1, 300), rng.randint(1, 100))
                program.resize(*action)
            elif dice < 0.10:
                action = (rng.choice((1, 2, 39, 40, 80)), rng.choice((1, 2, 7, 8, 24)))
                program.resize(*action)
            else:
                action = b"".join(rng.choices(KEYS, k=rng.randint(1, 4)))
                program.write(action)
            recent = recent[-30:] + [action]
            typed += 1
            program.read(rng.choice((0, 0, 0.002, 0.02)))
        program.quit()
    except Failed as failure:
        raise Failed("%s\n       seed %d, after: %s" % (failure, seed, recent)) from None
    print("       %d actions, %d kB sent" % (typed, program.bytes // 1000))


def play_idle(args):
    program = Program(args.command, *args.size)
    program.await_text(args.ready.encode())
    # The first samples are another picture each: columns come, rates follow.
    end = time.monotonic() + args.settle
    while time.monotonic() < end:
        program.read(0.05)
    program.out, program.bytes = b"", 0
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        program.read(0.05)
    rate, cleared = program.bytes / args.seconds, program.out.count(b"\x1b[2J") + program.out.count(b"\x1b[J")
    print("       %dx%d: %.2f kB/s, cleared %d times" % (*args.size, rate / 1000, cleared))
    program.quit()
    if args.most and rate > args.most:
        raise Failed("more than %d bytes a second" % args.most)
    if cleared:
        raise Failed("the screen was cleared")


def size(text):
    columns, rows = text.split("x")
    return int(columns), int(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("play", choices=("random", "idle"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--settle", type=float, default=3)
    parser.add_argument("--size", type=size, default=(80, 24))
    parser.add_argument("--most", type=int)
    parser.add_argument("--ready", default="Domains", help="it is ready when it has sent this")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
    try:
        {"random": play_random, "idle": play_idle}[args.play](args)
    except Failed as failure:
        print("FAILED %s: %s" % (args.play, failure), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
