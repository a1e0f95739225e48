#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line of the real program: exit statuses, outputs, what is refused.

    cli_test.py PROGRAM SNAPSHOT BENCHMARK
"""
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SNAPSHOT, BENCHMARK = None, None, None
ROOT = os.geteuid() == 0


def run(*arguments, **how):
    how = {"capture_output": True, "text": True, "timeout": 60, **how}
    return subprocess.run([PROGRAM, *map(str, arguments)], **how)


def audit(*arguments, snapshot=None, **how):
    return run("audit", "--snapshot", snapshot or SNAPSHOT, *arguments, **how)


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def refuses(self, result, *parts):
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        for part in parts:
            self.assertIn(str(part), result.stderr)


class Output(InAFolder):
    def test_a_new_file_is_made_and_an_old_one_replaced(self):
        target = self.folder / "report"
        for _ in range(2):
            result = audit("--output", target)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
            self.assertIn("2 containers", target.read_text())
            target.write_text("old")
        self.assertEqual([target], list(self.folder.iterdir()), "a draft is left behind")

    def test_standard_output_has_three_names(self):
        plain = audit()
        self.assertEqual(plain.returncode, 0)
        for name in ("-", "/dev/stdout"):
            with self.subTest(name=name):
                before = os.lstat("/dev/stdout")
                self.assertEqual(audit("--output", name, cwd=self.folder).stdout, plain.stdout)
                self.assertEqual(os.lstat("/dev/stdout").st_ino, before.st_ino)
        self.assertEqual([], list(self.folder.iterdir()))

    def test_a_pipe_is_written_to(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
        self.assertEqual(audit("--output", pipe).returncode, 0)
        self.assertEqual(reader.communicate(timeout=60)[0], audit().stdout)
        self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))

    @unittest.skipUnless(ROOT, "making a device needs root")
    def test_a_device_is_written_to(self):
        for name, minor, status in (("null", 3, 0), ("full", 7, 2)):
            device = self.folder / name
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, minor))
            try:
                result = audit("--output", device)
            except OSError as error:
                self.skipTest(f"devices do not work in {self.folder}: {error}")
            if "Permission denied" in result.stderr:
                self.skipTest(f"devices do not work in {self.folder}")
            self.assertEqual(result.returncode, status, result)
            self.assertTrue(stat.S_ISCHR(os.lstat(device).st_mode))

    def test_a_link_is_neither_followed_nor_replaced(self):
        target, link = self.folder / "target", self.folder / "link"
        target.write_text("old")
        for to in (target, self.folder / "nowhere"):
            with self.subTest(to=to.name):
                link.symlink_to(to)
                self.refuses(audit("--output", link), link, "symbolic link")
                self.assertEqual(os.readlink(link), str(to))
                link.unlink()
        self.assertEqual(target.read_text(), "old")
        self.assertEqual([target], list(self.folder.iterdir()))

    def test_a_folder_is_refused(self):
        self.refuses(audit("--output", self.folder), self.folder)
        self.refuses(audit("--output", self.folder / "no" / "report"), "No such file")

    def test_the_snapshot_command_follows_the_same_rules(self):
        link = self.folder / "link"
        link.symlink_to(self.folder / "nowhere")
        result = run("snapshot", "--output", link)
        self.assertIn(result.returncode, (2, 3), result)  # 3: this host cannot be looked at.
        self.assertEqual([link], list(self.folder.iterdir()))


if __name__ == "__main__":
    PROGRAM, SNAPSHOT, BENCHMARK = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
