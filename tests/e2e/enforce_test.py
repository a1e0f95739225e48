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
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = None
IMAGE = "localhost/zoo-busybox:1"
PATIENCE = 30
ROOT = pathlib.Path("/sys/fs/cgroup")
LIMITS = ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpu.max", "cpu.weight", "pids.max",
          "memory.soft_limit_in_bytes", "memory.limit_in_bytes", "memory.high", "memory.max", "freezer.state",
          "cgroup.freeze", "io.max", "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device")
CONTAINERS = ("docker", "libpod", "zoo", "lxc", "kubepods")
EVERYTHING = "throttle: {cpu: 10%, pids: current+8, memory_high: 80%, io: 1MiB/s}"


def docker(*arguments, check=True):
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True,
                          timeout=2 * PATIENCE).stdout.strip()


def limits():
    """The content of each limit file of the host."""
    found = {}
    for folder, _, files in os.walk(ROOT):
        for name in LIMITS:
            if name not in files:
                continue
            try:
                found[f"{folder}/{name}"] = pathlib.Path(folder, name).read_bytes()
            except OSError:
                pass
    return found


def stat_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


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


def contained():
    """(pid, start) of each process in a cgroup of a container that is no passer-by."""
    found = set()
    with open("/proc/uptime", encoding="ascii") as uptime:
        now = float(uptime.read().split()[0]) * os.sysconf("SC_CLK_TCK")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = pathlib.Path(f"/proc/{entry}/cgroup").read_text(encoding="utf-8")
        except OSError:
            continue
        fields = stat_of(entry)
        if not fields or fields[0] in "ZX" or not any(word in text for word in CONTAINERS):
            continue
        if now - int(fields[19]) > 20 * os.sysconf("SC_CLK_TCK"):
            found.add((int(entry), fields[19]))
    return found


class Enforcing(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="enforce-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "state").mkdir(mode=0o700)
        self.agent = None
        self.addCleanup(self.end)
        self.before = None

    def container(self, suffix, *options, command=("sleep", "1000000")):
        name = f"enforce-{os.getpid()}-{suffix}"
        docker("run", "-d", "--network", "none", "--name", name, *options, IMAGE, *command)
        self.addCleanup(docker, "rm", "-f", name, check=False)
        return name, int(docker("inspect", "-f", "{{.State.Pid}}", name))

    def configure(self, name, steps, mode="enforce", control="CAP-001", more="", budget="{actions: 100, per: 10m, max_containers_fraction: 1.0}"):
        config = self.folder / "hullmark.yaml"
        config.write_text(f"""listen: [unix:{self.folder}/http]
scan: {{interval: 500ms, full_every: 1s}}
watch: {{source: none}}
state_dir: {self.folder}/state
events: {{file: {self.folder}/events.jsonl, debounce: 1}}
enforce:
  mode: {mode}
  grace_after_start: 0s
  budget: {budget}
  rules:
    - name: test
      when: {{control: {control}{more}}}
      select: {{name: {name}}}
      do: [{steps}]
""", encoding="utf-8")
        config.chmod(0o600)
        return config

    def start(self, *arguments, **options):
        config = self.configure(*arguments, **options)
        self.before = limits(), contained()
        self.begin(config)

    def begin(self, config):
        with open(self.folder / "log", "ab") as log:
            self.agent = subprocess.Popen([PROGRAM, "--config", config, "agent"], stderr=log, stdout=log)

    def end(self, number=signal.SIGTERM):
        if self.agent is None:
            return
        self.agent.send_signal(number)
        self.agent.wait(PATIENCE)
        self.agent = None

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def get(self, path):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self.folder / "http"))
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 503 " in head.split(b"\r\n")[0]:
            raise ConnectionError("nothing is published yet")
        self.assertIn(b" 200 ", head.split(b"\r\n")[0], head)
        return body.decode()

    def actions(self):
        try:
            return json.loads(self.get("/api/v1/actions"))["actions"]
        except OSError:
            return []

    def metrics(self):
        try:
            return self.get("/metrics")
        except OSError:
            return ""

    def until(self, true, what):
        end = time.monotonic() + PATIENCE
        while not true():
            self.assertLess(time.monotonic(), end, f"{what}: not in time\n{self.log()[-3000:]}\n{self.actions()[:3]}")
            self.assertIsNone(self.agent and self.agent.poll(), self.log()[-3000:])
            time.sleep(0.05)

    def undo(self, *arguments):
        return subprocess.run([PROGRAM, "undo", "--state-dir", self.folder / "state", *arguments], check=True,
                              capture_output=True, text=True, timeout=PATIENCE).stdout

    def assert_limits_are_as_before(self, but=()):
        after = limits()
        changed = {path: (was, after[path]) for path, was in self.before[0].items()
                   if path in after and after[path] != was and not any(word in path for word in but)}
        self.assertEqual(changed, {})

    def assert_nobody_else_ended(self, but=()):
        ended = {pid for pid, start in self.before[1] if (stat_of(pid) or [""] * 20)[19] != start}
        self.assertEqual(ended - set(but), set())

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
        self.assertEqual(mine, {docker("inspect", "-f", "{{.Id}}", name)})
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
        folder = docker("inspect", "-f", "{{.Id}}", name)
        self.start(name, "{kill: {signal: KILL}}")
        self.until(lambda: stat_of(pid) is None, "kill")
        procs = [path for path in ROOT.glob(f"*/docker/{folder}/cgroup.procs")] + [path for path in ROOT.glob(f"docker/{folder}/cgroup.procs")]
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
        self.configure(name, "{freeze: {}}", mode="off")
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
        report = json.loads(subprocess.run([PROGRAM, "audit", "--format", "json", "--class", "container"], check=True,
                                           capture_output=True, timeout=PATIENCE).stdout)
        seen = {}
        for each in report["containers"]:
            fails = {finding["id"] for finding in each["findings"] if finding["status"] == "fail"}
            if each["name"].startswith("zoo-") and "RES-007" in fails and each["cgroup"] and not is_frozen(each["init_pid"]):
                seen.setdefault(each["runtime"], each)
        self.assertGreaterEqual(len(seen), 2, "the zoo is not up")
        print("runtimes:", sorted(seen))
        names = "[" + ", ".join(each["name"] for each in seen.values()) + "]"
        # A throttle first would mend what fails.
        self.start(names, f"{{freeze: {{}}, next_after: 0s}}, {{{EVERYTHING}}}", control="RES-007")
        pids = [each["init_pid"] for each in seen.values()]
        self.until(lambda: sum(each["active"] for each in self.actions()) == 2 * len(seen), "freeze and throttle")
        self.assertTrue(all(is_frozen(pid) for pid in pids))
        self.undo("--all")
        self.assertFalse(any(is_frozen(pid) for pid in pids))
        self.assert_limits_are_as_before()
        self.assert_nobody_else_ended()


def main():
    global PROGRAM
    if len(sys.argv) < 2 or os.geteuid() != 0:
        sys.exit("usage: enforce_test.py PROGRAM, as root")
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if shutil.which("docker") is None or subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True).returncode:
        print("enforce: skipped: docker has no", IMAGE, file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
