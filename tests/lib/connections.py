#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds TCP connections between two network namespaces: `connections.py HERE THERE NAME=in|out/TO/PORT[/LISTEN] …`.

`in` goes from THERE to a listener HERE (bound to LISTEN, by default to the address TO itself), `out` the other way round.
Says "ready" when all are there. Then each line of standard input is obeyed and answered with one line:
    here NAME, there NAME     a byte is sent from that side: "NAME alive" when it arrives within a second, else "NAME dead"
    again NAME                another connection like it is tried: "NAME open" or "NAME shut"
Ends with its standard input."""
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(netns):
    place = os.open("/run/netns/" + netns, os.O_RDONLY)
    if LIBC.setns(place, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(place)


class Connection:
    listeners = {}

    def __init__(self, here, there, direction, to, port, listen):
        self.source, self.goal = (there, here) if direction == "in" else (here, there)
        self.address = (to, int(port))
        key = (self.goal, listen, port)
        if key not in self.listeners:
            enter(self.goal)
            sock = socket.socket(socket.AF_INET6 if ":" in listen else socket.AF_INET)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ":" in listen:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind((listen, int(port)))
            sock.listen(16)
            self.listeners[key] = sock
        client = self.connect(15)
        server, _ = self.listeners[key].accept()
        self.sides = {"here": server, "there": client} if direction == "in" else {"here": client, "there": server}
        for side in self.sides.values():
            side.settimeout(1)

    def connect(self, seconds):
        enter(self.source)
        return socket.create_connection(self.address, timeout=seconds)

    def send(self, side):
        self.sides[side].send(b"x")
        try:
            return self.sides["there" if side == "here" else "here"].recv(1) == b"x"
        except OSError:
            return False

    def again(self):
        try:
            self.connect(1).close()
            return True
        except OSError:
            return False


def main(here, there, *specs):
    held = {}
    for spec in specs:
        name, rest = spec.split("=")
        direction, to, port, *listen = rest.split("/")
        held[name] = Connection(here, there, direction, to, port, listen[0] if listen else to)
    print("ready", flush=True)
    for line in sys.stdin:
        what, name = line.split()
        if what == "again":
            answer = "open" if held[name].again() else "shut"
        else:
            answer = "alive" if held[name].send(what) else "dead"
        print(name, answer, flush=True)


main(*sys.argv[1:])
