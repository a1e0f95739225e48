#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Containers that mean harm, made with plain system calls, and what an audit says with each of them there.

    hostile_test.py PROGRAM         as root; exit 77 where it cannot run

Each must cost bounded time and memory, and must be judged rightly or be `unknown`.
"""
import errno
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from plain_container import MS_BIND, PR_SET_NAME, PlainContainer, libc, mount, must

PROGRAM = None
SOURCE = pathlib.Path(__file__).resolve().parents[2]
MOST_SECONDS = 20  # Of an audit, on a busy machine; an idle one needs a tenth of one.
MOST_BYTES = 64 << 20

class Hostile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hostile-")
        self.addCleanup(shutil.rmtree, self.folder)

    def container(self, act=lambda: None, furnish=lambda: None, name="hostile"):
        """The pid, here, of the first process of a container that acts so; it ends with the test."""
        made = PlainContainer(f"{name}-{os.getpid()}", act, furnish)
        self.addCleanup(made.end)
        return made.pid

    def run_program(self, *arguments):
        """Its standard output; bounded in time and memory."""
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen([PROGRAM, *arguments], stdout=out, stdin=subprocess.DEVNULL)
            timer = threading.Timer(MOST_SECONDS, child.kill)
            timer.start()
            try:
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
            finally:
                timer.cancel()
            self.assertEqual(child.returncode, 0, f"{arguments}: late or failed")
            self.assertLess(usage.ru_maxrss * 1024, MOST_BYTES)
            out.seek(0)
            return out.read()

    def judged(self, pid):
        """The container of that process and its findings by control."""
        report = json.loads(self.run_program("audit", "--format", "json", "--verbose",
                                             "--class", "container,pause,sandbox,service,vm"))
        mine = [each for each in report["containers"] if each["init_pid"] == pid]
        self.assertEqual(len(mine), 1, f"process {pid} is no container's first")
        return mine[0], {each["id"]: each for each in mine[0]["findings"]}

    def snapshot(self):
        return json.loads(self.run_program("snapshot"))

    def test_an_ordinary_one(self):
        """What the others are measured by: nothing of it is unknown for its own sake."""
        pid = self.container()
        mine, findings = self.judged(pid)
        self.assertEqual(mine["class"], "container")
        for control, status in (("FS-002", "pass"), ("FS-004", "pass"), ("USR-001", "fail"), ("SCP-001", "fail")):
            self.assertEqual(findings[control]["status"], status, control)

    def test_ten_thousand_mounts(self):
        """The only bad one is the last of them."""
        def act():
            os.mkdir("/leaf")
            for _ in range(10_000):
                mount("/leaf", "/many", "none", MS_BIND)
            os.mkdir("/sys")
            mount("kernel", "/sys", "sysfs")
        pid = self.container(act)
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as mountinfo:
            self.assertGreater(sum(1 for _ in mountinfo), 10_000)
        _, findings = self.judged(pid)
        self.assertEqual(findings["FS-007"]["status"], "fail")
        self.assertIn("/sys", json.dumps(findings["FS-007"]["evidence"]))

    def test_a_mount_table_larger_than_any(self):
        """Nobody reads eight megabytes of mounts: then nothing is known of them."""
        long = "/" + "/".join(["x" * 250] * 14)
        def act():
            os.makedirs(long)
            for _ in range(3_000):
                mount("/many", long, "none", MS_BIND)
        pid = self.container(act)
        self.assertGreater(len(pathlib.Path(f"/proc/{pid}/mountinfo").read_bytes()), 9 << 20)
        _, findings = self.judged(pid)
        for control in ("FS-001", "FS-002", "FS-003", "FS-004", "FS-005", "FS-008"):
            self.assertEqual(findings[control]["status"], "unknown", control)

    def test_as_many_groups_as_there_can_be(self):
        pid = self.container(lambda: os.setgroups([*range(1, 65_536), 4_000_000_000]))
        snapshot = self.snapshot()
        process = next(each for each in snapshot["processes"] if each["pid"] == pid)
        groups = snapshot["group_lists"][process["leader"]["status"]["groups"]]
        self.assertEqual((len(groups), groups[-1]), (65_536, 4_000_000_000))
        self.judged(pid)

    def test_names_full_of_escapes(self):
        evil = b"\x1b]0;x\x07\r\xff\x9b2J"

        def act():
            libc.prctl(PR_SET_NAME, evil, 0, 0, 0)
            must(libc.sethostname(evil, len(evil)))
            os.mkdir(b"/" + evil)
            mount(b"/many", b"/" + evil, "none", MS_BIND)
            os.mkdir("/sys")
            mount("\x1b[2J", "/sys", "sysfs")
        pid = self.container(act, name="hostile\x1b[2J\rPASS ")
        mine, _ = self.judged(pid)
        self.assertEqual(mine["class"], "container")
        said = self.run_program("audit", "--color", "never", "--verbose")
        said.decode()
        self.assertIn(b"hostile", said)
        self.assertNotRegex(said, rb"[\x00-\x09\x0b-\x1f\x7f]")

    def test_a_root_that_never_answers(self):
        """Its file system's server has stopped: who looks up a path there waits for as long as it likes."""
        if not os.path.exists("/dev/fuse"):
            self.skipTest("needs FUSE")
        lookers = []
        self.addCleanup(lambda: [each.wait() for each in lookers])  # When nobody has the server open.
        server = os.open("/dev/fuse", os.O_RDWR)
        self.addCleanup(os.close, server)

        def act():
            os.mkdir("/hung")
            mount("hung", "/hung", "fuse", 0, f"fd={server},rootmode=40000,user_id=0,group_id=0,allow_other")
            inside = threading.Event()
            serving = threading.Thread(target=serve, args=(server, inside), daemon=True)
            serving.start()
            os.chdir("/hung")
            os.chroot(".")
            inside.set()
        pid = self.container(act)
        self.assertEqual(os.readlink(f"/proc/{pid}/root"), "/hung")
        mine, findings = self.judged(pid)
        self.assertEqual(mine["class"], "container")
        self.assertEqual(findings["USR-001"]["status"], "fail")
        lookers.append(subprocess.Popen(["stat", f"/proc/{pid}/root/x"], stderr=subprocess.DEVNULL))
        with self.assertRaises(subprocess.TimeoutExpired, msg="it does hang"):
            lookers[0].wait(0.5)

    def test_a_process_that_never_rests(self):
        """It becomes another program hundreds of times a second, and is found by each look."""
        def furnish():
            for folder in ("usr", "lib", "lib64", "bin"):
                if os.path.isdir(f"/old/{folder}"):
                    os.makedirs(f"/{folder}", exist_ok=True)
                    mount(f"/old/{folder}", f"/{folder}", "none", MS_BIND)
            pathlib.Path("/again").write_text("#!/bin/sh\nexec /again\n", encoding="ascii")
            os.chmod("/again", 0o755)

        def act():
            if os.fork() == 0:
                os.execv("/again", ["/again"])
        pid = self.container(act, furnish)
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            restless = int(children.read())
        for _ in range(10):
            snapshot = self.snapshot()
            processes = snapshot["processes"]
            at = next(row for row, each in enumerate(processes) if each["pid"] == restless)
            mine = next(each for each in snapshot["containers"] if processes[each["init"]]["pid"] == pid)
            self.assertIn(at, [each["process"] for each in mine["members"]])
            self.assertIn("mnt", processes[at]["leader"]["namespaces"])

    def test_claims_that_are_no_plain_files(self):
        """Nothing of them is believed or waited for, and the container is judged as before."""
        host = pathlib.Path(self.folder) / "host"
        shutil.copytree(SOURCE / "tests/fixtures/hosts/docker_hybrid", host, symlinks=True)
        roots = ("--plain-roots", "--proc-root", f"{host}/proc", "--sys-root", f"{host}/sys", "--cgroup-root", f"{host}/sys/fs/cgroup")
        claim = next(host.glob("proc/1/root/var/lib/docker/containers/*/config.v2.json"))

        def look():
            return json.loads(self.run_program(*roots, "audit", "--format", "json", "--verbose"))["containers"]

        def sparse():
            with open(claim, "wb") as file:
                file.truncate(10 << 30)

        def labels():
            config = json.loads(plain)
            config.setdefault("Config", {})["Labels"] = {f"label-{i}": "x" * 200 for i in range(20_000)}
            claim.write_text(json.dumps(config), encoding="utf-8")
        plain = claim.read_text(encoding="utf-8")
        before = look()
        self.assertTrue(before[0]["name"])
        for make in (lambda: os.mkfifo(claim), lambda: os.mknod(claim, 0o20600, os.makedev(1, 5)), claim.mkdir,
                     lambda: claim.symlink_to("/etc/passwd"), lambda: claim.symlink_to("config.v2.json"), sparse, labels,
                     lambda: claim.write_text("[" * 500_000, encoding="ascii")):
            claim.unlink() if not claim.is_dir() else claim.rmdir()
            make()
            after = look()
            self.assertNotEqual(after[0]["name"], before[0]["name"], claim.lstat())
            self.assertEqual([after[0][each] for each in ("id", "class", "score")],
                             [before[0][each] for each in ("id", "class", "score")])


def serve(server, inside):
    """A FUSE file system that has a root directory, until somebody is in it; see fuse(4)."""
    initialise, get_attributes = 26, 3
    while True:
        request = os.read(server, 1 << 16)
        if inside.is_set():
            return
        operation, unique = struct.unpack_from("=4xIQ", request)
        answer, error = b"", 0
        if operation == initialise:
            answer = struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 1 << 12, 1, 0, 0, 0)
        elif operation == get_attributes:
            answer = struct.pack("=QII6Q3I7I", 1 << 30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
        else:
            error = -errno.ENOSYS
        os.write(server, struct.pack("=IiQ", 16 + len(answer), error, unique) + answer)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("hostile_test: skipped: making containers needs root", file=sys.stderr)
        sys.exit(77)
    PROGRAM = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
