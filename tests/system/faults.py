#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A fault at each system call, and a signal at each: the rules are afterwards the old ones or the new ones.

    faults.py PROGRAM RUNS SEED        TAP, one line a scenario; RUNS faults are drawn for each (0: all of them)

A fault is one of the errors below in place of one call, or a signal at its entry (strace -e inject). Calls before the policy is
opened are the dynamic loader's and are left alone. What must hold afterwards:
  - the program was not killed by a signal of its own making, and its exit code is 0, 3 or 4 (or the one that is right without a fault);
  - exit code 0 means what it says: the new rules are in the kernel; for verify it never hides a difference;
  - an error says it when the new rules are in force all the same, or when that is not known, and does not say it otherwise;
  - the rules decide as the old policy or as the new one, proven by another run of the program;
  - the next apply, undisturbed, succeeds."""
import collections
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import tempfile

ERRORS = ("ENOMEM", "EINTR", "EIO", "ENOSPC", "ENOBUFS", "EPERM")
NO_ERRORS = {"brk"}   # the kernel never answers it with an error code, and libc takes one for an address
SIGNALS = ("KILL", "TERM", "INT", "HUP", "PIPE")
NEVER = {"execve", "exit_group", "exit", "rt_sigreturn"}   # cannot fail, or end the program anyway
IN_FORCE = re.compile("the new rules are in force|the policy is in force")
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")

OLD = """
groups: {office: [192.0.2.0/24, "2001:db8::/48"]}
allow:
  tcp: [22, 80, {port: 8080, from: office}]
"""
SCENARIOS = {
    "first load": (None, OLD),
    "a port more": (OLD, OLD.replace("22, 80,", "22, 80, 443,")),
    "another class of constraints": (OLD, OLD.replace("8080, from: office", "8080, from: office, interface: eth1")),
    "another default and group": (OLD, OLD.replace("192.0.2.0/24", "198.51.100.0/25") + "default: reject\n"),
}


class Place:
    """A namespace and a folder with the two policies."""

    def __init__(self, program):
        self.program = program
        self.netns = "sgt-%d-faults" % os.getpid()
        self.folder = tempfile.mkdtemp()
        subprocess.run(["ip", "netns", "add", self.netns], check=True)

    def close(self):
        subprocess.run(["ip", "netns", "del", self.netns], check=True)
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def command(self, *words):
        return ["ip", "netns", "exec", self.netns] + list(words)

    def gate(self, *words, **options):
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        return subprocess.run(self.command(self.program, *words), cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=60, env=environment, **options)

    def reset(self, old):
        """The state before: the old policy, or no table."""
        if old is None:
            self.gate("clear", "--force")
        else:
            done = self.gate("-f", "old.yaml", "apply")
            if done.returncode:
                raise RuntimeError("the old policy does not apply: " + done.stderr)

    def state(self):
        listing = subprocess.run(self.command("nft", "list", "chains"), capture_output=True, text=True, check=True).stdout
        if "hook" not in listing:
            return "none"    # nothing meets a packet; what a first load is to lead to may be there
        found = [name for name in ("old", "new") if os.path.exists(os.path.join(self.folder, name + ".yaml"))
                 and self.gate("-f", name + ".yaml", "-q", "diff").returncode == 0]
        return found[0] if found else "neither"

    def traced(self, inject, verb):
        trace = os.path.join(self.folder, "trace")
        options = ["-e", "inject=" + inject] if inject else []
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        run = subprocess.run(self.command("strace", "-o", trace, *options, self.program, "-f", "new.yaml", *verb), cwd=self.folder,
                             capture_output=True, text=True, check=False, timeout=60, env=environment)
        with open(trace, encoding="utf-8", errors="replace") as file:
            return run, file.read().splitlines()

    def faults(self, verb):
        """All (call, index) of an undisturbed run that come after the policy was opened."""
        _, trace = self.traced(None, verb)
        seen, found, begun = collections.Counter(), [], False
        for row in trace:
            match = CALL.match(row)
            if not match:
                continue
            name = match.group(1)
            seen[name] += 1
            begun = begun or "new.yaml" in row and not name.startswith("exec")
            if begun and name not in NEVER:
                found.append((name, seen[name]))
        if not found:
            raise RuntimeError("the policy is never opened")
        return found


def prepare(program, old, new):
    place = Place(program)
    if old is not None:
        place.write("old.yaml", old)
    place.write("new.yaml", new)
    return place


def judge_apply(place, old, run, may_write_errors):
    """What is wrong after a disturbed apply; None when nothing is."""
    before = "none" if old is None else "old"
    state = place.state()
    if state not in (before, "new"):
        return "the rules are %s" % state
    if run.returncode == 0 and state != "new":
        return "exit code 0, but the rules are %s" % state
    if run.returncode in (3, 4) and "not known whether" not in run.stderr and may_write_errors:
        if (state == "new") != (IN_FORCE.search(run.stderr) is not None):
            return "the rules are %s, and the error says: %s" % (state, run.stderr)
    again = place.gate("-f", "new.yaml", "apply")
    if again.returncode or place.state() != "new":
        return "the next apply: exit code %d: %s" % (again.returncode, again.stderr)
    place.reset(old)
    return None


def judge_code(run, what, allowed):
    if what.startswith("signal="):
        number = getattr(signal, "SIG" + what[len("signal="):].split(":")[0])
        allowed = allowed + (-number, 128 + number)
    if run.returncode not in allowed:
        return "exit code %d: %s" % (run.returncode, (run.stdout + run.stderr)[-600:])
    return None


def work(job):
    """One worker's share of a scenario: a list of what went wrong."""
    program, old, new, verb, drift, faults = job
    place = prepare(program, old, new)
    wrong = []
    try:
        place.reset(old)
        if drift:
            place.gate("-f", "new.yaml", "apply")
            subprocess.run(place.command("nft", *drift), check=True)
        for name, index, what in faults:
            inject = "%s:%s:when=%d" % (name, what, index)
            run, _ = place.traced(inject, verb)
            found = judge_code(run, what, (1, 3, 4) if drift else (0, 3, 4))
            found = found or (None if drift else judge_apply(place, old, run, name != "write"))
            if found:
                wrong.append("%s: %s" % (inject, found))
                if not drift:
                    place.reset(old)
    finally:
        place.close()
    return wrong


def scenario(title, program, old, new, verb, drift, runs, rng):
    place = prepare(program, old, new)
    try:
        place.reset(old)
        calls = place.faults(verb)
    finally:
        place.close()
    faults = [(name, index, what) for name, index in calls
              for what in ["error=" + error for error in ERRORS if name not in NO_ERRORS] + ["signal=" + kind for kind in SIGNALS]]
    count = len(faults)
    if runs and runs < count:
        faults = rng.sample(faults, runs)
    workers = os.cpu_count()
    with multiprocessing.Pool(workers) as pool:
        parts = pool.map(work, [(program, old, new, verb, drift, faults[part::workers]) for part in range(workers)])
    wrong = [text for part in parts for text in part]
    print("%s - %s: %d of %d faults" % ("not ok" if wrong else "ok", title, len(faults), count))
    for text in wrong[:10]:
        print("\n".join("# " + row for row in text.splitlines()))
    sys.stdout.flush()
    return bool(wrong)


def main(program, runs, seed):
    rng = random.Random(seed)
    failed = False
    for title, (old, new) in SCENARIOS.items():
        failed |= scenario("apply, " + title, program, old, new, ("apply",), None, runs, rng)
    drift = ("insert", "rule", "inet", "sockgate", "input", "tcp", "dport", "5432", "accept")
    for verb in ("verify", "diff"):
        failed |= scenario(verb + " where there is a difference", program, None, OLD, (verb,), drift, runs // 2, rng)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
