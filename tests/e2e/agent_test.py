#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resident agent as an operator runs it, on a recorded host.

    agent_test.py PROGRAM HOST BENCHMARK
"""
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM, HOST, BENCHMARK = None, None, None
PATIENCE = 60  # Seconds; the machine may be busy.


class Agent:
    """A running agent; its messages are read as they come."""

    def __init__(self, *options, listen=("127.0.0.1:0",), proc=None):
        roots = ["--proc-root", proc or HOST / "proc", "--sys-root", HOST / "sys",
                 "--cgroup-root", HOST / "sys/fs/cgroup", "--plain-roots"]
        addresses = [word for address in listen for word in ("--listen", address)]
        self.process = subprocess.Popen([PROGRAM, *map(str, roots), "agent", *addresses, *map(str, options)],
                                        stderr=subprocess.PIPE, text=True)
        self.lines, self.came = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            with self.came:
                self.lines.append(line.rstrip())
                self.came.notify_all()
        with self.came:
            self.lines.append("end")
            self.came.notify_all()

    def said(self, pattern, times=1):
        """Waits until a message came so often; returns the last match."""
        def found():
            return [match for line in self.lines if (match := re.search(pattern, line))]
        with self.came:
            if not self.came.wait_for(lambda: len(found()) >= times, PATIENCE):
                raise AssertionError(f"not said: {pattern}\n" + "\n".join(self.lines))
            return found()[-1]

    def port(self, times=1):
        return int(self.said(r"listening on 127\.0\.0\.1:(\d+)", times)[1])

    def gateway(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def stop(self, signal_number=signal.SIGTERM):
        began = time.monotonic()
        self.process.send_signal(signal_number)
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return status, time.monotonic() - began

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stderr.close()


def ask(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def eventually(look, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if result := look():
                return result
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"never: {what}")


def metric(port, name):
    for line in ask(port, "/metrics")[2].decode().splitlines():
        if line.startswith(name) and line[len(name)] in " {":
            return line
    return None


class WithAgent(unittest.TestCase):
    def start(self, *options, **how):
        agent = Agent(*options, **how)
        self.addCleanup(agent.kill)
        return agent

    def ready(self, agent, times=1):
        port = agent.port(times)
        eventually(lambda: ask(port, "/readyz")[0] == 200, "ready")
        return port


class Serving(WithAgent):
    def test_everything_is_served(self):
        port = self.ready(self.start())
        status, headers, body = ask(port, "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn(b"\nhullmark_build_info{", body)
        self.assertTrue(body.endswith(b"\n"))
        status, headers, zipped = ask(port, "/metrics", Accept_Encoding="gzip")
        self.assertEqual((headers["Content-Encoding"], gzip.decompress(zipped)), ("gzip", body))
        report = json.loads(ask(port, "/api/v1/report?format=json")[2])
        self.assertEqual(report["schema"], "hullmark.report/1")
        containers = json.loads(ask(port, "/api/v1/containers")[2])["containers"]
        self.assertEqual([c["id"] for c in containers], [c["id"] for c in report["containers"]])
        self.assertTrue(containers)
        for container in report["containers"]:
            for name in (container["id"], container["id"][:12]):
                self.assertEqual(json.loads(ask(port, "/api/v1/containers/" + name)[2]), container)
        self.assertTrue(json.loads(ask(port, "/api/v1/violations")[2])["violations"])
        self.assertIn(b"</html>", ask(port, "/")[2])
        self.assertEqual(ask(port, "/healthz")[2], b"alive\n")
        self.assertEqual(ask(port, "/api/v1/nothing")[0], 404)
        self.assertEqual(ask(port, "/metrics", "POST")[0], 405)
        self.assertEqual(ask(port, "/metrics", If_None_Match=ask(port, "/metrics")[1]["ETag"])[0], 304)

    def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            agent = self.start(listen=("127.0.0.1:0", f"unix:{folder}/http"))
            self.ready(agent)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(f"{folder}/http")
                client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                self.assertIn(b"200 OK", client.recv(4096))

    def test_the_gateway_has_no_privileges(self):
        agent = self.start()
        self.ready(agent)
        status = pathlib.Path(f"/proc/{agent.gateway()}/status").read_text()
        self.assertRegex(status, r"\nCapPrm:\t0{16}\nCapEff:\t0{16}\n")
        self.assertIn("\nNoNewPrivs:\t1\n", status)
        self.assertNotRegex(status, r"\nUid:\t0\b")
        self.assertNotRegex(status, r"\nGid:\t0\b")

    def test_the_inspector_listens_nowhere(self):
        agent = self.start()
        self.ready(agent)
        sockets = [link.name for link in pathlib.Path(f"/proc/{agent.process.pid}/fd").iterdir()
                   if os.readlink(link).startswith("socket:")]
        self.assertEqual(len(sockets), 1, "the channel to the gateway alone")

    def test_a_textfile(self):
        with tempfile.TemporaryDirectory() as folder:
            self.ready(self.start("--textfile", folder))
            text = (pathlib.Path(folder) / "hullmark.prom").read_text()
            self.assertIn("\nhullmark_containers ", text)


class Living(WithAgent):
    def test_it_scans_every_interval_and_when_asked(self):
        agent = self.start("--interval", "300ms")
        port = self.ready(agent)
        eventually(lambda: 'ok"} 3' in metric(port, "hullmark_scans_total"), "the third scan")
        slow = self.start("--interval", "1h")
        port = self.ready(slow)
        self.assertIn('ok"} 1', metric(port, "hullmark_scans_total"))
        slow.process.send_signal(signal.SIGUSR1)
        eventually(lambda: 'ok"} 2' in metric(port, "hullmark_scans_total"), "a scan on SIGUSR1")

    def test_a_killed_gateway_comes_back_with_the_last_picture(self):
        agent = self.start("--interval", "1h", listen=("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
        self.ready(agent)
        before = agent.gateway()
        os.kill(before, signal.SIGKILL)
        agent.said("the gateway killed by signal 9")
        port = int(agent.said(r"listening on 127\.0\.0\.1:(\d+)", 4)[1])
        eventually(lambda: ask(port, "/readyz")[0] == 200, "ready again")
        self.assertNotEqual(agent.gateway(), before)
        self.assertIn('ok"} 1', metric(port, "hullmark_scans_total"), "no scan was needed")

    def test_a_gateway_that_hangs_is_replaced(self):
        agent = self.start("--interval", "500ms")
        self.ready(agent)
        os.kill(agent.gateway(), signal.SIGSTOP)
        agent.said("it no longer answers")
        port = self.ready(agent, 2)
        eventually(lambda: metric(port, "hullmark_gateway_restarts_total").endswith(" 1"), "the count")

    def test_a_gateway_ends_with_its_agent(self):
        agent = self.start()
        self.ready(agent)
        gateway = agent.gateway()
        agent.kill()
        eventually(lambda: not os.path.exists(f"/proc/{gateway}"), "the gateway is gone")

    def test_a_bad_benchmark_keeps_the_old_one(self):
        with tempfile.TemporaryDirectory() as folder:
            benchmark = pathlib.Path(folder) / "benchmark.yaml"
            shutil.copy(BENCHMARK, benchmark)
            agent = self.start("--interval", "300ms", "--benchmark", benchmark)
            port = self.ready(agent)
            before = metric(port, "hullmark_benchmark_info")
            good = benchmark.read_text()
            benchmark.write_text("no benchmark: at all\n")
            agent.process.send_signal(signal.SIGHUP)
            agent.said("not reloaded, all stays as it was: .*benchmark.yaml")
            eventually(lambda: metric(port, "hullmark_config_last_reload_successful").endswith(" 0"), "the metric")
            self.assertEqual(metric(port, "hullmark_benchmark_info"), before)
            benchmark.write_text(good + "# another\n")
            agent.process.send_signal(signal.SIGHUP)
            eventually(lambda: metric(port, "hullmark_benchmark_info") != before, "the new benchmark")
            self.assertTrue(metric(port, "hullmark_config_last_reload_successful").endswith(" 1"))

    def test_it_stops_within_two_seconds(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            agent = self.start()
            self.ready(agent)
            status, seconds = agent.stop(number)
            self.assertEqual(status, 0, agent.lines)
            self.assertLess(seconds, 2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refusing(WithAgent):
    def ends(self, agent, status):
        self.assertEqual(agent.process.wait(PATIENCE), status, agent.lines)
        agent.reader.join(PATIENCE)
        return "\n".join(agent.lines)

    def test_a_port_that_is_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = "127.0.0.1:%d" % other.getsockname()[1]
            self.assertIn(f"listen {address}: Address already in use",
                          self.ends(self.start(listen=("127.0.0.1:0", address)), 2))

    def test_what_is_no_address(self):
        for address in ("localhost:9723", "9723", "unix:relative", "1.2.3.4:99999"):
            self.assertIn(f"listen {address}", self.ends(self.start(listen=(address,)), 2))

    def test_what_is_no_duration(self):
        for interval in ("15", "0s", "-1s", "1y", "99ms"):
            self.ends(self.start("--interval", interval), 2)

    def test_a_host_that_cannot_be_looked_at(self):
        with tempfile.TemporaryDirectory() as folder:
            self.ends(self.start(proc=folder), 3)


if __name__ == "__main__":
    PROGRAM, HOST, BENCHMARK = (pathlib.Path(argument) for argument in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=1)
