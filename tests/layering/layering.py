#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the sources of a tree against the layer table in its docs/design.md.

    layering.py TREE            includes, libraries, banned functions, sizes, licence lines: TAP, one line a check

Everything is read from the sources; run.sh beside this file adds what needs a compiler."""
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \|(.*)\|$")
LIBRARY_HEADERS = {"yaml.h": "yaml", "jansson.h": "jansson", "xxhash.h": "xxhash"}
BANNED = ("strcpy strcat stpcpy strncpy strncat sprintf vsprintf gets scanf sscanf strtok alloca system popen tmpnam mktemp"
          " tempnam atoi atol atoll strdupa strndupa signal setjmp longjmp rand srand asctime ctime gmtime localtime").split()
PRINTING = "printf vprintf puts putchar fprintf vfprintf fputs fputc fwrite perror".split()
STREAMS = re.compile(r"(?<![\w.>])(stdout|stderr)\b")
EXITING = "exit _exit _Exit quick_exit abort err errx error_at_line".split()
SOCKETS = "socket socketpair mnl_socket_open mnl_socket_open2".split()
FILE_LINES, FILE_LIMIT, FUNCTION_LINES, FUNCTION_LIMIT = 600, 700, 60, 80


def table(tree):
    """{folder: (its public headers, the folders that it may use at last, libraries)}"""
    rows = {}
    with open(os.path.join(tree, "docs/design.md"), encoding="utf-8") as file:
        for line in file:
            match = ROW.match(line.rstrip("\n"))
            cells = [cell.strip() for cell in match.group(2).split("|")] if match else []
            if len(cells) == 4:
                words = [re.findall(r"[a-z0-9_.]+", cell) for cell in cells]
                rows[match.group(1)] = (words[1], words[2], words[3])
    for folder, (headers, uses, libraries) in list(rows.items()):
        reach = {folder}
        pending = list(uses)
        while pending:
            used = pending.pop()
            reach.add(used)
            pending += rows[used][1]
        rows[folder] = (headers, uses, libraries, reach)
    return rows


def sources(tree, *folders):
    for folder in folders:
        for place, _, names in sorted(os.walk(os.path.join(tree, folder))):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(place, name), tree)


def text_of(tree, path):
    with open(os.path.join(tree, path), encoding="utf-8") as file:
        return file.read()


def check_table(tree, rows):
    folders = {name for name in os.listdir(os.path.join(tree, "src")) if os.path.isdir(os.path.join(tree, "src", name))}
    yield from ("src/%s has no row" % name for name in sorted(folders - set(rows)))
    yield from ("row %s has no folder" % name for name in sorted(set(rows) - folders))
    owned = [header for row in rows.values() for header in row[0]]
    there = [os.path.basename(path) for path in sources(tree, "include")]
    yield from ("include/sockgate/%s is in no row" % name for name in there if name not in owned)
    yield from ("public header %s does not exist" % name for name in owned if name not in there)
    yield from ("public header %s is in two rows" % name for name in sorted(set(owned)) if owned.count(name) > 1)


def check_top(tree, _):
    """The names beside src/: a file that somebody forgot there would be shipped."""
    known = {"src", "include", "policies", "tests", "systemd", "docs", "packaging", "CMakeLists.txt", "CMakePresets.json",
             "README.md", "NEWS.md", "LICENSE", "build"}
    yield from ("%s does not belong at the top" % name for name in sorted(os.listdir(tree))
                if name not in known and not name.startswith("."))


def layer_of(path, rows):
    parts = path.split("/")
    if parts[0] == "src":
        return parts[1]
    return next((layer for layer, row in rows.items() if parts[-1] in row[0]), None)


def check_includes(tree, rows):
    owner = {header: layer for layer, row in rows.items() for header in row[0]}
    for path in sources(tree, "src", "include"):
        layer = layer_of(path, rows)
        if layer not in rows:
            continue
        for kind, name in INCLUDE.findall(text_of(tree, path)):
            if name.startswith("sockgate/"):
                target = owner.get(name[len("sockgate/"):])
            elif kind == '"':
                target = name.split("/")[0] if "/" in name else layer
                if path.startswith("include/") or ".." in name:
                    target = None
            else:
                library = LIBRARY_HEADERS.get(name) or (name.split("/")[0] if name.startswith("lib") else None)
                if library in ("yaml", "jansson", "xxhash", "libmnl", "libnftnl") and library not in rows[layer][2]:
                    yield "%s: %s is not in the row of %s" % (path, name, layer)
                continue
            if target not in rows[layer][3]:
                yield "%s: %s may not include %s" % (path, layer, name)


def uses(text, names, others):
    """Calls of the names, and whatever matches the other patterns, outside of comments and strings."""
    code = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    for pattern in [re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))] + others:
        for match in pattern.finditer(code):
            yield match.group(1), code.count("\n", 0, match.start()) + 1


def check_banned(tree, rows):
    for path in sources(tree, "src", "include"):
        layer = layer_of(path, rows)
        names = list(BANNED)
        names += PRINTING + EXITING if layer != "cli" else []
        names += SOCKETS if layer != "kernel" else []
        for name, line in uses(text_of(tree, path), names, [STREAMS] if layer != "cli" else []):
            yield "%s:%d: %s" % (path, line, name)


def check_licence(tree, _):
    for place in ("src", "include", "tests", "systemd", "policies"):
        for folder, _, names in sorted(os.walk(os.path.join(tree, place))):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), tree)
                if name.endswith((".c", ".h", ".py", ".sh", ".bats", ".service", "CMakeLists.txt", ".def")):
                    if "SPDX-License-Identifier: GPL-2.0-or-later" not in "".join(text_of(tree, path).splitlines(True)[:2]):
                        yield "%s has no licence line" % path


def functions(tree):
    names = list(sources(tree, "src"))
    if not names:
        return
    listing = subprocess.run(["ctags", "--languages=C", "--kinds-C=f", "--fields=+ne", "-u", "-o", "-"] + names, cwd=tree,
                             check=True, capture_output=True, text=True).stdout
    for row in listing.splitlines():
        cells = row.split("\t")
        extra = dict(cell.split(":", 1) for cell in cells[3:] if ":" in cell)
        if "end" in extra:
            yield cells[0], cells[1], int(extra["line"]), int(extra["end"]) - int(extra["line"]) + 1


def check_sizes(tree, _):
    for path in sources(tree, "src", "include"):
        lines = text_of(tree, path).count("\n")
        if lines > FILE_LINES:
            print("# %s has %d lines" % (path, lines))
        if lines > FILE_LIMIT:
            yield "%s has %d lines" % (path, lines)
    for name, path, line, length in functions(tree):
        if length > FUNCTION_LINES:
            print("# %s:%d: %s has %d lines" % (path, line, name, length))
        if length > FUNCTION_LIMIT:
            yield "%s:%d: %s has %d lines" % (path, line, name, length)


CHECKS = (("nothing is at the top that does not belong there", check_top),
          ("the layer table names every folder and every public header", check_table),
          ("no include climbs", check_includes),
          ("no function is used where it is banned", check_banned),
          ("every source has its licence line", check_licence),
          ("no file over %d lines, no function over %d" % (FILE_LIMIT, FUNCTION_LIMIT), check_sizes))


def main(tree):
    rows = table(tree)
    failed = False
    for title, check in CHECKS:
        wrong = list(check(tree, rows))
        print("\n".join(["not ok - " + title if wrong else "ok - " + title] + ["# " + row for row in wrong]))
        failed = failed or bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
