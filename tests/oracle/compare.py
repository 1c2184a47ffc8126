#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies: the program's answers against the oracle's.

    compare.py PROGRAM POLICIES PACKETS [SEED]      TAP: one line for every 50 policies; a mismatch is shown with its policy
"""
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


def ask(program, path, questions):
    run = subprocess.run([program, "--insecure-permissions", "-f", path, "-j", "explain", "--stdin"], capture_output=True,
                         input="\n".join(questions) + "\n", text=True, check=False)
    answers = [json.loads(row) for row in run.stdout.splitlines()]
    if len(answers) != len(questions):
        raise ValueError("%d answers to %d questions, exit code %d: %s%s"
                         % (len(answers), len(questions), run.returncode, run.stdout[-1500:], run.stderr[-1500:]))
    return [answer.get("verdict", str(answer)) for answer in answers]


def one(job):
    """None, or what is wrong with one policy."""
    program, count, seed = job
    with tempfile.TemporaryDirectory() as folder:
        path = generate.Generator(seed).write(folder)
        try:
            policy = oracle.Policy(path)
            maker = generate.Packets(policy, random.Random(seed + 1))
            packets = [maker.one() for _ in range(count)]
            questions = [question(packet) for packet in packets]
            for packet, row, answer in zip(packets, questions, ask(program, path, questions)):
                if answer != policy.verdict(packet):
                    raise ValueError("'%s': the oracle says %s, the program %s" % (row, policy.verdict(packet), answer))
        except (ValueError, KeyError) as problem:
            with open(path, encoding="utf-8") as file:
                return "policy seed %d: %s\n%s" % (seed, problem or repr(problem), file.read())
    return None


def main(program, policies, packets, seed):
    jobs = [(program, packets, seed * 1000003 + index) for index in range(policies)]
    wrong = 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        results = pool.imap(one, jobs)
        for begin in range(0, policies, GROUP):
            found = [text for text in (next(results) for _ in jobs[begin:begin + GROUP]) if text]
            title = "policies %d to %d, %d packets each, seed %d" % (begin, min(begin + GROUP, policies) - 1, packets, seed)
            print("not ok - %s: %d differ" % (title, len(found)) if found else "ok - " + title)
            for text in found[:3]:
                print("\n".join("# " + row for row in text.splitlines()[:80]))
            wrong += len(found)
            sys.stdout.flush()
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 1))
