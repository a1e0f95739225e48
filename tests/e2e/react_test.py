#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is killed as it executes: by the event and a descriptor of the process, between two looks.

    react_test.py PROGRAM         as root; exit 77 where it cannot run

In a container made of system calls a process without rights executes a program that waits for ever: one with a
set-user-id bit (PRV-002). Prints how long it took from the call of execve(2) until its parent knew of its end.
"""
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time
import unittest

from enforcing_agent import PATIENCE, EnforcingAgent
from plain_container import PlainContainer

TIMES, SCANS = 500, 30
INTERVAL = "60s"  # Between looks: what dies sooner was killed without one, or by one that its exec asked for.
MEDIAN = 0.1  # Seconds; looks have a second's rest between them. The machine may be busy.
VERSION = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
# Such a kernel tells of a single task; before, a distribution's may.
READ = "between looks is read " + ("by a program" if VERSION >= (6, 1) else "(by a program|through /proc)")
MADE = pathlib.Path(__file__).with_name("waits")  # Where there is no compiler.


class Container:
    """Executes what it is told to, as a user without rights; answers with what became of it."""

    def __init__(self, name, program):
        orders, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        content = program.read_bytes()

        def furnish():
            for path, mode in (("/plain", 0o755), ("/raised", 0o4755)):
                pathlib.Path(path).write_bytes(content)
                os.chmod(path, mode)

        def act():
            if os.fork() != 0:
                return os.close(answers)
            with os.fdopen(orders, encoding="ascii") as lines:
                os.close(self.orders)
                for line in lines:
                    os.write(answers, (json.dumps(self.spawn(line.split())) + "\n").encode())
            os._exit(0)

        try:
            self.plain = PlainContainer(name, act, furnish)
        finally:
            os.close(orders)
            os.close(answers)

    @staticmethod
    def spawn(arguments):
        """(the signal that ended it, seconds)"""
        heard, says = os.pipe()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os.close(heard)
                os.setgroups([])
                os.setresgid(1000, 1000, 1000)
                os.setresuid(1000, 1000, 1000)
                os.write(says, repr(time.monotonic()).encode())
                os.execv(arguments[0], arguments)
            os._exit(99)
        os.close(says)
        _, status = os.waitpid(child, 0)
        ended = time.monotonic()
        with os.fdopen(heard, "rb") as words:
            took = ended - float(words.read())
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status), took
        if os.WEXITSTATUS(status) != 0:
            raise RuntimeError(f"{arguments}: {status}")
        return 0, took

    def run(self, *arguments):
        os.write(self.orders, (" ".join(arguments) + "\n").encode())
        said = b""
        end = time.monotonic() + PATIENCE
        while not said.endswith(b"\n"):
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            chunk = os.read(self.answers, 4096) if ready else b""
            if not chunk:
                raise RuntimeError("the container does not answer")
            said += chunk
        return json.loads(said)

    def end(self):
        self.plain.end()
        os.close(self.orders)
        os.close(self.answers)


class React(EnforcingAgent):
    def setUp(self):
        super().setUp()
        self.program_path = MADE
        if not MADE.exists():
            self.program_path = self.folder / "waits"
            subprocess.run(["cc", "-O1", "-static", "-o", self.program_path, MADE.with_suffix(".c")], check=True,
                           timeout=PATIENCE)
        self.name = f"react{os.getpid()}"

    def container(self, suffix):
        made = Container(f"{self.name}{suffix}", self.program_path)
        self.addCleanup(made.end)
        return made

    def start(self, **options):
        options = {"source": "bpf", "interval": INTERVAL, "full_every": "5m", **options}
        self.configure([f"""when: {{control: PRV-002, class: [container, sandbox]}},
      select: {{cgroup: "/{self.name}watched"}}, do: [{{kill_process: {{signal: KILL}}, next_after: 0s}}]"""],
                       **options)
        self.begin()
        self.until_looked(1)

    @staticmethod
    def tell(how, runs):
        took = sorted(seconds for _, seconds in runs)
        print(f"exec to killed, by {how}: p50 {statistics.median(took) * 1e3:.2f} ms, "
              f"p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms, longest {took[-1] * 1e3:.2f} ms, of {len(took)}",
              flush=True)
        return statistics.median(took)

    def lived(self):
        """Seconds from the exec, as the kernel stamped it, to the end that the agent saw, by its log of actions."""
        lines = (self.folder / "state/actions.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        ended = {each["id"]: each["at"] for each in entries if each["kind"] == "result" and each["result"] == "done"}
        return [(signal.SIGKILL, (ended[each["id"]] - each["seen_at"]) / 1e9)
                for each in entries if each["kind"] == "intended" and each["id"] in ended]

    def tell_of_the_disk(self):
        """What a line of the actions' log takes, of which each kill waits for one."""
        took = []
        with open(self.folder / "lines", "ab", buffering=0) as file:
            for _ in range(TIMES):
                began = time.monotonic()
                file.write(b"x" * 600)
                os.fdatasync(file.fileno())
                took.append((time.monotonic() - began) * 1e3)
        took.sort()
        print(f"exec to killed, of which a line to the disk: p50 {statistics.median(took):.2f} ms, "
              f"p99 {took[len(took) * 99 // 100]:.2f} ms, longest {took[-1]:.2f} ms", flush=True)

    def acted(self, mode, result="done"):
        return self.metric(f'hullmark_enforcement_actions_total{{action="kill_process",mode="{mode}",result="{result}"}}')

    def look(self):
        """One that tells of all until now."""
        enough = self.looks() + 1
        self.agent.send_signal(signal.SIGUSR1)
        self.until(lambda: self.looks() >= enough, "a look")

    # ---- the tests ----

    def test_it_is_killed_between_two_looks(self):
        watched, bystander = self.container("watched"), self.container("bystander")
        self.start()
        self.tell("nobody: it ends at once", [watched.run("/plain", "once") for _ in range(TIMES)])
        runs = [watched.run("/raised") for _ in range(TIMES)]
        self.assertEqual({number for number, _ in runs}, {signal.SIGKILL})
        self.assertLess(self.tell("event and pidfd", runs), MEDIAN)
        self.until(lambda: len(self.lived()) == TIMES, "each end is written down")
        self.tell("event and pidfd, from the kernel's stamp to the end that was seen", self.lived())
        self.tell_of_the_disk()
        self.assertRegex(self.log(), READ)
        self.assertEqual([watched.run("/plain", "long")[0] for _ in range(2)], [0] * 2)
        self.assertEqual([bystander.run("/raised", "long")[0] for _ in range(2)], [0] * 2)
        self.until(lambda: self.look() or self.acted("enforced") == TIMES, "all are counted")
        told = [each for each in self.actions() if each["action"] == "kill_process"]
        self.assertEqual({(each["result"], each["control"], each["dry_run"]) for each in told}, {("done", "PRV-002", False)})
        self.assertTrue(any(each["evidence"].startswith("as it executed: ") for each in told))
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        self.assertIn("killed by SIGKILL", {each["action"]["text"] for each in events if each["kind"] == "action"})

    def test_it_is_killed_where_no_program_may_be_loaded(self):
        watched = self.container("watched")
        self.start(source="proc_connector")
        self.assertEqual([watched.run("/raised")[0] for _ in range(3)], [signal.SIGKILL] * 3)
        self.assertNotIn("between looks is read", self.log())

    def test_by_scan_it_takes_an_interval(self):
        watched = self.container("watched")
        self.start(source="none", interval="500ms")
        runs = [watched.run("/raised") for _ in range(SCANS)]
        self.assertEqual({number for number, _ in runs}, {signal.SIGKILL})
        self.tell("scan every 500 ms", runs)

    def test_a_dry_run_kills_none(self):
        watched = self.container("watched")
        self.start(mode="dry_run")
        self.assertEqual(watched.run("/raised", "long")[0], 0)
        self.look()
        self.assertGreaterEqual(self.acted("dry_run"), 1)
        self.assertEqual(self.acted("enforced"), 0)

    def test_the_budget_holds_between_two_looks(self):
        watched = self.container("watched")
        self.start(budget="{actions: 3, per: 10m, max_containers_fraction: 1.0}")
        ended = [watched.run("/raised")[0] for _ in range(3)]
        self.assertEqual(ended, [signal.SIGKILL] * 3)
        self.assertEqual([watched.run("/raised", "long")[0] for _ in range(3)], [0] * 3)
        self.look()
        self.assertEqual(self.acted("enforced"), 3)

    def test_what_is_forbidden_no_more_lives_at_once(self):
        watched = self.container("watched")
        self.start()
        self.assertEqual(watched.run("/raised")[0], signal.SIGKILL)
        self.configure(["""when: {control: PRV-002, class: [container, sandbox]},
      select: {cgroup: "/nobody"}, do: [{kill_process: {signal: KILL}}]"""], source="bpf", interval=INTERVAL, full_every="5m")
        self.reload()
        self.assertEqual([watched.run("/raised", "long")[0] for _ in range(2)], [0] * 2)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: react_test.py PROGRAM [TEST...]")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    if os.geteuid() != 0 or not (MADE.exists() or shutil.which("cc")) or not os.path.exists("/sys/kernel/btf/vmlinux"):
        print("react: skipped: it takes root, a kernel that describes its types, and cc", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
