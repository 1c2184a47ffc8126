#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of a conversation.

    talk.py serve tcp/ADDRESS/PORT udp/ADDRESS/PORT …    sends back what it gets; prints "ready", ends with its standard input
    talk.py ask tcp/ADDRESS/PORT [FROM]                  prints answered, refused (also at once by an ICMP error) or silent
    talk.py keep tcp/ADDRESS/PORT                        connects, prints "connected"; for every line it reads, as `ask`"""
import select
import socket
import sys

PATIENCE = 1.0    # seconds


def target(word):
    protocol, address, port = word.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM), (address, int(port))


def serve(words):
    listening = []
    for word in words:
        sock, place = target(word)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
        if sock.type == socket.SOCK_STREAM:
            sock.listen(16)
        listening.append(sock)
    print("ready", flush=True)
    connected = []
    while True:
        ready, _, _ = select.select(listening + connected + [sys.stdin], [], [])
        for sock in ready:
            if sock is sys.stdin:
                return
            if sock in connected:
                data = sock.recv(4096)
                if data:
                    sock.sendall(data)
                else:
                    connected.remove(sock)
            elif sock.type == socket.SOCK_STREAM:
                connected.append(sock.accept()[0])
            else:
                data, sender = sock.recvfrom(4096)
                try:
                    sock.sendto(data, sender)
                except PermissionError:    # the host's own rules refuse it
                    pass


def answer_of(sock):
    try:
        sock.settimeout(PATIENCE)
        sock.sendall(b"hello")
        return "answered" if sock.recv(4096) == b"hello" else "cut"
    except TimeoutError:
        return "silent"
    except OSError:
        return "refused"


def ask(word, source=None):
    sock, place = target(word)
    sock.settimeout(PATIENCE)
    if source:
        sock.bind((source, 0))
    try:
        sock.connect(place)
    except TimeoutError:
        return "silent"
    except OSError:
        return "refused"
    return answer_of(sock)


def keep(word):
    sock, place = target(word)
    sock.settimeout(PATIENCE)
    sock.connect(place)
    print("connected", flush=True)
    for _ in sys.stdin:
        print(answer_of(sock), flush=True)


if sys.argv[1] == "serve":
    serve(sys.argv[2:])
elif sys.argv[1] == "ask":
    print(ask(*sys.argv[2:]))
else:
    keep(sys.argv[2])
