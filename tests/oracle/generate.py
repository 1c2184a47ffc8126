# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies that are valid, and packets at their edges. The same seed gives the same policy."""
import ipaddress
import os
import random

import yaml

import oracle

INTERFACES = ("eth0", "eth1", "wg0", "br-lan", "lo")
POOLS4 = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.0.0.0/8")
UNITS = ("nginx.service", "app@one.service", "build-7.scope")
OVER = ("2001-02-03T04:05Z", "2020-02-29T23:59:59+01:00")
AHEAD = ("2099-12-31T18:00Z", "2170-06-01T00:00:30-05:00")
POOLS6 = ("2001:db8::/32", "2001:db8:10::/48", "fd00::/8", "fe80::/10")


class Dumper(yaml.SafeDumper):
    """No anchors and aliases: the policy language refuses them."""

    def ignore_aliases(self, data):
        return True


class Generator:
    def __init__(self, seed, real_packets=False, over=True):
        self.random = random.Random(seed)
        self.real_packets = real_packets      # only what can be sent for real in a test
        self.over = over                      # lines may be over
        self.labels = 0
        self.doc = {}
        self.files = {}

    def some(self, most, make):
        return [make() for _ in range(self.random.randint(1, most))]

    def chance(self, share):
        return self.random.random() < share

    def address(self):
        rng = self.random
        pool = ipaddress.ip_network(rng.choice(POOLS4 if self.chance(0.6) else POOLS6))
        if self.chance(0.03):
            return "0.0.0.0/0" if pool.version == 4 else "::/0"
        length = rng.randint(pool.prefixlen, pool.max_prefixlen)
        value = int(pool.network_address) + rng.getrandbits(pool.max_prefixlen - pool.prefixlen)
        if self.chance(0.2):
            value = int(pool.network_address) + rng.choice((0, 1, 2, 7, 8, 66))
        if self.chance(0.2):
            other = min(value + rng.randint(0, 300), int(pool.broadcast_address))
            return "%s-%s" % (ipaddress.ip_address(value), ipaddress.ip_address(other))
        size = pool.max_prefixlen - length
        network = ipaddress.ip_network((value >> size << size, length))
        return str(network.network_address) if size == 0 else str(network)

    def addresses(self):
        names = sorted(self.doc.get("groups", {}))
        return self.some(4, lambda: self.random.choice(names) if names and self.chance(0.4) else self.address())

    def port(self, protocol):
        rng = self.random
        kind = rng.random()
        if kind < 0.5:
            return rng.choice((1, 22, 23, 80, 443, 546, 5432, 8080, 65534, 65535, rng.randint(1, 65535)))
        if kind < 0.8:
            first = rng.choice((1, 20, 8000, 1024, 32768, rng.randint(1, 65535)))
            return "%d-%d" % (first, min(65535, first + rng.choice((1, 2, 10, 99, 1000, 30000, 65535))))
        names = [name for name, ports in oracle.SERVICES.items() if all(part in ports for part in protocol.split("+"))]
        names += [name for name, ports in self.doc.get("services", {}).items()
                  if all(part in ports for part in protocol.split("+"))]
        return rng.choice(sorted(names)) if names else rng.randint(1, 65535)

    def icmp_type(self):
        return self.random.choice(sorted(oracle.ICMP_TYPES)) if self.chance(0.6) else self.random.randint(0, 255)

    def constraints(self, entry):
        if self.chance(0.6):
            entry["from"] = self.addresses()
        if self.chance(0.25):
            entry["except"] = self.addresses()
        if self.chance(0.2):
            entry["to"] = self.addresses()
        if self.chance(0.25):
            entry["interface"] = self.interface()
        if self.chance(0.15):
            entry["family"] = self.random.choice(("ipv4", "ipv6"))
        if self.chance(0.1):
            entry["comment"] = "note %d" % self.random.randint(1, 9)
        return entry

    def interface(self):
        names = sorted(self.doc.get("interfaces", {}))
        one = lambda: self.random.choice(names) if names and self.chance(0.4) else self.interface_name()
        return one() if self.chance(0.6) else self.some(3, one)

    def interface_name(self):
        name = self.random.choice(INTERFACES)
        return name[:self.random.randint(1, len(name))] + "*" if self.chance(0.25) else name

    def rate(self):
        return "%d/%s" % (self.random.choice((1, 3, 20, 100, 1000, 1000000)), self.random.choice(("second", "minute", "hour", "day")))

    def conditions(self, entry, key, section, leaves):
        """What holds for a while, for some, so often."""
        peer = " per destination" if leaves else " per source"
        if self.chance(0.2):
            entry["until"] = self.random.choice(AHEAD + OVER if self.over else AHEAD)
        if self.chance(0.2):
            self.labels += 1
            label = "label%d" % self.labels
            entry["log"] = label if self.chance(0.6) else {"label": label, "rate": self.rate(), "group": self.random.randint(0, 9)}
        if section == "block":
            return
        if self.real_packets:    # what does not fill again while it is tested
            if self.chance(0.4):
                entry["limit"] = "%d/day%s" % (self.random.choice((1, 3, 20, 100)), self.random.choice(("", peer)))
            return
        if self.chance(0.25):
            entry["limit"] = self.rate() + (peer if self.chance(0.5) else "")
        if self.chance(0.15):
            number = self.random.choice((1, 5, 50, 1000000))
            entry["connections"] = str(number) + peer if self.chance(0.5) else number
        if self.chance(0.2) and set(key.split("+")) <= {"tcp", "udp"}:
            entry["unit"] = self.random.choice(UNITS)

    def entry(self, key, section, leaves):
        entry = {}
        if key == "icmp":
            one = self.icmp_type
        else:
            one = lambda: self.port(key)
        if key == "icmp" or all(part in oracle.PORT_PROTOCOLS for part in key.split("+")):
            if self.chance(0.4):
                return one()
            entry["type" if key == "icmp" else "port"] = one() if self.chance(0.6) else self.some(4, one)
        self.constraints(entry)
        self.conditions(entry, key, section, leaves)
        if section == "block" and self.chance(0.3):
            entry["answer"] = self.random.choice(("drop", "reject"))
        if key == "any" and not set(entry) & {"from", "except", "to", "interface", "family"}:
            entry["from"] = self.addresses()
        return entry

    def section(self, section, leaves=False):
        keys = ["tcp", "udp", "tcp+udp", "tcp", "udp", "icmp", "sctp", "esp", "gre", "any"]
        if self.real_packets:
            keys = ["tcp", "udp", "tcp+udp", "tcp", "udp", "any", "icmp"]
        block = {}
        for key in self.some(5, lambda: self.random.choice(keys)):
            if key in oracle.PORTLESS_PROTOCOLS and self.chance(0.4):
                block[key] = None
                continue
            entries = self.some(2 if key == "any" else 5, lambda: self.entry(key, section, leaves))
            entries = [item for item in entries if self.possible(key, item, section, leaves)]
            if entries:
                block[key] = entries[0] if len(entries) == 1 and self.chance(0.5) else entries
        return block

    def possible(self, key, entry, section, leaves):
        """A line that no packet can match is refused when a policy is read: leave it out."""
        if not isinstance(entry, dict):
            return True
        lines = {"allow": {}, "block": {}, section: {key: [entry]}}
        probe = Prober({**self.doc, "allow": {}, "block": {}, "outbound": lines} if leaves else {**self.doc, **lines}, self.files)
        line = (probe.allow + probe.block + probe.out_allow + probe.out_block)[0]
        versions = [version for version in (4, 6) if line.family in (None, version)]
        if line.types is not None:
            versions = [version for version in versions if line.types[0 if version == 4 else 1]]
        for version in versions:
            if line.source is not None and not not_empty(line.source, version):
                continue
            if line.target is not None and not not_empty(line.target, version):
                continue
            return True
        return False

    def policy(self):
        rng = self.random
        doc = self.doc
        if self.chance(0.5):
            doc["version"] = 1
        if self.chance(0.6):
            doc["default"] = rng.choice(("drop", "drop", "reject", "accept"))
        if self.chance(0.7):
            for index in range(rng.randint(1, 4)):
                value = self.addresses()
                if self.chance(0.15):
                    name = "list%d.txt" % index
                    rows = sorted({self.address() for _ in range(rng.randint(1, 30))})
                    self.files[name] = "# addresses\n" + "\n".join(rows) + "\n"
                    value = {"file": name}
                doc.setdefault("groups", {})["group%d" % index] = value
        if self.chance(0.3):
            doc["interfaces"] = {"lan": self.some(3, self.interface_name), "vpn": "wg0"}
        if self.chance(0.3):
            doc["services"] = {"metrics": {"tcp": [9100, 9256]}, "mosh": {"udp": "60000-61000", "tcp": 22}}
        for section, share in (("allow", 0.95), ("block", 0.6)):
            found = self.section(section) if self.chance(share) else None
            if found:
                doc[section] = found
        if self.chance(0.4) and not self.real_packets:
            outbound = {"default": rng.choice(("drop", "reject", "accept"))} if self.chance(0.7) else {}
            for section in ("allow", "block"):
                found = self.section(section, leaves=True) if self.chance(0.7) else None
                if found:
                    outbound[section] = found
            if outbound:
                doc["outbound"] = outbound
        if self.chance(0.6):
            doc["published"] = "enforce" if self.chance(0.7) else "ignore"
        if self.chance(0.3):
            doc["log-blocked"] = self.rate() if self.chance(0.5) else {"rate": self.rate(), "group": rng.randint(0, 9)}
        if self.chance(0.4):
            parts = rng.sample(oracle.BASELINE, rng.randint(1, 4))
            doc["baseline"] = {part: self.chance(0.3) for part in parts}
        doc.setdefault("name", "generated")
        return doc

    def take(self, section):
        """Takes lines out of a section: those of some protocols, or some of a protocol's."""
        taken = {}
        for key in list(section):
            lines = section[key]
            if isinstance(lines, list) and len(lines) > 1 and self.chance(0.5):
                cut = self.random.randint(1, len(lines) - 1)
                section[key], taken[key] = lines[:cut], lines[cut:]
            elif len(section) > 1 and self.chance(0.5):
                taken[key] = section.pop(key)
        return taken

    def split(self, doc):
        """Takes parts of the policy out, for another file."""
        more = {}
        for source, target in ((doc, more), (doc.get("outbound", {}), more.setdefault("outbound", {}))):
            for name in ("allow", "block"):
                taken = self.take(source.get(name, {}))
                if taken:
                    target[name] = taken
        if not more["outbound"]:
            del more["outbound"]
        for name in ("groups", "interfaces", "services", "baseline"):
            if name in doc and self.chance(0.3) and not self.files:
                more[name] = doc.pop(name)
        return more

    def write(self, folder):
        """Writes the policy and its lists; the policy's path."""
        doc = self.policy()
        if self.chance(0.3):
            more = [part for part in (self.split(doc), self.split(doc)) if part]
            os.mkdir(os.path.join(folder, "policy.d"))
            for index, part in enumerate(more):
                with open(os.path.join(folder, "policy.d", "%d.yaml" % index), "w", encoding="utf-8") as file:
                    yaml.dump(part, file, Dumper=Dumper, sort_keys=False, width=1000)
            if more:
                doc["include"] = "policy.d/*.yaml"
        for name, text in self.files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        path = os.path.join(folder, "policy.yaml")
        with open(path, "w", encoding="utf-8") as file:
            yaml.dump(doc, file, Dumper=Dumper, sort_keys=False, width=1000,
                      default_flow_style=self.random.choice((None, False)))
        return path


class Prober(oracle.Policy):
    """The oracle on a document in memory."""

    def __init__(self, doc, files):  # pylint: disable=super-init-not-called
        self.doc, self.files, self.folder = {}, files, ""
        oracle.join(self.doc, doc)
        self.default = "drop"
        self.allow, self.block = self.section("allow", "accept"), self.section("block", "drop")
        outbound = self.doc.get("outbound", {})
        self.out_allow, self.out_block = (self.section(name, "accept", outbound) for name in ("allow", "block"))

    def addresses(self, value):
        spans = []
        for item in oracle.listed(value):
            if isinstance(item, dict):
                rows = self.files[item["file"]].splitlines()[1:]
                spans += [oracle.address_span(row) for row in rows]
            elif item in self.doc.get("groups", {}):
                spans += self.addresses(self.doc["groups"][item])
            else:
                spans.append(oracle.address_span(item))
        return spans


def not_empty(addresses, version):
    """Whether a set holds an address of the family: if it does, a span's first address or the one behind a hole does."""
    points = [first for kind, first, _ in addresses.spans if kind == version]
    points += [last + 1 for kind, _, last in addresses.without if kind == version and last < 2**(32 if version == 4 else 128) - 1]
    make = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return any(make(point) in addresses for point in points)


def edges(spans, low, high):
    """The ends of spans and what lies beside them."""
    found = set()
    for first, last in spans:
        found |= {value for value in (first - 1, first, first + 1, last - 1, last, last + 1) if low <= value <= high}
    return found


class Packets:
    """Packets at the edges of a policy's lines, and random ones."""

    def __init__(self, policy, rng):
        self.random = rng
        lines = policy.allow + policy.block + policy.out_allow + policy.out_block
        self.leaving = 0.5 if "outbound" in policy.doc else 0.02
        self.ports = sorted(edges([span for line in lines for span in line.ports or []] + [(546, 546), (1, 65535)], 0, 65535))
        self.types = sorted({8, 128, 0, 3, 255} | {kind for line in lines if line.types for both in line.types for kind in both})
        sides = [side for line in lines for side in (line.source, line.target) if side is not None]
        self.values = {}
        for version, top in ((4, 2**32 - 1), (6, 2**128 - 1)):
            spans = [(first, last) for side in sides for kind, first, last in side.spans + side.without if kind == version]
            self.values[version] = sorted(edges(spans, 0, top)) or [1]
        self.protocols = sorted({number for line in lines if line.protocols for number in line.protocols} | {6, 17})
        names = {name for line in lines for name in line.interfaces or []}
        self.interfaces = sorted({name.replace("*", "") or "x" for name in names} | {name.replace("*", "7") for name in names}
                                 | set(INTERFACES))

    def address(self, version):
        rng = self.random
        if rng.random() < 0.8:
            value = rng.choice(self.values[version])
        elif version == 6:
            value = int(ipaddress.ip_network(rng.choice(POOLS6)).network_address) + rng.getrandbits(64)
        else:
            value = rng.getrandbits(32)
        return ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value)

    def one(self):
        rng = self.random
        version = rng.choice((4, 6))
        protocol = rng.choice(self.protocols + [oracle.ICMP if version == 4 else oracle.ICMPV6])
        if protocol in (oracle.ICMP, oracle.ICMPV6):
            port = rng.choice(self.types) if rng.random() < 0.7 else rng.randint(0, 255)
        elif protocol in oracle.PORT_PROTOCOLS.values():
            port = rng.choice(self.ports) if rng.random() < 0.8 else rng.randint(0, 65535)
        else:
            port = None
        packet = oracle.Packet(protocol, port, self.address(version), self.address(version), rng.choice(self.interfaces),
                               rng.random() < self.leaving)
        packet.published = not packet.leaves and rng.random() < 0.3
        return packet
