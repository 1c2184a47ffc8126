# SPDX-License-Identifier: GPL-2.0-or-later
"""What src/nft and src/kernel take for granted of nf_tables. Runs in a network namespace of its own. TAP.

Every statement is tried on the running kernel, byte by byte over netlink: a kernel that breaks one fails here and not
in somebody's firewall.
"""
import errno
import os
import socket
import struct
import subprocess

NETLINK_NETFILTER, SOL_NETLINK = 12, 270
NETLINK_CAP_ACK, NETLINK_EXT_ACK = 10, 11
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
REQUEST, ACK, ECHO, DUMP, EXCL, CREATE, APPEND = 1, 4, 8, 0x300, 0x200, 0x400, 0x800
CAPPED, TLVS, DUMP_INTR = 0x100, 0x200, 0x10
ERROR, DONE, BEGIN, END = 2, 3, 16, 17
NFTABLES = 10 << 8
(NEWTABLE, GETTABLE, DELTABLE, NEWCHAIN, GETCHAIN, DELCHAIN, NEWRULE, GETRULE, DELRULE, NEWSET, GETSET, DELSET,
 NEWSETELEM, GETSETELEM, DELSETELEM, NEWGEN, GETGEN) = range(17)
INET, NESTED = 1, 0x8000
INTERVAL, MAP = 4, 8
VERDICT = 0xffffff00
ACCEPT, DROP = 1, 0


def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def nest(kind, *parts):
    return attr(kind | NESTED, b"".join(parts))


def text(kind, value):
    return attr(kind, value.encode() + b"\0")


def be32(kind, value):
    return attr(kind, struct.pack(">I", value & 0xffffffff))


def attrs(data):
    result = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        result.setdefault(kind & 0x3fff, data[4:size])
        data = data[size + 3 & ~3:]
    return result


class Message:
    def __init__(self, kind, flags, *parts, family=INET, resource=0):
        self.kind, self.flags, self.family, self.resource = kind, flags, family, resource
        self.data = b"".join(parts)

    def pack(self, seq):
        body = struct.pack(">BBH", self.family, 0, self.resource) + self.data
        return struct.pack("=IHHII", 16 + len(body), self.kind, REQUEST | self.flags, seq, 0) + body


def begin(generation=None):
    return Message(BEGIN, 0, *([be32(1, generation)] if generation else []), family=0, resource=10)


def end():
    return Message(END, 0, family=0, resource=10)


def table(name="t", kind=NEWTABLE, flags=CREATE):
    return Message(NFTABLES | kind, flags, text(1, name))


def new_set(name, flags=0, key_length=4, size=None, number=1, key_type=7):
    parts = [text(1, "t"), text(2, name), be32(3, flags), be32(4, key_type), be32(5, key_length), be32(10, number)]
    if flags & MAP:
        parts += [be32(6, VERDICT), be32(7, 16)]
    if size:
        parts.append(nest(9, be32(1, size)))
    return Message(NFTABLES | NEWSET, CREATE | EXCL, *parts)


def element(key, verdict=None, is_end=False):
    parts = [nest(1, attr(1, key))]
    if verdict is not None:
        parts.append(nest(2, nest(2, be32(1, verdict))))
    if is_end:
        parts.append(be32(3, 1))
    return nest(1, *parts)


def elements(name, items, kind=NEWSETELEM, flags=CREATE | EXCL):
    return Message(NFTABLES | kind, flags, text(1, "t"), text(2, name), nest(3, *items))


def address(number):
    return struct.pack(">I", number)


class Kernel:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.seq = 1

    def send(self, *messages):
        """Sends as one; returns the first sequence number and the bytes."""
        first, self.seq = self.seq, self.seq + len(messages)
        data = b"".join(message.pack(first + i) for i, message in enumerate(messages))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, len(data) + 4096)
        self.socket.sendto(data, (0, 0))
        return first, data

    def receive(self, wait=False, size=65536):
        """The messages of one datagram: (kind, flags, seq, body); none when nothing waits."""
        try:
            data = self.socket.recv(size, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        result = []
        while len(data) >= 16:
            length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
            result.append((kind, flags, seq, data[16:length]))
            data = data[length + 3 & ~3:]
        return result

    def answers(self):
        result = []
        while True:
            some = self.receive()
            if not some:
                return result
            result += some

    def batch(self, *messages, generation=None, ended=True):
        """Errors as (index of the message, errno, offset), generations that were echoed, acknowledged messages."""
        first, _ = self.send(begin(generation), *messages, *([end()] if ended else []))
        errors, echoed, acked = [], [], []
        for kind, flags, seq, body in self.answers():
            if kind == ERROR:
                number = -struct.unpack_from("=i", body)[0]
                extra = attrs(body[20:]) if flags & TLVS and flags & CAPPED else {}
                offset = struct.unpack("=I", extra[2])[0] if 2 in extra else None
                if number:
                    errors.append((seq - first - 1, number, offset))
                else:
                    acked.append(seq - first - 1)
            elif kind == NFTABLES | NEWGEN:
                echoed.append(struct.unpack(">I", attrs(body[4:])[1])[0])
        return errors, echoed, acked

    def generation(self):
        return struct.unpack(">I", self.get_generation()[1])[0]

    def get_generation(self):
        self.send(Message(NFTABLES | GETGEN, 0, family=0))
        return attrs(self.answers()[0][3][4:])

    def must(self, *messages):
        errors, _, _ = self.batch(*messages)
        assert not errors, errors

    def tables(self):
        self.send(Message(NFTABLES | GETTABLE, DUMP, family=0))
        names, done = [], False
        while not done:
            for kind, _, _, body in self.receive(wait=True):
                done |= kind in (DONE, ERROR)
                if kind == NFTABLES | NEWTABLE:
                    names.append(attrs(body[4:])[1].rstrip(b"\0").decode())
        return names

    def ask_elements(self, name, keys):
        """The keys of the answers, and the errno at the end."""
        self.send(Message(NFTABLES | GETSETELEM, ACK, text(1, "t"), text(2, name),
                          nest(3, *[element(key) for key in keys])))
        found, number = [], None
        for kind, _, _, body in self.answers():
            if kind == ERROR:
                number = -struct.unpack_from("=i", body)[0]
            else:
                for item in attrs(attrs(body[4:])[3]).values():
                    found.append(attrs(attrs(item)[1])[1])
        return found, number

    def clean(self):
        for name in self.tables():
            self.must(table(name, DELTABLE, 0))


def stale_generation(k):
    """a batch that is tied to an old generation is refused with ERESTART at its beginning, and nothing is done"""
    old = k.generation()
    k.must(table("a"))
    now = k.generation()
    assert now == old + 1, (old, now)
    errors, echoed, _ = k.batch(table("b"), generation=old)
    assert [(index, number) for index, number, _ in errors] == [(-1, errno.ERESTART)], errors
    assert not echoed and k.generation() == now and k.tables() == ["a"]


def current_generation(k):
    """a batch that is tied to the current generation is committed"""
    errors, _, _ = k.batch(table("a"), generation=k.generation())
    assert not errors and k.tables() == ["a"]


def no_end(k):
    """a batch without an end is checked and not committed"""
    before = k.generation()
    errors, _, _ = k.batch(table("a"), ended=False)
    assert not errors, errors
    errors, _, _ = k.batch(table("a", DELTABLE, 0), ended=False)
    assert errors and errors[0][1] == errno.ENOENT, errors
    assert k.generation() == before and k.tables() == []


def second_batch(k):
    """a second batch in the same send is not read"""
    k.send(begin(), table("a"), end(), begin(), table("b"), end())
    k.answers()
    assert k.tables() == ["a"], k.tables()


def echo(k):
    """NLM_F_ECHO on a message brings the generation that the commit made, and without it nothing comes"""
    k.must(table())
    before = k.generation()
    errors, echoed, _ = k.batch(table(flags=CREATE | ECHO), new_set("s"))
    assert not errors and echoed == [before + 1] and k.generation() == before + 1, echoed
    _, echoed, _ = k.batch(new_set("r"))
    assert echoed == [] and k.generation() == before + 2


def no_proof(k):
    """an acknowledgement of a message says nothing about the batch; an aborted batch echoes no generation"""
    errors, echoed, acked = k.batch(table(flags=CREATE | ACK | ECHO), table("b", DELTABLE, 0))
    assert acked == [0] and not echoed, (acked, echoed)
    assert [index for index, _, _ in errors] == [1] and k.tables() == []


def nothing_to_do(k):
    """a batch that changes nothing, or is empty, does not raise the generation"""
    k.must(table())
    before = k.generation()
    k.must(table())
    k.must()
    assert k.generation() == before


def barrier(k):
    """an empty batch that is tied to a generation is refused when that is not the ruleset's"""
    now = k.generation()
    errors, _, _ = k.batch(generation=now)
    assert not errors and k.generation() == now, errors
    errors, _, _ = k.batch(generation=now + 1)
    assert [(index, number) for index, number, _ in errors] == [(-1, errno.ERESTART)], errors


def generation_of(k):
    """the process that GETGEN names is the one that asks"""
    subprocess.run(["nft", "add", "table", "inet", "t"], check=True)
    assert struct.unpack(">I", k.get_generation()[2])[0] == os.getpid()


def atomic(k):
    """one bad message undoes the whole batch"""
    before = k.generation()
    errors, _, _ = k.batch(table(), new_set("s"), elements("s", [element(address(1))]), elements("gone", [element(b"x")]))
    assert [(index, number) for index, number, _ in errors] == [(3, errno.ENOENT)], errors
    assert k.generation() == before and k.tables() == []


def offsets(k):
    """the extended acknowledgement points at the element that is refused"""
    for flags in (0, INTERVAL):
        pairs = [element(address(10 * i)) + (element(address(10 * i + 5), is_end=True) if flags else b"")
                 for i in range(200)]
        k.must(table(), new_set("s", flags, size=None if flags else 1000), elements("s", [pairs[100]]))
        message = elements("s", pairs)
        errors, _, _ = k.batch(message)
        assert len(errors) == 1 and errors[0][1] == errno.EEXIST, errors
        start = 20 + len(message.data) - sum(map(len, pairs))
        assert errors[0][2] == start + sum(map(len, pairs[:100])), (flags, errors, start)
        k.clean()


def delete_and_add(k):
    """a key can be deleted and added again in one batch, with another verdict"""
    key = struct.pack(">BxxxHxx", 6, 22)
    k.must(table(), new_set("m", MAP, 8, 100, key_type=12 << 6 | 13), elements("m", [element(key, ACCEPT)]))
    k.must(elements("m", [element(key)], DELSETELEM, 0), elements("m", [element(key, DROP)]))
    listed = subprocess.run(["nft", "list", "map", "inet", "t", "m"], check=True, capture_output=True, text=True)
    assert "drop" in listed.stdout and "accept" not in listed.stdout, listed.stdout


def again(k):
    """adding what is there already is EEXIST with NLM_F_EXCL, and is passed over without it"""
    k.must(table(), new_set("s", size=10), elements("s", [element(address(1))]))
    errors, _, _ = k.batch(elements("s", [element(address(1))]))
    assert [number for _, number, _ in errors] == [errno.EEXIST], errors
    k.must(elements("s", [element(address(1)), element(address(2))], flags=CREATE))
    errors, _, _ = k.batch(new_set("s"))
    assert [number for _, number, _ in errors] == [errno.EEXIST], errors


def overlap(k):
    """intervals that overlap are refused, neighbours are not"""
    k.must(table(), new_set("s", INTERVAL), elements("s", [element(address(10)), element(address(20), is_end=True)]))
    k.must(elements("s", [element(address(20)), element(address(30), is_end=True)]))
    for first, last in ((15, 40), (5, 12), (12, 14), (5, 40)):
        errors, _, _ = k.batch(elements("s", [element(address(first)), element(address(last), is_end=True)]))
        assert errors, (first, last)


def open_end(k):
    """an interval without an end goes to the last key"""
    k.must(table(), new_set("s", INTERVAL), elements("s", [element(address(0xfffffff0))]))
    found, _ = k.ask_elements("s", [address(0xffffffff)])
    assert found == [address(0xfffffff0)], found
    found, number = k.ask_elements("s", [address(0xffffffef)])
    assert not found and number == errno.ENOENT, (found, number)


NETWORK = 0x0a000000


def matched(key):
    """Whether a packet to 10.0.0.KEY meets the rule that looks into set s."""
    def count():
        listed = subprocess.run(["nft", "list", "chain", "inet", "t", "c"], check=True, capture_output=True, text=True)
        return int(listed.stdout.split("packets ")[1].split()[0])
    before = count()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?", (socket.inet_ntoa(address(NETWORK + key)), 9))
    return count() - before


def boundaries(k, base, *added):
    """A set of boundaries, negative ones ends, that packets to 10.0.0.0/24 are looked up in; then others are added."""
    def item(number):
        return element(address(NETWORK + abs(number)), is_end=number < 0)
    k.clean()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "route", "replace", "local", "10.0.0.0/24", "dev", "lo"], check=True)
    k.must(table(), new_set("s", INTERVAL), elements("s", [item(number) for number in base]))
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
        add chain inet t c { type filter hook output priority 0; }
        add rule inet t c ip daddr @s counter""")
    for number in added:
        k.must(elements("s", [item(number)]))


def loose_start(k):
    """a start without an end matches up to the next start, or nothing; behind all it matches up to the last key"""
    kinds = {}
    for start in (5, 20, 25, 45):
        boundaries(k, (10, -20, 30, -40, 50, -60), start)
        reach = [key for key in (5, 7, 9, 15, 20, 22, 25, 27, 29, 35, 40, 45, 49, 55, 60, 99) if matched(key)]
        found = [key for key in (5, 7, 9, 15, 20, 22, 25, 27, 29, 35, 40, 45, 49, 55, 60, 99)
                 if k.ask_elements("s", [address(NETWORK + key)])[0]]
        assert found == reach, f"start {start}: packets match {reach}, keys are found {found}"
        following = min(key for key in (10, 30, 50) if key > start)
        known = {"to the next start": sorted({15, 35, 55} | {
                     key for key in (5, 7, 9, 20, 22, 25, 27, 29, 40, 45, 49) if start <= key < following}),
                 "nothing": [15, 35, 55]}
        kinds[start] = [kind for kind, keys in known.items() if keys == reach]
        assert kinds[start], f"a start at {start} matches {reach}"
    assert len({tuple(kind) for kind in kinds.values()}) == 1, kinds
    for start in (60, 65):
        boundaries(k, (10, -20, 30, -40, 50, -60), start)
        reach = [key for key in (5, 15, 25, 55, 59, 61, 65, 99) if matched(key)]
        assert reach == [key for key in (15, 55, 59, 61, 65, 99) if key < 60 or key >= start], (start, reach)
        assert k.ask_elements("s", [address(0xffffffff)])[0] == [address(NETWORK + start)]
    return f"this kernel: {kinds[5][0]}"


def before_conntrack(k):
    """what leaves has no connection in front of conntrack: its state is invalid there, and new behind it"""
    boundaries(k, (10, -20))
    for priority, state in ((-300, "invalid"), (-201, "invalid"), (-199, "new"), (0, "new")):
        subprocess.run(["nft", "-f", "-"], check=True, text=True, input=f"""
            flush chain inet t c
            delete chain inet t c
            add chain inet t c {{ type filter hook output priority {priority}; }}
            add rule inet t c ct state {state} counter""")
        assert matched(30), (priority, state)


def neighbours(k):
    """in an anonymous set two starts in a row are neighbours: the first interval ends where the second starts"""
    k.clean()
    boundaries(k, (10, -20))
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
        flush chain inet t c
        add rule inet t c ip daddr vmap { 10.0.0.30-10.0.0.39 : return, 10.0.0.40-10.0.0.49 : continue }
        add rule inet t c counter""")
    assert [key for key in (29, 30, 39, 40, 49, 50) if matched(key)] == [29, 40, 49, 50]


def catch_all(k):
    """a catch-all element matches all other keys, is asked for by its flag, and is not counted"""
    def ask():
        k.send(Message(NFTABLES | GETSETELEM, ACK, text(1, "t"), text(2, "s"), nest(3, nest(1, be32(3, 2)))))
        kind, _, _, body = k.answers()[0]
        return -struct.unpack_from("=i", body)[0] if kind == ERROR else attrs(attrs(attrs(body[4:])[3])[1])
    boundaries(k, (10, -20))
    before = count_of(k)
    answer = ask()
    if answer != errno.ENOENT:  # a kernel that has no such elements
        errors, _, _ = k.batch(elements("s", [nest(1, be32(3, 2))]))
        assert answer == errno.EINVAL and errors, (answer, errors)
        return "this kernel has none"
    assert not matched(30)
    k.must(elements("s", [nest(1, be32(3, 2))]))
    assert matched(30) and matched(15)
    assert ask() == {3: struct.pack(">I", 2)}, ask()
    assert count_of(k) == before
    assert k.ask_elements("s", [address(NETWORK + 30)]) == ([], errno.ENOENT)
    return "this kernel has them"


def count_of(k):
    """NFTA_SET_COUNT of set s, None where the kernel does not say it"""
    k.send(Message(NFTABLES | GETSET, 0, text(1, "t"), text(2, "s")))
    count = attrs(k.answers()[0][3][4:]).get(20)
    return struct.unpack(">I", count)[0] if count else None


def counted(k):
    """where elements are counted: of an exact set all, of intervals in one field half of the boundaries"""
    for count in (1, 2, 3, 7):
        k.clean()
        k.must(table(), new_set("s", size=10), elements("s", [element(address(i)) for i in range(count)]))
        if count_of(k) is None:
            return "this kernel does not count"
        assert count_of(k) == count
        k.must(elements("s", [element(address(0))], DELSETELEM, 0))
        assert count_of(k) == count - 1
        numbers = [number for i in range(count) for number in (10 * i + 10, -10 * i - 20)]
        for added in ((), (5,), (-5, 220)):
            boundaries(k, numbers, *added)
            assert count_of(k) == (len(numbers) + len(added)) // 2, (count, added, count_of(k))
    return "this kernel counts"


def cap(k):
    """the size of an exact set is a hard cap"""
    k.must(table(), new_set("s", size=3), elements("s", [element(address(i)) for i in range(3)]))
    errors, _, _ = k.batch(elements("s", [element(address(3))]))
    assert [number for _, number, _ in errors] == [errno.ENFILE], errors
    k.must(elements("s", [element(address(1))], DELSETELEM, 0), elements("s", [element(address(3))]))


def single_keys(k):
    """keys that are asked for are answered in order, up to the first that is missing"""
    k.must(table(), new_set("s", size=100), elements("s", [element(address(i)) for i in range(0, 100, 2)]))
    found, number = k.ask_elements("s", [address(i) for i in (8, 2, 96)])
    assert found == [address(8), address(2), address(96)] and number == 0, (found, number)
    found, number = k.ask_elements("s", [address(i) for i in (8, 3, 96)])
    assert found == [address(8)] and number == errno.ENOENT, (found, number)


def interrupted(k):
    """a dump of rules is flagged when the ruleset changes in the middle of it"""
    rule = Message(NFTABLES | NEWRULE, CREATE | APPEND, text(1, "t"), text(2, "c"), nest(4, nest(1, text(1, "counter"))))
    k.must(table(), Message(NFTABLES | NEWCHAIN, CREATE, text(1, "t"), text(3, "c")), *[rule] * 3000)
    k.send(Message(NFTABLES | GETRULE, DUMP, text(1, "t")))
    seen = k.receive(wait=True)
    assert seen and seen[-1][0] != DONE, "the dump came in one piece"
    Kernel().must(table("other"))
    flags = 0
    while seen[-1][0] not in (DONE, ERROR):
        seen = k.receive(wait=True)
        for _, flag, _, _ in seen:
            flags |= flag
    assert flags & DUMP_INTR


def marks(k):
    """user data of a type that nft does not know stays on a rule, and nft lists the rule"""
    verdict = nest(1, text(1, "immediate"), nest(2, be32(1, 0), nest(2, nest(2, be32(1, ACCEPT)))))
    mark = b"\xc0\x03abc" + b"\x00\x03hi\0"
    k.must(table(), Message(NFTABLES | NEWCHAIN, CREATE, text(1, "t"), text(3, "c")),
           Message(NFTABLES | NEWRULE, CREATE | APPEND, text(1, "t"), text(2, "c"), nest(4, verdict), attr(7, mark)))
    listed = subprocess.run(["nft", "list", "chain", "inet", "t", "c"], check=True, capture_output=True, text=True)
    assert 'accept comment "hi"' in listed.stdout and not listed.stderr, listed
    k.send(Message(NFTABLES | GETRULE, DUMP, text(1, "t")))
    rules = [attrs(body[4:]) for kind, _, _, body in k.receive(wait=True) if kind == NFTABLES | NEWRULE]
    while k.receive():
        pass
    assert [rule[7] for rule in rules] == [mark], rules


def many_errors(k):
    """errors that the socket has no room for end in ENOBUFS, and the batch is aborted all the same"""
    own = Kernel()
    own.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 100000)
    before = k.generation()
    own.send(begin(), table(), *[table("gone", DELTABLE, 0)] * 10000, end())
    seen, lost = 0, False
    while True:
        try:
            some = own.receive()
        except OSError as error:
            assert error.errno == errno.ENOBUFS, error
            lost = True
            continue
        if not some:
            break
        seen += len(some)
    assert lost and 0 < seen < 10000, (lost, seen)
    assert k.generation() == before and k.tables() == []


def large_batch(k):
    """a batch of 18 MB is one send"""
    items = [element(address(i)) for i in range(1200000)]
    messages = [elements("s", items[i:i + 3000]) for i in range(0, len(items), 3000)]
    assert sum(len(message.data) for message in messages) > 18 << 20
    k.must(table(), new_set("s", size=1200000), *messages)
    found, _ = k.ask_elements("s", [address(1199999)])
    assert found == [address(1199999)]


FACTS = [stale_generation, current_generation, no_end, second_batch, echo, no_proof, nothing_to_do, barrier,
         generation_of, atomic, offsets, delete_and_add, again, overlap, open_end, loose_start, neighbours, catch_all,
         counted, before_conntrack, cap, single_keys, interrupted, marks, many_errors, large_batch]


def main():
    failed = 0
    print(f"1..{len(FACTS)}")
    for number, fact in enumerate(FACTS, 1):
        kernel = Kernel()
        try:
            kernel.clean()
            seen = fact(kernel)
            print(f"ok {number} - {fact.__doc__}" + (f" ({seen})" if seen else ""), flush=True)
        except Exception as error:  # one fact that does not hold is not to hide the others
            failed += 1
            print(f"not ok {number} - {fact.__doc__}\n# {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
