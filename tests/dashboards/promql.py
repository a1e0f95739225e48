# SPDX-License-Identifier: Apache-2.0
"""What the tests need to know of a query: its metrics and labels, and Grafana's variables in it."""
import json
import pathlib
import re

import yaml

HERE = pathlib.Path(__file__).resolve().parent
DASHBOARDS = HERE.parents[1] / "dashboards"
TARGET_LABELS = {"job", "instance"}

STRING = re.compile(r"""`[^`]*`|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""", re.S)
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{([^{}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
WORD = re.compile(r"(?<![\w:.$])[a-zA-Z_:][\w:]*")
KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left",
            "group_right",
            "sum", "min", "max", "avg", "count", "topk", "bottomk", "inf", "nan"}


def grafana_dashboards():
    return {path.stem: json.loads(path.read_text())
            for path in sorted((DASHBOARDS / "grafana").glob("*.json"))}


def rules():
    """(where, rule) of every recording rule and alert."""
    for path in sorted((DASHBOARDS / "prometheus").glob("hullmark.*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield f"{path.name}: {rule.get('alert') or rule['record']}", rule


def families():
    """(name, type, labels) of every metric that the agent exports, from docs/metrics.md."""
    text = (HERE.parents[1] / "docs" / "metrics.md").read_text()
    for name, kind, labels in re.findall(r"^## (\w+)\n\n(gauge|counter|histogram)[^`\n]*(?:`\{(.*)\}`)?$", text, re.M):
        yield name, kind, labels.split(",") if labels else []


def stored(metrics):
    """Metric: its labels, as Prometheus stores it."""
    known = {}
    for name, kind, labels in metrics:
        if kind == "histogram":
            known |= {f"{name}_bucket": {*labels, "le"}, f"{name}_sum": set(labels), f"{name}_count": set(labels)}
        else:
            known[name] = set(labels)
    return known


EXPORTED = stored(families())
KNOWN = {"up": set()} | EXPORTED


def variables_in(text):
    """Names of the dashboard's variables that a query uses; Grafana's own begin with two underscores."""
    names = re.findall(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", text)
    return {first or second for first, second in names if not (first or second).startswith("__")}


def uses(query):
    """(metrics, {metric: labels it is selected by}, labels it is grouped or joined by)."""
    bare = STRING.sub('""', query)
    selected = {}
    for metric, matchers in SELECTOR.findall(bare):
        selected.setdefault(metric, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
    grouped = {label.strip() for labels in GROUPING.findall(bare) for label in labels.split(",")
               if label.strip()}
    rest = GROUPING.sub(" ", SELECTOR.sub(r"\1 ", bare))
    rest = re.sub(r"\[[^\]]*\]|\boffset\s+\S+", " ", rest)
    metrics = {word for word in WORD.findall(rest) if word.lower() not in KEYWORDS
               and not re.search(rf"\b{re.escape(word)}\s*\(", rest)}
    return metrics, selected, grouped


def label_values(query):
    """(selector, label) of label_values(selector, label)."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", query, re.S)
    if not found:
        raise ValueError(f"no label_values(SELECTOR, LABEL): {query}")
    return found.groups()


def queries_of(dashboard):
    """(where, query, instant) of each target."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"{dashboard['uid']}: {panel['title']} [{target['refId']}]", target["expr"], target["instant"]
