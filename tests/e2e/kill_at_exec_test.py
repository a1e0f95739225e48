#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the kernel itself kills at exec, and what it lets live.

    kill_at_exec_test.py PROGRAM         as root; exit 77 where it cannot run

In containers made of system calls a process without rights executes a program whose first instructions write a byte
into a pipe: one that nothing is wrong with, and the same with a set-user-id bit (PRV-002).
"""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

from enforcing_agent import PATIENCE, EnforcingAgent
from plain_container import PlainContainer, remove_cgroup

TIMES = 500
TRACE = 200  # The descriptor that the program writes to.
OWN_PROGRAMS = {"on_banned", "on_raw_banned"}
UNIFIED = pathlib.Path("/sys/fs/cgroup/unified")
WRITER = r"""
static long call(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}
#if defined(__x86_64__)
enum { kWrite = 1, kExit = 60 };
#else
enum { kWrite = 64, kExit = 93 };
#endif
void _start(void) {
  call(kWrite, 200, (long)"x", 1);
  for (;;) call(kExit, 0, 0, 0);
}
"""


def loaded():
    """Numbers of the programs in the kernel that have this feature's names."""
    out = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True, text=True).stdout
    return {program["id"] for program in json.loads(out) if program.get("name") in OWN_PROGRAMS}


def spawn(path):
    """Executes a program as a user without rights; whether SIGKILL ended it."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setresgid(1000, 1000, 1000)
            os.setresuid(1000, 1000, 1000)
            os.execv(path, [path])
        os._exit(99)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    if os.WEXITSTATUS(status) != 0:
        raise RuntimeError(f"{path}: {status}")
    return False


class Container:
    """A plain container that executes what it is told to."""

    def __init__(self, name, writer, at_once=None):
        self.unified = UNIFIED / name if UNIFIED.is_dir() else None
        if self.unified:
            self.unified.mkdir()
        self.traces, told = os.pipe()
        orders, self.orders = os.pipe()
        self.answers, answers = os.pipe()
        os.set_blocking(self.traces, False)
        content = writer.read_bytes()

        def furnish():
            if self.unified:
                pathlib.Path(f"/old{self.unified}/cgroup.procs").write_text("0", encoding="ascii")
            for program, mode in (("/plain", 0o755), ("/raised", 0o4755)):
                pathlib.Path(program).write_bytes(content)
                os.chmod(program, mode)

        def act():
            if os.fork() != 0:
                return os.close(answers)  # Whoever reads them learns of the end of the other.
            os.dup2(told, TRACE, inheritable=True)
            if at_once:
                os.write(answers, f"{int(spawn(at_once))}\n".encode())
            with os.fdopen(orders, encoding="ascii") as lines:
                os.close(self.orders)
                for line in lines:
                    path, times = line.split()
                    os.write(answers, f"{sum(spawn(path) for _ in range(int(times)))}\n".encode())
            os._exit(0)

        try:
            self.plain = PlainContainer(name, act, furnish)
        except BaseException:
            self.close()
            raise
        finally:
            for mine in (told, orders, answers):
                os.close(mine)

    def answer(self):
        said = b""
        end = time.monotonic() + PATIENCE
        while not said.endswith(b"\n"):
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise RuntimeError("the container does not answer")
            byte = os.read(self.answers, 1)
            if not byte:
                raise RuntimeError("the container has ended")
            said += byte
        return int(said)

    def run(self, path, times=1):
        """(how many were killed, how many wrote)"""
        os.write(self.orders, f"{path} {times}\n".encode())
        return self.answer(), self.written()

    def written(self):
        count = 0
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.traces, 65536):
                count += len(chunk)
        return count

    def close(self):
        for mine in (self.traces, self.orders, self.answers):
            os.close(mine)
        if self.unified:
            remove_cgroup(self.unified)

    def move_below(self):
        """Those who execute, to a cgroup below the one of its init."""
        below = (self.unified or self.plain.group) / "below"
        below.mkdir()
        init = self.plain.pid
        children = pathlib.Path(f"/proc/{init}/task/{init}/children").read_text(encoding="ascii")
        for child in children.split():
            (below / "cgroup.procs").write_text(child, encoding="ascii")

    def end(self):
        self.plain.end()
        self.close()


class KillAtExec(EnforcingAgent):
    def setUp(self):
        super().setUp()
        (self.folder / "writer.c").write_text(WRITER, encoding="ascii")
        self.writer = self.folder / "writer"
        subprocess.run(["cc", "-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-o", self.writer,
                        self.folder / "writer.c"], check=True, timeout=PATIENCE)
        self.loaded_before = loaded()
        self.name = f"banned{os.getpid()}"

    def container(self, suffix, at_once=None):
        made = Container(f"{self.name}{suffix}", self.writer, at_once)
        self.addCleanup(made.end)
        return made

    def rule(self, suffix):
        return f"""when: {{control: PRV-002, class: [container, sandbox]}},
      select: {{cgroup: "/{self.name}{suffix}*"}}, do: [{{kill_at_exec: {{}}}}]"""

    def configure_for(self, *suffixes, **options):
        """A rule for each of what the names of its containers begin with, after our own."""
        self.configure([self.rule(suffix) for suffix in suffixes], source="bpf", **options)

    def start(self, **options):
        self.configure_for("w", **options)
        self.begin()

    def counted(self, mode):
        """Of the metric of actions."""
        return self.metric(f'hullmark_enforcement_actions_total{{action="kill_at_exec",mode="{mode}",result="done"}}')

    def until_killed(self, container):
        """How many execs it took to see the first one killed."""
        tries = []

        def killed():
            tries.append(container.run("/raised"))
            return tries[-1][0] == 1
        self.until(killed, "a forbidden exec is killed")
        return len(tries)

    # ---- the tests ----

    def test_the_forbidden_dies_before_its_first_instruction(self):
        watched, bystander = self.container("watched"), self.container("bystander")
        self.assertEqual(watched.run("/raised"), (0, 1))
        self.start()
        self.until_killed(watched)
        watched.written()
        killed, wrote = watched.run("/raised", TIMES)
        print(f"kill_at_exec: {wrote} of {TIMES}")
        self.assertEqual((killed, wrote), (TIMES, 0))
        self.assertEqual(watched.run("/plain", 20), (0, 20))
        self.assertEqual(bystander.run("/raised", 20), (0, 20))
        self.until(lambda: self.counted("enforced") == TIMES + 1, "all are counted")
        told = [each for each in json.loads(self.get("/api/v1/actions"))["actions"] if each["action"] == "kill_at_exec"]
        self.assertEqual({(each["result"], each["control"], each["dry_run"]) for each in told}, {("done", "PRV-002", False)})
        self.assertRegex(told[0]["evidence"], r"pid \d+ executed raised: Uid is 1000 0 0 0")
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        self.assertIn("killed before its first instruction",
                      {each["action"]["text"] for each in events if each["kind"] == "action"})

    def test_the_first_exec_of_a_new_container_lives(self):
        """Even of one that takes over the name and the cgroup's path of one that is watched."""
        for _ in range(5):
            former = Container(f"{self.name}w", self.writer)
            try:
                if self.agent is None:
                    self.start(grace="3s")
                self.until_killed(former)
            finally:
                former.end()
            fresh = Container(f"{self.name}w", self.writer, at_once="/raised")
            try:
                self.assertEqual((fresh.answer(), fresh.written()), (0, 1))
            finally:
                fresh.end()

    def test_a_cgroup_below_is_the_containers_too(self):
        watched, bystander = self.container("watched"), self.container("bystander")
        for each in (watched, bystander):
            each.move_below()
        self.start()
        self.until_killed(watched)
        watched.written()
        self.assertEqual(watched.run("/raised", 20), (20, 0))
        self.assertEqual(bystander.run("/raised", 20), (0, 20))

    def test_a_dry_run_kills_none_and_counts_all(self):
        watched = self.container("watched")
        self.start(mode="dry_run")
        self.until(lambda: watched.run("/raised") and self.counted("dry_run") > 0, "the first is counted")
        self.until_looked()  # What was told until now is counted.
        before = self.counted("dry_run")
        watched.written()
        self.assertEqual(watched.run("/raised", TIMES), (0, TIMES))
        self.until(lambda: self.counted("dry_run") == before + TIMES, "all are counted")
        self.assertEqual(self.counted("enforced"), 0)

    def test_the_budget_holds_between_two_looks(self):
        watched = self.container("watched")
        self.start(budget="{actions: 3, per: 10m, max_containers_fraction: 1.0}")
        self.until_killed(watched)
        killed, _ = watched.run("/raised", 50)
        self.assertEqual(killed, 2)
        self.until(lambda: "\nhullmark_enforcement_breaker_open 1\n" in self.metrics(), "breaker")
        self.assertEqual(self.counted("enforced"), 3)
        self.until(lambda: loaded() == self.loaded_before, "an open breaker leaves no program")
        self.assertEqual(watched.run("/raised", 5)[0], 0)

    def test_a_breaker_that_was_reset_stays_closed(self):
        """Also where the agent reads of it before its next look, since it holds an action."""
        watched, throttled = self.container("watched"), self.container("throttled")
        self.configure([self.rule("w"), f"""when: {{control: CAP-001, class: [container, sandbox]}},
      select: {{cgroup: "/{self.name}throttled"}}, do: [{{throttle: {{pids: 1000}}}}]"""],
                       source="bpf", budget="{actions: 3, per: 10m, max_containers_fraction: 1.0}")
        self.begin()
        self.until(lambda: any(each["active"] for each in self.actions()), "throttle")
        self.until_killed(watched)
        self.assertEqual(watched.run("/raised", 50)[0], 1)
        self.until(lambda: self.metric("hullmark_enforcement_breaker_open") == 1, "breaker")
        self.undo("--reset-breaker")
        self.until_looked(3)
        self.assertEqual(self.metric("hullmark_enforcement_breaker_open"), 0)
        self.until_killed(watched)
        self.assertIsNotNone(throttled)

    def test_nothing_is_left_behind(self):
        watched = self.container("watched")
        self.start()
        self.until_killed(watched)
        self.assertEqual(len(loaded() - self.loaded_before), 1)
        self.end(signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while loaded() != self.loaded_before:
            self.assertLess(time.monotonic(), end, "a program outlives its agent")
            time.sleep(0.01)
        self.assertEqual(watched.run("/raised", 5)[0], 0)

    def test_what_is_forbidden_no_more_lives_at_once(self):
        watched = self.container("watched")
        self.start()
        self.until_killed(watched)
        watched.written()
        self.configure_for("other")
        self.reload()
        self.assertEqual(watched.run("/raised", 5), (0, 5), "a rule that is gone")
        self.configure_for("w")
        self.reload()
        self.until_killed(watched)
        self.configure_for("w", mode="off")
        self.reload()
        watched.written()
        self.assertEqual(watched.run("/raised", 5), (0, 5), "no rule is left")
        # Detached at once, a program is gone when the kernel has waited for those who may run it.
        self.until(lambda: loaded() == self.loaded_before, "no program is left")


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: kill_at_exec_test.py PROGRAM [TEST...]")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    missing = [name for name in ("bpftool", "cc") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing or not os.path.exists("/sys/kernel/btf/vmlinux"):
        print("kill_at_exec: skipped: it takes root, a kernel that describes its types, bpftool and cc",
              file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
