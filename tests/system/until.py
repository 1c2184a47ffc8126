#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines with an end: the kernel ends them at that second, with no process there to do it.

    until.py PROGRAM     TAP"""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ports                     # noqa: E402
from peers import Peers, wanted  # noqa: E402

ONE, SIX = "203.0.113.5", "2001:db8:a:1::1"
POLICY = """
allow:
  tcp: [{port: 22, until: %(until)s}, 80, 443, {port: 8080, until: %(until)s}, {port: 8080, from: 203.0.113.0/24}]
block:
  tcp: [{port: 443, until: %(until)s}, {port: 80, from: 203.0.113.5, until: %(until)s, answer: reject}]
"""
BEFORE = {22: "passed", 80: "refused", 443: "silent", 8080: "passed"}
AFTER = {22: "silent", 80: "passed", 443: "passed", 8080: "passed"}
AFTER_FROM_ELSEWHERE = {**AFTER, 8080: "silent"}


def text_of(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def answers(peers, source):
    socks = [peers.begin(source, number) for number in BEFORE]
    found = dict(zip(BEFORE, peers.answers(socks)))
    for sock in socks:
        sock.close()
    return found


def wait_for(moment):
    time.sleep(max(0, moment - time.time()))


def processes(program, name):
    """Of the program under test, whatever they are called, in the network namespace of that name. Other suites run beside
    this one."""
    found = []
    namespace = os.stat("/run/netns/" + name).st_ino
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if (os.path.realpath(program) == os.readlink("/proc/%s/exe" % pid)
                    and os.stat("/proc/%s/ns/net" % pid).st_ino == namespace):
                found.append(pid)
        except OSError:
            pass
    return found


def ends(peers):
    end = int(time.time()) + 6
    peers.fresh(POLICY % {"until": text_of(end)})
    yield from wanted("before", answers(peers, ONE), BEFORE)
    held = peers.begin(ONE, 22)
    yield from wanted("a connection that stays", peers.answers([held]), ["passed"])
    said = peers.apply(POLICY % {"until": text_of(end)})
    if "unchanged" not in said:
        yield "applied again: " + said
    yield from wanted("before, applied again", answers(peers, ONE), BEFORE)
    wait_for(end - 1.5)
    yield from wanted("just before", answers(peers, ONE), BEFORE)
    generation = peers.within(peers.inner, "/usr/bin/python3", os.path.join(os.path.dirname(__file__), "..", "lib", "generation.py"))
    wait_for(end + 0.01)
    yield from wanted("processes of the program that still run", processes(peers.program, peers.inner), [])
    yield from wanted("from then on", answers(peers, ONE), AFTER)
    yield from wanted("from elsewhere", answers(peers, SIX), AFTER_FROM_ELSEWHERE)
    yield from wanted("the ruleset's generation", peers.within(
        peers.inner, "/usr/bin/python3", os.path.join(os.path.dirname(__file__), "..", "lib", "generation.py")), generation)
    held.setblocking(True)
    held.settimeout(1)
    held.send(b"still there")
    yield from wanted("who is connected stays so", peers.answers([held]), ["passed"])
    held.close()
    yield from over(peers)


def over(peers):
    """The same file, when its lines are over."""
    for words in (("check",), ("apply",), ("apply", "--force")):
        code, said = peers.gate(*words)
        if code != 2 or "over since" not in said:
            yield "%s: exit code %d: %s" % (" ".join(words), code, said)
    code, said = peers.gate("explain", "22/tcp", "-j")
    yield from wanted("explain", (code, json.loads(said[said.index("{"):])["verdict"]), (1, "drop"))
    code, said = peers.gate("verify", "-j")
    yield from wanted("verify", json.loads(said[said.index("{"):])["kernel_equals_policy"], "proven")
    subprocess.run(["ip", "netns", "exec", peers.inner, "nft", "flush", "ruleset"], check=True)
    code, said = peers.gate("apply", "--boot")
    yield from wanted("apply --boot", (code, said), (0, said))
    yield from wanted("after it", [answers(peers, ONE), answers(peers, SIX)], [AFTER, AFTER_FROM_ELSEWHERE])
    subprocess.run(["ip", "netns", "exec", peers.inner, "nft", "flush", "ruleset"], check=True)


def tested(peers):
    """A test that fails because a line is over leaves no machine open that starts."""
    peers.write("allow:\n  tcp: [{port: 22, until: 2001-01-01T00:00Z}, 80]\ntests: [{expect: allow, tcp: 22}]\n")
    subprocess.run(["ip", "netns", "exec", peers.inner, "nft", "flush", "ruleset"], check=True)
    code, said = peers.gate("apply", "--boot")
    yield from wanted("apply --boot: " + said, (code, "policy/test-failed" in said), (0, True))
    yield from wanted("after it", {number: answer for number, answer in answers(peers, ONE).items() if number in (22, 80)},
                      {22: "silent", 80: "passed"})
    peers.write("allow: {tcp: [80]}\ntests: [{expect: allow, tcp: 22}]\n")
    yield from wanted("apply of a policy whose test fails", peers.gate("apply")[0], 1)


def boundary(peers):
    """Connections all around the second: what is asked before it passes, what is asked after it does not."""
    end = int(time.time()) + 3
    peers.fresh("allow: {tcp: [{port: 22, until: %s}]}\n" % text_of(end))
    wait_for(end - 0.3)
    asked = []
    while time.time() < end + 0.3:
        first = time.time()
        asked.append((first, time.time(), peers.begin(ONE, 22)))
        asked[-1] = (first, time.time(), asked[-1][2])
        time.sleep(0.005)
    found = peers.answers([sock for _, _, sock in asked])
    for (first, last, sock), answer in zip(asked, found):
        sock.close()
        if (last < end and answer != "passed") or (first >= end and answer != "silent"):
            yield "asked %.4f seconds after the end: %s" % (first - end, answer)
    if len(asked) < 20 or not {"passed", "silent"} <= set(found):
        yield "%d asked: %s" % (len(asked), sorted(set(found)))


def main(program):
    failed = False
    with Peers(program, "until", [22, 80, 443, 8080]) as peers:
        for title, test in (("lines end at their second, blocks too, and apply leaves that alone", ends),
                            ("a test of what is over does not keep a policy from a machine that starts", tested),
                            ("a line holds up to its second and not beyond", boundary)):
            try:
                wrong = list(test(peers))
            except (RuntimeError, subprocess.SubprocessError) as problem:
                wrong = ["%s %s" % (problem, getattr(problem, "stderr", ""))]
            failed |= ports.report(title, [row for text in wrong for row in text.splitlines()])
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
