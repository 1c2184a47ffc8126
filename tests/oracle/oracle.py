# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow and obvious reading of the policy language: what happens to the first packet of a connection, inbound or outbound.

It was written from the description of the language alone and shares nothing with the program: YAML by python3-yaml,
addresses by the ipaddress module, every line tried for every packet."""
import glob
import ipaddress
import os

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
    comes in or, when it leaves, where it goes out."""

    __slots__ = ("protocol", "port", "source", "target", "interface", "leaves")

    def __init__(self, protocol, port, source, target, interface, leaves=False):
        self.protocol, self.port, self.source, self.target = protocol, port, source, target
        self.interface, self.leaves = interface, leaves

    @property
    def version(self):
        return self.source.version


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


EVERYWHERE = [(4, 0, 2**32 - 1), (6, 0, 2**128 - 1)]


class Line:
    def __init__(self, answer, protocols, ports=None, types=None, entry=None, policy=None, leaves=False):
        entry = entry or {}
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

    def speaks_of(self, packet):
        return self.speaks_of_service(packet) and self.speaks_of_host(packet)


def join(doc, more):
    """What `more` says is added to doc: sections by their protocols, everything else is said once."""
    for key, value in more.items():
        if key == "outbound":
            join(doc.setdefault(key, {}), value)
        elif key in ("allow", "block"):
            section = doc.setdefault(key, {})
            for protocol, lines in value.items():
                lines = [{}] if lines is None else listed(lines)
                section[protocol] = section.get(protocol, []) + lines
        elif isinstance(value, dict):
            doc.setdefault(key, {}).update(value)
        else:
            doc[key] = value


class Policy:
    def __init__(self, path):
        self.folder = os.path.dirname(path)
        self.doc = {}
        for name in [path] + self.included(path):
            with open(name, encoding="utf-8") as file:
                join(self.doc, yaml.safe_load(file))
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
        for key, value in ((self.doc if outbound is None else outbound).get(name) or {}).items():
            for item in [{}] if value is None else listed(value):
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
                    number = PORTLESS_PROTOCOLS[key] if key in PORTLESS_PROTOCOLS else int(key)
                    lines.append(Line(given, {number}, entry=entry, **more))
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
        if packet.leaves:
            return (on["dhcpv6-client"] and packet.version == 6 and packet.protocol == UDP and packet.port == 547
                    and packet.source in LINK_LOCAL and (packet.target in LINK_LOCAL or packet.target == DHCPV6_SERVERS))
        return (on["dhcpv6-client"] and packet.version == 6 and packet.protocol == UDP and packet.port == 546
                and packet.source in LINK_LOCAL and packet.target in LINK_LOCAL)

    def verdict(self, packet):
        """accept, drop or reject."""
        if packet.leaves and not self.doc.get("outbound"):
            return "accept"
        if self.baseline_accepts(packet):
            return "accept"
        allow, block, default = ((self.out_allow, self.out_block, self.out_default) if packet.leaves
                                 else (self.allow, self.block, self.default))
        refusals = {line.answer for line in block if line.speaks_of(packet)}
        if refusals:
            return "drop" if "drop" in refusals else "reject"
        if any(line.speaks_of(packet) for line in allow):
            return "accept"
        return default

    def verdicts(self, protocol, source, target, interface):
        """The verdicts on all ports 0-65535 of a protocol with ports: later strokes paint over earlier ones, so they
        come in the order of their weight, the lightest first."""
        codes = {"accept": 0, "drop": 1, "reject": 2}
        probe = Packet(protocol, None, source, target, interface)
        painted = bytearray([codes[self.default]]) * 65536
        strokes = [(line, "accept") for line in self.allow]
        strokes += [(line, "reject") for line in self.block if line.answer == "reject"]
        strokes += [(line, "drop") for line in self.block if line.answer == "drop"]
        for line, answer in strokes:
            if line.types is None and (line.protocols is None or protocol in line.protocols) and line.speaks_of_host(probe):
                for first, last in [(0, 65535)] if line.ports is None else line.ports:
                    painted[first:last + 1] = bytes([codes[answer]]) * (last - first + 1)
        for port in (range(65536) if interface == "lo" else (546,)):
            if self.baseline_accepts(Packet(protocol, port, source, target, interface)):
                painted[port] = codes["accept"]
        return painted
