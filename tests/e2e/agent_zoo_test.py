#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resident agent over the zoo, with a real Prometheus and a real Alertmanager.

    agent_zoo_test.py PROGRAM serves|queries|alert

serves    what it serves agrees with an audit of the same host
queries   every query of every dashboard and rule has an answer, or a reason why not
alert     a privileged container that podman starts is told to a webhook, and that it went
"""
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "dashboards"))
import stack  # noqa: E402 (lies there)

IMAGE = "localhost/zoo-busybox:1"
PATIENCE = 120


@contextlib.contextmanager
def agent(program, folder, *options):
    """HOST:PORT of an agent that has scanned."""
    log = folder / "agent.log"
    command = [program, "agent", "--listen", "127.0.0.1:0", "--interval", "1s", "--state-dir", folder / "state",
               "--events-file", folder / "events.jsonl", *options]
    with stack.running(command, log) as process:
        def listening():
            if process.poll() is not None:
                raise RuntimeError(f"the agent ended with {process.returncode}: {log.read_text()[-2000:]}")
            return re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())
        target = stack.wait_for("the agent listens", listening, PATIENCE)[1]
        stack.wait_for("a first scan", lambda: "ready" in stack.fetch(f"http://{target}/readyz"), PATIENCE)
        yield target


def audited(program):
    report = subprocess.run([program, "audit", "--format", "json"], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(report)


def failing(report):
    return {(container["id"], finding["id"]) for container in report["containers"]
            for finding in container["findings"] if finding["status"] == "fail"}


def scans(target):
    return int(re.search(r'^hullmark_scans_total\{result="ok"\} (\d+)', stack.fetch(f"http://{target}/metrics"), re.M)[1])


def serves(program, folder):
    with agent(program, folder) as target:
        # Later scans take over what has not changed.
        stack.wait_for("the fourth scan", lambda: scans(target) >= 4, PATIENCE)
        began = time.monotonic()
        served = json.loads(stack.fetch(f"http://{target}/api/v1/report"))
        audit = audited(program)
        if failing(served) != failing(audit):
            raise RuntimeError(f"not what an audit says: {sorted(failing(served) ^ failing(audit))}")
        if len(served["containers"]) < 20:
            raise RuntimeError(f"{len(served['containers'])} containers: is the zoo up?")
        metrics = stack.fetch(f"http://{target}/metrics")
        violations = re.findall(r'^hullmark_violation\{.*control="([^"]+)"', metrics, re.M)
        wanted = [finding["id"] for container in audit["containers"] for finding in container["findings"]
                  if finding["status"] == "fail" and finding["severity"] in ("critical", "high", "medium")]
        if sorted(violations) != sorted(wanted):
            raise RuntimeError("hullmark_violation is not what fails in the audit")
        subprocess.run(["promtool", "check", "metrics"], input=metrics.encode(), check=True)
        told = {json.loads(line)["container"]["id"] for line in (folder / "events.jsonl").read_text().splitlines()
                if json.loads(line)["kind"] == "container_appeared"}
        missing = {container["id"] for container in audit["containers"]} - told
        if missing:
            raise RuntimeError(f"no event for {missing}")
        print(f"{len(audit['containers'])} containers, {len(violations)} violations, {len(told)} events of appearance, "
              f"{len(metrics):,} bytes of metrics; {time.monotonic() - began:.1f} s")


# All that has metrics of its own is switched on, and nothing is touched.
EVERYTHING_ON = """hooks:
  - {name: trail, command: {path: /usr/bin/true, user: nobody}}
enforce:
  mode: dry_run
  grace_after_start: 0s
  budget: {actions: 100, per: 1m, max_containers_fraction: 1.0}
  rules:
    - {name: escapers, when: {control: RUN-001}, select: {name: '*'}, do: [{freeze: {}, ttl: 1m}, {kill: {}}]}
"""


def queries(program, folder):
    config = folder / "hullmark.yaml"
    config.write_text(EVERYTHING_ON)
    waiver = folder / "waivers.yaml"
    waiver.write_text("waivers:\n  - {control: FS-009, select: {name: '*'}, reason: a test, owner: tests, "
                      "expires: 2099-01-01}\n")
    with agent(program, folder, "--config", config, "--waivers", waiver) as target:
        command = [sys.executable, HERE.parent / "dashboards/queries.py", "--target", target, "--empty",
                   HERE / "agent_zoo_empty.txt"]
        subprocess.run(list(map(str, command)), check=True)


def alert(program, folder):
    target = f"127.0.0.1:{stack.free_port()}"
    command = [HERE / "alert_test.py", "--target", target,
               "--agent", f"{program} agent --listen {target} --interval 1s --state-dir {folder}/state "
                          f"--events-file {folder}/events.jsonl",
               "--up", f"podman --runtime runc run -d --name {{name}} --network none --privileged "
                       f"--ulimit nofile=1024 --ulimit nproc=1024 {IMAGE} /bin/sleep 1000000",
               "--down", "podman --runtime runc rm -t 0 -f {name}"]
    subprocess.run([sys.executable, *map(str, command)], check=True)


def main():
    program, what = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2]
    stack.end_on_signals()
    with tempfile.TemporaryDirectory() as folder:
        {"serves": serves, "queries": queries, "alert": alert}[what](program, pathlib.Path(folder))


if __name__ == "__main__":
    main()
