#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a report on the container zoo with what its containers were started with, both ways.

    judge.py [--hullmark PROGRAM | --report FILE] [--zoo ZOO.SH | --expect FILE] [--verbose]

Every case must be in the report, with its runtime, class, name, id, image and init, and every control
that its facts decide must say so: a fail where something is open, and no fail where nothing is. Prints
each difference; exit 0 only if there are none and every case was compared.
"""
import argparse
import collections
import itertools
import json
import pathlib
import subprocess
import sys

import kernel
import rules
import seccomp_truth
import zoo_facts

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNTIME = {"containerd-cri": "containerd", "bwrap": "bubblewrap", "podman-rootless": "podman"}
SANDBOXES = ("bwrap", "unshare")
AUDIT = ["audit", "--format", "json", "--verbose", "--class", "container,pause,sandbox,service,vm"]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"judge: {' '.join(map(str, command))}: status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def place(pid):
    """Every container of the zoo has a mount namespace of its own."""
    return kernel.namespace(pid, "mnt")


def identity(case):
    """What must be said of who a container is; None where nobody told."""
    truth, runtime = case["truth"], case["runtime"]
    said = {"runtime": RUNTIME.get(runtime, runtime), "class": "container"}
    if runtime in SANDBOXES:
        said["class"] = "sandbox"
    else:
        said["id"] = case["id"]
    if truth.get("sandbox"):
        said["class"] = "pause"
    if runtime != "bwrap":  # its pid 1 is bubblewrap's own, its child is the case
        said["init_pid"] = case["pid"]
    if runtime not in SANDBOXES and runtime != "containerd-cri":
        said["name"] = case["name"]
    if runtime in ("docker", "podman", "podman-rootless"):
        said["image"] = case["image"]
    return said


def pod(case, found):
    """Differences in what is said of the pod; a pod's id is in its cgroup path."""
    uid = case["truth"].get("pod_uid")
    said = found.get("kubernetes") or {}
    want = {"pod_uid": uid} if uid else {}
    if case["runtime"] == "containerd-cri":
        want |= {"namespace": "zoo", "pod": "zoo-cri"}
        if not case["truth"].get("sandbox"):
            want["container"] = case["name"].removeprefix("zoo-cri-")
    return [(f"kubernetes.{key}", value, said.get(key)) for key, value in want.items()
            if said.get(key) != value]


def compare(case, found, want, controls):
    """(differences, number of comparisons) of one case."""
    who = identity(case)
    wrong = [(key, value, found.get(key)) for key, value in who.items() if found.get(key) != value]
    wrong += pod(case, found)
    said = {finding["id"]: finding for finding in found["findings"]}
    for control in sorted(set(want) & controls):
        finding = said.get(control, {})
        if finding.get("status") != want[control]:
            proof = "; ".join(e["fact"] for e in finding.get("evidence", []))
            wrong.append((control, want[control], f"{finding.get('status')} {proof}".strip()))
    return wrong, len(who) + len(set(want) & controls)


def drifted(case, found):
    """An exec'd process must be named in the evidence of the control that caught it."""
    said = {finding["id"]: finding for finding in found["findings"]}
    named = {e.get("pid") for e in said.get("PRV-004", {}).get("evidence", [])}
    return [("PRV-004 evidence", part["pid"], sorted(filter(None, named)))
            for part in case["also"] if part["pid"] not in named]


def judge(cases, report, verbose):
    host = kernel.Host()
    # Through /proc alone nobody knows what filters permit, and has to say so.
    host.reads_filters = report["vantage"]["source"] == "bpf"
    controls = {c for c, about in report["controls"].items() if about["scope"] != "host"}
    by_place = collections.defaultdict(list)
    for found in report["containers"]:
        by_place[place(found["init_pid"])].append(found)
    differences, total, decided = [], 0, collections.Counter()
    for case in cases:
        here = by_place[place(case["pid"])]
        found = here.pop(0) if here else None
        if found is None:
            differences.append((case["name"], "report", "a container", "nothing"))
            continue
        want = rules.expected(zoo_facts.container(case, cases, host), host)
        wrong, compared = compare(case, found, want, controls)
        differences += [(case["name"], *row) for row in wrong + drifted(case, found)]
        total += compared
        decided.update((c, s) for c, s in want.items() if c in controls)
    for extra in itertools.chain(*by_place.values()):
        # A host's services are its own; the process that keeps a user's rootless namespaces is no case.
        if extra["class"] != "service" and (extra["class"], extra["runtime"]) != ("sandbox", "rootless"):
            differences.append((extra["name"] or extra["id"], "report", "nothing",
                                f"{extra['class']} of {extra['runtime']}, pid {extra['init_pid']}"))
    for row in differences:
        print("DIFF {:24} {:16} want {}, report says {}".format(*map(str, row)))
    if verbose:
        for control in sorted(controls):
            row = ", ".join(f"{n} {s}" for (c, s), n in sorted(decided.items()) if c == control)
            print(f"{control}: {row or 'not decided here'}")
    judged = len({c for c, _ in decided})
    print(f"judge: {len(cases)} cases, {total} comparisons over {judged} of {len(controls)} controls, "
          f"{len(differences)} differences")
    return not differences and total > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hullmark", default=ROOT / "build/release/hullmark")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--zoo", default=ROOT / "tests/zoo/zoo.sh")
    parser.add_argument("--expect", type=pathlib.Path)
    parser.add_argument("--source", default="auto", help="who tells of processes, see hullmark(1)")
    parser.add_argument("--verbose", action="store_true")
    at = parser.parse_args()
    cases = json.loads(at.expect.read_text()) if at.expect else run([at.zoo, "expect"])
    report = json.loads(at.report.read_text()) if at.report else run(
        [at.hullmark, *AUDIT, "--source", at.source])
    seccomp_truth.learn(run([at.hullmark, "controls", "--format", "json"]))
    if not cases:
        sys.exit("judge: the zoo is empty: nothing was compared")
    sys.exit(0 if judge(cases, report, at.verbose) else 1)


if __name__ == "__main__":
    main()
