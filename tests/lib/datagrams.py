#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams to and fro between two network namespaces: `datagrams.py HERE THERE ADDRESS PORT [connected]`.

A process called mosh-server answers HERE what THERE sends, several times a second, until standard input ends; with
`connected` its socket is connected to the peer after the first one. Says "ready" behind the first answer."""
import ctypes
import os
import select
import socket
import sys

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(netns):
    place = os.open("/run/netns/" + netns, os.O_RDONLY)
    if LIBC.setns(place, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(place)


here, there, address, port = sys.argv[1:5]
LIBC.prctl(15, b"mosh-server", 0, 0, 0)
enter(here)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, int(port)))
enter(there)
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((address, int(port)))
said = False
while not select.select([sys.stdin], [], [], 0.2)[0]:
    try:
        client.send(b"question")
        if select.select([server], [], [], 1)[0]:
            _, peer = server.recvfrom(16)
            server.sendto(b"answer", peer)
            if "connected" in sys.argv and not said:
                server.connect(peer)
            if not said:
                print("ready", flush=True)
            said = True
        if select.select([client], [], [], 1)[0]:
            client.recv(16)
    except OSError:
        pass
