#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the agent does to real containers, and what it leaves alone.

    enforce_test.py PROGRAM         as root, with the zoo up; exit 77 where it cannot run

Every test compares the whole host before and after: each process of each cgroup below the top ones, and each limit.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

from enforcing_agent import PATIENCE, ROOT, EnforcingAgent, stat_of

IMAGE = "localhost/zoo-busybox:1"
EVERYTHING = "throttle: {cpu: 10%, pids: current+8, memory_high: 80%, io: 1MiB/s}"


def docker(*arguments, check=True):
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True,
                          timeout=2 * PATIENCE).stdout.strip()


def directories_of(name):
    """What a container's cgroup may be called: by cgroupfs, by systemd."""
    number = docker("inspect", "-f", "{{.Id}}", name)
    return {number, f"docker-{number}.scope"}


def is_frozen(pid):
    """Whether it does not run however long one waits; a frozen process of v2 sleeps like any other."""
    text = pathlib.Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii")
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        state = ROOT / "freezer" / path[1:] / "freezer.state"
        if controllers == "freezer":
            return state.read_text(encoding="ascii").strip() == "FROZEN"
    events = next(ROOT / line.split(":", 2)[2][1:] / "cgroup.events" for line in text.splitlines() if line[:2] == "0:")
    return "frozen 1" in events.read_text(encoding="ascii")


def is_spared(pid):
    """By its score: what ctr starts inherits -998 of a containerd that systemd has started."""
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")) <= -997


class Enforcing(EnforcingAgent):
    def container(self, suffix, *options, command=("sleep", "1000000")):
        name = f"enforce-{os.getpid()}-{suffix}"
        docker("run", "-d", "--network", "none", "--name", name, *options, IMAGE, *command)
        self.addCleanup(docker, "rm", "-f", name, check=False)
        return name, int(docker("inspect", "-f", "{{.State.Pid}}", name))

    def configure_for(self, name, steps, control="CAP-001", **options):
        self.configure([f"when: {{control: {control}}}, select: {{name: {name}}}, do: [{steps}]"], **options)

    def start(self, name, steps, **options):
        self.configure_for(name, steps, **options)
        self.begin()

    # ---- the tests ----

    def test_a_dry_run_changes_nothing(self):
        name, pid = self.container("dry", "--cap-add", "SYS_ADMIN")
        self.start(name, f"{{{EVERYTHING}, next_after: 0s}}, {{freeze: {{}}, next_after: 0s}}, {{kill: {{}}, next_after: 0s}}", mode="dry_run")
        self.until(lambda: {each["action"] for each in self.actions()} == {"throttle", "freeze", "kill"}, "all steps")
        self.assertTrue(all(each["dry_run"] and each["result"] == "done" and not each["changes"]
                            for each in self.actions()))
        self.assertIn('hullmark_enforcement_actions_total{action="kill",mode="dry_run",result="done"}', self.get("/metrics"))
        self.assert_limits_are_as_before()
        self.assert_nobody_else_ended()
        self.assertFalse(is_frozen(pid))
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        self.assertIn("would have been done", {each["action"]["text"] for each in events if each["kind"] == "action"})

    def test_a_throttle_is_undone_byte_for_byte(self):
        name, pid = self.container("throttle", "--cap-add", "SYS_ADMIN")
        self.start(name, f"{{{EVERYTHING}}}")
        self.until(lambda: any(each["active"] for each in self.actions()), "throttle")
        changes = self.actions()[0]["changes"]
        self.assertGreaterEqual(len(changes), 3, changes)
        mine = {pathlib.Path(change["file"]).parent.name for change in changes}
        self.assertEqual(len(mine), 1, mine)
        self.assertLessEqual(mine, directories_of(name))
        for change in changes:
            if not change["device"]:
                self.assertEqual(pathlib.Path(change["file"]).read_text(encoding="ascii").strip(), change["value"])
        self.assert_limits_are_as_before(but=mine)
        self.assertIn('hullmark_enforcement_active{action="throttle"} 1', self.get("/metrics"))
        self.assertIn("throttle of", self.undo())
        self.assertIn("again", self.undo("--all"))
        self.assert_limits_are_as_before()
        self.assert_nobody_else_ended()
        self.until(lambda: not any(each["active"] for each in self.actions()), "the agent knows")

    def test_a_freeze_ends_with_its_time(self):
        name, pid = self.container("freeze", "--cap-add", "SYS_ADMIN")
        self.start(name, "{freeze: {}, ttl: 2s}")
        self.until(lambda: is_frozen(pid), "freeze")
        self.until(lambda: not is_frozen(pid), "thaw")
        self.assert_limits_are_as_before()
        self.assert_nobody_else_ended()
        self.until(lambda: self.actions()[0]["undone"] is not None, "undone")
        self.assertEqual(self.actions()[0]["undone"]["why"], "its time is over")

    def test_a_kill_ends_the_container_and_nobody_else(self):
        name, pid = self.container("kill", "--cap-add", "SYS_ADMIN", command=("sh", "-c", "sleep 1000000 & sleep 1000000 & wait"))
        other, _ = self.container("other", "--cap-add", "SYS_ADMIN")
        victims = {int(each) for each in docker("top", name, "-eo", "pid").split()[1:]}
        self.assertEqual(len(victims), 3)
        self.start(name, "{kill: {signal: KILL}}")
        self.until(lambda: stat_of(pid) is None, "kill")
        time.sleep(1)  # For what would come after it.
        self.assert_nobody_else_ended(but=victims)
        self.assertEqual(docker("inspect", "-f", "{{.State.Running}}", name), "false")
        self.assertEqual(docker("inspect", "-f", "{{.State.Running}}", other), "true")
        self.assert_limits_are_as_before()

    def test_only_the_offending_process_is_killed(self):
        name, pid = self.container("process", "--runtime", "zoo-runc")
        subprocess.run(["docker", "exec", "-d", "--privileged", name, "sleep", "1000001"], check=True, timeout=PATIENCE)
        offender = subprocess.run(["pgrep", "-f", "^sleep 1000001"], capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(len(offender), 1)
        self.start(name, "{kill_process: {signal: KILL}}")
        self.until(lambda: stat_of(offender[0]) is None, "kill")
        time.sleep(1)
        self.assert_nobody_else_ended(but={int(offender[0])})
        self.assertIsNotNone(stat_of(pid))

    def test_sigkill_follows_the_grace(self):
        name, pid = self.container("grace", "--cap-add", "SYS_ADMIN", command=("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))
        self.start(name, "{kill: {signal: TERM, grace: 2s}}")
        self.until(lambda: self.actions(), "kill")
        began = time.monotonic()
        self.until(lambda: stat_of(pid) is None, "kill")
        self.assertGreater(time.monotonic() - began, 0.5)

    def test_who_forks_as_fast_as_he_can_dies_too(self):
        name, pid = self.container("forks", "--cap-add", "SYS_ADMIN", "--pids-limit", "64",
                                   command=("sh", "-c", "f() { while :; do sleep 0.01 & sleep 0.01; done; }; f & f & f & f"))
        procs = [path for folder in directories_of(name) for depth in ("*/*", "*")
                 for path in ROOT.glob(f"{depth}/{folder}/cgroup.procs")]
        self.assertTrue(procs)
        self.start(name, "{kill: {signal: KILL}}")
        self.until(lambda: stat_of(pid) is None, "kill")
        self.until(lambda: not any(path.exists() and path.read_text(encoding="ascii") for path in procs), "all of them")

    def test_a_frozen_container_does_not_outlive_its_agent(self):
        name, pid = self.container("orphan", "--cap-add", "SYS_ADMIN")
        self.start(name, f"{{{EVERYTHING}, next_after: 0s}}, {{freeze: {{}}}}")
        self.until(lambda: is_frozen(pid), "freeze")
        self.end(signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while is_frozen(pid):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        time.sleep(0.5)
        self.assert_limits_are_as_before()
        self.assertNotIn("nothing is in force", self.undo())
        self.assertIn("is as it was", self.undo("--all"))
        self.assertIn("nothing is in force", self.undo())

    def test_a_stop_takes_everything_back(self):
        name, pid = self.container("stop", "--cap-add", "SYS_ADMIN")
        self.start(name, f"{{{EVERYTHING}, next_after: 0s}}, {{freeze: {{}}}}")
        self.until(lambda: is_frozen(pid), "freeze")
        self.end()
        self.assertFalse(is_frozen(pid))
        self.assert_limits_are_as_before()
        self.assertIn("nothing is in force", self.undo())

    def test_switching_off_takes_everything_back(self):
        name, pid = self.container("off", "--cap-add", "SYS_ADMIN")
        self.start(name, "{freeze: {}}")
        self.until(lambda: is_frozen(pid), "freeze")
        self.configure_for(name, "{freeze: {}}", mode="off")
        self.agent.send_signal(signal.SIGHUP)
        self.until(lambda: not is_frozen(pid), "thaw")
        self.assert_limits_are_as_before()

    def test_the_budget_ends_a_loop_of_restarts(self):
        name, _ = self.container("loop", "--cap-add", "SYS_ADMIN", "--restart", "always")
        self.start(name, "{kill: {signal: KILL}, next_after: 0s}", budget="{actions: 2, per: 10m}")
        self.until(lambda: "\nhullmark_enforcement_breaker_open 1\n" in self.metrics(), "breaker")
        kills = [each["result"] for each in self.actions() if each["action"] == "kill" and each["result"] != "aborted"]
        self.assertEqual(len(kills), 2, "what was done or refused counts, what was not tried does not")
        self.assertIn("done", kills)
        self.assertIn("the breaker is open", self.undo())
        time.sleep(2)
        self.assertEqual(docker("inspect", "-f", "{{.State.Running}}", name), "true")
        self.undo("--reset-breaker")
        self.until(lambda: "\nhullmark_enforcement_breaker_open 0\n" in self.metrics(), "reset")

    def test_who_calls_himself_a_runtime_is_not_exempt(self):
        name, pid = self.container("mimic", "--cap-add", "SYS_ADMIN", command=(
            "sh", "-c", "cp /bin/busybox /tmp/containerd-shim-runc-v2; exec -a conmon /tmp/containerd-shim-runc-v2 sleep 1000000"))
        self.start(name, "{kill: {signal: KILL}}")
        self.until(lambda: stat_of(pid) is None, "kill")
        self.assert_nobody_else_ended(but={pid})

    def test_each_runtime(self):
        report = json.loads(subprocess.run([self.program, "audit", "--format", "json", "--class", "container"], check=True,
                                           capture_output=True, timeout=PATIENCE).stdout)
        seen, spared = {}, {}
        for each in report["containers"]:
            fails = {finding["id"] for finding in each["findings"] if finding["status"] == "fail"}
            if each["name"].startswith("zoo-") and "RES-007" in fails and each["cgroup"] and not is_frozen(each["init_pid"]):
                (spared if is_spared(each["init_pid"]) else seen).setdefault(each["runtime"], each)
        self.assertGreaterEqual(len(seen), 2, "the zoo is not up")
        print("runtimes:", sorted(seen), "spared:", sorted(spared))
        names = "[" + ", ".join(each["name"] for each in [*seen.values(), *spared.values()]) + "]"
        # A throttle first would mend what fails.
        self.start(names, f"{{freeze: {{}}, next_after: 0s}}, {{{EVERYTHING}}}", control="RES-007")
        pids = [each["init_pid"] for each in seen.values()]
        self.until(lambda: sum(each["active"] for each in self.actions()) == 2 * len(seen), "freeze and throttle")
        self.assertTrue(all(is_frozen(pid) for pid in pids))
        self.assertFalse(any(is_frozen(each["init_pid"]) for each in spared.values()))
        self.undo("--all")
        self.assertFalse(any(is_frozen(pid) for pid in pids))
        self.assert_limits_are_as_before()
        self.assert_nobody_else_ended()


def main():
    if len(sys.argv) < 2 or os.geteuid() != 0:
        sys.exit("usage: enforce_test.py PROGRAM, as root")
    EnforcingAgent.program = os.path.abspath(sys.argv.pop(1))
    if shutil.which("docker") is None or subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True).returncode:
        print("enforce: skipped: docker has no", IMAGE, file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
