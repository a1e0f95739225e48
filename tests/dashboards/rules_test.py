#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of Prometheus: valid, explained, each with tests that fire and stay silent, and tests
that can fail. Needs promtool and PyYAML."""
import copy
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE.parents[1] / "dashboards" / "prometheus"
FILES = sorted(RULES.glob("hullmark.*.yml"))
TESTS = HERE / "rules.test.yml"
SEVERITIES = {"critical", "warning", "info"}


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=600)


def load(path):
    return yaml.safe_load(path.read_text())


def rules(files=None):
    return [rule for document in files or map(load, FILES) for group in document["groups"]
            for rule in group["rules"]]


def name_of(rule):
    return rule.get("alert") or rule["record"]


def untested(all_rules, tests):
    """The (name, "fires" or "silent") that no test asks for."""
    seen = set()
    for group in tests["tests"]:
        for case in group.get("promql_expr_test", []):
            for rule in all_rules:
                name = name_of(rule)
                if f'alertname="{name}"' in case["expr"] or case["expr"] == name:
                    seen.add((name, "fires" if case["exp_samples"] else "silent"))
    return [(name_of(rule), how) for rule in all_rules for how in ("fires", "silent")
            if (name_of(rule), how) not in seen]


def failing_with(expression):
    """Which rules the tests miss when every rule has this expression."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path in FILES:
            document = load(path)
            for rule in rules([document]):
                rule["expr"] = expression
                rule.pop("for", None)
            (folder / path.name).write_text(yaml.safe_dump(document))
        tests = load(TESTS)
        tests["rule_files"] = [path.name for path in FILES]
        (folder / "test.yml").write_text(yaml.safe_dump(tests))
        result = promtool("test", "rules", folder / "test.yml")
    complained = re.findall(r'expr: "(.*)", time:', result.stdout + result.stderr)
    return {name_of(rule) for rule in rules()
            if any(f'alertname=\\"{name_of(rule)}\\"' in expr or expr == name_of(rule)
                   for expr in complained)}


class Rules(unittest.TestCase):
    def test_are_valid_and_pass_their_tests(self):
        for arguments in (["check", "rules", *FILES], ["test", "rules", TESTS]):
            result = promtool(*arguments)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_names_are_unique(self):
        names = [name_of(rule) for rule in rules()]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_every_alert_is_explained(self):
        alerts = [rule for rule in rules() if "alert" in rule]
        self.assertTrue(alerts)
        for rule in alerts:
            with self.subTest(rule["alert"]):
                self.assertIn(rule["labels"].get("severity"), SEVERITIES)
                for text in ("summary", "description", "runbook"):
                    self.assertGreater(len(rule["annotations"].get(text, "")), 20, text)

    def test_every_roll_up_keeps_the_host(self):
        for rule in rules():
            if "record" in rule:
                self.assertRegex(rule["expr"], r"by \(job, instance[,)]", rule["record"])

    def test_every_rule_has_a_test_that_fires_and_one_that_is_silent(self):
        self.assertEqual(untested(rules(), load(TESTS)), [])

    def test_a_rule_without_a_test_is_found(self):
        tests = load(TESTS)
        for rule in rules():
            for kind, keep in (("fires", lambda case: not case["exp_samples"]),
                               ("silent", lambda case: case["exp_samples"])):
                poorer = copy.deepcopy(tests)
                for group in poorer["tests"]:
                    group["promql_expr_test"] = [case for case in group["promql_expr_test"]
                                                 if name_of(rule) not in case["expr"] or keep(case)]
                self.assertIn((name_of(rule), kind), untested(rules(), poorer))

    def test_tests_fail_for_a_rule_that_never_or_always_fires(self):
        everything = {name_of(rule) for rule in rules()}
        self.assertEqual(failing_with("vector(1) > 2"), everything)
        self.assertEqual(failing_with("vector(1)"), everything)


class ScrapeConfigurations(unittest.TestCase):
    def test_are_valid_and_honour_labels(self):
        paths = [RULES / "prometheus.yml", *sorted(RULES.glob("scrape-*.yml"))]
        self.assertGreater(len(paths), 1)
        for path in paths:
            with self.subTest(path.name), tempfile.TemporaryDirectory() as folder:
                document = load(path)
                for job in document["scrape_configs"]:
                    self.assertIs(job.get("honor_labels"), True)
                    if job.pop("kubernetes_sd_configs", None):  # Debian's promtool does not know it.
                        job["static_configs"] = [{"targets": ["localhost:9723"]}]
                copied = pathlib.Path(folder, path.name)
                copied.write_text(yaml.safe_dump(document))
                result = promtool("check", "config", "--syntax-only", copied)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_the_example_loads_every_rule_file(self):
        self.assertEqual(sorted(load(RULES / "prometheus.yml")["rule_files"]), [path.name for path in FILES])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
