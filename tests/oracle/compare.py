#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies: the program's answers against the oracle's.

    compare.py PROGRAM policy|kernel POLICIES PACKETS SEED

`policy` asks about the file; `kernel` applies it in a network namespace first and asks about the rules that are read back from there.
TAP: one line for every 50 policies; a mismatch is shown with its policy."""
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile

import generate
import oracle

GROUP = 50
NAMES = {number: name for table in (oracle.PORT_PROTOCOLS, oracle.PORTLESS_PROTOCOLS) for name, number in table.items()}
NAMES.update({oracle.ICMP: "icmp", oracle.ICMPV6: "icmpv6"})


def question(packet):
    service = NAMES[packet.protocol] + ("" if packet.port is None else " %d" % packet.port)
    return "%s from %s to %s interface %s" % (service, packet.source, packet.target, packet.interface)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def ask(command, questions):
    done = run(command + ["-j", "explain", "--stdin"], input="\n".join(questions) + "\n")
    answers = [json.loads(row) for row in done.stdout.splitlines()]
    if len(answers) != len(questions):
        raise ValueError("%d answers to %d questions, exit code %d: %s%s"
                         % (len(answers), len(questions), done.returncode, done.stdout[-1500:], done.stderr[-1500:]))
    return [answer.get("verdict", str(answer)) for answer in answers]


def ask_kernel(command, questions):
    netns = "sgt-%d-oracle" % os.getpid()
    run(["ip", "netns", "add", netns])
    try:
        command = command + ["--netns", netns]
        done = run(command + ["apply", "--force"])
        if done.returncode:
            raise ValueError("apply: exit code %d: %s%s" % (done.returncode, done.stdout[-1500:], done.stderr[-1500:]))
        return ask(command + ["--kernel"], questions)
    finally:
        run(["ip", "netns", "del", netns])


def one(job):
    """None, or what is wrong with one policy."""
    program, against, count, seed = job
    with tempfile.TemporaryDirectory() as folder:
        path = generate.Generator(seed).write(folder)
        try:
            policy = oracle.Policy(path)
            maker = generate.Packets(policy, random.Random(seed + 1))
            packets = [maker.one() for _ in range(count)]
            questions = [question(packet) for packet in packets]
            command = [program, "--insecure-permissions", "-f", path]
            answers = (ask_kernel if against == "kernel" else ask)(command, questions)
            for packet, row, answer in zip(packets, questions, answers):
                if answer != policy.verdict(packet):
                    raise ValueError("'%s': the oracle says %s, the program %s" % (row, policy.verdict(packet), answer))
        except (ValueError, KeyError) as problem:
            with open(path, encoding="utf-8") as file:
                return "policy seed %d: %s\n%s" % (seed, problem or repr(problem), file.read())
    return None


def main(program, against, policies, packets, seed):
    jobs = [(program, against, packets, seed * 1000003 + index) for index in range(policies)]
    wrong = 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        results = pool.imap(one, jobs)
        for begin in range(0, policies, GROUP):
            found = [text for text in (next(results) for _ in jobs[begin:begin + GROUP]) if text]
            title = "%s: policies %d to %d, %d packets each, seed %d" % (against, begin, min(begin + GROUP, policies) - 1, packets, seed)
            print("not ok - %s: %d differ" % (title, len(found)) if found else "ok - " + title)
            for text in found[:3]:
                print("\n".join("# " + row for row in text.splitlines()[:80]))
            wrong += len(found)
            sys.stdout.flush()
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))
