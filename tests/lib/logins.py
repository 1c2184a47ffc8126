#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs in from one network namespace to another one, and runs a command in that session: `logins.py HERE THERE [OPTION…]
-- COMMAND…`. Sockets, processes and their names are as sshd's would be; the exit status is the command's.

    --to ADDRESS, --port N    where the session goes to; 192.0.2.2 and 22 when unset
    --from ADDRESS            the client's address
    --other ADDRESS           another session from that address, of somebody else
    --variable TEXT           SSH_CONNECTION of the command; "-": it is not set
    --how direct              the command runs below the session's sshd (as when unset)
    --how orphan              … below process 1, as in tmux or a systemd unit
    --how inner               … in an inner session: ssh from the session to 127.0.0.1
    --how mosh                … below a mosh-server on UDP port 60001, and the session has ended
    --how none                nobody logs in: only sshd listens, and the command runs beside it
"""
import argparse
import ctypes
import os
import signal
import socket
import sys

CLONE_NEWNET = 0x40000000
PR_SET_NAME, PR_SET_PDEATHSIG = 15, 1
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(netns):
    place = os.open("/run/netns/" + netns, os.O_RDONLY)
    if LIBC.setns(place, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(place)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def start(name, body):
    """A child process of that name; it ends with its parent."""
    pid = os.fork()
    if pid:
        return pid
    try:
        LIBC.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        body()
    finally:
        os._exit(99)


def run(command, variable):
    """The command as a child; its exit status."""
    pid = os.fork()
    if not pid:
        os.environ.pop("SSH_CONNECTION", None)
        if variable != "-":
            os.environ["SSH_CONNECTION"] = variable
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run_orphaned(command, variable):
    """The same, with process 1 for a parent (or who takes its place)."""
    ours, theirs = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.close(ours)
            LIBC.prctl(PR_SET_NAME, b"manager", 0, 0, 0)  # no sshd is above
            while os.getppid() == os.getsid(0):
                pass
            os.write(theirs, bytes([run(command, variable)]))
        os._exit(0)
    os.close(theirs)
    os.wait()
    return os.read(ours, 1)[0]


class Host:
    def __init__(self, here, there, port):
        self.here, self.there, self.port = here, there, port
        enter(here)
        self.listener = socket.socket(socket.AF_INET6)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.listener.bind(("::", port))
        self.listener.listen(16)
        self.clients = []

    def login(self, address, source):
        """The server's end of a new session."""
        enter(self.there)
        client = socket.socket(family_of(address))
        if source:
            client.bind((source, 0))
        client.settimeout(15)
        client.connect((address, self.port))
        self.clients.append(client)
        enter(self.here)
        return self.listener.accept()[0]

    def hold(self, end, body):
        """An sshd of its own has the session's end."""
        pid = start("sshd-session", lambda: (self.listener.close(), body()))
        end.close()
        return pid

    @staticmethod
    def variable_of(end):
        remote, local = end.getpeername(), end.getsockname()
        return f"{remote[0]} {remote[1]} {local[0]} {local[1]}"


def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def inner(host, end, option):
    """The session's shell runs ssh, which connects to this host again."""
    def ssh():
        end.close()
        client = socket.create_connection(("127.0.0.1", option.port), timeout=15)
        signal.pause()
        client.close()

    host.hold(end, lambda: (start("ssh", ssh), signal.pause()))
    again = host.listener.accept()[0]
    variable = option.variable or host.variable_of(again)
    return wait_for(host.hold(again, lambda: os._exit(run(option.command, variable))))


def mosh(host, end, option):
    variable = option.variable or host.variable_of(end)

    def server():
        end.close()
        datagrams = socket.socket(family_of(option.to), socket.SOCK_DGRAM)
        datagrams.bind((option.to, 60001))
        os._exit(run(option.command, variable))

    pid = start("mosh-server", server)
    end.close()
    host.clients.pop().close()
    return wait_for(pid)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("here")
    parser.add_argument("there")
    parser.add_argument("--to", default="192.0.2.2")
    parser.add_argument("--port", type=int, default=22)
    parser.add_argument("--from", dest="source")
    parser.add_argument("--other", action="append", default=[])
    parser.add_argument("--variable")
    parser.add_argument("--how", default="direct")
    parser.add_argument("command", nargs="+")
    option = parser.parse_args()
    LIBC.prctl(PR_SET_NAME, b"sshd", 0, 0, 0)
    host = Host(option.here, option.there, option.port)
    for source in option.other:
        host.hold(host.login(option.to, source), signal.pause)
    if option.how == "none":
        sys.exit(run_orphaned(option.command, option.variable or "-"))
    end = host.login(option.to, option.source)
    variable = option.variable or host.variable_of(end)
    if option.how == "direct":
        code = wait_for(host.hold(end, lambda: os._exit(run(option.command, variable))))
    elif option.how == "orphan":
        host.hold(end, signal.pause)
        code = run_orphaned(option.command, variable)
    else:
        code = {"inner": inner, "mosh": mosh}[option.how](host, end, option)
    sys.exit(code)


main()
