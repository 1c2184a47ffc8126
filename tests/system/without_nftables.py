#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command as on a kernel without netfilter's netlink: socket(AF_NETLINK, …, NETLINK_NETFILTER) is refused with
EPROTONOSUPPORT by a seccomp filter, every other system call goes through."""
import ctypes
import errno
import os
import platform
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPROTONOSUPPORT
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER, FAMILY, PROTOCOL = 0, 16, 32  # offsets in struct seccomp_data, low halves of the arguments

program = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 5, SOCKET), (LOAD, 0, 0, FAMILY), (EQUAL, 0, 3, 16), (LOAD, 0, 0, PROTOCOL),
           (EQUAL, 0, 1, 12), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in program))
header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
    raise OSError(ctypes.get_errno(), "seccomp")
os.execvp(sys.argv[1], sys.argv[1:])
