#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The judge is judged: its rules on containers whose every answer is written down by hand."""
import json
import types
import unittest

import judge
import rules
import seccomp_truth
from rules import Container, Process

HOST = types.SimpleNamespace(layout="hybrid", v2=False, apparmor=False, selinux=False, swap=False, cpus=2,
                             pid_max=32768, memory=8 << 30, reads_filters=True)
DOCKER = dict(effective=0xA80425FB, permitted=0xA80425FB, bounding=0xA80425FB, no_new_privs=0, seccomp=2,
              uids=(0,) * 4, uid_map=[(0, 0, 4294967295)], shared=frozenset({"cgroup", "time", "user"}))


def failing(container, host=HOST):
    return {c for c, status in rules.expected(container, host).items() if status == "fail"}


def docker(**changes):
    return Process(**{**DOCKER, **changes})


class Rules(unittest.TestCase):
    def test_default_docker(self):
        found = failing(Container([docker()], read_only_root=False, shares_network=False,
                                  shares_other=False, limits_known=True))
        self.assertEqual(found, {"CAP-008", "CAP-009", "CAP-014", "PRV-001", "NS-006", "NS-007", "USR-001",
                                 "USR-002", "FS-009", "RES-001", "RES-006", "RES-007"})

    def test_hardened(self):
        hard = docker(effective=0, permitted=0, bounding=0, no_new_privs=1, uids=(1000,) * 4,
                      shared=frozenset({"time"}), uid_map=[(0, 100000, 65536)])
        found = failing(Container([hard], read_only_root=True, shares_network=False, shares_other=False,
                                  memory=1 << 27, pids=64, cpu=0.5, limits_known=True))
        self.assertEqual(found, set())

    def test_a_stronger_process_beside_a_hardened_init(self):
        weak = docker(effective=0, permitted=0, bounding=0, no_new_privs=1, uids=(1000,) * 4)
        strong = docker(effective=1 << 21, permitted=1 << 21, bounding=1 << 21, no_new_privs=1)
        found = failing(Container([weak, strong]))
        self.assertLessEqual({"CAP-001", "PRV-004", "USR-001"}, found)
        self.assertNotIn("PRV-001", found)

    def test_set_user_id(self):
        self.assertIn("PRV-002", failing(Container([docker(uids=(1000, 0, 0, 0))])))
        self.assertNotIn("PRV-002", failing(Container([docker(uids=(0, 1000, 1000, 1000))])))

    def test_mapped_root_is_root_inside_only(self):
        found = failing(Container([docker(uids=(100000,) * 4, uid_map=[(0, 100000, 65536)])]))
        self.assertIn("USR-001", found)
        self.assertNotIn("USR-002", found)

    def test_apparmor_modes(self):
        host = types.SimpleNamespace(**{**vars(HOST), "apparmor": True})
        for label, fails in (("x (enforce)", False), ("x (complain)", True), ("unconfined", True)):
            self.assertEqual("LSM-001" in failing(Container([docker(label=label)]), host), fails, label)

    def test_content_of_filters(self):
        content = {f"SCP-00{n}": "fail" for n in (3, 4, 5, 6)}
        filtered, off = docker(content=content), docker(seccomp=0, content=content)
        self.assertLessEqual(content.keys(), failing(Container([filtered])))
        self.assertFalse(content.keys() & failing(Container([off])))
        blind = types.SimpleNamespace(**{**vars(HOST), "reads_filters": False})
        self.assertEqual(rules.expected(Container([filtered]), blind)["SCP-003"], "unknown")

    def test_fewer_filters_than_its_container(self):
        init = docker(filters=2)
        for joined, filters, fails in ((True, 1, True), (True, 2, False), (False, 1, False)):
            found = failing(Container([init, docker(filters=filters, joined=joined)]))
            self.assertEqual("SCP-002" in found, fails)
        self.assertIn("SCP-002", failing(Container([init, docker(seccomp=0, filters=0, joined=True)])))

    def test_what_is_not_known_is_not_decided(self):
        self.assertNotIn("RES-001", rules.expected(Container([docker()]), HOST))
        self.assertNotIn("FS-009", rules.expected(Container([docker()]), HOST))


def allow(names, **conditions):
    entry = {"names": names, "action": "SCMP_ACT_ALLOW"}
    return {**entry, "args": [conditions]} if conditions else entry


class Profiles(unittest.TestCase):
    """A profile is asked by trying arguments."""
    LIST = seccomp_truth.Profile({
        "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
            allow(["read", "chmod"]),
            allow(["clone"], index=0, op="SCMP_CMP_MASKED_EQ", value=0x7E020000),
            allow(["socket"], index=0, op="SCMP_CMP_NE", value=40)]})
    OPEN = seccomp_truth.Profile({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["chmod"], "action": "SCMP_ACT_ERRNO"}]})

    def test_uses(self):
        for use, permitted, denied in (
                ("read", True, False), ("mount", False, True), ("clone", True, True),
                ("clone arg0 & 0x10000000", False, True), ("clone arg0 & 0x1", True, False),
                ("socket arg0 = 38, 40", True, True), ("socket arg0 != 40", True, False)):
            self.assertEqual(self.LIST.use(use), (permitted, denied), use)

    def test_verdicts(self):
        group = {"level": "high", "needs": [], "user_namespace": False, "off": [], "calls": ["io_uring_setup"]}
        mounts = {**group, "needs": ["CAP_SYS_ADMIN"], "calls": ["mount"]}
        family = {**group, "io_uring": False, "calls": ["chmod", "fchmod"], "newer": ["fchmodat2"]}
        seccomp_truth.CONTROLS.update({
            "SCP-003": {"params": {"min_level": "high", "groups": [group, mounts]}},
            "SCP-004": {"params": {"min_level": "low", "families": [family]}}})
        self.addCleanup(seccomp_truth.CONTROLS.clear)
        verdicts = [seccomp_truth.expected(docker(), profile, rules.NAMES) for profile in (self.LIST, self.OPEN)]
        self.assertEqual([v["SCP-003"] for v in verdicts], ["pass", "fail"])
        self.assertEqual([v["SCP-004"] for v in verdicts], ["fail", "fail"])
        self.assertEqual([v["SCP-006"] for v in verdicts], ["pass", "fail"])


class Compare(unittest.TestCase):
    CASE = {"name": "zoo-default", "runtime": "docker", "truth": {}, "pid": 7, "id": "f" * 64, "image": "i",
            "also": []}

    def report(self, **changes):
        found = {"runtime": "docker", "class": "container", "id": "f" * 64, "name": "zoo-default",
                 "image": "i", "init_pid": 7, "kubernetes": None,
                 "findings": [{"id": "CAP-001", "status": "pass"}, {"id": "CAP-008", "status": "fail"}]}
        return json.loads(json.dumps({**found, **changes}))

    def differences(self, found):
        want = {"CAP-001": "pass", "CAP-008": "fail", "CAP-002": "pass"}
        return judge.compare(self.CASE, found, want, {"CAP-001", "CAP-008"})[0]

    def test_agreement(self):
        self.assertEqual(self.differences(self.report()), [])

    def test_each_way_to_be_wrong(self):
        wrong = [{"runtime": "podman"}, {"id": None}, {"init_pid": 8}, {"class": "service"}, {"image": None},
                 {"findings": []}]
        for status in ("pass", "unknown", "not_applicable"):
            wrong.append({"findings": [{"id": "CAP-001", "status": "pass"},
                                       {"id": "CAP-008", "status": status}]})
        wrong.append({"findings": [{"id": "CAP-001", "status": "fail", "evidence": []},
                                   {"id": "CAP-008", "status": "fail"}]})
        for change in wrong:
            self.assertNotEqual(self.differences(self.report(**change)), [], change)


if __name__ == "__main__":
    unittest.main()
