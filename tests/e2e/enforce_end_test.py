#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Agents that are told to end, hang, or are started oddly while they act, and clocks that jump.

    enforce_end_test.py PROGRAM CLOCK     CLOCK: the library built from shifted_clock.cc; as root, exit 77 where it cannot
                                          run
"""
import json
import os
import pathlib
import signal
import sys
import time
import unittest

from crash_test import Victim
from enforcing_agent import PATIENCE, EnforcingAgent, stat_of

CLOCK = None
YEAR = 365 * 86_400
TTL = 8  # Seconds.
FOLLOWED = 20  # Victims whose grace ends at once; each takes a look of its own.


def lives(pid):
    return (stat_of(pid) or "Z")[0] not in "ZX"


class End(EnforcingAgent):
    def setUp(self):
        super().setUp()
        self.name = f"hostile-{os.getpid()}"

    def victim(self, suffix=""):
        made = Victim(self.name + suffix)
        self.addCleanup(made.end)
        return made

    def start(self, step, **how):
        self.configure([f'when: {{control: CAP-001}}, select: {{cgroup: "/{self.name}*"}}, do: [{step}]'])
        self.begin(**how)

    def until_active(self):
        self.until(lambda: any(each["active"] for each in self.actions()), "the action")

    def entries(self):
        text = (self.folder / "state" / "actions.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    # ---- the tests ----

    def test_undo_behind_an_agent_that_hangs(self):
        self.victim()
        self.start("{freeze: {}, ttl: 10m}")
        self.until_active()
        self.agent.send_signal(signal.SIGSTOP)
        said = self.undo("--all")
        self.agent.send_signal(signal.SIGCONT)
        self.assertRegex(said, "freezer.state|cgroup.freeze")
        self.assert_limits_are_as_before()
        self.until_looked()
        self.assert_limits_are_as_before()
        self.assertFalse(any(each["active"] for each in self.actions()))

    def test_sigterm_before_a_grace_is_over(self):
        victim = self.victim()  # The first of its pid namespace: SIGTERM does nothing to it.
        self.start("{kill: {signal: TERM, grace: 10m}}")
        self.until(lambda: any(each["result"] == "done" for each in self.actions()), "SIGTERM")
        self.end()
        self.assertTrue(lives(victim.pid))
        self.assertIn("SIGKILL does not follow: the agent ends", json.dumps(self.entries()[-1]))

    def test_sigterm_amid_those_whose_grace_is_over(self):
        victims = [self.victim(f"-{number}") for number in range(FOLLOWED)]
        self.start("{kill: {signal: TERM, grace: 2s}}")
        self.until(lambda: not all(lives(victim.pid) for victim in victims), "the first SIGKILL")
        began = time.monotonic()
        self.end()
        self.assertLess(time.monotonic() - began, PATIENCE)
        spared = sum(lives(victim.pid) for victim in victims)
        self.assertGreater(spared, 0, "nobody is killed by an agent that ends")
        told = json.dumps(self.entries())
        self.assertEqual(told.count("SIGKILL does not follow: the agent ends"), spared)

    def test_an_agent_whose_children_nobody_waits_for(self):
        """SIGCHLD was ignored by whoever started it, and that is inherited."""
        self.victim()
        self.start("{freeze: {}, ttl: 10m}", before=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.until_active()
        self.agent.send_signal(signal.SIGKILL)
        self.agent.wait(PATIENCE)
        self.agent = None
        end = time.monotonic() + PATIENCE
        while True:  # By the child that outlives it.
            try:
                return self.assert_limits_are_as_before()
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def test_a_clock_that_jumps_ends_no_action_and_prolongs_none(self):
        self.victim()
        shift = self.folder / "shift"
        shift.write_text("0", encoding="ascii")
        self.start(f"{{throttle: {{pids: 5}}, ttl: {TTL}s}}", environment={"LD_PRELOAD": str(CLOCK), "CLOCK_SHIFT": str(shift)})
        self.until_active()
        began = time.monotonic()
        for jump in (YEAR, -YEAR):
            (self.folder / "new").write_text(str(jump), encoding="ascii")
            (self.folder / "new").rename(shift)
            self.until_looked()
            if time.monotonic() - began < TTL - 2:
                self.assertTrue(any(each["active"] for each in self.actions()), jump)
        self.until(lambda: not any(each["active"] for each in self.actions()), "its end")
        self.assertGreater(time.monotonic() - began, TTL - 2)
        self.assert_limits_are_as_before()


def main():
    global CLOCK  # pylint: disable=global-statement
    if len(sys.argv) < 3:
        sys.exit("usage: enforce_end_test.py PROGRAM CLOCK [TEST...]")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    CLOCK = pathlib.Path(sys.argv.pop(1)).resolve(strict=True)
    if os.geteuid() != 0:
        print("enforce_end: skipped: it takes root", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
