# SPDX-License-Identifier: Apache-2.0
"""Prometheus, Alertmanager and the synthetic target on loopback, in a folder that goes with them."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = HERE.parents[1] / "dashboards" / "prometheus"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # Never through a proxy of the environment.


def end_on_signals():
    """SIGTERM unwinds like Ctrl-C, so that what was started is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def fetch(url, timeout=20):
    """The body, or raises OSError; an answer of 4xx with a body counts as one."""
    try:
        with DIRECT.open(url, timeout=timeout) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        if 400 <= error.code < 500:
            return error.read().decode()
        raise


def ask(url, path, **parameters):
    """`data` of an answer of Prometheus; ValueError with its reason."""
    answer = json.loads(fetch(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"))
    if answer["status"] != "success":
        raise ValueError(answer.get("error", "no reason given"))
    return answer["data"]


def wait_for(what, holds, deadline, every=0.1):
    """Polls until holds() is true, and returns it; TimeoutError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        with contextlib.suppress(OSError, ValueError):
            if found := holds():
                return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {deadline} s: {what}")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **how):
    """The process, ended by its pid when the block is left."""
    with open(log, "ab") as output:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stderr=output,
                                   **({"stdout": output} | how))
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def ready(name, command, url, log, deadline=120):
    with running(command, log) as process:
        def answers():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}: {pathlib.Path(log).read_text()[-2000:]}")
            return fetch(url, 5)
        wait_for(f"{name} is ready", answers, deadline)
        yield process


@contextlib.contextmanager
def synthetic(folder, *options):
    """host:port of a synthetic target."""
    with running([sys.executable, HERE / "synthetic.py", *options], folder / "synthetic.log",
                 stdout=subprocess.PIPE) as process:
        port = process.stdout.readline().decode().strip()
        if not port:
            raise RuntimeError((folder / "synthetic.log").read_text())
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def prometheus(folder, target, alertmanager=None):
    """URL of a Prometheus with the shipped configuration and rules, but for the target, and every second."""
    config = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(SHIPPED / name) for name in config["rule_files"]]
    [job] = config["scrape_configs"]
    # What service discovery would say of the agent's own pod; the containers' labels must win.
    job["static_configs"] = [{"targets": [target], "labels": {"namespace": "monitoring",
                                                              "pod": "hullmark-agent"}}]
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
               f"--web.listen-address={address}", "--log.level=warn"]
    with ready("prometheus", command, f"http://{address}/-/ready", folder / "prometheus.log"):
        yield f"http://{address}"


@contextlib.contextmanager
def alertmanager(folder, webhook):
    """host:port of an Alertmanager that sends everything to the webhook, without delay."""
    config = {"route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s",
                        "repeat_interval": "1h"},
              "receivers": [{"name": "test", "webhook_configs": [{"url": webhook, "send_resolved": True}]}]}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml",
               f"--storage.path={folder}/alertmanager",
               f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=warn"]
    with ready("alertmanager", command, f"http://{address}/-/ready", folder / "alertmanager.log"):
        yield address


def missing_programs(*names):
    return [name for name in names if not any(os.access(pathlib.Path(path, name), os.X_OK)
                                              for path in os.environ.get("PATH", "").split(":"))]
