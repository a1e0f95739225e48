#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who dies in the containers of each runtime, and that nobody else does.

    enforce_runtimes_test.py PROGRAM         as root, with the zoo up; exit 77 where it cannot run

Each runtime has two containers with a second process, and where a test wants it a third one that fails RUN-004: its
program was removed. One of the two is meant by the rules. Compared are the processes of all containers, those that
they descend from, the daemons, and each limit of the host.
"""
import concurrent.futures
import contextlib
import datetime
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
import unittest

import runtime_containers
from enforcing_agent import CONTAINERS, EnforcingAgent, contained, limits, lives, stat_of
from runtime_containers import MAKERS, members

PATIENCE = 120  # An emulated host takes its time.
TIMES, GRACE = 1, 2
KILLED = 137  # What a shell and each runtime say of SIGKILL.
DAEMONS = {"dockerd", "containerd"}
COMPANION, OFFENDER = "1000003", "1000004"
WITHOUT = {"bwrap": "it executes nothing in its sandboxes, which have no cgroup of their own",
           "unshare": "it executes nothing in its sandboxes, which have no cgroup of their own",
           "nspawn": "it is on demand",
           "podman-rootless": "its containers belong to their user; podman's are looked at"}
# Opens the program behind descriptor 9 and removes it.
UNLINK = "chmod 755 /tmp/gone && exec 9</tmp/gone && rm /tmp/gone && exec"
MACHINES = {"x86_64": (62, bytes.fromhex("b801000000 bf01000000 be01004000 ba01000000 0f05 b83c000000 31ff 0f05")),
            "aarch64": (183, struct.pack("<9I", 0xD2800808, 0xD2800020, 0xD2800021, 0xF2A00801, 0xD2800022, 0xD4000001,
                                         0xD2800BA8, 0xD2800000, 0xD4000001))}


def writer():
    """A program whose first instructions write(1, "E", 1): of the name at its own beginning."""
    machine, code = MACHINES[os.uname().machine]
    size = 64 + 56 + len(code)
    return (b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
            + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x10000) + code)


def ancestors(pid):
    found = set()
    while (fields := stat_of(pid)) and (pid := int(fields[1])) > 1:
        found.add(pid)
    return found


def daemons():
    found = set()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{entry}/comm").read_text(encoding="utf-8", errors="replace").strip() in DAEMONS:
                found.add(int(entry))
    return found


class Inhabited:
    """A container with a companion of its init, and perhaps an offender."""

    def __init__(self, runtime, name):
        self.runtime = runtime
        self.made = MAKERS[runtime](name)
        self.clients = {}
        self.pid, self.id = self.made.pid, self.made.id
        self.offender = None
        try:
            self.inhabit(COMPANION, f"exec sleep {COMPANION}")
        except BaseException:
            self.remove()
            raise

    def inhabit(self, mark, script):
        """The process that a script becomes."""
        client = subprocess.Popen([*self.made.exec, "sh", "-c", script], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.clients[mark] = client
        end = time.monotonic() + PATIENCE
        while True:
            for pid in members(self.pid):
                if self.arguments(pid) == ["sleep", mark]:
                    return pid
            if client.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.runtime}: nothing was executed: {client.returncode}")
            time.sleep(0.02)

    @staticmethod
    def arguments(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")[:-1]
        except OSError:
            return []

    def offend(self):
        if self.offender is None or not lives(self.offender):
            script = f"cp /bin/busybox /tmp/gone && {UNLINK} -a sleep /proc/self/fd/9 {OFFENDER}"
            self.offender = self.inhabit(OFFENDER, script)

    def execute_forbidden(self):
        """(its status, what was written): by a program that is allowed, then by one that is not. Into a file, since
        ctr may lose what is said as it ends."""
        program = "".join(f"\\{byte:03o}" for byte in writer())
        script = f"exec >/tmp/said && /bin/echo allowed && printf '{program}' >/tmp/gone && {UNLINK} /proc/self/fd/9"
        ended = subprocess.run([*self.made.script, script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=PATIENCE)
        return ended.returncode, pathlib.Path(f"/proc/{self.pid}/root/tmp/said").read_bytes()

    def has_unified_cgroup(self):
        lines = pathlib.Path(f"/proc/{self.pid}/cgroup").read_text(encoding="utf-8").splitlines()
        return any(line.startswith("0::") and self.id in line for line in lines)

    def remove(self):
        try:
            self.made.remove()
        finally:
            for client in self.clients.values():
                try:
                    client.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    client.kill()
                    client.wait()


class EachRuntime(EnforcingAgent):
    runtimes = []
    victims, bystanders = {}, {}

    @classmethod
    def tearDownClass(cls):
        cls.together(Inhabited.remove, [*cls.victims.values(), *cls.bystanders.values()])

    @staticmethod
    def together(what, whom):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(what, whom))

    def furnish(self, kind, made):
        """One of each runtime, anew where the last one has ended."""
        def furnish_one(runtime):
            if runtime in made and not lives(made[runtime].pid):
                made.pop(runtime).remove()
            if runtime not in made:
                made[runtime] = Inhabited(runtime, f"zoo-{os.getpid()}-{runtime}-{kind}")
        self.together(furnish_one, self.runtimes)
        self.assertEqual(sorted(made), self.runtimes)

    def furnish_both(self):
        self.furnish("victim", self.victims)
        self.furnish("bystander", self.bystanders)

    def everybody(self):
        return [one for one in [*self.victims.values(), *self.bystanders.values()] if lives(one.pid)]

    def inventory(self):
        """Once those are gone who only saw to it that something was executed: the lineages stay the same."""
        inhabitants = set(contained())
        for one in self.everybody():
            inhabitants |= {(pid, fields[19]) for pid in members(one.pid) if (fields := stat_of(pid))}
        lineage, before = {pid: ancestors(pid) for pid, _ in inhabitants}, None
        end = time.monotonic() + PATIENCE
        while lineage != before:
            self.assertLess(time.monotonic(), end, "whom they descend from changes without rest")
            time.sleep(0.3)
            before, lineage = lineage, {pid: ancestors(pid) for pid, _ in inhabitants}
        self.lineage = lineage
        others = {pid for pids in self.lineage.values() for pid in pids} | daemons()
        return limits(), inhabitants | {(pid, fields[19]) for pid in others if (fields := stat_of(pid))}

    def start(self, whom, step, **options):
        self.meant = [one.id for one in whom]
        self.configure([f'when: {{control: RUN-004}}, select: {{id: "{each}"}}, do: [{step}]' for each in self.meant],
                       **options)
        self.begin()

    def done(self):
        """(what, the container, the process) of each action, sorted."""
        actions = self.actions()
        self.assertEqual({(each["result"], each["control"]) for each in actions}, {("done", "RUN-004")}, actions)
        return sorted((each["action"], each["container"]["id"], each["pid"]) for each in actions)

    def assert_only_these_ended(self, ended):
        """They have; and whom only they descend from may have."""
        self.assertEqual({pid for pid in ended if lives(pid)}, set())
        lost = {pid for child in ended for pid in self.lineage.get(child, ())}
        kept = {pid for child, pids in self.lineage.items() if child not in ended for pid in pids}
        self.assert_nobody_else_ended(but=ended | (lost - kept))
        self.assert_limits_are_as_before(but=self.meant)
        now = limits()
        gone = {path for path in self.before[0] if path not in now and any(word in path for word in CONTAINERS)}
        self.assertEqual({path for path in gone if not any(word in path for word in self.meant)}, set())

    def assert_killed(self, one):
        """What is forbidden lives until the agent has seen its container; none does after the first that was killed."""
        ends = []

        def is_killed():
            ends.append(one.execute_forbidden())
            return ends[-1] != (0, b"allowed\nE")
        self.until(is_killed, f"{one.runtime}: a forbidden exec is killed", PATIENCE)
        ends += [one.execute_forbidden() for _ in range(TIMES)]
        self.assertEqual(ends[-1 - TIMES:], [(KILLED, b"allowed\n")] * (1 + TIMES), one.runtime)

    def assert_spared(self, one):
        self.assertEqual(one.execute_forbidden(), (0, b"allowed\nE"), one.runtime)

    def kill_containers(self, whom, step):
        """How long each of them lived after the beginning of its action, in seconds."""
        self.together(Inhabited.offend, self.everybody())
        pids = {one.id: members(one.pid) for one in whom}
        self.assertEqual({len(each) for each in pids.values()}, {3})
        self.start(whom, step)
        ended = {}

        def have_ended():
            alive = set().union(*pids.values()) - {*ended}
            ended.update({pid: time.time() for pid in alive if not lives(pid)})
            return len(ended) == 3 * len(whom)
        self.until(have_ended, "kill", PATIENCE)
        self.until_looked()  # For what would come after it.
        self.assert_only_these_ended({*ended})
        self.assertEqual(self.done(), sorted(("kill", one.id, one.offender) for one in whom))
        return [min(ended[pid] for pid in pids[each["container"]["id"]]) - datetime.datetime.fromisoformat(each["at"]).timestamp()
                for each in self.actions()]

    # ---- the tests, in the order of their names ----

    def test_a_forbidden_exec_is_killed(self):
        self.furnish_both()
        victims = self.victims.values()
        self.start(victims, "{kill_at_exec: {}}", source="bpf")
        watched = [one for one in victims if one.has_unified_cgroup()]
        left_out = [one for one in victims if one not in watched]
        print("no cgroup of v2:", [one.runtime for one in left_out])
        self.assertTrue(watched)
        self.together(self.assert_killed, watched)
        self.together(self.assert_spared, [*self.bystanders.values(), *left_out])
        self.assert_only_these_ended(set())
        expected = sorted(("kill_at_exec", one.id) for one in watched for _ in range(1 + TIMES))
        self.until(lambda: len(self.actions()) >= len(expected), "all are told")
        self.assertEqual([each[:2] for each in self.done()], expected)
        for one in left_out:
            self.assertIn(f"no exec is judged in {one.made.name}: it has no cgroup of the v2 hierarchy", self.log())

    def test_an_offender_alone_is_killed(self):
        self.furnish_both()
        self.together(Inhabited.offend, self.everybody())
        victims = self.victims.values()
        self.start(victims, "{kill_process: {signal: KILL}}")
        self.until(lambda: not any(lives(one.offender) for one in victims), "kill", PATIENCE)
        self.until_looked()
        self.assert_only_these_ended({one.offender for one in victims})
        self.assertEqual(self.done(), sorted(("kill_process", one.id, one.offender) for one in victims))
        for one in victims:
            self.assertEqual(one.clients[OFFENDER].wait(PATIENCE), KILLED, one.runtime)

    def test_the_containers_are_killed(self):
        self.furnish_both()
        self.kill_containers(self.victims.values(), "{kill: {signal: KILL}}")

    def test_their_grace_is_given(self):
        """The others are meant now. The first of a pid namespace does not mind a SIGTERM that it has no handler for."""
        self.furnish("bystander", self.bystanders)
        lived = self.kill_containers(self.bystanders.values(), f"{{kill: {{signal: TERM, grace: {GRACE}s}}}}")
        self.assertGreaterEqual(min(lived), GRACE)


def stop(*_):
    raise KeyboardInterrupt  # Anything else would end the one test that runs.


def main():
    if len(sys.argv) < 2 or os.geteuid() != 0:
        sys.exit("usage: enforce_runtimes_test.py PROGRAM, as root")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    there = runtime_containers.up()
    if not there:
        print("enforce_runtimes: skipped: the zoo is not up", file=sys.stderr)
        sys.exit(77)
    EachRuntime.runtimes = sorted(there - {*WITHOUT})
    print("runtimes:", ", ".join(EachRuntime.runtimes))
    for runtime in sorted({*MAKERS} - there):
        print(f"enforce_runtimes: skipped: {runtime}: the zoo has none")
    for runtime in sorted(there & {*WITHOUT}):
        print(f"enforce_runtimes: left out: {runtime}: {WITHOUT[runtime]}")
    signal.signal(signal.SIGTERM, stop)  # What was made is removed.
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
