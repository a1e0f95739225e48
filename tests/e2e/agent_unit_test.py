#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Inspector and gateway as units of their own, without a systemd: this test holds their socket.

    agent_unit_test.py PROGRAM HOST
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import agent_test
from agent_test import Agent, ask, eventually, free_port, metric
from web_test import HASH, SECRET, Authority

PROGRAM = None

# What systemd does for a unit with a socket: the listening one is number 3.
ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Manager:
    """Hears what services say of themselves."""

    def __init__(self, path):
        self.path, self.said, self.came = path, [], threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        with self.socket:
            while message := self.socket.recv(4096):
                with self.came:
                    self.said.append(message.decode())
                    self.came.notify_all()

    def count(self, message):
        return self.said.count(message)

    def wait_for(self, message, times=1):
        with self.came:
            if not self.came.wait_for(lambda: self.count(message) >= times, agent_test.PATIENCE):
                raise AssertionError(f"not said: {message}; said: {self.said}")

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.path)


def next_event(stream):
    while line := stream.readline().decode():
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ends")


class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.place = str(self.folder / "gateway.sock")
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.listening.close)
        self.listening.bind(self.place)
        self.listening.listen()
        self.address = f"127.0.0.1:{free_port()}"
        self.port = int(self.address.split(":")[1])

    def manager(self, name):
        manager = Manager(str(self.folder / name))
        self.addCleanup(manager.close)
        return manager

    def start_gateway(self, manager=None):
        # LeakSanitizer looks at its process by ptrace(2), which the gateway may not be.
        environment = {"ASAN_OPTIONS": "detect_leaks=0"}
        if manager:
            environment["NOTIFY_SOCKET"] = manager.path
        number = self.listening.fileno()
        process = subprocess.Popen([sys.executable, "-c", ACTIVATED, str(number), PROGRAM, "--log-level", "error", "gateway",
                                    "--activated"], pass_fds=[number], env={**os.environ, **environment})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_inspector(self, *options, address=None, **how):
        agent = Agent("--gateway", self.place, "--interval", "300ms", *options, listen=(address or self.address,), **how)
        self.addCleanup(agent.kill)
        return agent

    def ready(self):
        eventually(lambda: ask(self.port, "/readyz")[0] == 200, "ready")

    def test_they_find_each_other_in_any_order(self):
        inspector = self.start_inspector()
        gateway = self.start_gateway()
        self.assertEqual(int(inspector.said(r"joined the gateway \(pid (\d+)\)")[1]), gateway.pid)
        self.ready()
        inspector.kill()
        self.start_inspector().said("joined the gateway")
        self.ready()

    def test_the_gateway_is_confined_before_it_serves(self):
        gateway = self.start_gateway()
        self.start_inspector()
        self.ready()
        status = pathlib.Path(f"/proc/{gateway.pid}/status").read_text()
        self.assertRegex(status, r"\nCapPrm:\t0{16}\nCapEff:\t0{16}\n")
        self.assertIn("\nNoNewPrivs:\t1\n", status)
        self.assertIn("\nSeccomp:\t2\n", status)

    def test_a_killed_gateway_is_joined_again(self):
        gateway = self.start_gateway()
        inspector = self.start_inspector()
        self.ready()
        gateway.kill()
        gateway.wait()
        inspector.said(r"the gateway is not there \(.*\); joining it again")
        before = inspector.process.pid
        next_one = self.start_gateway()
        inspector.said(rf"joined the gateway \(pid {next_one.pid}\)")
        self.ready()
        self.assertEqual(inspector.process.pid, before)
        eventually(lambda: metric(self.port, "hullmark_gateway_restarts_total").split()[-1] != "0", "the count")

    def test_a_killed_inspector_leaves_its_picture(self):
        gateway = self.start_gateway()
        inspector = self.start_inspector()
        self.ready()
        inspector.kill()
        body = ask(self.port, "/metrics")[2]
        self.assertIn(b"\nhullmark_build_info{", body)
        eventually(lambda: ask(self.port, "/readyz")[0] == 503, "what is served grows old")
        self.start_inspector().said(rf"joined the gateway \(pid {gateway.pid}\)")
        self.ready()
        self.assertIsNone(gateway.poll())

    def test_the_inspector_scans_without_a_gateway(self):
        inspector = self.start_inspector("--textfile", self.folder)
        inspector.said("ready")
        text = self.folder / "hullmark.prom"
        eventually(lambda: 'hullmark_scans_total{result="ok"} 3' in text.read_text(), "the third scan")

    def test_web_settings_come_with_the_inspector(self):
        authority = Authority(self.folder)
        authority.make("server")
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        config = self.folder / "web.yaml"
        tls = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
        config.write_text(f"{tls}basic_auth_users:\n  alice: {HASH}\n")
        config.chmod(0o600)

        def status(**headers):
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=agent_test.PATIENCE, context=context)
            with contextlib.closing(connection):
                connection.request("GET", "/readyz", headers=headers)
                return connection.getresponse().status

        gateway = self.start_gateway()
        inspector = self.start_inspector("--web.config.file", config)
        eventually(lambda: status(Authorization=SECRET) == 200, "ready")
        self.assertEqual(status(), 401)
        inspector.kill()
        self.assertEqual(status(), 401)
        inspector = self.start_inspector("--web.config.file", config)
        inspector.said("joined the gateway")
        self.assertEqual(status(), 401)
        config.write_text(tls)
        inspector.process.send_signal(signal.SIGHUP)
        eventually(lambda: status() == 200, "no password is asked for")
        inspector.kill()
        self.start_inspector().said("joined the gateway")
        self.ready()
        self.assertIsNone(gateway.poll())

    def test_a_stream_of_events_goes_on_with_the_next_inspector(self):
        proc, written = self.folder / "proc", self.folder / "log" / "events.jsonl"
        shutil.copytree(agent_test.HOST / "proc", proc, symlinks=True)
        for cgroup in proc.glob("[0-9]*/cgroup"):
            if "docker" in cgroup.read_text():
                shutil.rmtree(cgroup.parent)
        kept = {"state": str(self.folder / "state"), "events": str(written)}
        gateway = self.start_gateway()
        inspector = self.start_inspector(proc=proc, **kept)
        self.ready()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=agent_test.PATIENCE)) as client:
            client.request("GET", "/api/v1/events", headers={"Last-Event-ID": "0"})
            stream = client.getresponse()
            told = [next_event(stream)]  # What the host alone fails.
            self.assertEqual(inspector.stop()[0], 0)
            self.start_inspector(**kept)
            while told[-1]["kind"] != "container_appeared":
                told.append(next_event(stream))
        # What is streamed is on the disk a moment later.
        eventually(lambda: [json.loads(line) for line in written.read_text().splitlines()][:len(told)] == told, "the same file")
        self.assertIsNone(gateway.poll())

    def test_other_addresses_take_a_new_gateway(self):
        gateway = self.start_gateway()
        inspector = self.start_inspector()
        self.ready()
        inspector.kill()
        other = f"127.0.0.1:{free_port()}"
        inspector = self.start_inspector(address=other)
        self.assertEqual(gateway.wait(agent_test.PATIENCE), 0)
        self.start_gateway()
        self.port = int(other.split(":")[1])
        self.ready()

    def test_an_address_that_is_taken(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            gateway = self.start_gateway()
            inspector = self.start_inspector(address="127.0.0.1:%d" % other.getsockname()[1])
            self.assertEqual(gateway.wait(agent_test.PATIENCE), 2)
            inspector.said("joining it again")
            inspector.said("ready")
            self.assertIsNone(inspector.process.poll())

    def test_a_second_inspector_waits_for_the_first_to_go(self):
        self.start_gateway()
        first = self.start_inspector()
        self.ready()
        second = self.start_inspector()
        second.said("joining it again", 2)
        self.ready()
        first.kill()
        second.said("joined the gateway")
        self.ready()

    def test_what_they_say_to_systemd(self):
        of_gateway, of_inspector = self.manager("g"), self.manager("i")
        gateway = self.start_gateway(of_gateway)
        of_gateway.wait_for("READY=1")
        of_gateway.wait_for("WATCHDOG=1", 2)
        inspector = self.start_inspector(before=["env", f"NOTIFY_SOCKET={of_inspector.path}"])
        of_inspector.wait_for("READY=1")
        self.ready()
        fed = of_gateway.count("WATCHDOG=1")
        of_gateway.wait_for("WATCHDOG=1", fed + 2)
        of_inspector.wait_for("WATCHDOG=1", of_inspector.count("WATCHDOG=1") + 2)
        inspector.process.send_signal(signal.SIGHUP)
        of_inspector.wait_for("RELOADING=1")
        of_inspector.wait_for("READY=1", 2)
        self.assertEqual(inspector.stop()[0], 0)
        of_inspector.wait_for("STOPPING=1")
        self.assertIsNone(gateway.poll())

    def test_a_gateway_that_hangs_is_not_the_inspectors_to_kill(self):
        gateway = self.start_gateway()
        inspector = self.start_inspector()
        self.ready()
        gateway.send_signal(signal.SIGSTOP)
        inspector.said("it no longer answers")
        gateway.send_signal(signal.SIGCONT)
        inspector.said(rf"joined the gateway \(pid {gateway.pid}\)", 2)
        self.ready()

    def test_without_a_socket_of_systemd_there_is_nothing_to_do(self):
        done = subprocess.run([PROGRAM, "gateway", "--activated"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("one socket of a socket unit is needed, there are 0", done.stderr)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv[1])
    agent_test.PROGRAM, agent_test.HOST = PROGRAM, pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=1)
