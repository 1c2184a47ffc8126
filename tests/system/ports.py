#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real packets to every port, compared with the oracle.

    ports.py PROGRAM PROBER POLICIES SEED       TAP, one line a policy

For each random policy: it is applied in a namespace of its own, and every TCP and UDP port gets a packet over a veth
from several sources, IPv4 and IPv6, by two interfaces; limits are counted along. A first policy is a control that the measurement itself is
right: rules written by hand with nft, whose answers are known."""
import ipaddress
import json
import os
import random
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import generate  # noqa: E402
import oracle    # noqa: E402

CODES = ("accept", "drop", "reject")
SYSCTLS = ("net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0", "net.ipv6.icmp.ratemask=", "net.ipv4.conf.all.rp_filter=0",
           "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0")
COUNTER = """
table inet sgprobe {
    counter arrived {
    }
    chain early {
        type filter hook input priority -400;
        meta l4proto { tcp, udp } counter name arrived
    }
}
"""
BY_HAND = """
table inet byhand {
    chain input {
        type filter hook input priority filter; policy drop;
        ip saddr 192.0.2.77 tcp dport 1000-1999 accept
        tcp dport { 0, 22, 443, 65535 } accept
        udp dport 53 accept
        tcp dport 113 reject with tcp reset
        udp dport 5000-6000 reject
        meta nfproto ipv6 udp dport 7 reject with icmpx admin-prohibited
        iifname "eth1" udp dport 9 accept
    }
}
"""

# timeout(1) ends a suite by this signal: what was made is deleted all the same
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Lost(RuntimeError):
    """Packets did not reach the rules: nothing was measured."""


class Hosts:
    """Two namespaces and two veths: out0 and out1 outside, eth0 and eth1 inside."""

    def __init__(self, name="ports"):
        self.outer, self.inner = ("sgt-%d-%s-%s" % (os.getpid(), name, side) for side in ("out", "in"))
        self.mac = {}

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make(self):
        for name in (self.outer, self.inner):
            run("ip", "netns", "add", name)
            self.within(name, "sysctl", "-qw", *SYSCTLS)
            run("ip", "-n", name, "link", "set", "lo", "up")
        for index in ("0", "1"):
            run("ip", "-n", self.outer, "link", "add", "out" + index, "type", "veth", "peer", "name", "eth" + index,
                "netns", self.inner)
            run("ip", "-n", self.outer, "link", "set", "out" + index, "up")
            run("ip", "-n", self.inner, "link", "set", "eth" + index, "up")
            show = json.loads(run("ip", "-j", "-n", self.inner, "link", "show", "eth" + index))
            self.mac["eth" + index] = show[0]["address"]
        # Answers to any source leave by eth0 towards a neighbour that is known beforehand.
        outside = json.loads(run("ip", "-j", "-n", self.outer, "link", "show", "out0"))[0]["address"]
        run("ip", "-n", self.inner, "addr", "add", "198.18.0.2/32", "dev", "eth0")
        for family, gateway in (("-4", "198.18.0.1"), ("-6", "fe80::1")):
            run("ip", family, "-n", self.inner, "neigh", "add", gateway, "lladdr", outside, "dev", "eth0", "nud", "permanent")
            run("ip", family, "-n", self.inner, "route", "add", "default", "via", gateway, "dev", "eth0", "onlink")
        run("ip", "netns", "exec", self.inner, "nft", "-f", "-", input=COUNTER)

    def __exit__(self, *_):
        for name in (self.outer, self.inner):
            subprocess.run(["ip", "netns", "del", name], check=False)

    @staticmethod
    def within(name, *command, **options):
        return run("ip", "netns", "exec", name, *command, **options)

    def arrived(self):
        listing = json.loads(self.within(self.inner, "nft", "-j", "reset", "counter", "inet", "sgprobe", "arrived"))
        return next(item["counter"]["packets"] for item in listing["nftables"] if "counter" in item)

    def probe(self, prober, protocol, source, target, interface):
        """Codes of the answers on ports 0-65535; every packet is known to have reached the input hook."""
        self.arrived()
        out = run(prober, "/run/netns/" + self.outer, "/run/netns/" + self.inner, protocol, str(source), str(target),
                  interface.replace("eth", "out"), self.mac[interface])
        arrived = self.arrived()
        if arrived != 65536:
            raise Lost("%d of 65536 packets reached the input hook" % arrived)
        answers = bytearray(65536)
        for row in out.splitlines():
            first, last, name = row.split()
            answers[int(first):int(last) + 1] = bytes([CODES.index(name)]) * (int(last) - int(first) + 1)
        return answers


def sendable(address):
    if address.version == 4:
        return not (address.is_multicast or address.is_loopback or address.is_reserved or int(address) >> 24 == 0)
    return not (address.is_multicast or address.is_loopback or address.is_link_local or int(address) >> 32 == 0xffff
                or int(address) >> 96 == 0)


def pick(packets, version, count, rng):
    found = [address for address in (packets.address(version) for _ in range(400)) if sendable(address)]
    return sorted(set(rng.sample(found, min(count, len(found)))))


def compare(hosts, prober, policy, rng):
    """What differs, as text."""
    buckets = {}
    packets = generate.Packets(policy, rng)
    for version, width in ((4, "/32"), (6, "/128")):
        target, *sources = pick(packets, version, 4, rng)
        run("ip", "-n", hosts.inner, "addr", "add", str(target) + width, "dev", "eth0", *(["nodad"] if version == 6 else []))
        try:
            for source in sources:
                for protocol, number in (("tcp", oracle.TCP), ("udp", oracle.UDP)):
                    interface = rng.choice(("eth0", "eth0", "eth1"))
                    seen = hosts.probe(prober, protocol, source, target, interface)
                    wanted = policy.walk(number, source, target, interface, buckets)
                    wrong = [port for port in range(65536) if seen[port] != wanted[port]]
                    if wrong:
                        yield ("%s from %s to %s by %s: %d ports differ, first %d: the oracle says %s, the kernel %s"
                               % (protocol, source, target, interface, len(wrong), wrong[0], CODES[wanted[wrong[0]]],
                                  CODES[seen[wrong[0]]]))
        finally:
            run("ip", "-n", hosts.inner, "addr", "del", str(target) + width, "dev", "eth0")


def measure(program, prober, seed):
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, Hosts() as hosts:
        path = generate.Generator(seed, real_packets=True).write(folder)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            run(program, "--insecure-permissions", "--netns", hosts.inner, "-f", path, "apply", "--force", "--boot")    # lines may be over
            wrong = list(compare(hosts, prober, oracle.Policy(path), rng))
        except subprocess.CalledProcessError as problem:
            wrong = ["%s\n%s%s" % (problem, problem.stdout, problem.stderr)]
        except Lost:
            raise
        except (RuntimeError, ValueError) as problem:
            wrong = [str(problem)]
        return wrong + text.splitlines() if wrong else []


def one(program, prober, seed):
    """What is wrong with one policy; measured anew where packets are lost, as on a machine that has much else to do."""
    for again in range(4):
        try:
            return measure(program, prober, seed)
        except Lost as problem:
            lost = "%s, %d times" % (problem, again + 1)
    return [lost]


def control(prober):
    """The measurement against rules whose answers are known."""
    def byhand(protocol, source, interface, port):
        version = ipaddress.ip_address(source).version
        if protocol == "tcp":
            if port in (0, 22, 443, 65535) or (source == "192.0.2.77" and 1000 <= port <= 1999):
                return "accept"
            return "reject" if port == 113 else "drop"
        if port == 53 or (port == 9 and interface == "eth1"):
            return "accept"
        return "reject" if 5000 <= port <= 6000 or (version == 6 and port == 7) else "drop"

    with Hosts() as hosts:
        hosts.within(hosts.inner, "nft", "-f", "-", input=BY_HAND)
        run("ip", "-n", hosts.inner, "addr", "add", "2001:db8:5::2/128", "dev", "eth0", "nodad")
        for source, target in (("192.0.2.77", "198.18.0.2"), ("203.0.113.5", "198.18.0.2"), ("2001:db8::9", "2001:db8:5::2")):
            for protocol, interface in (("tcp", "eth0"), ("udp", "eth0"), ("udp", "eth1")):
                seen = hosts.probe(prober, protocol, source, target, interface)
                wrong = [port for port in range(65536) if CODES[seen[port]] != byhand(protocol, source, interface, port)]
                if wrong:
                    yield "%s from %s by %s: %d ports, first %d: %s" % (protocol, source, interface, len(wrong), wrong[0],
                                                                     CODES[seen[wrong[0]]])


def report(title, wrong):
    print("\n".join(["not ok - " + title if wrong else "ok - " + title] + ["# " + row for row in wrong]), flush=True)
    return bool(wrong)


def main(program, prober, policies, seed):
    failed = report("the prober finds what rules by hand decide, on every port", list(control(prober)))
    for index in range(policies):
        number = seed * 7919 + index
        failed |= report("random policy %d: every TCP and UDP port, IPv4 and IPv6" % number, one(program, prober, number))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
