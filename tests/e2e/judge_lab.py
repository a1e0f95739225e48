#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a report from the small guest of the VM lab with what its containers were started with.

    judge_lab.py WANT.json REPORT.json EXEC.status

WANT is what `/lab/containers.sh up` printed, EXEC.status the status file of the process that it put
into `default`. AppArmor in each mode and cgroup v2 limits are what this guest is for.
"""
import json
import pathlib
import sys
from types import SimpleNamespace

import rules
from rules import Container, Process

# What the definitions in /lab/containers.sh say and its JSON leaves out.
UIDS = {"hardened": 1000, "userns": 100000}
WRITABLE_ROOT = {"default", "privileged"}
POD_LIMITS = {"memory.max": "83886080", "pids.max": "120"}  # on the parent group of `pod`

# SECCOMP of that file permits what it does not name: namespaces, rings and process_vm_readv beside ptrace among it.
CONTENT = {"SCP-003": "fail", "SCP-004": "fail", "SCP-005": "pass", "SCP-006": "fail"}

GUEST = SimpleNamespace(layout="v2", v2=True, apparmor=True, selinux=False, swap=False, cpus=2,
                        pid_max=32768, memory=1 << 30, reads_filters=True)


def process(want, caps, **more):
    own = want["ns"]
    shared = frozenset({"time", *(kind for kind, place in own.items() if place == "host")})
    return Process(**{
        "effective": caps, "permitted": caps, "bounding": int(want["cap_bnd"], 16),
        "no_new_privs": want["no_new_privs"], "seccomp": want["seccomp"], "content": CONTENT,
        "filters": int(want["seccomp"] == 2),
        "uids": (UIDS.get(want["name"], 0),) * 4, "shared": shared, "label": want["apparmor"],
        "uid_map": [tuple(map(int, want["uid_map"].split()))], **more})


def execed(want, status):
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    sets = {name: int(lines[key], 16) for name, key in
            (("permitted", "CapPrm"), ("bounding", "CapBnd"), ("inheritable", "CapInh"),
             ("ambient", "CapAmb"))}
    return process(want, int(lines["CapEff"], 16), joined=True, filters=int(lines["Seccomp_filters"]),
                   **sets)


def facts(want, exec_status):
    limits = {**want["limits"]}
    if want["name"] == "pod":
        limits |= POD_LIMITS
    processes = [process(want, int(want["cap_eff"], 16))]
    if want["name"] == "default":
        processes.append(execed(want, exec_status))
    quota, period = limits.get("cpu.max", "max 100000").split()
    number = {key: int(value) for key, value in limits.items() if value.isdigit()}
    privileged = want["name"] == "privileged"
    return Container(
        processes=processes, read_only_root=want["name"] not in WRITABLE_ROOT, shares_network=False,
        shares_other=False, memory=number.get("memory.max"), pids=number.get("pids.max"),
        cpu=None if quota == "max" else int(quota) / int(period), limits_known=True,
        extra={control: "fail" if privileged else "pass" for control in ("RUN-001", "DEV-001")})


def main():
    paths = [pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:4]]
    wanted, report, exec_status = json.loads(paths[0]), json.loads(paths[1]), paths[2]
    by_pid = {container["init_pid"]: container for container in report["containers"]}
    wrong, total = [], 0
    for want in wanted:
        found = by_pid.pop(want["pid"], None)
        if found is None:
            wrong.append((want["name"], "report", "a container", "nothing"))
            continue
        said = {finding["id"]: finding["status"] for finding in found["findings"]}
        expected = rules.expected(facts(want, exec_status), GUEST)
        rows = {c: (status, said.get(c)) for c, status in expected.items() if c in report["controls"]}
        rows |= {"id": (want["id"], found["id"]), "class": ("container", found["class"])}
        total += len(rows)
        wrong += [(want["name"], what, a, b) for what, (a, b) in rows.items() if a != b]
    wrong += [(c["id"], "report", "nothing", c["class"]) for c in by_pid.values()
              if c["class"] != "service"]
    for row in wrong:
        print("DIFF {:12} {:8} want {}, report says {}".format(*map(str, row)))
    print(f"judge_lab: {len(wanted)} containers, {total} comparisons, {len(wrong)} differences")
    sys.exit(0 if total and not wrong else 1)


if __name__ == "__main__":
    main()
