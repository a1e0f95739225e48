#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the agent at random moments, while a recorded host changes all the time.

    agent_kill_test.py PROGRAM HOST [TIMES [SEED]]

After each start the state must be readable; in the end the events file must have every id once, no
violation appeared twice without having gone, and what it says to be there is what the report says.
"""
import contextlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

PATIENCE = 60


def toggle(status):
    """Another NoNewPrivs, in one step."""
    text = status.read_text()
    now = re.search(r"^NoNewPrivs:\t(\d)", text, re.M)[1]
    written = status.with_name("status.new")
    written.write_text(re.sub(r"^(NoNewPrivs:\t)\d", rf"\g<1>{1 - int(now)}", text, flags=re.M))
    written.rename(status)


def start(program, host, folder):
    roots = ["--proc-root", host / "proc", "--sys-root", host / "sys", "--cgroup-root", host / "sys/fs/cgroup",
             "--plain-roots"]
    return subprocess.Popen(list(map(str, [program, *roots, "agent", "--listen", "127.0.0.1:0", "--interval", "100ms",
                                           "--state-dir", folder / "state", "--events-file", folder / "events.jsonl"])),
                            stderr=subprocess.PIPE, text=True)


def said(process, pattern):
    for line in process.stderr:
        if found := re.search(pattern, line):
            return found
        if "damaged" in line:
            raise RuntimeError(f"the state was lost: {line}")
    raise RuntimeError(f"ended without saying {pattern}")


def in_force(events):
    """What the events file says to be there; raises where it contradicts itself."""
    there = set()
    for event in events:
        what = (event["container"] or {}).get("id", ""), (event.get("control") or {}).get("id", "")
        if event["kind"] == "violation_appeared":
            if what in there:
                raise RuntimeError(f"appeared twice: {event}")
            there.add(what)
        elif event["kind"] == "violation_resolved":
            if what not in there:
                raise RuntimeError(f"resolved what never appeared: {event}")
            there.remove(what)
    return there


def events_of(folder):
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def fails(report):
    subjects = [("", report["host"]), *((container["id"], container) for container in report["containers"])]
    return {(who, finding["id"]) for who, judged in subjects for finding in judged["findings"]
            if finding["status"] == "fail"}


def kill_often(program, host, folder, times):
    [status] = [path for path in (host / "proc").glob("*/status")
                if "\nNSpid:\t" in path.read_text() and "\t1\n" in re.search(r"NSpid:.*\n", path.read_text())[0]][:1]
    for _ in range(times):
        process = start(program, host, folder)
        said(process, "listening on")
        end = time.monotonic() + random.uniform(0, 1.2)
        while time.monotonic() < end:
            toggle(status)
            time.sleep(random.uniform(0.05, 0.5))
        process.kill()
        process.wait()
        process.stderr.close()


def settle(program, host, folder):
    """A last agent, on a host that changes no more: what it serves."""
    process = start(program, host, folder)
    try:
        port = said(process, r"listening on 127\.0\.0\.1:(\d+)")[1]
        end, scans = time.monotonic() + PATIENCE, None
        while time.monotonic() < end:
            with contextlib.suppress(OSError), opened(port, "/metrics") as answer:
                scans = re.search(r'^hullmark_scans_total\{result="ok"\} (\d+)', answer.read().decode(), re.M)
            if scans and int(scans[1]) >= 5:
                break
            time.sleep(0.05)
        with opened(port, "/api/v1/report") as answer:
            return json.load(answer)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stderr.close()


def opened(port, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE)


def main():
    program, host = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
    random.seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(host, folder / "host", symlinks=True)
        kill_often(program, folder / "host", folder, times)
        report = settle(program, folder / "host", folder)
        events = events_of(folder)
        ids = [event["id"] for event in events]
        if ids != list(range(1, len(ids) + 1)):
            raise RuntimeError(f"ids are not 1, 2, 3 ...: {ids} (seed {seed})")
        if in_force(events) != fails(report):
            raise RuntimeError(f"not what the report says: {in_force(events) ^ fails(report)} (seed {seed})")
        if not any(event["kind"] == "violation_resolved" for event in events) and times >= 10:
            raise RuntimeError(f"nothing ever changed (seed {seed})")
    print(f"{times} kills, {len(events)} events, none lost, none twice (seed {seed})")


if __name__ == "__main__":
    main()
