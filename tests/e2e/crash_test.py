#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent at every step of every action: what it leaves is in its log, and is taken back byte for byte.

    crash_test.py PROGRAM [--full]      PROGRAM built with HULLMARK_FAULT_POINTS, as root; exit 77 where it cannot run
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from enforcing_agent import ROOT, limits, stat_of
from plain_container import PlainContainer, pids_root

PATIENCE = 60
EVERYTHING = "throttle: {cpu: 10%, pids: current+8, memory_high: 80%}"
NOW, LATER = "{signal: KILL}", "{signal: HUP, grace: 500ms}"
WRITES = ["noted", "secured", "applied"]
# The points that each kind of action comes to; "restored" when its time is over.
STEPS = {"throttle": (f"{{{EVERYTHING}, ttl: 1s}}", ["intended", "held", "confirmed", *WRITES, "done", "restored"]),
         "freeze": ("{freeze: {}, ttl: 1s}", ["intended", "held", "confirmed", *WRITES, "done", "restored"]),
         "kill": (f"{{kill: {NOW}}}", ["intended", "held", "confirmed", *WRITES, "signalled", "thawed", "done"]),
         "kill later": (f"{{kill: {LATER}}}", ["signalled", "done", "grace_over"]),
         "kill_process": (f"{{kill_process: {NOW}}}", ["intended", "held", "confirmed", "signalled", "done"])}
SHORT = {("throttle", "applied"), ("freeze", "applied"), ("kill", "applied"), ("kill later", "grace_over")}


class Victim(PlainContainer):
    """A plain container with cgroups of its own in each hierarchy that has limits."""

    def __init__(self, name, **how):
        self.more = []
        super().__init__(name, **how)
        for kind in ("freezer", "cpu", "memory"):
            # Of v1; resolved, since an agent has the mount point.
            top = (ROOT / kind).resolve()
            if not (top / "cgroup.procs").exists():
                continue
            group = top / name
            if not group.exists():
                group.mkdir()
                self.more.append(group)
            (group / "cgroup.procs").write_text(str(self.pid), encoding="ascii")

    def end(self):
        for group in self.more:
            if (group / "freezer.state").exists():
                (group / "freezer.state").write_text("THAWED", encoding="ascii")
        super().end()
        for group in self.more:
            group.rmdir()


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        fields = stat_of(entry) if entry.isdigit() else None
        if fields and int(fields[1]) == pid:
            found.append(int(entry))
    return found


class Case:
    def __init__(self, program, kind, point, everybody):
        self.program, self.kind, self.point, self.everybody = program, kind, point, everybody
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crash-"))
        (self.folder / "state").mkdir(mode=0o700)
        self.agent = None

    def configure(self, mode):
        config = self.folder / "hullmark.yaml"
        config.write_text(f"""listen: []
scan: {{interval: 500ms, full_every: 1s}}
watch: {{source: none}}
state_dir: {self.folder}/state
events: {{file: {self.folder}/events.jsonl, debounce: 1}}
enforce:
  mode: {mode}
  grace_after_start: 0s
  budget: {{actions: 100, per: 10m, max_containers_fraction: 1.0}}
  rules:
    - name: test
      when: {{control: CAP-001}}
      select: {{cgroup: "/crash-{os.getpid()}"}}
      do: [{STEPS[self.kind][0]}]
""", encoding="utf-8")
        config.chmod(0o600)
        return config

    def start(self, mode, fault=""):
        with open(self.folder / "log", "ab") as log:
            self.agent = subprocess.Popen([self.program, "--config", self.configure(mode), "agent"], stderr=log, stdout=log,
                                          env={**os.environ, "HULLMARK_FAULT": fault})

    def die(self):
        """At the point: the agent alone, or with everybody whom it has started."""
        self.start("enforce", f"{self.point}:1:stop" if self.everybody else f"{self.point}:1:kill")
        if self.everybody:
            self.until(lambda: stat_of(self.agent.pid)[0] == "T")
            family = children_of(self.agent.pid)
            for pid in [*family, self.agent.pid]:
                os.kill(pid, signal.SIGKILL)
            self.agent.wait(PATIENCE)
            self.until(lambda: not any(stat_of(pid) and stat_of(pid)[0] not in "ZX" for pid in family))
            return
        assert self.agent.wait(PATIENCE) == -signal.SIGKILL, f"it never came to {self.point}"

    def until(self, true):
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"{self.point}: not in time\n{self.log()}"
            time.sleep(0.02)

    def log_text(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def log(self):
        return self.log_text()[-3000:]

    def entries(self):
        text = (self.folder / "state" / "actions.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def assert_explained(self, before):
        """Each file that is not as it was is one that the log says was to be changed."""
        noted = {os.path.join(each["directory"], each["file"]) for each in self.entries() if each["kind"] == "change"}
        after = limits()
        for path, was in before.items():
            assert path not in after or after[path] == was or os.path.realpath(path) in noted, (path, was, after[path])

    def run(self):
        victim = Victim(f"crash-{os.getpid()}", act=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        try:
            # A container that is killed ends, and its cgroups stay for us to look at.
            before = limits()
            self.die()
            assert any(each["kind"] == "intended" for each in self.entries()), "the log does not know of it"
            self.assert_explained(before)
            died = self.log_text().count("info: ready")
            self.start("dry_run")
            self.until(lambda: self.log_text().count("info: ready") > died or self.agent.poll() is not None)
            self.until(lambda: {path: text for path, text in limits().items() if path in before} == before)
            self.agent.terminate()
            assert self.agent.wait(PATIENCE) == 0, self.log()
            subprocess.run([self.program, "undo", "--all", "--state-dir", self.folder / "state"], check=True,
                           capture_output=True, timeout=PATIENCE)
            said = subprocess.run([self.program, "undo", "--state-dir", self.folder / "state"], check=True,
                                  capture_output=True, text=True, timeout=PATIENCE).stdout
            assert said.startswith("nothing is in force"), said
            assert limits() == before, "not byte for byte"
        finally:
            if self.agent and self.agent.poll() is None:
                self.agent.kill()
                self.agent.wait()
            victim.end()
            shutil.rmtree(self.folder)


def cannot(why):
    print("crash: skipped:", why, file=sys.stderr)
    sys.exit(77)


def must_have_fault_points(program):
    if not os.path.exists(program):
        cannot(f"there is no {program}, which ./dev test unit builds")
    with open(program, "rb") as binary:
        if b"HULLMARK_FAULT" not in binary.read():
            cannot(f"{program} was built without HULLMARK_FAULT_POINTS")


def matrix(full):
    for kind, (_, points) in STEPS.items():
        for point in points:
            # A kill by cgroup.kill writes nothing that has to come back.
            if kind == "kill" and point in (*WRITES, "signalled", "thawed") and pids_root() == ROOT:
                continue
            for everybody in (False, True):
                if full or ((kind, point) in SHORT and (everybody or kind != "kill later")):
                    yield kind, point, everybody


def main():
    if len(sys.argv) < 2 or os.geteuid() != 0:
        sys.exit("usage: crash_test.py PROGRAM [--full], as root")
    program = os.path.abspath(sys.argv[1])
    must_have_fault_points(program)
    passed = 0
    for kind, point, everybody in matrix("--full" in sys.argv):
        began = time.monotonic()
        Case(program, kind, point, everybody).run()
        passed += 1
        who = "all" if everybody else "the agent"
        print(f"ok   crash: {kind}: kill -9 of {who} at '{point}' ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"crash: {passed} deaths, each taken back")


if __name__ == "__main__":
    main()
