#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of characters, from the database that comes with Python: unicode.py > unicode.def"""
import unicodedata

# Default_Ignorable_Code_Point as far as the category does not tell: they draw nothing.
INVISIBLE = [(0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
             (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF)]

# Vowels and final consonants of Hangul are drawn into the syllable before them.
CONJOINING = [(0x1160, 0x11FF), (0xD7B0, 0xD7FF)]

# Drawn in two cells by the C library, and so by curses, whatever the database says.
WIDE = [(0x3248, 0x324F), (0x4DC0, 0x4DFF)]


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def kind(code):
    category = unicodedata.category(chr(code))
    if category[0] == "C" or category in ("Zl", "Zp") or within(code, INVISIBLE):
        return "F"
    if category in ("Mn", "Me") or within(code, CONJOINING):
        return "C"
    is_wide = unicodedata.east_asian_width(chr(code)) in "WF" or within(code, WIDE)
    return "W" if is_wide else None


def main():
    rows = []
    for code in range(0x110000):
        k = kind(code)
        if rows and rows[-1][1] == code - 1 and rows[-1][2] == k:
            rows[-1][1] = code
        elif k:
            rows.append([code, code, k])
    print("/* SPDX-License-Identifier: GPL-2.0-or-later */")
    print("/* Written by unicode.py from Unicode %s. What is not here is narrow. */"
          % unicodedata.unidata_version)
    line = ""
    for first, last, k in rows:
        row = "{ 0x%04X, 0x%04X, %s }," % (first, last, k)
        if len(line) + 1 + len(row) > 100:
            print(line)
            line = ""
        line += (" " if line else "") + row
    print(line)


main()
