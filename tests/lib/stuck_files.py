#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command beside a file system that stops to answer.

    stuck_files.py FOLDER STEP COMMAND…

A FUSE file system is mounted at FOLDER (use a mount namespace of your own). It holds policy.yaml, whose text allows TCP port
22, and answers until STEP is asked for: lookup, open, read, or none (it answers everything: the control). From then on nobody
reads its requests, as when its server hangs. Exits as COMMAND does."""
import ctypes
import os
import stat
import struct
import subprocess
import sys
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, BATCH_FORGET = 1, 2, 3, 14, 15, 17, 18, 25, 26, 42
STEPS = {"lookup": LOOKUP, "open": OPEN, "read": READ, "none": None}
TEXT = b"allow: {tcp: [22]}\n"
ENOSYS, ENOENT = 38, 2


def attributes(node):
    mode, size = (stat.S_IFDIR | 0o755, 0) if node == 1 else (stat.S_IFREG | 0o644, len(TEXT))
    return struct.pack("<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """(error, payload)"""
    if opcode == INIT:
        major, minor = struct.unpack_from("<2I", body)
        return 0, struct.pack("<2I2I2H6I", major, min(minor, 36), 0, 0, 0, 0, 4096, 0, 0, 0, 0, 0)[:64].ljust(64, b"\0")
    if opcode == LOOKUP:
        if body.rstrip(b"\0") != b"policy.yaml":
            return ENOENT, b""
        return 0, struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    if opcode == GETATTR:
        return 0, struct.pack("<Q2I", 0, 0, 0) + attributes(node)
    if opcode == OPEN:
        return 0, struct.pack("<QII", 0, 1 << 5, 0)  # no FLUSH: whoever waits for one cannot even be killed
    if opcode == READ:
        offset, = struct.unpack_from("<Q", body, 8)
        return 0, TEXT[offset:]
    if opcode == STATFS:
        return 0, struct.pack("<5Q4I6I", 0, 0, 0, 0, 0, 4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0)
    if opcode in (RELEASE, FLUSH):
        return 0, b""
    return ENOSYS, b""


def serve(device, stop_at):
    """Answers until the step is asked for. That request stays with the kernel: it is the one after the last that is read."""
    while True:
        try:
            request = os.read(device, 1 << 17)
        except OSError:  # unmounted
            return
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        if opcode not in (FORGET, BATCH_FORGET):
            error, payload = answer(opcode, node, request[40:])
            os.write(device, struct.pack("<IiQ", 16 + len(payload), -error, unique) + payload)
        # the opcode of what is next cannot be seen without taking it, so the one before is what it is known by
        if stop_at is not None and opcode == {LOOKUP: INIT, OPEN: LOOKUP, READ: OPEN}[stop_at]:
            return


def main():
    folder, step, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device
    if libc.mount(b"stuck", os.fsencode(folder), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    threading.Thread(target=serve, args=(device, STEPS[step]), daemon=True).start()
    code = subprocess.run(command, check=False, close_fds=True).returncode
    libc.umount2(os.fsencode(folder), 2)
    os._exit(code if code >= 0 else 128 - code)


main()
