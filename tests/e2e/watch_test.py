#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `hullmark watch` tells of real containers as it happens.

    watch_test.py PROGRAM         as root, with the zoo's container zoo-default up; exit 77 where it cannot run

The interval is an hour: whatever is told, events and the pass over rights have found.
"""
import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from plain_container import PlainContainer

PROGRAM = None
PATIENCE = 20
NAME = "zoo-default"
STRANGE = "/bin/busybox-strange"  # It goes by a name that begins like its own.
LEARN = 8  # A container that is not looked at within that time has no baseline.
OVERRIDES = f"controls: [{{id: RUN-003, params: {{learn_seconds: {LEARN}}}}}]\n"
CONFIG = "scan: {{interval: 1h, full_every: 2h}}\nwatch: {{source: {source}, rescan: 500ms}}\nclasses: [container, sandbox]\n"


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True,
                          timeout=PATIENCE).stdout.strip()


def init_of(container):
    return docker("inspect", "-f", "{{.State.Pid}}", container)


class Watched(unittest.TestCase):
    source = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="watch-"))
        config = cls.folder / "hullmark.yaml"
        overrides = cls.folder / "overrides.yaml"
        overrides.write_text(OVERRIDES, encoding="utf-8")
        config.write_text(f"{CONFIG.format(source=cls.source)}overrides: {overrides}\n", encoding="utf-8")
        for file in (config, overrides):
            file.chmod(0o600)
        cls.child = subprocess.Popen([PROGRAM, "--config", config, "watch", "--format", "json"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cls.lines, cls.words = queue.Queue(), queue.Queue()
        for stream, into in ((cls.child.stdout, cls.lines), (cls.child.stderr, cls.words)):
            threading.Thread(target=lambda stream=stream, into=into: [into.put(line) for line in stream],
                             daemon=True).start()
        said = ""
        while "watching" not in said:
            said = cls.words.get(timeout=PATIENCE)
            if "by scans alone" in said:
                raise unittest.SkipTest(said)
        cls.init = init_of(NAME)
        time.sleep(0.5)  # Until the first picture is the watcher's: it is, once the second pass is over.

    @classmethod
    def tearDownClass(cls):
        if cls.child.poll() is None:
            cls.child.send_signal(signal.SIGINT)
        status = cls.child.wait(PATIENCE)
        shutil.rmtree(cls.folder)
        if status != 0:
            raise AssertionError(f"watch ended with {status}")

    def setUp(self):
        while not self.lines.empty():
            self.lines.get()

    def until(self, enough):
        """The lines that come until enough(lines), which has to be in time."""
        told, end = [], time.monotonic() + PATIENCE
        while not enough(told):
            try:
                left = end - time.monotonic()
                if left <= 0:  # However much else is told.
                    raise queue.Empty
                told.append(json.loads(self.lines.get(timeout=left)))
            except queue.Empty:
                self.fail(f"not told in time; only {len(told)} lines: {told[-3:]}")
        return told

    def enter(self, *command, init=None):
        subprocess.run(["nsenter", "-t", init or self.init, "-m", "-p", "-i", "-n", "-u", "-r", "-w", *command], check=True)

    @contextlib.contextmanager
    def looks(self):
        """Asks for one every half second."""
        enough = threading.Event()

        def ask():
            while not enough.wait(0.5):
                self.child.send_signal(signal.SIGUSR1)
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        try:
            yield
        finally:
            enough.set()
            asking.join()

    @staticmethod
    def execs(told):
        return [line for line in told
                if line["schema"] == "hullmark.live/1" and line["container"]["name"] == NAME]

    @staticmethod
    def of(container, told, schema):
        return [line for line in told if line["schema"] == schema and line["container"]
                and line["container"]["id"] == container]

    def fresh(self, label):
        """A container of its own: what one fails already would be no news."""
        name = f"zoo-{label}-{os.getpid()}"
        made = docker("run", "-d", "--rm", "--network", "none", "--name", name, "localhost/zoo-busybox:1", "sleep",
                      "1000000")
        self.addCleanup(docker, "rm", "-f", name)
        return name, made


class Watching(Watched):
    source = "bpf"

    def test_no_life_is_too_short(self):
        for _ in range(50):
            self.enter("/bin/true")
        told = self.execs(self.until(lambda told: len(self.execs(told)) >= 50))
        self.assertEqual(len(told), 50)
        self.assertEqual({(line["executable"], line["joined"], line["uid"]) for line in told}, {("busybox", True, 0)})

    def test_a_stop_of_two_seconds_loses_none(self):
        self.child.send_signal(signal.SIGSTOP)
        resume = threading.Timer(2, lambda: self.child.send_signal(signal.SIGCONT))
        resume.start()
        subprocess.run(["docker", "exec", NAME, "sh", "-c",
                        "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"], check=True, timeout=PATIENCE)
        resume.join()
        self.until(lambda told: len(self.execs(told)) >= 1001)

    def test_a_violation_that_lived_no_time(self):
        name, made = self.fresh("watched")
        self.until(lambda told: any(line.get("kind") == "violation_appeared" and line["container"]["id"] == made
                                    for line in told))
        self.enter("/bin/true", init=init_of(name))

        def fails(told):
            return {violation["control"] for line in self.of(made, told, "hullmark.live/1")
                    for violation in line["violations"]}
        told = self.until(lambda told: "PRV-004" in fails(told) and any(
            line.get("kind") == "grade_changed" and line["container"]["id"] == made for line in told))
        self.assertLessEqual({"CAP-001", "CAP-002", "SCP-001"}, fails(told))

    def learned(self, label):
        """A container whose time to be learned is over, with a program that it has never run."""
        name, made = self.fresh(label)
        self.until(lambda told: self.of(made, told, "hullmark.event/1"))
        shutil.copy(f"/proc/{init_of(name)}/root/bin/busybox", f"/proc/{init_of(name)}/root{STRANGE}")
        time.sleep(LEARN + 1)
        self.child.send_signal(signal.SIGUSR1)  # The look that ends it.
        return name, made

    def unexpected(self, container, told):
        return [line["evidence"] for line in self.of(container, told, "hullmark.event/1")
                if line["kind"] == "violation_appeared" and line["control"]["id"] == "RUN-003"]

    def facts(self, container, told):
        return [*(violation["fact"] for line in self.of(container, told, "hullmark.live/1")
                  for violation in line["violations"] if violation["control"] == "RUN-003"),
                *self.unexpected(container, told)]

    def test_a_program_that_was_not_learned_and_lived_no_time(self):
        name, made = self.learned("brief")

        def facts(told):  # As it happens, or by the look that ends the learning.
            self.enter(STRANGE, "true", init=init_of(name))
            return self.facts(made, told)
        self.assertRegex(facts(self.until(facts))[0], f"busybox-strange is not among the .* seen within {LEARN} s of ")

    def test_a_program_that_was_not_learned_and_lives_on(self):
        name, made = self.learned("strange")
        docker("exec", "-d", name, STRANGE, "sleep", "1000000")

        with self.looks():  # An event wants two that agree, unless it is told as it happens.
            told = self.until(lambda told: self.facts(made, told))
        self.assertRegex(self.facts(made, told)[0], f"busybox-strange is not among the .* seen within {LEARN} s of ")

    def test_rights_gained_without_an_exec(self):
        order, give = os.pipe()

        def act():
            os.seteuid(65534)
            if os.fork() == 0:
                os.read(order, 1)
                os.seteuid(0)
                time.sleep(PATIENCE)
                os._exit(0)
        container = PlainContainer(f"watched-{os.getpid()}", act)
        self.addCleanup(container.end)
        self.addCleanup(os.close, order)
        self.addCleanup(os.close, give)

        def mine(told, kind):
            return [line for line in told if line["schema"] == "hullmark.event/1" and line["kind"] == kind]
        self.until(lambda told: mine(told, "container_appeared"))
        began = time.monotonic()
        os.write(give, b"x")
        self.until(lambda told: any("CAP_SYS_ADMIN" in line["evidence"] or line["control"]["id"] == "PRV-002"
                                    for line in mine(told, "violation_appeared")))
        self.assertLess(time.monotonic() - began, 5, "a pass each half second, then a look")


class WatchingByConnector(Watched):
    """Where no program may be loaded into the kernel: who lives long enough to be read is judged."""

    source = "proc_connector"

    def test_what_lives_a_moment_is_told(self):
        for _ in range(10):
            self.enter("/bin/sleep", "0.3")

        # Who enters it may be read when it is inside already.
        def slept(told):
            return [line for line in self.execs(told) if line["executable"] != "nsenter"]
        told = slept(self.until(lambda told: len(slept(told)) >= 10))
        self.assertEqual({(line["executable"], line["joined"], line["uid"]) for line in told}, {("busybox", True, 0)})

    def test_what_it_fails_is_told(self):
        name, made = self.fresh("moment")
        init = init_of(name)

        # By the look, if one has met such a process first; it is no news afterwards.
        def fails(told):
            if self.lines.empty():
                self.enter("/bin/sleep", "0.3", init=init)
            return any(violation["control"] == "PRV-004" for line in self.of(made, told, "hullmark.live/1")
                       for violation in line["violations"]) or any(
                line["kind"] == "violation_appeared" and line["control"]["id"] == "PRV-004"
                for line in self.of(made, told, "hullmark.event/1"))
        self.until(fails)


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    if os.geteuid() != 0 or shutil.which("docker") is None:
        print("watch: skipped: it takes root and docker")
        sys.exit(77)
    run = unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=1, exit=False).result
    for _, reason in run.skipped:
        print(f"watch: skipped: {reason.strip()}")
    sys.exit(1 if not run.wasSuccessful() else 77 if run.skipped else 0)
