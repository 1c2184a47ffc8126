# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow and obvious reading of the policy language: what happens to the first packet of a connection, inbound, outbound or to a
published port, in a world where it is a certain time, meters stand and units hold sockets.

It was written from the description of the language alone and shares nothing with the program: YAML by python3-yaml,
addresses by the ipaddress module, every line tried for every packet."""
import collections
import datetime
import glob
import ipaddress
import os
import time

import yaml

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PORT_PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136, "dccp": 33}
PORTLESS_PROTOCOLS = {"esp": 50, "ah": 51, "gre": 47, "ospf": 89, "vrrp": 112, "igmp": 2}
SERVICES = {  # a few of IANA's: name: (ports by protocol)
    "ssh": {"tcp": 22}, "http": {"tcp": 80}, "https": {"tcp": 443, "udp": 443}, "domain": {"tcp": 53, "udp": 53},
    "smtp": {"tcp": 25}, "imaps": {"tcp": 993}, "ntp": {"udp": 123}, "mysql": {"tcp": 3306},
    "postgresql": {"tcp": 5432}, "snmp": {"udp": 161}, "tftp": {"udp": 69}, "ldap": {"tcp": 389},
}
ICMP_TYPES = {  # name: (ICMP types, ICMPv6 types)
    "echo-request": (8, 128), "echo-reply": (0, 129), "destination-unreachable": (3, 1), "time-exceeded": (11, 3),
    "parameter-problem": (12, 4), "packet-too-big": (None, 2), "timestamp-request": (13, None),
    "nd-router-advert": (None, 134), "nd-neighbor-solicit": (None, 135), "nd-redirect": (None, 137),
}
ICMP_ERRORS = ((3, 11, 12), (1, 2, 3, 4))                     # RFC 792, RFC 4443
NEIGHBOUR_DISCOVERY = (133, 134, 135, 136, 130, 131, 132, 143)  # RFC 4861, RFC 2710, RFC 3810
LINK_LOCAL = ipaddress.ip_network("fe80::/10")
DHCPV6_SERVERS = ipaddress.ip_address("ff02::1:2")               # RFC 8415
BASELINE = ("established", "invalid", "loopback", "icmp-errors", "neighbour-discovery", "dhcpv6-client", "ping")


class Packet:
    """port is the destination port, the ICMP type, or None; addresses are ipaddress objects of one version. interface is where it
    comes in or, when it leaves, where it goes out. One to a published port is sent to it and to the host's address, and goes elsewhere."""

    __slots__ = ("protocol", "port", "source", "target", "interface", "leaves", "published")

    def __init__(self, protocol, port, source, target, interface, leaves=False, published=False):
        self.protocol, self.port, self.source, self.target = protocol, port, source, target
        self.interface, self.leaves, self.published = interface, leaves, published

    @property
    def version(self):
        return self.source.version


class World:
    """What an answer hangs on beside the packet: the time in seconds since 1970, and what does not hold then, one of its lines'
    conditions each: another holds the socket; a limit is reached."""

    def __init__(self, now=None, lacking=()):
        self.now = time.time() if now is None else now
        self.lacking = frozenset(lacking)


def listed(value):
    return value if isinstance(value, list) else [value]


def address_span(text):
    """(version, first, last) of an address, a prefix or a range."""
    if "-" in text:
        first, last = (ipaddress.ip_address(part.strip()) for part in text.split("-"))
        return first.version, int(first), int(last)
    network = ipaddress.ip_network(text)
    return network.version, int(network.network_address), int(network.broadcast_address)


class AddressSet:
    def __init__(self, spans, without=()):
        self.spans, self.without = list(spans), list(without)

    @staticmethod
    def inside(spans, address):
        value = int(address)
        return any(version == address.version and first <= value <= last for version, first, last in spans)

    def __contains__(self, address):
        return self.inside(self.spans, address) and not self.inside(self.without, address)


def moment(value):
    """Seconds since 1970 of a time with its zone; YAML may have read it as one."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.fromisoformat(value)
    return value.timestamp() if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc).timestamp()


def logging(value):
    """(label, rate, group); "" is the default's label."""
    if not isinstance(value, dict):
        value = {"label": value}
    return value.get("label", ""), value.get("rate", "10/minute"), value.get("group")


def worlds(policies, packet):
    """All that can be told apart by what a packet hangs on."""
    conditions, ends = (set().union(*parts) for parts in zip(*(policy.hangs_on(packet) for policy in policies)))
    conditions = sorted(conditions, key=str)
    for now in [0] + sorted(ends):
        for lacking in range(1 << len(conditions)):
            yield World(now, [condition for bit, condition in enumerate(conditions) if lacking >> bit & 1])


EVERYWHERE = [(4, 0, 2**32 - 1), (6, 0, 2**128 - 1)]


class Line:
    def __init__(self, answer, protocols, ports=None, types=None, entry=None, policy=None, leaves=False, number=None):
        entry = entry or {}
        self.number = number                  # of its item, in the order of the files
        self.leaves = leaves
        self.until = moment(entry["until"]) if "until" in entry else None
        self.conditions = set()               # ("unit", NAME) and ("meter", NAME, LIMITS): all hold, or it does not allow
        if "unit" in entry:
            self.conditions.add(("unit", entry["unit"]))
        self.limits = entry.get("limit"), str(entry.get("connections"))
        self.metered = "limit" in entry or "connections" in entry
        self.log = logging(entry["log"]) if "log" in entry else None
        self.answer = answer
        self.protocols = protocols            # a set of numbers; None: every protocol
        self.ports = ports                    # a list of (first, last); None: every port, and none at all
        self.types = types                    # ({ICMP types}, {ICMPv6 types})
        self.family = {"ipv4": 4, "ipv6": 6, None: None}[entry.get("family")]
        self.source = self.target = self.interfaces = None
        # what is excepted is the other host
        without = policy.addresses(entry["except"]) if "except" in entry else []
        if "from" in entry or (without and not leaves):
            self.source = AddressSet(policy.addresses(entry["from"]) if "from" in entry else EVERYWHERE, () if leaves else without)
        if "to" in entry or (without and leaves):
            self.target = AddressSet(policy.addresses(entry["to"]) if "to" in entry else EVERYWHERE, without if leaves else ())
        if "interface" in entry:
            self.interfaces = policy.interface_names(entry["interface"])

    def speaks_of_host(self, packet):
        """All but protocol and port."""
        if self.family is not None and packet.version != self.family:
            return False
        if self.source is not None and packet.source not in self.source:
            return False
        if self.target is not None and packet.target not in self.target:
            return False
        if self.interfaces is not None:
            return any(packet.interface.startswith(name[:-1]) if name.endswith("*") else packet.interface == name
                       for name in self.interfaces)
        return True

    def speaks_of_service(self, packet):
        if self.types is not None:
            wanted = (ICMP, self.types[0]) if packet.version == 4 else (ICMPV6, self.types[1])
            return packet.protocol == wanted[0] and packet.port in wanted[1]
        if self.protocols is not None and packet.protocol not in self.protocols:
            return False
        return self.ports is None or any(first <= packet.port <= last for first, last in self.ports)

    def speaks_of(self, packet, world):
        return self.in_force(world) and self.covers(packet)

    def covers(self, packet):
        return self.speaks_of_service(packet) and self.speaks_of_host(packet)

    def in_force(self, world):
        return self.until is None or world.now < self.until

    def allows(self, world):
        return not self.conditions & world.lacking

    @property
    def of_unit(self):
        return any(condition[0] == "unit" for condition in self.conditions)

    def counts_as(self, key):
        """What its meters are called after, when it is the first line of that name that has any."""
        way = ["out"] if self.leaves else []
        if self.types is not None:
            return "_".join(way + ["icmp_%d" % min(self.types[0] or self.types[1])])
        return "_".join(way + [key.replace("+", "_")] + (["%d" % min(first for first, _ in self.ports)] if self.ports else []))


def rows_of_items(node):
    """The line in which each item of a document's sections stands, in the order of the file."""
    for key, value in node.value:
        if key.value == "outbound":
            yield from rows_of_items(value)
        elif key.value in ("allow", "block") and isinstance(value, yaml.MappingNode):
            for protocol, lines in value.value:
                items = lines.value if isinstance(lines, yaml.SequenceNode) else [lines]
                for item in items:
                    absent = isinstance(item, yaml.ScalarNode) and item.tag.endswith(":null")
                    yield (protocol if absent else item).start_mark.line + 1


def join(doc, more, count=0):
    """What `more` says is added to doc: sections by their protocols, everything else is said once. The items of sections are
    numbered in the order of the files: how many there are now."""
    for key, value in more.items():
        if key == "outbound":
            count = join(doc.setdefault(key, {}), value, count)
        elif key in ("allow", "block"):
            section = doc.setdefault(key, {})
            for protocol, lines in (value or {}).items():
                for item in [{}] if lines is None else listed(lines):
                    section.setdefault(protocol, []).append((count, item))
                    count += 1
        elif isinstance(value, dict):
            doc.setdefault(key, {}).update(value)
        else:
            doc[key] = value
    return count


class Policy:
    def __init__(self, path):
        self.folder = os.path.dirname(path)
        self.doc = {}
        self.places = []                      # (file, line) of each item
        for name in [path] + self.included(path):
            with open(name, encoding="utf-8") as file:
                text = file.read()
            join(self.doc, yaml.safe_load(text), len(self.places))
            self.places += [(name, row) for row in rows_of_items(yaml.compose(text))]
        self.default = {"drop": "drop", "reject": "reject", "accept": "accept"}[self.doc.get("default", "drop")]
        self.baseline = {part: self.doc.get("baseline", {}).get(part, True) for part in BASELINE}
        refusal = "drop" if self.default == "accept" else self.default
        self.allow = self.section("allow", "accept")
        self.block = self.section("block", refusal)
        outbound = self.doc.get("outbound", {})
        self.out_default = outbound.get("default", "accept")
        refusal = "drop" if self.out_default == "accept" else self.out_default
        self.out_allow = self.section("allow", "accept", outbound)
        self.out_block = self.section("block", refusal, outbound)

    @staticmethod
    def included(path):
        with open(path, encoding="utf-8") as file:
            patterns = listed(yaml.safe_load(file).get("include", []))
        return [name for pattern in patterns for name in sorted(glob.glob(os.path.join(os.path.dirname(path), pattern)))]

    def addresses(self, value):
        spans = []
        for item in listed(value):
            if isinstance(item, dict):
                with open(os.path.join(self.folder, item["file"]), encoding="utf-8") as file:
                    rows = (row.split("#")[0].strip() for row in file)
                    spans += [address_span(row) for row in rows if row]
            elif item in self.doc.get("groups", {}):
                spans += self.addresses(self.doc["groups"][item])
            else:
                spans.append(address_span(item))
        return spans

    def interface_names(self, value):
        names = []
        for item in listed(value):
            named = self.doc.get("interfaces", {})
            names += listed(named[item]) if item in named else [item]
        return names

    def port_spans(self, value, protocol):
        spans = []
        for item in listed(value):
            if isinstance(item, int):
                spans.append((item, item))
            elif item in self.doc.get("services", {}):
                spans += self.port_spans(self.doc["services"][item][protocol], protocol)
            elif item in SERVICES:
                spans.append((SERVICES[item][protocol],) * 2)
            else:
                first, last = item.split("-")
                spans.append((int(first), int(last)))
        return spans

    @staticmethod
    def icmp_types(value):
        types = (set(), set())
        for item in listed(value):
            for family in (0, 1):
                found = ICMP_TYPES[item][family] if isinstance(item, str) else item
                if found is not None:
                    types[family].add(found)
        return types

    def section(self, name, answer, outbound=None):
        lines = []
        more = {"policy": self, "leaves": outbound is not None}
        counted = collections.Counter()
        for key, value in ((self.doc if outbound is None else outbound).get(name) or {}).items():
            for number, item in value:
                more["number"] = number
                before = len(lines)
                entry = item if isinstance(item, dict) else {"type" if key == "icmp" else "port": item}
                given = entry.get("answer", answer)
                if key == "any":
                    lines.append(Line(given, None, entry=entry, **more))
                elif key == "icmp":
                    lines.append(Line(given, None, types=self.icmp_types(entry["type"]), entry=entry, **more))
                elif all(part in PORT_PROTOCOLS for part in key.split("+")):
                    for part in key.split("+"):
                        lines.append(Line(given, {PORT_PROTOCOLS[part]}, self.port_spans(entry["port"], part),
                                          entry=entry, **more))
                else:
                    protocol = PORTLESS_PROTOCOLS[key] if key in PORTLESS_PROTOCOLS else int(key)
                    lines.append(Line(given, {protocol}, entry=entry, **more))
                if lines[before].metered:     # one for all of the item
                    base = lines[before].counts_as(key)
                    counted[base] += 1
                    meter = ("meter", base + ("_%d" % counted[base] if counted[base] > 1 else ""), lines[before].limits)
                    for line in lines[before:]:
                        line.conditions.add(meter)
        return lines

    def baseline_accepts(self, packet):
        on = self.baseline
        if on["loopback"] and packet.interface == "lo":
            return True
        if packet.version == 4 and packet.protocol == ICMP:
            return (on["icmp-errors"] and packet.port in ICMP_ERRORS[0]) or (on["ping"] and packet.port == 8)
        if packet.version == 6 and packet.protocol == ICMPV6:
            return ((on["icmp-errors"] and packet.port in ICMP_ERRORS[1]) or (on["ping"] and packet.port == 128)
                    or (on["neighbour-discovery"] and packet.port in NEIGHBOUR_DISCOVERY))
        if packet.published:
            return False
        if packet.leaves:
            return (on["dhcpv6-client"] and packet.version == 6 and packet.protocol == UDP and packet.port == 547
                    and packet.source in LINK_LOCAL and (packet.target in LINK_LOCAL or packet.target == DHCPV6_SERVERS))
        return (on["dhcpv6-client"] and packet.version == 6 and packet.protocol == UDP and packet.port == 546
                and packet.target in LINK_LOCAL)

    def decide(self, packet, world):
        """accept, drop or reject; and the lines that decide it: None for what is not said by lines, [] for the default."""
        if packet.leaves and not self.doc.get("outbound"):
            return "accept", None
        if packet.published and self.doc.get("published") == "ignore":
            return "accept", None
        if self.baseline_accepts(packet):
            return "accept", None
        allow, block, default = ((self.out_allow, self.out_block, self.out_default) if packet.leaves
                                 else (self.allow, self.block, self.default))
        block = [line for line in block if line.speaks_of(packet, world)]
        allow = [line for line in allow if line.speaks_of(packet, world) and not (packet.published and line.of_unit)]
        for answer in ("drop", "reject"):
            refusing = [line for line in block if line.answer == answer]
            if refusing:
                return answer, refusing
        allowing = [line for line in allow if line.allows(world)]
        if allowing:
            return "accept", allowing
        if allow:    # beyond what they allow
            return "reject" if default == "reject" else "drop", allow
        return default, []

    def verdict(self, packet, world=None):
        return self.decide(packet, world or World())[0]

    def logged(self, packet, world=None):
        """How the packet is logged: (label, rate, group), None: it is not. Meters are asked last: what is allowed without
        them is not theirs, and the first that allows is the only one that is asked."""
        verdict, lines = self.decide(packet, world or World())
        if lines is None:
            return None
        if not lines:
            if verdict == "accept" or "log-blocked" not in self.doc:
                return None
            value = self.doc["log-blocked"]
            return logging(value if isinstance(value, dict) else {"rate": value})
        lines = sorted(lines, key=lambda line: line.number)
        if verdict == "accept":
            lines = [line for line in lines if not line.metered] or lines[:1]
        return next((line.log for line in lines if line.log is not None), None)

    def hangs_on(self, packet):
        """Conditions, and times at which something ends."""
        lines = [line for line in (self.out_allow + self.out_block if packet.leaves else self.allow + self.block) if line.covers(packet)]
        return {condition for line in lines for condition in line.conditions}, {line.until for line in lines if line.until is not None}

    def meaning(self, packet, worlds):
        """What becomes of the packet in each world, and how it is logged."""
        return [(self.verdict(packet, world), self.logged(packet, world)) for world in worlds]

    def verdicts(self, protocol, source, target, interface, world=None):
        """The verdicts on all ports 0-65535 of a protocol with ports: later strokes paint over earlier ones, so they
        come in the order of their weight, the lightest first."""
        codes = {"accept": 0, "drop": 1, "reject": 2}
        probe = Packet(protocol, None, source, target, interface)
        painted = bytearray([codes[self.default]]) * 65536
        world = world or World()
        allow, block = ([line for line in lines if line.in_force(world)] for lines in (self.allow, self.block))
        strokes = [(line, "reject" if self.default == "reject" else "drop") for line in allow if not line.allows(world)]
        strokes += [(line, "accept") for line in allow if line.allows(world)]
        strokes += [(line, "reject") for line in block if line.answer == "reject"]
        strokes += [(line, "drop") for line in block if line.answer == "drop"]
        for line, answer in strokes:
            if line.types is None and (line.protocols is None or protocol in line.protocols) and line.speaks_of_host(probe):
                for first, last in [(0, 65535)] if line.ports is None else line.ports:
                    painted[first:last + 1] = bytes([codes[answer]]) * (last - first + 1)
        for port in (range(65536) if interface == "lo" else (546,)):
            if self.baseline_accepts(Packet(protocol, port, source, target, interface)):
                painted[port] = codes["accept"]
        return painted

    def walk(self, protocol, source, target, interface, buckets):
        """The verdicts on a packet to each port, one behind the other, which count: buckets has what is left of each limit. Limits
        are asked in the order of their lines, of a peer or in all, and must be too slow to fill meanwhile."""
        conditions = {condition for line in self.allow for condition in line.conditions}
        painted = self.verdicts(protocol, source, target, interface)
        without = self.verdicts(protocol, source, target, interface, World(lacking=conditions))
        peer = str(source) if source.version == 4 else str(ipaddress.ip_network((source, 64), strict=False))
        for port in range(65536):
            if painted[port] == without[port]:
                continue
            packet = Packet(protocol, port, source, target, interface)
            _, lines = self.decide(packet, World())
            for line in sorted(lines, key=lambda line: line.number):
                (_, name, (limit, _)), = line.conditions
                bucket = name, peer if "per" in limit else None
                if buckets.setdefault(bucket, int(limit.split("/")[0])):
                    buckets[bucket] -= 1
                    break
            else:
                painted[port] = without[port]
        return painted
