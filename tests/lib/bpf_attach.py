#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Attaches a BPF program that refuses every packet, prints "attached", and holds it until standard input ends.

    bpf_attach.py netfilter ip|ip6 HOOK          HOOK: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting
    bpf_attach.py xdp DEVICE
    bpf_attach.py tcx DEVICE ingress|egress
    bpf_attach.py cgroup FOLDER ingress|egress
    bpf_attach.py sk-lookup                      of this network namespace

Exit code 3: this kernel has no such attachment. The numbers are those of linux/bpf.h."""
import ctypes
import errno
import os
import platform
import socket
import struct
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}[platform.machine()]
PROG_LOAD, LINK_CREATE = 5, 28
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    data = ctypes.create_string_buffer(attributes.ljust(144, b"\0"), 144)
    got = libc.syscall(SYS_BPF, command, data, len(data))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got


def program(kind, attach, verdict):
    """`return verdict`: two instructions."""
    code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, verdict) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    licence = ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, struct.pack("=IIQQIIQII16sII", kind, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0,
                                      0, b"", 0, attach))


def link(descriptor, target, attach, flags=0, rest=b""):
    return bpf(LINK_CREATE, struct.pack("=IIII", descriptor, target, attach, flags) + rest)


def attach(kind, words):
    if kind == "netfilter":
        family = {"ip": 2, "ip6": 10}[words[0]]
        link(program(32, 45, 0), 0, 45, rest=struct.pack("=IIiI", family, int(words[1]), 7, 0))
    elif kind == "xdp":
        link(program(6, 37, 1), socket.if_nametoindex(words[0]), 37, flags=2)
    elif kind == "tcx":
        where = {"ingress": 46, "egress": 47}[words[1]]
        link(program(3, where, 2), socket.if_nametoindex(words[0]), where)
    elif kind == "cgroup":
        where = {"ingress": 0, "egress": 1}[words[1]]
        link(program(8, where, 0), os.open(words[0], os.O_RDONLY | os.O_DIRECTORY), where)
    elif kind == "sk-lookup":
        link(program(30, 36, 0), os.open("/proc/self/ns/net", os.O_RDONLY), 36)


try:
    attach(sys.argv[1], sys.argv[2:])
except OSError as problem:
    print("not attached:", problem, file=sys.stderr)
    sys.exit(3 if problem.errno in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP) else 1)
print("attached", flush=True)
sys.stdin.read()
