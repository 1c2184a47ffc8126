#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is logged of real packets, read back from nfnetlink_log (linux/netfilter/nfnetlink_log.h): exactly what lines with `log` decide,
and what `log-blocked` is about.

    log.py PROGRAM     TAP"""
import collections
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ports                              # noqa: E402
from peers import HOST, Inside, Peers, wanted  # noqa: E402

ONE, OTHER, THIRD, FOURTH, SIX = "203.0.113.5", "203.0.113.6", "203.0.113.7", "198.51.100.9", "2001:db8:a:1::1"
ULOG = 4                                  # NFNL_SUBSYS_ULOG
PACKET, CONFIG = ULOG << 8, ULOG << 8 | 1
CFG_CMD, CFG_MODE, CFG_QTHRESH, BIND = 1, 2, 5, 1
PAYLOAD, PREFIX = 9, 10
QUIET = 0.3                               # seconds without a packet: there are no more


class Log:
    """Reads groups of nfnetlink_log in a namespace."""

    def __init__(self, netns, groups):
        self.groups = {}
        for group in groups:
            with Inside(netns):
                sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
            sock.settimeout(5)
            self.request(sock, group, struct.pack("=HHBxxx", 5, CFG_CMD, BIND))
            self.request(sock, group, struct.pack("=HHIBxxx", 10, CFG_MODE, socket.htonl(128), 2))
            self.request(sock, group, struct.pack("=HHI", 8, CFG_QTHRESH, socket.htonl(1)))    # each at once
            sock.settimeout(QUIET)
            self.groups[group] = sock

    @staticmethod
    def request(sock, group, attribute):
        body = struct.pack("=BBH", 0, 0, socket.htons(group)) + attribute
        sock.send(struct.pack("=IHHII", 16 + len(body), CONFIG, 5, 1, 0) + body)
        code = struct.unpack_from("=i", sock.recv(4096), 16)[0]
        if code:
            raise RuntimeError("nfnetlink_log: " + os.strerror(-code))

    def rows(self):
        """(group, prefix, protocol, source, port) of all that was logged since the last time, how often each."""
        found = collections.Counter()
        for group, sock in self.groups.items():
            while True:
                try:
                    data = sock.recv(1 << 16)
                except TimeoutError:
                    break
                at = 0
                while at < len(data):
                    size, kind = struct.unpack_from("=IH", data, at)
                    if kind == PACKET:
                        found[(group, *self.packet(data[at + 20:at + size]))] += 1
                    at += size + 3 & ~3
        return found

    @staticmethod
    def packet(attributes):
        values = {}
        while attributes:
            size, kind = struct.unpack_from("=HH", attributes)
            values[kind & 0x3fff] = attributes[4:size]
            attributes = attributes[size + 3 & ~3:]
        payload = values[PAYLOAD]
        if payload[0] >> 4 == 4:
            source, protocol, transport = socket.inet_ntoa(payload[12:16]), payload[9], payload[20:]
        else:
            source, protocol, transport = socket.inet_ntop(socket.AF_INET6, payload[8:24]), payload[6], payload[40:]
        prefix = values.get(PREFIX, b"\0")
        return prefix[:-1].decode(), {6: "tcp", 17: "udp"}.get(protocol, protocol), source, struct.unpack_from(">H", transport, 2)[0]

    def end(self):
        for sock in self.groups.values():
            sock.close()


class Logged:
    """`with Logged(peers, 5) as log`: what happens in it is in log.rows()."""

    def __init__(self, peers, *groups):
        self.log = Log(peers.inner, groups)

    def __enter__(self):
        return self.log

    def __exit__(self, *_):
        self.log.end()


def expected(peers, *rows):
    """Rows of (line of the policy or None, label, verdict, group, protocol, source, port, how often)."""
    name = os.path.basename(peers.path)
    found = collections.Counter()
    for line, label, verdict, group, protocol, source, port, count in rows:
        where = "%s default" % name if line is None else "%s:%d %s" % (name, line, label)
        found[(group, "sockgate %s %s: " % (where, verdict), protocol, source, port)] += count
    return found


LINES = """\
allow:
  tcp:
    - {port: 22, log: {label: ssh, rate: 1000/second, group: 5}}
    - 80
    - {port: [443, 8080], from: 203.0.113.0/24, log: {label: web, rate: 1000/second, group: 6}}
    - {port: 9100, limit: 2/hour per source, log: {label: few, rate: 1000/second, group: 5}}
    - {port: 9200, limit: 2/hour per source}
  udp: [{port: 53, log: {label: dns, rate: 1000/second, group: 5}}]
block:
  tcp:
    - {port: [80, 22], from: 203.0.113.6, log: {label: bad one, rate: 1000/second, group: 5}}
    - {port: 80, from: 203.0.113.7, answer: reject}
"""


def exact(peers):
    """Exactly what lines that log decide."""
    peers.fresh(LINES)
    with Logged(peers, 5, 6) as log:
        for source, port in ((ONE, 22), (ONE, 80), (ONE, 443), (FOURTH, 443), (OTHER, 80), (OTHER, 22), (OTHER, 8080), (THIRD, 80),
                             (THIRD, 22), (SIX, 22), (SIX, 80), (ONE, 25)):
            peers.ask(1, source, port)
        peers.ask(3, ONE, 53, "udp")
        peers.ask(5, ONE, 9100)
        peers.ask(5, ONE, 9200)
        yield from wanted("logged", log.rows(), expected(
            peers, (3, "ssh", "accept", 5, "tcp", ONE, 22, 1), (3, "ssh", "accept", 5, "tcp", THIRD, 22, 1),
            (3, "ssh", "accept", 5, "tcp", SIX, 22, 1), (5, "web", "accept", 6, "tcp", ONE, 443, 1),
            (5, "web", "accept", 6, "tcp", OTHER, 8080, 1), (11, "bad one", "drop", 5, "tcp", OTHER, 80, 1),
            (11, "bad one", "drop", 5, "tcp", OTHER, 22, 1), (8, "dns", "accept", 5, "udp", ONE, 53, 3),
            (6, "few", "accept", 5, "tcp", ONE, 9100, 2), (6, "few", "drop", 5, "tcp", ONE, 9100, 3)))


def default(peers):
    """What the default refuses, and nothing that a line refuses."""
    for answer in ("drop", "reject"):
        peers.fresh("default: %s\nlog-blocked: {rate: 1000/second, group: 7}\n" % answer + LINES)
        with Logged(peers, 5, 7) as log:
            for source, port in ((ONE, 25), (SIX, 25), (FOURTH, 443), (OTHER, 80), (THIRD, 80), (ONE, 80), (SIX, 22)):
                peers.ask(1, source, port)
            peers.ask(3, ONE, 9200)
            peers.ask(1, FOURTH, 54, "udp")
            yield from wanted("logged, default %s" % answer, log.rows(), expected(
                peers, *[(None, "", answer, 7, "tcp", *row, 1) for row in ((ONE, 25), (SIX, 25), (FOURTH, 443))],
                (None, "", answer, 7, "udp", FOURTH, 54, 1), (13, "bad one", answer, 5, "tcp", OTHER, 80, 1),
                (5, "ssh", "accept", 5, "tcp", SIX, 22, 1)))


def rate(peers):
    """Rates hold, and what is not logged is judged all the same."""
    peers.fresh("log-blocked: {rate: 3/hour, group: 7}\nallow: {tcp: [{port: 22, log: {label: ssh, group: 5}}]}\n"
                "block: {tcp: [{port: 80, log: {label: bad, rate: 2/day, group: 5}}]}\n")
    with Logged(peers, 5, 7) as log:
        yield from wanted("allowed", peers.ask(30, ONE, 22), {"passed": 30})
        yield from wanted("blocked", peers.ask(30, ONE, 80), {"silent": 30})
        yield from wanted("by the default", peers.ask(30, ONE, 25), {"silent": 30})
        yield from wanted("logged", log.rows(), expected(
            peers, (2, "ssh", "accept", 5, "tcp", ONE, 22, 5), (3, "bad", "drop", 5, "tcp", ONE, 80, 2),
            (None, "", "drop", 7, "tcp", ONE, 25, 3)))
        yield from wanted("allowed, and not logged for now", peers.ask(30, SIX, 22), {"passed": 30})
        yield from wanted("logged then", log.rows(), expected(peers))


def until(peers):
    """A line that is over logs nothing more, and who decides then does."""
    end = int(time.time()) + 4
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    peers.fresh("log-blocked: {rate: 1000/second, group: 7}\nallow: {tcp: [{port: 22, until: %s, log: {label: ssh, group: 5}}]}\n" % text)
    with Logged(peers, 5, 7) as log:
        peers.ask(1, ONE, 22)
        yield from wanted("before", log.rows(), expected(peers, (2, "ssh", "accept", 5, "tcp", ONE, 22, 1)))
        time.sleep(max(0, end + 0.05 - time.time()))
        peers.ask(1, ONE, 22)
        yield from wanted("after", log.rows(), expected(peers, (None, "", "drop", 7, "tcp", ONE, 22, 1)))


def outbound(peers):
    """What leaves is logged by the lines of what leaves; its replies by none."""
    peers.fresh("allow: {tcp: [{port: 22, log: {label: ssh, rate: 1000/second, group: 5}}]}\noutbound:\n  default: drop\n  allow:\n"
                "    udp: [{port: 53, log: {label: asks, rate: 1000/second, group: 5}}]\n  block:\n"
                "    udp: [{port: 123, log: {label: no time, rate: 1000/second, group: 5}}]\n")
    with Logged(peers, 5) as log:
        yield from wanted("in", peers.ask(2, ONE, 22), {"passed": 2})
        with Inside(peers.inner):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((HOST[4], 0))
        for port in (53, 123, 124):
            try:
                sock.sendto(b"hello", (ONE, port))
            except PermissionError:
                pass
        sock.close()
        yield from wanted("logged", log.rows(), expected(
            peers, (1, "ssh", "accept", 5, "tcp", ONE, 22, 2), (5, "asks", "accept", 5, "udp", HOST[4], 53, 1),
            (7, "no time", "drop", 5, "udp", HOST[4], 123, 1)))


TESTS = {
    "exactly what lines with a log decide is logged, with their labels": exact,
    "log-blocked logs what the default refuses, and no more": default,
    "logs are rate limited, verdicts are not": rate,
    "a line that is over logs nothing more": until,
    "what leaves is logged, replies are not": outbound,
}


def main(program):
    failed = False
    with Peers(program, "log", [22, 53, 80, 443, 8080, 9100, 9200]) as peers:
        for title, test in TESTS.items():
            try:
                wrong = list(test(peers))
            except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
                wrong = ["%s %s" % (problem, getattr(problem, "stderr", ""))]
            failed |= ports.report(title, [row for text in wrong for row in text.splitlines()])
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
