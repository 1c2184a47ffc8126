#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several appliers at once, while another program changes tables of its own and now and then flushes everything.

    together.py PROGRAM APPLIERS TIMES     TAP

Afterwards the rules are exactly those of one of the policies, no applier ended in another way than "done" or "the ruleset keeps
changing", and the other program's table is what it made it."""
import os
import signal
import subprocess
import sys
import tempfile
import threading

POLICY = """
groups: {office: [192.0.2.%d, 198.51.100.0/24]}
allow:
  tcp: [22, %d, {port: 8080, from: office}]
"""

# timeout(1) ends a suite by this signal: what was made is deleted all the same
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


class Churn(threading.Thread):
    """Another program: adds and deletes elements of a set of its own until told to stop."""

    def __init__(self, netns, flush):
        super().__init__()
        self.netns, self.flush, self.stop = netns, flush, False
        self.rounds = 0

    def nft(self, text):
        done = run("ip", "netns", "exec", self.netns, "nft", "-f", "-", input=text)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def make(self):
        self.nft("table ip foreign {\n set s {\n type ipv4_addr\n }\n chain c {\n type filter hook input priority 5;\n"
                 "ip saddr @s drop\n }\n}\n")

    def run(self):
        while not self.stop:
            self.rounds += 1
            self.nft("add element ip foreign s { 10.0.0.%d }" % (self.rounds % 250))
            self.nft("delete element ip foreign s { 10.0.0.%d }" % (self.rounds % 250))
            if self.flush and self.rounds % 5 == 0:
                self.nft("flush ruleset")
                self.make()
        self.nft("flush set ip foreign s")


def applier(program, netns, path, times, codes):
    for _ in range(times):
        codes.append(run("ip", "netns", "exec", netns, program, "-f", path, "apply", timeout=120))


def together(program, count, times, flush):
    """What went wrong, as rows."""
    netns = "sgt-%d-together" % os.getpid()
    run("ip", "netns", "add", netns)
    try:
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, "%d.yaml" % index) for index in range(count)]
            for index, path in enumerate(paths):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(POLICY % (index, 1000 + index))
                os.chmod(path, 0o644)
            churn = Churn(netns, flush)
            churn.make()
            foreign = run("ip", "netns", "exec", netns, "nft", "list", "table", "ip", "foreign").stdout
            codes = []
            threads = [threading.Thread(target=applier, args=(program, netns, path, times, codes)) for path in paths]
            churn.start()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            churn.stop = True
            churn.join()
            wrong = ["exit code %d: %s%s" % (done.returncode, done.stdout, done.stderr) for done in codes
                     if done.returncode not in (0, 3) or (done.returncode == 3 and "chang" not in done.stderr)]
            good = sum(done.returncode == 0 for done in codes)
            print("# %d of %d applies done, %d rounds of the other program" % (good, len(codes), churn.rounds))
            if good < len(codes) // 4:
                wrong.append("only %d of %d applies were done" % (good, len(codes)))
            if run("ip", "netns", "exec", netns, "nft", "list", "table", "ip", "foreign").stdout != foreign:
                wrong.append("the other program's table is not what it made it")
            if not flush:
                matches = [path for path in paths if run("ip", "netns", "exec", netns, program, "-f", path, "diff").returncode == 0]
                if len(matches) != 1:
                    wrong.append("the rules are those of %d policies" % len(matches))
            again = run("ip", "netns", "exec", netns, program, "-f", paths[0], "apply")
            after = run("ip", "netns", "exec", netns, program, "-f", paths[0], "diff")
            if again.returncode or after.returncode:
                wrong.append("the last apply: %s%s" % (again.stderr, after.stdout))
            return wrong
    finally:
        run("ip", "netns", "del", netns)


def main(program, count, times):
    failed = False
    for flush in (False, True):
        wrong = together(program, count, times, flush)
        title = "%d appliers, %d times each, beside another program%s" % (count, times, " that flushes everything" if flush else "")
        print("\n".join(["not ok - " + title if wrong else "ok - " + title] + ["# " + row for text in wrong[:8] for row in text.splitlines()]))
        failed |= bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
