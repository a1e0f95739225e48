#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shipped programs for hooks: hook_examples_test.py DIRECTORY [real]

With "real", a docker container of the test's own is taken off its networks; else docker and kubectl are played.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from hook_receiver import Receiver

PROGRAMS, REAL = None, False
PATIENCE = 60
IDENTITY = "ab" * 32

# Writes down how it was called, and says what a file beside it holds.
PLAYED = """#!/bin/sh
echo "$(basename "$0") $*" >>"$(dirname "$0")/calls"
case "$*" in *"$(cat "$(dirname "$0")/fails" 2>/dev/null || echo none)"*) exit 1 ;; esac
case "$*" in *--format*) cat "$(dirname "$0")/says" ;; esac
exit 0
"""


def letter(kind="violation_appeared", **container):
    container = {"id": IDENTITY, "name": "web<&\"`", "runtime": "docker", "class": "container", "image": "nginx",
                 "namespace": "", "pod": "", **container}
    return json.dumps({"specversion": "1.0", "id": "h-1f-7", "data": {
        "id": 7, "schema": "hullmark.event/1", "at": "2026-11-22T16:00:00.123Z", "kind": kind, "container": container,
        "control": {"id": "CAP-001", "title": "No SYS_ADMIN"}, "severity": "critical",
        "evidence": "CapEff has \"CAP_SYS_ADMIN\"\n$(id) `id`"}})


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("docker", "kubectl"):
            (self.folder / name).write_text(PLAYED)
            (self.folder / name).chmod(0o755)

    def run_program(self, name, text, *arguments, path=None):
        environment = {"PATH": f"{path or self.folder}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
                       "HULLMARK_KEY": "h-1f-7", "HOME": "/"}
        return subprocess.run([PROGRAMS / name, *map(str, arguments)], input=text, capture_output=True, text=True,
                              env=environment, timeout=PATIENCE, check=False)

    def calls(self):
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def receiver(self, status=200):
        receiver = Receiver()
        receiver.answer = lambda *_: status
        self.addCleanup(receiver.close)
        return receiver

    def test_a_quarantine_takes_all_networks(self):
        (self.folder / "says").write_text("bridge\nshop_default\n\n")
        done = self.run_program("quarantine-docker.sh", letter())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.calls()[2:], [f"docker network disconnect --force bridge {IDENTITY}",
                                            f"docker network disconnect --force shop_default {IDENTITY}"])

    def test_a_quarantine_that_cannot_be(self):
        (self.folder / "says").write_text("host\n")
        self.assertEqual(self.run_program("quarantine-docker.sh", letter()).returncode, 65)
        self.assertNotIn("disconnect", " ".join(self.calls()))
        (self.folder / "says").write_text("bridge\n")
        (self.folder / "fails").write_text("disconnect")
        self.assertEqual(self.run_program("quarantine-docker.sh", letter()).returncode, 1, "it is tried again")

    def test_who_is_not_meant(self):
        for text in (letter("violation_resolved"), letter(runtime="podman")):
            self.assertEqual(self.run_program("quarantine-docker.sh", text).returncode, 0)
        for text in ("", "garbage", "{}", letter(id="--help"), letter(id="../x"), letter(id="")):
            self.assertEqual(self.run_program("quarantine-docker.sh", text).returncode, 65, text)
        self.assertEqual(self.run_program("cordon-node.sh", letter(), "/k").returncode, 0, "no pod")
        self.assertEqual(self.calls(), [])

    def test_a_cordon(self):
        done = self.run_program("cordon-node.sh", letter(pod="web-0"), "/etc/k", "node-1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.calls(), ["kubectl --kubeconfig /etc/k cordon node-1",
                                        "kubectl --kubeconfig /etc/k annotate --overwrite node node-1 "
                                        "hullmark/cordoned-for=CAP-001 hullmark/cordoned-at=2026-11-22T16:00:00.123Z"])

    def test_a_ticket(self):
        receiver = self.receiver(201)
        token = self.folder / "token"
        token.write_text("T0KEN\n")
        done = self.run_program("open-ticket.sh", letter(), f"http://127.0.0.1:{receiver.port}/issues", token)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        [heard] = receiver.heard
        self.assertEqual((heard.path, heard.headers["Authorization"]), ("/issues", "token T0KEN"))
        issue = json.loads(heard.body)
        self.assertEqual(issue["title"], 'CAP-001 on web<&"`: No SYS_ADMIN')
        self.assertIn("key: h-1f-7", issue["body"])
        self.assertIn("$(id) `id`", issue["body"], "as it is")
        receiver.answer = lambda *_: 500
        self.assertNotEqual(self.run_program("open-ticket.sh", letter(), f"http://127.0.0.1:{receiver.port}/issues",
                                             token).returncode, 0)

    def test_a_channel(self):
        receiver = self.receiver()
        url = self.folder / "url"
        url.write_text(f"http://127.0.0.1:{receiver.port}/T0KEN\n")
        done = self.run_program("slack.sh", letter(), url)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        [heard] = receiver.heard
        self.assertEqual(heard.path, "/T0KEN")
        self.assertEqual(json.loads(heard.body)["text"],
                         'violation appeared: *CAP-001* critical on web&lt;&amp;"\nCapEff has "CAP_SYS_ADMIN"\n$(id) id')

    def test_a_real_container_is_taken_off_its_networks(self):
        if not REAL:
            self.skipTest("without containers")
        docker = shutil.which("docker")

        def run(*arguments):
            return subprocess.run([docker, *arguments], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout.strip()
        network = f"hullmark-test-{os.getpid()}"
        run("network", "create", network)
        self.addCleanup(run, "network", "rm", network)
        identity = run("run", "-d", "--network", network, os.environ.get("HULLMARK_TEST_IMAGE", "busybox"), "sleep", "600")
        self.addCleanup(run, "rm", "-f", identity)
        run("network", "connect", "bridge", identity)

        def networks():
            return sorted(json.loads(run("inspect", "--format", "{{json .NetworkSettings.Networks}}", identity)))
        self.assertEqual(networks(), ["bridge", network])
        done = self.run_program("quarantine-docker.sh", letter(id=identity), path="/nowhere")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(networks(), [])
        self.assertEqual(run("inspect", "--format", "{{.State.Running}}", identity), "true", "it goes on")
        self.assertEqual(self.run_program("quarantine-docker.sh", letter(id=identity), path="/nowhere").returncode, 0, "again")


if __name__ == "__main__":
    PROGRAMS, REAL = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:3] == ["real"]
    unittest.main(argv=sys.argv[:1] + sys.argv[2 + REAL:], verbosity=1)
