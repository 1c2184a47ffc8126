#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Policies change under a flood of packets; counters ahead of and behind the rules show that none is lost or leaked.

    flood.py PROGRAM FLOOD CHANGES     TAP

Two policies alternate. Both accept UDP port 1000 and refuse UDP port 2000; what differs between them is elsewhere, so that every change is a
real one. A control that deletes and recreates the table in one transaction, as many tools do, must be caught."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ports  # noqa: E402

BASE = """
groups: {office: [192.0.2.0/24, "2001:db8::/48"], other: [198.51.100.0/24]}
allow:
  udp: [1000, {port: 5000, from: office}]
  tcp: [22, 80]
block:
  udp: [2000]
"""
CHANGES = {
    "a port more": BASE.replace("22, 80", "22, 80, 443"),
    "another source": BASE.replace("192.0.2.0/24", "192.0.2.0/25"),
    "another class of constraints": BASE.replace("port: 5000, from: office", "port: 5000, from: office, interface: eth1"),
    "a range that is wide": BASE.replace("22, 80", "22, 80, 20000-50000"),
    "a block for every port": BASE + "  any: [{from: 198.51.100.128/25}]\n",
    "another default": BASE + "default: reject\n",
    "the allowed port's own class": BASE.replace("[1000,", "[{port: 1000, except: 203.0.113.9},"),
}
COUNTERS = """
table inet sgprobe {
    counter early_allowed {
    }
    counter early_blocked {
    }
    counter late_allowed {
    }
    counter late_blocked {
    }
    chain early {
        type filter hook input priority -400;
        udp dport 1000 counter name early_allowed
        udp dport 2000 counter name early_blocked
    }
    chain late {
        type filter hook input priority 400;
        udp dport 1000 counter name late_allowed drop
        udp dport 2000 counter name late_blocked drop
    }
}
"""


# To a port that is published, and past the host: what judges the one comes and goes, and neither ever loses a packet.
FORWARDED = """
table inet sgprobe {
    counter early_allowed {
    }
    counter early_blocked {
    }
    counter late_allowed {
    }
    counter late_blocked {
    }
    chain publish {
        type nat hook prerouting priority dstnat;
        ip daddr 198.51.100.9 udp dport 1000 dnat ip to 198.51.100.8:1001
    }
    chain early {
        type filter hook prerouting priority -400;
        udp dport 1000 counter name early_allowed
        udp dport 2000 counter name early_blocked
    }
    chain late {
        type filter hook forward priority 400;
        udp dport 1001 counter name late_allowed drop
        udp dport 2000 counter name late_blocked drop
    }
}
"""
PUBLISHED = {
    "published ports are left alone": "published: ignore\nallow: {udp: [1000]}\n",
    "published ports are left alone, and another port is open": "published: ignore\nallow: {udp: [1000, 1005]}\n",
    "another port is published": "published: enforce\nallow: {udp: [1000, 1005], tcp: [80]}\n",
    "another class of published ports": "published: enforce\nallow: {udp: [{port: 1000, from: 203.0.113.0/24}]}\n",
}


class Flood:
    """Packets while the block runs; afterwards `seen` has the counters."""

    def __init__(self, hosts, program, target="198.18.0.2"):
        self.hosts = hosts
        self.command = [program, "/run/netns/" + hosts.outer, "203.0.113.5", target, "out0", hosts.mac["eth0"], "1000", "2000"]
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


def alternate(hosts, program, flood, title, text, count, base=BASE, target="198.18.0.2", verdict=Flood.verdict):
    paths = []
    for name, policy in (("a", base), ("b", text)):
        paths.append("/run/sgt-%d-%s.yaml" % (os.getpid(), name))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(policy)
        os.chmod(paths[-1], 0o644)
    command = ["ip", "netns", "exec", hosts.inner, program, "-q", "-f"]
    try:
        ports.run(*command, paths[0], "apply")
        packets = under_flood(hosts, flood, lambda index: ports.run(*command, paths[1 - index % 2], "apply"), count, target)
    finally:
        for path in paths:
            os.unlink(path)
    lost, leaked = verdict(packets)
    text = "%s: %d changes, %d packets each way, %d lost, %d leaked" % (title, count, packets.seen["early_allowed"], lost, leaked)
    print("not ok - " + text if lost or leaked else "ok - " + text, flush=True)
    return lost or leaked


def all_forwarded(packets):
    return sum(packets.seen["early_" + which] - packets.seen["late_" + which] for which in ("allowed", "blocked")), 0


def forwarded(hosts, program, flood, count):
    failed = False
    hosts.within(hosts.inner, "nft", "delete", "table", "inet", "sgprobe")
    hosts.within(hosts.inner, "nft", "-f", "-", input=FORWARDED)
    hosts.within(hosts.inner, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    base = "published: enforce\nallow: {udp: [1000]}\n"
    for title, text in PUBLISHED.items():
        failed |= bool(alternate(hosts, program, flood, title, text, count, base, "198.51.100.9", all_forwarded))
    return failed


def control(hosts, program, flood, count):
    """Delete and recreate: the packets that it loses or leaks must be seen."""
    path = "/run/sgt-%d-control.yaml" % os.getpid()
    with open(path, "w", encoding="utf-8") as file:
        file.write(BASE)
    os.chmod(path, 0o644)
    try:
        ports.run("ip", "netns", "exec", hosts.inner, program, "-q", "-f", path, "apply")
    finally:
        os.unlink(path)
    rules = "delete table inet sockgate\n" + hosts.within(hosts.inner, "nft", "list", "table", "inet", "sockgate")
    replace = ["ip", "netns", "exec", hosts.inner, "nft", "-f", "-"]
    lost = leaked = sent = 0
    for _ in range(10):
        packets = under_flood(hosts, flood, lambda _: ports.run(*replace, input=rules), count)
        lost, leaked, sent = lost + packets.verdict()[0], leaked + packets.verdict()[1], sent + packets.seen["early_allowed"]
        if lost or leaked:
            break
    text = "control, delete and recreate: %d packets each way, %d lost, %d leaked: it is noticed" % (sent, lost, leaked)
    print("ok - " + text if lost or leaked else "not ok - " + text, flush=True)
    return not (lost or leaked)


def main(program, flood, count):
    failed = False
    with ports.Hosts() as hosts:
        hosts.within(hosts.inner, "nft", "delete", "table", "inet", "sgprobe")
        hosts.within(hosts.inner, "nft", "-f", "-", input=COUNTERS)
        for title, text in CHANGES.items():
            failed |= bool(alternate(hosts, program, flood, title, text, count))
        failed |= control(hosts, program, flood, 200)
        failed |= forwarded(hosts, program, flood, count)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
