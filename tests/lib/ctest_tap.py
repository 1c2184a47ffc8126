#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns ctest's JUnit file into TAP: one line for each case that a test program reported itself (cmocka's TAP output),
one for a program that reported none, and one more for a program that failed in another way (crash, leak, timeout)."""
import re
import sys
import xml.etree.ElementTree as tree

CASE = re.compile(r"^(not )?ok \d+\s*(?:- (.*)|# SKIP (.*))$", re.MULTILINE)


def program(case):
    name, output = case.get("name"), case.findtext("system-out") or ""
    failed = case.get("status") not in ("run", "disabled", "notrun")
    rows, bad = [], 0
    for negated, title, skipped in CASE.findall(output):
        if skipped:
            rows.append("ok - %s: %s # SKIP" % (name, skipped))
        elif negated:
            bad += 1
            rows.append("not ok - %s: %s" % (name, title))
        else:
            rows.append("ok - %s: %s" % (name, title))
    skipped = case.find("skipped")
    if skipped is not None and "SKIP_RETURN_CODE" in skipped.get("message", ""):
        return rows or ["ok - %s # SKIP %s" % (name, " ".join(output.split())[:100])]
    if case.get("status") == "notrun":
        rows.append("not ok - %s: it was not run" % name)
    elif failed and not bad:
        rows.append("not ok - %s: it ended with an error" % name)
    elif not rows:
        rows.append("ok - %s" % name)
    if failed:
        rows += ["# " + line for line in output.splitlines()[-60:] if not line.startswith("ok ")]
    return rows


def main():
    cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
    for case in cases:
        print("\n".join(program(case)))


main()
