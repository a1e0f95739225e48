#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Victims that mean harm, and bystanders to whom nothing may happen.

    enforce_hostile_test.py PROGRAM     built with HULLMARK_FAULT_POINTS, as root; exit 77 where it cannot run
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import unittest

from crash_test import Victim, must_have_fault_points
from enforcing_agent import PATIENCE, EnforcingAgent, stat_of
from plain_container import PR_SET_NAME, libc

OFFENDERS = 500
LAST_PID = pathlib.Path("/proc/sys/kernel/ns_last_pid")
KILL = "{kill: {signal: KILL}}"


def lives(pid):
    return (stat_of(pid) or "Z")[0] not in "ZX"


def say_nothing_and_wait():
    while True:
        signal.pause()


class Hostile(EnforcingAgent):
    def setUp(self):
        super().setUp()
        self.name = f"hostile-{os.getpid()}"
        # As guilty as the victims, but nobody selects it.
        self.bystander = self.made("bystander-" + self.name)

    def made(self, name, **how):
        victim = Victim(name, **how)
        self.addCleanup(victim.end)
        return victim

    def victim(self, suffix="", **how):
        return self.made(self.name + suffix, **how)

    def start(self, *steps, fault="", **options):
        """With a rule for all our victims."""
        self.configure([f'when: {{control: CAP-001}}, select: {{cgroup: "/{self.name}*"}}, do: [{", ".join(steps)}]'], **options)
        self.begin(fault)

    def results(self, action):
        return [each["result"] for each in self.actions() if each["action"] == action]

    def until_killed(self, victim):
        self.until(lambda: not lives(victim.pid), "the kill")
        self.until(lambda: "done" in self.results("kill"), "its result")
        self.assertEqual((victim.group / "cgroup.procs").read_text(encoding="ascii"), "")

    def assert_bystanders_are_well(self, but=()):
        self.assertTrue(lives(self.bystander.pid))
        self.assert_nobody_else_ended()
        self.assert_limits_are_as_before(but)
        self.assertNotIn("bystander-" + self.name, json.dumps(self.actions()))

    def entries(self):
        text = (self.folder / "state" / "actions.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    # ---- the tests ----

    def test_who_forks_as_fast_as_he_can(self):
        def forks():
            if os.fork() == 0:
                while True:
                    with contextlib.suppress(BlockingIOError):
                        os.fork()
        victim = self.victim(pids=64, act=forks)
        self.start(KILL)
        self.until_killed(victim)
        self.assert_bystanders_are_well()

    def test_who_moves_to_another_cgroup(self):
        victim, other = self.victim(), self.victim("-other")
        stop = threading.Event()

        def moves():
            while not stop.wait(0.001):
                for group in (other.group, victim.group):
                    with contextlib.suppress(OSError):
                        (group / "cgroup.procs").write_text(str(victim.pid), encoding="ascii")
        mover = threading.Thread(target=moves)
        mover.start()
        try:
            self.start("{throttle: {pids: 5}}")
            self.until(self.actions, "a try")
            self.until_looked(4)
        finally:
            stop.set()
            mover.join()
        changed = {change["file"] for each in self.actions() for change in each["changes"]}
        self.assertLessEqual(changed, {str((group / "pids.max").resolve()) for group in (victim.group, other.group)})
        self.end()
        self.assert_bystanders_are_well()

    def test_who_calls_himself_a_runtime(self):
        victim = self.victim(act=lambda: libc.prctl(PR_SET_NAME, b"containerd-shim"))
        self.assertEqual(pathlib.Path(f"/proc/{victim.pid}/comm").read_text(encoding="ascii"), "containerd-shim\n")
        self.start(KILL)
        self.until_killed(victim)
        self.assert_bystanders_are_well()

    def test_a_zombie_among_them(self):
        victim = self.victim(act=lambda: os.fork() == 0 and os._exit(0))
        self.start(KILL)
        self.until_killed(victim)
        self.assert_bystanders_are_well()

    def test_a_victim_that_somebody_has_frozen(self):
        victim = self.victim()
        freezers = [group / "freezer.state" for group in victim.more if (group / "freezer.state").exists()]
        for state in freezers or [victim.group / "cgroup.freeze"]:
            state.write_text("FROZEN" if freezers else "1", encoding="ascii")
        self.start(KILL)
        self.until(lambda: self.results("kill"), "a try")
        # v1 has to thaw it for that, v2 need not; what is said has to be true.
        self.assertEqual("done" in self.results("kill"), not lives(victim.pid))
        self.assert_bystanders_are_well(but=("/" + self.name,))

    def test_a_victim_that_cannot_be_ended(self):
        """It writes to a filesystem that is frozen: in state D until that is thawed."""
        image, mounted = self.folder / "image", self.folder / "mounted"
        mounted.mkdir()
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True, timeout=PATIENCE)
        if subprocess.run(["mount", "-o", "loop", image, mounted], capture_output=True, timeout=PATIENCE).returncode:
            self.skipTest("no loop device here")
        self.addCleanup(subprocess.run, ["umount", mounted], check=True)
        file = os.open(mounted / "file", os.O_CREAT | os.O_WRONLY)
        self.addCleanup(os.close, file)
        begin, ready = os.pipe()

        def writes():
            if os.fork() == 0:
                os.read(begin, 1)
                os.write(file, b"x")
                say_nothing_and_wait()
        victim = self.victim(act=writes)
        subprocess.run(["fsfreeze", "-f", mounted], check=True, timeout=PATIENCE)
        thaw = contextlib.ExitStack()
        thaw.callback(subprocess.run, ["fsfreeze", "-u", mounted], check=True)
        self.addCleanup(thaw.close)
        os.write(ready, b"x")
        members = [int(each) for each in (victim.group / "cgroup.procs").read_text(encoding="ascii").split()]
        self.until(lambda: [stat_of(each)[0] for each in members].count("D") == 1, "state D")
        self.start(KILL)
        self.until(lambda: self.results("kill"), "a try")
        self.assertNotIn("done", self.results("kill"))
        thaw.close()
        self.until(lambda: not any(lives(each) for each in members), "its end")
        self.assert_bystanders_are_well()

    def test_many_offenders_at_once(self):
        victims = [self.victim(f"-{number}") for number in range(OFFENDERS)]
        self.start(KILL, budget="{actions: 3, per: 10m, max_containers_fraction: 1.0}")
        # The first look at so many by a program with sanitizers.
        self.until(lambda: self.metric("hullmark_enforcement_breaker_open") == 1, "breaker", 4 * PATIENCE)
        self.until_looked()
        self.assertEqual(sum(lives(victim.pid) for victim in victims), OFFENDERS - 3)
        self.assertEqual(self.results("kill").count("done"), 3)
        self.assert_bystanders_are_well()

    def test_a_number_that_is_given_to_somebody_else(self):
        victim = self.victim()
        self.start("{kill_process: {signal: KILL}}", fault="intended:1:stop")
        self.until(lambda: stat_of(self.agent.pid)[0] == "T", "the decision")
        number = next(each["target"]["pid"] for each in self.entries() if each["kind"] == "intended")
        self.assertEqual(number, victim.pid)
        os.kill(number, signal.SIGKILL)
        self.until(lambda: stat_of(number) is None, "its end")
        stranger = self.take_number(number)
        self.agent.send_signal(signal.SIGCONT)
        self.until(lambda: "aborted" in self.results("kill_process"), "doubt")
        self.assertIsNone(stranger.poll(), "a stranger was killed for his number")
        self.assert_bystanders_are_well()

    def take_number(self, number):
        for _ in range(1000):
            LAST_PID.write_text(str(number - 1), encoding="ascii")
            stranger = subprocess.Popen(["sleep", "1000000"])
            if stranger.pid == number:
                self.addCleanup(lambda: (stranger.kill(), stranger.wait()))
                return stranger
            stranger.kill()
            stranger.wait()
        self.fail(f"number {number} cannot be had")

    def test_a_full_disk_disarms_it(self):
        """Nothing is done that is not written down; what was done can be taken back."""
        victim = self.victim()
        state = self.folder / "state"
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "hostile", state], check=True, timeout=PATIENCE)
        self.addCleanup(subprocess.run, ["umount", "-l", state], check=True)
        with contextlib.suppress(OSError), open(state / "ballast", "ab", buffering=0) as ballast:
            while ballast.write(b"x" * 65536):
                pass
        self.start("{throttle: {pids: 5}, next_after: 0s}", KILL)
        self.until(lambda: self.metric("hullmark_enforcement_breaker_open") == 1, "breaker")
        self.until_looked()
        self.assertTrue(lives(victim.pid))
        self.assert_bystanders_are_well()
        (state / "ballast").unlink()
        self.undo("--reset-breaker")
        self.until_killed(victim)


def main():
    if len(sys.argv) < 2 or os.geteuid() != 0:
        sys.exit("usage: enforce_hostile_test.py PROGRAM, as root")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    must_have_fault_points(EnforcingAgent.program)
    missing = [name for name in ("mkfs.ext4", "fsfreeze") if shutil.which(name) is None]
    if missing:
        sys.exit(f"enforce_hostile_test.py: {' and '.join(missing)} missing")
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
