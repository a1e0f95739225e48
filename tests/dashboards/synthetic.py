#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves metrics as an agent would, of a host that does not exist: synthetic.py [--port N] [--appear FILE]

Eleven containers, two namespaces, names that try to break out of a label or a query. One gets worse
all the time and one is replaced every 15 seconds. While FILE exists, each of its lines is the name of
one more, privileged container. Prints the port on standard output.
"""
import argparse
import http.server
import pathlib
import time

import yaml

import promql

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARK = yaml.safe_load((HERE.parents[1] / "checks" / "benchmarks" / "default.yaml").read_text())
CONTROLS = {control["id"]: control for control in BENCHMARK["controls"]}
TYPES = {name: kind for name, kind, _ in promql.families()}
ORDER = ["critical", "high", "medium", "low", "info"]

DEFAULT = "CAP-008 CAP-009 CAP-014 PRV-001 NS-006 USR-001 USR-002 RES-001 RES-003 RES-006 RES-007 FS-009".split()
PRIVILEGED = DEFAULT + ("CAP-001 CAP-002 CAP-003 CAP-004 CAP-005 CAP-006 CAP-007 SCP-001 LSM-001 DEV-001 FS-005 FS-006 FS-007 "
                        "RUN-001").split()
HOSTILE = 'ev"il\\n}{ .*|$(id) \n# HELP {{x}}'
# name, namespace, pod, runtime, what fails, coverage
CONTAINERS = [
    ("web", "prod", "web-5d9c-x7k2p", "containerd", ["NS-006", "RES-003"], 1.0),
    ("web", "prod", "web-5d9c-q4m8z", "containerd", ["NS-006", "RES-003"], 1.0),
    ("api", "prod", "api-7f6b-aa11", "containerd", DEFAULT + ["SCP-001"], 1.0),
    ("proxy", "kube-system", "kube-proxy-zz9", "containerd", PRIVILEGED, 1.0),
    ("web", "", "", "docker", DEFAULT, 1.0),
    ("web", "", "", "podman", [], 1.0),
    ("ci-runner", "", "", "docker", DEFAULT + ["FS-001", "NS-002"], 1.0),
    ("größe-☃", "", "", "lxc", DEFAULT[:4], 0.6),
    (HOSTILE, "", "", "unknown", DEFAULT, 0.95),
    ("back`tick", "", "", "docker", DEFAULT, 1.0),
    ('say-"hi"\\', "prod", 'pod"}or{', "cri-o", ["NS-001", "USR-001"], 1.0),
]


def label(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Host:
    def __init__(self, appear):
        self.started, self.appear, self.scrapes = time.time(), appear, 0

    def containers(self):
        age = time.time() - self.started
        found = [list(container) for container in CONTAINERS]
        # Without end, so that a test sees change however late it looks.
        found[4][5] -= min(age / 3600, 0.5)
        if age > 5:
            found.append(["late", "prod", f"late-{age // 15:.0f}", "containerd", DEFAULT + ["FS-002"], 1.0])
        if self.appear and self.appear.exists():
            found += [[name, "", "", "docker", PRIVILEGED, 1.0]
                      for name in self.appear.read_text().splitlines()]
        return found

    def samples(self):  # (metric, labels, value)
        self.scrapes += 1
        now, n, containers = time.time(), self.scrapes, self.containers()
        failing, grades, kinds = {}, {}, {}
        for name, namespace, pod, runtime, fails, coverage in containers:
            who = {"container": name, "namespace": namespace, "pod": pod, "runtime": runtime}
            known = sum(CONTROLS[control]["weight"] for control in fails)
            exposure = known + (1 - coverage) * 100
            grade = next((g for g, bound in BENCHMARK["scoring"]["grades"].items() if exposure <= bound),
                         "F") if coverage >= 0.8 else ""
            grades[grade] = grades.get(grade, 0) + 1
            kinds[runtime] = kinds.get(runtime, 0) + 1
            yield "hullmark_container_score", who, 100 * 2 ** (-exposure / 50)
            yield "hullmark_container_score_ceiling", who, 100 * 2 ** (-known / 50)
            yield "hullmark_container_exposure_points", who, exposure
            yield "hullmark_container_coverage_ratio", who, coverage
            yield "hullmark_container_start_time_seconds", who, self.started - 3600
            yield "hullmark_container_info", who | {"id": "0123456789ab",
                                                    "image": f"registry.example/{name}:1",
                                                    "class": "container"}, 1
            severities = [CONTROLS[control]["severity"] for control in fails]
            for severity in set(severities):
                yield "hullmark_container_findings", who | {"severity": severity,
                                                            "status": "fail"}, severities.count(severity)
            for control in fails:
                failing[control] = failing.get(control, 0) + 1
                if CONTROLS[control]["severity"] in ORDER[:3]:
                    yield "hullmark_violation", who | {"control": control,
                                                       "severity": CONTROLS[control]["severity"]}, 1
            if "RES-001" not in fails:
                yield "hullmark_container_limit_memory_bytes", who, 512 << 20
                yield "hullmark_container_limit_pids", who, 100
                yield "hullmark_container_limit_cpu_cores", who, 0.5
        for control, about in CONTROLS.items():
            which = {"control": control, "severity": about["severity"]}
            yield "hullmark_control_info", which | {"title": about["title"]}, 1
            yield "hullmark_control_failing_containers", which, failing.get(control, 0)
            yield "hullmark_violations_total", which, failing.get(control, 0) + (n // 3 if control == "RUN-001" else 0)
            yield "hullmark_violations_resolved_total", which, n // 3 if control == "RUN-001" else 0
        for runtime, count in kinds.items():
            yield "hullmark_containers", {"runtime": runtime, "class": "container"}, count
        for grade in ["A", "B", "C", "D", "F", ""]:
            yield "hullmark_containers_by_grade", {"grade": grade}, grades.get(grade, 0)
        yield "hullmark_host_score", {}, 57.4
        yield "hullmark_host_score_ceiling", {}, 61.6
        yield "hullmark_host_exposure_points", {}, 40
        for control in ("HST-010", "HST-004"):
            yield "hullmark_host_violation", {"control": control,
                                              "severity": CONTROLS[control]["severity"]}, 1
        yield "hullmark_last_scan_timestamp_seconds", {}, now - 0.5
        for result in ("ok", "failed"):
            yield "hullmark_scans_total", {"result": result}, n if result == "ok" else 0
        yield "hullmark_scan_overruns_total", {}, n // 5
        for metric, typical in (("hullmark_scan_duration_seconds", 0.02),
                                ("hullmark_detection_latency_seconds", 0.2)):
            for bound in (0.005, 0.05, 0.5, 5, float("inf")):
                yield f"{metric}_bucket", {"le": f"{bound:g}".replace("inf", "+Inf")}, n if bound > typical else 0
            yield f"{metric}_sum", {}, n * typical
            yield f"{metric}_count", {}, n
        for kind in ("container", "host", "kernel"):
            yield "hullmark_processes", {"kind": kind}, 40
        yield "hullmark_read_errors_total", {"file": "ns/pid", "errno": "EACCES"}, n
        yield "hullmark_coverage_ratio", {}, 0.96
        yield "hullmark_vantage_ok", {}, 1
        for feature in ("state", "events", "cgroup_watch", "bpf", "watch"):
            yield "hullmark_feature_ok", {"feature": feature}, 1
        yield "hullmark_gateway_restarts_total", {}, 0
        for kind in ("exec", "fork", "exit"):
            yield "hullmark_events_total", {"kind": kind}, 30 * n
        yield "hullmark_events_lost_total", {}, 0
        yield "hullmark_event_lines_lost_total", {}, 0
        for mode in ("dry_run", "enforced"):
            yield "hullmark_enforcement_actions_total", {"action": "freeze", "mode": mode,
                                                         "result": "done"}, n // 4
        yield "hullmark_enforcement_active", {"action": "freeze"}, 1
        yield "hullmark_enforcement_budget_remaining", {}, 2
        yield "hullmark_enforcement_breaker_open", {}, 0
        yield "hullmark_hook_deliveries_total", {"hook": "siem", "result": "delivered"}, n
        yield "hullmark_hook_queue_length", {"hook": "siem"}, 0
        yield "hullmark_hook_dead_letters_total", {"hook": "siem", "reason": "refused"}, 0
        yield "hullmark_hook_last_success_timestamp_seconds", {"hook": "siem"}, self.started
        for state, count in (("active", 3), ("expiring", 1), ("expired", 0), ("unused", 1)):
            yield "hullmark_waivers", {"state": state}, count
        yield "hullmark_waiver_expiry_timestamp_seconds", {}, self.started + 86400 * 9
        yield "hullmark_series_dropped_total", {}, 0
        yield "hullmark_build_info", {"version": "0.2.0", "revision": "abcdef0"}, 1
        yield "hullmark_benchmark_info", {"id": "hullmark", "version": "1.0.0", "sha256": "0" * 64}, 1
        yield "hullmark_config_last_reload_successful", {}, 1
        yield "hullmark_config_last_reload_success_timestamp_seconds", {}, self.started
        yield "hullmark_http_requests_total", {"path": "/metrics", "code": "200"}, n
        for process in ("inspector", "gateway"):
            yield "process_cpu_seconds_total", {"process": process}, n * 0.01
            yield "process_resident_memory_bytes", {"process": process}, 20 << 20
            yield "process_open_fds", {"process": process}, 12
            yield "process_max_fds", {"process": process}, 1024
            yield "process_virtual_memory_bytes", {"process": process}, 4e7
            yield "process_start_time_seconds", {"process": process}, self.started

    def exposition(self):
        families = {}
        for metric, labels, value in self.samples():
            family = next((metric[:-len(end)] for end in ("_bucket", "_sum", "_count")
                           if metric.endswith(end) and TYPES.get(metric[:-len(end)]) == "histogram"), metric)
            inner = ",".join(f'{key}="{label(text)}"' for key, text in labels.items())
            families.setdefault(family, []).append(f"{metric}{{{inner}}} {value:.15g}\n")
        missing = set(TYPES) ^ set(families)
        assert not missing, missing
        return "".join(f"# HELP {family} Synthetic.\n# TYPE {family} {TYPES[family]}\n{''.join(lines)}"
                       for family, lines in families.items())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--appear", type=pathlib.Path)
    parser.add_argument("--print", action="store_true",
                        help="one exposition on standard output, and no server")
    options = parser.parse_args()
    host = Host(options.appear)
    if options.print:
        print(host.exposition(), end="")
        return

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = host.exposition().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", options.port), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
