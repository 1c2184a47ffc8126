# SPDX-License-Identifier: GPL-2.0-or-later
"""A host under a policy and others that talk to it, all from one process: sockets are made in the namespace that they are to be in.

The host is 198.18.0.2 and 2001:db8:5::2; any address of SOURCES may ask it."""
import collections
import ctypes
import errno
import os
import select
import socket
import subprocess
import threading
import time

import ports

HOST = {4: "198.18.0.2", 6: "2001:db8:5::2"}
SOURCES = ("203.0.113.5", "203.0.113.6", "203.0.113.7", "198.51.100.9", "2001:db8:a:1::1", "2001:db8:a:1::2", "2001:db8:a:2::1")
PATIENCE = 0.7    # seconds: less than what a SYN waits before it is sent again
LIBC = ctypes.CDLL(None, use_errno=True)


def version(address):
    return 6 if ":" in address else 4


class Inside:
    """This process is in another network namespace."""

    def __init__(self, name):
        self.name = name

    @staticmethod
    def enter(fd):
        if LIBC.setns(fd, 0x40000000):    # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), "setns")

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY)
        self.enter(there)
        os.close(there)

    def __exit__(self, *_):
        self.enter(self.home)
        os.close(self.home)


class Server(threading.Thread):
    """Answers on TCP and UDP ports of the host, and keeps what it accepts until the other side ends it."""

    def __init__(self, netns, numbers):
        super().__init__(daemon=True)
        self.poll = select.epoll()
        self.socks = {}
        with Inside(netns):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                for number in numbers:
                    sock = socket.socket(socket.AF_INET6, kind)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind(("::", number))
                    if kind == socket.SOCK_STREAM:
                        sock.listen(4096)
                    self.add(sock)
        self.listening = set(self.socks)
        self.ended = False

    def add(self, sock):
        sock.setblocking(False)
        self.socks[sock.fileno()] = sock
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def run(self):
        while not self.ended:
            for fd, _ in self.poll.poll(0.1):
                try:
                    self.serve(self.socks[fd], fd)
                except OSError:
                    self.drop(fd)

    def serve(self, sock, fd):
        if sock.type & socket.SOCK_DGRAM:
            data, sender = sock.recvfrom(4096)
            sock.sendto(data, sender)
        elif fd in self.listening:
            self.add(sock.accept()[0])
        elif not sock.recv(4096):
            self.drop(fd)

    def drop(self, fd):
        if fd not in self.listening:
            self.poll.unregister(fd)
            self.socks.pop(fd).close()

    def end(self):
        self.ended = True
        self.join()
        for sock in self.socks.values():
            sock.close()


class Peers(ports.Hosts):
    """The host, with its server, and the others' addresses."""

    def __init__(self, program, name, numbers):
        super().__init__(name)
        self.program, self.numbers, self.server = program, numbers, None
        self.path = "/run/sgt-%d-%s.yaml" % (os.getpid(), name)

    def make(self):
        super().make()
        self.within(self.inner, "nft", "delete", "table", "inet", "sgprobe")
        ports.run("ip", "-n", self.inner, "addr", "add", HOST[6] + "/128", "dev", "eth0", "nodad")
        for address in SOURCES:
            ports.run("ip", "-n", self.outer, "addr", "add", address + ("/128" if version(address) == 6 else "/32"), "dev", "out0",
                      *(["nodad"] if version(address) == 6 else []))
        for number, host in HOST.items():
            family = "-%d" % number
            ports.run("ip", family, "-n", self.outer, "neigh", "add", host, "lladdr", self.mac["eth0"], "dev", "out0", "nud", "permanent")
            ports.run("ip", family, "-n", self.outer, "route", "add", host, "dev", "out0")
        self.server = Server(self.inner, self.numbers)
        self.server.start()

    def __exit__(self, *_):
        if self.server:
            self.server.end()
        super().__exit__()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def gate(self, *words):
        """The program on the policy: its exit code and what it says."""
        done = subprocess.run(["ip", "netns", "exec", self.inner, self.program, "-f", self.path, *words], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path, 0o644)

    def apply(self, text, *words):
        self.write(text)
        code, said = self.gate("apply", *words)
        if code:
            raise RuntimeError("apply: exit code %d: %s" % (code, said))
        return said

    def fresh(self, text):
        """The policy on a host that knows nothing of what was before."""
        subprocess.run(["ip", "netns", "exec", self.inner, "nft", "flush", "ruleset"], check=True)
        self.within(self.inner, "conntrack", "-F")
        return self.apply(text, "--force")     # servers of the test listen, on port 22 too

    def begin(self, source, number, protocol="tcp"):
        """A connection that is under way."""
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        with Inside(self.outer):
            sock = socket.socket(socket.AF_INET6 if version(source) == 6 else socket.AF_INET, kind)
        sock.setblocking(False)
        sock.bind((source, 0))
        try:
            sock.connect((HOST[version(source)], number))
        except BlockingIOError:
            pass
        if protocol == "udp":
            sock.send(b"hello")
        return sock

    @staticmethod
    def answers(socks):
        """What became of each: passed, refused or silent."""
        poll = select.poll()
        found = {}
        for sock in socks:
            poll.register(sock, select.POLLIN if sock.type & socket.SOCK_DGRAM else select.POLLOUT)
        end = time.monotonic() + PATIENCE
        while len(found) < len(socks) and time.monotonic() < end:
            for fd, _ in poll.poll(50):
                poll.unregister(fd)
                sock = next(sock for sock in socks if sock.fileno() == fd)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                found[fd] = {0: "passed", errno.ECONNREFUSED: "refused"}.get(code, os.strerror(code))
        return [found.get(sock.fileno(), "silent") for sock in socks]

    def ask(self, count, source, number, protocol="tcp"):
        """So many new connections at once, which end again: how many of them had which answer."""
        socks = [self.begin(source, number, protocol) for _ in range(count)]
        found = collections.Counter(self.answers(socks))
        for sock in socks:
            sock.close()
        return dict(found)


def wanted(what, found, expected):
    """A row that says what is wrong, or none."""
    return [] if found == expected else ["%s: %s, not %s" % (what, found, expected)]
