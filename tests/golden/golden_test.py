#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges recorded hosts with the real program and compares whole reports.

    golden_test.py PROGRAM SCHEMA CASES        UPDATE_GOLDEN=1 rewrites what is expected

A case is a folder of CASES with snapshot.json; beside it lie report.json, report.txt and cis.txt, and
where the site has a say overrides.yaml and waivers.yaml.
The JSON report is kept indented, without generated_at and tool, which alone may differ.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SCHEMA, CASES = None, None, None
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"


def audit(case, *options):
    """Judges a case. The site's files are trusted in a folder of their own, wherever the sources lie."""
    command = ["hullmark", "audit", "--snapshot", str((case / "snapshot.json").resolve()), *options]
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("overrides", "waivers"):
            if (case / f"{kind}.yaml").exists():
                name = shutil.copyfile(case / f"{kind}.yaml", pathlib.Path(folder) / f"{kind}.yaml").name
                command += [f"--{kind}", name]
                os.chmod(pathlib.Path(folder) / name, 0o644)
        done = subprocess.run(command, executable=PROGRAM, check=True, capture_output=True, timeout=60, cwd=folder)
    return done.stdout


def without_run(report):
    """The JSON report less what two runs may differ in, indented for review."""
    document = json.loads(report)
    for member in ("generated_at", "tool"):
        del document[member]
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


class Golden(unittest.TestCase):
    maxDiff = 4000

    def compare(self, path, actual):
        if UPDATE:
            path.write_bytes(actual)
        self.assertTrue(path.exists(), f"{path} is missing: record it with UPDATE_GOLDEN=1")
        self.assertEqual(path.read_bytes().decode(), actual.decode(), path.name)

    def test_cases(self):
        cases = sorted(path.parent for path in CASES.glob("*/snapshot.json"))
        self.assertTrue(cases, f"no case in {CASES}")
        for case in cases:
            with self.subTest(case=case.name):
                report = audit(case, "--format", "json")
                self.compare(case / "report.json", without_run(report))
                self.compare(case / "report.txt", audit(case))
                self.compare(case / "cis.txt", audit(case, "--view", "cis"))

    def test_reports_are_valid(self):
        validate = pathlib.Path(__file__).with_name("validate.py")
        for path in sorted(CASES.glob("*/snapshot.json")):
            with self.subTest(case=path.parent.name):
                report = pathlib.Path(f"golden_{path.parent.name}.json")
                report.write_bytes(audit(path.parent, "--format", "json"))
                subprocess.run([sys.executable, validate, SCHEMA, report], check=True)

    def test_two_runs_agree(self):
        for path in sorted(CASES.glob("*/snapshot.json")):
            with self.subTest(case=path.parent.name):
                first, second = (audit(path.parent, "--format", "json") for _ in range(2))
                self.assertEqual(without_run(first), without_run(second))
                self.assertEqual(audit(path.parent), audit(path.parent))


if __name__ == "__main__":
    PROGRAM, SCHEMA, CASES = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    unittest.main(argv=sys.argv[:1])
