#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two JSON reports of one host, through records of the kernel and through /proc: whether they say the
same of it, but for when and by whom it was looked at, and for what lives on meanwhile.

    same_reports.py BPF.json PROC.json
"""
import json
import sys

# Who came and went between two looks: nothing of containers that stand still.
PASSING = {"generated_at", "taken_at", "options"}


def read(path, source):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    said = report["vantage"].pop("source")
    if said != source:
        sys.exit(f"{path}: told by {said}: {report['vantage'].get('source_reason', 'no reason')}")
    # Which /proc cannot tell: whoever compares has to leave the controls on them out.
    problems = report["vantage"]["problems"]
    report["vantage"]["problems"] = [p for p in problems if p["id"] != "seccomp-content"]
    for name in PASSING:
        report.pop(name, None)
    # A service may fork between two looks; so may whoever runs this.
    report["containers"] = {one["id"]: one for one in report["containers"] if one["class"] != "service"}
    report.pop("summary")
    return report


def differences(bpf, proc, place=""):
    if isinstance(bpf, dict) and isinstance(proc, dict):
        for name in sorted(bpf.keys() | proc.keys()):
            yield from differences(bpf.get(name), proc.get(name), f"{place}/{name}")
    elif isinstance(bpf, list) and isinstance(proc, list) and len(bpf) == len(proc):
        for at, (one, other) in enumerate(zip(bpf, proc)):
            yield from differences(one, other, f"{place}/{at}")
    elif bpf != proc:
        yield f"{place}: bpf {bpf!r}, proc {proc!r}"


def main():
    bpf, proc = read(sys.argv[1], "bpf"), read(sys.argv[2], "proc")
    found = list(differences(bpf, proc))
    for line in found[:50]:
        print(line[:300])
    print(f"same_reports: {len(bpf['containers'])} containers, {len(found)} differences")
    sys.exit(1 if found or not bpf["containers"] else 0)


if __name__ == "__main__":
    main()
