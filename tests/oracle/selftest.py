#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The oracle against answers worked out by hand, and its two ways of reading a policy against each other. TAP."""
import ipaddress
import os
import random
import sys
import tempfile

import generate
import oracle

POLICY = """
default: reject
groups:
  office: [192.0.2.0/24, 2001:db8:10::/48]
  partners: [office, 203.0.113.10-203.0.113.20]
allow:
  tcp: [ssh, {port: [9100, 9200-9209], from: partners, except: 192.0.2.66, interface: eth*}]
  udp: {port: 53, to: 198.51.100.20}
  icmp: [timestamp-request]
  esp:
block:
  tcp: [{port: 22, from: 192.0.2.7, answer: drop}, {port: 22, family: ipv6, from: "2001:db8:10::1"}]
  any: {from: 203.0.113.20}
baseline: {ping: false}
outbound:
  default: drop
  allow:
    udp: [{port: 53, to: office}]
    tcp: [{port: 25, from: 192.0.2.9, interface: eth0}, {port: 443, except: 203.0.113.0/24}]
  block:
    any: {to: 192.0.2.66, answer: reject}
"""
ANSWERS = """
tcp 22 198.51.100.9 198.51.100.20 eth0 accept
tcp 22 192.0.2.7 198.51.100.20 eth0 drop
tcp 22 192.0.2.7 198.51.100.20 lo accept
tcp 22 2001:db8:10::1 2001:db8::1 eth0 reject
tcp 22 2001:db8:10::2 2001:db8::1 eth0 accept
tcp 9100 192.0.2.65 198.51.100.20 eth0 accept
tcp 9100 192.0.2.66 198.51.100.20 eth0 reject
tcp 9209 203.0.113.10 198.51.100.20 eth7 accept
tcp 9210 203.0.113.10 198.51.100.20 eth7 reject
tcp 9209 203.0.113.10 198.51.100.20 wg0 reject
tcp 9209 203.0.113.9 198.51.100.20 eth0 reject
tcp 9209 203.0.113.20 198.51.100.20 eth0 reject
tcp 9100 2001:db8:10:ffff::1 2001:db8::1 eth0 accept
udp 53 1.1.1.1 198.51.100.20 eth0 accept
udp 53 1.1.1.1 198.51.100.21 eth0 reject
icmp 13 1.1.1.1 198.51.100.20 eth0 accept
icmp 8 1.1.1.1 198.51.100.20 eth0 reject
icmp 3 203.0.113.20 198.51.100.20 eth0 accept
icmpv6 135 2001:db8::9 2001:db8::1 eth0 accept
icmpv6 128 2001:db8::9 2001:db8::1 eth0 reject
esp - 1.1.1.1 198.51.100.20 eth0 accept
gre - 1.1.1.1 198.51.100.20 eth0 reject
udp 546 fe80::1 fe80::2 eth0 accept
udp 546 2001:db8::2 fe80::2 eth0 accept
udp 546 fe80::1 2001:db8::2 eth0 reject
udp 547 2001:db8::2 fe80::2 eth0 reject
udp 546 192.0.2.1 169.254.0.2 eth0 reject
out udp 53 198.51.100.20 192.0.2.1 eth0 accept
out udp 53 192.0.2.1 198.51.100.20 eth0 drop
out udp 53 198.51.100.20 192.0.2.66 eth0 reject
out tcp 25 192.0.2.9 203.0.113.1 eth0 accept
out tcp 25 192.0.2.9 203.0.113.1 eth1 drop
out tcp 25 192.0.2.8 203.0.113.1 eth0 drop
out tcp 443 203.0.113.7 198.51.100.1 eth1 accept
out tcp 443 198.51.100.1 203.0.113.7 eth1 drop
out tcp 443 203.0.113.7 203.0.113.7 lo accept
out udp 547 fe80::1 ff02::1:2 eth0 accept
out udp 547 2001:db8::2 ff02::1:2 eth0 drop
out udp 546 fe80::1 fe80::2 eth0 drop
out icmpv6 135 2001:db8::9 2001:db8::1 eth0 accept
out icmpv6 128 2001:db8::9 2001:db8::1 eth0 drop
pub tcp 22 198.51.100.9 198.51.100.20 eth0 accept
pub tcp 22 192.0.2.7 198.51.100.20 lo accept
pub tcp 22 192.0.2.7 198.51.100.20 eth0 drop
pub tcp 9100 192.0.2.65 198.51.100.20 eth0 accept
pub tcp 9100 192.0.2.65 198.51.100.20 wg0 reject
pub udp 53 1.1.1.1 198.51.100.21 eth0 reject
pub udp 546 fe80::1 fe80::2 eth0 reject
pub icmp 3 203.0.113.20 198.51.100.20 eth0 accept
pub icmp 8 1.1.1.1 198.51.100.20 eth0 reject
pub icmpv6 135 2001:db8::9 2001:db8::1 eth0 accept
pub esp - 1.1.1.1 198.51.100.20 eth0 accept
pub esp - 203.0.113.20 198.51.100.20 eth0 reject
"""
CONDITIONS = """
default: reject
log-blocked: 5/minute
allow:
  tcp:
    - {port: 22, limit: 3/minute, log: rare}
    - {port: [22, 80], connections: 5 per source, until: 2030-01-01T00:00Z, log: few}
    - {port: 22, from: 192.0.2.0/24}
    - {port: 80, unit: nginx.service}
    - {port: 80, from: 198.51.100.0/24, unit: nginx.service, limit: 3/minute, log: both}
block:
  tcp: {port: 80, from: 203.0.113.0/24, until: "2030-01-01T01:00:00+01:00", answer: drop, log: bad}
  any: {from: 203.0.113.9, log: worse}
"""
# the time, what is lacking (the numbers of items, or the unit), the packet; the verdict, and the label that logs: '' is the default's
WORLDS = """
1893455999 -      22 198.51.100.9 accept rare
1893455999 0      22 198.51.100.9 accept few
1893455999 0,1    22 198.51.100.9 reject rare
1893455999 1      22 198.51.100.9 accept rare
1893456000 0      22 198.51.100.9 reject rare
1893456000 1      22 198.51.100.9 accept rare
1893456000 0,1    22 192.0.2.7    accept -
1893455999 -      22 192.0.2.7    accept -
1893455999 -      80 192.0.2.7    accept -
1893455999 unit   80 192.0.2.7    accept few
1893455999 unit,1 80 192.0.2.7    reject few
1893456000 unit   80 192.0.2.7    reject -
1893456000 unit   80 198.51.100.9 reject both
1893456000 4      80 198.51.100.9 accept -
1893455999 -      80 203.0.113.7  drop   bad
1893455999 -      80 203.0.113.9  drop   bad
1893456000 -      80 203.0.113.7  accept -
1893456000 unit   80 203.0.113.7  reject -
1893456000 -      80 203.0.113.9  reject worse
1893456000 -      81 198.51.100.9 reject ''
"""
NUMBERS = {**oracle.PORT_PROTOCOLS, **oracle.PORTLESS_PROTOCOLS, "icmp": 1, "icmpv6": 58}


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "policy.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return oracle.Policy(path)


def by_hand():
    policy = read(POLICY)
    for row in ANSWERS.split("\n")[1:-1]:
        protocol, port, source, target, interface, expected = row.removeprefix("out ").removeprefix("pub ").split()
        packet = oracle.Packet(NUMBERS[protocol], None if port == "-" else int(port), ipaddress.ip_address(source),
                               ipaddress.ip_address(target), interface, row.startswith("out "), row.startswith("pub "))
        if policy.verdict(packet) != expected:
            yield "%s, not %s" % (row, policy.verdict(packet))


def in_worlds():
    policy = read(CONDITIONS)
    for row in WORLDS.split("\n")[1:-1]:
        now, lacking, port, source, verdict, label = row.split()
        lacking = lacking.split(",")
        world = oracle.World(int(now), {condition for line in policy.allow for condition in line.conditions
                                        if (condition[0] if condition[0] == "unit" else str(line.number)) in lacking})
        packet = oracle.Packet(6, int(port), ipaddress.ip_address(source), ipaddress.ip_address("198.18.0.2"), "eth0")
        found = policy.verdict(packet, world), (policy.logged(packet, world) or [None])[0]
        if found != (verdict, {"-": None, "''": ""}.get(label, label)):
            yield "%s, not %s" % (row, found)


def both_ways():
    for seed in range(20):
        with tempfile.TemporaryDirectory() as folder:
            policy = oracle.Policy(generate.Generator(seed).write(folder))
        maker = generate.Packets(policy, random.Random(seed))
        conditions = sorted({kind for line in policy.allow for kind in line.conditions}, key=str)
        for index in range(20):
            world = oracle.World(lacking=conditions[index % 4::3])
            packet = maker.one()
            packet.leaves = packet.published = False
            if packet.protocol in oracle.PORT_PROTOCOLS.values():
                painted = policy.verdicts(packet.protocol, packet.source, packet.target, packet.interface, world)
                for port in maker.ports + [packet.port]:
                    packet.port = port
                    if ("accept", "drop", "reject")[painted[port]] != policy.verdict(packet, world):
                        yield "policy %d, port %d" % (seed, port)


def main():
    failed = False
    for title, check in (("the oracle gives the answers worked out by hand", by_hand),
                         ("the oracle gives them in every world", in_worlds),
                         ("the oracle's two readings agree", both_ways)):
        wrong = list(check())
        print("\n".join(["not ok - " + title if wrong else "ok - " + title] + ["# " + row for row in wrong[:10]]))
        failed = failed or bool(wrong)
    return failed


sys.exit(main())
