#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the captured hosts that are made by hand, NAME.host, beside this file.

A host is what hosts.py says of it: nodes, CPUs, guests and their rates. From that come all its
files, at every sample, so that they agree with each other and rates can be foretold.

  make.py            writes them
  make.py --check    writes nothing; exit status 1 when a file is not what would be written
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # the tree may be read-only, and wants no __pycache__

import hosts
from host_files import files_of

HEAD = "kvmtop-host 1\n"
END = "## end\n"


def escaped(text):
    """As archive_write_entry of base/archive.c, but a line ends behind each NUL."""
    out = []
    start = True
    for byte in text.encode():
        char = chr(byte)
        if char == "\\":
            out.append("\\\\")
        elif char == "\0":
            out.append("\\x00\\\n")
        elif (byte < 0x20 and char not in "\n\t") or byte >= 0x7F or (start and char in "#=@~"):
            out.append(f"\\x{byte:02x}")
        else:
            out.append(char)
        start = char in "\n\0"
    return "".join(out)


def entry(path, kind, text):
    if kind == "link":
        return f"@@ {path}\n{escaped(text)}\n"
    body = escaped(text)
    if body and not body.endswith("\n"):
        body += "\\\n"
    return f"== {path}\n{body}"


def archive(host):
    out = [HEAD]
    before = {}
    for second in host.seconds:
        now = files_of(host, second)
        moment = (host.uptime + second) * 10**9, 1795000000 * 10**9 + second * 10**9
        out.append(f"## {moment[0]} {moment[1]}\n")
        for path in sorted(now):
            if before.get(path) == now[path]:
                out.append(f"~~ {path}\n")
            else:
                out.append(entry(path, *now[path]))
        before = now
    out.append(END)
    return "".join(out)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).parent
    wrong = 0
    for host in hosts.all_hosts():
        path = here / f"{host.name}.host"
        text = archive(host)
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.name} is not what make.py would write")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
