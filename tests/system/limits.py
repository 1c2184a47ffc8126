#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Limits hold for real connections.

    limits.py PROGRAM FLOOD CHANGES     TAP

How many of so many connections pass is counted at those who ask."""
import collections
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flood                            # noqa: E402
import ports                            # noqa: E402
from peers import HOST, Inside, Peers, version, wanted  # noqa: E402

ONE, OTHER, THIRD, FOURTH, SIX, SIX_NEAR, SIX_FAR = ("203.0.113.5", "203.0.113.6", "203.0.113.7", "198.51.100.9", "2001:db8:a:1::1",
                                                     "2001:db8:a:1::2", "2001:db8:a:2::1")
SET_SIZE = 65536


def per_source(peers):
    peers.fresh("allow: {tcp: [{port: 22, limit: 20/hour per source}]}\n")
    yield from wanted("60 from one source", peers.ask(60, ONE, 22), {"passed": 20, "silent": 40})
    yield from wanted("from another", peers.ask(5, OTHER, 22), {"passed": 5})
    yield from wanted("from the first again", peers.ask(3, ONE, 22), {"silent": 3})
    yield from wanted("IPv6", peers.ask(12, SIX, 22), {"passed": 12})
    yield from wanted("another address of that /64", peers.ask(12, SIX_NEAR, 22), {"passed": 8, "silent": 4})
    yield from wanted("another /64", peers.ask(12, SIX_FAR, 22), {"passed": 12})


def in_all(peers):
    peers.fresh("allow:\n  tcp: [{port: [80, 443, 8000-8100], limit: 20/hour}]\n  tcp+udp: [{port: 53, limit: 10/hour}]\n")
    yield from wanted("IPv4", peers.ask(9, ONE, 80), {"passed": 9})
    yield from wanted("IPv6, another port of the line", peers.ask(6, SIX, 443), {"passed": 6})
    yield from wanted("another source, a range of the line", peers.ask(10, OTHER, 8050), {"passed": 5, "silent": 5})
    yield from wanted("TCP", peers.ask(6, ONE, 53), {"passed": 6})
    yield from wanted("UDP, the same line", peers.ask(6, SIX, 53, "udp"), {"passed": 4, "silent": 2})


def refusal(peers):
    for default, answer in (("drop", "silent"), ("reject", "refused"), ("accept", "silent")):
        peers.fresh("default: %s\nallow: {tcp: [{port: 22, limit: 2/hour per source}, {port: 80, connections: 1}]}\n" % default)
        yield from wanted("default %s, over the limit" % default, peers.ask(5, ONE, 22), {"passed": 2, answer: 3})
        with holding(peers, ONE, 80, 1):
            yield from wanted("default %s, over the number at once" % default, peers.ask(3, SIX, 80), {answer: 3})
    peers.fresh("allow: {tcp: [{port: 22, limit: 2/hour per source}]}\nblock: {any: {from: %s}}\n" % ONE)
    yield from wanted("blocked anyway", peers.ask(2, ONE, 22), {"silent": 2})
    peers.fresh("allow: {tcp: [{port: 22, limit: 2/hour}, {port: 22, from: %s}]}\n" % ONE)
    yield from wanted("allowed by another line, too", peers.ask(20, ONE, 22), {"passed": 20})
    yield from wanted("who took nothing from the others", peers.ask(3, OTHER, 22), {"passed": 2, "silent": 1})
    peers.fresh("allow: {tcp: [{port: 22, limit: 2/hour}, {port: 22, limit: 3/hour per source}]}\n")
    yield from wanted("either of two limits is enough", peers.ask(8, ONE, 22), {"passed": 5, "silent": 3})


def refill(peers):
    peers.fresh("allow: {tcp: [{port: 22, limit: 120/minute per source}, {port: 80, limit: 2/second}]}\n")
    yield from wanted("all at once", peers.ask(125, ONE, 22).get("passed") in (120, 121), True)    # one more if sending takes long
    peers.ask(9, ONE, 80)
    time.sleep(3)
    found = peers.ask(30, ONE, 22).get("passed", 0)
    if not 6 <= found <= 9:
        yield "after 3 seconds and what the asking took %d more pass, not 6 to 9" % found
    yield from wanted("a bucket does not hold more than its fill", peers.ask(9, ONE, 80).get("passed"), 2)


@contextlib.contextmanager
def holding(peers, source, number, count):
    """So many connections at once."""
    socks = [peers.begin(source, number) for _ in range(count)]
    try:
        if peers.answers(socks) != ["passed"] * count:
            raise RuntimeError("%d connections from %s do not all pass" % (count, source))
        yield socks
    finally:
        for sock in socks:
            sock.close()


def at_once(peers):
    peers.fresh("allow: {tcp: [{port: 22, connections: 5 per source}, {port: 80, connections: 3}]}\n")
    with holding(peers, ONE, 22, 5) as held:
        yield from wanted("the sixth", peers.ask(4, ONE, 22), {"silent": 4})
        with holding(peers, OTHER, 22, 5):
            pass
        held.pop().close()
        time.sleep(0.2)
        with holding(peers, ONE, 22, 1):
            yield from wanted("one ended, one came, and no more", peers.ask(3, ONE, 22), {"silent": 3})
    with holding(peers, SIX, 22, 3), holding(peers, SIX_NEAR, 22, 2):
        yield from wanted("the sixth of a /64", peers.ask(2, SIX, 22), {"silent": 2})
        with holding(peers, SIX_FAR, 22, 5):
            pass
    with holding(peers, ONE, 80, 2), holding(peers, SIX, 80, 1):
        yield from wanted("the fourth of all", peers.ask(2, OTHER, 80), {"silent": 2})
    time.sleep(0.2)
    with holding(peers, OTHER, 80, 3):
        pass


def both(peers):
    peers.fresh("allow: {tcp: [{port: 22, limit: 4/hour per source, connections: 2 per source}]}\n")
    with holding(peers, ONE, 22, 2):
        yield from wanted("the third at once", peers.ask(1, ONE, 22), {"silent": 1})
    time.sleep(0.2)
    found = peers.ask(1, ONE, 22)
    yield from wanted("one later", found, {"passed": 1})
    time.sleep(0.2)
    yield from wanted("the fourth or fifth that came", peers.ask(2, ONE, 22).get("silent", 0) >= 1, True)


def kept(peers):
    """What was counted survives changes elsewhere, and a changed limit counts anew."""
    text = "allow: {tcp: [{port: 22, limit: 4/hour per source}, {port: 80, limit: 5/hour}, {port: 443, connections: 2}%s]}\n"
    peers.fresh(text % "")
    with holding(peers, THIRD, 443, 2):
        yield from wanted("at first", [peers.ask(9, ONE, 22), peers.ask(9, ONE, 80)],
                          [{"passed": 4, "silent": 5}, {"passed": 5, "silent": 4}])
        changes = ("", ", 8080", ", {port: 8080, from: 192.0.2.0/24}", ", {port: 8081, limit: 9/hour per source}, 9000-9999", "")
        for more in changes:
            peers.apply(text % more)
            yield from wanted("with '%s'" % more, [peers.ask(2, ONE, 22), peers.ask(2, ONE, 80), peers.ask(2, SIX, 443)],
                              [{"silent": 2}] * 3)
        peers.apply("default: reject\n" + text % "")
        yield from wanted("another default", [peers.ask(2, ONE, 22), peers.ask(2, ONE, 80)], [{"refused": 2}] * 2)
        peers.apply((text % "").replace("4/hour", "6/hour").replace("5/hour", "7/hour").replace("connections: 2", "connections: 3"))
        yield from wanted("other limits", [peers.ask(9, ONE, 22), peers.ask(9, ONE, 80)],
                          [{"passed": 6, "silent": 3}, {"passed": 7, "silent": 2}])
        yield from wanted("one more at once", peers.ask(1, SIX, 443), {"passed": 1})
    text = ("allow:\n  tcp:\n    - {port: 22, limit: 4/hour per source, until: %s, log: {label: %s, group: 5}}\n"
            "    - {port: 80, limit: 5/hour, until: %s, log: {label: %s, group: 5}}\n")
    peers.fresh(text % (("2099-01-01T00:00Z", "one") * 2))
    yield from wanted("with a log and a date", [peers.ask(9, ONE, 22), peers.ask(9, ONE, 80)],
                      [{"passed": 4, "silent": 5}, {"passed": 5, "silent": 4}])
    for head, end in (("# a line more\n", "2099-01-01T00:00Z"), ("# lines\n# more\n", "2099-01-01T00:00Z"), ("", "2098-01-01T00:00Z")):
        peers.apply(head + text % ((end, "one") * 2))
        yield from wanted("with '%s', %s" % (head, end), [peers.ask(2, ONE, 22), peers.ask(2, ONE, 80)], [{"silent": 2}] * 2)


def leaving(peers):
    """Under outbound each destination counts apart, an IPv6 one by its /64. Nobody listens there: who is refused got through."""
    def ask(count, target, number):
        socks = []
        with Inside(peers.inner):
            for _ in range(count):
                socks.append(socket.socket(socket.AF_INET6 if version(target) == 6 else socket.AF_INET))
        for sock in socks:
            sock.setblocking(False)
            sock.bind((HOST[version(target)], 0))
            with contextlib.suppress(BlockingIOError):
                sock.connect((target, number))
        found = collections.Counter(peers.answers(socks))
        for sock in socks:
            sock.close()
        return dict(found)

    peers.fresh("allow: {tcp: [22]}\noutbound:\n  default: drop\n  allow:\n"
                "    tcp: [{port: 25, limit: 3/hour per destination}, {port: 443, limit: 4/hour}]\n")
    yield from wanted("to one", ask(5, ONE, 25), {"refused": 3, "silent": 2})
    yield from wanted("to another", ask(5, OTHER, 25), {"refused": 3, "silent": 2})
    yield from wanted("IPv6", ask(2, SIX, 25), {"refused": 2})
    yield from wanted("another address of that /64", ask(2, SIX_NEAR, 25), {"refused": 1, "silent": 1})
    yield from wanted("in all", [ask(3, ONE, 443), ask(3, SIX, 443)], [{"refused": 3}, {"refused": 1, "silent": 2}])
    yield from wanted("what comes in does not count", peers.ask(9, ONE, 22), {"passed": 9})


def messages(peers):
    """Protocols without ports are limited, too."""
    def ask(count, source):
        with Inside(peers.outer):
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        sock.bind((source, 0))
        sock.settimeout(0.3)
        for number in range(count):
            request = bytearray(struct.pack(">BBHHH12x", 13, 0, 0, (os.getpid() + number) & 0xffff, number))
            total = sum(int.from_bytes(request[at:at + 2], "big") for at in range(0, 20, 2))
            total = (total & 0xffff) + (total >> 16)
            request[2:4] = (0xffff - total).to_bytes(2, "big")
            sock.sendto(request, (HOST[4], 0))
        answers = 0
        with contextlib.suppress(TimeoutError):
            while True:
                answers += sock.recv(256)[20] == 14
        return answers

    peers.fresh("allow: {icmp: [{type: timestamp-request, limit: 3/hour per source}], any: [{from: %s, limit: 2/hour}]}\n" % FOURTH)
    yield from wanted("timestamp requests", [ask(5, ONE), ask(5, OTHER)], [3, 3])
    yield from wanted("by two lines", ask(9, FOURTH), 5)
    yield from wanted("the line of all protocols is used up", peers.ask(2, FOURTH, 80), {"silent": 2})


class Datagrams:
    """UDP from any address, as frames."""

    def __init__(self, peers):
        with Inside(peers.outer):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.sock.bind(("out0", 0))
        outside = json.loads(ports.run("ip", "-j", "-n", peers.outer, "link", "show", "out0"))[0]["address"]
        mac = bytes.fromhex((peers.mac["eth0"] + outside).replace(":", ""))
        self.head = mac + bytes.fromhex("0800 4500 001c 0000 4000 4011 0000".replace(" ", ""))
        self.tail = socket.inet_aton("198.18.0.2") + bytes.fromhex("9c40 0035 0008 0000".replace(" ", ""))

    def send(self, source):
        header = bytearray(self.head + source.to_bytes(4, "big") + self.tail)
        total = sum(int.from_bytes(header[at:at + 2], "big") for at in range(14, 34, 2))
        total = (total & 0xffff) + (total >> 16)
        header[24:26] = (0xffff - ((total & 0xffff) + (total >> 16))).to_bytes(2, "big")
        self.sock.send(header)


BEHIND = """
table inet sgprobe {
    counter passed {
    }
    chain late {
        type filter hook input priority 400;
        udp dport 53 counter name passed drop
    }
}
"""


def passed(peers):
    listing = json.loads(peers.within(peers.inner, "nft", "-j", "reset", "counters", "table", "inet", "sgprobe"))
    return next(item["counter"]["packets"] for item in listing["nftables"] if "counter" in item)


def full(peers):
    """More sources than are counted apart: those beyond are refused, and no memory is taken for them."""
    peers.fresh("allow: {udp: [{port: 53, limit: 2/day per source}]}\n")
    peers.within(peers.inner, "nft", "-f", "-", input=BEHIND)
    datagrams = Datagrams(peers)
    first = 10 << 24
    for source in range(first, first + SET_SIZE + 2000):
        datagrams.send(source)
    yield from wanted("sources that passed", passed(peers), SET_SIZE)
    peers.within(peers.inner, "conntrack", "-F")
    datagrams.send(first)
    yield from wanted("one that is known", passed(peers), 1)
    peers.within(peers.inner, "conntrack", "-F")
    datagrams.send(first)
    datagrams.send(first + SET_SIZE + 2001)
    yield from wanted("its third, and one that is not known", passed(peers), 0)
    listed = peers.within(peers.inner, "nft", "list", "table", "inet", "sockgate")
    if "size %d" % SET_SIZE not in listed:
        yield "no set has its size:\n" + listed[:2000]
    code, said = peers.gate("diff")
    yield from wanted("proven equal with a full set", (code, said[:300]), (0, said[:300]))
    peers.apply("allow: {udp: [{port: 53, limit: 2/day per source}], tcp: [22]}\n")
    datagrams.send(first)
    datagrams.send(first + SET_SIZE + 2001)
    yield from wanted("after a change elsewhere", passed(peers), 0)


def emptied(peers):
    """Connections that are over make room for other sources, with no one's help."""
    peers.fresh("allow: {udp: [{port: 53, connections: 2 per source}]}\n")
    peers.within(peers.inner, "nft", "-f", "-", input=BEHIND.replace(" drop", ""))
    datagrams = Datagrams(peers)
    first = 10 << 24
    for source in range(first, first + SET_SIZE + 500):
        datagrams.send(source)
    yield from wanted("sources that passed", passed(peers), SET_SIZE)
    datagrams.send(first + SET_SIZE + 501)
    yield from wanted("one more", passed(peers), 0)
    peers.within(peers.inner, "conntrack", "-F")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.5)
        datagrams.send(first + SET_SIZE + 502)
        if passed(peers):
            return
    yield "20 seconds after all connections are over nobody new passes"


def together(peers):
    """Several at once count in one bucket: none slips through between asking and counting."""
    peers.fresh("allow: {tcp: [{port: 22, limit: 50/hour}, {port: 80, limit: 50/hour per source}]}\n")
    found = []
    threads = [threading.Thread(target=lambda source=source, number=number: found.append((number, peers.ask(40, source, number))))
               for number in (22, 80) for source in (ONE, OTHER, SIX)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield from wanted("of 120 in all", sum(answer.get("passed", 0) for number, answer in found if number == 22), 50)
    yield from wanted("of 40 each", sum(answer.get("passed", 0) for number, answer in found if number == 80), 120)


BASE = """
groups: {office: [192.0.2.0/24, "2001:db8::/48"]}
allow:
  udp: [1000, {port: 5000, from: office, limit: 10/minute per source}]
  tcp: [{port: 22, limit: 20/minute per source, connections: 5 per source}, {port: 80, limit: 100/second}]
block:
  udp: [2000]
"""
LOGGED = BASE.replace("[1000,", "[{port: 1000, log: {label: all, group: 77}},").replace("[2000]", "{port: 2000, log: {label: bad, group: 77}}")
CHANGES = {
    "another limit": BASE.replace("20/minute", "30/minute"),
    "a limit less": BASE.replace("limit: 10/minute per source", "to: 198.18.0.3"),
    "the allowed port's own limit, which it never reaches": BASE.replace("[1000,", "[{port: 1000, limit: 1000000/second},"),
    "a date, far ahead": BASE.replace("[1000,", "[{port: 1000, until: 2099-12-31T18:00Z},"),
    "a log": LOGGED,
}


def under_flood(program, tool, count):
    failed = False
    with ports.Hosts("limits") as hosts:
        hosts.within(hosts.inner, "nft", "delete", "table", "inet", "sgprobe")
        hosts.within(hosts.inner, "nft", "-f", "-", input=flood.COUNTERS)
        for title, text in CHANGES.items():
            failed |= bool(flood.alternate(hosts, program, tool, "limits, " + title, text, count, base=BASE))
        failed |= bool(flood.alternate(hosts, program, tool, "limits, lines that log move", "# down\n" + LOGGED, count, base=LOGGED))
    return failed


TESTS = {
    "a limit per source: each source and each /64 has its own": per_source,
    "a limit in all: one for both families and all of a line's ports and protocols": in_all,
    "what is beyond a limit is refused as a block refuses, unless another line allows it": refusal,
    "a bucket fills again, and no further than its size": refill,
    "connections at once, per source and in all": at_once,
    "a limit and a number at once in one line": both,
    "what leaves is limited by where it goes to": leaving,
    "limits of ICMP types and of all protocols": messages,
    "what was counted is kept when something else changes, and begins anew with another limit": kept,
    "several at once do not pass together what one may not": together,
    "more sources than a set holds: refused, and the set does not grow": full,
    "sources whose connections are over leave their places to others": emptied,
}


def main(program, tool, count):
    failed = False
    with Peers(program, "limits", [22, 53, 80, 443, 8050]) as peers:
        for title, test in TESTS.items():
            try:
                wrong = list(test(peers))
            except (RuntimeError, subprocess.SubprocessError) as problem:
                wrong = ["%s %s" % (problem, getattr(problem, "stderr", ""))]
            failed |= ports.report(title, [row for text in wrong for row in text.splitlines()])
    return failed | under_flood(program, tool, count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
