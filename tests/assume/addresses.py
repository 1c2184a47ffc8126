# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses a packet from the wire may have when it reaches the input hook. Frames are written by hand to one end
of a veth pair, and rules at the other end count what gets to the input hook. Runs in a network namespace of its own.
TAP."""
import ipaddress
import json
import socket
import struct
import subprocess
import time

TRIED, CERTAIN = 7000, 7001  # ports: of the packet in question, and of one that is certainly taken
HARDWARE = bytes.fromhex("020000000002")  # of adr1


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff or 0xffff


def frame(source, target, port):
    """An Ethernet frame with a UDP datagram between the addresses."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    length = 9
    pseudo = source.packed + target.packed + struct.pack("!HBBH", 0, 0, 17, length)
    udp = struct.pack("!HHHH", 7002, port, length, 0) + b"x"
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]
    if source.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + source.packed + target.packed
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        kind = 0x0800
    else:
        head = struct.pack("!IHBB", 6 << 28, length, 17, 64) + source.packed + target.packed
        kind = 0x86dd
    hardware = HARDWARE
    if target.is_multicast:
        hardware = b"\x01\0\x5e" + target.packed[1:] if target.version == 4 else b"\x33\x33" + target.packed[-4:]
    elif str(target) == "255.255.255.255":
        hardware = b"\xff" * 6
    return hardware + b"\x02\0\0\0\0\x01" + struct.pack("!H", kind) + head + udp


def set_up():
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "adr0", "type", "veth", "peer", "name", "adr1", "address", "02:00:00:00:00:02")
    for name in ("all", "adr1"):
        run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    run("sysctl", "-qw", "net.ipv6.conf.adr0.disable_ipv6=1")
    run("ip", "addr", "add", "192.0.2.2/24", "dev", "adr1")
    run("ip", "addr", "add", "2001:db8::2/64", "dev", "adr1", "nodad")
    for name in ("adr0", "adr1"):
        run("ip", "link", "set", name, "up")
    run("ip", "route", "add", "default", "dev", "adr1")
    run("ip", "-6", "route", "add", "default", "dev", "adr1")
    rules = ("table inet t {\nchain input {\ntype filter hook input priority 0; policy accept;\n"
             f"iifname adr1 udp dport {TRIED} counter\niifname adr1 udp dport {CERTAIN} counter\n}}\n}}\n")
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def counted():
    """Packets that reached the input hook: to the ports TRIED and CERTAIN."""
    listed = subprocess.run(["nft", "-j", "list", "chain", "inet", "t", "input"], check=True, capture_output=True, text=True)
    return [part["counter"]["packets"] for item in json.loads(listed.stdout)["nftables"]
            for part in item.get("rule", {}).get("expr", []) if "counter" in part]


def waits(what, seconds):
    """Whether it comes true in that time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def certain(wire, version):
    """Sends a packet that is certainly taken, until it is: a link passes nothing for a moment after it is up."""
    before = counted()[1]

    def passes():
        wire.send(frame(*(("198.51.100.7", "192.0.2.2") if version == 4 else ("2001:db8:1::7", "2001:db8::2")), CERTAIN))
        return waits(lambda: counted()[1] > before, 0.05)

    assert waits(passes, 30), "the link passes nothing"


def arrives(wire, source, target, expected):
    """Whether the packet reaches the input hook. What is expected to gets time; what is not is looked for until a
    packet behind it was counted, and a little longer."""
    before = counted()[0]
    wire.send(frame(source, target, TRIED))
    certain(wire, ipaddress.ip_address(source).version)
    return waits(lambda: counted()[0] > before, 10 if expected else 0.05)


FACTS = [
    ("a source of the whole internet", "198.51.100.7", "192.0.2.2", True),
    ("a link-local source", "169.254.1.1", "192.0.2.2", True),
    ("a source of class E", "240.0.0.1", "192.0.2.2", True),
    ("a multicast source", "224.0.0.1", "192.0.2.2", False),
    ("a multicast source of another scope", "239.1.2.3", "192.0.2.2", False),
    ("the broadcast address as a source", "255.255.255.255", "192.0.2.2", False),
    ("0.0.0.0 as a source to an address of this host", "0.0.0.0", "192.0.2.2", False),
    ("0.0.0.0 as a source to everyone, as a DHCP client sends", "0.0.0.0", "255.255.255.255", True),
    ("another source of 0.0.0.0/8", "0.1.2.3", "192.0.2.2", True),
    ("a loopback source", "127.0.0.1", "192.0.2.2", False),
    ("0.0.0.0 as a destination", "198.51.100.7", "0.0.0.0", False),
    ("a destination of 0.0.0.0/8", "198.51.100.7", "0.1.2.3", False),
    ("a loopback destination", "198.51.100.7", "127.0.0.1", False),
    ("a multicast destination", "198.51.100.7", "224.0.0.1", True),
    ("the broadcast address as a destination", "198.51.100.7", "255.255.255.255", True),
    ("a source of the whole internet, IPv6", "2001:db8:1::7", "2001:db8::2", True),
    ("a link-local source, IPv6", "fe80::7", "2001:db8::2", True),
    (":: as a source", "::", "2001:db8::2", True),
    ("an IPv4-compatible source, IPv6", "::192.0.2.1", "2001:db8::2", True),
    ("a multicast source, IPv6", "ff02::1", "2001:db8::2", False),
    ("a multicast source of another scope, IPv6", "ff0e::1", "2001:db8::2", False),
    ("the loopback address as a source, IPv6", "::1", "2001:db8::2", False),
    (":: as a destination", "2001:db8:1::7", "::", False),
    ("the loopback address as a destination, IPv6", "2001:db8:1::7", "::1", False),
    ("an IPv4-mapped destination of an address that this host has, IPv6", "2001:db8:1::7", "::ffff:192.0.2.2", False),
    ("a multicast destination, IPv6", "2001:db8:1::7", "ff02::1", True),
]


def main():
    set_up()
    failed = 0
    print(f"1..{len(FACTS)}")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("adr0", 0))
        for version in (4, 6):
            certain(wire, version)
        for number, (what, source, target, expected) in enumerate(FACTS, 1):
            good = arrives(wire, source, target, expected) == expected
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {what} {'reaches' if expected else 'does not reach'} the "
                  f"input hook ({source} to {target})")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
