#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command at a terminal of its own and answers its question: `terminal.py ANSWER COMMAND…`. What the terminal
shows goes to standard output; the exit status is the command's."""
import os
import pty
import sys

answer, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if not pid:
    os.execvp(command[0], command)
shown, answered = b"", False
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if b"[y/N] " in shown and not answered:
        answered = True
        os.write(terminal, answer.encode() + b"\n")
sys.stdout.write(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
