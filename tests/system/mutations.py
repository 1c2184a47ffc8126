#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody changes the loaded table in every way that nft and netlink offer: nothing of it is called proven.

    mutations.py PROGRAM small|single|pairs [TITLE…]     TAP; in a network namespace of its own, in an empty folder

After each change `verify`, `status` and `diff` say that the kernel differs, or that they cannot tell; where the change
moves no packet's fate, they may say that it is proven. Then `apply` puts the table right, and `verify` proves it. Tables
with a large set, of single addresses or of pairs, are tried with what `apply` remembers of them, and without."""
import glob
import json
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "assume"))
from nf_tables import CREATE, NEWSETELEM, NFTABLES, Kernel, Message, address, attr, be32, element, nest, text  # noqa: E402

SMALL = """\
groups: {office: [192.0.2.0/24, 198.51.100.7]}
allow:
  tcp:
    - 22
    - {port: 80, log: web}
    - {port: 443, from: office, log: {label: tls, rate: 4/minute, group: 5}}
    - {port: 25, limit: 20/minute per source, log: mail}
    - {port: 26, connections: 3 per source}
    - {port: 27, limit: 30/minute}
  udp:
    - 7000-7100
block:
  any: [{from: 203.0.113.0/24, log: bad}]
outbound:
  default: drop
  allow: {udp: [53]}
log-blocked: 10/minute
"""
NOTICED, HARMLESS = False, True


def elements_of(table_set, *items, flags=CREATE):
    """A message that adds elements to one of our sets."""
    return Message(NFTABLES | NEWSETELEM, flags, text(1, "sockgate"), text(2, table_set), nest(3, *items))


def be64(kind, value):
    return attr(kind, struct.pack(">Q", value))


def carrying(key, expression):
    """An element with an expression that each packet runs."""
    return nest(1, nest(1, attr(1, IP(key))), expression)


CATCH_ALL = nest(1, be32(3, 2))
ONE_A_DAY = nest(7, text(1, "limit"), nest(2, be64(1, 1), be64(2, 86400), be32(3, 1), be32(4, 0), be32(5, 0)))
COUNTER = nest(7, text(1, "counter"), nest(2, be64(1, 0), be64(2, 0)))


def raw(*messages):
    return lambda: Kernel().must(*messages)


def nft(*lines):
    def run():
        subprocess.run(["nft", "-f", "-"], input="\n".join(lines) + "\n", text=True, check=True)
    return run


def sends(*functions):
    def run():
        for function in functions:
            function()
    return run


def rewritten(old, new):
    """The whole table again, with the same handles, and one text in it replaced."""
    def run():
        listed = subprocess.run(["nft", "list", "table", "inet", "sockgate"], check=True, capture_output=True, text=True).stdout
        assert old in listed, listed
        nft("delete table inet sockgate", listed.replace(old, new, 1))()
    return run


def rule_of(chain, part):
    """The handle of the first rule of the chain that has that text."""
    listed = subprocess.run(["nft", "-a", "list", "chain", "inet", "sockgate", chain], check=True, capture_output=True, text=True).stdout
    return next(line.rsplit("# handle ", 1)[1] for line in listed.splitlines() if part in line and "{ # handle" not in line)


def replaced(chain, part, rule):
    return lambda: nft("replace rule inet sockgate %s handle %s %s" % (chain, rule_of(chain, part), rule))()


def moved_behind(chain, part, rule):
    return lambda: nft("delete rule inet sockgate %s handle %s" % (chain, rule_of(chain, part)), "add rule inet sockgate %s %s" % (chain, rule))()


IP = lambda text: bytes(int(part) for part in text.split("."))    # noqa: E731
START = lambda text: element(IP(text))                            # noqa: E731
FINISH = lambda text: element(IP(text), is_end=True)              # noqa: E731
LOG_WEB = "limit rate 10/minute burst 5 packets log prefix \"sockgate policy.yaml:5 web accept: \""

# title, who may call it proven, change
TABLE = [
    ("a catch-all element in a set", NOTICED, raw(elements_of("g_office4", CATCH_ALL))),
    ("a catch-all element in a map of ports", NOTICED, nft("add element inet sockgate in_ports { * : accept }")),
    ("a catch-all element in a map of ranges", NOTICED, nft("add element inet sockgate in_ranges { * : accept }")),
    ("a catch-all element in a map of published ports", NOTICED, nft("add element inet sockgate pub_tcp_ports { * : accept }")),
    ("a start in front of all", NOTICED, raw(elements_of("g_office4", START("10.0.0.0")))),
    ("a start between two", NOTICED, raw(elements_of("g_office4", START("192.0.3.9")))),
    ("a start behind all", NOTICED, raw(elements_of("g_office4", START("203.0.113.0")))),
    ("an end in front of all", HARMLESS, raw(elements_of("g_office4", FINISH("10.0.0.0")))),
    ("an address more", NOTICED, nft("add element inet sockgate g_office4 { 10.9.0.2 }")),
    ("an address less", NOTICED, nft("delete element inet sockgate g_office4 { 198.51.100.7 }")),
    ("an address that is limited", NOTICED,
     raw(elements_of("g_office4", carrying("203.0.113.7", ONE_A_DAY), FINISH("203.0.113.8")))),
    ("an address that is counted", HARMLESS,
     sends(nft("delete element inet sockgate g_office4 { 198.51.100.7 }"),
           raw(elements_of("g_office4", carrying("198.51.100.7", COUNTER), FINISH("198.51.100.8"))))),
    ("an address with a comment", HARMLESS,
     nft("delete element inet sockgate g_office4 { 198.51.100.7 }", "add element inet sockgate g_office4 { 198.51.100.7 comment \"x\" }")),
    ("a port more", NOTICED, nft("add element inet sockgate in_ports { tcp . 5432 : accept }")),
    ("a published port more", NOTICED, nft("add element inet sockgate pub_tcp_ports { 5432 : accept }")),
    ("a port less", NOTICED, nft("delete element inet sockgate in_ports { tcp . 22 }")),
    ("a port with another verdict", NOTICED,
     nft("delete element inet sockgate in_ports { tcp . 443 }", "add element inet sockgate in_ports { tcp . 443 : accept }")),
    ("a port with something in its padding", NOTICED,
     sends(nft("delete element inet sockgate in_ports { tcp . 22 }"),
           raw(elements_of("in_ports", nest(1, nest(1, attr(1, b"\6\1\0\0\0\x16\0\0")), nest(2, nest(2, be32(1, 1)))))))),
    ("another port with something in its padding", HARMLESS,
     raw(elements_of("in_ports", nest(1, nest(1, attr(1, b"\6\0\0\1\x15\x38\0\0")), nest(2, nest(2, be32(1, 1))))))),
    ("a range with something in its padding", NOTICED,
     sends(nft("delete element inet sockgate in_ranges { 7000-7100 . udp }"),
           raw(elements_of("in_ranges", nest(1, nest(1, attr(1, b"\x1b\x58\0\1\x11\0\0\0")), nest(10, attr(1, b"\x1b\xbc\0\1\x11\0\0\0")),
                                             nest(2, nest(2, be32(1, 1)))))))),
    ("a range of protocols and ports", NOTICED,
     raw(elements_of("in_ranges", nest(1, nest(1, attr(1, b"\x20\0\0\0\6\0\0\0")), nest(10, attr(1, b"\x20\5\0\0\x11\0\0\0")),
                                       nest(2, nest(2, be32(1, 1))))))),
    ("a port that leads to an empty chain", NOTICED,
     nft("add chain inet sockgate empty", "delete element inet sockgate in_ports { tcp . 22 }",
         "add element inet sockgate in_ports { tcp . 22 : jump empty }")),
    ("a set made anew under its name and handle", NOTICED, rewritten("192.0.2.0/24, 198.51.100.7", "192.0.2.0/24, 198.51.100.8")),
    ("a set that packets may fill", NOTICED,
     rewritten("flags interval\n\t\telements = { 192.0.2.0/24, 198.51.100.7 }", "flags interval,timeout\n\t\telements = { 192.0.2.0/24, 198.51.100.7 timeout 1h }")),
    ("a set of ports that a rule fills", NOTICED,
     nft("add set inet sockgate open { type inet_service; flags dynamic; }", "insert rule inet sockgate input tcp dport @open accept",
         "insert rule inet sockgate input udp dport 53 add @open { udp sport }")),
    ("a set of ours that a rule fills", NOTICED,
     nft("add set inet sockgate knock { type ipv4_addr; size 999; flags dynamic; }", "insert rule inet sockgate tcp_443 ip saddr @knock goto log_tls",
         "insert rule inet sockgate input udp dport 9 add @knock { ip saddr }")),
    ("a rule that uses up a limit", NOTICED,
     nft("insert rule inet sockgate input update @limit_tcp_25_4 { ip saddr limit rate 20/minute burst 20 packets }")),
    ("a rule that puts peers into a limit without one", NOTICED, nft("insert rule inet sockgate input add @limit_tcp_25_4 { ip saddr }")),
    ("a rule that takes peers out of a limit", NOTICED, nft("insert rule inet sockgate input delete @limit_tcp_25_4 { ip saddr }")),
    ("a peer without a limit", NOTICED, nft("add element inet sockgate limit_tcp_25_4 { 10.9.0.2 }")),
    ("a catch-all peer", NOTICED, raw(elements_of("limit_tcp_25_4", CATCH_ALL))),
    ("a peer without a count", NOTICED, nft("add element inet sockgate connections_tcp_26_4 { 10.9.0.2 }")),
    ("another limit", NOTICED, replaced("limit_tcp_27", "limit", "limit rate 900/minute burst 900 packets accept")),
    ("a limit that another rule asks, too", NOTICED, nft("insert rule inet sockgate input tcp dport 9 jump limit_tcp_27")),
    ("a policy of accept", NOTICED, nft("chain inet sockgate input { policy accept; }", "flush chain inet sockgate log_blocked")),
    ("a policy of accept for what is published", NOTICED, nft("chain inet sockgate forward { policy accept; }")),
    ("a table that sleeps", NOTICED, nft("table inet sockgate { flags dormant; }")),
    ("a table that is gone", NOTICED, nft("delete table inet sockgate")),
    ("a table without rules", NOTICED, nft("flush table inet sockgate")),
    ("a rule that accepts", NOTICED, nft("insert rule inet sockgate input tcp dport 5432 accept")),
    ("a rule behind the last", NOTICED, nft("add rule inet sockgate log_blocked tcp dport 5432 accept")),
    ("a rule in a chain that nothing leads to", HARMLESS, nft("add chain inet sockgate idle", "add rule inet sockgate idle accept")),
    ("a base chain in front", NOTICED,
     nft("add chain inet sockgate early { type filter hook input priority -5; policy accept; }", "add rule inet sockgate early tcp dport 22 drop")),
    ("a base chain behind", NOTICED,
     nft("add chain inet sockgate late { type filter hook input priority 5; policy drop; }")),
    ("a base chain of another type", NOTICED, nft("add chain inet sockgate nat { type nat hook prerouting priority -100; }",
                                                 "add rule inet sockgate nat tcp dport 5432 redirect to :22")),
    ("a route chain", NOTICED, nft("add chain inet sockgate way { type route hook output priority 0; }", "add rule inet sockgate way meta mark set 7")),
    ("a base chain of another hook", NOTICED, nft("add chain inet sockgate raw { type filter hook prerouting priority -300; }",
                                                 "add rule inet sockgate raw notrack")),
    ("a base chain of postrouting", NOTICED, nft("add chain inet sockgate post { type filter hook postrouting priority 0; policy drop; }")),
    ("a base chain of ingress", NOTICED, nft("add chain inet sockgate in { type filter hook ingress device lo priority 0; policy drop; }")),
    ("a chain of ours on another priority", HARMLESS, rewritten("priority filter; policy drop;", "priority 7; policy drop;")),
    ("a chain of what leaves in front of conntrack", NOTICED, rewritten("hook output priority filter;", "hook output priority -300;")),
    ("a chain of what leaves behind conntrack", HARMLESS, rewritten("hook output priority filter;", "hook output priority -150;")),
    ("a mark that is written", NOTICED, nft("insert rule inet sockgate input meta mark set 7")),
    ("a named counter", HARMLESS, nft("add counter inet sockgate c", "insert rule inet sockgate input counter name c")),
    ("a named limit", NOTICED, nft("add limit inet sockgate l { rate 1/day; }", "insert rule inet sockgate tcp_443 limit name l accept")),
    ("a named quota", NOTICED, nft("add quota inet sockgate q { over 1 bytes; }", "insert rule inet sockgate input quota name q drop")),
    ("a map of objects", NOTICED,
     nft("add quota inet sockgate q { over 1 bytes; }", "add map inet sockgate m { type ipv4_addr : quota; }",
         "add element inet sockgate m { 10.9.0.2 : q }", "insert rule inet sockgate input quota name ip saddr map @m drop")),
    ("a conntrack helper", NOTICED, nft("add ct helper inet sockgate h { type \"ftp\" protocol tcp; }", "insert rule inet sockgate input tcp dport 9 ct helper set h")),
    ("an interface that is spelled like a pattern", NOTICED, replaced("input", "iifname", "iifname \"l*\" accept")),
    ("a log rule that is gone", NOTICED, nft("flush chain inet sockgate log_blocked")),
    ("the log of a block that is gone", NOTICED, nft("flush chain inet sockgate log_bad")),
    ("the log of what is allowed that is gone", NOTICED, lambda: nft("delete rule inet sockgate log_web handle " + rule_of("log_web", "log"))()),
    ("a log with another rate", NOTICED, replaced("log_web", "log", LOG_WEB.replace("10/minute", "9/minute"))),
    ("a log with another unit", NOTICED, replaced("log_web", "log", LOG_WEB.replace("minute", "hour"))),
    ("a log with another burst", NOTICED, replaced("log_web", "log", LOG_WEB.replace("burst 5", "burst 50"))),
    ("a log without a rate", NOTICED, replaced("log_web", "log", LOG_WEB.split("packets ")[1])),
    ("a log over the rate", NOTICED, replaced("log_web", "log", LOG_WEB.replace("rate", "rate over"))),
    ("a log of bytes", NOTICED, replaced("log_web", "log", "limit rate 10 bytes/minute burst 5 bytes " + LOG_WEB.split("packets ")[1])),
    ("a log with another prefix", NOTICED, replaced("log_web", "log", LOG_WEB.replace("web", "wed"))),
    ("a log that tells another verdict", NOTICED, replaced("log_web", "log", LOG_WEB.replace("accept:", "drop:"))),
    ("a log to a group", NOTICED, replaced("log_web", "log", LOG_WEB + " group 7")),
    ("a log to another group", NOTICED, replaced("log_tls", "log", "limit rate 4/minute burst 4 packets log prefix \"sockgate policy.yaml:6 tls accept: \" group 6")),
    ("a log to a group with a queue of its own", NOTICED,
     replaced("log_tls", "log", "limit rate 4/minute burst 4 packets log prefix \"sockgate policy.yaml:6 tls accept: \" group 5 queue-threshold 9")),
    ("a log with another level", NOTICED, replaced("log_web", "log", LOG_WEB + " level debug")),
    ("a log with flags", NOTICED, replaced("log_web", "log", LOG_WEB + " flags all")),
    ("a log behind the verdict", NOTICED, moved_behind("log_web", "log", LOG_WEB)),
    ("a log of some packets", NOTICED, replaced("log_web", "log", "ip saddr 10.0.0.0/8 " + LOG_WEB)),
    ("a log of another form", HARMLESS, nft("insert rule inet sockgate input tcp dport 22 log prefix \"x\"")),
    ("a log that others use up", NOTICED, nft("insert rule inet sockgate input tcp dport 22 jump log_bad")),
    ("the same log again", NOTICED, nft("insert rule inet sockgate log_web " + LOG_WEB)),
    ("the same log in another chain", NOTICED,
     nft("add chain inet sockgate log_2", "add rule inet sockgate log_2 " + LOG_WEB, "add rule inet sockgate log_2 accept",
         "delete element inet sockgate pub_tcp_ports { 80 }", "add element inet sockgate pub_tcp_ports { 80 : goto log_2 }")),
    ("a port that is not logged", NOTICED,
     nft("delete element inet sockgate in_ports { tcp . 80 }", "add element inet sockgate in_ports { tcp . 80 : accept }")),
    ("a port that is logged as another", NOTICED,
     nft("delete element inet sockgate in_ports { tcp . 80 }", "add element inet sockgate in_ports { tcp . 80 : goto log_mail }")),
]


LIST = 121000    # from 120,000 on apply asks for elements instead of reading them
BASE = 11 << 24


def written(number):
    return ".".join(str(byte) for byte in address(number))


def large_list(name):
    """Single addresses, every second one; or pairs of addresses with room between them."""
    with open(name + ".txt", "w", encoding="ascii") as file:
        file.writelines("%s\n" % (written(BASE + 2 * i) if name == "single" else written(BASE + 8 * i) + "/31") for i in range(LIST))


def of_set(what):
    """A change of the set that the table has now: apply may have made it under a new name."""
    def run():
        listed = subprocess.run(["nft", "-t", "list", "table", "inet", "sockgate"], check=True, capture_output=True, text=True).stdout
        what(next(line.split()[1] for line in listed.splitlines() if line.strip().startswith("set ")))()
    return run


def edit(*lines):
    return of_set(lambda name: nft(*[line.replace("SET", name) for line in lines]))


def add_raw(*items):
    return of_set(lambda name: raw(elements_of(name, *items)))


def made_anew(old, new):
    """The table again, with the numbers that it had."""
    def run():
        listed = subprocess.run(["nft", "list", "table", "inet", "sockgate"], check=True, capture_output=True, text=True).stdout
        assert old in listed
        nft("delete table inet sockgate", listed.replace(old, new, 1))()
    return run


LARGE = "groups: {many: {file: %s.txt}}\nallow:\n  tcp: [{port: 8080, from: many}]\n"
LARGE_TABLES = {
    "single": [
        ("a catch-all element", NOTICED, add_raw(CATCH_ALL)),
        ("one more", NOTICED, edit("add element inet sockgate SET { 10.9.0.2 }")),
        ("one instead of another", NOTICED, edit("add element inet sockgate SET { 10.9.0.2 }", "delete element inet sockgate SET { 11.0.0.2 }")),
        ("one that is limited", NOTICED,
         sends(edit("delete element inet sockgate SET { 11.0.0.2 }"), add_raw(carrying("11.0.0.2", ONE_A_DAY)))),
        ("the table with the numbers that it had", NOTICED, made_anew("11.0.0.2,", "11.0.0.3,")),
    ],
    # tests/unit/test_kernel_rules.c tries what else can be added to intervals
    "pairs": [
        ("a catch-all element", NOTICED, add_raw(CATCH_ALL)),
        ("an interval between two", NOTICED, edit("add element inet sockgate SET { 11.0.0.4 }")),
    ],
}


class Tried(Exception):
    pass


class Program:
    def __init__(self, program):
        self.program = program

    def run(self, *args):
        done = subprocess.run([self.program, "-f", "policy.yaml", *args], capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout + done.stderr

    def must_apply(self):
        code, said = self.run("apply", "--force")
        if code:
            raise Tried("apply ends with %d: %s" % (code, said))

    def verify(self):
        code, said = self.run("verify", "-j")
        answer = json.loads(said)["kernel_equals_policy"] if code in (0, 1, 4) else said
        if answer not in ("proven", "refuted", "undecided") or (answer != "proven" and not code):
            raise Tried("verify ends with %d: %s" % (code, said))
        return answer

    def equal(self):
        """What verify says; status and diff have to agree."""
        answer = self.verify()
        status, status_said = self.run("status")
        diff, diff_said = self.run("diff")
        expected = {"proven": 0, "refuted": 1, "undecided": 4}[answer]
        if status != expected or diff != expected:
            raise Tried("verify says %s, status ends with %d, diff with %d\n%s\n%s" % (answer, status, diff, status_said, diff_said))
        return answer

    def mended(self):
        self.must_apply()
        if self.equal() != "proven":
            raise Tried("apply does not mend it")


def forget():
    for name in glob.glob("/run/sockgate/contents-%x" % cookie()):
        os.remove(name)


def cookie():
    with socket.socket() as own:
        return int.from_bytes(own.getsockopt(socket.SOL_SOCKET, 71, 8), sys.byteorder)


def try_small(gate, change, harmless):
    subprocess.run(["nft", "flush", "ruleset"], check=True)    # then names have no numbers
    gate.mended()
    change()
    if gate.equal() == "proven" and not harmless:
        raise Tried("it is called proven")
    gate.mended()


def try_large(gate, change, harmless):
    """With what apply remembers and a verify in between; then without either."""
    if gate.verify() != "proven":
        gate.must_apply()
    change()
    if gate.verify() == "proven" and not harmless:
        raise Tried("with memory: it is called proven")
    gate.must_apply()
    if gate.verify() != "proven":
        raise Tried("with memory: apply does not mend it")
    change()
    forget()
    gate.must_apply()
    forget()
    if gate.verify() != "proven":
        raise Tried("without memory: apply does not mend it")


def main():
    size, titles = sys.argv[2], sys.argv[3:]
    table = [row for row in LARGE_TABLES.get(size, TABLE) if not titles or row[0] in titles]
    if size != "small":
        large_list(size)
    with open("policy.yaml", "w", encoding="ascii") as file:
        file.write(SMALL if size == "small" else LARGE % size)
    gate, failed = Program(sys.argv[1]), 0
    print("1..%d" % len(table))
    for number, (title, harmless, change) in enumerate(table, 1):
        try:
            (try_small if size == "small" else try_large)(gate, change, harmless)
            print("ok %d - %s" % (number, title), flush=True)
        except (Tried, AssertionError, subprocess.CalledProcessError) as error:
            failed += 1
            print("not ok %d - %s" % (number, title))
            print("".join("# %s\n" % line for line in str(error).splitlines()), end="", flush=True)
            subprocess.run(["nft", "flush", "ruleset"], check=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
