#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboards as files: current, whole, laid out, and about metrics that exist. Needs PyYAML only."""
import itertools
import json
import re
import subprocess
import sys
import unittest

import promql

GRADES = {"A": 7, "B": 20, "C": 50, "D": 100}  # As in the benchmark; a test below compares.
BOUNDS = list(GRADES.values())
POINTS, SCORE = "suffix: points", "suffix: of 100"
VARIABLES = {"datasource", "job", "instance", "namespace", "container"}
DASHBOARDS = promql.grafana_dashboards()
KNOWN = promql.KNOWN
RULES = list(promql.rules())
RECORDED = {rule["record"]: rule["expr"] for _, rule in RULES if "record" in rule}


def panels(kinds=None):
    for name, dashboard in DASHBOARDS.items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row" or kinds == "all":
                yield f"{name}: {panel['title']}", panel


def variables(dashboard):
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def wrong_names(query):
    """What a query names and nobody exports."""
    metrics, selected, grouped = promql.uses(query)
    wrong = [metric for metric in metrics if metric not in KNOWN and metric not in RECORDED]
    every = set(promql.TARGET_LABELS)
    for metric in metrics:
        labels = KNOWN.get(metric)
        if labels is None and metric in RECORDED:
            labels = promql.uses(RECORDED[metric])[2]
        known = (labels or set()) | promql.TARGET_LABELS
        every |= known
        wrong += [f"{metric}{{{label}}}" for label in selected.get(metric, set()) - known]
    return sorted(wrong) + sorted(f"by {label}" for label in grouped - every)


class Files(unittest.TestCase):
    def test_are_what_the_source_makes(self):
        make = promql.DASHBOARDS / "grafana" / "make.py"
        result = subprocess.run([sys.executable, make, "--check"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(set(DASHBOARDS), {"fleet", "host", "container"})

    def test_identifiers_are_unique(self):
        for key in ("uid", "title"):
            values = [dashboard[key] for dashboard in DASHBOARDS.values()]
            self.assertEqual(len(values), len(set(values)), key)
        for name, dashboard in DASHBOARDS.items():
            for key in ("id", "title"):
                values = [panel[key] for panel in dashboard["panels"]]
                self.assertEqual(len(values), len(set(values)), f"{name} {key}")

    def test_links_lead_to_dashboards_and_variables_that_exist(self):
        by_uid = {dashboard["uid"]: dashboard for dashboard in DASHBOARDS.values()}
        found = re.findall(r"/d/([\w-]+)\?([^\"]*)", json.dumps(list(DASHBOARDS.values())))
        self.assertTrue(found)
        for uid, parameters in found:
            self.assertIn(uid, by_uid)
            self.assertLessEqual(set(re.findall(r"var-(\w+)=", parameters)), set(variables(by_uid[uid])))

    def test_provisioning_is_yaml(self):
        import yaml
        paths = list((promql.DASHBOARDS / "grafana" / "provisioning").rglob("*.yaml"))
        self.assertEqual(len(paths), 2)
        for path in paths:
            self.assertEqual(yaml.safe_load(path.read_text())["apiVersion"], 1)


class Panels(unittest.TestCase):
    def test_ask_and_say_what_the_answer_means(self):
        for where, panel in panels("all"):
            self.assertTrue(panel["title"].endswith("?"), where)
        for where, panel in panels():
            self.assertGreater(len(panel.get("description", "")), 15, where)

    def test_have_units_and_thresholds(self):
        for where, panel in panels():
            defaults = panel["fieldConfig"]["defaults"]
            self.assertTrue(defaults.get("unit"), where)
            self.assertTrue(defaults["thresholds"]["steps"], where)

    def test_thresholds_are_the_grades(self):
        exposure = [None] + [bound + 0.001 for bound in BOUNDS]
        score = [100 * 2 ** (-bound / 50) for bound in reversed(BOUNDS)]
        seen = set()
        for where, unit, values in self.fields():
            if unit == POINTS:
                self.assertEqual(values, exposure, where)
            elif unit == SCORE:
                self.assertIsNone(values[0], where)
                for value, exact in zip(values[1:], score, strict=True):
                    # The bound itself still has the better grade, a thousandth of a point more has not.
                    self.assertTrue(exact * 2 ** (-0.001 / 50) < value <= exact, where)
            seen.add(unit)
        self.assertLessEqual({POINTS, SCORE}, seen)

    @staticmethod
    def fields():
        def values(thresholds):
            return [step["value"] for step in thresholds["steps"]]
        for where, panel in panels():
            config = panel["fieldConfig"]
            yield where, config["defaults"]["unit"], values(config["defaults"]["thresholds"])
            for override in config["overrides"]:
                changed = {item["id"]: item["value"] for item in override["properties"]}
                if "unit" in changed:
                    yield f"{where}: {override['matcher']['options']}", changed["unit"], values(changed["thresholds"])

    def test_grades_are_those_of_the_benchmark(self):
        import yaml
        path = promql.HERE.parents[1] / "checks" / "benchmarks" / "default.yaml"
        scoring = yaml.safe_load(path.read_text())["scoring"]
        self.assertEqual((scoring["grades"], scoring["half_life"]), (GRADES, 50))

    def test_do_not_overlap(self):
        for name, dashboard in DASHBOARDS.items():
            taken = {}
            for panel in dashboard["panels"]:
                at = panel["gridPos"]
                self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
                for cell in itertools.product(range(at["x"], at["x"] + at["w"]),
                                              range(at["y"], at["y"] + at["h"])):
                    self.assertNotIn(cell, taken, f"{name}: {panel['title']} over {taken.get(cell)}")
                    taken[cell] = panel["title"]


class Variables(unittest.TestCase):
    def test_are_declared_used_and_all_there(self):
        for name, dashboard in DASHBOARDS.items():
            declared = variables(dashboard)
            self.assertLessEqual(VARIABLES, set(declared), name)
            in_panels = promql.variables_in(json.dumps(dashboard["panels"]))
            self.assertEqual(in_panels, set(declared), name)

    def test_only_know_those_before_them(self):
        for name, dashboard in DASHBOARDS.items():
            before = {"datasource"}
            for variable in dashboard["templating"]["list"]:
                self.assertLessEqual(promql.variables_in(str(variable["query"])), before,
                                     f"{name} {variable['name']}")
                before.add(variable["name"])

    def test_values_are_put_into_queries_whole(self):
        for name, dashboard in DASHBOARDS.items():
            for where, query, _ in promql.queries_of(dashboard):
                self.assertNotRegex(re.sub(r"=~`\$\{\w+:regex\}`", "", query), r"\$\{?[a-z]", where)
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    self.assertEqual(variable["regex"], "/^[^`]*$/", name)

    def test_all_takes_series_without_the_label(self):
        for name, dashboard in DASHBOARDS.items():
            for variable in dashboard["templating"]["list"]:
                if variable["includeAll"]:
                    self.assertEqual(variable["allValue"], ".*", f"{name} {variable['name']}")

    def test_the_datasource_is_the_variable_everywhere(self):
        wanted = {"type": "prometheus", "uid": "${datasource}"}

        def visit(value, where):
            if isinstance(value, dict):
                if "datasource" in value:
                    self.assertEqual(value["datasource"], wanted, where)
                for key, inner in value.items():
                    visit(inner, f"{where}/{key}")
            elif isinstance(value, list):
                for inner in value:
                    visit(inner, where)

        for name, dashboard in DASHBOARDS.items():
            visit(dashboard, name)
            for panel in dashboard["panels"]:
                if panel["type"] != "row":
                    self.assertIn("datasource", panel)
                    self.assertTrue(panel["targets"] and all("datasource" in target
                                                             for target in panel["targets"]))
            for variable in dashboard["templating"]["list"]:
                self.assertEqual("datasource" in variable, variable["type"] == "query")


class Names(unittest.TestCase):
    def test_of_panels_are_exported(self):
        for dashboard in DASHBOARDS.values():
            for where, query, _ in promql.queries_of(dashboard):
                self.assertEqual(wrong_names(query), [], where)

    def test_of_variables_are_exported(self):
        for name, dashboard in DASHBOARDS.items():
            for variable in dashboard["templating"]["list"]:
                if variable["type"] == "query":
                    selector, label = promql.label_values(variable["query"]["query"])
                    self.assertEqual(wrong_names(f"sum by ({label}) ({selector})"), [],
                                     f"{name} {variable['name']}")

    def test_of_rules_are_exported(self):
        for where, rule in RULES:
            self.assertEqual(wrong_names(rule["expr"]), [], where)
            for text in rule.get("annotations", {}).values():
                for name in re.findall(r"\bhullmark_\w+", text):
                    self.assertIn(name, KNOWN, where)

    def test_that_nobody_exports_are_found(self):
        for query, wrong in (("hullmark_nonsense", ["hullmark_nonsense"]),
                             ("sum(rate(hullmark_scan_duration_seconds_total{job=~`x`}[5m]))",
                              ["hullmark_scan_duration_seconds_total"]),
                             ("hullmark_host_score{pod=\"x\"}", ["hullmark_host_score{pod}"]),
                             ("sum by (grade) (hullmark_host_score)", ["by grade"]),
                             ("hullmark_violation unless on (nothing) hullmark_violation offset 5m",
                              ["by nothing"]),
                             ("instance:gone:max + hullmark_host_score", ["instance:gone:max"])):
            self.assertEqual(wrong_names(query), wrong)


if __name__ == "__main__":
    unittest.main(verbosity=2)
