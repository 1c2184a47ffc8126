# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lockout guard takes for granted: neighbour discovery and connection tracking, routes, flags of interfaces, and
the sockets of the kernel. Runs in a network namespace of its own. TAP."""
import fcntl
import json
import re
import socket
import struct
import subprocess
import time

SIOCGIFFLAGS = 0x8913
IFF_UP, IFF_NOARP = 1, 0x80


def run(*command, text=None):
    return subprocess.run(command, input=text, text=True, capture_output=True, check=True).stdout


def add_link(name):
    run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p")
    for end in name, name + "p":
        run("ip", "link", "set", end, "up")


def count(name):
    listed = json.loads(run("nft", "-j", "list", "counter", "inet", "t", name))
    return next(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)


def neighbour_discovery_is_untracked():
    """conntrack calls solicitations of neighbours untracked, neither new nor established"""
    run("nft", "-f", "-", text="""table inet t {
        counter untracked { }
        counter other { }
        chain output {
            type filter hook output priority 0
            icmpv6 type nd-neighbor-solicit ct state untracked counter name untracked accept
            icmpv6 type nd-neighbor-solicit counter name other
        }
    }""")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"x", ("fd09::2", 9))
    end = time.monotonic() + 10
    while not count("untracked") and time.monotonic() < end:
        time.sleep(0.05)
    assert (count("untracked") > 0, count("other")) == (True, 0), (count("untracked"), count("other"))


def flags_by_any_socket():
    """a Unix socket tells an interface's flags as well as one of the internet"""
    add_link("noarp0")
    run("ip", "link", "set", "noarp0", "arp", "off")
    flags = {}
    for family in socket.AF_UNIX, socket.AF_INET:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            answer = fcntl.ioctl(asked, SIOCGIFFLAGS, struct.pack("16sH22x", b"noarp0", 0))
        flags[family] = struct.unpack("16sH22x", answer)[1]
    assert flags[socket.AF_UNIX] == flags[socket.AF_INET], flags
    assert flags[socket.AF_UNIX] & (IFF_UP | IFF_NOARP) == IFF_UP | IFF_NOARP, flags


def route_of_the_replies():
    """the route is asked for by both ends and by ports, as rules may look at them"""
    run("ip", "route", "add", "203.0.113.0/24", "dev", "d0", "table", "77")
    run("ip", "rule", "add", "from", "10.9.0.1", "ipproto", "tcp", "sport", "22", "lookup", "77")
    run("ip", "route", "add", "203.0.113.0/24", "dev", "d1")
    asked = ["ip", "route", "get", "203.0.113.7", "from", "10.9.0.1", "ipproto", "tcp", "dport", "5000", "sport"]
    assert " dev d0 " in run(*asked, "22"), run(*asked, "22")
    assert " dev d1 " in run(*asked, "23"), run(*asked, "23")


def sockets_of_the_kernel():
    """a tunnel's UDP socket is in the dump, and no process holds it"""
    run("ip", "link", "add", "vx0", "type", "vxlan", "id", "5", "dstport", "4789", "local", "10.9.0.1")
    run("ip", "link", "set", "vx0", "up")
    listed = run("ss", "-Hulnp")
    assert re.search(r":4789\s", listed) and "users:" not in listed, listed


FACTS = [neighbour_discovery_is_untracked, flags_by_any_socket, route_of_the_replies, sockets_of_the_kernel]


def main():
    failed = 0
    run("ip", "link", "set", "lo", "up")
    for name, address in ("d0", "10.9.0.1/24"), ("d1", "10.8.0.1/24"):
        add_link(name)
        run("ip", "addr", "add", address, "dev", name)
    run("ip", "addr", "add", "fd09::1/64", "dev", "d0", "nodad")
    print(f"1..{len(FACTS)}")
    for number, fact in enumerate(FACTS, 1):
        name = " ".join(fact.__doc__.split())
        try:
            fact()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # one fact that does not hold is not to hide the others
            failed += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
