# SPDX-License-Identifier: GPL-2.0-or-later
"""Pairs of policies between which a host can change, for the flood.

Every policy here accepts UDP port 1000 and refuses UDP port 2000 of packets from 203.0.113.5 by eth0 to a target. What differs is the
object that decides each of the two: an element, a range, a class with a set of sources, a limit, the default … Each such object is
a kind, in two variants that hold something else. changes() joins them: within a kind, from each kind to the next, and at random."""
import ipaddress
import json
import random
import re

TARGETS = ["198.18.0.2", "198.51.100.9"]
TCP = {"allow": {"tcp": [22]}}


def prefixes(count, *others):
    return ["10.%d.%d.0/25" % (index >> 8, index & 255) for index in range(count)] + list(others)


def hosts(count, *others):
    return ["10.%d.%d.%d" % (index >> 14, index >> 6 & 255, (index & 63) * 2) for index in range(count)] + list(others)


def allowing(line, groups=None):
    return {"allow": {"udp": [line]}, **({"groups": groups} if groups else {})}


def blocking(line, groups=None):
    return {"block": {"udp": [line]}, **({"groups": groups} if groups else {})}


def line(port, **conditions):
    return {"port": port, **{name.replace("_", "-"): value for name, value in conditions.items()}}


# What accepts port 1000 where the default refuses.
ALLOWED = {
    "a port": (allowing(1000), {"allow": {"udp": [1000, 1005, 1007]}}),
    "a port of a class": (allowing(line(1000, **{"from": "203.0.113.0/24"})), allowing(line(1000, **{"from": "203.0.112.0/22"}))),
    "a range": (allowing("900-1999"), allowing("800-1998")),
    "a range of a class": (allowing(line("900-1999", **{"from": ["203.0.113.0/24", "10.0.0.0/8"]})),
                           allowing(line("800-1998", **{"from": ["203.0.112.0/22", "10.0.0.0/9"]}))),
    "many ranges": ({"allow": {"udp": ["900-1999"] + ["%d-%d" % (3000 + 40 * i, 3020 + 40 * i) for i in range(300)]}},
                    {"allow": {"udp": ["900-1998"] + ["%d-%d" % (3000 + 40 * i, 3021 + 40 * i) for i in range(300)]}}),
    "a range around a blocked port": ({"allow": {"udp": ["900-2100"]}, "block": {"udp": [2000]}},
                                      {"allow": {"udp": ["900-2200"]}, "block": {"udp": ["2000-2010"]}}),
    "a wide range": (allowing("1-1999"), {"allow": {"udp": ["1-1999", "30000-60000"], "tcp": ["1-65535"]}}),
    "single sources": (allowing(line(1000, **{"from": ["203.0.113.5", "203.0.113.9"]})),
                       allowing(line(1000, **{"from": ["203.0.113.5", "203.0.113.11", "198.51.100.7"]}))),
    "ranges of sources": (allowing(line(1000, **{"from": ["203.0.113.0-203.0.113.5", "203.0.113.200", "10.0.0.0/8"]})),
                          allowing(line(1000, **{"from": ["203.0.113.4/31", "203.0.113.9", "203.0.113.0-203.0.113.2"]}))),
    "a group of prefixes": (allowing(line(1000, **{"from": "many"}), {"many": prefixes(4000, "203.0.113.0/24")}),
                            allowing(line(1000, **{"from": "many"}), {"many": prefixes(4000, "203.0.113.0/25", "203.0.114.0/24")})),
    "a group that is replaced": (allowing(line(1000, **{"from": "many"}), {"many": prefixes(3000, "203.0.113.0/24")}),
                                 allowing(line(1000, **{"from": "many"}), {"many": prefixes(500, "203.0.113.0/25", "11.0.0.0/8")})),
    "a group of single sources": (allowing(line(1000, **{"from": "many"}), {"many": hosts(4000, "203.0.113.5")}),
                                  allowing(line(1000, **{"from": "many"}), {"many": hosts(3000, "203.0.113.5", "203.0.113.7")})),
    "all sources but some": (allowing(line(1000, **{"except": "203.0.113.9"})),
                             allowing(line(1000, **{"except": ["203.0.113.64/26", "198.51.100.0/24"]}))),
    "a group with gaps": (allowing(line(1000, **{"from": "o", "except": "203.0.113.9"}), {"o": ["203.0.113.0/24", "192.0.2.0/24"]}),
                          allowing(line(1000, **{"from": "o", "except": "203.0.113.10"}), {"o": ["203.0.113.0/24", "192.0.2.0/25"]})),
    "an interface": (allowing(line(1000, interface="eth0")), allowing(line(1000, interface=["eth0", "eth9"]))),
    "interfaces by pattern": (allowing(line(1000, interface="eth*")), allowing(line(1000, interface=["et*", "wg0"]))),
    "a family": (allowing(line(1000, family="ipv4")), allowing(line([1000, 1003], family="ipv4"))),
    "local addresses": (allowing(line(1000, to=TARGETS)), allowing(line(1000, to=["198.18.0.0/24", "198.51.100.0/24"]))),
    "a limit": (allowing(line(1000, limit="1000000/second")), allowing(line(1000, limit="999999/second"))),
    "a limit per source": (allowing(line(1000, limit="1000000/second per source")), allowing(line(1000, limit="999999/second per source"))),
    "connections": (allowing(line(1000, connections=60000)), allowing(line(1000, connections=59999))),
    "connections per source": (allowing(line(1000, connections="60000 per source")), allowing(line(1000, connections="59999 per source"))),
    "a limit of a class": (allowing(line(1000, limit="1000000/second", **{"from": "203.0.113.0/24"})),
                           allowing(line(1000, limit="1000000/second", **{"from": "203.0.112.0/22"}))),
    "a log": (allowing(line(1000, log="one")), allowing(line(1000, log="two"))),
    "an end": (allowing(line(1000, until="2090-01-01T00:00Z")), allowing(line(1000, until="2091-01-01T00:00Z"))),
    "an interface for all ports": ({"allow": {"any": [{"interface": "eth0"}]}, "block": {"udp": [2000]}},
                                   {"allow": {"any": [{"interface": ["eth0", "wg0"]}]}, "block": {"udp": [2000, 2002]}}),
    "sources for all ports": ({"allow": {"any": [{"from": "203.0.113.0/24"}]}, "block": {"udp": [2000]}},
                              {"allow": {"any": [{"from": ["203.0.113.0/25", "10.0.0.0/8"]}]}, "block": {"udp": ["2000-2004"]}}),
}

# What refuses port 2000 where the default accepts.
BLOCKED = {
    "a blocked port": (blocking(2000), blocking(line([2000, 2002]))),
    "a blocked range": (blocking("1900-2099"), blocking("1800-2098")),
    "a rejected port": (blocking(line(2000, answer="reject")), blocking(line([2000, 2002], answer="reject"))),
    "a rejected range": (blocking(line("1900-2099", answer="reject")), blocking(line("1800-2098", answer="reject"))),
    "many blocked ranges": ({"block": {"udp": ["1900-2099"] + ["%d-%d" % (3000 + 40 * i, 3020 + 40 * i) for i in range(300)]}},
                            {"block": {"udp": ["1900-2098"] + ["%d-%d" % (3000 + 40 * i, 3021 + 40 * i) for i in range(300)]}}),
    "a port blocked for sources": (blocking(line(2000, **{"from": "203.0.113.0/24"})), blocking(line(2000, **{"from": "203.0.113.0/25"}))),
    "a range blocked for sources": (blocking(line("1900-2099", **{"from": ["203.0.113.0/24", "10.0.0.0/8"]})),
                                    blocking(line("1800-2098", **{"from": ["203.0.113.0/25", "10.0.0.0/9"]}))),
    "a port blocked for single sources": (blocking(line(2000, **{"from": ["203.0.113.5", "203.0.113.9"]})),
                                          blocking(line(2000, **{"from": ["203.0.113.5", "203.0.113.11", "198.51.100.7"]}))),
    "a port blocked for many": (blocking(line(2000, **{"from": "many"}), {"many": prefixes(4000, "203.0.113.0/24")}),
                                blocking(line(2000, **{"from": "many"}), {"many": prefixes(1000, "203.0.113.0/25", "11.0.0.0/8")})),
    "a port blocked for all but some": (blocking(line(2000, **{"except": "203.0.113.9"})),
                                        blocking(line(2000, **{"except": ["203.0.113.64/26", "198.51.100.0/24"]}))),
    "a port blocked by interface": (blocking(line(2000, interface="eth0")), blocking(line(2000, interface="eth*"))),
    "a port blocked until": (blocking(line(2000, until="2090-01-01T00:00Z")), blocking(line(2000, until="2091-01-01T00:00Z"))),
    "a logged block": (blocking(line(2000, log="one")), blocking(line(2000, log="two"))),
    "a closed range": (blocking("1001-65535"), blocking("1002-65534")),
}

# What stands beside it, and decides nothing of the two ports.
AROUND = {
    "another port": {"allow": {"tcp": [443]}},
    "another range": {"allow": {"tcp": ["20000-30000"]}},
    "another class": {"allow": {"tcp": [line(8080, **{"from": ["192.0.2.0/24", "198.51.100.3"]})]}},
    "sources that are blocked": {"block": {"any": [{"from": ["198.51.100.0/24", "203.0.113.6"]}]}},
    "many sources that are blocked": {"groups": {"bad": prefixes(20000)}, "block": {"any": [{"from": "bad"}]}},
    "many single sources that are blocked": {"groups": {"bad": hosts(20000)}, "block": {"any": [{"from": "bad"}]}},
    "a log of what is blocked": {"log-blocked": "1/minute"},
    "less of the baseline": {"baseline": {"established": False, "invalid": False, "ping": False}},
    "no loopback": {"baseline": {"loopback": False, "neighbour-discovery": False, "icmp-errors": False}},
    "rules for what leaves": {"outbound": {"block": {"tcp": [25], "udp": ["6000-6100"]}}},
    "published ports left alone": {"published": "ignore"},
    "a line of ICMP": {"block": {"icmp": [{"type": "echo-request", "from": "198.51.100.0/24"}]}},
    "a rejecting default": {"default": "reject"},
}


def merged(*parts):
    """Lists and mappings are joined, other values replaced; of two equal items of a list one stays."""
    result = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict):
                result[name] = merged(result.get(name, {}), value)
            elif isinstance(value, list) and isinstance(result.get(name), list):
                result[name] = result[name] + [item for item in value if item not in result[name]]
            else:
                result[name] = value
    return result


def text(*parts):
    return json.dumps(merged(*parts)) + "\n"     # JSON is YAML


OPEN = {"default": "accept"}
WIDE = {"allow": {"udp": ["1-65535"]}}
BASE = {"allow": {"udp": [1000], "tcp": [22]}}


def shapes():
    """(title, policy in two variants) of every kind that decides one of the ports."""
    for kind, (one, two) in ALLOWED.items():
        yield "allowed by " + kind, merged(TCP, one), merged(TCP, two)
    for kind, (one, two) in BLOCKED.items():
        yield "blocked by " + kind, merged(OPEN, one), merged(OPEN, two)


def changes(seed, extra=12):
    """(title, policy, policy): within each kind, from each kind to the next, with and without what is around, and `extra` at random."""
    found = list(shapes())
    for title, one, two in found:
        yield title + ", edited", text(one), text(two)
    for (title, one, _), (next_title, _, two) in zip(found, found[1:] + found[:1]):
        yield "%s -> %s" % (title, next_title), text(one), text(two)
    for kind, (one, two) in BLOCKED.items():
        yield "all allowed but %s, edited" % kind, text(WIDE, one), text(WIDE, two)
    for kind, part in AROUND.items():
        yield kind + ", on and off", text(BASE), text(BASE, part)
    yield "default accept -> drop", text(OPEN, blocking(2000)), text(BASE)
    yield "default accept -> reject", text(OPEN, blocking("1900-2099")), text({"default": "reject"}, allowing("1-1999"))
    rng = random.Random(seed)
    for _ in range(extra):
        one, two = rng.sample(found, 2)
        around = rng.sample(sorted(set(AROUND) - {"a rejecting default"}), 2)
        yield ("%s, %s -> %s, %s" % (one[0], around[0], two[0], around[1]), text(rng.choice(one[1:]), AROUND[around[0]]),
               text(rng.choice(two[1:]), AROUND[around[1]]))


ADDRESS = re.compile(r"(?<![\d.])(\d+\.\d+\.\d+\.\d+)(?:/(\d+))?(?![\d.])")
SWAPPED = {"udp": "tcp", "tcp": "udp"}


def address_in_ipv6(address):
    """What stands for an IPv4 address in as_ipv6()."""
    return str(ipaddress.IPv6Address((0x20010db8 << 96) + (int(ipaddress.IPv4Address(address)) << 64)))


def as_ipv6(policy):
    """The same policy for the other family: each prefix of 32 bits is one of 64, and its sources are as many /64."""
    def other(match):
        length = 64 if match.group(2) is None else 32 + int(match.group(2))
        return "%s/%d" % (address_in_ipv6(match.group(1)), length)

    def other_range(match):
        first, last = (ipaddress.IPv6Address(address_in_ipv6(match.group(index))) for index in (1, 2))
        return "%s-%s" % (first, last + (1 << 64) - 1)

    policy = re.sub(r"(\d+\.\d+\.\d+\.\d+)-(\d+\.\d+\.\d+\.\d+)", other_range, policy)
    return ADDRESS.sub(other, policy).replace('"ipv4"', '"ipv6"')


def as_both(policy):
    """The same policy with each address in both families."""
    def both(value):
        if isinstance(value, dict):
            return {name: both(item) for name, item in value.items()}
        items = value if isinstance(value, list) else [value]
        if not any(isinstance(item, str) and ADDRESS.search(item) for item in items):
            return [both(item) for item in value] if isinstance(value, list) else value
        return items + [json.loads(as_ipv6(json.dumps(item))) for item in items]

    return json.dumps(both(json.loads(policy))).replace('"family": "ipv4"', '"family": "ipv6"') + "\n"


def as_tcp(policy):
    """The same policy with TCP for UDP."""
    def other(value):
        if isinstance(value, dict):
            return {SWAPPED.get(name, name): other(item) for name, item in value.items()}
        return [other(item) for item in value] if isinstance(value, list) else value

    return json.dumps(other(json.loads(policy))) + "\n"
