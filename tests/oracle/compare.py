#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies: the program's answers against the oracle's.

    compare.py PROGRAM policy|kernel|diff POLICIES PACKETS SEED

`policy` asks about the file; `kernel` applies it in a network namespace first and asks about the rules that are read back from there.
Both answer for now, and for as long as limits are not reached and sockets are held by whom they should be.
`diff` takes two policies, and every packet has to lie in exactly one of the changes if the oracle decides it otherwise, in none if not;
a change that gives another verdict when a condition does not hold, later, or another line in the log, is one, too.
TAP: one line for every 50 policies; a mismatch is shown with its policy."""
import ipaddress
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile

import yaml

import generate
import oracle

GROUP = 50
NAMES = {number: name for table in (oracle.PORT_PROTOCOLS, oracle.PORTLESS_PROTOCOLS) for name, number in table.items()}
NAMES.update({oracle.ICMP: "icmp", oracle.ICMPV6: "icmpv6"})
NUMBERS = {name: number for number, name in NAMES.items()}


def question(packet):
    service = NAMES[packet.protocol] + ("" if packet.port is None else " %d" % packet.port)
    way = "outbound " if packet.leaves else "published " if packet.published else ""
    return "%s%s from %s to %s interface %s" % (way, service, packet.source, packet.target, packet.interface)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def ask(command, questions, *options):
    done = run(command + ["-j", "explain", "--stdin", *options], input="\n".join(questions) + "\n")
    answers = [json.loads(row) for row in done.stdout.splitlines()]
    if len(answers) != len(questions):
        raise ValueError("%d answers to %d questions, exit code %d: %s%s"
                         % (len(answers), len(questions), done.returncode, done.stdout[-1500:], done.stderr[-1500:]))
    return answers


def ask_kernel(command, questions):
    netns = "sgt-%d-oracle" % os.getpid()
    run(["ip", "netns", "add", netns])
    try:
        command = command + ["--netns", netns]
        done = run(command + ["apply", "--force", "--boot"])
        if done.returncode:
            raise ValueError("apply: exit code %d: %s%s" % (done.returncode, done.stdout[-1500:], done.stderr[-1500:]))
        stopped = [("unit", unit) for unit in generate.UNITS if "'%s' does not run" % unit in done.stderr]
        return ask(command, questions, "--kernel"), oracle.World(lacking=stopped)
    finally:
        run(["ip", "netns", "del", netns])


class Change:
    """One change of diff's JSON: a set of packets, and the verdicts before and after."""

    def __init__(self, row):
        where = row["where"]
        self.verdicts = row["from_verdict"], row["to_verdict"]
        self.new = "new" in where.get("states", ["new"])
        self.way = row["direction"]
        self.logs = row.get("from_log"), row.get("to_log")
        self.protocols = None if where["protocol"] == "any" else [self.protocol(part) for part in where["protocol"].split("+")]
        self.ports = where.get("types", where["ports"])
        self.addresses = [None if where[side] is None else [ipaddress.ip_network(text) for text in where[side]]
                          for side in ("sources", "destinations")]
        self.interfaces, self.others = where["interfaces"], where.get("interfaces_except", [])

    @staticmethod
    def protocol(text):
        if text in NUMBERS:
            return NUMBERS[text], NUMBERS[text]
        first, _, last = text.partition("-")
        return int(first), int(last or first)

    def __contains__(self, packet):
        if self.way != ("out" if packet.leaves else "published" if packet.published else "in"):
            return False
        if self.protocols is not None and not any(first <= packet.protocol <= last for first, last in self.protocols):
            return False
        if self.ports is not None and not any(span["first"] <= packet.port <= span["last"] for span in self.ports):
            return False
        for address, networks in zip((packet.source, packet.target), self.addresses):
            if networks is not None and not any(address.version == net.version and address in net for net in networks):
                return False
        if self.interfaces is not None and not self.named(packet.interface, self.interfaces):
            return False
        return self.new and not self.named(packet.interface, self.others)

    @staticmethod
    def named(interface, names):
        return any(interface.startswith(name[:-1]) if name.endswith("*") else interface == name for name in names)


def second_policy(folder, seed):
    """Another policy: a random one, or the first with a line less."""
    other = os.path.join(folder, "other")
    os.mkdir(other)
    if seed % 2:
        return generate.Generator(seed + 500, over=False).write(other)
    path = generate.Generator(seed, over=False).write(other)
    with open(path, encoding="utf-8") as file:
        doc = yaml.safe_load(file)
    places = [(part[section], key) for part in (doc, doc.get("outbound", {})) for section in ("allow", "block")
              for key in part.get(section, {})]
    section, key = random.Random(seed).choice(places) if places else ({"any": None}, "any")
    value = section[key]
    terms = sorted({"limit", "connections", "unit", "until", "log"} & set(item for line in oracle.listed(value) if line for item in
                                                                          (line if isinstance(line, dict) else {})))
    if terms and seed % 3:
        for line in oracle.listed(value):
            if isinstance(line, dict):
                line.pop(terms[seed % len(terms)], None)
    elif isinstance(value, list) and len(value) > 1:
        value.pop(seed // 2 % len(value))
    elif len(section) > 1:
        del section[key]
    else:
        doc["default"] = "accept"
    with open(path, "w", encoding="utf-8") as file:
        yaml.dump(doc, file, Dumper=generate.Dumper, sort_keys=False, width=1000)
    return path


def one_pair(job):
    """None, or what is wrong with the difference of two policies."""
    program, _, count, seed = job
    with tempfile.TemporaryDirectory() as folder:
        paths = [generate.Generator(seed, over=False).write(folder), second_policy(folder, seed)]
        policies = [oracle.Policy(path) for path in paths]
        done = run([program, "--insecure-permissions", "-j", "diff"] + paths)
        try:
            changes = [Change(row) for row in json.loads(done.stdout)["changes"]]
            differ = 0
            for maker in [generate.Packets(policy, random.Random(seed + 1)) for policy in policies]:
                for packet in (maker.one() for _ in range(count // 2)):
                    if packet.interface == "lo":
                        continue
                    verdicts = tuple(policy.verdict(packet) for policy in policies)
                    worlds = list(oracle.worlds(policies, packet))
                    meanings = [policy.meaning(packet, worlds) for policy in policies]
                    wanted = [verdicts] if meanings[0] != meanings[1] else []
                    differ += len(wanted)
                    found = [change.verdicts for change in changes if packet in change]
                    if found != wanted:
                        raise ValueError("'%s': the oracle says %s -> %s, the changes that hold it %s; %s" % (
                            question(packet), *verdicts, found, [pair for pair in zip(*meanings) if pair[0] != pair[1]][:2]))
            if differ and done.returncode != 1:
                raise ValueError("exit code %d: %s" % (done.returncode, done.stderr))
        except (ValueError, KeyError) as problem:
            texts = "".join("--- %s\n%s" % (path, read(path)) for path in paths)
            return "policy seed %d: %s\n%s\n%s" % (seed, problem or repr(problem), done.stderr[-500:], texts)
    return None


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def responsible(policy, packet, world, answer):
    """What is wrong with whom the answer names, or None."""
    _, lines = policy.decide(packet, world)
    for named in answer["because"]:
        if named["rule"].startswith("baseline") or lines is None:
            good = lines is None and (named["rule"].startswith("baseline") or not policy.doc.get("outbound"))
        elif named["rule"].endswith("default"):
            good = not lines
        else:
            good = (named["file"], named["line"]) in [policy.places[line.number] for line in lines]
        if not good:
            return "%s does not decide it" % named
    return None


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
            answers, world = ask_kernel(command, questions) if against == "kernel" else (ask(command, questions), oracle.World())
            for packet, row, answer in zip(packets, questions, answers):
                wanted = policy.verdict(packet, world)
                if answer.get("verdict") != wanted:
                    raise ValueError("'%s': the oracle says %s, the program %s" % (row, wanted, answer.get("verdict", answer)))
                wrong = responsible(policy, packet, world, answer) if against == "policy" else None
                if wrong:
                    raise ValueError("'%s': %s" % (row, wrong))
        except (ValueError, KeyError) as problem:
            return "policy seed %d: %s\n%s" % (seed, problem or repr(problem), read(path))
    return None


def main(program, against, policies, packets, seed):
    jobs = [(program, against, packets, seed * 1000003 + index) for index in range(policies)]
    wrong = 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        results = pool.imap(one_pair if against == "diff" else one, jobs)
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
