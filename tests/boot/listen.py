#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens on the named TCP ports, says so to systemd by a file, and takes every connection: listen.py FILE PORT…
Those to port 22 stay, as SSH sessions do."""
import selectors
import socket
import sys

sessions = []
loop = selectors.DefaultSelector()
for port in sys.argv[2:]:
    listener = socket.create_server(("0.0.0.0", int(port)), backlog=1000)
    loop.register(listener, selectors.EVENT_READ)
open(sys.argv[1], "w", encoding="ascii").close()
while True:
    for key, _ in loop.select():
        connection = key.fileobj.accept()[0]
        if key.fileobj.getsockname()[1] == 22:
            sessions.append(connection)
        else:
            connection.close()
