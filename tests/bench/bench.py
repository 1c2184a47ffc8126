#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures sockgate beside what else does the job, in one run, and prints a Markdown table.

    bench.py PROGRAM TOOLS [SECTION…]      TOOLS is the folder with the programs packets and replay

Every figure is the median of several runs in network namespaces made for it (of packets: the least of several rounds, taken in turn).
Nothing is asserted: ratios are what carries over to another machine."""
import ipaddress
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import ports  # noqa: E402

DUMPED = re.compile(r" \| [0-9a-f]+  ((?:[0-9a-f]{2} {1,2}){1,16})")  # sixteen bytes of strace's -e write


def row(what, who, value, unit, base=None):
    ratio = "" if base is None else "%.2f" % (value / base)
    print("| %s | %s | %s %s | %s |" % (what, who, "%.0f" % value if value >= 100 else "%.2f" % value, unit, ratio), flush=True)


class Netns:
    def __init__(self):
        self.name = "sgt-%d-bench-%d" % (os.getpid(), random.getrandbits(24))

    def __enter__(self):
        ports.run("ip", "netns", "add", self.name)
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def command(self, *words):
        return ["nsenter", "--net=/run/netns/" + self.name, *words]

    def timed(self, *words, codes=(0,), **options):
        """Milliseconds of a command."""
        begin = time.monotonic()
        done = subprocess.run(self.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **options)
        took = (time.monotonic() - begin) * 1000
        if done.returncode not in codes:
            raise RuntimeError("%s: exit code %d: %s" % (words, done.returncode, done.stderr[-800:]))
        return took


def median(count, make):
    return statistics.median(make() for _ in range(count))


def in_turn(count, *makers):
    """The medians of several measurements that are taken in turn, so that what else the machine does meets them alike."""
    rounds = [[make() for make in makers] for _ in range(count)]
    return [statistics.median(figures) for figures in zip(*rounds)]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)
    return path


def prefixes(count, seed=1):
    """Random IPv4 prefixes that do not overlap, as text, in random order."""
    rng = random.Random(seed)
    blocks = rng.sample(range(1 << 24), count)
    rows = []
    for block in blocks:
        length = rng.randint(24, 32)
        value = (block << 8 | rng.getrandbits(8)) >> (32 - length) << (32 - length)
        rows.append("%s/%d" % (ipaddress.IPv4Address(value), length))
    return rows


def record(program, policy, path):
    """The largest message that apply sends, which is its batch, into a file: from strace's dump of all that is written."""
    with Netns() as netns, tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        netns.timed("strace", "-s", "0", "-e", "trace=sendmsg,sendto", "-e", "write=all", "-o", trace, program, "-f", policy, "apply",
                    "--force")
        sent, bytes_of = [], []
        with open(trace, encoding="ascii", errors="replace") as file:
            for line in file:
                dumped = DUMPED.match(line)
                if dumped:
                    bytes_of.append(dumped.group(1))
                elif bytes_of:
                    sent, bytes_of = max(sent, bytes_of, key=len), []
    with open(path, "wb") as file:
        file.write(bytes.fromhex("".join(sent)))


def nft_set(rows, dports):
    return ("table inet byhand {\n set many {\n type ipv4_addr\n flags interval\n elements = { %s }\n }\n chain input {\n"
            " type filter hook input priority filter; policy drop;\n ct state vmap { established : accept, related : accept, invalid : drop }\n"
            " iifname \"lo\" accept\n ip saddr @many tcp dport { %s } accept\n }\n}\n" % (", ".join(rows), dports))


def loading(program, tools, folder):
    rows = prefixes(100000)
    write(folder, "list.txt", "\n".join(rows) + "\n")
    text = "groups:\n  many: {file: list.txt}\nallow:\n  tcp: [{port: %s, from: many}]\n"
    first = write(folder, "first.yaml", text % "443")
    second = write(folder, "second.yaml", text % "[443, 8443]")
    loaded = write(folder, "first.nft", nft_set(rows, "443"))
    reload = write(folder, "second.nft", "table inet byhand\ndelete table inet byhand\n" + nft_set(rows, "443, 8443"))
    batch = os.path.join(folder, "batch")
    record(program, first, batch)

    def fresh(*command):
        with Netns() as netns:
            return netns.timed(*command)

    def replay():
        with Netns() as netns:
            return float(ports.run(*netns.command(os.path.join(tools, "replay"), batch)))

    what = "100,000 prefixes on one port, from the list to proven"
    bare, gate, nft = in_turn(7, replay, lambda: fresh(program, "-f", first, "apply", "--force"), lambda: fresh("nft", "-f", loaded))
    row(what, "the bare netlink batch, replayed", bare, "ms", bare)
    row(what, "sockgate apply", gate, "ms", bare)
    row(what, "nft -f (not read back)", nft, "ms", bare)
    one_more(program, first, second, loaded, reload)


def one_more(program, first, second, loaded, reload):
    def gate():
        with Netns() as netns:
            netns.timed(program, "-f", first, "apply", "--force")
            return netns.timed(program, "-f", second, "apply", "--force")

    def nft():
        with Netns() as netns:
            netns.timed("nft", "-f", loaded)
            return netns.timed("nft", "-f", reload)

    what = "one port more in that policy"
    changed, again = in_turn(5, gate, nft)
    row(what, "sockgate apply", changed, "ms", changed)
    row(what, "nft -f, all of it again", again, "ms", changed)


def checking(program, _, folder):
    def check(path):
        with Netns() as netns:
            return netns.timed(program, "-f", path, "check")

    lines = "".join("    - {port: %d, from: 10.%d.%d.0/24}\n" % (port, port >> 8 & 255, port & 255) for port in range(10000, 20000))
    many = write(folder, "ports.yaml", "allow:\n  tcp:\n" + lines)
    row("check of 10,000 port lines, each with a source of its own", "sockgate check", median(5, lambda: check(many)), "ms")
    rows = prefixes(1000000)
    write(folder, "million.txt", "\n".join(rows) + "\n")
    million = write(folder, "million.yaml", "groups:\n  many: {file: million.txt}\nallow:\n  tcp: [{port: 443, from: many}]\n")
    rules = write(folder, "million.nft", nft_set(rows, "443"))
    base = median(3, lambda: check(million))
    row("check of 1,000,000 prefixes", "sockgate check", base, "ms", base)
    with Netns() as netns:
        row("check of 1,000,000 prefixes", "nft -c -f", netns.timed("nft", "-c", "-f", rules), "ms", base)


TERMS = ("", ", limit: 20/minute per source", ", until: 2099-%(month)02d-01T00:00Z", ", unit: app%(number)d.service",
         ", log: rule%(number)d", ", connections: 5", ", limit: 100/second, log: both%(number)d")


def growing(program, _, folder):
    """A quarter, a half and the whole of a large policy; a ratio of 1 is linear."""
    def policy(share):
        lines, listed = round(10000 * share), round(1000000 * share)
        write(folder, "list%d.txt" % listed, "\n".join(prefixes(listed)) + "\n")
        text = "log-blocked: 10/minute\ngroups:\n  many: {file: list%d.txt}\nallow:\n  tcp:\n    - {port: 443, from: many}\n" % listed
        text += "".join("    - {port: %d, from: 10.%d.%d.0/24%s}\n" % (
            10000 + index, index >> 8, index & 255, TERMS[index % len(TERMS)] % {"number": index, "month": index % 12 + 1})
            for index in range(lines))
        return write(folder, "growing%d.yaml" % lines, text)

    def check(path):
        with Netns() as netns:
            return netns.timed(program, "-f", path, "check")

    shares = (0.25, 0.5, 1)
    figures = in_turn(5, *(lambda path=policy(share): check(path) for share in shares))
    for share, figure in zip(shares, figures):
        row("check of %s prefixes and %s lines with limits, dates, units and logs" % (
            "{:,.0f}".format(1e6 * share), "{:,.0f}".format(1e4 * share)), "sockgate check", figure, "ms", figures[0] * share / shares[0])


LISTENERS = """
import resource, socket, sys
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
held = []
for port in range(10000, 20000):
    held.append(socket.socket())
    held[-1].bind(("0.0.0.0", port))
    held[-1].listen(1)
print("ready", flush=True)
sys.stdin.read()
"""


def listening(program, _, folder):
    policy = write(folder, "some.yaml", "allow:\n  tcp: [22, 10000-14999]\n")
    with Netns() as netns:
        holder = subprocess.Popen(netns.command("/usr/bin/python3", "-c", LISTENERS), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            holder.stdout.readline()
            netns.timed(program, "-f", policy, "apply", "--force")
            what = "10,000 listening sockets, with their owners"
            ss, gate = in_turn(7, lambda: netns.timed("ss", "-Hltunp"),
                               lambda: netns.timed(program, "-f", policy, "verify", codes=(0, 1)))
            row(what, "ss -Hltunp", ss, "ms", ss)
            row(what, "sockgate verify", gate, "ms", ss)
        finally:
            holder.communicate(b"")


def policy_of(count):
    """A policy of that many single ports, all even, above 20000 when they are few."""
    return "allow:\n  udp: [%s]\n" % ", ".join(str(2 * port + 20000 if count <= 20000 else port) for port in range(1, count + 1))


def iptables_of(count):
    rules = "".join("-A INPUT -p udp --dport %d -j ACCEPT\n" % (2 * port + 20000) for port in range(1, count + 1))
    return ("*filter\n:INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
            "-A INPUT -m conntrack --ctstate INVALID -j DROP\n%sCOMMIT\n" % rules)


CHAIN = "table inet byhand {\n chain input {\n type filter hook input priority filter; policy drop;\n %s\n }\n}\n"
CT = "ct state vmap { established : accept, related : accept, invalid : drop }"


def packets(program, tools, folder):
    """A packet to port 7, which nothing allows."""
    rows = prefixes(100000)
    write(folder, "sources.txt", "\n".join(rows) + "\n")
    configurations = [("only 'policy drop'", "nft", CHAIN % ""), ("ct state vmap, then drop", "nft", CHAIN % CT)]
    for count in (10, 1000, 10000):
        configurations.append(("sockgate, %s ports" % format(count, ","), "gate", policy_of(count)))
    configurations.append(("sockgate, 100,000 prefixes on a port", "gate",
                           "groups:\n  many: {file: sources.txt}\nallow:\n  udp: [{port: 443, from: many}]\n"))
    configurations.append(("sockgate, the same, the packet to that port", "gate", configurations[-1][2]))
    for count in (10, 1000, 10000):
        configurations.append(("iptables-nft, a rule for each of %s ports" % format(count, ","), "iptables", iptables_of(count)))
    best = {}
    hosts = []
    try:
        for name, kind, text in configurations:
            host = ports.Hosts("bench%d" % len(hosts))
            host.__enter__()
            hosts.append(host)
            host.within(host.inner, "nft", "delete", "table", "inet", "sgprobe")
            if kind == "gate":
                path = write(folder, "size%d.yaml" % len(hosts), text)
                host.within(host.inner, program, "-f", path, "apply", "--force")
            else:
                host.within(host.inner, *(["nft", "-f", "-"] if kind == "nft" else ["iptables-nft-restore"]), input=text)
        for _ in range(9):
            for host, (name, kind, _) in zip(hosts, configurations):
                slow = kind == "iptables" and "10,000" in name
                port = "443" if name.endswith("that port") else "7"
                took = float(ports.run(os.path.join(tools, "packets"), "/run/netns/" + host.outer, "203.0.113.5", "198.18.0.2", "out0",
                                       host.mac["eth0"], port, "4000" if slow else "100000"))
                best[name] = min(took, best.get(name, took))
    finally:
        for host in hosts:
            host.__exit__()
    base = best["ct state vmap, then drop"]
    for name, _, _ in configurations:
        row("a packet that is refused, sending included", name, best[name], "ns", base)


def starting(program, _, folder):
    policy = write(folder, "ten.yaml", "groups:\n  office: [192.0.2.0/24, 2001:db8::/48]\nallow:\n  tcp:\n    - ssh\n    - 80\n    - 443\n"
                   "    - {port: 9100, from: office}\n  udp: [443]\n")
    with Netns() as netns:
        rules = write(folder, "ten.nft", ports.run(*netns.command(program, "-f", policy, "show", "--format", "nft")))

    def fresh(*command):
        with Netns() as netns:
            return netns.timed(*command)

    nft, gate = in_turn(31, lambda: fresh("nft", "-f", rules), lambda: fresh(program, "-f", policy, "apply", "--force"))
    row("a ten-line policy, from start to enforced", "nft -f", nft, "ms", nft)
    row("a ten-line policy, from start to enforced", "sockgate apply (read back and proven)", gate, "ms", nft)


SECTIONS = {"loading": loading, "checking": checking, "growing": growing, "listening": listening, "packets": packets, "starting": starting}


def main(program, tools, names):
    print("| what | by | figure | ratio |\n|-|-|-|-|", flush=True)
    for name in names or SECTIONS:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            SECTIONS[name](program, tools, folder)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
