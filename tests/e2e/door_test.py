#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The front door of the real gateway under clients that mean harm.

    door_test.py PROGRAM HOST [--minutes N]

While each of them does its worst from 127.0.0.1, a good client scrapes from 127.0.0.2; not one of
its scrapes may fail, but for those on a kept connection that was just closed, which are asked again
on a new one, and none may take longer than a scrape may. Prints what it took.
"""
import contextlib
import http.client
import os
import pathlib
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

import agent_test
from agent_test import PATIENCE, WithAgent

SECONDS = 3  # Of each attack.
ATTACKS = 11
GOOD, BAD = "127.0.0.2", "127.0.0.1"
ENOUGH = 4  # Scrapes under each, however slow the machine: the attack lasts until then.
LONGEST = 10.0  # Seconds that a good scrape may take: then Prometheus gives up. The machine may be busy.
GET = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"


class GoodClient(threading.Thread):
    """Scrapes every 20 ms: on a connection that is kept, and on a new one, in turns."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.times, self.failures, self.ending = port, [], [], threading.Event()
        self.again = 0  # Kept connections that were closed before their answer.
        self.kept = self.connection()

    def connection(self):
        return http.client.HTTPConnection(BAD, self.port, timeout=10, source_address=(GOOD, 0))

    def scrape(self, connection):
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or not body.endswith(b"\n"):
            raise AssertionError(f"{answer.status}, {len(body)} bytes")

    def run(self):
        while not self.ending.wait(0.02):
            began = time.monotonic()
            try:
                self.scrape(self.kept)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # It may be closed between requests; every client asks again, once.
                self.again += 1
                self.kept.close()
                self.scrape_anew()
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(repr(error))
                self.kept.close()
            self.times.append(time.monotonic() - began)
            began = time.monotonic()
            self.scrape_anew()
            self.times.append(time.monotonic() - began)

    def scrape_anew(self):
        with contextlib.closing(self.connection()) as fresh:
            try:
                self.scrape(fresh)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(repr(error))

    def has_scraped(self, times):
        """Or has failed, which the test says."""
        return len(self.times) >= times or self.failures

    def end(self):
        self.ending.set()
        self.join(PATIENCE)
        self.kept.close()
        return sorted(self.times)


def connect(port, source=BAD):
    client = socket.socket()
    client.settimeout(PATIENCE)
    client.bind((source, 0))
    client.connect((BAD, port))
    return client


def answer_to(port, request, source=BAD):
    """Everything that comes back until the end of the connection."""
    answer = b""
    with connect(port, source) as client, contextlib.suppress(ConnectionError):
        client.sendall(request)
        while piece := client.recv(65536):
            answer += piece
    return answer


def keep(clients, most=2_000):
    """Lets go of the oldest: a long attack would run out of descriptors itself."""
    while len(clients) > most:
        clients.pop(0).close()


class Door(WithAgent):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
        cls.agent = agent_test.Agent("--interval", "1s")
        cls.port = cls.agent.port()
        agent_test.eventually(lambda: agent_test.ask(cls.port, "/readyz")[0] == 200, "ready")
        cls.gateway = cls.agent.gateway()

    @classmethod
    def tearDownClass(cls):
        cls.agent.kill()

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.gateway}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def under(self, what, attack):
        """Runs attack(end) while the good client scrapes."""
        good, before = GoodClient(self.port), self.cpu()
        good.start()
        began = time.monotonic()
        while not good.has_scraped(ENOUGH) or time.monotonic() < began + SECONDS:
            attack(max(began + SECONDS, time.monotonic() + 0.1))
        lasted = time.monotonic() - began
        times = good.end()
        rss = pathlib.Path(f"/proc/{self.gateway}/status").read_text().split("VmHWM:")[1].split()[0]
        print(f"door: {what}: {len(times)} good scrapes in {lasted:.1f} s, {len(good.failures)} failed, "
              f"{good.again} asked again, "
              f"median {times[len(times) // 2] * 1000:.1f} ms, longest {times[-1] * 1000:.0f} ms; "
              f"gateway {self.cpu() - before:.2f} s CPU, at most {rss} kB", flush=True)
        self.assertEqual(good.failures, [])
        self.assertGreaterEqual(len(times), ENOUGH)
        self.assertLessEqual(good.again, 1 + len(times) // 4, "half of what was asked on it was answered at once")
        self.assertLess(times[-1], LONGEST)
        self.assertEqual(self.agent.gateway(), self.gateway, "it is still the same gateway")

    # ---- slow

    def test_heads_that_never_end(self):
        def attack(end):
            clients = []
            while time.monotonic() < end:
                clients.append(connect(self.port))
                with contextlib.suppress(OSError):
                    clients[-1].sendall(b"GET /metrics HTTP/1.1\r\nX: ")
                for client in random.sample(clients, min(20, len(clients))):
                    with contextlib.suppress(OSError):
                        client.sendall(b"x")
                keep(clients)
                time.sleep(0.001)
            for client in clients:
                client.close()
        self.under("heads that never end", attack)

    def test_many_addresses_hold_every_seat(self):
        def attack(end):
            clients = []
            while time.monotonic() < end:
                for last in range(10, 60):
                    clients.append(connect(self.port, f"127.0.1.{last}"))
                    with contextlib.suppress(OSError):
                        clients[-1].sendall(b"GET /")
                keep(clients)
            for client in clients:
                client.close()
        self.under("50 addresses with heads that never end", attack)

    def test_five_thousand_connections(self):
        def attack(end):
            clients = None
            while clients is None or time.monotonic() < end:
                clients = [connect(self.port) for _ in range(5_000)]
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.sendall(GET)
                for client in clients:
                    client.close()
        self.under("5,000 connections", attack)

    def test_readers_that_do_not_read(self):
        """Of ten addresses: who is being answered keeps its seat, so sixteen of them could hold every one."""
        def attack(end):
            clients = []
            while time.monotonic() < end:
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                client.bind((f"127.0.2.{random.randrange(1, 11)}", 0))
                client.connect((BAD, self.port))
                with contextlib.suppress(OSError):
                    client.sendall(GET * 50)
                clients.append(client)
                keep(clients)
                time.sleep(0.005)
            for client in clients:
                client.close()
        self.under("readers that do not read", attack)

    # ---- wrong

    def test_garbage(self):
        def attack(end):
            source = random.Random(1)
            while time.monotonic() < end:
                size = source.choice([1, 10, 100, 4096, 20_000])
                with connect(self.port) as client, contextlib.suppress(OSError):
                    client.sendall(source.randbytes(size) + source.choice([b"", b"\r\n\r\n", b"\n\n"]))
        self.under("garbage", attack)

    def test_a_head_of_a_megabyte(self):
        def attack(end):
            while time.monotonic() < end:
                with connect(self.port) as client, contextlib.suppress(OSError):
                    client.sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n")
        self.under("heads of 1 MB", attack)
        self.assertTrue(answer_to(self.port, b"GET / HTTP/1.1\r\nX: " + b"x" * 8200)
                        .startswith(b"HTTP/1.1 431 "))

    def test_pipelining(self):
        def attack(end):
            while time.monotonic() < end:
                with connect(self.port) as client, contextlib.suppress(OSError):
                    for _ in range(20):
                        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 100)
                        client.recv(1 << 20)
        self.under("pipelining", attack)
        answers = answer_to(self.port, b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 50 +
                            b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        self.assertEqual(answers.count(b"alive\n"), 51, "each is answered, in order")

    def test_http_1_0(self):
        answer = answer_to(self.port, b"GET /healthz HTTP/1.0\r\n\r\n")
        self.assertTrue(answer.endswith(b"alive\n"))
        self.assertIn(b"\r\nConnection: close\r\n", answer)

    def test_a_silent_connection_is_closed_within_its_time(self):
        began = time.monotonic()
        self.assertEqual(answer_to(self.port, b""), b"")
        self.assertLess(time.monotonic() - began, 4)
        self.assertTrue(answer_to(self.port, b"GET /").startswith(b"HTTP/1.1 408 "))

    def test_no_more_than_sixteen_of_one_address(self):
        clients = [connect(self.port, "127.0.0.9") for _ in range(17)]
        clients[0].settimeout(PATIENCE)
        self.assertEqual(clients[0].recv(1), b"", "the oldest makes room")
        clients[16].sendall(GET)
        self.assertTrue(clients[16].recv(100).startswith(b"HTTP/1.1 200"))
        for client in clients:
            client.close()

    # ---- tools of others

    def need(self, tool):
        if shutil.which(tool) is None:
            self.skipTest(f"{tool} is not installed")

    def run_tool(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + SECONDS, check=False)

    def test_slowhttptest(self):
        self.need("slowhttptest")
        url = f"http://{BAD}:{self.port}/metrics"
        for mode, name in (("-H", "slow headers"), ("-B", "slow bodies"), ("-X", "slow reading")):
            done = []

            def attack(end, mode=mode, done=done):
                # It gives up when none of its connections is left.
                while not done or time.monotonic() < end:
                    left = max(1, int(end - time.monotonic()))
                    done.append(self.run_tool("slowhttptest", mode, "-c", "1000", "-r", "500", "-i", "1", "-l", str(left),
                                              "-u", url, "-p", "1"))
            self.under(f"slowhttptest, {name}", attack)
            for run in done:
                # Its own status is 0 whatever happened.
                said = re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)
                self.assertRegex(said, "Exit status: (Hit test time limit|No open connections left)")

    def test_wrk(self):
        self.need("wrk")
        url, done = f"http://{BAD}:{self.port}/metrics", []
        self.under("wrk, 400 connections", lambda _end: done.append(
            self.run_tool("wrk", "-t2", "-c400", f"-d{int(SECONDS)}s", url)))
        self.assertEqual(done[0].returncode, 0, done[0].stderr)
        print("door: wrk:", " ".join(line.strip() for line in done[0].stdout.splitlines() if "/sec" in line))
        self.assertRegex(done[0].stdout, r"[1-9]\d* requests in ")

    def test_curl(self):
        self.need("curl")
        url = f"http://{BAD}:{self.port}"
        many = [word for _ in range(50) for word in ("-o", "/dev/null", f"{url}/metrics")]
        done = self.run_tool("curl", "-sS", "--fail", "--compressed", "-w", "%{num_connects}", *many)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("0"), 49, "one connection serves them all")
        self.assertEqual(self.run_tool("curl", "-sS", "--http1.0", f"{url}/healthz").stdout, "alive\n")
        self.assertIn("405", self.run_tool("curl", "-sS", "-i", "-d", "x", f"{url}/metrics").stdout)


if __name__ == "__main__":
    agent_test.PROGRAM, agent_test.HOST = (pathlib.Path(argument) for argument in sys.argv[1:3])
    arguments = sys.argv[3:]
    if arguments[:1] == ["--minutes"]:
        SECONDS, arguments = int(arguments[1]) * 60 / ATTACKS, arguments[2:]
    unittest.main(argv=sys.argv[:1] + arguments, verbosity=1)
