#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds sockets of every kind, one a word: PROTOCOL/ADDRESS/PORT[,OPTION…]. Protocols: tcp, udp, udplite, and raw with
the protocol's number for a port. Options: v6only, dual, dev=NAME, connect=ADDRESS, name=TEXT (what the process is called
while the socket is made; \\xNN for any byte). Addresses may have a %scope. A range of ports (8000-8009) is a socket for
each.

With "name" the socket is held by a child of that name. Prints "ready", or "lacks PROTOCOL" for one that the kernel does
not have, and ends with its standard input."""
import ctypes
import os
import re
import socket
import sys

PR_SET_NAME = 15
UDPLITE = 136


def option(options, name):
    return next((text.split("=", 1)[1] for text in options if text.startswith(name + "=")), None)


def hold(protocol, address, port, options):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind, number = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "udplite": (socket.SOCK_DGRAM, UDPLITE),
                    "raw": (socket.SOCK_RAW, port)}[protocol]
    sock = socket.socket(family, kind, number)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6 and protocol != "raw":
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if "v6only" in options else 0)
    if option(options, "dev"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(option(options, "dev")) + b"\0")
    sock.bind(socket.getaddrinfo(address, 0 if protocol == "raw" else port, family, socket.SOCK_DGRAM)[0][4])
    if protocol == "tcp":
        sock.listen(16)
    if option(options, "connect"):
        sock.connect((option(options, "connect"), 53))
    return sock


def name_of(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match.group(1), 16)]), os.fsencode(text))


def in_child(name, word):
    """The socket in a process of that name, until our standard input ends."""
    begin, end = os.pipe()
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(PR_SET_NAME, name, 0, 0, 0)
        sock = [hold(*each) for each in word]
        os.write(end, b"x")
        sys.stdin.read()
        del sock
        os._exit(0)
    os.close(end)
    if not os.read(begin, 1):
        sys.exit("a child could not make its socket")


def sockets_of(word):
    place, *options = word.split(",")
    protocol, address, ports = place.split("/")
    first, _, last = ports.partition("-")
    return [(protocol, address, port, options) for port in range(int(first), int(last or first) + 1)]


def main(words):
    held = []
    for word in words:
        sockets = sockets_of(word)
        name = option(sockets[0][3], "name")
        try:
            if name:
                in_child(name_of(name), sockets)
            else:
                held += [hold(*each) for each in sockets]
        except OSError as error:
            if sockets[0][0] != "udplite":
                raise SystemExit("%s: %s" % (word, error)) from error
            print("lacks udplite", flush=True)
    print("ready", flush=True)
    sys.stdin.read()


main(sys.argv[1:])
