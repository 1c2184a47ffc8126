#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about sock_diag and /proc that the program leans on. It asks the kernel itself and shares nothing with the C code.
Started by sock_diag.sh in a network namespace of its own. TAP."""
import errno
import fcntl
import os
import socket
import struct
import sys

SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLMSG_DONE = 20, 2, 3
DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
TCP, UDP, MPTCP = socket.IPPROTO_TCP, socket.IPPROTO_UDP, 262
ESTABLISHED, SYN_RECV, CLOSE, LISTEN = 1 << 1, 1 << 3, 1 << 7, 1 << 10
MAPPED_LOOPBACK = bytes(10) + b"\xff\xff\x7f\0\0\1"
SKV6ONLY, CGROUP_ID, REQ_PROTOCOL = 11, 21, 3
failed = 0


def result(holds, fact):
    global failed
    failed |= not holds
    print("%s - %s" % ("ok" if holds else "not ok", fact))


def skip(fact, why):
    print("ok - %s # SKIP %s" % (fact, why))


class Row:
    """One inet_diag_msg."""

    def __init__(self, body):
        self.family, self.state = body[0], body[1]
        self.port, self.remote_port = struct.unpack_from(">HH", body, 4)
        self.local, self.remote = body[8:24], body[24:40]
        self.interface, = struct.unpack_from("=I", body, 40)
        self.uid, self.inode = struct.unpack_from("=II", body, 64)
        self.attrs, at = {}, 72
        while at + 4 <= len(body):
            size, kind = struct.unpack_from("=HH", body, at)
            self.attrs[kind] = body[at + 4:at + size]
            at += (size + 3) & ~3


def dump(family, protocol, states, sizes=None):
    """Rows, and what the dump ended with: ('done', code) or ('error', code)."""
    nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
    request = struct.pack("=BBBxI48x", family, protocol if protocol < 256 else 0, 0, states)
    if protocol > 255:
        request += struct.pack("=HHI", 8, REQ_PROTOCOL, protocol)
    nl.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, DUMP, 1, 0) + request)
    rows = []
    while True:
        data = nl.recv(1 << 16)
        if sizes is not None:
            sizes.append(len(data))
        at = 0
        while at < len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            body = data[at + 16:at + size]
            if kind in (NLMSG_DONE, NLMSG_ERROR):
                code = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                return rows, ("done" if kind == NLMSG_DONE else "error", code)
            rows.append(Row(body))
            at += (size + 3) & ~3


def bound(family, kind, address, protocol=0, listen=False, device=None, v6only=None):
    s = socket.socket(family, kind, protocol)
    if v6only is not None:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    if device:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    s.bind(address)
    if listen:
        s.listen()
    return s


def inode(s):
    return os.fstat(s.fileno()).st_ino


def find(rows, s):
    found = [row for row in rows if row.inode == inode(s)]
    return found[0] if len(found) == 1 else None


def loopback_up():
    with socket.socket() as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def handlers():
    _, end = dump(socket.AF_INET, 200, LISTEN)
    result(end == ("done", -errno.ENOENT), "a protocol without handler ends the dump with -ENOENT, not with an error")
    _, end = dump(socket.AF_INET, TCP, LISTEN)
    result(end == ("done", 0), "a dump ends with 0")
    _, end = dump(socket.AF_UNSPEC, TCP, LISTEN)
    result(end[1] == -errno.ENOENT, "families have to be asked for one by one")


def states():
    plain = bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 1001))
    connected = bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 1002))
    connected.connect(("127.0.0.1", 9))
    unbound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute = bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 1003))
    rows, _ = dump(socket.AF_INET, UDP, ESTABLISHED | CLOSE)
    result(find(rows, plain) and find(rows, plain).state == 7, "an unconnected UDP socket is in state 7")
    result(find(rows, connected) and find(rows, connected).state == 1, "a connected UDP socket is in state 1")
    result(not find(rows, unbound), "a UDP socket that was never bound is not listed")
    result(not find(dump(socket.AF_INET, TCP, LISTEN)[0], mute), "a TCP socket that does not listen is not listed")
    for s in (plain, connected, unbound, mute):
        s.close()


def attributes():
    both = bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", 1001), listen=True, v6only=0)
    only = bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", 1002), listen=True, v6only=1)
    device = bound(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 1003), listen=True, device=b"lo")
    rows, _ = dump(socket.AF_INET6, TCP, LISTEN)
    result([find(rows, s).attrs.get(SKV6ONLY) for s in (both, only)] == [b"\0", b"\1"],
           "whether an IPv6 socket takes IPv4 comes unasked")
    rows, _ = dump(socket.AF_INET, TCP, LISTEN)
    result(find(rows, device).interface == 1, "the device that a socket is bound to is in idiag_if")
    fact = "the id of a socket's control group comes unasked, and is the inode of the group's folder"
    group = own_group()
    if group is None:
        skip(fact, "no cgroup v2 here")
    else:
        got = find(rows, device).attrs.get(CGROUP_ID)
        result(got is not None and struct.unpack("=Q", got)[0] == group, fact)
    for s in (both, only, device):
        s.close()


def own_group():
    path = [line[3:] for line in open("/proc/self/cgroup").read().splitlines() if line.startswith("0::")]
    for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if path and os.path.exists(place + path[0] + "/cgroup.controllers"):
            return os.stat(place + path[0]).st_ino
    return None


def multipath():
    fact = "an MPTCP listener is in the dumps of MPTCP and of TCP, with one inode"
    try:
        s = bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 1001), MPTCP, listen=True)
    except OSError:
        skip(fact, "no MPTCP here")
        return
    result(bool(find(dump(socket.AF_INET, MPTCP, LISTEN)[0], s) and find(dump(socket.AF_INET, TCP, LISTEN)[0], s)), fact)
    s.close()


def connected(family, address, protocol=0, defer=False):
    """A listener, the side that it accepted (None when it was not asked to), and the side that connected."""
    listener = bound(family, socket.SOCK_STREAM, address, protocol)
    if defer:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30)
    listener.listen()
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    client.connect(("127.0.0.1", address[1]))
    return listener, None if defer else listener.accept()[0], client


def connections():
    held = connected(socket.AF_INET6, ("::", 3001))
    row = find(dump(socket.AF_INET6, TCP, ESTABLISHED)[0], held[1])
    result(row is not None and row.state == 1 and row.port == 3001 and row.local == row.remote == MAPPED_LOOPBACK,
           "IPv4 through a socket of IPv6 is in the dump of IPv6, with mapped addresses")
    row = find(dump(socket.AF_INET, TCP, ESTABLISHED)[0], held[2])
    result(row is not None and row.remote_port == 3001, "a connection's both ports are told")
    opening = connected(socket.AF_INET, ("127.0.0.1", 3002), defer=True)
    rows = [row for row in dump(socket.AF_INET, TCP, SYN_RECV)[0] if row.port == 3002]
    result([(row.state, row.inode) for row in rows] == [(3, 0)], "a connection that is being opened is in state 3, without an inode")
    fact = "the subflows of an MPTCP connection are in the dump of TCP, with its inode"
    try:
        several = connected(socket.AF_INET, ("127.0.0.1", 3003), MPTCP)
    except OSError:
        skip(fact, "no MPTCP here")
        several = ()
    else:
        rows, _ = dump(socket.AF_INET, TCP, ESTABLISHED)
        result(bool(find(rows, several[1]) and find(rows, several[2])), fact)
    for s in held + opening + several:
        if s:
            s.close()


def chunks():
    many = [bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 2000 + i), listen=True) for i in range(800)]
    sizes = []
    rows, _ = dump(socket.AF_INET, TCP, LISTEN, sizes)
    result(len(rows) == len(many), "a dump of many sockets has them all")
    result(16384 < max(sizes) <= 32768, "a large receive buffer gets pieces of up to 32 KiB (%d)" % max(sizes))
    for s in many:
        s.close()


def descriptors():
    s = socket.socket()
    result(os.readlink("/proc/self/fd/%d" % s.fileno()) == "socket:[%d]" % inode(s),
           "a descriptor of a socket links to its inode")
    size = os.stat("/proc/self/fd").st_size
    count = len(os.listdir("/proc/self/fd")) - 1  # without the one that the listing itself opens
    result(size in (0, count), "the size of /proc/PID/fd is the number of descriptors, or 0 before Linux 6.2 (%d)" % size)
    s.close()


loopback_up()
handlers()
states()
attributes()
multipath()
connections()
chunks()
descriptors()
sys.exit(failed)
