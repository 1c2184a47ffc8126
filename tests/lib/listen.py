#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens on what it is told and answers nothing: `listen.py tcp/0.0.0.0/22 udp/::/53 …`. Prints "ready" when all sockets
are there, and ends with its standard input."""
import socket
import sys


def listen(word):
    protocol, address, port = word.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, int(port)))
    if protocol == "tcp":
        sock.listen(16)
    return sock


held = [listen(word) for word in sys.argv[1:]]
print("ready", flush=True)
sys.stdin.read()
