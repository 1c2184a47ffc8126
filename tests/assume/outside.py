#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about how the kernel shows what decides packets beside nf_tables. It asks the kernel itself and shares nothing with the C
code. Started by outside.sh in a network namespace of its own. TAP."""
import ctypes
import errno
import os
import platform
import socket
import struct
import subprocess
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}[platform.machine()]
SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 430, 431, 432
IPT_SO_GET_INFO, NOBODY = 64, 255
HERE = os.path.dirname(os.path.abspath(__file__))
libc = ctypes.CDLL(None, use_errno=True)
failed = 0


def result(holds, fact):
    global failed
    failed |= not holds
    print("%s - %s" % ("ok" if holds else "not ok", fact))


def skip(fact, why):
    print("ok - %s # SKIP %s" % (fact, why))


def names():
    try:
        with open("/proc/thread-self/net/ip_tables_names") as listed:
            return listed.read().split()
    except FileNotFoundError:
        return None


def ask(option, address, size):
    """The errno of a getsockopt(2) at the level of IP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        length = ctypes.c_uint(size)
        if libc.getsockopt(sock.fileno(), socket.IPPROTO_IP, option, address, ctypes.byref(length)) == 0:
            return 0
        return ctypes.get_errno()


def probe():
    result(ask(NOBODY, None, 120) == errno.ENOPROTOOPT, "an option that nobody takes is ENOPROTOOPT")
    if names() is None:
        skip("an option that is taken is another error, and registers no table", "no iptables-legacy in this kernel")
        skip("asking for a table registers it", "no iptables-legacy in this kernel")
        return
    before = names()
    got = ask(IPT_SO_GET_INFO, None, 120)
    result(got not in (0, errno.ENOPROTOOPT) and names() == before,
           "an option that is taken is another error, and registers no table (%s)" % errno.errorcode.get(got))
    info = ctypes.create_string_buffer(b"filter", 84)  # struct ipt_getinfo
    if ask(IPT_SO_GET_INFO, info, 84):
        skip("asking for a table registers it", "this kernel has no table 'filter'")
    else:
        result("filter" not in before and "filter" in names(), "asking for a table registers it, and then it is listed")


def protocols():
    with open("/proc/thread-self/net/netlink") as listed:
        own = {int(fields[1]) for fields in (line.split() for line in list(listed)[1:]) if fields[2] == "0"}
    result({0, 12} <= own, "the kernel's own netlink sockets are listed: %s" % sorted(own))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as mine:
        mine.bind((0, 0))
        with open("/proc/thread-self/net/netlink") as listed:
            result(any(line.split()[1:3] == ["0", str(mine.getsockname()[0])] for line in list(listed)[1:]),
                   "a program's socket is listed with its port, which is not 0")


def effective(folder, kind):
    """How many programs of that kind are in effect in a control group."""
    group = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    data = ctypes.create_string_buffer(struct.pack("=IIII", group, kind, 1, 0).ljust(144, b"\0"), 144)
    got = libc.syscall(SYS_BPF, 16, data, 144)
    os.close(group)
    return struct.unpack_from("=I", data, 24)[0] if got == 0 else -ctypes.get_errno()


def in_effect(group):
    fact = "a program of a control group is in effect in the groups below, and in no other"
    os.mkdir(group + "/inner")
    os.mkdir(group + "/inner/most")
    os.mkdir(group + "/other")
    holder = subprocess.Popen(["/usr/bin/python3", HERE + "/../lib/bpf_attach.py", "cgroup", group + "/inner", "ingress"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if holder.stdout.readline() != b"attached\n":
        skip(fact, "this kernel has no programs of control groups")
    else:
        counts = [effective(group + name, 0) for name in ("", "/inner", "/inner/most", "/other")]
        above = counts[0]
        result(counts == [above, above + 1, above + 1, above], "%s %s" % (fact, counts))
    holder.communicate()
    for name in ("/inner/most", "/inner", "/other"):
        os.rmdir(group + name)


def detached(group):
    fact = "a control group is opened by its id in a mount that is attached nowhere"
    files = libc.syscall(SYS_FSOPEN, b"cgroup2", 1)
    if files < 0 or libc.syscall(SYS_FSCONFIG, files, 6, None, None, 0) < 0:
        skip(fact, "not allowed here")
        return
    mount = libc.syscall(SYS_FSMOUNT, files, 1, 0)
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=mount)
    handle = ctypes.create_string_buffer(struct.pack("=IiQ", 8, 0xFE, os.stat(group).st_ino), 16)
    got = libc.open_by_handle_at(folder, handle, os.O_RDONLY | os.O_DIRECTORY)
    result(got >= 0 and os.fstat(got).st_ino == os.stat(group).st_ino, fact)


def groups():
    mount = subprocess.run(["findmnt", "-nt", "cgroup2", "-o", "TARGET"], capture_output=True, text=True).stdout.split("\n")[0]
    group = "%s/sgt-%d-assume" % (mount, os.getpid())
    try:
        os.mkdir(group)
    except OSError:
        skip("control groups", "none can be made here")
        return
    in_effect(group)
    detached(group)
    os.rmdir(group)


probe()
protocols()
groups()
sys.exit(failed)
