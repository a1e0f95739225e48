#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the dashboards beside it: make.py; make.py --check fails if one is not as it would be written.

A panel is what it asks, what it says about the answer, and the queries; grades, units, layout and
links are made the same everywhere. `${x:regex}` in backquotes is how a value with quotes or backslashes gets
into a query whole.
"""
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

# Exposure points up to which a grade is given, as in the benchmark. Points come in thousandths, and a
# step of Grafana begins at its value: the next grade begins a thousandth later.
GRADES = {"A": 7, "B": 20, "C": 50, "D": 100}
COLOURS = {"A": "dark-green", "B": "green", "C": "yellow", "D": "orange", "F": "red"}
SEVERITIES = {"critical": "red", "high": "orange", "medium": "yellow", "low": "blue", "info": "text"}


def score(points):
    """What so many points leave of 100, rounded down so that the bound belongs to the better grade."""
    return math.floor(100 * 2 ** (-points / 50) * 10_000) / 10_000


def steps(first, *others):
    return [{"color": first, "value": None}] + [{"color": colour, "value": value} for colour, value in others]


LETTERS = [*GRADES, "F"]
BY_EXPOSURE = steps(COLOURS["A"], *((COLOURS[worse], bound + 0.001) for bound,
                                    worse in zip(GRADES.values(), LETTERS[1:])))
BY_SCORE = steps(COLOURS["F"], *((COLOURS[letter], score(GRADES[letter])) for letter in reversed(GRADES)))
PLAIN = steps("blue")
BAD_IF_ANY = steps("green", ("red", 1))
SUSPECT_IF_ANY = steps("green", ("orange", 1))
GOOD_IF_ONE = steps("red", ("green", 1))
COVERAGE = steps("red", ("yellow", 0.8), ("green", 1))
STALE = steps("green", ("orange", 60), ("red", 120))

POINTS, SCORE = "suffix: points", "suffix: of 100"

# ---- variables and selectors


def match(*labels):
    return ",".join(f"{label}=~`${{{label}:regex}}`" for label in labels)


HOST = match("job", "instance")
CONTAINERS = match("job", "instance", "namespace", "container")
ONE = match("job", "instance", "namespace", "pod", "container")
IDENTITY = "instance, namespace, pod, container, runtime"


def variable(name, query, several):
    made = {"name": name, "label": name, "type": "query", "datasource": DATASOURCE, "definition": query,
            "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "hide": 0,
            "skipUrlSync": False,
            "multi": several, "includeAll": several, "options": [],
            # A backquote would end the string that the value is put into.
            "regex": "/^[^`]*$/"}
    if several:  # .* and not the list: it takes the series without the label too.
        made |= {"allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}}
    return made


def variables(several, one):
    """Each is narrowed by those before it; those in `one` take a single value."""
    labels = ["job", "instance", "namespace", "pod", "container"]
    labels = [label for label in labels if label in several + one]
    made = [{"name": "datasource", "label": "datasource", "type": "datasource", "query": "prometheus",
             "regex": "",
             "refresh": 1, "hide": 0, "multi": False, "includeAll": False, "options": [],
             "skipUrlSync": False}]
    for position, label in enumerate(labels):
        metric = "hullmark_build_info" if label in ("job", "instance") else "hullmark_container_score"
        before = match(*labels[:position])
        made.append(variable(label, f"label_values({metric}{{{before}}}, {label})", label in several))
    return made


# ---- panels


def target(letter, query, legend=None, instant=False):
    return {"refId": letter, "datasource": DATASOURCE, "expr": query, "instant": instant,
            "range": not instant,
            "legendFormat": legend or "__auto", "format": "time_series"}


def panel(kind, title, description, targets, unit, thresholds, size, options=None, defaults=None,
          overrides=None, **more):
    field = {"unit": unit, "thresholds": {"mode": "absolute", "steps": thresholds},
             "color": {"mode": "thresholds"}}
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "targets": targets,
            "size": size, "options": options or {},
            "fieldConfig": {"defaults": field | (defaults or {}), "overrides": overrides or []}, **more}


def stat(title, description, query, unit="short", thresholds=PLAIN, width=4, mappings=None, decimals=None):
    defaults = {"mappings": mappings or [], "noValue": "no data"}
    if decimals is not None:
        defaults["decimals"] = decimals
    return panel("stat", title, description, [target("A", query, instant=True)], unit, thresholds, (width, 4),
                 {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                  "colorMode": "background",
                  "graphMode": "none", "textMode": "value", "justifyMode": "center", "orientation": "auto"},
                 defaults)


def lines(title, description, queries, unit="short", thresholds=PLAIN, width=12, height=8, stacked=False,
          bars=False,
          colours=None, bounds=False, top=None):
    """queries: (query, legend)... bounds: the thresholds are lines in the picture."""
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 1, "fillOpacity": 60 if stacked or bars
              else 0,
              "showPoints": "auto", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked or bars else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if bounds else "off"}}
    defaults = {"custom": custom, "color": {"mode": "palette-classic"}, "min": 0}
    if top:
        defaults["max"] = top
    overrides = [{"matcher": {"id": "byName", "options": name},
                  "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
                 for name, colour in (colours or {}).items()]
    return panel("timeseries", title, description,
                 [target(chr(65 + number), query, legend) for number, (query, legend) in enumerate(queries)],
                 unit,
                 thresholds, (width, height),
                 {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                  "tooltip": {"mode": "multi", "sort": "desc"}}, defaults, overrides)


def cell(column, unit, thresholds, colour=True):
    properties = [{"id": "unit", "value": unit}, {"id": "thresholds",
                                                  "value": {"mode": "absolute", "steps": thresholds}}]
    if colour:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-background",
                                                                 "mode": "basic"}})
    return {"matcher": {"id": "byName", "options": column}, "properties": properties}


def severity_column():
    words = {word: {"text": word, "color": colour, "index": index} for index,
             (word, colour) in enumerate(SEVERITIES.items())}
    return {"matcher": {"id": "byName", "options": "severity"},
            "properties": [{"id": "mappings", "value": [{"type": "value", "options": words}]},
                           {"id": "custom.cellOptions", "value": {"type": "color-text"}}]}


def link(column, title, uid, *labels):
    chosen = "".join(f"&var-{label}=${{__data.fields.{label}:percentencode}}" for label in labels)
    url = f"/d/{uid}?${{datasource:queryparam}}&${{job:queryparam}}{chosen}&${{__url_time_range}}"
    return {"matcher": {"id": "byName", "options": column},
            "properties": [{"id": "links", "value": [{"title": title, "url": url}]}]}


def to_container():
    return link("container", "This container", "hullmark-container", "instance", "namespace", "pod",
                "container")


def to_host():
    return link("instance", "This host", "hullmark-host", "instance")


def table(title, description, columns, order, extra=(), width=24, height=9, hidden=()):
    """columns: (name, query, unit, thresholds); rows are joined by the labels that the queries share."""
    targets = [{**target(chr(65 + number), query, instant=True), "format": "table"}
               for number, (_, query, _, _) in enumerate(columns)]
    names = {f"Value #{chr(65 + number)}": name for number, (name, *_) in enumerate(columns)}
    if len(columns) == 1:
        names["Value"] = columns[0][0]
    overrides = [cell(name, unit, thresholds) for name, _, unit, thresholds in columns] + list(extra)
    overrides += [{"matcher": {"id": "byName", "options": name},
                   "properties": [{"id": "custom.hidden", "value": True}]}
                  for name in hidden]
    transformations = [{"id": "merge", "options": {}},
                       {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names,
                                                      "indexByName": {}}},
                       {"id": "sortBy", "options": {"sort": [{"field": order, "desc": True}]}}]
    return panel("table", title, description, targets, columns[0][2], columns[0][3], (width, height),
                 {"showHeader": True, "footer": {"show": False}},
                 {"custom": {"align": "auto", "filterable": True}},
                 overrides, transformations=transformations)


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "size": (24, 1)}


def placed(panels):
    """From left to right, a new line where one is full; ids in that order."""
    x = y = tallest = 0
    for number, made in enumerate(panels, 1):
        width, height = made.pop("size")
        if x + width > 24 or made["type"] == "row":
            x, y, tallest = 0, y + tallest, 0
        made |= {"id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}}
        x, tallest = x + width, max(tallest, height)
    return panels


def dashboard(uid, title, description, templating, panels, span="now-6h"):
    links = [{"type": "dashboards", "title": "hullmark", "tags": ["hullmark"], "asDropdown": False,
              "includeVars": False,
              "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}]
    return {"uid": uid, "title": title, "description": description, "tags": ["hullmark"], "schemaVersion": 38,
            "version": 1,
            "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
            "time": {"from": span, "to": "now"},
            "annotations": {"list": []}, "links": links, "templating": {"list": templating},
            "panels": placed(panels)}


# ---- what several dashboards ask

def titled(query):
    """The query's series with the title of their control. control_info has a row per host and control."""
    return f"({query}) * on (job, instance, control) group_left (title) hullmark_control_info{{{HOST}}}"


def ranked(metric, selector):
    """5 for critical to 1 for info, so that a table can be sorted by what a severity means."""
    return " or ".join(f'{metric}{{{selector},severity="{word}"}} * {5 - index}' for index,
                       word in enumerate(SEVERITIES))


def or_zero(query, witness):
    """0 where the witness is there to say that something was looked at; nothing where it is not."""
    return f"({query}) or sum(0 * {witness})"


GRADE_COLOURS = {f"grade {letter}": colour for letter, colour in COLOURS.items()} | {"grade none": "text"}
GRADE_LEGEND = "grade {{grade}}"


def named_grades(query):
    """The grade is "" where too little is known; Prometheus has no such label then."""
    return f'label_replace({query}, "grade", "none", "grade", "")'


# ---- Fleet


def fleet():
    judged = f"hullmark_container_score{{{CONTAINERS}}}"
    exposure = f"hullmark_container_exposure_points{{{CONTAINERS}}}"
    by_container = f"by ({IDENTITY})"
    new = (f"({ranked('hullmark_violation', CONTAINERS)}) unless on (job, {IDENTITY}, control, severity) "
           f"hullmark_violation{{{CONTAINERS}}} offset $__range")
    return dashboard("hullmark-fleet", "hullmark / Fleet",
                     "Which hosts and workloads are worst, the trend, what changed.",
                     variables(["job", "instance", "namespace", "container"], []), [
        row("How does the fleet stand?"),
        stat("How many hosts report?",
             "Hosts whose agent answers. Compare with how many there should be: a host without an "
             "agent is in none of the other panels.", f"count(hullmark_build_info{{{HOST}}})"),
        stat("How many containers are judged?", "Containers with a score, of the chosen namespaces.",
             f"count({judged})"),
        stat("How bad is the worst container?",
             "Exposure points of the worst container; the colour is its grade.",
             f"max({exposure})", POINTS, BY_EXPOSURE),
        stat("What is the lowest score?", "Score of the worst container, what is unknown counted as failed.",
             f"min({judged})", SCORE, BY_SCORE, decimals=1),
        stat("How many critical violations are open?",
             "Containers times critical controls that they fail. Waived ones do not "
             "count, nor does what could not be read.",
             or_zero(f'sum(hullmark_violation{{{CONTAINERS},severity="critical"}})', judged), "short",
             BAD_IF_ANY),
        stat("How much could be read at least?",
             "Coverage of the host that is read worst. Below 80 % there is no grade.",
             f"min(hullmark_coverage_ratio{{{HOST}}})", "percentunit", COVERAGE),
        row("Which hosts and workloads are worst?"),
        table("Which hosts are worst?",
              "A row for each host: its worst container, all exposure together, its own score, and "
              "how much could be read. The instance leads to the Host dashboard. Needs the recording rules.",
              [("worst container",
                f"max by (instance) (instance:hullmark_container_exposure_points:max{{{HOST}}})", POINTS,
                BY_EXPOSURE),
               ("lowest score", f"min by (instance) (instance:hullmark_container_score:min{{{HOST}}})", SCORE,
                BY_SCORE),
               ("host itself", f"max by (instance) (hullmark_host_exposure_points{{{HOST}}})", POINTS,
                BY_EXPOSURE),
               ("all exposure",
                f"sum by (instance) (instance:hullmark_container_exposure_points:sum{{{HOST}}})", "short",
                PLAIN),
               ("grade F",
                f'sum by (instance) (instance_grade:hullmark_containers_by_grade:sum{{{HOST},grade="F"}})',
                "short", BAD_IF_ANY),
               ("coverage", f"min by (instance) (instance:hullmark_coverage_ratio:min{{{HOST}}})",
                "percentunit", COVERAGE)],
              "worst container", [to_host()]),
        table("Which workloads are worst?",
              "The 50 containers with the most exposure. The ceiling is what the score could be if "
              "everything unread were fine: a wide gap says that little is known. The name leads to the Container dashboard.",
              [("exposure", f"topk(50, max {by_container} ({exposure}))", POINTS, BY_EXPOSURE),
               ("score", f"min {by_container} ({judged}) and topk(50, max {by_container} ({exposure}))",
                SCORE, BY_SCORE),
               ("ceiling", f"max {by_container} (hullmark_container_score_ceiling{{{CONTAINERS}}}) "
                f"and topk(50, max {by_container} ({exposure}))", SCORE, BY_SCORE)],
              "exposure", [to_container(), to_host()], height=12),
        table("Which controls fail in most containers?",
              "Over all namespaces of the chosen hosts; the severity is the benchmark's. "
              "What is at the top is worth a change of the template, not of a container.",
              [("containers",
                f"sum by (control, severity, title) ({titled(f'instance_control:hullmark_control_failing_containers:sum{{{HOST}}}')}) > 0",
                "short", PLAIN)], "containers", [severity_column()], height=12),
        row("What is the trend?"),
        lines("How does each host's worst score move?",
              "Lowest container score of each host; the lines are the grades' bounds.",
              [(f"instance:hullmark_container_score:min{{{HOST}}}", "{{instance}}")], SCORE, BY_SCORE,
              bounds=True, top=100, width=8),
        lines("How much exposure does each host carry?",
              "Sum of its containers' exposure points: grows with the number of "
              "containers, so it is a trend and no grade.",
              [(f"instance:hullmark_container_exposure_points:sum{{{HOST}}}", "{{instance}}")], width=8,
              stacked=True),
        lines("How are the containers graded?",
              "Containers by grade. Without a grade: less than 80 % could be read.",
              [(named_grades(f"sum by (grade) (instance_grade:hullmark_containers_by_grade:sum{{{HOST}}})"),
                GRADE_LEGEND)],
              width=8, stacked=True, colours=GRADE_COLOURS),
        row("What changed?"),
        lines("When did violations appear?", "Violations that were not there the scan before, by severity.",
              [(f"sum by (severity) (increase(hullmark_violations_total{{{HOST}}}[$__rate_interval]))",
                "{{severity}}")],
              bars=True, colours=SEVERITIES),
        lines("When were violations resolved?",
              "Violations that ended: mended, waived, or gone with their container.",
              [(f"sum by (severity) (increase(hullmark_violations_resolved_total{{{HOST}}}[$__rate_interval]))", "{{severity}}")],
              bars=True, colours=SEVERITIES),
        table("Which violations are newer than the time range?",
              "There now and not at its beginning; a host that was not watched then has "
              "all of its violations here.",
              [("rank", f"max by ({IDENTITY}, control, severity, title) ({titled(new)})", "short", PLAIN)],
              "rank", [severity_column(), to_container(), to_host()], height=10, hidden=["rank"]),
        table("Which containers got worse?",
              "Points of exposure more than the best moment within the time range. What became "
              "unreadable counts.",
              [("worse by",
                f"sort_desc(max {by_container} ({exposure} - min_over_time({exposure}[$__range])) > 0)",
                "short", PLAIN),
               ("exposure",
                f"max {by_container} ({exposure}) and (max {by_container} ({exposure} - min_over_time({exposure}[$__range])) > 0)",
                POINTS, BY_EXPOSURE)],
              "worse by", [to_container(), to_host()], height=10),
    ], span="now-24h")


# ---- Host


def host():
    judged = f"hullmark_container_score{{{CONTAINERS}}}"
    exposure = f"hullmark_container_exposure_points{{{CONTAINERS}}}"
    by_container = f"by ({IDENTITY})"

    def rate(metric, by):
        return f"sum by ({by}) (rate({metric}{{{HOST}}}[$__rate_interval]))"

    def quantile(q, metric):
        return f"histogram_quantile({q}, sum by (le) (rate({metric}_bucket{{{HOST}}}[$__rate_interval])))"

    return dashboard("hullmark-host", "hullmark / Host",
                     "One host: its own controls, its containers, the agent's health.",
                     variables(["job", "namespace", "container"], ["instance"]), [
        row("How does this host stand?"),
        stat("What does the host itself score?",
             "Controls of the host only (HST, DMN); its containers do not count here.",
             f"hullmark_host_score{{{HOST}}}", SCORE, BY_SCORE, decimals=1),
        stat("What could the host score at best?", "If all that could not be read were fine.",
             f"hullmark_host_score_ceiling{{{HOST}}}", SCORE, BY_SCORE, decimals=1),
        stat("How exposed is the host itself?", "Exposure points of the host's own controls.",
             f"hullmark_host_exposure_points{{{HOST}}}", POINTS, BY_EXPOSURE),
        stat("How bad is the worst container here?", "Exposure points of the worst container.",
             f"max({exposure})", POINTS, BY_EXPOSURE),
        stat("How many containers are here?", "Containers of the classes that are scored.",
             f"count({judged})"),
        stat("How much could be read?", "Part of the benchmark's weight for which facts could be read.",
             f"hullmark_coverage_ratio{{{HOST}}}", "percentunit", COVERAGE),
        row("What is wrong here?"),
        table("Which controls does the host fail?",
              "With the severity that counts here. docs/checks.md and `hullmark explain ID` say how to fix it.",
              [("rank", f"max by (control, severity, title) ({titled(ranked('hullmark_host_violation', HOST))})", "short", PLAIN)],
              "rank", [severity_column()], width=12, hidden=["rank"]),
        table("Which controls fail in its containers?",
              "How many containers fail each control; the severity is the benchmark's.",
              [("containers",
                f"max by (control, severity, title) ({titled(f'hullmark_control_failing_containers{{{HOST}}} > 0')})",
                "short", PLAIN)], "containers", [severity_column()], width=12),
        table("Which containers are worst here?", "By exposure; the name leads to the Container dashboard.",
              [("exposure", f"max {by_container} ({exposure})", POINTS, BY_EXPOSURE),
               ("score", f"min {by_container} ({judged})", SCORE, BY_SCORE),
               ("ceiling", f"max {by_container} (hullmark_container_score_ceiling{{{CONTAINERS}}})", SCORE,
                BY_SCORE),
               ("coverage", f"min {by_container} (hullmark_container_coverage_ratio{{{CONTAINERS}}})",
                "percentunit", COVERAGE)],
              "exposure", [to_container()], width=16, height=11),
        panel("bargauge", "Who carries most of the exposure?", "The ten containers with the most points.",
              [target("A", f"topk(10, {exposure})", "{{namespace}}/{{pod}}/{{container}}", instant=True)],
              POINTS, BY_EXPOSURE, (8, 11),
              {"orientation": "horizontal", "displayMode": "basic", "showUnfilled": True,
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}, {"min": 0}),
        lines("How did the scores move?",
              "The host's own score and that of its worst container of the chosen ones.",
              [(f"hullmark_host_score{{{HOST}}}", "host"), (f"min({judged})", "worst container")], SCORE,
              BY_SCORE, bounds=True, top=100),
        lines("How are its containers graded?", "All containers of the host by grade.",
              [(named_grades(f"sum by (grade) (hullmark_containers_by_grade{{{HOST}}})"), GRADE_LEGEND)],
              stacked=True, colours=GRADE_COLOURS),
        row("Can the agent be believed?"),
        stat("Does the agent see the whole host?",
             "1: root, the host's namespaces, no hidepid. 0: something may be missing altogether.",
             f"hullmark_vantage_ok{{{HOST}}}", "bool_yes_no", GOOD_IF_ONE),
        stat("How old is the last scan?", "Everything here is as old.",
             f"time() - hullmark_last_scan_timestamp_seconds{{{HOST}}}", "s", STALE, decimals=0),
        stat("Was the last reload accepted?", "No: the configuration on disk is not the one that is used.",
             f"hullmark_config_last_reload_successful{{{HOST}}}", "bool_yes_no", GOOD_IF_ONE),
        stat("How many series were dropped in the range?",
             "More than 0: violations below critical were folded together and are missing here.",
             f"increase(hullmark_series_dropped_total{{{HOST}}}[$__range])", "short", SUSPECT_IF_ANY,
             decimals=0),
        stat("Has enforcement stopped itself?", "Yes: more actions were due than the budget allows.",
             f"hullmark_enforcement_breaker_open{{{HOST}}}", "bool_yes_no", BAD_IF_ANY),
        stat("When does the next waiver expire?", "Then what it covers counts again.",
             f"hullmark_waiver_expiry_timestamp_seconds{{{HOST}}} * 1000", "dateTimeAsIso"),
        lines("How long does a scan take?", "Median and 99th percentile of the duration of a scan.",
              [(quantile(0.5, "hullmark_scan_duration_seconds"), "median"),
               (quantile(0.99, "hullmark_scan_duration_seconds"), "99 %")], "s", width=8),
        lines("Do scans succeed in time?",
              "Scans per second by result, and those that overran their interval.",
              [(rate("hullmark_scans_total", "result"), "{{result}}"),
               (rate("hullmark_scan_overruns_total", "instance"), "overrun")], "ops", width=8),
        lines("What could not be read?",
              "Read errors by file and errno: what these facts would say is unknown.",
              [(rate("hullmark_read_errors_total", "file, errno"), "{{file}} {{errno}}")], "ops", width=8),
        lines("How fast is a change noticed?", "99th percentile from the event to the verdict.",
              [(quantile(0.99, "hullmark_detection_latency_seconds"), "99 %")], "s", width=8),
        lines("What happens on the host?", "Events by kind; lost ones are made up for by the next full scan.",
              [(rate("hullmark_events_total", "kind"), "{{kind}}"),
               (rate("hullmark_events_lost_total", "instance"), "lost")], "ops", width=8),
        lines("How many processes are there?", "Processes by kind, as counted by the last scan.",
              [(f"sum by (kind) (hullmark_processes{{{HOST}}})", "{{kind}}")], width=8, stacked=True),
        lines("How much memory does the agent need?", "Resident memory of each of its processes.",
              [(f"process_resident_memory_bytes{{{HOST}}}", "{{process}}")], "bytes", width=8),
        lines("How much processor does the agent need?", "Cores used by each of its processes.",
              [(rate("process_cpu_seconds_total", "process"), "{{process}}")], "suffix: cores", width=8),
        lines("Who asks the agent?", "Answers per second by path and status.",
              [(rate("hullmark_http_requests_total", "path, code"), "{{path}} {{code}}")], "reqps", width=8),
        row("What does the agent do about it?"),
        lines("Which actions were taken?",
              "Enforcement actions by action, mode and result; dry_run ones were only told.",
              [(f"sum by (action, mode, result) (increase(hullmark_enforcement_actions_total{{{HOST}}}[$__rate_interval]))",
                "{{action}} {{mode}} {{result}}")], bars=True, width=8),
        lines("Which actions are in force, and how many are left?",
              "Actions not undone yet, and the rest of the budget.",
              [(f"hullmark_enforcement_active{{{HOST}}}", "{{action}}"),
               (f"hullmark_enforcement_budget_remaining{{{HOST}}}", "budget left")], width=8),
        lines("Do the hooks arrive?", "Deliveries per second by hook and result, and what waits.",
              [(rate("hullmark_hook_deliveries_total", "hook, result"), "{{hook}} {{result}}"),
               (f"hullmark_hook_queue_length{{{HOST}}}", "{{hook}} waiting")], width=8),
        lines("How many waivers are there?",
              "By state: expiring ones have 14 days left, unused ones match nothing.",
              [(f"sum by (state) (hullmark_waivers{{{HOST}}})", "{{state}}")], width=8),
        lines("Which runtimes have containers here?",
              "By runtime and class; pause, sandbox and service are listed without being scored.",
              [(f"sum by (runtime, class) (hullmark_containers{{{HOST}}})", "{{runtime}} {{class}}")],
              width=8, stacked=True),
        table("Which version and benchmark is it?", "What the agent was built from and judges by.",
              [("agent", f"max by (version, revision) (hullmark_build_info{{{HOST}}})", "short", PLAIN),
               ("benchmark", f"max by (id, version, sha256) (hullmark_benchmark_info{{{HOST}}})", "short",
                PLAIN)],
              "version", width=8, height=8, hidden=["agent", "benchmark"]),
    ])


# ---- Container


def container():
    exposure = f"hullmark_container_exposure_points{{{ONE}}}"
    coverage = f"hullmark_container_coverage_ratio{{{ONE}}}"
    letters = [{"type": "value", "options": {"-1": {"text": "none", "color": "text", "index": 0}}}]
    lower = 0
    for index, letter in enumerate(LETTERS, 1):
        letters.append({"type": "range", "options": {"from": lower, "to": GRADES.get(letter),
                                                     "result": {"text": letter, "color": COLOURS[letter],
                                                                "index": index}}})
        lower = GRADES.get(letter, 0) + 0.001
    unlimited = [{"type": "value", "options": {"-1": {"text": "none", "color": "orange", "index": 0}}}]

    def limit(title, what, metric, unit):
        return stat(title, f"{what} none: no limit was seen.", f"{metric}{{{ONE}}} or 0 * {exposure} - 1",
                    unit, PLAIN, 8, unlimited)

    return dashboard("hullmark-container", "hullmark / Container",
                     "One container: score and ceiling, what fails, limits, history.",
                     variables(["job", "namespace", "pod"], ["instance", "container"]), [
        row("How does this container stand?"),
        stat("What does it score?", "What could not be read counts as failed.",
             f"hullmark_container_score{{{ONE}}}", SCORE, BY_SCORE, decimals=1),
        stat("What could it score at best?", "If all that could not be read were fine.",
             f"hullmark_container_score_ceiling{{{ONE}}}", SCORE, BY_SCORE, decimals=1),
        stat("How exposed is it?", "Sum of the points of what fails; 50 points halve the score.", exposure,
             POINTS, BY_EXPOSURE),
        stat("Which grade is that?", "None when less than 80 % of the weight could be read.",
             f"({exposure} and {coverage} >= 0.8) or 0 * {exposure} - 1", POINTS, BY_EXPOSURE,
             mappings=letters),
        stat("How much could be read?",
             "Part of the weight of the controls that apply for which facts could be read.",
             coverage, "percentunit", COVERAGE),
        stat("How long has it been running?", "Since its first process started.",
             f"time() - hullmark_container_start_time_seconds{{{ONE}}}", "s", PLAIN, decimals=0),
        table("What is it?", "As its runtime's files claim; a claim never decides a verdict.",
              [("info", f"max by ({IDENTITY}, id, image, class) (hullmark_container_info{{{ONE}}})", "short",
                PLAIN)],
              "container", [to_host()], height=4, hidden=["info"]),
        row("What is wrong with it?"),
        table("Which controls does it fail?",
              "With effective severity, worst first; from the least severity that the agent exports up (medium, unless "
              "configured). `hullmark explain ID` says how to fix it.",
              [("rank", f"max by (control, severity, title, pod, runtime) ({titled(ranked('hullmark_violation', ONE))})", "short", PLAIN)],
              "rank", [severity_column()], width=16, height=12, hidden=["rank"]),
        panel("bargauge", "How many findings has it, and how sure are they?",
              "By status and severity, low and info included. Unknown: could not be "
              "read. Waived: accepted by the site, with a reason.",
              [target("A", f"sum by (status, severity) (hullmark_container_findings{{{ONE}}})",
                      "{{status}} {{severity}}", instant=True)],
              "short", PLAIN, (8, 12), {"orientation": "horizontal", "displayMode": "basic",
                                        "showUnfilled": True,
                                        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                                                          "values": False}}, {"min": 0}),
        row("What is it limited to?"),
        limit("How much memory may it use?", "The tightest limit of its control group and those above.",
              "hullmark_container_limit_memory_bytes", "bytes"),
        limit("How many processes may it have?", "The tightest limit on pids.",
              "hullmark_container_limit_pids", "short"),
        limit("How many processors may it use?", "CPU quota in cores.", "hullmark_container_limit_cpu_cores",
              "suffix: cores"),
        row("How did that come about?"),
        lines("How did its score move?",
              "Score and ceiling; where they part, something could not be read. The lines are the grades' bounds.",
              [(f"hullmark_container_score{{{ONE}}}", "score {{pod}} {{runtime}}"),
               (f"hullmark_container_score_ceiling{{{ONE}}}", "ceiling {{pod}} {{runtime}}")], SCORE,
              BY_SCORE, bounds=True, top=100),
        lines("How did its exposure move?", "Exposure points; the lines are the grades' bounds.",
              [(exposure, "{{pod}} {{runtime}}")], POINTS, BY_EXPOSURE, bounds=True),
        panel("state-timeline", "Since when does each control fail?",
              "A bar while the control fails; a gap is a pass, a waiver, or an agent that did not look.",
              [target("A", f"max by (control, severity, pod) (hullmark_violation{{{ONE}}})",
                      "{{control}} {{severity}} {{pod}}")],
              "short", SUSPECT_IF_ANY, (24, 12),
              {"showValue": "never", "mergeValues": True, "rowHeight": 0.8, "alignValue": "left",
               "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
               "tooltip": {"mode": "single"}},
              {"custom": {"fillOpacity": 70, "lineWidth": 0},
               "mappings": [{"type": "value",
                             "options": {"1": {"text": "fails", "color": "red", "index": 0}}}]}),
    ], span="now-24h")


def main():
    stale = []
    for made in (fleet(), host(), container()):
        path = HERE / f"{made['uid'].removeprefix('hullmark-')}.json"
        text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        print(f"not as make.py writes them: {', '.join(stale)}", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
