#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at fixture hosts with the real program and compares whole reports.

    hosts_test.py PROGRAM SCHEMA        UPDATE_GOLDEN=1 rewrites what is expected

Each host of tests/fixtures/hosts is put together in a folder of its own, audited as a tree of plain
files, and once more from a snapshot of it: both reports must be the same. What is expected lies in
hosts/SCENARIO/report.json and report.txt, less what depends on the run or the machine, and less
the controls' texts, which cases/ covers.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "fixtures"))
from compose import FIXTURES, compose  # noqa: E402

SCHEMA = None
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
SCENARIOS = sorted(path.parent.name for path in FIXTURES.glob("hosts/*/plan"))
# Of services only those that a scenario is about: each host has its own of them.
CLASSES = {"systemd_services": "service"}
OBEYED_BY_TERMINALS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
AT = ["--at", "2026-01-02T00:00:00Z"]
ENVIRONMENT = dict(os.environ)
# Root owns the trees and may read what it denied itself: neither may depend on who runs this.
AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
OBEDIENT = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


def run(*arguments):
    done = subprocess.run([*AS_ROOT, *OBEDIENT, "hullmark", *arguments], env=ENVIRONMENT, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def roots(tree):
    return ["--plain-roots", "--proc-root", f"{tree}/proc", "--sys-root", f"{tree}/sys",
            "--cgroup-root", f"{tree}/sys/fs/cgroup"]


def classes(scenario):
    return ["--class", CLASSES.get(scenario, "container,pause,sandbox,vm")]


def lines_of(value, indent=""):
    """JSON that is read by people: a finding, or what is as short, on a line of its own."""
    line = json.dumps(value)
    finding = isinstance(value, dict) and "status" in value
    nested = isinstance(value, dict) or isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    if finding or not nested or len(line) + len(indent) <= 100:
        return line
    deeper = indent + " "
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + lines_of(item, deeper) for item in value) + "\n" + indent + "]"
    members = (f"{deeper}{json.dumps(key)}: {lines_of(item, deeper)}" for key, item in value.items())
    return "{\n" + ",\n".join(members) + "\n" + indent + "}"


def without_run(report):
    document = json.loads(report)
    for member in ("generated_at", "taken_at", "tool"):
        del document[member]
    return document


def expected_part(report):
    """The report less the run's own, the machine's own and the benchmark's texts."""
    document = without_run(report)
    for member in ("benchmark", "controls"):
        del document[member]
    for container in document["containers"]:
        if container["cgroup"]:
            del container["cgroup"]["id"]  # The inode of a copied directory.
    return lines_of(document) + "\n"


def without_time(text):
    return re.sub(r" at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "", text.decode(), count=1)


class Hosts(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hullmark-hosts-"))
        self.addCleanup(self.remove)

    def remove(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.folder], check=True)  # What plans denied.
        shutil.rmtree(self.folder)

    def compare(self, path, actual):
        if UPDATE:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual)
        self.assertTrue(path.exists(), f"{path} is missing: record it with UPDATE_GOLDEN=1")
        self.assertEqual(path.read_text(), actual, path)

    def check(self, scenario):
        tree, golden = self.folder / scenario, HERE / "hosts" / scenario
        compose(scenario, tree)
        report = run("audit", *roots(tree), *classes(scenario), *AT, "--format", "json")
        (self.folder / f"{scenario}.json").write_bytes(report)
        self.compare(golden / "report.json", expected_part(report))
        text = run("audit", *roots(tree))
        self.compare(golden / "report.txt", without_time(text))
        for shown in (report, text):
            self.assertNotRegex(shown.decode(), OBEYED_BY_TERMINALS)
        snapshot = self.folder / f"{scenario}.snapshot"
        run("snapshot", *roots(tree), "--output", str(snapshot))
        replayed = run("audit", "--snapshot", str(snapshot), *classes(scenario), *AT, "--format", "json")
        self.assertEqual(json.dumps(without_run(replayed)), json.dumps(without_run(report)))

    def test_reports(self):
        self.assertTrue(SCENARIOS)
        for scenario in SCENARIOS:
            with self.subTest(scenario=scenario):
                self.check(scenario)
        reports = sorted(self.folder.glob("*.json"))
        self.assertEqual(len(reports), len(SCENARIOS))
        self.assertEqual(SCENARIOS, sorted(path.name for path in (HERE / "hosts").iterdir()), "goldens of no host")
        subprocess.run([sys.executable, HERE / "validate.py", SCHEMA, *reports], check=True)

    @unittest.skipUnless(os.geteuid() == 0, "nobody owns / in a user namespace, so that no waiver is trusted there")
    def test_a_waiver_by_label_covers_who_has_the_label(self):
        waivers = self.folder / "waivers.yaml"
        for scenario, select, covered in (
                ("docker_systemd", "label: {tier: front}", {"web"}), ("docker_systemd", "label: {tier: '*'}", {"web", "api"}),
                ("docker_systemd", "label: {tier: '*', front: tier}", {"api"}),
                ("docker_systemd", "not: {label: {front: '*'}}", {"web"}), ("docker_systemd", "label: {absent: '**'}", set()),
                ("podman_rootful", "label: {tier: front}", {"web"}), ("podman_rootless", "label: {tier: front}", set()),
                ("containerd_ctr", "label: {tier: front}", {"web"}), ("crio", "label: {tier: front}", {"app"}),
                ("runc_plain", "label: {tier: front}", {"demo"}), ("crun_plain", "label: {tier: front}", {"demo"}),
                ("hostile_names", "label: {tier: '**x'}", {"we\u202eb\x1b[2J"}), ("hostile_names", "label: {front: '**'}", set())):
            with self.subTest(scenario=scenario, select=select):
                tree, snapshot = self.folder / scenario, self.folder / "snapshot"
                if not tree.exists():
                    compose(scenario, tree)
                waivers.write_text("waivers: [{control: '*', allow_critical: true, reason: r, owner: o, expires: 2030-01-01, "
                                   f"select: {{{select}}}}}]\n")
                waivers.chmod(0o644)
                report = run("audit", *roots(tree), *AT, "--format", "json", "--waivers", str(waivers))
                self.assertEqual(covered, {each["name"] for each in json.loads(report)["containers"]
                                           if any(finding["status"] == "waived" for finding in each["findings"])})
                run("snapshot", *roots(tree), "--output", str(snapshot), "--waivers", str(waivers))
                replayed = run("audit", "--snapshot", str(snapshot), *AT, "--format", "json", "--waivers", str(waivers))
                self.assertEqual(json.dumps(without_run(replayed)), json.dumps(without_run(report)))

    def test_a_captured_host_can_be_looked_at(self):
        tree = self.folder / "captured"
        subprocess.run([sys.executable, FIXTURES / "capture.py", tree, str(os.getpid())], check=True)
        report = json.loads(run("audit", *roots(tree), "--format", "json"))
        # In a UTS namespace of its own nobody sees the host's name.
        self.assertIn(report["host"]["name"], ("fixture", ""))
        self.assertTrue((tree / "proc" / str(os.getpid()) / "exe.statx").exists())


if __name__ == "__main__":
    SCHEMA = sys.argv[2]
    with tempfile.TemporaryDirectory(prefix="hullmark-path-") as folder:  # Hints name what was typed.
        os.chmod(folder, 0o755)
        os.symlink(pathlib.Path(sys.argv[1]).resolve(), os.path.join(folder, "hullmark"))
        ENVIRONMENT["PATH"] = folder + os.pathsep + ENVIRONMENT["PATH"]
        unittest.main(argv=sys.argv[:1])
