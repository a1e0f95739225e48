#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent on a recorded host of very many processes: agent_many_test.py PROGRAM HOST [PROCESSES]

Copies one container process under as many numbers. Prints what a scan takes; fails where the agent
does not scan, is not bounded, does not count them all, or takes long to end, which is in the midst
of a scan where that takes longer than the interval.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

PATIENCE = 600
FIRST = 10_000
MOST_SECONDS_TO_END = 2
MOST_BYTES_PER_PROCESS = 4_096  # Of the agent, beside what it takes without any.


def multiply(process, proc, count):
    """Hard links, but for what names the process."""
    stat, status = (process / "stat").read_text(), (process / "status").read_text()
    for pid in range(FIRST, FIRST + count):
        copy = proc / str(pid)
        shutil.copytree(process, copy, symlinks=True, copy_function=os.link,
                        ignore=shutil.ignore_patterns("stat", "status", "task"))
        (copy / "stat").write_text(re.sub(r"^\d+", str(pid), stat))
        (copy / "status").write_text(re.sub(r"^(Pid|Tgid):\t\d+", rf"\1:\t{pid}", status, flags=re.M))


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if not line.startswith("#"))


def main():
    program, host = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 50_000
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(host, folder / "host", symlinks=True)
        multiply(folder / "host/proc/1120", folder / "host/proc", count)
        roots = ["--proc-root", folder / "host/proc", "--sys-root", folder / "host/sys",
                 "--cgroup-root", folder / "host/sys/fs/cgroup", "--plain-roots"]
        with subprocess.Popen(list(map(str, [program, *roots, "agent", "--listen", "127.0.0.1:0", "--interval", "1s",
                                             "--state-dir", "", "--events-file", ""])),
                              stderr=subprocess.PIPE, text=True) as agent:
            try:
                port = next(found[1] for line in agent.stderr
                            if (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line)))
                end = time.monotonic() + PATIENCE
                while True:
                    try:
                        found = metrics(port)
                        if int(found['hullmark_scans_total{result="ok"}']) >= 3:
                            break
                    except OSError:
                        pass
                    if time.monotonic() > end or agent.poll() is not None:
                        raise RuntimeError("no third scan")
                    time.sleep(0.5)
            finally:
                told = time.monotonic()
                agent.terminate()
                status = agent.wait(PATIENCE)
                ended = time.monotonic() - told
        live = int(found['hullmark_processes{kind="live"}'])
        resident = int(float(found['process_resident_memory_bytes{process="inspector"}']))
        seconds = float(found["hullmark_scan_duration_seconds_sum"]) / float(found["hullmark_scan_duration_seconds_count"])
        print(f"{live:,} processes: {seconds:.2f} s a scan, {resident / 1e6:.0f} MB resident, "
              f"ended within {ended:.2f} s")
        if status != 0 or ended > MOST_SECONDS_TO_END:
            raise RuntimeError(f"status {status} after {ended:.2f} s")
        if live < count:
            raise RuntimeError("not all were counted")
        if resident > 30_000_000 + count * MOST_BYTES_PER_PROCESS:
            raise RuntimeError("too much memory")


if __name__ == "__main__":
    main()
