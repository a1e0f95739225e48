#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every query and variable of every dashboard and rule against a Prometheus.

    queries.py URL [--range SECONDS] [--empty FILE]         a Prometheus that scrapes an agent and has the rules
    queries.py --target HOST:PORT [--empty FILE]            starts one that scrapes this agent
    queries.py --synthetic                                  starts one, with a synthetic agent

Fails on an error, an unknown metric, and an empty result without a reason: in EMPTY below, or in FILE, whose
lines are `where: reason` for what a certain host cannot have (no limits, no waivers, ...).
"""
import argparse
import pathlib
import re
import sys
import tempfile
import time

import promql
import stack

EMPTY = {  # where: why nothing is the right answer
    "HullmarkAgentDown": "the agent that is asked is up",
    "HullmarkGradeDropped": "no grade was lost within the hour",
    "HullmarkCoverageLost": "nothing was lost",
    "HullmarkScanStale": "the agent scans",
    "HullmarkVantageLost": "the vantage is good",
    "HullmarkFeatureBroken": "what is switched on works",
    "HullmarkWaiverExpiring": "there may be no waiver",
    "HullmarkBreakerOpen": "nothing is enforced",
    "HullmarkSeriesDropped": "few containers",
    "HullmarkNewCriticalViolation": "looks ten minutes back, further than a test runs",
}


class Failures(list):
    def add(self, where, what):
        self.append(f"{where}: {what}")
        print(f"FAIL {where}: {what}")


def escaped(value):
    """As Grafana's format `regex` does."""
    return re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", value)


def filled(query, chosen, span):
    """The query with Grafana's variables replaced as Grafana does; a list is what a variable with several values gets."""
    def value_of(found):
        value = chosen[found.group(1)]
        if isinstance(value, list):
            parts = [escaped(part) for part in value]
            return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"
        return value
    query = re.sub(r"\$\{(\w+):regex\}", value_of, query)
    return query.replace("$__range", f"{span}s").replace("$__rate_interval",
                                                         "5s").replace("$__interval", "1s")


class Runner:
    def __init__(self, url, span, empty, now=None, may_export=promql.EXPORTED):
        # Everything is asked of one moment: a scrape that is late meanwhile changes nothing.
        self.may_export = may_export
        self.url, self.span, self.empty, self.now = url, span, EMPTY | empty, now or time.time()
        self.failures, self.asked, self.excused = Failures(), 0, {}
        self.stored = set(stack.ask(url, "label/__name__/values"))
        self.recorded = {rule["record"] for _, rule in promql.rules() if "record" in rule}

    def unknown(self, where, query):
        for metric in promql.uses(query)[0] - set(promql.KNOWN) - self.recorded:
            self.failures.add(where, f"unknown metric {metric}")

    def ask(self, where, query, instant=True):
        """How many series; None for an error, which is noted."""
        self.asked += 1
        try:
            if instant:
                data = stack.ask(self.url, "query", query=query, time=self.now)
            else:
                data = stack.ask(self.url, "query_range", query=query, start=self.now - self.span, end=self.now, step=1)
        except (OSError, ValueError) as error:
            self.failures.add(where, f"{error}\n     {query}")
            return None
        result = data["result"]
        return len(result) if isinstance(result, list) else 1

    def judge(self, where, counts, query=""):
        if any(counts) or None in counts:  # An error was told already.
            return
        reason = next((reason for key, reason in self.empty.items() if key in where), None)
        if reason:
            self.excused[where] = reason
        else:
            self.failures.add(where, "empty, and no reason why")

    def values(self, where, variable, chosen):
        selector, label = promql.label_values(variable["query"]["query"])
        self.unknown(where, selector)
        self.asked += 1
        try:
            found = stack.ask(self.url, f"label/{label}/values",
                              **{"match[]": filled(selector, chosen, self.span)})
        except (OSError, ValueError) as error:
            self.failures.add(where, str(error))
            return []
        wanted = re.compile(variable["regex"].strip("/"))
        found = [value for value in found if wanted.search(value)]
        self.judge(where, [len(found)])
        return found

    def choices(self, dashboard):
        """All, then each value of the variables that take one, then two of each that takes several."""
        chosen, several, single = {}, {}, {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] != "query":
                continue
            name = variable["name"]
            found = self.values(f"{dashboard['uid']}: ${name}", variable, chosen)
            chosen[name] = ".*" if variable["includeAll"] else found[:1]
            (several if variable["includeAll"] else single)[name] = found
        yield chosen
        for name, found in single.items():
            for value in found[1:]:
                yield chosen | {name: [value]}
        for name, found in several.items():
            if found:
                yield chosen | {name: found[:2]}

    def dashboard(self, dashboard):
        queries = list(promql.queries_of(dashboard))
        counts = {where: [] for where, _, _ in queries}
        for where, query, _ in queries:
            self.unknown(where, query)
        for chosen in self.choices(dashboard):
            found = [self.ask(where, filled(query, chosen, self.span), instant) for where, query,
                     instant in queries]
            if not any(found):
                self.failures.add(dashboard["uid"], f"nothing at all for {chosen}")
            for (where, _, _), count in zip(queries, found):
                counts[where].append(count)
        for where, query, _ in queries:
            self.judge(where, counts[where], query)

    def rule(self, where, rule):
        self.unknown(where, rule["expr"])
        self.judge(where, [self.ask(where, rule["expr"])], rule["expr"])
        if "record" in rule:
            self.judge(f"{where} as recorded", [self.ask(where, rule["record"])])

    def all(self):
        for dashboard in promql.grafana_dashboards().values():
            self.dashboard(dashboard)
        for where, rule in promql.rules():
            self.rule(where, rule)
        self.asked += 1
        if loaded := [rule for group in stack.ask(self.url, "rules")["groups"] for rule in group["rules"]
                      if rule.get("lastError")]:
            self.failures.add("rules", "; ".join(f"{rule['name']}: {rule['lastError']}" for rule in loaded))
        for name in sorted(name for name in self.stored if name.startswith("hullmark_")
                           and name not in self.may_export):
            self.failures.add("stored", f"{name} is exported and not in docs/metrics.md")


def labels_are_the_containers(runner):
    """honor_labels: the agent's own namespace and pod are on none of its containers."""
    for metric in ("hullmark_container_score", "hullmark_violation"):
        for foreign in ('namespace="monitoring"', 'exported_pod=~".+"'):
            if runner.ask("labels", f"{metric}{{{foreign}}}") != 0:
                runner.failures.add("labels", f"{metric} has {foreign}: of the scrape, not of its container")


def notices_what_is_wrong(url, span, now):
    """The runner itself: an error, an unknown metric, an unexplained nothing and an unknown value are failures."""
    wrong = {"an error": "sum by (", "an unknown metric": "hullmark_nonsense",
             "nothing": "hullmark_host_score > 1000",
             "a value that nothing has": "hullmark_container_score{container=~`${container:regex}`}"}
    missed = []
    for what, query in wrong.items():
        probe = Runner(url, span, {}, now)
        probe.failures.add = lambda where, what, to=probe.failures: to.append(what)
        probe.choices = lambda _: [{"container": ["nobody"]}]
        probe.dashboard({"uid": "wrong",
                         "panels": [{"title": what,
                                     "targets": [{"refId": "A", "expr": query, "instant": True}]}]})
        if not probe.failures:
            missed.append(what)
    return missed


def report(runner):
    for where, reason in sorted(runner.excused.items()):
        print(f"empty {where}: {reason}")
    dashboards = promql.grafana_dashboards().values()
    print(f"{runner.asked} queries of {sum(len(list(promql.queries_of(each))) for each in dashboards)} targets, "
          f"{sum(len(each['templating']['list']) for each in dashboards)} variables and {len(list(promql.rules()))} rules; "
          f"{len(runner.excused)} empty with a reason, {len(runner.failures)} failures")
    return 1 if runner.failures else 0


def with_synthetic(span):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with stack.synthetic(folder) as target, stack.prometheus(folder, target) as url:
            # What changes has been scraped often enough to be seen as change, by the rules too.
            grown = "min_over_time(instance:hullmark_container_exposure_points:sum[20s]) < " \
                    "instance:hullmark_container_exposure_points:sum"
            late = 'count(count_over_time(hullmark_container_score{container="late"}[20s]) > 3)'
            def good():
                now = time.time()
                return stack.ask(url, "query", time=now, query=f"{grown} and on () {late} and on () up == 1")["result"] and now

            now = stack.wait_for("a change", good, 300)
            runner = Runner(url, span, {}, now, promql.KNOWN)
            runner.all()
            labels_are_the_containers(runner)
            if missed := notices_what_is_wrong(url, span, now):
                runner.failures.add("queries.py", f"does not notice {missed}")
            return report(runner)


def with_target(target, span, empty):
    """A running agent that scans every second or two."""
    with tempfile.TemporaryDirectory() as folder, stack.prometheus(pathlib.Path(folder), target) as url:
        # Rates want several samples, the rules an evaluation after them.
        scraped = "count_over_time(hullmark_host_score[60s]) > 15 and on () up == 1"
        stack.wait_for("fifteen scrapes", lambda: stack.ask(url, "query", query=scraped)["result"], 300)
        runner = Runner(url, span, empty)
        runner.all()
        labels_are_the_containers(runner)
        return report(runner)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--target")
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--range", type=int, default=60)
    parser.add_argument("--empty", type=pathlib.Path)
    options = parser.parse_args()
    if [bool(options.url), bool(options.target), options.synthetic].count(True) != 1:
        parser.error("one of a URL, --target and --synthetic")
    stack.end_on_signals()
    if options.synthetic:
        return with_synthetic(options.range)
    empty = {}
    for line in options.empty.read_text().splitlines() if options.empty else []:
        where, _, reason = line.rpartition(": ")
        if not where or not reason:
            parser.error(f"{options.empty}: not `where: reason`: {line}")
        empty[where] = reason
    if options.target:
        return with_target(options.target, options.range, empty)
    runner = Runner(options.url.rstrip("/"), options.range, empty)
    runner.all()
    return report(runner)


if __name__ == "__main__":
    sys.exit(main())
