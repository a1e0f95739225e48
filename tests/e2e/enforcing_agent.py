# SPDX-License-Identifier: Apache-2.0
"""An enforcing agent under test, and what of the host it may and may not touch."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PATIENCE = 30
ROOT = pathlib.Path("/sys/fs/cgroup")
LIMITS = ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpu.max", "cpu.weight", "pids.max",
          "memory.soft_limit_in_bytes", "memory.limit_in_bytes", "memory.high", "memory.max", "freezer.state",
          "cgroup.freeze", "io.max", "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device")
CONTAINERS = ("docker", "libpod", "zoo", "lxc", "kubepods", "bystander")
GENEROUS = "{actions: 10000, per: 10m, max_containers_fraction: 1.0}"


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


def lives(pid, start=None):
    """Whether it has not ended, not even as a zombie; since `start`, of its stat."""
    fields = stat_of(pid)
    return fields is not None and fields[0] not in "ZX" and start in (None, fields[19])


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


class EnforcingAgent(unittest.TestCase):
    """One agent a test, in a folder of its own. `program` is what runs."""

    program = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="enforce-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "state").mkdir(mode=0o700)
        self.agent = None
        self.addCleanup(self.end)
        self.before = None

    def configure(self, rules, mode="enforce", budget=GENEROUS, grace="0s", source="none", interval="500ms", full_every="1s"):
        """`rules`: the text of each in YAML, without its name."""
        config = self.folder / "hullmark.yaml"
        each = "".join(f"\n    - {{name: test{number}, {rule}}}" for number, rule in enumerate(rules))
        config.write_text(f"""listen: [unix:{self.folder}/http]
scan: {{interval: {interval}, full_every: {full_every}}}
watch: {{source: {source}}}
state_dir: {self.folder}/state
events: {{file: {self.folder}/events.jsonl, debounce: 1}}
classes: [container, sandbox]
enforce:
  mode: {mode}
  grace_after_start: {grace}
  budget: {budget}
  rules:{each}
""", encoding="utf-8")
        config.chmod(0o600)

    def inventory(self):
        return limits(), contained()

    def begin(self, fault="", before=None, environment=None):
        """`before`: what the process does before it is the agent."""
        self.before = self.inventory()
        with open(self.folder / "log", "ab") as log:
            self.agent = subprocess.Popen([self.program, "--config", self.folder / "hullmark.yaml", "agent"], stderr=log,
                                          stdout=log, preexec_fn=before,
                                          env={**os.environ, "HULLMARK_FAULT": fault, **(environment or {})})

    def reload(self):
        before = self.log().count("reloaded\n")
        self.agent.send_signal(signal.SIGHUP)
        self.until(lambda: self.log().count("reloaded\n") > before, "the reload")

    def end(self, number=signal.SIGTERM):
        if self.agent is None:
            return
        self.agent.send_signal(number)
        self.agent.wait(PATIENCE)
        self.agent = None

    def log(self):
        if self.agent is None:
            return ""
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

    def metric(self, series):
        wanted = series + " "
        return next((int(line[len(wanted):]) for line in self.metrics().splitlines() if line.startswith(wanted)), 0)

    def looks(self):
        return self.metric('hullmark_scans_total{result="ok"}')

    def until_looked(self, times=2):
        """What was so before is in what is published."""
        enough = self.looks() + times
        self.until(lambda: self.looks() >= enough, "looks")

    def complaints(self):
        """The end of what it says of itself, without what it says of containers."""
        return "\n".join(line for line in self.log().splitlines() if " violation_" not in line)[-3000:]

    def until(self, true, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not true():
            self.assertLess(time.monotonic(), end, f"{what}: not in time\n{self.complaints()}\n{self.actions()[:3]}")
            self.assertIsNone(self.agent and self.agent.poll(), self.complaints())
            time.sleep(0.05)

    def undo(self, *arguments):
        return subprocess.run([self.program, "undo", "--state-dir", self.folder / "state", *arguments], check=True,
                              capture_output=True, text=True, timeout=PATIENCE).stdout

    def assert_limits_are_as_before(self, but=()):
        after = limits()
        changed = {path: (was, after[path]) for path, was in self.before[0].items()
                   if path in after and after[path] != was and not any(word in path for word in but)}
        self.assertEqual(changed, {})

    def assert_nobody_else_ended(self, but=()):
        ended = {pid for pid, start in self.before[1] if not lives(pid, start)}
        self.assertEqual(ended - set(but), set())
