#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS, client certificates and passwords of the real gateway: web_test.py PROGRAM HOST EXAMPLES"""
import base64
import contextlib
import http.client
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
import time
import unittest

import agent_test
from agent_test import PATIENCE, WithAgent, eventually

EXAMPLES = None
HASH = "$2b$08$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa"  # Of "secret".
SECRET = "Basic " + base64.b64encode(b"alice:secret").decode()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE)


class Authority:
    """Makes certificates in a folder: NAME.crt and NAME.key, signed by ca.crt."""

    def __init__(self, folder):
        self.folder = folder
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=test ca", "-keyout", "ca.key", "-out", "ca.crt")

    def run(self, *arguments):
        here = pathlib.Path.cwd()
        os.chdir(self.folder)
        try:
            openssl(*arguments)
        finally:
            os.chdir(here)

    def make(self, name, usage="serverAuth"):
        (self.folder / "ext").write_text(f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={usage}\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                 "-days", "2", "-extfile", "ext", "-out", f"{name}.crt")
        (self.folder / f"{name}.key").chmod(0o600)


class Web(WithAgent):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "web.yaml"
        self.authority = Authority(self.folder)
        self.authority.make("server")
        self.authority.make("client", "clientAuth")

    def start_with(self, text, *options):
        self.config.write_text(text)
        self.config.chmod(0o600)
        agent = self.start("--web.config.file", self.config, "--interval", "300ms", *options)
        return agent, agent.port()

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        if certificate:
            context.load_cert_chain(self.folder / f"{certificate}.crt", self.folder / f"{certificate}.key")
        return context

    def ask(self, port, path, context=None, **headers):
        connection = (http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context) if context
                      else http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
    MUTUAL = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"

    def test_tls(self):
        _, port = self.start_with(self.TLS + "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
        eventually(lambda: self.ask(port, "/readyz", self.context())[0] == 200, "ready")
        status, headers, body = self.ask(port, "/metrics", self.context())
        self.assertEqual((status, headers["X-Frame-Options"]), (200, "deny"))
        self.assertTrue(body.endswith(b"\n"))
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.ask(port, "/metrics")
        old = self.context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertEqual(self.ask(port, "/healthz", old)[0], 200)
        if shutil.which("curl"):
            done = subprocess.run(["curl", "-sS", "--fail", "--cacert", self.folder / "ca.crt",
                                   f"https://127.0.0.1:{port}/healthz"], capture_output=True, check=False)
            self.assertEqual(done.stdout, b"alive\n", done.stderr)

    def test_client_certificates(self):
        _, port = self.start_with(self.MUTUAL, "--api", "authenticated")
        good = self.context("client")
        eventually(lambda: self.ask(port, "/readyz", good)[0] == 200, "ready")
        self.assertEqual(self.ask(port, "/api/v1/containers", good)[0], 200)
        other = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        Authority(other).make("client", "clientAuth")
        stranger = self.context()
        stranger.load_cert_chain(other / "client.crt", other / "client.key")
        for context in (self.context(), stranger):
            with self.assertRaises(OSError):
                self.ask(port, "/metrics", context)

    def test_certificates_that_may_be_given(self):
        _, port = self.start_with(self.MUTUAL.replace("RequireAndVerify", "Verify").replace("Cert\n", "CertIfGiven\n"),
                                  "--api", "authenticated")
        eventually(lambda: self.ask(port, "/readyz", self.context())[0] == 200, "ready")
        self.assertEqual(self.ask(port, "/api/v1/containers", self.context())[0], 403)
        self.assertEqual(self.ask(port, "/api/v1/containers", self.context("client"))[0], 200)

    def test_passwords(self):
        _, port = self.start_with(f"basic_auth_users:\n  alice: {HASH}\n"
                                  "http_server_config:\n  headers:\n    X-Frame-Options: deny\n",
                                  "--api", "authenticated")
        eventually(lambda: self.ask(port, "/readyz", Authorization=SECRET)[0] == 200, "ready")
        self.assertEqual(self.ask(port, "/api/v1/containers", Authorization=SECRET)[0], 200)
        for wrong in (b"alice:wrong", b"alice:", b"bob:secret", b"alice"):
            status, headers, _ = self.ask(port, "/metrics",
                                          Authorization="Basic " + base64.b64encode(wrong).decode())
            self.assertEqual(status, 401, wrong)
            self.assertTrue(headers["WWW-Authenticate"].startswith("Basic "))
            self.assertEqual(headers["X-Frame-Options"], "deny")
        self.assertEqual(self.ask(port, "/healthz")[0], 401)

    def test_wrong_passwords_hold_up_nobody(self):
        _, port = self.start_with(f"basic_auth_users:\n  alice: {HASH}\n")
        eventually(lambda: self.ask(port, "/readyz", Authorization=SECRET)[0] == 200, "ready")
        ending, tried = threading.Event(), []

        def guess():
            while not ending.is_set():
                text = base64.b64encode(f"alice:{len(tried)}".encode()).decode()
                tried.append(self.ask(port, "/metrics", Authorization="Basic " + text)[0])
        guessers = [threading.Thread(target=guess, daemon=True) for _ in range(6)]
        for guesser in guessers:
            guesser.start()
        times = []
        for _ in range(50):
            began = time.monotonic()
            self.assertEqual(self.ask(port, "/metrics", Authorization=SECRET)[0], 200)
            times.append(time.monotonic() - began)
        ending.set()
        for guesser in guessers:
            guesser.join(PATIENCE)
        self.assertLessEqual(set(tried), {401, 503})
        print(f"web: {len(tried)} guesses, good scrapes: median {sorted(times)[25] * 1000:.1f} ms, "
              f"longest {max(times) * 1000:.0f} ms")

    def test_reloads_drop_no_scrape(self):
        agent, port = self.start_with(self.TLS)
        eventually(lambda: self.ask(port, "/readyz", self.context())[0] == 200, "ready")
        ending, counts, failures = threading.Event(), [], []

        def scrape():
            kept = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=self.context())
            while not ending.is_set():
                try:
                    kept.request("GET", "/metrics")
                    answer = kept.getresponse()
                    counts.append((answer.status, answer.read()[-1:]))
                    status, _, body = self.ask(port, "/metrics", self.context())
                    counts.append((status, body[-1:]))
                except (OSError, http.client.HTTPException) as error:
                    failures.append(repr(error))
        scraper = threading.Thread(target=scrape, daemon=True)
        scraper.start()
        before = ssl.get_server_certificate(("127.0.0.1", port))
        for at in range(5):
            self.authority.make("server")
            agent.process.send_signal(signal.SIGHUP)
            eventually(lambda: ssl.get_server_certificate(("127.0.0.1", port)) != before, f"certificate {at}")
            before = ssl.get_server_certificate(("127.0.0.1", port))
        shutil.copy(self.folder / "client.key", self.folder / "server.key")
        agent.process.send_signal(signal.SIGHUP)
        agent.said("not reloaded, all stays as it was: .*key_file is not the key")
        self.assertEqual(ssl.get_server_certificate(("127.0.0.1", port)), before)
        ending.set()
        scraper.join(PATIENCE)
        self.assertEqual(failures, [])
        self.assertEqual(set(counts), {(200, b"\n")}, "whole scrapes, every one")
        print(f"web: 5 new certificates, {len(counts)} scrapes meanwhile, none failed")

    def test_tls_under_slow_handshakes(self):
        _, port = self.start_with(self.TLS)
        eventually(lambda: self.ask(port, "/readyz", self.context())[0] == 200, "ready")
        idle = []
        for at in range(300):
            client = socket.socket()
            client.bind((f"127.0.3.{1 + at % 60}", 0))
            client.connect(("127.0.0.1", port))
            client.sendall(b"\x16\x03\x01")
            idle.append(client)
        self.assertEqual(self.ask(port, "/metrics", self.context())[0], 200)
        for client in idle:
            client.close()

    def refused(self, text, pattern):
        self.config.write_text(text)
        agent = self.start("--web.config.file", self.config)
        self.assertEqual(agent.process.wait(PATIENCE), 2)
        agent.said(pattern)

    def test_what_is_not_trusted_or_wrong_is_refused(self):
        self.refused("tls_config: {}\n", r"web\.yaml:1: ")
        self.refused(self.TLS.replace("server.crt", "none.crt"), r"none\.crt")
        self.refused(self.TLS.replace("server.key", "client.key"), "not the key of the certificate")
        (self.folder / "server.key").chmod(0o640)
        self.refused(self.TLS, r"server\.key: not trusted")
        (self.folder / "server.key").chmod(0o600)
        self.config.chmod(0o640)
        self.refused(f"basic_auth_users:\n  alice: {HASH}\n", r"web\.yaml: not trusted: .*passwords")
        self.config.chmod(0o666)
        self.refused(self.TLS, r"web\.yaml: not trusted")

    def test_promtool_accepts_our_examples(self):
        if shutil.which("promtool") is None:
            self.skipTest("promtool is not installed")
        shutil.copytree(EXAMPLES, self.folder / "examples")
        examples = sorted((self.folder / "examples").glob("*.yaml"))
        self.assertGreaterEqual(len(examples), 3)
        for name in ("server.crt", "server.key", "ca.crt"):
            shutil.copy(self.folder / name, self.folder / "examples" / name)
        for example in examples:
            example.chmod(0o600)
            done = subprocess.run(["promtool", "check", "web-config", example], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.config = example
            agent = self.start("--web.config.file", example)
            agent.port()


if __name__ == "__main__":
    agent_test.PROGRAM, agent_test.HOST, EXAMPLES = (pathlib.Path(argument) for argument in sys.argv[1:4])
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=1)
