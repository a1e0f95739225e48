#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An alert from end to end: a privileged container appears, is scanned, scraped, judged by the shipped
rules, told by Alertmanager to a webhook; then it goes, and that is told too.

    alert_test.py                                          with a synthetic agent and container
    alert_test.py --agent 'build/release/hullmark agent --config FILE' --target 127.0.0.1:9723 \\
                  --up 'docker run -d --name {name} --privileged IMAGE sleep 1000000' --down 'docker rm -f {name}'

`{name}` is the container's. The agent is started and ended here; without --agent but with --target one is
expected to run. No command goes through a shell. Prints how long each way took.
Exit 77: Prometheus or Alertmanager is missing; the reason is on stderr.
"""
import argparse
import contextlib
import http.server
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "dashboards"))
import stack  # noqa: E402 (lies there)

ALERT = "HullmarkPrivilegedContainer"


class Webhook:
    """What Alertmanager said: (status, alertname, container), with the time it was last heard."""
    def __init__(self):
        self.heard, self.alerts, self.lock = {}, {}, threading.Lock()

    def take(self, document):
        for alert in document["alerts"]:
            key = (alert["status"], alert["labels"]["alertname"], alert["labels"].get("container"))
            with self.lock:
                self.heard[key] = time.monotonic()
                self.alerts[key] = alert

    def when(self, *key):
        with self.lock:
            return self.heard.get(key)

    @contextlib.contextmanager
    def listening(self):
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                webhook.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/"
            finally:
                server.shutdown()
                thread.join()


class Synthetic:
    """The container is a line in a file that the synthetic agent looks at."""
    def __init__(self, folder, name):
        self.file, self.name = folder / "appear", name

    def up(self):
        written = self.file.with_suffix(".new")
        written.write_text(self.name)
        written.rename(self.file)

    def down(self):
        self.file.unlink(missing_ok=True)

    def agent(self, folder):
        return stack.synthetic(folder, "--appear", self.file)


class Real:
    def __init__(self, options):
        self.options = options

    def run(self, command):
        words = [word.replace("{name}", self.options.name) for word in shlex.split(command)]
        subprocess.run(words, check=True, timeout=self.options.deadline, stdout=subprocess.DEVNULL)

    def up(self):
        self.run(self.options.up)

    def down(self):
        self.run(self.options.down)

    @contextlib.contextmanager
    def agent(self, folder):
        with contextlib.ExitStack() as started:
            if self.options.agent:
                log = folder / "agent.log"
                agent = started.enter_context(stack.running(shlex.split(self.options.agent), log))

                def answers():
                    if agent.poll() is not None:
                        raise RuntimeError(f"the agent ended with {agent.returncode}: {log.read_text()[-2000:]}")
                    return stack.fetch(f"http://{self.options.target}/metrics")
                stack.wait_for("the agent serves metrics", answers, self.options.deadline)
            yield self.options.target


def scene(folder, container, options):
    webhook = Webhook()
    with container.agent(folder) as target, webhook.listening() as hook, stack.alertmanager(folder, hook) as alertmanager, \
            stack.prometheus(folder, target, alertmanager) as prometheus:

        def seen():
            selector = f'hullmark_container_score{{container="{options.name}"}}'
            return stack.ask(prometheus, "query", query=selector)["result"]

        stack.wait_for("a first scrape", lambda: stack.ask(prometheus, "query",
                                                           query="hullmark_build_info")["result"],
                       options.deadline)
        if seen() or webhook.when("firing", ALERT, options.name):
            raise RuntimeError(f"{options.name} is there before it was started")
        try:
            came = time.monotonic()
            container.up()
            stack.wait_for(f"{options.name} in Prometheus", seen, options.deadline)
            scraped = time.monotonic()
            stack.wait_for(f"{ALERT} at the webhook", lambda: webhook.when("firing", ALERT, options.name),
                           options.deadline)
            fired = webhook.when("firing", ALERT, options.name)
        finally:
            went = time.monotonic()
            container.down()
        # A missed scrape may have resolved it before; only what came after counts.
        stack.wait_for(f"{ALERT} resolved at the webhook",
                       lambda: (webhook.when("resolved", ALERT, options.name) or 0) > went, options.deadline)
        resolved = webhook.when("resolved", ALERT, options.name)

    alert = webhook.alerts["firing", ALERT, options.name]
    for text in ("summary", "description", "runbook"):
        if not alert["annotations"].get(text) or "<no value>" in alert["annotations"][text]:
            raise RuntimeError(f"{text} is not whole: {alert}")
    if options.name not in alert["annotations"]["summary"] or alert["labels"]["severity"] != "critical":
        raise RuntimeError(f"not what the rules say: {alert}")
    if alert["labels"].get("namespace") == "monitoring":
        raise RuntimeError(f"the agent's namespace, not the container's: {alert}")
    print(f"appeared: {scraped - came:.1f} s to Prometheus, {fired - came:.1f} s to the webhook; "
          f"gone: {resolved - went:.1f} s to the webhook")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help="command line of an agent to start")
    parser.add_argument("--target", help="host:port where it serves metrics")
    parser.add_argument("--up", help="command that starts the privileged container")
    parser.add_argument("--down", help="command that removes it")
    parser.add_argument("--name", default=f"hullmark-alert-{os.getpid()}", help="name of the container")
    parser.add_argument("--deadline", type=float, default=120, help="seconds for each step (120)")
    options = parser.parse_args()
    given = [options.target, options.up, options.down]
    if any(given) != all(given) or (options.agent and not options.target):
        parser.error("--target, --up and --down go together")
    stack.end_on_signals()
    if missing := stack.missing_programs("prometheus", "prometheus-alertmanager"):
        print(f"alert_test: skipped: no {', '.join(missing)}", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        scene(folder, Real(options) if options.target else Synthetic(folder, options.name), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
