#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies change under a flood of packets; counters ahead of and behind the rules show that none is lost or leaked.

    flood.py PROGRAM FLOOD CHANGES SEED [TITLE…]     TAP; only the kinds of change whose title has one of these words

Two policies alternate. Both accept UDP port 1000 and refuse UDP port 2000; what decides these two ports is an object of another kind
each time (shapes.py), on both sides of the change. The same is done with IPv6, TCP, and ports that are published. Two controls must be caught: to delete
and recreate the table in one transaction, and to make an interval map and switch to it in one transaction."""
import json
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ports   # noqa: E402
import shapes  # noqa: E402

BASE = """
groups: {office: [192.0.2.0/24, "2001:db8::/48"], other: [198.51.100.0/24]}
allow:
  udp: [1000, {port: 5000, from: office}]
  tcp: [22, 80]
block:
  udp: [2000]
"""
COUNTED = """
table inet sgprobe {
    counter early_allowed {
    }
    counter early_blocked {
    }
    counter late_allowed {
    }
    counter late_blocked {
    }
%s
}
"""
COUNTERS = COUNTED % """
    chain early {
        type filter hook input priority -400;
        meta l4proto { tcp, udp } th dport 1000 counter name early_allowed
        meta l4proto { tcp, udp } th dport 2000 counter name early_blocked
    }
    chain late {
        type filter hook input priority 400;
        meta l4proto { tcp, udp } th dport 1000 counter name late_allowed drop
        meta l4proto { tcp, udp } th dport 2000 counter name late_blocked drop
    }"""
PUBLISH = """
    chain publish {
        type nat hook prerouting priority dstnat;
        ip daddr 198.51.100.9 udp dport 1000 dnat ip to 198.51.100.8:1001%s
    }
    chain early {
        type filter hook prerouting priority -400;
        meta l4proto { tcp, udp } th dport 1000 counter name early_allowed
        meta l4proto { tcp, udp } th dport 2000 counter name early_blocked
    }
    chain late {
        type filter hook forward priority 400;
        meta l4proto { tcp, udp } th dport 1001 counter name late_allowed drop
        meta l4proto { tcp, udp } th dport { 2000, 2001 } counter name late_blocked drop
    }"""
# To a port that is published, and past the host: what judges the one comes and goes, and neither ever loses a packet.
FORWARDED = COUNTED % PUBLISH % ""
# Both ports are published.
BOTH = COUNTED % PUBLISH % "\n        ip daddr 198.51.100.9 udp dport 2000 dnat ip to 198.51.100.8:2001"
PUBLISHED = {
    "published ports are left alone": "published: ignore\nallow: {udp: [1000]}\n",
    "published ports are left alone, and another port is open": "published: ignore\nallow: {udp: [1000, 1005]}\n",
    "another port is published": "published: enforce\nallow: {udp: [1000, 1005], tcp: [80]}\n",
    "another class of published ports": "published: enforce\nallow: {udp: [{port: 1000, from: 203.0.113.0/24}]}\n",
    "another range of published ports": "published: enforce\nallow: {udp: ['900-1999']}\n",
}


class Flood:
    """Packets while the block runs; afterwards `seen` has the counters."""

    def __init__(self, hosts, program, target="198.18.0.2", protocol="udp"):
        source = shapes.address_in_ipv6("203.0.113.5") if ":" in target else "203.0.113.5"
        self.hosts = hosts
        self.command = [program, "/run/netns/" + hosts.outer, protocol, source, target, "out0", hosts.mac["eth0"], "1000", "2000"]
        self.seen = {}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate("")
        sent = int(out)
        listing = json.loads(self.hosts.within(self.hosts.inner, "nft", "-j", "reset", "counters", "table", "inet", "sgprobe"))
        self.seen = {item["counter"]["name"]: item["counter"]["packets"] for item in listing["nftables"] if "counter" in item}
        if self.seen["early_allowed"] != sent or self.seen["early_blocked"] != sent:
            raise RuntimeError("sent %d to each port, arrived: %s" % (sent, self.seen))

    def verdict(self):
        """(allowed packets lost, blocked packets leaked)"""
        return self.seen["early_allowed"] - self.seen["late_allowed"], self.seen["late_blocked"]


def under_flood(hosts, flood, change, count, *target):
    with Flood(hosts, flood, *target) as packets:
        for index in range(count):
            change(index)
    return packets


def alternate(hosts, program, flood, title, text, count, base=BASE, target=("198.18.0.2",), verdict=Flood.verdict):
    """`target` is what Flood takes behind its program."""
    paths = []
    for name, policy in (("a", base), ("b", text)):
        paths.append("/run/sgt-%d-%s.yaml" % (os.getpid(), name))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(policy)
        os.chmod(paths[-1], 0o644)
    command = ["ip", "netns", "exec", hosts.inner, program, "-q", "-f"]
    try:
        ports.run(*command, paths[0], "apply")
        packets = under_flood(hosts, flood, lambda index: ports.run(*command, paths[1 - index % 2], "apply"), count, *target)
    finally:
        for path in paths:
            os.unlink(path)
    lost, leaked = verdict(packets)
    text = "%s: %d changes, %d packets each way, %d lost, %d leaked" % (title, count, packets.seen["early_allowed"], lost, leaked)
    print("not ok - " + text if lost or leaked else "ok - " + text, flush=True)
    return lost or leaked


def all_forwarded(packets):
    return sum(packets.seen["early_" + which] - packets.seen["late_" + which] for which in ("allowed", "blocked")), 0


def count_by(hosts, rules):
    hosts.within(hosts.inner, "nft", "delete", "table", "inet", "sgprobe")
    hosts.within(hosts.inner, "nft", "-f", "-", input=rules)


def forwarded(hosts, program, flood, count):
    failed = False
    count_by(hosts, FORWARDED)
    base = "published: enforce\nallow: {udp: [1000]}\n"
    for title, text in PUBLISHED.items():
        failed |= bool(alternate(hosts, program, flood, title, text, count, base, ("198.51.100.9",), all_forwarded))
    return failed


def kinds(hosts, program, flood, count, chosen):
    """Each change of `chosen`, to the host's own ports."""
    failed = 0
    for title, one, two in chosen:
        failed += bool(alternate(hosts, program, flood, title, two, count, one))
    return bool(failed)


def as_ipv6_and_tcp(policy):
    return shapes.as_ipv6(shapes.as_tcp(policy))


IN_IPV6 = shapes.address_in_ipv6("198.18.0.2")
# How the policies are rewritten, and the packets that judge them.
OTHERS = {
    "IPv6": (shapes.as_ipv6, (IN_IPV6,)),
    "TCP": (shapes.as_tcp, ("198.18.0.2", "tcp")),
    "TCP over IPv6": (as_ipv6_and_tcp, (IN_IPV6, "tcp")),
    "IPv4 of both": (shapes.as_both, ("198.18.0.2",)),
    "IPv6 of both": (shapes.as_both, (IN_IPV6,)),
}


def other_packets(hosts, program, flood, count, chosen, number, rng):
    """Of each family and protocol `number` of the changes."""
    failed = 0
    ports.run("ip", "-n", hosts.inner, "addr", "add", IN_IPV6 + "/128", "dev", "eth0", "nodad")
    for name, (rewrite, target) in OTHERS.items():
        fitting = [change for change in chosen if "of both" not in name or "a family" not in change[0]]
        for title, one, two in rng.sample(fitting, min(number, len(fitting))):
            failed += bool(alternate(hosts, program, flood, "%s: %s" % (name, title), rewrite(two), count, rewrite(one), target))
    return bool(failed)


def published_kinds(hosts, program, flood, count, chosen):
    failed = 0
    count_by(hosts, BOTH)
    for title, one, two in chosen:
        failed += bool(alternate(hosts, program, flood, "published: " + title, two, count, one, ("198.51.100.9",)))
    return bool(failed)


def until_noticed(title, hosts, flood, change, count):
    """A control: the packets that it loses or leaks must be seen."""
    lost = leaked = sent = 0
    for _ in range(10):
        packets = under_flood(hosts, flood, change, count)
        lost, leaked, sent = lost + packets.verdict()[0], leaked + packets.verdict()[1], sent + packets.seen["early_allowed"]
        if lost or leaked:
            break
    text = "control, %s: %d packets each way, %d lost, %d leaked: it is noticed" % (title, sent, lost, leaked)
    print("ok - " + text if lost or leaked else "not ok - " + text, flush=True)
    return not (lost or leaked)


def shown(program, text):
    """The rules of a policy, as nft takes them."""
    path = "/run/sgt-%d-control.yaml" % os.getpid()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    try:
        return ports.run(program, "-f", path, "show")
    finally:
        os.unlink(path)


def recreating(hosts, program, flood, count):
    """Delete and recreate the table."""
    rules = shown(program, BASE)
    nft = ["ip", "netns", "exec", hosts.inner, "nft", "-f", "-"]
    ports.run(*nft, input=rules)
    failed = until_noticed("delete and recreate", hosts, flood,
                           lambda _: ports.run(*nft, input="delete table inet sockgate\n" + rules), count)
    ports.run(*nft, input="delete table inet sockgate\n")
    return failed


class OneTransaction:
    """Puts new maps and the rules that switch to them into one transaction; what they replace goes in another, afterwards."""

    OBJECT = re.compile(r"^\t(set|map|chain) (\S+) \{", re.MULTILINE)
    BASES = ("input", "forward", "output")

    def __init__(self, hosts, policies):
        self.hosts, self.policies, self.version, self.former = hosts, policies, 0, []

    def nft(self, text):
        self.hosts.within(self.hosts.inner, "nft", "-f", "-", input=text)

    def change(self, index):
        rules = self.policies[index % 2]
        self.version += 1
        objects = self.OBJECT.findall(rules)
        bases = [name for kind, name in objects if name in self.BASES]
        made = [(kind, name) for kind, name in objects if name not in self.BASES]
        for _, name in made:
            rules = re.sub(r"(?<![\w.])%s(?![\w.])" % re.escape(name), "%s_%d" % (name, self.version), rules)
        flush = "".join("flush chain inet sockgate %s\n" % name for name in bases) if self.former else ""
        self.nft(flush + rules)
        for kind, name in sorted(self.former, key=lambda item: ("map", "chain", "set").index(item[0])):
            self.nft("delete %s inet sockgate %s\n" % (kind, name))
        self.former = [(kind, "%s_%d" % (name, self.version)) for kind, name in made]


def switching(hosts, program, flood, count):
    """Make interval sets and maps and switch to them in one transaction."""
    failed = False
    for title, default, (one, two) in (("allowed ranges", {}, shapes.ALLOWED["many ranges"]),
                                       ("allowed sources", {}, shapes.ALLOWED["a group of prefixes"]),
                                       ("blocked sources", shapes.OPEN, shapes.BLOCKED["a port blocked for many"])):
        writer = OneTransaction(hosts, [shown(program, shapes.text({"published": "ignore"}, default, part)) for part in (one, two)])
        writer.change(0)
        failed |= until_noticed("make and switch in one transaction, " + title, hosts, flood, lambda index: writer.change(index + 1), count)
        writer.nft("delete table inet sockgate\n")
    return failed


def main(program, flood, count, seed, words):
    failed = False
    chosen = [change for change in shapes.changes(seed) if not words or any(word in change[0] for word in words)]
    published = [change for change in chosen if "published" not in change[0]]
    few = count < 300
    with ports.Hosts() as hosts:
        count_by(hosts, COUNTERS)
        hosts.within(hosts.inner, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        if not words:
            failed |= recreating(hosts, program, flood, 200)
            failed |= switching(hosts, program, flood, 40)
        failed |= kinds(hosts, program, flood, count, chosen)
        failed |= other_packets(hosts, program, flood, count, chosen, 4 if few else 24, random.Random(seed))
        failed |= published_kinds(hosts, program, flood, count,
                                  random.Random(seed).sample(published, min(len(published), 15)) if few else published)
        if not words:
            failed |= forwarded(hosts, program, flood, count)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
