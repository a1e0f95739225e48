#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resident agent as an operator runs it, on a recorded host.

    agent_test.py PROGRAM HOST BENCHMARK
"""
import contextlib
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

import openapi

PROGRAM, HOST, BENCHMARK = None, None, None
PATIENCE = 60  # Seconds; the machine may be busy.


class Agent:
    """A running agent; its messages are read as they come."""

    def __init__(self, *options, listen=("127.0.0.1:0",), proc=None, state="", events="", site=(), before=()):
        options += ("--state-dir", state, "--events-file", events)
        roots = [*site, "--proc-root", proc or HOST / "proc", "--sys-root", HOST / "sys",
                 "--cgroup-root", HOST / "sys/fs/cgroup", "--plain-roots"]
        addresses = [word for address in listen for word in ("--listen", address)]
        self.process = subprocess.Popen([*before, PROGRAM, *map(str, roots), "agent", *addresses, *map(str, options)],
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
            self.came.wait_for(lambda: len(found()) >= times or self.lines[-1:] == ["end"], PATIENCE)
            if len(found()) < times:
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


def first_events(port):
    """Status, headers and the first events of a stream; it does not end by itself."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/v1/events", headers={"Last-Event-ID": "0"})
        answer = connection.getresponse()
        body = b""
        while body.count(b"\n\n") < 3:
            body += answer.read1()
        return answer.status, answer.headers, body
    finally:
        connection.close()


def stream(port, after, count):
    """`count` events of a stream that is resumed after an id."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/api/v1/events", headers={"Last-Event-ID": str(after)})
        lines, events = connection.getresponse(), []
        while len(events) < count:
            line = lines.readline().decode()
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
        return events
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


def metric(port, name, label=""):
    """The sample of this name with this label="value"; None where there is none."""
    for line in ask(port, "/metrics")[2].decode().splitlines():
        if line.startswith(name) and line[len(name)] in " {" and label in line:
            return line
    return None


def scans(port):
    return int(metric(port, "hullmark_scans_total", 'result="ok"').split()[-1])


# Runs a command with an open file and a variable that are its own business.
WITH_BELONGINGS = """
import os, sys
os.dup2(os.open("/dev/zero", os.O_RDONLY), 9)
os.environ["SECRET"] = "x"
os.execv(sys.argv[1], sys.argv[1:])
"""


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

    def test_every_answer_is_as_the_api_describes_it(self):
        port = self.ready(self.start("--interval", "300ms"))
        status, headers, body = ask(port, "/api/v1/openapi.json")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        api = openapi.Api(json.loads(body))
        self.assertEqual(api.problems(), [])
        ids = [container["id"] for container in json.loads(ask(port, "/api/v1/containers")[2])["containers"]]
        for path in api.paths():
            for place in ([path.replace("{id}", one) for one in ids] if "{id}" in path else [path]):
                if path == "/api/v1/events":
                    status, headers, body = first_events(port)
                else:
                    status, headers, body = ask(port, place)
                self.assertEqual(status, 200, place)
                api.check(path, status, headers["Content-Type"], body)
        for method, place, path in (("GET", "/api/v1/containers/none", "/api/v1/containers/{id}"),
                                    ("GET", "/api/v1/report?format=x", "/api/v1/report"), ("PUT", "/metrics", "/metrics")):
            status, headers, body = ask(port, place, method)
            self.assertGreaterEqual(status, 400)
            api.check(path, status, headers["Content-Type"], body)

    def test_events_are_streamed_and_resumed(self):
        with tempfile.TemporaryDirectory() as folder:
            agent = self.start("--interval", "300ms", state=f"{folder}/state", events=f"{folder}/log/events.jsonl")
            port = self.ready(agent)
            eventually(lambda: scans(port) >= 3, "the third scan")
            written = [json.loads(line) for line in pathlib.Path(f"{folder}/log/events.jsonl").read_text().splitlines()]
            for after in (0, len(written) - 2):
                self.assertEqual(stream(port, after, len(written) - after), written[after:])

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
        self.assertIn("\nSeccomp:\t2\n", status)
        self.assertNotRegex(status, r"\nUid:\t0\b")
        self.assertNotRegex(status, r"\nGid:\t0\b")

    def test_the_gateway_inherits_nothing(self):
        agent = self.start(before=[sys.executable, "-c", WITH_BELONGINGS])
        self.ready(agent)
        gateway = pathlib.Path(f"/proc/{agent.gateway()}")
        self.assertNotIn(b"SECRET", (gateway / "environ").read_bytes())
        open_files = [os.readlink(link) for link in (gateway / "fd").iterdir() if int(link.name) > 2]
        self.assertNotIn("/dev/zero", open_files)

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
            self.assertIn("\nhullmark_containers{", text)


class Living(WithAgent):
    def test_it_scans_every_interval_and_when_asked(self):
        agent = self.start("--interval", "300ms")
        port = self.ready(agent)
        eventually(lambda: scans(port) >= 3, "the third scan")
        slow = self.start("--interval", "1h")
        port = self.ready(slow)
        self.assertEqual(scans(port), 1)
        slow.process.send_signal(signal.SIGUSR1)
        eventually(lambda: scans(port) == 2, "a scan on SIGUSR1")

    def test_a_killed_gateway_comes_back_with_the_last_picture(self):
        agent = self.start("--interval", "1h", listen=("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
        self.ready(agent)
        before = agent.gateway()
        os.kill(before, signal.SIGKILL)
        agent.said("the gateway killed by signal 9")
        port = int(agent.said(r"listening on 127\.0\.0\.1:(\d+)", 4)[1])
        eventually(lambda: ask(port, "/readyz")[0] == 200, "ready again")
        self.assertNotEqual(agent.gateway(), before)
        self.assertEqual(scans(port), 1, "no scan was needed")

    def test_a_gateway_that_hangs_is_replaced(self):
        agent = self.start("--interval", "500ms")
        self.ready(agent)
        os.kill(agent.gateway(), signal.SIGSTOP)
        agent.said("it no longer answers")
        port = self.ready(agent, 2)
        eventually(lambda: metric(port, "hullmark_gateway_restarts_total").endswith(" 1"), "the count")

    def test_signals_for_the_agent_leave_the_gateway(self):
        agent = self.start("--interval", "1h")
        port = self.ready(agent)
        gateway = agent.gateway()
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGINT, signal.SIGPIPE):
            os.kill(gateway, number)
            self.assertEqual(ask(port, "/healthz")[0], 200, number)
        self.assertEqual(agent.gateway(), gateway)
        self.assertTrue(metric(port, "hullmark_gateway_restarts_total").endswith(" 0"))
        os.kill(gateway, signal.SIGTERM)
        agent.said("the gateway killed by signal 15")

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


class Remembering(WithAgent):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.state, self.events = self.folder / "state", self.folder / "log/events.jsonl"

    def lines(self):
        return [json.loads(line) for line in self.events.read_text().splitlines()]

    def run_agent(self, *options, **how):
        how = {"state": str(self.state), "events": str(self.events), **how}
        return self.start("--interval", "300ms", *options, **how)

    def settled(self, agent):
        """After the scan that announces what the first one saw (events.debounce is 2)."""
        port = self.ready(agent)
        eventually(lambda: scans(port) >= 3, "the third scan")
        return port

    def test_a_restart_announces_nothing_again(self):
        agent = self.run_agent()
        port = self.settled(agent)
        told = self.lines()
        self.assertEqual([event["id"] for event in told], list(range(1, len(told) + 1)))
        kinds = {event["kind"] for event in told}
        self.assertEqual(kinds & {"container_appeared", "violation_appeared"},
                         {"container_appeared", "violation_appeared"})
        agent.said("violation_appeared .*RUN-001 critical")
        self.assertTrue(metric(port, "hullmark_violations_total", 'control="RUN-001"').endswith(" 1"))
        for feature in ("state", "events", "cgroup_watch"):
            self.assertTrue(metric(port, "hullmark_feature_ok", f'"{feature}"').endswith(" 1"), feature)
        self.assertEqual(agent.stop()[0], 0)
        self.assertEqual(oct(self.state.stat().st_mode)[-3:], "700")
        again = self.run_agent()
        port = self.settled(again)
        self.assertEqual(self.lines(), told)
        self.assertTrue(metric(port, "hullmark_violations_total", 'control="RUN-001"').endswith(" 0"))

    def test_a_damaged_state_is_set_aside(self):
        agent = self.run_agent()
        self.settled(agent)
        agent.stop()
        last = self.lines()[-1]["id"]
        (self.state / "state.json").write_text('{"schema": "hullmark.state/2", "known": 7')
        again = self.run_agent()
        again.said(r"state\.json .*damaged-1")
        self.settled(again)
        ids = [event["id"] for event in self.lines()]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        self.assertGreater(ids[-1], last, "announced anew, above the last id")

    def test_what_cannot_be_written_costs_itself_alone(self):
        occupied = self.folder / "occupied"
        occupied.write_text("")
        agent = self.run_agent(state=str(occupied))
        agent.said(f"nothing is kept over a restart: .*{occupied}")
        port = self.settled(agent)
        self.assertTrue(metric(port, "hullmark_feature_ok", '"state"').endswith(" 0"))
        agent.said("violation_appeared .*RUN-001 critical")
        eventually(self.lines, "events without a state")
        occupied.unlink()
        eventually(lambda: metric(port, "hullmark_feature_ok", '"state"').endswith(" 1"), "the directory is made")
        self.assertTrue(metric(port, "hullmark_feature_ok", '"events"').endswith(" 1"))
        self.assertIn("hullmark.state/2", (occupied / "state.json").read_text())

    def test_two_agents_do_not_share_a_state(self):
        self.settled(self.run_agent())
        other = self.run_agent()
        other.said("another hullmark agent is using it")
        before = len(self.lines())
        self.settled(other)
        self.assertEqual(len(self.lines()), before)


# Runs a command in a user namespace of the same users whose inotify instances are used up.
WITHOUT_INOTIFY = """
import ctypes, os, sys
asked, ask = os.pipe()
if (child := os.fork()) == 0:
    os.close(ask)
    os.read(asked, 1)
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{os.getppid()}/{name}", "w") as file:
            file.write("0 0 65536")
    os._exit(0)
if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:  # CLONE_NEWUSER
    sys.exit("unshare: " + os.strerror(ctypes.get_errno()))
os.write(ask, b"!")
os.waitpid(child, 0)
with open("/proc/sys/user/max_inotify_instances", "w") as file:
    file.write("0")
os.execv(sys.argv[1], sys.argv[1:])
"""


class Failing(WithAgent):
    """Faults of the host and of clients: each costs what it must, and is visible."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def copied_proc(self):
        proc = self.folder / "proc"
        shutil.copytree(HOST / "proc", proc, symlinks=True)
        return proc

    def test_a_full_disk_loses_no_event(self):
        if os.geteuid() != 0:
            self.skipTest("mounting a small file system takes root")
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", small], check=False)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        ballast = small / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        agent = self.start("--interval", "300ms", state=str(small / "state"), events=str(small / "events.jsonl"))
        port = self.ready(agent)
        agent.said("No space left on device")
        eventually(lambda: scans(port) >= 3, "scans go on")
        eventually(lambda: metric(port, "hullmark_feature_ok", '"events"').endswith(" 0"), "the metric")
        ballast.unlink()
        eventually(lambda: metric(port, "hullmark_feature_ok", '"events"').endswith(" 1"), "events are written again")
        lines = [json.loads(line) for line in (small / "events.jsonl").read_text().splitlines()]
        self.assertEqual([line["id"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertIn("violation_appeared", {line["kind"] for line in lines})

    def test_what_cannot_be_read_is_not_gone(self):
        proc, events = self.copied_proc(), self.folder / "events.jsonl"
        agent = self.start("--interval", "300ms", proc=proc, state=str(self.folder / "state"), events=str(events))
        port = self.ready(agent)
        eventually(lambda: scans(port) >= 3, "what the first scan saw is announced")
        before = events.read_text()
        self.assertIn("violation_appeared", before)
        containers = json.loads(ask(port, "/api/v1/containers")[2])["containers"]
        for stat in proc.glob("[0-9]*/stat"):
            if "docker" in (stat.parent / "cgroup").read_text():
                stat.unlink()
                stat.mkdir()  # Reading a directory is an error, for root too.
        partial = 'result="partial"'
        eventually(lambda: int(metric(port, "hullmark_scans_total", partial).split()[-1]) >= 4, "partial scans")
        self.assertLess(len(json.loads(ask(port, "/api/v1/containers")[2])["containers"]), len(containers))
        self.assertEqual(events.read_text(), before)

    def test_a_proc_that_empties_keeps_the_last_picture_and_says_so(self):
        proc = self.copied_proc()
        agent = self.start("--interval", "300ms", proc=proc)
        port = self.ready(agent)
        before = json.loads(ask(port, "/api/v1/report")[2])["containers"]
        away = self.folder / "away"
        away.mkdir()
        for entry in list(proc.iterdir()):
            entry.rename(away / entry.name)
        agent.said("scan: ")
        eventually(lambda: ask(port, "/readyz")[0] == 503, "what is served is stale")
        self.assertEqual(json.loads(ask(port, "/api/v1/report")[2])["containers"], before)
        self.assertEqual(ask(port, "/healthz")[0], 200)
        for entry in list(away.iterdir()):
            entry.rename(proc / entry.name)
        eventually(lambda: ask(port, "/readyz")[0] == 200, "fresh again")
        self.assertFalse(metric(port, "hullmark_scans_total", '"failed"').endswith(" 0"))

    def test_a_clock_that_jumps_changes_the_date_and_nothing_else(self):
        if "SHIFTED_CLOCK" not in os.environ:
            self.skipTest("SHIFTED_CLOCK does not name the library built from shifted_clock.cc")
        shift, events = self.folder / "shift", self.folder / "events.jsonl"
        shift.write_text("0")
        faked = ["env", f"LD_PRELOAD={os.environ['SHIFTED_CLOCK']}", f"CLOCK_SHIFT={shift}"]
        agent = self.start("--interval", "300ms", before=faked, state=str(self.folder / "state"), events=str(events))
        port = self.ready(agent)
        eventually(lambda: scans(port) >= 3, "what the first scan saw is announced")
        announced = events.read_text()
        self.assertIn("violation_appeared", announced)
        year = 365 * 86_400
        for jump in (year, -year):
            (self.folder / "new").write_text(str(jump))
            (self.folder / "new").rename(shift)

            def date_follows(jump=jump):
                seen = float(metric(port, "hullmark_last_scan_timestamp_seconds").split()[-1])
                return abs(seen - time.time() - jump) < PATIENCE
            eventually(date_follows, "the date of a scan after the jump")
            before = scans(port)
            eventually(lambda before=before: scans(port) >= before + 3, "it scans every interval")
            self.assertEqual(ask(port, "/readyz")[0], 200)
        self.assertEqual(events.read_text(), announced)
        status, took = agent.stop()
        self.assertEqual(status, 0)
        self.assertLess(took, 2)

    def test_a_log_that_nobody_reads_any_more(self):
        reader, writer = os.pipe()
        port = free_port()
        agent = subprocess.Popen([PROGRAM, "--proc-root", HOST / "proc", "--sys-root", HOST / "sys", "--cgroup-root",
                                  HOST / "sys/fs/cgroup", "--plain-roots", "--log-level", "debug", "agent",
                                  "--interval", "300ms", "--listen", f"127.0.0.1:{port}", "--state-dir", "",
                                  "--events-file", ""], stderr=writer)
        os.close(writer)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.kill)
        eventually(lambda: ask(port, "/readyz")[0] == 200, "ready")
        os.close(reader)
        before = scans(port)
        eventually(lambda: scans(port) >= before + 3, "it scans")
        self.assertIsNone(agent.poll())

    def test_without_inotify_the_interval_is_left(self):
        if os.geteuid() != 0:
            self.skipTest("a user namespace with all users takes root")
        if subprocess.run(["unshare", "--user", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("no user namespace can be made here, as in a chroot")
        agent = self.start("--interval", "300ms", before=[sys.executable, "-c", WITHOUT_INOTIFY])
        agent.said("containers are found at the next interval")
        port = self.ready(agent)
        self.assertTrue(metric(port, "hullmark_feature_ok", '"cgroup_watch"').endswith(" 0"))
        eventually(lambda: scans(port) >= 2, "it scans")

    def test_a_hundred_clients_at_once_get_the_same_whole_body(self):
        port = self.ready(self.start("--interval", "1h"))
        bodies, lock = [], threading.Lock()

        def scrape(source):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(source, 0))
            with contextlib.closing(connection):
                connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                body = answer.read()
            with lock:
                bodies.append((answer.status, answer.headers["ETag"], gzip.decompress(body)))
        # One address has sixteen seats.
        clients = [threading.Thread(target=scrape, args=(f"127.0.0.{2 + number // 10}",)) for number in range(100)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)
        self.assertEqual((len(bodies), len(set(bodies)), bodies[0][0]), (100, 1, 200))


class Configured(WithAgent):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name) / "hullmark.yaml"
        self.waivers = pathlib.Path(folder.name) / "waivers.yaml"

    def write(self, **more):
        keys = {"scan": "{interval: 300ms}", "waivers": "[%s]" % self.waivers, **more}
        self.config.write_text("".join(f"{key}: {value}\n" for key, value in keys.items()))

    def waive(self, control):
        self.waivers.write_text(f"""
waivers:
  - control: {control}
    select: {{name: "*"}}
    reason: the test wants it
    owner: tests
    expires: 2099-01-01
    allow_critical: true
""")

    def test_a_reload_is_all_or_nothing(self):
        self.waive("RUN-001")
        self.write()
        agent = self.start(site=("--config", self.config))
        port = self.ready(agent)
        self.assertTrue(metric(port, "hullmark_waivers", '"active"').endswith(" 1"))
        self.assertIsNone(metric(port, "hullmark_violation", 'control="RUN-001"'))
        self.waive("CAP-008")
        self.write(classes="[container, ghost]")
        agent.process.send_signal(signal.SIGHUP)
        agent.said(r"not reloaded, all stays as it was: .*hullmark\.yaml:3.*ghost")
        eventually(lambda: metric(port, "hullmark_config_last_reload_successful").endswith(" 0"), "the metric")
        self.assertIsNone(metric(port, "hullmark_violation", 'control="RUN-001"'), "the old waiver holds")
        self.write(log="{level: debug}")
        agent.process.send_signal(signal.SIGHUP)
        agent.said("log has changed: that takes a restart")
        eventually(lambda: metric(port, "hullmark_violation", 'control="RUN-001"'), "the new waiver")
        self.assertIsNone(metric(port, "hullmark_violation", 'control="CAP-008"'))
        self.assertTrue(metric(port, "hullmark_config_last_reload_successful").endswith(" 1"))

    def test_a_configuration_that_became_a_directory(self):
        self.waive("RUN-001")
        self.write()
        agent = self.start(site=("--config", self.config))
        port = self.ready(agent)
        self.config.unlink()
        self.config.mkdir()
        agent.process.send_signal(signal.SIGHUP)
        agent.said("not reloaded, all stays as it was: .*not a regular file")
        before = scans(port)
        eventually(lambda: scans(port) > before, "it goes on")

    def test_options_come_before_the_configuration(self):
        self.waive("RUN-001")
        self.write(listen="127.0.0.1:1", scan="{interval: 1h, full_every: 1h}")
        port = self.ready(self.start("--interval", "300ms", site=("--config", self.config)))
        eventually(lambda: scans(port) >= 2, "the option's interval")

    def test_an_unknown_key_is_an_error_with_its_line(self):
        self.config.write_text("scan: {interval: 300ms}\nmetrics:\n  max_serie: 7\n")
        agent = self.start(site=("--config", self.config))
        self.assertEqual(agent.process.wait(PATIENCE), 2)
        agent.said(r"hullmark\.yaml:3.*max_serie")


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
