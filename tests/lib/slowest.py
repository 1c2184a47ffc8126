#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints the slowest tests of a run.

    slowest.py LOGS COUNT      from ctest's JUnit files (LOGS/*.xml) and from TAP with bats' timing (LOGS/*.log)"""
import glob
import os
import re
import sys
import xml.etree.ElementTree as tree

TIMED = re.compile(r"^(?:not )?ok \d+ (.*) in (\d+)(ms|sec)$", re.MULTILINE)


def timed(folder):
    for path in glob.glob(os.path.join(folder, "*.xml")):
        suite = os.path.basename(path)[:-4]
        for case in tree.parse(path).getroot().iter("testcase"):
            yield float(case.get("time") or 0), suite, case.get("name")
    for path in glob.glob(os.path.join(folder, "*.log")):
        suite = os.path.basename(path)[:-4]
        with open(path, encoding="utf-8", errors="replace") as file:
            for title, number, unit in TIMED.findall(file.read()):
                yield int(number) / (1000 if unit == "ms" else 1), suite, title


def main(folder, count):
    rows = sorted(timed(folder), reverse=True)[:count]
    if rows:
        print("slowest tests:")
    for seconds, suite, title in rows:
        print("%8.1f s  %s: %s" % (seconds, suite, title))


main(sys.argv[1], int(sys.argv[2]))
