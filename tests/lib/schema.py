#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds policies against the JSON Schema of the language.

    schema.py SCHEMA GOLDEN POLICY…    GOLDEN is a folder of NAME.yaml and NAME.expected

The schema is one by its own rules. Every policy that the program takes, the schema takes. Of those that the program refuses for
their form alone the schema refuses every one; what it cannot see is told by the ids of the program's errors. TAP."""
import datetime
import glob
import json
import os
import re
import sys

import jsonschema
import yaml

# what is wrong with the form of a value, and what the program says of it
FORM = {"policy/unknown-key", "policy/missing-key", "policy/empty-list", "policy/wrong-type", "policy/bad-value", "policy/bad-port",
        "policy/bad-name", "policy/bad-type", "policy/wrong-peer"}


def as_json(value):
    """YAML has keys and values that JSON has not."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime.date):  # also with a time: YAML has made it of a text
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def judge(validator, path):
    """None when the schema takes it, else why not."""
    try:
        doc = as_json(yaml.safe_load(read(path)))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as problem:
        return "not YAML: %s" % str(problem).splitlines()[0]
    error = jsonschema.exceptions.best_match(validator.iter_errors(doc))
    return error and "%s: %s" % (".".join(map(str, error.absolute_path)) or "top", error.message[:200])


def tap(wrong, title):
    print("%sok - %s" % ("not " if wrong else "", title))
    for row in wrong:
        print("# " + row)
    return bool(wrong)


def main(schema, golden, policies):
    schema = json.loads(read(schema))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good, refused, missed, unseen = list(policies), 0, [], {}
    for path in sorted(glob.glob(os.path.join(golden, "*.yaml"))):
        said = read(path[:-4] + "expected")
        if re.search("^ok$", said, re.MULTILINE):
            good.append(path)
            continue
        errors = set(re.findall(r"^\d+:\d+: error: .*\[(\S+)\]$", said, re.MULTILINE))
        if judge(validator, path):
            refused += 1
            continue
        for name in errors or {"in another file"}:
            unseen[name] = unseen.get(name, 0) + 1
        if errors and errors <= FORM:
            missed.append("%s: %s" % (path, ", ".join(sorted(errors))))
    wrong = ["%s: %s" % (path, why) for path, why in ((path, judge(validator, path)) for path in good) if why]
    failed = tap(wrong, "the schema takes %d good policies" % len(good))
    failed |= tap(missed, "it refuses %d bad ones, every one whose form is wrong; unseen: %s"
                  % (refused, ", ".join("%s %d" % item for item in sorted(unseen.items()))))
    failed |= tap([] if refused > 60 else ["it refuses %d" % refused], "it refuses a good part of what is bad")
    return failed


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
