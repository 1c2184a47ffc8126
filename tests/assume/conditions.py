# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules for conditions take for granted: meters, the clock, the owner of a socket, what a connection had before
its destination was rewritten. Every statement is tried with packets. Runs in a network namespace of its own. TAP."""
import contextlib
import json
import os
import re
import socket
import subprocess
import time


class Skip(Exception):
    pass


def nft(text, works=True):
    done = subprocess.run(["nft", "-f", "-"], input=text, text=True, capture_output=True)
    assert (done.returncode == 0) == works, done.stderr or text
    return done.stderr


def clean():
    nft("add table inet t\ndelete table inet t\n")


def load(rules, objects=""):
    """A table whose input chain has the rules and drops nothing; the counters a to e are in it."""
    counters = "".join(f"counter {name} {{ }}\n" for name in "abcde")
    nft(f"table inet t {{\n{counters}{objects}\nchain input {{\ntype filter hook input priority 0; policy accept;\n"
        f"{rules}\n}}\n}}\n")


def count(name):
    listed = subprocess.run(["nft", "-j", "list", "counter", "inet", "t", name], check=True, capture_output=True,
                            text=True)
    return next(item["counter"]["packets"] for item in json.loads(listed.stdout)["nftables"] if "counter" in item)


def elements(name):
    listed = subprocess.run(["nft", "-j", "list", "set", "inet", "t", name], check=True, capture_output=True, text=True)
    found = next(item["set"] for item in json.loads(listed.stdout)["nftables"] if "set" in item)
    return [item["elem"]["val"] if isinstance(item, dict) else item for item in found.get("elem", [])]


def send(port, packets=1, source="127.0.0.1"):
    for _ in range(packets):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((source, 0))
            udp.sendto(b"x", ("127.0.0.1", port))


def shared_bucket():
    """a limit in a chain that two rules jump to is one limit for both"""
    load("udp dport 1001 jump asked\nudp dport 1002 jump asked\nudp dport 1001-1002 counter name b",
         "chain asked {\nlimit rate 1/day burst 5 packets counter name a accept\n}")
    send(1001, 3)
    send(1002, 3)
    send(1001, 1)
    assert (count("a"), count("b")) == (5, 2), (count("a"), count("b"))


def refill():
    """a limit is a bucket that holds its burst and fills again at its rate"""
    load("udp dport 1001 limit rate 4/second burst 4 packets counter name a accept")
    send(1001, 9)
    assert count("a") == 4, count("a")
    time.sleep(0.6)
    send(1001, 9)
    assert count("a") == 6, count("a")
    time.sleep(1.1)
    send(1001, 9)
    assert count("a") == 10, count("a")


PEERS = "set peers {\ntype ipv4_addr\nsize %d\nflags dynamic,timeout\ntimeout %s\n}"


def full_set():
    """a peer for whom a set has no room is refused, and one that is in it goes on"""
    load("udp dport 1001 update @peers { ip saddr limit rate 1/day burst 3 packets } counter name a accept\n"
         "udp dport 1001 counter name b", PEERS % (2, "1h"))
    send(1001, 1, "127.0.0.2")
    send(1001, 1, "127.0.0.3")
    send(1001, 4, "127.0.0.4")
    assert (count("a"), count("b")) == (2, 4), (count("a"), count("b"))
    send(1001, 3, "127.0.0.2")
    assert (count("a"), count("b")) == (4, 5), (count("a"), count("b"))


def apart():
    """each peer has a bucket of its own"""
    load("udp dport 1001 update @peers { ip saddr limit rate 1/day burst 2 packets } counter name a accept",
         PEERS % (100, "1h"))
    for host in range(2, 12):
        send(1001, 5, f"127.0.0.{host}")
    assert count("a") == 20, count("a")


def expired():
    """an element that expired begins with a full bucket: what it would have by then, when the timeout is not shorter"""
    load("udp dport 1001 update @peers { ip saddr limit rate 3/second burst 3 packets } counter name a accept",
         PEERS % (100, "1s"))
    send(1001, 9)
    assert count("a") == 3, count("a")
    time.sleep(1.3)
    assert elements("peers") == [], elements("peers")
    send(1001, 9)
    assert count("a") == 6, count("a")


def renewed():
    """an update puts the expiry off, also for a packet that is over the limit"""
    load("udp dport 1001 update @peers { ip saddr limit rate 1/day burst 1 packets } counter name a accept",
         PEERS % (100, "1s"))
    for _ in range(7):
        send(1001)
        time.sleep(0.25)
    assert count("a") == 1, count("a")


def kept_limit():
    """an element keeps the limit that it was made with, whatever the rule says that meets it later"""
    load("udp dport 1001 update @peers { ip saddr limit rate 1/day burst 1 packets } counter name a accept\n"
         "udp dport 1002 update @peers { ip saddr limit rate 1/day burst 9 packets } counter name b accept",
         PEERS % (100, "1h"))
    send(1001, 2)
    send(1002, 9)
    assert (count("a"), count("b")) == (1, 0), (count("a"), count("b"))


def added_by_hand():
    """an element that is added with nothing but its address has no limit, and the kernel says so of it"""
    load("udp dport 1001 update @peers { ip saddr limit rate 1/day burst 1 packets } counter name a accept",
         PEERS % (100, "1h"))
    nft("add element inet t peers { 127.0.0.1 }")
    send(1001, 5)
    assert count("a") == 5, count("a")
    send(1001, 5, source="127.0.0.2")
    listed = subprocess.run(["nft", "list", "set", "inet", "t", "peers"], check=True, capture_output=True, text=True)
    carried = dict(re.findall(r"(127\.0\.0\.\d)( limit)?", listed.stdout))
    assert carried == {"127.0.0.1": "", "127.0.0.2": " limit"}, listed.stdout


def in_namespace(process, *command):
    subprocess.run(["nsenter", f"--net=/proc/{process.pid}/ns/net", *command], check=True)


@contextlib.contextmanager
def neighbour(name, network):
    """A network namespace behind a link of ours: .1 is here, .2 is there."""
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(process.pid)],
                       check=True)
        subprocess.run(["ip", "addr", "add", f"{network}.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        in_namespace(process, "ip", "addr", "add", f"{network}.2/24", "dev", "eth0")
        in_namespace(process, "ip", "link", "set", "eth0", "up")
        in_namespace(process, "ip", "route", "add", "default", "via", f"{network}.1")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        subprocess.run(["ip", "link", "del", name], stderr=subprocess.DEVNULL)


COUNTS = "set counts {\ntype ipv4_addr\nsize 100\nflags dynamic\n}"

# connects from the address of each line, or ends the oldest connection; says what became of it
CLIENT = """
import socket, struct, sys
made = []
for line in sys.stdin:
    if line == "end\\n":
        made.pop(0).close()
        print("ended", flush=True)
        continue
    tcp = socket.socket()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset ends it
    tcp.bind((line.strip(), 0))
    tcp.settimeout(0.2)
    try:
        tcp.connect(("192.0.2.1", 1001))
        made.append(tcp)
        print("connected", flush=True)
    except TimeoutError:
        tcp.close()
        print("refused", flush=True)
"""


def connections():
    """connections at once are counted for each peer, one that ended or was refused is not, and elements without any are
    collected"""
    load("ct state established,related accept\n"
         "tcp dport 1001 add @counts { ip saddr ct count 2 } counter name a accept\ntcp dport 1001 drop", COUNTS)
    with neighbour("client0", "192.0.2") as client, socket.create_server(("192.0.2.1", 1001)):
        in_namespace(client, "ip", "addr", "add", "192.0.2.3/24", "dev", "eth0")
        process = subprocess.Popen(["nsenter", f"--net=/proc/{client.pid}/ns/net", "/usr/bin/python3", "-c", CLIENT],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def tell(line):
            print(line, file=process.stdin, flush=True)
            return process.stdout.readline().strip()

        lines = ["192.0.2.2"] * 4 + ["192.0.2.3", "end"] + ["192.0.2.2"] * 2
        seen = [tell(line) for line in lines]
        assert seen == ["connected", "connected", "refused", "refused", "connected", "ended", "connected", "refused"], seen
        found = sorted(elements("counts"))
        process.communicate()
    assert found == ["192.0.2.2", "192.0.2.3"], found
    deadline = time.monotonic() + 6
    while elements("counts"):
        assert time.monotonic() < deadline, elements("counts")
        time.sleep(0.1)


def counts_without_timeout():
    """counts of connections are refused in a set with a timeout"""
    refusal = nft("table inet t {\n" + PEERS % (9, "1h") + "\nchain c {\nadd @peers { ip saddr ct count 2 } accept\n}\n}\n",
                  works=False)
    assert "not supported" in refusal, refusal


def clock():
    """a time in a rule is over at its very second"""
    end = int(time.time()) + 2
    load(f"udp dport 1001 meta time < {end} counter name a accept\nudp dport 1001 counter name b")
    time.sleep(end - 0.05 - time.time())
    send(1001)
    before = time.time()
    seen = count("a"), count("b")
    time.sleep(max(0, end + 0.005 - time.time()))
    send(1001)
    assert before < end, "this machine is too slow for the test"
    assert seen == (1, 0) and (count("a"), count("b")) == (1, 1), (seen, count("a"), count("b"))


SENDER = ("import socket, sys\nudp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nudp.bind(('', int(sys.argv[3])))\n"
          "udp.sendto(b'x', (sys.argv[1], int(sys.argv[2])))\n")


def original():
    """in the forward hook a connection still has the destination that it had before it was rewritten"""
    asks = "ct direction original ct status dnat meta l4proto udp"
    nft("table inet t {\n" + "".join(f"counter {name} {{ }}\n" for name in "abcde") +
        "chain before {\ntype nat hook prerouting priority dstnat;\n"
        "ip daddr 192.0.2.1 udp dport 8080 dnat ip to 198.51.100.2:80\n}\n"
        "chain forward {\ntype filter hook forward priority 0;\n"
        f"{asks} ct original proto-dst 8080 ct original ip daddr 192.0.2.1 udp dport 80 counter name a\n"
        f"{asks} ct original proto-dst 80 counter name b\n"
        "ct direction original ct status dnat ct original ip6 daddr ::/0 counter name c\n"
        "ct direction reply ct status dnat meta l4proto udp counter name d\n"
        "ct status ! dnat meta l4proto udp counter name e\n}\n}\n")
    with open("/proc/sys/net/ipv4/ip_forward", "w") as forward:
        forward.write("1")
    with neighbour("client0", "192.0.2") as client, neighbour("server0", "198.51.100") as server:
        in_namespace(client, "/usr/bin/python3", "-c", SENDER, "192.0.2.1", "8080", "4000")
        in_namespace(server, "/usr/bin/python3", "-c", SENDER, "192.0.2.2", "4000", "80")
        in_namespace(client, "/usr/bin/python3", "-c", SENDER, "198.51.100.2", "81", "4001")
        time.sleep(0.1)
    seen = [count(name) for name in "abcde"]
    assert seen == [1, 0, 0, 1, 1], seen


def cgroup2():
    """The folder of the unified hierarchy, and its path in nft's words."""
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            _, place, kind = line.split()[:3]
            if kind == "cgroup2" and f"{place}/".startswith("/sys/fs/cgroup/"):
                return place, place[len("/sys/fs/cgroup"):].strip("/")
    raise Skip("there is no cgroup2 below /sys/fs/cgroup")


@contextlib.contextmanager
def cgroup(path):
    try:
        os.mkdir(path)
    except OSError as error:
        raise Skip(f"a cgroup cannot be made: {error}") from error
    try:
        yield path
    finally:
        deadline = time.monotonic() + 2
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


HOLDER = ("import os, socket, sys\nopen(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
          "tcp = socket.socket()\ntcp.bind(('127.0.0.1', 1001))\ntcp.listen(5)\n"
          "udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nudp.bind(('127.0.0.1', 1001))\n"
          "open(sys.argv[2] + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
          "print(flush=True)\nsys.stdin.read()\n")


def socket_owner():
    """socket cgroupv2 is the cgroup in which the socket was made that a SYN or a datagram will reach, or one above it;
    without a socket nothing matches"""
    place, words = cgroup2()
    base = f"sockgate-assume-{os.getpid()}"
    with cgroup(f"{place}/{base}"), cgroup(f"{place}/{base}/one") as one, cgroup(f"{place}/{base}/two") as two:
        above = f"{words}/{base}".strip("/")
        asks = "tcp flags & (syn | ack) == syn th dport 1001-1002 socket cgroupv2 level"
        load(f"{asks} 2 \"{above}/one\" counter name a\n{asks} 2 \"{above}/two\" counter name b\n"
             f"{asks} 1 \"{above}\" counter name c\n"
             f"meta l4proto udp th dport 1001-1002 socket cgroupv2 level 2 \"{above}/one\" counter name d\n"
             "tcp dport 1002 counter name e")
        holder = subprocess.Popen(["/usr/bin/python3", "-c", HOLDER, one, two], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        try:
            holder.stdout.readline()
            socket.create_connection(("127.0.0.1", 1001), 2).close()
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", 1002), 2)
            send(1001)
            send(1002)
        finally:
            holder.communicate()
    seen = [count(name) for name in "abcde"]
    assert seen == [1, 0, 1, 1, 1], seen


FACTS = [shared_bucket, refill, full_set, apart, expired, renewed, kept_limit, added_by_hand, connections, counts_without_timeout, clock,
         original, socket_owner]


def main():
    failed = 0
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(f"1..{len(FACTS)}")
    for number, fact in enumerate(FACTS, 1):
        name = " ".join(fact.__doc__.split())
        try:
            clean()
            fact()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception as error:  # one fact that does not hold is not to hide the others
            failed += 1
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
