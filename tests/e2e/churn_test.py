#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on this host while containers come and go: neither memory nor series stay behind.

    churn_test.py PROGRAM [CONTAINERS [MINUTES]]        as root; 10,000 in 30 minutes

Prints what both processes hold, over time. Fails where it grows, where a series, a known container or
a descriptor of one that has gone stays, or where the agent never saw one of them.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from plain_container import PlainContainer

PATIENCE = 60
LIVING = 20             # At a time.
LEAST_SEEN = 0.5        # Of them all: each lives longer than the interval, but the machine may be busy.
MOST_GROWTH = 1 << 20   # Bytes, of either process, between the first and the last quarter of the time.


def value(body, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", body, re.M)
    return float(found[1]) if found else 0.0


class Agent:
    def __init__(self, program, folder):
        self.state = pathlib.Path(folder) / "state"
        self.state.mkdir(mode=0o700)
        config = pathlib.Path(folder) / "hullmark.yaml"
        config.write_text("listen: [127.0.0.1:0]\nscan: {interval: 2s}\n"
                          f"state_dir: {self.state}\nevents: {{file: {folder}/events.jsonl, max_size: 4GiB}}\n")
        config.chmod(0o600)
        self.process = subprocess.Popen([program, "--config", str(config), "agent"], stderr=subprocess.PIPE, text=True)
        self.port = next(found[1] for line in self.process.stderr
                         if (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line)))
        # Nobody reads what it says from here on: the pipe must not fill.
        self.sink = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def metrics(self):
        """"" before the first scan."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            return ""

    def after_two_scans(self):
        scans = 'hullmark_scans_total{result="ok"}'
        before = value(self.metrics(), scans)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            body = self.metrics()
            if value(body, scans) >= before + 2:
                return body
            time.sleep(0.2)
        raise RuntimeError("no scan any more")

    def held(self):
        """Resident bytes and descriptors of inspector and gateway."""
        pids = [self.process.pid, *map(int, pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split())]
        return [(int(pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"),
                 len(os.listdir(f"/proc/{pid}/fd"))) for pid in pids]

    def end(self):
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self.sink.wait(PATIENCE)
        if status != 0:
            raise RuntimeError(f"the agent ended with {status}")


def churn(agent, count, seconds):
    """Yields now and then while `count` containers come and go in that time."""
    living, began = [], time.monotonic()
    try:
        for number in range(count):
            living.append(PlainContainer(f"churn-{os.getpid()}-{number}"))
            if len(living) > LIVING:
                living.pop(0).end()
            due = began + seconds * (number + 1) / count
            time.sleep(max(0.0, due - time.monotonic()))
            if number % max(1, count // 40) == 0:
                yield number + 1
    finally:
        for each in living:
            each.end()


def series(body):
    return sum(1 for line in body.splitlines() if line and not line.startswith("#"))


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seconds = 60 * float(sys.argv[3] if len(sys.argv) > 3 else 30)
    if os.geteuid() != 0:
        print("churn_test: skipped: making containers needs root", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(program, folder)
        try:
            before = agent.after_two_scans()
            looks = []
            for done in churn(agent, count, seconds):
                looks.append(agent.held())
                (inspector, files), (gateway, others) = looks[-1]
                print(f"churn: {done:,} containers: inspector {inspector / 1e6:.1f} MB, {files} files; "
                      f"gateway {gateway / 1e6:.1f} MB, {others} files", flush=True)
            after = agent.after_two_scans()
            with open(f"{folder}/events.jsonl", encoding="utf-8") as events:
                seen = sum('"container_appeared"' in event and '"churn-' in event for event in events)
        finally:
            agent.end()
        state = (agent.state / "state.json").read_text(encoding="utf-8")
    check(before, after, looks, seen, state, count)
    return 0


def check(before, after, looks, seen, state, count):
    quarter = max(1, len(looks) // 4)
    for which, name in enumerate(("inspector", "gateway")):
        for what, unit, most in ((0, "bytes", MOST_GROWTH), (1, "descriptors", 8)):
            # The first quarter is warming up: buffers and tables reach their size.
            early = statistics.median(look[which][what] for look in looks[quarter:2 * quarter])
            late = statistics.median(look[which][what] for look in looks[-quarter:])
            print(f"churn: {name}: {early:,.0f} {unit} in the second quarter, {late:,.0f} in the last")
            if late > early + most:
                raise RuntimeError(f"the {name} grows")
    print(f"churn: {seen:,} of {count:,} containers were announced; {series(before)} series before, {series(after)} after; "
          f"state file {len(state):,} bytes")
    if not count * LEAST_SEEN <= seen <= count:
        raise RuntimeError("events do not fit what happened")
    if "churn-" in after or series(after) > series(before) + 20:
        raise RuntimeError("series of containers that have gone stay behind")


if __name__ == "__main__":
    sys.exit(main())
