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
udp 546 fe80::1 2001:db8::2 eth0 reject
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
"""
NUMBERS = {**oracle.PORT_PROTOCOLS, **oracle.PORTLESS_PROTOCOLS, "icmp": 1, "icmpv6": 58}


def by_hand():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "policy.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(POLICY)
        policy = oracle.Policy(path)
    for row in ANSWERS.split("\n")[1:-1]:
        protocol, port, source, target, interface, expected = row.removeprefix("out ").split()
        packet = oracle.Packet(NUMBERS[protocol], None if port == "-" else int(port), ipaddress.ip_address(source),
                               ipaddress.ip_address(target), interface, row.startswith("out "))
        if policy.verdict(packet) != expected:
            yield "%s, not %s" % (row, policy.verdict(packet))


def both_ways():
    for seed in range(20):
        with tempfile.TemporaryDirectory() as folder:
            policy = oracle.Policy(generate.Generator(seed).write(folder))
        maker = generate.Packets(policy, random.Random(seed))
        for _ in range(20):
            packet = maker.one()
            packet.leaves = False
            if packet.protocol in oracle.PORT_PROTOCOLS.values():
                painted = policy.verdicts(packet.protocol, packet.source, packet.target, packet.interface)
                for port in maker.ports + [packet.port]:
                    packet.port = port
                    if ("accept", "drop", "reject")[painted[port]] != policy.verdict(packet):
                        yield "policy %d, port %d" % (seed, port)


def main():
    failed = False
    for title, check in (("the oracle gives the answers worked out by hand", by_hand),
                         ("the oracle's two readings agree", both_ways)):
        wrong = list(check())
        print("\n".join(["not ok - " + title if wrong else "ok - " + title] + ["# " + row for row in wrong[:10]]))
        failed = failed or bool(wrong)
    return failed


sys.exit(main())
