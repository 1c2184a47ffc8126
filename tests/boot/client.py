#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An outside client that tries a port without pause, and what its log says.

    client.py try ADDRESS PORT LOG     until it is killed; each try is a line "SENT ANSWERED" (monotonic seconds, - for none)
    client.py hold ADDRESS PORT        one connection, made as soon as it can be, until it is killed
    client.py spans LOG PHASES         for each phase ("NAME FROM DONE TO" a line): tries, answers, longest time open in
                                       milliseconds; then tries and answers from DONE on

A try is one SYN from a socket of its own, which is closed before it would be sent again. A connection that is made was let in by
the rules that were in force when the SYN arrived, so the time from the first to the last of a row of answered tries, and up to
the unanswered ones on either side, bounds how long the port was open.
"""
import select
import socket
import struct
import sys
import time

EVERY = 0.001    # seconds between tries
WAIT = 0.4       # for an answer; a SYN is sent again after a second


def try_port(address, port, path):
    epoll = select.epoll()
    waiting, due = {}, time.monotonic()
    with open(path, "w", buffering=1, encoding="ascii") as log:    # each line at once: a signal ends it
        while True:
            now = time.monotonic()
            if now >= due:
                sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))    # a reset: nothing lingers
                if sock.connect_ex((address, port)) in (0, 115):
                    waiting[sock.fileno()] = (sock, now)
                    epoll.register(sock, select.EPOLLOUT)
                else:
                    sock.close()
                due = now + EVERY
            for fd, _ in epoll.poll(max(0, due - time.monotonic())):
                if fd in waiting:
                    sock, sent = waiting.pop(fd)
                    answer = "%.6f" % time.monotonic() if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) else "-"
                    log.write("%.6f %s\n" % (sent, answer))
                    sock.close()
            for fd, (sock, sent) in list(waiting.items()):
                if time.monotonic() - sent < WAIT:
                    break
                log.write("%.6f -\n" % sent)
                waiting.pop(fd)
                sock.close()


def spans(path, phases):
    with open(path, encoding="ascii") as log:
        tries = sorted((float(sent), answered != "-\n") for sent, answered in (line.split(" ", 1) for line in log))
    with open(phases, encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    for name, start, ready, end in rows:
        within = [(sent, answered) for sent, answered in tries if float(start) <= sent <= float(end)]
        longest, opened, before = 0.0, None, float(start)
        for sent, answered in within:
            if answered:
                opened = before if opened is None else opened
                longest = max(longest, sent - opened)
            else:
                if opened is not None:
                    longest = max(longest, sent - opened)
                opened, before = None, sent
        behind = [answered for sent, answered in within if sent >= float(ready)]
        print(name, len(within), sum(answered for _, answered in within), round(longest * 1000), len(behind), sum(behind))


def hold(address, port):
    while True:
        try:
            connection = socket.create_connection((address, port), 1)
            break
        except OSError:
            time.sleep(0.05)
    time.sleep(600)
    connection.close()


if sys.argv[1:2] == ["hold"]:
    hold(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1:2] == ["try"]:
    try_port(sys.argv[2], int(sys.argv[3]), sys.argv[4])
else:
    spans(*sys.argv[2:4])
