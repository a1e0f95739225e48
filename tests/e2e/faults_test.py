#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent while a container forks without end, and after kill -9: faults_test.py PROGRAM [PROCESSES]

As root; 2,000 processes. Prints what it cost. Fails where the agent does not go on, where its memory is not
bounded, where it tells of fewer forks than there were without counting the others, where it does not recover,
or where a program of its own stays in the kernel.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from plain_container import PlainContainer

PATIENCE = 120
MOST_BYTES = 160 << 20  # Of the inspector, at 20,000 processes.
OWN_PROGRAMS = {"write_tasks", "on_fork", "on_exec", "on_exit", "on_raw_fork", "on_raw_exec", "on_raw_exit", "on_banned",
                "on_raw_banned"}
BOMB = r"""
#include <signal.h>
#include <unistd.h>
int main(void) {
  signal(SIGCHLD, SIG_IGN);
  for (unsigned tries = 1;; ++tries) {
    if (fork() >= 0) continue;
    if ((getpid() + tries) % 16 == 0) _exit(0);  /* There is room again. */
    sleep(1);
  }
}
"""


def loaded():
    """Numbers of those programs in the kernel that have names of ours."""
    out = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, capture_output=True, text=True).stdout
    return {program["id"] for program in json.loads(out) if program.get("name") in OWN_PROGRAMS}


def pinned():
    return {str(path) for path in pathlib.Path("/sys/fs/bpf").rglob("*")}


class Agent:
    def __init__(self, program, folder):
        config = folder / "hullmark.yaml"
        config.write_text(f"listen: [127.0.0.1:0]\nscan: {{interval: 1s}}\nclasses: [container, sandbox]\n"
                          f"state_dir: ''\nevents: {{file: ''}}\n")
        config.chmod(0o600)
        self.process = subprocess.Popen([program, "--config", config, "agent"], stderr=subprocess.PIPE, text=True)
        self.port = next(found[1] for line in self.process.stderr
                         if (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line)))
        self.sink = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def metrics(self):
        """{} before the first scan."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            return {}
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))}

    def until(self, what, enough):
        end = time.monotonic() + PATIENCE
        while not enough(found := self.metrics()):
            if time.monotonic() > end:
                raise RuntimeError(f"not in time: {what}")
            time.sleep(0.2)
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.sink.wait()


def explode(agent, bomb, processes):
    def furnish():
        shutil.copy(f"/old{bomb}", "/bomb")
        os.chmod("/bomb", 0o755)

    def act():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Else the bomb dies out: the room is its orphans' zombies'.
        if os.fork() == 0:
            os.setsid()
            os.execv("/bomb", ["/bomb"])

    before = agent.until("a picture", lambda found: found)
    live = 'hullmark_processes{kind="live"}'
    group_limit = processes + 1
    container = None
    try:
        container = PlainContainer(f"bomb-{os.getpid()}", act, furnish, pids=group_limit)
        began = time.monotonic()
        agent.until("the bomb is counted", lambda found: found[live] >= before[live] + processes * 0.9)
        counted = time.monotonic() - began
        time.sleep(5)  # The bomb goes on.
        found = agent.metrics()
    finally:
        if container:
            container.end()
    after = agent.until("recovered", lambda found: found[live] < before[live] + 100)

    def grown(name, to=found):
        return to.get(name, 0) - before.get(name, 0)
    forks, lost = grown('hullmark_events_total{kind="fork"}'), grown("hullmark_events_lost_total")
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{agent.process.pid}/status").read_text())[1])
    scans = grown('hullmark_scans_total{result="ok"}') + grown('hullmark_scans_total{result="partial"}')
    resident = after['process_resident_memory_bytes{process="inspector"}'] / (1 << 20)
    print(f"bomb of {processes:,}: counted after {counted:.1f} s, {scans:.0f} scans meanwhile, {forks:,.0f} forks told, "
          f"{lost:,.0f} events lost and counted; at most {peak / 1024:.1f} MB, after it {resident:.1f} MB")
    if forks + lost < processes:
        raise RuntimeError("forks were neither told nor counted as lost")
    if peak * 1024 > MOST_BYTES:
        raise RuntimeError("its memory is not bounded")
    if agent.process.poll() is not None:
        raise RuntimeError("the agent ended")


def leaves_nothing(agent, programs_before, pinned_before):
    own = loaded() - programs_before
    if not own:
        raise RuntimeError("no program of the agent was found in the kernel: nothing is tested")
    os.kill(agent.process.pid, signal.SIGKILL)
    agent.process.wait()
    end = time.monotonic() + PATIENCE
    while loaded() - programs_before:  # They go with their last descriptor, after a grace period.
        if time.monotonic() > end:
            raise RuntimeError("programs stayed in the kernel")
        time.sleep(0.2)
    if pinned() - pinned_before:
        raise RuntimeError(f"pinned: {pinned() - pinned_before}")
    print(f"kill -9: {len(own)} programs were in the kernel, none is left, nothing was pinned")


def main():
    if os.geteuid() != 0 or shutil.which("bpftool") is None:
        print("faults: skipped: it takes root and bpftool")
        return 77
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        bomb = folder / "bomb"
        subprocess.run(["cc", "-x", "c", "-O1", "-static", "-o", bomb, "-"], input=BOMB, text=True, check=True)
        programs_before, pinned_before = loaded(), pinned()
        agent = Agent(sys.argv[1], folder)
        try:
            if agent.until("a picture", lambda found: found).get('hullmark_feature_ok{feature="watch"}') != 1:
                print("faults: skipped: no watcher here")
                return 77
            explode(agent, bomb, processes)
            leaves_nothing(agent, programs_before, pinned_before)
        finally:
            agent.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
